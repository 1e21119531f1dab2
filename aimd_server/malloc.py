"""Makes the C library keep little memory: few pools for many threads, and large pieces returned at once.

glibc gives each thread its own pool and keeps what was freed in it. A server whose threads take turns with bodies of
several megabytes then holds a multiple of what it uses: 267 instead of 154 MB in `benchmarks/server_memory.py`.
"""

from __future__ import annotations

import ctypes
import sys

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1  # as in malloc.h
POOLS = 2
LARGE_BYTES = 256 << 10
KEPT_BYTES = 1 << 20


def hold_little() -> bool:
    """Configure the C library before threads start; return whether it supports that."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a C library other than glibc
        return False
    settings = ((_ARENA_MAX, POOLS), (_MMAP_THRESHOLD, LARGE_BYTES), (_TRIM_THRESHOLD, KEPT_BYTES))
    taken = [mallopt(name, value) == 1 for name, value in settings]
    return all(taken)
