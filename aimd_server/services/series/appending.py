"""Appends to journals: bytes with an offset, taken at most once, with the digests of their blocks.

The same bytes again are no change; other bytes at an old offset, or a gap, change nothing. What is in the bytes does
not matter here: `folding` and `chunking` read them later.

Appends of many trials share a commit. What training does all day, the owner's next bytes, shares its statements too.
Everything else is done one by one, in the same commit: a first append, a repeated or a conflicting one, a caller who is
not the owner, a `segments` file. Both ways leave the same rows.
"""

from __future__ import annotations

import hashlib

import msgspec

from aimd_core.format.digest import BLOCK_BYTES
from aimd_core.format.journal import OPEN_LINE_BYTES
from aimd_core.language import said
from aimd_core.reading.facts import is_live
from aimd_server.services import files
from aimd_server.services.clock import now_us
from aimd_server.services.files import JOURNALS, MEDIA, METRICS, SEGMENTS, Standing
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.series import chunking, effective, folding
from aimd_server.services.series.block_states import BlockStates
from aimd_server.services.series.chunking import ColumnLimits
from aimd_server.services.visibility import is_owner, load_trial
from aimd_server.stores import accounts, journals, packing, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow, Part
from aimd_server.stores.packing import Packed
from aimd_server.stores.trials import Placed, TrialRow
from aimd_server.stores.writer import Shared

MAX_LINE_BYTES = 16 << 20  # a quarter of a million metrics in one call of log
_LOOK_BYTES = 64 << 10


class Append(msgspec.Struct, frozen=True):
    """Bytes to append to a journal.

    Attributes:
        user: The caller.
        uid: The trial.
        file: One of `JOURNALS`.
        offset: Where the bytes begin in the file.
        content: The bytes.
        packed: The bytes as stored.
        wants_digest: Whether to return the digest of the whole file.
    """

    user: Account
    uid: str
    file: str
    offset: int
    content: bytes
    packed: Packed
    wants_digest: bool = False


class Appended(msgspec.Struct, frozen=True):
    """The result of an append.

    Attributes:
        standing: The state of the file; the digest is empty unless it was requested.
        journal_id: The journal.
        due: The trial for which `settle` has something to do, if any.
    """

    standing: Standing
    journal_id: int
    due: int | None = None


def prepare(
    user: Account,
    uid: str,
    file: str,
    offset: int,
    content: bytes,
    packed: Packed | None = None,
    wants_digest: bool = False,
) -> Append:
    """Check and pack an append, to relieve the writer.

    Args:
        user: The caller.
        uid: The trial.
        file: One of `JOURNALS`.
        offset: Where the bytes begin in the file.
        content: The bytes.
        packed: The same bytes as they arrived, if they can be stored that way.
        wants_digest: Whether to return the digest of the whole file.

    Raises:
        RefusalError: `invalid`.
    """
    files.check_file(file, JOURNALS)
    return Append(user, uid, file, offset, content, packed or packing.pack(content), wants_digest)


class Appends:
    """The appends of a process."""

    def __init__(self, limits: ColumnLimits | None = None) -> None:
        """Say how much becomes columns, and when."""
        self._blocks = BlockStates()
        self._limits = limits or chunking.LIMITS

    def operation(self, wish: Append) -> Shared[Appended]:
        """Return the operation for the writer; pass its result to `follow`."""
        return Shared(self._run_together, wish)

    def follow(self, wish: Append, done: Appended) -> None:
        """Process an append after its commit."""
        if done.standing.offset == wish.offset + len(wish.content):
            self._blocks.follow(done.journal_id, wish.offset, wish.content)

    def _run_together(self, connection: Connection, wishes: list[Append]) -> list[Appended | Exception]:
        """Do appends, in order for each trial; return for each the state of the file, or a refusal."""
        outcomes: dict[int, Appended | Exception] = {}
        left: list[int] = []
        group = _AppendGroup(connection, wishes, self._blocks, self._limits)
        apart: set[str] = set()  # trials with an append left for later, and so all that follow it
        valid = _valid_keys(connection, wishes)
        for number, wish in enumerate(wishes):
            if (wish.user.key_hash, wish.user.id, wish.user.scope) not in valid:
                outcomes[number] = RefusalError("unauthenticated", "that key is no longer valid")
                continue
            done = group.take(wish) if wish.uid not in apart else None
            if done is None:
                apart.add(wish.uid)
                left.append(number)
            else:
                outcomes[number] = done
        group.write()
        for number in left:
            outcomes[number] = self._run_alone(connection, wishes[number])
        return [outcomes[number] for number in range(len(wishes))]

    def _run_alone(self, connection: Connection, wish: Append) -> Appended | Exception:
        try:
            with connection.begin_nested():
                return append_alone(connection, wish, self._limits)
        except RefusalError as refusal:
            return refusal


