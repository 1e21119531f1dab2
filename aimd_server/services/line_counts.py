"""Which line of a growing file is where: the number of newlines before a byte, and the byte at which a line begins.

Newlines are counted when somebody asks, block by block and each block once: what is counted is stored. A request counts
at most `MOST_BYTES`; of a longer file it answers how far it has come, and the next one continues.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import msgspec

from aimd_server.services import files
from aimd_server.services.files import JOURNALS
from aimd_server.services.request_errors import invalid
from aimd_server.stores import journals, line_counts
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.line_counts import BLOCK_BYTES
from aimd_server.stores.work import WorkStoppedError, check
from aimd_server.stores.writer import StoreUnavailableError

MOST_BYTES = 32 << 20  # that a request counts
_PIECE_BYTES = 1 << 20
log = logging.getLogger("aimd_server")


class LinePosition(msgspec.Struct, frozen=True):
    """A position in a file.

    Attributes:
        offset: Its byte.
        lines: How many newlines precede it.
        more: Whether counting has only come so far; the same request again continues.
    """

    offset: int
    lines: int
    more: bool = False


class LineWish(NamedTuple):
    """The position that is asked for: a byte of the file, or the beginning of a line, counted from 1."""

    offset: int | None
    line: int | None


def position_of(database: Database, user: Account, uid: str, file: str, wish: LineWish) -> LinePosition:
    """Return a position in a file that only grows; its end, if the file is shorter.

    Raises:
        RefusalError: `not_found`, or `invalid`.
    """
    files.check_file(file, JOURNALS)
    if (wish.offset is None) == (wish.line is None):
        raise invalid("either `offset` or `line` is asked for", field="line")
    counted = database.read(lambda connection: _counted(connection, user, uid, file, wish))
    if counted.counts:
        try:
            database.write(lambda connection: _keep(connection, counted))
        except WorkStoppedError:
            raise
        except StoreUnavailableError as error:  # they will be counted again
            log.warning("could not store how many lines a file has: %s", error)
    return counted.position


class _Counted(NamedTuple):
    """A position, and what was counted on the way: newlines before the ends of blocks, by their numbers."""

    position: LinePosition
    journal_id: int
    counts: dict[int, int]


def _keep(connection: Connection, counted: _Counted) -> None:
    if journals.by_id(connection, counted.journal_id, lock=True) is not None:  # it may have been deleted
        line_counts.add(connection, counted.journal_id, counted.counts)


def _counted(connection: Connection, user: Account, uid: str, file: str, wish: LineWish) -> _Counted:
    opened = files.open_file(connection, user, uid, file)
    journal_id, size_bytes = opened.journal_id, opened.standing.offset
    if journal_id is None:
        return _Counted(LinePosition(0, 0), 0, {})
    counts: dict[int, int] = {}
    if wish.line is not None:
        before, end = max(0, wish.line - 1), size_bytes  # newlines before that line
        if before == 0:
            return _Counted(LinePosition(0, 0), journal_id, counts)
        reached, lines = line_counts.before_newline(connection, journal_id, before)
    else:
        before, end = None, min(wish.offset or 0, size_bytes)
        reached, lines = line_counts.before_offset(connection, journal_id, end)
    last = reached + MOST_BYTES
    while reached < end:
        check()
        piece_end = journals.piece_end(connection, journal_id, reached, end, _PIECE_BYTES)
        content = journals.read(connection, journal_id, reached, piece_end)
        if not content:
            break  # it was deleted in the meantime
        for block in _blocks(content, reached):
            count = block.count(b"\n")
            if before is not None and lines + count >= before:
                behind = block.split(b"\n", before - lines)[-1]
                return _Counted(LinePosition(reached + len(block) - len(behind), before), journal_id, counts)
            reached, lines = reached + len(block), lines + count
            if reached % BLOCK_BYTES == 0:
                counts[reached // BLOCK_BYTES - 1] = lines
        if reached >= last:
            break
    return _Counted(LinePosition(reached, lines, reached < end), journal_id, counts)


def _blocks(content: bytes, start: int) -> list[bytes]:
    """Return bytes of a file from a byte on, cut at the ends of its blocks."""
    cuts = [*range(BLOCK_BYTES - start % BLOCK_BYTES, len(content), BLOCK_BYTES), len(content)]
    return [content[begin:end] for begin, end in zip([0, *cuts[:-1]], cuts, strict=True)]
