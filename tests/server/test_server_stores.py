"""The schema and the writer, by themselves."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

from aimd_server.stores import later, packing
from aimd_server.stores.database import Database
from aimd_server.stores.migration import SCRIPTS
from aimd_server.stores.schema import HEAD, metadata
from aimd_server.stores.writer import StoreUnavailableError
from tests.support.server import clean_environment


def test_the_migrations_end_in_the_schema_that_the_code_uses(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        engine = database.place.writing_engine()
    with engine.connect() as connection:
        options = {"compare_type": True, "render_as_batch": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


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
            go.wait(10)
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
        begun.wait(10)
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


def test_writes_that_wait_are_done_before_the_commit_and_before_the_same_trial_is_read(tmp_path: Path) -> None:
    put = text("INSERT INTO account (name, created_us) VALUES (:name, 0)")
    seen: list[list[object]] = []

    def leave(name: str) -> Callable[[Connection], None]:
        def operation(connection: Connection) -> None:
            seen.append(list(connection.execute(text("SELECT name FROM account ORDER BY id")).scalars()))
            with later.deferring():
                later.execute(connection, put, {"name": name})

        return operation

    with Database(tmp_path) as database:
        begun, go = threading.Event(), threading.Event()
        database.start_writer()

        def hold(_connection: Connection) -> None:
            begun.set()
            go.wait(10)

        jobs = [("", hold), ("a", leave("one")), ("a", leave("two")), ("b", leave("three"))]
        with ThreadPoolExecutor(len(jobs)) as pool:
            first = pool.submit(database.write, jobs[0][1])
            begun.wait(10)
            rest = [pool.submit(database.write, job, order) for order, job in jobs[1:]]
            while database._writer is not None and database._writer._queue.qsize() < len(rest):
                time.sleep(0.01)
            go.set()
            for job in [first, *rest]:
                job.result(20)
        assert sorted(map(str, _names(database))) == ["one", "three", "two"]
        assert [len(names) for names in seen] == [0, 1, 1]  # the second of a saw the first; b's waits for nobody


def test_writes_that_fail_when_they_are_done_fail_only_the_operation_that_left_them(tmp_path: Path) -> None:
    put = text("INSERT INTO account (name, created_us) VALUES (:name, 0)")

    def leave(connection: Connection) -> None:
        with later.deferring():
            later.execute(connection, put, {"name": "taken"})

    with Database(tmp_path) as database:
        database.start_writer()
        database.write(lambda connection: _add(connection, "taken"))
        with ThreadPoolExecutor(9) as pool:
            good = [pool.submit(database.write, lambda c, n=n: _add(c, f"good{n}"), f"g{n}") for n in range(8)]
            bad = pool.submit(database.write, leave, "z")
            assert [job.result(20) for job in good] == [1] * 8
            with pytest.raises(IntegrityError):
                bad.result(20)
        assert len(_names(database)) == 9
