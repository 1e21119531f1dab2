"""The parameters of a trial, wherever it is, at the cost of nothing else."""

from __future__ import annotations

from aimd_core.errors import DamagedError
from aimd_core.format.model import flatten
from aimd_core.sources.handles import TrialHandle
from aimd_core.sources.local import LocalTrial


def params_of(trial: TrialHandle) -> dict[str, object]:
    """Return the parameters of a trial by dotted name; none if their file is damaged."""
    if isinstance(trial, LocalTrial):
        try:
            return flatten(trial.trial.parameters)
        except DamagedError:
            return {}
    from aimd_core.client.lists import facts_of  # which trials of directories do not need
    from aimd_core.sources.remote import RemoteTrial

    return dict(facts_of(trial.document).params) if isinstance(trial, RemoteTrial) else {}
