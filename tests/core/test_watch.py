"""A directory of trials watched: looked at again and again."""

import os
import shutil
import time
from pathlib import Path

import pytest

from aimd_core.errors import NoTrialsError
from aimd_core.reading.changes import Pace, Watch
from tests.support.trials import record, write_trial


def write(trials: Path, number: int, status: str = "Succeeded", steps: int = 3) -> Path:
    metrics = b"".join(record(step, 1 / step) for step in range(1, steps + 1))
    directory = f"run_261123_1503{number:02d}_abc{number:03d}"
    path = write_trial(trials, directory, name=f"run{number}", trial_id=f"id{number}", status=status, metrics=metrics)
    for file in (*path.iterdir(), path):
        os.utime(file, (time.time() - 3600, time.time() - 3600))
    return path


def counts(index: Watch) -> dict[str, object]:
    return {trial.name: trial.metrics["train.loss"]["count"] for trial in index.look()}


def test_what_appears_grows_and_goes_is_seen_by_the_next_look(tmp_path: Path) -> None:
    trials = tmp_path / ".aimd" / "trials"
    first = write(trials, 1, "Running")
    index = Watch(directory=tmp_path)
    assert counts(index) == {"run1": 3}
    with (first / "metrics").open("ab") as journal:
        journal.write(record(4))
    second = write(trials, 2)
    assert counts(index) == {"run2": 3, "run1": 4}
    with (second / "metrics").open("ab") as journal:  # ended, and yet it goes on
        journal.write(record(4))
    shutil.rmtree(first)
    assert counts(index) == {"run2": 4}


def test_a_state_is_derived_anew_by_every_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "trials", 1, "Running")
    index = Watch(directory=tmp_path / "trials")
    os.utime(path / "metrics")
    assert [trial.state for trial in index.look()] == ["Running"]
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 90_000)
    assert [trial.state for trial in index.look()] == ["Lost"]


def test_the_newest_of_many_are_there_first_and_all_in_the_end(tmp_path: Path) -> None:
    paths = {number: write(tmp_path, number) for number in range(1, 11)}
    index = Watch(directory=tmp_path, pace=Pace(read_first=2, read=3, checked=2))
    assert [trial.name for trial in index.look()] == ["run10", "run9"]
    assert index.unread_count == 8
    while index.unread_count:
        index.look()
    assert [trial.name for trial in index.look()] == [f"run{number}" for number in range(10, 0, -1)]
    for number in (1, 10):  # ended ones are looked at in turn
        with (paths[number] / "metrics").open("ab") as journal:
            journal.write(record(4))
    for _ in range(5):
        seen = counts(index)
    assert seen["run1"] == seen["run10"] == 4


def test_facts_come_when_they_are_asked_for(tmp_path: Path) -> None:
    write(tmp_path, 1)
    index = Watch(directory=tmp_path)
    metadata = next(tmp_path.iterdir()) / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("_git: {}", "_git: {branch: main}"))
    assert index.look(with_facts=False)[0].git == {}
    assert index.look()[0].git == {"branch": "main"}
    assert index.look()[0].git == {"branch": "main"}


def test_an_empty_directory_holds_none_yet_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    index = Watch(directory=tmp_path / "work")
    with pytest.raises(NoTrialsError):
        index.look()
    (tmp_path / "work").mkdir()
    assert index.look() == []
    write(tmp_path / "work" / ".aimd" / "trials", 1)
    assert len(index.look()) == 1
    shutil.rmtree(tmp_path / "work" / ".aimd")
    assert index.look() == []
