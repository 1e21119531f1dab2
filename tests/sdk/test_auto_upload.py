"""Live upload by a process of its own, against a real server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aimd_core.reading.documents import find_trials
from t9k import aimd
from tests.conftest import Account
from tests.support.companions import all_command_lines, companions_of
from tests.support.parts import can_trace, require_part
from tests.support.patience import wait_until
from tests.support.scripts import run_script, script_environment
from tests.support.server import RunningServer

TRAINING = """
from t9k import aimd
trial = aimd.create_trial(trial_name="a", auto_upload=True)
for step in range(1000):
    trial.log("train", {"loss": step * 0.5}, step=step)
trial.finish()
"""


@pytest.fixture
def signed_in(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    sign_in(account.url, account.key, tmp_path, monkeypatch)
    return account


def sign_in(url: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text(f"aimd_host: {url}\napi_key: {key}\n")
    monkeypatch.setenv("T9K_CONFIG", str(tmp_path / "config.yaml"))


@pytest.fixture(autouse=True)
def no_companion_stays(work: Path) -> Iterator[None]:
    yield
    for trial in find_trials(work) if (work / ".aimd").exists() else []:
        for pid in companions_of(trial.path):
            os.kill(pid, signal.SIGKILL)


def asked(account: Account, address: str) -> httpx.Response:
    return httpx.get(f"{account.url}{address}", headers={"Authorization": f"Bearer {account.key}"}, verify=False)


def has_all(account: Account, trial_id: str, path: Path) -> bool:
    answer = asked(account, f"/apis/v2/trials/{trial_id}/files/metrics")
    return answer.status_code == 200 and answer.content == (path / "metrics").read_bytes()


def status_there(account: Account, trial_id: str) -> object:
    answer = httpx.get(f"{account.url}/apis/v1/trials/{trial_id}", params={"apikey": account.key}, verify=False)
    return answer.json()["doc"]["status"]


def test_a_running_trial_appears_on_the_server_and_its_tail_and_end_follow(signed_in: Account) -> None:
    trial = aimd.create_trial(trial_name="a", auto_upload=True)
    trial.log("train", {"loss": 1.0}, step=1)
    wait_until(lambda: has_all(signed_in, trial.id, trial.path), "the first point is there")
    assert status_there(signed_in, trial.id) == "Running"
    assert companions_of(trial.path, "uploader")
    assert signed_in.key.encode() not in all_command_lines()
    trial.log("train", {"loss": 0.5}, step=2)
    trial.finish()
    wait_until(lambda: not companions_of(trial.path), "the uploader has ended")
    assert has_all(signed_in, trial.id, trial.path)
    assert status_there(signed_in, trial.id) == "Succeeded"
    logs = trial.path.parents[1] / "logs"
    wait_until(lambda: not list(logs.iterdir()), "the empty log is gone")


def test_a_training_that_is_killed_is_uploaded_whole(signed_in: Account, work: Path, tmp_path: Path) -> None:
    done = run_script(
        TRAINING.replace("trial.finish()", "import os; os.kill(os.getpid(), 9)"),
        work,
        T9K_CONFIG=str(tmp_path / "config.yaml"),
    )
    assert done.returncode == -signal.SIGKILL
    (trial,) = find_trials(work)
    assert trial.id is not None
    wait_until(lambda: not companions_of(trial.path), "the uploader has ended")
    assert has_all(signed_in, trial.id, trial.path)
    assert trial.totals.records == 1000


def test_a_key_that_login_was_given_reaches_the_uploader_and_no_file_or_command_line(account: Account) -> None:
    aimd.login(host=account.url, api_key=account.key)
    with aimd.create_trial(trial_name="a", auto_upload=True) as trial:
        trial.log("train", {"loss": 1.0}, step=1)
        wait_until(lambda: has_all(account, trial.id, trial.path), "the point is there")
        assert account.key.encode() not in all_command_lines()
    wait_until(lambda: not companions_of(trial.path), "the uploader has ended")
    for path in trial.path.parents[1].rglob("*"):
        assert not path.is_file() or account.key.encode() not in path.read_bytes(), path


def test_a_server_that_comes_later_gets_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunningServer(tmp_path / "server" / "data") as server:
        key = server.new_user("late")
        server.stop()
        sign_in(server.url, key, tmp_path, monkeypatch)
        trial = aimd.create_trial(trial_name="a", auto_upload=True)
        trial.log("train", {"loss": 1.0}, step=1)
        log = trial.path.parents[1] / "logs" / f"{trial.alternative_name}.uploader.log"
        wait_until(lambda: log.exists() and log.stat().st_size > 0, "the uploader has met the closed door")
        trial.finish()
        server.start()
        wait_until(lambda: not companions_of(trial.path), "the uploader has ended")
        assert has_all(Account(server.url, key), trial.id, trial.path)
        assert key not in log.read_text()


def test_a_server_that_refuses_the_key_is_told_in_the_log_and_the_training_goes_on(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = str(uuid.uuid4())
    sign_in(account.url, wrong, tmp_path, monkeypatch)
    with aimd.create_trial(trial_name="a", auto_upload=True) as trial:
        trial.log("train", {"loss": 1.0}, step=1)
    log = trial.path.parents[1] / "logs" / f"{trial.alternative_name}.uploader.log"
    told = "giving up; upload it later: aimd trial upload -p"
    wait_until(lambda: log.exists() and told in log.read_text(), "the uploader has said that it gives up")
    wait_until(lambda: not companions_of(trial.path), "the uploader has ended")
    assert wrong not in log.read_text()
    assert "WARNING" not in capsys.readouterr().err


def test_an_uploader_that_is_killed_harms_nothing(signed_in: Account) -> None:
    trial = aimd.create_trial(trial_name="a", auto_upload=True)
    wait_until(lambda: bool(companions_of(trial.path)), "the uploader runs")
    for pid in companions_of(trial.path):
        os.kill(pid, signal.SIGKILL)
    trial.log("train", {"loss": 1.0}, step=1)
    trial.finish()
    assert trial.receipt == "logged 1, on disk 1"
    trial.upload()
    assert has_all(signed_in, trial.id, trial.path)


def test_a_server_that_never_answers_holds_up_nothing(work: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/t9k/experiment/server"
        done = run_script(TRAINING, work, AIMD_HOST=url, AIMD_API_KEY=str(uuid.uuid4()))
        (trial,) = find_trials(work)
        assert (done.returncode, trial.status, trial.totals.records) == (0, "Succeeded", 1000)
        assert companions_of(trial.path), "the training has ended while the uploader still waits"


def test_the_training_process_itself_never_connects(signed_in: Account, work: Path, tmp_path: Path) -> None:
    require_part("strace", can_trace())
    trace = tmp_path / "strace.txt"
    done = subprocess.run(
        ["strace", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace), sys.executable, "-c", TRAINING],
        cwd=work,
        env=script_environment(work, T9K_CONFIG=str(tmp_path / "config.yaml")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "connect(" not in trace.read_text()
    (trial,) = find_trials(work)
    assert trial.id is not None
    wait_until(lambda: not companions_of(trial.path), "the uploader has ended")
    assert has_all(signed_in, trial.id, trial.path)


def test_an_uploader_that_cannot_be_started_is_one_warning(
    signed_in: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with aimd.create_trial(trial_name="a", auto_upload=True) as trial:
        trial.log("train", {"loss": 1.0}, step=1)
    assert capsys.readouterr().err.count("WARNING: not everything is captured") == 1
    assert trial.status == "Succeeded"


def test_a_module_beside_the_script_hides_nothing_from_the_uploader(
    signed_in: Account, work: Path, tmp_path: Path
) -> None:
    (work / "random.py").write_text("raise ImportError('the wrong random')\n")
    (work / "train.py").write_text(
        TRAINING.replace("trial.finish()", "assert 'httpx' not in __import__('sys').modules\ntrial.finish()")
    )
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=work,
        env=script_environment(work, T9K_CONFIG=str(tmp_path / "config.yaml")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (trial,) = find_trials(work)
    assert trial.id is not None
    wait_until(lambda: not companions_of(trial.path), "the uploader has ended")
    assert has_all(signed_in, trial.id, trial.path)
