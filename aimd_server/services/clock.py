"""Times: integer microseconds UTC inside, ISO 8601 with an offset outside."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def now_us() -> int:
    """Return the time now."""
    return time.time_ns() // 1000


def iso(time_us: int) -> str:
    """Return a time as text, in UTC."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat()


def parse_us(value: object) -> int | None:
    """Return the time of a text, or None; without an offset it is UTC."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None
