"""Processes that run next to the training process without disturbing it: the uploader and the system metrics.

A companion is started through a shell that exits at once, so that it is nobody's child: training code that waits for
its children never sees it, and neither process ends with the other. It watches the trial's files.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from aimd_core.format.layout import HOME
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping

LOGS_DIRECTORY = Path(HOME, "logs")
# Leaves the companion behind, and finally removes its log ($0) if it is empty.
_DETACH = '( "$@"; test -s "$0" || rm -f "$0" ) & exit 0'


def start(module: str, trial: Path, environment: Mapping[str, str] | None = None) -> None:
    """Start a module of this package as a companion of a trial.

    Args:
        module: Its name in `t9k.aimd`; it takes the trial's directory as its argument.
        trial: The trial's directory, below `.aimd/trials`.
        environment: Variables in addition to this process's; secrets go here, never on a command line.

    Raises:
        OSError: It cannot be started.
    """
    import subprocess  # loads what a script may never need

    logs = trial.parents[2] / LOGS_DIRECTORY
    logs.mkdir(parents=True, exist_ok=True)
    if not sys.executable:
        raise OSError("this program does not say which Python it runs in")
    settings = {**os.environ, **(environment or {})}
    log_path = logs.absolute() / f"{trial.name}.{module}.log"
    words = ["/bin/sh", "-c", _DETACH, str(log_path), sys.executable, "-c", _program(module), str(trial.absolute())]
    with log_path.open("ab") as log:
        ended = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=settings,
            start_new_session=True,
            check=False,
        )
    if ended.returncode:
        raise OSError(said("{command} ended with {status}", command=words[0], status=ended.returncode))


def _program(module: str) -> str:
    """Return code that runs a module from where this process finds it.

    The script's own directory comes last, so that a `random.py` beside a training script does not hide Python's.
    """
    script_directory, *others = sys.path
    paths = [os.path.abspath(path) for path in others if path]
    paths.append(os.path.abspath(script_directory))
    return f"import sys; sys.path[:] = {paths!r}; from t9k.aimd.{module} import main; main()"


class Companion:
    """Stands next to a trial. Asking often is cheap: documents are read again only if they have changed.

    Attributes:
        path: The trial's directory.
    """

    def __init__(self, path: Path) -> None:
        from aimd_core.reading.changes import States  # the training process, which starts companions, reads none

        self.path = path
        self._states = States()

    def goes_on(self) -> bool:
        """Tell whether the trial is unfinished and its process is alive or cannot be seen."""
        from aimd_core.reading.facts import may_go_on

        return self.path.is_dir() and may_go_on(self._states.look(self.path).state)
