"""A connection to a server, with the same deadlines, size limits, retries and errors for every request.

It promises that no redirect is followed, so the key reaches no other host; that a call ends within its deadline, even
if the server sends a byte at a time; that a body is complete or an error; and that no message contains the key.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from aimd_core.client import watch
from aimd_core.client.lean_httpx import httpx
from aimd_core.client.network_settings import open_client, proxy_of
from aimd_core.errors import (
    BusyError,
    NetworkError,
    NotAServerError,
    StorageAwayError,
    StorageFullError,
    UnreachableError,
)
from aimd_core.language import said
from aimd_core.version import __version__

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
CALL_DEADLINE_S = 120.0
STREAM_DEADLINE_S = 3600.0
SLOWEST_BYTES_PER_S = 64 << 10  # of a body that is sent
MAX_BODY_BYTES = 64 << 20
PIECE_BYTES = 256 << 10  # of a body that is sent
MAX_RETRY_AFTER_S = 60.0
_BUSY_STATUSES = (408, 425, 429, 500, 502, 503, 504)
# Errors of a server's storage, each with the sentence that says it in version 1.
_STORAGE_ERRORS = {
    StorageFullError: b"the server has no room left: its disk or its object store is full",
    StorageAwayError: b"the server cannot use its object store now; try again",
}


class RetryPolicy:
    """When to try again: at most `tries` times within `total_s`, `base_s` doubling up to `cap_s` with full jitter."""

    def __init__(self, tries: int = 6, base_s: float = 0.5, cap_s: float = 60.0, total_s: float = 300.0) -> None:
        self.tries = tries
        self.base_s = base_s
        self.cap_s = cap_s
        self.total_s = total_s

    def delay_s(self, attempt: int, retry_after_s: float | None) -> float:
        """Return how long to wait after attempt number `attempt` (from 0) failed."""
        import random  # loads what only it needs

        ceiling_s = min(self.cap_s, self.base_s * float(2**attempt))
        jittered = random.uniform(0.1, 1.0) * ceiling_s  # noqa: S311 - no secret
        return max(jittered, min(max(retry_after_s or 0.0, 0.0), MAX_RETRY_AFTER_S))


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
        """Return the body as JSON, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Connection:
    """Requests to one host. Use it as a context manager, in one thread."""

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
        self._stopping = threading.Event()
        self._sockets: list[socket.socket] = []
        self._client = open_client(
            host,
            {"User-Agent": f"aimd/{__version__}", "Accept-Encoding": "identity", **(headers or {})},
            httpx.Timeout(connect_timeout_s or READ_TIMEOUT_S, connect=connect_timeout_s or CONNECT_TIMEOUT_S),
        )

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def abort(self) -> None:
        """Abort the current request, from another thread. It raises UnreachableError and is not retried."""
        self._stopping.set()
        self.cut()

    def cut(self) -> None:
        """Cut the current connection, from another thread. The next request opens a new one."""
        sockets, self._sockets = self._sockets, []
        for connected in sockets:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _note(self, event: str, facts: Mapping[str, Any]) -> None:
        """Remember each new socket, so that another thread can cut it."""
        if event == "connection.connect_tcp.complete":
            connected = facts["return_value"].get_extra_info("socket")
            if connected is not None:
                self._sockets = [known_socket for known_socket in self._sockets if known_socket.fileno() >= 0]
                self._sockets.append(connected)

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
        """Send a request that is safe to repeat, and return its answer with any status below 500.

        Args:
            method: The HTTP method.
            path: The path after the host, with a leading slash.
            query: The URL's parameters.
            document: A body sent as JSON.
            content: A body sent as is.
            headers: More headers.

        Raises:
            UnreachableError: There was no complete answer.
            BusyError: The server is busy or failing.
        """
        return self.persist(
            lambda: self.once(method, path, query=query, document=document, content=content, headers=headers)
        )

    def persist(self, call: Callable[[], T], after: type[NetworkError] = NetworkError) -> T:
        """Return what `call` returns, retrying by the retry policy after a NetworkError, or one of its classes.

        What no waiting mends is raised at once: something that is no AIMD server, and a server that is full.
        """
        attempt = 0
        started_s = time.monotonic()
        while True:
            try:
                return call()
            except (NotAServerError, StorageFullError):  # somebody has to make room, which takes longer than a retry
                raise
            except NetworkError as error:
                # A server that never answered is reported at once; one that has answered may come back.
                is_worth_it = isinstance(error, after) and attempt + 1 < self.retry.tries
                if not is_worth_it or (error.facts.get("refused") and not self._answered):
                    raise
                retry_after_s = error.facts.get("retry_after_s")
                delay_s = self.retry.delay_s(attempt, retry_after_s if isinstance(retry_after_s, float) else None)
                late = time.monotonic() - started_s + delay_s > self.retry.total_s
                if late or self._stopping.wait(delay_s):
                    raise
            attempt += 1

    def once(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: object = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        size_bytes: int = 0,
    ) -> Response:
        """Send a request once, and return its answer with any status below 500. Arguments as for `request`.

        A body may also come piece by piece. Its size in bytes lengthens the deadline.
        """
        sent = dict(headers or {})
        if document is not None:
            content = json.dumps(document, allow_nan=False).encode()
            sent["Content-Type"] = "application/json"
        if self._stopping.is_set():
            raise UnreachableError(host=self.host, reason="stopped")
        deadline_s = time.monotonic() + CALL_DEADLINE_S + size_bytes / SLOWEST_BYTES_PER_S
        with watch.until(self, deadline_s):
            return self._call(method, path, query, content, sent, deadline_s)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        content: bytes | Iterator[bytes] | None,
        headers: dict[str, str],
        deadline_s: float,
    ) -> Response:
        if isinstance(content, bytes) and len(content) > PIECE_BYTES:  # in one piece, httpx takes several times as much
            headers["Content-Length"] = str(len(content))
            content = _pieces(content)
        try:
            with self._client.stream(
                method,
                self.host + path,
                params=query,
                content=content,
                headers=headers,
                extensions={"trace": self._note},
            ) as answer:
                body = self._read(answer, deadline_s, has_body=method != "HEAD")
        except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:  # the last for odd host names
            refused = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            late = time.monotonic() > deadline_s
            reason = (
                said("no complete answer within {call_deadline_s:.0f} s", call_deadline_s=CALL_DEADLINE_S)
                if late
                else _transport_reason(error, self.host)
            )
            raise UnreachableError(host=self.host, reason=reason, refused=refused) from None
        self._answered = True
        return self.refuse_busy(Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body))

    def refuse_busy(self, answer: Response) -> Response:
        """Return an answer, unless it says that the server is busy or failing.

        Raises:
            BusyError: It does; of a class of its own if the server says that it has no room, or no object store.
        """
        if answer.status not in _BUSY_STATUSES:
            return answer
        raise _busy_class(answer)(
            host=self.host,
            reason=said("HTTP {status_code}", status_code=answer.status),
            retry_after_s=_retry_after_s(answer.headers.get("retry-after"), answer.headers.get("date")),
            status=answer.status,
            body=answer.body[:1000],
        )

    def stream(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        take: Callable[[bytes], bool],
        status: int,
        query: Mapping[str, str] | None = None,
        is_measured: bool = True,
        content: bytes | None = None,
    ) -> Response | None:
        """Pass a large body to `take` as it arrives. Return None, or the answer if it has another status.

        `take` returns whether it takes more; what follows then is not read. Unless the answer is measured, that is,
        must have a length, the caller compares the size. `content` is the body of the request.

        Raises:
            UnreachableError: The body is incomplete.
        """
        if self._stopping.is_set():
            raise UnreachableError(host=self.host, reason="stopped")
        deadline_s = time.monotonic() + CALL_DEADLINE_S
        try:
            with (
                watch.until(self, deadline_s + STREAM_DEADLINE_S),
                self._client.stream(
                    method,
                    self.host + path,
                    params=query,
                    content=content,
                    headers=dict(headers),
                    extensions={"trace": self._note},
                ) as answer,
            ):
                self._answered = True
                if answer.status_code != status:
                    body = self._read(answer, deadline_s, has_body=True)
                    return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)
                if is_measured and "Content-Length" not in answer.headers:
                    raise UnreachableError(host=self.host, reason="the answer has no length, so it may be truncated")
                if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise NotAServerError(host=self.host, reason="a compressed answer, which was not requested")
                for piece in answer.iter_raw():
                    if not take(piece):
                        break
                return None
        except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
            raise UnreachableError(host=self.host, reason=_transport_reason(error, self.host)) from None

    def endless(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], take: Callable[[bytes], None]
    ) -> Response | None:
        """Pass a body without an end, such as one of events, to `take` as it arrives, until it is cut or ends.

        Returns:
            None, or the answer if its status is not 200.

        Raises:
            UnreachableError: The connection was lost or cut, or was silent for longer than it may be.
        """
        try:
            with self._client.stream(
                "GET", self.host + path, params=dict(query), headers=dict(headers), extensions={"trace": self._note}
            ) as answer:
                if answer.status_code != 200:
                    body = self._read(answer, time.monotonic() + CALL_DEADLINE_S, has_body=True)
                    return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)
                for piece in answer.iter_raw():
                    take(piece)
                return None
        except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
            raise UnreachableError(host=self.host, reason=_transport_reason(error, self.host)) from None

    def _read(self, answer: httpx.Response, deadline_s: float, has_body: bool) -> bytes:
        """Read a whole body within the deadline; refuse one whose end cannot be known."""
        bounded = "Content-Length" in answer.headers or "Transfer-Encoding" in answer.headers
        if has_body and not bounded and answer.status_code not in (204, 304):
            raise UnreachableError(host=self.host, reason="the answer has no length, so it may be truncated")
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise NotAServerError(host=self.host, reason="a compressed answer, which was not requested")
        body = bytearray()
        for piece in answer.iter_raw():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                raise NotAServerError(
                    host=self.host,
                    reason=said("more than {max_body_bytes} MiB in one answer", max_body_bytes=MAX_BODY_BYTES >> 20),
                )
            if time.monotonic() > deadline_s:
                raise UnreachableError(
                    host=self.host,
                    reason=said("no complete answer within {call_deadline_s:.0f} s", call_deadline_s=CALL_DEADLINE_S),
                )
        return bytes(body)


