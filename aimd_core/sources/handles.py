"""A trial where it is, and the source that it is in: what every command asks of a directory and of a server alike.

A `TrialSource` finds trials and reads many of them at once; a `TrialHandle` is one of its trials. Both answer with the
same `Facts`, points and lines wherever the trial is, so that a command does not know, and prints the same.
"""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from aimd_core.errors import AmbiguousTrialError, TrialNotFoundError, TrialRunningError, UsageError
from aimd_core.format.labels import Labels
from aimd_core.format.values import MIN_ID_CHARS
from aimd_core.format.wording import short_id
from aimd_core.language import said
from aimd_core.reading.facts import Facts, is_live
from aimd_core.reading.series import Series

if TYPE_CHECKING:
    from aimd_core.sources.views import Views

Answer = TypeVar("Answer")
Handle = TypeVar("Handle", bound="TrialHandle")


class KeptTotals(NamedTuple):
    """How many files are kept with a trial, and how many bytes they have."""

    files: int = 0
    size_bytes: int = 0


class Detail(NamedTuple):
    """What a list does not show of a trial.

    Attributes:
        params: The nested parameters.
        platform: The `platform` part of the metadata.
        git: The `_git` part of the metadata.
        kept: The files kept with it.
    """

    params: Mapping[str, object]
    platform: Mapping[str, object]
    git: Mapping[str, object]
    kept: KeptTotals = KeptTotals()


class Extent(NamedTuple):
    """How much to read of trials besides what a list shows.

    Attributes:
        documents: Whether to include `git` and `platform`.
        trends: Whether to include the course of each metric.
        all_segments: Whether points count that were superseded.
    """

    documents: bool = True
    trends: bool = True
    all_segments: bool = False


class Line(NamedTuple):
    """A metric of a trial, or of one of its segments.

    Attributes:
        points: Its points, in the order written or by position.
        last: The value at the greatest step, which may be NaN or infinite; None if there is no point.
        damage: What was left out of the journal, in a sentence, or empty.
    """

    points: Series
    last: float | None
    damage: str


class LineRequest(NamedTuple):
    """Which metrics to read.

    Attributes:
        metrics: `type.name` each.
        axis: `step`, `epoch` or `time`.
        all_segments: Whether to include superseded points; then each segment is a line.
        exact_points: How many points a server is asked for; of more, the extremes of intervals are told instead.
    """

    metrics: Sequence[str]
    axis: str = "step"
    all_segments: bool = False
    exact_points: int = 1_000_000


class TrialHandle(ABC):
    """A trial in its source.

    Attributes:
        is_remote: Whether it is on a server; then what only directories need is not loaded.
    """

    is_remote = False

    @property
    @abstractmethod
    def source(self) -> TrialSource:
        """Where it is."""

    @property
    @abstractmethod
    def alternative_name(self) -> str:
        """The name of its directory."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where exactly it is: a path, or a server's name and the path there. Every command takes it."""

    @property
    @abstractmethod
    def started(self) -> str | None:
        """When recording began, ISO 8601, or None."""

    @property
    @abstractmethod
    def home(self) -> TrialSource:
        """The directory that it is in, or the folder."""

    @abstractmethod
    def detail(self) -> Detail:
        """Return what a list does not show."""

    @abstractmethod
    def diff(self) -> bytes | None:
        """Return the recorded uncommitted changes, or None."""

    @abstractmethod
    def directory(self, files: Sequence[str] | None = None) -> Path:
        """Return a directory that holds these files as far as they are recorded, by default all.

        It is the trial's own, or a copy that lasts as long as the source is open.

        Raises:
            NetworkError, NotFoundError: From the server.
        """

    @abstractmethod
    def output(self, tail: int | None = None) -> Iterator[str]:
        """Yield the lines that it printed, or only this many of the last.

        Raises:
            FileNotRecordedError: Its output was not recorded.
        """

    @abstractmethod
    def follow_output(self, tail: int | None = None) -> Iterator[str | None]:
        """Yield the lines that it prints until it ends, and None whenever there is nothing more yet."""

    @abstractmethod
    def labels(self) -> Labels:
        """Return its tags and its note."""

    @abstractmethod
    def set_tags(self, tags: list[str], remove: bool = False) -> Labels:
        """Add tags, or remove them, and return its labels; other tags stay.

        Raises:
            UsageError: A tag cannot be used; nothing was changed.
            DiskError, NetworkError, AccessError: It could not be changed.
        """

    @abstractmethod
    def set_note(self, note: str) -> Labels:
        """Replace the note, or remove it if empty, and return its labels. Errors as `set_tags`."""

    @abstractmethod
    def rename(self, name: str, force: bool = False) -> str:
        """Rename it, and return what it is called now, as a command takes it.

        Args:
            name: Its new name.
            force: Rename even a Lost trial, which may still run on another host.

        Raises:
            InvalidNameError, UsageError: It cannot have that name.
            TrialRunningError: It is running, or may be.
            InTheWayError, NameTakenError: Another trial has that name.
            DiskError, NetworkError, AccessError: It could not be renamed.
        """

    @abstractmethod
    def move(self, target: str, make: bool = False) -> str:
        """Move it, and return where it is now.

        Args:
            target: The working directory; on a server the path of a folder there, perhaps after the server's name.
            make: Whether to create it.

        Raises:
            UsageError: It is in another source.
            NotFoundError: It does not exist.
            TrialRunningError, InTheWayError, NameTakenError, DiskError, NetworkError, AccessError: As `rename`.
        """

    @abstractmethod
    def remove(self) -> str:
        """Move it to the trash, and say where that is.

        Raises:
            TrialRunningError: It is still running.
            InTheWayError: The trash already has a trial of that name.
            DiskError, NetworkError, AccessError: It could not be moved.
        """


