"""Every way in which a recording process can end, and every reader: all say the same state, for the same reason.

Each ending is a real process, run once. What no process can do to itself, such as losing power, is done to its files.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

from aimd_core.format import process
from tests.conftest import Account
from tests.support import readers
from tests.support.home import Home
from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S
from tests.support.scripts import script_environment

_BEGIN = """
import os, signal, sys, time
from t9k import aimd
trial = aimd.create_trial(trial_name="a")
trial.log("train", {"loss": 0.5}, step=1)
trial.log("train", {"loss": 0.25}, step=2)
"""
_GONE, _UNFINISHED = "its process is gone", "ended without finish()"


def _nothing(path: Path) -> None:
    """The process itself has done all."""


def _write_process(path: Path, **changes: object) -> None:
    recorded = json.loads((path / "process.json").read_text())
    (path / "process.json").write_text(json.dumps({**recorded, **changes}))


def _grow_old(path: Path) -> None:
    for file in ("", *os.listdir(path)):
        os.utime(path / file, (time.time() - 7300, time.time() - 7300))


def _lose_power(path: Path) -> None:
    _write_process(path, boot_id="0a1b2c3d-0000-4000-8000-000000000000")
    for file in ("metrics", "stdout.log"):
        content = (path / file).read_bytes()
        (path / file).write_bytes(content[: len(content) - 7])


def _boot_again(path: Path) -> None:
    _write_process(path, boot_id="0a1b2c3d-0000-4000-8000-000000000000", pid=os.getpid())


def _restart_container(path: Path) -> None:
    """Another process has got the number: this one, which lives."""
    _write_process(path, pid=os.getpid())


def _be_in_another_container(path: Path) -> None:
    _write_process(path, pid=os.getpid(), pid_namespace="pid:[1]")
    _grow_old(path)


def _be_elsewhere(path: Path) -> None:
    _write_process(path, host="node-7")
    _grow_old(path)


def _be_elsewhere_now(path: Path) -> None:
    _write_process(path, host="node-7")


class Ending(NamedTuple):
    """A script's end, its exit status, the state that readers derive and why, and what happens to its files later."""

    code: str
    status: int
    state: str
    reason: str = ""
    later: Callable[[Path], None] = _nothing


