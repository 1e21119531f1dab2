"""What a run shows besides numbers, on its way from another tracker to the media of a trial.

A reader gathers it in a `MediaList`, which keeps bytes in a temporary file and files by their paths, so that runs with
many pictures fit in memory. What browsers do not show, or what is too large, is not taken.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.headers import picture_in, sound_type, video_type
from aimd_core.format.journal import open_regular
from aimd_core.format.layout import MEDIA_FILE
from aimd_core.format.media import (
    AUDIO,
    FIGURE,
    HISTOGRAM,
    HTML,
    HTML_TYPE,
    IMAGE,
    INLINE_TEXT_BYTES,
    MARKDOWN_TYPE,
    MAX_CAPTION_CHARS,
    MAX_KEY_BYTES,
    MAX_LINE_BYTES,
    MAX_MEDIA_BYTES,
    MAX_TEXT_BYTES,
    PLOTLY_TYPE,
    TABLE,
    TABLE_TYPE,
    TEXT,
    VIDEO,
    Histogram,
    MediaRecord,
    StoredBytes,
    encode,
    key_fault,
    parse,
)
from aimd_core.format.tables import TableTooLargeError, encode_table
from aimd_core.format.values import clean
from aimd_core.objects.store import ObjectStore, store_of
from aimd_core.reading.media import LocalMedia

_SPOOLED_BYTES = 16 << 20  # beyond that, they are on the disk


class _Piece(NamedTuple):
    """Where bytes are: in a file of the source, or in the temporary one."""

    path: Path | None
    start: int
    size_bytes: int


class _Item(NamedTuple):
    """A record, whose bytes are not stored yet: a piece of this type, or what another trial has stored."""

    record: MediaRecord
    piece: _Piece | None
    type: str
    trial: Path | None = None


class MediaList:
    """What a run shows, in the order in which it was recorded.

    Attributes:
        restarts: How many records there were each time the run went back.
        lasting: How many records, from the first on, stay as they are when there are more; None for all.
    """

    def __init__(self) -> None:
        self.restarts: list[int] = []
        self.lasting: int | None = None
        self._items: list[_Item] = []
        self._spool: IO[bytes] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def note_restart(self) -> None:
        """Note that the run went back to an earlier step."""
        self.restarts.append(len(self._items))

    def note_changing(self) -> None:
        """Note that what is added from now on is what the source says at present, and may change."""
        self.lasting = len(self._items)

    def changing(self) -> set[tuple[str, int, str]]:
        """Return key, step and kind of the records that may change."""
        items = () if self.lasting is None else self._items[self.lasting :]
        return {(item.record.key, item.record.step, item.record.kind) for item in items}

    def add_bytes(
        self, key: str, step: int, time_s: float | None, kind: str, content: bytes, caption: str = ""
    ) -> bool:
        """Take the content of a file, and return whether it is one of this kind that browsers show.

        Args:
            key: What it is of.
            step: The step.
            time_s: When, in seconds since the epoch, or None.
            kind: One of `aimd_core.format.media.KINDS`.
            content: The bytes.
            caption: What people read below it.
        """
        form = _form_of(kind, content)
        if form is None or not _is_usable(key, len(content), kind):
            return False
        if self._spool is None:
            self._spool = tempfile.SpooledTemporaryFile(_SPOOLED_BYTES)  # noqa: SIM115, it goes away with this list
            weakref.finalize(self, self._spool.close)
        start = self._spool.seek(0, os.SEEK_END)
        self._spool.write(content)
        self._add(key, step, time_s, kind, caption, form, _Piece(None, start, len(content)))
        return True

    def add_file(self, key: str, step: int, time_s: float | None, kind: str, path: Path, caption: str = "") -> bool:
        """Take a file of the source, which is read again when it is stored. Arguments and result as `add_bytes`."""
        try:
            with open_regular(path) as file:
                size_bytes = os.fstat(file.fileno()).st_size
                if size_bytes > MAX_MEDIA_BYTES:
                    return False
                form = _form_of(kind, file.read())
        except (OSError, DamagedError):
            return False
        if form is None or not _is_usable(key, size_bytes, kind):
            return False
        self._add(key, step, time_s, kind, caption, form, _Piece(path, 0, size_bytes))
        return True

    def add_text(self, key: str, step: int, time_s: float | None, text: str, markdown: bool = False) -> bool:
        """Take a text. Arguments and result as `add_bytes`."""
        content = clean(text).encode()
        if markdown or len(content) > INLINE_TEXT_BYTES:
            return self.add_bytes(key, step, time_s, TEXT, content)
        if key_fault(clean(key)):
            return False
        self._append(MediaRecord(clean(key), step, TEXT, text=clean(text), timestamp=iso_time(time_s)))
        return True

    def add_histogram(self, key: str, step: int, time_s: float | None, histogram: Histogram) -> bool:
        """Take a histogram. Arguments and result as `add_bytes`."""
        if key_fault(clean(key)):
            return False
        self._append(MediaRecord(clean(key), step, HISTOGRAM, histogram=histogram, timestamp=iso_time(time_s)))
        return True

    def add_table(
        self, key: str, step: int, time_s: float | None, columns: list[str], rows: list[list[object]]
    ) -> bool:
        """Take a table. Arguments and result as `add_bytes`."""
        if any(len(row) != len(columns) for row in rows):
            return False
        try:
            content = encode_table(columns, rows)
        except TableTooLargeError:
            return False
        return self.add_bytes(key, step, time_s, TABLE, content)

    def _add(
        self,
        key: str,
        step: int,
        time_s: float | None,
        kind: str,
        caption: str,
        form: tuple[str, dict[str, float]],
        piece: _Piece,
    ) -> None:
        words = clean(caption)[:MAX_CAPTION_CHARS]
        record = MediaRecord(
            clean(key), step, kind, caption=words, timestamp=iso_time(time_s), facts=form[1], text=None
        )
        self._items.append(_Item(record, piece, form[0]))

    def add_record(self, record: MediaRecord, trial: Path) -> None:
        """Take a record of another trial."""
        self._items.append(_Item(record, None, "", trial))

    def _append(self, record: MediaRecord) -> None:
        self._items.append(_Item(record, None, ""))

    def records(self) -> list[MediaRecord]:
        """Return the records, without where their bytes will be."""
        return [item.record for item in self._items]

    def contents(self) -> Iterator[tuple[MediaRecord, str, bytes | None]]:
        """Yield each record with type and content of its bytes; None if there are none, or they cannot be read."""
        for item in self._items:
            record, content = item.record, None
            with suppress(DamagedError, OSError):
                if item.piece is not None:
                    content = self._content(item.piece)
                elif item.trial is not None and record.stored is not None:
                    content = LocalMedia(item.trial).read(record.stored)
            yield record, item.type or (record.stored.type if record.stored else ""), content

    def lines(self, store: ObjectStore) -> Iterator[bytes]:
        """Yield the lines of the journal, each once its bytes are in a store.

        Raises:
            OSError: The disk refused, or a file of the source is gone.
            DamagedError: A file of the source is no longer what it was.
        """
        for item in self._items:
            record = item.record
            if item.piece is not None:
                stored = store.add_bytes(self._content(item.piece))
                record = record._replace(stored=StoredBytes(stored.digest, stored.size_bytes, item.type))
            if item.trial is not None:
                for there in record.bytes:
                    with suppress(DamagedError):  # what is missing there is missing here
                        store.add_bytes(LocalMedia(item.trial).read(there))
            yield encode(record)

    def _content(self, piece: _Piece) -> bytes:
        if piece.path is not None:
            with open_regular(piece.path) as file:
                return file.read(MAX_MEDIA_BYTES)
        assert self._spool is not None
        self._spool.seek(piece.start)
        return self._spool.read(piece.size_bytes)


def write_media(trial: Path, media: MediaList) -> tuple[list[int], bool]:
    """Write what the journal of a trial does not have yet.

    Args:
        trial: Its directory.
        media: What the source has now.

    Returns:
        How many bytes of the journal there are before each restart, and whether anything was written.

    Raises:
        DamagedError: The journal is not a beginning of what there is now.
        OSError: The disk refused.
    """
    if not len(media):
        return [0] * len(media.restarts), False
    has_written, position = False, 0
    starts: list[int] = []
    lasting = len(media) if media.lasting is None else media.lasting
    with (trial / MEDIA_FILE).open("a+b") as journal:
        before = _EarlierMedia(journal, media.changing())
        for number, line in enumerate(media.lines(store_of(trial))):
            starts.append(position)
            position += len(line)
            if not before.has(line, number < lasting):
                journal.write(line)
                has_written = True
    starts.append(position)
    return [starts[count] for count in media.restarts], has_written


class _EarlierMedia:
    """The journal that an earlier import wrote. Its records that may have changed since stay where they are."""

    def __init__(self, journal: IO[bytes], changing: set[tuple[str, int, str]]) -> None:
        journal.seek(0)
        self._journal = journal
        self._changing = changing
        self._passed: set[bytes] = set()
        self._line: bytes | None = None  # one that was read and not compared yet

    def has(self, line: bytes, is_lasting: bool) -> bool:
        """Tell whether a line was written before.

        Raises:
            DamagedError: Another one comes next.
        """
        before = self._next()
        while before and not is_lasting:
            self._line = None
            before = self._next()
        if line in self._passed:
            return True
        if before and before != line:
            raise DamagedError(path=self._journal.name, reason="is not the beginning of what there is now")
        self._line = None if before else b""
        return bool(before)

    def _next(self) -> bytes:
        """Return the next line that stays as it is; nothing at the end, from which on the journal is not read."""
        while self._line is None:
            line = self._journal.readline(MAX_LINE_BYTES)
            record = parse(line) if self._changing and line else None
            if line and not line.endswith(b"\n"):  # left by an import that was killed
                self._journal.truncate(self._journal.tell() - len(line))
                line = b""
            elif record is not None and (record.key, record.step, record.kind) in self._changing:
                self._passed.add(line)
                continue
            self._line = line
        return self._line


def iso_time(time_s: float | None) -> str:
    """Return a time as records have it, or nothing for one that is unknown."""
    try:
        return "" if time_s is None else datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return ""


def _is_usable(key: str, size_bytes: int, kind: str) -> bool:
    limit = MAX_TEXT_BYTES if kind in (TEXT, HTML, FIGURE) else MAX_MEDIA_BYTES
    return size_bytes <= limit and len(key.encode("utf-8", "replace")) <= MAX_KEY_BYTES and not key_fault(clean(key))


def _form_of(kind: str, content: bytes) -> tuple[str, dict[str, float]] | None:
    """Return MIME type and facts of a file's content, or None if it is not of this kind."""
    if kind in (TEXT, HTML, TABLE):
        return {TEXT: MARKDOWN_TYPE, HTML: HTML_TYPE, TABLE: TABLE_TYPE}[kind], {}
    if kind == FIGURE and content[:1] == b"{":
        return PLOTLY_TYPE, {}
    if kind in (IMAGE, FIGURE):
        picture = picture_in(content)
        return None if picture is None else (picture.type, picture.facts)
    form = sound_type(content) if kind == AUDIO else video_type(content) if kind == VIDEO else None
    return None if form is None else (form, {})
