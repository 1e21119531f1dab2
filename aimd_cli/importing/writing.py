"""Turns runs of another tracker into trial directories; importing a run again changes nothing.

A trial is created completely or not at all, also by two imports at once. A run that was imported before is recognised
by its source: if the source has grown, what is new is appended; if it has changed otherwise, that is reported and
nothing is replaced.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, NamedTuple

from aimd_cli.importing.files import write_files
from aimd_cli.importing.media import write_media
from aimd_cli.importing.plain import limited, plain_mapping
from aimd_cli.importing.points import Point
from aimd_cli.importing.run import ImportedRun, metric_names
from aimd_core.errors import DamagedError, DiskError, InvalidNameError
from aimd_core.format.documents import read_mapping, render_mapping, write_mapping
from aimd_core.format.files import ABANDONED_S, move_directory
from aimd_core.format.journal import encode_record, open_regular, record_head
from aimd_core.format.labels import Labels, add_tags, set_note, tag_fault
from aimd_core.format.layout import (
    METADATA_FILE,
    METRICS_FILE,
    OUTPUT_FILE,
    PARAMETERS_FILE,
    TRIALS_DIRECTORY,
    list_names,
)
from aimd_core.format.locking import locked
from aimd_core.format.model import INPUT_ARTIFACTS, OUTPUT_ARTIFACTS, RUNNING
from aimd_core.format.names import safe_name
from aimd_core.format.segments import Resume, append_segment, read_segments
from aimd_core.format.values import directory_name_fault
from aimd_core.language import said

IMPORTED, UPDATED, UNCHANGED = "imported", "updated", "unchanged"
_FROM_THE_SOURCE = (
    "startTime",
    "endTime",
    "status",
    "_import",
    "_exit",
)  # keys of the metadata; the others may be edited here
_UNDER_WAY = ".importing-"  # the beginning of the name of a directory that is not complete yet
_BLOCK_BYTES = 1 << 20
_SUMMARY_HEAD = record_head("summary").encode()
_SUFFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SUFFIX_LENGTH = 6


class Written(NamedTuple):
    """The result of importing a run.

    Attributes:
        path: The trial's directory.
        outcome: `imported`, `updated` or `unchanged`.
    """

    path: Path
    outcome: str


class Importer:
    """Writes runs to a working directory."""

    def __init__(self, working_directory: Path, keeps_files: bool = True) -> None:
        """Find out which runs were imported there before.

        Args:
            working_directory: Where the trials go.
            keeps_files: Whether the files of a run are copied, too.

        Raises:
            DiskError: The directory's trials cannot be listed.
        """
        self._working_directory = working_directory
        self._keeps_files = keeps_files
        self._earlier = _imported_before(working_directory)
        _remove_abandoned(working_directory / TRIALS_DIRECTORY)

    def write(self, run: ImportedRun, name: str | None = None) -> Written:
        """Create a trial from a run, or update the one created before; a failure leaves no trial.

        Args:
            run: The run.
            name: The trial's name; by default the run's, with characters replaced that directories cannot have.

        Raises:
            InvalidNameError: `name` cannot be a directory name.
            DamagedError: The run was imported before, and its source no longer begins as it did.
            DiskError: The disk refused.
        """
        fault = directory_name_fault(name) if name else None
        if name and fault:
            raise InvalidNameError(name=name, reason=fault)
        key = run.key or run.source
        run = run if self._keeps_files else run._replace(files=None)
        try:
            if key not in self._earlier:
                path = self._created(run, name or safe_name(run.name, "imported"))
                if path is not None:
                    self._earlier[key] = path
                    return Written(path, IMPORTED)
            if not _was_imported(self._earlier[key]):  # the trial itself, of which a copy changes nothing
                return Written(self._earlier[key], UNCHANGED)
            return _brought_up_to_date(self._earlier[key], run, _Content(run))
        except OSError as error:
            raise DiskError(
                path=self._working_directory,
                reason=said("cannot make a trial here ({strerror})", strerror=error.strerror),
            ) from error

    def _created(self, run: ImportedRun, name: str) -> Path | None:
        """Return the directory of a new trial, or None if another import has just made it.

        The directory's name follows from the run, so of two imports at once only one can put its trial there.
        """
        trials = self._working_directory / TRIALS_DIRECTORY
        trials.mkdir(parents=True, exist_ok=True)
        unfinished = trials / f"{_UNDER_WAY}{os.getpid()}-{os.urandom(4).hex()}"
        unfinished.mkdir()
        key = run.key or run.source
        try:
            content = _Content(run)
            _fill(unfinished, run, content, name)
            for attempt in range(_SUFFIX_LENGTH):
                path = trials / _alternative_name(name, content.started_s, f"{key}#{attempt}" if attempt else key)
                try:
                    move_directory(unfinished, path)
                except FileExistsError:
                    if _key_of(path) == key:
                        self._earlier[key] = path
                        return None
                    continue
                return path
            raise FileExistsError(name)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _alternative_name(name: str, started_s: float | None, key: str) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
    suffix = "".join(_SUFFIX_ALPHABET[byte % len(_SUFFIX_ALPHABET)] for byte in digest[:_SUFFIX_LENGTH])
    try:
        moment = time.strftime("%y%m%d_%H%M%S", time.localtime(started_s))
    except (ValueError, OverflowError, OSError):
        moment = time.strftime("%y%m%d_%H%M%S", time.localtime(0))
    return f"{name}_{moment}_{suffix}"


def _remove_abandoned(trials: Path) -> None:
    """Remove what imports left that were killed."""
    for directory in trials.glob(f"{_UNDER_WAY}*"):
        try:
            if directory.lstat().st_mtime < time.time() - ABANDONED_S:
                shutil.rmtree(directory, ignore_errors=True)
        except OSError:
            continue


class _Content:
    """The journal of a run, its times, and where the run went back to an earlier step."""

    def __init__(self, run: ImportedRun) -> None:
        times = [time_s for point in run.points if (time_s := point.time_s)]  # 0 stands for an unknown time
        self.started_s = run.ending.started_s or min(times, default=None)
        self.ended_s = run.ending.ended_s or max(times, default=None)
        self._points = run.points
        self._restarts = run.restarts

    def write(self, journal: IO[bytes]) -> tuple[list[Resume], bool]:
        """Write what a file does not contain yet, and leave it open at its end.

        Returns:
            Where the run went back, and whether anything was written.

        Raises:
            DamagedError: The file is not a beginning of this journal; nothing was written.
        """
        offsets = {count: 0 for count, _ in self._restarts}
        size_bytes = os.fstat(journal.fileno()).st_size
        for block in self._new_blocks(journal, offsets):
            journal.seek(0, os.SEEK_END)
            journal.write(block)
        journal.flush()
        restarts = [Resume(step, offsets[count]) for count, step in self._restarts]
        return restarts, os.fstat(journal.fileno()).st_size > size_bytes

    def _new_blocks(self, journal: IO[bytes], offsets: dict[int, int]) -> Iterator[bytes]:
        """Yield what the file does not contain yet, and fill in how many bytes come before the points with a number.

        Values of the type `summary` are always the last ones, and change while a run continues. Those of an earlier
        import stay where they are, and the present ones are written once more behind the new points.
        """
        summary: list[bytes] = []
        before = _Before(journal)
        block, position = bytearray(), 0
        for count, record in enumerate(_records(self._points, self.ended_s or self.started_s or 0.0), start=1):
            if record.startswith(_SUMMARY_HEAD):
                summary.append(record)
                continue
            block += before.without(record)
            position += len(record)
            if count in offsets:
                offsets[count] = position + before.summary_bytes
            if len(block) >= _BLOCK_BYTES:
                yield bytes(block)
                block.clear()
        before.require_end()
        block += b"".join(record for record in summary if record not in before.summary)
        yield bytes(block)


class _Before:
    """The journal that an earlier import wrote.

    Attributes:
        summary: The records of type `summary` that were passed.
        summary_bytes: How long these are together.
    """

    def __init__(self, journal: IO[bytes]) -> None:
        self.summary: set[bytes] = set()
        self.summary_bytes = 0
        self._path = journal.name
        self._journal = journal
        self._lines: Iterator[bytes] | None = iter(journal)

    def without(self, record: bytes) -> bytes:
        """Return what the journal lacks of the next record: nothing, or all.

        Raises:
            DamagedError: Another record comes next.
        """
        line = self._next_line()
        if line is None:
            return record
        if line != record:
            raise DamagedError(path=self._path, reason="is not the beginning of what there is now")
        return b""

    def require_end(self) -> None:
        """Check that there are no more records. Errors as `without`."""
        if self._next_line() is not None:
            raise DamagedError(path=self._path, reason="is not the beginning of what there is now")

    def _next_line(self) -> bytes | None:
        for line in self._lines or ():
            if not line.endswith(b"\n"):  # left by an import that was killed; never a record
                self._journal.truncate(os.fstat(self._journal.fileno()).st_size - len(line))
                break
            if not line.startswith(_SUMMARY_HEAD):
                return line
            self.summary.add(line)
            self.summary_bytes += len(line)
        self._lines = None
        return None


def _records(points: Iterable[Point], unknown_s: float) -> Iterator[bytes]:
    names = metric_names()
    for point in points:
        metrics_type, name = names.metric_of(point.key)
        time = _iso(unknown_s if point.time_s is None else point.time_s)
        yield encode_record(metrics_type, {name: point.value}, point.step, point.epoch, time)


def _imported_before(working_directory: Path) -> dict[str, Path]:
    """Return the trials that were imported into a directory, by the key of each."""
    try:
        directory, names = list_names(working_directory)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DiskError(
            path=working_directory, reason=said("cannot be listed ({strerror})", strerror=error.strerror)
        ) from error
    earlier = {}
    for name in names:
        key = _key_of(directory / name)
        if key is not None:
            earlier[key] = directory / name
    return earlier


def _key_of(path: Path) -> str | None:
    """Return the key of the run that a trial was imported from, or of the trial itself."""
    try:
        metadata = read_mapping(path / METADATA_FILE)
    except (FileNotFoundError, NotADirectoryError, DamagedError):
        return None
    origin, inner = metadata.get("_import"), metadata.get("metadata")
    key = origin.get("key") if isinstance(origin, dict) else None
    if isinstance(key, str):
        return key
    return f"aimd:{inner.get('id')}" if isinstance(inner, dict) else None


def _was_imported(path: Path) -> bool:
    """Tell whether a trial was made by an import; one that was recorded or downloaded is as it was."""
    try:
        return isinstance(read_mapping(path / METADATA_FILE).get("_import"), dict)
    except (FileNotFoundError, NotADirectoryError, DamagedError):
        return True


def _brought_up_to_date(path: Path, run: ImportedRun, content: _Content) -> Written:
    with locked(path):
        try:
            has_changed = _append_new(path, run, content)
        except DamagedError as error:
            raise DamagedError(
                path=path,
                reason=said(
                    "was imported from {source}, which has changed since and not only grown", source=run.source
                ),
            ) from error
        metadata = read_mapping(path / METADATA_FILE)
        inner = metadata.get("metadata")
        identity = inner if isinstance(inner, dict) else {}
        documents = _metadata(run, content, str(identity.get("name")), str(identity.get("id")))
        kept = {key: value for key, value in metadata.items() if key != "_exit"}
        origin, before = documents["_import"], metadata.get("_import")
        if isinstance(origin, dict) and isinstance(before, dict):
            origin |= {key: before.get(key) for key in ("source", "name")}  # where it was read from first
        documents = {**kept, **{key: documents[key] for key in _FROM_THE_SOURCE if key in documents}}
        if render_mapping(read_mapping(path / PARAMETERS_FILE)) != render_mapping(_params(run)):  # NaN is not itself
            write_mapping(path / PARAMETERS_FILE, _params(run))
            has_changed = True
        if render_mapping(metadata) != render_mapping(documents):
            write_mapping(path / METADATA_FILE, documents)
            has_changed = True
    return Written(path, UPDATED if has_changed else UNCHANGED)


def _append_new(path: Path, run: ImportedRun, content: _Content) -> bool:
    """Append the new points and the new output of a run, and return whether there are any.

    Raises:
        DamagedError: The journal is not a beginning of what the source contains now.
    """
    (path / METRICS_FILE).touch()
    open_regular(path / METRICS_FILE).close()
    with (path / METRICS_FILE).open("r+b") as journal:
        restarts, has_changed = content.write(journal)
    media_offsets, has_more = _write_media(path, run)
    has_changed = has_changed or has_more
    for number, restart in list(enumerate(restarts))[len(read_segments(path).resumes) :]:
        append_segment(path, restart._replace(media_offset=media_offsets[number]))
        has_changed = True
    has_changed = _write_files(path, run) or has_changed
    return _write_output(path, run) or has_changed


def _write_media(path: Path, run: ImportedRun) -> tuple[list[int], bool]:
    """Write what a run shows besides numbers. Result and errors as `write_media`."""
    return ([0] * len(run.restarts), False) if run.media is None else write_media(path, run.media)


def _write_files(path: Path, run: ImportedRun) -> bool:
    """Copy the files of a run, and return whether there are new ones."""
    return bool(run.files) and run.files is not None and write_files(path, run.files)


def _write_output(path: Path, run: ImportedRun) -> bool:
    """Copy what a run printed, and return whether there was more than before."""
    if run.output is None:
        return False
    try:
        source = io.BytesIO(run.output) if isinstance(run.output, bytes) else open_regular(run.output)
    except (FileNotFoundError, DamagedError):
        return False
    with source, (path / OUTPUT_FILE).open("ab") as output:
        before = output.tell()
        if source.seek(0, os.SEEK_END) <= before:
            return False
        source.seek(before)
        shutil.copyfileobj(source, output)
    return True


def _params(run: ImportedRun) -> dict[str, object]:
    return limited(plain_mapping(run.params))[0]


def _fill(path: Path, run: ImportedRun, content: _Content, name: str) -> None:
    with (path / METRICS_FILE).open("w+b") as journal:
        restarts, _ = content.write(journal)
    for restart, media_offset in zip(restarts, _write_media(path, run)[0], strict=True):
        append_segment(path, restart._replace(media_offset=media_offset))
    write_mapping(path / PARAMETERS_FILE, _params(run))
    _write_labels(path, run.labels)
    _write_files(path, run)
    _write_output(path, run)
    write_mapping(path / METADATA_FILE, _metadata(run, content, name, run.identity or str(uuid.uuid4())))


def _write_labels(path: Path, labels: Labels) -> None:
    words = ("-".join(re.split(r"[\s,'\"]+", tag.strip(" -"))) for tag in labels.tags)  # a tag here is one word
    tags = [tag for tag in words if tag_fault(tag) is None]
    if tags:
        add_tags(path, tags)
    if labels.note:
        set_note(path, labels.note)


def _metadata(run: ImportedRun, content: _Content, name: str, trial_id: str) -> dict[str, object]:
    document: dict[str, object] = {
        "kind": "Trial",
        "metadata": {"folder": None, "name": name, "editor": None, "id": trial_id, "timestamp": None},
        "platform": {},
        "startTime": None if content.started_s is None else _iso(content.started_s),
        "endTime": None if content.ended_s is None or run.ending.status == RUNNING else _iso(content.ended_s),
        "status": run.ending.status,
        INPUT_ARTIFACTS: [],
        OUTPUT_ARTIFACTS: [],
        "_upload": {"folder_id": None, "folder_path": run.folder, "make_folder": True, "conflict_strategy": "new"},
        "_git": {},
        "_import": {"key": run.key or run.source, "source": run.source, "name": run.name, **plain_mapping(run.origin)},
    }
    if run.ending.exit:
        at = {} if content.ended_s is None else {"at": _iso(content.ended_s)}
        document["_exit"] = {**run.ending.exit, **at}
    return document


def _iso(time_s: float) -> str:
    try:
        return datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, timezone.utc).isoformat(timespec="microseconds")
