"""The command tree as a TAB needs it: read from `commands.tsv`, which is made from the application by `make fix`.

A line is a command (`command`, path, sentence), or, below it, an option (`option`, names, kind, sentence) or an
argument (`argument`, name, kind, sentence). A kind says what the value is, see `values`; `flag` takes none, and `*`
behind a kind says that it may be repeated.
"""

from __future__ import annotations

import os


class Option:
    """An option of a command. `kind` is `flag` when it takes no value."""

    __slots__ = ("kind", "names", "repeats", "sentence")

    def __init__(self, names: str, kind: str, sentence: str) -> None:
        self.names = names.split(",")
        self.kind = kind.rstrip("*")
        self.repeats = kind.endswith("*")
        self.sentence = sentence


class Command:
    """A command or a group of commands."""

    __slots__ = ("arguments", "children", "options", "sentence")

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        self.options: list[Option] = []
        self.arguments: list[Option] = []
        self.children: dict[str, Command] = {}

    def option(self, name: str) -> Option | None:
        """Return the option of that name, if there is one."""
        return next((option for option in self.options if name in option.names), None)


def read_tree() -> Command:
    """Return the whole tree."""
    with open(os.path.join(os.path.dirname(__file__), "commands.tsv"), encoding="utf-8") as file:
        return parse_tree(file.read())


def parse_tree(text: str) -> Command:
    """Return the tree that a text in the form above describes."""
    root = current = Command("")
    for line in text.splitlines():
        role, name, *rest = line.split("\t")
        if role == "command":
            *parents, last = name.split(" ")
            current = root if not parents else Command(rest[0])
            place = root
            for word in parents[1:]:
                place = place.children[word]
            if parents:
                place.children[last] = current
        elif role == "option":
            current.options.append(Option(name, *rest))
        else:
            current.arguments.append(Option(name, *rest))
    return root
