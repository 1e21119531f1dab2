"""Opens PostgreSQL. Nothing is kept in a session: any replica, any connection and any session pooler works.

Writers run at READ COMMITTED and lock the rows that they decide on. Readers see one snapshot (REPEATABLE READ) and
cannot write. Every wait has a timeout, so that a hanging database becomes "try again" instead of a hanging server.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, Text, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import Column, CreateIndex
from sqlalchemy.types import String

from aimd_core.errors import MissingExtraError

WAIT_S = 15
_SESSION = ("lock_timeout = '15s'", "statement_timeout = '60s'", "idle_in_transaction_session_timeout = '60s'")
_CONNECTING = {
    "connect_timeout": 5,
    "application_name": "aimd",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
AGAIN = ("40001", "40P01")  # serialisation failure, deadlock: the same transaction may succeed next time


@compiles(Text, "postgresql")
@compiles(String, "postgresql")
def _text_in_order_of_code_points(element: Any, compiler: Any, **how: Any) -> str:
    """Sort text by code points, as SQLite does, so that pages and parents before children are the same on both."""
    default: str = getattr(compiler, f"visit_{element.__visit_name__}")(element, **how)
    in_a_table = isinstance(how.get("type_expression"), Column)
    return f'{default} COLLATE "C"' if in_a_table and not element.collation else default


@compiles(CreateIndex, "postgresql")
def _with_its_condition(element: Any, compiler: Any, **how: Any) -> str:
    """Create an index of some of the rows where it is one on SQLite."""
    options = element.element.dialect_options
    if "sqlite" in options and options["sqlite"]["where"] is not None:
        options["postgresql"]["where"] = options["sqlite"]["where"]
    made: str = compiler.visit_create_index(element, **how)
    return made


def writing_engine(url: URL) -> Engine:
    """Return an engine with one connection, for the writer."""
    return _engine(url, 1, isolation_level="READ COMMITTED")


def reading_engine(url: URL, connections: int) -> Engine:
    """Return an engine whose transactions see one snapshot and cannot write."""
    how = {"postgresql_readonly": True}
    return _engine(url, connections, isolation_level="REPEATABLE READ", execution_options=how)


def without_transactions(engine: Engine) -> Engine:
    """Return the same connections in autocommit mode: one round trip per statement instead of three."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _engine(url: URL, connections: int, **how: Any) -> Engine:
    try:
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=WAIT_S,
            hide_parameters=True,  # so that user data never reaches a log through an error
            connect_args=_CONNECTING,
            **how,
        )
    except ModuleNotFoundError:
        raise MissingExtraError(library="psycopg", extra="postgres") from None

    @event.listens_for(engine, "connect")
    def prepare(dbapi_connection: Any, _record: object) -> None:
        with dbapi_connection.cursor() as cursor:
            for setting in _SESSION:
                cursor.execute(f"SET {setting}")
        dbapi_connection.commit()

    return engine


def is_worth_another_try(error: BaseException) -> bool:
    """Tell whether the same transaction may succeed now, after a conflict or a dead connection."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in AGAIN


def size_bytes(connection: Connection) -> int:
    """Return the size of the whole database."""
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def others(connection: Connection) -> int:
    """Return the number of connections of other aimd servers or commands."""
    query = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'aimd' AND pid <> pg_backend_pid()"""
    return int(connection.execute(text(query)).scalar_one())


def plan_by_values(connection: Connection) -> None:
    """Plan each statement of a transaction for its values.

    The driver prepares repeated statements, and a generic plan does not know how few rows a condition matches: a page
    of a large folder then takes seconds.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def take_time(connection: Connection) -> None:
    """Let a transaction that processes all data run, and wait for others, as long as it needs."""
    if connection.dialect.name == "postgresql":
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {name} = 0"))


def lock_table(connection: Connection, name: str) -> None:
    """Lock a table against other writers until the transaction ends."""
    connection.execute(text(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"))


def lock_rows(connection: Connection, table: Table, ids: list[int]) -> None:
    """Lock rows in the order of their ids; others may still refer to them."""
    query = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id)
    connection.execute(query.with_for_update(key_share=True)).all()
