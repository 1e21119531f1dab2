"""What of a trial are files for other trackers: its media, one at a time, and the files that are kept with it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.layout import FILES_DIRECTORY, OUTPUT_FILE
from aimd_core.format.media import MediaRecord
from aimd_core.format.model import OUTPUT_ARTIFACTS
from aimd_core.objects.copying import copy_file, open_source
from aimd_core.reading.documents import Trial
from aimd_core.reading.kept_files import tree_of
from aimd_core.reading.media import LocalMedia
from aimd_core.reading.media_contents import content_of, file_name_of

FILE, ARTIFACT = "file", "artifact"  # kinds of what is left behind


class MediaContent(NamedTuple):
    """A record with what it shows.

    Attributes:
        record: The record.
        number: Its number among those of its key and step.
        name: A name for a file of it.
        ending: What that ends with, without the dot.
        content: The bytes.
    """

    record: MediaRecord
    number: int
    name: str
    ending: str
    content: bytes

    @property
    def form(self) -> str:
        """The MIME type, without what follows it."""
        return (self.record.stored.type if self.record.stored else "").partition(";")[0]

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def contents_of(trial: Trial, left_out: Counter[str]) -> Iterator[MediaContent]:
    """Yield the media of a trial by key, step and number; those that cannot be read are counted as left out."""
    media = LocalMedia(trial.path)
    for item in media.items():
        try:
            content = content_of(media, item.record)
        except DamagedError:
            left_out[item.record.kind] += 1
            continue
        name = file_name_of(item)
        yield MediaContent(item.record, item.number, name, name.rpartition(".")[2], content)


def copy_kept_files(trial: Trial, directory: Path, left_out: Counter[str]) -> list[str]:
    """Copy the files that are kept with a trial, and return their paths below a directory.

    What is there already stays, and the file of that name is counted as left out, as is one that cannot be read.
    """
    tree, copied = tree_of(trial.path), []
    if tree.left_out:
        left_out[FILE] += len(tree.left_out)
    for name in tree.entries:
        target = directory / name
        try:
            with open_source(trial.path / FILES_DIRECTORY / name) as source:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    copy_file(source, file.fileno(), target)
        except (DamagedError, FileExistsError, FileNotFoundError, NotADirectoryError):
            left_out[FILE] += 1
        else:
            copied.append(name)
    return copied


def count_others(trial: Trial, left_out: Counter[str]) -> None:
    """Count the artifacts that a trial made, which no export takes along."""
    made = trial.metadata.get(OUTPUT_ARTIFACTS)
    if isinstance(made, list) and made:
        left_out[ARTIFACT] += len(made)


def count_files(trial: Trial, left_out: Counter[str]) -> None:
    """Count the files that are kept with a trial, for an export that takes none."""
    count = len(tree_of(trial.path).entries)
    if count:
        left_out[FILE] += count


def output_of(trial: Trial) -> bytes | None:
    """Return what a trial printed, or None."""
    path = trial.path / OUTPUT_FILE
    with suppress(DamagedError, OSError), open_source(path) as file:
        return file.read()
    return None


def seconds_of(timestamp: str, unknown_s: float) -> float:
    """Return the time of a record in seconds since the epoch, or another one if it has none."""
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except (ValueError, OverflowError, OSError):
        return unknown_s
