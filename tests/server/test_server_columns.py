"""Series as columns: whatever the bytes of a journal are, they come back, and a plot shows the points in them."""

from __future__ import annotations

import io
import itertools
import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aimd_core.format.digest import digest_prefix
from aimd_core.format.journal import Damage, read_records
from aimd_core.format.model import strict_json
from aimd_core.format.values import step_of
from aimd_core.reading.series import metric_values
from aimd_core.reading.totals import JournalTotals
from aimd_server import accounts, operations
from aimd_server.columns import codec, spans
from aimd_server.columns.codec import decode, encode
from aimd_server.columns.table import Table, tables_of
from aimd_server.columns.uniform import read_uniform
from aimd_server.services import files, identity, trials
from aimd_server.services.series import chunking, folding, plotting, totals
from aimd_server.services.series.chunking import LIMITS, ColumnLimits
from aimd_server.services.series.plotting import PlotWish
from aimd_server.stores import journals
from aimd_server.stores.database import Database
from tests.server.api import new_id, wish
from tests.support.appending import append

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-5, 5),
    st.integers(),
    st.sampled_from([-0.0, 1e16, 1e-5, 5e-324, 1.7976931348623157e308, 0.1, float("inf")]),
)
STAMPS = st.one_of(
    st.datetimes().map(lambda when: when.isoformat(timespec="microseconds") + "+00:00"),
    st.sampled_from(["2026-11-23T15:03:27+08:00", "2026-11-23T15:03:27.946Z", "yesterday", "2026-02-30T00:00:00"]),
)
NAMES = st.one_of(st.sampled_from(["loss", "acc", "val_loss"]), st.text(max_size=8))
RECORDS = st.builds(
    lambda kind, value, sequence: {kind: {"value": value, "sequence": sequence}},
    st.sampled_from(["train", "val", "test"]),
    st.dictionaries(NAMES, st.one_of(NUMBERS, NUMBERS, st.none(), st.booleans(), st.text(max_size=5)), max_size=4),
    st.fixed_dictionaries(
        {"epoch": st.one_of(st.none(), NUMBERS)},
        optional={"step": st.one_of(st.integers(0, 9000), NUMBERS), "timestamp": STAMPS},
    ),
)
LINES = st.one_of(
    RECORDS.map(lambda record: json.dumps(record).encode()),
    RECORDS.map(
        lambda record: json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    ),
    st.binary(max_size=30).map(lambda content: content.replace(b"\n", b" ")),
    st.sampled_from([b"", b"\r", b"{}", b'{"a": {"value": {}, "sequence": {}}}', b'{"train": {"value": {"x": 1.50']),
)
JOURNALS = st.lists(LINES, min_size=1, max_size=40).map(lambda lines: b"\n".join(lines) + b"\n")
GLUED = st.builds(  # also with several records in a line, and a last line that may still be growing
    lambda lines, ends: b"".join(line + end for line, end in zip(lines, ends, strict=False)) or b"\n",
    st.lists(LINES, min_size=1, max_size=30),
    st.lists(st.sampled_from([b"\n", b"\n", b"\r\n", b"", b" "]), min_size=30, max_size=30),
)


def bits(values: Any) -> list[int]:
    array = np.where(np.isnan(values), np.nan, values)
    return list(array.view(np.uint64).tolist())


@FEW
@given(st.lists(st.one_of(st.floats(), st.integers(-(1 << 53), 1 << 53).map(float))))
def test_numbers_come_back_bit_for_bit(numbers: list[float]) -> None:
    values = np.array(numbers, np.float64)
    assert bits(decode(encode(values))) == bits(values)


def test_a_codec_that_loses_the_sign_of_zero_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.array([1.0, -0.0, 2.0])
    assert bits(decode(encode(values))) == bits(values)
    monkeypatch.setattr(codec, "_is_whole", lambda numbers: bool(np.all(numbers == np.trunc(numbers))))
    assert bits(decode(encode(values))) != bits(values)
    line = json.dumps({"train": {"value": {"x": -0.0}, "sequence": {"step": 1}}}).encode() + b"\n"
    many = line + line.replace(b"-0.0", b"1.0")
    assert spans.build(many).recipe is None  # such lines would be kept, not lost


