"""The index says what the files say, reads only what changed, and is never needed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aimd_core.format.layout import (
    ALL_FILES,
    FILES_DIRECTORY,
    READ_FILES,
    has_file,
    is_unchanged,
    signature_of,
    start_of_paths,
)
from aimd_core.format.process import capture
from aimd_core.reading.cache import IndexCache, cache_directory
from aimd_core.reading.directory import TrialIndex
from aimd_core.reading.facts import Facts
from aimd_core.reading.totals import JournalTotals
from tests.support.patience import PATIENCE_S
from tests.support.trials import record, write_trial

NAMES = [f"t_261123_15032{number}_aaaaaa" for number in range(4)]


@pytest.fixture
def trials(tmp_path: Path) -> Path:
    place = tmp_path / "trials"
    for number, name in enumerate(NAMES):
        path = write_trial(
            place, name, status="Succeeded", parameters=f"lr: {number}\n", metrics=record(1) + record(2, 0.25)
        )
        make_old(path)
    return place


def make_old(trial: Path) -> None:
    """Set the times of its files back, as those of a trial that nobody writes any more."""
    for file in trial.iterdir():
        os.utime(file, (time.time() - 3600, time.time() - 3600))


def listed(place: Path, expected_reads: int | None = None) -> dict[str, Facts]:
    index = TrialIndex(place)
    rows = index.rows(with_facts=True, with_trends=True)
    if expected_reads is not None:
        assert index.read_count == expected_reads
    return {row.alternative_name: row for row in rows}


def content(rows: dict[str, Facts]) -> list[object]:
    return [
        (name, row.id, row.status, row.params, {key: row.metrics[key] for key in row.metrics}, row.damage, row.trends)
        for name, row in rows.items()
    ]


@pytest.mark.parametrize("file", [file for file in ALL_FILES if file != FILES_DIRECTORY])
def test_a_signature_tells_which_files_there_are(tmp_path: Path, file: str) -> None:
    (tmp_path / file).touch()
    os.utime(tmp_path / file, (0, 0))
    signature = signature_of(tmp_path, ALL_FILES)
    assert [name for name in ALL_FILES if has_file(signature, name)] == [file]


def goes(file: Path) -> None:
    file.unlink(missing_ok=True)


def comes_or_grows(file: Path) -> None:
    with file.open("a") as opened:
        opened.write("x")


def is_touched(file: Path) -> None:
    file.touch()
    os.utime(file, (1, 1))


def is_replaced_by_a_likeness(file: Path) -> None:
    file.touch()
    times = file.stat()
    file.with_suffix(".new").write_bytes(file.read_bytes())
    os.utime(file.with_suffix(".new"), ns=(times.st_atime_ns, times.st_mtime_ns))
    file.with_suffix(".new").replace(file)


def becomes_a_link_to_nothing(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to("nowhere")


@pytest.mark.parametrize(
    "change", [goes, comes_or_grows, is_touched, is_replaced_by_a_likeness, becomes_a_link_to_nothing]
)
@pytest.mark.parametrize("was_there", [False, True])
def test_the_quick_look_sees_every_change_that_a_signature_sees(
    tmp_path: Path, was_there: bool, change: Callable[[Path], None]
) -> None:
    for file in READ_FILES:
        trial = tmp_path / file
        trial.mkdir()
        for other in READ_FILES:
            if was_there or other != file:
                (trial / other).write_text("x")
        before = signature_of(trial)
        change(trial / file)
        is_same = signature_of(trial) == before
        with start_of_paths(tmp_path) as (start, descriptor):
            looks = [is_unchanged(start + file, before, is_over, descriptor) for is_over in (False, True)]
        assert looks == [is_same, is_same or file == "process.json"]
        assert is_unchanged(str(trial), before) is is_same  # where a system opens no directories
        assert is_same is (not was_there and change is goes)


def test_a_trial_that_goes_on_is_read_with_the_process_that_records_it(trials: Path) -> None:
    path = trials / NAMES[1]
    metadata = (path / "metadata.yaml").read_text()
    listed(trials)
    (path / "process.json").write_text("{}")
    assert listed(trials, expected_reads=0)[path.name].state == "Succeeded"
    gone = {**capture(), "process_start": 1}
    (path / "process.json").write_text(json.dumps(gone))
    (path / "metadata.yaml").write_text(metadata.replace("Succeeded", "Running"))
    assert listed(trials, expected_reads=1)[path.name].state == "Killed"
    (path / "process.json").write_text(json.dumps(capture()))
    assert listed(trials, expected_reads=1)[path.name].state == "Running"


def test_a_second_call_reads_nothing_and_says_the_same(trials: Path) -> None:
    first = listed(trials, expected_reads=4)
    assert content(listed(trials, expected_reads=0)) == content(first)
    assert list(first) == NAMES[::-1]
    assert first[NAMES[1]].metrics["train.loss"]["min"] == 0.25
    assert first[NAMES[1]].trends["train.loss"] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("parameters.yaml", "lr: 7\n"),
        ("labels.yaml", "tags: [debug]\nnote: slow\n"),
        ("metadata.yaml", "{ not yaml"),
        ("metrics", '{"val": {"value": {"acc": 1.0}, "sequence": {"epoch": 1, "step": 1, "timestamp": ""}}}\n'),
    ],
)
def test_a_change_of_one_file_is_seen_and_the_others_are_not_read_again(trials: Path, file: str, text: str) -> None:
    listed(trials)
    (trials / NAMES[2] / file).write_text(text)
    row = listed(trials, expected_reads=1)[NAMES[2]]
    seen = {
        "parameters.yaml": row.params == {"lr": 7},
        "labels.yaml": (list(row.tags), row.note) == (["debug"], "slow"),
        "metadata.yaml": "metadata.yaml" in "".join(row.damage),
        "metrics": row.metrics.get("val.acc") is not None and row.metrics.get("train.loss") is None,
    }
    assert seen[file]


def test_a_document_of_the_same_size_and_time_as_the_one_just_read_is_seen(trials: Path) -> None:
    path = trials / NAMES[0] / "parameters.yaml"
    path.write_text("lr: 5\n")
    times = path.stat()
    assert listed(trials)[NAMES[0]].params == {"lr": 5}
    with path.open("r+") as file:
        file.write("lr: 6\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as on a clock too coarse to tell the two apart
    assert listed(trials)[NAMES[0]].params == {"lr": 6}


def test_a_trial_that_goes_and_one_that_comes_are_seen(trials: Path) -> None:
    listed(trials)
    for file in (trials / NAMES[0]).iterdir():
        file.unlink()
    (trials / NAMES[0]).rmdir()
    write_trial(trials, "new_261124_000000_bbbbbb", name="new")
    rows = listed(trials, expected_reads=1)
    assert list(rows) == ["new_261124_000000_bbbbbb", *NAMES[:0:-1]]
    connection = sqlite3.connect(IndexCache(trials).path)
    assert connection.execute("SELECT count(*) FROM trial").fetchone() == (4,)
    connection.close()


def test_a_growing_journal_is_read_on_from_where_the_reader_stood(
    trials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_trial(trials, "live_261124_000000_cccccc", status="Running", metrics=record(1) + record(2))
    listed(trials)
    with (path / "metrics").open("ab") as journal:
        journal.write(record(3, 9.0))
    taken: list[bytes] = []
    take = JournalTotals.take_lines
    monkeypatch.setattr(JournalTotals, "take_lines", lambda self, block: (taken.append(block), take(self, block))[1])
    row = listed(trials)[path.name]
    assert taken == [record(3, 9.0)]
    assert (row.metrics["train.loss"]["max"], row.metrics["train.loss"]["count"]) == (9.0, 3)


def test_a_journal_that_was_rewritten_and_grew_is_read_whole(trials: Path) -> None:
    path = write_trial(trials, "live_261124_000000_cccccc", status="Running", metrics=record(1, 5.0) + record(2, 5.0))
    listed(trials)
    with (path / "metrics").open("r+b") as journal:  # the same inode
        journal.write(record(1, 1.0) + record(2, 2.0) + record(3, 3.0))
    assert listed(trials)[path.name].metrics["train.loss"]["max"] == 3.0


@pytest.mark.parametrize("harm", ["delete", "garbage", "version", "rows", "empty"])
def test_a_cache_that_came_to_harm_is_made_again(trials: Path, harm: str) -> None:
    first = content(listed(trials))
    cache = IndexCache(trials)
    cache.close()
    if harm == "delete":
        cache.path.unlink()
    elif harm in ("garbage", "empty"):
        cache.path.write_bytes(b"garbage" * 5000 if harm == "garbage" else b"")
    else:
        connection = sqlite3.connect(cache.path)
        statement = "PRAGMA user_version = 99" if harm == "version" else "UPDATE trial SET head = '{oops', params = '1'"
        connection.execute(statement)
        connection.commit()
        connection.close()
    assert content(listed(trials, expected_reads=4)) == first
    assert content(listed(trials, expected_reads=0)) == first


def test_without_a_place_for_the_cache_everything_is_read(
    trials: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    first = content(listed(trials, expected_reads=4))
    assert content(listed(trials, expected_reads=4)) == first


def test_a_locked_cache_is_gone_without(trials: Path) -> None:
    first = content(listed(trials))
    connection = sqlite3.connect(IndexCache(trials).path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        assert content(listed(trials, expected_reads=4)) == first
    finally:
        connection.close()


def test_several_processes_at_once_all_get_the_same(trials: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from aimd_core.reading.directory import TrialIndex\n"
        f"print([(r.alternative_name, r.params) for r in TrialIndex(Path({str(trials)!r})).rows()])"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    answers = {process.communicate(timeout=PATIENCE_S)[0] for process in running}
    assert len(answers) == 1
    assert NAMES[0] in answers.pop()


def test_the_state_is_derived_and_never_cached(trials: Path) -> None:
    path = write_trial(trials, "live_261124_000000_cccccc", status="Running")
    assert listed(trials)[path.name].state == "Running"
    for place in (path, *path.iterdir()):
        os.utime(place, (time.time() - 7200, time.time() - 7200))
    row = listed(trials)[path.name]
    assert row.state == "Lost"
    assert row.silent_s is not None
    assert row.silent_s > 7000


def test_the_cache_is_for_its_owner_only(trials: Path) -> None:
    listed(trials)
    assert IndexCache(trials).path.stat().st_mode & 0o077 == 0
    assert cache_directory().stat().st_mode & 0o077 == 0


def began(place: Path, name: str, started: str) -> Path:
    path = write_trial(place, name, status="Succeeded")
    metadata = path / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("2026-11-23T15:03:27.664883+00:00", started))
    make_old(path)
    return path


def test_trials_are_in_the_order_in_which_they_began_to_the_microsecond(tmp_path: Path) -> None:
    began(tmp_path, "a_261123_150327_aaaaaa", "2026-11-23T15:03:27.000002+00:00")
    began(tmp_path, "b_261123_150327_zzzzzz", "2026-11-23T15:03:27.000001+00:00")
    began(tmp_path, "c_261124_150327_aaaaaa", "2020-01-01T00:00:00+00:00")  # imported later than the others began
    began(tmp_path, "d_261123_150327_bbbbbb", "2026-11-23T16:03:27.000003+01:00")
    for _ in range(2):  # without and with a cache
        assert [row.alternative_name[0] for row in TrialIndex(tmp_path).rows()] == ["d", "a", "b", "c"]
        assert [name[0] for name in TrialIndex(tmp_path).newest(3)] == ["d", "a", "b"]


def test_the_newest_of_many_are_found_without_reading_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aimd_core.reading.directory._BATCH", 2)
    for day in range(1, 21):
        began(tmp_path, f"t_2611{day:02d}_120000_aaaaaa", f"2026-11-{day:02d}T12:00:00.5+00:00")
    read: list[str] = []
    rows = TrialIndex.rows
    monkeypatch.setattr(
        TrialIndex, "rows", lambda self, names=None, **how: (read.extend(names or []), rows(self, names, **how))[1]
    )
    assert [name[4:8] for name in TrialIndex(tmp_path).newest(3)] == ["1120", "1119", "1118"]
    assert len(read) < 10
    began(tmp_path, "new_261121_120000_aaaaaa", "2026-11-19T18:00:00+00:00")  # an import, between two that are known
    assert [name[4:8] for name in TrialIndex(tmp_path).newest(3)] == ["1120", "2611", "1119"]
