"""Keys are answered one after another, each by what the one before it has opened.

Textual gives all keys that have arrived to the widget that has the focus now. So of a filter that is typed ahead over a
slow line, in one packet, only the first key would reach the filter, and the rest would sort, mark or remove trials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App
from textual.events import Key
from textual.message_pump import MessagePump

_PATIENCE_S = 0.2  # for a widget that is closed before it has answered


class KeysInTurn:
    """The keys that wait for those before them."""

    def __init__(self, app: App[None], give: Callable[[Key], Awaitable[None]]) -> None:
        """Take whose keys they are, and what gives one to whatever has the focus."""
        self._app, self._give = app, give
        self._keys: asyncio.Queue[Key] = asyncio.Queue()

    def take(self, key: Key) -> None:
        """Take a key that has been typed."""
        self._keys.put_nowait(key)

    async def answer(self) -> None:
        """Give each key to what has the focus when those before it are answered."""
        while True:
            key = await self._keys.get()
            nodes: list[MessagePump] = list((self._app.focused or self._app.screen).ancestors_with_self)
            await self._give(key)
            for node in nodes:
                await _caught_up(node)
            await _caught_up(self._app.screen)  # a dialog that has been opened has its focus then


async def _caught_up(node: MessagePump) -> None:
    """Wait until a node has handled what it has received."""
    over = asyncio.Event()
    if node.is_running and node.call_later(over.set):
        try:
            await asyncio.wait_for(over.wait(), _PATIENCE_S)
        except asyncio.TimeoutError:
            return
