"""What surrounds a request is bounded and never becomes part of it: trailers, chunks, headers, cookies, members."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request

from aimd_server.routes import v2_session
from aimd_server.routes.bodies import MAX_MEMBERS, unpacked, unpacked_members
from aimd_server.services.request_errors import RefusalError
from tests.server.api import User, code_of, line, new_id, wish
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

MIB = 1 << 20
KEEPS_TRAILERS = """
from aimd_server import http_protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
http_protocol.BoundedProtocol.on_header = HttpToolsProtocol.on_header
"""


def _head(user: User, method: str, path: str, *headers: str, key: bool = True) -> bytes:
    lines = [f"{method} /t9k/experiment/server/apis/v2{path} HTTP/1.1", "Host: localhost", *headers]
    lines += [f"Authorization: Bearer {user.key}"] if key else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answers(user: User, content: bytes, timeout_s: float = 5) -> bytes:
    """Return all that comes back for raw bytes, until the server ends the connection or is silent."""
    with socket.create_connection(("127.0.0.1", user.server.port), timeout=timeout_s) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(content)
        got = bytearray()
        connection.settimeout(1)
        with contextlib.suppress(OSError):
            while piece := connection.recv(1 << 16):
                got += piece
        return bytes(got)


def _chunked(body: bytes, *trailers: str) -> bytes:
    end = "".join(f"{trailer}\r\n" for trailer in trailers)
    return f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\n{end}\r\n".encode()


def _put_with_trailers(user: User, trial_id: str, *trailers: str, key: bool) -> bytes:
    """Send all at once, so that the trailers are there before the server begins with the request."""
    body = json.dumps(wish("trailing")).encode()
    head = _head(user, "PUT", f"/trials/{trial_id}", "Transfer-Encoding: chunked", "Connection: close", key=key)
    return _answers(user, head + _chunked(body, *trailers)).split(b"\r\n")[0]


def test_a_trailer_is_no_header_of_the_request(user: User) -> None:
    trial_id = new_id()
    late_key = f"Authorization: Bearer {user.key}"
    assert b" 401 " in _put_with_trailers(user, trial_id, late_key, key=False)
    trailers = ("Content-Encoding: gzip", "Host: evil.example", "Authorization: Bearer x")
    assert b" 201 " in _put_with_trailers(user, trial_id, *trailers, key=True)
    assert user.trial(trial_id)["name"] == "trailing"


def test_trailers_that_become_headers_are_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", KEEPS_TRAILERS) as server, User(server) as user:
        late_key = f"Authorization: Bearer {user.key}"
        assert b" 201 " in _put_with_trailers(user, new_id(), late_key, key=False)


def _endless(first: bytes, every: bytes, of_mib: int = 64) -> Iterator[bytes]:
    yield first
    for _ in range(of_mib * MIB // len(every)):
        yield every


def _sent_before_the_end(user: User, pieces: Iterator[bytes]) -> int:
    """Return how many bytes of what never ends the server takes."""
    sent = 0
    with socket.create_connection(("127.0.0.1", user.server.port), timeout=PATIENCE_S) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
    return sent


@pytest.mark.parametrize(
    ("start", "every"),
    [
        (b"0\r\n", b"X-More: " + b"y" * 16_000 + b"\r\n"),
        (b"0\r\n", b"a:\r\n" * 4_000),
        (b"0\r\nX-Long: ", b"y" * 16_000),
        (b"1;", b"extension" * 2_000),
        (b"0" * 16, b"0" * 16_000),
    ],
    ids=["trailers", "small trailers", "one long trailer", "a chunk extension", "zeros of a chunk's size"],
)
@pytest.mark.parametrize("key", [True, False])
def test_what_surrounds_a_body_does_not_go_on_for_ever(user: User, start: bytes, every: bytes, key: bool) -> None:
    head = _head(user, "PUT", f"/trials/{new_id()}", "Transfer-Encoding: chunked", key=key)
    assert _sent_before_the_end(user, _endless(head + start, every)) < 16 * MIB


def test_a_body_in_chunks_of_one_byte_is_taken(user: User) -> None:
    trial_id = user.new_trial()
    content = b"".join(line(step) for step in range(1, 400))
    head = _head(user, "PATCH", f"/trials/{trial_id}/files/metrics", "Upload-Offset: 0", "Transfer-Encoding: chunked")
    chunks = b"".join(b"00000001\r\n%c\r\n" % byte for byte in content)
    assert b" 204 " in _answers(user, head + chunks + b"0\r\n\r\n").split(b"\r\n")[0]
    assert user.bytes_of(trial_id) == content


def test_a_request_has_128_headers_at_most(user: User) -> None:
    few = [f"X-{number}: y" for number in range(120)]
    assert b" 200 " in _answers(user, _head(user, "GET", "/info", *few, "Connection: close")).split(b"\r\n")[0]
    answer = _answers(user, _head(user, "GET", "/info", *few, *few))
    assert b" 431 " in answer.split(b"\r\n")[0]
    assert b"128 headers" in answer


def test_few_requests_queue_up_behind_another(user: User) -> None:
    """Each takes a few KiB, and 14,000 fit into what is read at once."""
    few = _answers(user, _head(user, "GET", "/info") * 17)
    assert few.count(b"HTTP/1.1 200 OK") == 17
    many = _answers(user, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5_000)
    assert many.count(b"HTTP/1.1 ") < 200
    assert b" 400 " not in many  # an error in the middle of the answers would be taken for one of them


def test_a_cookie_is_read_without_resolving_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v2_session, "cookie_name", lambda _: "aimd_session_80")
    escapes = 'other="' + '\\"' * 30_000 + '"'
    values = [f"{escapes}; aimd_session_80=secret", "", "aimd_session_8=x;a", " aimd_session_80=s=t "]
    answers = []
    for value in values:
        request = Request({"type": "http", "headers": [(b"cookie", value.encode())], "path": "/"})
        answers.append(v2_session.secret_in(request))
    assert answers == ["secret", "", "", "s=t"]


def test_a_gzip_body_has_members_up_to_a_limit(user: User) -> None:
    trial_id = user.new_trial()
    parts = [line(step) for step in range(1, MAX_MEMBERS + 1)]
    body = b"".join(gzip.compress(part) for part in parts)
    assert unpacked_members(body, "gzip", 8 * MIB) == parts
    headers = {"Upload-Offset": "0", "Content-Encoding": "gzip"}
    more = user.v2("PATCH", f"/trials/{trial_id}/files/metrics", headers=headers, content=body + gzip.compress(b""))
    assert (more.status_code, code_of(more), more.json()["error"]["limit"]) == (400, "bad_encoding", MAX_MEMBERS)
    taken = user.v2("PATCH", f"/trials/{trial_id}/files/metrics", headers=headers, content=body)
    assert taken.status_code == 204
    assert user.bytes_of(trial_id) == b"".join(parts)


def test_members_of_any_size_come_out_whole() -> None:
    for sizes in ([0], [0, 1, 0], [1 << 20, 0, 3], [1023, 1024, 1025, 70_000], [5 << 20]):
        parts = [bytes(range(256)) * (size // 256) + b"x" * (size % 256) for size in sizes]
        packed = b"".join(gzip.compress(part) for part in parts)
        assert unpacked_members(packed, "gzip", 8 << 20) == parts
        for cut in {1, 10, len(packed) // 2, len(packed) - 1}:
            if packed[:cut] != packed and cut < len(packed):
                with pytest.raises(RefusalError):
                    unpacked_members(packed[:cut] + b"\x1f", "gzip", 8 << 20)
    with pytest.raises(RefusalError) as refusal:
        unpacked(gzip.compress(bytes(9 << 20)), "gzip", 8 << 20)
    assert refusal.value.code == "too_large"
