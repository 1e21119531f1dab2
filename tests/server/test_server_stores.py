"""The schema and the writer, by themselves."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from aimd_server.stores import packing, row_sums
from aimd_server.stores.database import Database
from aimd_server.stores.migration import SCRIPTS
from aimd_server.stores.schema import HEAD, metadata
from aimd_server.stores.sqlite import VERSIONS
from aimd_server.stores.writer import Operation, Shared, StoreUnavailableError
from tests.support.patience import PATIENCE_S
from tests.support.server import clean_environment


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index row_sum_")
def test_the_migrations_end_in_the_schema_that_the_code_uses(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        engine = database.location.writing_engine()
    with engine.connect() as connection:
        options = {"compare_type": True, "render_as_batch": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


@pytest.mark.sqlite
def test_the_migrations_make_the_very_statements_that_the_code_declares(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        migrated = database.read(row_sums.statements)
    assert {name: parts for name, parts in migrated.items() if name != VERSIONS} == row_sums.declared()


def test_the_newest_revision_is_the_one_that_the_code_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_tables_are_good_for_postgresql_too() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        statement = str(CreateTable(table).compile(dialect=dialect))
        assert " DEFAULT " not in statement
        assert statement.count("CONSTRAINT") == len(table.constraints)
        for index in table.indexes:
            assert index.name
            CreateIndex(index).compile(dialect=dialect)
    assert "id BIGSERIAL NOT NULL" in str(CreateTable(metadata.tables["trial"]).compile(dialect=dialect))


def test_alembic_is_not_imported_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    Database(tmp_path).close()
    program = "import sys; from pathlib import Path; from aimd_server.stores.database import Database; "
    program += "Database(Path(sys.argv[1])).close(); print({'alembic', 'uvicorn'} & set(sys.modules))"
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_operations_that_queue_up_share_a_commit_and_fail_alone(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        database.start_writer()
        begun, go = threading.Event(), threading.Event()

        def hold(connection: Connection) -> int:
            begun.set()
            go.wait(PATIENCE_S)
            return _add(connection, "hold")

        def fail(connection: Connection) -> None:
            _add(connection, "fail")
            raise KeyError("mine")

        results: dict[str, object] = {}

        def submit(name: str, operation: object) -> None:
            try:
                results[name] = database.write(operation)  # type: ignore[arg-type]
            except KeyError as error:
                results[name] = error

        threads = [threading.Thread(target=submit, args=("hold", hold))]
        threads[0].start()
        begun.wait(PATIENCE_S)
        jobs = {
            "a": lambda connection: _add(connection, "a"),
            "fail": fail,
            "b": lambda connection: _add(connection, "b"),
        }
        for name, job in jobs.items():
            threads.append(threading.Thread(target=submit, args=(name, job)))
            threads[-1].start()
        go.set()
        for thread in threads:
            thread.join()
        assert isinstance(results["fail"], KeyError)
        assert {str(one) for one in _names(database)} == {"hold", "a", "b"}


def _add(connection: Connection, name: str) -> int:
    connection.execute(text("INSERT INTO account (name, created_us) VALUES (:name, 0)"), {"name": name})
    return 1


def _names(database: Database) -> list[object]:
    return database.read(lambda connection: list(connection.execute(text("SELECT name FROM account")).scalars()))


def test_a_fault_of_the_database_takes_nothing_with_it_and_the_writer_goes_on(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        database.start_writer()

        def broken(connection: Connection) -> None:
            _add(connection, "lost")
            connection.execute(text("SELECT * FROM no_such_table"))

        with pytest.raises(StoreUnavailableError, match=r"no such table|does not exist"):
            database.write(broken)
        database.write(lambda connection: _add(connection, "kept"))
        assert _names(database) == ["kept"]
    with pytest.raises(StoreUnavailableError, match="stopping"):
        database.write(lambda connection: None)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with Database(tmp_path) as database, pytest.raises(StoreUnavailableError, match=r"read-?only"):
        database.read(lambda connection: _add(connection, "x"))


def test_bytes_are_kept_compressed_only_where_that_is_smaller() -> None:
    assert packing.pack(b"x" * 10_000).codec == packing.ZLIB
    assert packing.pack(b"short").codec == packing.RAW
    assert packing.pack(bytes(range(256))) == packing.Packed(packing.RAW, bytes(range(256)))


class Held:
    """Holds the writer up while operations queue behind it, so that they are one group."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, _connection: Connection) -> None:
        self.begun.set()
        self.go.wait(PATIENCE_S)

    def results(self, *operations: tuple[str, Operation[object]]) -> list[object]:
        """Run operations, each with its order, in one group; return their results or errors."""
        first = self.database.submit(self)
        assert self.begun.wait(PATIENCE_S)
        rest = [self.database.submit(operation, order) for order, operation in operations]
        self.go.set()
        first.result(20)
        return [job.exception(20) or job.result() for job in rest]


def test_operations_of_a_kind_run_at_once_and_behind_those_of_a_kind_of_their_own(tmp_path: Path) -> None:
    ran: list[object] = []

    def run(connection: Connection, wishes: list[str]) -> list[int | Exception]:
        ran.append(wishes)
        return [ValueError(wish) if wish == "bad" else _add(connection, wish) for wish in wishes]

    def alone(_connection: Connection) -> None:
        ran.append("alone")

    with Database(tmp_path) as database:
        database.start_writer()
        shared = [(name, Shared(run, name)) for name in ("c", "bad", "b")]
        found = Held(database).results(*shared, ("d", alone))
        assert ran == ["alone", ["b", "bad", "c"]]
        assert [str(one) for one in found] == ["1", "bad", "1", "None"]
        assert sorted(map(str, _names(database))) == ["b", "c"]


def test_one_of_a_kind_that_breaks_the_group_fails_alone(tmp_path: Path) -> None:
    def run(connection: Connection, wishes: list[str]) -> list[int | Exception]:
        return [_add(connection, wish) for wish in wishes]

    with Database(tmp_path) as database:
        database.start_writer()
        database.write(lambda connection: _add(connection, "taken"))
        shared = [(name, Shared(run, name)) for name in ("one", "taken", "two")]
        found = Held(database).results(*shared)
        assert isinstance(found[1], IntegrityError)
        assert sorted(map(str, _names(database))) == ["one", "taken", "two"]


def test_who_waits_no_longer_is_passed_over_and_the_writer_goes_on(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        database.start_writer()
        held = Held(database)
        database.submit(held)
        assert held.begun.wait(PATIENCE_S)
        gone = database.submit(lambda connection: _add(connection, "gone"))
        assert gone.cancel()
        held.go.set()
        database.write(lambda connection: _add(connection, "next"))
        assert list(map(str, _names(database))) == ["next"]
