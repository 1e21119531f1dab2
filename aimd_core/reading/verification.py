"""Reads every byte of a trial and reports damage. It changes nothing, and one bad file hides no other."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.documents import read_mapping
from aimd_core.format.files import PARTIAL
from aimd_core.format.journal import SEGMENTS_FILE, Damage, open_regular, read_records
from aimd_core.format.layout import (
    FILES_DIRECTORY,
    LABELS_FILE,
    MEDIA_FILE,
    METADATA_FILE,
    METRICS_FILE,
    OUTPUT_FILE,
    PARAMETERS_FILE,
    PROCESS_FILE,
)
from aimd_core.format.model import STATUSES
from aimd_core.format.segments import segment_faults
from aimd_core.format.values import step_of
from aimd_core.language import said
from aimd_core.objects.copying import digest_file, open_source, stat_of
from aimd_core.objects.memory import MEMORY_FILE, DigestMemory
from aimd_core.objects.store import store_of
from aimd_core.objects.tree import Entry
from aimd_core.reading.documents import Trial, reason_of
from aimd_core.reading.facts import is_live, written_time
from aimd_core.reading.media import media_lines, media_sizes

_BLOCK_BYTES = 1 << 20
_FAULTS_SHOWN = 20  # of a kind per file; all are counted
_REQUIRED = (METADATA_FILE, PARAMETERS_FILE)
_REMEMBERED = (MEMORY_FILE,)  # by this host; it may be deleted
_KEPT = f"{FILES_DIRECTORY}/"
_FILES = (*_REQUIRED, METRICS_FILE, SEGMENTS_FILE, MEDIA_FILE, OUTPUT_FILE, PROCESS_FILE, LABELS_FILE)


class CheckedFile(NamedTuple):
    """A file of a trial.

    Attributes:
        name: Its path inside the trial's directory.
        size_bytes: How many bytes were read.
        records: The number of intact records in a journal; None for other files.
        faults: What is wrong with it, with line numbers.
    """

    name: str
    size_bytes: int
    records: int | None
    faults: list[str]


class Verified(NamedTuple):
    """One trial.

    Attributes:
        name: Its alternative name.
        path: Its directory.
        files: What was read.
        notes: What is worth knowing but is not damage.
    """

    name: str
    path: Path
    files: list[CheckedFile]
    notes: list[str]

    @property
    def faults(self) -> list[str]:
        """All faults, each with its file."""
        return [f"{file.name}: {fault}" for file in self.files for fault in file.faults]


def verify_trial(trial: Trial) -> Verified:
    """Read all files of a trial. Nothing is changed, and damage raises nothing."""
    runs_on = is_live(trial.state.name)
    files: list[CheckedFile] = []
    notes: list[str] = []
    missing = [name for name in _REQUIRED if not os.path.lexists(trial.path / name)]
    misplaced = [name for name in _FILES if (trial.path / name).is_dir() and not (trial.path / name).is_symlink()]
    memory = DigestMemory(trial.path)
    for name in [*missing, *misplaced, *_names(trial.path)]:
        path = trial.path / name
        if name in _REMEMBERED:
            continue
        if path.is_symlink():
            notes.append(said("{name} is a link, which was not followed", name=name))
            continue
        if name.endswith(PARTIAL):
            notes.append(said("{name} is left over from an interrupted write", name=name))
        files.append(_check_kept(path, name, memory) if name.startswith(_KEPT) else _check(path, name, runs_on))
    return Verified(trial.alternative_name, trial.path.absolute(), files, notes)


def _names(directory: Path) -> list[str]:
    """Return all files below a directory, links included, in order."""
    names = []
    for parent, folders, files in os.walk(directory):
        folders.sort()
        names += [os.path.relpath(os.path.join(parent, file), directory) for file in files]
    return sorted(names)


def _check(path: Path, name: str, runs_on: bool) -> CheckedFile:
    faults: list[str] = []
    records, size_bytes = None, 0
    try:
        size_bytes = _read_through(path)
        if name == METRICS_FILE:
            records = _check_journal(path, faults, runs_on)
        elif name == MEDIA_FILE:
            records = _check_media(path.parent, faults, runs_on)
        elif name == SEGMENTS_FILE:
            faults += _segment_faults(path)
        elif name == OUTPUT_FILE:
            faults += _nul_lines(path)
        elif name == PROCESS_FILE:
            faults += _process_faults(path)
        elif name in (METADATA_FILE, PARAMETERS_FILE, LABELS_FILE):
            document = read_mapping(path)
            faults += metadata_faults(document) if name == METADATA_FILE else []
    except FileNotFoundError:
        faults.append("is missing")
    except DamagedError as error:
        faults.append(said(error.reason))
    except OSError as error:
        faults.append(said("cannot be read ({strerror})", strerror=error.strerror))
    return CheckedFile(name, size_bytes, records, faults)


def _check_kept(path: Path, name: str, memory: DigestMemory) -> CheckedFile:
    """Read a kept file, and compare it with its digest, unless it was changed after that was computed."""
    faults: list[str] = []
    size_bytes = 0
    try:
        with open_source(path) as file:
            stat = stat_of(os.fstat(file.fileno()))
            stored = digest_file(file, path)
        size_bytes = stored.size_bytes
        digest = memory.digest_of(Entry(name.removeprefix(_KEPT), stat))
        if digest not in (None, stored.digest):
            faults.append("does not match its digest")
    except (DamagedError, OSError) as error:
        faults.append(reason_of(error))
    return CheckedFile(name, size_bytes, None, faults)


def _read_through(path: Path) -> int:
    """Read every byte of a file and return their number."""
    size_bytes = 0
    with open_regular(path) as file:
        while block := file.read(_BLOCK_BYTES):
            size_bytes += len(block)
    return size_bytes


class _Counted:
    """The lines of a file, with the number of the last one read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        for self.number, line in enumerate(self._file, start=1):  # noqa: B020 - the number is to be seen outside
            yield line


