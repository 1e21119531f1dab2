"""The plan of a list: which index it walks or starts from, and what Python has to test.

Every plan gives the same trials in the same order; `aimd_core.query` tests each that is shown. Pages continue after a
position (keyset), so a page deep in a list costs as much as the first. `Limits` bounds the cost of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from aimd_core.query import Query, SortKey, fields_of
from aimd_core.query.tree import EVERYTHING
from aimd_server.stores import indexes, list_conditions, list_orders, list_starts, list_walks, trials
from aimd_server.stores.list_conditions import UNKNOWN, Sql
from aimd_server.stores.list_orders import OrderKey, Position, Term, comes_behind, in_order, last_terms, living
from aimd_server.stores.list_starts import Narrow, Start
from aimd_server.stores.list_walks import Stretch, Walk
from aimd_server.stores.schema import folder, trial
from aimd_server.stores.trials import Scope


class Limits(NamedTuple):
    """What one request for a list may cost.

    Attributes:
        folders: The most folders for which a list uses the tables' indexes.
        walked_folders: The most folders whose indexes are walked in parallel.
        few: The most trials of an index that are sorted at once.
        set: The most trials that a walk is limited to beforehand.
        starts: The most parts of a condition that limit a walk.
        stretches: Index entries that a request walks, stretch by stretch.
        long_stretches: The same for a walk that is limited beforehand.
        examined: Trials that are tested to fill a page.
        sorted: Trials that Python sorts.
        counted: Trials that are counted.
        behind: Trials whose totals are folded however short they have been stale.
        fresh_s: How long totals may be stale, in seconds.
        folded: Trials whose totals are folded if they have been stale for longer.
        batch: Trials that are read at once.
    """

    folders: int = 1_000
    walked_folders: int = 100
    few: int = 1_000
    set: int = 100_000
    starts: int = 3
    stretches: tuple[int, ...] = (1_000, 2_000, 2_000)
    long_stretches: tuple[int, ...] = (1_000, 20_000, 180_000)
    examined: int = 5_000
    sorted: int = 100_000
    counted: int = 10_000
    behind: int = 20
    fresh_s: float = 10.0
    folded: int = 200
    batch: int = 500


LIMITS = Limits()
NextIds = Callable[["Position | None", int], Stretch]


class Plan(NamedTuple):
    """How a list is read.

    Attributes:
        way: `newest`: by time; `few`: sorted from the trials that `few` finds; `walk`: by the index of the first key;
            `python`: the tables do not know the order, and all candidates are put in order by who asks.
        scope: The folders of the list.
        folder_ids: The row ids of those folders, none when they are too many for the indexes.
        keys: The order.
        condition: What SQL can express of the condition; everything if trials must be tested by their documents.
        parts: Parts of the condition that an index can start from.
        few: A part that matches few trials.
        now_s: The time for states and ages, in seconds since the epoch.
    """

    way: Literal["newest", "few", "walk", "python"]
    scope: Scope
    folder_ids: list[int]
    keys: Sequence[SortKey]
    condition: Sql
    parts: list[Narrow]
    few: Start | None
    now_s: float
    limits: Limits


def plan_of(
    connection: Connection, scope: Scope, query: Query, keys: Sequence[SortKey], now_s: float, limits: Limits = LIMITS
) -> Plan:
    """Choose the plan of a list."""
    folder_ids = _folder_ids(connection, scope, limits)
    is_usable = bool(folder_ids) and not _is_in_documents_only(connection, folder_ids, query, keys)
    condition = list_conditions.translated(query.condition, now_s) if is_usable else UNKNOWN
    parts = list_starts.narrowing(query.condition, now_s) if is_usable else []
    few = next(iter(list_starts.starts(connection, folder_ids, parts, limits.few)), None)
    has_index = is_usable and list_orders.can_sort(keys)
    is_walkable = has_index and (few is not None or len(folder_ids) <= limits.walked_folders)
    way: Literal["newest", "few", "walk", "python"] = "walk" if few is None else "few"
    if not is_walkable or not (keys or query.condition != EVERYTHING):
        way = "python" if keys else "newest"
    return Plan(way, scope, folder_ids, keys, condition, parts, few, now_s, limits)


def _folder_ids(connection: Connection, scope: Scope, limits: Limits) -> list[int]:
    if scope.folder_id is not None and not scope.below:
        return [scope.folder_id] if limits.folders > 0 else []
    ids = indexes.folder_ids(connection, scope.owner_id, scope.path, limits.folders + 1)
    return ids if len(ids) <= limits.folders else []


def _is_in_documents_only(connection: Connection, folder_ids: list[int], query: Query, keys: Sequence[SortKey]) -> bool:
    """Tell whether the condition or the order needs something that is in no table."""
    fields = [*fields_of(query.condition), *(key.field for key in keys)]
    stored = {indexes.stored_key(field) for field in fields if field.kind in ("params", "trial")}
    return bool(stored) and indexes.has_markers(connection, folder_ids, stored)


def reading(connection: Connection, plan: Plan) -> NextIds:
    """Return an iterator, in order, over row ids of trials that may match the condition; not for `python`."""
    if plan.way == "walk":
        return _Walker(connection, plan).next_ids
    if plan.way == "few":
        return lambda after, limit: Stretch(_few(connection, plan, after, limit))
    return lambda after, limit: Stretch(newest(connection, plan, after, limit))


class _Walker:
    """Walks a limited number of stretches of the first key's index."""

    def __init__(self, connection: Connection, plan: Plan) -> None:
        self._connection = connection
        self._plan = plan
        self._stretches = 0
        self._all_starts: list[Start] | None = None

    def next_ids(self, after: Position | None, limit: int) -> Stretch:
        """Return the row ids of the next trials that may match the condition."""
        plan, ids = self._plan, list[int]()
        while True:
            is_dense = 3 * len(ids) >= limit  # so that continuing costs less than finding what to look at
            way = Walk(plan.folder_ids, plan.keys, plan.condition.may, plan.now_s, self._starts(is_dense))
            lengths = plan.limits.long_stretches if way.starts else plan.limits.stretches
            most = lengths[self._stretches]
            more, end = list_walks.walk(self._connection, way, after, limit - len(ids), most)
            ids += more
            if end is None:
                return Stretch(ids)
            self._stretches += 1
            if self._stretches >= len(plan.limits.stretches):
                return Stretch(ids, end)
            after = end

    def _starts(self, is_dense: bool) -> list[Start]:
        """Return what limits the walk; at first nothing, because a short walk usually suffices."""
        if not self._stretches or (self._stretches == 1 and is_dense):
            return []
        if self._all_starts is None:
            plan = self._plan
            starts = list_starts.starts(self._connection, plan.folder_ids, plan.parts, plan.limits.set)
            self._all_starts = starts[: plan.limits.starts]
        return self._all_starts