@pytest.mark.parametrize("packed", [b"", b"\x00\x01", b"\x01junk", b"\x09" + codec.compress(b"12345678"), b"\x03"])
def test_damaged_numbers_are_an_error_and_not_a_crash(packed: bytes) -> None:
    with pytest.raises(ValueError):
        decode(packed)


def test_lines_of_the_sdk_are_rendered_and_not_kept() -> None:
    records = []
    for step in range(5000):
        when = f"2026-11-23T15:03:{step % 60:02d}.{step:06d}+00:00"
        value = {"loss": 1 / (step + 1), **({"acc": step % 256 / 256} if step % 10 == 0 else {}), "n": step}
        records.append({"train": {"value": value, "sequence": {"epoch": None, "step": step, "timestamp": when}}})
        if step % 100 == 0:
            records.append({"val": {"value": {"loss": float("nan")}, "sequence": {"epoch": 1, "step": step}}})
    content = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    parts = list(spans.split(content))
    assert b"".join(parts) == content
    assert [part.count(b"\n") for part in parts] == [4096, len(records) - 4096]
    assert all(spans.build(part).recipe is not None for part in parts)


SMALL = ColumnLimits(due_lines=6, lines=5, span_bytes=1500, row_bytes=300)


class Store:
    """A database with a trial in it, and how much becomes columns there."""

    def __init__(self, directory: str) -> None:
        self.place = Path(directory)
        accounts.add_user(self.place, "lin")
        key = accounts.create_key(self.place, "lin")
        self.database = Database(self.place)
        self.database.start_writer()
        user = identity.account_of(self.database, key)
        assert user is not None
        self.user = user
        self.trial = ""
        self.limits = LIMITS

    def new_trial(self) -> None:
        import msgspec

        self.trial = new_id()
        body = msgspec.convert(wish(f"t{self.trial[:8]}"), trials.TrialWish)
        trials.put(self.database, self.user, self.trial, body, False)

    def append(self, content: bytes, cuts: list[int]) -> None:
        places = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
        for start, end in itertools.pairwise(places):
            standing = append(
                self.database, self.user, self.trial, files.METRICS, start, content[start:end], self.limits
            )
            assert standing.offset >= end

    def read(self, start: int, end: int) -> bytes:
        def operation(connection: Any) -> bytes:
            opened = files.open_file(connection, self.user, self.trial, files.METRICS)
            return journals.read(connection, opened.journal_id or 0, start, end)

        return self.database.read(operation)


@contextmanager
def new_store() -> Iterator[Store]:
    with TemporaryDirectory() as directory:
        made = Store(directory)
        yield made
        made.database.close()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with new_store() as made:
        yield made


def _fail(message: str) -> None:
    raise AssertionError(message) from sys.exc_info()[1]