class TrashEntry(ABC):
    """A trial in the trash of a source.

    Attributes:
        name: Its alternative name.
        removed_s: When it was removed, in seconds since the epoch.
        origin: Where it was, and would be again.
    """

    def __init__(self, name: str, removed_s: float, origin: str) -> None:
        self.name, self.removed_s, self.origin = name, removed_s, origin

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """What it is called."""

    @property
    @abstractmethod
    def id(self) -> str:
        """Its id, or empty."""

    @property
    @abstractmethod
    def size_bytes(self) -> int | None:
        """How much its files take, or None if that is unknown."""

    @abstractmethod
    def restore(self) -> str:
        """Move it back to where it was, and return where that is.

        Raises:
            InTheWayError, NameTakenError: Something is there by now.
            DiskError, NetworkError, AccessError: It could not be moved.
        """

    @abstractmethod
    def purge(self) -> None:
        """Delete it for good.

        Raises:
            UsageError: A server does that by itself, when it is old enough.
            DiskError: The disk refused; some of its files may be gone.
        """


class TrialSource(ABC):
    """Where trials are. Use it as a context manager, or close it.

    Attributes:
        is_on_disk: Whether a name with a slash may be a path.
    """

    is_on_disk = False

    def __enter__(self) -> TrialSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and copies."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where that is, for messages."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where that is, as commands take it: a path, or a server's name and the path of a folder there."""

    @abstractmethod
    def trials(self) -> list[TrialHandle]:
        """Return all trials, newest first.

        Raises:
            NoTrialsError: There are none.
        """

    @abstractmethod
    def part(self, text: str) -> tuple[TrialSource, str]:
        """Return in which part of the source a text looks, and for what: a name, `@latest`, or everything if empty."""

    @abstractmethod
    def named(self, name: str) -> TrialHandle:
        """Return the trial with a name, or a unique prefix of a name or of its id; also by its path.

        Raises:
            TrialNotFoundError: No trial matches.
            AmbiguousTrialError: Several match.
        """

    @abstractmethod
    def chosen(self, where: str, sort: str, limit: int | None) -> list[TrialHandle]:
        """Return the first trials that a query matches, in an order.

        Args:
            where: A query; empty means all.
            sort: Sort keys; empty means newest first.
            limit: The most trials to return.
        """

    @property
    @abstractmethod
    def views(self) -> Views:
        """Its saved views and its baseline."""

    @abstractmethod
    def metric_names(self) -> list[str]:
        """Return the metrics that its trials have, to explain why none has another."""

    @abstractmethod
    def facts(self, trials: Sequence[TrialHandle], extent: Extent) -> list[Facts]:
        """Return the facts of some of its trials, in their order."""

    @abstractmethod
    def metrics_of(self, trials: Sequence[TrialHandle]) -> list[list[str]]:
        """Return the metrics of each of some of its trials, as `type.name`, in the order of lists."""

    @abstractmethod
    def lines(self, trials: Sequence[TrialHandle], request: LineRequest) -> list[list[list[Line]]]:
        """Return, for each trial and each metric, its lines: one, or one for each segment."""

    @abstractmethod
    def trash(self) -> list[TrashEntry]:
        """Return what is in the trash, last removed first."""

    @abstractmethod
    def watch(self, trials: Sequence[TrialHandle]) -> Callable[[], list[Facts]]:
        """Return a function that returns the current facts, with `git` and `platform`, at the cost of what is new."""