_HANG = "print('ready', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
ENDINGS = {
    "finish": Ending("trial.finish()", 0, "Succeeded"),
    "with": Ending("with trial:\n    pass", 0, "Succeeded"),
    "sys.exit(0) in with": Ending("with trial:\n    sys.exit()", 0, "Succeeded"),
    "fail": Ending("trial.fail('diverged')", 0, "Failed", "diverged"),
    "exception": Ending("raise ValueError('shapes\\ndiffer')", 1, "Failed", "ValueError: shapes differ"),
    "exception in with": Ending("with trial:\n    {}['lr']", 1, "Failed", "KeyError: 'lr'"),
    "exception in with, caught": Ending(
        "try:\n    with trial:\n        1 / 0\nexcept ZeroDivisionError:\n    pass",
        0,
        "Failed",
        "ZeroDivisionError: division by zero",
    ),
    "sys.exit(3)": Ending("sys.exit(3)", 3, "Interrupted", "exit status 3"),
    "sys.exit(3) in with": Ending("with trial:\n    sys.exit(3)", 3, "Interrupted", "exit status 3"),
    "sys.exit(text)": Ending("sys.exit('no data')", 1, "Interrupted", "exit status 1: no data"),
    "SystemExit(3)": Ending("raise SystemExit(3)", 3, "Interrupted", "exit status 3"),
    "SystemExit(text)": Ending("raise SystemExit('no data')", 1, "Interrupted", "exit status 1: no data"),
    "SystemExit": Ending("raise SystemExit", 0, "Interrupted", _UNFINISHED),
    "SystemExit(call)": Ending(
        "def main():\n    return 3\nraise SystemExit(main())",
        3,
        "Interrupted",
        "its process ended before it was finished",
    ),
    "exception in another thread": Ending(
        "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()",
        0,
        "Interrupted",
        _UNFINISHED,
    ),
    "finish at exit": Ending("import atexit\natexit.register(trial.finish)\nraise SystemExit(2)", 2, "Succeeded"),
    "sys.exit(0)": Ending("sys.exit(0)", 0, "Interrupted", _UNFINISHED),
    "the end": Ending("", 0, "Interrupted", _UNFINISHED),
    "os._exit": Ending("os._exit(0)", 0, "Killed", _GONE),
    "SIGTERM": Ending("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, "Interrupted", "SIGTERM"),
    "SIGHUP": Ending("os.kill(os.getpid(), signal.SIGHUP)", -signal.SIGHUP, "Interrupted", "SIGHUP"),
    "SIGXCPU": Ending("os.kill(os.getpid(), signal.SIGXCPU)", -signal.SIGXCPU, "Interrupted", "SIGXCPU"),
    "Ctrl-C": Ending("os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)", -signal.SIGINT, "Interrupted", "SIGINT"),
    "Ctrl-C in with": Ending(
        "with trial:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(9)",
        -signal.SIGINT,
        "Interrupted",
        "SIGINT",
    ),
    "kill -9": Ending(_HANG, -signal.SIGKILL, "Killed", _GONE),
    "power cut": Ending(_HANG, -signal.SIGKILL, "Killed", _GONE, _lose_power),
    "another boot": Ending(_HANG, -signal.SIGKILL, "Killed", _GONE, _boot_again),
    "container restarted, same pid": Ending(_HANG, -signal.SIGKILL, "Killed", _GONE, _restart_container),
    "another container": Ending(_HANG, -signal.SIGKILL, "Lost", "nothing written for 2 h", _be_in_another_container),
    "another host": Ending(_HANG, -signal.SIGKILL, "Lost", "nothing written for 2 h", _be_elsewhere),
    "another host, now": Ending(_HANG, -signal.SIGKILL, "Running", "", _be_elsewhere_now),
}
STUDY = """
import optuna
from t9k import aimd

def objective(trial):
    with aimd.create_trial(trial_name=f"t{trial.number}") as record:
        record.log("train", {"loss": 0.5}, step=1)
        if trial.number == 1:
            raise ValueError("shapes differ")
        if trial.number == 2:
            raise optuna.TrialPruned("no hope")
        if trial.number == 3:
            raise KeyboardInterrupt
    return 1.0

optuna.logging.set_verbosity(optuna.logging.ERROR)
optuna.create_study().optimize(objective, n_trials=4, catch=(ValueError,))
"""


def run(code: str, directory: Path) -> int:
    directory.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=directory,
        env=script_environment(directory),
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each process has left: the trial's directory."""
    place = tmp_path_factory.mktemp("endings")
    directories = [place / str(number) for number in range(len(ENDINGS))]
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(run, [_BEGIN + ending.code for ending in ENDINGS.values()], directories))
    assert dict(zip(ENDINGS, statuses, strict=True)) == {name: ending.status for name, ending in ENDINGS.items()}
    trials = {}
    for (name, ending), directory in zip(ENDINGS.items(), directories, strict=True):
        (trials[name],) = (directory / ".aimd" / "trials").iterdir()
        ending.later(trials[name])
    return trials


def write_as_it_ran(trial: Path, work: Path) -> Path:
    """Put a trial there as it was while its process ran."""
    path = work / ".aimd" / "trials" / trial.name
    shutil.copytree(trial, path)
    metadata = yaml.safe_load((path / "metadata.yaml").read_text())
    metadata.pop("_exit", None)
    (path / "metadata.yaml").write_text(yaml.safe_dump({**metadata, "status": "Running", "endTime": None}))
    (path / "process.json").write_text(json.dumps(process.capture()))
    return path


def write_as_it_ended(trial: Path, path: Path) -> None:
    shutil.copytree(trial, path, dirs_exist_ok=True)  # times of change included


