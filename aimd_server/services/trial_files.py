"""The files of a trial: which there are, and their bytes. Rights are the trial's.

What is below `files/` in a trial's directory. The list is set in pieces, and each piece changes only what it names; the
digest of all of them together tells when both sides agree.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from aimd_core.format.limits import MAX_CHANGES
from aimd_core.format.relative_paths import displaced, path_fault
from aimd_core.language import said
from aimd_core.objects.tree import MAX_FILES, digest_of_tree
from aimd_server.services import public_view, quotas
from aimd_server.services.clock import iso, now_us
from aimd_server.services.contents import checked
from aimd_server.services.files import TREE
from aimd_server.services.quotas import FolderAt
from aimd_server.services.request_errors import RefusalError, forbidden, foreign_cursor, invalid
from aimd_server.services.trials import receive
from aimd_server.services.visibility import load_trial
from aimd_server.stores import contents, trial_files
from aimd_server.stores.accounts import UPLOAD, Account
from aimd_server.stores.cursors import cursor_of, position_in
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.trial_files import FileRow, TreeRow

PAGE = 10_000
MAX_TOLD = 1_000  # digests in a refusal


class SentFile(msgspec.Struct, forbid_unknown_fields=True):
    """A file: its path below `files/`, with `/`, and the SHA-256 of its bytes."""

    path: str
    digest: str


class FilesWish(msgspec.Struct, forbid_unknown_fields=True):
    """Files to set, and paths to remove."""

    files: list[SentFile] = []
    remove: list[str] = []


class OpenContent(msgspec.Struct, frozen=True):
    """A file to read from; `size` in bytes."""

    content_id: int
    digest: str
    size: int
    name: str


def put(database: Database, user: Account, uid: str, wish: FilesWish) -> dict[str, object]:
    """Set and remove files of a trial, and return what all of them are together. The same again changes nothing.

    A file gives way to a directory of its name, and a directory to a file, as on the disk that they come from.

    Raises:
        RefusalError: `not_found`, `forbidden`, `invalid`; `content_missing`, with `digests`, for contents that the
            caller has to send first; `quota_exceeded`.
    """
    digest_of = _checked_files(user, wish)
    expected = database.read(lambda connection: _expected(connection, user, uid, digest_of, wish.remove))
    planned = None if expected is None else _planned(expected, digest_of, wish.remove)  # while no writer waits

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        claims = contents.claimable(connection, user.id, digest_of.values(), now_us(), row.id)
        lacking = sorted(set(digest_of.values()) - claims.keys())
        if lacking:
            message = said("{count} contents have to be sent first", count=len(lacking))
            raise RefusalError("content_missing", message, digests=lacking[:MAX_TOLD])
        tree = trial_files.trees(connection, [row.id]).get(row.id)
        if tree is not None and _is_so(connection, row.id, digest_of, wish.remove):
            return _shown_tree(tree)
        if planned is not None and planned.digest_before == (tree.digest if tree else digest_of_tree([])):
            plan = planned
        else:  # others were faster
            plan = _planned(trial_files.digests(connection, row.id), digest_of, wish.remove)
        if plan.in_the_way and user.scope == UPLOAD:
            raise forbidden("an upload-only key deletes nothing")
        new = {path: claims[digest] for path, digest in plan.new.items()}
        if new or plan.gone:
            trial_files.put(connection, row.id, [(path, claim.id) for path, claim in new.items()], now_us())
            trial_files.remove(connection, row.id, plan.gone)
            receive(connection, user, row, {})
        grown = sum(claim.size for claim in new.values()) - plan.size_gone
        tree = TreeRow(row.id, plan.files, (tree.size if tree else 0) + grown, plan.digest)
        trial_files.put_tree(connection, tree, now_us())
        home = FolderAt(row.owner_id, row.folder_path)
        quotas.attach(connection, user, home, {claim.id for claim in new.values()}, grown)
        return _shown_tree(tree)

    return database.write(operation)


class _Plan(NamedTuple):
    """What a request does to the files of a trial.

    Attributes:
        digest_before: The digest of all files that it is about, which tells whether they are the same still.
        new: The digests of the files to set, by path.
        in_the_way: Files that others replace by being a directory of theirs, or the reverse.
        gone: The files that go, with those in the way.
        size_gone: The bytes of the files that go, or get other bytes.
        files: How many there are then.
        digest: Of all files then.
    """

    digest_before: str
    new: dict[str, str]
    in_the_way: list[str]
    gone: list[str]
    size_gone: int
    files: int
    digest: str


def _is_so(connection: Connection, trial_id: int, digest_of: dict[str, str], remove: list[str]) -> bool:
    """Tell whether a request changes nothing, without reading all files."""
    return digest_of == trial_files.digests_at(connection, trial_id, {*digest_of, *remove})


def _expected(
    connection: Connection, user: Account, uid: str, digest_of: dict[str, str], remove: list[str]
) -> list[tuple[str, str, int]] | None:
    """Return path, digest and size of all files of a trial, None if a request changes nothing."""
    row = load_trial(connection, user, uid)
    return None if _is_so(connection, row.id, digest_of, remove) else trial_files.digests(connection, row.id)


def _planned(before: list[tuple[str, str, int]], digest_of: dict[str, str], remove: list[str]) -> _Plan:
    """Return what a request does to files, each a path, a digest and a size in bytes.

    Raises:
        RefusalError: `invalid`, if there would be too many.
    """
    digests = {path: digest for path, digest, _ in before}
    new = {path: digest for path, digest in digest_of.items() if digests.get(path) != digest}
    in_the_way = displaced(digests, new)
    removed = [path for path in remove if path in digests and path not in digest_of]
    gone = list(dict.fromkeys([*removed, *in_the_way]))
    changed = {*gone, *new}
    after = {path: digest for path, digest in digests.items() if path not in changed} | new
    if len(after) > MAX_FILES:
        raise invalid(said("a trial has {limit} files at most", limit=MAX_FILES), field="files", limit=MAX_FILES)
    size_gone = sum(size for path, _, size in before if path in changed)
    digest_before = digest_of_tree(digests.items())
    return _Plan(digest_before, new, in_the_way, gone, size_gone, len(after), digest_of_tree(after.items()))


def _checked_files(user: Account, wish: FilesWish) -> dict[str, str]:
    """Return the digests of the files to set, by path."""
    if len(wish.files) + len(wish.remove) > MAX_CHANGES:
        raise invalid(said("at most {limit} files at once", limit=MAX_CHANGES), field="files", limit=MAX_CHANGES)
    if wish.remove and user.scope == UPLOAD:
        raise forbidden("an upload-only key deletes nothing")
    for file in wish.files:
        fault = path_fault(file.path)
        if fault:
            raise invalid(
                said("{path!r} cannot be the path of a file: {fault}", path=file.path, fault=said(fault)),
                field="path",
            )
        checked(file.digest)
    digest_of = {file.path: file.digest for file in wish.files}
    if displaced(digest_of, digest_of):
        raise invalid("a path cannot be both a file and a directory", field="path")
    return digest_of


def _shown_tree(tree: TreeRow) -> dict[str, object]:
    return {"count": tree.files, "size": tree.size, "digest": tree.digest}


def listed(database: Database, user: Account, uid: str, limit: int, cursor: str) -> dict[str, object]:
    """Return a page of the files of a trial, by path.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    if not 1 <= limit <= PAGE:
        raise invalid(said("limit is between 1 and {limit}", limit=PAGE), field="limit", limit=PAGE)
    after = _path_in(cursor)

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        rows = trial_files.page(connection, row.id, after, limit + 1) if public_view.shows(user, TREE) else []
        more, rows = len(rows) > limit, rows[:limit]
        return {"files": [_shown(file) for file in rows], "next": cursor_of(rows[-1].path) if more else None}

    return database.read(operation)


def _path_in(cursor: str) -> str:
    try:
        return position_in(cursor)
    except ValueError:
        raise foreign_cursor() from None


def _shown(file: FileRow) -> dict[str, object]:
    return {"path": file.path, "size": file.size, "digest": file.digest, "updated": iso(file.updated_us)}


def open_content(database: Database, user: Account, uid: str, path: str) -> OpenContent:
    """Return a file of a trial, to read from.

    Raises:
        RefusalError: `not_found`.
    """

    def operation(connection: Connection) -> OpenContent:
        row = load_trial(connection, user, uid)
        file = trial_files.by_path(connection, row.id, path) if public_view.shows(user, TREE) else None
        if file is None:
            raise RefusalError("not_found", "the trial has no such file")
        return OpenContent(file.content_id, file.digest, file.size, path.rpartition("/")[2])

    return database.read(operation)
