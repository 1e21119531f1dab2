"""Uploads a trial to a version 2 server: every file has an offset, and the server is asked for it.

There is no local record of what was sent. An upload that is repeated, runs during training, runs twice at once, was cut
at any byte, or comes from another host ends the same: the server has the bytes of the local files. A journal whose sent
part has changed is reported, and nothing is overwritten. At the end the digests of both sides are compared.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from aimd_core.client.answers import misfitting
from aimd_core.client.contents import files_of
from aimd_core.client.v2 import OffsetMismatchError, Server, Standing, pack
from aimd_core.errors import (
    ContentDiffersError,
    DamagedError,
    NameTakenError,
    QuotaError,
    RefusedError,
    RemoteFolderNotFoundError,
    RemoteNotFoundError,
)
from aimd_core.format.digest import RunningDigest, digest_prefix
from aimd_core.format.journal import open_regular
from aimd_core.format.labels import Labels, shown_labels
from aimd_core.format.layout import DOCUMENT_FILES, JOURNAL_FILES, LABELS_FILE, MEDIA_FILE, METRICS_FILE
from aimd_core.format.portable import read_at
from aimd_core.language import joined, said
from aimd_core.objects.tree import LeftOut
from aimd_core.reading.documents import Trial, reason_of
from aimd_core.reading.kept_files import TREE, local_files
from aimd_core.upload.contents import (
    MAKE_HINT,
    Companions,
    Destination,
    Difference,
    Uploaded,
    checked_id,
    damaged_parts,
    digest_of,
    document_of,
    notes_on,
)
from aimd_core.upload.files import NOT_TAKEN, differences_of, send_files, takes_files
from aimd_core.upload.media import SentMedia, named, remaining_of, send_media
from aimd_core.upload.media import differences_of as media_differences
from aimd_core.upload.refusals import DAMAGED, UNSENT, Refusal, admitted, refusal_reason
from aimd_core.upload.transfers import MAX_PART_BYTES, PartSize

_OFFSET_TRIES = 8
_CONFLICT_TRIES = 8
_REPLACED_TRIES = 4
NEW_BYTES = "has bytes that are not on the server"
_ALONE_BYTES = 256 << 10  # a larger document is sent separately, if it has changed

Progress = Callable[[int], None]


def no_progress(sent_bytes: int) -> None:
    """Ignore progress."""


# What each line of a journal contains once, as this SDK and the deployed one write it, and what is between two.
_MARKS = (b'{"value": {', b'}, "sequence": {', b'"step": ', b', "timestamp": "')
_SEAM, _BEGIN, _END = b'"}}}\n{"', b'{"', b'"}}}\n'
_COLONS = 3  # in a time stamp


class Lines:
    """Checks the bytes of a metrics journal that are sent anyway, whether each line has the form that writers give it.

    Counting a few marks costs almost nothing, while decoding would double the cost of the upload. What a power cut, a
    full disk or a torn write leaves has another form; a wrong digit in a number does not. A line of another form may
    still be correct, so the caller then reads the journal.

    Attributes:
        are_odd: Whether a line has another form, or not everything was seen.
    """

    __slots__ = ("_in_line", "_rest", "_seen_to", "are_odd")

    def __init__(self) -> None:
        self.are_odd = False
        self._seen_to = 0
        self._in_line = False
        self._rest = b""

    def begin(self, opened: BinaryIO, offset: int) -> None:
        """Start at a position in the journal."""
        self._seen_to = offset
        self._in_line = offset > 0 and read_at(opened.fileno(), 1, offset - 1) != b"\n"

    def take(self, offset: int, content: bytes) -> None:
        """Take the next stretch of the journal."""
        if offset != self._seen_to:  # sent again, or somebody else has sent some
            self.are_odd = True
        self._seen_to = offset + len(content)
        if self._in_line:  # the beginning of that line was checked when it was sent
            _, newline, content = content.partition(b"\n")
            self._in_line = not newline
        if self.are_odd:
            return
        content = self._rest + content
        cut = content.rfind(b"\n") + 1
        lines, self._rest = content[:cut], content[cut:]
        self.are_odd = not _are_sound(lines) or not _is_text(lines) or len(self._rest) > MAX_PART_BYTES

    def end(self) -> None:
        """End the journal."""
        self.are_odd = self.are_odd or bool(self._rest)


def _are_sound(lines: bytes) -> bool:
    count = lines.count(b"\n")
    if not count:
        return True
    if not (lines.startswith(_BEGIN) and lines.endswith(_END) and lines.count(_SEAM) == count - 1) or b"\0" in lines:
        return False
    if lines.count(b"{") != 4 * count or any(lines.count(mark) != count for mark in _MARKS):
        return False
    named = lines.count(b'"') // 2 - count  # two quotes for each name, and for the time stamp
    # A colon is counted in a third of the time, but names may have some.
    return named == lines.count(b":") - _COLONS * count or named == lines.count(b'": ')


def _is_text(content: bytes) -> bool:
    try:
        return content.isascii() or bool(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def damage_sentence(path: Path) -> str:
    """Return a sentence about the damage of a trial's metrics journal, or an empty string.

    What the directory's index knows is not read again.
    """
    from aimd_core.reading.directory import read_trials

    (facts,) = read_trials([path])
    return joined("; ", [sentence for sentence in facts.damage if sentence.startswith(f"{METRICS_FILE}: ")])


def send_trial(server: Server, trial: Trial, destination: Destination, progress: Progress, part: PartSize) -> Uploaded:
    """Upload a trial, or what is new in it.

    Args:
        server: The target.
        trial: The trial directory; it may still be growing.
        destination: Overrides the trial's own files.
        progress: Called with the number of journal bytes sent, each time.
        part: How many bytes to send at once.

    Raises:
        DamagedError: The metadata has no id.
        ContentDiffersError: The journal is shorter than what was sent, or its sent part has changed.
        NameTakenError, RefusedError, NetworkError, AccessError: From the server.
    """
    contents = trial.read_documents()
    trial_id = checked_id(trial)
    merged = destination.merged(trial.upload_settings)
    document = document_of(trial, merged)
    small = {file: content for file, content in contents.items() if len(content) <= _ALONE_BYTES}
    document["documents"] = {file: base64.b64encode(content).decode() for file, content in small.items()}
    refusals = damaged_parts(trial)
    if LABELS_FILE in small and LABELS_FILE not in trial.unread:
        refusals += _labelled(document, trial.labels)
    removed: dict[str, Any] | None = None
    for _ in range(_REPLACED_TRIES):
        try:
            answer, document, refusals = _put_admitted(server, trial_id, document, merged.companions, refusals)
        except RemoteFolderNotFoundError as error:
            raise RemoteFolderNotFoundError(**{**error.facts, "hint": said(MAKE_HINT)}) from None
        except RemoteNotFoundError:
            raise RefusedError(
                host=server.host,
                reason=said("trial {name} belongs to somebody who does not share it with you", name=trial.name),
                hint="Ask whoever uploaded it to make you an editor of its folder: aimd folder share PATH USER editor",
            ) from None
        try:
            media, no_room = _send_media(server, trial, trial_id, answer, progress, part)
            uploaded = _send_files(server, trial, trial_id, document, contents, answer, progress, part, refusals)
            _note_media(uploaded, media)
            _send_tree(server, trial, trial_id, answer, progress, part, merged.overwrite, uploaded)
            if no_room is not None:
                raise no_room
        except ContentDiffersError:
            if not merged.overwrite or removed is not None:
                raise
            removed = _remove(server, trial_id)
            document |= {"name": removed["name"], "folder": _folder_of(removed), "on_conflict": "new"}
        except RemoteNotFoundError:  # another command has replaced it in the middle, so it goes beside that
            document["on_conflict"] = "new" if document["on_conflict"] == "replace" else document["on_conflict"]
        else:
            _label_again(server, trial_id, removed)
            return uploaded
    raise RefusedError(host=server.host, reason="the trial is deleted again and again while it is uploaded")


def _labelled(document: dict[str, Any], labels: Labels) -> list[Refusal]:
    """Put labels into the body of a PUT, and return those that the server will not show."""
    document["labels"] = {"tags": list(labels.tags), "note": labels.note}
    return [Refusal(what, "it does not show such labels") for what in shown_labels(labels)[1]]


def _remove(server: Server, trial_id: str) -> dict[str, Any]:
    """Remove a trial from the server, and return what it was."""
    shown = server.trial(trial_id)
    server.call(None, "DELETE", f"/trials/{trial_id}")
    return shown


def _folder_of(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the folder of a trial on the server as a wish, so that it comes back there."""
    folder = shown.get("folder") or {}
    return {"id": folder.get("id"), "path": folder.get("path"), "make": True, "must_exist": False}


