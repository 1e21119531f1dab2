"""What is forced to the disk, and when: creating a trial waits for nothing, and nothing waits for over a second."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aimd_core.format import files, journal
from t9k import aimd

DOCUMENTS = {"process.json", "parameters.yaml", "metadata.yaml"}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files and directories that were forced to the disk, in order; each really is."""
    paths: list[Path] = []

    def noted(call: str) -> None:
        real = getattr(os, call)

        def sync(descriptor: int) -> None:
            paths.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
            real(descriptor)

        monkeypatch.setattr(files.os, call, sync)
        if call == "fdatasync":
            monkeypatch.setattr(journal, "sync_data", sync)

    noted("fsync")
    noted("fdatasync")
    return paths


def test_the_first_log_forces_the_whole_new_trial_to_the_disk_and_creating_it_nothing(
    synced: list[Path], work: Path
) -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.params["lr"] = 0.1
    assert synced == []
    trial.log("train", {"a": 1.0}, step=1)
    assert {path.name for path in synced[:3]} == DOCUMENTS
    assert synced[3:] == [trial.path, work / ".aimd" / "trials", work / ".aimd", work, trial.path / "metrics"]
    synced.clear()
    trial.params["lr"] = 0.2
    assert synced[1:] == [trial.path]
    assert synced[0].name.startswith("parameters.yaml.")
    synced.clear()
    trial.finish()
    assert synced[0] == trial.path / "metrics"
    assert synced[1].name.startswith("metadata.yaml.")
    assert synced[2:] == [trial.path]
    synced.clear()
    aimd.create_trial(trial_name="b").log("train", {"a": 1.0}, step=1)
    assert work not in synced, "only directories that are new"


def test_a_trial_that_logs_nothing_is_forced_to_the_disk_by_its_end_or_a_change_after_its_first_second(
    synced: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    aimd.create_trial(trial_name="a").finish()
    assert {path.name for path in synced[:3]} == DOCUMENTS
    synced.clear()
    began_s = time.monotonic()
    trial = aimd.create_trial(trial_name="b")
    monkeypatch.setattr(files.time, "monotonic", lambda: began_s + 1.5)
    trial.params["lr"] = 0.1
    assert {path.name for path in synced[:3]} == DOCUMENTS
    assert synced[-2].name.startswith("parameters.yaml.")


def test_what_a_killed_writer_left_is_removed_by_a_later_one_but_not_what_somebody_may_be_writing() -> None:
    trial = aimd.create_trial(trial_name="a")
    abandoned, fresh, other = (
        trial.path / name
        for name in (
            "parameters.yaml.1-aa.partial",
            "parameters.yaml.2-bb.partial",
            "labels.yaml.1-cc.partial",
        )
    )
    for path in (abandoned, fresh, other):
        path.write_text("half")
    long_ago_s = time.time() - 2 * files.ABANDONED_S
    os.utime(abandoned, (long_ago_s, long_ago_s))
    os.utime(other, (long_ago_s, long_ago_s))
    trial.log("train", {"a": 1.0}, step=1)
    trial.params["lr"] = 0.1
    assert [path.exists() for path in (abandoned, fresh, other)] == [False, True, True]
