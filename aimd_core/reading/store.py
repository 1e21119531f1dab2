"""Trials on disk: find them, make one, read one. Format: docs/reference/trial-format.md.

A damaged trial is still found and says what is wrong with it; it never hides the others.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from aimd_core.errors import DamagedError, InvalidNameError
from aimd_core.format import process
from aimd_core.format.journal import SEGMENTS_FILE
from aimd_core.format.model import (
    DEFAULT_FOLDER,
    INITIALIZING,
    STATUSES,
    is_alternative_name,
    name_fault,
    split_alternative_name,
)
from aimd_core.language import said
from aimd_core.reading.facts import State, derive_state, ending_of

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from aimd_core.reading.totals import JournalTotals

TRIALS_DIRECTORY = Path(".aimd", "trials")
METADATA_FILE, PARAMETERS_FILE, METRICS_FILE = "metadata.yaml", "parameters.yaml", "metrics"
PROCESS_FILE, OUTPUT_FILE, DIFF_FILE = "process.json", "stdout.log", "git.diff"
DOCUMENT_FILES = (METADATA_FILE, PARAMETERS_FILE, PROCESS_FILE, "labels.yaml", DIFF_FILE)  # replaced whole
JOURNAL_FILES = (SEGMENTS_FILE, METRICS_FILE, OUTPUT_FILE)  # files that only ever grow; what counts is told first
_WRITTEN_FILES = (METADATA_FILE, PARAMETERS_FILE, METRICS_FILE, PROCESS_FILE, OUTPUT_FILE)  # by the process itself
_SUFFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_CREATE_TRIES = 100
_CREATED_LENGTH = len("261123_150327_f9by70")  # how an alternative name ends: date, time, suffix


def new_trial_directory(working_directory: Path, name: str) -> Path:
    """Make the directory of a new trial, exclusively, and return its path.

    Raises:
        InvalidNameError: `name` cannot be a directory name.
        OSError: The disk refused.
    """
    fault = name_fault(name)
    if fault:
        raise InvalidNameError(name=name, reason=fault)
    trials = working_directory / TRIALS_DIRECTORY
    trials.mkdir(parents=True, exist_ok=True)
    for attempt in range(_CREATE_TRIES):
        suffix = "".join(_SUFFIX_ALPHABET[byte % len(_SUFFIX_ALPHABET)] for byte in os.urandom(6))
        path = trials / f"{name}_{time.strftime('%y%m%d_%H%M%S')}_{suffix}"
        try:
            path.mkdir()
        except FileExistsError:
            if attempt == _CREATE_TRIES - 1:
                raise
            continue
        return path
    raise AssertionError("unreachable")


def find_trials(directory: Path) -> list[Trial]:
    """Return the trials in a directory, newest first.

    Args:
        directory: A working directory that holds `.aimd/trials`, or a directory that holds trials.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError: It cannot be listed.
    """
    place, names = list_names(directory)
    return [Trial(place / name) for name in names]


def list_names(directory: Path) -> tuple[Path, list[str]]:
    """Return where the trials of a directory are, and their alternative names, newest first; reads none of them.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError: It cannot be listed.
    """
    nested = directory / TRIALS_DIRECTORY
    place = nested if nested.is_dir() else directory
    with os.scandir(place) as entries:
        names = [entry.name for entry in entries if is_alternative_name(entry.name) and entry.is_dir()]
    names.sort(key=lambda name: name[-_CREATED_LENGTH:], reverse=True)
    return place, names


def is_trial_directory(path: Path) -> bool:
    """Tell whether a path is the directory of one trial."""
    return path.is_dir() and (is_alternative_name(path.name) or (path / METADATA_FILE).exists())


def last_write_s(path: str | Path) -> float:
    """Return when a trial's process last wrote, in seconds since the epoch, by the times of its files.

    The directory's own time, which a tag changes too, counts only while there is no file.
    """
    times: list[float] = []
    for file in _WRITTEN_FILES:
        try:
            times.append(os.lstat(f"{path}{os.sep}{file}").st_mtime)
        except OSError:
            continue
    if times:
        return max(times)
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0


class Trial:
    """One trial directory, read lazily; every attribute is read once and kept.

    Attributes:
        path: The directory.
        damage: What is wrong with its documents, one sentence each.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[str] = []
        self._metadata: dict[str, object] | None = None
        self._parameters: dict[str, object] | None = None
        self._totals: JournalTotals | None = None

    @property
    def alternative_name(self) -> str:
        """The directory's name."""
        return self.path.name

    def _read(self, file: str) -> dict[str, object]:
        from aimd_core.format.documents import read_mapping  # YAML costs start-up, and a warm list reads no document

        try:
            return read_mapping(self.path / file)
        except FileNotFoundError:
            self.damage.append(said("{file} is missing", file=file))
        except DamagedError as error:
            self.damage.append(said("{file}: {reason}", file=file, reason=error.facts["reason"]))
        return {}

    @property
    def metadata(self) -> dict[str, object]:
        """`metadata.yaml` as it stands; empty when it cannot be read."""
        if self._metadata is None:
            self._metadata = self._read(METADATA_FILE)
        return self._metadata

    @property
    def parameters(self) -> dict[str, object]:
        """`parameters.yaml`; empty when there is none or it cannot be read."""
        if self._parameters is None:
            self._parameters = self._read(PARAMETERS_FILE)
        return self._parameters

    def read_documents(self) -> dict[str, bytes]:
        """Return the bytes of each small file that is there, and take metadata and parameters from these very bytes.

        Raises:
            DamagedError: One of them is no plain file, too large, or not what it should be.
        """
        from aimd_core.format.documents import parse_mapping, read_document

        contents: dict[str, bytes] = {}
        for file in DOCUMENT_FILES:
            try:
                contents[file] = read_document(self.path / file)
            except FileNotFoundError:
                continue
        for file in (METADATA_FILE, PARAMETERS_FILE):
            if file not in contents:
                raise DamagedError(path=self.path, reason=said("{file} is missing", file=file))
        self._metadata = parse_mapping(contents[METADATA_FILE], self.path / METADATA_FILE)
        self._parameters = parse_mapping(contents[PARAMETERS_FILE], self.path / PARAMETERS_FILE)
        return contents

    @property
    def totals(self) -> JournalTotals:
        """Totals of the metrics journal, read whole at the first use."""
        if self._totals is None:
            from aimd_core.reading.totals import JournalTotals, read_totals  # a warm list reads no journal

            try:
                self._totals, _ = read_totals(self.path / METRICS_FILE)
            except DamagedError as error:
                self.damage.append(said("{file}: {reason}", file=METRICS_FILE, reason=error.facts["reason"]))
                self._totals = JournalTotals()
        return self._totals

    def _inner(self, key: str) -> object:
        inner = self.metadata.get("metadata")
        return inner.get(key) if isinstance(inner, dict) else None

    @property
    def name(self) -> str:
        """The trial's name: from the metadata, or from the directory when YAML took it for something else."""
        name = self._inner("name")
        if isinstance(name, str) and name:
            return name
        if is_alternative_name(self.path.name):
            return split_alternative_name(self.path.name)[0]
        return self.path.name

    @property
    def id(self) -> str | None:
        """The trial's UUID, or None when the metadata has none."""
        trial_id = self._inner("id")
        return trial_id if isinstance(trial_id, str) else None

    @property
    def status(self) -> str:
        """The status as written."""
        status = self.metadata.get("status")
        return status if isinstance(status, str) and status in STATUSES else INITIALIZING

    @property
    def state(self) -> State:
        """The state as it is now."""
        return derive_state(self.status, ending_of(self.metadata), process.read(self.path), last_write_s(self.path))

    @property
    def started(self) -> str | None:
        """When recording began, ISO 8601, or None."""
        started = self.metadata.get("startTime")
        return started if isinstance(started, str) else None

    @property
    def ended(self) -> str | None:
        """When recording ended, ISO 8601, or None while it goes on."""
        ended = self.metadata.get("endTime")
        return ended if isinstance(ended, str) else None

    @property
    def upload_settings(self) -> dict[str, object]:
        """How this trial wants to be uploaded: `folder_id`, `folder_path`, `make_folder`, `conflict_strategy`."""
        settings = self.metadata.get("_upload")
        return settings if isinstance(settings, dict) else {}

    @property
    def folder(self) -> str:
        """The folder that this trial wants to be uploaded to: a path, or an id."""
        settings = self.upload_settings
        return str(settings.get("folder_id") or settings.get("folder_path") or DEFAULT_FOLDER)
