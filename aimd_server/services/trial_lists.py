"""Lists of trials, selected and sorted by the query language, page by page.

Every trial on a page was matched by `aimd_core.query` itself, on what the page shows. The work of one request is
bounded: a page may have fewer trials than requested and still not be the last.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from aimd_core.errors import QueryError
from aimd_core.format.model import flatten, strict_json
from aimd_core.language import said
from aimd_core.query import (
    Field,
    Query,
    SortKey,
    field_text,
    fields_of,
    matcher,
    parse,
    parse_fields,
    parse_sort,
    read_word,
)
from aimd_core.query.parser import operators_for
from aimd_core.query.tree import AGGREGATES, EVERYTHING, GIT_FIELDS, SHAPES, TRIAL_FIELDS, size_of
from aimd_core.reading.facts import Facts
from aimd_server.services import public_view
from aimd_server.services.clock import now_us
from aimd_server.services.folders import find_path
from aimd_server.services.request_errors import foreign_cursor, invalid
from aimd_server.services.series import folding
from aimd_server.services.trial_facts import Needs, facts_of
from aimd_server.services.trials import MAX_PAGE, PAGE, overviews
from aimd_server.services.visibility import load_folder
from aimd_server.stores import indexes, list_plans, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.list_orders import (
    STARTED,
    Cursor,
    Position,
    comparable,
    cursor_in,
    cursor_text,
    name_of,
    position_of,
)
from aimd_server.stores.list_plans import LIMITS, Limits, Plan
from aimd_server.stores.postgres import plan_by_values
from aimd_server.stores.trials import Scope, TrialRow
from aimd_server.stores.work import check

MAX_KEYS = 8
MAX_CONDITIONS = 200  # each is evaluated for every trial
MAX_COLUMNS = 500
AGE = Field("trial", "age")
PAGE_BYTES = 16 << 20  # of parameters and notes, after which a page ends early
_FIRST, _MOST = 64, 500  # trials that are read at once: at first, and if they are small
_NEWEST = 2_000  # trials whose names are offered as columns
T = TypeVar("T")


class ListRequest(msgspec.Struct, frozen=True):
    """Which trials to list: those in a folder (by path or id) and below, or all of the caller's."""

    folder_path: str | None = None
    folder_id: str | None = None
    limit: int = PAGE
    cursor: str | None = None
    below: bool = True
    where: str = ""
    sort: str = ""
    columns: str = ""
    count: bool = False


class ListQuery(NamedTuple):
    """A checked request for a list: the page after `after`, with ages that end at `now_s`."""

    query: Query
    keys: tuple[SortKey, ...]
    columns: tuple[Field, ...]
    now_s: float
    after: Position | None
    limit: int

    def needs(self) -> Needs:
        """Return what must be known of a trial to select and sort it."""
        return Needs([*fields_of(self.query.condition), *(key.field for key in self.keys)])

    def matcher(self) -> Callable[[Facts], bool]:
        """Return what tells whether a trial matches the condition, and raises WorkStoppedError if no time is left."""
        matches = matcher(self.query, self.now_s)

        def matches_in_time(facts: Facts) -> bool:
            check()
            return matches(facts)

        return matches_in_time


class _Page(NamedTuple):
    """The trials of a page, and where the list continues, or None at its end."""

    rows: list[TrialRow]
    end: Position | None


