"""A server opens what an earlier one has left, whichever revision of the schema it had.

`tests/fixtures/data_directories/` has a database of the first revision, as SQL, made by the server of that time.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aimd_core.errors import DamagedError
from aimd_server import operations
from aimd_server.accounts import add_user
from aimd_server.stores import migration, row_sums
from aimd_server.stores.schema import HEAD
from tests.server.api import User
from tests.support.server import RunningServer

LEFT = sorted((Path(__file__).parents[1] / "fixtures" / "data_directories").glob("*.sql"))
KEY = "ebf209d1-a7ee-444f-9f5f-2699515ba2c1"  # in all of them, that of lin
TRIAL = "a281d5bc-0d2e-451c-83f4-e358ddd9ddcc"

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("left", LEFT, ids=lambda left: left.stem)
def test_a_data_directory_of_an_earlier_revision_is_opened_with_all_it_has(left: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "left"
    data_dir.mkdir(mode=0o700)
    with closing(sqlite3.connect(data_dir / "aimd.db")) as database:
        row_sums.teach(database)
        database.executescript(left.read_text("utf-8"))
    with RunningServer(data_dir) as server, User(server, "lin", KEY) as user:
        (listed,) = user.v2("GET", "/trials").json()["trials"]
        assert (listed["name"], set(listed["metrics"])) == ("cnn", {"train.alpha", "train.zeta"})
        assert listed["metrics"]["train.alpha"]["last"] == 19
        assert user.trial(TRIAL)["parameters"] == {"lr": 0.1, "text": "中文"}
        content = user.bytes_of(TRIAL)
        assert content.count(b"\n") == 20
        line = content.splitlines(True)[-1].replace(b'"step": 19', b'"step": 20')
        assert user.patch(TRIAL, len(content), line).status_code == 204
        (listed,) = user.v2("GET", "/trials").json()["trials"]
        assert list(listed["metrics"]) == ["train.zeta", "train.alpha"]  # now as they were recorded
        assert listed["metrics"]["train.alpha"]["count"] == 21
        assert [gone["name"] for gone in user.v2("GET", "/trash").json()["items"]] == ["gone"]
    with closing(sqlite3.connect(data_dir / "aimd.db")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


def test_each_revision_has_a_mark_by_which_a_wrong_number_is_found() -> None:
    revisions = sorted(file.name[1:5] for file in (migration.SCRIPTS / "versions").glob("r*.py"))
    assert list(migration.MARKS) == revisions
    assert revisions[-1] == HEAD


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE alembic_version SET version_num = '0003'", "schema 0003, but it has journal_lines already"),
        ("UPDATE alembic_version SET version_num = '0002'", "schema 0002, but it has trial_metric.position already"),
        ("UPDATE alembic_version SET version_num = '0001'", "schema 0001, but it has folder_note already"),
        ("DELETE FROM alembic_version", "schema none, but it has trial already"),
        (
            "ALTER TABLE trial_metric RENAME COLUMN position TO other",
            "schema 0004, but it has no trial_metric.position",
        ),
        ("ALTER TABLE folder_note RENAME COLUMN editor TO other", "schema 0004, but it has no folder_note.editor"),
    ],
)
def test_a_database_whose_tables_are_not_those_of_its_version_is_named_and_left_alone(
    change: str, problem: str, tmp_path: Path
) -> None:
    add_user(tmp_path, "lin")
    with closing(sqlite3.connect(tmp_path / "aimd.db")) as database, database:
        row_sums.teach(database)
        database.execute(change)
    before = (tmp_path / "aimd.db").read_bytes()
    for use in (operations.check, lambda data_dir: add_user(data_dir, "ada")):
        with pytest.raises(DamagedError, match=problem) as caught:
            use(tmp_path)
        assert "aimd server restore" in str(caught.value.advice)
    assert (tmp_path / "aimd.db").read_bytes() == before
