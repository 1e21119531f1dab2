"""Large files in bodies that are longer than a part: they go on from the last piece, and only where they are taken."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aimd_core.client import connection, contents
from aimd_core.errors import StorageFullError
from aimd_core.upload import files, transfers
from tests.faults.test_file_uploads import FileCase
from tests.support.proxy import Proxy
from tests.support.server import RunningServer

PART = 20_000  # what a part is here, and a piece that the server stores at once
LARGE_BYTES = 10 * PART + 77
SMALL_PIECES = f"""
from aimd_server.routes import v2, v2_contents
v2_contents.PART_BYTES = {PART}
"""
TAKES_PARTS_ONLY = """
async def _part(request, store, part_bytes):
    return await store(await v2_contents.read_body(request, part_bytes))
v2_contents.pass_on = _part
"""
SAYS_SO = """
v2.FEATURES = tuple(word for word in v2.FEATURES if word != "long_bodies")
"""
FULL = f"""
from pathlib import Path
from aimd_server.blobs.disk import DiskBlobs
from aimd_server.errors import ObjectsUnavailableError
_put, _pieces = DiskBlobs.put, []
def _put_until_full(self, key, data):
    if len(data) == {PART} and len(_pieces) == 3 and not Path("has room").exists():
        raise ObjectsUnavailableError("No space left on device", True)
    _pieces.extend([key] if len(data) == {PART} else [])
    _put(self, key, data)
DiskBlobs.put = _put_until_full
"""
Start = Callable[[str], tuple[RunningServer, Proxy]]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (contents, files):
        monkeypatch.setattr(module, "PART_BYTES", PART)
    for name in ("FIRST_PART_BYTES", "MIN_PART_BYTES", "MAX_PART_BYTES"):
        monkeypatch.setattr(transfers, name, PART)
    monkeypatch.setattr(files, "SMALL_BYTES", 3000)
    monkeypatch.setattr(contents, "PIECE_BYTES", 1000)
    monkeypatch.setattr(connection, "CALL_DEADLINE_S", 2.0)
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 1.5)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server with some code before it, and a proxy."""
    made: list[RunningServer | Proxy] = []

    def started(before: str) -> tuple[RunningServer, Proxy]:
        server = RunningServer(tmp_path / "data", before)
        made.append(server.__enter__())
        proxy = Proxy(server.port)
        made.append(proxy.__enter__())
        return server, proxy

    yield started
    for each in reversed(made):
        each.__exit__(None, None, None)


def _case(server: RunningServer, proxy: Proxy, place: Path) -> FileCase:
    """Return a trial with one file, of other bytes each time."""
    case = FileCase(server, proxy, place)
    for path in (case.path / "files").rglob("*.*"):
        path.unlink()
    for path in (case.path / "files" / "many").iterdir():
        path.unlink()
    (case.path / "files" / "large.bin").write_bytes(os.urandom(LARGE_BYTES))
    return case


def _bodies(proxy: Proxy) -> list[int]:
    """Return which requests sent bytes of a content."""
    return [number for number, line in enumerate(proxy.requests) if line.startswith("PATCH ") and "/contents/" in line]


def _sent(server: RunningServer, proxy: Proxy, place: Path, fault: str = "", at: int = -1) -> tuple[list[str], int]:
    """Upload a file, breaking one request; return what is wrong in the end, and how many bodies it took."""
    case = _case(server, proxy, place)
    proxy.plan(fault, at)
    case.upload_until_done()
    bodies = len(_bodies(proxy))
    return case.faults(place.with_name(f"{place.name} back")), bodies


def test_a_large_file_goes_in_few_bodies(start: Start, tmp_path: Path) -> None:
    assert _sent(*start(SMALL_PIECES), tmp_path / "t") == ([], 3)  # a part, four times as much, and the rest


@pytest.mark.parametrize("fault", ["cut on the way", "reset mid body", "answer lost", "503", "413", "swallow mid body"])
def test_a_long_body_that_breaks_is_sent_in_parts_from_where_the_server_stands(
    start: Start, tmp_path: Path, fault: str
) -> None:
    server, proxy = start(SMALL_PIECES)
    assert _sent(server, proxy, tmp_path / "t")[0] == []
    at = _bodies(proxy)[1]
    proxy.wire_bytes = 0
    faults, bodies = _sent(server, proxy, tmp_path / fault, fault, at)
    assert faults == []
    assert bodies <= 12
    if fault in ("cut on the way", "answer lost"):  # what had arrived is not sent again
        assert proxy.wire_bytes < LARGE_BYTES + 2 * PART


def test_a_server_that_does_not_offer_it_gets_parts_alone(start: Start, tmp_path: Path) -> None:
    server, proxy = start(SMALL_PIECES + TAKES_PARTS_ONLY + SAYS_SO)
    assert _sent(server, proxy, tmp_path / "t") == ([], 11)


def test_where_a_long_body_is_refused_the_file_goes_in_parts(start: Start, tmp_path: Path) -> None:
    """By a replica that is older than the one that offers it, or by a proxy."""
    server, proxy = start(SMALL_PIECES + TAKES_PARTS_ONLY)
    assert _sent(server, proxy, tmp_path / "t") == ([], 12)


def test_a_store_that_is_full_in_the_middle_of_a_body_says_so_and_keeps_what_came_before(
    start: Start, tmp_path: Path
) -> None:
    server, proxy = start(SMALL_PIECES + FULL)
    case = _case(server, proxy, tmp_path / "t")
    with pytest.raises(StorageFullError):
        case.upload()
    (server.data_dir.parent / "has room").touch()
    proxy.plan("", -1)
    proxy.wire_bytes = 0
    case.upload()
    assert proxy.wire_bytes < LARGE_BYTES - 2 * PART
    assert case.faults(tmp_path / "back") == []
