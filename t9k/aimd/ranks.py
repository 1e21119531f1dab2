"""Which process of a distributed training this is. By default only the first one records.

Recognised: torchrun and accelerate (`RANK`), Lightning's own launcher (`LOCAL_RANK`), Horovod, Open MPI, PMIx, MPICH
and Intel MPI (`PMI_RANK`), MVAPICH, SLURM (`SLURM_PROCID`).
"""

from __future__ import annotations

import os

# Rank and number of processes, most trusted first: torchrun runs inside of SLURM, so it comes first.
_VARIABLES = (
    ("RANK", "WORLD_SIZE"),
    ("HOROVOD_RANK", "HOROVOD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("PMIX_RANK", "SLURM_NTASKS"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
)
_GROUPS = ("TORCHELASTIC_RUN_ID", "SLURM_JOB_ID", "OMPI_MCA_ess_base_jobid", "MASTER_PORT")


class Rank:
    """One of several processes.

    Attributes:
        number: From 0.
        count: How many there are, 1 if unknown.
        group: What the processes of one training have in common, or None.
    """

    __slots__ = ("count", "group", "number")

    def __init__(self, number: int, count: int, group: str | None) -> None:
        self.number = number
        self.count = count
        self.group = group

    def as_dict(self) -> dict[str, object]:
        """Return it as in the metadata."""
        return {"rank": self.number, "world_size": self.count, "group": self.group}


def current_rank() -> Rank | None:
    """Return this process's rank, or None if its environment names no others."""
    for number_name, count_name in _VARIABLES:
        number, count = _whole(number_name), _whole(count_name)
        if number_name == "RANK" and count is None:
            continue  # too common a name to trust alone
        if number is None or (count is not None and count < 2 and number == 0):
            continue
        return _rank(number, count)
    return _local_rank()


def _local_rank() -> Rank | None:
    """Return the rank for a launcher that tells each process only its local rank."""
    rank, count = _whole("LOCAL_RANK"), _whole("WORLD_SIZE")
    if rank is None or count is None or count < 2:
        return None
    machine = _whole("NODE_RANK") or _whole("GROUP_RANK") or 0
    return _rank(rank + machine * max(_whole("LOCAL_WORLD_SIZE") or 1, rank + 1), count)


def _rank(number: int, count: int | None) -> Rank:
    group = next((os.environ[name] for name in _GROUPS if os.environ.get(name)), None)
    return Rank(number, max(count or 1, number + 1), group)


def _whole(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None
