"""The schema of a database, brought to the newest revision in one transaction: old or new, never between.

Alembic is imported only when there is something to do, because its import takes longer than the rest of a start.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from aimd_server.errors import NewerDatabaseError
from aimd_server.stores.schema import HEAD

SCRIPTS = Path(__file__).parent / "migrations"


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database's schema, None when it has none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def bring_up_to_date(engine: Engine, path: Path) -> None:
    """Bring a database to revision HEAD; several processes may do so at once.

    Raises:
        NewerDatabaseError: Its revision is not one that this program knows.
    """
    with engine.connect() as connection, connection.begin():  # a writing transaction: others wait here
        found = revision_of(connection)
        if found == HEAD:
            return
        _upgrade(connection, found, path)


def _upgrade(connection: Connection, found: str | None, path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerDatabaseError(path=path, revision=found)
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
