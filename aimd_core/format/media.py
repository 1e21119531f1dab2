"""The media journal of a trial: pictures, sounds, texts, tables, histograms and the like, one JSON record per line.

A record says what there is at a key and a step, and where its bytes are: in `.aimd/objects`, by SHA-256, or, for short
texts and histograms, in the line itself. A line counts once its newline is there. What a line says of bytes is not
believed: a reader compares size and digest. All limits of media are here.

The writer is `journal.JournalWriter`, with the lines of `encode`. Format: docs/reference/trial-format.md.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from aimd_core.format.journal import Damage
from aimd_core.format.values import clean, float_of, is_hidden, step_of
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

IMAGE, AUDIO, VIDEO, FIGURE, TEXT = "image", "audio", "video", "figure", "text"
TABLE, HISTOGRAM, HTML, OBJECT3D = "table", "histogram", "html", "object3d"
KINDS = (IMAGE, AUDIO, VIDEO, FIGURE, TEXT, TABLE, HISTOGRAM, HTML, OBJECT3D)

MAX_KEY_BYTES = 255
MAX_CAPTION_CHARS = 1_000  # a longer one is cut
MAX_LINE_BYTES = 64 << 10  # a longer line is damage
MAX_BINS = 64
INLINE_TEXT_BYTES = 1_024  # a longer text is stored as bytes
MAX_MEDIA_BYTES = 1 << 30  # of one picture, sound, video or file
MAX_TEXT_BYTES = 16 << 20  # also of HTML and of a figure's JSON
MAX_TABLE_BYTES = 64 << 20
MAX_TABLE_CELLS = 1_000_000
MAX_PIXELS = 1 << 26  # of a picture, 8,192 x 8,192; a browser needs four bytes for each
MAX_AT_ONCE = 1_000  # pictures in one call
MAX_MEDIA_LINES = 1_000_000  # of a journal that readers list

# How tables are stored: `{"columns": [...], "data": [[...], ...]}`.
TABLE_TYPE = "application/vnd.aimd.table+json"
PLOTLY_TYPE = "application/vnd.plotly.v1+json"
TEXT_TYPE, MARKDOWN_TYPE, HTML_TYPE = "text/plain; charset=utf-8", "text/markdown; charset=utf-8", "text/html"
UNKNOWN_TYPE = "application/octet-stream"

_DIGEST = re.compile("[0-9a-f]{64}")
_KIND = re.compile("[a-z][a-z0-9_]{0,31}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}(; ?charset=[a-z0-9-]{1,20})?")
# What a line may say of what it has, besides. Whole numbers, and others.
COUNTS = (
    *("width", "height", "frames", "channels", "sample_rate"),
    *("rows", "columns", "points", "count", "nan", "infinite"),
)
NUMBERS = ("duration_s", "frames_per_s", "min", "max", "mean")
_MOST_COUNT = 1 << 53
_encode = json.JSONEncoder(allow_nan=False).encode  # made once, because `json.dumps` makes one each time
_BLOCK_BYTES = 1 << 20


class StoredBytes(NamedTuple):
    """Bytes in the store: SHA-256 in hexadecimal, how many, and their MIME type."""

    digest: str
    size_bytes: int
    type: str


class Histogram(NamedTuple):
    """How many values are between each two edges; there is one edge more than counts."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class MediaRecord(NamedTuple):
    """What was recorded at a key and a step.

    Attributes:
        key: What it is of, such as `val/samples`. It is a name, never a path.
        step: The training step.
        kind: One of `KINDS`, or another word, of a later version.
        stored: Its bytes, or None if everything is in the record.
        preview: A picture of it, if it is not one itself.
        text: A short text, or None.
        histogram: A histogram, or None.
        caption: What people read below it, or empty.
        group: Which of several series of the key and step it is in, such as `predictions`, or empty.
        timestamp: When it was recorded, ISO 8601, or empty.
        facts: Of `COUNTS` and `NUMBERS`, what is known.
    """

    key: str
    step: int
    kind: str
    stored: StoredBytes | None = None
    preview: StoredBytes | None = None
    text: str | None = None
    histogram: Histogram | None = None
    caption: str = ""
    group: str = ""
    timestamp: str = ""
    facts: Mapping[str, float] = {}

    @property
    def bytes(self) -> list[StoredBytes]:
        """The bytes that it refers to."""
        return [stored for stored in (self.stored, self.preview) if stored is not None]


