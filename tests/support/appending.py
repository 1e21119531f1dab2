"""Appends without a server: by the code that its route runs, one at a time."""

from __future__ import annotations

from aimd_server.services.files import Standing
from aimd_server.services.series import chunking, growth
from aimd_server.services.series.appending import Appends
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database


def append(database: Database, user: Account, uid: str, file: str, offset: int, content: bytes) -> Standing:
    """Keep a file's bytes from `offset` on and return, after the commit, where the server stands."""
    done = database.write(Appends().operation(growth.prepare(user, uid, file, offset, content)), order=uid)
    if done.due is not None:
        chunking.chunk_tail(database, done.due, file)
    return done.standing
