"""The trials of a server, read by the HTTP API of version 2.

Facts and points come in one answer for many trials. What needs every byte of a file, such as an export, reads a copy
that was checked against the server's digest and lasts as long as the source is open.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from aimd_core.client.connection import RetryPolicy
from aimd_core.client.lists import batch, column_names, facts_of
from aimd_core.client.plots import PlotSeries, every_point, plotted
from aimd_core.client.protocols import protocol_for
from aimd_core.client.signing_in import V2
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import (
    DiskError,
    FileNotRecordedError,
    NotAServerError,
    NoTrialsError,
    OldServerError,
    RemoteNotFoundError,
    TrialNotFoundError,
    UsageError,
)
from aimd_core.format.journal import SEGMENTS_FILE
from aimd_core.format.labels import Labels, check_tags
from aimd_core.format.layout import DIFF_FILE, METRICS_FILE, OUTPUT_FILE, TREE
from aimd_core.format.values import MIN_ID_CHARS, is_uuid, mapping_of
from aimd_core.hosts import REMOTE
from aimd_core.language import said
from aimd_core.query.fields import quote
from aimd_core.reading.facts import Facts, WholeFacts, is_live, seconds_of
from aimd_core.reading.output import follow_blocks, tail_offset
from aimd_core.reading.output import lines_in as lines_of_file
from aimd_core.reading.series import Series, last_of
from aimd_core.reading.summaries import TREND_POINTS
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
    only,
    refuse_running,
)

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from aimd_core.sources.views import Views

FOLLOW_INTERVAL_S = 1.0
_CANDIDATES = 30  # more than an ambiguous name lists
_TAIL_BYTES = 1 << 16
_NAMES = ("name", "alternative_name")
_TREND_POINTS, _TRENDS_IN_FULL = 1000, 100  # of so few metrics in all, a trend is made of all points, as in a directory


class RemoteTrial(TrialHandle):
    """A trial on a server.

    Attributes:
        id: Its id.
        document: What the server said of it last.
    """

    is_remote = True

    def __init__(self, source: ServerSource, document: dict[str, Any]) -> None:
        self._source = source
        self.id: str = document["id"]
        self.document = document

    @property
    def source(self) -> ServerSource:
        """The server."""
        return self._source

    @property
    def alternative_name(self) -> str:
        """The name of the uploaded directory; if the server does not have it, its name."""
        return str(self.document.get("alternative_name") or self.document["name"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.document["name"])

    @property
    def folder(self) -> str:
        """The path of its folder."""
        return str((self.document.get("folder") or {}).get("path") or "/")

    @property
    def address(self) -> str:
        """The server's name and its path there, or for what others share its id: paths are those of one's own tree."""
        is_own = self.document.get("role") in (None, "owner")
        return f"{self._source.called}:" + (f"{self.folder.rstrip('/')}/{self.name}" if is_own else self.id)

    @property
    def started(self) -> str | None:
        """When recording began, ISO 8601, or None."""
        return self.document.get("started")

    @property
    def home(self) -> ServerSource:
        """Its folder and below."""
        home = self._source.within(self.folder)
        home.folder_id = str((self.document.get("folder") or {}).get("id") or "")
        return home

    def detail(self) -> Detail:
        """Return what a list does not show."""
        self._source.fill([self])
        metadata = self.document["metadata"]
        return Detail(
            self.document.get("parameters") or {},
            mapping_of(metadata.get("platform")),
            mapping_of(metadata.get("_git")),
            _totals_of(self.document["files"].get(TREE) or {}),
        )

    def diff(self) -> bytes | None:
        """Return the recorded uncommitted changes, or None."""
        path = self.directory([DIFF_FILE]) / DIFF_FILE
        return path.read_bytes() if path.exists() else None

    def directory(self, files: Sequence[str] | None = None) -> Path:
        """Return a copy with these files as far as the server has them, by default all; a running trial's as of now."""
        self._source.fill([self], again=is_live(str(self.document.get("state") or "")))
        return self._source.copies.of_trial(self._source.server, self.document, files)

    def output(self, tail: int | None = None) -> Iterator[str]:
        """Yield the lines that it printed, or only this many of the last."""
        size_bytes = _size_of(self, OUTPUT_FILE)
        if size_bytes is None:
            raise FileNotRecordedError(name=self.alternative_name, what="output", hint="")
        if tail is None:
            return _lines_at(self.directory([OUTPUT_FILE]) / OUTPUT_FILE)
        start = _tail_start(self, tail, size_bytes)
        return lines_of_file(io.BytesIO(_bytes_of(self._source.server, self.id, OUTPUT_FILE, start, size_bytes)))

    def follow_output(self, tail: int | None = None) -> Iterator[str | None]:
        """Yield the lines that it prints until it ends, and None whenever there is nothing more yet."""

        def is_over() -> bool:
            self._source.fill([self], again=True)
            return not is_live(str(self.document.get("state") or ""))

        def blocks(position: int) -> Iterator[bytes | None]:
            size_bytes = _size_of(self, OUTPUT_FILE) or 0
            if size_bytes < position:
                yield None
                position = 0
            if size_bytes > position:
                yield _bytes_of(self._source.server, self.id, OUTPUT_FILE, position, size_bytes)

        start = 0 if tail is None else _tail_start(self, tail, _size_of(self, OUTPUT_FILE) or 0)
        return follow_blocks(blocks, start, is_over, FOLLOW_INTERVAL_S)

    def labels(self) -> Labels:
        """Return its tags and its note."""
        return Labels(tuple(self.document.get("tags") or ()), self.document.get("note") or "")

    def set_tags(self, tags: list[str], remove: bool = False) -> Labels:
        """Add tags, or remove them; anyone who adds some at the same time loses none."""
        if not remove:
            check_tags(tags)
        _change(self, {"remove_tags" if remove else "add_tags": tags})
        return self.labels()

    def set_note(self, note: str) -> Labels:
        """Replace the note."""
        _change(self, {"note": note})
        return self.labels()

    def rename(self, name: str, force: bool = False) -> str:
        """Rename it on the server, also while it is running, and return its address."""
        _change(self, {"name": name})
        return self.address

    def move(self, target: str, make: bool = False) -> str:
        """Move it to another folder, and return its address."""
        folder = folder_on(self._source.called, target) or target
        _change(self, {"folder": {"path": folder, "make": make}})
        return self.address

    def remove(self) -> str:
        """Move it to the server's trash, and say where that is."""
        from aimd_core.client.changes import delete_trial

        refuse_running(self, "removed")
        delete_trial(self._source.server, self.id)
        return said("the trash of {host}", host=self._source.host)


