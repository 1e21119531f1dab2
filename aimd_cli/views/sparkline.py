"""The course of a metric in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.-~=+*#"  # from low to high where the terminal has no blocks


def sparkline(values: Sequence[float], width: int = 8, glyphs: bool = True) -> str:
    """Return a line of at most `width` characters, low values low, high values high; of equal values, a flat line.

    Args:
        values: The course, in order; non-finite values are left out. Fewer than two say nothing and give no line.
        width: The longest line wanted; more values than that are averaged.
        glyphs: Whether signs beyond ASCII can be shown.
    """
    finite = [value for value in values if value - value == 0.0]
    if len(finite) < 2:
        return ""
    shown = _averaged(finite, width)
    if max(shown) - min(shown) == float("inf"):  # further apart than a float holds
        shown = [value / 2 for value in shown]
    low, high = min(shown), max(shown)
    signs = _BLOCKS if glyphs else _PLAIN
    span = high - low
    if span <= 0.0:
        return signs[len(signs) // 2 - 1] * len(shown)
    return "".join(signs[min(len(signs) - 1, int((value - low) / span * len(signs)))] for value in shown)


def _averaged(values: list[float], width: int) -> list[float]:
    if len(values) <= width:
        return values
    cuts = [number * len(values) // width for number in range(width + 1)]
    pieces = [values[cuts[number] : cuts[number + 1]] for number in range(width)]
    return [sum(value / len(piece) for value in piece) for piece in pieces]
