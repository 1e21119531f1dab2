"""Writes media as W&B keeps them: a value with a `_type` in the history, its content a file below `files/media`.

Source: wandb/sdk/data_types of the package wandb.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from aimd_cli.converting.media import MediaContent, contents_of, seconds_of
from aimd_core.format.media import (
    AUDIO,
    FIGURE,
    HISTOGRAM,
    HTML,
    IMAGE,
    OBJECT3D,
    PLOTLY_TYPE,
    TABLE,
    TEXT,
    VIDEO,
)
from aimd_core.format.names import safe_name
from aimd_core.format.tables import parse_table
from aimd_core.reading.documents import Trial

_FOLDERS = {AUDIO: "audio", HTML: "html", IMAGE: "images", OBJECT3D: "object3D", TABLE: "table", VIDEO: "videos"}
_SEVERAL = {"audio-file": "audio", "html-file": "html", "object3D-file": "object3D", "video-file": "videos"}
_OBJECTS = ("glb", "gltf", "obj", "stl")  # what W&B shows
_VIDEOS = ("gif", "mp4", "webm", "ogv")


class HistoryValue(NamedTuple):
    """A value of the history that is not a number: its key, step, time in seconds since the epoch, and JSON."""

    key: str
    step: int
    time_s: float
    value: object


class WrittenMedia:
    """The media of a trial on their way into the files of a run.

    Attributes:
        paths: The files that were written, below the run's.
    """

    def __init__(self, trial: Trial, files: Path, left_out: Counter[str]) -> None:
        """Write nothing yet.

        Args:
            trial: The trial.
            files: The directory of the run's files.
            left_out: Counts media that W&B does not show, by kind.
        """
        self.paths: list[str] = []
        self._trial, self._files, self._left_out = trial, files, left_out

    def values(self, unknown_s: float) -> Iterator[HistoryValue]:
        """Write each file, and yield the values that name them, by key and step.

        Args:
            unknown_s: The time of those that have none.
        """
        contents = contents_of(self._trial, self._left_out)
        for (key, step), group in groupby(contents, key=lambda item: (item.record.key, item.record.step)):
            values: list[object] = []
            time_s = unknown_s
            for item in group:
                time_s = seconds_of(item.record.timestamp, unknown_s)
                value = self._value(item)
                if value is None:
                    self._left_out[item.record.kind] += 1
                else:
                    values.append(value)
            for value in _together(values):
                yield HistoryValue(key, step, time_s, value)

    def _value(self, item: MediaContent) -> object:
        """Return what the history says of a record, or None if W&B has no place for it."""
        record = item.record
        if record.kind == TEXT:
            return item.content.decode("utf-8", "replace")
        if record.kind == HISTOGRAM:
            histogram = record.histogram
            return histogram and {"_type": "histogram", "values": list(histogram.counts), "bins": list(histogram.edges)}
        if record.kind == FIGURE and item.form == PLOTLY_TYPE:
            return self._file(item, "plotly", "plotly-file", "plotly.json")
        if item.form.startswith("image/") and item.ending != "gif":  # also a video that is an animated PNG
            facts = {name: record.facts[name] for name in ("width", "height") if name in record.facts}
            ending = item.ending.replace("apng", "png")
            return {**self._file(item, "images", "image-file", ending), "format": ending, **facts}
        if record.kind not in _FOLDERS or (record.kind == OBJECT3D and item.ending not in _OBJECTS):
            return None
        if record.kind == VIDEO and item.ending not in _VIDEOS:
            return None
        if record.kind == TABLE:
            table = parse_table(item.content)
            size = {"ncols": len(table.columns), "nrows": len(table.rows)} if table else None
            return size and {**self._file(item, "table", "table-file", "table.json"), **size}
        return self._file(item, _FOLDERS[record.kind], f"{_type_of(record.kind)}-file", item.ending)

    def _file(self, item: MediaContent, folder: str, kind: str, ending: str) -> dict[str, Any]:
        digest, record = item.digest, item.record
        path = f"media/{folder}/{safe_name(record.key, 'media')}_{record.step}_{digest[:20]}.{ending}"
        target = self._files / path
        if not target.exists():  # the same bytes at the same step are one file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(item.content)
            self.paths.append(path)
        told = {"caption": record.caption} if record.caption else {}
        return {"_type": kind, "path": path, "sha256": digest, "size": len(item.content), **told}


def _type_of(kind: str) -> str:
    return "object3D" if kind == OBJECT3D else kind


def _together(values: list[Any]) -> Iterator[object]:
    """Yield several values of a key and a step as one, where W&B has a form for that."""
    kinds = {value["_type"] if isinstance(value, dict) else "" for value in values}
    (kind,) = kinds if len(kinds) == 1 else ("",)
    captions = [value.get("caption", "") for value in values] if kind else []
    if len(values) > 1 and kind == "image-file":
        first = {name: values[0][name] for name in ("format", "width", "height") if name in values[0]}
        names = {"filenames": [value["path"] for value in values], "captions": captions}
        yield {"_type": "images/separated", "count": len(values), **first, **names}
    elif len(values) > 1 and kind in _SEVERAL:
        several = _SEVERAL[kind]
        yield {"_type": several, "count": len(values), several: values, "captions": captions}
    else:
        yield from values
