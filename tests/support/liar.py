"""A server that lies: it records the honest answers of a real server, and gives them back with one of them changed.

What can be changed is generated from the recorded answers: every member of every JSON body, every header that means
something, and the message as a whole. Standard library only, and nothing of the client under test.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_TOLD_HEADERS = ("upload-offset", "upload-digest", "www-authenticate", "content-type", "retry-after")


class Told(NamedTuple):
    """An answer: status, the headers that mean something, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Raw(str):
    """JSON that Python's own encoder would not write, put where this text stands."""


class Lie(NamedTuple):
    """A change of one answer.

    Attributes:
        at: The number of the answer among those of a command.
        kind: What it changes, such as `body.folder.path`, and how.
        tell: Returns the changed answer, or the bytes to send instead of one.
    """

    at: int
    kind: str
    tell: Callable[[Told], Told | bytes]


WRONG: dict[str, object] = {
    "null": None,
    "true": True,
    "negative": -1,
    "fraction": 1.5,
    "huge": _Raw("1" + "0" * 400),
    "beyond 64 bits": 1 << 70,
    "NaN": _Raw("NaN"),
    "infinite": _Raw("1e999"),
    "empty text": "",
    "other text": "x",
    "path": "../../../../tmp/escaped",
    "control": "\x1b]0;owned\x07\x9b31m\n\r\u202e",
    "surrogate": _Raw('"\\ud800"'),
    "empty list": [],
    "list": ["a", 1, None],
    "empty object": {},
    "object": {"a": {"b": None}},
    "deep lists": _Raw("[" * 3000 + "]" * 3000),
    "deep objects": _Raw('{"a":' * 400 + "1" + "}" * 400),
}
WRONG_HEADERS = ("", "-1", "x", "1" * 19, "9" * 400, "2", "0x10", "\xb2", "1e3", "nan")
_PAGE = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"


def _paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from _paths(value[name], (*path, name))
    elif isinstance(value, list) and value:
        yield from _paths(value[0], (*path, 0))


def _with(document: object, path: tuple[str | int, ...], value: object, drops: bool = False) -> bytes:
    holder: Any = {"": copy.deepcopy(document)}
    *above, last = ("", *path)
    inner: Any = holder
    for name in above:
        inner = inner[name]
    if drops:
        del inner[last]
    else:
        inner[last] = value
    raws = [value] if isinstance(value, _Raw) else []
    text = json.dumps(holder[""])
    for raw in raws:
        text = text.replace(json.dumps(str(raw)), str(raw))
    return text.encode()


def lies_about(told: Told, at: int, elsewhere: str) -> Iterator[Lie]:
    """Yield every change of one answer; `elsewhere` is the address of another host, which no key must reach."""
    yield from _lies_about_members(told, at)
    for name in _TOLD_HEADERS:
        if name in told.headers:
            yield Lie(at, f"{name} dropped", partial(_with_header, name, None))
            for value in WRONG_HEADERS:
                yield Lie(at, f"{name}: {value[:24]}", partial(_with_header, name, value))
    yield from _lies_about_messages(at, elsewhere)


def _with_header(name: str, value: str | None, told: Told) -> Told:
    others = {key: text for key, text in told.headers.items() if key != name}
    return told._replace(headers=others if value is None else {**others, name: value})


def _with_member(path: tuple[str | int, ...], value: object, drops: bool, told: Told) -> Told:
    return told._replace(body=_with(json.loads(told.body), path, value, drops))


def _lies_about_members(told: Told, at: int) -> Iterator[Lie]:
    try:
        document = json.loads(told.body)
    except ValueError:
        return
    for path in _paths(document):
        name = "body" + "".join(f".{part}" for part in path)
        if path and isinstance(path[-1], str):
            yield Lie(at, f"{name} dropped", partial(_with_member, path, None, True))
        for kind, value in WRONG.items():
            yield Lie(at, f"{name} {kind}", partial(_with_member, path, value, False))