def _valid_keys(connection: Connection, wishes: list[Append]) -> set[tuple[str | None, int, str]]:
    """Return the callers, by key, account and scope, who may call now; sessions were looked up just before."""
    users = {(user.key_hash, user.id, user.scope) for user in (wish.user for wish in wishes)}
    hashes = [key_hash for key_hash, _, _ in users if key_hash is not None]
    accounts_by_hash = accounts.by_key_hashes(connection, list(dict.fromkeys(hashes)), now_us()) if hashes else {}
    valid = {(key_hash, account.id, account.scope) for key_hash, account in accounts_by_hash.items()}
    return {user for user in users if user[0] is None or user in valid}


class _AppendGroup:
    """The rows that the appends of a group need, as they change; `write` stores them."""

    def __init__(self, connection: Connection, wishes: list[Append], blocks: BlockStates, limits: ColumnLimits) -> None:
        self._connection = connection
        self._blocks = blocks
        self._limits = limits
        self._at_us = now_us()
        self._placed = trials.placed(connection, list({wish.uid for wish in wishes}))
        ids = [trial.id for trial in self._placed.values()]
        self._rows = journals.locked(connection, ids)
        self._parts: list[Part] = []
        self._grown: dict[tuple[int, str], JournalRow] = {}
        self._stale: dict[tuple[int, str], JournalRow] = {}

    def take(self, wish: Append) -> Appended | None:
        """Do an append, or return None if it must be done separately."""
        trial = self._placed.get(wish.uid)
        row = self._rows.get((trial.id, wish.file)) if trial is not None else None
        if trial is None or row is None or not _is_plain(wish, trial, row):
            return None
        block = row.next_offset // BLOCK_BYTES
        if (row.next_offset + len(wish.content)) // BLOCK_BYTES > block:
            digest = self._blocks.completed(row.id, row.next_offset, wish.content)
            if digest is None:
                return None
            journals.add_block(self._connection, row.id, block, digest)
        self._parts.append(Part(row.id, row.next_offset, len(wish.content), wish.packed))
        grown, key = _grown(row, wish.content, self._at_us), (trial.id, wish.file)
        self._rows[key] = self._grown[key] = grown
        if grown.stale_us != row.stale_us:
            self._stale[key] = grown
        return Appended(Standing(grown.next_offset, ""), row.id, _due_of(grown, trial.state, self._limits))

    def write(self) -> None:
        """Store what was taken."""
        journals.extend(self._connection, *self._parts)
        journals.grow(self._connection, *self._grown.values())
        journals.mark_stale(self._connection, *self._stale.values())


def _is_plain(wish: Append, trial: Placed, row: JournalRow) -> bool:
    """Tell whether an append is the owner's next bytes of a journal whose content does not matter now."""
    is_next = wish.offset == row.next_offset and bool(wish.content) and not wish.wants_digest
    if row.next_offset + len(wish.content) - row.chunk_offset > MAX_LINE_BYTES and wish.file == METRICS:
        return False  # a line may be too long
    return is_owner(wish.user, trial.owner_id) and is_next and wish.file != SEGMENTS


def _check_line(connection: Connection, row: JournalRow, content: bytes) -> None:
    """Refuse bytes of `metrics` that would make a line too long: anyone who reads it holds all of it.

    Raises:
        RefusalError: `invalid`.
    """
    first = content.find(b"\n")
    begun_bytes, size_bytes = len(content) if first < 0 else first, _LOOK_BYTES
    begin = row.next_offset
    while begin > row.chunk_offset and begun_bytes + row.next_offset - begin <= MAX_LINE_BYTES:
        before, begin = begin, max(row.chunk_offset, begin - size_bytes)
        if b"\n" in journals.read(connection, row.id, begin, before):
            return
        size_bytes *= 4
    if begun_bytes + row.next_offset - begin > MAX_LINE_BYTES:
        raise invalid(
            said("a line of metrics has at most {limit} bytes", limit=MAX_LINE_BYTES),
            field="file",
            limit=MAX_LINE_BYTES,
        )


def _grown(row: JournalRow, content: bytes, at_us: int) -> JournalRow:
    """Return a journal's row with more bytes; those of `metrics` that complete a record make the totals stale."""
    end, lines, stale_us = row.next_offset + len(content), 0, row.stale_us
    if row.file == METRICS:
        lines = content.count(b"\n")
        is_whole = lines or (b"}" in content and row.next_offset - row.folded_offset < OPEN_LINE_BYTES)
        stale_us = at_us if is_whole and stale_us is None else stale_us
    return msgspec.structs.replace(row, next_offset=end, lines=row.lines + lines, updated_us=at_us, stale_us=stale_us)


