"""One meaning for a letter: what each short option means in every command, and the few that mean something else."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guides" / "terminal.md"


@pytest.fixture(scope="module")
def given() -> set[tuple[str, str, str]]:
    """Every letter with the option that it stands for and the command."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from command_tree import walk
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    letters = set()
    for node in walk():
        for parameter in node.parameters:
            short = [name for name in parameter.names if re.fullmatch("-[A-Za-z]", name)]
            long = [name for name in parameter.names if name.startswith("--")]
            letters |= {(letter, long[0], " ".join(node.words[1:])) for letter in short}
    return letters


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading of the guide, without their code marks."""
    text = PAGE.read_text(encoding="utf-8").partition(f"# {heading}\n")[2].partition("\n#")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in row] for row in rows[2:]]


def test_every_letter_means_one_option_or_is_one_of_the_exceptions(given: set[tuple[str, str, str]]) -> None:
    meanings = {letter: option for letter, option, *_ in rows_of("Letters of options")}
    exceptions = {
        (letter, option, command.strip())
        for letter, option, commands, _ in rows_of("Letters with another meaning")
        for command in commands.split(",")
    }
    assert {entry for entry in given if meanings.get(entry[0]) != entry[1]} == exceptions
    assert meanings.keys() == {letter for letter, _, _ in given}
