"""What a command line asks of a list of trials: which, in which order, and which columns. Nothing is read for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from aimd_core.errors import UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimd_core.query import Field, Query, SortKey
    from aimd_core.sources.views import Views

_STORES = (".db", ".sqlite", ".sqlite3", ".wandb", ".swanlab", ".zip", ".parquet", ".csv")  # of other trackers
_SIGNS = frozenset("<>=~()\"' ")  # what a query may have, and hardly any path


class Listing(NamedTuple):
    """A request for a list.

    Attributes:
        query: Which trials; None means all.
        keys: What they are sorted by; by default newest first.
        columns: The fields to show instead of the usual ones.
        added: The fields to show besides the usual ones.
        limit: The most trials.
        detail: Whether to show parameters and metrics that are the same in all trials.
        only_changed: Whether to leave them out in a pipe, too.
        group_by: Which parameters to group trials by, as in `aimd trial compare`; empty means no groups.
    """

    query: Query | None = None
    keys: tuple[SortKey, ...] = ()
    columns: tuple[Field, ...] = ()
    added: tuple[Field, ...] = ()
    limit: int | None = None
    detail: bool = False
    only_changed: bool = False
    group_by: str = ""

    @property
    def read_limit(self) -> int | None:
        """The most trials that have to be read: all for groups, of which each needs its members."""
        return None if self.group_by else self.limit

    def queried(self) -> list[Field]:
        """Return the fields of the query."""
        if self.query is None:
            return []
        from aimd_core.query import fields_of

        return fields_of(self.query.condition)

    def fields(self) -> list[Field]:
        """Return the fields that the answer needs."""
        return [*self.queried(), *(key.field for key in self.keys), *self.columns, *self.added]


def split_words(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the directory or address among the words of a command line, and the others, which are queries.

    Raises:
        UsageError: Several of them are directories.
    """
    places = [word for word in words if _is_location(word)]
    if len(places) > 1:
        raise UsageError(
            message=said("one directory at a time, not {places}", places=", ".join(places)),
            hint="Trials of several: aimd trial compare -d DIR, or import one into the other",
        )
    return (places[0] if places else None), [word for word in words if word not in places]


def _is_location(word: str) -> bool:
    """Tell whether a word is a directory, or can be nothing else: a path that is not there, the address of a server."""
    if os.path.isdir(word) or (word.endswith(_STORES) and os.path.isfile(word)):
        return True
    is_path = os.sep in word or word.startswith("~") or word.endswith(":") or word in (os.curdir, os.pardir)
    return is_path and not _SIGNS & set(word)


class ViewedWords(NamedTuple):
    """The words of a command line without those that name a saved view, and what the view says."""

    words: list[str]
    sort: str
    columns: str
    group_by: str


def with_view(words: Sequence[str], views: Callable[[], Views], sort: str, columns: str) -> ViewedWords:
    """Return queries, order and columns of a command line in which `@NAME` stands for a saved view.

    Args:
        words: Queries, parts of names, and views.
        views: Returns where the views are kept.
        sort: The order, which wins over that of the view.
        columns: The columns, which win over those of the view.

    Raises:
        NotFoundError: There is no view of that name.
        UsageError: There are several.
    """
    names = [word[1:] for word in words if word.startswith("@")]
    if not names:
        return ViewedWords(list(words), sort, columns, "")
    if len(names) > 1:
        raise UsageError(message=said("one view at a time, not {names}", names=", ".join(names)))
    from aimd_core.sources.views import view_in

    view = view_in(views(), names[0])
    others = [word for word in words if not word.startswith("@")]
    queries = [view.query, *others] if view.query else others
    return ViewedWords(queries, sort or view.sort, columns or view.columns, view.group_by)


def conditions(words: Sequence[str], where: str, states: str) -> Query | None:
    """Return the query of a command line, None if it has none.

    Args:
        words: Words and queries; a word without signs is a part of the name.
        where: The value of --where.
        states: The value of --only: states, separated by commas.

    Raises:
        QueryError: One of them cannot be parsed.
    """
    if not words and not where.strip() and not states.strip():
        return None
    from aimd_core.query import all_of, parse, read_words

    return all_of(
        read_words(words),
        parse(where) if where.strip() else None,
        parse(f"state in [{states}]") if states.strip() else None,
    )
