import json
import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.errors import DamagedError
from aimd_core.format.journal import Damage, encode_record, read_records
from aimd_core.reading.series import AXES, _Shape, metric_names, position_of, read_series

WHEN = "2026-11-23T15:03:27.946397+00:00"


def points_by_the_journal(path: Path, metric: str, axis: str) -> list[tuple[float, float]]:
    """Return what the journal's own reader gives, one JSON document at a time."""
    points = []
    with path.open("rb") as file:
        for record in read_records(file, Damage()):
            ((metrics_type, body),) = record.items()
            for name, value in body["value"].items():
                if f"{metrics_type}.{name}" == metric and isinstance(value, (int, float)):
                    points.append((position_of(body["sequence"], axis), as_float(value)))
    return points


def as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def assert_same_points(path: Path, metric: str) -> None:
    for axis in AXES:
        series = read_series(path, metric, axis)
        read = list(zip(series.positions, series.values, strict=True))
        assert repr(read) == repr(points_by_the_journal(path, metric, axis))


def line(value: float, step: int = 1, kind: str = "train", name: str = "loss", epoch: int | None = 1) -> bytes:
    return encode_record(kind, {name: value}, step, epoch, WHEN)


def test_points_are_those_of_the_journals_reader(tmp_path: Path) -> None:
    journal = tmp_path / "metrics"
    journal.write_bytes(b"".join(line(1 / step, step) for step in range(1, 30_000)))  # several chunks
    assert len(read_series(journal, "train.loss")) == 29_999
    assert_same_points(journal, "train.loss")


def test_one_metric_is_picked_out_of_several(tmp_path: Path) -> None:
    journal = tmp_path / "metrics"
    both = encode_record("train", {"acc": 0.5, "loss": 2.0, "aux_loss": 7.0}, 2, None, WHEN)
    journal.write_bytes(line(1.0, 1) + both + line(9.0, 3, "val") + line(3.0, 4))
    assert list(read_series(journal, "train.loss").values) == [1.0, 2.0, 3.0]
    assert list(read_series(journal, "train.acc").values) == [0.5]
    assert list(read_series(journal, "val.loss").values) == [9.0]
    assert len(read_series(journal, "val.acc")) == 0


@pytest.mark.parametrize(
    "odd",
    [
        json.dumps({"train": {"value": {"loss": 5}, "sequence": {"step": 2}}}).encode() + b"\n",
        json.dumps({"train": {"value": {"loss": 5}, "sequence": {"step": 2}}}, separators=(",", ":")).encode() + b"\n",
        b'{"train": {"value": {"\\u006coss": 5.0}, "sequence": {"epoch": 1, "step": 2}}}\n',
        line(5.0, 2).replace(b"\n", b"\r\n"),
        line(5.0, 2).rstrip(b"\n") + line(6.0, 2),
        b'{"train": {"value": {"lo' + line(5.0, 2),
        b'"abc' + line(5.0, 2),
        b"\xff\xfe" + line(5.0, 2),
        b"\xef\xbb\xbf" + line(5.0, 2),
        line(5.0, 2).replace(b"5.0", b"05.0"),
        line(5.0, 2).replace(b"5.0", b"5."),
        line(5.0, 2).replace(b"5.0", b"1" * 5000),
        line(5.0, 2).replace(b'"loss": 5.0', b'"loss": 4.0, "loss": 5.0'),
        line(5.0, 2).replace(b'"step": 2', b'"step": 2, "step": 3'),
        line(5.0, 2).replace(b'"step": 2', b'"step": "2"'),
        line(float("nan"), 2) + line(float("inf"), 2) + line(float("-inf"), 2),
        b"\n\n",
        b'{"train": {"value": {"loss": "high"}, "sequence": {"epoch": 1, "step": 2}}}\n',
        line(5.0, -2, epoch=-1),
        line(5.0, 2).replace(b'"loss": 5.0', b'"loss": 5.0, "acc": 1x'),
        line(5.0, 2).replace(b'"value"', b'" alue"') + line(5.0, 2),
        line(5.0, 2).replace(b"5.0", b"-0").replace(b'"step": 2', b'"step": -0'),
        line(5.0, 2).replace(b'"epoch": 1', b'"epoch": 01'),
    ],
)
def test_a_line_that_the_sdk_would_not_write_is_read_as_the_journals_reader_reads_it(
    tmp_path: Path, odd: bytes
) -> None:
    journal = tmp_path / "metrics"
    journal.write_bytes(line(1.0) + odd + line(2.0, 7) + odd.rstrip(b"\n"))
    assert_same_points(journal, "train.loss")