def _label_again(server: Server, trial_id: str, removed: dict[str, Any] | None) -> None:
    """Give a trial that was removed and sent again the tags and the note that it had."""
    labels = {name: removed[name] for name in ("tags", "note") if removed.get(name)} if removed else {}
    if labels:
        server.call(None, "PATCH", f"/trials/{trial_id}", document=labels)


def _put_admitted(
    server: Server, trial_id: str, document: dict[str, Any], companions: Companions, refusals: list[Refusal]
) -> tuple[dict[str, Any], dict[str, Any], list[Refusal]]:
    """Create or update a trial, without what the server refuses; return its answer, what was sent, and the refusals."""
    try:
        return _put(server, trial_id, document, companions), document, refusals
    except RefusedError as error:
        taken, refused = find_refusals(server, trial_id, document, error)
    return _put(server, trial_id, taken, companions), taken, [*refusals, *refused]


def find_refusals(
    server: Server, trial_id: str, document: dict[str, Any], error: RefusedError
) -> tuple[dict[str, Any], list[Refusal]]:
    """Return as much of a refused document as the server takes, and what it refuses; changes nothing there."""

    def offer(offered: dict[str, Any]) -> None:
        server.put_trial(trial_id, {**offered, "on_conflict": "skip"}, dry_run=True)

    return admitted(document, error, offer, trial_id)


