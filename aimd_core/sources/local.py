"""The trials of directories on this disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aimd_core.errors import FileNotRecordedError, NoDirectoryError
from aimd_core.format.labels import Labels, add_tags, read_labels, remove_tags, set_note
from aimd_core.format.layout import METRICS_FILE, OUTPUT_FILE, absolute, expanded
from aimd_core.format.values import mapping_of
from aimd_core.reading.directory import TrialIndex, read_trials
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import Facts, is_live
from aimd_core.reading.kept_files import tree_of
from aimd_core.reading.selection import trial_at, trial_named
from aimd_core.reading.series import last_of, metric_names, read_series, read_several
from aimd_core.sources.handles import (
    Detail,
    Extent,
    KeptTotals,
    Line,
    LineRequest,
    TrashEntry,
    TrialHandle,
    TrialSource,
    folder_on,
)

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from aimd_core.sources.views import Views
    from aimd_core.trash import Trashed

_SEVERAL = 6  # metrics of a trial that are read in one pass, because a pass for each takes longer


class LocalTrial(TrialHandle):
    """A trial directory.

    Attributes:
        trial: The directory, read lazily.
    """

    def __init__(self, source: DirectorySource, trial: Trial) -> None:
        self._source = source
        self.trial = trial

    @property
    def source(self) -> DirectorySource:
        """The directory that names were looked up in."""
        return self._source

    @property
    def alternative_name(self) -> str:
        """The directory's name."""
        return self.trial.alternative_name

    @property
    def name(self) -> str:
        """Its name."""
        return self.trial.name

    @property
    def address(self) -> str:
        """The directory's path."""
        return str(absolute(self.trial.path))

    @property
    def started(self) -> str | None:
        """When recording began, ISO 8601, or None."""
        return self.trial.started

    @property
    def home(self) -> DirectorySource:
        """The directory that it is in."""
        return DirectorySource(self.trial.path.absolute().parent)

    def detail(self) -> Detail:
        """Return what a list does not show."""
        metadata = self.trial.metadata
        tree = tree_of(self.trial.path)
        kept = KeptTotals(len(tree.entries), tree.size_bytes)
        return Detail(
            self.trial.parameters, mapping_of(metadata.get("platform")), mapping_of(metadata.get("_git")), kept
        )

    def diff(self) -> bytes | None:
        """Return the recorded uncommitted changes, or None."""
        for path in sorted(self.trial.path.glob("*.diff")):
            if path.is_file() and not path.is_symlink():
                return path.read_bytes()
        return None

    def directory(self, files: Sequence[str] | None = None) -> Path:
        """Return the directory itself."""
        return self.trial.path

    def output(self, tail: int | None = None) -> Iterator[str]:
        """Yield the lines that it printed, or only this many of the last."""
        from aimd_core.reading.output import read_lines

        if not (self.trial.path / OUTPUT_FILE).exists():
            raise FileNotRecordedError(name=self.alternative_name, what="output", hint="")
        return read_lines(self.trial.path / OUTPUT_FILE, tail)

    def follow_output(self, tail: int | None = None) -> Iterator[str | None]:
        """Yield the lines that it prints until it ends, and None whenever there is nothing more yet."""
        from aimd_core.reading.output import follow_lines

        def is_over() -> bool:
            return not is_live(Trial(self.trial.path).state.name)

        return follow_lines(self.trial.path / OUTPUT_FILE, tail, is_over)

    def labels(self) -> Labels:
        """Return its tags and its note."""
        return read_labels(self.trial.path)

    def set_tags(self, tags: list[str], remove: bool = False) -> Labels:
        """Add tags, or remove them."""
        return (remove_tags if remove else add_tags)(self.trial.path, tags)

    def set_note(self, note: str) -> Labels:
        """Replace the note."""
        return set_note(self.trial.path, note)

    def rename(self, name: str, force: bool = False) -> str:
        """Rename the directory and the trial in it, and return the directory's name."""
        from aimd_core.renaming import rename_trial

        return rename_trial(self.trial, name, force).name

    def move(self, target: str, make: bool = False) -> str:
        """Move the directory to another working directory, and return its path."""
        from aimd_core.renaming import move_trial

        if not expanded(target).exists():
            folder_on("", target)
        return str(move_trial(self.trial, expanded(target), make))

    def remove(self) -> str:
        """Move the directory to the trash, and return its path there."""
        from aimd_core.trash import remove

        return str(remove(self.trial).path)


class LocalTrashEntry(TrashEntry):
    """A trial in `.aimd/trash`."""

    def __init__(self, trashed: Trashed) -> None:
        super().__init__(trashed.name, trashed.removed_s, str(trashed.origin))
        self._trashed = trashed

    @property
    def names(self) -> tuple[str, ...]:
        """The directory's name."""
        return (self.name,)

    @property
    def id(self) -> str:
        """Its id, or empty."""
        return Trial(self._trashed.path).id or ""

    @property
    def size_bytes(self) -> int:
        """How much its files take; a link takes nothing."""
        return self._trashed.size_bytes

    def restore(self) -> str:
        """Move it back, and return its path."""
        from aimd_core.trash import restore

        return str(restore(self._trashed))

    def purge(self) -> None:
        """Delete it for good."""
        from aimd_core.trash import purge

        purge(self._trashed)


