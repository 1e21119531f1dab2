"""A proxy before a real server that breaks one request in one way. Standard library only."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO

from tests.support.patience import PATIENCE_S

DRIP_S = 0.05

# What happens to a request. Those in APPLIED reach the server all the same: the outcome is unknown to the client.
REFUSED = ("reset on accept", "reset after headers", "reset mid body", "500", "502", "503", "429 seconds", "429 date")
APPLIED = (
    "answer lost",
    "reset after body",
    "cut length",
    "cut chunked",
    "cut without either",
    "500 after",
    "502 after",
)
PARTLY = ("cut on the way",)  # half of the body reaches the server
STRANGE = ("html 200", "wrong length", "2 MB header", "gzip bomb", "redirect")
SWALLOWED = ("swallow mid body", "swallow mid answer")  # a network that loses what follows, and resets nothing
SLOW = ("drip", "header drip", "silence", *SWALLOWED)
DENIED = ("403",)  # as an object store answers whose key was replaced
FAULTS = (*REFUSED, *PARTLY, *APPLIED, *STRANGE, *SLOW)


class Proxy:
    """Passes requests on to `port`; request number `at` (from 0) meets `fault`. Use it as a context manager.

    Attributes:
        requests: The first line of every request, in the order of their coming.
        on_request: Called with the number of each request before it is passed on.
        hides_v2: Whether it looks like a server that knows nothing of version 2.
        is_away: Whether it resets every connection.
        delay_s: How long each request waits.
    """

    def __init__(self, port: int, keeps_host: bool = False) -> None:
        """Listen on a free port.

        Args:
            port: Where the server listens.
            keeps_host: Whether the server sees the Host header as it was sent, which signatures of S3 cover.
        """
        self.target = port
        self.keeps_host = keeps_host
        self.is_away = False
        self.delay_s = 0.0
        self.fault, self.at = "", -1
        self.requests: list[str] = []
        self.wire_bytes = 0
        self.on_request: Callable[[int], None] | None = None
        self.after_request: Callable[[int], None] | None = None
        self.hides_v2 = False
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/t9k/experiment/server"
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def plan(self, fault: str, at: int) -> None:
        """Break the request of that number from now on, once."""
        self.fault, self.at = fault, at
        self.requests.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(30)
        with client:
            reader = client.makefile("rb")
            with reader, contextlib.suppress(OSError, ValueError):
                while self._one(client, reader):
                    pass

    def _one(self, client: socket.socket, reader: BinaryIO) -> bool:
        """Serve one request; return whether the connection goes on."""
        first = reader.readline()
        if not first:
            return False
        with self._lock:
            number = len(self.requests)
            self.requests.append(first.decode().strip())
        fault = self.fault if number == self.at else ""
        if fault == "reset on accept" or self.is_away:
            return _reset(client)
        self._closing.wait(self.delay_s)
        head, length = _read_head(first, reader, self.keeps_host)
        if fault in ("reset after headers", "reset mid body"):
            reader.read(length // 2 if fault == "reset mid body" else 0)
            return _reset(client)
        if fault == "swallow mid body":
            reader.read(length // 2)
            return self._swallow()
        if fault == "cut on the way":
            with socket.create_connection(("127.0.0.1", self.target), timeout=PATIENCE_S) as server:
                server.sendall(self._whole_head(head) + reader.read(length // 2))
            return _reset(client)
        body = reader.read(length)
        self.wire_bytes += len(body)
        if self.on_request is not None:
            self.on_request(number)
        if fault in REFUSED or fault in STRANGE or fault in DENIED:
            return _answer(client, fault)
        if fault == "silence":
            return self._swallow()
        return self._pass(client, number, head, body, fault)

    def _swallow(self) -> bool:
        """Take nothing more and answer nothing, for longer than clients of tests wait."""
        self._closing.wait(3)
        return False

    def _pass(self, client: socket.socket, number: int, head: bytes, body: bytes, fault: str) -> bool:
        if self.hides_v2 and b"/apis/v2" in head.partition(b"\r\n")[0]:
            client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return True
        answer = self._pass_on(head, body)
        if self.after_request is not None:
            self.after_request(number)
        return self._give(client, answer, fault)

    def _whole_head(self, head: bytes) -> bytes:
        host = b"" if self.keeps_host else f"Host: 127.0.0.1:{self.target}\r\n".encode()
        return head + host + b"Connection: close\r\n\r\n"

    def _pass_on(self, head: bytes, body: bytes) -> bytes:
        """Return the whole answer of the server, which closes after it."""
        with socket.create_connection(("127.0.0.1", self.target), timeout=PATIENCE_S) as server:
            server.sendall(self._whole_head(head) + body)
            pieces = []
            while piece := server.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)

    def _give(self, client: socket.socket, answer: bytes, fault: str) -> bool:
        if not answer:
            return False
        head, _, body = answer.partition(b"\r\n\r\n")
        if fault in ("answer lost", "cut without either"):
            if fault == "cut without either":
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body[: len(body) // 2])
            return False
        if fault == "reset after body":
            return _reset(client)
        if fault == "swallow mid answer":
            client.sendall(answer[: len(answer) - (len(body) + 1) // 2])
            return self._swallow()
        if fault == "cut length":
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + body[: len(body) // 2])
            return False
        if fault == "cut chunked":
            client.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"')
            return False
        if fault in ("500 after", "502 after"):
            client.sendall(f"HTTP/1.1 {fault[:3]} Bad\r\nContent-Length: 0\r\n\r\n".encode())
            return True
        if fault in ("drip", "header drip"):
            return self._drip(client, answer, 0 if fault == "header drip" else len(head) + 4)
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
        client.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        return True

    def _drip(self, client: socket.socket, answer: bytes, start: int) -> bool:
        if start:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            answer = b" " * 100000
        for position in range(200):
            if self._closing.is_set():
                break
            client.sendall(answer[position : position + 1])
            time.sleep(DRIP_S)
        return False


def _read_head(first: bytes, reader: BinaryIO, keeps_host: bool) -> tuple[bytes, int]:
    """Return the head as it is passed on, without its end, and the length of the body."""
    head, length = [first], 0
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() != b"connection" and (keeps_host or name.lower() != b"host"):
            head.append(line)
    return b"".join(head), length


def _reset(client: socket.socket) -> bool:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _answer(client: socket.socket, fault: str) -> bool:
    """Answer in the server's place; return whether the connection goes on."""
    extra, body, status = "", b"", "200 OK"
    if fault[:3].isdigit():
        status = f"{fault[:3]} Bad"
    if fault == "429 seconds":
        extra = "Retry-After: 0\r\n"
    elif fault == "429 date":
        extra = f"Retry-After: {email.utils.formatdate(time.time(), usegmt=True)}\r\n"
    elif fault == "html 200":
        extra, body = "Content-Type: text/html\r\n", b"<html>Sign in to the network</html>"
    elif fault == "2 MB header":
        extra = "X-Large: " + "x" * (2 << 20) + "\r\n"
    elif fault == "gzip bomb":
        extra, body = "Content-Encoding: gzip\r\n", gzip.compress(b"0" * (50 << 20))
    elif fault == "redirect":
        status, extra = "307 Temporary Redirect", "Location: http://192.0.2.1/steal\r\n"
    length = 99999 if fault == "wrong length" else len(body)
    client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{extra}\r\n".encode() + body)
    return fault[:3].isdigit()
