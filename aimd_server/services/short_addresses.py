"""Short addresses: what a long address of the console says, kept by the server under a few letters.

The letters follow from the folder and the long address, so that the same state has the same short address, for
everybody. Opening one needs what opening the folder needs; it goes with its folder to the trash, back, and for good.
"""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qsl

import msgspec

from aimd_core.language import said
from aimd_server.services.clock import iso, now_us
from aimd_server.services.request_errors import RefusalError, forbidden, invalid
from aimd_server.services.visibility import Role, load_folder
from aimd_server.stores import folders, reports
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.reports import AddressRow

MAX_CHARS = 32 << 10
MAX_OF_USER = 2000
SHORTEST = 8  # letters, of which each says five bits
_LONGEST = 32
# A page of the console, and nothing that says who one is: not a public link, and not a token.
_ADDRESS = re.compile(r"#/(?:(?:folders|trials|artifacts|compare|reports)(?:[/?][!-~]*)?|\?[!-~]*)?")
_PROOFS = frozenset({"token", "apikey", "key"})


class AddressWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body that shortens an address of the console, from its `#` on."""

    address: str


def make(database: Database, user: Account, uid: str, wish: AddressWish) -> tuple[dict[str, object], bool]:
    """Return the short address of a long one in a folder, and whether it is new.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `invalid`.
    """
    if len(wish.address) > MAX_CHARS:
        raise invalid(
            said("an address has {limit} characters at most", limit=MAX_CHARS), field="address", limit=MAX_CHARS
        )
    if not _ADDRESS.fullmatch(wish.address) or _has_proof(wish.address):
        raise invalid("address is a page of the console, such as #/folders/ID/?where=...", field="address")

    def operation(connection: Connection) -> tuple[dict[str, object], bool]:
        if user.link_id is not None:
            raise forbidden("a public link makes no addresses")
        folder = load_folder(connection, user, uid, Role.VIEWER)
        folders.hold(connection, folder)
        short, existing = _free(connection, folder, wish.address)
        if existing is not None:
            return _shown(existing), False
        if reports.count_addresses(connection, user.id) >= MAX_OF_USER:
            raise invalid(
                said("a user has {limit} short addresses at most", limit=MAX_OF_USER),
                field="address",
                limit=MAX_OF_USER,
            )
        row = AddressRow(short, folder.uid, wish.address, now_us())
        reports.add_address(connection, row, folder.id, user.id)
        return _shown(row), True

    return database.write(operation)


def get(database: Database, user: Account, uid: str) -> dict[str, object]:
    """Return what a short address stands for.

    Raises:
        RefusalError: `not_found`, also if the caller may not see its folder.
    """

    def operation(connection: Connection) -> dict[str, object]:
        row = reports.address_by_uid(connection, uid)
        if row is None:
            raise _missing(uid)
        try:
            load_folder(connection, user, row.folder_uid, Role.VIEWER)
        except RefusalError:
            raise _missing(uid) from None
        return _shown(row)

    return database.read(operation)


def _has_proof(address: str) -> bool:
    """Tell whether an address has a parameter that says who one is, however its name is written."""
    names = (name for name, _ in parse_qsl(address.partition("?")[2], keep_blank_values=True))
    return any(name.strip().lower() in _PROOFS for name in names)


def _free(connection: Connection, folder: FolderRow, address: str) -> tuple[str, AddressRow | None]:
    """Return the letters of an address, as many as tell it from all others, and what is kept under them."""
    digest = hashlib.sha256(f"{folder.uid} {address}".encode()).digest()
    letters = base64.b32encode(digest).decode().lower()
    for length in range(SHORTEST, _LONGEST):
        row = reports.address_by_uid(connection, letters[:length])
        if row is None or (row.folder_uid, row.address) == (folder.uid, address):
            return letters[:length], row
    raise AssertionError("two addresses have one digest")


def _missing(uid: str) -> RefusalError:
    return RefusalError("not_found", said("no address {name}", name=uid))


def _shown(row: AddressRow) -> dict[str, object]:
    return {"id": row.uid, "address": row.address, "folder": row.folder_uid, "created": iso(row.created_us)}
