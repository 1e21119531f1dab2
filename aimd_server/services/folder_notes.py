"""The note of a folder: a report in Markdown, which the console shows and the terminal reads and writes.

Who sees the folder reads it, an editor changes it. Nobody replaces what they have not seen: a change names the ETag of
the note that it replaces, and no note at all counts as an empty one.
"""

from __future__ import annotations

import hashlib

import msgspec

from aimd_core.format.reports import MAX_NOTE_CHARS
from aimd_core.format.values import clean
from aimd_core.language import said
from aimd_server.services import auditing, public_view
from aimd_server.services.clock import iso, now_us
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.visibility import Role, load_folder
from aimd_server.stores import folders, reports
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.reports import NoteRow


class NoteWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body that changes the note of a folder."""

    note: str


def etag_of(note: str) -> str:
    """Return the ETag of a note, which is the same whenever its text is."""
    return f'"{hashlib.sha256(note.encode()).hexdigest()[:32]}"'


def get(database: Database, user: Account, uid: str) -> dict[str, object]:
    """Return the note of a folder, an empty one if it has none.

    Raises:
        RefusalError: `folder_not_found`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        folder = load_folder(connection, user, uid, Role.VIEWER)
        return _shown(user, reports.note_of(connection, folder.id))

    return database.read(operation)


def put(database: Database, user: Account, uid: str, wish: NoteWish, match: str | None) -> dict[str, object]:
    """Change the note of a folder and return it; the same text again changes nothing.

    Args:
        database: The database.
        user: The caller.
        uid: The folder.
        wish: The new text.
        match: The ETag of what it replaces, `*` for anything; None if the folder must have no note.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `invalid`, `note_changed`.
    """
    if len(wish.note) > MAX_NOTE_CHARS:
        words = said("the note of a folder has {limit} characters at most", limit=MAX_NOTE_CHARS)
        raise invalid(words, field="note", limit=MAX_NOTE_CHARS)
    note = clean(wish.note)

    def operation(connection: Connection) -> dict[str, object]:
        folder = load_folder(connection, user, uid, Role.EDITOR)
        folders.hold(connection, folder)
        before = reports.note_of(connection, folder.id)
        text = "" if before is None else before.note
        if text == note:
            return _shown(user, before)
        etag = etag_of(text)
        if match not in ("*", etag) and (match is not None or text):
            by = "somebody" if before is None else before.editor
            raise RefusalError("note_changed", said("the note was changed meanwhile, by {name}", name=by), etag=etag)
        row = NoteRow(note, user.name, now_us())
        reports.put_note(connection, folder.id, row)
        auditing.note(connection, user.name, "note.save", folder.uid, path=folder.path)
        return _shown(user, row)

    return database.write(operation)


def _shown(user: Account, row: NoteRow | None) -> dict[str, object]:
    return {
        "note": "" if row is None else row.note,
        "editor": None if row is None else public_view.name_of(user, row.editor),
        "updated": None if row is None else iso(row.updated_us),
        "etag": etag_of("" if row is None else row.note),
    }
