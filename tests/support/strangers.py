"""Servers that are not ours: each answers every request in one wrong way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stranger:
    """A listener that sends fixed bytes to whoever asks, and keeps what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/t9k/experiment/server"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self.requests.append(connection.recv(65536))
                    connection.sendall(self.answer)
                except OSError:
                    continue

    def close(self) -> None:
        # shutdown wakes accept up, which close alone does not
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        self._thread.join(5)


@contextmanager
def stranger(answer: bytes) -> Iterator[Stranger]:
    """Run a listener that answers so."""
    listener = Stranger(answer)
    try:
        yield listener
    finally:
        listener.close()


def http_answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer with its length."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
