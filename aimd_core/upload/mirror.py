"""Keeps a private server up to date with the trials of a directory, for `aimd console`.

Unlike an upload, a mirror also removes trials that were removed here, takes over names, tags and notes, and sends a
rewritten journal again. Local files are only read. What was sent is saved next to the server's data, as a digest of
size, time and inode of each file; losing it costs only time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aimd_core.client.v2 import Server
from aimd_core.errors import AimdError, ContentDiffersError, DamagedError, NetworkError, RemoteNotFoundError
from aimd_core.format.files import replace_file
from aimd_core.format.labels import Labels, read_labels
from aimd_core.format.layout import ALL_FILES, LABELS_FILE, list_names, signature_of
from aimd_core.format.model import SUCCEEDED
from aimd_core.reading.changes import Look, States
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import is_live, may_go_on
from aimd_core.upload.contents import Destination, Result, quick_id
from aimd_core.upload.following import BEAT_S
from aimd_core.upload.remote import epoch_of

MEMORY_FILE = "mirrored.json"
FEW = 500  # up to this many trials are scanned every round
WHOLE_EVERY_S = 5.0  # with more, ended trials are scanned this often
SAVE_EVERY_S = 60.0

_DESTINATION = Destination(make_folder=True, conflict_strategy="new", with_artifacts=False)
Upload = Callable[[Sequence[Trial], Destination], Iterator[Result]]


class Shown(NamedTuple):
    """What uploads do not change on the server: a trial's name, tags and note."""

    name: str
    tags: tuple[str, ...]
    note: str


class Sent(NamedTuple):
    """What was sent of a trial: its id, the signature of its files, and its state."""

    id: str
    signature: str
    state: str

    @property
    def is_open(self) -> bool:
        """Whether the state can change although the files do not."""
        return may_go_on(self.state)