def by_source(
    trials: Sequence[TrialHandle], read: Callable[[TrialSource, list[TrialHandle]], Sequence[Answer]]
) -> list[Answer]:
    """Read trials of several sources, each source at once, and return the answers in the order of the trials."""
    positions: dict[int, list[int]] = {}
    for position, trial in enumerate(trials):
        positions.setdefault(id(trial.source), []).append(position)
    answers: dict[int, Answer] = {}
    for of_source in positions.values():
        group = [trials[position] for position in of_source]
        answers.update(zip(of_source, read(group[0].source, group), strict=True))
    return [answers[position] for position in range(len(trials))]


def facts_of(trials: Sequence[TrialHandle], extent: Extent | None = None) -> list[Facts]:
    """Return the facts of trials, wherever they are, in their order."""
    chosen = extent or Extent()
    return by_source(trials, lambda source, group: source.facts(group, chosen))


def watch(trials: Sequence[TrialHandle]) -> Callable[[], list[Facts]]:
    """Return a function that returns the current facts of trials, wherever they are, in their order."""
    watches: dict[int, Callable[[], list[Facts]]] = {}

    def look(source: TrialSource, group: list[TrialHandle]) -> list[Facts]:
        if id(source) not in watches:
            watches[id(source)] = source.watch(group)
        return watches[id(source)]()

    return lambda: by_source(trials, look)


def only(trials: Sequence[Handle], name: str) -> Handle:
    """Return the only one of several trials that match a name.

    Raises:
        AmbiguousTrialError: There are several.
    """
    if len(trials) > 1:
        raise AmbiguousTrialError(name, [trial.address for trial in trials])
    return trials[0]


def folder_on(called: str, target: str) -> str | None:
    """Return the path of the folder that a target such as `team:/best` means, None if it is no folder of a server.

    Args:
        called: The short name of the server that is meant, or empty for none.
        target: Where something is to be moved.

    Raises:
        UsageError: It is on another server.
    """
    server, colon, folder = target.partition(":")
    if not colon or not folder.startswith("/"):
        return None
    if server != called:
        raise UsageError(
            message=said("a trial cannot be moved from there to {target}", target=target),
            hint="To copy it: aimd trial upload, aimd trial download",
        )
    return folder


def refuse_running(trial: TrialHandle, verb: str) -> None:
    """Refuse to change a trial that is running.

    Raises:
        TrialRunningError: It is.
    """
    (facts,) = trial.source.facts([trial], Extent(documents=False, trends=False))
    if is_live(facts.state):
        raise TrialRunningError(name=trial.alternative_name, state=facts.state, verb=verb)


def trashed_named(name: str, trash: Sequence[TrashEntry], location: str, address: str) -> TrashEntry:
    """Return the trial of a trash with a name, or a unique prefix of a name or of its id.

    Args:
        name: What was typed.
        trash: What is in the trash.
        location: Where that is, in words.
        address: Where that is as `aimd trial trash ls` takes it, empty for the working directory.

    Raises:
        TrialNotFoundError, AmbiguousTrialError: None or several match.
    """
    fitting = [entry for entry in trash if name in entry.names]
    fitting = fitting or [entry for entry in trash if any(called.startswith(name) for called in entry.names)]
    if not fitting and len(name) >= MIN_ID_CHARS:
        fitting = [entry for entry in trash if entry.id.startswith(name)]
    if not fitting:
        command = shlex.join(["aimd", "trial", "trash", "ls", *([address] if address else [])])
        hint = said("Run: {command}", command=command)
        raise TrialNotFoundError(name, location, [entry.name for entry in trash][:3], hint=hint)
    if len(fitting) > 1:
        raise AmbiguousTrialError(name, [f"{entry.name} ({short_id(entry.id)})" for entry in fitting])
    return fitting[0]
