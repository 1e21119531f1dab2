"""What people keep about the trials of a directory as a whole, in `.aimd/views.yaml`: saved views and the baseline.

A view is a query, an order, columns and charts under a name. The baseline is the trial that others are measured
against. The file is replaced whole; what a person has added to it stays. Without the file there is nothing of either.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from aimd_core.errors import DiskError, NotFoundError, UsageError
from aimd_core.format.layout import HOME
from aimd_core.language import said

VIEWS_FILE = "views.yaml"
_NAME = re.compile(r"[^\W\d][\w-]{0,63}")
_TAKEN = frozenset({"latest", "running", "best"})  # what @ means without a view


class SavedView(NamedTuple):
    """A saved view.

    Attributes:
        query: Which trials, in the query language; empty means all.
        sort: Their order, as `--sort`; empty means newest first.
        columns: The columns, as `--columns`; empty means the usual ones.
        charts: The metrics to plot.
    """

    query: str = ""
    sort: str = ""
    columns: str = ""
    charts: tuple[str, ...] = ()


class Baseline(NamedTuple):
    """The trial that others are measured against, by its id and its alternative name when it was chosen."""

    id: str
    alternative_name: str


def views_path(directory: Path) -> Path:
    """Return where the views of a directory are kept.

    Args:
        directory: A working directory, its `.aimd`, or the trials in that.
    """
    for path in (directory, directory.parent):
        if path.name == HOME:
            return path / VIEWS_FILE
    return directory / HOME / VIEWS_FILE


def read_views(directory: Path) -> dict[str, SavedView]:
    """Return the views of a directory by name.

    Raises:
        DamagedError: The file is not a YAML mapping.
    """
    document = _read(directory).get("views")
    if not isinstance(document, dict):
        return {}
    return {str(name): _view_of(view) for name, view in document.items() if isinstance(view, dict)}


def view_named(directory: Path, name: str) -> SavedView:
    """Return a view.

    Raises:
        NotFoundError: There is none of that name.
        UsageError: No view can have that name, since it chooses trials: `latest`, `best(val.acc)`.
        DamagedError: The file is not a YAML mapping.
    """
    views = read_views(directory)
    if re.split(r"[(:]", name)[0] in _TAKEN:
        raise UsageError(
            message=said("{text!r} names trials for other commands; a list takes queries", text=f"@{name}"),
            hint="Use -L 1 for the newest, --only running, or --sort=-val.acc for the best",
        )
    if name not in views:
        listed = ", ".join(f"@{other}" for other in sorted(views)) or said("none")
        raise NotFoundError(
            message=said("no view {name!r} in {path}", name=name, path=views_path(directory)),
            hint=said("There are: {names}. To save one: aimd trial views save {name} QUERY", names=listed, name=name),
        )
    return views[name]


def save_view(directory: Path, name: str, view: SavedView) -> None:
    """Keep a view under a name, in the place of the one that had it.

    Raises:
        UsageError: The name cannot be used.
        DamagedError: The file cannot be read, so it is not replaced.
        DiskError: The disk refused.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise UsageError(
            message=said("{name!r} cannot be the name of a view", name=name),
            hint="A name begins with a letter and has letters, digits, _ and -; not latest, running or best",
        )
    document = _read(directory)
    views = document.get("views")
    kept = {key: value for key, value in view._asdict().items() if value}
    if view.charts:
        kept["charts"] = list(view.charts)
    document["views"] = {**(views if isinstance(views, dict) else {}), name: kept}
    _write(directory, document)


def remove_view(directory: Path, name: str) -> None:
    """Remove a view. Errors as `view_named` and `save_view`."""
    view_named(directory, name)
    document = _read(directory)
    del document["views"][name]
    _write(directory, document)


def read_baseline(directory: Path) -> Baseline | None:
    """Return the baseline of a directory, None if there is none. Errors as `read_views`."""
    kept = _read(directory).get("baseline")
    if not isinstance(kept, dict) or not kept.get("id"):
        return None
    return Baseline(str(kept["id"]), str(kept.get("name") or ""))


def set_baseline(directory: Path, baseline: Baseline | None) -> None:
    """Choose the baseline of a directory, or none. Errors as `save_view`."""
    document = _read(directory)
    document.pop("baseline", None)
    if baseline is not None:
        document["baseline"] = {"id": baseline.id, "name": baseline.alternative_name}
    _write(directory, document)


def _view_of(document: dict[str, Any]) -> SavedView:
    charts = document.get("charts")
    texts = {key: str(document.get(key) or "") for key in ("query", "sort", "columns")}
    return SavedView(**texts, charts=tuple(map(str, charts)) if isinstance(charts, list) else ())


def _read(directory: Path) -> dict[str, Any]:
    path = views_path(directory)
    if not path.exists():
        return {}
    from aimd_core.format.documents import read_mapping  # YAML is slow to load

    return read_mapping(path)


def _write(directory: Path, document: dict[str, Any]) -> None:
    from aimd_core.format.documents import write_mapping

    path = views_path(directory)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mapping(path, document)
    except OSError as error:
        raise DiskError(path=path, reason=said("cannot be written ({strerror})", strerror=error.strerror)) from error
