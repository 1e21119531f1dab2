"""Trials: create, update and show. Lists are in `trial_lists`.

Choosing the folder, resolving a conflict and writing the trial are one transaction: two clients at once, or one that
repeats itself, have the same result as one.
"""

from __future__ import annotations

import json
import time
from typing import Any, Literal

import msgspec

from aimd_core.format.labels import Labels, shown_labels
from aimd_core.format.layout import LABELS_FILE, made_s
from aimd_core.format.model import STATES
from aimd_core.format.values import clean
from aimd_core.language import said
from aimd_core.reading.facts import ending_of, is_live
from aimd_server.services import auditing, documents, indexing, names, public_view, trial_artifacts
from aimd_server.services.clock import iso, now_us, parse_us
from aimd_server.services.files import (
    DOCUMENTS,
    Standing,
    add_documents,
    check_file,
    digest_of,
    document_digest,
    standings,
    standings_of,
    take_documents,
)
from aimd_server.services.folders import FolderWish, choose_folder
from aimd_server.services.request_errors import forbidden, invalid, name_taken, no_trial
from aimd_server.services.series import effective, folding, totals
from aimd_server.services.trial_facts import ending_in, last_write_s_of, state_of, written_us_of
from aimd_server.services.visibility import Role, load_trial, roles_of
from aimd_server.stores import indexes, journals, trash, trials
from aimd_server.stores.accounts import UPLOAD, Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.trials import TrialRow

PAGE, MAX_PAGE = 50, 500
LABELLED = {"status", *indexes.LABELS}  # the columns of labels
HEARD_EVERY_US = 60_000_000  # how often a request that changes nothing is stored as a sign of life
CREATED, UPDATED, UNCHANGED, SKIPPED = "created", "updated", "unchanged", "skipped"


GivenDocuments = dict[str, tuple[bytes, str] | None]  # content and digest by file; None removes it


class SentLabels(msgspec.Struct):
    """What `labels.yaml` of a trial's directory says."""

    tags: list[str] = []
    note: str = ""


class TrialWish(msgspec.Struct):
    """The body of the PUT of a trial."""

    name: str
    alternative_name: str | None = None
    folder: FolderWish | None = None
    on_conflict: Literal["new", "skip", "error", "replace"] = "new"
    replaces: str | None = None  # the only trial that `replace` may replace
    state: str | None = None
    last_write: str | None = None
    metadata: dict[str, Any] | None = {}  # None, as for parameters: the client cannot read them, and nothing changes
    parameters: dict[str, Any] | None = None
    documents: dict[str, bytes | None] = {}
    labels: SentLabels | None = None


class Put(msgspec.Struct, frozen=True):
    """The result of a PUT."""

    outcome: str
    trial: TrialRow
    fallback: bool
    files: dict[str, Standing]


class _DryRunError(Exception):
    """Rolls back a transaction, and has its result."""

    def __init__(self, put: Put) -> None:
        self.put = put


def put(database: Database, user: Account, uid: str, wish: TrialWish, dry_run: bool = False) -> Put:
    """Create or update a trial. The same request again changes nothing, and a dry run never does.

    Raises:
        RefusalError: `invalid`, `name_taken`, or `not_found` for an id that is somebody else's.
    """
    _check(uid, wish)
    columns = _columns(wish)
    if wish.alternative_name is not None:
        columns["alternative_name"] = wish.alternative_name
    given = {file: None if body is None else (body, digest_of(body)) for file, body in wish.documents.items()}

    def operation(connection: Connection) -> Put:
        if trials.by_uid(connection, uid) is None:
            free_id(connection, user, uid, no_trial(uid))
            labels = _label_columns(wish, given, None)
            return ended(_create(connection, user, uid, wish, {**_first_columns(wish), **columns, **labels}, given))
        row = load_trial(connection, user, uid)
        outcome = _update(connection, user, row, columns)
        labels = _label_columns(wish, given, document_digest(connection, row.id, LABELS_FILE))
        if labels:
            change(connection, user, row, labels)
        if take_documents(connection, row.id, given):
            outcome = UPDATED
        return ended(_done(connection, user, uid, outcome))

    def ended(done: Put) -> Put:
        if dry_run:
            raise _DryRunError(done)
        return done

    try:
        return database.write(operation)
    except _DryRunError as undone:
        return undone.put