ODD_NUMBERS = [
    *("0", "-0", "1", "01", "-01", "1.", ".5", "+1", "1e5", "1E+5", "1e", "1e400", "-1e400", "0.1.2", "1_0", "nan"),
    *("Infinit", "-", "true", "null", "1x", "[1]", "1,2", "1, 2", " 1", "1 ", '"1"', ""),
]
GOOD_NUMBERS = st.floats().map(json.dumps) | st.integers().map(str)
NUMBERS = GOOD_NUMBERS | GOOD_NUMBERS | st.sampled_from([*ODD_NUMBERS, "1" * 310, "1" * 400])


def written(names: list[str], tokens: dict[str, str]) -> str:
    """Return a line as the SDK writes it, with these tokens in the places of its numbers."""
    values = ", ".join(f'"{name}": {tokens[name]}' for name in names)
    sequence = f'"epoch": {tokens["epoch"]}, "step": {tokens["step"]}, "timestamp": "{WHEN}"'
    return f'{{"train": {{"value": {{{values}}}, "sequence": {{{sequence}}}}}}}\n'


@given(
    records=st.lists(
        st.fixed_dictionaries(dict.fromkeys(("loss", "acc", "lr", "epoch", "step"), NUMBERS)), min_size=1, max_size=4
    ),
    names=st.sampled_from([["loss"], ["loss", "acc"], ["acc", "loss"], ["acc", "loss", "lr"], ["loss", "loss"]]),
)
def test_lines_that_are_alike_are_read_as_the_journals_reader_reads_them(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]], names: list[str]
) -> None:
    journal = tmp_path_factory.mktemp("series") / "metrics"
    journal.write_text("".join(written(names, tokens) for tokens in records))
    assert_same_points(journal, "train.loss")


