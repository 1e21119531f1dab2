"""Opens a trial that is on disk, to look at it, upload it, or go on logging into it."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError, UsageError
from aimd_core.reading.selection import trial_at, trial_named
from t9k.aimd.trial import Trial

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    import os


def load_trial(trial_path: str | os.PathLike[str] | None = None, trial_name: str | None = None) -> Trial:
    """Load a trial from disk. Nothing is changed until the first `log`, which takes its status back to `Running`.

    Args:
        trial_path: The trial's directory.
        trial_name: Its alternative name, or a prefix of exactly one, in the working directory.

    Raises:
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
    return Trial(stored.path.absolute(), metadata, params, loaded=True)
