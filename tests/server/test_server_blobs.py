"""One suite for every place for objects: local disk and a real S3 server."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from aimd_core.errors import UsageError
from aimd_core.format.protocol import SERVER_PATH
from aimd_core.objects.store import store_of
from aimd_server.accounts import add_user, create_key
from aimd_server.app import create_app
from aimd_server.blobs import BlobMissingError, Blobs, check_address, open_blobs
from aimd_server.blobs.local import LocalBlobs
from aimd_server.errors import ObjectStoreError, ObjectsUnavailableError, StoreUnavailableError
from aimd_server.launch import run
from aimd_server.routes import v2
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.v2 import Version2
from aimd_server.settings import Settings
from aimd_server.storage import Storage
from aimd_server.stores.database import Database
from tests.support.object_store import ObjectStore
from tests.support.parts import can_mount, require_part
from tests.support.patience import PATIENCE_S
from tests.support.server import clean_environment

KEY = "series/0a/0a1b2c3d-0000-4000-8000-000000000000"
CONTENT = bytes(range(256)) * 1000


@pytest.fixture(params=["disk", "s3", "local"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    address = request.getfixturevalue("bucket") if request.param == "s3" else None
    is_local = request.param == "local"
    made = LocalBlobs(tmp_path / "blobs", tmp_path / "objects") if is_local else open_blobs(address, tmp_path)
    yield made
    made.close()


def test_what_is_put_comes_back_whole_and_in_ranges(blobs: Blobs) -> None:
    blobs.put(KEY, CONTENT)
    assert blobs.get(KEY) == CONTENT
    ranges = [(0, 1), (5, 5), (250, 600), (200_000, len(CONTENT)), (7, 9)]
    assert blobs.get_ranges(KEY, ranges) == [CONTENT[start:end] for start, end in ranges]
    assert blobs.get_range(KEY, 255, 258) == b"\xff\x00\x01"
    assert (blobs.get_ranges(KEY, []), blobs.get_ranges(KEY, [(3, 3)])) == ([], [b""])


@pytest.mark.parametrize("size_bytes", [0, 1, 5 << 20, 20 << 20])
def test_objects_of_every_size_are_kept(blobs: Blobs, size_bytes: int) -> None:
    content = os.urandom(size_bytes)
    blobs.put(KEY, content)
    assert blobs.get(KEY) == content
    assert [row.size for row in blobs.keys("series")] == [size_bytes]


def test_memory_that_is_used_again_afterwards_is_kept_as_it_was(blobs: Blobs) -> None:
    memory = bytearray(os.urandom(3 << 20))
    content = bytes(memory)
    blobs.put(KEY, memoryview(memory)[: 2 << 20])
    memory[:] = bytes(3 << 20)
    assert blobs.get(KEY) == content[: 2 << 20]


def test_what_is_not_there_says_so(blobs: Blobs) -> None:
    for ask in (lambda: blobs.get(KEY), lambda: blobs.get_range(KEY, 0, 3), lambda: blobs.get_ranges(KEY, [(1, 1)])):
        with pytest.raises(BlobMissingError, match="no object"):
            ask()


@pytest.mark.parametrize(("start", "end"), [(0, 11), (10, 11), (11, 12), (5000, 6000)])
def test_bytes_beyond_the_end_are_missing_never_cut(blobs: Blobs, start: int, end: int) -> None:
    blobs.put(KEY, b"0123456789")
    with pytest.raises(BlobMissingError, match="ends before"):
        blobs.get_range(KEY, start, end)
    with pytest.raises(BlobMissingError, match="ends before"):
        blobs.get_ranges(KEY, [(0, 2), (start, end)])


def test_a_second_object_of_a_key_takes_the_place_of_the_first(blobs: Blobs) -> None:
    blobs.put(KEY, b"first, longer")
    blobs.put(KEY, b"second")
    assert blobs.get(KEY) == b"second"
    assert len(list(blobs.keys(""))) == 1


def test_what_is_deleted_is_gone_and_may_be_deleted_again(blobs: Blobs) -> None:
    blobs.delete(KEY)
    blobs.put(KEY, b"x")
    blobs.delete(KEY)
    blobs.delete(KEY)
    assert list(blobs.keys("")) == []
    with pytest.raises(BlobMissingError):
        blobs.get(KEY)


def test_nothing_is_signed_where_clients_do_not_reach_the_store(blobs: Blobs) -> None:
    blobs.put(KEY, CONTENT)
    assert blobs.signed([KEY], 60) == []


def test_a_signed_address_reads_that_object_for_anybody_and_does_nothing_else(
    bucket: str, object_store: ObjectStore, tmp_path: Path
) -> None:
    blobs = open_blobs(bucket, tmp_path, object_store.endpoint)
    blobs.put(KEY, CONTENT)
    blobs.put("other", b"x")
    (url, absent) = blobs.signed([KEY, "absent"], 60)
    assert blobs.signed([], 60) == []
    assert httpx.get(url).content == CONTENT
    assert httpx.get(url, headers={"Range": "bytes=9-"}).content == CONTENT[9:]
    assert httpx.get(absent).status_code == 404
    assert {
        httpx.put(url, content=b"y").status_code,
        httpx.delete(url).status_code,
        httpx.get(url.replace(KEY, "other")).status_code,
        httpx.get(url.partition("?")[0]).status_code,
        httpx.get(url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")).status_code,
    } == {403}
    assert "test-secret" not in url
    with pytest.raises(ValueError, match="no key"):
        blobs.signed(["../x"], 60)


def test_objects_are_listed_under_a_prefix_with_size_and_time(blobs: Blobs) -> None:
    assert list(blobs.keys("series")) == []
    names = [f"series/{number:02x}/{number}" for number in range(30)] + ["seriesx/1", "other/a", "top"]
    for name in names:
        blobs.put(name, name.encode())
    rows = list(blobs.keys("series"))
    assert sorted(row.key for row in rows) == sorted(names[:30])
    assert {row.key: row.size for row in blobs.keys("")} == {name: len(name) for name in names}
    now = datetime.now(timezone.utc)
    assert all(abs(now - row.modified) < timedelta(minutes=1) for row in rows)
    assert [row.key for row in blobs.keys("series/0a")] == ["series/0a/10"]


@pytest.mark.parametrize(
    "key", ["", "/", "a/", "/a", "../a", "a/../b", "a//b", "A", "a\n", "a b", "é", ".a", "x" * 201]
)
def test_what_is_no_key_of_the_servers_is_refused(blobs: Blobs, key: str) -> None:
    for ask in (lambda: blobs.put(key, b"x"), lambda: blobs.get(key), lambda: blobs.delete(key)):
        with pytest.raises(ValueError, match="no key"):
            ask()


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 3)])
def test_what_is_no_range_is_refused(blobs: Blobs, start: int, end: int) -> None:
    blobs.put(KEY, CONTENT)
    with pytest.raises(ValueError, match="no range"):
        blobs.get_range(KEY, start, end)


def test_readers_see_the_old_object_or_the_new_and_never_between(blobs: Blobs) -> None:
    kinds = {bytes([number]) * 300_000 for number in range(2)}
    done = threading.Event()
    blobs.put(KEY, bytes(300_000))

    def write() -> None:
        for turn in range(20):
            blobs.put(KEY, bytes([turn % 2]) * 300_000)
        done.set()

    def read() -> int:
        seen = 0
        while not done.is_set():
            assert blobs.get(KEY) in kinds
            seen += 1
        return seen

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        pool.submit(write).result()
        assert sum(reader.result() for reader in readers) > 0


def test_a_store_that_is_there_is_checked_without_a_word(blobs: Blobs) -> None:
    blobs.check()


def test_on_disk_objects_are_private_and_half_written_ones_are_none(tmp_path: Path) -> None:
    blobs = open_blobs(None, tmp_path)
    blobs.put(KEY, b"x")
    path = tmp_path / "blobs" / KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in path.parents[:3]} == {0o700}
    path.with_name(".half.part").write_bytes(b"half")
    assert [row.key for row in blobs.keys("")] == [KEY]


@pytest.mark.parametrize("there", [False, True], ids=["new folders", "folders that another process has just made"])
def test_on_disk_bytes_and_name_are_flushed_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if there:
        (tmp_path / "blobs" / "a").mkdir(parents=True)
    order: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda number: (order.append(os.readlink(f"/proc/self/fd/{number}")), fsync(number))
    )
    monkeypatch.setattr(os, "replace", lambda *names: (order.append("rename"), replace(*names)))
    open_blobs(None, tmp_path).put("a/b", b"x")
    assert [name.rpartition(".")[2] for name in order][-3:-1] == ["part", "rename"]
    assert order[-1] == str(tmp_path / "blobs" / "a")
    assert str(tmp_path) in order
    assert str(tmp_path / "blobs") in order


FULL = """
import os
from pathlib import Path
from aimd_server.blobs import open_blobs
from aimd_server.errors import ObjectsUnavailableError, StoreUnavailableError
blobs = open_blobs(None, Path.cwd() / "full")
blobs.put("a/kept", b"kept")
try:
    blobs.put("a/large", bytes(1 << 20))