class DirectorySource(TrialSource):
    """A directory that names are looked up in, and trials anywhere on this disk."""

    is_on_disk = True

    def __init__(self, directory: Path) -> None:
        """Take a working directory that holds `.aimd/trials`, or a directory that holds trials; it may not exist."""
        self.path = directory

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    @property
    def location(self) -> str:
        """The directory's path."""
        return str(absolute(self.path))

    @property
    def address(self) -> str:
        """The directory's path, as it was named."""
        return str(self.path)

    def handle(self, trial: Trial) -> LocalTrial:
        """Return a trial directory, here or elsewhere, as a trial of this source."""
        return LocalTrial(self, trial)

    def trials(self) -> list[TrialHandle]:
        """Return all trials, newest first."""
        index = TrialIndex(self.path)
        return [self.handle(Trial(index.directory / row.alternative_name)) for row in index.rows()]

    def part(self, text: str) -> tuple[TrialSource, str]:
        """Return the directory itself: with a slash, a text is the path of a trial."""
        return self, text

    def named(self, name: str) -> LocalTrial:
        """Return the trial with a name, or a unique prefix of a name or of its id; with a slash it is a path."""
        return self.at(Path(name)) if "/" in name else self.handle(trial_named(name, self.path))

    def at(self, path: Path) -> LocalTrial:
        """Return the trial with a directory, here or elsewhere.

        Raises:
            TrialNotFoundError: It is not a trial's directory.
        """
        return self.handle(trial_at(path))

    def chosen(self, where: str, sort: str, limit: int | None) -> list[TrialHandle]:
        """Return the first trials that a query matches, in an order."""
        from aimd_core.query import fields_of, matcher, parse, parse_sort, sort_rows

        query, keys = parse(where), parse_sort(sort) if sort else ()
        fields = [*fields_of(query.condition), *(key.field for key in keys)]
        index = TrialIndex(self.path)
        rows = index.rows(with_facts=any(field.kind in ("git", "platform") for field in fields))
        rows = sort_rows(filter(matcher(query), rows), keys, lambda row: row)
        return [self.handle(Trial(index.directory / row.alternative_name)) for row in rows[:limit]]

    @property
    def views(self) -> Views:
        """What is in `.aimd/views.yaml`.

        Raises:
            NoDirectoryError: There is no such directory.
        """
        from aimd_core.sources.views import DirectoryViews

        self._expect_directory()
        return DirectoryViews(self.path)

    def metric_names(self) -> list[str]:
        """Return the metrics that its trials have."""
        return sorted({name for row in TrialIndex(self.path).rows() for name in row.metrics})

    def facts(self, trials: Sequence[TrialHandle], extent: Extent) -> list[Facts]:
        """Return the facts of some of its trials, in their order."""
        return read_trials(_paths(trials), extent.all_segments)

    def metrics_of(self, trials: Sequence[TrialHandle]) -> list[list[str]]:
        """Return the metrics of each of some of its trials."""
        return [metric_names(path / METRICS_FILE) for path in _paths(trials)]

    def lines(self, trials: Sequence[TrialHandle], request: LineRequest) -> list[list[list[Line]]]:
        """Return, for each trial and each metric, its lines."""
        return [_lines_of(path, request) for path in _paths(trials)]

    def trash(self) -> list[TrashEntry]:
        """Return what is in the trash of the directory, last removed first.

        Raises:
            NoDirectoryError: There is no such directory.
        """
        from aimd_core.trash import trashed_trials

        self._expect_directory()
        return [LocalTrashEntry(trashed) for trashed in trashed_trials(self.path)]

    def watch(self, trials: Sequence[TrialHandle]) -> Callable[[], list[Facts]]:
        """Return a function that returns the current facts."""
        from aimd_core.reading.changes import Watch

        return Watch(_paths(trials)).look

    def _expect_directory(self) -> None:
        if not self.path.is_dir():
            raise NoDirectoryError(where=self.location)


def _lines_of(path: Path, request: LineRequest) -> list[list[Line]]:
    if len(request.metrics) < _SEVERAL or request.all_segments:
        return [lines_in(path, metric, request.axis, request.all_segments) for metric in request.metrics]
    return [
        [Line(series, last, series.damage.sentence())]
        for series, last in read_several(path / METRICS_FILE, request.metrics, request.axis)
    ]


def lines_in(path: Path, metric: str, axis: str, all_segments: bool = False) -> list[Line]:
    """Return a metric of the trial in a directory, as one line, or one for each segment."""
    journal = path / METRICS_FILE
    series = read_series(journal, metric, axis, all_segments)
    steps = series if axis == "step" else read_series(journal, metric, "step", all_segments)
    damage = series.damage.sentence()
    pieces = zip(series.segments(), steps.segments(), strict=True)
    return [Line(piece, last_of(piece_steps), damage) for piece, piece_steps in pieces]


def _paths(trials: Sequence[TrialHandle]) -> list[Path]:
    return [trial.trial.path for trial in trials if isinstance(trial, LocalTrial)]