def _columns(wish: TrialWish) -> dict[str, Any]:
    """Return the columns that a wish says something about."""
    columns: dict[str, Any] = {}
    if wish.parameters is not None:
        columns["parameters"] = documents.parameters_text(wish.parameters)
    if wish.metadata is not None:
        columns |= {"state": wish.state, "last_write": _last_write(wish), **document_columns(wish.metadata)}
    return columns


def _first_columns(wish: TrialWish) -> dict[str, Any]:
    """Return the columns of a new trial that a client says nothing about."""
    nothing = {"state": wish.state, "last_write": _last_write(wish), "parameters": documents.parameters_text({})}
    return {**nothing, **document_columns({})}


def _last_write(wish: TrialWish) -> str | None:
    return wish.last_write if parse_us(wish.last_write) is not None else None


def free_id(connection: Connection, user: Account, uid: str, refusal: Exception) -> None:
    """Free an id that only something in the caller's trash has, which is then deleted for good.

    Raises:
        RefusalError: The given one if something else has the id; `forbidden` for a key that may not delete.
    """
    holder = trials.holder_of(connection, uid)
    if holder is None:
        return
    if trials.by_uid(connection, uid) is not None or holder.owner_id != user.id:
        raise refusal
    if user.scope == UPLOAD:
        raise forbidden("the trial lies in the trash, and an upload-only key deletes nothing: restore it first")
    trials.remove(connection, holder.id)


def _check(uid: str, wish: TrialWish) -> None:
    if not names.is_uuid(uid):
        raise invalid("a trial's id is a UUID in lower case", field="id")
    names.checked(wish.name, "name")
    if wish.alternative_name is not None:
        names.checked(wish.alternative_name, "alternative_name")
    for file in wish.documents:
        check_file(file, DOCUMENTS)
    if wish.state is not None and wish.state not in STATES:
        raise invalid(said("a state is one of {states}", states=", ".join(STATES)), field="state")


def _label_columns(wish: TrialWish, given: GivenDocuments, stored_digest: str | None) -> dict[str, Any]:
    """Return tags and note if the directory's labels differ from those of the last upload.

    What people change on the server stays until the directory's labels change, too. A tag that may not be one here
    is left out: it does not keep a trial from being uploaded, and the file itself is stored as it is.
    """
    document = given.get(LABELS_FILE)
    digest = None if document is None else document[1]
    if LABELS_FILE not in given or digest == stored_digest or (document is not None and wish.labels is None):
        return {}
    sent = wish.labels or SentLabels()
    labels, _ = shown_labels(Labels(tuple(sent.tags), clean(sent.note)))
    return {"tags": json.dumps(labels.tags), "note": labels.note}


def document_columns(document: dict[str, Any]) -> dict[str, Any]:
    """Return a trial's document as JSON text, with the columns taken from it."""
    kept = {key: value for key, value in document.items() if key != "_upload"}
    started, ended, status = (kept.get(key) for key in ("startTime", "endTime", "status"))
    ending = ending_of(kept)
    return {
        "document": documents.metadata_text(kept),
        "status": documents.printable(status),
        "started": started if parse_us(started) is not None else None,
        "ended": ended if parse_us(ended) is not None else None,
        "ending": None if ending is None else documents.text_of(ending),
    }


def add(connection: Connection, user: Account, uid: str, folder: FolderRow, name: str, columns: dict[str, Any]) -> None:
    """Add a trial; `columns` are those of `document_columns`, `state` and `parameters`."""
    made_us = now_us()
    sort_us = _start_us(columns)
    trials.add(
        connection,
        uid=uid,
        owner_id=folder.owner_id,
        folder_id=folder.id,
        name=name,
        sort_us=made_us if sort_us is None else sort_us,
        editor_id=user.id,
        heard_us=made_us,
        created_us=made_us,
        updated_us=made_us,
        **columns,
    )
    home = indexes.by_uid(connection, uid)
    indexing.index_params(connection, home)
    indexing.index_labels(connection, [home.id])
    trial_artifacts.note(connection, home.id, columns.get("document") or "", is_new=True)


