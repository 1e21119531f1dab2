"""What a browser may load without a key: the console, which holds no data by itself, and whether the server is well.

The meters are beside them, for who looks after the server only.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from aimd_server.routes.access import Access, Backend, Call, Handler, RouteTable
from aimd_server.routes.answers import empty_answer, text_answer
from aimd_server.routes.console_files import INDEX, ConsoleFiles
from aimd_server.routes.v2 import Version2
from aimd_server.services import monitoring
from aimd_server.services.refusals import RefusalError
from aimd_server.stores.accounts import Account


class Pages:
    """The dialect of pages: there is nobody to let in, and errors are empty."""

    async def authenticate(self, request: Request, backend: Backend) -> Account | Response:
        """Let nobody in: a page is public or it is not here."""
        return empty_answer(404)

    def refused(self, error: RefusalError) -> Response:
        """Return that there is no such page."""
        return empty_answer(404)

    def unavailable(self) -> Response:
        """Return that the database cannot be used now."""
        return text_answer("unavailable", 503, {"Retry-After": "2"})

    def wrong_method(self, allowed: list[str]) -> Response:
        """Return which methods the path takes."""
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
    """Answer that the process answers."""
    return text_answer("ok")


async def get_readiness(call: Call) -> Response:
    """Answer whether requests can be served now: the database answers, and its writer works."""
    await call.backend.run(monitoring.check_ready, call.database)
    return text_answer("ready")


async def get_metrics(call: Call) -> Response:
    """Answer with the server's meters, as Prometheus reads them."""
    gauges = await call.backend.run(monitoring.gauges, call.database)
    return Response(call.backend.meters.text(gauges), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add(table: RouteTable, path: str, handler: Handler) -> None:
    for method in ("GET", "HEAD"):
        table.add(method, path, handler, access=Access.PUBLIC_PAGE)


def routes(web: str, files: ConsoleFiles | None = None) -> list[RouteTable]:
    """Return the pages: the console below `web`, the ways there, `/healthz`, `/readyz` and `/metrics`.

    Ways are relative, so that they also lead there behind a proxy that serves this server below a path of its own.
    """
    files = files or ConsoleFiles()
    console, top = RouteTable(web, Pages()), RouteTable("", Pages())
    _add(console, "/", _index(files))
    for folder in ("", "assets/"):
        _add(console, f"/{folder}{{file}}", _file(files, folder))
    _add(top, "/", _redirect(f"{web.removeprefix('/')}/"))
    _add(top, web, _redirect(f"{web.rpartition('/')[2]}/"))
    _add(top, "/healthz", get_health)
    _add(top, "/readyz", get_readiness)
    meters = RouteTable("", Version2())
    meters.add("GET", "/metrics", get_metrics, access=Access.ADMIN)
    return [console, top, meters]
