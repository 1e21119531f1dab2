"""The live screen's data from a server: a list that is read once, and then what its events say has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any

from aimd_cli.commands.trial.curve_memory import CurveMemory, Key
from aimd_cli.commands.trial.curves import read_several_curves
from aimd_cli.commands.trial.describe import details_of
from aimd_cli.commands.trial.live_actions import LiveActions
from aimd_cli.screen.panes import Looked
from aimd_cli.text import printed_line
from aimd_cli.views.curve import Curve
from aimd_cli.views.trial_detail import TrialDetail
from aimd_core.client.connection import RetryPolicy
from aimd_core.client.events import ROOT, ChangeStream
from aimd_core.client.lists import batch, facts_of
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import FileNotRecordedError, NetworkError, NotFoundError, OldServerError
from aimd_core.reading.facts import Facts, newest_first
from aimd_core.sources.remote import RemoteTrial, ServerSource

if TYPE_CHECKING:
    from aimd_core.sources.views import Views

MAX_TRIALS = 10_000  # the newest ones
_READ_FIRST, _READ = 100, 1000  # trials in the first look, and in each of the next
_RETRY = RetryPolicy(tries=2)  # soon the screen says that there is no answer, and asks again
_NEWEST = 500  # as many as events are about


class RemoteSources(LiveActions):
    """The trials of a server's folder, as a `aimd_cli.screen.panes.Sources`. Close it."""

    def __init__(self, credentials: Credentials, called: str, folder: str = "") -> None:
        """Take a server with its short name, and the path of a folder there, or nothing for all trials."""
        self._listed, self._drawn = (ServerSource(credentials, called, _RETRY) for _ in range(2))
        self.location = f"{called}:{folder}" if folder else credentials.host
        self._folder = folder
        self._events = ChangeStream(credentials, _id_of(self._listed.server, folder))
        self._drawing = threading.Lock()  # the chart, the output and the details share a connection
        self._documents: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, Facts] = {}
        self._pages: Iterator[dict[str, Any]] | None = None
        self._curves = CurveMemory()
        self._baseline: str | None = None

    def close(self) -> None:
        """Close all connections."""
        self._events.close()
        self._listed.close()
        self._drawn.close()

    def look(self, with_facts: bool) -> Looked:
        """Return the current trials."""
        try:
            return self._look(with_facts)
        except NetworkError:
            self._pages = None  # they are listed anew as soon as the server answers again
            raise

    def _look(self, with_facts: bool) -> Looked:
        changed = self._events.take()
        if self._baseline is None or changed.is_list:
            self._baseline = self._kept_baseline()
        if self._pages is None:
            self._pages = self._listed.server.trials(self._folder or None, MAX_TRIALS)
            unread = self._take(islice(self._pages, _READ_FIRST)) == _READ_FIRST
        else:
            unread = self._take(islice(self._pages, _READ)) == _READ
            if changed.is_list:
                self._list_again()
            if changed.trial_ids:
                self._take(batch(self._listed.server, sorted(changed.trial_ids)).values())
        if with_facts:
            bare = [trial_id for trial_id, document in self._documents.items() if "metadata" not in document]
            self._take(batch(self._listed.server, bare, detail=True).values())
        return Looked(sorted(self._rows.values(), key=newest_first), int(unread), self._baseline)

    def _kept_baseline(self) -> str:
        try:
            return self.baseline_id()
        except (OldServerError, NotFoundError):
            return ""

    def set_baseline(self, row: Facts | None) -> None:
        """Choose the trial that the others are measured against, or none."""
        super().set_baseline(row)
        self._baseline = None

    @property
    def _views(self) -> Views:
        return self._drawn.within(self._folder).views if self._folder else self._drawn.views

    @property
    def _turn(self) -> AbstractContextManager[object]:
        return self._drawing

    def _take(self, documents: Any) -> int:
        """Take what the server says of trials, and return of how many."""
        count = 0
        for count, document in enumerate(documents, start=1):  # noqa: B007 - the last number is the count
            before = self._documents.get(document["id"], {})
            kept = {name: before[name] for name in ("metadata",) if name in before}
            self._documents[document["id"]] = {**kept, **document}
            self._rows[document["id"]] = facts_of(self._documents[document["id"]])
        return count

    def _list_again(self) -> None:
        """Take the newest trials again, and let go of those that are gone from among them."""
        newest = list(self._listed.server.trials(self._folder or None, _NEWEST))
        self._take(newest)
        listed = {document["id"] for document in newest}
        oldest = max((newest_first(self._rows[trial_id]) for trial_id in listed), default=0.0)
        is_whole = len(newest) < _NEWEST
        for trial_id, row in list(self._rows.items()):
            if trial_id not in listed and (is_whole or newest_first(row) < oldest):
                del self._rows[trial_id], self._documents[trial_id]

    def _handle(self, row: Facts) -> RemoteTrial:
        """Return a trial as it was listed last, to be asked for its files anew."""
        document = {name: value for name, value in self._documents[row.id].items() if name != "files"}
        return RemoteTrial(self._drawn, document)

    def curve(self, row: Facts, metric: str, axis: str) -> Curve:
        """Return a metric of a trial, read again only if it has more points."""
        return self.curves(row, [metric], axis)[0]

    def curves(self, row: Facts, metrics: Sequence[str], axis: str, ahead: Sequence[str] = ()) -> list[Curve]:
        """Return metrics of a trial, those with more points read again in one request."""

        def states(names: Sequence[str]) -> list[tuple[Key, object]]:
            present = ((row.number(metric, "count"), row.number(metric), len(row.segments)) for metric in names)
            return [((row.id, metric, axis), state) for metric, state in zip(names, present, strict=True)]

        with self._drawing:
            return self._curves.take(
                states(metrics),
                states(ahead),
                lambda missing: read_several_curves(self._handle(row), [metric for _, metric, _ in missing], axis),
            )

    def detail(self, row: Facts) -> TrialDetail:
        """Return everything known about a trial."""
        with self._drawing:
            return details_of([self._handle(row)])[0]

    def output(self, row: Facts, lines: int) -> Sequence[str]:
        """Return the last lines that a trial printed."""
        with self._drawing:
            try:
                return [printed_line(line) for line in self._handle(row).output(lines)]
            except FileNotRecordedError:
                return ()


def _id_of(server: Server, folder: str) -> str:
    from aimd_core.client import answers

    if not folder.strip("/"):
        return ROOT
    return str(server.call(answers.FOLDER, "GET", "/folders/by-path", query={"path": folder})["id"])
