"""How a companion process sees, from the trial's files alone, whether training continues."""

from __future__ import annotations

from pathlib import Path

from aimd_core.reading.changes import States
from aimd_core.reading.facts import may_go_on


class Companion:
    """Stands next to a trial. Asking often is cheap: documents are read again only if they have changed.

    Attributes:
        path: The trial's directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._states = States()

    def goes_on(self) -> bool:
        """Tell whether the trial is unfinished and its process is alive or cannot be seen."""
        return self.path.is_dir() and may_go_on(self._states.look(self.path).state)