except StoreUnavailableError as error:
    print("unavailable:", error)
print([row.key for row in blobs.keys("")], blobs.get("a/kept"), os.listdir("full/blobs/a"))
blobs.delete("a/kept")
blobs.put("a/after", b"after")
print([row.key for row in blobs.keys("")])
"""


def test_a_full_disk_is_unavailable_and_keeps_what_was_there(tmp_path: Path) -> None:
    require_part("a mount name space", can_mount())
    (tmp_path / "full").mkdir()
    mount = 'mount -t tmpfs -o size=128k tmpfs full && exec "$0" "$@"'
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, sys.executable, "-c", FULL],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    first, second, third = ran.stdout.splitlines()
    assert first == "unavailable: the disk refuses objects: No space left on device"
    assert second == "['a/kept'] b'kept' ['kept']"
    assert third == "['a/after']"


def test_a_directory_that_cannot_be_written_is_unavailable_and_can_still_be_read(tmp_path: Path) -> None:
    blobs = open_blobs(None, tmp_path)
    blobs.put("a/b", b"x")
    (tmp_path / "blobs" / "c").write_text("in the way")
    with pytest.raises(StoreUnavailableError, match="the disk refuses objects"):
        blobs.put("c/d", b"x")
    assert blobs.get("a/b") == b"x"
    with pytest.raises(StoreUnavailableError):
        open_blobs(None, tmp_path / "blobs" / "c").check()


def test_a_store_that_is_gone_is_unavailable_in_every_method(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-that-is-told-to-nobody")
    blobs = open_blobs("s3://bucket/p?endpoint=http://127.0.0.1:9", tmp_path)
    asks = [
        lambda: blobs.put(KEY, b"x"),
        lambda: blobs.get(KEY),
        lambda: blobs.get(KEY.replace("0000", "4160")),  # what a store says of a range that it does not have
        lambda: blobs.get_range(KEY, 0, 1),
        lambda: blobs.delete(KEY),
        lambda: list(blobs.keys("")),
        blobs.check,
    ]
    with ThreadPoolExecutor(len(asks)) as pool:
        faults = [job.exception(timeout=PATIENCE_S) for job in [pool.submit(ask) for ask in asks]]
    assert [type(fault) for fault in faults] == [ObjectsUnavailableError] * len(asks)
    assert not any("told-to-nobody" in str(fault) for fault in faults)


def test_a_bucket_or_key_that_is_not_there_is_the_stores_fault_not_a_missing_object(
    object_store: ObjectStore, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_blobs(object_store.address_of("nobody-made-this"), tmp_path)
    for ask in (lambda: other.get(KEY), lambda: other.put(KEY, b"x"), lambda: other.delete(KEY), other.check):
        with pytest.raises(StoreUnavailableError, match="no such bucket"):
            ask()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    stranger = open_blobs(bucket, tmp_path)
    for ask in (lambda: stranger.get(KEY), lambda: stranger.put(KEY, b"x"), stranger.check):
        with pytest.raises(StoreUnavailableError, match="cannot be used"):
            ask()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/tmp",
        "file:///tmp",
        "s3://",
        "s3://B",
        "s3://bucket/../x",
        "s3://bucket/a?endpoint=ftp://x",
        "s3://bucket?endpoint=",
        "s3://bucket?secret=x",
        "s3://key:sesame@bucket/x",
        "s3://bucket?endpoint=http://key:sesame@host",
    ],
)
def test_what_is_no_address_of_a_bucket_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(UsageError, match="object store") as caught:
        check_address(address)
    assert "sesame" not in str(caught.value)
    assert caught.value.advice


def answers_without_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str | None, int]:
    """Return what a route answers whose objects are gone: status, Retry-After; and the status of another route."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    gone = open_blobs("s3://bucket/p?endpoint=http://127.0.0.1:9", tmp_path)

    def read(storage: Storage, _user: object) -> bytes:
        return storage.blobs.get(KEY)

    async def handler(call: Call) -> Response:
        return Response(await call.run_stored(read))

    async def ask(path: str, key: str) -> httpx.Response:
        table = RouteTable("/more", Version2())
        table.add("GET", "/object", handler, access=Access.ANY_USER)
        with ThreadPoolExecutor(1) as threads:
            transport = httpx.ASGITransport(create_app(database, threads, more=[table], blobs=gone))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.get(path, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE_S)

    add_user(tmp_path, "lin")
    key = create_key(tmp_path, "lin")
    with Database(tmp_path) as database:
        answer, other = (asyncio.run(ask(path, key)) for path in ("/more/object", f"{SERVER_PATH}/apis/v2/info"))
        return answer.status_code, answer.headers.get("retry-after"), other.status_code


