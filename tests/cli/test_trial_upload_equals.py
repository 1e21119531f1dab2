"""Trials of equal names and folders, sent at once, by threads, by commands and by processes, in both protocols."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from aimd_core.config import Credentials
from aimd_core.reading.documents import Trial
from aimd_core.upload import Companions, Destination
from aimd_core.upload.version1 import DeployedRemote
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.patience import PATIENCE_S
from tests.support.trials import record as line
from tests.support.trials import write_trial
from tests.support.v1_server import DeployedTestServer

Ids = Callable[[], set[str]]
EQUALS = 6


@pytest.fixture
def deployed(home: Home) -> Iterator[DeployedTestServer]:
    with DeployedTestServer() as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.key}\n")
        yield server


@pytest.fixture(params=["version 2", "version 1"])
def ids(request: pytest.FixtureRequest) -> Ids:
    """Asks a server, in each protocol, for the ids of its trials."""
    if request.param == "version 1":
        deployed: DeployedTestServer = request.getfixturevalue("deployed")
        return lambda: set(deployed.model.trials)
    account: Account = request.getfixturevalue("signed_in")
    headers = {"Authorization": f"Bearer {account.key}"}
    address = f"{account.url}/apis/v2/trials?limit=200"
    return lambda: {trial["id"] for trial in httpx.get(address, headers=headers, verify=False).json()["trials"]}


def equals(count: int = EQUALS, strategy: str = "new") -> set[str]:
    """Record trials of one name for one folder, and return their ids."""
    made = set()
    for number in range(count):
        trial = aimd.create_trial(
            trial_name="cnn", folder_path="a/b/c", make_folder=True, conflict_strategy=strategy, capture_output=False
        )
        trial.log("train", {"loss": float(number)}, step=number)
        trial.finish()
        made.add(trial.id)
    return made


@pytest.mark.parametrize("jobs", ["1", "4"])
@pytest.mark.parametrize("options", [["-c", "replace"], []], ids=["asked for", "recorded"])
def test_what_one_command_has_sent_it_does_not_replace(home: Home, ids: Ids, jobs: str, options: list[str]) -> None:
    made = equals(strategy="new" if options else "replace")
    first = home.aimd("trial", "upload", "-d", ".", "-j", jobs, *options)
    assert (first.code, {row["outcome"] for row in first.table}) == (0, {"created"})
    assert ids() == made
    second = home.aimd("trial", "upload", "-d", ".", "-j", jobs, *options)
    assert (second.code, {row["outcome"] for row in second.table}) == (0, {"unchanged"})
    assert ids() == made
    assert {row["folder"] for row in second.table} == {"/a/b/c"}


def test_a_trial_of_another_command_is_still_replaced(home: Home, ids: Ids) -> None:
    before = equals(1)
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    (home.work / ".aimd").rename(home.work / "old")
    made = equals()
    assert home.aimd("trial", "upload", "-d", ".", "-c", "replace", "--dry-run").code == 0
    assert ids() == before
    assert home.aimd("trial", "upload", "-d", ".", "-c", "replace").code == 0
    assert ids() == made


def test_the_sdk_uploads_equals_beside_each_other(home: Home, ids: Ids) -> None:
    made = equals(3)
    aimd.upload_trial(trial_dir=home.work, conflict_strategy="replace")
    assert ids() == made


def test_processes_that_replace_each_other_all_end_well(home: Home, ids: Ids) -> None:
    equals(6, "replace")
    running = [
        subprocess.Popen([sys.executable, "-m", "aimd_cli", "trial", "upload", "-p", path], stderr=subprocess.PIPE)
        for path in sorted((home.work / ".aimd/trials").iterdir())
    ]
    ended = [(process.communicate(timeout=PATIENCE_S)[1], process.returncode) for process in running]
    assert [code for _, code in ended] == [0] * len(running), ended
    assert ids()


def test_an_equal_that_is_replaced_while_it_is_sent_goes_beside_the_other(
    home: Home, deployed: DeployedTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = equals(1, "replace")
    answer, deleted = deployed.model.answer, []

    def deleting(method: str, parts: list[str], query: dict[str, str], body: bytes, kind: str) -> tuple[int, object]:
        if method == "POST" and "metrics" in parts and not deleted:
            deleted.append(deployed.model.trials.pop(made))
        return answer(method, parts, query, body, kind)

    monkeypatch.setattr(deployed.model, "answer", deleting)
    assert home.aimd("trial", "upload", "cnn").code == 0
    assert deleted
    assert len(deployed.model.points[made]["train"]) == 1


def test_threads_make_a_folder_once_and_ask_for_the_protocol_once(home: Home, deployed: DeployedTestServer) -> None:
    equals()
    assert home.aimd("trial", "upload", "-d", ".", "-j", "4").code == 0
    paths = [deployed.model._path(folder_id) for folder_id in deployed.model.folders]
    assert sorted(paths) == ["/a", "/a/b", "/a/b/c"]
    assert sum("/apis/v2/info" in request for request in deployed.requests) == 1


def test_companions_are_read_when_they_are_asked_for_and_grow(tmp_path: Path) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    companions = Companions([write_trial(tmp_path / "a", trial_id=first)])
    assert first in companions
    assert second not in companions
    companions.add([write_trial(tmp_path / "b", trial_id=second)])
    assert {first, second} == {trial_id for trial_id in (first, second) if trial_id in companions}


POINTS = 3_000


def long_trial(place: Path) -> Path:
    metrics = b"".join(line(step, 1 / (step + 1)) for step in range(POINTS))
    return write_trial(place, trial_id=str(uuid.uuid4()), status="Succeeded", metrics=metrics)


def send(server: DeployedTestServer, path: Path) -> None:
    with DeployedRemote(Credentials(server.url, server.key, {})) as remote:
        remote.upload(Trial(path), Destination(folder_path="x", make_folder=True))


def steps(server: DeployedTestServer, path: Path) -> list[int]:
    return [point["sequence"]["step"] for point in server.model.points[str(Trial(path).id)]["train"]]


def test_uploads_of_one_trial_at_once_end_with_each_point_once(deployed: DeployedTestServer, tmp_path: Path) -> None:
    path = long_trial(tmp_path / "t")
    threads = [threading.Thread(target=send, args=(deployed, path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    send(deployed, path)
    assert steps(deployed, path) == list(range(POINTS))


@pytest.mark.parametrize("harm", ["twice", "mixed", "late"])
def test_repeated_or_mixed_points_are_found_and_replaced(
    deployed: DeployedTestServer, tmp_path: Path, harm: str
) -> None:
    path = long_trial(tmp_path / "t")
    send(deployed, path)
    points = deployed.model.points[str(Trial(path).id)]
    there = points["train"]
    points["train"] = {"twice": there + there, "mixed": there[500:] + there[:500], "late": there[1000:]}[harm]
    with DeployedRemote(Credentials(deployed.url, deployed.key, {})) as remote:
        assert remote.check(Trial(path))
        assert remote.plan(Trial(path), Destination()).outcome == "updated"
    send(deployed, path)
    assert steps(deployed, path) == list(range(POINTS))


def test_a_trial_with_points_of_others_is_never_started_over(
    home: Home, deployed: DeployedTestServer, tmp_path: Path
) -> None:
    path = long_trial(tmp_path / "t")
    send(deployed, path)
    points = deployed.model.points[str(Trial(path).id)]
    points["train"] += points["train"]
    points["val"] = [{"value": {"acc": 1.0}, "sequence": {"step": 1}}]
    ran = home.aimd("trial", "upload", "-p", path)
    assert (ran.code, "nothing was overwritten" in ran.err) == (1, True)
    assert len(points["train"]) == 2 * POINTS
