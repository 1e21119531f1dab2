"""Values of a run that are files next to its records: media if browsers show them, else files of the trial."""

from __future__ import annotations

import os
from pathlib import Path

from aimd_cli.importing.files import FileList, path_below
from aimd_cli.importing.media import MediaList
from aimd_core.errors import DamagedError
from aimd_core.format.journal import open_regular
from aimd_core.format.media import KINDS
from aimd_core.format.names import safe_name
from aimd_core.language import said
from aimd_core.objects.copying import Stored, digest_file


class NamedFiles:
    """Takes the files that the values of a run name, all below one directory."""

    def __init__(self, directory: Path, media: MediaList, files: FileList) -> None:
        self._directory = directory
        self._media = media
        self._files = files
        self._missing: list[str] = []

    def add(
        self,
        key: str,
        step: int,
        time_s: float | None,
        kind: str,
        name: object,
        caption: object = "",
        stored: Stored | None = None,
    ) -> None:
        """Take a file, or remember that it is not there.

        Args:
            key: The name of the value.
            step: The step.
            time_s: When, in seconds since the epoch, or None.
            kind: One of `aimd_core.format.media.KINDS`, or another word.
            name: Its path in the directory, as the source says.
            caption: What people read below it.
            stored: Size and digest that the source names.
        """
        path = path_below(self._directory, name)
        if path is None or not _is_whole(path, stored):
            self._missing.append(str(name))
            return
        words = caption if isinstance(caption, str) else ""
        if kind in KINDS and self._media.add_file(key, step, time_s, kind, path, words):
            return
        self._files.add(f"media/{safe_name(key, 'media')}/{step}-{safe_name(path.name, 'file')}", path)

    def note_missing(self) -> None:
        """Name a file that is missing, and how many there are."""
        if self._missing:
            reason = said(
                "{count:,} files of media are missing, not the recorded ones, or elsewhere, such as {name}",
                count=len(self._missing),
                name=ascii(self._missing[0][:200]),
            )
            self._files.note(self._directory, reason)


def _is_whole(path: Path, stored: Stored | None) -> bool:
    """Tell whether a file can be read, and has the bytes that its source names."""
    try:
        with open_regular(path) as file:
            if stored is None:
                return True
            if os.fstat(file.fileno()).st_size != stored.size_bytes:
                return False
            return not stored.digest or digest_file(file, path) == stored
    except (OSError, DamagedError):
        return False
