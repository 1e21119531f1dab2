"""A kill inside a migration leaves the old schema or the new, whatever released schema it starts from.

A database of each older schema is made with its own migrations and filled by what was there then; the upgrade runs in a
process that kills itself before its n-th statement, for every n until it comes through.
"""

from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aimd_server.operations import check
from aimd_server.services.identity import hash_of
from aimd_server.stores.database import Database
from aimd_server.stores.schema import HEAD
from tests.server.api import line
from tests.support.server import clean_environment

MOST_STATEMENTS = 500
REVISIONS = [f"{number:04d}" for number in range(1, int(HEAD) + 1)]
KEY = "0d9cf1f5-6f1b-4a2e-8a6c-0f7b6a5d4c3b"
_MAKE = """
import sys
from pathlib import Path
from aimd_server.stores import migration, schema, sqlite
from alembic import command
migration.HEAD = sys.argv[2]
path = Path(sys.argv[1]) / "aimd.db"
path.parent.mkdir(mode=0o700)
sqlite.create_private(path)
engine = sqlite.writing_engine(path)
migration.bring_up_to_date(engine, path)
engine.dispose()
"""
# For n = 1, 1 + step, ...: a copy of the data, on which a child upgrades and is killed before its n-th statement or the
# commit, until one comes through.
_UPGRADE = """
import os, shutil, signal, sys
from pathlib import Path
from alembic import command
from sqlalchemy import event
from aimd_server.stores import database, migration, sqlite
true, source, left = sqlite.writing_engine, Path(sys.argv[1]), 0
def writing_engine(path):
    engine = true(path)
    {planted}
    def count(*given):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    return engine
sqlite.writing_engine = writing_engine
for number in range(1, int(sys.argv[3]), int(sys.argv[2])):
    copy, left = source.with_name(f"killed-{number:04d}"), number
    shutil.copytree(source, copy)
    child = os.fork()
    if child == 0:
        database.Database(copy).close()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(status)
    if status == 0:
        break
"""
A_COMMIT_AFTER_EACH_STATEMENT = """
    def commit(connection, cursor, *more):
        if cursor.connection.in_transaction:
            cursor.connection.execute("COMMIT")
            cursor.connection.execute("BEGIN IMMEDIATE")
    event.listen(engine, "after_cursor_execute", commit)
"""


def _run(program: str, *words: object) -> int:
    command = [sys.executable, "-c", program, *map(str, words)]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def _fill(database: sqlite3.Connection) -> None:
    """Write what every schema had from the first on: an account with a key, folders, a trial with a journal."""
    content = b"".join(line(step) for step in range(3))
    rows: dict[str, list[dict[str, Any]]] = {
        "account": [{"id": 1, "name": "lin", "created_us": 1}],
        "api_key": [{"id": 1, "account_id": 1, "hash": hash_of(KEY), "created_us": 1}],
        "folder": [
            {"id": 1, "uid": "0" * 8 + "-0000-4000-8000-000000000001", "name": "root", "path": "/", "parent_id": None},
            {"id": 2, "uid": "0" * 8 + "-0000-4000-8000-000000000002", "name": "a", "path": "/a", "parent_id": 1},
        ],
        "trial": [{"id": 1, "uid": "0" * 8 + "-0000-4000-8000-000000000003", "folder_id": 2, "name": "cnn"}],
        "journal": [{"id": 1, "trial_id": 1, "file": "metrics", "next_offset": len(content), "records": 3}],
        "journal_tail": [{"journal_id": 1, "offset": 0, "size": len(content), "codec": 0, "data": content}],
        "series": [{"id": 1, "trial_id": 1, "type": "train", "live": "{}"}],
    }
    common = {"owner_id": 1, "editor_id": 1, "created_us": 1, "updated_us": 1, "damaged": 0}
    common |= {"type": "normal", "sort_us": 1, "document": '{"status": "Running"}', "parameters": '{"lr": 0.1}'}
    common |= {"parsed_offset": len(content)}
    for table, given in rows.items():
        known = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        for one in given:
            values = {name: value for name, value in {**common, **one}.items() if name in known}
            names = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join("?" for _ in values)
            database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def old_database(folder: Path, revision: str) -> Path:
    """Make a data directory as a server of that revision would have left it."""
    data_dir = folder / f"from-{revision}"
    assert _run(_MAKE, data_dir, revision) == 0
    with closing(sqlite3.connect(data_dir / "aimd.db")) as database, database:
        _fill(database)
    return data_dir


def state_of(data_dir: Path) -> tuple[str, str, str]:
    """Return the revision, the schema and a digest of what the first schema's tables hold."""
    with closing(sqlite3.connect(data_dir / "aimd.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        revision = str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])
        schema = sorted(str(row[0]) for row in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
        held = [list(database.execute(f"SELECT id, name FROM {table}")) for table in ("account", "folder", "trial")]
        held.append(list(database.execute("SELECT * FROM journal_tail")))
    return revision, "\n".join(schema), hashlib.sha256(repr(held).encode()).hexdigest()


def kills_until_done(data_dir: Path, planted: str = "pass", step: int = 1) -> tuple[int, list[str]]:
    """Upgrade copies, each killed a step later; return how many were killed, and those left in between."""
    before = state_of(data_dir)
    assert _run(_UPGRADE.replace("{planted}", planted.strip()), data_dir, step, MOST_STATEMENTS) == 0
    copies = sorted(data_dir.parent.glob("killed-*"))
    states = {copy.name: state_of(copy) for copy in copies}
    after = states[copies[-1].name]
    assert check(copies[-1]).faults == []
    assert (after[0], after[2]) == (HEAD, before[2])
    return len(copies) - 1, [name for name, state in states.items() if state not in (before, after)]


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_upgrade_from_every_released_schema_keeps_what_was_there(tmp_path: Path, revision: str) -> None:
    data_dir = old_database(tmp_path, revision)
    before = state_of(data_dir)
    with Database(data_dir):
        pass
    assert state_of(data_dir)[::2] == (HEAD, before[2])
    assert check(data_dir).faults == []


def test_a_killed_upgrade_leaves_the_old_schema_or_the_new(tmp_path: Path) -> None:
    killed, found = kills_until_done(old_database(tmp_path, REVISIONS[0]), step=11)
    assert found == []
    assert killed > 3


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_an_upgrade_killed_before_every_statement(tmp_path: Path, revision: str) -> None:
    killed, found = kills_until_done(old_database(tmp_path, revision))
    assert found == []
    assert killed > 5


def test_an_upgrade_in_pieces_is_caught(tmp_path: Path) -> None:
    data_dir = old_database(tmp_path, REVISIONS[0])
    _, found = kills_until_done(data_dir, A_COMMIT_AFTER_EACH_STATEMENT, step=17)
    assert found
