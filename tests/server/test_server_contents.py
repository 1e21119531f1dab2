"""Version 2: bytes by their digest, and the files of trials that have them, as docs/reference/http-api.md says."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from aimd_core.objects.tree import digest_of_tree
from aimd_server import backups, operations
from aimd_server.accounts import add_user
from aimd_server.blobs import open_blobs
from aimd_server.services import contents, trial_files, trials
from aimd_server.services.contents import Receiving
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.trial_files import FilesWish, SentFile
from aimd_server.services.trials import TrialWish
from aimd_server.storage import Storage
from aimd_server.stores import trial_files as stored_files
from aimd_server.stores.accounts import Account
from aimd_server.stores.contents import ContentRow, all_of, totals
from aimd_server.stores.database import Database
from tests.server.api import User, code_of, new_id
from tests.support.server import RunningServer

PART = 8 << 20


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def send_small(user: User, *pieces: bytes) -> httpx.Response:
    head = json.dumps([len(piece) for piece in pieces]).encode()
    return user.v2("POST", "/contents", content=head + b"\n" + b"".join(pieces))


def send_part(user: User, digest: str, size: int, offset: int, body: bytes) -> httpx.Response:
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(size)}
    return user.v2("PATCH", f"/contents/{digest}", headers=headers, content=body)


def missing(user: User, *pieces: bytes, trial: str | None = None) -> list[str]:
    wish = {"digests": [digest_of(piece) for piece in pieces], "trial": trial}
    answer = user.v2("POST", "/contents/missing", json=wish)
    assert answer.status_code == 200, answer.text
    lacking: list[str] = answer.json()["missing"]
    return lacking


def put_files(user: User, trial_id: str, remove: list[str] | None = None, **files: bytes) -> httpx.Response:
    sent = [{"path": path, "digest": digest_of(content)} for path, content in files.items()]
    return user.v2("POST", f"/trials/{trial_id}/files", json={"files": sent, "remove": remove or []})


def content_of(user: User, trial_id: str, path: str, byte_range: str = "") -> httpx.Response:
    headers = {"Range": byte_range} if byte_range else {}
    return user.v2("GET", f"/trials/{trial_id}/content", params={"path": path}, headers=headers)


def test_files_come_back_as_they_were_sent(user: User) -> None:
    trial_id = user.new_trial()
    files = {"a": b"", "b": b"text" * 9, "c": os.urandom(70_000)}
    assert missing(user, *files.values()) == [digest_of(content) for content in files.values()]
    answer = send_small(user, *files.values())
    assert answer.json()["digests"] == [digest_of(content) for content in files.values()]
    assert missing(user, *files.values()) == []
    answer = put_files(user, trial_id, **files)
    tree = digest_of_tree((path, digest_of(content)) for path, content in files.items())
    size = sum(map(len, files.values()))
    assert answer.json() == {"count": 3, "size": size, "digest": tree}
    assert user.trial(trial_id)["files"]["files/"] == {"offset": size, "digest": tree, "count": 3}
    listed = user.v2("GET", f"/trials/{trial_id}/files").json()
    assert [(row["path"], row["size"]) for row in listed["files"]] == [("a", 0), ("b", 36), ("c", 70_000)]
    for path, content in files.items():
        got = content_of(user, trial_id, path)
        assert (got.status_code, got.content) == (200, content)
        assert got.headers["content-disposition"].startswith("attachment")


def test_a_large_content_goes_part_by_part_and_comes_back_from_any_byte(user: User) -> None:
    trial_id, content = user.new_trial(), os.urandom(2 * 700_000 + 7)
    digest = digest_of(content)
    for start in range(0, len(content), 700_000):
        head = user.v2("HEAD", f"/contents/{digest}")
        assert (head.headers["upload-offset"], head.headers["upload-complete"]) == (str(start), "?0")
        answer = send_part(user, digest, len(content), start, content[start : start + 700_000])
        assert answer.status_code == 204, answer.text
    assert answer.headers["upload-complete"] == "?1"
    assert user.v2("HEAD", f"/contents/{digest}").headers["upload-complete"] == "?1"
    assert put_files(user, trial_id, model=content).status_code == 200
    assert content_of(user, trial_id, "model").content == content
    for first, last in [(0, 0), (699_999, 700_001), (1_399_990, 1_400_006), (5, 1_400_006)]:
        part = content_of(user, trial_id, "model", f"bytes={first}-{last}")
        assert (part.status_code, part.content) == (206, content[first : last + 1])
    assert content_of(user, trial_id, "model", "bytes=1400007-").status_code == 416


def test_an_offset_that_is_not_where_the_server_stands_changes_nothing(user: User) -> None:
    content = os.urandom(5000)
    digest = digest_of(content)
    send_part(user, digest, 5000, 0, content[:3000])
    for offset in (0, 2999, 3001, 5000):
        answer = send_part(user, digest, 5000, offset, content[offset:])
        assert (answer.status_code, code_of(answer)) == (409, "offset_mismatch")
        assert answer.headers["upload-offset"] == "3000"
    assert send_part(user, digest, 5000, 3000, content[3000:]).headers["upload-complete"] == "?1"
    assert send_part(user, digest, 5000, 0, content).headers["upload-complete"] == "?1"


def test_bytes_of_another_digest_are_not_believed(user: User) -> None:
    content = os.urandom(5000)
    digest = digest_of(content)
    send_part(user, digest, 5000, 0, b"x" * 3000)
    answer = send_part(user, digest, 5000, 3000, content[3000:])
    assert (answer.status_code, code_of(answer), answer.headers["upload-offset"]) == (409, "content_differs", "0")
    assert missing(user, content) == [digest]
    assert send_part(user, digest, 5000, 0, content).headers["upload-complete"] == "?1"


def test_knowing_a_digest_gives_nobody_the_bytes(user: User, stranger: User) -> None:
    secret, mine = b"the secret of somebody", user.new_trial()
    send_small(user, secret)
    put_files(user, mine, secret=secret)
    theirs = stranger.new_trial()
    assert missing(stranger, secret) == [digest_of(secret)]
    assert stranger.v2("HEAD", f"/contents/{digest_of(secret)}").headers["upload-offset"] == "0"
    answer = put_files(stranger, theirs, guess=secret)
    assert (answer.status_code, code_of(answer)) == (409, "content_missing")
    assert answer.json()["error"]["digests"] == [digest_of(secret)]
    assert content_of(stranger, mine, "secret").status_code == 404
    send_small(stranger, secret)  # who has the bytes may refer to them
    assert put_files(stranger, theirs, guess=secret).status_code == 200
    assert content_of(stranger, theirs, "guess").content == secret


def test_an_editor_of_a_trial_gets_nothing_of_its_owners_other_trials(user: User, stranger: User) -> None:
    secret, shared = b"in the owner's other trial", user.new_trial("shared")
    send_small(user, secret, b"in the shared one")
    put_files(user, user.new_trial("private"), secret=secret)
    put_files(user, shared, common=b"in the shared one")
    share = {"user": stranger.name, "role": "editor"}
    assert user.v2("POST", f"/trials/{shared}/shares", json=share).status_code == 201
    assert put_files(stranger, shared, again=b"in the shared one").status_code == 200
    assert code_of(put_files(stranger, shared, guess=secret)) == "content_missing"
    assert missing(stranger, secret, b"in the shared one", trial=shared) == [digest_of(secret)]


def test_a_viewer_sees_files_and_changes_none(user: User, stranger: User) -> None:
    trial_id = user.new_trial()
    send_small(user, b"content")
    put_files(user, trial_id, file=b"content")
    assert stranger.v2("GET", f"/trials/{trial_id}/files").status_code == 404
    user.v2("POST", f"/trials/{trial_id}/shares", json={"user": stranger.name, "role": "viewer"})
    assert content_of(stranger, trial_id, "file").content == b"content"
    assert code_of(put_files(stranger, trial_id, remove=["file"])) == "forbidden"


def test_a_public_link_shows_no_files(user: User) -> None:
    trial_id = user.new_trial()
    send_small(user, b"content")
    put_files(user, trial_id, file=b"content")
    link = user.v2("POST", f"/trials/{trial_id}/shares", json={"link": True, "role": "viewer"}).json()
    with User(user.server, "link", link["key"]) as holder:
        assert "files/" not in holder.trial(trial_id)["files"]
        assert holder.v2("GET", f"/trials/{trial_id}/files").json() == {"files": [], "next": None}
        assert content_of(holder, trial_id, "file").status_code == 404
        assert code_of(send_small(holder, b"content")) == "forbidden"
        asked = {"digests": [digest_of(b"content")], "trial": trial_id}  # or it would tell what is in there
        assert code_of(holder.v2("POST", "/contents/missing", json=asked)) == "forbidden"


def test_an_upload_only_key_sends_files_and_removes_none(user: User) -> None:
    trial_id = user.new_trial()
    key = user.v2("POST", "/me/keys", json={"name": "cluster", "scope": "upload"}).json()["key"]
    with User(user.server, user.name, key) as uploading:
        assert missing(uploading, b"content") == [digest_of(b"content")]
        assert send_small(uploading, b"content").status_code == 200
        assert put_files(uploading, trial_id, file=b"content").status_code == 200
        assert code_of(put_files(uploading, trial_id, remove=["file"])) == "forbidden"
        assert code_of(content_of(uploading, trial_id, "file")) == "forbidden"


def test_files_are_replaced_and_removed_and_the_same_again_is_no_change(user: User) -> None:
    trial_id = user.new_trial()
    send_small(user, b"one", b"two")
    put_files(user, trial_id, a=b"one", b=b"two")
    before = user.trial(trial_id)
    assert put_files(user, trial_id, a=b"one", remove=["never there"]).json()["count"] == 2
    assert user.trial(trial_id) == before
    assert put_files(user, trial_id, a=b"two", remove=["b"]).json()["count"] == 1
    assert content_of(user, trial_id, "a").content == b"two"
    assert content_of(user, trial_id, "b").status_code == 404
    put_files(user, trial_id, remove=["a"])
    assert "files/" not in user.trial(trial_id)["files"]


def test_what_changes_nothing_reads_only_the_files_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial may have 100,000 files, for whose reading all other writers would wait."""
    add_user(tmp_path, "lin")
    user, uid = Account(1, "lin", writing=True), new_id()
    with Database(tmp_path) as database:
        storage = Storage(database, open_blobs(None, tmp_path))
        trials.put(database, user, uid, TrialWish(name="t"))
        digests = Receiving().small(storage, user, b"[1,1]\nxy")
        sent = [SentFile(path, digest) for path, digest in zip("ab", digests, strict=True)]
        whole = trial_files.put(database, user, uid, FilesWish(sent))
        monkeypatch.setattr(stored_files, "digests", lambda *_: pytest.fail("all files were read"))
        for wish in (FilesWish(sent), FilesWish(sent[:1]), FilesWish(), FilesWish(sent, ["c"])):
            assert trial_files.put(database, user, uid, wish) == whole
        monkeypatch.undo()
        for changed in (FilesWish([SentFile("a", digests[1])]), FilesWish([], ["a"]), FilesWish(sent)):
            assert trial_files.put(database, user, uid, changed) != whole or changed.files == sent


