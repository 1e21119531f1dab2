"""A bit that flips in the database file, and changes what is stored, is found by `aimd server check`."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, text

from aimd_core.errors import DamagedError
from aimd_server import operations
from aimd_server.errors import NewerDatabaseError
from aimd_server.stores import row_sums, sqlite
from aimd_server.stores.schema import HEAD
from tests.server.api import User, line
from tests.support.home import Home
from tests.support.server import RunningServer

pytestmark = pytest.mark.sqlite
DAMAGED = 6
Content = dict[str, tuple[list[str], list[tuple[object, ...]]]]


class Typed(NamedTuple):
    """A text, which is not equal to a blob of the same bytes."""

    text: bytes


def content_of(file: Path) -> Content | None:
    """Return the columns and the rows of each table, or None if SQLite cannot read them."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
            database.text_factory = Typed
            query = "SELECT CAST(name AS BLOB) FROM sqlite_master WHERE type = 'table'"
            names = sorted(name.decode() for (name,) in database.execute(query))
            names = [name for name in names if not name.startswith("sqlite_")]
            content: Content = {}
            for name in names:
                rows = database.execute(f'SELECT * FROM "{name}" NOT INDEXED')
                content[name] = [str(column[0]) for column in rows.description], rows.fetchall()
            return content
    except (sqlite3.Error, ValueError):
        return None


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped server's data in one file: users, keys, roles, links, notes, views, small files and journals."""
    server = RunningServer(tmp_path_factory.mktemp("flips") / "data")
    with server, User(server, "lin") as user, User(server, "mei") as other:
        user.v2("POST", "/me/keys", json={"name": "laptop", "scope": "upload", "expires_days": 30})
        folder = user.v2("POST", "/folders", json={"path": "digits"}).json()["id"]
        for given in ({"user": other.name, "role": "editor"}, {"link": True}):
            assert user.v2("POST", f"/folders/{folder}/shares", json=given).status_code == 201
        user.v2("PUT", f"/folders/{folder}/note", json={"note": "# Night\n"})
        user.v2("POST", f"/folders/{folder}/addresses", json={"address": f"#/folders/{folder}/?sort=name"})
        user.v2("PUT", f"/folders/{folder}/views/fast", params={"shared": "1"}, json={"view": {"sort": "name"}})
        for number in range(3):
            trial = user.new_trial(f"t{number}", labels={"tags": ["best"], "note": "a note"})
            user.v2("PUT", f"/trials/{trial}/files/labels.yaml", content=b"tags: [best]\n")
            user.patch(trial, 0, b"".join(line(step, 1 / (step + 1)) for step in range(4)))
            user.patch(trial, 0, b"epoch 1\n", file="stdout.log")
        long = user.new_trial("long")
        user.patch(long, 0, b"".join(line(step, 1 / (step + 1)) for step in range(5000)))
        user.v2("DELETE", f"/trials/{trial}")
    sqlite.close_log(server.data_dir / "aimd.db")
    assert operations.check(server.data_dir).faults == []
    return server.data_dir


def is_reported(data_dir: Path) -> bool:
    try:
        return bool(operations.check(data_dir).faults)
    except (DamagedError, NewerDatabaseError):
        return True


def flips(template: Path, place: Path, numbers: Iterable[int]) -> tuple[int, list[int]]:
    """Flip a random bit in each of some bytes, one at a time.

    Returns:
        How many flips changed the content, and the bytes of those of which `check` said nothing.
    """
    draw = random.Random(5)
    sound = (template / "aimd.db").read_bytes()
    before, changed, missed = content_of(template / "aimd.db"), 0, []
    assert before is not None
    shutil.copytree(template, place / "data")
    file = place / "data" / "aimd.db"
    for number in numbers:
        damaged = bytearray(sound)
        damaged[number] ^= 1 << draw.randrange(8)
        file.write_bytes(damaged)
        if content_of(file) != before:
            changed += 1
            if not is_reported(place / "data"):
                missed.append(number)
        for left in (sqlite.log_of(file), sqlite.index_of(file)):
            left.unlink(missing_ok=True)
    return changed, missed


