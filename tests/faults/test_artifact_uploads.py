"""Artifacts, whatever breaks while they are uploaded: one version in the end, with every byte, and none before."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aimd_core.client import artifacts as calls
from aimd_core.client import connection
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import AimdError
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.upload import files, transfers
from aimd_core.upload.artifact_checks import compare_artifact
from aimd_core.upload.artifacts import bring_artifact, download_objects, upload_artifact_at
from aimd_core.upload.contents import Destination
from aimd_core.upload.current_artifacts import CurrentArtifactRemote
from t9k import aimd
from tests.faults.uploads import QUICK
from tests.support.proxy import FAULTS, SWALLOWED, Proxy
from tests.support.server import RunningServer, clean_environment

PART = 20_000
LARGE = random.Random(3).randbytes(5 * PART + 33)
SHORT = ("reset mid body", "cut on the way", "answer lost", "503")
TRIES = 4


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


class ArtifactCase:
    """An artifact of bytes that no other case has, and the ways to the server: direct, and through the proxy."""

    def __init__(self, server: RunningServer, proxy: Proxy, place: Path) -> None:
        self.key = server.new_user(f"u{uuid.uuid4().hex[:12]}")
        self.direct, self.broken = Credentials(server.url, self.key, {}), Credentials(proxy.url, self.key, {})
        self.place = place
        source = place / "source"
        source.mkdir(parents=True)
        mark = os.urandom(16)
        (source / "large.bin").write_bytes(mark + LARGE)
        for number in range(20):
            (source / f"small{number}").write_bytes(mark + b"%d" % number * 40)
        artifact = aimd.create_artifact("model", "model", dir=place)
        artifact.add_dir(source)
        artifact.add_reference("s3://bucket/data.tar")
        self.path = artifact.path

    def upload(self, credentials: Credentials | None = None) -> str:
        with CurrentArtifactRemote(Server(credentials or self.broken, QUICK)) as remote:
            return upload_artifact_at(remote, StoredArtifact(self.path), Destination()).remote.version

    def upload_until_done(self) -> str:
        for left in reversed(range(TRIES)):
            try:
                return self.upload()
            except AimdError:
                if not left:
                    raise
        raise AssertionError

    def faults(self) -> list[str]:
        """Return how what the server has differs, and a download of it."""
        with CurrentArtifactRemote(Server(self.direct, QUICK)) as remote:
            listed = [row["version"] for row in calls.listed(remote.server)]
            faults = [f"{each.file} {each.reason}" for each in compare_artifact(remote, StoredArtifact(self.path))]
            faults += [] if listed == ["v1"] else [f"versions: {listed}"]
            back = bring_artifact(remote, remote.find(self.path.name), self.place / "back")
            download_objects(remote, StoredArtifact(back))
        return faults + ([] if _bytes_in(back) == _bytes_in(self.path) else ["a download gives other bytes"])


def _bytes_in(path: Path) -> dict[str, bytes]:
    home = path / "objects"
    return {file.relative_to(home).as_posix(): file.read_bytes() for file in home.rglob("*") if file.is_file()}


def _sent(server: RunningServer, proxy: Proxy, place: Path, fault: str, at: int) -> tuple[list[str], int]:
    case = ArtifactCase(server, proxy, place / f"{fault} {at}")
    proxy.plan(fault, at)
    case.upload_until_done()
    return case.faults(), len(proxy.requests)


def test_a_fault_while_an_artifact_is_sent_changes_nothing(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    faults, requests = _sent(running_server, proxy, tmp_path, "", -1)
    assert (faults, requests >= 10) == ([], True)
    for fault in SHORT:
        for at in (requests // 2, requests - 2):
            assert _sent(running_server, proxy, tmp_path, fault, at)[0] == [], f"{fault} at request {at}"


@pytest.mark.parametrize("fault", SWALLOWED)
@pytest.mark.parametrize("places", [(3, 8), pytest.param(range(12), marks=pytest.mark.soak)])
def test_a_network_that_loses_packets_in_the_middle_costs_a_wait_only(
    running_server: RunningServer,
    proxy: Proxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    places: Sequence[int],
) -> None:
    monkeypatch.setattr(connection, "CALL_DEADLINE_S", 1.0)
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 0.8)
    _, requests = _sent(running_server, proxy, tmp_path, "", -1)
    at = requests // 2  # every one of them: see below
    assert _sent(running_server, proxy, tmp_path, fault, at)[0] == [], f"{fault} at request {at}"
    case = ArtifactCase(running_server, proxy, tmp_path / "down")
    case.upload()
    with CurrentArtifactRemote(Server(case.broken, QUICK)) as remote:
        for at in places:
            proxy.plan(fault, at)
            for left in reversed(range(TRIES)):
                try:
                    back = bring_artifact(remote, remote.find(case.path.name), tmp_path / f"back {fault} {at}")
                    download_objects(remote, StoredArtifact(back))
                    break
                except AimdError:
                    assert left, f"{fault} at request {at}"
            assert _bytes_in(back) == _bytes_in(case.path)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_request_changes_nothing(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, fault: str
) -> None:
    _, requests = _sent(running_server, proxy, tmp_path, "", -1)
    for at in range(requests):
        assert _sent(running_server, proxy, tmp_path, fault, at)[0] == [], f"{fault} at request {at}"


def test_the_harness_catches_a_client_that_sets_no_objects(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: an artifact is made final before its objects are set, and nobody looks at the answer."""
    monkeypatch.setattr(calls, "put_objects", lambda server, artifact_id, objects: None)
    monkeypatch.setattr("aimd_core.upload.artifacts._differ", lambda here, there: False)
    case = ArtifactCase(running_server, proxy, tmp_path)
    with pytest.raises(AimdError, match="other content"):
        case.upload_until_done()
    assert len(case.faults()) > 1


def test_uploads_of_one_artifact_at_once_make_one_version(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    case = ArtifactCase(running_server, proxy, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: case.upload(case.direct), range(4)))
    assert (versions, case.faults()) == (["v1"] * 4, [])


_UPLOAD = """
import sys
from pathlib import Path
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.upload import files, transfers
from aimd_core.upload.artifacts import upload_artifact_at
from aimd_core.upload.contents import Destination
from aimd_core.upload.current_artifacts import CurrentArtifactRemote
transfers.FIRST_PART_BYTES = transfers.MAX_PART_BYTES = 20_000
files.SMALL_BYTES, files.BODY_BYTES = 3000, 1000
with CurrentArtifactRemote(Server(Credentials(sys.argv[1], sys.argv[2], {}))) as remote:
    upload_artifact_at(remote, StoredArtifact(Path(sys.argv[3])), Destination())
"""


def _killed_uploads(server: RunningServer, proxy: Proxy, place: Path, kills: int) -> list[str]:
    """Kill the client and, every other time, the server after a request; return what is wrong in the end."""
    case = ArtifactCase(server, proxy, place)
    chance = random.Random(kills)
    for number in range(kills):
        at = chance.randrange(1, 14)
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
    return case.faults()


def test_kills_at_the_borders_of_parts_lose_nothing(own_server: RunningServer, tmp_path: Path) -> None:
    with Proxy(own_server.port) as proxy:
        assert _killed_uploads(own_server, proxy, tmp_path, 3) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_at_the_borders_of_parts_lose_nothing(own_server: RunningServer, tmp_path: Path) -> None:
    with Proxy(own_server.port) as proxy:
        assert _killed_uploads(own_server, proxy, tmp_path, 200) == []
