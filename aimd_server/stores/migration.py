"""The schema of a database, brought to the newest revision in one transaction: old or new, never between.

Alembic is imported only when there is something to do, because its import takes longer than the rest of a start.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from aimd_core.errors import DamagedError
from aimd_core.language import said
from aimd_server.errors import NewerDatabaseError
from aimd_server.stores import sqlite
from aimd_server.stores.postgres import lock_table, take_time
from aimd_server.stores.schema import HEAD

SCRIPTS = Path(__file__).parent / "migrations"
VERSIONS = "alembic_version"
# As Alembic makes it; it has to be there before there is something to lock.
_MAKE_VERSIONS = f"""CREATE TABLE IF NOT EXISTS {VERSIONS} (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT {VERSIONS}_pkc PRIMARY KEY (version_num))"""
_TRIES = 10


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database's schema, None when it has none yet."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    revision = connection.execute(text(f"SELECT version_num FROM {VERSIONS}")).scalar()  # noqa: S608  a constant
    return None if revision is None else str(revision)


def bring_up_to_date(engine: Engine, shown: str, scripts: Path = SCRIPTS, head: str = HEAD) -> None:
    """Bring a database to the newest revision; several processes may do so at once, and then one of them does.

    Args:
        engine: Of the database, for writing.
        shown: What messages call the database.
        scripts: The directory of the migrations.
        head: The newest revision in it.

    Raises:
        NewerDatabaseError: Its revision is not one that this program knows.
        DamagedError: Rows refer to what is not there.
    """
    shared = engine.dialect.name == "postgresql"
    if shared:
        with engine.begin() as connection:
            if revision_of(connection) == head:
                return
        _make_versions(engine)
    with (
        engine.connect() as connection,
        nullcontext() if shared else sqlite.unlinked(connection),
        connection.begin(),  # on SQLite a writing transaction: others wait here
    ):
        if shared:
            take_time(connection)  # an index of very many rows; other replicas wait for it
            lock_table(connection, VERSIONS)
        revision = revision_of(connection)
        if revision == head:
            return
        _upgrade(connection, revision, shown, scripts)
        if not shared and (tables := sqlite.dangling(connection)):
            reason = said("rows of {tables} refer to rows that do not exist", tables=", ".join(tables))
            raise DamagedError(path=shown, reason=reason)


def _make_versions(engine: Engine) -> None:
    """Make the table of the revision; two that do so at once can meet in spite of IF NOT EXISTS."""
    for left in reversed(range(_TRIES)):
        try:
            with engine.begin() as connection:
                connection.execute(text(_MAKE_VERSIONS))
            return
        except DBAPIError:
            if not left:
                raise
            time.sleep(0.05)


def _upgrade(connection: Connection, revision: str | None, shown: str, scripts: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerDatabaseError(path=shown, revision=revision)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