def _few(connection: Connection, plan: Plan, after: Position | None, limit: int) -> list[int]:
    """Return the row ids of a page, sorted from the trials that match one part of the condition."""
    assert plan.few is not None
    some = list_starts.ids_from(plan.folder_ids, plan.few).subquery("few")
    query = select(trial.c.id).select_from(some).join(trial, trial.c.id == some.c.trial_id)
    query = query.join(folder, trial.c.folder_id == folder.c.id)
    terms: list[Term] = []
    for number, key in enumerate(plan.keys):
        order = OrderKey(key, number, plan.now_s)
        if order.side is not None:
            query = query.join(order.side, order.joined(), isouter=True)
        terms += order.terms(after.ranks[number] if after is not None else None)
    terms += last_terms(trial.c.sort_us, trial.c.id, after)
    query = query.where(*living(), plan.condition.may)
    if after is not None:
        query = query.where(comes_behind(terms))
    return [int(row[0]) for row in connection.execute(in_order(query, terms, limit))]


def newest(connection: Connection, plan: Plan, after: Position | None, limit: int) -> list[int]:
    """Return row ids of trials that may match the condition, newest first, whatever the order of the plan."""
    query = select(trial.c.id).join(folder, trial.c.folder_id == folder.c.id)
    query = query.where(*trials.within(plan.scope), *living(), _also_by_index(plan))
    terms = last_terms(trial.c.sort_us, trial.c.id, after)
    if after is not None:
        query = query.where(trial.c.sort_us <= after.sort_us, comes_behind(terms))  # planners use the first
    return [int(row[0]) for row in connection.execute(in_order(query, terms, limit))]


def _also_by_index(plan: Plan) -> ColumnElement[bool]:
    """Return the condition, limited to the trials of a part of it if an index finds few."""
    if plan.few is None:
        return plan.condition.may
    return and_(plan.condition.may, trial.c.id.in_(list_starts.ids_from(plan.folder_ids, plan.few)))


class Counted(NamedTuple):
    """How many trials match a condition, and whether those are all."""

    value: int
    is_all: bool


def count(connection: Connection, plan: Plan, most: int) -> Counted:
    """Return how many of at most `most` trials match the condition, which must be exact."""
    part = plan.few.part if plan.few is not None else next(iter(plan.parts), None)
    here = (*trials.within(plan.scope), *living())
    if part is None:
        some = select(trial.c.id.label("trial_id")).join(folder, trial.c.folder_id == folder.c.id).where(*here)
    else:
        some = list_starts.ids_by(plan.folder_ids, part)
    looked_at = some.limit(most).subquery("some")
    size = int(connection.execute(select(func.count()).select_from(looked_at)).scalar_one())
    query = select(func.count()).select_from(looked_at).join(trial, trial.c.id == looked_at.c.trial_id)
    query = query.join(folder, trial.c.folder_id == folder.c.id).where(*here, plan.condition.may)
    return Counted(int(connection.execute(query).scalar_one()), size < most)
