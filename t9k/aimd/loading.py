"""Opens a trial on disk, to read it, upload it, or continue logging."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError, UsageError
from aimd_core.format.layout import default_directory, is_trial_directory
from aimd_core.reading.documents import Trial as StoredTrial
from aimd_core.reading.selection import trial_at, trial_named
from t9k.aimd.trial import Trial

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os


def load_trial(
    trial_path: str | os.PathLike[str] | None = None, trial_name: str | None = None, from_step: int | None = None
) -> Trial:
    """Load a trial from disk. Nothing changes until the first `log`, which sets the status back to `Running`.

    After a crash, load the trial with the step from which training continues. What was recorded from that step on stays
    in the files, but is superseded in every list, plot and export. This is written immediately.

    Args:
        trial_path: The trial's directory.
        trial_name: Its alternative name, or a prefix of exactly one, in `AIMD_DIR` or the working directory.
        from_step: The first step that is recorded again; by default all existing points count.

    Raises:
        TypeError: `from_step` is not an integer.
        ValueError: It has more than 64 bits.
        DiskError: The disk refused to store `from_step`.
        UsageError: Neither or both were given.
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: There is no such trial, or several.
        DamagedError: Its documents cannot be read.
    """
    if (trial_path is None) == (trial_name is None):
        raise UsageError(message="give either trial_path or trial_name", hint="")
    stored = trial_at(Path(trial_path)) if trial_path is not None else trial_named(str(trial_name), default_directory())
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
    """Return the trial with a directory, or with an alternative name in `AIMD_DIR` or the working directory.

    Raises:
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: There is no such trial, or several.
    """
    path = Path(trial)
    return (
        trial_at(path)
        if len(path.parts) > 1 or is_trial_directory(path)
        else trial_named(str(trial), default_directory())
    )
