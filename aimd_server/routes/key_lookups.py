"""Whose a key is, asked together: keys that arrive while the database is being asked share the next question.

So what a request waits for was always asked after it came: a key that was revoked before lets nobody in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aimd_server.stores.accounts import Account

MOST = 256  # keys of one question


class KeyLookups:
    """Keys that wait for an answer. For one event loop."""

    def __init__(self, ask: Callable[[list[str]], Awaitable[list[Account | None]]]) -> None:
        """Ask with `ask`, which returns whose each of some keys is, in their order."""
        self._ask = ask
        self._waiting: list[tuple[str, asyncio.Future[Account | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def account_of(self, key: str) -> Account | None:
        """Return who may call with a key now, None when it is no key, or no longer one.

        Raises:
            StoreUnavailableError: The database refused.
        """
        future: asyncio.Future[Account | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, future))
        if self._asking is None:
            self._asking = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: list[tuple[str, asyncio.Future[Account | None]]]) -> None:
        try:
            found = await self._ask([key for key, _ in asked])
        except Exception as error:
            for _, future in asked:
                if not future.done():  # else nobody waits any more
                    future.set_exception(error)
        else:
            for (_, future), account in zip(asked, found, strict=True):
                if not future.done():
                    future.set_result(account)
