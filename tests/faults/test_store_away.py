"""Files of a trial while the object store is away, slow, refuses or cuts answers: nothing half, nothing lost.

A real S3 store behind a proxy that breaks single requests of the server, or all of them for a while.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aimd_core.client import connection
from aimd_core.errors import AimdError
from aimd_core.upload import files, transfers
from aimd_server import operations
from aimd_server.blobs import open_blobs
from aimd_server.services import contents
from aimd_server.storage import Storage
from aimd_server.stores.database import Database
from tests.faults.test_file_uploads import PART, FileCase
from tests.support.object_store import ObjectStore
from tests.support.proxy import Proxy
from tests.support.server import RunningServer

SHORT = ("answer lost", "403", "503")
ALL = (*SHORT, "reset on accept", "reset mid body", "reset after body", "500", "cut length", "html 200", "silence")
# As in production, but an object store that does not answer is given up after a second.
IMPATIENT = """
from datetime import timedelta
from aimd_server.blobs import s3
s3._TIMES |= {"timeout": "2s"}
s3._AGAIN |= {"max_retries": 1, "retry_timeout": timedelta(seconds=1)}
"""
ROW_FIRST = """
from aimd_server.services import contents as service
put = service.put_object
def row_first(storage, body):
    from aimd_server.errors import StoreUnavailableError
    key = service._new_key()
    number = storage.database.write(lambda c: service.contents.announce(c, key, len(body), service.now_us()))
    try:
        storage.blobs.put(key, body)
    except StoreUnavailableError:
        pass
    return number
