"""Files of a trial, whatever breaks while they are sent or fetched: in the end both sides have the same bytes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aimd_core.client import connection
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import AimdError
from aimd_core.objects.store import store_of
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, files, transfers
from aimd_core.upload.contents import Uploaded
from aimd_core.upload.downloading import download_trial
from aimd_core.upload.remote import CurrentRemote
from t9k import aimd
from tests.faults.uploads import QUICK, TRIES, Case
from tests.support.proxy import FAULTS, SWALLOWED, Proxy
from tests.support.server import RunningServer, clean_environment

PART = 20_000
SHORT = ("reset mid body", "cut on the way", "answer lost", "503")
LARGE = random.Random(7).randbytes(6 * PART + 77)
SMALL = {f"many/{number}": b"%d" % number * 40 for number in range(30)}


@pytest.fixture
def proxy(running_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr(transfers, "FIRST_PART_BYTES", PART)
    monkeypatch.setattr(transfers, "MAX_PART_BYTES", PART)
    monkeypatch.setattr(files, "SMALL_BYTES", 3000)
    monkeypatch.setattr(files, "BODY_BYTES", 1000)
    monkeypatch.setattr(connection, "CALL_DEADLINE_S", 2.0)
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 1.5)
    with Proxy(running_server.port) as made:
        yield made


@pytest.fixture
def brief(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that wait still less for a network that is silent."""
    monkeypatch.setattr(connection, "CALL_DEADLINE_S", 1.0)
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 0.8)


class FileCase(Case):
    """A trial with a large file and some small ones, of bytes that no other case has."""

    def __init__(self, server: RunningServer, proxy: Proxy, place: Path) -> None:
        super().__init__(server, proxy, place)
        mark = os.urandom(16)
        for name, content in {"large.bin": LARGE, **SMALL}.items():
            path = self.path / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(mark + content)

    def kept(self, directory: Path | None = None) -> dict[str, bytes]:
        """Return all kept files of a directory, by default the trial's."""
        home = (directory or self.path) / "files"
        return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}

    def credentials(self, is_direct: bool = True) -> Credentials:
        return Credentials(self.server.url if is_direct else self.proxy.url, self.key, {})

    def fetched(self, to: Path, is_direct: bool = True) -> dict[str, bytes]:
        """Download the trial, again after an error, and return its kept files."""
        for left in reversed(range(TRIES)):
            try:
                with Server(self.credentials(is_direct), QUICK) as server:
                    return self.kept(download_trial(server, str(Trial(self.path).id), to))
            except AimdError:
                if not left:
                    raise
        raise AssertionError

    def faults(self, to: Path) -> list[str]:
        """Return how what the server has differs from the trial."""
        with CurrentRemote(self.credentials(), QUICK) as remote:
            found = [f"{each.file}: {each.reason}" for each in remote.check(Trial(self.path))]
        return found + ([] if self.fetched(to) == self.kept() else ["a download gives other bytes"])


def sent(server: RunningServer, proxy: Proxy, place: Path, fault: str, at: int) -> tuple[list[str], int]:
    """Break one request of an upload; return what is wrong in the end, and how many requests there were."""
    case = FileCase(server, proxy, place / f"{fault} {at}")
    proxy.plan(fault, at)
    case.upload_until_done()
    requests = len(proxy.requests)
    return case.faults(place / f"back {fault} {at}"), requests