def _create(
    connection: Connection, user: Account, uid: str, wish: TrialWish, columns: dict[str, Any], given: GivenDocuments
) -> Put:
    chosen = choose_folder(connection, user, wish.folder or FolderWish())
    name = wish.name
    taken = trials.by_name(connection, chosen.folder.id, name)
    if taken is not None:
        if wish.on_conflict == "skip":
            return _done(connection, user, taken.uid, SKIPPED, chosen.fallback)
        name = _resolve(connection, user, wish, chosen.folder, taken)
    add(connection, user, uid, chosen.folder, name, columns)
    row = load_trial(connection, user, uid)
    new = {file: document for file, document in given.items() if document is not None}
    return Put(CREATED, row, chosen.fallback, add_documents(connection, row.id, new))


def _resolve(connection: Connection, user: Account, wish: TrialWish, folder: FolderRow, taken: TrialRow) -> str:
    """Resolve a conflict and return the free name."""
    if wish.on_conflict == "replace":
        if user.scope == UPLOAD:
            raise forbidden("an upload-only key deletes nothing: choose another strategy than replace")
        if wish.replaces is not None and wish.replaces != taken.uid:
            raise name_taken(wish.name, folder.path)
        to_trash(connection, user, taken)
        return wish.name
    other = wish.alternative_name
    if wish.on_conflict == "new" and other and trials.by_name(connection, folder.id, other) is None:
        return other
    raise name_taken(other if wish.on_conflict == "new" and other else wish.name, folder.path)


def _update(connection: Connection, user: Account, row: TrialRow, columns: dict[str, Any]) -> str:
    before: dict[str, object] = {"document": trials.document(connection, row.id)} if "document" in columns else {}
    sent = ("parameters", "state", "last_write", "alternative_name")
    before |= {name: getattr(row, name) for name in sent if name in columns}
    if all(columns[name] == value for name, value in before.items()):
        if now_us() - row.heard_us > HEARD_EVERY_US:
            trials.change(connection, row.id, heard_us=now_us())
        return UNCHANGED
    receive(connection, user, row, columns)
    return UPDATED


def _start_us(columns: dict[str, Any]) -> int | None:
    """Return when recording began, as lists of directories have it: as written, else from the directory's name."""
    started_us = parse_us(columns.get("started"))
    made_us = round(made_s(columns.get("alternative_name") or "") * 1e6)
    return (made_us or None) if started_us is None else started_us


def receive(connection: Connection, user: Account, row: TrialRow, columns: dict[str, Any]) -> None:
    """Write columns of a trial that its recorder sent, which is a sign of life."""
    change(connection, user, row, {**columns, "heard_us": now_us()})


def change(connection: Connection, user: Account, row: TrialRow, columns: dict[str, Any]) -> None:
    """Write columns of a trial, and who changed it when."""
    stored = {"alternative_name": row.alternative_name}
    sort_us = _start_us({**stored, **columns}) if "started" in columns else None
    values = columns if sort_us is None else {**columns, "sort_us": sort_us}
    trials.change(connection, row.id, editor_id=user.id, updated_us=now_us(), **values)
    indexes.follow(connection, row.id, values)
    if "document" in columns:
        trial_artifacts.note(connection, row.id, columns["document"])
    if columns.get("parameters", row.parameters) != row.parameters:
        indexing.index_params(connection, indexes.home_of(connection, row.id))
    if columns.keys() & LABELLED:
        indexing.index_labels(connection, [row.id])
    if {"state", "status"} & columns.keys() and not is_live(indexes.home_of(connection, row.id).state or ""):
        folding.fold_now(connection, [row.id])


def _done(connection: Connection, user: Account, uid: str, outcome: str, fallback: bool = False) -> Put:
    row = load_trial(connection, user, uid)
    return Put(outcome, row, fallback, standings(connection, row.id))


def to_trash(connection: Connection, user: Account, row: TrialRow) -> None:
    """Move a trial to the trash, which frees its name."""
    trash.put_trial(connection, row, user.id, now_us())
    auditing.note(connection, user.name, "trial.delete", row.uid, name=row.name, folder=row.folder_path)