def key_fault(key: str) -> str | None:
    """Return why a text cannot be a key, or None: it is one visible line of at most 255 bytes."""
    if not key.strip():
        return "it is empty"
    try:
        size_bytes = len(key.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if size_bytes > MAX_KEY_BYTES:
        return said(
            "it is {size_bytes} bytes long, the limit is {max_name_bytes}",
            size_bytes=size_bytes,
            max_name_bytes=MAX_KEY_BYTES,
        )
    if not key.isprintable() and any(map(is_hidden, key)):
        return "it contains a control character or an invisible one"
    return None


def document_of(record: MediaRecord) -> dict[str, Any]:
    """Return a record as its line and every reader have it, without what is empty."""
    document: dict[str, Any] = {"key": record.key, "step": record.step, "kind": record.kind}
    if record.stored is not None:
        document |= _document_of_bytes(record.stored)
    if record.text is not None:
        document["text"] = record.text
    if record.histogram is not None:
        document["histogram"] = {"edges": list(record.histogram.edges), "counts": list(record.histogram.counts)}
    if record.preview is not None:
        document["preview"] = _document_of_bytes(record.preview)
    named = {"caption": record.caption, "group": record.group, "timestamp": record.timestamp}
    return {**document, **record.facts, **{name: text for name, text in named.items() if text}}


def _document_of_bytes(stored: StoredBytes) -> dict[str, Any]:
    return {"type": stored.type, "digest": stored.digest, "size": stored.size_bytes}


def encode(record: MediaRecord) -> bytes:
    """Return the line of a record, with its newline."""
    return _encode(document_of(record)).encode("ascii") + b"\n"


def parse(line: bytes) -> MediaRecord | None:
    """Return the record of a line, or None if it is not one. Members that are unknown are left out."""
    try:
        document = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return record_of(document)


def record_of(document: object) -> MediaRecord | None:
    """Return the record that a JSON document is, or None if it is not one."""
    if type(document) is not dict:
        return None
    key, step, kind = document.get("key"), step_of(document.get("step")), document.get("kind")
    if not isinstance(key, str) or key_fault(clean(key)) or step is None:
        return None
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        return None
    text = document.get("text")
    record = MediaRecord(
        clean(key),
        step,
        kind,
        _bytes_in(document),
        _bytes_in(document.get("preview")),
        clean(text) if isinstance(text, str) else None,
        _histogram_in(document.get("histogram")),
        _words(document, "caption", MAX_CAPTION_CHARS),
        _words(document, "group", MAX_KEY_BYTES),
        _words(document, "timestamp", 64),
        _facts_in(document),
    )
    return record if record.stored or record.text is not None or record.histogram else None


def _bytes_in(document: object) -> StoredBytes | None:
    if not isinstance(document, dict):
        return None
    digest, size, kind = document.get("digest"), document.get("size"), document.get("type")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
        return None
    return StoredBytes(digest, min(size, _MOST_COUNT), media_type(kind))


def media_type(text: object) -> str:
    """Return a MIME type in lower case; `application/octet-stream` for what is not one."""
    return text.lower() if isinstance(text, str) and _TYPE.fullmatch(text.lower()) else UNKNOWN_TYPE


def _histogram_in(document: object) -> Histogram | None:
    if not isinstance(document, dict):
        return None
    edges, counts = document.get("edges"), document.get("counts")
    if not isinstance(edges, list) or not isinstance(counts, list) or not 1 <= len(counts) <= MAX_BINS:
        return None
    are_numbers = all(type(edge) in (int, float) and abs(edge) < float("inf") for edge in edges)
    are_counts = all(type(count) is int and 0 <= count <= _MOST_COUNT for count in counts)
    if len(edges) != len(counts) + 1 or not are_numbers or not are_counts or sorted(edges) != edges:
        return None
    try:
        return Histogram(tuple(map(float, edges)), tuple(counts))
    except OverflowError:
        return None


def _words(document: dict[str, Any], name: str, most_chars: int) -> str:
    value = document.get(name)
    return clean(value)[:most_chars] if isinstance(value, str) else ""


def _facts_in(document: dict[str, Any]) -> dict[str, float]:
    facts: dict[str, float] = {}
    for name in COUNTS:
        value: Any = document.get(name)
        if type(value) is int and 0 <= value <= _MOST_COUNT:
            facts[name] = value
    for name in NUMBERS:
        value = document.get(name)
        if type(value) in (int, float) and abs(float_of(value)) < float("inf"):
            facts[name] = float_of(value)
    return facts


class MediaLine(NamedTuple):
    """A record, and the byte of the journal at which its line begins."""

    offset: int
    record: MediaRecord


def read_media(file: BinaryIO, damage: Damage, start: int = 0) -> Iterator[MediaLine]:
    """Yield the records of a media journal in the order written, whatever is in it; at most a line is in memory.

    Args:
        file: The open journal; it is read from its position on.
        damage: Notes what was left out.
        start: The byte of the journal at that position, which begins a line.
    """
    offset, number = start, 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        begin, offset = offset, offset + len(line)
        if not line.endswith(b"\n") and len(line) > MAX_LINE_BYTES:
            skipped, is_whole = _skip_line(file)
            offset += skipped
            if not is_whole:
                damage.torn_bytes = offset - begin
                return
            damage.note(number)
        elif not line.endswith(b"\n"):
            damage.torn_bytes = len(line)
            return
        elif (record := parse(line)) is not None:
            yield MediaLine(begin, record)
        elif line.strip():
            damage.note(number)


def _skip_line(file: BinaryIO) -> tuple[int, bool]:
    """Read up to the end of a line; return how many bytes that are, and whether it has an end."""
    size_bytes = 0
    while piece := file.readline(_BLOCK_BYTES):
        size_bytes += len(piece)
        if piece.endswith(b"\n"):
            return size_bytes, True
    return size_bytes, False
