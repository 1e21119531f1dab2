"""The two threads of the live screen: one scans all trials, the other draws the selected ones.

Promises: a reader rests at least three times as long as its last look took, so that neither takes a core for itself;
what is requested now is never held up by what was requested before; closing the screen waits for none of them.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Event, Thread
from typing import NamedTuple

from aimd_cli.errors import message
from aimd_cli.screen.board import Order
from aimd_cli.screen.grid_drawing import GridDrawer
from aimd_cli.screen.panes import Drawn, Looked, PaneRequest, Sources, draw
from aimd_core.errors import AimdError, NetworkError, UnreachableError
from aimd_core.language import said
from aimd_core.reading.facts import Facts

_SHARE = 3
_SETTLE_S = 0.03  # a held key passes rows that nobody wants drawn
_TYPING_S = 0.2  # a pattern that is being typed


class Listed(NamedTuple):
    """The result of a scan of all trials.

    Attributes:
        looked: All trials.
        rows: Those that are shown, in order.
        order: The order that they were selected by.
        fault: Why they could not be listed.
        why_none: Why none of them is shown.
    """

    looked: Looked
    rows: list[Facts]
    order: Order
    fault: str = ""
    why_none: str = ""


class _Reader(ABC):
    """Repeats a task in its own thread, at once when woken."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._wake, self._over = Event(), Event()

    def start(self) -> None:
        """Begin."""
        Thread(target=self._run, daemon=True).start()

    def wake(self) -> None:
        """Repeat the task now."""
        self._wake.set()

    def stop(self) -> None:
        """Stop repeating."""
        self._over.set()
        self._wake.set()

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            started_s = time.monotonic()
            is_done = self._read()
            if is_done:
                self._wake.wait(max(self._interval_s, _SHARE * (time.monotonic() - started_s)))

    @abstractmethod
    def _read(self) -> bool:
        """Do the task once; return False if there is more to do."""


class Looker(_Reader):
    """Scans all trials.

    Attributes:
        order: Which are request, and in which order.
    """

    def __init__(self, sources: Sources, interval_s: float, take: Callable[[Listed], None]) -> None:
        super().__init__(interval_s)
        self.order = Order()
        self._sources, self._take = sources, take
        self._looked = Looked([], 1)
        self._had_facts = False
        self._look_at_s = 0.0

    def look_now(self) -> None:
        """Scan all trials now, because something was changed."""
        self._look_at_s = 0.0
        self.wake()

    def _read(self) -> bool:
        order, fault = self.order, ""
        if self._is_due(order):
            started_s = time.monotonic()
            try:
                self._looked = self._sources.look(order.needs_facts)
            except NetworkError as error:  # what was seen last stays until the server answers again
                self._looked, fault = self._looked._replace(unread_count=0), _no_connection(error)
            except (AimdError, OSError) as error:
                self._looked, fault = Looked([], 0), message(error)
            self._had_facts = order.needs_facts
            self._look_at_s = time.monotonic() + max(self._interval_s, _SHARE * (time.monotonic() - started_s)) / 2
        rows = order.apply(self._looked.rows)
        why_none = "" if rows else order.why_none(self._looked.rows)
        self._take(Listed(self._looked, rows, order, fault, why_none))
        return not self._looked.unread_count

    def _is_due(self, order: Order) -> bool:
        """Tell whether the trials must be scanned, not only sorted again."""
        wants_more = self._looked.unread_count > 0 or (order.needs_facts and not self._had_facts)
        return wants_more or time.monotonic() >= self._look_at_s


class Drawer(_Reader):
    """Draws chart and output of the selected trials.

    Attributes:
        request: What to draw.
        take: Takes what was drawn.
    """

    def __init__(self, sources: Sources, interval_s: float) -> None:
        super().__init__(interval_s)
        self.request = PaneRequest()
        self.take: Callable[[Drawn], None] = lambda _: None
        self._sources = sources
        self._drawer = GridDrawer()
        self._drawn = PaneRequest()

    def _read(self) -> bool:
        before, request = self._drawn, self.request
        while settle_s := _settle_s(before, request):
            self._over.wait(settle_s)
            before, request = request, self.request
        self._drawn = request
        drawn = draw(self._sources, request, self._drawer)
        self.take(drawn)
        return drawn.grid.is_whole


def _no_connection(error: NetworkError) -> str:
    """Say why there is no connection, without the address, which the screen shows."""
    reason = error.facts.get("reason") if isinstance(error, UnreachableError) else None
    return said("no connection: {reason}", reason=reason) if isinstance(reason, str) else message(error)


def _settle_s(before: PaneRequest, request: PaneRequest) -> float:
    """Return how long to wait for another request, because what is passed or half typed need not be drawn."""
    if before.grid.pattern != request.grid.pattern:
        return _TYPING_S
    is_other = [row.alternative_name for row in before.rows] != [row.alternative_name for row in request.rows]
    return _SETTLE_S * is_other