def shown(database: Database, user: Account, uid: str) -> dict[str, object]:
    """Return a trial as the API shows it.

    Raises:
        RefusalError: `not_found`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        (summary,) = with_detail(connection, user, [row], overviews(connection, user, [row]))
        return summary

    return database.read(operation)


def with_detail(
    connection: Connection, user: Account, rows: list[TrialRow], shown_rows: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Return trials in short form with their document and with what is stored of their files."""
    ids = [row.id for row in rows]
    texts, files = trials.documents(connection, ids), standings_of(connection, ids)
    return [
        {
            **summary,
            "metadata": msgspec.Raw(public_view.document(user, texts[row.id]).encode()),
            "files": {file: stored for file, stored in files.get(row.id, {}).items() if public_view.shows(user, file)},
        }
        for row, summary in zip(rows, shown_rows, strict=True)
    ]


class KnownRequest(msgspec.Struct):
    """The body of a request for what the server has of some trials."""

    ids: list[str]


def known(database: Database, user: Account, asked: KnownRequest) -> dict[str, object]:
    """Return, by id, what the server has of the trials that the user may see.

    Raises:
        RefusalError: `invalid`, if there are too many.
    """
    if len(asked.ids) > MAX_PAGE:
        raise invalid(said("at most {limit} ids at once", limit=MAX_PAGE), field="ids", limit=MAX_PAGE)

    def operation(connection: Connection) -> dict[str, object]:
        named = trials.by_uids(connection, asked.ids)
        roles = roles_of(connection, user, named)
        rows = [row for row in named if roles[row.id] >= Role.VIEWER]
        files = standings_of(connection, [row.id for row in rows])
        return {row.uid: _known(user, row, files.get(row.id, {})) for row in rows}

    return {"trials": database.read(operation)}


def _known(user: Account, row: TrialRow, files: dict[str, Standing]) -> dict[str, object]:
    row = public_view.trial(user, row)
    folder = {"id": row.folder_uid, "path": row.folder_path}
    files = {file: stored for file, stored in files.items() if public_view.shows(user, file)}
    return {"id": row.uid, "name": row.name, "folder": folder, "state": row.state, "files": files}


def overviews(
    connection: Connection,
    user: Account,
    rows: list[TrialRow],
    measured: dict[int, dict[str, object]] | None = None,
    now_s: float | None = None,
) -> list[dict[str, object]]:
    """Return trials in short form, with the caller's role, and with their newest metrics or the given ones."""
    now_s = time.time() if now_s is None else now_s
    ids = [row.id for row in rows]
    totals_by_id = folding.totals_of(connection, ids) if measured is None else {}
    files = journals.of_trials(connection, ids)
    roles = roles_of(connection, user, rows)
    shown_rows = []
    for row in [public_view.trial(user, row) for row in rows]:
        if measured is None:
            metrics = totals.shown((type_totals.type, type_totals.live) for type_totals in totals_by_id[row.id])
        else:
            metrics = measured.get(row.id, {})
        updated_us = max([row.updated_us, *(type_totals.updated_us for type_totals in files.get(row.id, []))])
        segments = effective.told(connection, files.get(row.id, []))
        shown_rows.append(
            {**_summary(row, metrics, updated_us, now_s), "segments": segments, "role": roles[row.id].name.lower()}
        )
    return shown_rows


def _summary(row: TrialRow, metrics: dict[str, Any], updated_us: int, now_s: float) -> dict[str, object]:
    ending, last_write_s = ending_in(row), last_write_s_of(row)
    state = state_of(row.state or row.status or "", ending, written_us_of(row), now_s)
    return {
        "id": row.uid,
        "name": row.name,
        "alternative_name": row.alternative_name,
        "folder": {"id": row.folder_uid, "path": row.folder_path},
        "owner": row.owner,
        "status": row.status,
        "state": state.name or None,
        "reason": state.reason or None,
        "ending": ending,
        "last_write": None if last_write_s is None else iso(written_us_of(row)),
        "started": row.started,
        "ended": row.ended,
        "updated": iso(updated_us),
        "parameters": msgspec.Raw(row.parameters.encode()),
        "metrics": metrics,
        "nan_since": {
            name: summary["nan_since"] for name, summary in metrics.items() if summary["nan_since"] is not None
        },
        "tags": json.loads(row.tags) if row.tags else [],
        "note": row.note or "",
    }
