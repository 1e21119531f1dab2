"""Continues the trial of a job that SLURM has put back into its queue, or whose workers torchrun has restarted.

The alternative would be a second trial for the same training.
"""

from __future__ import annotations

import os

from aimd_core.errors import NoTrialsError
from aimd_core.format import process
from aimd_core.format.model import FAILED, SUCCEEDED, split_alternative_name
from aimd_core.language import said
from aimd_core.reading.facts import is_seen_alive
from aimd_core.reading.selection import trials_in
from t9k.aimd.loading import load_trial
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aimd_core.reading.documents import Trial as StoredTrial
    from t9k.aimd.trial import Trial

_PROCESS = ("host", "boot_id", "pid_namespace", "pid", "process_start")  # what tells processes apart


def earlier_trial(directory: Path, name: str, params: Mapping[str, object]) -> Trial | None:
    """Return the trial that this job recorded before it was started again, or None.

    What it has from the step that is logged first now is superseded.

    Args:
        directory: The directory that holds `.aimd`.
        name: The trial's name.
        params: The parameters that it was created with, as plain data: several trials of one job may have one name.
    """
    job, run = os.environ.get("SLURM_JOB_ID"), process.elastic_run()
    try:
        trials = trials_in(directory)
    except NoTrialsError:
        return None
    earlier: list[tuple[StoredTrial, dict[str, object], bool]] = []  # the newest first
    for stored in trials:
        if split_alternative_name(stored.path.name)[0] != name or stored.status == SUCCEEDED:
            continue
        recorded = process.read(stored.path) or {}
        is_same_run = run is not None and recorded.get("elastic_run") == run
        is_same_job = job is not None and recorded.get("slurm_job_id") == job and stored.status != FAILED
        is_taken = is_seen_alive(recorded)  # by this process, which has created another trial of this name
        if (is_same_run or is_same_job) and not is_taken and params.items() <= stored.parameters.items():
            earlier.append((stored, recorded, is_same_job))
    # The last process may have recorded several of this name at once: they go on in the order in which it created them.
    of_last = [entry for entry in earlier if all(entry[1].get(key) == earlier[0][1].get(key) for key in _PROCESS)]
    if not of_last:
        return None
    stored, _, is_same_job = min(of_last, key=lambda entry: entry[0].started or "")
    trial = go_on(stored.path)
    if is_same_job:
        tell(said("job {job} was requeued: {name} goes on", job=job, name=trial.alternative_name))
    else:
        tell(said("torchrun started its workers again: {name} goes on", name=trial.alternative_name))
    return trial


def go_on(path: Path) -> Trial:
    """Return a trial that this process records now; what it has from the step that is logged first is superseded.

    Args:
        path: The trial's directory.
    """
    trial = load_trial(path)
    trial._goes_back = True
    trial._resume()
    return trial
