"""Tables of documents are whole: a blank line in the middle makes the rest of one plain text."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def broken_tables(text: str) -> list[int]:
    """Return the lines at which rows stand without a head and its rule."""
    broken, is_code, rows = [], False, 0
    for number, line in enumerate(text.splitlines(), 1):
        is_code ^= line.lstrip().startswith("```")
        rows = rows + 1 if line.startswith("|") and not is_code else 0
        if rows == 2 and not set(line) <= set("|-: "):
            broken.append(number)
        if rows == 1 and not text.splitlines()[number : number + 1]:
            broken.append(number)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_table_has_its_head(page: Path) -> None:
    assert not broken_tables(page.read_text(encoding="utf-8"))


def test_a_table_that_a_blank_line_splits_is_seen() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert not broken_tables(table)
    assert broken_tables(table.replace("| 1", "\n| 1") + "| 3 | 4 |\n") == [5]