def test_a_fault_while_files_are_sent_changes_nothing(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    faults, requests = sent(running_server, proxy, tmp_path, "", -1)
    assert (faults, requests >= 10) == ([], True)
    for fault in SHORT:
        for at in (requests // 2, requests - 1):
            assert sent(running_server, proxy, tmp_path, fault, at)[0] == [], f"{fault} at request {at}"


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_request_of_files_changes_nothing(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, fault: str
) -> None:
    _, requests = sent(running_server, proxy, tmp_path, "", -1)
    for at in range(requests):
        assert sent(running_server, proxy, tmp_path, fault, at)[0] == [], f"{fault} at request {at}"


def test_the_harness_catches_a_client_that_sends_no_files(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: an upload says that it has sent files, and has not."""
    monkeypatch.setattr(files.ContentSending, "send", lambda self, listed: None)
    monkeypatch.setattr(files, "put_all", lambda server, trial_id, listed, remove: None)
    assert sent(running_server, proxy, tmp_path, "503", 3)[0] != []


def test_a_fault_while_files_are_fetched_changes_nothing(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    case = FileCase(running_server, proxy, tmp_path / "t")
    case.upload()
    for fault in ("cut length", "reset after body", "wrong length"):
        for at in (4, 12):
            proxy.plan(fault, at)
            assert case.fetched(tmp_path / f"{fault} {at}", is_direct=False) == case.kept(), f"{fault} at {at}"


@pytest.mark.parametrize("fault", SWALLOWED)
@pytest.mark.parametrize("places", [(2, 8), pytest.param(range(12), marks=pytest.mark.soak)])
def test_a_network_that_loses_packets_in_the_middle_costs_a_wait_only(
    running_server: RunningServer, brief: None, proxy: Proxy, tmp_path: Path, fault: str, places: Sequence[int]
) -> None:
    _, requests = sent(running_server, proxy, tmp_path, "", -1)
    at = requests // 2  # every one of them: see above
    assert sent(running_server, proxy, tmp_path, fault, at)[0] == [], f"{fault} at request {at}"
    case = FileCase(running_server, proxy, tmp_path / "down")
    case.upload()
    for at in places:
        proxy.plan(fault, at)
        assert case.fetched(tmp_path / f"{fault} {at}", is_direct=False) == case.kept(), f"{fault} at {at}"


@pytest.mark.parametrize("fault", SWALLOWED)
@pytest.mark.parametrize("places", [(5, 12), pytest.param(range(24), marks=pytest.mark.soak)])
def test_a_network_that_loses_packets_of_media_costs_a_wait_only(
    running_server: RunningServer, brief: None, proxy: Proxy, tmp_path: Path, fault: str, places: Sequence[int]
) -> None:
    case = FileCase(running_server, proxy, tmp_path / "t")
    trial = aimd.load_trial(case.path)
    contents = {number: os.urandom(300 if number % 2 else 3 * PART) for number in range(12)}
    for number, content in contents.items():
        trial.log_html("page", content, number)
    proxy.plan("", -1)
    case.upload()
    requests = len(proxy.requests)
    for number in range(12, 24):
        contents[number] = os.urandom(300 if number % 2 else 3 * PART)
        trial.log_html("page", contents[number], number)
    trial.finish()
    proxy.plan(fault, requests // 2)
    case.upload_until_done()
    assert case.faults(tmp_path / "checked") == []
    for at in places:
        proxy.plan(fault, at)
        case.fetched(tmp_path / f"back {at}", is_direct=False)
        (back,) = (tmp_path / f"back {at}").glob(".aimd/trials/*")
        store = store_of(back)
        lines = [json.loads(line) for line in (back / "media").read_bytes().splitlines()]
        assert {line["step"]: store.read(line["digest"]) for line in lines} == contents


def test_a_network_that_takes_nothing_more_of_a_large_part_costs_a_wait_only(
    running_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 1.5)
    with Proxy(running_server.port) as proxy:
        case = FileCase(running_server, proxy, tmp_path / "t")
        (case.path / "files" / "huge.bin").write_bytes(os.urandom(40 << 20))
        case.upload()
        requests = len(proxy.requests)
        (case.path / "files" / "huge.bin").write_bytes(os.urandom(40 << 20))
        proxy.plan("swallow mid body", requests // 2)
        case.upload_until_done()
        assert case.faults(tmp_path / "back") == []


def test_two_uploads_of_one_trial_at_once_end_as_one(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    case = FileCase(running_server, proxy, tmp_path / "t")
    case.upload()
    (case.path / "files" / "large.bin").write_bytes(os.urandom(9 * PART))
    begin = threading.Barrier(3)

    def upload() -> Uploaded:
        with CurrentRemote(case.credentials(), QUICK) as remote:
            begin.wait()
            return remote.upload(Trial(case.path), Destination())

    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(upload) for _ in range(3)]
        assert {end.result().outcome for end in done} <= {"updated", "unchanged"}
    assert case.faults(tmp_path / "back") == []


def test_a_file_that_changes_while_it_is_sent_is_named_and_the_rest_is_there(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    case = FileCase(running_server, proxy, tmp_path / "t")
    large = case.path / "files" / "large.bin"

    def change(number: int) -> None:
        if "PATCH /t9k/experiment/server/apis/v2/contents" in proxy.requests[-1]:
            with large.open("r+b") as file:
                file.seek(len(LARGE) - 9)
                file.write(os.urandom(9))

    proxy.on_request = change
    with case.remote() as remote:
        uploaded = remote.upload(Trial(case.path), Destination())
    proxy.on_request = None
    assert [(part.what, part.reason) for part in uploaded.refusals] == [
        ("files/large.bin", "was changed while it was uploaded")
    ]
    assert uploaded.sent_files == len(SMALL)
    case.upload()
    assert case.faults(tmp_path / "back") == []


_UPLOAD = """
import sys
from pathlib import Path
from aimd_core.config import Credentials
from aimd_core.objects.store import store_of
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, files, transfers
from aimd_core.upload.remote import CurrentRemote
transfers.FIRST_PART_BYTES = transfers.MAX_PART_BYTES = 20_000
files.SMALL_BYTES, files.BODY_BYTES = 3000, 1000
with CurrentRemote(Credentials(sys.argv[1], sys.argv[2], {})) as remote:
    remote.upload(Trial(Path(sys.argv[3])), Destination())
"""


def _killed_uploads(server: RunningServer, proxy: Proxy, place: Path, kills: int) -> list[str]:
    """Kill the client and, every other time, the server at a border of a part; return what is wrong in the end."""
    case = FileCase(server, proxy, place / "t")
    chance = random.Random(kills)
    for number in range(kills):
        at = chance.randrange(4, 16)
        words = [sys.executable, "-c", _UPLOAD, proxy.url, case.key, str(case.path)]
        process = subprocess.Popen(words, env=clean_environment(), stderr=subprocess.DEVNULL)

        def kill(request: int, at: int = at, process: subprocess.Popen[bytes] = process, number: int = number) -> None:
            if request == at:
                if number % 2:
                    server.kill()
                process.kill()

        proxy.plan("", -1)
        proxy.after_request = kill
        process.wait()
        proxy.after_request = None
        if number % 2:
            server.kill()
            server.start()
    case.upload_until_done()
    return case.faults(place / "back")


def test_kills_at_the_borders_of_parts_lose_nothing(own_server: RunningServer, tmp_path: Path) -> None:
    with Proxy(own_server.port) as proxy:
        assert _killed_uploads(own_server, proxy, tmp_path, 3) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_at_the_borders_of_parts_lose_nothing(own_server: RunningServer, tmp_path: Path) -> None:
    with Proxy(own_server.port) as proxy:
        assert _killed_uploads(own_server, proxy, tmp_path, 200) == []


def test_objects_that_are_away_are_an_error_and_nothing_half_is_kept(tmp_path: Path) -> None:
    planted = """
from aimd_server.blobs import disk
from aimd_server.errors import ObjectsUnavailableError
true, calls = disk.DiskBlobs.put, [0]
def put(self, key, data):
    calls[0] += 1
    if calls[0] % 3 == 1:
        raise ObjectsUnavailableError("the disk refuses objects: No space left on device")
    true(self, key, data)
disk.DiskBlobs.put = put
"""
    with RunningServer(tmp_path / "data", planted) as server, Proxy(server.port) as proxy:
        case = FileCase(server, proxy, tmp_path / "t")
        case.upload_until_done()
        assert case.faults(tmp_path / "back") == []
