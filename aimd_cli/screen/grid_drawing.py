"""Makes a page of small charts of the chosen trials, where it does not delay the keyboard. Without Textual."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from itertools import compress
from types import MappingProxyType
from typing import NamedTuple, Protocol

from rich.text import Text

from aimd_cli.errors import message
from aimd_cli.views.canvas import BAND
from aimd_cli.views.chart_grid import (
    GridEntry,
    GridLook,
    Layout,
    Page,
    SmallChart,
    entries_of,
    page_lines,
    pages_of,
    span_of,
)
from aimd_cli.views.curve import Curve, empty_curve
from aimd_cli.views.metric_sections import sections_of
from aimd_cli.views.rows import all_keys
from aimd_core.errors import AimdError
from aimd_core.reading.facts import Facts

_PATIENCE_S = 0.25  # after which the charts that are ready are shown
_AHEAD = 3  # pages that are read along
_SYSTEM = "system."


class CurveSource(Protocol):
    """Where curves come from."""

    def curves(self, row: Facts, metrics: Sequence[str], axis: str, ahead: Sequence[str] = ()) -> list[Curve]:
        """Return metrics of a trial, each of which may have no points.

        Args:
            row: The trial.
            metrics: The metrics.
            axis: What the x axis counts.
            ahead: Metrics that may be needed soon, to be read along if one of the others has to be read.

        Raises:
            AimdError, OSError: They cannot be read.
        """


class GridRequest(NamedTuple):
    """Which charts to make.

    Attributes:
        is_system: Whether of the machine; otherwise of all other metrics.
        pattern: A regular expression that their names must contain.
        pinned: Metrics that come first.
        collapsed: Sections that are folded.
        selected: The key of the selected entry, whose page is made.
        size: Columns and lines of a page; with 0 lines nothing is made.
        axis: What the x axis counts.
        log_y: Whether the y axes are logarithmic.
        glyphs: Whether braille can be shown.
    """

    is_system: bool = False
    pattern: str = ""
    pinned: tuple[str, ...] = ()
    collapsed: frozenset[str] = frozenset()
    selected: str = ""
    size: tuple[int, int] = (0, 0)
    axis: str = "step"
    log_y: bool = False
    glyphs: bool = True


class GridDrawn(NamedTuple):
    """A page of charts.

    Attributes:
        entries: Everything that can be selected, on all pages.
        pages: All pages.
        number: Which of them is the one with the selected entry.
        selected: The key of the selected entry, or of the first if there is none of that key.
        layout: How the page is divided.
        charts: Its charts, by metric; those that take longer are missing.
        span: The ends of their x axis.
        fault: What could not be read.
        is_whole: Whether no chart is missing.
    """

    entries: Sequence[GridEntry] = ()
    pages: Sequence[Page] = ()
    number: int = 0
    selected: str = ""
    layout: Layout = Layout(1, 1, 1)
    charts: Mapping[str, SmallChart] = MappingProxyType({})
    span: tuple[float, float] = (0.0, 1.0)
    fault: str = ""
    is_whole: bool = True

    def lines(self, selected: str, cursor: float | None, pinned: Sequence[str], glyphs: bool) -> list[Text]:
        """Return the page as lines."""
        if not self.pages:
            return []
        return page_lines(self.pages[self.number], self.layout, self.charts, selected, cursor, pinned, glyphs)


class GridDrawer:
    """Makes pages, and keeps the charts of the last one."""

    def __init__(self) -> None:
        self._charts: dict[object, SmallChart] = {}

    def draw(
        self, sources: CurveSource, rows: Sequence[Facts], owners: Sequence[int], request: GridRequest
    ) -> GridDrawn:
        """Make the page with the selected entry.

        Args:
            sources: Where curves come from.
            rows: The trials.
            owners: The number of the letter of each; `BAND` for the baseline.
            request: Which charts.
        """
        chosen = [row for row, owner in zip(rows, owners, strict=True) if owner != BAND]
        names = [
            name for name in all_keys(row.metrics for row in chosen) if name.startswith(_SYSTEM) == request.is_system
        ]
        try:
            entries = entries_of(sections_of(names, request.pattern, request.pinned, request.collapsed))
        except re.error as error:  # which is refused where it is typed
            return GridDrawn(fault=str(error))
        layout, pages = pages_of(entries, *request.size)
        number = next((at for at, page in enumerate(pages) if has_entry(page, request.selected)), 0)
        if not pages:
            return GridDrawn()
        metrics = [entry.metric for band in pages[number] for entry in band if entry.metric]
        near = [*pages[number + 1 : number + 1 + _AHEAD], *pages[max(0, number - 1) : number]]
        ahead = [entry.metric for page in near for band in page for entry in band if entry.metric]
        curves, fault, is_whole = _read(sources, rows, metrics, ahead, request.axis)
        charts, span = self._charts_of(curves, rows, owners, request)
        shown = [entry for band in pages[number] for entry in band]
        first = next((entry.key for entry in shown if entry.metric), shown[0].key)
        selected = request.selected if has_entry(pages[number], request.selected) else first
        return GridDrawn(entries, pages, number, selected, layout, charts, span, fault, is_whole)

    def _charts_of(
        self,
        curves: dict[str, list[Curve]],
        rows: Sequence[Facts],
        owners: Sequence[int],
        request: GridRequest,
    ) -> tuple[dict[str, SmallChart], tuple[float, float]]:
        # The baseline, which may be much longer, does not decide which part of the axis is seen.
        seen = [[owner != BAND for owner in owners]] * len(curves)
        span = span_of([curve for part in zip(curves.values(), seen, strict=True) for curve in compress(*part)])
        look = GridLook(request.axis, span, request.log_y, request.glyphs)
        before, self._charts = self._charts, {}
        charts = {}
        for metric, of_metric in curves.items():
            key = (metric, look, tuple(owners), tuple(map(id, of_metric)))
            # A chart holds its curves, so their ids are not used again.
            charts[metric] = self._charts[key] = before.get(key) or SmallChart(metric, of_metric, owners, look)
        return charts, span


def has_entry(page: Page, key: str) -> bool:
    """Tell whether an entry is on a page."""
    return any(entry.key == key for band in page for entry in band)


def _read(
    sources: CurveSource, rows: Sequence[Facts], metrics: Sequence[str], ahead: Sequence[str], axis: str
) -> tuple[dict[str, list[Curve]], str, bool]:
    """Return the curves of each metric, trial by trial, a fault, and whether there was time for all trials."""
    end_s = time.monotonic() + _PATIENCE_S
    of_rows: list[list[Curve]] = []
    fault = ""
    for row in rows:
        if of_rows and time.monotonic() > end_s:
            break
        try:
            of_row = [[name for name in names if name in row.metrics] for names in (metrics, ahead)]
            of_rows.append(sources.curves(row, of_row[0], axis, of_row[1]))
        except (AimdError, OSError) as error:
            fault = fault or f"{row.name}: {message(error)}"
            of_rows.append([])
    curves: dict[str, list[Curve]] = {}
    for metric in metrics:
        curves[metric] = [_of_metric(of_row, row, metric) for of_row, row in zip(of_rows, rows, strict=False)]
        curves[metric] += [empty_curve(row.alternative_name, metric) for row in rows[len(of_rows) :]]
    return curves, fault, len(of_rows) == len(rows)


def _of_metric(curves: Sequence[Curve], row: Facts, metric: str) -> Curve:
    curve = next((curve for curve in curves if curve.metric == metric), None)
    return empty_curve(row.alternative_name, metric) if curve is None else curve  # one may be of NaN alone, and empty