def _put(
    server: Server, trial_id: str, document: dict[str, Any], companions: Companions, dry_run: bool = False
) -> dict[str, Any]:
    """Create or update a trial; `replace` spares the trials of the same command, and only replaces what it has seen."""
    if document["on_conflict"] != "replace":
        return server.put_trial(trial_id, document, dry_run)
    for _ in range(_CONFLICT_TRIES):
        answer = server.put_trial(trial_id, {**document, "on_conflict": "skip"}, dry_run)
        if answer.get("outcome") != "skipped":
            return answer
        holder = str(answer.get("id"))
        if holder in companions:
            break
        try:
            return server.put_trial(trial_id, {**document, "replaces": holder}, dry_run)
        except NameTakenError:
            continue  # somebody else has the name by now
    return server.put_trial(trial_id, {**document, "on_conflict": "new"}, dry_run)


def _send_files(
    server: Server,
    trial: Trial,
    trial_id: str,
    document: dict[str, Any],
    contents: dict[str, bytes],
    answer: dict[str, Any],
    progress: Progress,
    part: PartSize,
    refusals: list[Refusal],
) -> Uploaded:
    """Bring the files of a trial that exists on the server up to date; `answer` says what it has of them."""
    uploaded = Uploaded(answer)
    if uploaded.outcome == "skipped":
        return uploaded
    uploaded.refusals = list(refusals)
    stored = answer["files"]
    changed = _settle_documents(server, trial_id, document, contents, stored, uploaded.refusals)
    lines = Lines()
    contradiction: ContentDiffersError | None = None
    for file in JOURNAL_FILES:
        watched = lines if file == METRICS_FILE else None
        try:
            uploaded.sent_bytes += _send_journal(
                server, trial, trial_id, file, stored.get(file) or {}, progress, part, watched
            )
        except RefusedError as error:
            uploaded.refusals.append(Refusal(file, error.reason))
        except ContentDiffersError as error:  # of this file; those behind it are sent first
            contradiction = contradiction or error
        except (DamagedError, OSError) as error:
            uploaded.refusals.append(Refusal(file, reason_of(error), DAMAGED))
    if contradiction is not None:
        raise contradiction
    uploaded.damage = damage_sentence(trial.path) if lines.are_odd else ""
    if uploaded.outcome == "unchanged" and (uploaded.sent_bytes or changed):
        uploaded.outcome = "updated"
    return uploaded


