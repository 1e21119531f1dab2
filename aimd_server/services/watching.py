"""Watching trials and folders: what a stream of events may see, and the current state of what is watched."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from aimd_core.language import said
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.trial_facts import state_of
from aimd_server.services.visibility import Role, load_folder, roles_of
from aimd_server.stores import trials, watching
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.watching import WatchedRow

MAX_NAMED = 500
NEWEST = 500  # watched trials of a folder, or of a tree of folders
EXAMINED = 2_000  # the owner's newest trials, among which a look searches those of a tree


class TrialStatus(NamedTuple):
    """What a stream tells of a trial; a change of it is an event."""

    uid: str
    state: str | None
    updated_us: int
    records: int


class EventsRequest(NamedTuple):
    """What a stream watches."""

    folder_id: str | None
    trial_ids: tuple[str, ...]
    below: bool = False


class Watched(NamedTuple):
    """What a stream may see: row ids, the folder's id, and its owner and path if everything below counts too."""

    folder: int | None
    folder_uid: str
    trials: frozenset[int]
    tree: tuple[int, str] | None = None


class Look(NamedTuple):
    """The state of what is watched at one moment; for a folder, the row ids of its newest trials and all that it shows.

    `trees` has the newest trials of trees of folders.
    """

    trials: dict[int, TrialStatus]
    newest: dict[int, list[int]]
    listings: dict[int, object]
    trees: Mapping[tuple[int, str], list[int]] = MappingProxyType({})


def watched_by(database: Database, user: Account, wish: EventsRequest) -> Watched:
    """Return what a user may watch now, leaving out trials that the user may not see.

    Raises:
        RefusalError: `folder_not_found`, `invalid`, or `not_found` if nothing is left.
    """
    if len(wish.trial_ids) > MAX_NAMED:
        raise invalid(said("at most {limit} trials at once", limit=MAX_NAMED), field="trials", limit=MAX_NAMED)
    if wish.folder_id is None and not wish.trial_ids:
        raise invalid("name a folder_id or trials", field="folder_id")

    def operation(connection: Connection) -> Watched:
        folder = load_folder(connection, user, wish.folder_id) if wish.folder_id is not None else None
        rows = trials.by_uids(connection, list(wish.trial_ids))
        roles = roles_of(connection, user, rows)
        seen = frozenset(row.id for row in rows if roles[row.id] >= Role.VIEWER)
        if folder is None and not seen:
            raise RefusalError("not_found", "none of these trials is there")
        if folder is None:
            return Watched(None, "", seen)
        return Watched(folder.id, folder.uid, seen, (folder.owner_id, folder.path) if wish.below else None)

    return database.read(operation)


def _status(row: WatchedRow, now_s: float) -> TrialStatus:
    state = state_of(row.told or "", json.loads(row.ending) if row.ending else None, row.heard_us, now_s)
    return TrialStatus(row.uid, state.name or None, row.updated_us, row.records)


def look(database: Database, watched: list[Watched]) -> Look:
    """Return the current state of everything watched."""
    folders = sorted({watch.folder for watch in watched if watch.folder is not None})

    def operation(connection: Connection) -> Look:
        newest = watching.newest(connection, folders, NEWEST)
        children = watching.children(connection, folders) if folders else {}
        trees = watching.newest_below(connection, {watch.tree for watch in watched if watch.tree}, NEWEST, EXAMINED)
        ids = set().union(*(watch.trials for watch in watched), *newest.values(), *trees.values())
        now_s = time.time()
        statuses = {row_id: _status(row, now_s) for row_id, row in watching.rows(connection, sorted(ids)).items()}
        listings: dict[int, object] = {
            folder_id: (newest.get(folder_id), children.get(folder_id)) for folder_id in folders
        }
        return Look(statuses, newest, listings, trees)

    return database.read(operation)
