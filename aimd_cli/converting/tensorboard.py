"""Writes a run as TensorBoard event files: scalars, hyperparameters, and how the session ended.

A metric whose values need more than the 32 bits of a classic scalar is written as tensors of 64.
"""

from __future__ import annotations

from pathlib import Path

from aimd_cli.importing.run import ImportedRun
from aimd_core.format.event_files import (
    FILE_MARK,
    event_record,
    fits_single,
    scalar_value,
    session_end_value,
    session_start_value,
    summary_event,
    version_event,
)
from aimd_core.format.model import FAILED, SUCCEEDED, flatten

_STATUSES = {SUCCEEDED: 1, FAILED: 2}  # of the hparams plugin; without one it is unknown


def write_tensorboard(run: ImportedRun, directory: Path, run_id: str) -> None:
    """Write the event file of a run into its directory, under a name that no other run's file has."""
    times = [time_s for point in run.points if (time_s := point.time_s) is not None]
    started_s = run.ending.started_s or min(times, default=0.0)
    ended_s = run.ending.ended_s or max(times, default=started_s)
    wide = {point.key for point in run.points if not fits_single(point.value)}
    with (directory / f"{FILE_MARK}{int(started_s)}.aimd.{run_id}").open("xb") as file:
        file.write(event_record(version_event(started_s)))
        session = session_start_value(flatten(dict(run.params)), started_s)
        file.write(event_record(summary_event(started_s, 0, session)))
        for point in run.points:
            time_s = ended_s if point.time_s is None else point.time_s
            value = scalar_value(point.key, point.value, point.key in wide)
            file.write(event_record(summary_event(time_s, point.step, value)))
        ending = session_end_value(_STATUSES.get(run.ending.status), ended_s)
        file.write(event_record(summary_event(ended_s, 0, ending)))