def _send_media(
    server: Server, trial: Trial, trial_id: str, answer: dict[str, Any], progress: Progress, part: PartSize
) -> tuple[SentMedia, QuotaError | None]:
    """Send what the media refer to, before the journal that names it; where there is no room, the numbers still go."""
    if answer.get("outcome") == "skipped":
        return SentMedia(), None
    try:
        return send_media(server, trial.path, trial_id, answer["files"].get(MEDIA_FILE) or {}, progress, part), None
    except (DamagedError, OSError):
        return SentMedia(), None  # which the journal, when its turn comes, says
    except QuotaError as error:
        return SentMedia(), error


def _note_media(uploaded: Uploaded, media: SentMedia) -> None:
    """Note in `uploaded` what came of the bytes of media."""
    uploaded.sent_bytes += media.sent_bytes
    uploaded.refusals += unsent_media(media.left_out)
    if uploaded.outcome == "unchanged" and media.has_changed:
        uploaded.outcome = "updated"


def unsent_media(left_out: Iterable[LeftOut]) -> list[Refusal]:
    """Return bytes of media that stay here, with the reasons, as parts of their trial."""
    return [Refusal(item.path or MEDIA_FILE, item.reason, UNSENT) for item in left_out]


def _send_tree(
    server: Server,
    trial: Trial,
    trial_id: str,
    answer: dict[str, Any],
    progress: Progress,
    part: PartSize,
    may_remove: bool,
    uploaded: Uploaded,
) -> None:
    """Bring what is below `files/` up to date, and note in `uploaded` what came of it."""
    if uploaded.outcome == "skipped":
        return
    stored = answer["files"].get(TREE) or {}
    sent = send_files(server, trial.path, trial_id, stored, progress, part, may_remove)
    uploaded.sent_bytes += sent.sent_bytes
    uploaded.sent_files = sent.files
    uploaded.notes += notes_on(sent.tree, sent.only_there)
    uploaded.refusals += unsent_files(sent.left_out)
    if uploaded.outcome == "unchanged" and sent.has_changed:
        uploaded.outcome = "updated"


def unsent_files(left_out: Iterable[LeftOut]) -> list[Refusal]:
    """Return files that stay here, with the reasons, as parts of their trial."""
    return [Refusal(TREE + item.path, item.reason, UNSENT) for item in left_out]


def _settle_documents(
    server: Server,
    trial_id: str,
    document: dict[str, Any],
    contents: dict[str, bytes],
    remote: dict[str, Any],
    refusals: list[Refusal],
) -> bool:
    """Send large documents that differ and remove those that are gone here; return whether there were any.

    Those that the server refuses are added to `refusals`. What cannot be read here stays there as it is.
    """
    kept = contents.keys() | {refusal.what for refusal in refusals if refusal.kind == DAMAGED}
    gone = [file for file in DOCUMENT_FILES if file in remote and file not in kept]
    if gone:
        server.put_trial(trial_id, {**document, "documents": dict.fromkeys(gone)})
    changed = bool(gone)
    for file, content in contents.items():
        digest = digest_of(content)
        if (remote.get(file) or {}).get("digest") == digest:
            continue
        try:
            stored = server.put_document(trial_id, file, content)
        except RefusedError as error:
            refusals.append(Refusal(file, error.reason))
            continue
        if stored.digest != digest:
            raise RefusedError(host=server.host, reason=said("its digest of {file} differs", file=file))
        changed = True
    return changed


