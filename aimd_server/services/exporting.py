"""A folder as a tar: its trials' directories as they were, streamed file by file.

Names come from people, so none becomes a path unchanged: what could lead out of a directory on any system is replaced,
and the id is added so that two names stay different.
"""

from __future__ import annotations

import json
import re
import tarfile
from typing import NamedTuple

from aimd_core.objects.tree import MAX_FILES
from aimd_server.services import public_view
from aimd_server.services.files import DOCUMENTS, JOURNALS, MEDIA, TREE, OpenFile, Standing, open_file
from aimd_server.services.visibility import load_folder
from aimd_server.stores import journals, media, trial_documents, trial_files, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.media import MediaObjectRow
from aimd_server.stores.trial_files import FileRow
from aimd_server.stores.trials import Scope, TrialRow

AT_ONCE = 50
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]|[. ]+$')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
# Also the files of a trial next to it, and what its media refer to.
_TAKEN = {"", ".", "..", ".aimd", TREE.rstrip("/"), "metadata.yaml", "parameters.yaml", *DOCUMENTS, *JOURNALS}
_MOST_BYTES = 240  # of a changed name; file systems allow 255
_BLOCK_BYTES = 512
END = bytes(2 * _BLOCK_BYTES)


class ExportPage(NamedTuple):
    """Some trials of a folder, newest first, and where the next ones begin, or None at the end."""

    rows: list[TrialRow]
    after: tuple[int, int] | None


class Member(NamedTuple):
    """A file of a trial: its name in the directory, and what it is read from.

    What its media refer to is beside the directory: in `.aimd/objects`, where every reader looks for it.
    """

    name: str
    opened: OpenFile
    is_beside: bool = False


def safe_name(name: str, uid: str) -> str:
    """Return a name as a part of a path; if it differs from the name, it ends with the id."""
    safe = _UNSAFE.sub("_", name)
    if safe == name and name.casefold() not in _TAKEN and not _DEVICES.fullmatch(name):
        return name
    return f"{safe.encode()[:_MOST_BYTES].decode(errors='ignore')}~{uid[:8]}"


def batch(database: Database, user: Account, uid: str, after: tuple[int, int] | None) -> ExportPage:
    """Return the next trials of a folder and below; access is checked each time.

    Raises:
        RefusalError: `folder_not_found`.
    """

    def operation(connection: Connection) -> ExportPage:
        folder = load_folder(connection, user, uid)
        scope = Scope(folder.owner_id, folder.id, folder.path)
        rows = trials.page(connection, scope, after, AT_ONCE)
        shown = [public_view.trial(user, row) for row in rows]
        return ExportPage(shown, (rows[-1].sort_us, rows[-1].id) if len(rows) == AT_ONCE else None)

    return database.read(operation)


def members(database: Database, user: Account, row: TrialRow) -> list[Member]:
    """Return a trial's current files; the documents of a version 1 trial are JSON, which is also YAML.

    Raises:
        RefusalError: `not_found`, if it is gone.
    """

    def operation(connection: Connection) -> list[Member]:
        stored = {stored_file.file for stored_file in trial_documents.of_trial(connection, row.id)}
        stored |= {stored_file.file for stored_file in journals.of_trials(connection, [row.id]).get(row.id, [])}
        stored = {file for file in stored if public_view.shows(user, file)}
        names = [file for file in (*DOCUMENTS, *JOURNALS) if file in stored]
        contents = [Member(file, open_file(connection, user, row.uid, file)) for file in names]
        document = public_view.document(user, trials.document(connection, row.id))
        made = {"metadata.yaml": document, "parameters.yaml": row.parameters}
        objects = media.all_objects(connection, row.id) if public_view.shows(user, MEDIA) else []
        kept = trial_files.page(connection, row.id, "", MAX_FILES) if public_view.shows(user, TREE) else []
        return [
            *(_made(file, text) for file, text in made.items() if file not in stored),
            *contents,
            *(Member(TREE + _safe_path(file), _opened(file)) for file in kept),
            *(_object(row_of_object) for row_of_object in objects),
        ]

    return database.read(operation)


def _safe_path(file: FileRow) -> str:
    """Return the path of a kept file in the tar; a part that differs ends with the beginning of the digest."""
    parts = []
    for part in file.path.split("/"):
        safe = _UNSAFE.sub("_", part)
        is_same = safe == part and not _DEVICES.fullmatch(part)
        parts.append(part if is_same else f"{safe.encode()[:_MOST_BYTES].decode(errors='ignore')}~{file.digest[:8]}")
    return "/".join(parts)


def _object(row: MediaObjectRow) -> Member:
    opened = OpenFile(None, Standing(row.size, row.digest), content_id=row.content_id)
    return Member(f".aimd/objects/{row.digest[:2]}/{row.digest[2:]}", opened, is_beside=True)


def _opened(file: FileRow) -> OpenFile:
    return OpenFile(None, Standing(file.size, file.digest), content_id=file.content_id)


def _made(file: str, text: str) -> Member:
    content = (json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    return Member(file, OpenFile(None, Standing(len(content), ""), content))


def directory_of(row: TrialRow) -> str:
    """Return a trial's directory in the tar: its folder's path and its name."""
    parts = [part for part in row.folder_path.split("/") if part]
    return "/".join([*(safe_name(part, row.folder_uid) for part in parts), safe_name(row.name, row.uid)])


def header(path: str, size_bytes: int, row: TrialRow, is_directory: bool = False) -> bytes:
    """Return the header of a member of the tar."""
    info = tarfile.TarInfo(path)
    info.size = size_bytes
    info.mtime = row.updated_us // 1_000_000
    info.mode = 0o755 if is_directory else 0o644
    info.type = tarfile.DIRTYPE if is_directory else tarfile.REGTYPE
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def padding(size_bytes: int) -> bytes:
    """Return the padding of a member to whole blocks."""
    return bytes(-size_bytes % _BLOCK_BYTES)
