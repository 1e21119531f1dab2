"""A run of another tracker as every reader returns it, and what else its store contains.

Nothing changes on the way in: parameters that were text stay text, a run that was killed or still running does not
become Succeeded, and what cannot be imported is counted by kind. A bad file is named, and the rest is imported.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from aimd_cli.importing.files import FileList
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.points import Point
from aimd_core.errors import DamagedError
from aimd_core.format.journal import open_regular
from aimd_core.format.labels import Labels
from aimd_core.format.model import SUCCEEDED, standard_type
from aimd_core.format.names import MetricNames

_TYPES = ("train", "training", "val", "valid", "validation", "validate", "test", "testing", "eval", "evaluation")
_OTHER_TYPE = "metrics"  # of a metric without a type in its name
_MAX_TEXT_BYTES = 1 << 20  # of a parameter or tag in its own file
_Result = TypeVar("_Result")


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        status: The status in a trial's metadata: `Succeeded`, `Failed`, or `Running` for one that never said.
        exit: The metadata's `_exit`, or None.
        started_s: When it began, in seconds since the epoch; None when only its points tell.
        ended_s: When it ended, in seconds since the epoch; None when only its points tell.
    """

    status: str = SUCCEEDED
    exit: Mapping[str, object] | None = None
    started_s: float | None = None
    ended_s: float | None = None


class ImportedRun(NamedTuple):
    """A run.

    Attributes:
        name: Its name there.
        source: Where it was read from.
        points: Its values, in their order; readers of many points give them as `PointColumns`.
        params: Its parameters, plain data.
        ending: How and when it ended.
        labels: Its tags and note.
        left_out: How many things of each kind are not imported, such as `{"image": 3}`.
        restarts: Where the run went back: number of points before it, and the step from which they are superseded.
        folder: Path of the folder that corresponds to its experiment or project, or None.
        origin: What else the source says about it, such as its parent run.
        key: What stays the same if the run is read again, even from a store that was moved; by default `source`.
        output: What it printed, or a file of that, or None.
        identity: The id that its trial gets; by default a new one.
        media: What it shows besides numbers.
        files: What else it kept.
    """

    name: str
    source: str
    points: Sequence[Point]
    params: Mapping[str, object] = MappingProxyType({})
    ending: Ending = Ending()
    labels: Labels = Labels()
    left_out: Mapping[str, int] = MappingProxyType({})
    restarts: tuple[tuple[int, int], ...] = ()
    folder: str | None = None
    origin: Mapping[str, object] = MappingProxyType({})
    key: str = ""
    output: Path | bytes | None = None
    identity: str | None = None
    media: MediaList | None = None
    files: FileList | None = None


class SourceFault(NamedTuple):
    """A file of a store that could not be read, in part or whole.

    Attributes:
        path: The file.
        reason: What is wrong with it, in one sentence.
    """

    path: Path
    reason: str


class Store:
    """The content of another tracker's store: its runs, read one at a time, and what could not be read.

    Attributes:
        faults: What could not be read, as far as the runs have been read.
        has_several: Whether there is more than one run.
    """

    def __init__(self, read: Callable[[Store], Iterator[ImportedRun]] | None = None) -> None:
        """Make a store, and read its first runs, so that a store that cannot be read is an error at once.

        Args:
            read: Yields the runs; it notes what it cannot read in the store that it is given.
        """
        self.faults: list[SourceFault] = []
        self._rest: Iterator[ImportedRun] = iter(()) if read is None else read(self)
        self._first = list(islice(self._rest, 2))
        self.has_several = len(self._first) > 1

    @classmethod
    def of_each(cls, paths: Sequence[Path], read: Callable[[Path, Store], ImportedRun | None], listing: Store) -> Store:
        """Return the store whose runs are in these paths, at most one in each.

        Args:
            paths: What `listing` found.
            read: Reads the run of a path; a fault costs that path only.
            listing: The store that looked for them, with what it could not read.
        """

        def runs(store: Store) -> Iterator[ImportedRun]:
            store.faults += listing.faults
            for path in paths:
                run = store.attempt(read, path, store)
                if run is not None:
                    yield run

        return cls(runs)

    def __iter__(self) -> Iterator[ImportedRun]:
        """Yield the runs, once. Only the one that is being looked at is in memory."""
        while self._first:
            yield self._first.pop(0)
        yield from self._rest

    @cached_property
    def runs(self) -> list[ImportedRun]:
        """All runs at once."""
        return list(self)

    def note(self, path: Path, reason: str) -> None:
        """Name a file that could not be read."""
        self.faults.append(SourceFault(path, reason))

    def attempt(self, read: Callable[..., _Result], path: Path, *others: object) -> _Result | None:
        """Return what a reader makes of a file, or note its fault and return None."""
        try:
            return read(path, *others)
        except DamagedError as error:
            self.note(Path(str(error.facts["path"])), error.reason)
        except OSError as error:
            self.note(path, error.strerror or str(error))
        return None

    def attempt_each(self, read: Callable[..., Iterator[_Result]], path: Path, *others: object) -> Iterator[_Result]:
        """Yield what a reader makes of a file, and note its fault, after which there is no more."""
        results = read(path, *others)
        while True:
            result = self.attempt(lambda _: next(results, None), path)
            if result is None:
                return
            yield result

    def walk(self, root: Path, fits: Callable[[str], bool]) -> Iterator[Path]:
        """Yield the regular files below a directory with matching names, in order; links are not followed but named."""
        for directory, folders, files in os.walk(root, onerror=self._note_unlisted):
            folders.sort()
            for name in sorted(filter(fits, files)):
                path = Path(directory, name)
                if name.startswith("._"):
                    continue  # metadata that macOS leaves next to a file on other disks
                mode = path.lstat().st_mode
                if stat.S_ISREG(mode):
                    yield path
                else:
                    self.note(
                        path, "is a link, and links are not followed" if stat.S_ISLNK(mode) else "is not a plain file"
                    )

    def _note_unlisted(self, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self.note(Path(str(error.filename)), error.strerror or str(error))


def read_text(path: Path) -> str:
    """Return the text of a small regular file.

    Raises:
        DamagedError: It is not a regular file, too large, or not UTF-8.
    """
    with open_regular(path) as file:
        content = file.read(_MAX_TEXT_BYTES + 1)
    if len(content) > _MAX_TEXT_BYTES:
        raise DamagedError(path=path, reason="is larger than 1 MiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DamagedError(path=path, reason="is not UTF-8") from error


def metric_of(key: str) -> tuple[str, str]:
    """Return type and name of a metric by its name in another tracker.

    `train/loss` and `train.loss` are `train`, `loss`; `val_loss` is `val`, `loss`; `loss` alone is `metrics`, `loss`.
    """
    for separator in ("/", "."):
        first, is_split, rest = key.partition(separator)
        if is_split and first and rest:
            return standard_type(first), rest
    first, is_split, rest = key.partition("_")
    if is_split and rest and first.lower() in _TYPES:
        return standard_type("validation" if first.lower() == "valid" else first.lower()), rest
    return _OTHER_TYPE, key


def metric_names() -> MetricNames:
    """Return the metrics of a run by their names; a name whose metric is taken is whole, below `metrics`."""
    return MetricNames(metric_of, _OTHER_TYPE)