def _lies_about_messages(at: int, elsewhere: str) -> Iterator[Lie]:
    def error(status: int, code: object = "invalid", **more: object) -> Callable[[Told], Told]:
        body = json.dumps({"error": {"code": code, "message": "no", **more}}).encode()
        return lambda _: Told(status, {"content-type": "application/json"}, body)

    own: dict[str, Callable[[Told], Told | bytes]] = {
        "login page": lambda _: Told(200, {"content-type": "text/html"}, _PAGE),
        "empty": lambda t: t._replace(body=b""),
        "204": lambda t: Told(204, t.headers, b""),
        "truncated": lambda t: t._replace(body=t.body[: len(t.body) // 2]),
        "not UTF-8": lambda t: t._replace(body=b'{"a": "\xff\xfe"}'),
        "byte order mark": lambda t: t._replace(body=b"\xef\xbb\xbf" + t.body),
        "NUL": lambda t: t._replace(body=b"\0" * 100),
        "gzip": lambda t: Told(t.status, {**t.headers, "content-encoding": "gzip"}, gzip.compress(t.body)),
        "half of gzip": lambda t: Told(t.status, {**t.headers, "content-encoding": "gzip"}, gzip.compress(t.body)[:9]),
        "another type": lambda t: t._replace(headers={**t.headers, "content-type": "text/html; charset=utf-16"}),
        "cut": lambda t: _message(t, len(t.body) + 50),
        "negative length": lambda t: _message(t, -1),
        "endless headers": lambda t: b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(30_000)),
        "long header": lambda t: b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
        "many interim answers": lambda t: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000,
        "no HTTP": lambda _: b"SSH-2.0-OpenSSH_9.2\r\n",
        "bad status": lambda _: b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n",
        "bad chunks": lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        "closed": lambda _: b"",
        "200 with an error": lambda _: Told(200, {}, b'{"error": {"code": "x", "message": "y"}}'),
        "416": lambda _: Told(416, {}, b""),
        "418": lambda _: Told(418, {}, b"teapot"),
        "500 always": lambda _: Told(500, {"content-type": "text/plain"}, b"boom"),
        "503, later": lambda _: Told(503, {"retry-after": "9" * 400}, b""),
        "503, at a time": lambda _: Told(503, {"retry-after": "Mon, 31 Feb 9999 25:61:61 GMT"}, b""),
        "429, long ago": lambda _: Told(429, {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, b""),
        "error of text": lambda _: Told(422, {}, b'{"error": "no"}'),
        "404 of a folder": error(404, "folder_not_found"),
        "404 of a trial": error(404, "not_found"),
        "409 without an offset": error(409, "offset_mismatch"),
        "409 of names": error(409, "name_taken", name=7, folder=["a"]),
        "409 of content": error(409, "content_differs"),
        "401": lambda _: Told(401, {}, b""),
        "403": error(403, "forbidden"),
        "code of another type": error(422, {"a": 1}),
    }
    for kind, tell in own.items():
        yield Lie(at, kind, tell)
    for status in (301, 302, 307, 308):
        for kind, address in (("elsewhere", elsewhere), ("itself", ""), ("a file", "file:///etc/passwd")):
            told = Told(status, {"location": address or "."}, b"")
            yield Lie(at, f"{status} to {kind}", partial(_always, told))


def _always(told: Told, _: Told) -> Told:
    return told


def _message(told: Told, length: int) -> bytes:
    lines = [f"HTTP/1.1 {told.status} Told", *(f"{name}: {value}" for name, value in told.headers.items())]
    lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + told.body


class LyingServer:
    """Runs while it is entered. First `record()` a command against a real server, then `replay()` it with a lie.

    Attributes:
        url: Its address; the same in both, so that the command is.
        told: The recorded answers, in order.
        asked: Method and path of each request, without its query.
    """

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.told: list[tuple[str, Told]] = []
        self.asked: list[str] = []
        self._lie: Lie | None = None
        self._once = False
        self._records = True
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{self.target.path}"

    def __enter__(self) -> LyingServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def record(self) -> None:
        """Pass requests on from now on, and remember the answers."""
        self.told.clear()
        self.asked.clear()
        self._records = True

    def replay(self, lie: Lie | None, once: bool) -> None:
        """Answer as recorded from now on, but for a lie, which is told once or as often as it is asked for."""
        self._records, self._lie, self._once = False, lie, once
        self._counts.clear()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                told = server._answer(self, body)
                if isinstance(told, bytes):
                    self.close_connection = True
                    with contextlib.suppress(OSError):
                        self.wfile.write(told)
                        self.connection.shutdown(socket.SHUT_WR)
                    return
                with contextlib.suppress(OSError):
                    message = _message(told, len(told.body))
                    self.wfile.write(message[: len(message) - len(told.body)] if self.command == "HEAD" else message)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> Told | bytes:
        asked = f"{request.command} {request.path}"
        key = f"{asked} signed" if request.headers.get("Authorization") else asked  # the same path, another answer
        if self._records:
            told = self._pass_on(request, body)
            with self._lock:
                self.told.append((key, told))
                self.asked.append(asked.partition("?")[0])
            return told
        with self._lock:
            number = self._counts.get(key, 0)
            self._counts[key] = number + 1
        same = [at for at, (recorded, _) in enumerate(self.told) if recorded == key]
        if not same:
            return Told(404, {"content-type": "application/json"}, b'{"error": {"code": "not_found", "message": "no"}}')
        at = same[min(number, len(same) - 1)]
        told = self.told[at][1]
        lie = self._lie
        if lie is None or not (at == lie.at or (number >= len(same) and lie.at in same)):
            return told
        if self._once:
            self._lie = None
        return lie.tell(told)

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes) -> Told:
        connection = http.client.HTTPConnection(self.target.hostname or "", self.target.port or 80, timeout=60)
        with contextlib.closing(connection):
            headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
            connection.request(request.command, request.path, body or None, headers)
            answer = connection.getresponse()
            kept = {name.lower(): value for name, value in answer.getheaders()}
            return Told(answer.status, {n: kept[n] for n in _TOLD_HEADERS if n in kept}, answer.read())


class Trap:
    """Another host, which counts who comes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.visits = 0

    def __enter__(self) -> Trap:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()
