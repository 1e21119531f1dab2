"""What W&B keeps besides numbers: a value with a `_type`, whose content is mostly a file next to the history.

Source: wandb/sdk/data_types of the package wandb.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import read_json
from aimd_cli.importing.files import path_below
from aimd_cli.importing.media import MediaList
from aimd_core.errors import DamagedError
from aimd_core.format.histograms import merged
from aimd_core.format.media import AUDIO, FIGURE, HTML, IMAGE, MAX_AT_ONCE, VIDEO

_FILES = {
    "image-file": IMAGE,
    "audio-file": AUDIO,
    "video-file": VIDEO,
    "html-file": HTML,
    "plotly-file": FIGURE,
}
_SEVERAL = {"images/separated": IMAGE, "images": IMAGE, "videos": VIDEO}  # names of files and captions
_LISTS = ("audio", "html", "object3D")  # values with types of their own


def add_wandb_value(media: MediaList, files: Path, key: str, step: int, time_s: float | None, content: object) -> bool:
    """Take a value of the history that is not a number, and return whether it is one that a trial can hold.

    Args:
        media: What takes it.
        files: The directory with the run's files.
        key: Its name.
        step: The step.
        time_s: When, in seconds since the epoch, or None.
        content: The value.
    """
    if isinstance(content, str):
        return media.add_text(key, step, time_s, content)
    kind = content.get("_type") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(kind, str):
        return False
    if kind in _FILES:
        caption = content.get("caption")
        path = path_below(files, content.get("path"))
        words = caption if isinstance(caption, str) else ""
        return path is not None and media.add_file(key, step, time_s, _FILES[kind], path, words)
    if kind in _SEVERAL:
        return _add_several(media, files, key, step, time_s, content)
    if kind == "histogram":
        return _add_histogram(media, key, step, time_s, content)
    if kind == "table-file":
        return _add_table(media, files, key, step, time_s, content)
    items = content.get(kind) if kind in _LISTS else None
    if not isinstance(items, list) or not items:
        return False
    return all(add_wandb_value(media, files, key, step, time_s, item) for item in islice(items, MAX_AT_ONCE))


def _add_several(
    media: MediaList, files: Path, key: str, step: int, time_s: float | None, content: dict[str, Any]
) -> bool:
    kind = _SEVERAL[content["_type"]]
    names, captions = content.get("filenames"), content.get("captions")
    if not isinstance(names, list):  # older releases number them, and videos are values of their own
        several = content.get(content["_type"])
        items = several if isinstance(several, list) else []
        added = [add_wandb_value(media, files, key, step, time_s, item) for item in islice(items, MAX_AT_ONCE)]
        return bool(added) and all(added)
    words = captions if isinstance(captions, list) else []
    is_whole = bool(names)
    for number, name in enumerate(islice(names, MAX_AT_ONCE)):
        caption = words[number] if number < len(words) and isinstance(words[number], str) else ""
        path = path_below(files, name)
        is_whole = path is not None and media.add_file(key, step, time_s, kind, path, caption) and is_whole
    return is_whole


def _add_histogram(media: MediaList, key: str, step: int, time_s: float | None, content: dict[str, Any]) -> bool:
    counts, edges, packed = content.get("values"), content.get("bins"), content.get("packedBins")
    try:
        if edges is None and isinstance(packed, dict):
            size, count = float(packed["size"]), int(packed["count"])
            edges = [float(packed["min"]) + size * number for number in range(min(count, 1 << 20) + 1)]
        histogram = merged([float(edge) for edge in edges or ()], [round(number) for number in counts or ()])
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    return media.add_histogram(key, step, time_s, histogram)


def _add_table(
    media: MediaList, files: Path, key: str, step: int, time_s: float | None, content: dict[str, Any]
) -> bool:
    """Take a table; pictures and the like in its cells are a gallery of their column."""
    path = path_below(files, content.get("path"))
    try:
        document = read_json(path) if path is not None else {}
    except (OSError, DamagedError):
        return False
    names, rows = document.get("columns"), document.get("data")
    if not isinstance(names, list) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return False
    columns = [str(name) for name in names]
    for at, name in enumerate(columns):
        cells = [row[at] for row in rows if at < len(row) and isinstance(row[at], dict)]
        for cell in islice(cells, MAX_AT_ONCE):
            add_wandb_value(media, files, f"{key}/{name}", step, time_s, cell)
    plain = [[_cell(cell) for cell in row] for row in rows]
    return media.add_table(key, step, time_s, columns, plain)


def _cell(cell: object) -> object:
    if isinstance(cell, dict):
        return str(cell.get("caption") or cell.get("path") or cell.get("_type") or "")
    return cell if isinstance(cell, (str, int, float, bool, type(None))) else str(cell)
