"""Where a server's database is: the file in its data directory, or the PostgreSQL that a URL names.

The URL comes from whoever starts the server, else from the environment, else from `server.yaml` in the data directory,
so that all commands on a data directory find the same database. A password in it is shown to nobody.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from aimd_core.errors import ConfigError, UsageError

FILE = "aimd.db"
SETTINGS_FILE = "server.yaml"
VARIABLE = "AIMD_SERVER_DATABASE"
SCHEMES = ("postgresql", "postgres")
_EXAMPLE = "For example: postgresql://aimd@db.example.org/aimd"


def url_of(data_dir: Path) -> str | None:
    """Return the URL that the environment or the data directory's own settings name, None for the file in it.

    Raises:
        ConfigError: The settings cannot be read.
    """
    return os.environ.get(VARIABLE) or _from_settings(data_dir / SETTINGS_FILE)


def _from_settings(file: Path) -> str | None:
    if not file.exists():
        return None
    import yaml

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(path=file, reason=str(error).splitlines()[0]) from None
    found = document.get("database") if isinstance(document, dict) else None
    return found if isinstance(found, str) else None


def parsed(url: str) -> URL:
    """Return what a URL of a database says.

    Raises:
        UsageError: It is none. The text is not repeated: it may hold a password.
    """
    try:
        found = make_url(url)
        good = found.drivername in SCHEMES and bool(found.database)
    except (ArgumentError, ValueError):
        good = False
    if not good:
        raise UsageError(message="the address of the database is no postgresql://USER@HOST/NAME", hint=_EXAMPLE)
    return found.set(drivername="postgresql+psycopg")


def check_without_password(url: str) -> None:
    """Refuse a URL with a password on a command line, where everybody on the machine can read it.

    Raises:
        UsageError: It holds one.
    """
    found = parsed(url)
    if found.password is not None or "password" in found.query:
        raise UsageError(
            message="the address of the database holds a password, which the list of processes would show to everybody",
            hint=f"Set PGPASSWORD, use ~/.pgpass, or put the whole address into {VARIABLE} or DIR/{SETTINGS_FILE}",
        )


def shown(url: str) -> str:
    """Return a URL for people: without its password, and without options, which may hold one."""
    found = parsed(url)
    place = {"host": found.host, "port": found.port, "database": found.database}
    return URL.create("postgresql", username=found.username, **place).render_as_string()  # type: ignore[arg-type]
