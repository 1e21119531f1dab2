"""Empties the trash by age: when the server starts, and once a day while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aimd_server.services.trash import sweep
from aimd_server.stores.database import Database
from aimd_server.stores.writer import StoreUnavailableError

EVERY_S = 86_400.0
log = logging.getLogger("aimd_server")


@contextmanager
def sweeping(database: Database, days: int, every_s: float = EVERY_S) -> Iterator[None]:
    """Sweep in a thread of its own while the context lasts; the writing is done by the writer, in small pieces."""
    ending = threading.Event()

    def work() -> None:
        while True:
            try:
                gone = sweep(database, days)
                log.info("emptied the trash: %d rows", gone)
            except StoreUnavailableError as error:  # the next time will do
                log.warning("could not empty the trash: %s", error)
            if ending.wait(every_s):
                return

    thread = threading.Thread(target=work, name="aimd-sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
