"""Finds one trial, here or on a server, and reads what it recorded."""

from __future__ import annotations

import weakref
from pathlib import Path

from aimd_core.sources.naming import TrialFinder, only_one

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import Any

    from aimd_core.reading.media import Media
    from aimd_core.sources.handles import TrialHandle


def find_trial(trial: str | os.PathLike[str], remote: bool = False) -> RecordedTrial:
    """Find a trial to read it, wherever it is; `load_trial` is for going on with one.

    Args:
        trial: As for every command: a name or id or its beginning, a path, `@latest`, `@best(val.acc)`, or
            `team:/vision/run7`, a trial on the server with that short name (`remote:` is the active one).
        remote: Look up names on the active server.

    Raises:
        NotFoundError, AmbiguousTrialError: There is no such trial, or several.
        AccessError, NetworkError, OldServerError: The server cannot be asked.
        UsageError: The text chooses several trials.
    """
    import os

    finder = TrialFinder(remote=remote)
    try:
        handle = only_one(finder.named(os.fspath(trial)))
    except BaseException:
        finder.close()
        raise
    return RecordedTrial(handle, finder)


class RecordedTrial:
    """A trial that was recorded here or is on a server. Use it as a context manager, or close it, if it is on a server.

    Attributes:
        name: Its name.
        alternative_name: The name of its directory.
        address: Its directory, or its address on a server.
    """

    def __init__(self, handle: TrialHandle, finder: TrialFinder) -> None:
        """Take what `find_trial` found."""
        self.name, self.alternative_name, self.address = handle.name, handle.alternative_name, handle.address
        self._handle = handle
        self._close = weakref.finalize(self, finder.close)

    def __enter__(self) -> RecordedTrial:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RecordedTrial {self.address}>"

    def close(self) -> None:
        """Close the connection, and remove copies of files."""
        self._close()

    def facts(self) -> dict[str, Any]:
        """Return what is known about it now: a mapping as `search_trials` has, with `params` and `metrics`."""
        from aimd_core.sources.handles import watch
        from t9k.aimd.search import mapping_of

        (row,) = watch([self._handle])()
        return {**mapping_of(row), "path": self.address}

    def history(
        self, names: Sequence[str] | str | None = None, format: str = "list", all_segments: bool = False
    ) -> Any:
        """Return what it recorded, one entry per record. Arguments and errors as `t9k.aimd.search.history`."""
        from aimd_core.format.journal import SEGMENTS_FILE
        from aimd_core.format.layout import METRICS_FILE
        from t9k.aimd.search import history

        return history(self._handle.directory((METRICS_FILE, SEGMENTS_FILE)), names, format, all_segments)

    @property
    def media(self) -> Media:
        """The pictures, tables and the like that it recorded, as `Trial.media`."""
        from aimd_core.sources.media import media_of

        return media_of(self._handle)

    def output(self, tail: int | None = None) -> list[str]:
        """Return the lines that it printed, or only this many of the last.

        Raises:
            FileNotRecordedError: Its output was not recorded.
        """
        return list(self._handle.output(tail))

    def directory(self) -> Path:
        """Return its directory; of a trial on a server a copy, which is removed when this is closed."""
        return self._handle.directory()
