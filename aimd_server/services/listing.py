"""Lists of trials: chosen and put in order by the query language, page by page.

Every trial that a page shows was found to fulfil the query by `aimd_core.query` itself, on what the page shows. The
work of one request is bounded: a page may hold fewer trials than were asked for, and go on nevertheless.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from aimd_core.errors import QueryError
from aimd_core.format.model import flatten, strict_json
from aimd_core.query import Field, SortKey, TrialFacts, fields_of, parse, parse_fields, parse_sort
from aimd_core.query.tree import size_of
from aimd_server.services import indexing
from aimd_server.services.folders import find_path
from aimd_server.services.list_plans import Asked, NextIds, Plan
from aimd_server.services.ordering import Place, Position, cursor_of, place_of, position_in, sortable
from aimd_server.services.refusals import RefusalError, invalid
from aimd_server.services.trial_facts import Needs, facts_of
from aimd_server.services.trials import MAX_PAGE, PAGE, overviews
from aimd_server.services.visibility import load_folder
from aimd_server.stores import indexes, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.list_orders import STARTED
from aimd_server.stores.postgres import plan_by_values
from aimd_server.stores.trials import Scope, TrialRow

MAX_COUNT = 10_000
MAX_KEYS = 8
MAX_CONDITIONS = 200  # each is looked at for every trial
MAX_EXAMINED = 5_000  # trials that one request looks at to fill a page
MAX_SORTED = 100_000  # trials that one request puts in order by itself
MAX_COLUMNS = 500
AGE = Field("trial", "age")
_NEWEST = 2_000  # trials whose names are offered as columns
_CHUNK = 500


class Wanted(msgspec.Struct, frozen=True):
    """Which trials to list: of a folder by path or by id, and below it; or all of one's own."""

    folder_path: str | None = None
    folder_id: str | None = None
    limit: int = PAGE
    cursor: str | None = None
    below: bool = True
    where: str = ""
    sort: str = ""
    columns: str = ""
    count: bool = False


class Found(NamedTuple):
    """What a page shows, and where the list goes on, None at its end."""

    rows: list[TrialRow]
    last: Place | None


def asked_of(wanted: Wanted) -> Asked:
    """Read what was asked for.

    Raises:
        RefusalError: `invalid`.
    """
    if not 1 <= wanted.limit <= MAX_PAGE:
        raise invalid(f"limit is between 1 and {MAX_PAGE}", field="limit", limit=MAX_PAGE)
    query = _read("where", parse, wanted.where) or parse("")
    keys = tuple(_of_times(key) for key in _read("sort", parse_sort, wanted.sort) or ())
    columns = _read("columns", parse_fields, wanted.columns) or ()
    if size_of(query.condition) > MAX_CONDITIONS:
        raise invalid(f"a query has {MAX_CONDITIONS} conditions at most here", field="where", limit=MAX_CONDITIONS)
    if len(keys) > MAX_KEYS:
        raise invalid(f"a list has {MAX_KEYS} sort keys at most", field="sort", limit=MAX_KEYS)
    if len(columns) > MAX_COLUMNS:
        raise invalid(f"a list has {MAX_COLUMNS} columns at most", field="columns", limit=MAX_COLUMNS)
    position = position_in(keys, wanted.cursor) if wanted.cursor else None
    now_s = position.now_s if position else time.time()
    return Asked(query, keys, columns, now_s, position.place if position else None, wanted.limit)


def _of_times(key: SortKey) -> SortKey:
    """Return the same order by what does not change while the list is read: the older, the earlier it started."""
    return SortKey(STARTED, not key.descending) if key.field == AGE else key


def _read(field: str, read: Any, text: str) -> Any:
    if not text.strip():
        return None
    try:
        return read(text)
    except QueryError as error:
        _, start, _ = error.fault
        raise invalid(str(error.facts["problem"]), field=field, position=start, hint=str(error.facts["hint"])) from None


def listed(database: Database, user: Account, wanted: Wanted) -> dict[str, object]:
    """Return a page of trials and the cursor of the next one; the newest first where no order is asked for.

    Raises:
        RefusalError: `folder_not_found`, `invalid`.
    """
    asked = asked_of(wanted)
    indexing.refresh_due(database)

    def operation(connection: Connection) -> dict[str, object]:
        plan_by_values(connection)
        plan = Plan(connection, scope_of(connection, user, wanted), asked)
        found = _page(connection, asked, plan.next_ids) if plan.is_ordered else _sorted(connection, asked, plan)
        page: dict[str, object] = {
            "trials": shown(connection, user, found.rows, asked.columns),
            "next": cursor_of(asked.keys, Position(found.last, asked.now_s)) if found.last else None,
        }
        return {**page, "count": _counted(connection, asked, plan)} if wanted.count else page

    return database.read(operation)


def scope_of(connection: Connection, user: Account, wanted: Wanted) -> Scope:
    """Return in which folders a list is.

    Raises:
        RefusalError: `folder_not_found`.
    """
    folder = _folder(connection, user, wanted)
    if folder is None:
        return Scope(user.id)
    return Scope(folder.owner_id, folder.id, folder.path, wanted.below)


def _folder(connection: Connection, user: Account, wanted: Wanted) -> FolderRow | None:
    if wanted.folder_id:
        return load_folder(connection, user, wanted.folder_id)
    return find_path(connection, user, wanted.folder_path) if wanted.folder_path else None