service.put_object = row_first
"""


class Rig:
    """A server, an object store and a proxy on the way to each."""

    def __init__(self, server: RunningServer, proxy: Proxy, store: Proxy, address: str, place: Path) -> None:
        self.server, self.proxy, self.store, self.address, self.place = server, proxy, store, address, place

    def case(self, name: str) -> FileCase:
        return FileCase(self.server, self.proxy, self.place / name)

    def orphans_after_sweep(self) -> list[str]:
        """Remove what is left over, and return keys of objects that nothing refers to, or that something lacks."""
        self.server.stop()
        with Database(self.server.data_dir) as database:
            blobs = open_blobs(self.address, self.server.data_dir)
            contents.sweep(Storage(database, blobs), left_over_us=0, upload_us=0)
            there = {row.key for row in blobs.keys(contents.PREFIX)}
            rows = database.read(lambda c: c.exec_driver_sql("SELECT key FROM content_object").scalars().all())
        faults = [f"{fault.where} {fault.what}" for fault in operations.check(self.server.data_dir).faults]
        self.server.start()
        return [*sorted(there ^ set(rows)), *faults]


@pytest.fixture
def rigging(tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Rig]:
    monkeypatch.setattr(transfers, "FIRST_PART_BYTES", PART)
    monkeypatch.setattr(transfers, "MAX_PART_BYTES", PART)
    monkeypatch.setattr(files, "SMALL_BYTES", 3000)
    monkeypatch.setattr(files, "BODY_BYTES", 1000)
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 20.0)
    monkeypatch.setattr(connection, "MAX_RETRY_AFTER_S", 0.05)  # how long a server asks to be left alone
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def rig(plant: str = "") -> Iterator[Rig]:
        bucket = object_store.new_bucket()
        port = int(object_store.endpoint.rpartition(":")[2])
        data_dir = tmp_path / f"data{len(plant)}"
        data_dir.mkdir(mode=0o700)
        with Proxy(port, keeps_host=True) as store:
            address = bucket.replace(f":{port}", f":{store.port}")
            (data_dir / "server.yaml").write_text(json.dumps({"blobs": address}))
            secrets = object_store.environment
            with (
                RunningServer(data_dir, before=IMPATIENT + plant, environment=secrets) as server,
                Proxy(server.port) as proxy,
            ):
                yield Rig(server, proxy, store, address, tmp_path)
                assert "Traceback" not in server.log

    return rig  # type: ignore[return-value]


def _broken(rig: Rig, fault: str, at: int) -> tuple[list[str], int]:
    """Break one request to the store during an upload; return what is wrong in the end and how many there were."""
    case = rig.case(f"{fault} {at}")
    rig.store.plan(fault, at)
    case.upload_until_done()
    requests = len(rig.store.requests)
    rig.store.plan("", -1)
    try:
        return case.faults(rig.place / f"back {fault} {at}"), requests
    except AimdError as error:
        return [str(error)], requests


def test_a_store_that_fails_once_while_files_arrive_costs_nothing(rigging: Callable[..., Rig]) -> None:
    with rigging() as rig:
        faults, requests = _broken(rig, "", -1)
        assert (faults, requests > 4) == ([], True), requests
        for fault, at in zip(SHORT, (2, requests // 2, requests - 2), strict=True):  # all of them: see below
            assert _broken(rig, fault, at)[0] == [], f"{fault} at request {at}"
        assert rig.orphans_after_sweep() == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", ALL)
def test_a_store_that_fails_at_any_request_costs_nothing(rigging: Callable[..., Rig], fault: str) -> None:
    with rigging() as rig:
        _, requests = _broken(rig, "", -1)
        for at in range(requests):
            assert _broken(rig, fault, at)[0] == [], f"{fault} at request {at}"
        assert rig.orphans_after_sweep() == []


def test_a_store_that_is_away_is_told_and_an_upload_goes_on_when_it_is_back(rigging: Callable[..., Rig]) -> None:
    with rigging() as rig:
        case = rig.case("t")

        def leave(number: int) -> None:
            rig.store.is_away = number >= 3

        rig.store.plan("", -1)
        rig.store.after_request = leave
        with pytest.raises(AimdError) as caught:
            case.upload()
        assert caught.value.code == "storage_away"
        rig.store.after_request, rig.store.is_away = None, False
        already = len(rig.store.requests)
        case.upload_until_done()
        assert len(rig.store.requests) > already
        assert case.faults(rig.place / "back") == []
        rig.store.plan("", -1)
        rig.store.after_request = leave  # in the middle of a download
        with pytest.raises(AimdError) as caught:
            case.fetched(rig.place / "never")
        assert caught.value.code in ("storage_away", "unreachable")
        (left,) = (rig.place / "never" / ".aimd" / "trials").iterdir()
        assert left.name.endswith(".partial")
        rig.store.after_request, rig.store.is_away = None, False
        assert case.fetched(rig.place / "never") == case.kept()
        assert rig.orphans_after_sweep() == []


def test_a_slow_store_is_waited_for(rigging: Callable[..., Rig]) -> None:
    with rigging() as rig:
        case = rig.case("t")
        rig.store.delay_s = 0.1
        case.upload()
        assert case.faults(rig.place / "back") == []


def test_a_server_that_is_killed_at_a_request_to_the_store_leaves_no_row_without_its_bytes(
    rigging: Callable[..., Rig],
) -> None:
    with rigging() as rig:
        assert _killed(rig, range(2, 11, 4)) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_server_that_is_killed_at_every_request_to_the_store_leaves_no_row_without_its_bytes(
    rigging: Callable[..., Rig],
) -> None:
    with rigging() as rig:
        assert _killed(rig, range(60)) == []


def _killed(rig: Rig, numbers: range) -> list[str]:
    """Kill the server before or after a request to the store passes, once for each number; return what is wrong."""
    case = rig.case("t")
    for number in numbers:

        def kill(request: int, at: int = number) -> None:
            if request == at:
                rig.server.kill()

        rig.store.plan("", -1)
        rig.store.on_request, rig.store.after_request = (kill, None) if number % 2 else (None, kill)
        (case.path / "files" / f"more{number}").write_bytes(case.kept()["large.bin"] + b"%d" % number)
        try:
            case.upload()
        except AimdError:
            pass
        rig.store.on_request = rig.store.after_request = None
        rig.server.kill()
        rig.server.start()
        rig.proxy.target = rig.server.port
    case.upload_until_done()
    return [*case.faults(rig.place / "back"), *rig.orphans_after_sweep()]


def test_the_harness_finds_a_row_that_is_written_before_its_bytes(rigging: Callable[..., Rig]) -> None:
    with rigging(ROW_FIRST) as rig:
        assert any(_broken(rig, "403", at)[0] for at in range(4))
