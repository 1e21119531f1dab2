"""No work grows faster than what a client sends: every parser, and every route with every part of a request."""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.requests import Request

from aimd_core.format.journal import Damage, read_records
from aimd_core.format.segments import parse_segments
from aimd_core.format.terminal import shown_line
from aimd_core.query import parse, parse_fields, parse_sort
from aimd_core.query.evaluate import contains
from aimd_core.query.literals import read_duration_s, read_moment, read_number
from aimd_server.columns.uniform import read_numbers
from aimd_server.routes import openapi, v2_session
from aimd_server.routes.bodies import unpacked_members
from aimd_server.routes.guards import host_name, is_loopback
from aimd_server.services import documents, indexing
from aimd_server.services.series import totals
from tests.server.api import User, line
from tests.support.growth import Growth, growth_of
from tests.support.server import RunningServer

SIZE = 20_000  # bytes, and four times as many
QUADRATIC_ROUTE = """
from aimd_server.services import documents
_true = documents._require_few_boxes
def _slow(body):
    sum(range(len(body) ** 2 // 200))  # sixteen times the steps for four times the bytes
    _true(body)
documents._require_few_boxes = _slow
"""

# Bytes of about a length, of the shapes that make parsers go back: openings without ends, ends without beginnings,
# what looks like a record until its last byte, and many of what costs more than its size.
SHAPES: dict[str, Callable[[int], bytes]] = {
    "openings": lambda size: b"{" * size,
    "nested keys": lambda size: b'{"a":' * (size // 5),
    "lists": lambda size: b"[" * size,
    "quotes": lambda size: b'"' * size,
    "backslashes": lambda size: b'"' + b"\\" * size,
    "escaped quotes": lambda size: b'"' + b'\\"' * (size // 2),
    "empty objects": lambda size: b"{}" * (size // 2),
    "lines of openings": lambda size: b"{\n" * (size // 2),
    "newlines": lambda size: b"\n" * size,
    "zeros": lambda size: bytes(size),
    "spaces": lambda size: b" " * size,
    "digits": lambda size: b"1" * size,
    "a fraction": lambda size: b"0." + b"1" * size,
    "records in one line": lambda size: line(1)[:-1] * (size // 100),
    "records without ends": lambda size: line(1)[:-3] * (size // 100),
    "half records": lambda size: line(1)[: len(line(1)) // 2] * (size // 50),
    "records": lambda size: line(1) * (size // 100),
    "records with NaN": lambda size: line(1).replace(b"0.5", b"NaN") * (size // 100),
    "a long name": lambda size: json.dumps({"a" * size: 1}).encode(),
    "many names": lambda size: json.dumps({f"m{number}": number for number in range(size // 12)}).encode(),
    "many metrics": lambda size: _record({f"m{number}": 1 for number in range(size // 10)}),
    "a metric a line": lambda size: b"".join(_record({f"m{number}": 1}) for number in range(size // 70)),
    "a type a line": lambda size: b"".join(line(1, metrics_type=f"t{number}") for number in range(size // 100)),
    "a long value": lambda size: b'{"train": {"value": {"a": ' + b"1" * size + b'}, "sequence": {"step": 1}}}\n',
    "a long step": lambda size: b'{"train": {"value": {"a": 1}, "sequence": {"step": ' + b"1" * size + b"}}}\n",
    "a text": lambda size: json.dumps({"name": "x" * size, "note": "a" * size}).encode(),
    "a name that is repeated": lambda size: json.dumps(
        {"a" * (size // 2): {f"k{number}": 1 for number in range(size // 20)}}
    ).encode(),
    "segments": lambda size: b'{"kind": "resume", "from_step": 1, "offset": 1}\n' * (size // 50),
    "escapes": lambda size: b"\x1b[1;" * (size // 4) + b"\b\r\x1b]0;",
    "not UTF-8": lambda size: b"\xff\xfe\x80" * (size // 3),
}


def _record(values: dict[str, int]) -> bytes:
    return (json.dumps({"t": {"value": values, "sequence": {"step": 1}}}) + "\n").encode()


def _as_text(work: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda content: work(content.decode("utf-8", "replace"))


def _cookie(content: bytes) -> str:
    headers = [(b"host", b"localhost:80"), (b"cookie", b'a="' + content.replace(b"\n", b"") + b'"; aimd_session=x')]
    return v2_session.secret_in(Request({"type": "http", "scheme": "http", "path": "/", "headers": headers}))


def _flat(content: bytes) -> object:
    return indexing.param_rows(json.dumps(json.loads(content)))


READERS: dict[str, Callable[[bytes], object]] = {
    "journal": lambda content: list(read_records(io.BytesIO(content), Damage())),
    "totals": lambda content: list(totals.read_points(content)),
    "uniform lines": read_numbers,
    "segments": parse_segments,
    "document": documents.decode_loosely,
    "stored document": lambda content: documents.text_of(documents.decode_loosely(content)),
    "parameters": _flat,
    "terminal": _as_text(shown_line),
    "number": _as_text(read_number),
    "duration": _as_text(read_duration_s),
    "moment": _as_text(read_moment),
    "cookie": _cookie,
    "host": _as_text(lambda text: is_loopback(host_name(text))),
    "gzip": lambda content: unpacked_members(content, "gzip", 8 << 20),
    "a text in a text": _as_text(lambda text: contains(text, f"{text[: len(text) // 2]}x")),
    "a pattern in a text": _as_text(lambda text: contains(text, "*".join(text[:5_000]) + "x")),
}
QUERIES: dict[str, Callable[[int], str]] = {  # up to 10,000 characters
    "brackets": lambda size: "(" * size,
    "negations": lambda size: "not " * (size // 4) + "a = 1",
    "conditions": lambda size: " and ".join(["a = 1"] * (size // 10)),
    "alternatives": lambda size: " or ".join(["name ~ a"] * (size // 12)),
    "a list": lambda size: "a in [" + "1," * (size // 2) + "1]",
    "a quoted text": lambda size: 'name = "' + '\\"' * (size // 2),
    "pieces": lambda size: "a'b'" * (size // 4) + " = 1",
    "dots": lambda size: "a." * (size // 2) + "b = 1",
    "spaces": lambda size: " " * size + "a = 1",
    "signs": lambda size: "=" * size,
    "a duration": lambda size: "age < " + "1h" * (size // 2),
    "a number": lambda size: "params.a = " + "1" * size,
    "keys": lambda size: ",".join(["-a.b"] * (size // 5)),
}


def faults_of_readers() -> list[str]:
    faults = []
    for reader, work in READERS.items():
        for shape, make in SHAPES.items():
            seen = growth_of(work, make, SIZE)
            if seen.is_too_fast:
                faults.append(f"{reader}, {shape}: {seen}")
    return faults


def test_no_parser_takes_more_than_its_share_for_more_input() -> None:
    assert faults_of_readers() == []


@pytest.mark.parametrize("read", [parse, parse_sort, parse_fields])
def test_no_query_takes_more_than_its_share(read: Callable[[str], Any]) -> None:
    seen = {name: growth_of(read, make, 2_400) for name, make in QUERIES.items()}
    assert {name: growth for name, growth in seen.items() if growth.is_too_fast} == {}


def test_members_of_a_gzip_body_are_read_in_one_go() -> None:
    member = gzip.compress(b"")

    def make(size: int) -> bytes:
        return member * (size // 100) + bytes(40 * size)  # what follows the members is large

    assert not growth_of(lambda body: unpacked_members(body, "gzip", 8 << 20), make, SIZE).is_too_fast


def _from_each_place(content: bytes) -> None:
    while content:
        content = content[1:]


def test_quadratic_work_is_caught() -> None:
    assert growth_of(_from_each_place, bytes, SIZE).is_too_fast


class Routes:
    """Every route of version 2, and those of version 1 that take a body."""

    def __init__(self, server: RunningServer, user: User) -> None:
        self.user = user
        self.trial = user.new_trial("steady")
        assert user.patch(self.trial, 0, line(1)).status_code == 204
        assert server.process is not None
        self.tasks = Path(f"/proc/{server.process.pid}/task")

    def cpu_s(self) -> float:
        """Return the CPU time of the server's threads, exactly."""
        total_ns = 0
        for task in self.tasks.iterdir():
            try:
                total_ns += int((task / "schedstat").read_text().split()[0])
            except OSError:  # a thread that has ended
                continue
        return total_ns / 1e9

    def paths(self) -> Iterator[tuple[str, str]]:
        for method, path in openapi.ROUTES:
            made = path.replace("{id}", self.trial if path.startswith("/trials") else "root")
            yield method, "/apis/v2" + made.replace("{file}", "metrics").replace("{number}", "1")
        for path in ("/trials", f"/trials/{self.trial}/parameters", f"/trials/{self.trial}/metrics/train", "/folders"):
            yield "POST", f"/apis/v1{path}?apikey={self.user.key}"

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        headers = {**self.user.headers, "Upload-Offset": "0", **how.pop("headers", {})}
        return self.user.http.request(method, self.user.server.url + path, headers=headers, **how)

    def with_body(self, method: str, path: str) -> Iterator[tuple[str, Callable[[int], Callable[[], object]]]]:
        for shape, make in SHAPES.items():
            yield (
                f"body of {shape}",
                lambda size, make=make: lambda: self.send(method, path, content=make(size)),
            )

    def with_head(self, method: str, path: str) -> Iterator[tuple[str, Callable[[int], Callable[[], object]]]]:
        separator = "&" if "?" in path else "?"
        for text in ("a", "%22", "%28", "%2e", "1,"):
            repeated = {
                f"{name} of {text}": lambda size, name=name, text=text: (
                    lambda: self.send(method, f"{path}{separator}{name}={text * (size // 8 // len(text))}")
                )
                for name in ("where", "sort", "columns", "cursor", "folder", "path", "trials", "limit")
            }
            yield from repeated.items()  # type: ignore[misc]
        yield "parameters", lambda size: lambda: self.send(method, f"{path}{separator}{'a=b&' * (size // 20)}")
        yield (
            "a cursor",
            lambda size: (
                lambda: self.send(
                    method, f"{path}{separator}cursor={quote(base64.urlsafe_b64encode(b'[' * (size // 8)))}"
                )
            ),
        )
        for header in ("Cookie", "If-None-Match", "Range", "Accept", "Origin", "X-Forwarded-For", "Content-Type"):
            yield (
                header,
                lambda size, header=header: (
                    lambda: self.send(  # type: ignore[misc]
                        method, path, headers={header: 'a="' + '\\",' * (size // 8) + '"'}
                    )
                ),
            )

    def growth(self, make: Callable[[int], Callable[[], object]]) -> Growth:
        return growth_of(lambda send: send(), make, SIZE // 2, self.cpu_s)


def faults_of_routes(server: RunningServer, every: int, only: str = "") -> list[str]:
    faults, number = [], 0
    with User(server) as user:
        routes = Routes(server, user)
        for method, path in routes.paths():
            if path == "/apis/v2/events" or only not in path:
                continue  # an answer without an end
            bodies = routes.with_body(method, path) if method in ("POST", "PUT", "PATCH") else ()
            for kind, make in (*bodies, *routes.with_head(method, path)):
                number += 1
                if number % every:
                    continue
                seen = routes.growth(make)
                if seen.is_too_fast:
                    faults.append(f"{method} {path}, {kind}: {seen}")
    return faults


def test_no_route_takes_more_than_its_share_for_more_input(own_server: RunningServer) -> None:
    assert faults_of_routes(own_server, every=7) == []
    assert "Traceback" not in own_server.log


@pytest.mark.soak
def test_no_route_takes_more_than_its_share_of_any_kind(own_server: RunningServer) -> None:
    assert faults_of_routes(own_server, every=1) == []


def test_a_quadratic_route_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", QUADRATIC_ROUTE) as server:
        assert faults_of_routes(server, every=9, only="/shares") != []