def list_query(request: ListRequest) -> ListQuery:
    """Parse and check a request.

    Raises:
        RefusalError: `invalid`.
    """
    if not 1 <= request.limit <= MAX_PAGE:
        raise invalid(said("limit is between 1 and {limit}", limit=MAX_PAGE), field="limit", limit=MAX_PAGE)
    query = parsed("where", read_word, request.where) or parse("")
    keys = tuple(_in_time(key) for key in parsed("sort", parse_sort, request.sort) or ())
    columns = parsed("columns", parse_fields, request.columns) or ()
    if size_of(query.condition) > MAX_CONDITIONS:
        raise invalid(
            said("a query may have at most {n} conditions", n=MAX_CONDITIONS), field="where", limit=MAX_CONDITIONS
        )
    if len(keys) > MAX_KEYS:
        raise invalid(said("a list may have at most {n} sort keys", n=MAX_KEYS), field="sort", limit=MAX_KEYS)
    if len(columns) > MAX_COLUMNS:
        words = said("a list may have at most {limit} columns", limit=MAX_COLUMNS)
        raise invalid(words, field="columns", limit=MAX_COLUMNS)
    cursor = _cursor(keys, request.cursor)
    if cursor is None:
        return ListQuery(query, keys, tuple(columns), time.time(), None, request.limit)
    return ListQuery(query, keys, tuple(columns), cursor.now_s, cursor.position, request.limit)


def _in_time(key: SortKey) -> SortKey:
    """Return the same order by something that does not change while the list is read: age becomes start time."""
    return SortKey(STARTED, not key.descending) if key.field == AGE else key


def parsed(field: str, read: Callable[[str], T | None], text: str) -> T | None:
    """Return what a parser of the query language reads, None of an empty text.

    Raises:
        RefusalError: `invalid`; the parser refuses the text.
    """
    if not text.strip():
        return None
    try:
        return read(text)
    except QueryError as error:
        _, start, _ = error.fault
        raise invalid(error.problem, field=field, position=start, hint=error.advice) from None


def _cursor(keys: Sequence[SortKey], text: str | None) -> Cursor | None:
    if not text:
        return None
    try:
        return cursor_in(keys, text)
    except ValueError:
        raise foreign_cursor() from None


def page_of_trials(
    database: Database, user: Account, request: ListRequest, limits: Limits = LIMITS
) -> dict[str, object]:
    """Return a page of trials and the cursor of the next one; by default newest first.

    Raises:
        RefusalError: `folder_not_found`, `invalid`.
    """
    asked = list_query(request)
    keys = (key.field for key in asked.keys)
    public_view.check_fields(user, (*fields_of(asked.query.condition), *keys))
    is_behind = folding.fold_for_list(database, limits.behind, limits.fresh_s, limits.folded)

    def operation(connection: Connection) -> dict[str, object]:
        plan_by_values(connection)
        scope = scope_of(connection, user, request)
        plan = list_plans.plan_of(connection, scope, asked.query, asked.keys, asked.now_s, limits)
        page = _sorted_page(connection, asked, plan) if plan.way == "python" else _page(connection, asked, plan)
        answer: dict[str, object] = {
            "trials": shown(connection, user, page.rows, asked),
            "next": cursor_text(asked.keys, Cursor(page.end, asked.now_s)) if page.end else None,
        }
        behind = _behind(connection, scope, limits) if is_behind else 0
        if behind:
            answer["behind"] = behind
        return {**answer, "count": _counted(connection, asked, plan)} if request.count else answer

    return database.read(operation)


def _behind(connection: Connection, scope: Scope, limits: Limits) -> int:
    """Return of how many trials of a list values are older than they may be."""
    before_us = now_us() - round(limits.fresh_s * 1e6)
    return trials.count_behind(connection, scope, before_us, limits.counted)


def scope_of(connection: Connection, user: Account, request: ListRequest) -> Scope:
    """Return the folders of a list.

    Raises:
        RefusalError: `folder_not_found`.
    """
    folder = _folder(connection, user, request)
    if folder is None:
        return Scope(user.id)
    return Scope(folder.owner_id, folder.id, folder.path, request.below)


def _folder(connection: Connection, user: Account, request: ListRequest) -> FolderRow | None:
    if request.folder_id:
        return load_folder(connection, user, request.folder_id)
    return find_path(connection, user, request.folder_path) if request.folder_path else None


