"""What was superseded counts nowhere, and what was recorded stays."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aimd_core.errors import DamagedError
from aimd_core.format.journal import Damage
from aimd_core.format.segments import Fork, Resume, Segments, append_segment, parse_segments, read_segments
from aimd_core.reading.directory import TrialIndex
from aimd_core.reading.series import metric_names, read_series, records_of
from aimd_core.reading.totals import read_totals
from tests.support.trials import record, write_trial

NAME = "t_261123_150320_aaaaaa"


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """A trial with steps 1 to 5, of which 4 and 5 were recorded anew after a crash."""
    first = b"".join(record(step, float(step)) for step in range(1, 6))
    path = write_trial(tmp_path, NAME, metrics=first + b'{"train": {"value": {"loss": 6.0')
    append_segment(path, Resume(4, (path / "metrics").stat().st_size, "2026-11-23T15:04:00+00:00"))
    with (path / "metrics").open("ab") as journal:
        journal.write(b"\n" + record(4, 40.0) + record(5, 50.0) + record(6, 60.0))
    return path


def values_of(trial: Path, all_segments: bool = False) -> list[float]:
    return list(read_series(trial / "metrics", "train.loss", all_segments=all_segments).values)


def test_superseded_points_count_no_more_and_are_still_there(trial: Path) -> None:
    assert values_of(trial) == [1.0, 2.0, 3.0, 40.0, 50.0, 60.0]
    assert values_of(trial, all_segments=True) == [1.0, 2.0, 3.0, 4.0, 5.0, 40.0, 50.0, 60.0]
    assert read_totals(trial / "metrics")[0].metrics["train.loss"].count == 6
    assert read_totals(trial / "metrics", all_segments=True)[0].metrics["train.loss"].count == 8


def test_damage_is_told_at_the_line_where_it_is(trial: Path) -> None:
    for damage in (read_totals(trial / "metrics")[0].damage, read_series(trial / "metrics", "train.loss").damage):
        assert damage.numbers == [6]


def test_a_list_sees_that_a_trial_went_back_at_once(tmp_path: Path) -> None:
    path = write_trial(tmp_path, NAME, metrics=record(1, 1.0) + record(2, 2.0))
    for file in path.iterdir():
        os.utime(file, (1, 1))
    assert TrialIndex(tmp_path).rows()[0].metrics["train.loss"]["last"] == 2.0
    append_segment(path, Resume(2, (path / "metrics").stat().st_size))
    assert TrialIndex(tmp_path).rows()[0].metrics["train.loss"]["last"] == 1.0


def test_totals_are_not_gone_on_with_when_what_they_hold_was_superseded(trial: Path) -> None:
    _, totals = read_totals(trial / "metrics")
    append_segment(trial, Resume(2, (trial / "metrics").stat().st_size))
    with (trial / "metrics").open("ab") as journal:
        journal.write(record(2, 7.0))
    shown, _ = read_totals(trial / "metrics", json.loads(json.dumps(totals.state())))
    assert (shown.metrics["train.loss"].count, shown.metrics["train.loss"].max) == (2, 7.0)


def test_names_of_metrics_that_were_superseded_whole_are_not_listed(tmp_path: Path) -> None:
    path = write_trial(tmp_path, NAME, metrics=record(1) + record(5, name="gone"))
    append_segment(path, Resume(5, (path / "metrics").stat().st_size))
    assert metric_names(path / "metrics") == ["train.loss"]


@pytest.mark.parametrize(
    "line",
    [
        {"t": {"value": {"a": 1.0}, "sequence": {"step": None}}},
        {"t": {"value": {"a": 1.0}, "sequence": {}}},
        {"t": {"value": {"a": 1.0}, "sequence": {"step": "9"}}},
        {"system": {"value": {"a": 1.0}, "sequence": {"step": 9}}},
    ],
)
def test_points_without_a_step_and_those_of_the_machine_are_never_superseded(
    tmp_path: Path, line: dict[str, Any]
) -> None:
    path = write_trial(tmp_path, NAME, metrics=json.dumps(line).encode() + b"\n")
    append_segment(path, Resume(0, (path / "metrics").stat().st_size))
    assert list(records_of(path, Damage())) == [line]


def test_of_records_glued_into_one_line_each_counts_for_itself(tmp_path: Path) -> None:
    path = write_trial(tmp_path, NAME, metrics=record(1, 1.0)[:-1] + record(9, 9.0) + record(2, 2.0))
    append_segment(path, Resume(5, (path / "metrics").stat().st_size))
    assert values_of(path) == [1.0, 2.0]


def test_a_metric_called_step_is_not_taken_for_the_step(tmp_path: Path) -> None:
    odd = b'{"t": {"sequence": {"step": 9}, "value": {"epoch": 1, "step": 1, "timestamp": 5}}}\n'
    path = write_trial(tmp_path, NAME, metrics=record(1, 1.0, name="step") + odd)
    append_segment(path, Resume(5, (path / "metrics").stat().st_size))
    assert [list(document) for document in records_of(path, Damage())] == [["train"]]


def test_lines_that_say_nothing_say_nothing() -> None:
    content = (
        b'{"kind": "resume", "from_step": 5, "offset": 100}\nnonsense\n[]\n'
        b'{"kind": "later", "from_step": 1, "offset": 9}\n'
        b'{"kind": "resume", "from_step": "5", "offset": 100}\n{"kind": "resume", "from_step": 5, "offset": -1}\n'
        b'{"kind": "fork", "from_step": 5, "offset": 1}\n{"kind": "resume", "from_s'
    )
    segments = parse_segments(content)
    assert (segments.resumes, segments.fork) == ((Resume(5, 100),), None)


def test_a_fork_says_whose_points_it_begins_with(tmp_path: Path) -> None:
    append_segment(tmp_path, Fork("id", "parent_261123_150320_aaaaaa", 5, 100, "now"))
    assert read_segments(tmp_path).fork == Fork("id", "parent_261123_150320_aaaaaa", 5, 100, "now")
    assert (read_segments(tmp_path).reach, bool(read_segments(tmp_path))) == (0, True)


def test_a_line_torn_by_a_crash_does_not_swallow_the_next(tmp_path: Path) -> None:
    (tmp_path / "segments").write_bytes(b'{"kind": "res')
    append_segment(tmp_path, Resume(5, 100))
    assert read_segments(tmp_path).resumes == (Resume(5, 100),)


def test_something_else_in_the_place_of_the_segments_is_damage(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    with pytest.raises(DamagedError):
        read_totals(tmp_path / "metrics")


def test_the_smallest_step_of_all_later_resumes_is_the_limit() -> None:
    segments = Segments((Resume(9, 10), Resume(3, 20), Resume(5, 30)))
    assert segments.mark() == [[20, 3], [30, 5]]
    lines = b"".join(b'{"t":{"value":{"a":1},"sequence":{"step":%d}}}\n' % step for step in (2, 3, 4, 5, 6))
    length = len(lines) // 5
    segments = Segments((Resume(9, 1), Resume(3, 2 * length), Resume(5, 4 * length)))
    assert segments.mask(lines, 0).split(b"\n")[:-1] == [
        lines[: length - 1],
        b"",
        lines[: length - 1].replace(b"2", b"4"),
        b"",
        lines[4 * length : -1],
    ]
