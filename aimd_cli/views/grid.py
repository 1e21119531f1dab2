"""A grid of cells as Markdown, CSV or LaTeX, with the best of each metric in bold if the format allows. Pure."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from aimd_cli import text

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    **{character: "\\" + character for character in "&%$#_{}"},
}


class Item(NamedTuple):
    """One cell.

    Attributes:
        shown: For people.
        full: For programs, not rounded.
        is_best: Whether it is the best of its column.
    """

    shown: str
    full: str
    is_best: bool = False


class Grid(NamedTuple):
    """Cells below a header.

    Attributes:
        header: What each column is.
        rows: A cell for each column.
        numbers: Which columns have numbers, aligned to the right.
    """

    header: list[str]
    rows: list[list[Item]]
    numbers: list[bool]


def markdown(grid: Grid) -> list[str]:
    """Return the grid as a Markdown table, line by line."""

    def escaped(shown: str) -> str:
        return text.clean(shown).replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")

    def bold(item: Item) -> str:
        return f"**{escaped(item.shown)}**" if item.is_best and item.shown else escaped(item.shown)

    rule = ["---:" if is_number else ":---" for is_number in grid.numbers]
    rows = [list(map(escaped, grid.header)), rule, *([bold(item) for item in row] for row in grid.rows)]
    return [f"| {' | '.join(row)} |" for row in rows]


def comma_separated(rows: list[list[str]]) -> list[str]:
    """Return rows, the header first, as CSV (RFC 4180), line by line."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerows([text.clean(field) for field in row] for row in rows)
    return made.getvalue().splitlines()


def latex(grid: Grid) -> list[str]:
    """Return the grid as a LaTeX tabular with the rules of booktabs, line by line."""

    def escaped(shown: str) -> str:
        return "".join(_LATEX.get(character, character) for character in text.clean(shown))

    def bold(item: Item) -> str:
        return f"\\textbf{{{escaped(item.shown)}}}" if item.is_best and item.shown else escaped(item.shown)

    columns = "".join("r" if is_number else "l" for is_number in grid.numbers)
    return [
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        " & ".join(map(escaped, grid.header)) + r" \\",
        "\\midrule",
        *(" & ".join(map(bold, row)) + r" \\" for row in grid.rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]
