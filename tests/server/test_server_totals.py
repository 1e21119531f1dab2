"""What the server adds up of a journal is what a local reader adds up, to the last bit, wherever the parts were cut."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aimd_core.format.values import step_of
from aimd_core.reading.series import read_series
from aimd_core.reading.totals import MetricSummary, read_totals
from aimd_server.services import trial_lists, trials
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import appending, chunking, folding, totals
from aimd_server.services.series.appending import Appends
from aimd_server.services.series.chunking import LIMITS, ColumnLimits
from aimd_server.services.trial_lists import ListRequest
from aimd_server.services.trials import TrialWish
from aimd_server.stores import indexes, journals, series
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from aimd_server.stores.list_plans import LIMITS as LISTS
from tests.server.api import new_id
from tests.support.appending import append
from tests.support.list_queries import make_user

SMALL, LARGE = ColumnLimits(due_lines=5), ColumnLimits(due_lines=40, lines=16)
VALUES = ["0.5", "1", "-3.25e-7", "1e300", "true", "null", '"text"', "NaN", "-Infinity", "9" * 30, "9" * 400, "0.1"]
STEPS = ["1", "2", "7", "-4", "null", "2.0", "2.5", "true", '"3"', str(2**53 + 1), str(2**70), "9" * 400]


def _line(rng: random.Random, step: int) -> str:
    """Return one line: mostly what a training loop writes, now and then anything."""
    odd = rng.random()
    number = "0.25" if odd < 0.7 else rng.choice(VALUES)
    at = str(step) if odd < 0.8 else rng.choice(STEPS)
    names = ["loss", "acc"] if odd < 0.8 else rng.sample(["loss", "acc", "名", "a.b", ""], rng.randrange(5))
    values = ", ".join(f"{json.dumps(name)}: {number if name != 'loss' else rng.random()}" for name in names)
    kind = rng.choice(("train", "train", "train", "val", "b"))
    record = f'{{"{kind}": {{"value": {{{values}}}, "sequence": {{"epoch": null, "step": {at}}}}}}}'
    if odd > 0.97:
        return record + record  # glued
    return record[: len(record) // 2] if odd > 0.95 else record


def journal_of(rng: random.Random, lines: int) -> bytes:
    """Return a journal: runs of plain lines, with odd ones between."""
    step, made = 0, []
    for _ in range(lines):
        step = step + 1 if rng.random() < 0.95 else max(0, step - rng.randrange(20))  # after a resume
        made.append(_line(rng, step) if rng.random() < 0.3 else _line(random.Random(7), step))
    return "".join(f"{line}\n" for line in made).encode()


def parts_of(rng: random.Random, content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a journal in parts, cut anywhere, half of them behind a line."""
    start = 0
    while start < len(content):
        end = min(len(content), start + rng.choice((1, 90, 700, 4000, 9000)))
        if rng.random() < 0.5:
            end = content.rfind(b"\n", start, end) + 1 or end
        yield start, content[start:end]
        start = end


class Store:
    """A database with one trial, to which a journal is appended."""

    def __init__(self, place: Path) -> None:
        self.database = Database(place)
        self.user: Account = make_user(self.database)
        self.uid = new_id()
        trials.put(self.database, self.user, self.uid, TrialWish(name="t", state="Running"))

    def append(self, offset: int, content: bytes, limits: ColumnLimits = LARGE) -> None:
        """Append a part, and turn what is due into chunks."""
        append(self.database, self.user, self.uid, "metrics", offset, content, limits)

    def totals(self) -> dict[str, str]:
        """Return the state of each metric's totals, as a reader gets them now."""
        known = self.database.read(lambda connection: folding.totals_of(connection, [1]))[1]
        return {f"{one.type}.{name}": repr(summary.state()) for one in known for name, summary in one.live.items()}

    def stored(self) -> dict[str, str]:
        """Return the same of the totals that are stored."""
        rows = self.database.read(lambda connection: series.of_trials(connection, [1])).get(1, [])
        lives = folding.lives_of(rows)
        return {f"{kind}.{name}": repr(one.state()) for kind, live in lives.items() for name, one in live.items()}


