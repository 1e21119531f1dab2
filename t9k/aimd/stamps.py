"""The time and the ids that are written: UTC with microseconds, and random UUIDs."""

from __future__ import annotations

import os
import time


def timestamp() -> str:
    """Return the current time in the format's form: ISO 8601, UTC, microseconds."""
    second, nanosecond = divmod(time.time_ns(), 1_000_000_000)
    return f"{shown_second(second)}.{nanosecond // 1000:06d}+00:00"


def shown_second(second: int) -> str:
    """Return a second since the epoch as ISO 8601 in UTC, without an offset."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def new_id() -> str:
    """Return a random UUID (version 4); importing `uuid` costs more than the rest of creating a trial."""
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
