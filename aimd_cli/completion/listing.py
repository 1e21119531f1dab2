"""Passes names from a listing to completion, at the end of `trial ls`, local or remote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aimd_cli.completion.cache import remember, remember_folders

if TYPE_CHECKING:
    from aimd_core.reading.facts import Facts


def remember_local(directory: Path, rows: Sequence[Facts], whole: bool) -> None:
    """Store the names that a listing of a directory has shown.

    Args:
        directory: The listed directory.
        rows: The trials.
        whole: Whether these are all trials of the directory.
    """
    names = [(row.alternative_name, row.id) for row in rows]
    params = sorted({name for row in rows for name in row.params})
    metrics = sorted({name for row in rows for name in row.metrics})
    remember(directory, names, params, metrics, whole)


def remember_remote(host: str, rows: Sequence[Facts]) -> None:
    """Store the folders, and those above them, that a listing of a server has shown."""
    paths = {row.folder for row in rows if row.folder}
    above = {path[:end] for path in paths for end in range(1, len(path)) if path[end] == "/"}
    remember_folders(host, sorted(paths | above))