def check(place: Path, seed: int) -> None:
    """Append a random journal in random parts, and compare with the local reader."""
    rng = random.Random(seed)
    content = journal_of(rng, rng.choice((3, 60, 400)))
    place.mkdir()
    (place / "metrics").write_bytes(content)
    local = read_totals(place / "metrics")[1]
    store = Store(place / "server")
    with store.database:
        for offset, part in parts_of(rng, content):
            store.append(offset, part, rng.choice((SMALL, LARGE)))
            if rng.random() < 0.2:
                folding.fold(store.database, [1])
        states = {name: repr(summary.state()) for name, summary in local.metrics.items()}
        assert store.totals() == states, seed
        folding.fold(store.database, [1])
        assert store.stored() == states, seed


@pytest.mark.sqlite
@pytest.mark.parametrize("seed", range(12))
def test_totals_are_those_of_a_local_reader_wherever_the_parts_were_cut(tmp_path: Path, seed: int) -> None:
    check(tmp_path / "t", seed)


@pytest.mark.sqlite
def test_lists_have_metrics_in_the_order_of_a_local_reader_wherever_the_parts_were_cut(tmp_path: Path) -> None:
    for seed in range(6):
        rng, place, lines = random.Random(seed), tmp_path / str(seed), list[str]()
        for step in range(60):
            names = rng.sample(["zeta", "loss", "名", "a.b", ""], rng.randrange(1, 2 + step // 20))
            body = {"value": dict.fromkeys(names, rng.random()), "sequence": {"step": step}}
            lines.append(json.dumps({rng.choice(("val", "train", "b")[: 1 + step // 20]): body}) + "\n")
        place.mkdir()
        (place / "metrics").write_text("".join(lines))
        store = Store(place / "server")
        with store.database:
            for offset, part in parts_of(rng, (place / "metrics").read_bytes()):
                store.append(offset, part, rng.choice((SMALL, LARGE)))
            folding.fold(store.database, [1])
            listed = store.database.read(lambda connection: indexes.metrics_of(connection, [1]))[1]
            local = list(read_totals(place / "metrics")[0].metrics)
            assert list(listed) == list(store.totals()) == local != sorted(local), seed


@pytest.mark.soak
def test_totals_are_those_of_a_local_reader_many_times(tmp_path: Path) -> None:
    for seed in range(1000, 1200):
        check(tmp_path / str(seed), seed)


@pytest.mark.sqlite
@pytest.mark.parametrize("cuts", [(), (1 << 20,), (900_000, 1_000_000, 1_500_000), (1_048_700,)])
def test_of_a_last_line_without_newline_the_first_mebibyte_counts_here_and_there(
    tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    first, glued = _record(0, ["loss"]), _record(1, ["loss"])[:-1]
    content = first + glued * (1_600_000 // len(glued))
    place = tmp_path / "t"
    place.mkdir()
    store = Store(tmp_path / "server")
    with store.database:
        for start, end in zip((0, *cuts), (*cuts, len(content)), strict=True):
            store.append(start, content[start:end], LIMITS)
            folding.fold(store.database, [1])
            (place / "metrics").write_bytes(content[:end])
            shown, _ = read_totals(place / "metrics")
            assert store.totals() == store.stored() == {name: repr(one.state()) for name, one in shown.metrics.items()}
            assert shown.metrics["train.loss"].count == 1 + min(end - len(first), 1 << 20) // len(glued)
            assert len(read_series(place / "metrics", "train.loss")) == shown.metrics["train.loss"].count
        assert shown.damage.torn_bytes > 500_000
        store.append(len(content), b"\n", LIMITS)
        folding.fold(store.database, [1])
        (place / "metrics").write_bytes(content + b"\n")
        shown, _ = read_totals(place / "metrics")
        assert store.totals() == {name: repr(one.state()) for name, one in shown.metrics.items()}
        assert shown.metrics["train.loss"].count == 1 + 1_600_000 // len(glued)


def _last_written(summary: MetricSummary, values: list[float], steps: list[object]) -> None:
    for value, step in zip(values, steps, strict=True):
        summary.last_step = None  # so that what was written last wins, whatever its step
        summary.add(value, step_of(step))


def _pairwise_sum(summary: MetricSummary, values: list[float], steps: list[object]) -> None:
    half, before = len(values) // 2, summary.total
    for value, step in zip(values, steps, strict=True):
        summary.add(value, step_of(step))
    summary.total = before + (sum(values[:half]) + sum(values[half:]))


@pytest.mark.sqlite
@pytest.mark.parametrize("planted", [_last_written, _pairwise_sum])
def test_the_comparison_catches_another_way_to_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: Callable[..., None]
) -> None:
    class Other(MetricSummary):
        __slots__ = ()
        extend = planted

    monkeypatch.setattr(totals, "MetricSummary", Other)
    with pytest.raises(AssertionError):
        for seed in range(12):
            check(tmp_path / str(seed), seed)


def _names_cpu_s(place: Path, names: int, lines: Callable[[int], bytes]) -> float:
    """Return the CPU that it takes to append a journal with so many metric names."""
    store = Store(place)
    with store.database:
        content, start = lines(names), 0
        begun_s = time.process_time()
        while start < len(content):
            end = content.rfind(b"\n", start, start + 65536) + 1 or content.find(b"\n", start) + 1
            store.append(start, content[start:end])
            start = end
        return time.process_time() - begun_s


def _record(step: int, names: Iterator[str] | list[str]) -> bytes:
    return json.dumps({"train": {"value": dict.fromkeys(names, 0.5), "sequence": {"step": step}}}).encode() + b"\n"


def _name_each_line(names: int) -> bytes:
    return b"".join(_record(number, [f"layer.{number}"]) for number in range(names))


def _names_in_one_line(names: int) -> bytes:
    return b"".join(_record(step, [f"layer.{number}" for number in range(names)]) for step in range(3))


@pytest.mark.sqlite
@pytest.mark.parametrize("lines", [_name_each_line, _names_in_one_line])
def test_twice_as_many_metric_names_cost_about_twice_as_much(tmp_path: Path, lines: Callable[[int], bytes]) -> None:
    sizes = (3_000, 6_000)
    times = [min(_names_cpu_s(tmp_path / f"{size}-{n}", size, lines) for n in range(2)) for size in sizes]
    assert times[1] < 2.5 * times[0] + 0.2, times


def test_reading_ends_also_behind_a_line_without_its_end() -> None:
    line = b'{"train": {"value": {"loss": 1.0}, "sequence": {"epoch": 1, "step": 1, "timestamp": ""}}}\n'
    assert [points["train"]["loss"].steps for points in totals.read_points(line + line[:-9])] == [[1]]


def test_an_append_reads_no_line_and_a_list_reads_each_line_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, read_lines = Store(tmp_path), [0]
    real = totals.read_points

    def counted(lines: bytes) -> Iterator[totals.Points]:
        read_lines[0] += lines.count(b"\n")
        return real(lines)

    monkeypatch.setattr(totals, "read_points", counted)
    with store.database:
        content = b"".join(_record(step, ["loss"]) for step in range(100))
        size = len(content) // 100 + 1
        for start in range(0, len(content), size):
            store.append(start, content[start : start + size], LIMITS)
        assert read_lines == [0]
        for _ in range(2):
            trial_lists.page_of_trials(store.database, store.user, ListRequest())
            assert read_lines == [100]
        assert store.stored() == store.totals()


def test_the_columns_to_choose_from_have_what_was_just_appended(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.database:
        store.append(0, _record(1, ["loss"]), LIMITS)
        names = trial_lists.columns(store.database, store.user, ListRequest())
        assert names["metrics"] == [{"name": "train.loss", "count": 1}]


def test_lines_that_two_servers_fold_at_once_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    real, others = folding._read, [1]

    def slow(*facts: Any, **more: Any) -> Any:
        read = real(*facts, **more)
        if others:
            others.clear()
            folding.fold(store.database, [1])
        return read

    with store.database:
        store.append(0, b"".join(_record(step, ["loss"]) for step in range(10)), LIMITS)
        monkeypatch.setattr(folding, "_read", slow)
        folding.fold(store.database, [1])
        assert others == []
        (live,) = folding.lives_of(store.database.read(lambda one: series.of_trials(one, [1]))[1]).values()
        assert live["loss"].count == 10


def test_lines_that_a_reader_folds_while_they_become_columns_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    real, readers = chunking._tail, [1]

    def slow(*facts: Any) -> Any:
        read = real(*facts)
        if readers:
            readers.clear()
            folding.fold(store.database, [1])
        return read

    monkeypatch.setattr(chunking, "_tail", slow)
    with store.database:
        store.append(0, b"".join(_record(step, ["loss"]) for step in range(60)))
        assert readers == []
        (live,) = folding.lives_of(store.database.read(lambda one: series.of_trials(one, [1]))[1]).values()
        assert live["loss"].count == 60
        row = store.database.read(lambda one: journals.of_file(one, 1, "metrics"))
        assert row is not None
        assert (row.stale_us, row.folded_offset) == (None, row.next_offset)
        assert row.chunk_offset > 0


def test_a_list_says_of_how_many_trials_it_lacks_the_newest_points(tmp_path: Path) -> None:
    store, record = Store(tmp_path), _record(1, ["loss"])
    with store.database:
        store.append(0, record, LIMITS)
        for number in range(30):
            uid = new_id()
            trials.put(store.database, store.user, uid, TrialWish(name=f"t{number}", state="Running"))
            append(store.database, store.user, uid, "metrics", 0, record, LIMITS)

        def page(user: Account) -> dict[str, Any]:
            return trial_lists.page_of_trials(store.database, user, ListRequest(), LISTS._replace(folded=9))

        assert "behind" not in page(make_user(store.database, "wei"))  # to whom others' trials are nothing
        behind = [page(store.user).get("behind", 0) for _ in range(4)]
        assert behind == [13, 0, 0, 0]  # of 31, twice 9 were taken, and then all, because they are few
        assert all(row["metrics"] for row in page(store.user)["trials"])


def test_nobody_waits_for_a_trial_with_very_many_lines_that_went_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    lines = b"".join(_record(step, ["loss"]) for step in range(50))
    cut = json.dumps({"kind": "resume", "from_step": 10, "offset": len(lines)}).encode() + b"\n"
    few = len(lines) - 1
    with store.database:
        store.append(0, lines, LIMITS)
        folding.fold(store.database, [1])
        stored = store.stored()
        reads: list[int] = []
        real = totals.read_points
        monkeypatch.setattr(totals, "read_points", lambda lines: reads.append(len(lines)) or real(lines))
        wish = appending.prepare(store.user, store.uid, "segments", 0, cut)
        store.database.write(Appends().operation(wish))
        folding.fold_due(store.database, 1, few)
        store.database.write(lambda connection: folding.fold_now(connection, [1], few))
        assert folding.fold_for_list(store.database, most_bytes=few)  # lists are behind
        assert (reads, store.stored()) == ([], stored)
        folding.fold_left(store.database, 0.0)
        assert not folding.fold_for_list(store.database, most_bytes=few)
        assert store.stored() == store.totals() != stored


@pytest.mark.sqlite
def test_no_line_is_longer_than_a_reader_can_hold(tmp_path: Path) -> None:
    store, part = Store(tmp_path), b"x" * (4 << 20)
    with store.database:
        store.append(0, b"\n", LIMITS)
        for number in range(3):
            store.append(1 + number * len(part), part, LIMITS)
        for content in (part + b"x", part + b"x\n"):
            with pytest.raises(RefusalError, match="a line of metrics has at most"):
                store.append(1 + 3 * len(part), content, LIMITS)
        store.append(1 + 3 * len(part), part[:100] + b"\n" + part, LIMITS)
