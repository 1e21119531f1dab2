"""A kill inside a migration leaves the schema that was there or the new one, never one between.

Two migrations are killed: the first, which makes everything, and a second one, written here as the next release would
write it, over the data of a real server. Each runs in a process that kills itself before its n-th statement or its
commit, for every n until it comes through.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aimd_server.operations import check
from aimd_server.stores.migration import SCRIPTS
from aimd_server.stores.schema import HEAD
from tests.server.api import User, line
from tests.support.database_file import connected
from tests.support.server import RunningServer, run_python

MOST_STATEMENTS = 500
NEXT = f"{int(HEAD) + 1:04d}"
# What a later release may have to do: a column that is filled from what is there, a table, an index, a changed column.
_NEXT = f'''
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.add_column("trial", sa.Column("length", sa.BigInteger, nullable=True))
    op.execute("UPDATE trial SET length = length(name)")
    op.create_table("mark", sa.Column("id", sa.Integer, nullable=False), sa.PrimaryKeyConstraint("id", name="pk_mark"))
    op.execute("INSERT INTO mark (id) SELECT id FROM trial")
    with op.batch_alter_table("trial") as trial:
        trial.alter_column("length", nullable=False)
        trial.create_index("ix_trial_length", ["length"])
'''
# For n = 1, 1 + step, ...: a copy of the data, on which a child upgrades and is killed before its n-th statement or the
# commit, until one comes through.
_UPGRADE = """
import os, shutil, signal, sys
from pathlib import Path
from alembic import command
from sqlalchemy import event
from aimd_server.stores import migration, sqlite
source, scripts, head, left = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], 0
def upgrade(data_dir):
    path = data_dir / "aimd.db"
    if not path.exists():
        sqlite.create_private(path)
    engine = sqlite.writing_engine(path)
    {planted}
    def count(*given):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    migration.bring_up_to_date(engine, "it", scripts, head)
    engine.dispose()
for number in range(1, int(sys.argv[5]), int(sys.argv[4])):
    copy, left = source.with_name(f"killed-{number:04d}"), number
    shutil.copytree(source, copy)
    child = os.fork()
    if child == 0:
        upgrade(copy)
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


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A data directory without a database."""
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data"


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The data directory of a server that has a trial with a journal, chunks and a tail."""
    with RunningServer(tmp_path / "data") as server, User(server, "lin") as user:
        trial_id = user.new_trial("cnn", parameters={"lr": 0.1})
        assert user.patch(trial_id, 0, b"".join(line(step) for step in range(5000))).status_code == 204
    return tmp_path / "data"


@pytest.fixture
def next_scripts(tmp_path: Path) -> Path:
    """The migrations and one more."""
    scripts = Path(shutil.copytree(SCRIPTS, tmp_path / "migrations"))
    (scripts / "versions" / f"r{NEXT}_next.py").write_text(_NEXT)
    return scripts


def state_of(data_dir: Path) -> tuple[str, list[str], list[str]]:
    """Return the revision, the schema, and what some tables hold."""
    with closing(connected(data_dir / "aimd.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        schema = sorted(str(row[0]) for row in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
        revision = ""
        if any("alembic_version" in statement for statement in schema):
            revision = str((database.execute("SELECT version_num FROM alembic_version").fetchone() or [""])[0])
        tables = ("account", "folder", "trial", "journal", "journal_chunk", "series_chunk")
        there = [name for name in tables if f'"{name}"' in repr(schema) or f"TABLE {name} " in repr(schema)]
        held = [repr(row[:5]) for name in there for row in database.execute(f"SELECT * FROM {name} ORDER BY 1, 2")]
    return revision, schema, held


def kills_until_done(
    data_dir: Path, scripts: Path = SCRIPTS, head: str = HEAD, planted: str = "pass", step: int = 1
) -> tuple[Path, list[str]]:
    """Upgrade copies of a directory, each killed `step` statements later than the last.

    Returns:
        The copy that came through, and the names of those that were left neither old nor new.
    """
    words = [data_dir, scripts, head, step, MOST_STATEMENTS]
    done = run_python(_UPGRADE.replace("{planted}", planted.strip()), *map(str, words))
    assert done.returncode == 0, done.stderr
    copies = sorted(data_dir.parent.glob("killed-*"))
    assert len(copies) > 3
    states = {copy: state_of(copy) for copy in copies}
    after = states[copies[-1]]
    assert after[0] == head
    before = state_of(data_dir) if (data_dir / "aimd.db").exists() else ("", [], [])
    assert after[2] == before[2]
    return copies[-1], [copy.name for copy, state in states.items() if state not in (before, after)]


SOME = pytest.param(7, id="before some statements")
EACH = pytest.param(1, id="before each statement", marks=pytest.mark.soak)


@pytest.mark.parametrize("step", [SOME, EACH])
def test_the_first_migration_that_is_killed_leaves_nothing_or_all(empty: Path, step: int) -> None:
    done, between = kills_until_done(empty, step=step)
    assert between == []
    assert check(done).faults == []


@pytest.mark.parametrize("step", [SOME, EACH])
def test_a_later_migration_that_is_killed_keeps_what_was_there(filled: Path, next_scripts: Path, step: int) -> None:
    done, between = kills_until_done(filled, next_scripts, NEXT, step=step)
    assert between == []
    with closing(sqlite3.connect(done / "aimd.db")) as database:
        assert database.execute("SELECT name, length FROM trial").fetchall() == [("cnn", 3)]
        assert database.execute("SELECT count(*) FROM mark").fetchone() == (1,)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_migration_in_pieces_is_caught(filled: Path, next_scripts: Path) -> None:
    _, between = kills_until_done(filled, next_scripts, NEXT, A_COMMIT_AFTER_EACH_STATEMENT, step=7)
    assert between
