"""What was recorded besides numbers: pictures, sounds, texts, tables, histograms. One interface for every source.

Records of a key and step are numbered in the order written, from 0, among those that count: what a resumed trial
recorded again takes the place of what it had recorded from that step on. Bytes are compared with size and digest
before anybody gets them.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from aimd_core.errors import DamagedError, MediaNotFoundError
from aimd_core.format.journal import Damage, open_regular
from aimd_core.format.layout import MEDIA_FILE
from aimd_core.format.media import (
    MAX_MEDIA_BYTES,
    MAX_MEDIA_LINES,
    MediaLine,
    MediaRecord,
    StoredBytes,
    document_of,
    encode,
    read_media,
)
from aimd_core.format.segments import counts_at, read_segments
from aimd_core.language import said
from aimd_core.objects.adding import Adding
from aimd_core.objects.collecting import media_digests
from aimd_core.objects.store import ObjectMissingError, store_of


class MediaKey(NamedTuple):
    """What was recorded at a key.

    Attributes:
        key: The key.
        kinds: Its kinds, by name; mostly one.
        records: How many records it has.
        steps: At how many steps.
        first_step, last_step: The least and the greatest of these.
    """

    key: str
    kinds: tuple[str, ...]
    records: int
    steps: int
    first_step: int
    last_step: int


class MediaItem(NamedTuple):
    """A record, and its number among those of its key and step."""

    number: int
    record: MediaRecord

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it everywhere: as in its line, and with `index`."""
        return {**document_of(self.record), "index": self.number}


class Media(ABC):
    """The media of a trial, wherever it is."""

    @abstractmethod
    def keys(self) -> list[MediaKey]:
        """Return what was recorded, by key."""

    @abstractmethod
    def steps(self, key: str) -> list[int]:
        """Return the steps at which a key has records, in order."""

    @abstractmethod
    def items(
        self, key: str | None = None, from_step: int | None = None, to_step: int | None = None, limit: int | None = None
    ) -> Iterator[MediaItem]:
        """Yield records by key, step and number.

        Args:
            key: Only of this key.
            from_step: The first step.
            to_step: The last step.
            limit: At most this many.
        """

    @abstractmethod
    def read(self, stored: StoredBytes, most_bytes: int = MAX_MEDIA_BYTES) -> bytes:
        """Return bytes that a record refers to, compared with their digest and size.

        Raises:
            DamagedError: They are missing, are others than the record says, or more than `most_bytes`.
            NetworkError, AccessError: From the server.
        """

    def left_out(self) -> str:
        """Say which lines of the journal are damaged and left out, or nothing."""
        return ""

    def item(self, key: str, step: int | None = None, index: int = 0) -> MediaItem:
        """Return a record, by default the first of a key's last step.

        Raises:
            MediaNotFoundError: There is none.
        """
        if step is None:
            steps = self.steps(key)
            step = steps[-1] if steps else None
        for item in self.items(key, step, step) if step is not None else ():
            if item.number == index:
                return item
        raise MediaNotFoundError(key=key, step=step, index=index)


class LocalMedia(Media):
    """The media of a trial's directory, as of when they are first asked for.

    Attributes:
        damage: What of the journal is left out.
    """

    def __init__(self, trial: Path, all_segments: bool = False) -> None:
        """Read nothing yet.

        Args:
            trial: The trial's directory.
            all_segments: Whether what was superseded counts, too.
        """
        self._trial = trial
        self._all_segments = all_segments
        self._items: dict[str, list[MediaItem]] | None = None
        self.damage = Damage()

    def _by_key(self) -> Mapping[str, list[MediaItem]]:
        if self._items is None:
            self._items = grouped(counting_lines(self._trial, self.damage, self._all_segments))
        return self._items

    def left_out(self) -> str:
        """Say which lines of the journal are damaged and left out, or nothing."""
        self._by_key()
        return self.damage.sentence() if self.damage else ""

    def keys(self) -> list[MediaKey]:
        """Return what was recorded, by key."""
        return [_key_of(key, items) for key, items in self._by_key().items()]

    def steps(self, key: str) -> list[int]:
        """Return the steps at which a key has records, in order."""
        return list(dict.fromkeys(item.record.step for item in self._by_key().get(key, ())))

    def items(
        self, key: str | None = None, from_step: int | None = None, to_step: int | None = None, limit: int | None = None
    ) -> Iterator[MediaItem]:
        """Yield records by key, step and number."""
        left = MAX_MEDIA_LINES if limit is None else limit
        for group in [self._by_key().get(key, [])] if key is not None else self._by_key().values():
            for item in group:
                step = item.record.step
                if (from_step is not None and step < from_step) or (to_step is not None and step > to_step):
                    continue
                if not left:
                    return
                left -= 1
                yield item

    def read(self, stored: StoredBytes, most_bytes: int = MAX_MEDIA_BYTES) -> bytes:
        """Return bytes that a record refers to, compared with their digest and size."""
        store = store_of(self._trial)
        size_bytes = store.size_of(stored.digest)
        path = store.path_of(stored.digest)
        if size_bytes is None:
            raise DamagedError(path=path, reason="is missing")
        check_size(size_bytes, stored, most_bytes, path)
        try:
            return store.read(stored.digest)
        except ObjectMissingError:
            raise DamagedError(path=path, reason="is missing") from None


