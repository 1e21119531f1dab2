"""Slots for reading the database: a caller gets a few and waits for more, so that others get through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

READS_AT_ONCE = 5  # per caller; fewer than the database has readers


class ReadSlots:
    """The slots of all callers, in one event loop."""

    def __init__(self, limit: int | None = None) -> None:
        """Give each caller this many at once; by default READS_AT_ONCE."""
        self._limit = READS_AT_ONCE if limit is None else limit
        self._callers: dict[object, asyncio.Semaphore] = {}
        self._waiting: dict[object, int] = {}

    @asynccontextmanager
    async def slot(self, caller: object) -> AsyncIterator[None]:
        """Wait for a slot of a caller and hold it."""
        slots = self._callers.setdefault(caller, asyncio.Semaphore(self._limit))
        self._waiting[caller] = self._waiting.get(caller, 0) + 1
        try:
            async with slots:
                yield
        finally:
            self._waiting[caller] -= 1
            if not self._waiting[caller]:  # nobody needs it anymore
                del self._waiting[caller], self._callers[caller]
