"""What the embedded views of a report show now: charts, lists, the best trials and pictures, in the reader's language.

Where trials come from is handed in: a directory, or a server, for the one who asks. What cannot be shown is told in its
place, and the rest of the report is there all the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote

from aimd_core.errors import QueryError
from aimd_core.format.smoothing import smoothed_with_gaps
from aimd_core.language import joined, said, translated
from aimd_core.query import parse_sort, read_word
from aimd_core.reading.facts import Facts
from aimd_core.reports.charts import Chart
from aimd_core.reports.embedded import MAX_CHARTS, EmbeddedView
from aimd_core.reports.page import Cell, ViewContent
from aimd_core.reports.pictures import EmbeddedPicture
from aimd_core.reports.tables import asked_fields, cell_of, fields_of_table, head_of, usual_metrics

MAX_VIEWS = 50
POINTS = 400  # of a curve
MAX_PICTURES = 100  # of a report
MAX_PICTURES_BYTES = 8 << 20  # of all pictures of a report together
_ROWS, _BEST, _LINES = 20, 10, 10  # trials of a list, of the best, of charts and pictures, if the view does not say
_DEFAULT = {"list": _ROWS, "best": _BEST, "charts": _LINES, "media": _LINES}
_MOST_LINES = 50
_AXES = ("step", "epoch", "time")


class ViewFaultError(Exception):
    """A view cannot be shown; the argument is why, in a sentence that can be translated."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Selection(NamedTuple):
    """The trials of an embedded view: those of a folder that match, or some by their ids.

    `folder` is empty for that of the report.
    """

    folder: str
    below: bool
    ids: tuple[str, ...]
    view: EmbeddedView


class ViewSource(Protocol):
    """Where the trials of a report are, as its reader sees them. Each method may raise `ViewFaultError`."""

    def saved(self, name: str) -> Mapping[str, Any]:
        """Return what the saved view of a name says."""
        ...

    def address(self, short: str) -> str:
        """Return the address of the console that a short one stands for."""
        ...

    def trials(self, chosen: Selection, limit: int, documents: bool) -> tuple[list[Facts], bool]:
        """Return the first trials of a selection, with their documents if asked for, and whether there are more."""
        ...

    def charts(self, rows: Sequence[Facts], metrics: Sequence[str], axis: str) -> list[Chart]:
        """Return the charts of metrics."""
        ...

    def pictures(self, row: Facts, key: str, most_bytes: int) -> tuple[list[EmbeddedPicture], int]:
        """Return the pictures of a key at its last step up to a size, and how many are left out for it."""
        ...