def check_size(size_bytes: int, stored: StoredBytes, most_bytes: int, path: object) -> None:
    """Refuse bytes that are others than their record says, or too many.

    Raises:
        DamagedError: They are.
    """
    if size_bytes != stored.size_bytes:
        told = {"size_bytes": size_bytes, "expected": stored.size_bytes}
        raise DamagedError(path=path, reason=said("has {size_bytes} bytes, and its record says {expected}", **told))
    if size_bytes > most_bytes:
        told = {"size_bytes": size_bytes, "limit": most_bytes}
        raise DamagedError(path=path, reason=said("has {size_bytes:,} bytes, the limit is {limit:,}", **told))


def media_lines(trial: Path, damage: Damage) -> Iterator[MediaLine]:
    """Yield the records of a trial's directory in the order written, whether they count or not.

    Raises:
        DamagedError: The journal cannot be read.
    """
    try:
        opened = open_regular(trial / MEDIA_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return
    with opened:
        yield from read_media(opened, damage)


def media_sizes(trial: Path, largest: bool = False) -> dict[str, int]:
    """Return what the media of a trial refer to: sizes in bytes, as the first record says, by digest.

    Args:
        trial: Its directory.
        largest: Whether it is the greatest size that a record says.

    Raises:
        DamagedError: The journal cannot be read.
    """
    sizes: dict[str, int] = {}
    for line in media_lines(trial, Damage()):
        for stored in line.record.bytes:
            size_bytes = sizes.setdefault(stored.digest, stored.size_bytes)
            if largest and stored.size_bytes > size_bytes:
                sizes[stored.digest] = stored.size_bytes
    return sizes


def has_as_many(trial: Path, count: object) -> bool:
    """Tell whether the media of a trial refer to this many sequences of bytes, without reading records if they do.

    Raises:
        DamagedError: The journal cannot be read.
    """
    return count == len(media_digests(trial)) or count == len(media_sizes(trial))


def counting_lines(trial: Path, damage: Damage, all_segments: bool = False) -> Iterator[MediaRecord]:
    """Yield the records of a trial's directory that count, in the order written. Errors as `media_lines`."""
    limits = [] if all_segments else read_segments(trial).media_limits
    for number, line in enumerate(media_lines(trial, damage)):
        if number >= MAX_MEDIA_LINES:
            reason = said("has more than {limit:,} records", limit=MAX_MEDIA_LINES)
            raise DamagedError(path=trial / MEDIA_FILE, reason=reason)
        if counts_at(limits, line.offset, line.record.step):
            yield line.record


def grouped(records: Iterator[MediaRecord]) -> dict[str, list[MediaItem]]:
    """Return records by key, each numbered, in the order of steps."""
    numbers: dict[tuple[str, int], int] = {}
    groups: dict[str, list[MediaItem]] = {}
    for record in records:
        index = numbers.get((record.key, record.step), 0)
        numbers[record.key, record.step] = index + 1
        groups.setdefault(record.key, []).append(MediaItem(index, record))
    for items in groups.values():
        items.sort(key=lambda item: item.record.step)
    return dict(sorted(groups.items()))


def _key_of(key: str, items: Sequence[MediaItem]) -> MediaKey:
    steps = len({item.record.step for item in items})
    kinds = tuple(sorted({item.record.kind for item in items}))
    return MediaKey(key, kinds, len(items), steps, items[0].record.step, items[-1].record.step)


def bring_media(trial: Path, target: Path) -> None:
    """Bring what the media of a trial refer to into the store of where it shall be; what is missing stays missing.

    Args:
        trial: Its directory.
        target: The directory that it will have.

    Raises:
        DamagedError: Its journal cannot be read.
        OSError: The disk refused.
    """
    source, store = store_of(trial), store_of(target)
    digests = media_digests(trial) if source.directory != store.directory else set()
    with Adding(store) as adding:
        for digest in sorted(digests):
            with suppress(FileNotFoundError, ObjectMissingError):
                path = source.path_of(digest)
                if path.exists():
                    adding.take(path)
                else:
                    store.add_bytes(source.read(digest))
    store.sync()
    store.close()


def copy_media(parent: Path, trial: Path, from_step: int) -> None:
    """Give a new trial what counts of another one's media before a step, without another copy of their bytes.

    Raises:
        DamagedError: The journal cannot be read.
        OSError: The disk refused.
    """
    lines = [encode(record) for record in counting_lines(parent, Damage()) if record.step < from_step]
    if not lines:
        return
    bring_media(parent, trial)
    with open(trial / MEDIA_FILE, "ab") as journal:
        journal.writelines(lines)
        journal.flush()
        os.fsync(journal.fileno())
