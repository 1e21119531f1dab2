"""Reads a trial's output, `stdout.log`, from its end or as it grows, in bounded memory.

The last lines of a file cost the same whatever its size. Following survives growth, a file that does not exist yet, and
one replaced by a shorter one. Bytes that are not UTF-8 are shown as escapes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from aimd_core.format.journal import open_regular

POLL_INTERVAL_S = 0.25
_BLOCK_BYTES = 1 << 16
_MAX_LINE_BYTES = 1 << 20  # a longer line comes in pieces


def read_lines(path: Path, tail: int | None = None) -> Iterator[str]:
    """Yield the lines of a file without their ends.

    Args:
        path: The file.
        tail: Only this many last lines; None means all.

    Raises:
        FileNotFoundError: It does not exist.
        DamagedError: It is not a regular file.
    """
    with open_regular(path) as file:
        yield from lines_in(file, tail)


def lines_in(file: BinaryIO, tail: int | None = None) -> Iterator[str]:
    """Yield the lines of an open file without their ends, or only this many of the last."""
    if tail is not None:
        file.seek(tail_offset(file, tail))
    rest = b""
    while block := file.read(_BLOCK_BYTES):
        *whole, rest = _split(rest + block)
        yield from map(_text, whole)
    if rest:
        yield _text(rest)


def tail_offset(file: BinaryIO, count: int) -> int:
    """Return where the last `count` lines of a file begin, reading from its end."""
    position = end = file.seek(0, 2)
    if end == 0 or count <= 0:
        return end
    file.seek(end - 1)
    left = count + (file.read(1) == b"\n")
    while position > 0:
        start = max(0, position - _BLOCK_BYTES)
        file.seek(start)
        block = file.read(position - start)
        newline = len(block)
        while (newline := block.rfind(b"\n", 0, newline)) >= 0:
            left -= 1
            if left == 0:
                return start + newline + 1
        position = start
    return 0


def follow_lines(path: Path, tail: int | None, is_over: Callable[[], bool]) -> Iterator[str | None]:
    """Yield the lines of a file as it grows, and None whenever there is nothing more yet.

    Args:
        path: The file, which may not exist yet.
        tail: The number of last lines to begin with; None means all.
        is_over: Tells whether nothing more will come; called before the last look.
    """

    def blocks(position: int) -> Iterator[bytes | None]:
        try:
            with open_regular(path) as file:
                if file.seek(0, 2) < position:  # another file in its place
                    yield None
                    position = 0
                file.seek(position)
                while block := file.read(_BLOCK_BYTES):
                    yield block
        except FileNotFoundError:
            yield None

    return follow_blocks(blocks, _start(path, tail), is_over, POLL_INTERVAL_S)


def follow_blocks(
    blocks: Callable[[int], Iterator[bytes | None]], position: int, is_over: Callable[[], bool], interval_s: float
) -> Iterator[str | None]:
    """Yield the lines of something that grows, and None whenever there is nothing more yet.

    Args:
        blocks: Yields its bytes from a position on; before them None, if it has become another one, from 0 on.
        position: Where to begin.
        is_over: Tells whether nothing more will come; called before the last look.
        interval_s: The time between two looks.
    """
    rest = b""
    while True:
        was_over = is_over()
        for block in blocks(position):
            if block is None:
                position, rest = 0, b""
                continue
            position += len(block)
            *whole, rest = _split(rest + block)
            yield from map(_text, whole)
        if was_over:
            if rest:
                yield _text(rest)
            return
        yield None
        time.sleep(interval_s)


def _start(path: Path, tail: int | None) -> int:
    if tail is None:
        return 0
    try:
        with open_regular(path) as file:
            return tail_offset(file, tail)
    except FileNotFoundError:
        return 0


def _split(data: bytes) -> list[bytes]:
    """Split data at line ends; the last part is an incomplete line, unless it is too long to wait for its end."""
    parts = data.split(b"\n")
    if len(parts[-1]) > _MAX_LINE_BYTES:
        parts.append(b"")
    return parts


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