class Showing:
    """Shows the embedded views of one report."""

    def __init__(self, source: ViewSource, language: str) -> None:
        self._source, self._language = source, language
        self._count = 0
        self._left_bytes, self._left_pictures = MAX_PICTURES_BYTES, MAX_PICTURES

    def shown(self, view: EmbeddedView) -> ViewContent:
        """Return what a view shows now, or why it cannot be shown."""
        self._count += 1
        called = view.title or view.target
        try:
            if self._count > MAX_VIEWS:
                raise ViewFaultError(said("a report shows {n} views at most", n=MAX_VIEWS))
            if view.fault:
                called = ""
                raise ViewFaultError(view.fault)
            return self._shown(self._selected(view))
        except ViewFaultError as error:
            reason = error.reason
        except QueryError as error:
            reason = error.problem
        told = self._words(reason)
        return ViewContent(fault=self._words(joined(": ", [called, told])) if called else told)

    def _words(self, text: str) -> str:
        return translated(text, self._language)

    def _selected(self, view: EmbeddedView, depth: int = 0) -> Selection:
        """Return the trials of a view, and the view with what its target says where it says nothing itself."""
        if not view.target:
            return Selection("", True, (), view)
        if not view.target.startswith("#"):
            saved = self._source.saved(view.target)
            return Selection("", True, (), _filled(view, {**saved, "title": view.title or view.target}))
        page, uid, query = _address(view.target)
        if page == "v" and depth == 0:
            return self._selected(view._replace(target=self._source.address(uid)), depth + 1)
        names = {"query": "where", "sort": "sort", "x": "x", "smoothing": "smooth"}
        fields = {name: query.get(written, "") for name, written in names.items()}
        filled = _filled(view, fields)
        if page == "trials" and uid:
            return Selection("root", True, (uid,), filled)
        if page == "compare":
            return Selection("root", True, tuple(filter(None, query.get("trials", "").split(","))), filled)
        if page in ("", "folders"):
            ids = tuple(filter(None, query.get("selected", "").split(",")))
            return Selection(uid or "root", query.get("below") != "0", ids, filled)
        raise ViewFaultError(said("not a page of trials"))

    def _shown(self, chosen: Selection) -> ViewContent:
        view = chosen.view
        shows = view.show or tuple(show for show in ("charts", "media") if getattr(view, show)) or ("list",)
        has_table = bool({"best", "list"} & set(shows))
        limit = view.limit or max(_DEFAULT[show] for show in shows)
        read_word(view.query)
        if view.sort.strip():
            parse_sort(view.sort)
        documents = has_table and any(field.kind in ("git", "platform") for field in asked_fields(view))
        rows, is_cut = self._source.trials(chosen, limit if has_table else min(limit, _MOST_LINES), documents)
        heads, cells = self._table(view, rows, "best" in shows) if has_table else ([], [])
        pictures, left_out = self._pictures(view, rows) if "media" in shows else ([], 0)
        notes = [self._words(_count_text(len(rows), is_cut))]
        if "charts" in shows and view.smoothing:
            notes.append(self._words(said("(curves smoothed {weight:g})", weight=view.smoothing)))
        if left_out:
            size = MAX_PICTURES_BYTES >> 20
            told = "(without {n} pictures: a report has {most} pictures and {size} MiB of them at most)"
            notes.append(self._words(said(told, n=left_out, most=MAX_PICTURES, size=size)))
        return ViewContent(
            title=view.title or ("" if view.target.startswith("#") else view.target),
            address=view.target if view.target.startswith("#") else "",
            charts=self._charts(view, rows[:_MOST_LINES]) if "charts" in shows else (),
            heads=heads,
            rows=cells,
            pictures=pictures,
            note=" ".join(notes),
        )

    def _charts(self, view: EmbeddedView, rows: Sequence[Facts]) -> list[Chart]:
        axis = view.x if view.x in _AXES else "step"
        charts = self._source.charts(rows, view.charts or usual_metrics(rows), axis)
        return [_smoothed(chart, view.smoothing) for chart in charts] if view.smoothing else charts

    def _table(self, view: EmbeddedView, rows: Sequence[Facts], is_ranked: bool) -> tuple[list[str], list[list[Cell]]]:
        now_s = time.time()
        fields = fields_of_table(view, rows)
        heads = [*(["#"] if is_ranked else []), *(head_of(field, self._language) for field in fields)]
        cells = [
            [
                *([Cell(str(number), "", True)] if is_ranked else []),
                *(cell_of(field, row, now_s, self._language) for field in fields),
            ]
            for number, row in enumerate(rows, 1)
        ]
        return heads, cells

    def _pictures(self, view: EmbeddedView, rows: Sequence[Facts]) -> tuple[list[EmbeddedPicture], int]:
        """Return the pictures of a view as far as the report has room, and how many are left out."""
        shown: list[EmbeddedPicture] = []
        left_out = 0
        for key in view.media:
            for row in rows:
                pictures, missing = self._source.pictures(row, key, self._left_bytes)
                fitting = pictures[: self._left_pictures]
                left_out += missing + len(pictures) - len(fitting)
                self._left_pictures -= len(fitting)
                self._left_bytes -= sum(len(picture.content) for picture in fitting)
                shown += fitting
        return shown, left_out


def last_value(row: Facts, metric: str) -> float | None:
    """Return the last value of a metric as lists have it; a curve's last point may be a mean. None without one."""
    value = row.number(metric)
    return None if value is None else float(value)


def _smoothed(chart: Chart, weight: float) -> Chart:
    return chart._replace(lines=[line._replace(y=smoothed_with_gaps(line.y, weight)) for line in chart.lines])


def _count_text(count: int, is_cut: bool) -> str:
    if not count:
        return said("(no trials)")
    if is_cut:
        return said("(the first {n} trials)", n=count)
    return said("(1 trial)") if count == 1 else said("({n} trials)", n=count)


def _address(target: str) -> tuple[str, str, dict[str, str]]:
    """Return the page, the id and the query of an address of the console."""
    path, _, query = target.removeprefix("#").partition("?")
    parts = [unquote(part) for part in path.split("/")[1:3]]
    page, uid = (*parts, "", "")[:2]
    try:
        fields = parse_qs(query, max_num_fields=100)
    except ValueError:  # what the console writes has a dozen
        raise ViewFaultError(said("an address has 100 fields at most")) from None
    return page, uid, {name: values[0] for name, values in fields.items()}


def _filled(view: EmbeddedView, fields: Mapping[str, Any]) -> EmbeddedView:
    """Return a view with fields where it says nothing itself."""
    texts = ("query", "sort", "columns", "x", "title")
    new: dict[str, Any] = {name: getattr(view, name) or str(fields.get(name) or "") for name in texts}
    new["smoothing"] = view.smoothing or _weight(fields.get("smoothing"))
    charts = fields.get("charts")
    if not view.charts and isinstance(charts, (list, tuple)):
        new["charts"] = tuple(map(str, charts))[:MAX_CHARTS]
    return view._replace(**new)


def _weight(value: object) -> float:
    """Return the weight in a saved view or an address, 0 where there is none."""
    try:
        weight = float(str(value))
    except ValueError:
        return 0.0
    return weight if 0 < weight < 1 else 0.0
