"""The background work of a running server: it empties the trash by age, removes lost objects, folds and seals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from aimd_server.services import contents
from aimd_server.services.series import folding, sealing
from aimd_server.services.trash import sweep
from aimd_server.storage import Storage
from aimd_server.stores.work import STOPPING, Work, WorkStoppedError, doing
from aimd_server.stores.writer import StoreUnavailableError

SWEEP_EVERY_S = 86_400.0
SEAL_EVERY_S = 60.0
_LOOK_EVERY_S = 0.2
log = logging.getLogger("aimd_server")


@contextmanager
def maintaining(storage: Storage, days: int) -> Iterator[None]:
    """Do this work while the context lasts; the writer does the writing in small pieces."""

    def empty(_: threading.Event) -> None:
        log.info("emptied the trash: %d rows", sweep(storage.database, days))
        log.info("removed %d objects that nothing refers to", sealing.remove_left_over(storage))
        log.info("removed %d contents and their objects that nothing refers to", contents.sweep(storage))

    def fold(ending: threading.Event) -> None:
        folding.fold_left(storage.database, is_ending=ending)

    def seal(ending: threading.Event) -> None:
        sealing.seal_due(storage, sealing.LIMITS, ending.is_set)

    with ExitStack() as stack:
        stack.enter_context(repeating("sweep", empty, SWEEP_EVERY_S))
        stack.enter_context(repeating("fold", fold, folding.FRESH_S))
        stack.enter_context(repeating("seal", seal, SEAL_EVERY_S))
        yield


@contextmanager
def repeating(name: str, work: Callable[[threading.Event], object], every_s: float) -> Iterator[None]:
    """Repeat a task in its own thread until the context ends, logging failures; then it does nothing more."""
    ending, effort = threading.Event(), Work()

    def go_on() -> None:
        while True:
            try:
                with doing(effort):
                    work(ending)
            except WorkStoppedError:
                return
            except StoreUnavailableError as error:
                log.warning("could not %s now: %s", name, error)
            except Exception:
                log.exception("could not %s", name)
            if ending.wait(every_s):
                return

    thread = threading.Thread(target=go_on, name=f"aimd-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        effort.stop(STOPPING)
        while thread.is_alive():
            effort.look()
            thread.join(_LOOK_EVERY_S)