class RemoteTrashEntry(TrashEntry):
    """A trial in the trash of a server."""

    def __init__(self, source: ServerSource, item: dict[str, Any]) -> None:
        folder = f"{(item.get('folder') or '/').rstrip('/')}/{item['name']}"
        removed_s = seconds_of(item["deleted"]) or 0.0
        super().__init__(str(item.get("alternative_name") or item["name"]), removed_s, f"{source.called}:{folder}")
        self._source, self._item = source, item

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, its alternative name and its path."""
        path = self.origin.partition(":")[2]
        return (self._item["name"], self.name, path, path.lstrip("/"))

    @property
    def id(self) -> str:
        """Its id."""
        return str(self._item["id"])

    @property
    def size_bytes(self) -> None:
        """None: the server does not say."""
        return None

    def restore(self) -> str:
        """Move it back, and return its address."""
        from aimd_core.client.changes import restore_trial

        return RemoteTrial(self._source, restore_trial(self._source.server, self.id)).address

    def purge(self) -> None:
        """Refuse: the server empties its trash by age."""
        raise UsageError(
            message=said("{host} empties its trash by itself, by age", host=self._source.host),
            hint="Ask the person who runs the server to change its setting trash_days",
        )


class ServerSource(TrialSource):
    """The trials of a server, or of a folder there and below; their source is always the whole server.

    Attributes:
        called: The server's short name, as it is written before a colon.
        host: Its address.
        server: The connection.
        copies: Copies of trials' files.
        folder_id: The id of the folder, if it is known.
        expected: What was asked together of trials that will be named one by one, by id.
    """

    def __init__(self, credentials: Credentials, called: str, retry: RetryPolicy | None = None) -> None:
        """Prepare to read.

        Args:
            credentials: The server and the key.
            called: Its short name.
            retry: When to try again; by default five times.

        Raises:
            OldServerError: It speaks version 1, which lists no trials.
            NetworkError: It is unknown which it speaks, and there was no answer.
        """
        self.called, self.host = called, credentials.host
        self._folder = self.folder_id = ""
        self._root = self
        self.expected: dict[str, dict[str, Any]] = {}
        self.copies = _Copies()
        if protocol_for(credentials.host) != V2:
            raise OldServerError(host=credentials.host, what="list and read trials")
        self.server = Server(credentials, retry)

    def within(self, folder: str) -> ServerSource:
        """Return the trials of a folder and below; of the root or an empty path, all that the key may see."""
        path = "/" + "/".join(part for part in folder.split("/") if part)
        if path == "/":
            return self
        part = copy(self)
        part._folder, part.folder_id = path, ""
        return part

    def close(self) -> None:
        """Let go of the connection and of copies."""
        self.server.__exit__(None, None, None)
        self.copies.remove()

    @property
    def location(self) -> str:
        """The folder, if one is meant, and the server."""
        return said("{folder} on {host}", folder=self._folder, host=self.host) if self._folder else self.host

    @property
    def address(self) -> str:
        """The server's name, and the path of the folder."""
        return f"{self.called}:{self._folder}"

    def trials(self) -> list[TrialHandle]:
        """Return all trials, newest first."""
        trials = self.chosen("", "", None)
        if not trials:
            raise NoTrialsError(where=self.location, hint="Upload some: aimd trial upload -d .")
        return trials

    def chosen(self, where: str, sort: str, limit: int | None) -> list[TrialHandle]:
        """Return the first trials that a query matches, in an order."""
        if where.strip():
            from aimd_core.query import parse, pinned, render

            where = render(pinned(parse(where).condition))  # the server is in another time zone
        return [RemoteTrial(self._root, document) for document in self._documents(self._folder, where, sort, limit)]

    def _documents(
        self, folder: str, where: str = "", sort: str = "", limit: int | None = None
    ) -> list[dict[str, Any]]:
        return list(self.server.trials(folder or None, limit, where, sort))

    def part(self, text: str) -> tuple[TrialSource, str]:
        """Return the folder that ends in a slash, or stands before `@`; others are looked up with their name."""
        folder, _, last = text.rpartition("/")
        return (self.within(folder), last) if not last or last.startswith("@") else (self, text)

    def named(self, name: str) -> RemoteTrial:
        """Return the trial with a name, perhaps with folders before it, or a unique prefix of a name or of its id."""
        if is_uuid(name):
            document = self._root.expected.get(name) or batch(self.server, [name], detail=True).get(name)
            if document is None:
                raise RemoteNotFoundError(what=said("trial {name}", name=name))
            return RemoteTrial(self._root, document)
        folder, _, last = name.rpartition("/")
        if folder or name.startswith("/"):
            folder = f"{self._folder.rstrip('/')}/{folder.strip('/')}"
        trials = [RemoteTrial(self._root, document) for document in self._fitting(folder or self._folder, last)]
        if not trials:
            within = said("{folder} on {host}", folder=folder, host=self.host) if folder.strip("/") else self.location
            raise TrialNotFoundError(last, within, hint=_listing(self))
        direct = [trial for trial in trials if trial.folder.strip("/") == folder.strip("/")] if folder else []
        return only(direct or trials, name)

    def _fitting(self, folder: str, name: str) -> list[dict[str, Any]]:
        """Return the trials that a name means, by the same rule as in a directory: whole, else its beginning, else ids.

        The server compares without case and takes `*` for anything, so that its answer is looked at again.
        """
        exact = " or ".join(f"{field} = {quote(name)}" for field in _NAMES)
        if documents := self._documents(folder, exact, limit=_CANDIDATES):
            return documents
        begins = " or ".join(f"{field} ~ {quote(f'{name}*')}" for field in _NAMES)
        listed = self._documents(folder, begins, limit=_CANDIDATES)
        documents = [row for row in listed if any((row.get(field) or "").startswith(name) for field in _NAMES)]
        if not documents and len(name) >= MIN_ID_CHARS:
            documents = self._documents(folder, f"id = {quote(name)}", limit=_CANDIDATES)
        return documents

    @property
    def views(self) -> Views:
        """Those of the folder, by default of the root."""
        from aimd_core.client.views import FolderViews
        from aimd_core.sources.views import ServerViews

        return ServerViews(FolderViews(self.server, self._folder or "/", self.folder_id))

    def metric_names(self) -> list[str]:
        """Return the metrics that its newest trials have."""
        return sorted(column_names(self.server, self._folder or None)["metrics"])

    def fill(self, trials: Sequence[TrialHandle], again: bool = False) -> None:
        """Ask for what a list leaves out of trials, their `metadata` and `files`, or for all of it again.

        Raises:
            RemoteNotFoundError: One is no longer there.
        """
        bare = [trial for trial in _remote(trials) if again or _is_bare(trial.document)]
        documents = batch(self.server, [trial.id for trial in bare], detail=True) if bare else {}
        for trial in bare:
            if trial.id not in documents:
                raise RemoteNotFoundError(what=said("trial {name}", name=trial.name))
            trial.document = documents[trial.id]

    def facts(self, trials: Sequence[TrialHandle], extent: Extent) -> list[Facts]:
        """Return the facts of some of its trials, in their order."""
        if extent.all_segments:
            return [_facts_of_all_segments(self, trial, extent) for trial in _remote(trials)]
        if extent.documents:
            self.fill(trials)
        rows = [facts_of(trial.document) for trial in _remote(trials)]
        if extent.trends:
            _add_trends(self.server, rows)
        return [*rows]

    def metrics_of(self, trials: Sequence[TrialHandle]) -> list[list[str]]:
        """Return the metrics of each of some of its trials."""
        return [list(trial.document.get("metrics") or {}) for trial in _remote(trials)]

    def lines(self, trials: Sequence[TrialHandle], request: LineRequest) -> list[list[list[Line]]]:
        """Return, for each trial and each metric, its lines."""
        if request.all_segments:
            return [_lines_of_journal(trial, request) for trial in _remote(trials)]
        ids = [trial.id for trial in _remote(trials)]
        plots = list(plotted(self.server, ids, request.metrics, request.axis))
        if sum(plot.points for plot in plots if not plot.exact) <= request.exact_points:
            plots = [plot if plot.exact else every_point(self.server, plot, request.axis) or plot for plot in plots]
        answered = {(plot.trial, plot.metric): plot for plot in plots}
        return [
            [[_line(trial, metric, request, answered.get((trial.id, metric)))] for metric in request.metrics]
            for trial in _remote(trials)
        ]

    def trash(self) -> list[TrashEntry]:
        """Return what the key's owner has removed from the folder and below, last removed first."""
        from aimd_core.client.changes import trash_of

        entries = [RemoteTrashEntry(self._root, item) for item in trash_of(self.server, "trial")]
        return [entry for entry in entries if entry.origin.startswith(f"{self.called}:{self._folder.rstrip('/')}/")]

    def watch(self, trials: Sequence[TrialHandle]) -> Callable[[], list[Facts]]:
        """Return a function that returns the current facts."""
        self.fill(trials)
        is_first = True

        def look() -> list[Facts]:
            nonlocal is_first
            if not is_first:
                self.fill(trials, again=True)
            is_first = False
            return [facts_of(trial.document) for trial in _remote(trials)]

        return look