def _send_journal(
    server: Server,
    trial: Trial,
    trial_id: str,
    file: str,
    stored: dict[str, Any],
    progress: Progress,
    part: PartSize,
    lines: Lines | None,
) -> int:
    """Bring a journal file on the server up to date and return how many bytes were new."""
    path = trial.path / file
    offset = int(stored.get("offset") or 0)
    try:
        opened = open_regular(path)
    except FileNotFoundError:
        if offset:
            raise ContentDiffersError(path=path, reason="is gone, but the server has bytes of it") from None
        return 0
    with opened:
        size_bytes = os.fstat(opened.fileno()).st_size
        if size_bytes < offset:
            raise ContentDiffersError(
                path=path,
                reason=said(
                    "has {size_bytes} bytes, but the server has {offset} bytes of it",
                    size_bytes=size_bytes,
                    offset=offset,
                ),
            )
        digest = RunningDigest()
        digest.read(opened, offset)
        if offset and digest.hexdigest() != stored.get("digest"):
            raise ContentDiffersError(
                path=path, reason=said("has changed within the {offset} bytes already uploaded", offset=offset)
            )
        if size_bytes == offset:
            if not stored:  # an empty file must exist there as well
                server.append(trial_id, file, 0, pack(b""))
            return 0
        reached = _send_rest(server, trial_id, path, opened, offset, progress, part, lines, digest)
        _compare(server, trial_id, file, opened, reached, digest, path)
        return max(0, reached.offset - offset)


def _compare(
    server: Server, trial_id: str, file: str, opened: BinaryIO, reached: Standing, digest: RunningDigest, path: object
) -> None:
    """Check by digest that what the server has is the beginning of this file, which is not read twice for it."""
    if not reached.digest:
        reached = server.standing(trial_id, file)
    if os.fstat(opened.fileno()).st_size < reached.offset:
        raise ContentDiffersError(path=path, reason="became shorter while it was uploaded")
    if digest.has_gaps or digest.size_bytes > reached.offset:  # sent again, or by somebody else at the same time
        opened.seek(0)
        digest = RunningDigest()
    else:
        opened.seek(digest.size_bytes)
    try:
        digest.read(opened, reached.offset - digest.size_bytes)
    except EOFError:
        raise ContentDiffersError(path=path, reason="became shorter while it was uploaded") from None
    if digest.hexdigest() != reached.digest:
        raise ContentDiffersError(path=path, reason="differs from what the server has, by the digests of both")


class _Part:
    """A stretch of a file, read and compressed."""

    __slots__ = ("offset", "packed", "size_bytes")

    def __init__(
        self, opened: BinaryIO, offset: int, size_bytes: int, digest: RunningDigest, lines: Lines | None
    ) -> None:
        content = read_at(opened.fileno(), size_bytes, offset)
        digest.take(offset, content)
        if lines is not None:
            lines.take(offset, content)
        self.offset = offset
        self.size_bytes = len(content)
        self.packed = pack(content) if content else b""


def _send_rest(
    server: Server,
    trial_id: str,
    path: Path,
    opened: BinaryIO,
    offset: int,
    progress: Progress,
    part: PartSize,
    lines: Lines | None,
    digest: RunningDigest,
) -> Standing:
    """Send a file from `offset` to its current end; another uploader at the same time does no harm.

    The next part is compressed while the server works on this one.
    """
    mismatches = stalls = 0
    if lines is not None:
        lines.begin(opened, offset)
    reached = Standing(offset, "")
    end = os.fstat(opened.fileno()).st_size
    with ThreadPoolExecutor(1) as packing:
        current = _Part(opened, offset, part.size_bytes, digest, lines)
        while current.size_bytes:
            following = current.offset + current.size_bytes
            is_last = following >= end
            ahead = None if is_last else packing.submit(_Part, opened, following, part.size_bytes, digest, lines)
            started_s = time.monotonic()
            try:
                reached = server.append(trial_id, path.name, current.offset, current.packed, is_last)
            except ContentDiffersError as error:
                raise ContentDiffersError(**{**error.facts, "path": path}) from None
            except OffsetMismatchError as error:
                reached = Standing(int(str(error.facts["offset"])), "")
                mismatches += 1
                if mismatches > _OFFSET_TRIES:
                    raise RefusedError(
                        host=server.host, reason=said("the offset of {file} keeps changing", file=path.name)
                    ) from error
            if reached.offset <= current.offset:  # nothing was stored, although it says so
                stalls += 1
                if stalls > _OFFSET_TRIES:
                    raise misfitting(server.host, "Upload-Offset", "where the bytes that it acknowledged end")
            part.learn(current.size_bytes, time.monotonic() - started_s)
            progress(max(0, reached.offset - current.offset))
            packed = ahead.result() if ahead is not None else None  # waited for in any case: two would take at once
            if packed is not None and reached.offset == following:
                current = packed
            else:
                current = _Part(opened, reached.offset, part.size_bytes, digest, lines)
    if lines is not None:
        lines.end()
    return reached


