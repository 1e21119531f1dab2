"""An I/O error never breaks training and is never silent."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable

import pytest

from aimd_core.format import journal
from aimd_core.format.journal import Damage, open_regular, read_records
from aimd_core.reading.documents import Trial as StoredTrial
from t9k import aimd


@pytest.fixture
def trial() -> aimd.Trial:
    return aimd.create_trial(trial_name="a")


def steps_on_disk(trial: aimd.Trial) -> list[int]:
    with open_regular(trial.path / "metrics") as file:
        return [record["train"]["sequence"]["step"] for record in read_records(file, Damage())]


class FullDisk:
    """Refuses every write to a journal while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        self._write: Callable[[int, bytes], int] = os.write
        monkeypatch.setattr(journal.os, "write", self.write)

    def write(self, descriptor: int, content: bytes) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._write(descriptor, content)


def test_an_io_error_breaks_no_training_is_told_once_and_counted(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trial.log("train", {"a": 0.0}, step=0)
    disk = FullDisk(monkeypatch)
    for step in range(1, 4):
        trial.log("train", {"a": float(step)}, step=step)
    disk.full = False
    trial.log("train", {"a": 4.0}, step=4)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "WARNING" in told
    assert "No space left on device" in told
    assert str(trial.path) in told
    trial.finish()
    assert f"trial {trial.alternative_name} finished: logged 5, on disk 2\n" in capsys.readouterr().err
    assert steps_on_disk(trial) == [0, 4]


def test_a_failed_sync_is_told_when_it_happens_and_again_in_the_receipt(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(journal, "sync_data", refuse)
    trial.log("train", {"a": 0.0}, step=0)
    assert "WARNING" in capsys.readouterr().err
    trial.finish()
    receipt = capsys.readouterr().err
    assert "logged 1, on disk 1, but the disk reported an error: a power cut may lose some" in receipt


@pytest.mark.parametrize("broken", [None, io.StringIO()], ids=["no stderr", "a closed stderr"])
def test_a_broken_stderr_breaks_no_training(
    broken: io.StringIO | None, trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken is not None:
        broken.close()
    FullDisk(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", broken)
        trial.log("train", {"a": 0.0}, step=0)
        trial.finish()
    assert trial.status == "Succeeded"


def test_a_status_that_cannot_be_saved_breaks_no_training(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", refuse)
        trial.log("train", {"a": 0.0}, step=0)
    assert "WARNING" in capsys.readouterr().err
    assert steps_on_disk(trial) == [0]
    trial.finish()
    assert StoredTrial(trial.path).status == "Succeeded"
