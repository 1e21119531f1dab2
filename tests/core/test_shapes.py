"""Lines that are alike are read as columns: the same values, steps and order as document by document, or not at all."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from aimd_core.format.journal import encode_record
from aimd_core.reading.shapes import Shapes
from aimd_core.reading.totals import _decode_block, _stretches_of
from tests.support.properties import load_profile

load_profile()

TIMESTAMP = "2026-11-23T15:03:27.946397+00:00"
# `b.c` of type `a` and `c` of type `a.b` are one metric.
_kinds = st.sampled_from(["a", "a.b", "val", "{", 'q"', "\u00e4"])
_names = st.sampled_from(["c", "b.c", "loss", "}, ", "a b", "\u4e2d"])
_values = st.one_of(st.floats(), st.integers(-(10**20), 10**20), st.just(10**400))
_records = st.tuples(
    _kinds, st.dictionaries(_names, _values, max_size=3), st.none() | st.integers(-(10**19), 10**19), st.integers(0, 3)
)


def line_of(record: tuple[str, dict[str, Any], int | None, int]) -> bytes:
    kind, values, step, epoch = record
    document = {kind: {"value": values, "sequence": {"epoch": epoch, "step": step, "timestamp": TIMESTAMP}}}
    return json.dumps(document).encode() + b"\n"


def taught(*blocks: bytes) -> Shapes:
    shapes = Shapes()
    for block in blocks:
        shapes.learn(_decode_block(block) or [])
    return shapes


def compare(shapes: Shapes, block: bytes) -> bool:
    """Compare what is read as columns with what is read by document, and tell whether anything was."""
    read = shapes.stretches_in(block)
    if read is None:
        return False
    records = _decode_block(block)
    assert records is not None
    expected = {metric: (list(values), list(steps)) for metric, (values, steps) in _stretches_of(records).items()}
    assert (read[0], repr(read[1])) == (len(records), repr(expected))
    return True


def test_the_sdk_s_lines_are_what_is_read_so() -> None:
    block = b"".join(
        encode_record(kind, {"loss": 0.1 * step, "acc": float(step)}, step, 1, TIMESTAMP)
        for step in range(9)
        for kind in ("train", "val")[: 1 + (step % 3 == 0)]
    )
    assert compare(taught(block), block)
    assert compare(taught(line_of(("train", {"lr": 1.0}, 1, 1)), block), block)  # those of other journals do no harm
    assert not compare(Shapes(), block)


@given(st.lists(_records, max_size=12), st.lists(_records, max_size=3))
def test_columns_are_those_of_the_documents(
    records: list[tuple[str, dict[str, Any], int | None, int]],
    others: list[tuple[str, dict[str, Any], int | None, int]],
) -> None:
    block = b"".join(map(line_of, records))
    compare(taught(b"".join(map(line_of, others)), block), block)


@given(st.lists(_records, min_size=1, max_size=4), st.data())
@example([("a", {"c": 1.0}, 1, 1)], None)
def test_a_changed_byte_is_read_as_the_documents_have_it_or_not(
    records: list[tuple[str, dict[str, Any], int | None, int]], data: st.DataObject | None
) -> None:
    block = b"".join(map(line_of, records))
    shapes = taught(block)
    positions = range(len(block)) if data is None else [data.draw(st.integers(0, len(block) - 1))]
    for position in positions:
        letters = b'0-1.eE"\\,: {}[]tn\n\r' if data is None else [data.draw(st.integers(0, 255))]
        for letter in letters:
            shapes._misses = 0  # however often others were met
            changed = block[:position] + bytes([letter]) + block[position + 1 :]
            compare(shapes, changed if changed.endswith(b"\n") else changed + b"\n")


def test_journals_that_are_never_alike_are_soon_left_to_the_documents() -> None:
    shapes = Shapes()
    made = []
    for number in range(100):
        block = line_of(("t", {f"metric{number}{letter}": 1.0 for letter in "abcdefghijkl"}, 1, 1))
        if not compare(shapes, block):
            shapes.learn(_decode_block(block) or [])
        made.append(shapes._made)
    assert len(set(made)) < 12
    wide = line_of(("t", {f"metric{number}": 1.0 for number in range(1000)}, 1, 1))
    assert not compare(taught(wide), wide)


def test_shapes_met_now_and_then_cost_little_however_often_they_change() -> None:
    shapes = Shapes()
    made = set()
    for number in range(200):
        block = line_of(("t", {f"metric{number // 2}{letter}": 1.0 for letter in "abcdefghijkl"}, 1, 1))
        if not compare(shapes, block):
            shapes.learn(_decode_block(block) or [])
        made.add(shapes._made)
    assert 20 < len(made) < 40
