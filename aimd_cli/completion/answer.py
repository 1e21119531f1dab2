"""From a command line to the candidates, in the form that each shell expects.

`aimd __complete SHELL …` prints a line with the kind of candidates (`values`, `open` for values that continue, `file`,
`dir`), then one candidate per line, with its description after a tab if the shell shows it.
"""

import os
import sys

from aimd_cli.completion.tree import Command, Option, read_tree

Offer = tuple[str, list[str], dict[str, str]]  # the mode, the candidates, and the descriptions of those that have one


def main(arguments: list[str]) -> None:
    """Answer a shell; whatever goes wrong, the prompt stays intact.

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
        from aimd_cli.completion.bash_line import BashLine

        line = BashLine(rest[0])
        mode, offers, _ = complete(line.words[1:])
        return "\n".join([mode, *line.replacements(offers, rest[1] if len(rest) > 1 else ""), ""])
    mode, offers, sentences = complete(rest)
    text = "\n".join(offers)
    if shell == "zsh":  # where a colon would end the candidate
        text = text.replace("\\", "\\\\").replace(":", "\\:")
    if sentences:
        between = ":" if shell == "zsh" else "\t"
        lines = zip(text.split("\n"), offers, strict=True)
        text = "\n".join(f"{line}{between}{sentences[value]}" for line, value in lines)
    return f"{mode}\n{text}\n" if offers else f"{mode}\n"


def complete(words: list[str]) -> Offer:
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
    """The position in the tree after the words so far."""

    def __init__(self, root: Command) -> None:
        self.command = root
        self.pending: Option | None = None
        self.used: set[str] = set()
        self.values: dict[str, str] = {}
        self.arguments: list[str] = []
        self.only_arguments = False

    def take(self, word: str) -> None:
        """Follow a word."""
        if self.pending is not None:
            self._set(self.pending, word)
        elif word == "--" and not self.only_arguments:
            self.only_arguments = True
        elif word.startswith("-") and len(word) > 1 and not self.only_arguments:
            self._take_option(word)
        elif word in self.command.children and not self.arguments:
            self.command, self.used = self.command.child(word), set()
        else:
            self.arguments.append(word)

    def _set(self, option: Option, value: str) -> None:
        self.values[option.names[-1]] = value
        self.pending = None

    def _take_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self.command.option(name)
        if option is None and not word.startswith("--"):  # combined letters, the last of which may take a value
            for number, letter in enumerate(word[1:], 2):
                option = self.command.option(f"-{letter}")
                if option is not None and option.kind != "flag":
                    equals, value = ("=", word[number:]) if word[number:] else ("", "")
                    break
        if option is None:
            return
        self.used.update(option.names)
        if option.kind == "flag":
            self.values[option.names[-1]] = ""
        else:
            if equals:
                self._set(option, value)
            else:
                self.pending = option

    def offer(self, word: str) -> Offer:
        """Return the candidates for the word to complete."""
        if self.pending is not None:
            return self._values(self.pending.kind, word, "")
        if word.startswith("-") and not self.only_arguments:
            return self._options(word)
        if self.command.children and not self.arguments:
            return _with_sentences({n: said for n, said in self.command.children.items() if n.startswith(word)})
        places, taken = self.command.arguments, len(self.arguments)
        if not places and not word and not taken:
            return self._options(word)
        if not places or (taken >= len(places) and not places[-1].repeats):
            return "values", [], {}
        kind = places[min(taken, len(places) - 1)].kind
        takes_views = kind == "dir" and self.command.path.split()[1:] in (["trial", "ls"], ["trial", "top"])
        return self._values("view" if takes_views and word[:1] == "@" else kind, word, "")

    def _options(self, word: str) -> Offer:
        name, equals, value = word.partition("=")
        if equals:
            option = self.command.option(name)
            return self._values(option.kind, value, f"{name}=") if option else ("values", [], {})
        offers = {}
        for option in self.command.options:
            if option.repeats or not self.used.intersection(option.names):
                short = len(word) == 2 and word in option.names
                shown = word if short else option.names[-1]
                if shown.startswith(word):
                    offers[shown] = option.sentence
        return _with_sentences(offers)

    def _values(self, kind: str, word: str, head: str) -> Offer:
        if kind == "file" or (kind == "dir" and ":" not in word):
            return kind, [], {}
        if kind == "command":
            return "values", [name for name in _topics_and_commands(self.arguments) if name.startswith(word)], {}
        from aimd_cli.completion.values import Typed, candidates

        offers = candidates(kind, Typed(word, self.values, self.arguments))
        goes_on = kind in ("names", "query", "condition") or (
            offers and all(offer[-1:] in ("/", ":") for offer in offers)
        )
        return (
            "open" if goes_on else "values",
            [head + name for name in offers] if head else offers,
            {},
        )


def _with_sentences(offers: dict[str, str]) -> Offer:
    return "values", list(offers), offers


def _topics_and_commands(arguments: list[str]) -> list[str]:
    """Return the arguments of `aimd help`: its topics, or the commands along the tree."""
    from aimd_cli.topics import TOPICS

    command: Command | None = read_tree()
    for word in arguments:
        command = command.child(word) if command and word in command.children else None
    return [*(TOPICS if not arguments else ()), *(command.children if command else ())]
