"""Appends to the journals of many trials in one commit: each statement once for all of them.

That is for what training does all day: the owner's next whole lines, behind what is there. Everything else goes one by
one through `growth.append_one`, in the same commit: a first append, a repeated or a conflicting one, half lines, the
caller who is not the owner, parts that are read into spans. Both ways leave the same rows.
"""

from __future__ import annotations

import msgspec

from aimd_core.format.digest import BLOCK_BYTES
from aimd_core.format.model import UNFINISHED
from aimd_server.services import indexing
from aimd_server.services.clock import now_us
from aimd_server.services.files import METRICS, SEGMENTS, Standing
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import growth, totals
from aimd_server.services.series.block_states import BlockStates
from aimd_server.services.series.growth import Append, Appended
from aimd_server.services.series.totals import Live
from aimd_server.services.visibility import is_owner
from aimd_server.stores import journals, series, trials
from aimd_server.stores.database import Connection
from aimd_server.stores.journals import JournalRow, Part
from aimd_server.stores.series import SeriesRow
from aimd_server.stores.trials import Placed
from aimd_server.stores.writer import Shared


class Appends:
    """The appends of one process."""

    def __init__(self) -> None:
        self._blocks = BlockStates()

    def operation(self, wish: Append) -> Shared[Appended]:
        """Return what the writer is to run; then tell `follow` what came of it."""
        return Shared(self._run_together, wish)

    def follow(self, wish: Append, done: Appended) -> None:
        """Take note of an append after its commit."""
        if done.standing.offset == wish.offset + len(wish.content):
            self._blocks.follow(done.journal_id, wish.offset, wish.content)

    def _run_together(self, connection: Connection, wishes: list[Append]) -> list[Appended | Exception]:
        """Do appends, in their order for each trial; return what each came to: where the file stands, or a refusal."""
        outcomes: dict[int, Appended | Exception] = {}
        left: list[int] = []
        group = _Group(connection, wishes, self._blocks) if len(wishes) > 1 else None
        apart: set[str] = set()  # trials of which an append is left: so are those that follow it
        for number, wish in enumerate(wishes):
            done = group.take(wish) if group is not None and wish.uid not in apart else None
            if done is None:
                apart.add(wish.uid)
                left.append(number)
            else:
                outcomes[number] = done
        if group is not None:
            group.write()
        for number in left:
            outcomes[number] = _by_itself(connection, wishes[number])
        return [outcomes[number] for number in range(len(wishes))]


def _by_itself(connection: Connection, wish: Append) -> Appended | Exception:
    try:
        with connection.begin_nested():
            return growth.append_one(connection, wish)
    except RefusalError as refusal:
        return refusal


class _Summary(msgspec.Struct):
    """The live summary of one metrics type, and what its row will say of the tables for lists."""

    row: SeriesRow
    live: Live
    marks: dict[str, int | None]


class _Group:
    """The rows that the appends of a group need, as they change; `write` writes them down."""

    def __init__(self, connection: Connection, wishes: list[Append], blocks: BlockStates) -> None:
        self._connection = connection
        self._blocks = blocks
        self._at_us = now_us()
        self._placed = trials.placed(connection, list({wish.uid for wish in wishes}))
        ids = [one.id for one in self._placed.values()]
        self._rows = journals.locked(connection, ids)
        self._series = {  # behind the lock: nobody else changes them now
            (row.trial_id, row.type): row for rows in series.of_trials(connection, ids).values() for row in rows
        }
        self._parts: list[Part] = []
        self._extended: dict[tuple[int, str], JournalRow] = {}
        self._summaries: dict[tuple[int, str], _Summary] = {}

    def take(self, wish: Append) -> Appended | None:
        """Do an append; None when it is one of those that are done by themselves."""
        trial = self._placed.get(wish.uid)
        row = self._rows.get((trial.id, wish.file)) if trial is not None else None
        if trial is None or row is None or not _is_plain(wish, trial, row):
            return None
        if wish.file in (METRICS, SEGMENTS) and (trial.id, SEGMENTS) in self._rows:
            return None
        reached = row.next_offset + len(wish.content)
        block = row.next_offset // BLOCK_BYTES
        digest = b""
        if reached // BLOCK_BYTES > block:
            known = self._blocks.completed(row.id, row.next_offset, wish.content)
            if known is None:
                return None
            digest = known
        changed = {"next_offset": reached, "updated_us": self._at_us}
        if wish.file == METRICS:
            if not self._summarize(trial, wish):
                return None
            changed["parsed_offset"] = reached
            changed["records"] = row.records + sum(points.records for points in wish.points)
            changed["damaged"] = row.damaged + sum(points.damaged for points in wish.points)
        if digest:
            journals.add_block(self._connection, row.id, block, digest)
        self._parts.append(Part(row.id, row.next_offset, len(wish.content), wish.packed))
        extended = msgspec.structs.replace(row, **changed)
        self._rows[trial.id, wish.file] = self._extended[trial.id, wish.file] = extended
        return Appended(Standing(reached, ""), row.id, growth.due_of(extended))

    def write(self) -> None:
        """Write down what was taken."""
        if self._parts:
            journals.extend(self._connection, *self._parts)
            journals.advance(self._connection, *self._extended.values())
        if self._summaries:
            rows = [(one.row.id, totals.text_of(one.live), one.marks) for one in self._summaries.values()]
            series.put_all(self._connection, rows)

    def _summarize(self, trial: Placed, wish: Append) -> bool:
        """Take the points of an append into the live summaries; False, with nothing done, when one has no row yet."""
        types = {metrics_type for points in wish.points for metrics_type in points.by_type}
        found = {metrics_type: self._summary(trial, metrics_type) for metrics_type in types}
        if None in found.values():
            return False
        for points in wish.points:
            for metrics_type, added in points.by_type.items():
                summary = found[metrics_type]
                assert summary is not None
                totals.extend(summary.live, added)
        self._summaries.update({(trial.id, name): summary for name, summary in found.items() if summary is not None})
        return True

    def _summary(self, trial: Placed, metrics_type: str) -> _Summary | None:
        key = (trial.id, metrics_type)
        row = self._series.get(key)
        if row is None or key in self._summaries:
            return self._summaries.get(key)
        marks = indexing.marks_of(row, self._at_us, trial.state in UNFINISHED)
        return None if marks is None else _Summary(row, totals.from_text(row.live), marks)


def _is_plain(wish: Append, trial: Placed, row: JournalRow) -> bool:
    """Tell whether an append is the owner's next bytes, and whole lines."""
    is_next = wish.offset == row.next_offset and bool(wish.content) and wish.prepared is None
    is_whole = wish.file != METRICS or (row.parsed_offset == row.next_offset and wish.content.endswith(b"\n"))
    return is_owner(wish.user, trial.owner_id) and is_next and is_whole and not wish.wants_digest