@contextmanager
def small_chunks(store: Store, limits: ColumnLimits = SMALL) -> Iterator[None]:
    """Let columns be made of little, and faults be raised that a server would log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunking.log, "exception", _fail)
        store.limits = limits
        yield
    store.limits = LIMITS


def assert_kept(store: Store, content: bytes, cuts: list[int]) -> None:
    """Append a journal in parts, and read it in every way."""
    store.new_trial()
    store.append(content, cuts)
    opened = store.database.read(lambda connection: files.open_file(connection, store.user, store.trial, files.METRICS))
    assert opened.standing.digest == digest_prefix(io.BytesIO(content), len(content))
    assert store.read(0, len(content)) == content
    for start in cuts:
        start %= len(content)
        assert store.read(start, start + 60) == content[start : start + 60]
    store.append(content, cuts)  # the same again changes nothing
    pieces, reached = [], 0
    while reached < len(content):
        piece = store.database.read(lambda connection, at=reached: files.read_piece(connection, opened, at))  # type: ignore[misc]
        assert piece
        pieces.append(piece)
        reached += len(piece)
    assert b"".join(pieces) == content


@FEW
@given(content=JOURNALS, cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_any_bytes_in_any_parts_come_back(store: Store, content: bytes, cuts: list[int]) -> None:
    with small_chunks(store):
        assert_kept(store, content, cuts)


def totals_of(content: bytes) -> JournalTotals:
    local = JournalTotals()
    local.take_lines(content)
    return local


@FEW
@given(content=st.one_of(JOURNALS, GLUED), cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_the_summary_is_that_of_the_local_file(store: Store, content: bytes, cuts: list[int]) -> None:
    with small_chunks(store):
        store.new_trial()
        store.append(content, cuts)
    local = totals_of(content)
    shown = trials.shown(store.database, store.user, store.trial)["metrics"]
    for name, one in local.metrics.items():
        if "\0" not in name and name.isascii():
            assert shown[name] == strict_json(one.as_dict()), name  # type: ignore[index]


def test_at_every_byte_the_server_counts_what_a_local_reader_counts(store: Store) -> None:
    """Whole records count before their line is complete, also several in one, and nothing counts twice."""
    lines = [json.dumps({"train": {"value": {"x": n * 0.1}, "sequence": {"step": n}}}).encode() for n in range(5)]
    content = lines[0] + b"\n" + lines[1] + lines[2] + b' {"tr\n' + lines[3] + b"\r\n\n" + lines[4]
    for limits in (LIMITS, ColumnLimits(due_lines=2, lines=2)):
        with small_chunks(store, limits):
            store.new_trial()
            for end in range(1, len(content) + 1):
                store.append(content[:end], [end - 1])
                shown = trials.shown(store.database, store.user, store.trial)["metrics"]
                due = {name: strict_json(one.as_dict()) for name, one in totals_of(content[:end]).metrics.items()}
                assert shown == due, end
            (drawn,) = plotting.draw(store.database, store.user, PlotWish([store.trial])).series
            assert len(drawn.plot.x) == 5


def test_a_large_part_is_not_written_again_and_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"train": {"value": {"x": 0.5, "y": "z" * 40}, "sequence": {"step": 1}}}).encode() + b"\n"
    content = line * ((8 << 20) // len(line))
    extend, written = journals._EXTEND.run, []

    def counted(connection: Any, rows: list[dict[str, Any]]) -> None:
        written.append(sum(row["size"] for row in rows))
        extend(connection, rows)

    monkeypatch.setattr(journals._EXTEND, "run", counted)
    with small_chunks(store, LIMITS):
        store.new_trial()
        store.append(content, [])
    assert store.read(0, len(content)) == content
    assert len(written) > 3
    assert sum(written) < 2.2 * len(content), written


def test_what_is_stored_passes_the_check(store: Store) -> None:
    assert operations.check(store.place).faults == []


def _cut_one_too_many(real: Callable[..., None]) -> Callable[..., None]:
    return lambda connection, journal_id, end, row_bytes: real(connection, journal_id, end + 1, row_bytes)


def test_a_chunk_boundary_that_is_off_by_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"".join(
        json.dumps({"train": {"value": {"x": n}, "sequence": {"step": n}}}).encode() + b"\n" for n in range(20)
    )
    with new_store() as store, small_chunks(store):
        assert_kept(store, content, [90, 300, 500])
        monkeypatch.setattr(journals, "cut_tail", _cut_one_too_many(journals.cut_tail))
        with pytest.raises(AssertionError):
            assert_kept(store, content, [90, 300, 500])
        assert operations.check(store.place).faults != []


class Stored(NamedTuple):
    """A journal in a store, and the tables of it that were made without the store."""

    store: Store
    trial: str
    tables: Any


@pytest.fixture(scope="module")
def resumed(store: Store) -> Stored:
    """A journal whose training was resumed from an earlier step, in chunks of a few hundred points."""
    generator = random.Random(7)
    lines = []
    for number in range(2000):
        step = number if number < 1200 else number - 400  # stopped, and resumed from before
        sequence = {"epoch": step // 100, "step": step, "timestamp": f"2026-11-23T15:03:27.{step:06d}+00:00"}
        value = {"loss": generator.choice([generator.gauss(0, 1), float("nan"), 2])}
        if number % 3 == 1:
            value["rare"] = float(number)
        lines.append(json.dumps({"train": {"value": value, "sequence": sequence}}).encode() + b"\n")
    content = b"".join(lines)
    store.new_trial()
    with small_chunks(store, ColumnLimits(due_lines=300, lines=300, span_bytes=1500)):
        store.append(content, list(range(0, len(content), 9000)))
    return Stored(store, store.trial, tables_of(content)["train"])


@pytest.mark.parametrize("bounds", [(None, None), (100.0, None), (250.0, 1500.0), (None, -1.0)])
@pytest.mark.parametrize("points", [1, 3, 40, 10_000])
@pytest.mark.parametrize("x", ["step", "epoch", "time"])
def test_a_plot_shows_the_points_however_they_are_stored(
    resumed: Stored, x: Any, points: int, bounds: tuple[float | None, float | None]
) -> None:
    store, trial, tables = resumed
    if bounds[0] and x == "time":
        bounds = (1795446207.0001, 1795446207.0011)
    asked = PlotWish([trial], None, x, points, *bounds)
    found = {drawn.metric: drawn.plot for drawn in plotting.draw(store.database, store.user, asked).series}
    for name in ("loss", "rare"):
        where, values = tables.points(name, x)
        inside = (where >= (bounds[0] or -np.inf)) & (where <= (bounds[1] or np.inf))
        where, values = where[inside], values[inside]
        order = np.argsort(where, kind="stable")  # along the axis, equal positions as written
        where, values = where[order], values[order]
        finite = values[np.isfinite(values)]
        plot = found[f"train.{name}"]
        assert (plot.points, plot.nan) == (len(values), len(values) - len(finite))
        assert len(plot.x) <= points
        assert set(plot.x) <= set(where)
        if len(values) <= points:
            assert plot.exact
            np.testing.assert_array_equal(plot.lo, values)
            np.testing.assert_array_equal(plot.x, where)
        elif len(finite):
            assert plot.hi is not None
            assert (np.nanmin(plot.lo), np.nanmax(plot.hi)) == (finite.min(), finite.max())
            assert plot.x[0] == where[0]
        assert np.all(np.diff(plot.x) >= 0)


def _uniform_journals() -> st.SearchStrategy[bytes]:
    """Lines of one form, but for a few that are not quite."""
    kinds = st.sampled_from([st.floats(), st.integers(), st.none(), STAMPS, NUMBERS])
    members = st.dictionaries(NAMES, kinds, max_size=4)

    def records(forms: tuple[Any, Any, str]) -> st.SearchStrategy[list[Any]]:
        values, places, kind = forms
        body = st.fixed_dictionaries(
            {"value": st.fixed_dictionaries(values), "sequence": st.fixed_dictionaries(places)}
        )
        one = body.map(lambda found: {kind: found})
        return st.lists(one, min_size=1, max_size=20)

    forms = st.tuples(members, members, st.sampled_from(["train", 'a"b', "日本", ""]))
    return forms.flatmap(records).map(lambda found: b"".join(json.dumps(one).encode() + b"\n" for one in found))


@settings(max_examples=200, deadline=None)
@given(st.one_of(_uniform_journals(), JOURNALS))
def test_lines_that_are_read_as_of_one_form_are_read_the_same_one_by_one(content: bytes) -> None:
    found = read_uniform(content)
    if found is None:
        return
    for number, text in enumerate(content.splitlines()):
        ((kind, body),) = json.loads(text).items()
        assert kind == found.type
        assert [sorted(body["value"]), sorted(body["sequence"])] == [sorted(found.values), sorted(found.places)]
        row = [column[number] for column in found.columns]
        known = [body["value"][name] for name in found.values] + [body["sequence"][name] for name in found.places]
        assert [(type(one), repr(one)) for one in row] == [(type(one), repr(one)) for one in known]


def test_lines_of_one_form_are_read_at_once_and_others_not() -> None:
    good = [{"train": {"value": {"x": n / 7, "n": n}, "sequence": {"step": n, "epoch": None}}} for n in range(9)]
    odd: list[Any] = [
        {"val": {"value": {"x": 1.5, "n": 1}, "sequence": {"step": 9, "epoch": None}}},
        {"train": {"value": {"x": 1, "n": 1}, "sequence": {"step": 9, "epoch": None}}},
        {"train": {"value": {"x": 1.5, "n": True}, "sequence": {"step": 9, "epoch": None}}},
        {"train": {"value": {"x": 1.5}, "sequence": {"step": 9, "epoch": None}}},
        {"train": {"value": {"x": 1.5, "n": 1, "m": 1}, "sequence": {"step": 9, "epoch": None}}},
        {"train": {"value": {"x": float("nan"), "n": 1}, "sequence": {"step": 9, "epoch": None}}},
    ]
    read = read_uniform(b"".join(json.dumps(one).encode() + b"\n" for one in good))
    assert read is not None
    assert [read.lines, read.columns[1]] == [9, list(range(9))]
    for one in odd:
        assert read_uniform(b"".join(json.dumps(line).encode() + b"\n" for line in [*good, one])) is None


# What a decoder that skips what nobody asked for takes, but the journal's reader does not.
_SKIPPED = [
    b'{"train": {"value": {"loss": 1, "bad": "\xff"}, "sequence": {"step": 1}}}',
    b'{"train": {"value": {"loss": 2, "bad": %b}, "sequence": {"step": 2}}}' % (b"9" * 4301),
    b'{"train": {"value": {"loss": 3, "b\\u0000d": 1}, "sequence": {"step": 3}}}',
    b'{"train": {"value": {"loss": 4}, "sequence": {"step": 4}, "bad": {"a": [NaN, "\\ud800"]}}}',
    b'{"train": {"value": {"loss": 5, "bad": 1e999}, "sequence": {"step": 5}}}',
    b'{"train.loss": {"value": {"loss": 6, "loss.loss": 7}, "sequence": {"step": 6}}}',
    b'{"train": {"value": {"\\u540d": 8}, "sequence": {"step": 8}}}',
]
_FULL_NAMES = st.sampled_from(
    ["train.loss", "train.acc", "train.loss.loss", "val.loss", "train.b\ufffdd", "train.\u540d"]
)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(JOURNALS, GLUED, st.lists(st.one_of(LINES, st.sampled_from(_SKIPPED))).map(b"\n".join)),
    st.one_of(st.none(), st.sets(_FULL_NAMES, max_size=3), st.just({f"train.{n}" for n in range(101)} | {"train.acc"})),
)
@example(_SKIPPED[0], {"train.loss"})
@example(_SKIPPED[1], {"train.loss"})
@example(_SKIPPED[2], {"train.b\ufffdd"})
@example(_SKIPPED[3], {"train.loss"})
@example(_SKIPPED[5], {"train.loss.loss"})
@example(_SKIPPED[6], {"train.\u540d"})
def test_points_of_lines_are_those_of_the_journals_reader_whichever_are_asked_for(
    content: bytes, names: set[str] | None
) -> None:
    expected: dict[str, list[tuple[float, float]]] = {}
    lines = [line + b"\n" for line in content.split(b"\n") if line]
    for record in read_records(iter(lines), Damage()):
        ((_, body),) = record.items()
        step = step_of(body["sequence"].get("step"))
        for name, value in metric_values(record):
            expected.setdefault(name, []).append((math.nan if step is None else float(step), value))
    tables = tables_of(content, names)
    if names is None:
        names = {f"{kind}.{rest}" for kind, table in tables.items() for rest in table.columns} | {*expected}
    for name in names:
        kind, _, rest = name.partition(".")
        steps, values = tables[kind].points(rest, "step") if kind in tables else ((), ())
        assert repr([*map(float, steps)]) == repr([step for step, _ in expected.get(name, [])])
        assert repr([*map(float, values)]) == repr([value for _, value in expected.get(name, [])])


def test_of_the_last_lines_a_plot_reads_what_is_asked_for_and_no_totals(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first chart of a trial waits for this."""

    def lines(steps: range) -> bytes:
        values = ((step, {f"m{at}": at / (step + 1) for at in range(40)}) for step in steps)
        records = ({"train": {"value": value, "sequence": {"step": step}}} for step, value in values)
        return b"".join(json.dumps(record).encode() + b"\n" for record in records)

    store.new_trial()
    store.append(lines(range(20)), [])
    folding.fold_left(store.database, 0.0)
    store.append(lines(range(30)), [])  # it is still running, so that its totals lack these for a while
    real, read = Table.add, set()

    def seen(table: Table, values: dict[str, Any], *places: Any) -> None:
        read.update(values)
        real(table, values, *places)

    monkeypatch.setattr(Table, "add", seen)
    monkeypatch.setattr(totals, "read_points", lambda lines: pytest.fail("the totals are read"))
    (drawn,) = plotting.draw(store.database, store.user, PlotWish([store.trial], ["train.m7"])).series
    assert drawn.plot.lo.tolist() == [7 / (step + 1) for step in range(30)]
    assert read == {"m7"}


def test_minus_zero_passes_the_check(store: Store) -> None:
    store.new_trial()  # SQLite keeps it without its sign where it stands in a column of numbers
    store.append(b'{"train": {"value": {"x": -0.0}, "sequence": {"step": 1}}}\n', [])
    assert [fault for fault in operations.check(store.place).faults if store.trial in fault.where] == []
