"""Routes that declare who may call them, and the door that enforces it.

A route is registered with `access=`, and `guarded` refuses to build a router from anything that was not registered
here. A protocol (`Dialect`) defines how callers authenticate and how errors look.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from aimd_core.language import said
from aimd_server.routes.bodies import HeldBodies, Slots
from aimd_server.routes.key_lookups import KeyLookups
from aimd_server.routes.read_slots import ReadSlots
from aimd_server.services.artifact_bytes import Parts
from aimd_server.services.contents import Receiving
from aimd_server.services.identity import accounts_of
from aimd_server.services.monitoring import Meters
from aimd_server.services.request_errors import RefusalError, forbidden
from aimd_server.services.series.appending import Appends
from aimd_server.services.sessions import Tokens
from aimd_server.settings import Settings
from aimd_server.storage import Storage
from aimd_server.stores.accounts import READ, UPLOAD, WRITE, Account
from aimd_server.stores.database import FETCHES, Database
from aimd_server.stores.sealed import ObjectsNeededError
from aimd_server.stores.work import LATE, Watch, Work, WorkStoppedError
from aimd_server.stores.writer import Operation, StoreUnavailableError

T = TypeVar("T")
log = logging.getLogger("aimd_server")

READ_S = 20.0  # that a thread may work on a read
SETTLE_S = 2.0  # that an append waits for the work of others after theirs


class Access(Enum):
    """Who may call a route.

    ANY_USER: anyone with a key. Methods other than GET and HEAD change things, so they need a key that may write, and
    an editor of the object. READER: anyone with a key, with any method, because the route changes nothing. ADMIN:
    admins. PUBLIC_PAGE: everybody. SIGN_IN: everybody, who authenticates there.
    """

    ANY_USER = "any_user"
    READER = "reader"
    ADMIN = "admin"
    PUBLIC_PAGE = "public_page"
    SIGN_IN = "sign_in"


_PUBLIC = (Access.PUBLIC_PAGE, Access.SIGN_IN)


class UndeclaredAccessError(Exception):
    """A route does not declare who may call it, so the server does not start."""


class Backend:
    """What the routes work with: database and objects, threads that may wait for them, and sign-in tokens."""

    def __init__(
        self,
        storage: Storage,
        threads: ThreadPoolExecutor,
        settings: Settings | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self.storage = storage
        self.tokens = tokens or Tokens()
        self.settings = settings or Settings()
        self.meters = Meters()
        self.bodies = HeldBodies()
        self.slots = Slots()
        self.read_slots = ReadSlots()
        self.appends = Appends()
        self.receiving = Receiving()
        self.artifact_parts = Parts()
        self.key_lookups = KeyLookups(self._accounts_of)
        self.hub: object = None  # the hub of event streams, once there is one
        self.watch = Watch()
        self.is_stopping = False
        self._threads = threads
        self._settling = asyncio.Lock()
        self.turn_s = SETTLE_S

    @property
    def database(self) -> Database:
        """The database."""
        return self.storage.database

    async def _accounts_of(self, keys: list[str]) -> list[Account | None]:
        return await self.run(accounts_of, self.database, keys)

    async def settle(self, function: Callable[..., object], *arguments: Any) -> None:
        """Do work after an append, one at a time, so that it never occupies all threads.

        An append whose turn does not come soon goes without: what is due then is done after the next one, or in the
        background. The work itself has the time of a read.
        """
        try:
            await asyncio.wait_for(self._settling.acquire(), self.turn_s)
        except (TimeoutError, asyncio.TimeoutError):
            return
        try:
            await self.run(function, *arguments)
        except WorkStoppedError as stopped:
            log.info("left the rest of what an append brought for later: %s", stopped.reason)
        finally:
            self._settling.release()

    async def run(self, function: Callable[..., T], *arguments: Any, work: Work | None = None) -> T:
        """Run a function in a thread, as a piece of work with a time limit by default, and return its result.

        Raises:
            WorkStoppedError: It took too long, its client is gone, or the server stops.
        """
        loop, made = asyncio.get_running_loop(), work or Work(READ_S)
        return await loop.run_in_executor(self._threads, self.watch.run, made, function, *arguments)

    def stop(self, after_s: float) -> None:
        """End event streams now, and after a time all work that is not done by then."""
        self.is_stopping = True
        self.watch.stop_all(after_s)


class Call:
    """One request to one route.

    Attributes:
        request: The HTTP request.
        backend: Database and threads.
    """

    __slots__ = ("_user", "backend", "request")

    def __init__(self, request: Request, backend: Backend, user: Account | None) -> None:
        self.request = request
        self.backend = backend
        self._user = user

    @property
    def user(self) -> Account:
        """The caller; public pages have none."""
        if self._user is None:
            raise UndeclaredAccessError("a public page has no user")
        return self._user

    @property
    def database(self) -> Database:
        """The database."""
        return self.backend.database

    def take_slot(self) -> None:
        """Count this call as one of the large answers that its caller is reading.

        Raises:
            RefusalError: `busy`, if there are too many.
        """
        self.backend.slots.take(self.request.scope, self._caller)

    @property
    def _caller(self) -> tuple[int, int | None]:
        return self.user.id, self.user.link_id

    def part(self, name: str) -> str:
        """Return a variable part of the path."""
        return str(self.request.path_params[name])

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a service in a thread with the database, the user and these arguments."""
        return await self._in_turn(function, self.database, self.user, *arguments)

    async def write(self, operation: Operation[T], order: str = "") -> T:
        """Have the writer run an operation and return its result after the commit; no thread waits for it."""
        for _ in range(FETCHES):
            try:
                return await self.database.submit_from_loop(operation, order)
            except ObjectsNeededError as needed:
                await self.backend.run(needed.fetch)
        raise StoreUnavailableError("what a write needs of objects was forgotten again and again")

    async def run_stored(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a service that also needs objects, in a thread with the storage, the user and these arguments."""
        return await self._in_turn(function, self.backend.storage, self.user, *arguments)

    async def _in_turn(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function when it is the caller's turn; writes queue up at the writer anyway.

        A read ends when its time is up or its client is gone. A write is done to its end.
        """
        if self.user.writing:
            return await self.backend.run(function, *arguments, work=Work())
        client = self.request.scope.get("aimd.client")
        has_left = None if client is None else lambda: bool(client.has_left)
        async with self.backend.read_slots.slot(self._caller):
            return await self.backend.run(function, *arguments, work=Work(READ_S, has_left))


Handler = Callable[[Call], Awaitable[Response]]
Recall = Callable[[Request, Backend], "Account | None"]


class Dialect(Protocol):
    """How a protocol authenticates callers and refuses requests."""

    async def authenticate(self, request: Request, backend: Backend) -> Account | Response:
        """Return the caller, or the answer for one who is not authenticated."""
        ...

    def refused(self, error: RefusalError, request: Request) -> Response:
        """Return the answer for the refusal of a request."""
        ...

    def unavailable(self, error: StoreUnavailableError, request: Request) -> Response:
        """Return the answer for when the database or the object store is unavailable, without the reason in the log."""
        ...

    def wrong_method(self, allowed: list[str], request: Request) -> Response:
        """Return the answer for a method that the path does not support."""
        ...


class RouteTable:
    """The routes of one protocol, under one prefix."""

    def __init__(self, prefix: str, dialect: Dialect) -> None:
        self.prefix = prefix
        self.dialect = dialect
        self.doors: dict[str, Door] = {}

    def add(self, method: str, path: str, handler: Handler, *, access: Access) -> None:
        """Register a route.

        Raises:
            UndeclaredAccessError: `access` is not a known kind.
        """
        if not isinstance(access, Access):
            raise UndeclaredAccessError(f"{method} {self.prefix}{path} does not say who may call it")
        door = self.doors.setdefault(self.prefix + path, Door(self.dialect, self.prefix + path))
        door.rules[method] = (access, handler)

    def remember_callers(self, recall: Recall, *routes: tuple[str, str]) -> None:
        """Let these registered routes begin with a remembered caller, whom they confirm in their transaction."""
        for method, path in routes:
            self._door(method, path).recalls[method] = recall

    def open_to_uploads(self, *routes: tuple[str, str]) -> None:
        """Open these registered (method, path) routes to upload-only keys."""
        for method, path in routes:
            self._door(method, path).for_uploads.add(method)

    def _door(self, method: str, path: str) -> Door:
        door = self.doors[self.prefix + path]
        if method not in door.rules:
            raise UndeclaredAccessError(f"there is no route {method} {self.prefix}{path}")
        return door


class Door:
    """All methods of a path, as an ASGI application that admits only permitted callers."""

    def __init__(self, dialect: Dialect, path: str) -> None:
        self.dialect = dialect
        self.path = path
        self.rules: dict[str, tuple[Access, Handler]] = {}
        self.for_uploads: set[str] = set()
        self.recalls: dict[str, Recall] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        scope["aimd.route"] = self.path  # the pattern, which logs and metrics may contain because it names nothing
        backend: Backend = request.app.state.backend
        try:
            response = await self._answer(request, backend)
            backend.bodies.release(scope)
            await response(scope, receive, send)
        finally:
            backend.bodies.release(scope)
            backend.slots.release(scope)

    async def _answer(self, request: Request, backend: Backend) -> Response:
        recall = self.recalls.get(request.method)
        user = recall(request, backend) if recall else None
        try:
            if user is not None:
                try:
                    return await self._handled(request, backend, user)
                except RefusalError as error:  # somebody whose key is no longer valid learns nothing else
                    caller = await self.dialect.authenticate(request, backend)
                    return caller if isinstance(caller, Response) else self.dialect.refused(error, request)
            if not self._is_public(request.method):
                caller = await self.dialect.authenticate(request, backend)
                if isinstance(caller, Response):
                    return caller
                user = caller
            return await self._handled(request, backend, user)
        except RefusalError as error:
            return self.dialect.refused(error, request)
        except WorkStoppedError as error:
            return self.dialect.refused(_stopped(error), request)
        except StoreUnavailableError as error:
            log.error("the storage cannot be used: %s", error)
            return self.dialect.unavailable(error, request)

    async def _handled(self, request: Request, backend: Backend, user: Account | None) -> Response:
        if request.method not in self.rules:
            return self.dialect.wrong_method(sorted(self.rules), request)
        access, handler = self.rules[request.method]
        return await handler(Call(request, backend, user and self._allowed(user, request.method, access)))

    def _allowed(self, user: Account, method: str, access: Access) -> Account:
        """Return the caller, limited to what this call may do.

        Raises:
            RefusalError: `forbidden`, if the key's scope excludes this route.
        """
        writing = access is not Access.READER and method not in ("GET", "HEAD")
        if access is Access.ADMIN and not (user.is_admin and user.scope == WRITE):
            raise forbidden("that is for who looks after the server")
        if user.scope == UPLOAD and method not in self.for_uploads:
            raise forbidden("this key is for uploading only")
        if user.scope == READ and writing:
            raise forbidden("this key is for reading only")
        return msgspec.structs.replace(user, writing=writing)

    def _is_public(self, method: str) -> bool:
        """Tell whether a method needs no user; an unknown method is as closed as the others."""
        if method in self.rules:
            return self.rules[method][0] in _PUBLIC
        return all(access in _PUBLIC for access, _ in self.rules.values())


def _stopped(error: WorkStoppedError) -> RefusalError:
    if error.reason != LATE:
        return RefusalError("busy", said("the server is stopping; try again"))
    words = said(
        "this took more than {seconds:.0f} s and was ended: name a smaller folder, fewer conditions or fewer trials",
        seconds=READ_S,
    )
    return RefusalError("too_slow", words, limit=READ_S)


def guarded(tables: Iterable[RouteTable]) -> list[BaseRoute]:
    """Return the routes of some tables for a router.

    Raises:
        UndeclaredAccessError: One of them does not declare who may call it.
    """
    routes: list[BaseRoute] = [Route(path, door) for table in tables for path, door in table.doors.items()]
    check_guarded(routes)
    return routes


def check_guarded(routes: Iterable[BaseRoute]) -> None:
    """Refuse routes that do not go through a door with a rule for each method.

    Raises:
        UndeclaredAccessError: One of them does not.
    """
    for route in routes:
        door = getattr(route, "app", None)
        rules = door.rules if isinstance(door, Door) else {}
        if not rules or not all(isinstance(access, Access) for access, _ in rules.values()):
            raise UndeclaredAccessError(f"{getattr(route, 'path', route)} does not say who may call it")