def _standing_here(path: Path) -> Standing | str | None:
    """Return size and digest of a file, None if there is none, or why it cannot be read."""
    try:
        with open_regular(path) as opened:
            size_bytes = os.fstat(opened.fileno()).st_size
            return Standing(size_bytes, digest_prefix(opened, size_bytes))
    except FileNotFoundError:
        return None
    except (DamagedError, OSError) as error:
        return reason_of(error)


def plan_trial(server: Server, trial: Trial, destination: Destination) -> Uploaded:
    """Return what an upload would do now: outcome, place, and bytes in `remaining_bytes`.

    Raises:
        DamagedError, ContentDiffersError, NameTakenError: As for the upload.
    """
    trial.read_documents()
    trial_id = checked_id(trial)
    merged = destination.merged(trial.upload_settings)
    document = document_of(trial, merged)
    refusals: list[Refusal] = []
    try:
        answer = _put(server, trial_id, document, merged.companions, dry_run=True)
    except RefusedError as error:
        document, refusals = find_refusals(server, trial_id, document, error)
        answer = _put(server, trial_id, document, merged.companions, dry_run=True)
    planned = Uploaded(answer)
    planned.refusals = [*damaged_parts(trial), *_damaged_journals(trial), *refusals]
    if planned.outcome == "skipped":
        return planned
    differences = [difference for difference in compare_files(trial, answer.get("files") or {}) if difference.mended_by]
    for difference in differences:
        if difference.file in JOURNAL_FILES and difference.reason != NEW_BYTES:
            raise ContentDiffersError(path=trial.path / difference.file, reason=difference.reason)
    if planned.outcome == "unchanged" and differences:
        planned.outcome = "updated"
    journals = [journal for journal in differences if journal.file in JOURNAL_FILES]
    planned.remaining_bytes = sum((journal.local_bytes or 0) - (journal.remote_bytes or 0) for journal in journals)
    _plan_tree(server, trial, trial_id, (answer.get("files") or {}).get(TREE) or {}, planned)
    _plan_media(server, trial, trial_id, (answer.get("files") or {}).get(MEDIA_FILE) or {}, planned)
    return planned


def _plan_media(server: Server, trial: Trial, trial_id: str, stored: dict[str, Any], planned: Uploaded) -> None:
    """Add to a plan what would be sent of the bytes of media."""
    try:
        media = remaining_of(server, trial.path, trial_id, stored)
    except (DamagedError, OSError):
        return  # which is said of the journal
    planned.remaining_bytes += media.sent_bytes
    planned.refusals += unsent_media(media.left_out)
    if planned.outcome == "unchanged" and media.has_changed:
        planned.outcome = "updated"


def _plan_tree(server: Server, trial: Trial, trial_id: str, stored: dict[str, Any], planned: Uploaded) -> None:
    """Add to a plan what would be sent of the files below `files/`."""
    local = local_files(trial.path)
    planned.refusals += unsent_files(local.left_out)
    planned.notes += notes_on(local.tree)
    if local.files and not stored and not takes_files(server):
        planned.refusals += unsent_files([NOT_TAKEN])
    elif local.files and stored.get("digest") != local.digest:
        there = {file.path: file.digest for file in files_of(server, trial_id)} if stored else {}
        new = [file for file in local.files.values() if there.get(file.path) != file.digest]
        planned.sent_files = len(new)
        planned.remaining_bytes += sum(file.size_bytes for file in new)
        if planned.outcome == "unchanged" and new:
            planned.outcome = "updated"


