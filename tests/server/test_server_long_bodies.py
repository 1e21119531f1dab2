"""A body of any size is stored piece by piece: what was stored stays, and two pieces are in memory at most."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from aimd_server.routes.bodies import HeldBodies, pass_on
from aimd_server.services.request_errors import RefusalError
from tests.server.api import User, code_of
from tests.server.test_server_contents import PART, content_of, digest_of, put_files, send_part
from tests.support.patience import PATIENCE_S

SIZE = 2 * PART + 70_001
PIECE = 1000
Store = Callable[[memoryview], Awaitable[int]]


def _head(user: User, digest: str, size: int, offset: int, length: int) -> bytes:
    lines = [
        f"PATCH /t9k/experiment/server/apis/v2/contents/{digest} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {user.key}",
        f"Upload-Offset: {offset}",
        f"Upload-Length: {size}",
        f"Content-Length: {length}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _standing(user: User, digest: str) -> int:
    return int(user.v2("HEAD", f"/contents/{digest}").headers["upload-offset"])


def _stands_at(user: User, digest: str, offset: int) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while _standing(user, digest) != offset:
        assert time.monotonic() < deadline_s, _standing(user, digest)
        time.sleep(0.02)


def test_a_long_body_becomes_a_content(user: User) -> None:
    assert "long_bodies" in user.v2("GET", "/info").json()["features"]
    trial_id, content = user.new_trial(), os.urandom(SIZE)
    answer = send_part(user, digest_of(content), SIZE, 0, content)
    assert (answer.status_code, answer.headers["upload-complete"]) == (204, "?1")
    assert put_files(user, trial_id, model=content).status_code == 200
    assert content_of(user, trial_id, "model").content == content


def test_what_was_stored_of_a_long_body_that_is_cut_off_stays(user: User) -> None:
    content = os.urandom(SIZE)
    digest = digest_of(content)
    with socket.create_connection(("127.0.0.1", user.server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(_head(user, digest, SIZE, 0, SIZE) + content[:-70_000])
    _stands_at(user, digest, 2 * PART)
    answer = send_part(user, digest, SIZE, 2 * PART, content[2 * PART :])
    assert (answer.status_code, answer.headers["upload-complete"]) == (204, "?1")


def test_a_body_that_does_not_tell_its_size_may_be_long_too(user: User) -> None:
    content = os.urandom(SIZE)

    def pieces() -> Iterator[bytes]:
        for start in range(0, SIZE, 100_000):
            yield content[start : start + 100_000]

    headers = {"Upload-Offset": "0", "Upload-Length": str(SIZE)}
    answer = user.v2("PATCH", f"/contents/{digest_of(content)}", headers=headers, content=pieces())
    assert (answer.status_code, answer.headers["upload-complete"]) == (204, "?1")


def test_more_than_is_still_missing_is_refused_before_it_is_sent(user: User) -> None:
    with socket.create_connection(("127.0.0.1", user.server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(_head(user, "0" * 64, SIZE, 1, SIZE))
        assert b" 422 " in connection.recv(1 << 16).split(b"\r\n")[0]


def test_more_than_was_told_stores_nothing_of_the_piece_that_is_too_long(user: User) -> None:
    content = os.urandom(SIZE)
    digest, headers = digest_of(content), {"Upload-Offset": "0", "Upload-Length": str(SIZE)}
    answer = user.v2("PATCH", f"/contents/{digest}", headers=headers, content=iter([content, b"x"]))
    assert (answer.status_code, code_of(answer)) == (422, "invalid")
    assert _standing(user, digest) == 2 * PART
    assert send_part(user, digest, SIZE, 2 * PART, content[2 * PART :]).headers["upload-complete"] == "?1"


def test_the_same_bytes_in_two_long_bodies_at_once_become_one_content(user: User) -> None:
    content, trial_id = os.urandom(SIZE), user.new_trial()
    digest = digest_of(content)

    def send() -> set[int]:
        offset, statuses = 0, set()
        for _ in range(20):
            answer = send_part(user, digest, SIZE, offset, content[offset:])
            statuses.add(answer.status_code)
            if answer.headers.get("upload-complete") == "?1":
                return statuses
            offset = int(answer.headers["upload-offset"])
        raise AssertionError(statuses)

    with ThreadPoolExecutor(2) as threads:
        ends = [threads.submit(send) for _ in range(2)]
        assert all(end.result() <= {204, 409} for end in ends)
    assert put_files(user, trial_id, model=content).status_code == 200
    assert content_of(user, trial_id, "model").content == content


def _passed_on(content: bytes, held: HeldBodies, store: Store, is_cut: bool = False) -> int:
    """Pass a body on that arrives in chunks of 300 bytes, without a server; return what the last piece became."""
    chunks = [content[start : start + 300] for start in range(0, len(content), 300)]
    backend = SimpleNamespace(bodies=held)
    scope = {"type": "http", "headers": [], "app": SimpleNamespace(state=SimpleNamespace(backend=backend))}

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if not chunks and is_cut:
            return {"type": "http.disconnect"}
        body = chunks.pop(0) if chunks else b""
        return {"type": "http.request", "body": body, "more_body": bool(chunks) or is_cut}

    async def run() -> int:
        try:
            return await pass_on(Request(scope, receive), store, PIECE)
        finally:
            held.release(scope)

    return asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1, 299, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 10 * PIECE + 7])
@pytest.mark.parametrize(("room", "pieces_held"), [(3 * PIECE, 2), (2 * PIECE - 1, 1)])
def test_two_pieces_are_in_memory_or_one_if_there_is_little_room(size: int, room: int, pieces_held: int) -> None:
    content, stored, held, most, running = os.urandom(size), bytearray(), HeldBodies(room), 0, 0

    async def store(piece: memoryview) -> int:
        nonlocal most, running
        running += 1
        assert running == 1
        before = bytes(piece)
        for _ in range(50):
            await asyncio.sleep(0)
            most = max(most, held.held_bytes)
        assert piece == before
        stored.extend(before)
        running -= 1
        return len(stored)

    assert _passed_on(content, held, store) == size
    assert stored == content
    assert most == min(size, pieces_held * PIECE)
    assert held.held_bytes == 0


def test_a_piece_that_arrives_while_the_one_before_is_refused_is_not_stored() -> None:
    stored: list[bytes] = []

    async def store(piece: memoryview) -> int:
        stored.append(bytes(piece))
        await asyncio.sleep(0)
        if len(stored) == 2:
            raise RefusalError("quota_exceeded", "no room")
        return len(stored)

    content = os.urandom(6 * PIECE)
    with pytest.raises(RefusalError, match="no room"):
        _passed_on(content, HeldBodies(), store)
    assert stored == [content[:PIECE], content[PIECE : 2 * PIECE]]


def test_a_body_that_is_cut_off_ends_once_its_last_whole_piece_is_stored() -> None:
    stored: list[bytes] = []

    async def store(piece: memoryview) -> int:
        kept = bytes(piece)
        for _ in range(50):
            await asyncio.sleep(0)
        stored.append(kept)
        return len(stored)

    content = os.urandom(3 * PIECE + 10)
    with pytest.raises(RefusalError, match="cut off"):
        _passed_on(content, HeldBodies(), store, is_cut=True)
    assert b"".join(stored) == content[: 3 * PIECE]


def test_a_compressed_body_is_no_longer_than_a_part(user: User) -> None:
    headers = {"Upload-Offset": "0", "Upload-Length": str(SIZE), "Content-Encoding": "gzip"}
    answer: httpx.Response = user.v2("PATCH", f"/contents/{'0' * 64}", headers=headers, content=bytes(SIZE))
    assert (answer.status_code, code_of(answer)) == (413, "too_large")
