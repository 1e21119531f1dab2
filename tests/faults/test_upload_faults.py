"""Whatever breaks at whichever request: the upload ends in the state of one that nothing broke."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aimd_core.client import connection, v2
from aimd_core.client.connection import NO_RETRY
from aimd_core.client.v2 import Server, Standing
from aimd_core.config import Credentials
from aimd_core.errors import AimdError, ContentDiffersError, NetworkError
from aimd_core.format.protocol import V2_PATH
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, sending, transfers
from aimd_core.upload.remote import CurrentRemote
from tests.faults.uploads import Case, broken_run, clean_run
from tests.support.patience import PATIENCE_S
from tests.support.proxy import APPLIED, FAULTS, Proxy
from tests.support.server import RunningServer, clean_environment
from tests.support.trials import record

SHORT = ("reset mid body", "answer lost", "cut without either", "503", "429 date", "500 after", "html 200", "gzip bomb")


@pytest.fixture
def proxy(running_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr(transfers, "FIRST_PART_BYTES", 3000)
    monkeypatch.setattr(transfers, "MAX_PART_BYTES", 3000)
    monkeypatch.setattr(connection, "CALL_DEADLINE_S", 1.0)
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 0.8)
    monkeypatch.setattr("aimd_core.upload.version1.BATCH_POINTS", 25)
    with Proxy(running_server.port) as made:
        yield made


def test_a_fault_at_the_first_and_the_last_requests_changes_nothing(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    wanted, requests = clean_run(running_server, proxy, tmp_path / "t")
    assert requests >= 4
    for fault in SHORT:
        for at in (0, 2, requests - 1):
            broken_run(running_server, proxy, tmp_path / "t", fault, at, wanted)


@pytest.mark.parametrize("fault", ["drip", "header drip", "silence"])
def test_a_server_that_drips_or_falls_silent_is_left_in_time(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, fault: str
) -> None:
    wanted, _ = clean_run(running_server, proxy, tmp_path / "t")
    broken_run(running_server, proxy, tmp_path / "t", fault, 1, wanted)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_request_changes_nothing(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, fault: str
) -> None:
    wanted, requests = clean_run(running_server, proxy, tmp_path / "t")
    for at in range(requests):
        broken_run(running_server, proxy, tmp_path / "t", fault, at, wanted)


def test_the_harness_catches_a_client_that_sends_again_without_asking(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: after a lost answer the same bytes go to wherever the file ends now."""
    wanted, _ = clean_run(running_server, proxy, tmp_path / "t")

    def append(self: Server, trial_id: str, file: str, offset: int, packed: bytes, wants: bool = False) -> Standing:
        path = f"{V2_PATH}/trials/{trial_id}/files/{file}"

        def attempt() -> Standing:
            head = self._connection.once("HEAD", path)
            headers = {"Upload-Offset": head.headers["upload-offset"], "Content-Encoding": "gzip"}
            answer = self._connection.once("PATCH", path, content=packed, headers=headers)
            return v2._standing(self.host, answer)

        return self._connection.persist(attempt)

    monkeypatch.setattr(Server, "append", append)
    with pytest.raises(AssertionError):
        broken_run(running_server, proxy, tmp_path / "t", "answer lost", 4, wanted)


