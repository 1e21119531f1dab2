"""How bytes of users lie in the database: as they are, or compressed, with a codec beside them."""

from __future__ import annotations

import zlib

import msgspec

RAW, ZLIB, GZIP = 0, 1, 2
_LEVEL = 1
_SMALL_BYTES = 64  # not worth compressing
_GZIP_WINDOW = 31  # zlib's number for a gzip wrapper


class Packed(msgspec.Struct, frozen=True):
    """Bytes as they are kept."""

    codec: int
    data: bytes


def pack(content: bytes) -> Packed:
    """Return bytes as they are kept: compressed where that makes them smaller."""
    if len(content) > _SMALL_BYTES:
        packed = zlib.compress(content, _LEVEL)
        if len(packed) < len(content):
            return Packed(ZLIB, packed)
    return Packed(RAW, content)


def unpack(codec: int, data: bytes) -> bytes:
    """Return the bytes that were packed so; GZIP is one member, as a client sent it."""
    if codec == RAW:
        return data
    return zlib.decompress(data) if codec == ZLIB else zlib.decompress(data, _GZIP_WINDOW)