def _page(connection: Connection, asked: ListQuery, plan: Plan) -> _Page:
    """Return a page of trials that already come in the requested order."""
    next_ids = list_plans.reading(connection, plan)
    rows: list[TrialRow] = []
    last: Position | None = None
    holds = asked.matcher()
    after, examined, size, held_bytes = asked.after, 0, asked.limit + 1, 0
    while True:
        ids, end = next_ids(after, size)
        for row, facts in _with_facts(connection, ids, asked.needs(), asked.now_s):
            after = position_of(asked.keys, facts, row, asked.now_s)
            if holds(facts):
                if len(rows) == asked.limit or held_bytes > PAGE_BYTES:
                    return _Page(rows, last)
                held_bytes += _size_bytes(row)
                rows.append(row)
                last = after
        examined += len(ids)
        if len(ids) < size:
            return _Page(rows, end)
        if examined >= plan.limits.examined:
            return _Page(rows, after)
        size = plan.limits.batch


def _with_facts(connection: Connection, ids: list[int], needs: Needs, now_s: float) -> Iterator[tuple[TrialRow, Facts]]:
    start, count = 0, _FIRST
    while start < len(ids):
        rows = trials.by_ids(connection, ids[start : start + count])
        yield from zip(rows, facts_of(connection, rows, needs, now_s), strict=True)
        start += count
        each_bytes = sum(map(_size_bytes, rows)) // max(1, len(rows))
        count = _FIRST if needs.document else max(1, min(_MOST, PAGE_BYTES // max(1, each_bytes)))


def _size_bytes(row: TrialRow) -> int:
    """Return about how much memory a trial takes, at most what it takes as UTF-8."""
    return len(row.parameters) + len(row.note or "") + 1_000


def _candidates(connection: Connection, plan: Plan, needs: Needs) -> Iterator[tuple[TrialRow, Facts]]:
    """Yield all trials that may match the condition, newest first, in batches."""
    after: Position | None = None
    while True:
        ids = list_plans.newest(connection, plan, after, plan.limits.batch)
        for row, facts in _with_facts(connection, ids, needs, plan.now_s):
            after = Position((), row.sort_us, name_of(row), row.id)
            yield row, facts
        if len(ids) < plan.limits.batch:
            return


def _sorted_page(connection: Connection, asked: ListQuery, plan: Plan) -> _Page:
    """Return a page in an order without an index, holding no more trials than a page has."""
    after = comparable(asked.keys, asked.after) if asked.after else None
    holds = asked.matcher()

    def in_order() -> Iterator[tuple[tuple[Any, ...], Position, int]]:
        for examined, (row, facts) in enumerate(_candidates(connection, plan, asked.needs())):
            if examined >= plan.limits.sorted:
                words = said(
                    "there are more than {n} trials to sort; narrow the folder or the query", n=plan.limits.sorted
                )
                raise invalid(words, field="sort", limit=plan.limits.sorted)
            if holds(facts):
                position = position_of(asked.keys, facts, row, asked.now_s)
                order = comparable(asked.keys, position)
                if after is None or order > after:
                    yield order, position, row.id

    best = heapq.nsmallest(asked.limit + 1, in_order(), key=lambda candidate: candidate[0])
    rows = _rows_of_page(connection, [row_id for _, _, row_id in best[: asked.limit]])
    return _Page(rows, best[len(rows) - 1][1] if rows and len(rows) < len(best) else None)


def _rows_of_page(connection: Connection, ids: list[int]) -> list[TrialRow]:
    """Return trials up to the first ones that are too much for a page."""
    rows: list[TrialRow] = []
    held_bytes = 0
    for start in range(0, len(ids), _FIRST):
        for row in trials.by_ids(connection, ids[start : start + _FIRST]):
            if held_bytes > PAGE_BYTES:
                return rows
            held_bytes += _size_bytes(row)
            rows.append(row)
    return rows


def _counted(connection: Connection, asked: ListQuery, plan: Plan) -> dict[str, object]:
    """Return the length of a list; `capped` means that many or more."""
    most = plan.limits.counted
    if asked.query.condition == EVERYTHING or plan.condition.is_exact:
        by_sql = list_plans.count(connection, plan, most + 1)
        return {"value": min(by_sql.value, most), "capped": not by_sql.is_all}
    holds = asked.matcher()
    value, needs = 0, Needs(fields_of(asked.query.condition))
    for examined, (_, facts) in enumerate(_candidates(connection, plan, needs)):
        if examined >= 2 * most or value > most:
            return {"value": min(value, most), "capped": True}
        value += holds(facts)
    return {"value": min(value, most), "capped": value > most}


def shown(connection: Connection, user: Account, rows: list[TrialRow], asked: ListQuery) -> list[dict[str, object]]:
    """Return trials as a list shows them; with columns, only those parameters and metrics, by dotted name."""
    columns = asked.columns
    names = [field.name for field in columns if field.kind == "metric"] if columns else None
    measured: Any = indexes.metrics_of(connection, [row.id for row in rows], names)
    metrics = {key: _strict(value) for key, value in measured.items()}
    documents = overviews(connection, user, rows, metrics, asked.now_s)
    if columns:
        params = [field.name for field in columns if field.kind == "params"]
        for row, document in zip(rows, documents, strict=True):
            values = flatten(json.loads(row.parameters)) if params else {}
            document["parameters"] = {name: values[name] for name in params if name in values}
    return documents


def _strict(metrics: dict[str, Any]) -> dict[str, object]:
    return {name: strict_json(summary) for name, summary in metrics.items()}


def columns(database: Database, user: Account, request: ListRequest) -> dict[str, object]:
    """Return the names of parameters and metrics in the newest trials of a folder, most frequent first.

    Beside them are the fields that every trial has, and the operators for each shape of values.

    Raises:
        RefusalError: `folder_not_found`.
    """
    folding.fold_for_list(database, LIMITS.behind, LIMITS.fresh_s)

    def operation(connection: Connection) -> dict[str, object]:
        scope = scope_of(connection, user, request)
        params: dict[str, _Column] = {}
        metrics: dict[str, int] = {}
        examined = 0
        after: tuple[int, int] | None = None
        while rows := trials.page(connection, scope, after, LIMITS.batch) if examined < _NEWEST else []:
            for row in rows:
                check()
                for name, value in flatten(json.loads(row.parameters)).items():
                    params.setdefault(name, _Column()).add(value)
            for name, count in indexes.metric_counts(connection, [row.id for row in rows]).items():
                metrics[name] = metrics.get(name, 0) + count
            examined += len(rows)
            after = (rows[-1].sort_us, rows[-1].id)
        chosen = sorted(params.items(), key=lambda item: (-item[1].count, item[0]))[:MAX_COLUMNS]
        measured = sorted(metrics.items(), key=lambda item: (-item[1], item[0]))[:MAX_COLUMNS]
        return {
            "parameters": [{"name": name, "count": use.count, "varies": use.varies} for name, use in chosen],
            "metrics": [{"name": name, "count": count} for name, count in measured],
            "trials": examined,
            "more": examined >= _NEWEST,
            "fields": _plain_fields(user),
            "operators": {shape: operators_for(shape) for shape in SHAPES},
            "aggregates": AGGREGATES,
        }

    return database.read(operation)


def _plain_fields(user: Account) -> dict[str, str]:
    every = [*(Field("trial", name) for name in TRIAL_FIELDS), *(Field("git", name) for name in GIT_FIELDS)]
    return {field_text(field): field.shape for field in every if public_view.may_ask(user, field)}


class _Column:
    """How often a parameter occurs, and whether its value varies."""

    __slots__ = ("count", "first", "varies")

    def __init__(self) -> None:
        self.count = 0
        self.first: object = None
        self.varies = False

    def add(self, value: object) -> None:
        """Count a trial's value."""
        if self.count and (value != self.first or type(value) is not type(self.first)):
            self.varies = True
        self.first = value if not self.count else self.first
        self.count += 1