def _add_trends(server: Server, rows: Sequence[WholeFacts]) -> None:
    """Add the course of each metric."""
    from aimd_core.reading.totals import Trend

    names = list(dict.fromkeys(name for row in rows for name in row.metrics))
    points = _TREND_POINTS if len(rows) * len(names) <= _TRENDS_IN_FULL else TREND_POINTS
    trends: dict[str, dict[str, list[float]]] = {}
    for series in plotted(server, [row.id for row in rows], names, "step", points) if names else ():
        trend = Trend()
        trend.extend([value for value in series.mean or series.low if value - value == 0.0])
        trends.setdefault(series.trial, {})[series.metric] = trend.points()
    for row in rows:
        row.trends = trends.get(row.id, {})


def _listing(source: ServerSource) -> str:
    """Say how the trials of a server are listed."""
    which = "--remote" if source.called == REMOTE else f"{source.called}:"
    return said("Run: {command}", command=f"aimd trial ls {which}")


def _facts_of_all_segments(source: ServerSource, trial: RemoteTrial, extent: Extent) -> WholeFacts:
    """Return the facts of a trial with superseded points, which only its journal has."""
    from aimd_core.reading.directory import read_trials

    row = source.facts([trial], extent._replace(all_segments=False))[0].whole()
    if row.segments:
        (read,) = read_trials([trial.directory([METRICS_FILE, SEGMENTS_FILE])], all_segments=True)
        row.metrics, row.trends = read.metrics, read.trends
    return row


