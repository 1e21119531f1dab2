"""How a companion process sees whether the training that it stands beside still goes on: by its files alone."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError
from aimd_core.format import process
from aimd_core.format.model import UNFINISHED
from aimd_core.reading.store import METADATA_FILE, Trial


class Watch:
    """Watches one trial. Asking often is cheap: documents are read again only when they have changed.

    Attributes:
        path: The trial's directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._signature: tuple[int, int] | None = None
        self._unfinished = True

    def goes_on(self) -> bool:
        """Tell whether the trial is unfinished and its process is alive, or cannot be seen."""
        recorded = process.read(self.path)
        if recorded is not None and process.is_gone(recorded):
            return False
        try:
            status = (self.path / METADATA_FILE).lstat()
        except OSError:
            return self.path.is_dir()
        signature = (status.st_mtime_ns, status.st_ino)
        if signature != self._signature:
            self._signature = signature
            self._unfinished = self._read_unfinished()
        return self._unfinished

    def _read_unfinished(self) -> bool:
        trial = Trial(self.path)
        try:
            return trial.status in UNFINISHED and not trial.metadata.get("_exit")
        except DamagedError:
            return True
