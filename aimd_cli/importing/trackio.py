"""Reads the SQLite databases of Trackio, one a project.

Source: the tables of Trackio 0.5 to 0.43. It does not keep how a run ended.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import Values, flattened, kind_of, number_of, utc_seconds
from aimd_cli.importing.database import column_names, open_database, ordinary_tables
from aimd_cli.importing.files import FileList
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_cli.importing.trackio_media import TrackioMedia
from aimd_core.errors import NotFoundError
from aimd_core.format.values import require_step
from aimd_core.language import said

_TABLES = ("metrics", "configs")
_COUNTED = {"alerts": "alert", "traces": "trace"}  # what is not imported, by table
_ORIGINS = {"_Username": "user", "_Group": "group"}


def read_trackio(path: Path) -> Store:
    """Return the runs of a database, or of all databases below a directory.

    Raises:
        NotFoundError: There are none.
    """
    root = path.resolve()
    listing = Store()
    files = [root] if root.is_file() else list(listing.walk(root, lambda name: name.endswith(".db")))
    if not files and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no Trackio databases", path=path), hint="They are named PROJECT.db"
        )

    def read(store: Store) -> Iterator[ImportedRun]:
        store.faults += listing.faults
        for file in files:
            yield from store.attempt_each(_read_database, file, store)

    return Store(read)


def _read_database(path: Path, store: Store) -> Iterator[ImportedRun]:
    with open_database(path, "Trackio", _TABLES) as database:
        key = "run_id" if "run_id" in column_names(database, "metrics") else "run_name"
        tables = ordinary_tables(database)
        runs = database.execute(
            f"SELECT {key}, max(run_name), min(timestamp) FROM metrics GROUP BY {key} ORDER BY 3, 1"  # noqa: S608
        ).fetchall()
        configs: dict[Any, Any] = dict(database.execute(f"SELECT {key}, config FROM configs").fetchall())  # noqa: S608
        named = {run for run, _, _ in runs}
        runs += [(run, run, None) for run in configs if run not in named]
        for run, name, _ in runs:
            yield _LoggedRun(database, path, key, run, tables, FileList(store.note)).read(
                str(name), configs.get(run), store
            )


class _LoggedRun:
    """A run in a database."""

    def __init__(
        self, database: sqlite3.Connection, path: Path, key: str, run: object, tables: set[str], files: FileList
    ) -> None:
        self._database = database
        self._path = path
        self._key = key
        self._run = run
        self._tables = tables
        self._values = Values()
        self._shown = TrackioMedia(path.parent / "media", files)
        self._odd = 0

    def read(self, name: str, config_text: object, store: Store) -> ImportedRun:
        """Return the run."""
        config = self._document(config_text) if config_text is not None else {}
        origin = {to: config.pop(key) for key, to in _ORIGINS.items() if config.get(key)}
        started_s = utc_seconds(config.pop("_Created", None))
        for key in _ORIGINS:
            config.pop(key, None)
        for step, time, text in self._rows("step, timestamp, metrics", "metrics"):
            self._take(self._document(text), step, utc_seconds(time), "")
        if "system_metrics" in self._tables:
            self._take_system_metrics(started_s)
        for table, kind in _COUNTED.items():
            if table in self._tables:
                self._values.left_out[kind] += len(self._rows("1", table))
        if self._odd:
            store.note(self._path, said("run {name}: skipped {count:,} unreadable records", name=name, count=self._odd))
        self._shown.note_missing()
        times = list(self._values.points.times_s())
        ending = Ending(started_s=started_s, ended_s=max(times, default=None))
        project = self._path.stem
        return ImportedRun(
            name,
            f"trackio:{self._path}#{self._run}",
            self._values.points,
            config,
            ending,
            left_out=+self._values.left_out,
            folder=project,
            origin={"project": project, **origin},
            key=f"trackio:{project}/{self._run}@{started_s or ''}",
            media=self._shown.media,
            files=self._shown.files,
        )

    def _rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        statement = f"SELECT {columns} FROM {table} WHERE {self._key} = ? ORDER BY rowid"  # noqa: S608 - fixed names
        return self._database.execute(statement, (self._run,)).fetchall()

    def _document(self, text: object) -> dict[str, Any]:
        try:
            document = json.loads(text) if isinstance(text, (str, bytes)) else None
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            return document
        self._odd += 1
        return {}

    def _take(self, document: dict[str, Any], step: Any, time_s: float | None, prefix: str) -> None:
        for key, content in flattened(document).items() if document else ():
            try:
                if number_of(content) is not None:
                    self._values.add(f"{prefix}{key}", step, time_s, content)
                elif not self._shown.add(f"{prefix}{key}", require_step(step), time_s, content):
                    self._values.left_out[kind_of(content)] += 1
            except ValueError:
                self._odd += 1

    def _take_system_metrics(self, started_s: float | None) -> None:
        """Take the use of the machine: points of type `system`; their step is the seconds since the start."""
        for time, text in self._rows("timestamp, metrics", "system_metrics"):
            time_s = utc_seconds(time)
            started_s = time_s if started_s is None else started_s
            step = 0 if time_s is None or started_s is None else max(0, int(time_s - started_s))
            self._take(self._document(text), step, time_s, "system/")