class _Copies:
    """Copies of trials' files, in a temporary directory that is made for the first one."""

    def __init__(self) -> None:
        self._directory: TemporaryDirectory[str] | None = None

    def remove(self) -> None:
        """Remove all copies."""
        if self._directory is not None:
            self._directory.cleanup()

    def of_trial(self, server: Server, document: dict[str, Any], files: Sequence[str] | None) -> Path:
        """Return a directory with copies of files of a trial, by default all, from an answer that has its `files`."""
        import tempfile  # which loads more than a description needs

        from aimd_core.upload.downloading import fetch_files, fetch_rest

        stored = document["files"]
        try:
            if self._directory is None:
                self._directory = tempfile.TemporaryDirectory(prefix="aimd-")
            directory = Path(self._directory.name, document["id"], _directory_name(document, server.host))
            directory.mkdir(parents=True, exist_ok=True)
            requested = [file for file in (stored if files is None else files) if file in stored]
            missing = {file: stored[file] for file in requested if _size_at(directory / file) != stored[file]["offset"]}
            fetch_files(server, document["id"], missing, directory)
            if files is None:
                fetch_rest(server, document["id"], stored, directory)
        except OSError as error:
            path = error.filename or tempfile.gettempdir()
            raise DiskError(path=path, reason=error.strerror or str(error)) from error
        return directory