class Mirror:
    """Mirrors the trials of a directory to a server.

    Attributes:
        problems: What could not be shown: a sentence by directory name.
        total: The number of local trials.
        waiting: How many of them have not been sent yet.
    """

    def __init__(self, directory: Path, server: Server, upload: Upload, memory: Path) -> None:
        """Ask the server what it has.

        Args:
            directory: As `find_trials` takes it.
            server: The server; nobody else writes to it.
            upload: Uploads trials and yields the results.
            memory: Where to save what was sent.

        Raises:
            NetworkError: The server does not answer.
        """
        self.directory = directory
        self._server = server
        self._upload = upload
        self._memory = memory / MEMORY_FILE
        self._epoch = epoch_of(server)
        self._there = {str(trial["id"]): _shown(trial) for trial in server.trials()}
        remembered = _read_memory(self._memory, str(directory), self._epoch)
        self._sent = {name: sent for name, sent in remembered.items() if sent.id in self._there}
        self._states = States()
        self._whole_s = self._saved_s = -1e9
        self._sent_s: dict[str, float] = {}  # when a trial was sent last
        self._changed = False
        self.problems: dict[str, str] = {}
        self.total = self.waiting = 0

    def round(self) -> int:
        """Bring the server up to date, and return how many trials changed there.

        Raises:
            NetworkError: The server is away or cannot store; what was done so far stays.
        """
        names = self._names()
        if names is None:
            return 0
        parent, listed = names
        self.total = len(listed)
        due = self._due(parent, listed)
        gone = set(self._sent).difference(listed)
        self._forget_old_names(gone, due)
        changed = self._send(due) + self._remove(gone)
        self._save(is_forced=False)
        return changed

    def is_same_server(self) -> bool:
        """Ask whether the server still has what it had; if not, another mirror must compare everything."""
        return epoch_of(self._server) == self._epoch

    def close(self) -> None:
        """Save what was sent."""
        self._save(is_forced=True)

    def _names(self) -> tuple[Path, list[str]] | None:
        """Return where the trials are and their names, or None if that cannot be read now."""
        try:
            return list_names(self.directory)
        except FileNotFoundError:
            return self.directory, []
        except OSError:
            return None  # a network file system that is away does not mean that trials were removed

    def _due(self, parent: Path, names: Sequence[str]) -> dict[str, Look]:
        """Return the trials that differ from the server, newest first, as they are now."""
        is_whole = len(names) <= FEW or time.monotonic() - self._whole_s > WHOLE_EVERY_S
        if is_whole:
            self._whole_s = time.monotonic()
        due: dict[str, Look] = {}
        for name in names:
            sent = self._sent.get(name)
            # Of one that has ended, only the files can change.
            if (
                sent is not None
                and not sent.is_open
                and (not is_whole or sent.signature == _digest(signature_of(parent / name, ALL_FILES)))
            ):
                continue
            look = self._states.look(parent / name)
            is_beat = is_live(look.state) and time.monotonic() - self._sent_s.get(name, -1e9) >= BEAT_S
            if sent is None or sent.signature != _digest(look.signature) or sent.state != look.state or is_beat:
                due[name] = look  # from before the upload, so a change in the meantime is sent in the next round
        return due

    def _forget_old_names(self, gone: set[str], due: dict[str, Look]) -> None:
        """Remove from `gone` those that are here under new names."""
        if gone:
            here = {quick_id(look.path) for look in due.values()}
            for name in [name for name in gone if self._sent[name].id in here]:
                del self._sent[name]
                gone.remove(name)

    def _send(self, due: dict[str, Look]) -> int:
        self.waiting, changed = len(due), 0
        for result in self._upload([Trial(look.path) for look in due.values()], _DESTINATION):
            self.waiting -= 1
            name = result.trial.alternative_name
            try:
                self._take(result)
            except NetworkError:
                raise
            except (AimdError, OSError) as error:
                self.problems[name] = str(error)
                self._sent[name] = Sent(quick_id(result.trial.path) or name, _digest(due[name].signature), SUCCEEDED)
                continue
            self.problems.pop(name, None)
            self._sent_s[name] = time.monotonic()
            self._sent[name] = Sent(str(result.trial.id), _digest(due[name].signature), due[name].state)
            self._changed = True
            changed += 1
        return changed

    def _take(self, result: Result) -> None:
        """Settle what an upload leaves open: a rewritten journal, the name, tags and note."""
        trial = result.trial
        if isinstance(result.error, ContentDiffersError):
            self._forget(str(trial.id))
            result = next(iter(self._upload([Trial(trial.path)], _DESTINATION)))
        if result.error is not None:
            raise result.error
        assert result.uploaded is not None
        trial_id = result.uploaded.trial_id
        before = self._there.get(trial_id) or Shown(result.uploaded.name, (), "")
        labels = _labels(trial.path)
        shown = Shown(before.name, tuple(labels.tags), labels.note)
        if before.name not in (trial.name, trial.alternative_name):
            shown = shown._replace(name=trial.name)
        self._there[trial_id] = self._show(trial, trial_id, before, shown)

    def _show(self, trial: Trial, trial_id: str, before: Shown, shown: Shown) -> Shown:
        """Set name, tags and note on the server, and return what it shows."""
        changes: dict[str, Any] = {}
        if shown.tags != before.tags:
            changes["tags"] = list(shown.tags)
        if shown.note != before.note:
            changes["note"] = shown.note
        if shown.name != before.name:
            changes["name"] = shown.name
        if not changes:
            return before
        path = f"/trials/{trial_id}"
        try:
            self._server.call(None, "PATCH", path, document=changes)
        except AimdError as error:
            if "name" not in changes or isinstance(error, NetworkError):
                raise
            shown = shown._replace(name=trial.alternative_name)
            self._server.call(None, "PATCH", path, document={**changes, "name": shown.name})
        return shown

    def _remove(self, gone: set[str]) -> int:
        """Remove from the server what is no longer here, including what went while nobody watched."""
        for name in gone:
            del self._sent[name]
            self.problems.pop(name, None)
            self._changed = True
        listed = {sent.id for sent in self._sent.values()}
        strays = [trial_id for trial_id in self._there if trial_id not in listed]
        for trial_id in strays:
            self._forget(trial_id)
        return len(strays)

    def _forget(self, trial_id: str) -> None:
        """Remove a trial from the server."""
        if self._there.pop(trial_id, None) is not None:
            with contextlib.suppress(RemoteNotFoundError):
                self._server.call(None, "DELETE", f"/trials/{trial_id}")

    def _save(self, is_forced: bool) -> None:
        if not self._changed or (not is_forced and time.monotonic() - self._saved_s < SAVE_EVERY_S):
            return
        self._changed, self._saved_s = False, time.monotonic()
        trials = {name: list(sent) for name, sent in self._sent.items()}
        document = {"directory": str(self.directory), "epoch": self._epoch, "trials": trials}
        with contextlib.suppress(OSError):  # the next start then asks the server about each trial
            replace_file(self._memory, json.dumps(document).encode("utf-8", "surrogatepass"), mode=0o600)


def _digest(signature: bytes) -> str:
    return hashlib.sha256(signature).hexdigest()[:24]


def _read_memory(file: Path, directory: str, epoch: str | None) -> dict[str, Sent]:
    try:
        document = json.loads(file.read_bytes())
        if document["directory"] != directory or document["epoch"] != epoch:
            return {}
        return {
            str(name): Sent(str(trial_id), str(signed), str(state))
            for name, (trial_id, signed, state) in document["trials"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _shown(trial: dict[str, Any]) -> Shown:
    return Shown(str(trial.get("name")), tuple(trial.get("tags") or ()), str(trial.get("note") or ""))


def _labels(path: Path) -> Labels:
    if not (path / LABELS_FILE).exists():
        return Labels()
    try:
        return read_labels(path)
    except DamagedError:
        return Labels()  # damaged labels do not hide a trial
