"""A metric's course in a line of text."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.-~=+*#"  # from low to high, if the terminal has no block characters


def sparkline(values: Sequence[float], width: int = 8, glyphs: bool = True) -> str:
    """Return a line of at most `width` characters whose height follows the values; a flat line if all are equal.

    Args:
        values: The course, in order, without non-finite values. Fewer than two values give no line.
        width: The maximum length; more values are averaged.
        glyphs: Whether non-ASCII characters can be shown.
    """
    finite = [value for value in values if value - value == 0.0]
    if len(finite) < 2:
        return ""
    shown = _averaged(finite, width)
    if max(shown) - min(shown) == float("inf"):  # further apart than a float can represent
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
