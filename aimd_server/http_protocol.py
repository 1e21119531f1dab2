"""Bounds what a connection may cost: uvicorn's HTTP protocol with limits for all that a client can send or delay.

Uvicorn itself waits forever for a first byte, for the rest of a head, for the rest of a body that was already answered,
and for a client that does not read. It also keeps any number of headers, of headers behind the last chunk (trailers,
which it adds to those of the request) and of queued requests. Here each of these has a limit, and trailers are
discarded. When all connections are in use, the one that has been quiet longest is closed, so that silent clients keep
nobody out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle


class ConnectionLimits:
    """The limits, which are listed in docs/concepts/security.md.

    Attributes:
        connections: Open at once.
        per_address: Of those, from one address; by default half.
        head_bytes: Size of a request line with its headers; also of what surrounds chunks, and of trailers.
        headers: Number of headers.
        queued: Requests that wait on a connection for the answer to an earlier one.
        idle_s: Without a request, also before the first byte.
        head_s: From the first to the last byte of a head, and for a body that is no longer needed.
        write_s: Without the client reading a byte of an answer.
    """

    def __init__(
        self,
        connections: int,
        *,
        head_bytes: int = 64 << 10,
        per_address: int = 0,
        headers: int = 128,
        queued: int = 16,
        idle_s: float = 30.0,
        head_s: float = 10.0,
        write_s: float = 60.0,
    ) -> None:
        self.connections = connections
        self.per_address = per_address or max(1, connections // 2)
        self.head_bytes = head_bytes
        self.headers = headers
        self.queued = queued
        self.idle_s = idle_s
        self.head_s = head_s
        self.write_s = write_s


_FRAMING_PER_BYTE = 16  # bytes that surround a byte of a body in chunks of one byte, such as "00000001\r\nx\r\n"


class _RefusedError(Exception):
    """Raised in the parser, which then ends the connection."""


class Client:
    """Tells the work that is done for a client whether it is still there: `aimd.client` in the scope of a request."""

    __slots__ = ("has_left",)

    def __init__(self) -> None:
        self.has_left = False


class BoundedProtocol(HttpToolsProtocol):
    """A connection. `bounded` makes the class that a server uses."""

    limits: ConnectionLimits
    headers_of_errors: Mapping[str, str] = {}
    quiet: dict[BoundedProtocol, None]  # of a server: those that wait for their client, longest first

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._head_bytes = self._body_bytes = self._framing_bytes = self._messages = 0
        self._client = Client()
        self._running: RequestResponseCycle | None = None
        self._in_head = self._in_body = False
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._refusal = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection if there is room, or some can be made."""
        super().connection_made(transport)
        mine = _of_address(self) if len(self.connections) > self.limits.per_address else 0
        if mine > self.limits.per_address or len(self.connections) > self.limits.connections:
            of_all = mine <= self.limits.per_address
            longest = next((other for other in self.quiet if of_all or _address(other) == _address(self)), None)
            if longest is None:
                self._end(503, "Too many connections: try again later.", "retry-after: 2\r\n")
                return
            del self.quiet[longest]
            longest.transport.abort()
        self._wait(self.limits.idle_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and its queued requests."""
        self.pipeline.clear()
        self._client.has_left = True
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        self.quiet.pop(self, None)
        for timer in (self._deadline, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, counting those of a head before it is complete, and those of a body that are not its content."""
        message, before_bytes = (self._messages, self._in_head, self._in_body), self._body_bytes
        super().data_received(data)
        if message != (self._messages, self._in_head, self._in_body) or self.transport.is_closing():
            return  # they belong to several parts, and are too few to matter
        if self._in_head:
            self._head_bytes += len(data)
        elif self._in_body:
            self._framing_bytes += len(data) - (self._body_bytes - before_bytes)
        most_framing_bytes = self.limits.head_bytes + _FRAMING_PER_BYTE * self._body_bytes
        if self._head_bytes > self.limits.head_bytes or self._framing_bytes > most_framing_bytes:
            self._refusal = 431
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head, self._in_body, self._messages = True, False, self._messages + 1
        self._head_bytes = self._body_bytes = self._framing_bytes = 0
        if not self._is_busy():
            self._wait(self.limits.head_s)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of a head. One behind the last chunk is discarded: it must never become part of the request."""
        if not self._in_head:
            return
        if len(self.headers) >= self.limits.headers:
            self._refusal = 431
            raise _RefusedError
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; a large one as it is, which uvicorn would copy twice."""
        self._body_bytes += len(body)
        if len(body) > HIGH_WATER_LIMIT and not (self.cycle.body or self.cycle.response_complete):
            self.cycle.body, body = body, b""  # type: ignore[assignment]  # it only adds to it and makes bytes of it
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Pass a request to the application, whose deadlines count from now on."""
        self._in_head, self._in_body = False, True
        if len(self.pipeline) >= self.limits.queued:
            raise _RefusedError
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limits.head_bytes:
            self._refusal = 431
            raise _RefusedError
        super().on_headers_complete()
        if self._is_busy():
            self._stop_waiting()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope["aimd.client"] = self._client  # type: ignore[typeddict-unknown-key]
        self._running = cycle  # uvicorn only knows the newest one, which may be queued
        super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """Note that the body is complete."""
        super().on_message_complete()
        self._in_body = False
        if not self._is_busy():
            self._wait(self.limits.idle_s)

    def on_response_complete(self) -> None:
        """Wait for what comes next, but not forever for the rest of a body that was answered early."""
        super().on_response_complete()
        if not self._is_busy():
            self._wait(self.limits.head_s if self._in_head or self._in_body else self.limits.idle_s)

    def pause_writing(self) -> None:
        """Give a client that does not read some time."""
        super().pause_writing()
        if self._unread is not None:
            self._unread.cancel()
        self._watch_reader(self.transport.get_write_buffer_size() + 1)

    def _watch_reader(self, before_bytes: int) -> None:
        self._unread, left_bytes = None, self.transport.get_write_buffer_size()
        if not self.flow.write_paused:
            return
        if left_bytes >= before_bytes:
            self.transport.abort()
            return
        self._unread = self.loop.call_later(self.limits.write_s, self._watch_reader, left_bytes)

    def _is_busy(self) -> bool:
        """Tell whether the application is working for this connection."""
        return self.cycle is not None and (not self.cycle.response_complete or bool(self.pipeline))

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self.quiet[self] = None
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        self.quiet.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()

    def _give_up(self) -> None:
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()  # closing would wait until the client has read the rest
        elif self._in_head:
            self._end(408, "The head of the request took too long.")
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or too much of it; in the middle of another answer, only end the connection."""
        most = f"{self.limits.head_bytes} bytes and {self.limits.headers} headers"
        text = msg if self._refusal == 400 else f"The head of a request has at most {most}, and so has what ends it."
        if self.pipeline or (self._running is not None and self._running.response_started and self._is_busy()):
            self.transport.abort()
        else:
            self._end(self._refusal, text)

    def _end(self, status: int, text: str, more: str = "") -> None:
        fields = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(text)), "connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**self.headers_of_errors, **fields}.items())
        self.transport.write(STATUS_LINE[status] + f"{lines}{more}\r\n{text}".encode("ascii"))
        self.transport.close()


def _address(connection: Any) -> str | None:
    return connection.client[0] if connection.client else None


def _of_address(connection: BoundedProtocol) -> int:
    """Return how many connections come from the address of one, which is among them."""
    return sum(_address(other) == _address(connection) for other in connection.connections)


def bounded(headers_of_errors: Mapping[str, str], limits: ConnectionLimits) -> type[BoundedProtocol]:
    """Return the protocol for a server; the headers are for answers before there is a request."""
    values = {"limits": limits, "headers_of_errors": headers_of_errors, "quiet": {}}
    return type("ServerProtocol", (BoundedProtocol,), values)
