"""The trials that a report shows, of a directory or of a folder on a server, as commands see them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from aimd_core.client import answers
from aimd_core.errors import AimdError, NotFoundError, NoTrialsError, OldServerError, QueryError
from aimd_core.format.media import StoredBytes
from aimd_core.format.model import trial_anchor
from aimd_core.language import said
from aimd_core.query import read_word
from aimd_core.reading.facts import Facts
from aimd_core.reports.charts import Chart, ChartLine
from aimd_core.reports.pictures import EmbeddedPicture, gathered
from aimd_core.reports.showing import POINTS, Selection, ViewFaultError, last_value
from aimd_core.sources.handles import Extent, Line, LineRequest, TrialHandle, TrialSource
from aimd_core.sources.media import media_of

if TYPE_CHECKING:
    from aimd_core.sources.remote import ServerSource


_NOT_HERE = (
    "this address is of a server's console; in the report of a directory, a line such as query: name ~ resnet "
    "chooses trials"
)


class Elsewhere(Protocol):
    """What the addresses of a server's console lead to. Each method may raise an `AimdError`."""

    def address(self, short: str) -> str:
        """Return the address that a short one stands for."""
        ...

    def within(self, folder_id: str) -> TrialSource:
        """Return the trials of a folder and below."""
        ...


class ServerAddresses:
    """What the addresses of a server's console lead to, as the key sees it; implements `Elsewhere`."""

    def __init__(self, source: ServerSource) -> None:
        self._source = source

    def address(self, short: str) -> str:
        """Return the address that a short one stands for."""
        answer = self._source.server.call(answers.ADDRESS, "GET", f"/addresses/{quote(short, safe='')}")
        return str(answer["address"])

    def within(self, folder_id: str) -> TrialSource:
        """Return the trials of a folder and below."""
        folder = self._source.server.call(answers.FOLDER, "GET", f"/folders/{quote(folder_id, safe='')}")
        return self._source.within(str(folder["path"]))


class ReportSource:
    """What the embedded views of a report need, of any source; implements `aimd_core.reports.showing.ViewSource`."""

    def __init__(self, source: TrialSource, elsewhere: Elsewhere | None = None) -> None:
        """Take the trials of the report, and on a server what else its addresses lead to."""
        self._source = source
        self._elsewhere = elsewhere
        self._handles: dict[str, TrialHandle] = {}

    def saved(self, name: str) -> Mapping[str, Any]:
        """Return what the saved view of a name says."""
        try:
            for kept in self._source.views.all():
                if kept.name == name:
                    return kept.view.document()
        except OldServerError:  # which keeps none
            pass
        except AimdError as error:
            raise ViewFaultError(error.sentence) from None
        raise ViewFaultError(said("no view {name}", name=name))

    def address(self, short: str) -> str:
        """Return the address that a short one stands for; a directory has none."""
        try:
            return self._console().address(short)
        except AimdError as error:
            raise ViewFaultError(error.sentence) from None

    def _console(self) -> Elsewhere:
        if self._elsewhere is None:
            raise ViewFaultError(said(_NOT_HERE))
        return self._elsewhere

    def trials(self, chosen: Selection, limit: int, documents: bool) -> tuple[list[Facts], bool]:
        """Return the first trials of a selection, and whether there are more."""
        try:
            is_here = chosen.folder in ("", "root")
            source = self._source if is_here else self._console().within(chosen.folder)
            handles, is_cut = _chosen(source, chosen, limit)
            rows = source.facts(handles, Extent(documents=documents, trends=False))
        except NoTrialsError:
            return [], False
        except QueryError:
            raise
        except AimdError as error:
            raise ViewFaultError(error.sentence) from None
        self._handles.update(zip((row.id for row in rows), handles, strict=True))
        return rows, is_cut

    def charts(self, rows: Sequence[Facts], metrics: Sequence[str], axis: str) -> list[Chart]:
        """Return the charts of metrics."""
        handles = [self._handles[row.id] for row in rows]
        try:
            answered = self._source.lines(handles, LineRequest(metrics, axis)) if handles else []
        except AimdError as error:
            raise ViewFaultError(error.sentence) from None
        charts = []
        for number, name in enumerate(metrics):
            pairs = [(row, pieces[number][0]) for row, pieces in zip(rows, answered, strict=True) if pieces[number]]
            charts.append(Chart(name, axis, [_line(row, piece, name) for row, piece in pairs if len(piece.points)]))
        return charts

    def pictures(self, row: Facts, key: str, most_bytes: int) -> tuple[list[EmbeddedPicture], int]:
        """Return the pictures of a key at its last step."""
        media = media_of(self._handles[row.id])

        def read(stored: StoredBytes) -> bytes | None:
            try:
                return media.read(stored, most_bytes)
            except (AimdError, OSError):
                return None  # damaged or gone, which `verify` tells

        try:
            steps = media.steps(key)
            items = list(media.items(key, steps[-1], steps[-1])) if steps else []
        except NotFoundError:  # a server that knows no media
            return [], 0
        except AimdError as error:
            raise ViewFaultError(error.sentence) from None
        return gathered((item.record for item in items), read, most_bytes, row.name, trial_anchor(row.id))


def _chosen(source: TrialSource, chosen: Selection, limit: int) -> tuple[list[TrialHandle], bool]:
    if chosen.ids:
        return [source.named(name) for name in chosen.ids[:limit]], len(chosen.ids) > limit
    query = read_word(chosen.view.query)
    handles = source.chosen("" if query is None else query.text, chosen.view.sort, limit + 1)
    return handles[:limit], len(handles) > limit


def _line(row: Facts, piece: Line, metric: str) -> ChartLine:
    points = sorted(
        (point for point in zip(piece.points.positions, piece.points.values, strict=True) if math.isfinite(point[0])),
        key=lambda point: point[0],
    )
    return ChartLine(row.name, trial_anchor(row.id), *_reduced(points), last_value(row, metric))


def _reduced(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return points in columns, at most `POINTS`: of several, the first position and the mean of what is finite."""
    size = max(1, math.ceil(len(points) / POINTS))
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [group[0][0] for group in groups], [_mean([value for _, value in group]) for group in groups]


def _mean(values: Sequence[float]) -> float:
    if len(values) == 1:
        return values[0]
    finite = [value for value in values if math.isfinite(value)]
    return sum(value / len(finite) for value in finite) if finite else math.nan
