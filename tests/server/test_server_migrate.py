"""`aimd server migrate`: a file's data into PostgreSQL and back, all of it or nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aimd_core.errors import DamagedError, NotFoundError, UsageError
from aimd_server import moving, operations
from aimd_server.accounts import add_user
from aimd_server.blobs import open_blobs
from aimd_server.stores import copying
from tests.server.api import User, line
from tests.support.home import Home
from tests.support.postgres import Postgres, execute
from tests.support.server import RunningServer, run_python

pytestmark = pytest.mark.sqlite
KEY = "series/aa/0a1b2c3d"


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


class Filled:
    """A stopped server with something of everything, and how it answers."""

    def __init__(self, data_dir: Path) -> None:
        self.server = RunningServer(data_dir)
        with self.server, User(self.server, "lin") as self.user:
            self.trial = self.user.new_trial("cnn", parameters={"lr": 0.1, "text": "中文 \0"}, folder=_path("a/b/c"))
            top = self.user.v2("GET", "/folders/by-path", params={"path": "a/b"}).json()["id"]
            late = self.user.v2("POST", "/folders", json={"path": "late"}).json()["id"]
            self.user.v2("PATCH", f"/folders/{top}", json={"parent": late})  # now a child is older than its parent
            content = b"".join(line(step, loss=step / 7) for step in range(9000))
            assert self.user.patch(self.trial, 0, content).status_code == 204
            self.user.v2("DELETE", f"/trials/{self.user.new_trial('gone')}")
            self.answers = self.ask(self.server)
        open_blobs(None, data_dir).put(KEY, b"object")

    def ask(self, server: RunningServer) -> list[object]:
        with self.user.at(server) as user:
            trash = user.v2("GET", "/trash").json()
            folders = user.v2("GET", "/folders").json()
            shown = user.trial(self.trial)
            shown.pop("links", None)
            return [shown, folders, trash, user.bytes_of(self.trial)]


def _dump(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "aimd.db")) as database:
        return list(database.iterdump())


def _path(path: str) -> dict[str, object]:
    return {"id": None, "path": path, "make": True}


@pytest.fixture
def filled(tmp_path: Path) -> Filled:
    return Filled(tmp_path / "old")


def test_all_moves_to_postgres_and_s3_and_back_and_answers_as_before(
    home: Home, filled: Filled, url: str, bucket: str, tmp_path: Path
) -> None:
    old = filled.server.data_dir
    before = _dump(old)
    ran = home.aimd("server", "migrate", "--to", url, "--to-blobs", bucket, "--json", "--data-dir", old)
    assert ran.code == 0, ran.err
    rows = {row["table"]: row["rows"] for row in ran.json["tables"]}
    assert (rows["account"], rows["trial"]) == (1, 2)
    assert all(len(row["sha256"]) == 64 for row in ran.json["tables"])
    assert _dump(old) == before
    assert open_blobs(bucket, tmp_path).get(KEY) == b"object"
    new = tmp_path / "new"
    new.mkdir()
    (new / "server.yaml").write_text(json.dumps({"database": url}))
    with RunningServer(new) as server:
        assert filled.ask(server) == filled.answers
        with User(server, "second") as user:  # new ids do not meet old ones
            assert user.patch(user.new_trial(), 0, line(1)).status_code == 204
    assert operations.check(new).faults == []
    back = tmp_path / "back"
    assert home.aimd("server", "migrate", "--to", back, "--data-dir", new).code == 0
    with RunningServer(back) as server:
        assert filled.ask(server) == filled.answers
    assert operations.check(back).faults == []


def test_what_is_in_use_missing_or_full_is_refused_and_nothing_is_written(
    filled: Filled, url: str, tmp_path: Path
) -> None:
    old = filled.server.data_dir
    with filled.server, pytest.raises(UsageError, match="a server is using"):
        moving.migrate(old, url)
    with pytest.raises(NotFoundError, match="no server data"):
        moving.migrate(tmp_path / "none", url)
    with pytest.raises(UsageError, match="list of processes"):
        moving.migrate(old, url.replace("postgres@", "postgres:open-sesame@"))
    with pytest.raises(UsageError, match="same database"):
        moving.migrate(old, str(old))
    add_user(tmp_path / "full", "someone")
    with pytest.raises(UsageError, match="has data already"):
        moving.migrate(old, str(tmp_path / "full"))
    assert execute(url, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'trial'") == [(0,)]


KILLED = """
import os, sys
from pathlib import Path
from aimd_server import moving
from aimd_server.stores import copying
follow = copying._follow_ids
copying._follow_ids = lambda connection: os.kill(os.getpid(), 9)
moving.migrate(Path(sys.argv[1]), sys.argv[2])
"""


def test_a_copy_that_takes_long_meets_no_limit_of_time(
    filled: Filled, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = copying._copy, set()
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")

    def look(source: Any, target: Any, table: Any) -> copying.Copied:
        for connection in (source, target):
            if connection.dialect.name == "postgresql":
                seen.update(str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names)
        return real(source, target, table)

    monkeypatch.setattr(copying, "_copy", look)
    moving.migrate(filled.server.data_dir, url)
    assert seen == {"0"}
    seen.clear()
    (tmp_path / "from").mkdir(mode=0o700)
    (tmp_path / "from" / "server.yaml").write_text(json.dumps({"database": url}))
    moving.migrate(tmp_path / "from", str(tmp_path / "back"))
    assert seen == {"0"}


def test_killed_in_the_middle_the_target_has_no_row_and_the_same_command_begins_again(filled: Filled, url: str) -> None:
    old = filled.server.data_dir
    assert run_python(KILLED, str(old), url).returncode == -9
    assert execute(url, "SELECT count(*) FROM account") == [(0,)]
    moved = moving.migrate(old, url)
    assert execute(url, "SELECT count(*) FROM trial") == [(2,)]
    assert operations.check(old).faults == []
    assert moved.target == url


def test_a_row_that_arrives_otherwise_is_found_and_nothing_is_kept(
    filled: Filled, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = copying._copy

    def spoil(source: object, target: object, table: object) -> copying.Copied:
        copied = real(source, target, table)  # type: ignore[arg-type]
        if copied.table == "trial":
            target.exec_driver_sql("UPDATE trial SET note = 'other' WHERE id = 1")  # type: ignore[attr-defined]
        return copied

    monkeypatch.setattr(copying, "_copy", spoil)
    with pytest.raises(DamagedError, match="table trial"):
        moving.migrate(filled.server.data_dir, url)
    assert execute(url, "SELECT count(*) FROM account") == [(0,)]
