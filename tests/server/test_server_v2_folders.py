"""Version 2: the folder tree, what people do with trials by hand, and the trash, as docs/reference/http-api.md says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aimd_server.accounts import add_user
from aimd_server.blobs.disk import DiskBlobs
from aimd_server.maintenance import maintaining
from aimd_server.services import folder_tree, trash
from aimd_server.services.clock import now_us
from aimd_server.services.folder_tree import FolderChange, FolderListRequest, NewFolder
from aimd_server.services.identity import account_of, create_key
from aimd_server.services.request_errors import RefusalError
from aimd_server.storage import joined
from aimd_server.stores import health
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from tests.server.api import User, code_of, line, new_id, wish


def make(user: User, path: str, parents: bool = True) -> str:
    answer = user.v2("POST", "/folders", json={"path": path, "parents": parents})
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


def paths(user: User, **query: Any) -> list[str]:
    return [row["path"] for row in user.v2("GET", "/folders", params=query).json()["folders"]]


def test_a_folder_is_made_with_its_parents_and_found_by_path_and_id(user: User) -> None:
    answer = user.v2("POST", "/folders", json={"path": "a/b/c", "parents": True})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["path"], made["name"], made["owner"], made["role"]) == ("/a/b/c", "c", user.name, "owner")
    assert user.v2("GET", f"/folders/{made['id']}").json() == made
    assert user.v2("GET", "/folders/by-path", params={"path": "/a/b/c/"}).json() == made
    assert paths(user) == ["/a", "/a/b", "/a/b/c"]
    again = user.v2("POST", "/folders", json={"path": "/a/b/c", "parents": True})
    assert (again.status_code, again.json()["id"]) == (200, made["id"])


def test_without_parents_a_missing_parent_or_a_taken_name_is_refused(user: User) -> None:
    answer = user.v2("POST", "/folders", json={"path": "x/y"})
    assert (answer.status_code, code_of(answer)) == (404, "folder_not_found")
    make(user, "x")
    answer = user.v2("POST", "/folders", json={"path": "x"})
    assert (answer.status_code, code_of(answer)) == (409, "name_taken")
    parent = user.v2("GET", "/folders/by-path", params={"path": "x"}).json()["id"]
    answer = user.v2("POST", "/folders", json={"parent": parent, "name": "y"})
    assert answer.json()["path"] == "/x/y"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"path": "a", "name": "b"}, {"name": "a/b"}, {"name": ".."}, {"name": ""}, {"path": "a/../b"},
        {"name": "x" * 256}, {"path": "/".join("a" * 33), "parents": True}, {"path": 3}, {"path": "a", "more": 1},
        {"path": "/"}, [],
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_is_refused(user: User, body: object) -> None:
    answer = user.v2("POST", "/folders", json=body)
    assert answer.status_code in (409, 422), answer.text
    assert paths(user) == []


def test_folders_come_in_pages_by_path_and_by_depth(user: User) -> None:
    for path in ("a/b/c", "d", "e/f"):
        make(user, path)
    found, inside, query = [], [], {"limit": "2"}
    while True:
        page = user.v2("GET", "/folders", params=query).json()
        found += [row["path"] for row in page["folders"]]
        inside += [row["folders"] for row in page["folders"]]
        if not page["next"]:
            break
        query["cursor"] = page["next"]
    assert found == ["/a", "/a/b", "/a/b/c", "/d", "/e", "/e/f"]
    assert inside == [1, 1, 0, 0, 1, 0]
    assert paths(user, depth="1") == ["/a", "/d", "/e"]
    assert paths(user, path="a", depth="1") == ["/a/b"]
    for query in ({"limit": "0"}, {"limit": "501"}, {"depth": "0"}, {"depth": "x"}, {"cursor": "!"}, {"limit": "-1"}):
        assert user.v2("GET", "/folders", params=query).status_code == 422, query


def test_a_rename_moves_all_below_and_the_trials_in_it(user: User) -> None:
    trial_id = user.new_trial(folder={"path": "a/b/c", "make": True})
    make(user, "ab")  # its path begins with the same letters and must stay
    folder = user.v2("GET", "/folders/by-path", params={"path": "a"}).json()["id"]
    answer = user.v2("PATCH", f"/folders/{folder}", json={"name": "z%_"})
    assert (answer.status_code, answer.json()["path"]) == (200, "/z%_")
    assert paths(user) == ["/ab", "/z%_", "/z%_/b", "/z%_/b/c"]
    assert user.trial(trial_id)["folder"]["path"] == "/z%_/b/c"
    assert [row["trials"] for row in user.v2("GET", "/folders").json()["folders"]] == [0, 0, 0, 1]


def test_a_move_into_itself_onto_a_taken_name_or_of_the_root_is_refused(user: User) -> None:
    make(user, "a/b/c")
    make(user, "d/b")
    ids = {row["path"]: row["id"] for row in user.v2("GET", "/folders").json()["folders"]}
    for parent in ("/a", "/a/b", "/a/b/c"):
        answer = user.v2("PATCH", f"/folders/{ids['/a']}", json={"parent": ids[parent]})
        assert (answer.status_code, code_of(answer)) == (422, "invalid"), parent
    answer = user.v2("PATCH", f"/folders/{ids['/a/b']}", json={"parent": ids["/d"]})
    assert (answer.status_code, code_of(answer)) == (409, "name_taken")
    assert user.v2("PATCH", "/folders/root", json={"name": "x"}).status_code == 422
    assert user.v2("DELETE", "/folders/root").status_code == 422
    answer = user.v2("PATCH", f"/folders/{ids['/a/b']}", json={"parent": ids["/d"], "path": "x"})
    assert answer.status_code == 422
    answer = user.v2("PATCH", f"/folders/{ids['/a/b']}", json={"path": "/d/b2"})
    assert answer.json()["path"] == "/d/b2"
    assert paths(user) == ["/a", "/d", "/d/b", "/d/b2", "/d/b2/c"]


def test_a_move_that_would_make_a_path_too_deep_is_refused(user: User) -> None:
    make(user, "/".join("a" * 20))
    make(user, "/".join("b" * 20))
    bottom = user.v2("GET", "/folders/by-path", params={"path": "/".join("b" * 20)}).json()["id"]
    top = user.v2("GET", "/folders/by-path", params={"path": "a"}).json()["id"]
    answer = user.v2("PATCH", f"/folders/{top}", json={"parent": bottom})
    assert (answer.status_code, answer.json()["error"]["limit"]) == (422, 32)


def test_a_deleted_folder_is_gone_with_its_trials_and_comes_back_with_them(user: User) -> None:
    trial_id = user.new_trial(folder={"path": "a/b", "make": True})
    user.patch(trial_id, 0, line(1))
    folder = user.v2("GET", "/folders/by-path", params={"path": "a"}).json()["id"]
    assert user.v2("DELETE", f"/folders/{folder}").status_code == 204
    assert paths(user) == []
    assert user.v2("GET", f"/trials/{trial_id}").status_code == 404
    assert user.v2("GET", f"/folders/{folder}").status_code == 404
    assert user.v2("DELETE", f"/folders/{folder}").status_code == 404
    assert user.patch(trial_id, len(line(1)), line(2)).status_code == 404
    assert user.v2("GET", "/trials").json()["trials"] == []
    assert user.v1("GET", "/folders").json()["folders"] == []
    assert user.v2("GET", "/folders/root").json()["folders"] == 0
    make(user, "a")  # its name is free
    (item,) = user.v2("GET", "/trash").json()["items"]
    assert (item["kind"], item["id"], item["name"], item["folder"], item["by"]) == (
        "folder", folder, "a", "/", user.name,
    )  # fmt: skip
    answer = user.v2("POST", f"/folders/{folder}/restore")
    assert (answer.status_code, code_of(answer)) == (409, "name_taken")
    answer = user.v2("POST", f"/folders/{folder}/restore", json={"name": "old"})
    assert answer.json()["path"] == "/old"
    assert user.trial(trial_id)["folder"]["path"] == "/old/b"
    assert user.bytes_of(trial_id) == line(1)
    assert user.v2("GET", "/trash").json()["items"] == []


def test_what_lay_in_the_trash_before_stays_there_when_a_folder_around_it_comes_and_goes(user: User) -> None:
    inner = make(user, "a/b")
    outer = user.v2("GET", "/folders/by-path", params={"path": "a"}).json()["id"]
    for folder in (inner, outer):
        assert user.v2("DELETE", f"/folders/{folder}").status_code == 204
    assert user.v2("POST", f"/folders/{outer}/restore").status_code == 200
    assert paths(user) == ["/a"]
    assert user.v2("POST", f"/folders/{inner}/restore").json()["path"] == "/a/b"


def test_a_trial_is_renamed_moved_tagged_and_annotated_in_one_go_or_not_at_all(user: User) -> None:
    trial_id, other = user.new_trial("one"), user.new_trial("two")
    body = {"name": "uno", "folder": {"path": "best", "make": True}, "tags": ["b", "a", "a"], "note": "看\nhere"}
    answer = user.v2("PATCH", f"/trials/{trial_id}", json=body)
    assert answer.status_code == 200
    shown = user.trial(trial_id)
    assert (shown["name"], shown["folder"]["path"], shown["tags"], shown["note"]) == (
        "uno", "/best", ["b", "a"], "看\nhere",
    )  # fmt: skip
    answer = user.v2("PATCH", f"/trials/{other}", json={"name": "uno", "folder": {"path": "best"}, "note": "x"})
    assert (answer.status_code, code_of(answer)) == (409, "name_taken")
    assert (user.trial(other)["note"], user.trial(other)["name"]) == ("", "two")
    for wrong in ({"name": "a/b"}, {"tags": ["a,b"]}, {"tags": [""]}, {"tags": ["x"] * 65}, {"note": 1}, {"nme": "x"}):
        assert user.v2("PATCH", f"/trials/{other}", json=wrong).status_code == 422, wrong
    assert user.v2("PATCH", f"/trials/{other}", json={"folder": {"path": "nowhere"}}).status_code == 404
    assert user.put(trial_id, wish("one")).json()["outcome"] == "unchanged"  # an upload undoes nothing of it
    assert user.trial(trial_id)["tags"] == ["b", "a"]


def test_many_trials_come_in_the_order_asked_for_with_those_that_are_not_there(user: User, stranger: User) -> None:
    mine, theirs, nobodys = [user.new_trial(str(n)) for n in range(3)], stranger.new_trial(), new_id()
    answer = user.v2("POST", "/trials/batch", json={"ids": [mine[2], theirs, mine[0], nobodys, mine[2]]}).json()
    assert [row["id"] for row in answer["trials"]] == [mine[2], mine[0]]
    assert answer["missing"] == [theirs, nobodys]
    assert user.v2("POST", "/trials/batch", json={"ids": [nobodys] * 501}).status_code == 422


def test_a_deleted_trial_frees_its_name_and_comes_back(user: User) -> None:
    first = user.new_trial("cnn")
    user.patch(first, 0, line(1))
    assert user.v2("DELETE", f"/trials/{first}").status_code == 204
    second = user.new_trial("cnn")
    assert user.trial(second)["name"] == "cnn"
    answer = user.v2("POST", f"/trials/{first}/restore")
    assert (answer.status_code, code_of(answer)) == (409, "name_taken")
    answer = user.v2("POST", f"/trials/{first}/restore", json={"name": "older"})
    assert (answer.status_code, answer.json()["name"]) == (200, "older")
    assert user.bytes_of(first) == line(1)
    assert user.v2("POST", f"/trials/{first}/restore").status_code == 404


def test_version_1_deletes_so_that_name_and_id_are_free(user: User) -> None:
    trial_id = user.new_trial("cnn", folder={"path": "/default", "make": True})
    assert user.v1("DELETE", f"/trials/{trial_id}").status_code == 200
    folder = user.v2("GET", "/folders/by-path", params={"path": "default"}).json()["id"]
    assert user.v1("GET", "/trials/id", folder=folder, name="cnn").status_code == 500
    body = {"kind": "Trial", "metadata": {"name": "cnn", "id": trial_id, "folder": folder}, "status": "Running"}
    assert user.v1("POST", "/trials", body).json() == {"id": trial_id}
    assert user.v2("GET", "/trash").json()["items"] == []


def test_an_id_in_somebody_elses_trash_is_as_taken_as_before(user: User, stranger: User) -> None:
    trial_id = user.new_trial()
    user.v2("DELETE", f"/trials/{trial_id}")
    assert stranger.put(trial_id).status_code == 404
    assert stranger.v2("POST", f"/trials/{trial_id}/restore").status_code == 404
    assert [item["id"] for item in user.v2("GET", "/trash").json()["items"]] == [trial_id]


def test_replace_puts_what_was_there_into_the_trash(user: User) -> None:
    first = user.new_trial("cnn")
    user.new_trial("cnn", on_conflict="replace")
    assert [item["id"] for item in user.v2("GET", "/trash").json()["items"]] == [first]


def test_the_trash_comes_in_pages_last_deleted_first(user: User) -> None:
    ids = [user.new_trial(str(number)) for number in range(5)]
    for trial_id in ids:
        user.v2("DELETE", f"/trials/{trial_id}")
    found, query = [], {"limit": "2"}
    while True:
        page = user.v2("GET", "/trash", params=query).json()
        found += [item["id"] for item in page["items"]]
        if not page["next"]:
            break
        query["cursor"] = page["next"]
    assert found == ids[::-1]
    for cursor in ("x", "MSAy", "!!"):
        assert user.v2("GET", "/trash", params={"cursor": cursor}).status_code == 422


class Tree:
    """A database with one user, without a server before it."""

    def __init__(self, path: Path) -> None:
        add_user(path, "lin")
        self.database = Database(path)
        found = account_of(self.database, create_key(self.database, "lin"))
        assert found is not None
        self.user = Account(found.id, found.name, writing=True)

    def paths(self) -> list[str]:
        listed = folder_tree.listed(self.database, self.user, FolderListRequest(limit=500))["folders"]
        return [row["path"] for row in json.loads(json.dumps(listed))]

    def id_of(self, path: str) -> str:
        return str(folder_tree.one(self.database, self.user, None, path)["id"])

    def faults(self) -> list[health.Fault]:
        return self.database.read(
            lambda c: [*health.engine_faults(c), *health.orphans(c), *health.misplaced_folders(c)]
        )


@pytest.fixture
def own_tree(tmp_path: Path) -> Iterator[Tree]:
    made = Tree(tmp_path)
    yield made
    made.database.close()


def test_the_sweep_takes_what_is_old_and_nothing_else(own_tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("old/x/y", "new/z", "kept"):
        folder_tree.make(own_tree.database, own_tree.user, NewFolder(path=path, parents=True))
    month_ago_us = now_us() - 31 * 86_400_000_000
    with monkeypatch.context() as patch:
        patch.setattr(trash, "now_us", lambda: month_ago_us)
        trash.delete_folder(own_tree.database, own_tree.user, own_tree.id_of("old"))
    trash.delete_folder(own_tree.database, own_tree.user, own_tree.id_of("new"))
    with maintaining(joined(own_tree.database, DiskBlobs(own_tree.database.data_dir / "blobs")), 30):
        assert any(thread.name == "aimd-sweep" for thread in threading.enumerate())
    assert trash.sweep(own_tree.database, 30) == 0
    items = trash.listed(own_tree.database, own_tree.user, 50, None, 30)["items"]
    assert [item["name"] for item in json.loads(json.dumps(items))] == ["new"]
    assert own_tree.paths() == ["/kept"]
    assert own_tree.faults() == []


NAMES = st.sampled_from(["a", "b", "ab", "%", "_"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["make", "move", "delete", "restore"]),
        st.lists(NAMES, min_size=1, max_size=3),
        st.lists(NAMES, min_size=1, max_size=3),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_done_to_a_tree_it_stays_as_a_plain_model_says(own_tree: Tree, steps: list[Any]) -> None:
    database, user, trashed = own_tree.database, own_tree.user, {}
    for path in [path for path in own_tree.paths() if path.count("/") == 1]:
        trash.delete_folder(database, user, own_tree.id_of(path))
    model: set[str] = set()
    for step, one, two in steps:
        source, target = "/" + "/".join(one), "/" + "/".join(two)
        moved = {path for path in model if f"{path}/".startswith(f"{source}/")}
        parent = target.rpartition("/")[0]
        try:
            if step == "make":
                folder_tree.make(database, user, NewFolder(path=source, parents=True))
                model |= {"/" + "/".join(one[: number + 1]) for number in range(len(one))}
            elif step == "move":
                folder_tree.change(database, user, own_tree.id_of(source), FolderChange(path=target))
                assert source == target or (target not in model and not f"{target}/".startswith(f"{source}/"))
                assert parent == "" or parent in model
                model = (model - moved) | {target + path[len(source) :] for path in moved}
            elif step == "delete":
                uid = own_tree.id_of(source)
                trash.delete_folder(database, user, uid)
                model, trashed[uid] = model - moved, {path[len(source) :] for path in moved}
            elif trashed:
                uid = sorted(trashed)[0]
                name = f"r{len(model)}-{uid}"
                row = trash.restore_folder(database, user, uid, trash.Restoring(name=name, parent="root"))
                model |= {f"{row['path']}{rest}" for rest in trashed.pop(uid)}
        except RefusalError:
            if step == "move":
                into_itself = f"{target}/".startswith(f"{source}/") and source != target
                missing = source not in model or (parent != "" and parent not in model)
                assert into_itself or missing or target in model
        assert own_tree.paths() == sorted(model)
    assert own_tree.faults() == []
