"""The media journal: what is a record, whatever somebody wrote there, and histograms and tables as bytes."""

from __future__ import annotations

import base64
import io
import json
import math
import random
import tracemalloc
from typing import Any

import numpy as np
import pytest

from aimd_core.format.figures import parse_figure
from aimd_core.format.histograms import histogram_of, merged
from aimd_core.format.journal import Damage
from aimd_core.format.media import (
    MAX_BINS,
    MAX_LINE_BYTES,
    MAX_TEXT_BYTES,
    Histogram,
    MediaRecord,
    StoredBytes,
    encode,
    key_fault,
    parse,
    read_media,
)
from aimd_core.format.segments import Resume, Segments, counts_at, parse_segments
from aimd_core.format.tables import encode_table, parse_table

DIGEST = "ab" * 32
PICTURE: dict[str, Any] = {"key": "k", "step": 1, "kind": "image", "type": "image/png", "digest": DIGEST, "size": 9}
TEXT: dict[str, Any] = {"key": "k", "step": 1, "kind": "text", "text": "hello"}


def line(**members: object) -> bytes:
    return json.dumps({**PICTURE, **members}).encode() + b"\n"


@pytest.mark.parametrize(
    "record",
    [
        MediaRecord("a/b c", -3, "image", StoredBytes(DIGEST, 7, "image/png"), facts={"width": 3, "height": 2}),
        MediaRecord("..", 2**62, "text", text="ein Text \U0001f642"),
        MediaRecord("h", 0, "histogram", histogram=Histogram((-1.0, 0.5, 2.0), (3, 0)), facts={"mean": 0.5}),
        MediaRecord(
            "f",
            1,
            "figure",
            StoredBytes(DIGEST, 7, "application/vnd.plotly.v1+json"),
            StoredBytes("cd" * 32, 8, "image/png"),
            caption="x\ny",
            group="g",
            timestamp="2026-11-26T19:19:33.097649+00:00",
        ),
    ],
)
def test_a_record_comes_back_as_it_was_written(record: MediaRecord) -> None:
    assert parse(encode(record)) == record


@pytest.mark.parametrize(
    "members",
    [
        {"key": ""},
        {"key": 3},
        {"key": "x" * 256},
        {"key": "a\nb"},
        {"key": "a\u202eb"},
        {"step": "1"},
        {"step": True},
        {"step": 2.5},
        {"step": 2**70},
        {"kind": "Image"},
        {"kind": None},
        {"kind": "x" * 33},
        {"digest": "AB" * 32},
        {"digest": "../../etc/passwd"},
        {"digest": DIGEST[:-1]},
        {"size": -1},
        {"size": 1.5},
        {"size": None},
    ],
)
def test_a_line_that_says_something_impossible_is_no_record(members: dict[str, object]) -> None:
    assert parse(line(**members)) is None
    damage = Damage()
    assert list(read_media(io.BytesIO(line() + line(**members) + line()), damage)) != []
    assert (damage.lines, damage.numbers) == (1, [2])


@pytest.mark.parametrize(
    "histogram",
    [
        {"edges": [0, 1], "counts": []},
        {"edges": [0], "counts": [1]},
        {"edges": [1, 0], "counts": [1]},
        {"edges": [0, math.nan], "counts": [1]},
        {"edges": [0, math.inf], "counts": [1]},
        {"edges": [0, 10**400], "counts": [1]},
        {"edges": [0, True], "counts": [1]},
        {"edges": [0, 1], "counts": [-1]},
        {"edges": [0, 1], "counts": [1.5]},
        {"edges": [0, 1], "counts": [2**60]},
        {"edges": list(range(66)), "counts": [1] * 65},
        {"edges": "01", "counts": [1]},
        [[0, 1], [1]],
    ],
)
def test_a_histogram_that_is_none_is_no_record(histogram: object) -> None:
    assert parse(json.dumps({"key": "k", "step": 1, "kind": "histogram", "histogram": histogram}).encode()) is None


