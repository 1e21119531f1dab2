"""Values of the query language's fields in the newest trials of a folder, for the completion of a filter.

The values are written by the language's own renderer, so that a completed condition finds what it was made from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from aimd_core.format.model import STATES
from aimd_core.language import said
from aimd_core.query import Field, field_text, parse_fields, value_of
from aimd_core.query.rendering import value_text
from aimd_core.query.tree import Flag, Number, Text, Value
from aimd_core.reading.facts import Facts
from aimd_server.services import public_view
from aimd_server.services.request_errors import invalid
from aimd_server.services.series import folding
from aimd_server.services.trial_facts import Needs, facts_of
from aimd_server.services.trial_lists import ListRequest, parsed, scope_of
from aimd_server.stores import trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.list_plans import LIMITS
from aimd_server.stores.trials import Scope
from aimd_server.stores.work import check

MAX_FIELDS = 8
MAX_VALUES = 50  # that are shown of a field
_MAX_DIFFERENT = 5_000  # that are counted of a field
_MAX_CHARS = 500  # of a value; a longer one is not offered
_NEWEST, _NEWEST_WITH_DOCUMENT = 2_000, 500
_WITHOUT_VALUES = ("moment", "duration")


class _Counts:
    """How often each value of a field occurs."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.counts: dict[str, int] = {}
        self.is_cut = False
        self.low: float | None = None
        self.high: float | None = None

    def add(self, value: object) -> None:
        """Count a trial's value, or each member of a set."""
        for member in value if isinstance(value, (tuple, list)) else (value,):
            check()
            literal = _literal(member)
            if literal is not None:
                self._count(literal)

    def _count(self, literal: Value) -> None:
        if literal.kind == "number" and abs(literal.value) < float("inf"):
            self.low = literal.value if self.low is None else min(self.low, literal.value)
            self.high = literal.value if self.high is None else max(self.high, literal.value)
        written = value_text(literal)
        if len(written) > _MAX_CHARS or (written not in self.counts and len(self.counts) >= _MAX_DIFFERENT):
            self.is_cut = True
            return
        self.counts[written] = self.counts.get(written, 0) + 1

    def shown(self) -> dict[str, object]:
        """Return the values, most frequent first; of states also those that no trial has."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        if self.field.shape == "state":
            ranked += [(state, 0) for state in STATES if state not in self.counts]
        return {
            "field": field_text(self.field),
            "shape": self.field.shape,
            "values": [{"value": written, "count": count} for written, count in ranked[:MAX_VALUES]],
            "more": self.is_cut or len(ranked) > MAX_VALUES,
            "low": self.low,
            "high": self.high,
        }


def _literal(value: object) -> Value | None:
    if isinstance(value, bool):
        return Flag(value)
    if isinstance(value, (int, float)):
        return Number(value)
    return Text(value) if isinstance(value, str) and value else None


def values(database: Database, user: Account, request: ListRequest, fields_text: str) -> dict[str, object]:
    """Return the most frequent values of some fields, as a query writes them.

    Raises:
        RefusalError: `folder_not_found`, `invalid`.
    """
    fields: Sequence[Field] = parsed("fields", parse_fields, fields_text) or ()
    if not 1 <= len(fields) <= MAX_FIELDS:
        raise invalid(said("name 1 to {limit} fields", limit=MAX_FIELDS), field="fields", limit=MAX_FIELDS)
    public_view.check_fields(user, fields, "fields")
    if any(field.kind == "metric" for field in fields):
        folding.fold_for_list(database, LIMITS.behind, LIMITS.fresh_s)
    now_s = time.time()

    def operation(connection: Connection) -> dict[str, object]:
        needs = Needs([field for field in fields if field.shape not in _WITHOUT_VALUES])
        counted = [_Counts(field) for field in fields]
        examined = 0
        for facts in _newest(connection, scope_of(connection, user, request), needs, now_s):
            examined += 1
            for counts in counted:
                if counts.field.shape not in _WITHOUT_VALUES:
                    counts.add(value_of(counts.field, facts, now_s))
        return {"fields": [counts.shown() for counts in counted], "trials": examined}

    return database.read(operation)


def _newest(connection: Connection, scope: Scope, needs: Needs, now_s: float) -> Iterator[Facts]:
    after: tuple[int, int] | None = None
    left = _NEWEST_WITH_DOCUMENT if needs.document else _NEWEST
    while left > 0:
        rows: list[Any] = trials.page(connection, scope, after, min(left, LIMITS.batch))
        yield from facts_of(connection, rows, needs, now_s)
        if len(rows) < min(left, LIMITS.batch):
            return
        left -= len(rows)
        after = (rows[-1].sort_us, rows[-1].id)
