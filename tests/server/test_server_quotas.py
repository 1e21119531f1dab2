"""Quotas: what counts, who is refused and told what, and that no two uploads together get more than there is."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from aimd_core.errors import NotFoundError
from aimd_server import accounts
from tests.server.api import User, code_of, new_id, wish
from tests.server.test_server_contents import digest_of, put_files, send_part, send_small
from tests.support.postgres import Postgres
from tests.support.server import RunningServer

KIB = 1 << 10


def bound(user: User, size: int | None, folder: str = "/") -> None:
    accounts.set_quota(user.server.data_dir, user.name, folder, size)


def standing(user: User) -> dict[str, int] | None:
    quota: dict[str, int] | None = user.v2("GET", "/info").json()["quota"]
    return quota


def used(user: User) -> int:
    quota = standing(user)
    assert quota is not None
    return quota["used"]


def refused(answer: httpx.Response) -> dict[str, Any]:
    assert (answer.status_code, code_of(answer)) == (413, "quota_exceeded"), answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


def add(user: User, trial_id: str, **files: bytes) -> httpx.Response:
    sent = send_small(user, *files.values())
    return put_files(user, trial_id, **files) if sent.status_code == 200 else sent


def test_what_does_not_fit_is_refused_before_it_is_sent_and_says_who_holds_how_much(user: User) -> None:
    trial_id = user.new_trial()
    assert standing(user) is None
    bound(user, 100 * KIB)
    assert standing(user) == {"limit": 100 * KIB, "used": 0}
    assert add(user, trial_id, a=os.urandom(60 * KIB)).status_code == 200
    assert used(user) == 60 * KIB
    content = os.urandom(50 * KIB)
    asked = {"digests": [digest_of(content)], "sizes": [50 * KIB], "trial": trial_id}
    error = refused(user.v2("POST", "/contents/missing", json=asked))
    assert error["holder"] == f"user {user.name}"
    assert (error["limit"], error["used"], error["more"]) == (100 * KIB, 60 * KIB, 50 * KIB)
    refused(send_small(user, content))
    refused(send_part(user, digest_of(content), 50 * KIB, 0, content[:KIB]))
    assert used(user) == 60 * KIB
    assert add(user, trial_id, b=os.urandom(40 * KIB)).status_code == 200
    assert used(user) == 100 * KIB


def test_what_was_sent_and_is_in_nothing_counts_until_it_is(user: User) -> None:
    trial_id, content = user.new_trial(), os.urandom(60 * KIB)
    bound(user, 100 * KIB)
    assert send_part(user, digest_of(content), 60 * KIB, 0, content[:KIB]).status_code == 204
    assert used(user) == 60 * KIB  # it was announced
    refused(send_small(user, os.urandom(50 * KIB)))
    asked = {"digests": [digest_of(content)], "sizes": [60 * KIB], "trial": trial_id}
    assert user.v2("POST", "/contents/missing", json=asked).status_code == 200  # the same one goes on
    assert send_part(user, digest_of(content), 60 * KIB, KIB, content[KIB:]).status_code == 204
    assert used(user) == 60 * KIB
    assert put_files(user, trial_id, a=content).status_code == 200
    assert used(user) == 60 * KIB
    refused(put_files(user, trial_id, again=content))  # each name counts
    assert used(user) == 60 * KIB


def test_a_folder_holds_what_is_below_it_and_nothing_of_the_trash(user: User) -> None:
    inner = user.new_trial(folder={"path": "a/b", "make": True})
    beside = user.new_trial("other", folder={"path": "a2", "make": True})
    bound(user, 50 * KIB, "a")
    content = os.urandom(40 * KIB)
    assert add(user, inner, x=content).status_code == 200
    assert refused(put_files(user, inner, y=content))["holder"] == "folder /a"
    assert put_files(user, beside, x=content).status_code == 200
    shown = user.v2("GET", "/folders/by-path", params={"path": "/a"}).json()
    assert shown["quota"] == {"limit": 50 * KIB, "used": 40 * KIB}
    folders = user.v2("GET", "/folders").json()["folders"]
    assert {row["path"]: row["quota"] for row in folders if row["quota"]} == {"/a": shown["quota"]}
    assert code_of(user.v2("PATCH", f"/trials/{beside}", json={"folder": {"path": "a/b"}})) == "quota_exceeded"
    folder_id = user.v2("GET", "/folders/by-path", params={"path": "/a2"}).json()["id"]
    assert code_of(user.v2("PATCH", f"/folders/{folder_id}", json={"path": "/a/c"})) == "quota_exceeded"
    assert user.v2("PATCH", f"/trials/{inner}", json={"folder": {"path": "a"}}).status_code == 200
    assert user.v2("DELETE", f"/trials/{inner}").status_code == 204
    assert user.v2("PATCH", f"/trials/{beside}", json={"folder": {"path": "a/b"}}).status_code == 200
    assert code_of(user.v2("POST", f"/trials/{inner}/restore")) == "quota_exceeded"
    assert user.v2("PATCH", f"/trials/{beside}", json={"folder": {"path": "/"}}).status_code == 200
    assert user.v2("POST", f"/trials/{inner}/restore").status_code == 200


def test_the_trash_counts_for_its_owner_and_a_restored_folder_as_before(user: User) -> None:
    trial_id = user.new_trial(folder={"path": "gone", "make": True})
    bound(user, 50 * KIB)
    assert add(user, trial_id, x=os.urandom(40 * KIB)).status_code == 200
    folder_id = user.v2("GET", "/folders/by-path", params={"path": "/gone"}).json()["id"]
    assert user.v2("DELETE", f"/folders/{folder_id}").status_code == 204
    assert used(user) == 40 * KIB
    assert user.v2("POST", f"/folders/{folder_id}/restore").status_code == 200
    assert used(user) == 40 * KIB


def test_what_is_more_than_a_new_quota_stays_and_can_only_become_less(user: User) -> None:
    trial_id = user.new_trial()
    assert add(user, trial_id, a=os.urandom(60 * KIB), b=os.urandom(20 * KIB)).status_code == 200
    bound(user, 10 * KIB)
    assert used(user) == 80 * KIB
    refused(add(user, trial_id, c=b"x"))
    assert put_files(user, trial_id, remove=["b"]).status_code == 200
    user.patch(trial_id, 0, b"{}\n")  # numbers are always taken
    assert user.put(trial_id, wish()).status_code == 200
    bound(user, None)
    assert add(user, trial_id, c=b"x").status_code == 200


def test_an_editor_fills_the_owners_quota_and_not_an_own_one(user: User, stranger: User) -> None:
    trial_id = user.new_trial(folder={"path": "team/inner", "make": True})
    inner = user.v2("GET", "/folders/by-path", params={"path": "/team/inner"}).json()["id"]
    user.v2("POST", f"/folders/{inner}/shares", json={"user": stranger.name, "role": "editor"})
    bound(stranger, 1)
    bound(user, 50 * KIB, "team")
    content = os.urandom(40 * KIB)
    head = b"[%d]\n" % len(content)
    assert stranger.v2("POST", "/contents", content=head + content, params={"trial": trial_id}).status_code == 200
    assert put_files(stranger, trial_id, a=content).status_code == 200
    error = refused(put_files(stranger, trial_id, b=content))
    assert error["holder"] == "a folder above it"  # whose name is not the editor's to know
    assert "team" not in error["message"]
    hidden = stranger.v2("POST", "/contents", content=head + content, params={"trial": user.new_trial("private")})
    assert code_of(hidden) == "not_found"


def _artifact(user: User) -> str:
    uid = new_id()
    body = {"repo": "model", "type": "model", "folder": {"path": "/m", "make": True}}
    assert user.v2("PUT", f"/artifacts/{uid}", json=body).status_code == 200
    return uid


def test_artifacts_count_in_both_protocols_while_they_grow_and_when_final(user: User) -> None:
    uid, content = _artifact(user), os.urandom(40 * KIB)
    bound(user, 100 * KIB)
    send_small(user, content)
    sent = {"objects": [{"key": "a", "digest": digest_of(content)}]}
    assert user.v2("POST", f"/artifacts/{uid}/objects", json=sent).status_code == 204
    assert user.v2("POST", f"/artifacts/{uid}/objects", json=sent).status_code == 204  # the same again
    assert used(user) == 40 * KIB
    form = {"content": ("b", os.urandom(30 * KIB))}
    params = {"apikey": user.key, "key": "b"}
    at = f"{user.server.url}/apis/v1/artifacts/{uid}"
    assert user.http.post(f"{at}/objects", params=params, files=form).status_code == 200
    assert used(user) == 70 * KIB
    upload = user.http.post(f"{at}/multipart", params={**params, "key": "c"}).json()["uploadId"]
    part = {"apikey": user.key, "key": "c", "partNum": "1"}
    assert user.http.put(f"{at}/multipart/{upload}", params=part, content=os.urandom(20 * KIB)).status_code == 200
    assert used(user) == 90 * KIB
    answer = user.http.put(f"{at}/multipart/{upload}", params={**part, "partNum": "2"}, content=b"x" * 11 * KIB)
    assert answer.status_code == 413
    assert "may hold" in answer.text
    assert user.v2("POST", f"/artifacts/{uid}/finalize", json={}).status_code == 200
    assert used(user) == 70 * KIB
    assert user.http.post(f"{at}/objects", params=params, files=form).status_code == 400  # final
    assert user.v2("DELETE", f"/artifacts/{uid}").status_code == 204
    assert used(user) == 70 * KIB
    assert user.v2("POST", f"/artifacts/{uid}/restore").status_code == 200


def test_the_operator_sets_lists_and_removes_quotas(own_server: RunningServer) -> None:
    with User(own_server) as user:
        user.v2("POST", "/folders", json={"path": "/a"})
        bound(user, 5)
        bound(user, 7, "a")
        bound(user, 6)
        rows = accounts.quotas(own_server.data_dir)
        assert [(row["user"], row["folder"], row["used"], row["limit"]) for row in rows] == [
            (user.name, "/", 0, 6),
            (user.name, "/a", 0, 7),
        ]
        bound(user, None, "/a")
        assert len(accounts.quotas(own_server.data_dir)) == 1
        for name, path in (("nobody", "/"), (user.name, "/b"), (user.name, "/a"), (user.name, "../\0")):
            with pytest.raises(NotFoundError):
                accounts.set_quota(own_server.data_dir, name, path, None)


# Time between counting and committing, in which another replica counts, too, unless it has to wait.
SLOW_COUNT = """
import time
from aimd_server.stores import quotas
used = quotas.used
def slow(*given):
    counted = used(*given)
    time.sleep(0.4)
    return counted
