"""Records media into a trial: bytes into the store, then a line into the journal `media`.

The bytes come first, so that a killed process leaves no line without them. No call waits for the disk: a thread that
lives only for that forces what was recorded there, at most once a second; the end of the trial does the rest. A fault
of the disk never breaks training; it is reported once and counted.
"""

from __future__ import annotations

import math
import threading
import time
from typing import NamedTuple

from aimd_core.format.journal import SYNC_INTERVAL_S, JournalWriter
from aimd_core.format.layout import MEDIA_FILE
from aimd_core.format.media import (
    MAX_CAPTION_CHARS,
    MAX_KEY_BYTES,
    MAX_LINE_BYTES,
    MediaRecord,
    StoredBytes,
    encode,
    key_fault,
)
from aimd_core.format.values import clean
from aimd_core.language import said, spoken
from aimd_core.objects.store import ObjectStore, store_of, sync_file
from t9k.aimd.media.encoded import Encoded, UnusableMediaError
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_KEYS_KEPT = 10_000
_WARNED = 20  # keys whose media could not be recorded that are named


class Prepared(NamedTuple):
    """What is to be recorded at a key and a step: things, and their captions, which may be fewer."""

    key: str
    step: int
    captions: list[str]
    group: str
    items: list[Encoded]


class MediaRecorder:
    """Adds media to a trial's directory. A copy has its own files open."""

    def __init__(self, trial: Path, on_fault: Callable[[OSError], None] | None) -> None:
        self._trial = trial
        self._on_fault = on_fault
        self._journal = JournalWriter(str(trial / MEDIA_FILE), on_fault, False, sync_interval_s=math.inf)
        self._store: ObjectStore = store_of(trial)
        self._syncing: threading.Thread | None = None
        self._faults: list[OSError] = []
        self._synced_s = time.monotonic()
        self._refused = 0
        self._warned: set[str] = set()
        self._keys: dict[object, str] = {}

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._trial, self._on_fault)

    @property
    def attempts(self) -> int:
        """How many things were to be recorded."""
        return self._journal.written + self._journal.failed + self._refused

    @property
    def written(self) -> int:
        """How many of them are in the journal, with their bytes in the store."""
        return self._journal.written

    @property
    def unsynced(self) -> bool:
        """Whether the disk refused to keep what was written."""
        return self._journal.unsynced

    def _key(self, key: object) -> str:
        """Return a key, checked once. Errors as `checked_key`."""
        name = self._keys.get(key) if type(key) is str else None
        if name is None:
            name = checked_key(key)
            if len(self._keys) < _KEYS_KEPT:
                self._keys[key] = name
        return name

    def prepare(
        self,
        key: object,
        step: int,
        caption: object,
        group: object,
        encode: Callable[..., list[Encoded]],
        arguments: tuple[object, ...],
    ) -> Prepared:
        """Return what is to be recorded; nothing of it is on the disk. What cannot be recorded is counted and named.

        Raises:
            TypeError, ValueError: Something is of another type, or cannot be used.
        """
        name = self._key(key)
        captions = [] if caption is None else checked_captions(caption)
        group_name = "" if group is None else checked_words("group", group, MAX_KEY_BYTES)
        items: list[Encoded] = []
        try:
            items = encode(*arguments)
        except (UnusableMediaError, OSError) as error:
            self._refuse(name, _reason_of(error))
        return Prepared(name, step, captions, group_name, items)

    def record(self, prepared: Prepared, timestamp: str) -> None:
        """Record what was prepared."""
        for number, item in enumerate(prepared.items):
            try:
                line = self._line(prepared, number, timestamp, item)
            except OSError as error:
                self._journal.failed += 1
                self._journal.note(error)
                continue
            if len(line) > MAX_LINE_BYTES:
                self._refuse(prepared.key, said("its record has more than {limit:,} bytes", limit=MAX_LINE_BYTES))
            else:
                self._journal.append(line)
        now_s = time.monotonic()
        if now_s - self._synced_s >= SYNC_INTERVAL_S:
            self._synced_s = now_s
            self._sync_apart()

    def _line(self, prepared: Prepared, number: int, timestamp: str, item: Encoded) -> bytes:
        stored = None if item.content is None else self._stored(item.content, item.type)
        preview = None if item.preview is None else self._stored(*item.preview)
        caption = prepared.captions[number] if number < len(prepared.captions) else ""
        own = item.kind, stored, preview, item.text, item.histogram
        return encode(MediaRecord(prepared.key, prepared.step, *own, caption, prepared.group, timestamp, item.facts))

    def _stored(self, content: bytes, kind: str) -> StoredBytes:
        return StoredBytes(*self._store.add_bytes(content, waits=True), kind)

    def _refuse(self, key: str, reason: str) -> None:
        """Count something that cannot be recorded, and name it, the first time at its key."""
        self._refused += 1
        if key not in self._warned and len(self._warned) < _WARNED:
            self._warned.add(key)
            tell(
                said(
                    "WARNING: nothing recorded at {key!r}: {reason}. Training goes on; such are counted.",
                    key=key,
                    reason=reason,
                )
            )

    def _sync_apart(self) -> None:
        """Have a thread force to the disk what was recorded, unless the last one is still at it."""
        if self._syncing is not None and self._syncing.is_alive():
            return
        self._note_faults()
        paths = [*self._store.unsynced, self._journal.path]
        self._store.unsynced.clear()
        try:
            self._syncing = threading.Thread(target=_sync, args=(paths, self._faults), daemon=True)
            self._syncing.start()
        except RuntimeError:  # there are as many threads as there may be, or Python ends
            self._syncing = None
            self._store.unsynced.update(paths)

    def _note_faults(self) -> None:
        while self._faults:
            self._journal.unsynced = True
            self._journal.note(self._faults.pop())

    def close(self) -> None:
        """Force what was recorded to the disk, and release the files. What is recorded later opens them again."""
        if self._syncing is not None:
            self._syncing.join()
        try:
            self._store.sync()
        except OSError as error:
            self._faults.append(error)
        self._note_faults()
        self._journal.sync()
        self._journal.close()
        self._store.close()


def _sync(paths: list[str], faults: list[OSError]) -> None:
    for path in paths:
        try:
            sync_file(path)
        except OSError as error:
            faults.append(error)


def checked_key(key: object) -> str:
    """Return a key.

    Raises:
        TypeError: It is not a text.
        ValueError: It cannot be a key.
    """
    if not isinstance(key, str):
        raise TypeError(spoken("a key must be a string, not {kind}", kind=type(key).__name__))
    name = clean(key)
    if fault := key_fault(name):
        raise ValueError(spoken("{key!r} cannot be a key: {reason}", key=key, reason=said(fault)))
    return name


def checked_words(name: str, value: object, most_chars: int = MAX_CAPTION_CHARS) -> str:
    """Return a caption or the name of a group, cut to its limit; None is empty.

    Raises:
        TypeError: It is not a text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(spoken("{name} must be a string, not {kind}", name=name, kind=type(value).__name__))
    return clean(value)[:most_chars]


def checked_captions(value: object) -> list[str]:
    """Return the captions of several things: a text for the first, or a list.

    Raises:
        TypeError: They are not texts.
    """
    if isinstance(value, (list, tuple)):
        return [checked_words("a caption", caption) for caption in value]
    return [checked_words("a caption", value)]


def _reason_of(error: OSError | UnusableMediaError) -> str:
    """Return why something could not be recorded."""
    if isinstance(error, UnusableMediaError):
        return error.args[0]  # type: ignore[no-any-return]
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}"
