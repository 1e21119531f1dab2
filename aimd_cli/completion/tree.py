"""The command tree for completion, with descriptions in the user's language.

It is read from `commands.tsv` or `commands.zh.tsv`, which `make fix` generates from the application.

A line is a command (`command`, path, sentence), or, below it, an option (`option`, names, kind, sentence) or an
argument (`argument`, name, kind, sentence). A kind says what the value is, see `values`; `flag` takes none, and `*`
after a kind means repeatable. Only the commands on the line are parsed.
"""

import os

from aimd_core.language import ENGLISH, language


class Option:
    """An option or argument of a command. `kind` is `flag` if it takes no value."""

    __slots__ = ("kind", "names", "repeats", "sentence")

    def __init__(self, names: str, kind: str, sentence: str) -> None:
        self.names = names.split(",")
        self.kind = kind.rstrip("*")
        self.repeats = kind.endswith("*")
        self.sentence = sentence


class Command:
    """A command or a group of commands.

    Attributes:
        options: Its options.
        arguments: Its arguments, in their order.
        children: The description of each of its commands, by name.
        path: Its whole name, such as `aimd trial ls`.
    """

    __slots__ = ("_text", "arguments", "children", "options", "path")

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self.path = path
        start = text.index(f"\ncommand\t{path}\t") + 1
        end = text.find("\ncommand\t", start)
        rows = [line.split("\t") for line in text[start : end if end > 0 else len(text) - 1].split("\n")[1:]]
        self.options = [Option(*row[1:]) for row in rows if row[0] == "option"]
        self.arguments = [Option(*row[1:]) for row in rows if row[0] == "argument"]
        below = f"\ncommand\t{path} "
        pieces = text.split(below)[1:]
        heads = [piece.partition("\n")[0].partition("\t") for piece in pieces]
        self.children = {name: sentence for name, _, sentence in heads if " " not in name}

    def child(self, name: str) -> "Command":
        """Return one of its commands."""
        return Command(self._text, f"{self.path} {name}")

    def option(self, name: str) -> Option | None:
        """Return the option of that name, if there is one."""
        return next((option for option in self.options if name in option.names), None)


def read_tree() -> Command:
    """Return the root of the tree."""
    name = "commands.tsv" if language() == ENGLISH else f"commands.{language()}.tsv"
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return Command("\n" + file.read(), "aimd")
