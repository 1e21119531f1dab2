"""One change of many trials in one request: delete, restore, move, tag.

Each trial is changed or refused by itself, as a request for it alone would be, and the answer names those that were
refused and why. A hundred share a transaction, so that nobody else waits long for the writer. If the database fails in
the middle, the answer tells what was done before and refuses the rest as `busy`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from aimd_core.language import ENGLISH, said, translated
from aimd_server.errors import StoreUnavailableError
from aimd_server.services import trash
from aimd_server.services.folders import FolderWish
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.trash import Restoring
from aimd_server.services.trial_changes import TrialChange, change_row, checked_tags, written
from aimd_server.services.trials import MAX_PAGE
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database

_AT_ONCE = 100  # trials per transaction

Change = Callable[[Connection, str], None]


class BulkChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body that changes many trials: to where (`move`), or which tags are added and removed (`tag`)."""

    ids: list[str]
    action: Literal["delete", "restore", "move", "tag"]
    folder: FolderWish | None = None
    add_tags: list[str] = []
    remove_tags: list[str] = []


class Refused(msgspec.Struct, frozen=True):
    """A trial that was not changed, and why, as an error of one request says it."""

    id: str
    code: str
    message: str


def apply(database: Database, user: Account, wish: BulkChange, reads: str = ENGLISH) -> dict[str, object]:
    """Change trials one after the other and return the ids of those that were changed, and the refusals.

    Args:
        database: Where they are.
        user: The caller.
        wish: Which trials, and what is done with them.
        reads: The language in which the caller is told why.

    Raises:
        RefusalError: `invalid`: too many ids, or a change that none of them could take.
        StoreUnavailableError: The database refused, and nothing was changed.
    """
    if len(wish.ids) > MAX_PAGE:
        raise invalid(said("{limit} ids at most", limit=MAX_PAGE), field="ids", limit=MAX_PAGE)
    change, uids = _change(user, wish), list(dict.fromkeys(wish.ids))
    refused: dict[str, Refused] = {}
    in_turn = sorted(uids)  # the same for everybody, so that two changes of the same trials do not block each other
    for start in range(0, len(in_turn), _AT_ONCE):
        some = in_turn[start : start + _AT_ONCE]
        try:
            refusals = database.write(lambda connection, some=some: _changed(connection, change, some))  # type: ignore[misc]
        except StoreUnavailableError as error:
            if not start:
                raise
            refused |= {uid: Refused(uid, *error.told) for uid in in_turn[start:]}
            break
        refused |= {refusal.id: refusal for refusal in refusals}
    done = [uid for uid in uids if uid not in refused]
    told = [_told(refused[uid], reads) for uid in uids if uid in refused]
    return {"done": done, "refused": told}


def _told(refused: Refused, reads: str) -> dict[str, str]:
    return {"id": refused.id, "code": refused.code, "message": translated(refused.message, reads)}


def _changed(connection: Connection, change: Change, uids: list[str]) -> list[Refused]:
    """Change each trial or leave it whole, and return those that were left."""
    refused = []
    for uid in uids:
        try:
            with connection.begin_nested():
                change(connection, uid)
        except RefusalError as error:
            refused.append(Refused(uid, error.code, error.words))
    return refused


def _change(user: Account, wish: BulkChange) -> Change:
    """Return what an action does to one trial."""
    if (wish.action == "move") != (wish.folder is not None):
        raise invalid("folder belongs to the action move, which needs it", field="folder")
    if (wish.action == "tag") != bool(wish.add_tags or wish.remove_tags):
        raise invalid("add_tags and remove_tags belong to the action tag, which needs one", field="add_tags")
    if wish.action == "delete":
        return lambda connection, uid: trash.put_trial(connection, user, uid)
    if wish.action == "restore":
        return lambda connection, uid: trash.take_trial(connection, user, uid, Restoring())
    checked_tags([*wish.add_tags, *wish.remove_tags])
    change = TrialChange(add_tags=wish.add_tags, remove_tags=wish.remove_tags)
    if wish.folder is not None:
        change.folder = wish.folder
    columns = written(change)
    return lambda connection, uid: change_row(connection, user, uid, change, columns)