def _busy_class(answer: Response) -> type[BusyError]:
    """Return the error that the code in an answer means; version 1 has the server's sentence alone."""
    document = answer.json()
    error = document.get("error") if isinstance(document, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    for kind, sentence in _STORAGE_ERRORS.items():
        if code == kind.code or answer.body.strip() == sentence:
            return kind
    return BusyError


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]


def _transport_reason(error: Exception, host: str) -> str:
    reasons: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "the connection timed out",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "it stopped reading",
        httpx.RemoteProtocolError: "the connection was closed in the middle of an answer",
        httpx.ReadError: "the connection was lost",
    }
    told = str(error)
    told = told.partition("] ")[2] or told if told.startswith("[Errno") else told
    reason = reasons.get(type(error)) or told or type(error).__name__
    proxy = proxy_of(host)
    return said("through the proxy {proxy}: {reason}", proxy=proxy, reason=said(reason)) if proxy else reason


def _retry_after_s(value: str | None, now: str | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None if it makes no sense.

    A time in it is compared with the answer's own Date, so that a wrong clock on one side does no harm.
    """
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:20])
    until_s, now_s = _seconds_of(value), _seconds_of(now)
    return None if until_s is None else max(0.0, until_s - (time.time() if now_s is None else now_s))


def _seconds_of(date: str | None) -> float | None:
    """Return the time in a header, in seconds since the epoch, or None."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
