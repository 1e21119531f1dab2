"""Help and usage errors in the user's language: Typer's and Click's own texts, and line breaks in Chinese.

Loaded only if that language is not English. `typer_inside` hooks it into Typer.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator

from aimd_cli.text import cells, clean, wrapped
from aimd_cli.typer_inside import Translation, english_wrap_text
from aimd_core.language import ENGLISH, Said, language, translated

# Click's usage errors as templates, because it formats them before we see them.
SENTENCES = (
    "No such command {name}. Did you mean {names}?",
    "No such command {name}.",
    "No such option: {name} (Possible options: {names})",
    "No such option: {name}",
    "Missing argument {name}. {problem}",
    "Missing argument {name}.",
    "Missing option {name}. {problem}",
    "Missing option {name}.",
    "Missing command.",
    "Choose from:\n\t{choices}",
    "Invalid value for {name}: {problem}",
    "Got unexpected extra argument(s) ({words})",
    "Option {name} requires an argument.",
    "Option {name} requires {count} arguments.",
    "Option {name} does not take a value.",
    "{value} is not one of {choices}.",
    "{value} is not in the range {range}.",
    "{value} is not a valid int range.",
    "{value} is not a valid int.",
    "{value} is not a valid float range.",
    "{value} is not a valid float.",
    "{value} is not a valid {kind}.",
)
WORDS = (
    "Usage: ",
    "Options",
    "Arguments",
    "Commands",
    "default: {default}",
    "required",
    "Show this message and exit.",
    "Examples:",
)

_is_installed = False


def install() -> None:
    """Make Typer and Click speak the user's language; call it once. The language is looked up for each text."""
    global _is_installed
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # avoids errors in locales without Chinese
    if not _is_installed:
        _is_installed = True
        Translation(wrap_text, cells, help_text, sentence_of).install()


def paragraphs(help_text: str) -> Iterator[str]:
    """Return the paragraphs of a command's help, each on one line, without the examples."""
    for paragraph in help_text.split("\n\n"):
        if paragraph.strip() and not paragraph.startswith(" "):
            yield " ".join(paragraph.split())


def help_text(english: str) -> str:
    """Return a command's help in the user's language; examples are commands and stay."""
    shown = []
    for paragraph in english.split("\n\n"):
        is_sentence = paragraph.strip() and not paragraph.startswith(" ")
        shown.append(translated(" ".join(paragraph.split())) if is_sentence else paragraph)
    return "\n\n".join(shown)


def sentence_of(text: str) -> str:
    """Return a sentence of Click in translatable form; an unknown one stays."""
    for template in SENTENCES:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(template))
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match:
            facts = match.groupdict()
            return Said(
                template, {name: sentence_of(fact) if name == "problem" else fact for name, fact in facts.items()}
            )
    return clean(text)


def wrap_text(
    text: str,
    width: int = 78,
    initial_indent: str = "",
    subsequent_indent: str = "",
    preserve_paragraphs: bool = False,
) -> str:
    """Wrap text at `width` columns; a line may break between any two Chinese characters."""
    if language() == ENGLISH:
        return english_wrap_text(text, width, initial_indent, subsequent_indent, preserve_paragraphs)
    if not preserve_paragraphs:
        return "\n".join(wrapped(" ".join(text.split()), width, initial_indent, subsequent_indent))
    blocks = []
    for paragraph in text.expandtabs().split("\n\n"):
        indent = " " * (len(paragraph) - len(paragraph.lstrip(" ")))
        words = " ".join(paragraph.split())
        blocks.append("\n".join(wrapped(words, width, initial_indent + indent, subsequent_indent + indent)))
    return "\n\n".join(blocks)
