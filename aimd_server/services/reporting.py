"""Reports as files: the note of a folder with what its embedded views show now, for the one who asks.

An embedded view shows what a list, a chart and the media of the API would show to the same caller, and is refused as
they are; the rest of the report is there all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from aimd_core.format.media import StoredBytes, record_of
from aimd_core.format.model import trial_anchor
from aimd_core.language import said
from aimd_core.reading.answered import facts_of
from aimd_core.reading.facts import Facts
from aimd_core.reports.charts import Chart, ChartLine
from aimd_core.reports.page import ReportHead, byline_of, page_of
from aimd_core.reports.pictures import EmbeddedPicture, gathered
from aimd_core.reports.showing import POINTS, Selection, Showing, ViewFaultError, last_value
from aimd_server.services import (
    contents,
    folder_notes,
    folder_tree,
    media,
    saved_views,
    short_addresses,
    trial_changes,
    trial_lists,
)
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import plotting
from aimd_server.services.series.plotting import PlotWish
from aimd_server.services.trial_changes import BatchRequest
from aimd_server.services.trial_lists import ListRequest
from aimd_server.storage import Storage
from aimd_server.stores.accounts import Account


class ReportRequest(NamedTuple):
    """Which report is wanted: of a folder, in a language, with links to the console at an address."""

    folder: str
    language: str
    console: str


def made(storage: Storage, user: Account, request: ReportRequest) -> str:
    """Return the report of a folder as an HTML file.

    Raises:
        RefusalError: `folder_not_found`.
    """
    note: Any = folder_notes.get(storage.database, user, request.folder)
    folder: Any = folder_tree.one(storage.database, user, request.folder, None)
    byline = byline_of(folder["path"], request.language)
    head = ReportHead(folder["name"] or folder["path"], request.language, byline, request.console)
    showing = Showing(_FolderSource(storage, user, request.folder), request.language)
    return page_of(head, note["note"], showing.shown)


class _FolderSource:
    """The trials of a server as one caller sees them, for the report of a folder."""

    def __init__(self, storage: Storage, user: Account, folder: str) -> None:
        self._storage, self._database, self._user, self._folder = storage, storage.database, user, folder

    def saved(self, name: str) -> Mapping[str, Any]:
        """Return what the saved view of a name says, in the folder or above."""
        rows: Any = saved_views.listed(self._database, self._user, self._folder, with_above=True)["views"]
        for row in rows:
            if row["name"] == name:
                document: dict[str, Any] = msgspec.json.decode(row["view"])
                return document
        raise ViewFaultError(said("no view {name}", name=name))

    def address(self, short: str) -> str:
        """Return the address of the console that a short one stands for."""
        try:
            return str(short_addresses.get(self._database, self._user, short)["address"])
        except RefusalError as error:
            raise ViewFaultError(error.words) from None

    def trials(self, chosen: Selection, limit: int, documents: bool) -> tuple[list[Facts], bool]:
        """Return the first trials of a selection, and whether there are more."""
        try:
            answers, is_cut = self._answers(chosen, limit, documents)
        except RefusalError as error:
            raise ViewFaultError(error.words) from None
        return [facts_of(msgspec.json.decode(msgspec.json.encode(answer, enc_hook=str))) for answer in answers], is_cut

    def _answers(self, chosen: Selection, limit: int, documents: bool) -> tuple[list[Any], bool]:
        if chosen.ids:
            return self._by_ids(chosen.ids[:limit], documents), len(chosen.ids) > limit
        request = ListRequest(
            folder_id=chosen.folder or self._folder,
            limit=limit,
            below=chosen.below,
            where=chosen.view.query,
            sort=chosen.view.sort,
        )
        page: Any = trial_lists.page_of_trials(self._database, self._user, request)
        listed = page["trials"]
        return self._by_ids([row["id"] for row in listed], True) if documents else listed, page["next"] is not None

    def _by_ids(self, ids: Sequence[str], documents: bool) -> list[Any]:
        answer: Any = trial_changes.batch(self._database, self._user, BatchRequest(list(ids), documents))
        trials: list[Any] = answer["trials"]
        return trials

    def charts(self, rows: Sequence[Facts], metrics: Sequence[str], axis: str) -> list[Chart]:
        """Return the charts of metrics."""
        wish = PlotWish([row.id for row in rows], list(metrics), axis, POINTS)  # type: ignore[arg-type]
        series = {
            (drawn.trial, drawn.metric): drawn.plot for drawn in plotting.draw(self._database, self._user, wish).series
        }
        return [
            Chart(
                name, axis, [_line(row, plot, name) for row in rows if (plot := series.get((row.id, name))) is not None]
            )
            for name in metrics
        ]

    def pictures(self, row: Facts, key: str, most_bytes: int) -> tuple[list[EmbeddedPicture], int]:
        """Return the pictures of a key at its last step, as far as the caller sees the media of the trial."""
        database, user = self._database, self._user
        try:
            keys: Any = media.keys(database, user, row.id)["keys"]
            step = next((str(named["last_step"]) for named in keys if named["key"] == key), None)
            if step is None:
                return [], 0
            wish = media.chosen(key, step, step)
            listed: Any = media.listed(database, user, row.id, wish, media.PAGE, "")["media"]
        except RefusalError as error:
            raise ViewFaultError(error.words) from None
        records = [record for document in listed if (record := record_of(document)) is not None]
        return gathered(
            records,
            lambda stored: self._bytes_of(row.id, stored, most_bytes),
            most_bytes,
            row.name,
            trial_anchor(row.id),
        )

    def _bytes_of(self, trial: str, stored: StoredBytes, most_bytes: int) -> bytes | None:
        try:
            opened = media.open_media(self._database, self._user, trial, stored.digest)
        except RefusalError:
            return None  # they were not sent, or are gone
        if opened.size > most_bytes:
            return None
        pieces, start = [], 0
        while start < opened.size and (
            piece := contents.read(self._storage, opened.content_id, opened.digest, start, opened.size)
        ):
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)


def _line(row: Facts, plot: Any, metric: str) -> ChartLine:
    values = plot.lo if plot.mean is None else plot.mean
    return ChartLine(row.name, trial_anchor(row.id), list(plot.x), list(values), last_value(row, metric))
