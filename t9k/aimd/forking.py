"""Forks trials: a new one begins with another one's points, which do not change."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

from aimd_core.errors import DamagedError, UsageError
from aimd_core.format.journal import Damage
from aimd_core.format.layout import METRICS_FILE
from aimd_core.format.segments import SYSTEM_TYPE, Fork, append_segment, read_segments
from aimd_core.reading.media import copy_media
from aimd_core.reading.series import records_of
from t9k.aimd.creation import create_trial
from t9k.aimd.loading import find_stored, journal_bytes, refused
from t9k.aimd.params import plain_params
from t9k.aimd.silent import SilentTrial
from t9k.aimd.stamps import timestamp
from t9k.aimd.trial import Trial
from t9k.aimd.values import as_int

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_BUFFER_BYTES = 1 << 20


def fork_trial(
    parent: Trial | str | os.PathLike[str],
    from_step: int,
    trial_name: str | None = None,
    trial_params: object = None,
    **settings: Any,
) -> Trial:
    """Create a trial that begins with another one's points and media before a step.

    Args:
        parent: A trial, the directory of one, or an alternative name (or a prefix of exactly one) in the working
            directory.
        from_step: The first step that the new trial records itself. The parent's points without a step are copied, its
            system metrics are not.
        trial_name: The new trial's name; by default the parent's.
        trial_params: Parameters that are new or differ from the parent's.
        **settings: Arguments of `create_trial`; folder and conflict strategy are the parent's by default.

    Raises:
        TypeError: The step is not an integer, or JSON cannot represent a parameter.
        ValueError: The step has more than 64 bits.
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: There is no such parent, or several.
        DamagedError: The parent cannot be read.
        DiskError: The disk refused.
    """
    step = as_int("from_step", from_step)
    if "trial_path" in settings:
        raise UsageError(message="a fork takes its settings from its parent: leave out trial_path", hint="")
    stored = find_stored(parent.path if isinstance(parent, Trial) else parent)
    if stored.id is None:
        raise DamagedError(path=stored.path, reason="its metadata holds no trial id")
    params = {**stored.parameters, **plain_params(trial_params)}
    trial = create_trial(stored.path, trial_name, params, **settings)
    if isinstance(trial, SilentTrial):
        return trial
    try:
        offset = _copy_points(stored.path, trial.path, step)
        copy_media(stored.path, trial.path, step)
        trial._journal.start_anew()  # so that its receipt counts none of these as recorded by somebody else
        append_segment(trial.path, Fork(stored.id, stored.alternative_name, step, offset, timestamp()))
    except (OSError, DamagedError) as error:
        trial.fail(error)  # rather than a trial that seems to record, with a part of the curve
        if isinstance(error, DamagedError):
            raise
        raise refused(trial.path, error) from error
    return trial


def _copy_points(parent: Path, trial: Path, from_step: int) -> int:
    """Copy the parent's points before a step to a new trial, and return the number of bytes."""
    limit = read_segments(parent).before(from_step, journal_bytes(parent))
    lines = io.BytesIO()
    with open(trial / METRICS_FILE, "ab", buffering=0) as journal:
        for record in records_of(parent, Damage(), segments=limit):
            if SYSTEM_TYPE not in record:
                lines.write(json.dumps(record).encode() + b"\n")
            if lines.tell() >= _BUFFER_BYTES:
                _write(journal, lines)
        _write(journal, lines)
        os.fsync(journal.fileno())
        return journal.tell()


def _write(journal: Any, lines: io.BytesIO) -> None:
    content = memoryview(lines.getvalue())
    while content:
        content = content[journal.write(content) :]
    lines.seek(0)
    lines.truncate()
