"""Migrates the schema of a database to the newest revision in one transaction: it is old or new, never in between.

Alembic is imported only if there is something to do, because its import takes longer than the rest of a start.
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
from aimd_server.stores import row_sums, sqlite
from aimd_server.stores.postgres import lock_table, take_time
from aimd_server.stores.schema import HEAD
from aimd_server.stores.sqlite import VERSIONS

SCRIPTS = Path(__file__).parent / "migrations"
# As Alembic creates it; it must exist before there is anything to lock.
_MAKE_VERSIONS = f"""CREATE TABLE IF NOT EXISTS {VERSIONS} (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT {VERSIONS}_pkc PRIMARY KEY (version_num))"""
_TRIES = 10


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database's schema, or None if it has none yet."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    revision = connection.execute(text(f"SELECT version_num FROM {VERSIONS}")).scalar()  # noqa: S608  a constant
    return None if revision is None else str(revision)


def bring_up_to_date(engine: Engine, shown: str, scripts: Path = SCRIPTS, head: str = HEAD) -> None:
    """Migrate a database to the newest revision. If several processes do so at once, one of them does the work.

    Args:
        engine: The database's engine for writing.
        shown: The database's name in messages.
        scripts: The directory of the migrations.
        head: The newest revision in it.

    Raises:
        NewerDatabaseError: Its revision is unknown to this program.
        DamagedError: Rows refer to missing rows.
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
        connection.begin(),  # on SQLite a writing transaction, for which others wait
    ):
        if shared:
            take_time(connection)  # an index of many rows takes long; other replicas wait for it
            lock_table(connection, VERSIONS)
        revision = revision_of(connection)
        if revision == head:
            return
        if not shared:
            row_sums.drop(connection)
        _upgrade(connection, revision, shown, scripts)
        if not shared:
            row_sums.make(connection)
        if not shared and (tables := sqlite.dangling(connection)):
            reason = said("rows of {tables} refer to rows that do not exist", tables=", ".join(tables))
            raise DamagedError(path=shown, reason=reason)


def _make_versions(engine: Engine) -> None:
    """Create the table of the revision; two processes can collide in spite of IF NOT EXISTS."""
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
    revisions = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in revisions:
        raise NewerDatabaseError(path=shown, revision=revision)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
