"""How user bytes are stored in the database: unchanged or compressed, with a codec."""

from __future__ import annotations

import zlib

import msgspec

RAW, ZLIB, GZIP = 0, 1, 2
_LEVEL = 1
_SMALL_BYTES = 64  # not worth compressing
_GZIP_WINDOW = 31  # zlib's code for the gzip format


class Packed(msgspec.Struct, frozen=True):
    """Bytes as stored."""

    codec: int
    data: bytes


def pack(content: bytes) -> Packed:
    """Return bytes as stored: compressed if that makes them smaller."""
    if len(content) > _SMALL_BYTES:
        packed = zlib.compress(content, _LEVEL)
        if len(packed) < len(content):
            return Packed(ZLIB, packed)
    return Packed(RAW, content)


def unpack(codec: int, data: bytes, size: int = 0) -> bytes:
    """Return the original bytes; GZIP is one member, as a client sent it. With their number, memory is taken once."""
    if codec == RAW:
        return data
    return zlib.decompress(data, zlib.MAX_WBITS if codec == ZLIB else _GZIP_WINDOW, max(size, zlib.DEF_BUF_SIZE))
