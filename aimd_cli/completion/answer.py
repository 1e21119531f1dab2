"""From a command line to what may come next, and how each shell is told.

`aimd __complete SHELL …` prints a line that says what is offered (`values`, `open` for values that go on, `file`,
`dir`), then a candidate a line, with its sentence behind a tab where the shell shows one.
"""

from __future__ import annotations

import os
import sys

from aimd_cli.completion.tree import Command, Option, read_tree
from aimd_cli.completion.values import DIRECTORIES, FILES, Typed, candidates

Candidate = tuple[str, str]


def main(arguments: list[str]) -> None:
    """Answer a shell; whatever goes wrong, the prompt stays whole.

    Args:
        arguments: The shell, then for bash the line up to the cursor and its word breaks, for others the words up to
            the cursor without the program, the last being the one to complete.
    """
    try:
        text = _answer(arguments)
    except Exception:
        if os.environ.get("AIMD_DEBUG"):
            raise
        return
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))


def _answer(arguments: list[str]) -> str:
    shell, *rest = arguments
    if shell == "bash":
        from aimd_cli.completion.bash_line import answer_bash

        return answer_bash(rest[0], rest[1] if len(rest) > 1 else "")
    mode, found = complete(rest)
    if shell == "zsh":
        lines = [f"{_colons(value)}:{sentence}" if sentence else _colons(value) for value, sentence in found]
    else:
        lines = [f"{value}\t{sentence}" if sentence else value for value, sentence in found]
    return "\n".join([mode, *lines, ""])


def _colons(value: str) -> str:
    return value.replace("\\", "\\\\").replace(":", "\\:")


def complete(words: list[str]) -> tuple[str, list[Candidate]]:
    """Return the mode and the candidates for the last of the words.

    Args:
        words: What is typed after the program's name, without quotes; the last may be empty.
    """
    *before, word = words or [""]
    state = _State(read_tree())
    for typed in before:
        state.take(typed)
    return state.offer(word)


class _State:
    """Where in the tree the words so far have led."""

    def __init__(self, root: Command) -> None:
        self.command = root
        self.pending: Option | None = None
        self.used: set[str] = set()
        self.values: dict[str, str] = {}
        self.arguments: list[str] = []
        self.only_arguments = False

    def take(self, word: str) -> None:
        """Follow one word."""
        if self.pending is not None:
            self._set(self.pending, word)
        elif word == "--" and not self.only_arguments:
            self.only_arguments = True
        elif word.startswith("-") and len(word) > 1 and not self.only_arguments:
            self._take_option(word)
        elif word in self.command.children and not self.arguments:
            self.command, self.used = self.command.children[word], set()
        else:
            self.arguments.append(word)

    def _set(self, option: Option, value: str) -> None:
        self.values[option.names[-1]] = value
        self.pending = None

    def _take_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self.command.option(name)
        if option is None and not word.startswith("--"):  # letters together, the last may take a value
            for number, letter in enumerate(word[1:], 2):
                option = self.command.option(f"-{letter}")
                if option is not None and option.kind != "flag":
                    equals, value = ("=", word[number:]) if word[number:] else ("", "")
                    break
        if option is None:
            return
        self.used.update(option.names)
        if option.kind != "flag":
            if equals:
                self._set(option, value)
            else:
                self.pending = option

    def offer(self, word: str) -> tuple[str, list[Candidate]]:
        """Return what the word to complete may become."""
        if self.pending is not None:
            return self._values(self.pending.kind, word, "")
        if word.startswith("-") and not self.only_arguments:
            return self._options(word)
        if self.command.children and not self.arguments:
            return "values", [
                (name, child.sentence) for name, child in self.command.children.items() if name.startswith(word)
            ]
        places = self.command.arguments
        if not places:
            return self._options(word) if not word else ("values", [])
        taken = len(self.arguments)
        if taken >= len(places) and not places[-1].repeats:
            return "values", []
        return self._values(places[min(taken, len(places) - 1)].kind, word, "")

    def _options(self, word: str) -> tuple[str, list[Candidate]]:
        name, equals, value = word.partition("=")
        if equals:
            option = self.command.option(name)
            return self._values(option.kind, value, f"{name}=") if option else ("values", [])
        found = []
        for option in self.command.options:
            if option.repeats or not self.used.intersection(option.names):
                long = word.startswith("--") or len(option.names) == 1 or len(word) < 2
                shown = option.names[-1] if long else option.names[0]
                if shown.startswith(word):
                    found.append((shown, option.sentence))
        return "values", found

    def _values(self, kind: str, word: str, head: str) -> tuple[str, list[Candidate]]:
        if kind in (FILES, DIRECTORIES):
            return kind, []
        typed = Typed(word, self.values, self.arguments)
        mode = "open" if kind in ("names", "query", "setting-value") else "values"
        if kind == "command":
            return mode, [(name, "") for name in _topics_and_commands(self.arguments) if name.startswith(word)]
        return mode, [(head + value, "") for value in candidates(kind, typed)]


def _topics_and_commands(arguments: list[str]) -> list[str]:
    """Return what `aimd help` takes: its topics, or the commands along the tree."""
    from aimd_cli.topics import TOPICS

    place: Command | None = read_tree()
    for word in arguments:
        place = place.children.get(word) if place else None
    return [*(TOPICS if not arguments else ()), *(place.children if place else ())]