def _due_of(row: JournalRow, state: str | None, limits: ColumnLimits) -> int | None:
    """Return the trial of a journal if there is something to do after the append, or None."""
    if row.file == MEDIA:
        return row.trial_id
    if row.file != METRICS:
        return row.trial_id if row.stale_us is not None else None
    is_due = chunking.is_due(row, limits) or (row.stale_us is not None and not is_live(state or ""))
    return row.trial_id if is_due else None


def append_alone(connection: Connection, wish: Append, limits: ColumnLimits) -> Appended:
    """Append to a file and return its state.

    Raises:
        RefusalError: `not_found`, `content_differs` or `offset_mismatch`.
    """
    trial = load_trial(connection, wish.user, wish.uid)
    row = _locked(connection, trial.id, wish.file)
    content, offset = wish.content, wish.offset
    there = min(len(content), row.next_offset - offset)
    if there < 0:
        raise _refused("offset_mismatch", said("byte {offset} is beyond the end", offset=offset), row)
    if there and journals.read(connection, row.id, offset, offset + there) != content[:there]:
        raise _refused("content_differs", "other bytes are stored there", row)
    if wish.file == SEGMENTS:
        effective.check_size(row, len(content) - there)
    if wish.file == METRICS and row.next_offset + len(content) - there - row.chunk_offset > MAX_LINE_BYTES:
        _check_line(connection, row, content[there:])
    grown = _extend(connection, row, content[there:], wish.packed if there == 0 else None)
    due = _due_of(grown, trial.state or trial.status, limits)
    if not wish.wants_digest:
        return Appended(Standing(grown.next_offset, ""), row.id, due)
    if row.next_offset == 0:  # these bytes are all of it
        return Appended(Standing(grown.next_offset, files.digest_of(content)), row.id, due)
    return Appended(files.standing(connection, grown), row.id, due)


def append_at_end(connection: Connection, trial: TrialRow, content: bytes) -> int | None:
    """Append complete lines wherever the metrics file ends, as version 1 does; return the trial if `settle` is due."""
    row = _locked(connection, trial.id, METRICS)
    end = row.next_offset
    if end and journals.read(connection, row.id, end - 1, end) != b"\n":
        content = b"\n" + content  # an incomplete line must not swallow the first record
    return _due_of(_extend(connection, row, content, None), trial.state or trial.status, chunking.LIMITS)


def settle(database: Database, trial_id: int, limits: ColumnLimits | None = None) -> None:
    """Do what an append left due: turn a tail into chunks, or else fold its lines."""
    if not chunking.chunk_tail(database, trial_id, limits or chunking.LIMITS):
        folding.fold_due(database, trial_id)


def _refused(code: str, message: str, row: JournalRow) -> RefusalError:
    return RefusalError(
        code,
        said("{fault}; the server has {offset} bytes", fault=said(message), offset=row.next_offset),
        offset=row.next_offset,
    )


def _locked(connection: Connection, trial_id: int, file: str) -> JournalRow:
    row = journals.of_file(connection, trial_id, file, lock=True)
    return row or journals.add(connection, trial_id, file, now_us())


def _extend(connection: Connection, row: JournalRow, content: bytes, packed: Packed | None) -> JournalRow:
    """Append bytes to a journal and return its new row."""
    if not content:
        return row
    _add_blocks(connection, row, content)
    journals.extend(connection, Part(row.id, row.next_offset, len(content), packed or packing.pack(content)))
    grown = _grown(row, content, now_us())
    journals.grow(connection, grown)
    if row.file == SEGMENTS and row.stale_us is None:
        before, after = effective.read_segments(connection, row), effective.read_segments(connection, grown)
        if before.mark() != after.mark():  # other points count
            grown = msgspec.structs.replace(grown, stale_us=grown.updated_us)
    if grown.stale_us != row.stale_us:
        journals.mark_stale(connection, grown)
    return grown


def _add_blocks(connection: Connection, row: JournalRow, content: bytes) -> None:
    """Store the digests of the blocks that the new bytes complete."""
    number, inside = divmod(row.next_offset, BLOCK_BYTES)
    taken = 0
    while inside + len(content) - taken >= BLOCK_BYTES:
        end = taken + BLOCK_BYTES - inside
        before = journals.read(connection, row.id, row.next_offset - inside, row.next_offset) if inside else b""
        digest = hashlib.sha256(before)
        digest.update(memoryview(content)[taken:end])
        journals.add_block(connection, row.id, number, digest.digest())
        number, inside, taken = number + 1, 0, end
