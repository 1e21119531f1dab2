"""Opens a trial that is on disk, to look at it, upload it, or go on logging into it."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError, UsageError
from aimd_core.reading.selection import trial_at, trial_named
from aimd_core.reading.store import Trial as StoredTrial
from aimd_core.reading.store import is_trial_directory
from t9k.aimd.trial import Trial

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    import os


def load_trial(
    trial_path: str | os.PathLike[str] | None = None, trial_name: str | None = None, from_step: int | None = None
) -> Trial:
    """Load a trial from disk. Nothing is changed until the first `log`, which takes its status back to `Running`.

    After a crash, load the trial with the step that training goes on from: what was recorded from that step on is kept,
    and superseded by what is logged now, in every list, plot and export. That is written at once.

    Args:
        trial_path: The trial's directory.
        trial_name: Its alternative name, or a prefix of exactly one, in the working directory.
        from_step: The step from which on points are recorded anew; unless told, those that are there all count.

    Raises:
        TypeError: `from_step` is no whole number.
        DiskError: The disk refused to keep `from_step`.
        UsageError: Neither or both were given.
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: There is no such trial, or several.
        DamagedError: Its documents cannot be read.
    """
    if (trial_path is None) == (trial_name is None):
        raise UsageError(message="give trial_path or trial_name, one of them", hint="")
    stored = trial_at(Path(trial_path)) if trial_path is not None else trial_named(str(trial_name), Path())
    metadata, params = stored.metadata, stored.parameters
    if stored.damage or not isinstance(metadata.get("metadata"), dict) or stored.id is None:
        raise DamagedError(path=stored.path, reason="; ".join(stored.damage) or "its metadata holds no trial id")
    metadata.setdefault("status", stored.status)
    metadata["_upload"] = {**stored.upload_settings, "load_path": str(stored.path)}
    path = stored.path.absolute()
    if from_step is not None:
        from t9k.aimd.forking import go_back

        go_back(path, from_step)
    return Trial(path, metadata, params, loaded=True)


def find_stored(trial: str | os.PathLike[str]) -> StoredTrial:
    """Return the trial on disk that is meant by its directory, or by its alternative name in the working directory.

    Raises:
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: There is no such trial, or several.
    """
    path = Path(trial)
    return trial_at(path) if len(path.parts) > 1 or is_trial_directory(path) else trial_named(str(trial), Path())
