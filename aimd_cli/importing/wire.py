"""Protocol-buffer messages as fields and numbers, as far as the two readers need them.

Source: the documented wire format (protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from aimd_core.language import said

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10


class WireError(ValueError):
    """The bytes are not a message."""


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield number, wire type and raw value of each field: an int of a varint, else bytes.

    Raises:
        WireError: The bytes are not a message.
    """
    position, end = 0, len(message)
    while position < end:
        key, position = varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value: int | bytes
            value, position = varint(message, position)
            yield number, kind, value
            continue
        if kind == BYTES:
            size_bytes, position = varint(message, position)
        else:
            size_bytes = {FIXED64: 8, FIXED32: 4}.get(kind, -1)
        if size_bytes < 0 or position + size_bytes > end:
            raise WireError(said("field {number} of type {kind} is cut or unknown", number=number, kind=kind))
        yield number, kind, message[position : position + size_bytes]
        position += size_bytes


def varint(message: bytes, position: int) -> tuple[int, int]:
    """Return the unsigned number at a position and where it ends.

    Raises:
        WireError: It has no end.
    """
    number = 0
    for shift in range(_MAX_VARINT_BYTES):
        if position >= len(message):
            break
        byte = message[position]
        position += 1
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return number, position
    raise WireError("a number has no end")


def signed(number: int | bytes) -> int:
    """Return the int64 of a varint.

    Raises:
        WireError: It is something else.
    """
    if not isinstance(number, int):
        raise WireError("a number is expected")
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def double(value: int | bytes) -> float:
    """Return a float of its eight or four bytes. Errors as `inner`."""
    (number,) = struct.unpack("<d" if len(inner(value)) == 8 else "<f", inner(value))
    return float(number)


def inner(value: int | bytes) -> bytes:
    """Return the bytes of a field that must be a message or text.

    Raises:
        WireError: It is a number.
    """
    if not isinstance(value, bytes):
        raise WireError("there is a number instead of a message")
    return value


def text(value: int | bytes) -> str:
    """Return the text of a field. Errors as `inner`."""
    return inner(value).decode("utf-8", "replace")


def varints(value: int | bytes) -> list[int]:
    """Return the numbers of a repeated field, which come singly or packed. Errors as `varint`."""
    if isinstance(value, int):
        return [value]
    numbers, position = [], 0
    while position < len(value):
        number, position = varint(value, position)
        numbers.append(number)
    return numbers


def timestamp_s(message: bytes) -> float:
    """Return the seconds since the epoch of a `google.protobuf.Timestamp`. Errors as `fields`."""
    seconds = nanoseconds = 0
    for number, _, value in fields(message):
        if number == 1:
            seconds = signed(value)
        elif number == 2:
            nanoseconds = signed(value)
    return seconds + nanoseconds / 1e9
