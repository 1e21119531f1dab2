"""Which process records a trial, and whether it is known to be gone.

`process.json` is written once, when recording begins. From it readers derive the trial's state without a daemon or a
heartbeat; only `aimd_core.reading.facts` does so.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from aimd_core.errors import DamagedError
from aimd_core.format.files import Unsynced, replace_file
from aimd_core.format.journal import open_regular
from aimd_core.format.portable import host_name

_MAX_BYTES = 1 << 20
_NO_RUN_ID = "none"  # what torchrun says without `--rdzv-id`
_SCHEDULED = {
    "slurm_array_job_id": "SLURM_ARRAY_JOB_ID",
    "slurm_array_task_id": "SLURM_ARRAY_TASK_ID",
    "slurm_nodes": "SLURM_JOB_NODELIST",
}


def capture() -> dict[str, object]:
    """Describe the calling process. Unknown values are None.

    Returns:
        `host`, `boot_id`, `pid_namespace`, `pid`, `process_start` (clock ticks since boot), `rank`,
        `slurm_job_id`, `kubernetes_pod`; and, where there is one, what the scheduler says: `slurm_array_job_id`,
        `slurm_array_task_id`, `slurm_nodes`, `gpus`, `elastic_run`.
    """
    pid = os.getpid()
    in_kubernetes = "KUBERNETES_SERVICE_HOST" in os.environ
    return {
        "host": host_name(),
        "boot_id": _boot_id(),
        "pid_namespace": _pid_namespace(),
        "pid": pid,
        "process_start": process_start(pid),
        "rank": _first_environment("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"),
        "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        "kubernetes_pod": os.environ.get("HOSTNAME") if in_kubernetes else None,
        **_scheduled(),
    }


def _scheduled() -> dict[str, object]:
    run = elastic_run()
    named = {name: os.environ.get(variable) for name, variable in _SCHEDULED.items()}
    named["gpus"] = _first_environment("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "SLURM_JOB_GPUS")
    return {name: value for name, value in {**named, "elastic_run": run}.items() if value}


def elastic_run() -> str | None:
    """Return what stays the same when torchrun restarts its workers, or None without torchrun.

    A run without an id of its own is known by the agent that starts the workers, which outlives them.
    """
    run = os.environ.get("TORCHELASTIC_RUN_ID")
    if run is None or run != _NO_RUN_ID:
        return run
    return f"{host_name()}:{os.getppid()}:{process_start(os.getppid())}"


def _first_environment(*names: str) -> str | None:
    return next((os.environ[name] for name in names if name in os.environ), None)


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def _pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def process_start(pid: int) -> int | None:
    """Return when a process of this host started, in clock ticks since boot, or None if it is gone or unknown."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = status.rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X"):  # a zombie records nothing anymore
        return None
    return int(fields[19])


def write(trial: Path, command: list[str], unsynced: Unsynced | None = None) -> None:
    """Write to `process.json` that the calling process records a trial.

    Args:
        trial: The trial's directory.
        command: The process's command line, without secrets.
        unsynced: As `replace_file` takes it.

    Raises:
        OSError: The disk refused.
    """
    document = {**capture(), "command": command}
    replace_file(trial / "process.json", json.dumps(document, indent=1).encode() + b"\n", unsynced=unsynced)


def read(trial: Path) -> dict[str, object] | None:
    """Return the content of a trial's `process.json`, or None if it cannot be read."""
    try:
        with open_regular(trial / "process.json") as file:
            document = json.loads(file.read(_MAX_BYTES))
    except (OSError, DamagedError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def is_gone(recorded: dict[str, object]) -> bool | None:
    """Tell whether the recorded process is gone; None if that cannot be seen from here."""
    if recorded.get("host") != host_name() or recorded.get("boot_id") is None:
        return None
    if recorded["boot_id"] != _boot_id():
        return True  # the same host was rebooted since
    if recorded.get("pid_namespace") != _pid_namespace():
        return None  # another container
    pid = recorded.get("pid")
    if not isinstance(pid, int):
        return None
    started = process_start(pid)
    return started is None or started != recorded.get("process_start")