def test_a_route_whose_objects_are_gone_answers_503_with_retry_after_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answers_without_objects(tmp_path, monkeypatch) == (503, "2", 200)


def test_a_server_that_takes_lost_objects_for_missing_ones_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(v2._STATUS, "storage_away", 404)
    assert answers_without_objects(tmp_path, monkeypatch)[0] == 404


def test_a_server_does_not_start_on_an_object_store_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with pytest.raises(ObjectStoreError, match="cannot be used") as caught:
        run(tmp_path, Settings(port=0, blobs="s3://bucket/p?endpoint=http://127.0.0.1:9"))
    assert "AWS_ACCESS_KEY_ID" in str(caught.value.advice)
    with pytest.raises(UsageError, match="object store address"):
        run(tmp_path, Settings(port=0, blobs="/srv/blobs"))


def test_what_a_working_directory_has_is_read_in_place_and_never_changed(tmp_path: Path) -> None:
    store = store_of(tmp_path / ".aimd/trials/x")
    large, small = store.add_bytes(CONTENT), store.add_bytes(b"small")
    blobs = LocalBlobs(tmp_path / "blobs", store.directory)
    held = blobs.held([large.digest, small.digest, "0" * 64])
    assert {digest: size for digest, (_, size) in held.items()} == {large.digest: len(CONTENT), small.digest: 5}
    key, packed = held[large.digest][0], held[small.digest][0]
    assert (blobs.get(key), blobs.get_range(packed, 1, 4)) == (CONTENT, b"mal")
    assert blobs.get_ranges(key, [(0, 3), (255, 258)]) == [CONTENT[:3], CONTENT[255:258]]
    blobs.delete(key)
    assert blobs.get(key) == CONTENT
    with pytest.raises(ValueError, match="only read"):
        blobs.put(key, b"other")
    for bad in ("held/../x", "held/" + "Z" * 64):
        with pytest.raises(ValueError, match="no key"):
            blobs.get_range(bad, 0, 1)
    store.path_of(large.digest).unlink()
    with pytest.raises(BlobMissingError):
        blobs.get_range(key, 0, 1)
    assert list(blobs.keys()) == []
