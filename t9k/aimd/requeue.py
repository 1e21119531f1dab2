"""Continues the trial of a job that SLURM has put back into its queue, instead of a second trial for the same one."""

from __future__ import annotations

import os

from aimd_core.errors import NoTrialsError
from aimd_core.format import process
from aimd_core.format.model import FAILED, SUCCEEDED, split_alternative_name
from aimd_core.language import said
from aimd_core.reading.selection import trials_in
from t9k.aimd.loading import load_trial
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from t9k.aimd.trial import Trial


def earlier_trial(directory: Path, name: str, params: Mapping[str, object]) -> Trial | None:
    """Return the trial that this job recorded before it was requeued, or None.

    What it has from the step that is logged first now is superseded.

    Args:
        directory: The directory that holds `.aimd`.
        name: The trial's name.
        params: The parameters that it was created with, as plain data: several trials of one job may have one name.
    """
    job = os.environ.get("SLURM_JOB_ID")
    try:
        trials = trials_in(directory)
    except NoTrialsError:
        return None
    for stored in trials:
        if split_alternative_name(stored.path.name)[0] != name or stored.status in (SUCCEEDED, FAILED):
            continue
        recorded = process.read(stored.path) or {}
        if recorded.get("slurm_job_id") == job and params.items() <= stored.parameters.items():
            trial = load_trial(stored.path)
            trial._goes_back = True
            trial._resume()
            tell(said("job {job} was requeued: {name} goes on", job=job, name=trial.alternative_name))
            return trial
    return None
