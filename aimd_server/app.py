"""The ASGI application: all routes behind the guards. Every route declares who may call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from aimd_core.format.protocol import SERVER_PATH, V2_PATH
from aimd_server.blobs import Blobs, open_blobs
from aimd_server.routes import pages, v1, v2
from aimd_server.routes.access import Backend, RouteTable, guarded
from aimd_server.routes.answers import empty_answer
from aimd_server.routes.console_files import ConsoleFiles
from aimd_server.routes.guards import Guards
from aimd_server.routes.v2 import Version2
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.sessions import Tokens
from aimd_server.settings import Settings
from aimd_server.storage import joined
from aimd_server.stores.database import Database
from aimd_server.stores.writer import StoreUnavailableError

WEB = "/t9k/experiment/web"
THREADS = 16  # requests that wait for the database at once


def create_app(
    database: Database,
    threads: ThreadPoolExecutor,
    hosts: Iterable[str] | None = (),
    more: Sequence[RouteTable] = (),
    settings: Settings | None = None,
    tokens: Mapping[str, str] | None = None,
    blobs: Blobs | None = None,
    console: ConsoleFiles | None = None,
) -> Guards:
    """Return the application.

    Args:
        database: Open, with its writer started.
        threads: Where the services run.
        hosts: Names besides loopback that requests may be addressed to; None allows every name.
        more: Further routes.
        settings: The server's settings.
        tokens: API keys by token; a token signs one browser in once (`POST /session`).
        blobs: The object store; by default the one in the data directory.
        console: The files of the web console; by default those of the package.

    Raises:
        UndeclaredAccessError: A route does not declare who may call it.
    """
    tables = [v2.routes(SERVER_PATH), *v1.routes(SERVER_PATH, f"{WEB}/"), *pages.routes(WEB, console), *more]
    storage = joined(database, blobs or open_blobs(None, database.data_dir))
    backend = Backend(storage, threads, settings, Tokens(tokens))
    return Guards(Application(tables, backend), hosts, backend)


class _ApplicationState:
    """What requests see as `request.app.state`."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend


class Application:
    """A router for guarded routes, with answers for unknown paths."""

    def __init__(self, tables: Iterable[RouteTable], backend: Backend) -> None:
        self.state = _ApplicationState(backend)
        self.router = Router(guarded(tables), redirect_slashes=False, default=self._unknown)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["app"] = self
        await self.router(scope, receive, send)

    async def _unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for an unknown path: empty, but below /apis/v2/ the key is checked as for a known one."""
        response: Response = empty_answer(404)
        if f"{scope['path']}/".startswith(f"{SERVER_PATH}{V2_PATH}/"):
            response = await self._unknown_v2(Request(scope, receive))
        await response(scope, receive, send)

    async def _unknown_v2(self, request: Request) -> Response:
        dialect = Version2()
        try:
            caller = await dialect.authenticate(request, self.state.backend)
        except RefusalError as error:
            return dialect.refused(error, request)
        except StoreUnavailableError as error:
            return dialect.unavailable(error, request)
        return caller if isinstance(caller, Response) else dialect.not_found(request)
