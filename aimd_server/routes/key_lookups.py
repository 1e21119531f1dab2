"""Looks up the owners of keys together: keys that arrive during a lookup share the next one.

So a lookup always begins after its requests have arrived, and a key that was revoked before is refused. Owners found
before are remembered for appends only, whose transaction confirms them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aimd_server.services.identity import hash_of
from aimd_server.stores.accounts import Account

MOST = 256  # keys in one lookup
REMEMBERED = 4096  # owners


class KeyLookups:
    """Keys that wait for a lookup, in one event loop."""

    def __init__(self, ask: Callable[[list[str]], Awaitable[list[Account | None]]]) -> None:
        """Look up with `ask`, which returns the owners of some keys, in order."""
        self._ask = ask
        self._waiting: list[tuple[str, asyncio.Future[Account | None]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._remembered: OrderedDict[str, Account] = OrderedDict()

    def remembered(self, key: str) -> Account | None:
        """Return who could call with a key when it was last looked up, if that is remembered."""
        return self._remembered.get(hash_of(key))

    async def account_of(self, key: str) -> Account | None:
        """Return who may call with a key now, or None if it is not valid.

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
            accounts = await self._ask([key for key, _ in asked])
        except Exception as error:
            for _, future in asked:
                if not future.done():  # else nobody is waiting
                    future.set_exception(error)
        else:
            for (key, future), account in zip(asked, accounts, strict=True):
                self._remember(key, account)
                if not future.done():
                    future.set_result(account)

    def _remember(self, key: str, account: Account | None) -> None:
        key_hash = hash_of(key)
        self._remembered.pop(key_hash, None)
        if account is not None:
            self._remembered[key_hash] = account
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
