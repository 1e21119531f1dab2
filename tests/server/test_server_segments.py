"""What was superseded counts nowhere on the server either, and every byte stays."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.format import segments as segments_format
from aimd_core.format.model import strict_json
from aimd_core.reading.totals import read_totals
from aimd_server import operations
from aimd_server.services import files, trials
from aimd_server.services.clock import now_us
from aimd_server.services.series import appending, folding, plotting
from aimd_server.services.series.appending import Appends
from aimd_server.services.series.plotting import PlotWish
from aimd_server.stores import journals
from tests.server.test_server_columns import FEW, Store, new_store, small_chunks
from tests.support.appending import append
from tests.support.histories import NAME, Event, build, events, line, model


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with new_store() as made:
        yield made


def send(store: Store, journal: bytes, segments: bytes, cuts: list[int], when: list[int]) -> None:
    """Append both files in parts, the segments somewhere between the parts of the journal."""
    places = [0, *sorted(cut % (len(journal) + 1) for cut in cuts), len(journal)]
    lines = segments.splitlines(keepends=True)
    turns = sorted(turn % len(places) for turn in when[: len(lines)])
    turns += [len(places)] * (len(lines) - len(turns))
    sent = 0
    for turn, (start, end) in enumerate(zip(places, [*places[1:], len(journal)], strict=True)):
        while turns and turns[0] <= turn:
            turns.pop(0)
            append(store.database, store.user, store.trial, files.SEGMENTS, sent, lines[0])
            sent += len(lines.pop(0))
        append(store.database, store.user, store.trial, files.METRICS, start, journal[start:end], store.limits)
    for one in lines:
        append(store.database, store.user, store.trial, files.SEGMENTS, sent, one)
        sent += len(one)


def drawn_of(store: Store, axis: Any = "step") -> dict[str, tuple[list[float], list[float]]]:
    answer = plotting.draw(store.database, store.user, PlotWish([store.trial], None, axis, 10_000))
    return {one.metric: (one.plot.x.tolist(), one.plot.lo.tolist()) for one in answer.series}


def assert_effective(store: Store, happened: list[Event], local: dict[str, Any]) -> None:
    shown = trials.shown(store.database, store.user, store.trial)["metrics"]
    assert shown == local
    points: dict[str, tuple[list[float], list[float]]] = {}
    for metric, step, value in sorted(model(happened), key=lambda point: -math.inf if point[1] is None else point[1]):
        x, values = points.setdefault(metric, ([], []))
        if step is not None:  # others are not drawn
            x.append(float(step))
            values.append(value if math.isfinite(value) else math.nan)
    assert {name: repr(one) for name, one in drawn_of(store).items()} == {
        name: repr(one) for name, one in points.items()
    }


@FEW
@given(events(), st.lists(st.integers(0, 10_000), max_size=5), st.lists(st.integers(0, 10), max_size=6))
def test_the_server_says_of_any_history_what_the_local_readers_say(
    store: Store, tmp_path_factory: pytest.TempPathFactory, happened: list[Event], cuts: list[int], when: list[int]
) -> None:
    path = build(tmp_path_factory.mktemp("trials") / NAME, happened)
    journal = (path / "metrics").read_bytes()
    segments = (path / "segments").read_bytes() if (path / "segments").exists() else b""
    if not journal.endswith(b"\n"):  # of a half-written line the server knows no more than that
        journal += b"\n"
    local = {name: strict_json(one.as_dict()) for name, one in read_totals(path / "metrics")[0].metrics.items()}
    with small_chunks(store):
        store.new_trial()
        send(store, journal, segments, cuts, when)
        assert_effective(store, happened, local)
        assert store.read(0, len(journal)) == journal


def lines(first: int, last: int) -> bytes:
    return b"".join(line("train", "loss", step, 1.0) for step in range(first, last))


def cut(from_step: int, offset: int) -> bytes:
    return json.dumps({"kind": "resume", "from_step": from_step, "offset": offset}).encode() + b"\n"


def count_of(store: Store) -> int:
    metrics: Any = trials.shown(store.database, store.user, store.trial)["metrics"]
    return int(metrics["train.loss"]["count"])


def test_totals_that_a_server_left_undone_are_done_at_the_next_start(store: Store) -> None:
    store.new_trial()
    append(store.database, store.user, store.trial, files.METRICS, 0, lines(0, 10))
    wish = appending.prepare(store.user, store.trial, files.SEGMENTS, 0, cut(4, len(lines(0, 10))))
    store.database.write(Appends().operation(wish))  # and here the server ends
    append(store.database, store.user, store.trial, files.METRICS, len(lines(0, 10)), lines(4, 6))
    folding.fold_left(store.database, 0.0)
    assert count_of(store) == 6
    assert store.database.read(lambda connection: journals.stale(connection, files.JOURNALS, now_us(), 1)) == []


def test_points_and_segments_that_come_while_totals_are_computed_count(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.new_trial()
    size = len(lines(0, 10))
    append(store.database, store.user, store.trial, files.METRICS, 0, lines(0, 10))
    real, meanwhile = folding._read, [1]

    def slow(*facts: Any, **more: Any) -> Any:
        made = real(*facts, **more)
        if meanwhile:
            meanwhile.clear()
            store.database.write(
                Appends().operation(
                    appending.prepare(store.user, store.trial, files.SEGMENTS, len(cut(4, size)), cut(2, size))
                )
            )
            append(store.database, store.user, store.trial, files.METRICS, size, lines(2, 5))
        return made

    monkeypatch.setattr(folding, "_read", slow)
    append(store.database, store.user, store.trial, files.SEGMENTS, 0, cut(4, size))
    assert meanwhile == []
    assert count_of(store) == 5


def test_what_is_stored_passes_the_check(store: Store) -> None:
    assert operations.check(store.place).faults == []


def test_points_that_are_taken_as_they_come_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[Event] = [("log", "train", "loss", step, 1.0) for step in range(5)]
    happened += [("resume", 3), ("log", "train", "loss", 4, 2.0)]
    with new_store() as store:
        from pathlib import Path
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as directory:
            path = build(Path(directory) / NAME, happened)
            journal, segments = (path / "metrics").read_bytes(), (path / "segments").read_bytes()
            local = {name: strict_json(one.as_dict()) for name, one in read_totals(path / "metrics")[0].metrics.items()}
        store.new_trial()
        send(store, journal, segments, [], [0])
        assert_effective(store, happened, local)
        monkeypatch.setattr(segments_format.Segments, "mask", lambda self, lines, start: lines)
        store.new_trial()
        send(store, journal, segments, [], [0])
        with pytest.raises(AssertionError):
            assert_effective(store, happened, local)
