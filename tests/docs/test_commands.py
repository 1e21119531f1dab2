"""Every command and option that the documents name exists, also where it is not run as an example."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.test_links import ROOT, tracked

sys.path.insert(0, str(ROOT / "scripts"))

from command_tree import Node, walk

GENERATED = {ROOT / "docs" / "reference" / name for name in ("cli.md", "topics.md", "exit-codes.md")}
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(aimd [^`]+)`")
EVERYWHERE = {"-h", "--help"}
# These take the name of a shell, which is no command.
BEFORE_A_SHELL = {"--install-completion", "--show-completion"}


@cache
def commands() -> dict[str, Node]:
    """Return every command by its words."""
    return {" ".join(node.words): node for node in walk()}


def named(text: str) -> Iterator[str]:
    """Return the command lines in a page: in blocks, behind `$ ` or not, and between backticks."""
    for block in _FENCE.findall(text):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            for part in re.split(r"\||&&|;", re.sub(r"\s# .*$", "", line)):
                if re.match(r"\s*(\$ )?aimd ", part):
                    yield part.strip().removeprefix("$ ")
    yield from _INLINE.findall(re.sub(r"\s+", " ", _FENCE.sub("", text)))


def fault_of(line: str) -> str | None:
    """Return which word of a command line no command or option has."""
    words = re.sub(r"'[^']*'|\"[^\"]*\"", "VALUE", line).split()
    node = commands()["aimd"]
    for number, word in enumerate(words[1:], 1):
        if word in BEFORE_A_SHELL:
            return None
        if word.startswith("-") and len(word) > 1:
            names = {name for parameter in node.parameters for name in parameter.names} | EVERYWHERE
            if re.fullmatch(r"--?[A-Za-z][\w-]*(=.*)?", word) and word.partition("=")[0] not in names:
                return f"{line!r}: {' '.join(node.words)} has no option {word}"
        elif node.children and re.fullmatch(r"[a-z][a-z-]*", word):
            child = commands().get(f"{' '.join(node.words)} {word}")
            if child is None:
                return f"{line!r}: there is no command {' '.join(words[: number + 1])}"
            node = child
    return None


def test_every_command_that_a_page_names_exists() -> None:
    pages = [page for page in tracked("*.md") if page not in GENERATED]
    lines = [(page, line) for page in pages for line in named(page.read_text(encoding="utf-8"))]
    assert len(lines) > 150
    assert [f"{page.name}: {fault}" for page, line in lines if (fault := fault_of(line))] == []


@pytest.mark.parametrize("line", ["aimd trial list", "aimd trial ls --wear 'a > 1'", "aimd server start --prot 1"])
def test_a_command_that_is_not_there_is_seen(line: str) -> None:
    assert fault_of(line)
    assert [fault_of(found) for found in named(f"a `{line}` b\n```\n$ {line}  # so\n```\n")] == [fault_of(line)] * 2
