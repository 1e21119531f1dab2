"""Remembers the running digest of each journal's last block, so that its bytes need not be read again.

It only saves work: what this process does not know, because another replica took the append or the server has just
started, is read from the database. A state includes only bytes whose commit is certain, without gaps, so it is correct.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any, NamedTuple

from aimd_core.format.digest import BLOCK_BYTES

MOST = 20_000  # journals; a state takes some 400 bytes


class _State(NamedTuple):
    offset: int
    hash: Any  # never changed, because another thread may be copying it


_PIECE_BYTES = 2047  # up to here hashlib keeps the interpreter's lock
_SMALL_BYTES = 16 << 10


def _update(state: Any, content: memoryview) -> None:
    """Hash bytes. For so few it costs less to keep the interpreter's lock than to give it away and wait for it."""
    if len(content) > _SMALL_BYTES:
        state.update(content)
    else:
        for start in range(0, len(content), _PIECE_BYTES):
            state.update(content[start : start + _PIECE_BYTES])


class BlockStates:
    """The most recently used states."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._states: OrderedDict[int, _State] = OrderedDict()

    def follow(self, journal_id: int, offset: int, content: bytes) -> None:
        """Add bytes that a journal has from `offset` on, after the commit."""
        previous = self._states.pop(journal_id, None)
        start = offset + len(content)
        start -= min(start % BLOCK_BYTES, len(content))  # in the last block, or what is new of it
        if start % BLOCK_BYTES == 0:
            state = hashlib.sha256()
        elif previous is not None and previous.offset == offset:
            state = previous.hash.copy()
        else:
            return
        _update(state, memoryview(content)[start - offset :])
        self._states[journal_id] = _State(offset + len(content), state)
        if len(self._states) > self._most:
            self._states.popitem(last=False)

    def completed(self, journal_id: int, offset: int, content: bytes) -> bytes | None:
        """Return the digest of the block that bytes from `offset` on complete, or None if it is unknown here."""
        left = BLOCK_BYTES - offset % BLOCK_BYTES
        previous = self._states.get(journal_id)
        if previous is None or previous.offset != offset or not left <= len(content) < left + BLOCK_BYTES:
            return None
        state = previous.hash.copy()
        state.update(memoryview(content)[:left])
        digest: bytes = state.digest()
        return digest
