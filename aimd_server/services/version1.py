"""Folders and trials in version 1 of the protocol; source: the deployed protocol, Folders and Trials.

It shares its storage with version 2: a posted point becomes a line of the trial's metrics file.
"""

from __future__ import annotations

import io
import json
import math
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from aimd_core.format.journal import Damage, is_record, read_records
from aimd_core.format.model import STATES
from aimd_core.format.values import mapping_of
from aimd_server.services import documents, names, public_view, shortcuts
from aimd_server.services.clock import iso
from aimd_server.services.files import METRICS
from aimd_server.services.folders import make_in
from aimd_server.services.request_errors import RefusalError, id_taken, invalid, name_taken
from aimd_server.services.series import effective
from aimd_server.services.series.appending import append_at_end, settle
from aimd_server.services.trial_changes import placed
from aimd_server.services.trials import add, document_columns, free_id, receive
from aimd_server.services.visibility import ROOT, load_folder, load_trial
from aimd_server.stores import folders, journals, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import NORMAL, ROOT_PATH, FolderRow
from aimd_server.stores.trials import TrialRow

Document = dict[str, Any]
MAX_CONFIG_CHARS = 16 << 10
_BLOCK_BYTES = 256 << 10  # points of a type that are compressed together


def folder_document(user: Account, row: FolderRow) -> Document:
    """Return a folder as version 1 shows it."""
    row = public_view.folder(user, row)
    if row.is_root:
        own: Document = {"id": ROOT, "name": ROOT, "folder": ""}
    else:
        parent = ROOT if row.path.count("/") == 1 else row.parent_uid
        own = {"id": row.uid, "name": row.name, "folder": parent}
    times = {"editor": row.editor, "timestamp": iso(row.updated_us)}
    shown = {"kind": "Folder", "type": row.type, "metadata": {**own, **times}}
    return {**shown, "config": json.loads(row.config)} if row.config else shown


def pointers(connection: Connection, user: Account) -> list[Document]:
    """Return the shortcuts in a user's tree, which the deployed protocol calls pointers without defining their form."""
    top = folders.by_path(connection, user.id, ROOT_PATH)
    pointers_shown: list[Document] = []
    for row, target in shortcuts.visible(connection, user, top) if top is not None else []:
        parent = ROOT if row.folder_path == ROOT_PATH else row.folder_uid
        inner = {"id": row.uid, "name": target.name, "folder": parent, "editor": row.editor}
        pointers_shown.append(
            {"kind": "Pointer", "metadata": {**inner, "timestamp": iso(row.created_us)}, "target": target.uid}
        )
    return pointers_shown


def make_folder(database: Database, user: Account, body: object) -> str:
    """Create the folder of a request and return its id.

    Raises:
        RefusalError: `folder_not_found` for the parent, `folder_taken`, `invalid`.
    """
    given = mapping_of(body)
    inner = mapping_of(given.get("metadata"))
    name, parent = inner.get("name"), inner.get("folder") or ROOT
    kind = given.get("type", NORMAL)
    if not isinstance(name, str) or not isinstance(parent, str) or kind not in (NORMAL, "artifact"):
        raise invalid("a folder has metadata.name, and its type is normal or artifact")
    config = documents.text_of(given["config"]) if given.get("config") else None
    if config is not None and len(config) > MAX_CONFIG_CHARS:  # a list of all folders shows each one's
        raise invalid(f"the config of a folder has {MAX_CONFIG_CHARS} characters at most", limit=MAX_CONFIG_CHARS)
    return database.write(lambda connection: make_in(connection, user, parent, name, kind, config).uid)


def trial_document(connection: Connection, user: Account, row: TrialRow) -> Document:
    """Return a trial's full document, with what the server fills in."""
    row = public_view.trial(user, row)
    document: Document = json.loads(public_view.document(user, trials.document(connection, row.id)))
    document["metadata"] = {
        **mapping_of(document.get("metadata")),
        "id": row.uid,
        "name": row.name,
        "folder": _shown_folder(row),
        "editor": row.editor,
        "timestamp": iso(row.updated_us),
    }
    return {"kind": "Trial", **document}


