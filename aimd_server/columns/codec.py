"""Encodes arrays of numbers compactly and decodes them bit for bit; the first byte says how.

Integers are stored as differences, floats in 32 bits where that is exact. The bytes are then shuffled, so that those of
equal weight are adjacent, and compressed. A new encoding gets a new first byte; old ones stay readable.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import zstandard

from aimd_server.columns.rollups import Floats

LEVEL = 1
EXACT = 1 << 53  # up to here every integer is a float
_SAME, _WHOLE, _FLOAT32, _FLOAT64, _FLOAT32_DELTA, _FLOAT64_DELTA = range(6)
_MAX_BYTES = 64 << 20  # of decompressed bytes, far above what is written here
# A compressor shared by two threads crashes the process.
_own = threading.local()


def compress(content: bytes) -> bytes:
    """Return bytes compressed."""
    if not hasattr(_own, "compressor"):
        _own.compressor = zstandard.ZstdCompressor(level=LEVEL)
    packed: bytes = _own.compressor.compress(content)
    return packed


def decompress(content: bytes) -> bytes:
    """Return decompressed bytes.

    Raises:
        ValueError: The bytes are damaged.
    """
    if not hasattr(_own, "decompressor"):
        _own.decompressor = zstandard.ZstdDecompressor()
    try:
        unpacked: bytes = _own.decompressor.decompress(content, max_output_size=_MAX_BYTES)
    except zstandard.ZstdError as error:
        raise ValueError(f"damaged: {error}") from None
    return unpacked


def _is_whole(values: Floats) -> bool:
    """Tell whether all are integers that can be stored as such; minus zero cannot."""
    with np.errstate(invalid="ignore"):
        return bool(np.all((values == np.trunc(values)) & (np.abs(values) <= EXACT))) and not bool(
            np.any((values == 0.0) & np.signbit(values))
        )


def _shuffled(words: np.ndarray[Any, Any]) -> bytes:
    return words.view(np.uint8).reshape(len(words), words.itemsize).T.tobytes()


def _unshuffled(content: bytes, kind: Any) -> np.ndarray[Any, Any]:
    width = np.dtype(kind).itemsize
    if len(content) % width:
        raise ValueError("damaged: an array ends inside a number")
    planes = np.frombuffer(content, np.uint8).reshape(width, -1)
    return np.ascontiguousarray(planes.T).reshape(-1).view(kind)


def encode(values: Floats) -> bytes:
    """Return encoded numbers. NaN comes back as NaN, everything else bit for bit."""
    bits = values.view(np.uint64)
    if len(bits) and np.all(bits == bits[0]):
        return bytes([_SAME]) + len(bits).to_bytes(4, "little") + bits[:1].astype("<u8").tobytes()
    if _is_whole(values):
        steps = np.diff(values.astype(np.int64), prepend=0)
        return bytes([_WHOLE]) + compress(_shuffled(steps.astype("<i8")))
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype(np.float32)
    if np.array_equal(narrow.astype(np.float64).view(np.uint64), bits):
        return _smaller(narrow.view(np.uint32), _FLOAT32, _FLOAT32_DELTA)
    return _smaller(bits, _FLOAT64, _FLOAT64_DELTA)


def _smaller(words: np.ndarray[Any, Any], plain: int, delta: int) -> bytes:
    first = compress(_shuffled(words))
    second = compress(_shuffled(np.diff(words, prepend=words.dtype.type(0))))
    return bytes([plain]) + first if len(first) <= len(second) else bytes([delta]) + second


def decode(packed: bytes) -> Floats:
    """Return decoded numbers.

    Raises:
        ValueError: The bytes are damaged.
    """
    if not packed:
        raise ValueError("damaged: an array without bytes")
    way, rest = packed[0], packed[1:]
    if way == _SAME:
        if len(rest) != 12:
            raise ValueError("damaged: an array of one value is cut")
        return np.full(int.from_bytes(rest[:4], "little"), np.frombuffer(rest[4:], "<f8")[0])
    content = decompress(rest)
    if way == _WHOLE:
        return np.cumsum(_unshuffled(content, "<i8")).astype(np.float64)
    if way in (_FLOAT32, _FLOAT32_DELTA):
        words = _unshuffled(content, "<u4")
        words = np.cumsum(words, dtype=np.uint32) if way == _FLOAT32_DELTA else words
        return words.view(np.float32).astype(np.float64)
    if way in (_FLOAT64, _FLOAT64_DELTA):
        words = _unshuffled(content, "<u8")
        words = np.cumsum(words, dtype=np.uint64) if way == _FLOAT64_DELTA else words
        return words.view(np.float64)
    raise ValueError(f"packed in a way that this program does not know: {way}")
