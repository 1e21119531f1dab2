"""The floor of appends: a route that unpacks a body and writes it as one row, in a commit shared with others.

`python -m benchmarks.bare_route DIR [postgresql://...]` serves it with the same web server, framework and drivers as
ours, without keys, checks, digests or totals; it prints `Listening on PORT`.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import sqlite3
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

GROUP = 64  # rows in one commit, at most, as in stores.writer
_GZIP_WINDOW = 31
Rows = list[tuple[bytes]]
Item = tuple[bytes, "asyncio.Future[None]"]


def sqlite_writer(path: Path) -> Callable[[Rows], None]:
    """Return what commits rows to a file, flushed."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, b BLOB)")

    def write(rows: Rows) -> None:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO floor (b) VALUES (?)", rows)
        database.execute("COMMIT")

    return write


def postgres_writer(url: str) -> Callable[[Rows], None]:
    """Return what commits rows to a PostgreSQL, flushed."""
    import psycopg

    database = psycopg.connect(url)
    database.execute("CREATE TABLE floor (id bigserial PRIMARY KEY, b bytea)")
    database.commit()

    def write(rows: Rows) -> None:
        with database.cursor() as cursor:
            cursor.executemany("INSERT INTO floor (b) VALUES (%s)", rows)
        database.commit()

    return write


class Commits:
    """One thread that writes what has queued up."""

    def __init__(self, make_writer: Callable[[], Callable[[Rows], None]]) -> None:
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._make_writer = make_writer
        threading.Thread(target=self._work, daemon=True).start()

    async def row(self, content: bytes) -> None:
        """Return after the commit of a row."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((content, future))
        await future

    def _work(self) -> None:
        write = self._make_writer()
        while True:
            group = [self._queue.get()]
            while len(group) < GROUP and not self._queue.empty():
                group.append(self._queue.get())
            write([(content,) for content, _ in group])
            group[0][1].get_loop().call_soon_threadsafe(_answer, group)


def _answer(group: list[Item]) -> None:
    for _, future in group:
        if not future.done():
            future.set_result(None)


def main(place: Path, url: str | None) -> None:
    """Serve until killed."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    commits = Commits(lambda: postgres_writer(url) if url else sqlite_writer(place / "floor.db"))

    async def patch(request: Request) -> Response:
        content = zlib.decompress(await request.body(), _GZIP_WINDOW)
        await commits.row(content)
        return Response(status_code=204)

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"Listening on {listener.getsockname()[1]}", flush=True)
    app = Starlette(routes=[Route("/{path:path}", patch, methods=["PATCH"])])
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
