"""Durations as people type them: `30d`, `1h30m`, `90s`, or a number of seconds."""

from __future__ import annotations

import re

from aimd_core.errors import UsageError

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def parse_duration_s(text: str) -> float:
    """Return a duration in seconds.

    Raises:
        UsageError: It is no duration.
    """
    word = text.strip().lower()
    if _SECONDS.fullmatch(word):
        return float(word)
    if not _WHOLE.fullmatch(word):
        raise UsageError(message=f"{text!r} is not a duration", hint="Such as: 90s, 30m, 1h30m, 30d")
    return sum(float(amount) * _UNITS_S[unit] for amount, unit in _PART.findall(word))
