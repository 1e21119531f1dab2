from __future__ import annotations

import os
from pathlib import Path

import pytest

from aimd_core.errors import DamagedError, TrialNotFoundError, UsageError
from aimd_core.reading.documents import Trial, find_trials
from t9k import aimd
from tests.support.scripts import run_script
from tests.support.trials import record, write_trial


def contents(directory: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()}


@pytest.fixture
def trials(work: Path) -> Path:
    return work / ".aimd" / "trials"


def end_as(work: Path, state: str) -> Path:
    endings = {
        "Succeeded": "trial.finish()",
        "Failed": "trial.fail('ValueError')",
        "Interrupted": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "Killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    }
    create = "from t9k import aimd\ntrial = aimd.create_trial(trial_name='a', trial_params={'lr': 0.1})\n"
    run_script(create + "trial.log('train', {'a': 1.0}, step=1)\n" + endings[state], work)
    (trial,) = find_trials(work)
    assert trial.state.name == state
    return trial.path


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Interrupted", "Killed"])
def test_looking_at_a_trial_changes_no_byte(state: str, work: Path) -> None:
    path = end_as(work, state)
    before = contents(path)
    trial = aimd.load_trial(trial_path=path)
    assert (trial.name, trial.params.lr, trial.metrics["train"][0]["value"]) == ("a", 0.1, {"a": 1.0})
    assert trial.id == Trial(path).id
    del trial
    assert contents(path) == before


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Interrupted", "Killed"])
def test_a_trial_that_has_ended_goes_on_where_it_was(state: str, work: Path) -> None:
    path = end_as(work, state)
    with aimd.load_trial(trial_path=path) as trial:
        trial.log("train", {"a": 2.0}, step=2)
        running = Trial(path)
        assert (running.status, running.state.name, running.ended) == ("Running", "Running", None)
        trial.params.lr = 0.2
    stored = Trial(path)
    assert (stored.status, stored.state.name, stored.parameters) == ("Succeeded", "Succeeded", {"lr": 0.2})
    assert [point["sequence"]["step"] for point in trial.metrics["train"]] == [1, 2]
    assert "_exit" not in stored.metadata


def test_a_torn_last_line_is_kept_apart_from_what_is_logged_next(trials: Path) -> None:
    path = write_trial(trials, metrics=record(1) + b'{"train": {"val')
    with aimd.load_trial(trial_path=path) as trial:
        trial.log("train", {"loss": 0.25}, step=2)
    summary = Trial(path).totals
    assert (summary.records, summary.damage.lines) == (2, 1)


def test_a_name_or_the_beginning_of_exactly_one_is_enough(trials: Path) -> None:
    write_trial(trials, "cnn_keras_261123_150327_f9by70")
    write_trial(trials, "mlp_261123_150327_f9by71", name="mlp")
    assert aimd.load_trial(trial_name="cnn").alternative_name == "cnn_keras_261123_150327_f9by70"
    with pytest.raises(TrialNotFoundError):
        aimd.load_trial(trial_name="rnn")


@pytest.mark.parametrize("arguments", [{}, {"trial_path": "a", "trial_name": "b"}])
def test_not_exactly_one_of_path_and_name_is_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        aimd.load_trial(**arguments)


def test_a_trial_with_damaged_documents_is_refused_and_left_alone(trials: Path) -> None:
    path = write_trial(trials, metadata="kind: [\n")
    before = contents(path)
    with pytest.raises(DamagedError):
        aimd.load_trial(trial_path=path)
    assert contents(path) == before


def test_a_trial_of_the_deployed_sdk_goes_on(trials: Path) -> None:
    path = write_trial(trials, status="Succeeded", metrics=record(1))
    with aimd.load_trial(trial_path=path) as trial:
        trial.log("val", {"loss": 0.5}, step=2)
    assert Trial(path).totals.records == 2


def test_a_directory_that_cannot_be_written_can_be_looked_at(work: Path) -> None:
    path = end_as(work, "Succeeded")
    path.chmod(0o555)
    try:
        assert aimd.load_trial(trial_path=path).metrics["train"][0]["sequence"]["step"] == 1
    finally:
        path.chmod(0o755)


def test_a_trial_that_another_process_records_is_joined_and_not_taken_over(work: Path) -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.log("train", {"a": 1.0}, step=1)
    before = (trial.path / "process.json").read_bytes()
    done = run_script(
        "import sys\nfrom t9k import aimd\n"
        "trial = aimd.load_trial(trial_path=sys.argv[1])\ntrial.log('val', {'a': 2.0}, step=2)\n",
        work,
        str(trial.path),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (trial.path / "process.json").read_bytes() == before
    stored = Trial(trial.path)
    assert (stored.state.name, stored.totals.records) == ("Running", 2)
    assert os.getpid() == trial._owner
    trial.finish()


def test_finishing_a_loaded_trial_that_has_ended_changes_nothing(work: Path) -> None:
    path = end_as(work, "Failed")
    before = contents(path)
    aimd.load_trial(trial_path=path).finish()
    assert contents(path) == before