def test_what_a_line_says_besides_is_taken_if_it_can_be_true() -> None:
    record = parse(
        line(width=-1, height="9", frames=3, mean=math.nan, duration_s=2, min=1, other=4, caption="c" * 5000)
    )
    assert record is not None
    assert record.facts == {"frames": 3, "duration_s": 2.0, "min": 1.0}
    assert len(record.caption) == 1000
    for kind in ("text/html\r\nX: y", "no type", 7, "text/html; charset=utf-8; x=y"):
        odd = parse(line(type=kind))
        assert odd is not None
        assert odd.stored == StoredBytes(DIGEST, 9, "application/octet-stream")


@pytest.mark.parametrize("key", ["..", "../../etc/passwd", "/abs", "a\\b", "con", "x" * 255, "验证/样本"])
def test_a_key_is_a_name_and_never_a_path(key: str) -> None:
    assert key_fault(key) is None
    record = parse(line(key=key))
    assert record is not None
    assert record.key == key


def test_whatever_is_in_a_journal_its_records_are_read_and_a_torn_line_waits() -> None:
    long, deep = b'{"key": "' + b"x" * (MAX_LINE_BYTES + 9) + b'"}\n', b"[" * 60_000 + b"\n"
    odd = [b"\xff\xfe\n", b"\0" * 100 + b"\n", long, deep, b"{}\n", b"1" * 6000 + b"\n", b"null\n", b"\n"]
    damage = Damage()
    content = b"".join(line(step=number) + other for number, other in enumerate(odd)) + line(step=99)[:-1]
    lines = list(read_media(io.BytesIO(content), damage))
    assert [read.record.step for read in lines] == list(range(len(odd)))
    assert [content[read.offset :].startswith(line(step=number)) for number, read in enumerate(lines)] == [True] * 8
    assert (damage.lines, damage.torn_bytes) == (7, len(line(step=99)) - 1)


def test_a_line_without_end_is_never_held_in_memory() -> None:
    class Endless(io.RawIOBase):
        left = 200 << 20
        most = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            size = min(size, self.left)
            self.left -= size
            Endless.most = max(self.most, size)
            return b"x" * size

    damage = Damage()
    assert list(read_media(Endless(), damage)) == []  # type: ignore[arg-type]
    assert damage.torn_bytes == 200 << 20
    assert Endless.most <= 1 << 20