def _shown_folder(row: TrialRow) -> str:
    return ROOT if row.folder_path == ROOT_PATH else row.folder_uid


def get_trial(database: Database, user: Account, uid: str) -> Document:
    """Return a trial's full document.

    Raises:
        RefusalError: `not_found`.
    """
    return database.read(lambda connection: trial_document(connection, user, load_trial(connection, user, uid)))


def find_trial(database: Database, user: Account, folder: str, name: str) -> str:
    """Return the id of a trial by name and folder.

    Raises:
        RefusalError: `not_found`, `folder_not_found`.
    """

    def operation(connection: Connection) -> str:
        row = trials.by_name(connection, load_folder(connection, user, folder).id, name)
        if row is None:
            raise RefusalError("not_found", f"no trial {name}")
        return load_trial(connection, user, row.uid).uid

    return database.read(operation)


def create_trial(database: Database, user: Account, body: object) -> str:
    """Create the trial of a document and return its id.

    Raises:
        RefusalError: `id_taken`, `name_taken`, `folder_not_found` or `invalid`.
    """
    document = mapping_of(body)
    inner = mapping_of(document.get("metadata"))
    uid, name = inner.get("id") or str(uuid.uuid4()), inner.get("name")
    if not names.is_uuid(uid) or not isinstance(name, str):
        raise invalid("a trial has metadata.name, and metadata.id is a UUID in lower case")
    names.checked(name, "metadata.name")
    columns = {"parameters": documents.text_of({}), **_columns(document)}

    def operation(connection: Connection) -> str:
        free_id(connection, user, uid, id_taken())
        folder = _free_folder(connection, user, inner.get("folder"), name)
        add(connection, user, uid, folder, name, columns)
        return uid

    return database.write(operation)


def _columns(document: Document) -> dict[str, Any]:
    columns = document_columns(document)
    return {**columns, "state": columns["status"] if columns["status"] in STATES else None}


def _free_folder(connection: Connection, user: Account, folder: object, name: str) -> FolderRow:
    """Return the folder with an id if it has no trial of a name."""
    row = load_folder(connection, user, folder if isinstance(folder, str) and folder else ROOT)
    if trials.by_name(connection, row.id, name) is not None:
        raise name_taken(name, row.path)
    return row


def _target(connection: Connection, user: Account, row: TrialRow, folder: object) -> FolderRow | None:
    """Return the folder that a document names, or None for the trial's current one."""
    if folder == _shown_folder(row) or not isinstance(folder, str):
        return None
    return load_folder(connection, user, folder)


def replace_trial(database: Database, user: Account, uid: str, body: object) -> None:
    """Write a trial's full document; another name or folder in it renames or moves the trial.

    Raises:
        RefusalError: `not_found`, `folder_not_found`, `name_taken`, `invalid`.
    """
    document = mapping_of(body)
    inner = mapping_of(document.get("metadata"))
    columns = _columns(document)

    def operation(connection: Connection) -> None:
        row = load_trial(connection, user, uid)
        name, folder = inner.get("name") or row.name, inner.get("folder") or _shown_folder(row)
        if not isinstance(name, str):
            raise invalid("metadata.name is a text")
        names.checked(name, "metadata.name")
        if (name, folder) != (row.name, _shown_folder(row)):
            columns.update(placed(connection, user, row, name, _target(connection, user, row, folder)))
        receive(connection, user, row, columns)

    database.write(operation)


