"""A trial is a name: no copy of it, of whatever holds it or of whatever it holds carries a descriptor anywhere."""

from __future__ import annotations

import ast
import copy
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from aimd_core.errors import TrialStateError
from t9k import aimd
from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S
from tests.support.scripts import ROOT, script_environment

WAYS = ("copy", "deepcopy", *(f"pickle{number}" for number in range(pickle.HIGHEST_PROTOCOL + 1)), "cloudpickle")
WAYS += ("fork", "spawn", "forkserver", "joblib", "actor", "stranger")
# Calls that return what only this process, or only this moment, has; and classes that are derived from one that does.
_RESOURCES = {"os.open", "os.dup", "os.pipe", "os.memfd_create", "open", "subprocess.Popen", "socket.socket"}
_RESOURCES |= {f"threading.{name}" for name in ("Lock", "RLock", "Thread", "Event", "Condition", "local", "Timer")}
_RESOURCES |= {"httpx.Client", "super().open"}
# Never copied by a training script, because no object that it is handed refers to it.
_OUT_OF_REACH = {
    "t9k/aimd/git.py:GitCapture": "lives during create_trial only",
    "t9k/aimd/progress_line.py:ProgressLine": "a trial is pickled without it",
}


def harm(way: str, work: Path, *options: str) -> str:
    require_part("joblib and cloudpickle", all(find_spec(name) for name in ("joblib", "cloudpickle")))
    done = subprocess.run(
        [sys.executable, "-m", "tests.sdk.copying", way, *options],
        cwd=work,
        env=script_environment(work),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_records_into_the_same_trial_and_touches_no_file_of_others(way: str, work: Path) -> None:
    assert harm(way, work) == ""


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("pickle5", "a copy carries 90"),
        ("spawn", "somebody wrote into descriptor 90"),
        ("stranger", "was closed"),
        ("deepcopy", "somebody wrote into descriptor 90"),
    ],
)
def test_the_harness_catches_a_journal_that_carries_its_number(way: str, told: str, work: Path) -> None:
    assert told in harm(way, work, "--plant")


def _holders(path: Path) -> set[str]:
    """Return the classes of a module that keep a descriptor, lock, thread, process or socket in an attribute."""
    holders = set()
    for cls in ast.walk(ast.parse(path.read_text())):
        if not isinstance(cls, ast.ClassDef):
            continue
        if any(ast.unparse(base) == "AppendFile" for base in cls.bases):
            holders.add(cls.name)
        for node in ast.walk(cls):
            if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            kept = any(ast.unparse(target).startswith("self.") for target in targets)
            calls = [ast.unparse(call.func) for call in ast.walk(node.value) if isinstance(call, ast.Call)]
            if kept and _RESOURCES.intersection(calls):
                holders.add(cls.name)
    return holders


def test_every_class_that_holds_what_cannot_travel_is_among_those_that_are_copied() -> None:
    files = [path for package in ("t9k/aimd", "aimd_core/format") for path in (ROOT / package).rglob("*.py")]
    holders = {f"{path.relative_to(ROOT)}:{name}" for path in files for name in _holders(path)}
    copied = {
        "aimd_core/format/append_file.py:AppendFile",
        "aimd_core/format/journal.py:JournalWriter",
        "t9k/aimd/media/recording.py:MediaRecorder",
        "t9k/aimd/output.py:OutputLog",
    }
    assert holders == copied | set(_OUT_OF_REACH)


def test_a_copy_logs_and_sets_parameters_but_its_owner_ends_the_trial(capsys: pytest.CaptureFixture[str]) -> None:
    trial = aimd.create_trial(trial_name="a")
    with copy.deepcopy(trial) as twin:
        twin.log("train", {"a": 1.0}, step=1)
        twin.params.update({"lr": 0.1})
    twin.finish()
    twin.fail("nothing")
    assert (trial.status, twin.status, capsys.readouterr().err) == ("Running", "Running", "")
    twin.log("train", {"a": 1.0}, step=2)
    twin.mark_input("data")
    trial.params.update({"epochs": 3})
    trial.finish()
    assert trial.params.as_dict() == {"lr": 0.1, "epochs": 3}
    assert trial.input_artifacts == ["data"]
    assert (twin.receipt, trial.receipt) == ("logged 2, on disk 2", "logged 0, on disk 0, plus 2 by others")
    with pytest.raises(TrialStateError):
        pickle.loads(pickle.dumps(twin)).log("train", {"a": 1.0}, step=3)


def test_a_copy_whose_trial_is_gone_breaks_no_training_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    trial = aimd.create_trial(trial_name="a", capture_output=False)
    twin = copy.deepcopy(trial)
    trial.path.rename(trial.path.with_name("elsewhere"))
    for step in range(3):
        twin.log("train", {"a": 1.0}, step=step)
    twin.params["lr"] = 1
    assert twin.receipt == "logged 3, on disk 0"
    assert capsys.readouterr().err.count("WARNING") == 1
    assert not trial.path.exists()
    trial.path.with_name("elsewhere").rename(trial.path)


def test_a_copy_of_a_trial_that_was_only_loaded_is_like_one_that_is_loaded_again() -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.finish()
    loaded = pickle.loads(pickle.dumps(aimd.load_trial(trial.path)))
    loaded.log("train", {"a": 1.0}, step=1)
    assert trial.status == "Running"
    loaded.finish()
    assert trial.status == "Succeeded"


def test_a_child_goes_on_and_ends_the_trial_when_the_process_that_made_it_is_gone(work: Path) -> None:
    from tests.support.scripts import run_script

    done = run_script(
        """
        import os, sys, time
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        trial.log("train", {"a": 0.0}, step=0)
        parent = os.getpid()
        if os.fork():
            os._exit(0)
        while os.getppid() == parent:  # a daemon: its parent leaves, and it closes what it does not know
            time.sleep(0.01)
        os.closerange(3, 100)
        others = [open(f"other{number}", "w+") for number in range(20)]
        trial.log("train", {"a": 1.0}, step=1)
        trial.finish()
        assert all(os.fstat(file.fileno()).st_size == 0 for file in others)
        print(trial.status, len(trial.metrics["train"]))
        """,
        work,
    )
    assert done.stdout == "Succeeded 2\n", done.stderr
