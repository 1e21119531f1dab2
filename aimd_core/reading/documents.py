"""Finds trials on disk and reads their documents.

A damaged trial is still listed, with what is wrong, and never hides the others.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from aimd_core.errors import DamagedError
from aimd_core.format import process
from aimd_core.format.labels import Labels, labels_of
from aimd_core.format.layout import (
    DOCUMENT_FILES,
    LABELS_FILE,
    METADATA_FILE,
    METRICS_FILE,
    PARAMETERS_FILE,
    last_write_s,
    list_names,
    signature_of,
)
from aimd_core.format.model import (
    DEFAULT_FOLDER,
    INITIALIZING,
    STATUSES,
    folder_path_of,
    is_alternative_name,
    split_alternative_name,
)
from aimd_core.language import said
from aimd_core.reading.facts import Facts, State, WholeFacts, ending_of, written_time

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from aimd_core.reading.totals import JournalTotals


_ONLY_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})  # what nobody meets who reads


def reason_of(error: DamagedError | OSError, source: str | os.PathLike[str] | None = None) -> str:
    """Return why a file cannot be read, or, of one that was copied, its copy not written, without its path.

    Args:
        error: What happened.
        source: What was copied, a file or a directory; None if nothing was.
    """
    if isinstance(error, DamagedError):
        return error.reason
    if is_of_writing(error, source):
        return said("its copy cannot be written ({strerror})", strerror=error.strerror)
    return said("cannot be read ({strerror})", strerror=error.strerror)


def is_of_writing(error: OSError, source: str | os.PathLike[str] | None) -> bool:
    """Tell whether it was writing that failed while `source` was copied: by the error, or by the file that it names."""
    if source is None or error.errno in _ONLY_WRITING:
        return source is not None
    own, named = os.fspath(source), error.filename
    return isinstance(named, (str, os.PathLike)) and not f"{os.fspath(named)}{os.sep}".startswith(f"{own}{os.sep}")


def find_trials(directory: Path) -> list[Trial]:
    """Return the trials in a directory, newest first.

    Args:
        directory: A working directory that holds `.aimd/trials`, or a directory that holds trials.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError: It cannot be listed.
    """
    parent, names = list_names(directory)
    return [Trial(parent / name) for name in names]


class Trial:
    """A trial directory, read lazily; every attribute is read once and cached.

    Attributes:
        path: The directory.
        damage: What is wrong with its documents, one sentence each.
        labels: Its tags and note, once `read_documents` has read them.
        unread: What `read_documents` could not read, and why, by file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[str] = []
        self.unread: dict[str, str] = {}
        self.labels = Labels()
        self._metadata: dict[str, object] | None = None
        self._parameters: dict[str, object] | None = None
        self._totals: JournalTotals | None = None

    @property
    def alternative_name(self) -> str:
        """The directory's name."""
        return self.path.name

    def _read(self, file: str) -> dict[str, object]:
        from aimd_core.format.documents import read_mapping  # YAML is slow to load

        try:
            return read_mapping(f"{self.path}{os.sep}{file}")
        except FileNotFoundError:
            self.damage.append(said("{file} is missing", file=file))
        except DamagedError as error:
            self.damage.append(said("{file}: {reason}", file=file, reason=said(error.reason)))
        return {}

    @property
    def metadata(self) -> dict[str, object]:
        """The content of `metadata.yaml`, empty if it cannot be read."""
        if self._metadata is None:
            self._metadata = self._read(METADATA_FILE)
        return self._metadata

    @property
    def parameters(self) -> dict[str, object]:
        """The content of `parameters.yaml`, empty if it cannot be read."""
        if self._parameters is None:
            self._parameters = self._read(PARAMETERS_FILE)
        return self._parameters

    def read_documents(self) -> dict[str, bytes]:
        """Return the bytes of each small file that can be read, and take metadata, parameters and labels from them.

        One that cannot be read, or says nothing that can be understood, does not hide the others: see `unread`.
        """
        from aimd_core.format.documents import read_document

        contents: dict[str, bytes] = {}
        self.unread = {}
        for file in DOCUMENT_FILES:
            try:
                contents[file] = read_document(self.path / file)
            except FileNotFoundError:
                if file in (METADATA_FILE, PARAMETERS_FILE):
                    self.unread[file] = said("is missing")
            except (DamagedError, OSError) as error:
                self.unread[file] = reason_of(error)
        self._metadata = self._parsed(METADATA_FILE, contents)
        self._parameters = self._parsed(PARAMETERS_FILE, contents)
        self.labels = labels_of(self._parsed(LABELS_FILE, contents))
        return contents

    def _parsed(self, file: str, contents: dict[str, bytes]) -> dict[str, object]:
        from aimd_core.format.documents import parse_mapping

        try:
            return parse_mapping(contents[file], self.path / file) if file in contents else {}
        except DamagedError as error:
            self.unread[file] = reason_of(error)
            return {}

    @property
    def totals(self) -> JournalTotals:
        """The totals of the metrics journal, which is read on first use."""
        if self._totals is None:
            from aimd_core.reading.totals import JournalTotals, read_totals  # a warm list reads no journal

            try:
                self._totals, _ = read_totals(self.path / METRICS_FILE)
            except DamagedError as error:
                self.damage.append(said("{file}: {reason}", file=METRICS_FILE, reason=said(error.reason)))
                self._totals = JournalTotals()
        return self._totals

    def _inner(self, key: str) -> object:
        inner = self.metadata.get("metadata")
        return inner.get(key) if isinstance(inner, dict) else None

    @property
    def name(self) -> str:
        """The trial's name: from the metadata, or from the directory if YAML read it as something else."""
        name = self._inner("name")
        if isinstance(name, str) and name:
            return name
        if is_alternative_name(self.path.name):
            return split_alternative_name(self.path.name)[0]
        return self.path.name

    @property
    def id(self) -> str | None:
        """The trial's UUID, or None if the metadata has none."""
        trial_id = self._inner("id")
        return trial_id if isinstance(trial_id, str) else None

    @property
    def status(self) -> str:
        """The status as written."""
        status = self.metadata.get("status")
        return status if isinstance(status, str) and status in STATUSES else INITIALIZING

    def standing(self) -> Facts:
        """Return what its state is derived from, as facts: the status, the noted ending and the recording process."""
        return WholeFacts(status=self.status, ending=ending_of(self.metadata), recorded=process.read(self.path))

    @property
    def state(self) -> State:
        """The current state."""
        facts = self.standing()
        facts.derive(last_write_s(self.path, signature_of(self.path)))
        return State(facts.state, facts.silent_s, facts.reason)

    @property
    def started(self) -> str | None:
        """When recording began, ISO 8601, or None."""
        return written_time(self.metadata.get("startTime"))

    @property
    def ended(self) -> str | None:
        """When recording ended, ISO 8601, or None."""
        return written_time(self.metadata.get("endTime"))

    @property
    def upload_settings(self) -> dict[str, object]:
        """The trial's upload settings: `folder_id`, `folder_path`, `make_folder`, `conflict_strategy`."""
        settings = self.metadata.get("_upload")
        return settings if isinstance(settings, dict) else {}

    @property
    def folder(self) -> str:
        """The folder that this trial will be uploaded to: an id, or a path as a server spells it, such as `/a/b`."""
        settings = self.upload_settings
        if settings.get("folder_id"):
            return str(settings["folder_id"])
        return folder_path_of(str(settings.get("folder_path") or DEFAULT_FOLDER))
