"""The files kept with a trial, wherever it is."""

from __future__ import annotations

from typing import NamedTuple

from aimd_core.objects.tree import LeftOut
from aimd_core.reading.kept_files import KeptFile, local_files
from aimd_core.sources.handles import TrialHandle
from aimd_core.sources.local import LocalTrial


class KeptFiles(NamedTuple):
    """The files kept with a trial.

    Attributes:
        files: By path.
        left_out: What is beside them and cannot be uploaded, each with the reason.
        ignored: How many files `.aimdignore` leaves out.
    """

    files: list[KeptFile]
    left_out: list[LeftOut]
    ignored: int = 0


def kept_files_of(trial: TrialHandle) -> KeptFiles:
    """Return the files kept with a trial. Those of a directory whose digest is not remembered are read.

    Raises:
        RemoteNotFoundError, NetworkError: From the server.
    """
    if isinstance(trial, LocalTrial):
        local = local_files(trial.trial.path)
        return KeptFiles(list(local.files.values()), local.left_out, local.ignored)
    from aimd_core.client.contents import files_of
    from aimd_core.sources.remote import RemoteTrial

    assert isinstance(trial, RemoteTrial)
    return KeptFiles(list(files_of(trial.source.server, trial.id)), [])