quotas.used = slow
"""
NO_LOCK = """
on_paths = quotas.on_paths
quotas.on_paths = lambda connection, owner_id, paths, lock=False: on_paths(connection, owner_id, paths)
"""


def _granted_to_two_replicas(tmp_path: Path, url: str, plant: str = "") -> int:
    """Let two uploads at two replicas want all the room that is left, and return how many bytes are held then."""
    servers = []
    for number in range(2):
        data_dir = tmp_path / f"{number}{len(plant)}"
        data_dir.mkdir(mode=0o700)
        (data_dir / "server.yaml").write_text(json.dumps({"database": url}))
        servers.append(RunningServer(data_dir, before=SLOW_COUNT + plant))
    with servers[0], servers[1], User(servers[0]) as user, user.at(servers[1]) as other:
        trials = [user.new_trial(f"t{number}") for number in range(2)]
        contents = [os.urandom(KIB) for _ in trials]
        assert send_small(user, *contents).status_code == 200
        for content, trial_id in zip(contents, trials, strict=True):  # held by something, so no longer on its way
            put_files(user, trial_id, first=content)
        bound(user, 3 * KIB)
        assert standing(other) == {"limit": 3 * KIB, "used": 2 * KIB}
        with ThreadPoolExecutor(2) as threads:
            puts = [
                threads.submit(put_files, (user, other)[number % 2], trial_id, second=contents[number])
                for number, trial_id in enumerate(trials)
            ]
            codes = sorted(put.result().status_code for put in puts)
        assert codes == [200] * codes.count(200) + [413] * codes.count(413)
        return used(user) // KIB


def test_uploads_at_two_replicas_together_get_no_more_than_there_is(tmp_path: Path, postgres: Postgres) -> None:
    assert _granted_to_two_replicas(tmp_path, postgres.new_database()) == 3


def test_the_race_is_lost_without_the_lock(tmp_path: Path, postgres: Postgres) -> None:
    assert _granted_to_two_replicas(tmp_path, postgres.new_database(), NO_LOCK) > 3


def test_notes_count_for_no_quota_and_have_a_limit_of_their_own(user: User) -> None:
    folder = str(user.v2("POST", "/folders", json={"path": "noted"}).json()["id"])
    uid = user.new_trial("noted", folder={"id": folder})
    bound(user, 0)
    limit = user.v2("GET", "/info").json()["limits"]["note_chars"]
    for fits, status in ((True, 200), (False, 422)):
        note = "注" * (limit if fits else limit + 1)
        headers = {"If-Match": "*"}
        assert user.v2("PUT", f"/folders/{folder}/note", json={"note": note}, headers=headers).status_code == status
        assert user.v2("PATCH", f"/trials/{uid}", json={"note": note}).status_code == status
    assert standing(user) == {"limit": 0, "used": 0}
