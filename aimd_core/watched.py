"""A trial looked at again and again: what a query asks about it, now, at the cost of what is new."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError
from aimd_core.journal import Damage, JournalSummary, open_regular, read_records
from aimd_core.labels import Labels, read_labels
from aimd_core.model import flatten
from aimd_core.query import TrialFacts
from aimd_core.store import METRICS_FILE, Trial

_BLOCK_BYTES = 1 << 20


class WatchedTrial:
    """A trial whose journal is read on from where the last look ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._summary = JournalSummary()
        self._read_bytes = 0
        self._rest = b""

    def facts(self) -> TrialFacts:
        """Look at the trial now.

        Raises:
            DamagedError: Something other than a plain file is in the place of the journal.
        """
        trial = Trial(self.path)
        state = trial.state.name  # before the journal, so that an ended trial's last points are seen
        self._read_on()
        labels = _labels_of(self.path)
        return TrialFacts(
            name=trial.name,
            alternative_name=trial.alternative_name,
            id=trial.id or "",
            state=state,
            folder=trial.folder,
            started=trial.started,
            ended=trial.ended,
            tags=labels.tags,
            note=labels.note,
            params=flatten(trial.parameters),
            metrics={name: summary.as_dict() for name, summary in self._summary.metrics.items()},
            git=_mapping(trial.metadata.get("_git")),
            platform=flatten(_mapping(trial.metadata.get("platform"))),
        )

    def _read_on(self) -> None:
        try:
            file = open_regular(self.path / METRICS_FILE)
        except FileNotFoundError:
            return
        with file:
            if file.seek(0, 2) < self._read_bytes:  # another journal in its place
                self._summary, self._read_bytes, self._rest = JournalSummary(), 0, b""
            file.seek(self._read_bytes)
            while block := file.read(_BLOCK_BYTES):
                self._read_bytes += len(block)
                *lines, self._rest = (self._rest + block).split(b"\n")
                for record in read_records((line + b"\n" for line in lines), Damage()):
                    self._summary.add(record)


def _labels_of(path: Path) -> Labels:
    try:
        return read_labels(path)
    except DamagedError:
        return Labels()  # labels never keep a trial from being seen


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
