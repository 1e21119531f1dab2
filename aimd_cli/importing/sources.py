"""The trackers whose files can be imported: one table, which the command, its help and the guide follow.

A source is recognised by names of files below a directory, in a walk that follows no links and has a limit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from aimd_core.errors import NotFoundError, UsageError
from aimd_core.format.model import is_alternative_name
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.importing.run import Store

SourceName = Literal[
    "tensorboard", "wandb", "mlflow", "trackio", "swanlab", "dvclive", "sacred", "clearml", "neptune", "aimd", "csv"
]
_MAX_ENTRIES = 20_000  # of a directory to look at, so that naming a whole disk is no wait without an end


class Tracker(NamedTuple):
    """A tracker whose files can be imported.

    Attributes:
        title: Its name.
        module: The module below this package that reads its files.
        function: The function in it that takes a path and returns a `Store`.
        files: What its files are called, for people.
        is_sign: Tells whether a file, by its path below the directory, shows that the source wrote it.
    """

    title: str
    module: str
    function: str
    files: str
    is_sign: Callable[[Path], bool]

    def read(self, path: Path) -> Store:
        """Return the content of a store. Errors as the reader's."""
        read: Callable[[Path], Store] = getattr(import_module(f"aimd_cli.importing.{self.module}"), self.function)
        return read(path)


def _is_database_of(*tables: str) -> Callable[[Path], bool]:
    """Tell databases apart by their tables."""

    def is_sign(path: Path) -> bool:
        if path.suffix not in (".db", ".sqlite", ".sqlite3"):
            return False
        names: set[str] = import_module("aimd_cli.importing.database").tables_at(path)
        return names.issuperset(tables)

    return is_sign


_is_mlflow_database = _is_database_of("experiments", "runs", "metrics")


def _is_mlflow(path: Path) -> bool:
    if path.name == "meta.yaml":
        return "mlruns" in path.parts or (path.parent / "metrics").is_dir()
    return _is_mlflow_database(path)


def _is_sacred(path: Path) -> bool:
    return path.name == "run.json" and (path.parent / "config.json").exists()


def _is_trial(path: Path) -> bool:
    return path.name == "metadata.yaml" and is_alternative_name(path.parent.name)


def _is_clearml(path: Path) -> bool:
    """Tell offline sessions apart by the names that ClearML gives them, without opening archives."""
    name = path.name if path.suffix == ".zip" else path.parent.name if path.name == "task.json" else ""
    return name.startswith("offline-")


def _is_dvclive(path: Path) -> bool:
    if path.suffix == ".tsv":
        return ("plots", "metrics") in pairwise(path.parts)
    return path.name == "metrics.json" and (path.parent / "plots").is_dir()


SOURCES: dict[SourceName, Tracker] = {
    "tensorboard": Tracker(
        "TensorBoard",
        "tensorboard",
        "read_tensorboard",
        "events.out.tfevents.*",
        lambda path: ".tfevents." in path.name,
    ),
    "wandb": Tracker("W&B", "wandb", "read_wandb", "run-*.wandb", lambda path: path.suffix == ".wandb"),
    "mlflow": Tracker("MLflow", "mlflow", "read_mlflow", "mlruns, mlflow.db", _is_mlflow),
    "trackio": Tracker("Trackio", "trackio", "read_trackio", "PROJECT.db", _is_database_of("configs", "metrics")),
    "swanlab": Tracker("SwanLab", "swanlab", "read_swanlab", "run-*/*.swanlab", lambda path: path.suffix == ".swanlab"),
    "dvclive": Tracker("DVCLive", "dvclive", "read_dvclive", "dvclive/metrics.json, dvclive/plots", _is_dvclive),
    "sacred": Tracker("Sacred", "sacred", "read_sacred", "run.json", _is_sacred),
    "clearml": Tracker("ClearML", "clearml", "read_clearml", "offline-*.zip", _is_clearml),
    "neptune": Tracker(
        "Neptune",
        "neptune",
        "read_neptune",
        "*_part_0.parquet",
        lambda path: path.suffix == ".parquet" and "_part_" in path.name,
    ),
    "aimd": Tracker("aimd", "aimd", "read_trials", ".aimd/trials", _is_trial),
    "csv": Tracker("CSV", "table", "read_table", "*.csv", lambda path: path.suffix == ".csv"),
}


def recognised(path: Path) -> SourceName:
    """Return the source whose files a path holds, or that wrote the file there.

    Raises:
        NotFoundError: There is nothing, or nothing that any source writes.
        UsageError: There are files of several sources.
    """
    if not path.exists():
        raise NotFoundError(message=said("{path} does not exist", path=path), hint="Name a file or a directory")
    names = _signs(path)
    if not names:
        table = next((file for file in _files(path) if SOURCES["csv"].is_sign(file)), None)
        listed = ", ".join(f"{source.title} ({source.files})" for source in SOURCES.values())
        raise NotFoundError(
            message=said("{path} holds no files that can be imported", path=path),
            hint=said("Name the table itself: {table}", table=table)
            if table
            else said("These can be imported: {listed}", listed=listed),
        )
    if len(names) > 1:
        raise UsageError(
            message=said("{path} holds files of {names}", path=path, names=", ".join(names)),
            hint=said("Say which to import: --from {name}", name=names[0]),
        )
    return names[0]


def _signs(path: Path) -> list[SourceName]:
    """Return the sources that wrote files there; a table counts only if it is named itself."""
    names: dict[SourceName, None] = {}
    for file in [path.absolute()] if path.is_file() else _files(path.absolute()):
        for name, source in SOURCES.items():
            if name not in names and (name != "csv" or file == path.absolute()) and source.is_sign(file):
                names[name] = None
    return list(names)


def _files(root: Path) -> Iterator[Path]:
    left = _MAX_ENTRIES
    for directory, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files)[:left]:
            path = Path(directory, name)
            if not path.is_symlink() and path.is_file():
                yield path
        left -= len(files)
        if left <= 0:
            return
