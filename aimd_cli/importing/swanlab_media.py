"""What SwanLab keeps besides numbers: records that name files in `media` next to it, or the text itself.

Source: swanlab/proto and sdk/internal/run/transforms of SwanLab 0.10, swanlab/data/porter of 0.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import read_json
from aimd_cli.importing.files import FileList, path_below
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.named_files import NamedFiles
from aimd_cli.importing.wire import fields, inner, signed, text, timestamp_s
from aimd_core.errors import DamagedError
from aimd_core.format.media import MAX_AT_ONCE, TEXT
from aimd_core.format.values import require_step
from aimd_core.objects.copying import Stored

KINDS = {
    2: "image",
    3: "audio",
    4: "text",
    5: "video",
    6: "echarts",
    7: "object3d",
    8: "molecule",
    9: "html",
}  # ColumnType
_OWN_FILES = ("config.yaml", "requirements.txt", "swanlab-metadata.json", "conda.yaml")


class SwanMedia:
    """Takes the media of a run, and the files that its script saved.

    Attributes:
        media: What becomes media.
        files: What is kept as files.
    """

    def __init__(self, run: Path, files: FileList) -> None:
        """Make an empty one.

        Args:
            run: The directory of the run.
            files: Takes what is not media.
        """
        self.media = MediaList()
        self.files = files
        self._directory = run / "media"
        self._named = NamedFiles(self._directory, self.media, files)
        self._kinds: dict[str, str] = {}  # of a column, by its name, in records of JSON

    def note_missing(self) -> None:
        """Name what is missing."""
        self._named.note_missing()

    def take(self, message: bytes) -> None:
        """Take a MediaRecord.

        Raises:
            WireError: It is not one.
            ValueError: Its step is not one.
        """
        key, step, time_s, number_of, items = "", 0, None, 0, []
        for number, _, value in fields(message):
            if number == 1:
                key = text(value)
            elif number == 2:
                step = require_step(signed(value))
            elif number == 3:
                number_of = signed(value)
            elif number == 4:
                time_s = timestamp_s(inner(value))
            elif number == 5:
                items += [_item(inner(item)) for field, _, item in fields(inner(value)) if field == 1]
        kind = KINDS.get(number_of, "media")
        for name, caption, stored in islice(items, MAX_AT_ONCE):
            self._add(key, step, time_s, kind, f"{kind}/{name}", caption, stored)

    def take_column(self, data: dict[str, Any]) -> None:
        """Take a record of JSON that says of which kind a column is."""
        self._kinds[str(data["key"])] = str(data["column_type"]).lower()

    def take_json(self, data: dict[str, Any], time_s: float | None) -> None:
        """Take a record of JSON with media.

        Raises:
            ValueError: Its step is not one.
        """
        key, step, metric = str(data["key"]), require_step(data["step"]), data["metric"]
        kind = self._kinds.get(key, "media")
        captions = metric.get("more") or []
        if not isinstance(metric["data"], list):
            raise ValueError(key)
        for number, name in islice(enumerate(metric["data"]), MAX_AT_ONCE):
            more = captions[number] if number < len(captions) else None
            caption = more.get("caption") if isinstance(more, dict) else None
            if kind == TEXT and data.get("buffers_name") is None:
                self.media.add_text(key, step, time_s, str(name))
            else:
                self._add(key, step, time_s, kind, f"{data['kid']}/{name}", caption, None)

    def _add(
        self, key: str, step: int, time_s: float | None, kind: str, name: str, caption: object, stored: Stored | None
    ) -> None:
        if kind == "echarts" and self._add_table(key, step, time_s, name):
            return
        self._named.add(key, step, time_s, kind, name, caption, stored)

    def _add_table(self, key: str, step: int, time_s: float | None, name: str) -> bool:
        """Take a chart that is a table, and return whether it is one."""
        path = path_below(self._directory, name)
        try:
            document = read_json(path) if path is not None else {}
            if document.get("_swanLab") != "table":
                return False
            columns = [str(column["field"]) for column in document["colDefs"]]
            rows = [[row.get(column) for column in columns] for row in document["rowData"]]
        except (OSError, DamagedError, KeyError, TypeError, AttributeError):
            return False
        return self.media.add_table(key, step, time_s, columns, rows)


def _item(message: bytes) -> tuple[str, str, Stored]:
    """Return name, caption, digest and size of a MediaItem."""
    name, caption, digest, size_bytes = "", "", "", 0
    for number, _, value in fields(message):
        if number == 1:
            name = text(value)
        elif number == 2:
            digest = text(value)
        elif number == 3:
            size_bytes = signed(value)
        elif number == 4:
            caption = text(value)
    return name, caption, Stored(digest, size_bytes)


def saved_files(run: Path) -> Iterator[tuple[str, Path]]:
    """Yield names and paths of what a script saved; SwanLab's own files, and links, are not among them."""
    root = run / "files"
    for path in () if root.is_symlink() else sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name not in _OWN_FILES and not path.is_symlink() and path.is_file():
            yield name, path