@pytest.mark.parametrize("seed", range(5))
def test_random_damage_never_raises(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(b"".join(line(step=number) for number in range(30)))
    for _ in range(40):
        content[chance.randrange(len(content))] = chance.randrange(256)
    damage = Damage()
    kept = list(read_media(io.BytesIO(content), damage))
    assert all(key_fault(read.record.key) is None for read in kept)


def test_a_resumption_supersedes_media_by_their_own_offset() -> None:
    segments = Segments((Resume(5, 900, "", 100), Resume(3, 1200), Resume(7, 1300, "", 300)))
    limits = segments.media_limits
    assert [counts_at(limits, 0, step) for step in (4, 5, 6)] == [True, False, False]
    assert [counts_at(limits, 100, step) for step in (5, 6, 7)] == [True, True, False]
    assert counts_at(limits, 300, 99)
    assert parse_segments(b'{"kind": "resume", "from_step": 1, "offset": 2, "media_offset": "3"}').media_limits == []


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize(
    "numbers",
    [
        [],
        [0.0],
        [-0.0, 0.0],
        [1e308, -1e308],
        [1e-320, 2e-320],
        [math.nan, math.inf, -math.inf],
        [3.0] * 9,
        [1.0, 1.0 + 2**-52],
        [1.7976931348623157e308],
        [float(number) for number in range(1000)],
    ],
)
def test_every_finite_number_is_counted_once(numbers: list[float], as_array: bool) -> None:
    histogram, facts = histogram_of(np.array(numbers) if as_array else numbers)
    finite = [number for number in numbers if math.isfinite(number)]
    assert sum(histogram.counts) == len(finite)
    assert len(histogram.counts) <= MAX_BINS
    assert len(histogram.edges) == len(histogram.counts) + 1
    assert facts["count"] == len(numbers)
    assert facts.get("nan", 0) + facts.get("infinite", 0) == len(numbers) - len(finite)
    if finite:
        assert histogram.edges[0] <= min(finite) <= max(finite) <= histogram.edges[-1]
        assert facts["min"] <= facts["mean"] <= facts["max"]
    record = MediaRecord("h", 1, "histogram", histogram=histogram, facts=facts)
    assert parse(encode(record)) == record


def test_a_list_and_an_array_have_the_same_histogram_which_is_that_of_numpy() -> None:
    numbers = np.random.default_rng(3).normal(size=5000)
    ours, facts = histogram_of(numbers)
    assert (ours, facts["count"]) == (histogram_of(numbers.tolist())[0], 5000)
    counts, edges = np.histogram(numbers, bins=64)
    assert np.allclose(edges, ours.edges)
    assert abs(counts - np.array(ours.counts)).sum() <= 2  # edges differ in the last bit


def test_a_finer_histogram_is_merged_and_one_that_is_none_is_refused() -> None:
    counts, edges = np.histogram(np.random.default_rng(3).normal(size=5000), bins=1000)
    coarse = merged(edges.tolist(), counts.tolist())
    assert (sum(coarse.counts), len(coarse.counts), coarse.edges[0], coarse.edges[-1]) == (
        5000,
        63,
        edges[0],
        edges[-1],
    )
    for wrong in (([0.0, 1.0], []), ([1.0, 0.0], [1]), ([0.0, math.nan], [1]), ([0.0, 1.0], [-1])):
        with pytest.raises(ValueError, match=r"\d"):
            merged(*wrong)


def test_a_table_comes_back_as_plain_cells() -> None:
    rows = [[1, "x", None, True, 1.5], [np.int64(2), np.float32(0.5), math.nan, object, b"x"]]
    table = parse_table(encode_table(["a", "b", "c", "d", "e\ud800"], rows))
    assert table is not None
    assert table.columns == ["a", "b", "c", "d", "e?"]
    assert table.rows == [[1, "x", None, True, 1.5], [2, 0.5, "NaN", "<class 'object'>", "b'x'"]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 200_000,
        b'{"columns": ["a"], "data": [[1, 2]]}',
        b'{"columns": [1], "data": [[1]]}',
        b'{"columns": ["a"], "data": "x"}',
        b'{"columns": [' + b",".join([b'"a"'] * 2000) + b'], "data": [' + b",".join([b"[]"] * 3) + b"]}",
    ],
)
def test_what_is_no_table_is_none(content: bytes) -> None:
    assert parse_table(content) is None


def test_a_table_of_too_many_values_is_refused_before_any_is_made() -> None:
    most_bytes = 30 << 20
    content = b'{"columns": ["a"], "data": [' + b",".join([b"[1]"] * 3_000_000) + b"]}"
    tracemalloc.start()
    try:
        assert parse_table(content) is None
        assert tracemalloc.get_traced_memory()[1] < most_bytes
    finally:
        tracemalloc.stop()
    texts = json.dumps({"columns": ["a"], "data": [["," * 3_000_000 + '"'], ['\\",']]}).encode()
    table = parse_table(texts)
    assert table is not None
    assert [len(cell) for (cell,) in table.rows] == [3_000_001, 3]


def test_what_a_figure_of_plotly_has_is_told_without_drawing_it() -> None:
    packed = {"dtype": "f8", "bdata": base64.b64encode(bytes(8 * 50)).decode()}
    document = {
        "data": [{"name": "loss", "x": packed}, {"type": "heatmap", "z": [[1, 2], [3]]}, {"type": 7, "name": []}, "x"],
        "layout": {"title": {"text": "Training"}},
    }
    assert parse_figure(json.dumps(document).encode()) == (
        "Training",
        [("scatter", "loss", 50), ("heatmap", "", 3), ("scatter", "", 0)],
    )
    for content in (b"", b"[]", b"{}", b"[" * 200_000, b'{"data": {}}', b" " * (MAX_TEXT_BYTES + 1)):
        assert parse_figure(content) is None
