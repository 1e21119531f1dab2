"""Going back in a trial, and beginning one from the middle of another."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from aimd_core.errors import DiskError, TrialNotFoundError
from aimd_core.format.segments import read_segments
from aimd_core.reading.documents import find_trials
from t9k import aimd
from t9k.aimd import forking


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> aimd.Trial:
    monkeypatch.chdir(tmp_path)
    trial = aimd.create_trial(
        trial_name="cnn", trial_params={"lr": 0.1, "seed": 7}, folder_path="a/b", capture_system=False
    )
    for step in range(1, 6):
        trial.log("train", {"loss": 1.0 / step}, step=step, epoch=1)
    trial.finish()
    return trial


def losses(trial: aimd.Trial, all_segments: bool = False) -> list[tuple[int, float]]:
    history = trial.history("train.loss", all_segments=all_segments)
    return [(point["step"], point["train.loss"]) for point in history]


def test_a_trial_goes_on_from_an_earlier_step(trial: aimd.Trial) -> None:
    before = (trial.path / "metrics").read_bytes()
    again = aimd.load_trial(trial_name="cnn", from_step=4)
    assert losses(trial) == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    again.log("train", {"loss": 9.0}, step=4)
    again.finish()
    assert losses(trial) == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 9.0)]
    assert [point["sequence"]["step"] for point in trial.metrics["train"]] == [1, 2, 3, 4]
    assert len(losses(trial, all_segments=True)) == 6
    assert (trial.path / "metrics").read_bytes().startswith(before)
    (found,) = aimd.search_trials()
    assert (found["metrics"]["train.loss"]["last"], found["metrics"]["train.loss"]["count"]) == (9.0, 4)


def test_without_a_step_nothing_is_superseded(trial: aimd.Trial) -> None:
    aimd.load_trial(trial_name="cnn").log("train", {"loss": 9.0}, step=2)
    assert len(losses(trial)) == 6
    assert not (trial.path / "segments").exists()


def test_of_several_processes_only_the_first_says_so(trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    aimd.load_trial(trial_name="cnn", from_step=4)
    assert len(losses(trial)) == 5


@pytest.mark.parametrize(("step", "error"), [("4", TypeError), (4.5, TypeError), (1 << 70, ValueError)])
def test_a_step_that_is_none_is_refused(trial: aimd.Trial, step: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        aimd.load_trial(trial_name="cnn", from_step=step)
    with pytest.raises(error):
        aimd.fork_trial(trial, step)
    assert not (trial.path / "segments").exists()
    assert len(list(trial.path.parent.iterdir())) == 1


def test_a_fork_shows_the_parents_points_before_the_step_and_its_own(trial: aimd.Trial) -> None:
    fork = aimd.fork_trial(trial, 4, trial_params={"lr": 0.5}, capture_system=False)
    parent_bytes = (trial.path / "metrics").read_bytes()
    copied = (fork.path / "metrics").read_bytes()
    assert parent_bytes.startswith(copied)
    fork.log("train", {"loss": 7.0}, step=4)
    fork.finish()
    assert losses(fork) == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 7.0)]
    assert len(losses(trial)) == 5
    said = read_segments(fork.path).fork
    assert said is not None
    assert (said.parent, said.parent_name, said.from_step, said.offset) == (
        trial.id, trial.alternative_name, 4, len(copied),
    )  # fmt: skip
    assert fork.id != trial.id
    assert (fork.name, fork.params.as_dict()) == ("cnn", {"lr": 0.5, "seed": 7})
    assert "folder_path: a/b" in (fork.path / "metadata.yaml").read_text()


def test_the_receipt_of_a_fork_counts_its_own_points(trial: aimd.Trial, capsys: pytest.CaptureFixture[str]) -> None:
    fork = aimd.fork_trial(trial, 4, capture_system=False, capture_output=False)
    fork.log("train", {"loss": 7.0}, step=4)
    fork.finish()
    assert capsys.readouterr().err.endswith("logged 1, on disk 1\n")


def test_a_fork_of_a_trial_that_went_back_begins_with_what_counts_there(trial: aimd.Trial) -> None:
    again = aimd.load_trial(trial.path, from_step=2)
    again.log("train", {"loss": 8.0}, step=2)
    again.finish()
    fork = aimd.fork_trial(trial.alternative_name[:10], 3, trial_name="other")
    assert losses(fork) == [(1, 1.0), (2, 8.0)]
    assert fork.name == "other"
    grandchild = aimd.fork_trial(fork.path, 2)
    assert losses(grandchild) == [(1, 1.0)]


def test_parameters_of_a_fork_are_whatever_create_trial_takes(trial: aimd.Trial) -> None:
    fork = aimd.fork_trial(trial, 3, trial_params=argparse.Namespace(lr=0.2))
    assert fork.params.as_dict() == {"lr": 0.2, "seed": 7}


def test_a_fork_whose_points_cannot_be_copied_does_not_seem_to_record(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full, open("/dev/full", "wb", buffering=0) as disk:
        full.setattr(forking, "_write", lambda _, lines: disk.write(lines.getvalue()))
        with pytest.raises(DiskError):
            aimd.fork_trial(trial, 3)
    assert sorted(stored.status for stored in find_trials(trial.path.parents[2])) == ["Failed", "Succeeded"]


def test_a_parent_that_is_not_there_is_not_found(trial: aimd.Trial) -> None:
    with pytest.raises(TrialNotFoundError):
        aimd.fork_trial("nothing", 4)


def test_a_process_that_does_not_record_gets_a_trial_that_writes_nothing(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    aimd.fork_trial(trial, 4).log("train", {"loss": 1.0}, step=4)
    assert len(list(trial.path.parent.iterdir())) == 1


def test_queries_know_the_parent_by_name_and_id(trial: aimd.Trial) -> None:
    fork = aimd.fork_trial(trial, 4)
    for query in (
        f"parent = {trial.alternative_name}",
        f'parent = "{trial.id}"',
        "parent ~ cnn",
        "parent is not missing",
    ):
        assert [found["id"] for found in aimd.search_trials(query)] == [fork.id], query
    assert [found["id"] for found in aimd.search_trials("parent is missing")] == [trial.id]
