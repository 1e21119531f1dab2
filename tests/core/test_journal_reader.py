from __future__ import annotations

import io
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.errors import DamagedError
from aimd_core.format.journal import Damage, open_regular, read_records, whole_bytes
from tests.support.trials import record

THREE = [record(1), record(2, 1e-7, "val", "准确率"), record(3, -123.456)]


def read(content: bytes) -> tuple[list[dict[str, Any]], Damage]:
    damage = Damage()
    return list(read_records(io.BytesIO(content), damage)), damage


def steps(records: list[dict[str, Any]]) -> list[int]:
    return [body["sequence"]["step"] for document in records for body in document.values()]


def test_intact_records_come_back_in_the_order_of_writing() -> None:
    records, damage = read(b"".join(THREE))
    assert records == [json.loads(line) for line in THREE]
    assert not damage


def test_an_empty_journal_holds_no_records_and_no_damage() -> None:
    records, damage = read(b"")
    assert (records, bool(damage), damage.sentence()) == ([], False, "")


def test_a_cut_at_any_byte_of_the_last_three_records_costs_the_cut_record_only() -> None:
    content = record(0) + b"".join(THREE)
    ends = [len(record(0))]
    for line in THREE:
        ends.append(ends[-1] + len(line))
    for size in range(ends[0], len(content) + 1):
        records, damage = read(content[:size])
        whole = sum(size >= end - 1 for end in ends)  # a record without its newline is whole
        assert steps(records) == list(range(whole)), size
        start = max(end for end in [0, *ends] if end <= size)
        assert damage.torn_bytes == (0 if size == ends[whole - 1] - 1 else size - start), size
        assert damage.lines == 0, size


def test_a_half_written_last_line_is_a_torn_tail_and_not_damage() -> None:
    _, damage = read(record(1) + b'{"train": {"val')
    assert (damage.lines, damage.torn_bytes) == (0, 15)
    assert damage.sentence() == "a half-written last line of 15 bytes left out"


def test_a_cut_number_is_not_read_as_another_number() -> None:
    line = record(1, 123456.0)
    records, _ = read(line[: line.index(b"3456")])
    assert records == []


@pytest.mark.parametrize(
    "broken", [b"nonsense\n", b"{}\n", b"[1]\n", b"17\n", b'{"train": 1}\n', b"\0\0\0\n", b"null\n"]
)
def test_a_damaged_line_in_the_middle_costs_that_line_only(broken: bytes) -> None:
    records, damage = read(record(1) + broken + record(2))
    assert steps(records) == [1, 2]
    assert (damage.lines, damage.numbers, damage.torn_bytes) == (1, [2], 0)


def test_a_damaged_line_counts_once_however_broken_it_is() -> None:
    _, damage = read(b'{"a": {"b": {"c": {"d": x\n' + record(1))
    assert (damage.lines, damage.numbers) == (1, [1])
    assert damage.sentence() == "1 damaged line skipped (1)"


def test_of_many_damaged_lines_all_are_counted_and_the_first_are_named() -> None:
    _, damage = read(b"x\n" * 30)
    assert (damage.lines, damage.numbers) == (30, list(range(1, 21)))
    assert damage.sentence().startswith("30 damaged lines skipped (1, 2,")
    assert damage.sentence().endswith(", 20, ...)")


@given(flipped=st.integers(0, len(THREE[1]) - 2), byte=st.integers(0, 255).filter(lambda value: value != 10))
def test_one_changed_byte_costs_at_most_that_line(flipped: int, byte: int) -> None:
    middle = bytearray(THREE[1])
    middle[flipped] = byte
    records, damage = read(THREE[0] + bytes(middle) + THREE[2])
    assert records[0] == json.loads(THREE[0])
    assert records[-1] == json.loads(THREE[2])
    assert len(records) == 3 or damage.numbers == [2]


