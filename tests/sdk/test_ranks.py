from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aimd_core.reading.documents import find_trials
from t9k import aimd
from t9k.aimd import silent
from t9k.aimd.ranks import current_rank

TORCHRUN = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "TORCHELASTIC_RUN_ID": "run7"}
_NAMES = ("RANK", "WORLD_SIZE", "HOROVOD_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID")
_NAMES += ("MV2_COMM_WORLD_RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_JOB_ID", "MASTER_PORT")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(silent, "_told", False)


def become(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("environment", "number", "count", "group"),
    [
        (TORCHRUN, 1, 4, "run7"),
        ({"RANK": "0", "WORLD_SIZE": "2", "MASTER_PORT": "29500"}, 0, 2, "29500"),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "8", "SLURM_JOB_ID": "77"}, 3, 8, "77"),
        ({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3"}, 2, 3, None),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, 1, 2, None),
        ({"MV2_COMM_WORLD_RANK": "1", "MV2_COMM_WORLD_SIZE": "2"}, 1, 2, None),
        ({"HOROVOD_RANK": "1", "HOROVOD_SIZE": "2"}, 1, 2, None),
        ({"LOCAL_RANK": "1", "WORLD_SIZE": "2"}, 1, 2, None),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1", "LOCAL_WORLD_SIZE": "4", "WORLD_SIZE": "8"}, 4, 8, None),
        # torchrun as the one task of a SLURM job: its word comes first
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1", "RANK": "1", "WORLD_SIZE": "2"}, 1, 2, None),
    ],
)
def test_the_launcher_tells_the_rank(
    environment: dict[str, str], number: int, count: int, group: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, **environment)
    rank = current_rank()
    assert rank is not None
    assert rank.as_dict() == {"rank": number, "world_size": count, "group": group}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"RANK": "0", "WORLD_SIZE": "1"},
        {"RANK": "3"},
        {"RANK": "first", "WORLD_SIZE": "2"},
        {"LOCAL_RANK": "1"},
        {"SLURM_PROCID": "0", "SLURM_NTASKS": "1"},
    ],
)
def test_a_process_that_is_alone_has_no_rank(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, **environment)
    assert current_rank() is None


def test_a_rank_that_is_not_the_first_records_nothing_and_says_so_once(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    become(monkeypatch, **TORCHRUN)
    for _ in range(2):
        with aimd.create_trial(trial_name="a", trial_params={"lr": 0.1}) as trial:
            trial.params.update({"x": 1})
            trial.log("train", {"loss": 1.0}, step=1)
            trial.mark_input("id")
            assert (trial.name, trial.params.lr, trial.params.x, trial.metrics) == ("a", 0.1, 1, {})
            assert trial.upload() is None
        assert trial.status == "Succeeded"
    assert os.listdir(work) == []
    assert capsys.readouterr().err == (
        "aimd: rank 1 of 4 records nothing; rank 0 does (all_ranks=True records every one)\n"
    )


def test_a_silent_trial_that_fails_says_so_to_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, **TORCHRUN)
    with pytest.raises(ZeroDivisionError), aimd.create_trial(trial_name="a") as trial:
        raise ZeroDivisionError
    assert trial.status == "Failed"


def test_rank_0_records_as_if_it_were_alone(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, **{**TORCHRUN, "RANK": "0", "LOCAL_RANK": "0"})
    with aimd.create_trial(trial_name="a") as trial:
        trial.log("train", {"loss": 1.0}, step=1)
    (stored,) = find_trials(work)
    assert (stored.name, stored.status, stored.totals.records) == ("a", "Succeeded", 1)
    assert "_rank" not in stored.metadata


def test_with_all_ranks_each_one_writes_a_journal_of_its_own(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        become(monkeypatch, **{**TORCHRUN, "RANK": str(number), "WORLD_SIZE": "3"})
        with aimd.create_trial(trial_name="a", all_ranks=True) as trial:
            trial.log("train", {"loss": float(number)}, step=number)
        assert json.loads((trial.path / "process.json").read_text())["rank"] == str(number)
    trials = {trial.name: trial for trial in find_trials(work)}
    assert sorted(trials) == ["a", "a-rank1", "a-rank2"]
    for number, name in enumerate(sorted(trials)):
        assert trials[name].metadata["_rank"] == {"rank": number, "world_size": 3, "group": "run7"}
        assert trials[name].totals.metrics["train.loss"].last == number
