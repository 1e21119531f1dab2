"""How a number of a metric is written for people: in the terminal, in reports and, by the same rule, in the console."""

from __future__ import annotations

_WHOLE = 1e9  # whole numbers below are written in full


def number_text(value: float) -> str:
    """Return a number with five significant digits; a whole number in full, however it was recorded.

    The console has the same rule (`formatNumber`): tests/fixtures/numbers.json is for both.
    """
    if isinstance(value, int):
        return str(value)
    if value != value:
        return "NaN"
    if abs(value) < _WHOLE and value.is_integer():
        return str(int(value))
    text = f"{value:.5g}"
    return {"inf": "Infinity", "-inf": "-Infinity"}.get(text, text)
