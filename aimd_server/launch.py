"""Starts the server: one process in the foreground, until SIGINT, SIGTERM or SIGHUP shuts it down gracefully.

Stdout gets exactly one line, once the server is listening: `Listening on <its address>`. Everything else goes to
stderr. Of a request only its path is logged, and only if it failed.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

from aimd_core.errors import DamagedError, UsageError
from aimd_core.format.protocol import SERVER_PATH
from aimd_core.language import Said, said, translated
from aimd_server.app import THREADS, create_app
from aimd_server.blobs import Blobs, open_blobs
from aimd_server.errors import ObjectStoreError, PortInUseError, StoreUnavailableError
from aimd_server.holding import held
from aimd_server.logs import set_up_logs
from aimd_server.maintenance import maintaining
from aimd_server.malloc import hold_little
from aimd_server.operations import ADDRESS_FILE
from aimd_server.routes.guards import SECURITY_HEADERS, Guards, is_loopback
from aimd_server.services.identity import is_any_user
from aimd_server.settings import Settings, command, location_for
from aimd_server.stopping import Stopping
from aimd_server.stores import epochs
from aimd_server.stores.database import Database
from aimd_server.stores.location import SqliteLocation
from aimd_server.stores.sqlite import quick_fault

STOP_TIMEOUT_S = 10
LOOK_S = 5.0  # at the structure of a database, before it is served; a large one is looked at in part
KEEP_ALIVE_S = 30
MOST_CONNECTIONS = 800
FILES_KEPT = 128  # of the process's file descriptors, for the database and the rest
_GARBAGE = 20_000  # new objects, after which the collector runs
_MAX_PORT = 65535
_SHORT_ADDRESS = re.compile(r"\d+(\.\d+){0,2}")
_MORE_THAN_A_HOST = re.compile(r"[/\[\]]|^[^:]*:\d*$")  # a URL, a network, or a port behind it


def start(data_dir: Path, host: str, port: int, allowed_hosts: Sequence[str] = ()) -> None:
    """Run the server until it is told to stop, with these settings and the defaults; see `run`."""
    run(data_dir, Settings(host=host, port=port, allowed_hosts=allowed_hosts))


def run(
    data_dir: Path,
    settings: Settings,
    tokens: Mapping[str, str] | None = None,
    announce: Callable[[str], None] | None = None,
    stop_timeout_s: int = STOP_TIMEOUT_S,
    is_shared: bool = False,
    stopping: Stopping | None = None,
    blobs: Blobs | None = None,
) -> None:
    """Run the server until it is told to stop.

    Args:
        data_dir: Where everything is stored; created if missing.
        settings: Where to listen, and the rest.
        tokens: API keys by a token each, which signs one browser in, once.
        announce: Called with the address once the server is listening, instead of printing it.
        stop_timeout_s: How long running requests may take after it is told to stop.
        is_shared: Whether other servers that share may run on the same data.
        stopping: Who listens for signals already, if anybody does.
        blobs: Its object store, which it closes; by default what the settings say.

    Raises:
        DataInUseError: Another server runs on the data.
        PortInUseError: Something listens there already.
        UsageError: The server cannot listen on the host.
        DiskError, DamagedError, NewerDatabaseError, ObjectStoreError: The data cannot be used.
    """
    set_up_logs(settings)
    hold_little()
    host = settings.host
    with (
        nullcontext(stopping) if stopping else Stopping() as stop,
        _listening(data_dir, settings, is_shared) as listener,
        Database(data_dir, location=location_for(data_dir, settings)) as database,
        closing(_usable(blobs or open_blobs(settings.blobs, data_dir, settings.blobs_public_endpoint))) as objects,
        _threads() as threads,
    ):
        _require_sound(database, settings)
        address = _address(host, listener.getsockname()[1])
        if announce is None:
            _say_where(database, settings)
        database.start_writer()
        database.write(epochs.ensure)
        hosts = (host, *settings.allowed_hosts) if is_loopback(host) or settings.allowed_hosts else None
        app = create_app(database, threads, hosts, settings=settings, tokens=tokens, blobs=objects)
        with maintaining(app.backend.storage, settings.trash_days):
            _spare_collector()
            with _known_address(data_dir, listener, host):
                _serve(app, listener, lambda: (announce or _announce)(address), stop_timeout_s, stop)


@contextmanager
def _listening(data_dir: Path, settings: Settings, is_shared: bool) -> Iterator[socket.socket]:
    """Hold the data and the port: the data first, whose error says who has it, unless it would have to be created."""
    with ExitStack() as stack:
        is_there = data_dir.exists()
        if is_there:
            stack.enter_context(held(data_dir, is_shared))
        listener = stack.enter_context(_listen(settings.host, settings.port))
        if not is_there:
            stack.enter_context(held(data_dir, is_shared))
        yield listener


def _require_sound(database: Database, settings: Settings) -> None:
    """Refuse to serve from a file whose structure is damaged, as far as a short look at it tells."""
    if isinstance(database.location, SqliteLocation):
        fault = quick_fault(database.location.path, LOOK_S)
        if fault is not None:
            raise DamagedError(
                path=database.location.path,
                reason=said("is not a usable database ({reason})", reason=fault),
                hint=said(
                    "See all: {check}; then restore a backup: {restore}",
                    check=command("check", database.data_dir, settings),
                    restore=command("restore FILE", database.data_dir, settings),
                ),
            )


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Yield the threads of the services. What is still waiting for one at the end is not begun."""
    threads = ThreadPoolExecutor(THREADS, "aimd")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


