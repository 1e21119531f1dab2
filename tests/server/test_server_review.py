"""Faults that a review found, each held here for ever: who moves what, what a limit keeps out, what a check reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from aimd_server.accounts import create_key, set_user
from aimd_server.operations import check
from aimd_server.routes.bodies import HeldBodies
from aimd_server.services import documents, keys, sharing, trial_lists
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import plotting, totals
from aimd_server.stores import watching
from aimd_server.stores.database import Database
from tests.server.api import User, code_of, line, new_id, wish
from tests.support.database_file import connected
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer


def _shared_trial(user: User, stranger: User, role: str = "editor") -> str:
    trial_id = user.new_trial("mine", folder={"path": "team/secret", "make": True})
    answer = user.v2("POST", f"/trials/{trial_id}/shares", json={"user": stranger.name, "role": role})
    assert answer.status_code == 201
    return trial_id


def test_an_editor_of_a_trial_alone_takes_it_out_of_no_folder_in_version_1_either(user: User, stranger: User) -> None:
    trial_id = _shared_trial(user, stranger)
    own = stranger.v2("POST", "/folders", json={"path": "loot"}).json()["id"]
    document = stranger.v1("GET", f"/trials/{trial_id}").json()["doc"]
    document["metadata"]["folder"] = own
    assert stranger.v1("PUT", f"/trials/{trial_id}", document).status_code == 403
    assert user.trial(trial_id)["folder"]["path"] == "/team/secret"
    assert stranger.v2("PATCH", f"/trials/{trial_id}", json={"folder": {"id": own}}).status_code == 403


def test_a_trial_that_its_owner_moves_by_version_1_into_a_shared_tree_is_then_that_trees(
    user: User, stranger: User
) -> None:
    theirs = stranger.v2("POST", "/folders", json={"path": "common"}).json()["id"]
    stranger.v2("POST", f"/folders/{theirs}/shares", json={"user": user.name, "role": "editor"})
    trial_id = _shared_trial(user, stranger, "viewer")
    document = user.v1("GET", f"/trials/{trial_id}").json()["doc"]
    document["metadata"]["folder"] = theirs
    assert user.v1("PUT", f"/trials/{trial_id}", document).status_code == 200
    moved = stranger.trial(trial_id)
    assert (moved["owner"], moved["folder"]["path"]) == (stranger.name, "/common")
    assert stranger.v2("GET", f"/trials/{trial_id}/shares").json() == {"shares": []}


def test_renaming_what_is_shared_alone_tells_nothing_of_its_neighbours(user: User, stranger: User) -> None:
    ids = [user.v2("POST", "/folders", json={"path": f"near/{name}", "parents": True}).json()["id"] for name in "ab"]
    user.v2("POST", f"/folders/{ids[0]}/shares", json={"user": stranger.name, "role": "editor"})
    answers = [stranger.v2("PATCH", f"/folders/{ids[0]}", json={"name": name}) for name in ("b", "free")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content


def test_an_upload_only_key_empties_no_trash(user: User) -> None:
    trial_id = user.new_trial("gone")
    user.v2("DELETE", f"/trials/{trial_id}")
    key = create_key(user.server.data_dir, user.name, scope="upload")
    url, headers = f"{user.server.url}/apis/v2/trials/{trial_id}", {"Authorization": f"Bearer {key}"}
    assert httpx.put(url, headers=headers, json=wish("gone"), verify=False).status_code == 403
    assert user.v2("POST", f"/trials/{trial_id}/restore").status_code == 200


@pytest.mark.parametrize("kind", ["folder", "trial"])
def test_a_public_link_dies_with_its_owners_account(user: User, kind: str) -> None:
    trial_id = user.new_trial()
    uid = trial_id if kind == "trial" else user.trial(trial_id)["folder"]["id"]
    link = user.v2("POST", f"/{kind}s/{uid}/shares", json={"link": True}).json()["key"]
    url, headers = f"{user.server.url}/apis/v2/trials/{trial_id}", {"Authorization": f"Bearer {link}"}
    origin = {"Origin": user.server.origin}
    signed_in = httpx.post(f"{user.server.url}/apis/v2/session", json={"key": link}, headers=origin, verify=False)
    cookie = {"Cookie": signed_in.headers["set-cookie"].split(";")[0]}
    for action, status in (("", 200), ("disable", 401), ("enable", 200)):
        if action:
            set_user(user.server.data_dir, user.name, action)
        assert [httpx.get(url, headers=shown, verify=False).status_code for shown in (headers, cookie)] == [
            status,
            status,
        ]


@pytest.mark.sqlite
def test_a_folder_with_more_folders_than_a_statement_takes_values_is_moved(own_server: RunningServer) -> None:
    with User(own_server) as user:
        top = user.v2("POST", "/folders", json={"path": "many"}).json()["id"]
        with closing(connected(own_server.data_dir / "aimd.db")) as database, database:
            database.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) INSERT INTO folder"
                " (uid, owner_id, parent_id, name, path, type, editor_id, created_us, updated_us)"
                " SELECT printf('%08x-0000-4000-8000-000000000000', i), owner_id, id, 'f' || i, '/many/f' || i, type,"
                " editor_id, 0, 0 FROM n, folder WHERE folder.path = '/many'"
            )
        answer = user.v2("PATCH", f"/folders/{top}", json={"name": "moved"}, timeout=PATIENCE_S)
        assert (answer.status_code, answer.json()["path"]) == (200, "/moved")


def test_a_document_of_too_many_parts_is_refused_before_it_fills_the_memory(user: User) -> None:
    many = b'{"name": "x", "metadata": {"a": [' + b"{}," * documents.MAX_BOXES + b"{}]}}"
    answer = user.v2("PUT", f"/trials/{new_id()}", content=many)
    assert (answer.status_code, code_of(answer)) == (422, "invalid")
    assert answer.json()["error"]["limit"] == documents.MAX_BOXES
    assert user.v1("POST", "/trials", ["[" * documents.MAX_BOXES]).status_code == 400


def test_a_folders_config_is_small_because_every_list_shows_it(user: User) -> None:
    body = {"metadata": {"name": "big"}, "config": {"a": "x" * (16 << 10)}}
    answer = user.v1("POST", "/folders", body)
    assert (answer.status_code, "16384 characters" in answer.text) == (400, True)


@pytest.mark.sqlite
def test_keys_and_shares_have_a_number(user: User, stranger: User, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [user.v2("POST", "/me/keys") for _ in range(keys.MAX_KEYS)]
    assert {answer.status_code for answer in answers[:-1]} == {201}
    assert (answers[-1].status_code, answers[-1].json()["error"]["limit"]) == (422, keys.MAX_KEYS)
    assert user.v2("DELETE", f"/me/keys/{answers[0].json()['id']}").status_code == 204
    assert user.v2("POST", "/me/keys").status_code == 201
    trial_id = user.new_trial()
    with closing(connected(user.server.data_dir / "aimd.db", timeout=PATIENCE_S)) as database, database:
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO share"
            " (trial_id, link_hash, role, created_us) SELECT trial.id, uid || i, 'viewer', 0 FROM n, trial"
            " WHERE uid = ?",
            (sharing.MAX_SHARES, trial_id),
        )
    answer = user.v2("POST", f"/trials/{trial_id}/shares", json={"user": stranger.name})
    assert (answer.status_code, answer.json()["error"]["limit"]) == (422, sharing.MAX_SHARES)


def test_bodies_in_memory_are_counted_and_forgotten() -> None:
    held = HeldBodies(10)
    first: dict[str, object] = {}
    held.take(first, 6)
    with pytest.raises(RefusalError, match="too many bodies"):
        held.take({}, 5)
    held.take(first, 4)
    held.release(first)
    held.release(first)
    assert held.held_bytes == 0


@pytest.mark.sqlite
def test_a_check_reads_small_files_too(own_server: RunningServer) -> None:
    with User(own_server) as user:
        trial_id = user.new_trial()
        for file in ("labels.yaml", "git.diff", "process.json"):
            user.v2("PUT", f"/trials/{trial_id}/files/{file}", content=b"a: 1\n" * 100)
    own_server.stop()
    sound = check(own_server.data_dir)
    assert (sound.faults, sound.documents, sound.size_bytes) == ([], 3, 1500)
    with closing(connected(own_server.data_dir / "aimd.db")) as database, database:
        change = "UPDATE trial_document SET codec = 0, data = ? WHERE file = ?"
        database.execute(change, (b"b: 1\n" * 100, "labels.yaml"))
        database.execute(change, (b"short", "git.diff"))
        database.execute("UPDATE trial_document SET data = x'00' WHERE file = 'process.json'")
    faults = {fault.where.split(", ")[1]: fault.what for fault in check(own_server.data_dir).faults}
    assert faults == {
        "labels.yaml": "does not match its digest",
        "git.diff": "has 5 bytes where 500 are due",
        "process.json": "cannot be unpacked",
    }


def test_parameters_are_as_large_as_lists_can_show(user: User) -> None:
    many = {"x": "y" * documents.MAX_PARAMETERS_CHARS}
    answer = user.put(new_id(), wish("large", parameters=many))
    assert (answer.status_code, answer.json()["error"]["limit"]) == (422, documents.MAX_PARAMETERS_CHARS)
    assert user.v1("POST", f"/trials/{user.new_trial()}/parameters", many).status_code == 400


def test_a_trial_has_so_many_metrics_types_in_its_summary_and_all_points_in_its_file(user: User) -> None:
    trial_id = user.new_trial()
    parts = [b"".join(line(1, metrics_type=f"t{number}") for number in range(part, part + 80)) for part in (0, 80, 40)]
    offset = 0
    for content in parts:
        assert user.patch(trial_id, offset, content).status_code == 204
        offset += len(content)
    metrics = user.trial(trial_id)["metrics"]
    assert len(metrics) == totals.MAX_TYPES == 100
    assert metrics["t50.loss"]["count"] == 2
    assert user.bytes_of(trial_id) == b"".join(parts)


def test_a_query_of_very_many_conditions_is_refused(user: User) -> None:
    query = " or ".join(["name = x"] * (trial_lists.MAX_CONDITIONS + 1))
    answer = user.v2("GET", "/trials", params={"where": query})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "where")


def test_a_plot_of_very_many_names_is_refused(user: User) -> None:
    body = {"trials": [user.new_trial()], "metrics": ["a.b"] * (plotting.MAX_METRICS + 1)}
    answer = user.v2("POST", "/metrics", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "metrics")


def test_more_trials_than_a_statement_takes_values_are_watched(database: Database) -> None:
    assert database.read(lambda connection: watching.rows(connection, list(range(300_000)))) == {}


def test_version_1_gives_many_points_of_interleaved_types_a_piece_at_a_time(user: User) -> None:
    trial_id = user.new_trial()
    odd = [{"a": float("nan"), "b": 10**30}, {"a": float("inf")}, {"c": "\ud800"}]
    wanted: dict[str, list[object]] = {"train": [], "val": []}
    offset = 0
    for part in range(3):
        content = b"".join(line(step, 1.0, kind) for step in range(4000) for kind in wanted)
        assert user.patch(trial_id, offset, content, packed=True).status_code == 204
        offset += len(content)
        for row in content.splitlines():
            ((kind, point),) = json.loads(row).items()
            wanted[kind].append(point)
        if part == 1:
            points = [{"value": value, "sequence": {"step": 1}} for value in odd]
            assert user.v1("POST", f"/trials/{trial_id}/metrics/odd", points).status_code == 200
            offset = len(user.bytes_of(trial_id))
    answer = user.v1("GET", f"/trials/{trial_id}/metrics")
    assert answer.headers["content-type"] == "application/json"
    got = json.loads(answer.text, parse_constant=lambda token: pytest.fail(f"{token} is no JSON"))
    assert [one["value"] for one in got.pop("odd")] == [{"a": None, "b": 10**30}, {"a": None}, {"c": "\ud800"}]
    assert got == wanted
    assert user.v1("GET", f"/trials/{user.new_trial('empty')}/metrics").json() == {}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path) as made:
        yield made
