"""Reads a log of records, as `.wandb` and `.swanlab` files are: LevelDB's framing with another checksum.

Source: the LevelDB log format (google/leveldb, doc/log_format.md); the checksum is the CRC-32 of a record's type and
data. Checksums are verified: a damaged stretch is counted, and the records after it are read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from aimd_cli.importing.run import Store
from aimd_core.errors import DamagedError
from aimd_core.format.journal import open_regular
from aimd_core.language import said

_BLOCK_BYTES = 32768
_HEAD = struct.Struct("<IHB")  # checksum, length, type
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_FILE_HEAD_BYTES = 7


class RecordLog:
    """The records of a file.

    Attributes:
        gaps: How many stretches of it are damaged.
        path: The file.
        version: The last byte of its head; known once records are read.
        is_cut: Whether it ends in the middle of a record, as a killed process leaves it.
    """

    def __init__(self, path: Path, head: bytes) -> None:
        """Prepare to read a file.

        Args:
            path: The file.
            head: How it must begin.
        """
        self.path = path
        self.version = 0
        self._head = head
        self.gaps = 0
        self.is_cut = False

    def records(self) -> Iterator[bytes]:
        """Yield the intact records; an incomplete last one, as a killed process leaves it, is left out.

        Raises:
            DamagedError: It is not such a file.
        """
        with open_regular(self.path) as file:
            head = file.read(_FILE_HEAD_BYTES)
            if not head.startswith(self._head) or len(head) < _FILE_HEAD_BYTES:
                raise DamagedError(
                    path=self.path, reason=said("does not begin like a {suffix} file", suffix=self.path.suffix)
                )
            self.version = head[-1]
            block = file.read(_BLOCK_BYTES - _FILE_HEAD_BYTES)
            parts: list[bytes] = []
            while block:
                for kind, data in self._of_block(block):
                    if kind in (_FULL, _FIRST):
                        parts = [data]
                    elif parts and kind in (_MIDDLE, _LAST):
                        parts.append(data)
                    else:  # it, or what it continues, is damaged
                        parts = []
                    if parts and kind in (_FULL, _LAST):
                        yield b"".join(parts)
                        parts = []
                block = file.read(_BLOCK_BYTES)

    def _of_block(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield type and data of each piece of a block, up to the first damaged one."""
        position = 0
        while len(block) - position >= _HEAD.size:
            checksum, size_bytes, kind = _HEAD.unpack_from(block, position)
            data = block[position + _HEAD.size : position + _HEAD.size + size_bytes]
            is_cut = len(data) < size_bytes
            if is_cut and len(block) not in (_BLOCK_BYTES, _BLOCK_BYTES - _FILE_HEAD_BYTES):
                self.is_cut = True
                return
            if is_cut or zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum or not _FULL <= kind <= _LAST:
                self.gaps += 1
                yield 0, b""
                return
            yield kind, data
            position += _HEAD.size + size_bytes


def note_damage(log: RecordLog, intact: int, odd: int, store: Store) -> None:
    """Note what was damaged in a log.

    Args:
        log: The log, read to its end.
        intact: How many intact records it had.
        odd: How many of them are not what they should be.
        store: Where to note it.

    Raises:
        DamagedError: There is no intact record.
    """
    if not intact:
        raise DamagedError(path=log.path, reason="holds no intact record")
    if log.gaps:
        store.note(log.path, said("skipped {gaps} damaged stretches; the records behind them are kept", gaps=log.gaps))
    if odd:
        store.note(log.path, said("skipped {count:,} unreadable records", count=odd))