def assert_told(told: dict[str, readers.Told], state: str, reason: str) -> None:
    assert readers.disagreements(told) == []
    assert {one.state for one in told.values()} == {state}
    assert {one.reason for one in told.values() if one.reason is not None} == {reason}


@pytest.mark.parametrize("name", ENDINGS)
def test_every_reader_says_how_it_ended_and_why(name: str, left: dict[str, Path], home: Home) -> None:
    _, _, state, reason, _ = ENDINGS[name]
    path = write_as_it_ran(left[name], home.work)
    assert readers.ls(home, path).state == "Running"  # and the cache says so
    write_as_it_ended(left[name], path)
    assert_told(readers.told_by_all(home, path), state, reason)  # the cache is stale at first, then fresh
    again = {key: readers.READERS[key](home, path) for key in ("ls", "ls --json", "describe --json", "top")}
    assert_told(again, state, reason)
    ran = home.aimd("trial", "wait", "-p", path, "--timeout", "0.001s")
    assert ran.code == {"Succeeded": 0, "Running": 1}.get(state, 9)


def test_a_server_says_how_each_ended_and_why(left: dict[str, Path], home: Home, signed_in: Account) -> None:
    for trial in left.values():
        shutil.copytree(trial, home.work / ".aimd" / "trials" / trial.name)
    ran = home.aimd("trial", "upload", "-d", home.work, "-P", "endings", "-m")
    assert ran.code == 0, ran.err

    def asked(path: str) -> Any:
        answer = httpx.get(
            f"{signed_in.url}/apis/v2{path}", headers={"Authorization": f"Bearer {signed_in.key}"}, verify=False
        )
        return answer.raise_for_status().json()

    shown = asked("/trials?limit=100")["trials"]
    details = [asked(f"/trials/{trial['id']}") for trial in shown]
    wanted = {left[name].name: (ending.state, ending.reason or None) for name, ending in ENDINGS.items()}
    assert {trial["alternative_name"]: (trial["state"], trial["reason"]) for trial in shown} == wanted
    assert {trial["alternative_name"]: (trial["state"], trial["reason"]) for trial in details} == wanted
    listed = home.aimd("trial", "ls", "--remote", "--json").json["trials"]
    assert sorted(map(str, ((trial["state"], trial["reason"]) for trial in listed))) == sorted(
        map(str, wanted.values())
    )
    for state in ("Failed", "Interrupted", "Killed", "Lost"):
        ran = home.aimd("trial", "ls", "--remote", "--where", f"state = {state}")
        assert len(ran.table) == sum(ending.state == state for ending in ENDINGS.values())


def test_trials_of_a_study_end_each_for_its_reason(tmp_path: Path, home: Home) -> None:
    require_part("optuna", find_spec("optuna") is not None)
    run(STUDY, tmp_path / "study")
    told = {}
    for path in (tmp_path / "study" / ".aimd" / "trials").iterdir():
        by_all = readers.told_by_all(home, path)
        assert readers.disagreements(by_all) == []
        one = by_all["ls --json"]
        told[one.name] = (one.state, one.reason)
    assert told == {
        "t0": ("Succeeded", ""),
        "t1": ("Failed", "ValueError: shapes differ"),
        "t2": ("Failed", "TrialPruned: no hope"),
        "t3": ("Interrupted", "SIGINT"),
    }


@pytest.mark.parametrize(
    ("name", "module", "attribute", "wrong"),
    [
        ("SIGTERM", "aimd_core.reading.directory", "ending_of", lambda metadata: None),
        ("kill -9", "aimd_core.reading.directory", "ending_of", lambda metadata: {"kind": "unfinished"}),
    ],
)
def test_a_reader_with_a_rule_of_its_own_is_caught(
    name: str,
    module: str,
    attribute: str,
    wrong: object,
    left: dict[str, Path],
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_as_it_ran(left[name], home.work)
    write_as_it_ended(left[name], path)
    monkeypatch.setattr(f"{module}.{attribute}", wrong)
    assert readers.disagreements(readers.told_by_all(home, path))
