"""Reads journal lines by a decoder in C, group by group: the records that the journal's own reader returns.

What that decoder refuses (Python's NaN tokens, glued or damaged lines), and what it would take although the journal's
reader does not, is read line by line by `aimd_core.format.journal`, so that a trial shows the same numbers everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

import msgspec

from aimd_core.format.journal import Damage, read_records

_GROUP_BYTES = 64 << 10  # lines read at once: large enough for speed, small enough for memory
_NAMES = 100  # of more metrics, all are decoded: each name of a line is looked for among them
_DECODERS = 64  # that are remembered
# A number of more digits than Python reads is damage, and would be skipped where nobody asked for it: such a run covers
# so many of the bytes at each `_STRIDE`, which those of shorter numbers hardly do.
_STRIDE = 128
_LONG_NUMBER = re.compile(rb"\d{30}")


# gc=False: JSON cannot contain cycles, and the collector would double the cost.
class Sequence(msgspec.Struct, gc=False):
    """Where a record stands, as it says."""

    step: Any = None
    epoch: Any = None
    timestamp: Any = None


class Record(NamedTuple):
    """A record: its metrics type, its values by name, and where it stands."""

    type: str
    values: dict[str, Any]
    sequence: Sequence


Decoder = msgspec.json.Decoder[Any]


def groups_of(lines: bytes) -> Iterator[bytes]:
    """Yield complete lines, of which the last may lack its newline, in groups, to keep few records."""
    start = 0
    if lines and not lines.endswith(b"\n"):
        lines += b"\n"
    while start < len(lines):
        end = lines.find(b"\n", min(start + _GROUP_BYTES, len(lines) - 1)) + 1 or len(lines)
        yield lines[start:end]
        start = end


def decoder_of(names: Collection[str] | None) -> Decoder:
    """Return what decodes at least these metrics (`type.name`) of records, which is faster than all of them."""
    if names is None or len(names) > _NAMES:
        return _decoder(None)
    # The type of a record may contain dots, as well as a name.
    inner = {name[at + 1 :] for name in names for at, letter in enumerate(name) if letter == "."}
    # msgspec 0.22 does not find other names than those of ASCII in a TypedDict.
    is_few = len(inner) <= _NAMES and all(map(str.isascii, inner))
    return _decoder(tuple(sorted(inner)) if is_few else None)


@lru_cache(_DECODERS)
def _decoder(names: tuple[str, ...] | None) -> Decoder:
    values: Any = dict[str, Any]
    if names is not None:
        values = TypedDict("Values", dict.fromkeys(names, Any), total=False)  # type: ignore[misc,no-redef]
    body: Any = msgspec.defstruct("Body", [("value", values), ("sequence", Sequence)], gc=False)
    return msgspec.json.Decoder(dict[str, body])


def records_of(group: bytes, decoder: Decoder) -> Iterator[Record]:
    """Yield the records of complete lines, in the order written."""
    if not _is_safe(group):
        for line in group.split(b"\n")[:-1]:
            yield from _read_slowly(line)
        return
    try:
        records = decoder.decode_lines(group)  # all lines in one call
    except (msgspec.DecodeError, ValueError, RecursionError):
        records = []
    # A document over two lines is read there but damage here, and so is a record with two types.
    if len(records) == group.count(b"\n") and all(len(record) == 1 for record in records):
        for record in records:
            ((metrics_type, body),) = record.items()
            yield Record(metrics_type, body.value, body.sequence)
    else:
        yield from _read_singly(group, decoder)


def _is_safe(group: bytes) -> bool:
    """Tell whether the decoder takes nothing that the journal's reader refuses, or shows otherwise."""
    if b"\\u0000" in group or _LONG_NUMBER.search(group[::_STRIDE]):
        return False
    try:
        return group.isascii() or bool(group.decode())
    except UnicodeDecodeError:
        return False


def _read_singly(group: bytes, decoder: Decoder) -> Iterator[Record]:
    for line in group.split(b"\n")[:-1]:
        try:
            record = decoder.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError):
            yield from _read_slowly(line)
            continue
        if len(record) == 1:
            ((metrics_type, body),) = record.items()
            yield Record(metrics_type, body.value, body.sequence)
        else:
            yield from _read_slowly(line)


def _read_slowly(line: bytes) -> Iterator[Record]:
    for record in read_records(iter([line + b"\n"]), Damage()):
        ((metrics_type, body),) = record.items()
        sequence = body["sequence"]
        places = Sequence(sequence.get("step"), sequence.get("epoch"), sequence.get("timestamp"))
        yield Record(metrics_type, body["value"], places)
