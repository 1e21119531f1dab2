"""Values in a query: numbers, durations, times. Pure functions that return None for any other text."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone

from aimd_core.query.tree import Moment

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_SPECIAL = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ms|s|m|h|d|w)", re.ASCII)
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)


def read_number(text: str) -> float | None:
    """Return the number that a text is: `3`, `-1e-3`, `nan`, `inf`. An integer of 64 bits, such as a seed, is exact."""
    if _NUMBER.fullmatch(text):
        number = int(text) if _INTEGER.fullmatch(text) else None
        return number if number is not None and -(1 << 63) <= number < 1 << 63 else float(text)
    word = text.lower()
    if word[:1] in ("+", "-"):
        special = _SPECIAL.get(word[1:])
        return -special if special is not None and word[0] == "-" and special == special else special
    return _SPECIAL.get(word)


def read_duration_s(text: str) -> float | None:
    """Return the seconds of a duration such as `90`, `10m`, `2h`, `1h30m`, `3d`, `1w`; a plain number is seconds."""
    number = read_number(text)
    if number is not None:
        return number
    total_s, position, lowered = 0.0, 0, text.lower()
    while position < len(lowered):
        part = _DURATION_PART.match(lowered, position)
        if part is None:
            return None
        total_s += float(part[1]) * _UNITS_S[part[2]]
        position = part.end()
    return total_s if position else None


def read_moment(text: str) -> Moment | None:
    """Return the period that an ISO 8601 text means, as precise as written; without an offset it is local time."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        micros = int((fraction or ".0")[1:].ljust(6, "0"))
        begin = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), micros
        )
        end = _end(begin, month, day, hour, second, fraction)
        zone = _zone(offset)
        return Moment(text, begin.replace(tzinfo=zone).timestamp(), end.replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def _end(
    begin: datetime, month: str | None, day: str | None, hour: str | None, second: str | None, fraction: str | None
) -> datetime:
    if month is None:
        return begin.replace(year=begin.year + 1)
    if day is None:
        return (begin + timedelta(days=32)).replace(day=1)
    if hour is None:
        return begin + timedelta(days=1)
    if second is None:
        return begin + timedelta(minutes=1)
    return begin + (timedelta(seconds=1) if fraction is None else timedelta(microseconds=10 ** (7 - len(fraction))))


def _zone(offset: str | None) -> timezone | None:
    if offset is None:
        return None
    if offset == "Z":
        return timezone.utc
    size = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-size if offset[0] == "-" else size)
