"""The wish to stop a server, heard from the first moment on: while it loads, starts and serves."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stopping:
    """Listens for signals while it is entered.

    The first one ends what is served, or keeps it from beginning; one more ends a start that takes long.

    Attributes:
        is_wished: Whether there was one.
        server: Uvicorn's server, once there is one.
    """

    def __init__(self) -> None:
        self.is_wished = False
        self.server: Any = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                    self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.server is not None:
            self.server.handle_exit(number, frame)
        elif self.is_wished:
            raise KeyboardInterrupt
        self.is_wished = True
