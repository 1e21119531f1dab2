"""What people keep about the trials of a directory or of a folder as a whole: saved views and the baseline.

A view is a query, an order, columns and charts under a name. The baseline is the trial that others are measured
against. In a directory both are in `.aimd/views.yaml`; on a server each view is a document of the same form. What
another program or a person has added to a view stays: a view is a mapping of which only some fields are read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aimd_core.errors import DiskError, NotFoundError, UsageError
from aimd_core.format.layout import HOME
from aimd_core.format.model import STATES
from aimd_core.language import said

VIEWS_FILE = "views.yaml"
MAX_CHARTS = 200
MAX_PINS = 100
MAX_COLUMN_PX = 4000
_NAME = re.compile(r"[^\W\d][\w-]{0,63}")
_TAKEN = frozenset({"latest", "best", *map(str.lower, STATES)})  # what @ means without a view


class SavedView(NamedTuple):
    """A saved view.

    Attributes:
        query: Which trials, in the query language; empty means all.
        sort: Their order, as `--sort`; empty means newest first.
        columns: The columns, as `--columns`; empty means the usual ones.
        charts: The metrics to plot.
        group_by: Which parameters to group trials by, as `--group-by`; empty means no groups.
        x: What is along the charts' horizontal axis, as `--x`; empty means steps.
        smoothing: How much the charts' curves are smoothed, from 0 to less than 1.
        pins: The ids of trials that are shown first.
        more: The fields that this class does not have, such as `widths` and `sections`, as they are.
    """

    query: str = ""
    sort: str = ""
    columns: str = ""
    charts: tuple[str, ...] = ()
    group_by: str = ""
    x: str = ""
    smoothing: float = 0.0
    pins: tuple[str, ...] = ()
    more: Mapping[str, Any] = {}

    def document(self) -> dict[str, Any]:
        """Return the view as it is kept: its fields that say something, and all that are not known here."""
        kept = {key: value for key, value in self._asdict().items() if value and key != "more"}
        return {**kept, **{key: list(kept[key]) for key in _LISTS if key in kept}, **self.more}


_TEXTS = ("query", "sort", "columns", "group_by", "x")
_LISTS = ("charts", "pins")


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
    return {str(name): view_of(view) for name, view in document.items() if isinstance(view, dict)}


def view_named(directory: Path, name: str) -> SavedView:
    """Return a view of a directory. Errors as `refuse_selector`, `named_in` and `read_views`."""
    refuse_selector(name)
    return named_in(read_views(directory), name, str(views_path(directory)))


def refuse_selector(name: str) -> None:
    """Refuse a name that no view can have, since it chooses trials: `latest`, `best(val.acc)`.

    Raises:
        UsageError: It is one.
    """
    word = re.split(r"[(:]", name)[0]
    if word not in _TAKEN:
        return
    hint: str = said("Use --only {state}", state=word)
    if word == "latest":
        hint = "Use -L 1 for the newest"
    elif word == "best":
        hint = "Sort by the metric: --sort=-val.acc, the best first"
    raise UsageError(
        message=said("{text!r} names trials for other commands; a list takes queries", text=f"@{name}"), hint=hint
    )


def named_in(views: Mapping[str, SavedView], name: str, location: str) -> SavedView:
    """Return one of some views.

    Raises:
        NotFoundError: There is none of that name.
    """
    if name not in views:
        listed = ", ".join(f"@{other}" for other in sorted(views)) or said("none")
        raise NotFoundError(
            message=said("no view {name!r} in {path}", name=name, path=location),
            hint=said("There are: {names}. To save one: aimd trial views save {name} QUERY", names=listed, name=name),
        )
    return views[name]


def may_be_name(name: str) -> bool:
    """Tell whether a view may have a name."""
    return _NAME.fullmatch(name) is not None and name not in _TAKEN


def check_name(name: str) -> None:
    """Refuse a name that no view may have.

    Raises:
        UsageError: It is not a word, or is one of the ways to choose trials.
    """
    if not may_be_name(name):
        raise UsageError(
            message=said("{name!r} cannot be the name of a view", name=name),
            hint="A name begins with a letter and has letters, digits, _ and -; not latest, best or a state",
        )


def save_view(directory: Path, name: str, view: SavedView) -> None:
    """Keep a view under a name, in the place of the one that had it; its fields that are not known here stay.

    Raises:
        UsageError: The name cannot be used.
        DamagedError: The file cannot be read, so it is not replaced.
        DiskError: The disk refused.
    """
    before = read_views(directory).get(name, SavedView())
    put_views(directory, {name: view._replace(more={**before.more, **view.more})})


def put_views(directory: Path, views: Mapping[str, SavedView]) -> None:
    """Keep views under their names exactly as they are, in the place of those that had them. Errors as `save_view`."""
    for name in views:
        check_name(name)
    document = _read(directory)
    kept = document.get("views")
    changed = {name: view.document() for name, view in views.items()}
    document["views"] = {**(kept if isinstance(kept, dict) else {}), **changed}
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


def view_of(document: Mapping[str, Any]) -> SavedView:
    """Return the view in a document, in which a field of another kind than it should be counts as absent."""
    fields: dict[str, Any] = {key: str(document.get(key) or "") for key in _TEXTS}
    fields |= {key: tuple(map(str, value)) for key in _LISTS if isinstance(value := document.get(key), list)}
    if _is_smoothing(document.get("smoothing")):
        fields["smoothing"] = document["smoothing"]
    return SavedView(**fields, more={key: value for key, value in document.items() if key not in SavedView._fields})


class ViewFault(NamedTuple):
    """Why a document is not a view: which field, and what is wrong with it."""

    field: str
    reason: str


def fault_in(document: Mapping[str, Any]) -> ViewFault | None:
    """Return what is wrong with the document of a view, or None. Fields that are not known here may be anything.

    Whether `query`, `sort` and `columns` can be parsed is not asked here.
    """
    for field, value in document.items():
        is_right, reason = _FIELDS.get(field, (_is_anything, ""))
        if not is_right(value):
            return ViewFault(field, reason)
    return None


def _is_anything(_: Any) -> bool:
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_smoothing(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1


def _are_texts(most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(_is_text, value))


def _are_widths(value: Any) -> bool:
    return isinstance(value, dict) and all(type(px) is int and 0 < px <= MAX_COLUMN_PX for px in value.values())


def _are_sections(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MAX_CHARTS or not all(isinstance(item, dict) for item in value):
        return False
    are_charts = _are_texts(MAX_CHARTS)
    return all(
        _is_text(item.get("title")) and are_charts(item.get("charts", [])) and type(item.get("folded", False)) is bool
        for item in value
    )


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(_TEXTS, (_is_text, "it must be a text")),
    "charts": (_are_texts(MAX_CHARTS), "it must be a list of at most 200 texts"),
    "pins": (_are_texts(MAX_PINS), "it must be a list of at most 100 texts"),
    "smoothing": (_is_smoothing, "it must be a number from 0 to less than 1"),
    "widths": (_are_widths, "it must give each column a whole number of pixels from 1 to 4000"),
    "sections": (_are_sections, "it must be a list of at most 200 objects with title, charts and folded"),
}


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