def set_status(database: Database, user: Account, uid: str, body: object) -> None:
    """Set a trial's status, and its end time if given.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    given = {key: value for key, value in mapping_of(body).items() if key in ("status", "endTime")}
    if not isinstance(given.get("status"), str):
        raise invalid("status is a text")

    def operation(connection: Connection) -> None:
        row = load_trial(connection, user, uid)
        document = {**json.loads(trials.document(connection, row.id)), **given}
        receive(connection, user, row, _columns(document))

    database.write(operation)


def set_parameters(database: Database, user: Account, uid: str, body: object) -> None:
    """Replace a trial's parameters.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    if body is not None and body != "" and not isinstance(body, dict):
        raise invalid("parameters are a JSON mapping")
    columns = {"parameters": documents.parameters_text(body)}
    database.write(lambda connection: receive(connection, user, load_trial(connection, user, uid), columns))


def get_parameters(database: Database, user: Account, uid: str) -> msgspec.Raw:
    """Return a trial's parameters as JSON.

    Raises:
        RefusalError: `not_found`.
    """
    return msgspec.Raw(database.read(lambda connection: load_trial(connection, user, uid).parameters.encode()))


def add_points(database: Database, user: Account, uid: str, metrics_type: str, body: object) -> None:
    """Append points to a trial's metrics, each as one journal line; all or none.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    if not isinstance(body, list):
        raise invalid("points are a JSON list")
    lines = []
    for number, point in enumerate(body):
        record = {metrics_type: point}
        if not is_record(record):
            raise invalid(f"point {number} is not of the form {{value: {{...}}, sequence: {{...}}}}")
        documents.check_depth(point)
        ordered = {"value": point["value"], "sequence": point["sequence"], **point}
        lines.append(json.dumps({metrics_type: ordered}))
    content = "".join(f"{line}\n" for line in lines).encode("ascii")

    def operation(connection: Connection) -> int | None:
        trial = load_trial(connection, user, uid)
        return append_at_end(connection, trial, content) if content else None

    due = database.write(operation)
    if due is not None:
        settle(database, due)


class PackedPoints:
    """All points of a trial in the protocol's form: one JSON object by metrics type, however many there are.

    The protocol wants each type's points together, but a journal has them mixed. So they are collected compressed,
    which takes a tenth of the journal's size in memory instead of ten times.
    """

    def __init__(self) -> None:
        self._packed: dict[str, list[bytes]] = {}
        self._open: dict[str, bytearray] = {}

    def add(self, metrics_type: str, point: object) -> None:
        """Add a point."""
        block = self._open.get(metrics_type)
        if block is None:
            block = self._open[metrics_type] = bytearray()
            self._packed[metrics_type] = []
        elif block or self._packed[metrics_type]:
            block += b","
        block += _encoded(point)
        if len(block) > _BLOCK_BYTES:
            self._packed[metrics_type].append(zlib.compress(block, 1))
            block.clear()

    def pieces(self) -> Iterator[bytes]:
        """Yield the JSON object, block by block."""
        separator = b"{"
        for metrics_type, blocks in self._packed.items():
            yield separator + json.dumps(metrics_type).encode() + b":["
            for block in blocks:
                yield zlib.decompress(block)
            yield bytes(self._open[metrics_type]) + b"]"
            separator = b","
        yield b"{}" if separator == b"{" else b"}"


def _encoded(point: object) -> bytes:
    """Return a point as strict JSON, with null for non-finite values, for which JSON has no token."""
    try:
        return msgspec.json.encode(point)
    except (UnicodeEncodeError, OverflowError):  # a lone surrogate, or an integer beyond 64 bits
        return json.dumps(_finite(point), separators=(",", ":")).encode()


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def get_points(database: Database, user: Account, uid: str) -> PackedPoints:
    """Return the points of a trial that count, from the complete lines of its metrics file.

    Raises:
        RefusalError: `not_found`.
    """

    def operation(connection: Connection) -> PackedPoints:
        trial_id = load_trial(connection, user, uid).id
        row = journals.of_file(connection, trial_id, METRICS)
        points = PackedPoints()
        if row is not None:
            for lines, _ in effective.stretches(connection, row, effective.segments_of(connection, trial_id)):
                for record in read_records(io.BytesIO(lines), Damage()):
                    ((metrics_type, point),) = record.items()
                    points.add(metrics_type, point)
        return points

    return database.read(operation)
