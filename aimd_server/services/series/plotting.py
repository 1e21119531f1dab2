"""Metrics of many trials at once, reduced to what a plot needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from aimd_core.format.segments import Segments
from aimd_core.language import said
from aimd_server.services.files import METRICS, SEGMENTS
from aimd_server.services.request_errors import invalid
from aimd_server.services.series import effective, folding
from aimd_server.services.series.folding import TypeTotals
from aimd_server.services.visibility import Role, roles_of
from aimd_server.stores import journals, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.work import check

if TYPE_CHECKING:
    from aimd_server.columns.rollups import Plot
    from aimd_server.columns.table import Table

MAX_TRIALS = 500
MAX_POINTS = 10_000
MAX_METRICS = 2_000  # in one request
SERIES_POINTS = 2_000_000  # in one answer
_TRIALS_AT_ONCE = 100


class PlotWish(msgspec.Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A request for series.

    Attributes:
        trials: Ids.
        metrics: Names as in lists, `type.name`; None for all.
        x: The axis of the range and of `x` in the answer.
        points: The most buckets per series.
        from_: The smallest x.
        to: The largest x.
    """

    trials: list[str]
    metrics: list[str] | None = None
    x: Literal["step", "epoch", "time"] = "step"
    points: int = 1000
    from_: float | None = None
    to: float | None = None


class Drawn(msgspec.Struct, frozen=True):
    """A series of an answer."""

    trial: str
    metric: str
    plot: Plot


class Answer(msgspec.Struct, frozen=True):
    """The requested series, in the order of the request, and the ids that do not exist."""

    series: list[Drawn]
    missing: list[str]


def draw(database: Database, user: Account, wish: PlotWish) -> Answer:
    """Return the requested series.

    Raises:
        RefusalError: `invalid`, if the request is too large or its range is malformed.
    """
    _check(wish)

    def operation(connection: Connection) -> Answer:
        stored = trials.by_uids(connection, wish.trials)
        roles = roles_of(connection, user, stored)
        rows = {row.uid: row for row in stored if roles[row.id] >= Role.VIEWER}
        totals = folding.totals_of(connection, [row.id for row in rows.values()], wish.metrics)
        metrics = {uid: _metrics_of(wish, totals[row.id]) for uid, row in rows.items()}
        _check_size(wish, metrics)
        drawn = []
        for uids in _portions(wish, metrics):
            drawn += _drawn(connection, {uid: rows[uid].id for uid in uids}, metrics, wish)
        return Answer(drawn, [uid for uid in wish.trials if uid not in rows])

    return database.read(operation)


def _check(wish: PlotWish) -> None:
    if len(wish.trials) > MAX_TRIALS:
        raise invalid(said("at most {limit} trials at once", limit=MAX_TRIALS), field="trials", limit=MAX_TRIALS)
    if len(set(wish.trials)) != len(wish.trials):
        raise invalid("a trial is named twice", field="trials")
    if wish.metrics is not None and len(wish.metrics) > MAX_METRICS:
        raise invalid(said("at most {limit} metrics at once", limit=MAX_METRICS), field="metrics", limit=MAX_METRICS)
    if not 1 <= wish.points <= MAX_POINTS:
        raise invalid(said("points is between 1 and {limit}", limit=MAX_POINTS), field="points", limit=MAX_POINTS)


class _Metric(NamedTuple):
    """A requested metric: its series if it has one already, names and number of points."""

    series_id: int | None
    type: str
    name: str
    points: int


def _metrics_of(wish: PlotWish, types: list[TypeTotals]) -> list[_Metric]:
    """Return the requested metrics that a trial has."""
    metrics = []
    order = {name: number for number, name in enumerate(wish.metrics or ())}
    for series_id, metrics_type, live in types:
        for name, summary in live.items():
            if wish.metrics is None or f"{metrics_type}.{name}" in order:
                metrics.append(_Metric(series_id, metrics_type, name, summary.count))
    if wish.metrics is not None:
        metrics.sort(key=lambda metric: order[f"{metric.type}.{metric.name}"])
    return metrics


def _check_size(wish: PlotWish, metrics: dict[str, list[_Metric]]) -> None:
    size = sum(min(metric.points, wish.points) for of_trial in metrics.values() for metric in of_trial)
    if size > SERIES_POINTS:
        words = said(
            "the answer would have {size} points, {limit} is the most: ask for fewer", size=size, limit=SERIES_POINTS
        )
        raise invalid(words, field="points", limit=SERIES_POINTS)


def _portions(wish: PlotWish, metrics: dict[str, list[_Metric]]) -> Iterator[list[str]]:
    """Yield trials in batches small enough that their points fit into memory."""
    portion: list[str] = []
    for uid in wish.trials:
        if metrics.get(uid):
            portion.append(uid)
        if len(portion) == _TRIALS_AT_ONCE:
            yield portion
            portion = []
    yield portion


def _drawn(
    connection: Connection, trial_ids: dict[str, int], metrics: dict[str, list[_Metric]], wish: PlotWish
) -> list[Drawn]:
    from aimd_server.columns.rollups import Rollups, in_order, joined, plotted
    from aimd_server.stores.chunk_points import History, View, of_range
    from aimd_server.stores.chunk_reading import rollups

    view = View(wish.x, wish.points, wish.from_, wish.to)
    requested = [metric for uid in trial_ids for metric in metrics[uid]]
    keys = [(metric.series_id, metric.name) for metric in requested if metric.series_id is not None]
    files = {
        trial_id: {row.file: row for row in rows}
        for trial_id, rows in journals.of_trials(connection, trial_ids.values()).items()
    }
    segments = {trial_id: _segments_of(connection, rows) for trial_id, rows in files.items()}
    histories = {
        metric.series_id: History(metric.type, files[trial_id][METRICS].id, segments[trial_id])
        for uid, trial_id in trial_ids.items()
        for metric in metrics[uid]
        if metric.series_id is not None and trial_id in files and segments[trial_id].reach
    }
    stored: dict[tuple[int, str], list[Rollups]] = {
        key: [part] for key, part in rollups(connection, keys, view, histories)
    }
    drawn = []
    for uid, trial_id in trial_ids.items():
        tables = {}
        if trial_id in files:
            tables = _tail_tables(connection, files[trial_id], segments[trial_id], metrics[uid])
        for metric in metrics[uid]:
            check()
            parts = [] if metric.series_id is None else stored.pop((metric.series_id, metric.name), [])
            if metric.type in tables:
                parts.append(of_range(*tables[metric.type].points(metric.name, wish.x), view))
            drawn.append(Drawn(uid, f"{metric.type}.{metric.name}", plotted(in_order(joined(parts)), wish.points)))
    return drawn


def _segments_of(connection: Connection, files: dict[str, journals.JournalRow]) -> Segments:
    """Return the segments of a trial that has points."""
    if SEGMENTS not in files or METRICS not in files:
        return Segments()
    return effective.read_segments(connection, files[SEGMENTS])


def _tail_tables(
    connection: Connection, files: dict[str, journals.JournalRow], segments: Segments, metrics: list[_Metric]
) -> dict[str, Table]:
    """Return the tables of what counts of the tail, with these metrics at least."""
    from aimd_server.columns.table import tables_of

    row = files.get(METRICS)
    if row is None or row.chunk_offset == row.next_offset:
        return {}
    lines = b"".join(lines for lines, _ in effective.stretches(connection, row, segments, row.chunk_offset))
    return tables_of(lines, [f"{metric.type}.{metric.name}" for metric in metrics])
