"""Writes media and files of a trial as artifacts of an MLflow run: images and tables as `log_image` and `log_table` do.

Source: `log_image` and `log_table` of mlflow/tracking/client.py. Everything else is a file below `media`.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from pathlib import Path

from aimd_cli.converting.media import MediaContent, contents_of, copy_kept_files, count_others, output_of, seconds_of
from aimd_core.format.layout import OUTPUT_FILE
from aimd_core.format.media import IMAGE, TABLE
from aimd_core.format.names import safe_name
from aimd_core.reading.documents import Trial

_IMAGES = ("png", "webp")  # the formats of `log_image`
_PLAIN_KEY = re.compile(r"[^+%~#\\]+")  # one that comes back from the name of an image


class WrittenArtifacts:
    """The artifacts of a run.

    Attributes:
        tables: The paths of the tables, for the tag that names them.
        has_images: Whether MLflow is to look for logged images.
    """

    def __init__(self, trial: Trial, directory: Path, run_id: str, ended_s: float, left_out: Counter[str]) -> None:
        """Write them.

        Args:
            trial: The trial.
            directory: The directory of the artifacts.
            run_id: The run's id.
            ended_s: The time of media that have none.
            left_out: Counts what cannot be written, by kind.
        """
        self.tables: list[str] = []
        self.has_images = False
        self._directory, self._run_id, self._ended_s = directory, run_id, ended_s
        copy_kept_files(trial, directory, left_out)
        output = output_of(trial)
        if output:
            self._write(OUTPUT_FILE, output)
        count_others(trial, left_out)
        for item in contents_of(trial, left_out):
            self._add(item)

    def _add(self, item: MediaContent) -> None:
        record = item.record
        if record.kind == IMAGE and item.ending in _IMAGES and _PLAIN_KEY.fullmatch(record.key) and record.step >= 0:
            self.has_images = True
            self._write(self._image_name(item), item.content)
        elif record.kind == TABLE:
            key = "/".join(safe_name(part, "_") for part in record.key.split("/"))
            name = key if (record.step, item.number) == (0, 0) else f"{key}/step_{record.step}"
            self.tables.append(
                self._write(f"{name}_{item.number}.json" if item.number else f"{name}.json", item.content)
            )
        else:
            self._write(f"media/{item.name}", item.content)

    def _image_name(self, item: MediaContent) -> str:
        record = item.record
        time_ms = round(seconds_of(record.timestamp, self._ended_s) * 1000)
        name = f"{self._run_id}/{record.key}/{record.step}/{item.number}"
        digits = (
            f"{item.number:08x}{uuid.uuid5(uuid.NAMESPACE_URL, name).hex[8:]}"  # in their order, the same each time
        )
        key = record.key.replace("/", "~")
        return f"images/{key}+step+{record.step}+timestamp+{time_ms}+{uuid.UUID(digits)}.{item.ending}"

    def _write(self, name: str, content: bytes) -> str:
        """Write an artifact, under another name if that one is taken, and return its path."""
        stem, dot, ending = name.rpartition(".")
        number = 1
        while True:
            path = self._directory / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.write(content)
                return name
            except (FileExistsError, NotADirectoryError):
                number += 1
                name = f"{stem.replace('/', '_') if number > 2 else stem}_{number}{dot}{ending}"
