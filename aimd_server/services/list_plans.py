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
from aimd_server.stores import conditions, indexes, trial_lists, trials
from aimd_server.stores.conditions import UNKNOWN, Context, Sql
from aimd_server.stores.database import Connection
from aimd_server.stores.trial_lists import Behind
from aimd_server.stores.trials import Scope

MAX_FOLDERS = 1_000  # in which a list can use the tables' indexes
MAX_WALKED = 100  # folders whose indexes are walked beside each other
NextIds = Callable[["Place | None", int], "list[int]"]


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
        self._parts = conditions.narrowing(asked.query.condition) if usable else []
        self._part = trial_lists.narrowest(connection, self._folders, self._parts)
        known = usable and trial_lists.can_sort(asked.keys)
        few = self._part is not None or len(self._folders) <= MAX_WALKED
        self.is_ordered = not asked.keys or (known and few)

    def _has_more(self) -> bool:
        """Tell whether something that matters is in documents only."""
        fields = [*fields_of(self._asked.query.condition), *(key.field for key in self._asked.keys)]
        names = {field.name for field in fields if field.kind == "params"}
        return bool(names) and indexes.has_markers(self._connection, self._folders, names)

    def next_ids(self, after: Place | None, size: int) -> list[int]:
        """Return the row ids of the next trials that may fulfil the condition, in order."""
        keys = self._asked.keys
        if not keys:
            return self.newest(after, size)
        behind = Behind(*after) if after is not None else None
        if self._part is not None:
            found = (self._folders, keys, self._sql.may, self._part, behind, size)
            return trial_lists.few(self._connection, *found)
        return trial_lists.walk(self._connection, self._folders, keys, self._sql.may, behind, size)

    def newest(self, after: Place | None, size: int) -> list[int]:
        """Return the same, newest first."""
        position = (after.sort_us, after.row_id) if after is not None else None
        scope = trials.within(self._scope)
        return trial_lists.newest(self._connection, scope, self._narrowed(), position, size)

    def _narrowed(self) -> trial_lists.Condition:
        return trial_lists.also_found_by(self._sql.may, self._folders, self._part)

    def count(self, most: int) -> int | None:
        """Return how many trials fulfil the condition, at most so many; None when SQL cannot tell."""
        if self._asked.selects and not self._sql.is_exact:
            return None
        part = self._part or next(iter(self._parts), None)
        scope = trials.within(self._scope)
        return trial_lists.count(self._connection, scope, self._sql.may, most, self._folders, part)


def _folders(connection: Connection, scope: Scope) -> list[int]:
    """Return the folders of a scope, none when there are too many."""
    if scope.folder_id is not None and not scope.below:
        return [scope.folder_id]
    found = indexes.folder_ids(connection, scope.owner_id, scope.path, MAX_FOLDERS + 1)
    return found if len(found) <= MAX_FOLDERS else []