def _page(connection: Connection, asked: Asked, next_ids: NextIds) -> Found:
    """Return a page from trials that come in the order wanted."""
    found: list[tuple[TrialRow, Place]] = []
    after, examined, size = asked.after, 0, asked.limit + 1
    while True:
        ids, on = next_ids(after, size)
        for row, facts in _with_facts(connection, ids, asked.needs()):
            after = place_of(asked.keys, facts, row, asked.now_s)
            if asked.fulfils(facts):
                if len(found) == asked.limit:
                    return Found([row for row, _ in found], found[-1][1])
                found.append((row, after))
        examined += len(ids)
        if len(ids) < size:
            return Found([row for row, _ in found], on)
        if examined >= MAX_EXAMINED:
            return Found([row for row, _ in found], after)
        size = _CHUNK


def _with_facts(connection: Connection, ids: list[int], needs: Needs) -> Iterator[tuple[TrialRow, TrialFacts]]:
    rows = trials.by_ids(connection, ids)
    return zip(rows, facts_of(connection, rows, needs), strict=True)


def _candidates(connection: Connection, plan: Plan, needs: Needs) -> Iterator[tuple[TrialRow, TrialFacts]]:
    """Yield all trials that may fulfil a condition, newest first, few at once."""
    after: Place | None = None
    while True:
        ids = plan.newest(after, _CHUNK)
        for row, facts in _with_facts(connection, ids, needs):
            after = Place((), row.sort_us, row.id)
            yield row, facts
        if len(ids) < _CHUNK:
            return


def _sorted(connection: Connection, asked: Asked, plan: Plan) -> Found:
    """Return a page in an order that the tables do not know; the trials of a page are held and no more."""
    after = sortable(asked.keys, asked.after) if asked.after else None

    def placed() -> Iterator[tuple[tuple[Any, ...], Place, TrialRow]]:
        for examined, (row, facts) in enumerate(_candidates(connection, plan, asked.needs())):
            if examined >= MAX_SORTED:
                raise _too_many()
            if asked.fulfils(facts):
                place = place_of(asked.keys, facts, row, asked.now_s)
                order = sortable(asked.keys, place)
                if after is None or order > after:
                    yield order, place, row

    best = heapq.nsmallest(asked.limit + 1, placed(), key=lambda one: one[0])
    more, best = len(best) > asked.limit, best[: asked.limit]
    return Found([row for _, _, row in best], best[-1][1] if more else None)


def _too_many() -> RefusalError:
    words = f"there are more than {MAX_SORTED} trials to put in this order; narrow the folder or the query"
    return invalid(words, field="sort", limit=MAX_SORTED)


def _counted(connection: Connection, asked: Asked, plan: Plan) -> dict[str, object]:
    """Return how many trials a list has in all; capped: as many or more."""
    counted = plan.count(MAX_COUNT + 1)
    if counted is not None:
        return {"value": min(counted.value, MAX_COUNT), "capped": not counted.is_all}
    value, needs = 0, Needs(fields_of(asked.query.condition))
    for examined, (_, facts) in enumerate(_candidates(connection, plan, needs)):
        if examined >= 2 * MAX_COUNT or value > MAX_COUNT:
            return {"value": min(value, MAX_COUNT), "capped": True}
        value += asked.fulfils(facts)
    return {"value": min(value, MAX_COUNT), "capped": value > MAX_COUNT}


def shown(
    connection: Connection, user: Account, rows: list[TrialRow], columns: tuple[Field, ...]
) -> list[dict[str, object]]:
    """Return trials as a list shows them; with columns, of parameters and metrics those only, by dotted name."""
    names = [field.name for field in columns if field.kind == "metric"] if columns else None
    measured: Any = indexes.metrics_of(connection, [row.id for row in rows], names)
    found = overviews(connection, user, rows, {key: _strict(value) for key, value in measured.items()})
    if columns:
        params = [field.name for field in columns if field.kind == "params"]
        for row, one in zip(rows, found, strict=True):
            has = flatten(json.loads(row.parameters)) if params else {}
            one["parameters"] = {name: has[name] for name in params if name in has}
    return found


def _strict(metrics: dict[str, Any]) -> dict[str, object]:
    return {name: strict_json(summary) for name, summary in metrics.items()}


def columns(database: Database, user: Account, wanted: Wanted) -> dict[str, object]:
    """Return the names of the parameters and metrics of the newest trials of a folder, the most frequent first.

    Raises:
        RefusalError: `folder_not_found`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        scope = scope_of(connection, user, wanted)
        params: dict[str, _Column] = {}
        metrics: dict[str, int] = {}
        examined = 0
        after: tuple[int, int] | None = None
        while rows := trials.page(connection, scope, after, _CHUNK) if examined < _NEWEST else []:
            for row in rows:
                for name, value in flatten(json.loads(row.parameters)).items():
                    params.setdefault(name, _Column()).add(value)
            for name, count in indexes.metric_counts(connection, [row.id for row in rows]).items():
                metrics[name] = metrics.get(name, 0) + count
            examined += len(rows)
            after = (rows[-1].sort_us, rows[-1].id)
        chosen = sorted(params.items(), key=lambda item: (-item[1].count, item[0]))[:MAX_COLUMNS]
        measured = sorted(metrics.items(), key=lambda item: (-item[1], item[0]))[:MAX_COLUMNS]
        return {
            "parameters": [{"name": name, "count": one.count, "varies": one.varies} for name, one in chosen],
            "metrics": [{"name": name, "count": count} for name, count in measured],
            "trials": examined,
        }

    return database.read(operation)


class _Column:
    """How often a parameter occurs, and whether its value is not always the same."""

    __slots__ = ("count", "first", "varies")

    def __init__(self) -> None:
        self.count = 0
        self.first: object = None
        self.varies = False

    def add(self, value: object) -> None:
        """Take one trial's value in."""
        if self.count and (value != self.first or type(value) is not type(self.first)):
            self.varies = True
        self.first = value if not self.count else self.first
        self.count += 1
