"""One connection to one server: deadlines, size limits, retries and errors, for every request alike.

Promises: a redirect is never followed, so the key goes to no other host; a call ends within its deadline, also
when the server drips a byte at a time; a body is complete or an error; no message holds the key.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from aimd_core.errors import BusyError, NetworkError, NotAServerError, UnreachableError
from aimd_core.version import __version__

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
CALL_DEADLINE_S = 120.0
MAX_BODY_BYTES = 64 << 20
_BUSY_STATUSES = (429, 500, 502, 503, 504)


class RetryPolicy:
    """When to try again: at most `tries` times, `base_s` doubling up to `cap_s` with full jitter."""

    def __init__(self, tries: int = 5, base_s: float = 0.5, cap_s: float = 15.0) -> None:
        self.tries = tries
        self.base_s = base_s
        self.cap_s = cap_s

    def delay_s(self, attempt: int, retry_after_s: float | None) -> float:
        """Return how long to wait after failed attempt number `attempt`, from 0."""
        ceiling_s = min(self.cap_s, self.base_s * float(2**attempt))
        jittered = random.uniform(0.1, 1.0) * ceiling_s  # noqa: S311 - no secret
        return max(jittered, min(retry_after_s or 0.0, 60.0))


NO_RETRY = RetryPolicy(tries=1)


class Response:
    """A complete answer.

    Attributes:
        status: The HTTP status.
        headers: Header values by lower-case name.
        body: All bytes of the body.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """Return the body as JSON, or None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Connection:
    """Requests to one host. Use it as a context manager; it is not shared between threads."""

    def __init__(
        self,
        host: str,
        headers: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        connect_timeout_s: float | None = None,
    ) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            host: The server's address in normal form, without a trailing slash.
            headers: Sent with every request, such as the key.
            retry: When to try again; by default five times.
            connect_timeout_s: How long to wait for the connection and for each piece of an answer.
        """
        self.host = host
        self.retry = retry or RetryPolicy()
        self._answered = False
        self._client = httpx.Client(
            headers={"User-Agent": f"aimd/{__version__}", "Accept-Encoding": "identity", **(headers or {})},
            timeout=httpx.Timeout(connect_timeout_s or READ_TIMEOUT_S, connect=connect_timeout_s or CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request that may safely be sent twice, and return its answer, whatever its status below 500.

        Args:
            method: The HTTP method.
            path: From the host on, with a leading slash.
            query: Parameters of the URL.
            document: A body sent as JSON.
            content: A body sent as it is.
            headers: More headers.

        Raises:
            UnreachableError: No complete answer came.
            BusyError: The server is busy or failing.
        """
        sent = dict(headers or {})
        if document is not None:
            content = json.dumps(document, allow_nan=False).encode()
            sent["Content-Type"] = "application/json"
        return self._persist(lambda: self._call(method, path, query, content, sent))

    def _persist(self, call: Callable[[], Response]) -> Response:
        attempt = 0
        while True:
            try:
                return call()
            except NetworkError as error:
                # A server that was never there is said at once; one that has answered before may come back.
                if attempt + 1 >= self.retry.tries or (error.facts.get("refused") and not self._answered):
                    raise
                retry_after_s = error.facts.get("retry_after_s")
                time.sleep(self.retry.delay_s(attempt, retry_after_s if isinstance(retry_after_s, float) else None))
            attempt += 1

    def _call(
        self, method: str, path: str, query: Mapping[str, str] | None, content: bytes | None, headers: dict[str, str]
    ) -> Response:
        deadline_s = time.monotonic() + CALL_DEADLINE_S
        try:
            with self._client.stream(
                method, self.host + path, params=query, content=content, headers=headers
            ) as answer:
                body = self._read(answer, deadline_s, has_body=method != "HEAD")
        except (httpx.TransportError, httpx.InvalidURL) as error:
            refused = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            raise UnreachableError(host=self.host, reason=_transport_reason(error), refused=refused) from None
        self._answered = True
        if answer.status_code in _BUSY_STATUSES:
            raise BusyError(
                host=self.host,
                reason=f"HTTP {answer.status_code}",
                retry_after_s=_retry_after_s(answer.headers.get("Retry-After")),
                status=answer.status_code,
                body=body[:1000],
            )
        return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)

    def _read(self, answer: httpx.Response, deadline_s: float, has_body: bool) -> bytes:
        """Read a whole body within the deadline; a body whose end cannot be known is refused."""
        bounded = "Content-Length" in answer.headers or "Transfer-Encoding" in answer.headers
        if has_body and not bounded and answer.status_code not in (204, 304):
            raise UnreachableError(host=self.host, reason="the answer has no length, so it may be cut")
        body = bytearray()
        for piece in answer.iter_raw():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                raise NotAServerError(host=self.host, reason=f"more than {MAX_BODY_BYTES >> 20} MiB in one answer")
            if time.monotonic() > deadline_s:
                raise UnreachableError(host=self.host, reason=f"no complete answer within {CALL_DEADLINE_S:.0f} s")
        return bytes(body)


def _transport_reason(error: Exception) -> str:
    reasons: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "the connection timed out",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "it stopped reading",
        httpx.RemoteProtocolError: "the connection was closed in the middle of an answer",
        httpx.ReadError: "the connection was lost",
    }
    return reasons.get(type(error)) or str(error) or type(error).__name__


def _retry_after_s(value: str | None) -> float | None:
    """Return what a Retry-After header asks for, in seconds; None when it asks for nothing sensible."""
    if not value:
        return None
    try:
        return max(0.0, float(int(value)))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError, TypeError):
        return None
