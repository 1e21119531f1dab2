"""A trial's files: small ones that are replaced whole, and those that only grow.

Of those that grow: bytes with an offset, appended at most once, with digests and live summaries.

The same bytes again are no change; other bytes at an old offset, or a gap, change nothing.
"""

from __future__ import annotations

import hashlib
import io

import msgspec

from aimd_core.format.digest import BLOCK_BYTES, combine, digest_prefix
from aimd_core.language import said
from aimd_server.services import public_view
from aimd_server.services.clock import now_us
from aimd_server.services.request_errors import invalid
from aimd_server.services.visibility import load_trial
from aimd_server.stores import journals, media, trial_documents, trial_files
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.trial_documents import DocumentRow

METRICS, SEGMENTS, MEDIA = "metrics", "segments", "media"
JOURNALS = (SEGMENTS, METRICS, MEDIA, "stdout.log")
DOCUMENTS = ("metadata.yaml", "parameters.yaml", "process.json", "labels.yaml", "git.diff")
FILES = (*JOURNALS, *DOCUMENTS)
TREE = "files/"  # what all files of a trial are together, among its standings
FILE_BYTES = 8 << 20  # of a document
_PIECE_BYTES = 1 << 20


class Standing(msgspec.Struct, frozen=True):
    """How far the server has a file: bytes and their digest.

    Of all of a trial's `files/` together also their number; of its `media`, how many of the contents that they refer to
    it has.
    """

    offset: int
    digest: str
    count: int | msgspec.UnsetType = msgspec.UNSET


def check_file(file: str, names: tuple[str, ...] = FILES) -> None:
    """Refuse a name that is not one of a trial's files.

    Raises:
        RefusalError: `invalid`.
    """
    if file not in names:
        raise invalid(said("a trial's files of that kind are {names}", names=", ".join(names)), field="file")


def put_document(database: Database, user: Account, uid: str, file: str, content: bytes) -> Standing:
    """Replace a small file and return, after the commit, how the server has it.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    check_file(file, DOCUMENTS)
    digest = digest_of(content)

    def operation(connection: Connection) -> Standing:
        trial = load_trial(connection, user, uid)
        trial_documents.put(connection, trial.id, file, content, digest, now_us())
        return Standing(len(content), digest)

    return database.write(operation)


def digest_of(content: bytes) -> str:
    """Return the digest of a file's bytes, in hexadecimal."""
    return digest_prefix(io.BytesIO(content), len(content))


def document_digest(connection: Connection, trial_id: int, file: str) -> str | None:
    """Return the digest of one of a trial's documents, None if there is none."""
    return next((row.digest for row in trial_documents.of_trial(connection, trial_id) if row.file == file), None)


def take_documents(connection: Connection, trial_id: int, documents: dict[str, tuple[bytes, str] | None]) -> bool:
    """Set a trial's documents to (content, digest), None removing one, and return whether anything changed."""
    digests = {row.file: row.digest for row in trial_documents.of_trial(connection, trial_id)}
    changed = False
    for file, given in documents.items():
        if given is None and file in digests:
            trial_documents.remove(connection, trial_id, file)
            changed = True
        elif given is not None and digests.get(file) != given[1]:
            trial_documents.put(connection, trial_id, file, *given, now_us())
            changed = True
    return changed


def add_documents(
    connection: Connection, trial_id: int, documents: dict[str, tuple[bytes, str]]
) -> dict[str, Standing]:
    """Store the documents of a new trial and return how the server has them."""
    trial_documents.add(connection, trial_id, documents, now_us())
    return {file: Standing(len(content), digest) for file, (content, digest) in documents.items()}


def standing(connection: Connection, row: JournalRow) -> Standing:
    """Return how far the server has a journal; reads the bytes of its last block only."""
    digests = journals.block_digests(connection, row.id)
    if row.next_offset % BLOCK_BYTES:
        digests.append(bytes.fromhex(rest_digest_of(connection, row)))
    return Standing(row.next_offset, combine(digests))


def rest_digest_of(connection: Connection, row: JournalRow) -> str:
    """Return the digest, in hexadecimal, of what follows a journal's last complete block."""
    if row.rest_digest is not None and row.rest_offset == row.next_offset:
        return row.rest_digest
    start = row.next_offset // BLOCK_BYTES * BLOCK_BYTES
    return hashlib.sha256(journals.read(connection, row.id, start, row.next_offset)).hexdigest()


def standings(connection: Connection, trial_id: int) -> dict[str, Standing]:
    """Return how far the server has each file of a trial of which it has any."""
    return standings_of(connection, [trial_id]).get(trial_id, {})


def standings_of(connection: Connection, trial_ids: list[int]) -> dict[int, dict[str, Standing]]:
    """Return how far the server has the files of each trial of which it has any."""
    by_trial: dict[int, dict[str, Standing]] = {}
    for trial_id, documents in trial_documents.of_trials(connection, trial_ids).items():
        by_trial[trial_id] = {row.file: _standing_of(row) for row in documents}
    for trial_id, rows in journals.of_trials(connection, trial_ids).items():
        for row in rows:
            by_trial.setdefault(trial_id, {})[row.file] = standing(connection, row)
    counts = media.object_counts(connection, [number for number, files in by_trial.items() if MEDIA in files])
    for trial_id, count in counts.items():
        row_standing = by_trial[trial_id][MEDIA]
        by_trial[trial_id][MEDIA] = msgspec.structs.replace(row_standing, count=count)
    for trial_id, tree in trial_files.trees(connection, trial_ids).items():
        by_trial.setdefault(trial_id, {})[TREE] = Standing(tree.size, tree.digest, tree.files)
    return by_trial


def _standing_of(row: DocumentRow) -> Standing:
    return Standing(row.size, row.digest)


class OpenFile(msgspec.Struct, frozen=True):
    """A file to read from: a journal by its id, a document's bytes, or a content by its id; else nothing is stored."""

    journal_id: int | None
    standing: Standing
    content: bytes = b""
    content_id: int | None = None


def open_file(connection: Connection, user: Account, uid: str, file: str) -> OpenFile:
    """Return a trial's file, as far as the server has it now.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    check_file(file)
    trial = load_trial(connection, user, uid)
    if not public_view.shows(user, file):
        return OpenFile(None, Standing(0, combine([])))
    if file in DOCUMENTS:
        content = trial_documents.content(connection, trial.id, file) or b""
        return OpenFile(None, Standing(len(content), digest_of(content)), content)
    row = journals.of_file(connection, trial.id, file)
    if row is None:
        return OpenFile(None, Standing(0, combine([])))
    return OpenFile(row.id, standing(connection, row))


def read_piece(connection: Connection, opened: OpenFile, start: int) -> bytes:
    """Return the next bytes of a file from `start` on; empty at its end, or when it was deleted in the meantime."""
    if opened.journal_id is None:
        return opened.content[start:]
    end = journals.piece_end(connection, opened.journal_id, start, opened.standing.offset, _PIECE_BYTES)
    return journals.read(connection, opened.journal_id, start, end)
