"""Chooses how a list is read: which index it walks or starts from, and what is left for Python to test.

Whatever is chosen, the trials are the same in the same order; `aimd_core.query` tests each that is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aimd_core.query import Field, Query, SortKey, TrialFacts, fields_of, matches
from aimd_core.query.tree import EVERYTHING
from aimd_server.services.indexing import mark_of
from aimd_server.services.ordering import Place
from aimd_server.services.trial_facts import Needs
from aimd_server.stores import conditions, indexes, list_orders, list_walks, trial_lists, trials
from aimd_server.stores.conditions import UNKNOWN, Context, Sql
from aimd_server.stores.database import Connection
from aimd_server.stores.list_orders import Behind
from aimd_server.stores.list_walks import Walk
from aimd_server.stores.trial_lists import Counted, Start
from aimd_server.stores.trials import Scope

MAX_FOLDERS = 1_000  # in which a list can use the tables' indexes
MAX_STARTS = 3  # parts of a condition that tell which trials to look at
MAX_WALKED = 100  # folders whose indexes are walked beside each other
STRETCHES = (1_000, 2_000, 2_000)  # entries of an index that one request walks, one behind the other
LONG_STRETCHES = (1_000, 20_000, 180_000)  # where it is known beforehand which trials to look at


class Step(NamedTuple):
    """Some trials in order, and where to go on when they are fewer than were asked for, None at the end."""

    ids: list[int]
    on: Place | None = None


NextIds = Callable[["Place | None", int], Step]


class Asked(NamedTuple):
    """A list that was asked for, read and checked."""

    query: Query
    keys: tuple[SortKey, ...]
    columns: tuple[Field, ...]
    now_s: float
    after: Place | None
    limit: int

    @property
    def selects(self) -> bool:
        """Whether there is a condition."""
        return self.query.condition != EVERYTHING

    def needs(self) -> Needs:
        """Return what must be known of a trial."""
        return Needs([*fields_of(self.query.condition), *(key.field for key in self.keys)])

    def fulfils(self, facts: TrialFacts) -> bool:
        """Tell whether a trial fulfils the condition."""
        return matches(self.query, facts, self.now_s)


class Plan:
    """How one list is read.

    Attributes:
        is_ordered: Whether `next_ids` gives trials in the order that was asked for.
    """

    def __init__(self, connection: Connection, scope: Scope, asked: Asked) -> None:
        self._connection = connection
        self._scope = scope
        self._asked = asked
        self._folders = _folders(connection, scope)
        usable = bool(self._folders) and not self._has_more()
        context = Context(asked.now_s, mark_of)
        self._sql: Sql = conditions.translated(asked.query.condition, context) if usable else UNKNOWN
        self._parts = conditions.narrowing(asked.query.condition, context) if usable else []
        starts = trial_lists.starts(connection, self._folders, self._parts, trial_lists.NARROW_ENOUGH)
        self._few = next(iter(starts), None)
        self._known_starts: list[Start] | None = None
        self._stretches = 0
        known = usable and list_orders.can_sort(asked.keys)
        self._is_walkable = known and (self._few is not None or len(self._folders) <= MAX_WALKED)
        self.is_ordered = not asked.keys or self._is_walkable

    def _has_more(self) -> bool:
        """Tell whether something that matters is in documents only."""
        fields = [*fields_of(self._asked.query.condition), *(key.field for key in self._asked.keys)]
        keys = {indexes.stored_key(field) for field in fields if field.kind in ("params", "trial")}
        return bool(keys) and indexes.has_markers(self._connection, self._folders, keys)

    def next_ids(self, after: Place | None, size: int) -> Step:
        """Return the row ids of the next trials that may fulfil the condition, in order."""
        keys = self._asked.keys
        if not keys and not (self._asked.selects and self._is_walkable):
            return Step(self.newest(after, size))
        behind = Behind(*after) if after is not None else None
        if self._few is not None:
            found = (self._folders, keys, self._sql.may, self._few, behind, size)
            return Step(trial_lists.few(self._connection, *found))
        ids: list[int] = []
        while True:
            is_dense = 3 * len(ids) >= size  # so that going on like that costs less than to ask what to look at
            walk = Walk(self._folders, keys, self._sql.may, self._starts(is_dense))
            most = (LONG_STRETCHES if walk.starts else STRETCHES)[self._stretches]
            found_ids, end = list_walks.walk(self._connection, walk, behind, size - len(ids), most)
            ids += found_ids
            if end is None:
                return Step(ids)
            self._stretches += 1
            if self._stretches >= len(STRETCHES):
                return Step(ids, Place(*end))
            behind = end

    def _starts(self, is_dense: bool) -> list[Start]:
        """Return what tells which trials to look at; at first nothing, as a short walk mostly suffices."""
        if not self._stretches or (self._stretches == 1 and is_dense):
            return []
        if self._known_starts is None:
            found = trial_lists.starts(self._connection, self._folders, self._parts, trial_lists.MAX_SET)
            self._known_starts = found[:MAX_STARTS]
        return self._known_starts

    def newest(self, after: Place | None, size: int) -> list[int]:
        """Return the same, newest first."""
        position = (after.sort_us, after.row_id) if after is not None else None
        may = trial_lists.also_found_by(self._sql.may, self._folders, self._few)
        return trial_lists.newest(self._connection, trials.within(self._scope), may, position, size)

    def count(self, most: int) -> Counted | None:
        """Return how many trials fulfil the condition, of so many that are looked at; None when SQL cannot tell."""
        if self._asked.selects and not self._sql.is_exact:
            return None
        part = self._few.part if self._few is not None else next(iter(self._parts), None)
        scope = trials.within(self._scope)
        return trial_lists.count(self._connection, scope, self._sql.may, most, self._folders, part)


def _folders(connection: Connection, scope: Scope) -> list[int]:
    """Return the folders of a scope, none when there are too many."""
    if scope.folder_id is not None and not scope.below:
        return [scope.folder_id]
    found = indexes.folder_ids(connection, scope.owner_id, scope.path, MAX_FOLDERS + 1)
    return found if len(found) <= MAX_FOLDERS else []
