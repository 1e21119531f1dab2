"""What a browser may load without a key: the console, which contains no data, and the health of the server.

Also the meters, for admins only.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from aimd_server.errors import StoreUnavailableError
from aimd_server.routes.access import Access, Backend, Call, Handler, RouteTable
from aimd_server.routes.answers import empty_answer, text_answer
from aimd_server.routes.console_files import FRAMES, INDEX, ConsoleFiles
from aimd_server.routes.v2 import Version2
from aimd_server.services import monitoring
from aimd_server.services.request_errors import RefusalError
from aimd_server.stores.accounts import Account


class Pages:
    """The dialect of pages: nobody is authenticated, and errors are empty."""

    async def authenticate(self, request: Request, backend: Backend) -> Account | Response:
        """Admit nobody: a page is public or does not exist."""
        return empty_answer(404)

    def refused(self, error: RefusalError, request: Request) -> Response:
        """Return a 404."""
        return empty_answer(404)

    def unavailable(self, error: StoreUnavailableError, request: Request) -> Response:
        """Return a 503."""
        return text_answer("unavailable", 503, {"Retry-After": "2"})

    def wrong_method(self, allowed: list[str], request: Request) -> Response:
        """Return the methods that the path supports."""
        return empty_answer(405, {"Allow": ", ".join(allowed)})


def _index(files: ConsoleFiles) -> Handler:
    async def answer(call: Call) -> Response:
        return files.answer(INDEX, call.request)

    return answer


def _file(files: ConsoleFiles, folder: str) -> Handler:
    async def answer(call: Call) -> Response:
        return files.answer(folder + call.part("file"), call.request)

    return answer


def _redirect(path: str) -> Handler:
    async def answer(call: Call) -> Response:
        return empty_answer(307, {"Location": path})

    return answer


async def get_health(call: Call) -> Response:
    """Answer that the process is alive."""
    return text_answer("ok")


async def get_readiness(call: Call) -> Response:
    """Answer whether requests can be served: the database answers and its writer works."""
    await call.backend.run(monitoring.check_ready, call.database)
    return text_answer("ready")


async def get_metrics(call: Call) -> Response:
    """Answer with the server's meters in Prometheus format."""
    gauges = await call.backend.run(monitoring.gauges, call.database)
    return Response(call.backend.meters.text(gauges), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add(table: RouteTable, path: str, handler: Handler) -> None:
    for method in ("GET", "HEAD"):
        table.add(method, path, handler, access=Access.PUBLIC_PAGE)


def routes(web: str, files: ConsoleFiles | None = None) -> list[RouteTable]:
    """Return the pages: the console below `web`, redirects to it, `/healthz`, `/readyz` and `/metrics`.

    Redirects are relative, so that they work behind a proxy that serves this server below a path.
    """
    files = files or ConsoleFiles()
    console, top = RouteTable(web, Pages()), RouteTable("", Pages())
    _add(console, "/", _index(files))
    for folder in ("", "assets/", FRAMES, f"{FRAMES}assets/"):
        _add(console, f"/{folder}{{file}}", _file(files, folder))
    _add(top, "/", _redirect(f"{web.removeprefix('/')}/"))
    _add(top, web, _redirect(f"{web.rpartition('/')[2]}/"))
    _add(top, "/healthz", get_health)
    _add(top, "/readyz", get_readiness)
    meters = RouteTable("", Version2())
    meters.add("GET", "/metrics", get_metrics, access=Access.ADMIN)
    return [console, top, meters]