def test_in_a_last_line_without_newline_records_count_up_to_the_first_thing_that_is_none() -> None:
    glued = record(1).rstrip() + record(2).rstrip()
    for rest in (b"", b" ", b'{"train": {"va', b"null", b"\xe6"):
        records, damage = read(glued + rest)
        assert steps(records) == [1, 2]
        assert (damage.lines, damage.torn_bytes) == (0, len(rest.strip()))
        assert whole_bytes(glued + rest) == len(glued)
    records, damage = read(b"x" + glued)
    assert (steps(records), damage.torn_bytes, whole_bytes(b"x" + glued)) == ([], len(glued) + 1, 0)


def test_a_record_glued_behind_a_torn_one_is_read() -> None:
    records, damage = read(record(1)[:40] + record(2) + record(3))
    assert steps(records) == [2, 3]
    assert damage.numbers == [1]


@pytest.mark.parametrize("between", [b"", b" ", b"\t", b"\r"])
def test_documents_without_newlines_between_them_are_read(between: bytes) -> None:
    records, damage = read(between.join(line.rstrip() for line in THREE))
    assert steps(records) == [1, 2, 3]
    assert not damage


def test_a_torn_tail_behind_glued_documents_is_counted_without_them() -> None:
    records, damage = read(b"".join(line.rstrip() for line in THREE) + b'{"train"')
    assert steps(records) == [1, 2, 3]
    assert (damage.lines, damage.torn_bytes) == (0, 8)


def test_windows_line_ends_and_empty_lines_are_no_damage() -> None:
    records, damage = read(b"".join(line.rstrip() + b"\r\n\r\n\n" for line in THREE))
    assert steps(records) == [1, 2, 3]
    assert not damage


def test_a_byte_order_mark_is_no_damage() -> None:
    records, damage = read(b"\xef\xbb\xbf" + record(1))
    assert steps(records) == [1]
    assert not damage


@pytest.mark.parametrize("size", [1, 7, 512, 4096])
def test_a_tail_of_nuls_left_by_a_power_cut_is_a_torn_tail(size: int) -> None:
    records, damage = read(record(1) + b"\0" * size)
    assert steps(records) == [1]
    assert (damage.lines, damage.torn_bytes) == (0, size)


def test_a_record_behind_nuls_on_its_line_is_read() -> None:
    records, damage = read(record(1) + b"\0" * 100 + record(2))
    assert steps(records) == [1, 2]
    assert damage.numbers == [2]


def test_invalid_utf8_costs_its_record_and_not_the_one_glued_to_it() -> None:
    broken = json.dumps({"train": {"value": {"loss": 1.0}, "sequence": {"step": 1, "note": "?"}}}).encode()
    records, damage = read(broken.replace(b"?", b"\xff") + record(2))
    assert steps(records) == [2]
    assert damage.numbers == [1]


def test_a_replacement_character_that_was_written_is_data() -> None:
    line = json.dumps({"train": {"value": {"\ufffd": 1.0}, "sequence": {"step": 1}}}, ensure_ascii=False).encode()
    records, damage = read(line + record(2))
    assert steps(records) == [1, 2]
    assert not damage


@pytest.mark.parametrize(
    "bomb",
    [b"[" * 200_000, b'{"a":' * 200_000, b'{"train": {"value": {"a": ' + b"9" * 5000 + b'}, "sequence": {}}}'],
    ids=["deep lists", "deep mappings", "an integer of 5,000 digits"],
)
def test_a_line_that_json_cannot_take_is_one_damaged_line(bomb: bytes) -> None:
    records, damage = read(record(1) + bomb + b"\n" + record(2))
    assert steps(records) == [1, 2]
    assert damage.numbers == [2]


def test_of_duplicate_keys_the_last_one_counts() -> None:
    records, _ = read(b'{"t": {"value": {"a": 1.0, "a": 2.0}, "sequence": {"step": 1}}}\n')
    assert records[0]["t"]["value"] == {"a": 2.0}


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_bytes(record(1))
    path.symlink_to(target)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


@pytest.mark.parametrize("make", [make_fifo, make_link, make_socket, Path.mkdir], ids=lambda make: make.__name__)
def test_something_else_in_the_place_of_a_journal_is_refused_and_never_blocks(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "metrics")
    with pytest.raises(DamagedError, match="metrics"):
        open_regular(tmp_path / "metrics")
