"""A YAML mapping on disk that several threads and processes change without losing each other's changes.

A change is a function of the file's current content, applied and written under a lock. The object is a name and plain
data, so it may be copied and pickled: a copy changes the same file.
"""

from __future__ import annotations

import os

from aimd_core.errors import DamagedError
from aimd_core.format.documents import read_mapping, write_mapping
from aimd_core.format.files import Unsynced
from aimd_core.format.locking import locked

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_Signature = tuple[int, int, int]


class SharedDocument:
    """A mapping and its file.

    Attributes:
        path: The file; None for a mapping in memory only.
        is_saved: Whether the last change reached the disk.
    """

    __slots__ = ("_on_fault", "_signature", "_values", "is_saved", "path", "unsynced")

    def __init__(
        self,
        path: str | None,
        values: Mapping[str, Any],
        on_fault: Callable[[OSError], None] | None = None,
        is_current: bool = False,
        unsynced: Unsynced | None = None,
    ) -> None:
        """Hold a mapping.

        Args:
            path: The file.
            values: Its content when it was last read.
            on_fault: Called if a change cannot be written; it is kept in memory and written with the next one.
            is_current: Whether nobody else can have changed the file since.
            unsynced: As `replace_file` takes it.
        """
        self.path = path
        self.is_saved = True
        self._on_fault = on_fault
        self.unsynced = unsynced
        self._values = dict(values)
        self._signature = _signature(path) if is_current else None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self._values, self._on_fault)

    @property
    def values(self) -> dict[str, Any]:
        """The mapping when this object last read or changed it."""
        return self._values

    def read(self) -> dict[str, Any]:
        """Return the current mapping in the file, or the last known one if it cannot be read."""
        signature = _signature(self.path)
        if self.path is None or signature is None or signature == self._signature:
            return self._values
        try:
            values = read_mapping(self.path)
        except (OSError, DamagedError):
            return self._values
        self._signature = signature
        self._values = values if self.is_saved else {**values, **self._values}
        return self._values

    def change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the mapping, in the file and here.

        Args:
            change: Takes the file's content and returns the new one as a new mapping. If it raises, nothing changes.
        """
        if self.path is None:
            self._values = change(self._values)
            return
        after: dict[str, Any] | None = None
        try:
            with locked(os.path.dirname(self.path)):
                before = self.read()
                after = change(before)
                # not `!=`, for which True equals 1 and NaN is a change
                if self.is_saved and repr(after) == repr(before):
                    return
                write_mapping(self.path, after, unsynced=self.unsynced)
                self._values, self._signature, self.is_saved = after, _signature(self.path), True
        except OSError as error:
            # Without an `after`, the directory itself is not available.
            self._values = change(self._values) if after is None else after
            self.is_saved = False
            if self._on_fault is not None:
                self._on_fault(error)

    def save(self) -> None:
        """Write what could not be written before."""
        if not self.is_saved:
            self.change(dict)


def _signature(path: str | None) -> _Signature | None:
    if path is None:
        return None
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
