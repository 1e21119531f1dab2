"""Version 2: events for live views, as server-sent events.

However many streams there are, a process looks once a second at everything that is watched. A stream ends when its
caller loses access to the folder, when it does not keep up, and when the server stops.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import NamedTuple
from weakref import WeakSet

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from aimd_core.language import said
from aimd_server.routes.access import Access, Backend, Call, Dialect, RouteTable
from aimd_server.services import watching
from aimd_server.services.clock import iso
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.watching import EventsRequest, Look, TrialStatus, Watched
from aimd_server.stores.accounts import Account
from aimd_server.stores.writer import StoreUnavailableError

MAX_STREAMS = 8  # per user
MAX_ALL_STREAMS = 200  # per process
_MAX_WAITING = 1_000  # events that may wait for a slow reader
log = logging.getLogger("aimd_server")


class Pace(NamedTuple):
    """How often, in seconds, changes are looked for, and a quiet stream shows life and has its access checked.

    `before_s` is how old a change may be that a new stream still tells: who opens one has just asked for the trials,
    and what changed between the two would be told to nobody.
    """

    look_s: float = 1.0
    heartbeat_s: float = 15.0
    before_s: float = 5.0


PACE = Pace()


def register(table: RouteTable) -> None:
    """Register the route."""
    dialect = table.dialect

    async def get_events(call: Call) -> Response:
        """Answer with a stream of what changes in a folder and in trials."""
        return await _open(call, dialect)

    table.add("GET", "/events", get_events, access=Access.ANY_USER)


class Stream:
    """A reader: what it watches, and the events that wait for it."""

    def __init__(self, owner: tuple[int, int | None], watched: Watched, begins_us: int) -> None:
        """Make one that has been told nothing yet.

        Args:
            owner: The user, and the public link if they come by one.
            watched: What they may see.
            begins_us: From which moment on changes are told.
        """
        self.owner = owner
        self.watched = watched
        self._named = watched.trials
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_WAITING)
        self._begins_us = begins_us
        self._seen: dict[int, TrialStatus] | None = None
        self._listing: object = None

    def take(self, look: Look) -> None:
        """Compare a look with the previous one and queue what changed; of the first, what changed just before it."""
        tree = look.trees.get(self.watched.tree, []) if self.watched.tree else []
        ids = self.watched.trials.union(look.newest.get(self.watched.folder or 0, ()), tree)
        seen = {row_id: look.trials[row_id] for row_id in ids if row_id in look.trials}
        listing = (look.listings.get(self.watched.folder or 0), tree)
        for row_id, status in seen.items():
            if status.updated_us >= self._begins_us if self._seen is None else self._seen.get(row_id) != status:
                self._put("trial", _shown(status))
        for row_id, status in (self._seen or {}).items():
            if row_id not in seen and row_id in self._named:
                self._put("trial", _shown(status))  # it is gone, as who asks for it now learns
        if self._seen is not None and listing != self._listing:
            self._put("folder", {"id": self.watched.folder_uid})
        self._seen, self._listing = seen, listing

    def end(self) -> None:
        """End the reader, whatever waits."""
        while self.waiting.full():
            self.waiting.get_nowait()
        self.waiting.put_nowait(None)

    def _put(self, event: str, data: dict[str, object]) -> None:
        try:
            self.waiting.put_nowait(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())
        except asyncio.QueueFull:
            self.end()


def _shown(status: TrialStatus) -> dict[str, object]:
    updated = iso(status.updated_us)
    return {"id": status.uid, "state": status.state, "updated": updated, "records": status.records}


class Hub:
    """All streams of a process, and the task that looks for changes while there are any."""

    def __init__(self, backend: Backend, pace: Pace | None = None) -> None:
        self.backend = backend
        self.pace = pace or PACE
        self.streams: WeakSet[Stream] = WeakSet()  # a stream whose answer was never sent disappears
        self._task: asyncio.Task[None] | None = None

    def check_room(self, owner: tuple[int, int | None]) -> None:
        """Refuse a stream beyond the limits.

        Raises:
            RefusalError: `busy`.
        """
        if sum(stream.owner == owner for stream in self.streams) >= MAX_STREAMS:
            raise RefusalError(
                "busy", said("{limit} streams of events at once are the limit", limit=MAX_STREAMS), limit=MAX_STREAMS
            )
        if len(self.streams) >= MAX_ALL_STREAMS:
            raise RefusalError("busy", "the server has no room for another stream", limit=MAX_ALL_STREAMS)

    def add(self, stream: Stream) -> None:
        """Add a stream."""
        self.streams.add(stream)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self.streams and not self.backend.is_stopping:
                await asyncio.sleep(self.pace.look_s)
                await self._look()
        finally:
            self._task = None
            for stream in list(self.streams):
                stream.end()

    async def _look(self) -> None:
        streams = list(self.streams)
        if not streams:
            return
        try:
            look = await self.backend.run(watching.look, self.backend.database, [stream.watched for stream in streams])
        except StoreUnavailableError as error:  # the next look may succeed
            log.warning("could not look for events: %s", error)
            return
        for stream in streams:
            stream.take(look)


async def _open(call: Call, dialect: Dialect) -> Response:
    query = call.request.query_params
    named = tuple(dict.fromkeys(trial_id for trial_id in query.get("trials", "").split(",") if trial_id))
    events = EventsRequest(query.get("folder_id"), named, query.get("below") == "1")
    hub = call.backend.hub
    if not isinstance(hub, Hub):
        hub = call.backend.hub = Hub(call.backend)
    owner = (call.user.id, call.user.link_id)
    hub.check_room(owner)
    begins_us = time.time_ns() // 1000 - int(hub.pace.before_s * 1e6)
    stream = Stream(owner, await call.run(watching.watched_by, events), begins_us)
    stream.take(await call.backend.run(watching.look, call.database, [stream.watched]))
    hub.check_room(owner)
    hub.add(stream)  # immediately, so that simultaneous streams are counted
    headers = {"X-Accel-Buffering": "no"}  # a proxy that buffers events would freeze live views
    pieces = _pieces(hub, stream, call.request, dialect, events)
    return StreamingResponse(pieces, 200, headers, "text/event-stream")


async def _pieces(
    hub: Hub, stream: Stream, request: Request, dialect: Dialect, events: EventsRequest
) -> AsyncIterator[bytes]:
    try:
        yield b"retry: 2000\n: watching\n\n"
        beat_s = time.monotonic() + hub.pace.heartbeat_s
        while True:
            try:
                event = await asyncio.wait_for(stream.waiting.get(), max(0.0, beat_s - time.monotonic()))
            except asyncio.TimeoutError:
                if not await _may_go_on(hub.backend, stream, request, dialect, events):
                    return
                beat_s = time.monotonic() + hub.pace.heartbeat_s
                yield b": still here\n\n"
                continue
            if event is None:
                return
            yield event
    finally:
        hub.streams.discard(stream)


async def _may_go_on(
    backend: Backend, stream: Stream, request: Request, dialect: Dialect, events: EventsRequest
) -> bool:
    """Tell whether the caller may still see what the stream shows, and remove what they may not."""
    try:
        caller = await dialect.authenticate(request, backend)
        if not isinstance(caller, Account):
            return False
        stream.watched = await backend.run(watching.watched_by, backend.database, caller, events)
    except RefusalError:
        return False
    except StoreUnavailableError:
        return True
    return True
