"""Notes of folders, and short addresses of what the console shows."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from aimd_server.stores.schema import folder, folder_note, short_address


class NoteRow(msgspec.Struct, frozen=True):
    """The note of a folder, and who changed it last."""

    note: str
    editor: str
    updated_us: int


class AddressRow(msgspec.Struct, frozen=True):
    """A short address, with the UUID of the folder whose viewers may open it."""

    uid: str
    folder_uid: str
    address: str
    created_us: int


def note_of(connection: Connection, folder_id: int) -> NoteRow | None:
    """Return the note of a folder, None if it never had one."""
    query = select(folder_note.c.note, folder_note.c.editor, folder_note.c.updated_us)
    row = connection.execute(query.where(folder_note.c.folder_id == folder_id)).first()
    return NoteRow(**row._mapping) if row else None


def put_note(connection: Connection, folder_id: int, row: NoteRow) -> None:
    """Keep the note of a folder in the place of the one before."""
    connection.execute(delete(folder_note).where(folder_note.c.folder_id == folder_id))
    connection.execute(insert(folder_note).values(folder_id=folder_id, **msgspec.structs.asdict(row)))


def address_by_uid(connection: Connection, uid: str) -> AddressRow | None:
    """Return a short address."""
    query = (
        select(
            short_address.c.uid, folder.c.uid.label("folder_uid"), short_address.c.address, short_address.c.created_us
        )
        .join(folder, short_address.c.folder_id == folder.c.id)
        .where(short_address.c.uid == uid)
    )
    row = connection.execute(query).first()
    return AddressRow(**row._mapping) if row else None


def count_addresses(connection: Connection, account_id: int) -> int:
    """Return how many short addresses an account has made."""
    query = select(func.count()).select_from(short_address).where(short_address.c.account_id == account_id)
    return int(connection.execute(query).scalar_one())


def add_address(connection: Connection, row: AddressRow, folder_id: int, account_id: int) -> None:
    """Keep a new short address."""
    values = {"uid": row.uid, "address": row.address, "created_us": row.created_us}
    connection.execute(insert(short_address).values(folder_id=folder_id, account_id=account_id, **values))