def test_the_harness_catches_a_client_that_takes_silence_for_success(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted loss: bytes of which no answer came count as stored, and nothing is compared at the end."""
    wanted, _ = clean_run(running_server, proxy, tmp_path / "t")
    append = Server.append

    def believing(self: Server, trial_id: str, file: str, offset: int, packed: bytes, wants: bool = False) -> Standing:
        monkeypatch.setattr(self._connection, "retry", NO_RETRY)
        try:
            return append(self, trial_id, file, offset, packed, wants)
        except NetworkError:
            return Standing(offset + len(zlib.decompress(packed, 31)), "")

    monkeypatch.setattr(Server, "append", believing)
    monkeypatch.setattr(sending, "_compare", lambda *_: None)
    monkeypatch.setattr(sending, "_OFFSET_TRIES", 0)
    with pytest.raises(AssertionError):
        for at in range(1, 6):
            broken_run(running_server, proxy, tmp_path / "t", "reset mid body", at, wanted)


def test_the_harness_catches_a_client_that_swallows_errors(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: a journal that could not be sent is no error."""
    wanted, _ = clean_run(running_server, proxy, tmp_path / "t")
    send = sending._send_journal

    def swallowing(*arguments: Any) -> int:
        try:
            return send(*arguments)
        except AimdError:
            return 0

    monkeypatch.setattr(sending, "_send_journal", swallowing)
    monkeypatch.setattr(Case, "remote", lambda self: CurrentRemote(Credentials(self.proxy.url, self.key, {}), NO_RETRY))
    with pytest.raises(AssertionError):
        for at in range(1, 6):
            broken_run(running_server, proxy, tmp_path / "t", "reset mid body", at, wanted)


def test_deployed_protocol_short_sweep_doubles_no_point(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.hides_v2 = True
    wanted, requests = clean_run(running_server, proxy, tmp_path / "t", protocol=1)
    posts = [number for number, line in enumerate(proxy.requests) if line.startswith("POST") and "/metrics/" in line]
    assert len(posts) == 3
    for fault in ("answer lost", "500 after", "502", "cut chunked", "html 200"):
        for at in (*posts[:2], 1, requests - 1):
            broken_run(running_server, proxy, tmp_path / "t", fault, at, wanted, protocol=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", FAULTS)
def test_deployed_protocol_every_fault_at_every_request(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, fault: str
) -> None:
    proxy.hides_v2 = True
    wanted, requests = clean_run(running_server, proxy, tmp_path / "t", protocol=1)
    for at in range(requests):
        broken_run(running_server, proxy, tmp_path / "t", fault, at, wanted, protocol=1)


@pytest.fixture
def patient(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time for a server to start again."""
    monkeypatch.setattr(connection, "CALL_DEADLINE_S", 60.0)
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 60.0)


def _killed_servers(place: Path, requests: list[int]) -> None:
    with RunningServer(place / "data") as server, Proxy(server.port) as proxy:
        wanted, total = clean_run(server, proxy, place / "t")
        for at in requests or range(total):
            for moment in ("on_request", "after_request"):
                case = Case(server, proxy, place / "t")
                proxy.plan("", -1)

                def kill(number: int, at: int = at) -> None:
                    if number == at:
                        server.kill()
                        server.start()

                setattr(proxy, moment, kill)
                case.upload_until_done()
                setattr(proxy, moment, None)
                assert case.state() == wanted, f"killed at request {at}, {moment}"


def test_a_server_killed_in_the_middle_ends_in_the_same_state(patient: None, tmp_path: Path) -> None:
    _killed_servers(tmp_path, [2])


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_server_killed_at_every_request_ends_in_the_same_state(patient: None, tmp_path: Path) -> None:
    _killed_servers(tmp_path, [])


_CLIENT = """
import sys
from pathlib import Path
from aimd_core.config import Credentials
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, transfers
from aimd_core.upload.remote import CurrentRemote
transfers.FIRST_PART_BYTES = transfers.MAX_PART_BYTES = 3000
with CurrentRemote(Credentials(sys.argv[1], sys.argv[2], {})) as remote:
    remote.upload(Trial(Path(sys.argv[3])), Destination())
"""


def _killed_client(server: RunningServer, proxy: Proxy, place: Path, at: int, moment: str) -> Case:
    case = Case(server, proxy, place)
    proxy.plan("", -1)
    process: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def kill(number: int) -> None:
        if number == at and started.wait(PATIENCE_S):
            os.kill(process[0].pid, signal.SIGKILL)

    setattr(proxy, moment, kill)
    words = [sys.executable, "-c", _CLIENT, proxy.url, case.key, str(case.path)]
    process.append(subprocess.Popen(words, env=clean_environment(), stderr=subprocess.DEVNULL))
    started.set()
    assert process[0].wait(PATIENCE_S) == -signal.SIGKILL
    setattr(proxy, moment, None)
    proxy.plan("", -1)
    case.upload_until_done()
    return case


def test_a_client_killed_in_the_middle_goes_on_from_there(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    wanted, _ = clean_run(running_server, proxy, tmp_path / "t")
    assert _killed_client(running_server, proxy, tmp_path / "t", 2, "after_request").state() == wanted


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_client_killed_at_every_request_goes_on_from_there(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    wanted, requests = clean_run(running_server, proxy, tmp_path / "t")
    for at in range(requests):
        for moment in ("on_request", "after_request"):
            assert _killed_client(running_server, proxy, tmp_path / "t", at, moment).state() == wanted


def test_two_uploaders_at_once_end_as_one(running_server: RunningServer, proxy: Proxy, tmp_path: Path) -> None:
    wanted, _ = clean_run(running_server, proxy, tmp_path / "t")
    case = Case(running_server, proxy, tmp_path / "t")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(case.upload) for _ in range(4)]:
            done.result()
    assert case.state() == wanted


def test_an_upload_while_the_trial_logs_has_a_prefix_each_time_and_all_at_the_end(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    case = Case(running_server, proxy, tmp_path / "t")
    stop = threading.Event()

    def log() -> None:
        step = 1000
        with (case.path / "metrics").open("ab", buffering=0) as journal:
            while not stop.is_set():
                journal.write(record(step)[:40])
                journal.write(record(step)[40:])
                step += 1
                stop.wait(0.01)

    logger = threading.Thread(target=log)
    logger.start()
    try:
        for _ in range(5):
            case.upload()
            local = (case.path / "metrics").read_bytes()
            assert local.startswith(case.state()["files"]["metrics"].encode())
    finally:
        stop.set()
        logger.join()
    case.upload()
    assert case.state()["files"]["metrics"].encode() == (case.path / "metrics").read_bytes()


@pytest.mark.parametrize("change", [lambda whole: whole[:-10], lambda whole: b"X" + whole[1:], lambda _: None])
def test_a_journal_that_changed_after_a_partial_upload_is_reported_and_nothing_overwritten(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, change
) -> None:
    case = Case(running_server, proxy, tmp_path / "t")
    case.upload()
    before = case.state()
    changed = change((case.path / "metrics").read_bytes())
    (case.path / "metrics").unlink()
    if changed is not None:
        (case.path / "metrics").write_bytes(changed)
    with pytest.raises(ContentDiffersError):
        case.upload()
    assert case.state() == before


def test_a_redirect_takes_the_key_nowhere_and_the_error_says_what_came(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    case = Case(running_server, proxy, tmp_path / "t")
    proxy.plan("redirect", 0)
    with case.remote() as remote, pytest.raises(AimdError, match="never followed") as caught:
        remote.upload(Trial(case.path), Destination())
    assert case.key not in str(caught.value)


def test_every_fault_is_of_one_kind() -> None:
    assert len(set(FAULTS)) == len(FAULTS)
    assert set(APPLIED) < set(FAULTS)