def used_bytes(template: Path) -> list[int]:
    """Return where the file has no zeros: most zeros are in no cell."""
    return [number for number, byte in enumerate((template / "aimd.db").read_bytes()) if byte]


def test_check_finds_every_flipped_bit_that_changes_the_content(template: Path, tmp_path: Path) -> None:
    changed, missed = flips(template, tmp_path, random.Random(6).sample(used_bytes(template), 150))
    assert changed > 40
    assert missed == []


@pytest.mark.soak
def test_check_finds_flipped_bits_all_over_the_file(template: Path, tmp_path: Path) -> None:
    _, missed = flips(template, tmp_path, used_bytes(template)[::5])
    assert missed == []


def test_a_check_without_the_sums_of_rows_is_caught(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def structure_only(connection: Connection) -> list[str]:
        rows = connection.execute(text("PRAGMA quick_check")).scalars()
        return [str(row) for row in rows if row != "ok"]

    monkeypatch.setattr(row_sums, "faults", structure_only)
    _, missed = flips(template, tmp_path, random.Random(6).sample(used_bytes(template), 40))
    assert missed


def test_the_command_names_a_role_that_changed(template: Path, tmp_path: Path, home: Home) -> None:
    shutil.copytree(template, tmp_path / "data")
    file = tmp_path / "data" / "aimd.db"
    content = file.read_bytes()
    before = content_of(file)
    assert before is not None
    for match in re.finditer(b"editor", content):  # most are names of columns
        file.write_bytes(content[: match.start()] + b"edhtor" + content[match.end() :])
        after = content_of(file)
        if after is not None and after["share"] != before["share"]:
            break
    else:
        pytest.fail("no role is in the file")
    ran = home.aimd("server", "check", "--data-dir", tmp_path / "data")
    assert ran.code == DAMAGED, ran.err
    assert "row_sum_share" in ran.out


@pytest.mark.parametrize(
    ("table", "column"), [("folder_note", "note"), ("short_address", "address"), ("saved_view", "document")]
)
def test_a_changed_byte_of_what_people_wrote_is_found(template: Path, tmp_path: Path, table: str, column: str) -> None:
    shutil.copytree(template, tmp_path / "data")
    file = tmp_path / "data" / "aimd.db"
    content, before = file.read_bytes(), content_of(file)
    with closing(sqlite3.connect(file)) as database:
        ((written,),) = database.execute(f"SELECT CAST({column} AS BLOB) FROM {table}")
    assert before is not None
    at = content.index(written)
    file.write_bytes(content[:at] + bytes([written[0] ^ 1]) + content[at + 1 :])
    assert [name for name, rows in (content_of(file) or {}).items() if rows != before[name]] == [table]
    assert is_reported(tmp_path / "data")


def test_a_revision_that_its_index_does_not_have_is_damage(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template, tmp_path / "data")
    file = tmp_path / "data" / "aimd.db"
    content, before, tried = file.read_bytes(), content_of(file), 0
    assert before is not None
    for match in re.finditer(HEAD.encode(), content):
        earlier = f"{int(HEAD) - 1:04}".encode()
        file.write_bytes(content[: match.start()] + earlier + content[match.end() :])
        after = content_of(file)
        if after is not None and after["alembic_version"] != before["alembic_version"]:
            tried += 1
            assert is_reported(tmp_path / "data")
    assert tried == 1


def test_the_command_names_a_table_without_sums(template: Path, tmp_path: Path, home: Home) -> None:
    shutil.copytree(template, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "aimd.db")) as database, database:
        database.execute("DROP INDEX row_sum_share")
    ran = home.aimd("server", "check", "--data-dir", tmp_path / "data")
    assert ran.code == DAMAGED, ran.err
    assert "row_sum_share is not as it was made" in ran.out