def _check_journal(path: Path, faults: list[str], runs_on: bool) -> int:
    """Read a journal record by record, add its faults to `faults`, and return the number of intact records."""
    damage, odd, records = Damage(), Damage(), 0
    with open_regular(path) as file:
        lines = _Counted(file)
        for record in read_records(iter(lines), damage):
            records += 1
            ((_, body),) = record.items()
            if not _is_complete(body):
                odd.note(lines.number)
    if runs_on:
        damage.torn_bytes = 0  # it is being written
    faults += _numbered("damaged", damage) + _numbered("record without step or numbers", odd)
    if damage.torn_bytes:
        faults.append(
            said(
                "line {number} is half-written ({torn_bytes} bytes at the end)",
                number=lines.number,
                torn_bytes=damage.torn_bytes,
            )
        )
    return records


def _check_media(trial: Path, faults: list[str], runs_on: bool) -> int:
    """Read a media journal and all bytes that it refers to, and return the number of intact records."""
    damage = Damage()
    records = sum(1 for _ in media_lines(trial, damage))
    faults += _numbered("damaged", damage)
    if damage.torn_bytes and not runs_on:
        faults.append(said("the last line is half-written ({torn_bytes} bytes)", torn_bytes=damage.torn_bytes))
    store, odd = store_of(trial), 0
    for digest, size_bytes in media_sizes(trial).items():
        fault = store.fault_of(digest)
        if fault is None and store.size_of(digest) != size_bytes:
            fault = "does not have the size that its record says"
        odd += fault is not None
        if fault is not None and odd <= _FAULTS_SHOWN:
            faults.append(said("object {digest}: {fault}", digest=digest, fault=said(fault)))
    if odd > _FAULTS_SHOWN:
        faults.append(said("{count:,} objects in all are missing or damaged", count=odd))
    return records


def _segment_faults(path: Path) -> list[str]:
    damage = Damage()
    with open_regular(path) as file:
        for number in segment_faults(file.read()):
            damage.note(number)
    return _numbered("damaged", damage)


def _numbered(what: str, damage: Damage) -> list[str]:
    """Return which lines are of a kind, and how many, or nothing."""
    if not damage.lines:
        return []
    listed = ", ".join(map(str, damage.numbers)) + (", ..." if damage.lines > len(damage.numbers) else "")
    in_all = said(" ({lines:,} in all)", lines=damage.lines) if damage.lines > 1 else ""
    return [said("{what}: line {listed}{in_all}", what=said(what), listed=listed, in_all=in_all)]


def _is_complete(body: dict[str, object]) -> bool:
    values, sequence = body["value"], body["sequence"]
    assert isinstance(values, dict)
    assert isinstance(sequence, dict)
    return step_of(sequence.get("step")) is not None and all(
        isinstance(value, (int, float)) for value in values.values()
    )


def _nul_lines(path: Path) -> list[str]:
    """Find NUL bytes, which a power cut leaves in place of text."""
    with open_regular(path) as file:
        numbers = [number for number, line in enumerate(file, start=1) if b"\0" in line]
    listed = ", ".join(map(str, numbers[:_FAULTS_SHOWN])) + (", ..." if len(numbers) > _FAULTS_SHOWN else "")
    return [said("NUL bytes in line {listed}", listed=listed)] if numbers else []


def _process_faults(path: Path) -> list[str]:
    with open_regular(path) as file:
        try:
            document = json.loads(file.read())
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 1)
            return [said("line {line} is not valid JSON ({problem})", line=line, problem=str(error).partition(":")[0])]
    return [] if isinstance(document, dict) else ["is not a JSON object"]


def metadata_faults(document: dict[str, object]) -> list[str]:
    """Return what is missing or wrong in the mapping of a `metadata.yaml`."""
    inner = document.get("metadata")
    if not isinstance(inner, dict):
        return ["holds no mapping `metadata`"]
    faults: list[str] = [
        said("metadata.{key} is missing", key=key) for key in ("id", "name") if inner.get(key) in (None, "")
    ]
    if document.get("status") not in STATUSES:
        faults.append(
            said(
                "status {status!r} is not one of {statuses}",
                status=document.get("status"),
                statuses=", ".join(STATUSES),
            )
        )
    faults += [
        said("{key} {document!r} is not a time", key=key, document=document[key])
        for key in ("startTime", "endTime")
        if not _is_time(document, key)
    ]
    return faults


def _is_time(document: dict[str, object], key: str) -> bool:
    value = document.get(key)
    return value is None or written_time(value) is not None