def _listed(database: Database, user: Account, uid: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return what all files of a trial are together, as the server says and as its list says."""
    rows = trial_files.listed(database, user, uid, 100, "")["files"]
    assert isinstance(rows, list)
    tree = digest_of_tree((row["path"], row["digest"]) for row in rows)
    said = trial_files.put(database, user, uid, FilesWish())
    return said, {"count": len(rows), "size": sum(row["size"] for row in rows), "digest": tree}


def test_a_change_reads_all_files_while_no_writer_waits_unless_others_are_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(tmp_path, "lin")
    user, uid = Account(1, "lin", writing=True), new_id()
    with Database(tmp_path) as database:
        trials.put(database, user, uid, TrialWish(name="t"))
        contents_of = [b"", b"x", b"yy", b"zzz"]
        body = b"[0,1,2,3]\n" + b"".join(contents_of)
        digests = Receiving().small(Storage(database, open_blobs(None, tmp_path)), user, body)
        true_read, true_write, reads = stored_files.digests, database.write, list[str]()
        where = "outside"

        def digests_of(*arguments: object) -> list[tuple[str, str, int]]:
            reads.append(where)
            return true_read(*arguments)  # type: ignore[arg-type]

        def write(operation: Callable[..., object], *others: Callable[[], object]) -> object:
            nonlocal where
            for other in faster:
                faster.remove(other)
                other()
            where = "in the writer"
            try:
                return true_write(operation)
            finally:
                where = "outside"

        faster: list[Callable[[], object]] = []
        monkeypatch.setattr(stored_files, "digests", digests_of)
        monkeypatch.setattr(database, "write", write)
        chance = random.Random(4)
        for number in range(40):
            named = {chance.choice("abcd") + chance.choice(["", "/x", "/y"]) for _ in range(3)}
            named = {path for path in named if path[0] not in named or len(path) == 1}
            wish = FilesWish([SentFile(path, chance.choice(digests)) for path in named], chance.choices("abcd", k=2))
            is_late = number % 4 == 3
            if is_late:
                other = FilesWish([SentFile("other", digests[number // 4 % 4])], ["a/x"])
                faster.append(lambda other=other: trial_files.put(database, user, uid, other))  # type: ignore[misc]
            reads.clear()
            trial_files.put(database, user, uid, wish)
            assert is_late or "in the writer" not in reads
            said, listed = _listed(database, user, uid)
            assert said == listed
        assert "in the writer" in reads


def test_a_file_and_a_directory_of_one_name_give_way_to_each_other(user: User) -> None:
    trial_id = user.new_trial()
    send_small(user, b"content")
    key = user.v2("POST", "/me/keys", json={"name": "sends", "scope": "upload"}).json()["key"]
    put_files(user, trial_id, **{"a": b"content", "a.b": b"content", "b": b"content"})
    with User(user.server, user.name, key) as uploading:
        assert code_of(put_files(uploading, trial_id, **{"a/c/d": b"content"})) == "forbidden"
    for files in (["a/c/d", "a/e"], ["a/c"], ["a"]):
        assert put_files(user, trial_id, **dict.fromkeys(files, b"content")).status_code == 200
        listed = [row["path"] for row in user.v2("GET", f"/trials/{trial_id}/files").json()["files"]]
        rest = ["a/e"] if files == ["a/c"] else []
        assert sorted(listed) == sorted([*files, *rest, "a.b", "b"])
    assert code_of(put_files(user, trial_id, **{"x": b"content", "x/y/z": b"content"})) == "invalid"


@pytest.mark.parametrize("path", ["../up", "/root", "a//b", "a/./b", "", "nul\0", "x" * 256, "line\nbreak", "a/../b"])
def test_a_path_that_leads_elsewhere_is_refused(user: User, path: str) -> None:
    trial_id = user.new_trial()
    send_small(user, b"content")
    assert code_of(put_files(user, trial_id, **{path: b"content"})) == "invalid"


@pytest.mark.parametrize("path", ["a b/ü/文件.csv", "x" * 255, "a/" * 63 + "b", "100%.txt", "quote\"d'", "semi;colon"])
def test_any_other_path_is_taken(user: User, path: str) -> None:
    trial_id = user.new_trial()
    send_small(user, b"content")
    assert put_files(user, trial_id, **{path: b"content"}).status_code == 200
    assert content_of(user, trial_id, path).content == b"content"


@pytest.mark.parametrize(
    "body", [b"", b"[1]\n", b"[-1]\n", b"{}\nx", b"[1]x", b"[2]\nx", b"[1]\nxx", b"[" * 3000 + b"\n", b'["1"]\nx']
)
def test_a_body_whose_sizes_are_not_its_own_is_refused(user: User, body: bytes) -> None:
    assert code_of(user.v2("POST", "/contents", content=body)) == "invalid"


@pytest.mark.parametrize(("offset", "size"), [("x", "1"), ("0", "x"), ("", ""), ("0", "9" * 20), ("-1", "5")])
def test_headers_that_are_no_numbers_are_refused(user: User, offset: str, size: str) -> None:
    headers = {"Upload-Offset": offset, "Upload-Length": size}
    answer = user.v2("PATCH", f"/contents/{'0' * 64}", headers=headers, content=b"x")
    assert code_of(answer) == "bad_request"


def test_more_bytes_than_were_announced_are_refused(user: User) -> None:
    assert code_of(send_part(user, "0" * 64, 4, 0, b"12345")) == "invalid"
    assert code_of(send_part(user, "0" * 64, 1 << 41, 0, b"12345")) == "invalid"
    assert code_of(send_part(user, "x" * 64, 5, 0, b"12345")) == "invalid"


def test_a_list_goes_on_where_its_page_ended(user: User) -> None:
    trial_id = user.new_trial()
    files = {f"{number:03}": b"%d" % number for number in range(25)}
    send_small(user, *files.values())
    put_files(user, trial_id, **files)
    paths, cursor = [], ""
    while cursor is not None:
        page = user.v2("GET", f"/trials/{trial_id}/files", params={"limit": "10", "cursor": cursor}).json()
        paths += [row["path"] for row in page["files"]]
        cursor = page["next"]
    assert paths == list(files)


def test_a_restarted_server_completes_what_had_arrived(own_server: RunningServer) -> None:
    content = os.urandom(50_000)
    digest = digest_of(content)
    with User(own_server) as user:
        send_part(user, digest, 50_000, 0, content[:20_000])
    own_server.kill()
    own_server.start()
    with User(own_server, user.name, user.key) as user:
        assert user.v2("HEAD", f"/contents/{digest}").headers["upload-offset"] == "20000"
        assert send_part(user, digest, 50_000, 20_000, content[20_000:]).headers["upload-complete"] == "?1"


def test_what_nothing_refers_to_is_swept_and_the_rest_stays(own_server: RunningServer) -> None:
    kept, gone, unfinished = os.urandom(3000), os.urandom(3000), os.urandom(3000)
    with User(own_server) as user:
        trial_id = user.new_trial()
        send_small(user, kept)
        send_small(user, gone)
        send_part(user, digest_of(unfinished), 3000, 0, unfinished[:1000])
        put_files(user, trial_id, kept=kept, gone=gone)
        put_files(user, trial_id, remove=["gone"])
        own_server.stop()
        with Database(own_server.data_dir) as database:
            blobs = open_blobs(None, own_server.data_dir)
            storage = Storage(database, blobs)
            assert contents.sweep(storage) == 0
            before = len(list(blobs.keys(contents.PREFIX)))
            database.write(lambda connection: connection.exec_driver_sql("UPDATE content_proof SET until_us = 1"))
            contents.sweep(storage, left_over_us=0, upload_us=0)
            assert (before, len(list(blobs.keys(contents.PREFIX)))) == (3, 1)
        own_server.start()
        assert content_of(user, trial_id, "kept").content == kept


def test_equal_bytes_of_two_users_are_stored_once(tmp_path: Path) -> None:
    for name in ("lin", "ada"):
        add_user(tmp_path, name)
    with Database(tmp_path) as database:
        storage, receiving = Storage(database, open_blobs(None, tmp_path)), Receiving()
        for account_id in (1, 2):
            receiving.part(storage, Account(account_id, "", writing=True), digest_of(b"equal"), 5, 0, b"equal")
            receiving.small(storage, Account(account_id, "", writing=True), b"[5]\nequal")
        assert database.read(totals) == (1, 5)


@pytest.mark.sqlite
def test_an_id_that_is_given_again_never_gives_its_old_reader_other_bytes(tmp_path: Path) -> None:
    add_user(tmp_path, "lin")
    user = Account(1, "lin", writing=True)
    with Database(tmp_path) as database:
        storage, receiving = Storage(database, open_blobs(None, tmp_path)), Receiving()
        old, new = digest_of(b"old"), digest_of(b"new")
        receiving.small(storage, user, b"[3]\nold")
        (row,) = database.read(all_of)
        assert contents.read(storage, row.id, old, 0, 3) == b"old"
        database.write(lambda connection: connection.exec_driver_sql("DELETE FROM content_proof"))
        contents.sweep(storage, left_over_us=0)
        receiving.small(storage, user, b"[3]\nnew")
        assert database.read(all_of) == [ContentRow(row.id, new, 3)]  # SQLite has given the id again
        assert contents.read(storage, row.id, old, 0, 3) == b""
        assert contents.read(storage, row.id, new, 0, 3) == b"new"


@pytest.mark.sqlite
def test_what_ran_along_with_an_upload_that_another_replica_completed_is_not_believed(tmp_path: Path) -> None:
    add_user(tmp_path, "lin")
    user = Account(1, "lin", writing=True)
    with Database(tmp_path) as database:
        storage, here, elsewhere = Storage(database, open_blobs(None, tmp_path)), Receiving(), Receiving()
        here.part(storage, user, digest_of(b"ab"), 2, 0, b"a")
        elsewhere.part(storage, user, digest_of(b"ab"), 2, 1, b"b")
        with pytest.raises(RefusalError):  # the row of this upload has the id of that one
            here.part(storage, user, digest_of(b"acd"), 2, 0, b"cd")
        assert here.part(storage, user, digest_of(b"cd"), 2, 0, b"cd").is_complete


def test_a_trial_that_nobody_has_has_no_files(user: User) -> None:
    for answer in (put_files(user, new_id()), user.v2("GET", f"/trials/{new_id()}/files")):
        assert answer.status_code == 404


@pytest.mark.sqlite
def test_a_flipped_bit_and_a_lost_object_are_found_and_a_backup_has_the_bytes(
    own_server: RunningServer, tmp_path: Path
) -> None:
    whole, parts = os.urandom(3000), os.urandom(3000)
    with User(own_server) as user:
        trial_id = user.new_trial()
        send_small(user, whole)
        for start in (0, 2000):
            send_part(user, digest_of(parts), 3000, start, parts[start : start + 2000])
        put_files(user, trial_id, whole=whole, parts=parts)
        own_server.stop()
        assert operations.check(own_server.data_dir).faults == []
        backups.backup(own_server.data_dir, tmp_path / "b.db")
        objects = sorted((own_server.data_dir / "blobs" / "contents").rglob("*-*"))
        assert len(objects) == 3
        for path, content in ((path, path.read_bytes()) for path in objects):
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            (fault,) = operations.check(own_server.data_dir).faults
            assert "does not match its digest" in fault.what
            path.unlink()
            (fault,) = operations.check(own_server.data_dir).faults
            assert "no object" in fault.what
            path.write_bytes(content)
        shutil.rmtree(own_server.data_dir / "blobs")
        backups.restore(own_server.data_dir, tmp_path / "b.db")
        assert operations.check(own_server.data_dir).faults == []
        own_server.start()
        for path, content in (("whole", whole), ("parts", parts)):
            assert content_of(user, trial_id, path).content == content
            assert content_of(user, trial_id, path, "bytes=1990-2010").content == content[1990:2011]
