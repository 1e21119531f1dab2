"""How a companion process sees, from the trial's files alone, whether training continues."""

from __future__ import annotations

from pathlib import Path

from aimd_core.format import process
from aimd_core.reading.facts import derive_state, ending_of, may_go_on
from aimd_core.reading.store import METADATA_FILE, Trial, last_write_s


class Watch:
    """Watches a trial. Asking often is cheap: documents are read again only if they have changed.

    Attributes:
        path: The trial's directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._signature: tuple[int, int] | None = None
        self._trial = Trial(path)

    def goes_on(self) -> bool:
        """Tell whether the trial is unfinished and its process is alive or cannot be seen."""
        try:
            status = (self.path / METADATA_FILE).lstat()
        except OSError:
            return self.path.is_dir()
        signature = (status.st_mtime_ns, status.st_ino)
        if signature != self._signature:
            self._signature = signature
            self._trial = Trial(self.path)
        ending = ending_of(self._trial.metadata)
        state = derive_state(self._trial.status, ending, process.read(self.path), last_write_s(self.path))
        return may_go_on(state.name)
