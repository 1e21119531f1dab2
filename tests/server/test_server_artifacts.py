"""Artifacts on the server, beyond what a deployed client does: forms, parts, the trash, moves, links, proofs."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aimd_core.format.limits import MAX_CHANGES
from aimd_server.accounts import add_user
from aimd_server.blobs import open_blobs
from aimd_server.routes.forms import _Form
from aimd_server.services import artifact_bytes, artifact_lists, artifacts, contents
from aimd_server.services.artifact_bytes import Parts
from aimd_server.services.artifact_lists import ArtifactListRequest
from aimd_server.services.artifacts import ObjectsWish, SentObject
from aimd_server.services.request_errors import RefusalError
from aimd_server.storage import Storage
from aimd_server.stores import artifacts as stored_artifacts
from aimd_server.stores.accounts import Account
from aimd_server.stores.contents import totals
from aimd_server.stores.database import Database
from tests.server.api import User, new_id

BOUNDARY = b"xyz"
CONTENT = b"\r\n--xy\r\n--\r\n--xyzz--xyz\r\n-\r\n--x" * 3


def _form(*fields: tuple[str, bytes], end: bytes = b"--xyz--\r\n") -> bytes:
    head = b'--xyz\r\nContent-Disposition: form-data; name="%s"; filename="f"\r\nContent-Type: x/y\r\n\r\n%s\r\n'
    return b"".join(head % (name.encode(), content) for name, content in fields) + end


def _read(body: bytes, size: int) -> tuple[bytes, bool]:
    form = _Form(BOUNDARY, "content")
    pieces = [form.feed(body[start : start + size]) for start in range(0, len(body), size)]
    return b"".join(pieces), form.is_whole


def test_a_form_gives_its_field_however_it_is_cut() -> None:
    content = CONTENT.replace(b"\r\n--xyz", b"\r\n--xyy")
    body = b"preamble\r\n" + _form(("other", b"1" * 40_000), ("content", content), ("content", b"second"))
    for size in (1, 2, 3, 7, 64, 1_000, len(body)):
        assert _read(body, size) == (content, True)
    body = b"preamble\r\n" + _form(("other", b"1" * 200), ("content", content), ("content", b"second"))
    for end in range(len(body) - 20):
        read, is_whole = _read(body[:end], 50)
        assert content.startswith(read)
        assert not is_whole
    assert _read(_form(("other", b"x")), 5) == (b"", False)


def test_the_form_test_finds_a_parser_that_looks_at_each_piece_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    true = _Form._drop

    def planted(form: _Form, count: int, content: bytearray) -> None:
        true(form, len(form._buffer) if count == len(form._buffer) - len(form._delimiter) + 1 else count, content)

    monkeypatch.setattr(_Form, "_drop", planted)
    with pytest.raises(AssertionError):
        test_a_form_gives_its_field_however_it_is_cut()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _make(user: User, repo: str = "repo", folder: str = "/f", **objects: bytes) -> dict[str, Any]:
    """Make a final artifact by version 2."""
    uid = new_id()
    wish = {"repo": repo, "type": "model", "folder": {"path": folder, "make": True}}
    assert user.v2("PUT", f"/artifacts/{uid}", json=wish).status_code == 200
    for content in objects.values():
        user.v2("POST", "/contents", content=b"[%d]\n%s" % (len(content), content))
    sent = {"objects": [{"key": key, "digest": _digest(content)} for key, content in objects.items()]}
    assert user.v2("POST", f"/artifacts/{uid}/objects", json=sent).status_code == 204
    final: dict[str, Any] = user.v2("POST", f"/artifacts/{uid}/finalize", json={}).json()
    return final


@pytest.mark.parametrize("body", [_form(*[("other", b"")] * 200, ("content", b"x")), _form(("other" * 4_000, b""))])
def test_a_form_of_many_fields_or_with_a_long_head_is_refused(body: bytes) -> None:
    with pytest.raises(RefusalError):
        _read(body, len(body))


def test_a_part_that_was_replaced_at_another_replica_makes_no_wrong_digest(tmp_path: Path) -> None:
    with _artifact(tmp_path) as (storage, user, uid):
        here, elsewhere = Parts(), Parts()
        upload = artifact_bytes.begin(storage.database, user, uid, "a")
        here.put(storage, user, uid, upload, "a", 1, b"true")
        parts = [
            elsewhere.put(storage, user, uid, upload, "a", 1, b"evil"),
            here.put(storage, user, uid, upload, "a", 2, b" end"),
        ]
        named = {"parts": [{"etag": etag, "partNumber": number} for number, etag in enumerate(parts, 1)]}
        here.complete(storage, user, uid, upload, "a", named)
        (row,) = artifacts.listed_objects(storage.database, user, uid)
        assert row.digest == _digest(b"evil end")


def test_nothing_is_added_to_what_became_final_meanwhile(tmp_path: Path) -> None:
    with _artifact(tmp_path) as (storage, user, uid):
        before = storage.database.read(lambda connection: artifacts.load_open(connection, user, uid))
        version = artifacts.finalize(storage.database, user, uid)
        with pytest.raises(RefusalError):
            storage.database.write(lambda connection: artifacts.set_objects(connection, user, before, {}))
        assert artifacts.finalize(storage.database, user, uid) == version == "v1"


def test_parts_that_no_object_was_made_of_go_when_the_artifact_is_final(tmp_path: Path) -> None:
    with _artifact(tmp_path) as (storage, user, uid):
        parts, name = Parts(), "a"
        for _ in range(2):  # as after an answer that was lost
            upload = artifact_bytes.begin(storage.database, user, uid, name)
            etag = parts.put(storage, user, uid, upload, name, 1, upload.encode())
        named = {"parts": [{"etag": etag, "partNumber": 1}]}
        parts.complete(storage, user, uid, upload, name, named)
        artifacts.finalize(storage.database, user, uid)
        contents.sweep(storage, left_over_us=0)
        assert storage.database.read(totals) == (1, len(upload))
        assert len(list(storage.blobs.keys(contents.PREFIX))) == 1


def test_more_objects_than_an_artifact_may_have_are_refused_before_it_is_final(tmp_path: Path) -> None:
    with _artifact(tmp_path) as (storage, user, uid):
        (digest,) = contents.Receiving().small(storage, user, b"[1]\nx")
        for start in range(0, artifacts.MAX_OBJECTS, MAX_CHANGES):
            some = [SentObject(str(start + number), digest) for number in range(MAX_CHANGES)]
            artifacts.put_objects(storage.database, user, uid, ObjectsWish(some))
        with pytest.raises(RefusalError):
            artifacts.put_objects(storage.database, user, uid, ObjectsWish([SentObject("more", digest)]))
        artifacts.put_objects(storage.database, user, uid, ObjectsWish([SentObject("0", digest)]))


@contextmanager
def _artifact(data_dir: Path) -> Iterator[tuple[Storage, Account, str]]:
    """Yield a storage, its user, and an artifact that is not final, without a server."""
    add_user(data_dir, "lin")
    user = Account(1, "lin", writing=True)
    with Database(data_dir) as database:
        storage = Storage(database, open_blobs(None, data_dir))
        yield storage, user, artifacts.create(database, user, "root", "r", "model", {"metadata": {"id": new_id()}})


def test_parts_in_any_order_make_the_object_and_others_do_not(user: User) -> None:
    folder = user.v2("POST", "/folders", json={"path": "/parts", "parents": True}).json()["id"]
    pieces = [bytes([number]) * (100_000 + number) for number in range(4)]
    for order in itertools.islice(itertools.permutations(range(4)), 0, 24, 5):
        body = {"metadata": {"id": new_id()}}
        uid = user.v1("POST", "/artifacts", body, folder=folder, repo="r", type="model").json()["id"]
        upload = user.v1("POST", f"/artifacts/{uid}/multipart", key="a/b").json()["uploadId"]
        url = f"{user.server.url}/apis/v1/artifacts/{uid}/multipart/{upload}"
        etags: dict[int, str] = {}
        for number in (order[0], *order):  # the first one twice, first with other bytes
            content = pieces[number] if etags else b"other"
            query = {"apikey": user.key, "key": "a/b", "partNum": str(number + 1)}
            etags[number] = user.http.put(url, params=query, content=content).json()["etag"]
        named = [{"etag": etags[number], "partNumber": number + 1} for number in range(4)]
        for wrong in (named[:3], named[::-1], [{**named[0], "etag": '"0"'}, *named[1:]], "x", None):
            answer = user.v1("POST", f"/artifacts/{uid}/multipart/{upload}", {"parts": wrong}, key="a/b")
            assert answer.status_code == 400
        done = user.v1("POST", f"/artifacts/{uid}/multipart/{upload}", {"parts": named}, key="a/b")
        assert done.status_code == 200, done.text
        listed = user.v1("GET", f"/artifacts/{uid}/objects/ls").json()["results"]
        assert listed[0]["checksum"].strip('"') == _digest(b"".join(pieces))
        got = user.http.get(
            f"{user.server.url}/apis/v1/artifacts/{uid}/objects", params={"apikey": user.key, "key": "a/b"}
        )
        assert got.content == b"".join(pieces)


def test_a_digest_gives_nobody_the_bytes(user: User, stranger: User) -> None:
    secret = b"a secret that only lin has"
    _make(user, a=secret)
    uid = new_id()
    stranger.v2("PUT", f"/artifacts/{uid}", json={"repo": "r", "type": "model"})
    sent = {"objects": [{"key": "a", "digest": _digest(secret)}]}
    answer = stranger.v2("POST", f"/artifacts/{uid}/objects", json=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "content_missing")


def test_a_version_is_never_given_twice_and_the_trash_gives_back(user: User) -> None:
    first, second = (_make(user, "trashed", a=b"%d" % number) for number in range(2))
    assert user.v2("DELETE", f"/artifacts/{second['id']}").status_code == 204
    tag = {"folder": "/f", "repo": "trashed"}
    assert user.v2("GET", "/artifacts/by-tag", params=tag).json()["id"] == first["id"]
    (item,) = [row for row in user.v2("GET", "/trash").json()["items"] if row["id"] == second["id"]]
    assert (item["kind"], item["name"]) == ("artifact", "trashed:v2")
    third = _make(user, "trashed", a=b"3")
    assert third["version"] == "v3"
    assert user.v2("POST", f"/artifacts/{second['id']}/restore").json()["version"] == "v2"
    assert user.v2("GET", "/artifacts/by-tag", params=tag).json()["id"] == third["id"]


def test_an_artifact_in_the_trash_comes_back_when_it_is_sent_again(user: User, stranger: User) -> None:
    made = _make(user, "sent_again", a=b"bytes")
    wish = {"repo": "sent_again", "type": "model", "folder": {"path": "/f", "make": True}}
    user.v2("DELETE", f"/artifacts/{made['id']}")
    assert stranger.v2("PUT", f"/artifacts/{made['id']}", json=wish).status_code == 404
    answer = user.v2("PUT", f"/artifacts/{made['id']}", json=wish)
    assert (answer.status_code, answer.json()["version"], answer.json()["commit"]) == (200, "v1", made["commit"])
    assert user.v2("GET", f"/artifacts/{made['id']}/content", params={"key": "a"}).content == b"bytes"


def test_an_artifact_whose_repo_is_in_the_trash_is_made_anew(user: User, stranger: User) -> None:
    made = _make(user, "repo_gone", a=b"bytes")
    user.v2("DELETE", f"/folders/{made['folder']['id']}")
    wish = {"repo": "repo_gone", "type": "model", "folder": {"path": "/f", "make": True}}
    assert stranger.v2("PUT", f"/artifacts/{made['id']}", json=wish).status_code == 404
    key = user.v2("POST", "/me/keys", json={"name": "sends", "scope": "upload"}).json()["key"]
    with User(user.server, user.name, key) as sending:
        assert sending.v2("PUT", f"/artifacts/{made['id']}", json=wish).status_code == 403
    answer = user.v2("PUT", f"/artifacts/{made['id']}", json=wish)
    assert (answer.status_code, answer.json()["version"], answer.json()["objects"]) == (200, None, 0)


def test_a_repo_is_a_folder_so_its_rights_move_with_it(user: User, stranger: User) -> None:
    made = _make(user, "moving", a=b"bytes")
    user.v2("POST", "/folders", json={"path": "/open", "parents": True})
    folder = user.v2("GET", "/folders/by-path", params={"path": "/open"}).json()["id"]
    user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name, "role": "viewer"})
    assert stranger.v2("GET", f"/artifacts/{made['id']}").status_code == 404
    user.v2("PATCH", f"/folders/{made['folder']['id']}", json={"path": "/open/renamed"})
    seen = stranger.v2("GET", f"/artifacts/{made['id']}").json()
    assert (seen["name"], seen["role"], seen["folder"]["path"]) == ("renamed", "viewer", "/open/renamed")
    assert stranger.v2("GET", f"/artifacts/{made['id']}/content", params={"key": "a"}).content == b"bytes"
    user.v2("DELETE", f"/folders/{made['folder']['id']}")
    assert stranger.v2("GET", f"/artifacts/{made['id']}").status_code == 404


def test_a_public_link_shows_which_artifacts_there_are_but_no_bytes(user: User) -> None:
    made = _make(user, "linked", "/secret/public", a=b"bytes")
    folder = user.v2("GET", "/folders/by-path", params={"path": "/secret/public"}).json()["id"]
    key = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    with User(user.server, "link", key) as link:
        shown = link.v2("GET", f"/artifacts/{made['id']}").json()
        assert (shown["version"], shown["editor"], shown["owner"]) == ("v1", "", "")
        listed = link.v2("GET", "/artifacts", params={"folder_id": folder}).json()["artifacts"]
        assert [row["folder"]["path"] for row in (shown, *listed)] == ["/public/linked"] * 2
        assert [row["key"] for row in link.v2("GET", f"/artifacts/{made['id']}/objects").json()["objects"]] == ["a"]
        for path in (f"/artifacts/{made['id']}/content", f"/artifacts/{made['id']}/lineage"):
            assert link.v2("GET", path, params={"key": "a"}).status_code == 404


def test_a_public_link_shows_nothing_that_a_client_has_written_into_an_artifact_besides(user: User) -> None:
    folder = user.v2("POST", "/folders", json={"path": "/told", "parents": True}).json()["id"]
    body = {"metadata": {"id": new_id(), "host": "gpu7"}, "description": "d", "creator": {"path": "/home/lin"}}
    uid = user.v1("POST", "/artifacts", body, folder=folder, repo="r", type="model").json()["id"]
    user.v1("PUT", f"/artifacts/{uid}/finalize")
    key = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    with User(user.server, "link", key) as link:
        for path, query in ((f"/artifacts/{uid}", {}), ("/artifacts", {"folder": folder, "repo": "r"})):
            told, seen = user.v1("GET", path, **query).text, link.v1("GET", path, **query).text
            assert "gpu7" in told
            assert ('"description":"d"' in seen, "gpu7" in seen, "/home/lin" in seen) == (True, False, False)


def test_a_list_of_artifacts_reads_few_documents_at_once_and_leaves_none_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []
    true = stored_artifacts._rows

    def counted(*facts: Any) -> list[Any]:
        rows = true(*facts)
        at_once.append(len(rows))
        return rows

    with _artifact(tmp_path) as (storage, user, _):
        uids = [new_id() for _ in range(2 * artifact_lists._AT_ONCE + 1)]
        for uid in uids:
            artifacts.create(storage.database, user, "root", "many", "model", {"metadata": {"id": uid}})
            artifacts.finalize(storage.database, user, uid)
        monkeypatch.setattr(stored_artifacts, "_rows", counted)
        for limit in (1, artifact_lists._AT_ONCE - 1, artifact_lists._AT_ONCE, len(uids) - 1, len(uids), 500):
            listed, cursor = [], None
            while cursor is not None or not listed:
                page = artifact_lists.listed(
                    storage.database, user, ArtifactListRequest("/many", limit=limit, cursor=cursor)
                )
                assert len(page["artifacts"]) <= limit
                listed += [item["id"] for item in page["artifacts"]]
                cursor = page["next"]
            assert listed == uids[::-1]
        wish = artifact_lists.ArtifactBatch([*uids, "none", *uids])
        answer = artifact_lists.batch(storage.database, user, wish)
        assert ([item["id"] for item in answer["artifacts"]], answer["missing"]) == (uids, ["none"])
    assert max(at_once) <= artifact_lists._AT_ONCE + 1


def test_bytes_come_from_the_middle_on(user: User) -> None:
    made = _make(user, "ranged", a=b"0123456789")
    answer = user.v2("GET", f"/artifacts/{made['id']}/content", params={"key": "a"}, headers={"Range": "bytes=4-"})
    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, b"456789", "bytes 4-9/10")


def test_lineage_ends_at_what_one_may_not_see(user: User, stranger: User) -> None:
    data, model = _make(user, "data", "/lineage/open", a=b"d"), _make(user, "model", "/lineage/closed", a=b"m")
    trial = user.new_trial("t", folder={"path": "/lineage/closed", "make": True})
    document = user.v1("GET", f"/trials/{trial}").json()["doc"]
    user.v1("PUT", f"/trials/{trial}", {**document, "inputArtifacts": [data["id"]], "outputArtifacts": [model["id"]]})
    whole = user.v2("GET", f"/artifacts/{data['id']}/lineage").json()
    assert {node["id"] for node in whole["nodes"]} == {data["id"], model["id"], trial}
    folder = user.v2("GET", "/folders/by-path", params={"path": "/lineage/open"}).json()["id"]
    user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name, "role": "viewer"})
    part = stranger.v2("GET", f"/artifacts/{data['id']}/lineage").json()
    assert ([node["id"] for node in part["nodes"]], part["edges"]) == ([data["id"]], [])
    assert stranger.v2("GET", f"/artifacts/{model['id']}/lineage").status_code == 404


def test_an_upload_that_is_repeated_sends_the_document_that_is_here_now_until_the_artifact_is_final(user: User) -> None:
    uid = new_id()
    wish = {"repo": "again", "type": "model", "folder": {"path": "/f", "make": True}}
    before = {**wish, "metadata": {"description": "first", "aliases": ["old"]}}
    after = {
        **wish,
        "folder": {"path": "/elsewhere", "make": True},
        "metadata": {"description": "second", "aliases": []},
    }
    assert user.v2("PUT", f"/artifacts/{uid}", json=before).json()["description"] == "first"
    shown = user.v2("PUT", f"/artifacts/{uid}", json=after).json()
    assert (shown["description"], shown["aliases"], shown["folder"]["path"]) == ("second", [], "/f/again")
    user.v2("POST", f"/artifacts/{uid}/finalize", json={})
    assert user.v2("PUT", f"/artifacts/{uid}", json=before).json()["description"] == "second"