def compare_tree(server: Server, trial: Trial, trial_id: str, stored: dict[str, Any]) -> list[Difference]:
    """Return the files below `files/` that differ between here and the server, all of which are read here."""
    differences = []
    for file in differences_of(server, trial.path, trial_id, stored):
        reason, mended_by = file.reason, "upload"
        if reason:
            (unsent,) = unsent_files([LeftOut(file.path, reason)])
            reason, mended_by = refusal_reason(unsent), ""
        elif file.local_bytes is None:
            reason, mended_by = "is gone here", "overwrite"
        else:
            reason = "is not on the server" if file.remote_bytes is None else "differs from what the server has"
        differences.append(Difference(TREE + file.path, file.local_bytes, file.remote_bytes, reason, mended_by))
    return differences


def compare_media(server: Server, trial: Trial, trial_id: str) -> list[Difference]:
    """Return the bytes of media that are damaged here or not on the server; all are read here."""
    differences = []
    try:
        found_media = media_differences(server, trial.path, trial_id)
    except (DamagedError, OSError):
        return []  # which is said of the journal
    for item in found_media:
        reason, mended_by = "is not on the server", "upload"
        if item.reason:
            (unsent,) = unsent_media([LeftOut(named(item.digest), item.reason)])
            reason, mended_by = refusal_reason(unsent), ""
        differences.append(Difference(named(item.digest), item.local_bytes, None, reason, mended_by))
    return differences


def _damaged_journals(trial: Trial) -> list[Refusal]:
    journals = ((file, _standing_here(trial.path / file)) for file in JOURNAL_FILES)
    return [Refusal(file, here, DAMAGED) for file, here in journals if isinstance(here, str)]


def compare_files(trial: Trial, remote: dict[str, Any]) -> list[Difference]:
    """Return the files whose size or digest differs between here and the server, and those that are damaged here."""
    differences = []
    left = {file: stored for file, stored in remote.items() if file != TREE}
    for file in (*DOCUMENT_FILES, *JOURNAL_FILES):
        here = _standing_here(trial.path / file)
        there = left.pop(file, None) if here is not None else None
        fault = here if isinstance(here, str) else trial.unread.get(file)
        if fault is not None:
            left.pop(file, None)
            reason = refusal_reason(Refusal(file, fault, DAMAGED))
            differences.append(Difference(file, None, None, reason, ""))
        if not isinstance(here, Standing):
            continue
        size_bytes, digest = here
        if there is None:
            reason = NEW_BYTES if file in JOURNAL_FILES else "is not on the server"
            differences.append(Difference(file, size_bytes, None, reason))
        elif there["offset"] != size_bytes or there["digest"] != digest:
            reason = _reason(trial, file, size_bytes, there)
            mended_by = "overwrite" if file in JOURNAL_FILES and reason != NEW_BYTES else "upload"
            differences.append(Difference(file, size_bytes, int(there["offset"]), reason, mended_by))
    for file, there in left.items():
        mended_by = "overwrite" if file in JOURNAL_FILES else "upload"
        differences.append(Difference(file, None, int(there["offset"]), "is gone here", mended_by))
    return differences


def _reason(trial: Trial, file: str, size_bytes: int, there: dict[str, Any]) -> str:
    offset = int(there["offset"])
    if file in JOURNAL_FILES and size_bytes > offset:
        with open(trial.path / file, "rb") as opened:
            if os.fstat(opened.fileno()).st_size >= offset and digest_prefix(opened, offset) == there["digest"]:
                return NEW_BYTES
    if file in JOURNAL_FILES and size_bytes < offset:
        return "is shorter than what the server has"
    return "differs from what the server has"
