"""Orders of trials, page by page: where a trial stands, as a value that compares and that a cursor can hold.

The order is that of `aimd_core.query.sort_rows` over trials that were newest first: equal ones stay so.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from aimd_core.query import Facts, SortKey, rank_of, value_of
from aimd_core.query.evaluate import MISSING_RANK, NAN_RANK, NUMBER_RANK, SORTED_CHARS, TEXT_RANK
from aimd_server.services.refusals import RefusalError, invalid
from aimd_server.stores.trials import TrialRow

Rank = tuple[int, float, str]
MAX_CURSOR_CHARS = 32 << 10
_MOST_CHARS = 3 * SORTED_CHARS  # folding the case of a letter makes three of it at most


class Place(NamedTuple):
    """Where a trial stands: the rank of each sort key, then the time it is known by, and its row."""

    ranks: tuple[Rank, ...]
    sort_us: int
    row_id: int


class Position(NamedTuple):
    """Where a list goes on: behind a place, with ages counted to the same moment as on the first page."""

    place: Place
    now_s: float


class _Backwards:
    """A text that stands before those that it would come after."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __lt__(self, other: _Backwards) -> bool:
        return other.text < self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def place_of(keys: Sequence[SortKey], facts: Facts, row: TrialRow, now_s: float) -> Place:
    """Return where a trial stands."""
    ranks = tuple(rank_of(value_of(key.field, facts, now_s)) for key in keys)
    return Place(ranks, row.sort_us, row.id)


def sortable(keys: Sequence[SortKey], place: Place) -> tuple[Any, ...]:
    """Return a place as a value that compares as the order has it."""
    parts = [_sortable_rank(rank, key.descending) for rank, key in zip(place.ranks, keys, strict=True)]
    return (*parts, -place.sort_us, -place.row_id)


def _sortable_rank(rank: Rank, descending: bool) -> tuple[Any, ...]:
    kind, number, text = rank
    if kind >= NAN_RANK:
        return (1, kind)
    return (0, -kind, -number, _Backwards(text)) if descending else (0, kind, number, text)


def cursor_of(keys: Sequence[SortKey], position: Position) -> str:
    """Return a position as a text for the next request."""
    place = position.place
    facts = [_mark(keys), position.now_s, [list(rank) for rank in place.ranks], place.sort_us, place.row_id]
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


def _mark(keys: Sequence[SortKey]) -> int:
    """Return a number by which a cursor of another order is told."""
    return zlib.crc32(repr([tuple(key) for key in keys]).encode())


def position_in(keys: Sequence[SortKey], cursor: str) -> Position:
    """Return the position that a cursor holds.

    Raises:
        RefusalError: `invalid`: it is none, or of another order.
    """
    try:
        if len(cursor) > MAX_CURSOR_CHARS:
            raise ValueError("too long")
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        mark, now_s, ranks, sort_us, row_id = json.loads(text)
        place = Place(tuple(_checked_rank(*rank) for rank in ranks), _whole(sort_us), _whole(row_id))
        if mark != _mark(keys) or len(ranks) != len(keys) or not isinstance(now_s, float):
            raise ValueError("of another order")
    except (ValueError, TypeError, RecursionError):
        raise _no_cursor() from None
    return Position(place, now_s)


def _whole(value: object) -> int:
    if type(value) is not int or abs(value) >= 1 << 63:
        raise ValueError("no such number")
    return value


def _checked_rank(kind: object, number: object, text: object) -> Rank:
    if kind not in (NUMBER_RANK, TEXT_RANK, NAN_RANK, MISSING_RANK) or type(kind) is not int:
        raise ValueError("no such rank")
    if type(number) not in (int, float) or number != number or not isinstance(text, str) or len(text) > _MOST_CHARS:
        raise ValueError("no such rank")
    assert isinstance(number, (int, float))
    return kind, number, text


def _no_cursor() -> RefusalError:
    return invalid("that cursor is none of this server, or of another order", field="cursor")
