"""Processes that stand beside the training process and never in its way: the uploader and the system metrics.

A companion is started through a shell that leaves at once, so that it is nobody's child: training code that waits for
its own children never meets it, and the end of one is never the end of the other. It watches the trial's files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Mapping

LOGS_DIRECTORY = Path(".aimd", "logs")
# Leaves the companion behind, and removes its log ($0) in the end when nothing was said in it.
_DETACH = '( "$@"; test -s "$0" || rm -f "$0" ) & exit 0'


def start(module: str, trial: Path, environment: Mapping[str, str] | None = None) -> None:
    """Start a module of this package as a companion of a trial.

    Args:
        module: Its name in `t9k.aimd`; it takes the trial's directory as its argument.
        trial: The trial's directory, below `.aimd/trials`.
        environment: Variables beside those of this process; secrets travel here, never on a command line.

    Raises:
        OSError: It cannot be started.
    """
    logs = trial.parents[2] / LOGS_DIRECTORY
    logs.mkdir(parents=True, exist_ok=True)
    settings = {**os.environ, **(environment or {}), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    log_path = logs.absolute() / f"{trial.name}.{module}.log"
    with log_path.open("ab") as log:
        subprocess.run(
            [
                "/bin/sh",
                "-c",
                _DETACH,
                str(log_path),
                sys.executable,
                "-m",
                f"t9k.aimd.{module}",
                str(trial.absolute()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=settings,
            start_new_session=True,
            check=True,
        )
