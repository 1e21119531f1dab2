"""Writes Protocol Buffers messages field by field. Source: protobuf.dev/programming-guides/encoding."""

from __future__ import annotations

import struct


def varint(number: int) -> bytes:
    """Return a whole number of up to 64 bits; a negative one as its complement."""
    number &= (1 << 64) - 1
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def whole(number: int, value: int) -> bytes:
    """Return a field of a whole number."""
    return varint(number << 3) + varint(value)


def double(number: int, value: float) -> bytes:
    """Return a field of a float of 64 bits."""
    return varint(number << 3 | 1) + struct.pack("<d", value)


def single(number: int, value: float) -> bytes:
    """Return a field of a float of 32 bits."""
    return varint(number << 3 | 5) + struct.pack("<f", value)


def message(number: int, *parts: bytes) -> bytes:
    """Return a field of a message, text or bytes."""
    content = b"".join(parts)
    return varint(number << 3 | 2) + varint(len(content)) + content


def text(number: int, value: str) -> bytes:
    """Return a field of text."""
    return message(number, value.encode("utf-8", "replace"))


def timestamp(number: int, time_s: float) -> bytes:
    """Return a field of a `google.protobuf.Timestamp`."""
    microseconds = round(time_s * 1e6)
    seconds, rest = divmod(microseconds, 1_000_000)
    return message(number, whole(1, seconds), whole(2, rest * 1000))
