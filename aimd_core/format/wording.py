"""How values are written for people, the same in the terminal and in reports: texts, ids, durations, ages.

Numbers of metrics are in `numbers`, sizes in `values`.
"""

from __future__ import annotations

import json
import math

from aimd_core.format.values import visible

_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86400
_LEAST_S = 0.001
_UNTOLD_S = 1e15  # 31 million years, beyond which nobody counts hours
_SHOWN_ID_CHARS, _SHOWN_DIGEST_CHARS = 8, 12


def parameter_text(value: object) -> str:
    """Return a parameter's value as a user would type it; floats in full, because 0.001 and 0.0010001 differ."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return visible(json.dumps(value, ensure_ascii=False))
    return visible(str(value))


def plain_text(value: object) -> str:
    """Return the value of a field of a query as a user would type it; several are separated by commas."""
    return visible(", ".join(map(str, value))) if isinstance(value, tuple) else parameter_text(value)


def short_id(id: str) -> str:
    """Return the part of an id that lists show; commands take any unique beginning. The console shows as much."""
    return id[:_SHOWN_ID_CHARS]


def short_digest(digest: str) -> str:
    """Return the part of a digest, or of a commit, that lists show."""
    return digest[:_SHOWN_DIGEST_CHARS]


def duration_text(seconds: float | None) -> str:
    """Return a duration in its two largest units: `1h 48m`, `7m 02s`, `1.4s`, `12ms`; empty for None.

    The console shows the same: tests/fixtures/durations.json is for both.
    """
    if seconds is None:
        return ""
    if seconds < _SECOND:
        return f"{math.floor(seconds * 1000)}ms" if seconds >= _LEAST_S else "<1ms" if seconds > 0 else "0s"
    if seconds < 10 * _SECOND:
        return f"{math.floor(seconds * 10) / 10:.1f}s"
    if seconds >= _UNTOLD_S:
        return f"{seconds / _DAY:.3g}d"
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR:02d}h"


def age_text(seconds: float | None) -> str:
    """Return an age in its largest unit: `12m`, `3h`, `2d`; empty for None."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"
