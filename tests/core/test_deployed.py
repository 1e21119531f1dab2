"""Directories of the deployed SDK are read without conversion."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest

from aimd_core.reading.documents import Trial, find_trials
from tests.support import deployed


@pytest.fixture
def trials(tmp_path: Path) -> dict[str, Trial]:
    deployed.write_working_directory(tmp_path)
    return {trial.alternative_name: trial for trial in find_trials(tmp_path)}


def test_all_of_them_are_found_newest_first(trials: dict[str, Trial]) -> None:
    assert list(trials) == [deployed.CRASHED, deployed.FINISHED, deployed.OLDEST]


@pytest.mark.parametrize("name", deployed.ALL)
def test_none_of_their_documents_is_damaged(name: str, trials: dict[str, Trial]) -> None:
    trial = trials[name]
    assert trial.metadata
    assert isinstance(trial.parameters, dict)
    assert trial.damage == []


def test_a_finished_trial_says_what_it_said(trials: dict[str, Trial]) -> None:
    trial = trials[deployed.FINISHED]
    assert (trial.name, trial.state.name) == ("cnn_keras", "Succeeded")
    assert trial.ended == "2026-11-23T15:04:27.949003+00:00"
    assert trial.folder == "/image_classification/mnist"
    assert trial.parameters == {"batch_size": 32, "lr": 1e-05, "optimizer": {"name": "Adam", "betas": [0.9, 0.999]}}
    assert (trial.metadata["inputArtifacts"], trial.metadata["outputArtifacts"]) == (None, "")


def test_values_that_are_not_finite_are_data(trials: dict[str, Trial]) -> None:
    metrics = trials[deployed.FINISHED].totals.metrics
    assert list(metrics) == ["train.loss", "train.acc", "test.loss"]
    assert math.isnan(metrics["train.loss"].last)
    assert metrics["train.loss"].max == 0.5
    assert metrics["test.loss"].last == math.inf


def test_times_without_quotes_stay_text(trials: dict[str, Trial]) -> None:
    trial = trials[deployed.OLDEST]
    assert (trial.started, trial.ended) == ("2022-01-31T09:59:59+00:00", "2022-01-31T10:59:59+00:00")


def test_documents_without_newlines_and_epochs_are_read(trials: dict[str, Trial]) -> None:
    summary = trials[deployed.OLDEST].totals
    assert (summary.records, summary.metrics["val.acc"].last_step, bool(summary.damage)) == (2, 2, False)


def test_parameters_that_say_nothing_are_none(trials: dict[str, Trial]) -> None:
    assert (trials[deployed.OLDEST].parameters, trials[deployed.CRASHED].parameters) == ({}, {})


def test_a_crashed_trial_keeps_its_name_and_every_complete_point(trials: dict[str, Trial]) -> None:
    trial = trials[deployed.CRASHED]
    assert trial.name == "图像 分类_v1.2"
    assert (trial.totals.records, trial.totals.damage.torn_bytes) == (1, 32)
    assert trial.state.name == "Running"  # written just now; Lost once it has been silent for long


def test_reading_changes_no_byte(tmp_path: Path) -> None:
    deployed.write_working_directory(tmp_path)

    def fingerprint() -> dict[str, str]:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = fingerprint()
    for trial in find_trials(tmp_path):
        assert trial.metadata
        assert trial.totals.records
    assert fingerprint() == before