@pytest.mark.parametrize("others", [{}, {"acc": 0.5}, {"lr": 1e-05, "acc": float("nan")}])
@pytest.mark.parametrize("axis", AXES)
def test_lines_as_the_sdk_writes_them_are_taken_at_once(others: dict[str, float], axis: str) -> None:
    lines = [encode_record("train", {**others, "loss": 1 / step}, step, step // 3, WHEN) for step in range(1, 9)]
    columns = _Shape("train.loss", axis).columns_of(b"".join(lines))
    assert columns is not None
    assert list(columns[0]) == [1 / step for step in range(1, 9)]
    assert columns[1][0] == {"step": 1.0, "epoch": 0.0}.get(axis, columns[1][7])


def test_lines_that_are_never_alike_are_not_compared_for_ever(tmp_path: Path) -> None:
    journal = tmp_path / "metrics"
    journal.write_bytes(b"".join(line(1 / step, step) + line(0.5, step, "val") for step in range(1, 10_000)))
    shape = _Shape("train.loss", "step")
    mixed = line(1.0) + line(2.0, 2, "val")
    assert [shape.columns_of(piece) is None for piece in [mixed] * 3 + [line(1.0)]] == [True] * 4
    assert_same_points(journal, "train.loss")


@given(st.lists(st.tuples(st.sampled_from(["train", "val"]), st.floats(), st.integers(0, 5)), max_size=8), st.data())
def test_damage_anywhere_changes_nothing_but_what_the_journals_reader_leaves_out_too(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[str, float, int]], data: st.DataObject
) -> None:
    content = bytearray(b"".join(line(value, step, kind) for kind, value, step in points))
    for _ in range(data.draw(st.integers(0, 3))) if content else ():
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    journal = tmp_path_factory.mktemp("series") / "metrics"
    journal.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    assert_same_points(journal, "train.loss")


@pytest.mark.parametrize(("kind", "name"), [("训练", "损失"), ("my.type", "loss"), ("train", "loss/a.b"), ("a", 'q"x')])
def test_names_of_any_kind_are_found(tmp_path: Path, kind: str, name: str) -> None:
    journal = tmp_path / "metrics"
    raw = {kind: {"value": {name: 2.0}, "sequence": {"epoch": None, "step": 2, "timestamp": WHEN}}}
    journal.write_bytes(line(1.0, 1, kind, name) + json.dumps(raw, ensure_ascii=False).encode() + b"\n" + line(0.0))
    assert list(read_series(journal, f"{kind}.{name}").values) == [1.0, 2.0]


def test_damaged_lines_are_counted_with_their_numbers(tmp_path: Path) -> None:
    journal = tmp_path / "metrics"
    journal.write_bytes(
        line(1.0) + line(1.0, 1, "val") + b'{"train": {"loss"\n' + line(2.0) + b'{"train": {"value": {"loss"'
    )
    damage = read_series(journal, "train.loss").damage
    assert (damage.lines, damage.numbers) == (1, [3])
    assert damage.torn_bytes > 0


def test_an_axis_that_a_record_does_not_say_is_nan(tmp_path: Path) -> None:
    journal = tmp_path / "metrics"
    journal.write_bytes(line(1.0, epoch=None) + line(2.0, epoch=3))
    epochs = read_series(journal, "train.loss", "epoch")
    assert math.isnan(epochs.positions[0])
    assert epochs.positions[1] == 3.0


def test_times_are_seconds_since_the_epoch(tmp_path: Path) -> None:
    journal = tmp_path / "metrics"
    journal.write_bytes(line(1.0))
    assert read_series(journal, "train.loss", "time").positions[0] == pytest.approx(1795446207.946397)


def test_no_journal_is_no_points_and_a_link_is_refused(tmp_path: Path) -> None:
    assert len(read_series(tmp_path / "metrics", "train.loss")) == 0
    (tmp_path / "metrics").symlink_to("/etc/passwd")
    with pytest.raises(DamagedError):
        read_series(tmp_path / "metrics", "train.loss")


def test_names_are_found_at_both_ends_of_a_long_journal(tmp_path: Path) -> None:
    journal = tmp_path / "metrics"
    journal.write_bytes(line(1.0, name="first") + line(1.0) * 30_000 + line(1.0, kind="val"))
    assert metric_names(journal) == ["train.first", "train.loss", "val.loss"]
    assert metric_names(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    ("timestamp", "seconds"),
    [
        ("1970-01-01T00:01:00+00:00", 60.0), ("1970-01-01T00:01:00Z", 60.0), ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01T08:01:00+08:00", 60.0), ("yesterday", math.nan), ("", math.nan), (None, math.nan), (5, math.nan),
    ],
)  # fmt: skip
def test_a_timestamp_is_utc_unless_it_says_otherwise_wherever_it_is_read(
    timestamp: object, seconds: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from aimd_server.columns.table import tables_of

    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        record = {"train": {"value": {"loss": 1.0}, "sequence": {"step": 1, "timestamp": timestamp}}}
        content = json.dumps(record).encode() + b"\n"
        (tmp_path / "metrics").write_bytes(content)
        local = list(read_series(tmp_path / "metrics", "train.loss", "time").positions)
        remote = tables_of(content)["train"].axis("time").tolist()
        assert repr(local) == repr(remote) == repr([seconds])
    finally:
        monkeypatch.undo()
        time.tzset()
