"""Durations as people type them: `30d`, `1h30m`, `90s`, or a number of seconds."""

from __future__ import annotations

import math

from aimd_core.errors import UsageError
from aimd_core.language import said
from aimd_core.query.literals import read_duration_s


def parse_duration_s(text: str) -> float:
    """Return a duration in seconds, not negative.

    Raises:
        UsageError: It is not a duration.
    """
    seconds = read_duration_s(text.strip())
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        raise UsageError(
            message=said("{text!r} is not a duration", text=text), hint="For example: 90s, 30m, 1h30m, 30d"
        )
    return float(seconds)