def _is_bare(document: dict[str, Any]) -> bool:
    """Tell whether an answer is without what lists leave out."""
    return document.get("files") is None or document.get("metadata") is None


def _directory_name(document: dict[str, Any], host: str) -> str:
    """Return the name of a trial's directory, or its id if its client told none, as those of version 1 do."""
    from aimd_core.upload.downloading import directory_name

    try:
        return directory_name(document, host)
    except NotAServerError:
        return str(document["id"])


def _size_at(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return None


def _change(trial: RemoteTrial, changes: dict[str, Any]) -> None:
    """Change a trial on its server, and take what that says of it then."""
    from aimd_core.client.changes import change_trial

    trial.document = change_trial(trial.source.server, trial.id, changes)


def _size_of(trial: RemoteTrial, file: str) -> int | None:
    """Return how much the server has of a file, None if it has nothing."""
    trial.source.fill([trial])
    stored = trial.document["files"].get(file)
    return None if stored is None else int(stored["offset"])


def _tail_start(trial: RemoteTrial, tail: int, size_bytes: int) -> int:
    """Return where the last lines of the output begin, reading from its end."""
    reach = _TAIL_BYTES
    while tail > 0 and size_bytes > 0:
        start = max(0, size_bytes - reach)
        end = _bytes_of(trial.source.server, trial.id, OUTPUT_FILE, start, size_bytes)
        offset = tail_offset(io.BytesIO(end), tail)
        if offset or not start:
            return start + offset
        reach *= 4
    return size_bytes


def _totals_of(stored: dict[str, Any]) -> KeptTotals:
    return KeptTotals(stored.get("count") or 0, stored.get("offset") or 0)


def _bytes_of(server: Server, trial_id: str, file: str, start: int, end: int) -> bytes:
    """Return bytes of a file."""
    content = bytearray()

    def take(piece: bytes) -> bool:
        content.extend(piece[: end - start - len(content)])
        return len(content) < end - start

    if start < end:
        server.read(trial_id, file, start, take)
    return bytes(content)


def _lines_of_journal(trial: RemoteTrial, request: LineRequest) -> list[list[Line]]:
    from aimd_core.sources.local import lines_in  # which loads what only directories need

    directory = trial.directory([METRICS_FILE, SEGMENTS_FILE])
    return [lines_in(directory, metric, request.axis, request.all_segments) for metric in request.metrics]


def _line(trial: RemoteTrial, metric: str, request: LineRequest, plot: PlotSeries | None) -> Line:
    """Return a metric from the server's answer, or from the journal if some of its points are not on the axis."""
    summary = (trial.document.get("metrics") or {}).get(metric)
    count = 0 if plot is None else plot.points
    if summary is not None and count < (summary.get("count") or 0):
        from aimd_core.sources.local import lines_in

        (line,) = lines_in(trial.directory([METRICS_FILE, SEGMENTS_FILE]), metric, request.axis)
        return line
    series = Series(metric)
    if plot is None:
        return Line(series, None, "")
    _take(plot, series)
    if plot.exact and request.axis == "step":
        return Line(series, last_of(series), "")
    told = "" if plot.exact else said("only the extremes of {count:,} intervals", count=len(plot.x))
    return Line(series, None if summary is None else _number(summary.get("last")), told)


def _take(plot: PlotSeries, series: Series) -> None:
    """Take the points of an answer; of several points in one entry the smallest and the largest."""
    if not plot.high:
        series.positions, series.values = plot.x, plot.low
        return
    for x, low, high in zip(plot.x, plot.low, plot.high, strict=True):
        series.positions.extend((x, x))
        series.values.extend((low, high))


def _remote(trials: Sequence[TrialHandle]) -> list[RemoteTrial]:
    return [trial for trial in trials if isinstance(trial, RemoteTrial)]


def _lines_at(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from lines_of_file(file)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value)) if isinstance(value, str) else float(value)  # type: ignore[arg-type]
