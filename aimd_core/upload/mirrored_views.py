"""Keeps views, baseline and note of a directory on the private server of `aimd console`, as they are now."""

from __future__ import annotations

import contextlib
from pathlib import Path

from aimd_core.client.v2 import Server
from aimd_core.client.views import FolderViews
from aimd_core.errors import AimdError, NetworkError, RefusedError, RemoteNotFoundError
from aimd_core.format.reports import note_path, read_note
from aimd_core.format.saved_views import VIEWS_FILE, may_be_name, read_baseline, read_views, views_path
from aimd_core.objects.copying import Stat, stat_at

_ROOT = "root"
_ANY = "*"  # whatever view is there, it is replaced: nobody else writes to the server


class ViewMirror:
    """Mirrors `views.yaml` and `note.md` to the root folder, from where views hold in all folders.

    Attributes:
        problems: What could not be shown: a sentence by the name of the file or of a view.
    """

    def __init__(self, directory: Path, server: Server) -> None:
        """Look at nothing yet."""
        self._directory = directory
        self._server = server
        self._views = FolderViews(server, "/", _ROOT)
        self._sent: tuple[Stat | None, Stat | None] = (None, None)
        self._has_sent = False
        self.problems: dict[str, str] = {}

    def round(self) -> int:
        """Bring the server up to date, and return whether anything may have changed there.

        Raises:
            NetworkError: The server is away or cannot store.
        """
        stamp = (stat_at(views_path(self._directory)), stat_at(note_path(self._directory)))
        if self._has_sent and stamp == self._sent:
            return 0
        self.problems = {}
        try:
            views = read_views(self._directory)
            baseline = read_baseline(self._directory)
            note = read_note(self._directory)
        except (AimdError, OSError) as error:
            self.problems[VIEWS_FILE] = str(error)
            self._sent, self._has_sent = stamp, True
            return 0
        there = {str(row["name"]) for row in self._views.all()}
        for name, view in views.items():
            self._put(name, view.document(), there)
        for name in there.difference(views):
            with contextlib.suppress(RemoteNotFoundError):
                self._views.remove(name, is_shared=True)
        self._server.call(None, "PUT", f"/folders/{_ROOT}/note", document={"note": note}, headers={"If-Match": _ANY})
        is_complete = self._set_baseline(None if baseline is None else baseline.id)
        self._sent, self._has_sent = stamp, is_complete
        return 1

    def _put(self, name: str, document: dict[str, object], there: set[str]) -> None:
        if not may_be_name(name):
            return  # no program looks for it by that name
        try:
            self._views.put(name, True, document, _ANY if name in there else None)
        except RefusedError as error:
            self.problems[f"@{name}"] = str(error)

    def _set_baseline(self, trial_id: str | None) -> bool:
        """Choose the baseline, and return False if its trial is not there yet."""
        try:
            self._views.set_baseline(trial_id)
        except NetworkError:
            raise
        except AimdError:
            return trial_id is None
        return True
