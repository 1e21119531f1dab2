"""Metrics of many trials at once, reduced to what a plot needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from aimd_server.services import summaries
from aimd_server.services.files import METRICS
from aimd_server.services.refusals import invalid
from aimd_server.services.visibility import Role, role_of
from aimd_server.stores import journals, series, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database

if TYPE_CHECKING:
    from aimd_server.columns.reduction import Plot
    from aimd_server.columns.table import Table

MAX_TRIALS = 500
MAX_POINTS = 10_000
MAX_METRICS = 2_000  # that one request names
SERIES_POINTS = 2_000_000  # of one answer


class PlotWish(msgspec.Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What is asked for.

    Attributes:
        trials: Ids.
        metrics: Names as in lists, `type.name`; None for all.
        x: What the range is of, and what `x` in the answer is.
        points: How many buckets a series, at most.
        from_: The least x.
        to: The greatest x.
    """

    trials: list[str]
    metrics: list[str] | None = None
    x: Literal["step", "epoch", "time"] = "step"
    points: int = 1000
    from_: float | None = None
    to: float | None = None


class Drawn(msgspec.Struct, frozen=True):
    """One series of an answer."""

    trial: str
    metric: str
    plot: Plot


class Answer(msgspec.Struct, frozen=True):
    """What was asked for, in the order of asking, and the ids that are not there."""

    series: list[Drawn]
    missing: list[str]


def draw(database: Database, user: Account, asked: PlotWish) -> Answer:
    """Return the series that were asked for.

    Raises:
        RefusalError: `invalid`: it is too much, or names no range.
    """
    _check(asked)

    def operation(connection: Connection) -> Answer:
        found = {row.uid: row for row in trials.by_uids(connection, asked.trials)}
        rows = {uid: row for uid, row in found.items() if role_of(connection, user, row) >= Role.VIEWER}
        drawn = []
        lives = series.of_trials(connection, [row.id for row in rows.values()])
        wanted = {uid: _wanted(asked, lives.get(row.id, [])) for uid, row in rows.items()}
        _check_size(asked, wanted)
        for uid in asked.trials:
            if wanted.get(uid):
                tables = _tables(connection, rows[uid].id)
                drawn += [
                    Drawn(uid, f"{kind}.{name}", _plot(tables, kind, name, asked)) for kind, name, _ in wanted[uid]
                ]
        return Answer(drawn, [uid for uid in asked.trials if uid not in rows])

    return database.read(operation)


def _check(asked: PlotWish) -> None:
    if len(asked.trials) > MAX_TRIALS:
        raise invalid(f"at most {MAX_TRIALS} trials at once", field="trials", limit=MAX_TRIALS)
    if len(set(asked.trials)) != len(asked.trials):
        raise invalid("a trial is named twice", field="trials")
    if asked.metrics is not None and len(asked.metrics) > MAX_METRICS:
        raise invalid(f"at most {MAX_METRICS} metrics at once", field="metrics", limit=MAX_METRICS)
    if not 1 <= asked.points <= MAX_POINTS:
        raise invalid(f"points is between 1 and {MAX_POINTS}", field="points", limit=MAX_POINTS)


def _wanted(asked: PlotWish, rows: list[series.SeriesRow]) -> list[tuple[str, str, int]]:
    """Return type, name and number of points of the metrics that a trial has and that are asked for."""
    found = []
    order = {name: place for place, name in enumerate(asked.metrics or ())}
    for row in rows:
        for name, live in summaries.from_text(row.live).items():
            if asked.metrics is None or f"{row.type}.{name}" in order:
                found.append((row.type, name, live.count))
    if asked.metrics is not None:
        found.sort(key=lambda one: order[f"{one[0]}.{one[1]}"])
    return found


def _check_size(asked: PlotWish, wanted: dict[str, list[tuple[str, str, int]]]) -> None:
    size = sum(min(count, asked.points) for found in wanted.values() for _, _, count in found)
    if size > SERIES_POINTS:
        words = (
            f"the answer would have {size} points, {SERIES_POINTS} is the most: ask for fewer trials, metrics or points"
        )
        raise invalid(words, field="points", limit=SERIES_POINTS)


def _tables(connection: Connection, trial_id: int) -> dict[str, Table]:
    from aimd_server.columns.table import tables_of

    row = journals.of_file(connection, trial_id, METRICS)
    return tables_of(journals.read(connection, row.id, 0, row.parsed_offset)) if row else {}


def _plot(tables: dict[str, Table], kind: str, name: str, asked: PlotWish) -> Plot:
    from aimd_server.columns import reduction

    if kind not in tables:
        return reduction.plotted(reduction.joined([]), asked.points)
    x, values = tables[kind].points(name, asked.x)
    inside = reduction.between(x, asked.from_, asked.to)
    return reduction.plotted(reduction.of_points(x[inside], values[inside]), asked.points)
