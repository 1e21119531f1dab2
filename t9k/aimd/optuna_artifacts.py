"""A store for `optuna.artifacts` that keeps each artifact as a file of a trial, below its `files/optuna/`."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from contextvars import ContextVar
from pathlib import Path

from aimd_core.errors import UsageError
from aimd_core.format.layout import FILES_DIRECTORY, TRIALS_DIRECTORY, default_directory, expanded
from aimd_core.format.relative_paths import path_fault
from t9k.aimd.frameworks import load_framework
from t9k.aimd.trial_source import TrialSource

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    from t9k.aimd.trial import Trial

__all__ = ["RECORDING", "AIMDArtifactStore"]

_FOLDER = "optuna"  # below the trial's files; in it one for each artifact
_UNNAMED = "artifact"  # a file of what has no name
RECORDING: ContextVar[Trial | None] = ContextVar("RECORDING", default=None)  # of the objective that runs in this thread


class AIMDArtifactStore:
    """Keeps artifacts with the trials: those of an objective that `track` records with its trial, others with its own.

    It has the methods of Optuna's `ArtifactStore`, and `optuna.artifacts.Backoff` can wrap it. Like `Trial.save`, it
    never breaks training because of the disk: what cannot be kept is a warning.
    """

    def __init__(
        self, trial: Trial | str | None = None, *, dir: str | os.PathLike[str] | None = None, **settings: Any
    ) -> None:
        """Keep artifacts.

        Args:
            trial: For what is uploaded while no objective runs, such as artifacts of a study: a trial from
                `aimd.create_trial`, or the name of one that is created for them.
            dir: The directory that holds `.aimd`, as for `aimd.create_trial`; artifacts are looked up there.
            **settings: More arguments of `aimd.create_trial` for that one, such as `folder_path`.
        """
        self._source: TrialSource | None = None
        if trial is not None or settings:
            where = {} if dir is None or not isinstance(trial, (str, type(None))) else {"dir": dir}
            self._source = TrialSource(type(self).__name__, trial, {**settings, **where})
        self._directory = os.path.abspath(default_directory() if dir is None else expanded(dir))
        self._paths: dict[str, Path] = {}  # of what this object wrote

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep an artifact.

        Args:
            artifact_id: Its id.
            content_body: An open file.

        Raises:
            ValueError: The id leads elsewhere, such as `../x`.
            UsageError: No objective runs, and this has no trial of its own.
        """
        trial = self._trial()
        path = _path_read(content_body)
        name = os.path.basename(path or str(getattr(content_body, "name", "")))
        target = f"{_FOLDER}/{artifact_id}/{_UNNAMED if path_fault(name) else name}"
        if path is not None:
            saved = trial.save(path, target)
        else:
            with tempfile.TemporaryDirectory(prefix="aimd-artifact-") as directory:
                path = os.path.join(directory, _UNNAMED)
                with open(path, "wb") as file:
                    shutil.copyfileobj(content_body, file)
                saved = trial.save(path, target)
        if saved:
            self._paths[artifact_id] = trial.path / FILES_DIRECTORY / target

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Return an artifact as a file that is open for reading.

        Raises:
            ArtifactNotFound: No artifact has this id.
        """
        try:
            return open(self._path_of(artifact_id), "rb")
        except FileNotFoundError:
            raise _not_found(artifact_id) from None

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact from its trial. Errors as `open_reader`."""
        path = self._path_of(artifact_id)
        self._paths.pop(artifact_id, None)
        shutil.rmtree(path.parent, ignore_errors=True)

    def _trial(self) -> Trial:
        trial = RECORDING.get()
        if trial is not None:
            return trial
        if self._source is None:
            raise UsageError(
                message="no recorded objective runs here, and the artifact store has no trial of its own",
                hint="AIMDArtifactStore('name') keeps such artifacts in a trial of that name",
            )
        return self._source.trial

    def _path_of(self, artifact_id: str) -> Path:
        """Return the file of an artifact, of whatever process it is."""
        path = self._paths.get(artifact_id)
        if path is None and not path_fault(artifact_id):
            trials = Path(self._directory, TRIALS_DIRECTORY)
            pattern = f"*/{FILES_DIRECTORY}/{_FOLDER}/{glob.escape(artifact_id)}/*"
            path = next((match for match in trials.glob(pattern) if match.is_file()), None)
        if path is None:
            raise _not_found(artifact_id)
        return path


def _path_read(content: BinaryIO) -> str | None:
    """Return the path of the file that an open one reads from its beginning, or None."""
    name = getattr(content, "name", None)
    try:
        if isinstance(name, str) and content.tell() == 0:
            path = os.path.abspath(name)
            return path if os.path.samestat(os.fstat(content.fileno()), os.stat(path)) else None
    except (OSError, ValueError):  # it is in memory, or was removed
        pass
    return None


def _not_found(artifact_id: str) -> Exception:
    error: Exception = load_framework("optuna.artifacts.exceptions", "optuna").ArtifactNotFound(artifact_id)
    return error
