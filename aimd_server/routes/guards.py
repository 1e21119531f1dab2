"""What every request passes before the routes: the Host check, security headers, and the last handler of faults.

The Host check keeps other people's web pages from reaching a server on this machine through a name that they point here
(DNS rebinding). It comes first, on every path.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Iterable
from functools import lru_cache

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aimd_core.addresses import normal_name
from aimd_core.language import said
from aimd_server.errors import StoreUnavailableError
from aimd_server.routes.access import Backend
from aimd_server.routes.proxies import Proxies, based, prefix_of
from aimd_server.routes.v2 import error_answer
from aimd_server.stores.work import WorkStoppedError

log = logging.getLogger("aimd_server")
requests = logging.getLogger("aimd_server.requests")

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


MAX_QUERY_PARAMETERS = 100
# Two of them would be one for a proxy and the other here.
_SINGLE_HEADERS = {b"content-type", b"content-encoding", b"upload-offset", b"range", b"origin", b"host"}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


@lru_cache(256)
def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _allowed(host: str) -> str:
    """Return the name of an allowed host as a Host header has it, however somebody wrote it in the settings."""
    try:
        return normal_name(host)
    except ValueError:
        return host.lower()


def host_name(header: str) -> str:
    """Return the name in a Host header, without the port, in lower case."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower().removesuffix(".")


def _put_below(message: Message, prefix: str) -> None:
    """Prefix the paths of an answer with the one at which browsers see the server."""
    headers = MutableHeaders(scope=message)
    if headers["location"].startswith("/"):
        headers["location"] = prefix + headers["location"]


class Guards:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None, backend: Backend) -> None:
        """Guard an application.

        Args:
            app: The application.
            hosts: The names allowed besides loopback; None allows every name.
            backend: Whose meters count the requests.
        """
        self.app = app
        self.backend = backend
        self.proxies = Proxies(backend.settings.trusted_proxies)
        self.hosts = None if hosts is None else frozenset(map(_allowed, hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        scope = based(self.proxies.unfolded(scope), self.backend.settings.base_path)
        started, status, begun_s = False, 0, time.perf_counter()

        async def send_guarded(message: Message) -> None:
            nonlocal started, status
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                given = {name for name, _ in message["headers"]}  # in lower case, as ASGI has it
                more = [header for header in _RAW_HEADERS if header[0] not in given]
                message["headers"] = [*message["headers"], *more]
                if prefix_of(scope) and b"location" in given:
                    _put_below(message, prefix_of(scope))
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_guarded)
            return
        try:
            fault = await self._run(scope, receive, send_guarded)
            if fault and started:
                raise RuntimeError("the answer had begun")
            if fault:
                answer = error_answer(scope, "internal", "the server failed; its log says why")
                await answer(scope, receive, send_guarded)
        finally:
            self._count(scope, status, time.perf_counter() - begun_s)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Run the application for a request, and return whether it failed; then the log has the reason."""
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            pass
        except asyncio.CancelledError:
            if not self.backend.is_stopping:
                raise
            log.warning("%s %r was ended: the server stops", scope["method"], scope["path"])
        except WorkStoppedError as error:
            log.warning("%s %r was ended: %s", scope["method"], scope["path"], error.reason)
        except StoreUnavailableError as error:  # in the middle of an answer, else it would be a 503
            log.warning("%s %r was cut off: %s", scope["method"], scope["path"], error)
        except Exception:
            # The path only, because a query can contain a key. Quoted, so that it stays on one line.
            log.exception("%s %r failed", scope["method"], scope["path"])
            return True
        return False

    def _count(self, scope: Scope, status: int, duration_s: float) -> None:
        """Count a request, and log it if enabled, but never its query, which can contain a key."""
        route = scope.get("aimd.route", "(none)")
        self.backend.meters.count(scope["method"], route, status, duration_s)
        if requests.isEnabledFor(logging.INFO):
            facts = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "duration_ms": round(duration_s * 1000, 1),
                "client": self.proxies.client_of(scope),
            }
            requests.info("%s %r %s", scope["method"], scope["path"], status, extra={"facts": facts})

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that no route should see, or None."""
        if not self._knows(scope):
            return error_answer(scope, "bad_host", "this server does not go by that name")
        if scope["query_string"].count(b"&") >= MAX_QUERY_PARAMETERS:
            words = said("an address has {limit} fields at most", limit=MAX_QUERY_PARAMETERS)
            return error_answer(scope, "bad_request", words, limit=MAX_QUERY_PARAMETERS)
        names = [name for name, _ in scope["headers"]]
        if len(set(names)) < len(names):
            twice = [name for name in _SINGLE_HEADERS if names.count(name) > 1]
            if twice:
                return error_answer(scope, "bad_request", said("there are two headers {name}", name=twice[0].decode()))
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in scope["headers"]):
            return error_answer(scope, "bad_request", "Transfer-Encoding is chunked, if there is one")
        return None

    def _knows(self, scope: Scope) -> bool:
        if self.hosts is None:
            return True
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1:
            return False
        name = host_name(given[0].decode("latin-1"))
        return name in self.hosts or is_loopback(name)
