"""Drives the live screen: by Textual's pilot in this process, or by keys in a real terminal (tmux)."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from aimd_cli.screen.app import TopApp
    from aimd_cli.screen.panes import Settings, Sources


class Screen:
    """A live screen that a test types into."""

    def __init__(self, app: TopApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """All that is seen, line by line."""
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.app.top.board.rows]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*({" ": "space"}.get(character, character) for character in text))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; a test fails with the screen when it does not come."""
        end_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end_s, self.text
            await self.pilot.pause(0.02)

    async def sees(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.text for text in texts))


def on_screen(
    directory: Path,
    play: Callable[[Screen], Awaitable[None]],
    size: tuple[int, int] = (120, 40),
    settings: Settings | None = None,
    sources: Sources | None = None,
) -> None:
    """Open the live screen for a directory, or for other sources, and play a scene on it."""
    require_part("textual", find_spec("textual") is not None)
    from aimd_cli.commands.trial.live import LocalSources
    from aimd_cli.screen.app import TopApp
    from aimd_cli.screen.panes import Settings

    async def run() -> None:
        app = TopApp(sources or LocalSources(directory), settings or Settings(interval_s=0.3))
        async with app.run_test(size=size) as pilot:
            screen = Screen(app, pilot)
            await screen.until(lambda: app.top.is_attached and "reading" not in app.top.said)
            await play(screen)

    asyncio.run(run())


class Terminal:
    """A terminal of a given size in which `aimd trial top` runs, by tmux."""

    def __init__(self, columns: int, rows: int, directory: Path, *words: str, **environment: str) -> None:
        require_part("tmux", shutil.which("tmux") is not None)
        require_part("textual", find_spec("textual") is not None)
        self._socket = f"aimd-{uuid4().hex[:12]}"
        settings = [f"{name}={value}" for name, value in environment.items()]
        command = [*settings, sys.executable, "-m", "aimd_cli", "trial", "top", *words]
        self._tmux(
            "-f", os.devnull, "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(directory), "sh"
        )
        self._tmux("set-option", "-g", "status", "off")
        self.rows = rows
        self.send(f"stty -echo; clear; env {' '.join(command)}; echo ended with $?", "Enter")

    def _tmux(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self._socket, *words], check=True, capture_output=True, text=True, timeout=PATIENCE_S
        ).stdout

    def send(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them; other text is typed."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    @property
    def colored(self) -> str:
        """All that is seen, with the escapes for its colours."""
        return self._tmux("capture-pane", "-p", "-e")

    def sees(self, *texts: str) -> str:
        """Wait until all of the texts are seen, and return the screen."""
        wait_until(lambda: all(text in self.text for text in texts), lambda: self.text)
        return self.text

    def close(self) -> None:
        self._tmux("kill-server")
