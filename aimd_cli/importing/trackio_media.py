"""What Trackio keeps besides numbers: a value with a `_type`, whose content may be a file in the directory `media`.

Source: media/, table.py, histogram.py and markdown.py of the package trackio.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from aimd_cli.importing.files import FileList
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.named_files import NamedFiles
from aimd_core.format.histograms import merged
from aimd_core.format.media import AUDIO, HTML, IMAGE, MAX_AT_ONCE, OBJECT3D, VIDEO

_PREFIX = "trackio."
_FILES = (IMAGE, AUDIO, VIDEO, HTML, OBJECT3D)


class TrackioMedia:
    """Takes the values of a run that are not numbers.

    Attributes:
        media: What becomes media.
        files: What is kept as files.
    """

    def __init__(self, directory: Path, files: FileList) -> None:
        """Make an empty one.

        Args:
            directory: What the paths of files are relative to.
            files: Takes what is not media.
        """
        self.media = MediaList()
        self.files = files
        self._named = NamedFiles(directory, self.media, files)

    def note_missing(self) -> None:
        """Name what is missing."""
        self._named.note_missing()

    def add(self, key: str, step: int, time_s: float | None, content: object) -> bool:
        """Take a value, and return whether it is one that a trial can hold.

        Args:
            key: Its name.
            step: The step.
            time_s: When, in seconds since the epoch, or None.
            content: The value.
        """
        if isinstance(content, str):
            return self.media.add_text(key, step, time_s, content)
        kind = _kind_of(content)
        if not isinstance(content, dict) or kind is None:
            return False
        if kind in _FILES:
            self._named.add(key, step, time_s, kind, content.get("file_path"), content.get("caption"))
            return True
        value = content.get("_value")
        if kind == "markdown" and isinstance(value, str):
            return self.media.add_text(key, step, time_s, value, markdown=True)
        if kind == "histogram":
            return self._add_histogram(key, step, time_s, content)
        return kind == "table" and isinstance(value, list) and self._add_table(key, step, time_s, value)

    def _add_histogram(self, key: str, step: int, time_s: float | None, content: dict[str, Any]) -> bool:
        try:
            edges = [float(edge) for edge in content.get("bins") or ()]
            histogram = merged(edges, [round(count) for count in content.get("values") or ()])
        except (TypeError, ValueError, OverflowError):
            return False
        return self.media.add_histogram(key, step, time_s, histogram)

    def _add_table(self, key: str, step: int, time_s: float | None, rows: list[Any]) -> bool:
        """Take a table; pictures and the like in its cells are a gallery of their column."""
        if not all(isinstance(row, dict) for row in rows):
            return False
        columns = list(dict.fromkeys(name for row in rows for name in row))
        for name in columns:
            cells = (cell for row in rows for cell in _media_in(row.get(name)))
            for cell in islice(cells, MAX_AT_ONCE):
                self.add(f"{key}/{name}", step, time_s, cell)
        plain = [[_cell(row.get(name)) for name in columns] for row in rows]
        return self.media.add_table(key, step, time_s, columns, plain)


def _kind_of(content: object) -> str | None:
    kind = content.get("_type") if isinstance(content, dict) else None
    return kind.removeprefix(_PREFIX) if isinstance(kind, str) and kind.startswith(_PREFIX) else None


def _media_in(cell: object) -> Iterator[object]:
    for item in cell if isinstance(cell, list) else [cell]:
        if _kind_of(item) in _FILES:
            yield item


def _cell(cell: object) -> object:
    shown = [item for item in _media_in(cell) if isinstance(item, dict)]
    if shown:
        return ", ".join(str(item.get("caption") or item.get("file_path") or "") for item in shown)
    return cell if isinstance(cell, (str, int, float, bool, type(None))) else json.dumps(cell)
