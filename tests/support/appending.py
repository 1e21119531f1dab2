"""Appends without a server: by the code that its route runs, one at a time."""

from __future__ import annotations

from aimd_server.services.files import Standing
from aimd_server.services.series import appending
from aimd_server.services.series.appending import Appends
from aimd_server.services.series.chunking import LIMITS, ColumnLimits
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database


def append(
    database: Database, user: Account, uid: str, file: str, offset: int, content: bytes, limits: ColumnLimits = LIMITS
) -> Standing:
    """Keep a file's bytes from `offset` on and return, after the commit, where the server stands."""
    done = database.write(Appends(limits).operation(appending.prepare(user, uid, file, offset, content)), order=uid)
    if done.due is not None:
        appending.settle(database, done.due, limits)
    return done.standing
