"""Opens a trial on disk, to read it, upload it, or continue logging, also from an earlier step."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError, DiskError, UsageError
from aimd_core.format.layout import METRICS_FILE, default_directory, expanded, is_trial_directory
from aimd_core.format.segments import append_resume
from aimd_core.language import joined, said
from aimd_core.reading.documents import Trial as StoredTrial
from aimd_core.reading.selection import trial_at, trial_named
from t9k.aimd.ranks import current_rank
from t9k.aimd.stamps import timestamp
from t9k.aimd.trial import Trial
from t9k.aimd.values import as_int

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
    stored = (
        trial_at(expanded(trial_path)) if trial_path is not None else trial_named(str(trial_name), default_directory())
    )
    metadata, params = stored.metadata, stored.parameters
    if stored.damage or not isinstance(metadata.get("metadata"), dict) or stored.id is None:
        raise DamagedError(path=stored.path, reason=joined("; ", stored.damage) or "its metadata holds no trial id")
    metadata.setdefault("status", stored.status)
    metadata["_upload"] = {**stored.upload_settings, "load_path": str(stored.path)}
    path = stored.path.absolute()
    if from_step is not None:
        go_back(path, from_step)
    return Trial(path, metadata, params, loaded=True)


def find_stored(trial: str | os.PathLike[str]) -> StoredTrial:
    """Return the trial with a directory, or with an alternative name in `AIMD_DIR` or the working directory.

    Raises:
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: There is no such trial, or several.
    """
    path = expanded(trial)
    return (
        trial_at(path)
        if len(path.parts) > 1 or is_trial_directory(path)
        else trial_named(str(trial), default_directory())
    )


def go_back(path: Path, from_step: int) -> None:
    """Mark a trial's points from a step on as superseded by those that will be logged.

    In distributed training only the first process does so.

    Raises:
        TypeError: The step is not an integer.
        ValueError: The step has more than 64 bits.
        DiskError: The disk refused.
    """
    step = as_int("from_step", from_step)
    rank = current_rank()
    if rank is not None and rank.number > 0:
        return
    try:
        append_resume(path, step, timestamp())
    except OSError as error:
        raise refused(path, error) from error


def journal_bytes(path: Path) -> int:
    """Return the size of a trial's journal, in bytes; a missing one has none."""
    try:
        return (path / METRICS_FILE).lstat().st_size
    except FileNotFoundError:
        return 0


def refused(path: Path, error: OSError) -> DiskError:
    """Return the error for a trial whose files cannot be written."""
    return DiskError(path=path, reason=said("cannot be written ({strerror})", strerror=error.strerror))