@contextmanager
def _known_address(data_dir: Path, listener: socket.socket, host: str) -> Iterator[None]:
    """Store next to the data where the server listens, for `aimd server status`. A killed server leaves it behind."""
    address_file = data_dir / ADDRESS_FILE
    number = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    descriptor = os.open(address_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump({"address": f"http://{shown}:{number}", "pid": os.getpid()}, file)
    try:
        yield
    finally:
        address_file.unlink(missing_ok=True)


def _spare_collector() -> None:
    """Collect garbage rarely, and not in what the server keeps until it ends: JSON is many objects without cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 20)


def _usable(blobs: Blobs) -> Blobs:
    try:
        blobs.check()
    except StoreUnavailableError as error:
        raise ObjectStoreError(reason=str(error)) from error
    return blobs


def _listen(host: str, port: int) -> socket.socket:
    try:
        if _SHORT_ADDRESS.fullmatch(host):  # which the system completes: 2501 is 0.0.9.197, and 0 all addresses
            raise OverflowError(said("an IPv4 address has four numbers"))
        if not 0 <= port <= _MAX_PORT:  # getaddrinfo truncates a greater one
            raise OverflowError(said("a port is between 0 and {highest}", highest=_MAX_PORT))
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError, OverflowError) as error:
        raise UsageError(
            message=said(
                "cannot listen on {host} port {port}: {reason}", host=host, port=port, reason=_reason_of(error)
            ),
            hint=_hint(host),
        ) from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(socket.SOMAXCONN)  # so that a second server on the port fails here rather than later
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host=host, port=port) from error
        is_elsewhere = error.errno == errno.EADDRNOTAVAIL
        reason = "this machine does not have that address" if is_elsewhere else error.strerror or str(error)
        raise UsageError(
            message=said("cannot listen on {host} port {port}: {reason}", host=host, port=port, reason=reason),
            hint=_hint(host) if is_elsewhere else "Choose another --host or --port",
        ) from error
    return listener


def _reason_of(error: Exception) -> object:
    if isinstance(error, OverflowError):
        return error.args[0]
    if isinstance(error, UnicodeError):
        return "that is not a name"
    return getattr(error, "strerror", None) or error


def _hint(host: str) -> Said | str:
    """Return what to type instead of a host on which nothing can listen."""
    if host.isdecimal():
        return said("To choose the port: --port {port}", port=host)
    if _MORE_THAN_A_HOST.search(host):
        return "Give the address alone, without brackets, a port or a path: --host 127.0.0.1 --port 2463"
    return "Name an address of this machine, such as 127.0.0.1"


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{SERVER_PATH}"


def _say(text: str) -> None:
    print(translated(text), file=sys.stderr, flush=True)  # noqa: T201  this is the program's talk


def _say_where(database: Database, settings: Settings) -> None:
    host = settings.host
    _say(said("Data: {directory}", directory=database.data_dir.resolve()))
    if not database.is_file:
        _say(said("Database: {database}", database=database.location.shown))
        if settings.blobs is None:
            _say(said("Large objects are on this machine only: give all replicas the same --blobs s3://BUCKET/PREFIX."))
    if is_loopback(host):
        _say(said("Reachable from this machine only; --host 0.0.0.0 opens it to the network."))
    else:
        _say(
            said(
                "Warning: reachable from the network at {host} without TLS: put a TLS proxy in front of it.", host=host
            )
        )
    if not is_any_user(database):
        add, create = (
            command(words, database.data_dir, settings) for words in ("user add NAME", "key create --user NAME")
        )
        _say(said("There is no user yet. Run: {add}, then: {create}", add=add, create=create))


def _connections() -> int:
    """Return how many connections may be open: fewer if the system allows few files."""
    most = MOST_CONNECTIONS
    if sys.platform == "win32":
        return most
    import resource

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if files == resource.RLIM_INFINITY else max(16, min(most, files - FILES_KEPT))


def _announce(address: str) -> None:
    print(f"Listening on {address}", flush=True)  # noqa: T201  the one line that programs read


def _serve(
    app: Guards, listener: socket.socket, started: Callable[[], None], stop_timeout_s: int, stop: Stopping
) -> None:
    import uvicorn

    from aimd_server.http_protocol import ConnectionLimits, bounded

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                started()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.backend.stop(stop_timeout_s / 2)  # so that nobody waits for event streams or long reads
            await super().shutdown(sockets)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            # `Stopping` listens, also before. Uvicorn raises the signal again; here it requests a normal end.
            yield

    most = _connections()  # behind a proxy, all of them come from its address
    config = uvicorn.Config(
        app,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http=bounded(SECURITY_HEADERS, ConnectionLimits(most, per_address=most if app.proxies.is_any else most // 2)),
        ws="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=stop_timeout_s,
    )
    stop.server = Announcing(config)
    if not stop.is_wished:
        stop.server.run(sockets=[listener])
