"""A measured number with its target, and the table of several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Measurement(NamedTuple):
    """A measurement and its floor.

    Attributes:
        name: What was measured.
        value: The number.
        unit: `x` for a ratio to the floor, else the unit of the number.
        target: The most that it should be, or None if there is no target.
        floor: What the ratio is to, with the absolute numbers of this machine.
    """

    name: str
    value: float
    unit: str
    target: float | None
    floor: str

    @property
    def verdict(self) -> str:
        """`ok` or `over`, or nothing without a target."""
        if self.target is None:
            return ""
        return "ok" if self.value <= self.target else "over"


def table(measurements: Iterable[Measurement]) -> str:
    """Return measurements as lines of text with aligned columns."""
    rows = [("name", "measured", "target", "", "floor")]
    for one in measurements:
        target = "" if one.target is None else f"{one.target:g} {one.unit}"
        rows.append((one.name, f"{one.value:.2f} {one.unit}", target, one.verdict, one.floor))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
