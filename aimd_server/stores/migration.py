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
from aimd_server.errors import DamagedDatabaseError, NewerDatabaseError
from aimd_server.stores import row_sums, sqlite
from aimd_server.stores.postgres import lock_table, take_time
from aimd_server.stores.schema import HEAD, metadata
from aimd_server.stores.sqlite import VERSIONS

SCRIPTS = Path(__file__).parent / "migrations"
# As Alembic creates it; it must exist before there is anything to lock.
_MAKE_VERSIONS = f"""CREATE TABLE IF NOT EXISTS {VERSIONS} (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT {VERSIONS}_pkc PRIMARY KEY (version_num))"""
_TRIES = 10
# A table, or a column of one, that each revision was the first to have: by it a wrong number of the revision is found.
MARKS = {
    "0001": ("trial", ""),
    "0002": ("folder_note", ""),
    "0003": ("trial_metric", "position"),
    "0004": ("journal_lines", ""),
}


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
        DamagedError: Its tables are not those of its revision, or rows refer to missing rows.
    """
    shared = engine.dialect.name == "postgresql"
    if shared:
        with engine.begin() as connection:
            if revision_of(connection) == head:
                _require_marks(connection, head, shown)
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
        _require_marks(connection, revision, shown)
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


def _require_marks(connection: Connection, revision: str | None, shown: str) -> None:
    """Check that a database has what the revisions up to its own have added, and nothing of later ones.

    A number that somebody has set by hand would else run a migration twice, or leave one out.

    Raises:
        DamagedError: It does not.
    """
    if revision is not None and revision not in MARKS:
        return  # what is newer refuses itself
    columns = _columns(connection)
    for added, (table, column) in MARKS.items():
        is_there = table in columns and (not column or column in columns[table])
        if is_there != (revision is not None and added <= revision):
            name = f"{table}.{column}".rstrip(".")
            what = said("it has {name} already" if is_there else "it has no {name}", name=name)
            raise _mismatch(shown, revision, what)
    if revision != HEAD:
        return
    for table, declared in metadata.tables.items():
        for column in map(str, declared.columns.keys()):
            if table in columns and column not in columns[table]:
                raise _mismatch(shown, revision, said("it has no {name}", name=f"{table}.{column}"))


def _columns(connection: Connection) -> dict[str, set[str]]:
    """Return the columns of all tables of a database, in one question."""
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    if connection.dialect.name == "sqlite":
        query = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(text(query)):
        columns.setdefault(str(table), set()).add(str(column))
    return columns


def _mismatch(shown: str, revision: str | None, what: str) -> DamagedError:
    reason = said("is not what its version says: schema {revision}, but {what}", revision=revision or "none", what=what)
    return DamagedDatabaseError(path=shown, reason=reason)


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
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    revisions = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in revisions:
        raise NewerDatabaseError(path=shown, revision=revision)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:  # the row of the revision is not what its index says
        raise DamagedError(path=shown, reason=said("is not a usable database ({reason})", reason=error)) from error
