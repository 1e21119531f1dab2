"""Shortcuts: a folder shown in another one, which gives no right and takes nothing along."""

from __future__ import annotations

from typing import Any

from aimd_server.services import shortcuts
from tests.server.api import User, code_of, new_id


def _folder(user: User, path: str) -> str:
    return str(user.v2("POST", "/folders", json={"path": path, "parents": True}).json()["id"])


def _listed(user: User, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.v2("GET", "/folders", params=query).json()["folders"]
    return [one for one in found if one["type"] == "shortcut"]


def test_a_shared_folder_is_shown_where_its_guest_wants_it_as_long_as_they_may_see_it(
    user: User, stranger: User
) -> None:
    theirs, mine = _folder(user, "deep/models"), _folder(stranger, "work")
    refused = stranger.v2("POST", f"/folders/{mine}/shortcuts", json={"target": theirs})
    assert (refused.status_code, code_of(refused)) == (404, "folder_not_found")
    share = user.v2("POST", f"/folders/{theirs}/shares", json={"user": stranger.name}).json()
    assert user.v2("GET", f"/folders/{theirs}").json()["shared"] is True
    made = stranger.v2("POST", f"/folders/{mine}/shortcuts", json={"target": theirs})
    assert made.status_code == 201
    again = stranger.v2("POST", f"/folders/{mine}/shortcuts", json={"target": theirs})
    assert (again.status_code, again.json()) == (200, made.json())
    (shown,) = _listed(stranger)
    assert (shown["target"], shown["name"], shown["path"]) == (theirs, "models", "/work/models")
    assert (shown["owner"], shown["role"]) == (user.name, "viewer")
    assert _listed(stranger, depth="1") == []
    assert _listed(stranger, depth="2") == [shown]
    assert stranger.v2("GET", f"/folders/{mine}").json()["folders"] == 1
    (pointer,) = stranger.v1("GET", "/folders").json()["pointers"]
    assert (pointer["target"], pointer["metadata"]["folder"]) == (theirs, mine)
    assert user.v2("DELETE", f"/folders/{theirs}/shares/{share['id']}").status_code == 204
    assert _listed(stranger) == []
    assert stranger.v2("GET", f"/folders/{mine}").json()["folders"] == 0
    assert stranger.v1("GET", "/folders").json()["pointers"] == []


def test_deleting_a_shortcut_leaves_the_folder_and_deleting_the_folder_takes_the_shortcut(user: User) -> None:
    target, place = _folder(user, "target"), _folder(user, "place")
    first = user.v2("POST", f"/folders/{place}/shortcuts", json={"target": target}).json()["id"]
    assert user.v2("DELETE", f"/shortcuts/{first}").status_code == 204
    assert user.v2("DELETE", f"/shortcuts/{first}").status_code == 404
    assert user.v2("GET", f"/folders/{target}").status_code == 200
    user.v2("POST", f"/folders/{place}/shortcuts", json={"target": target})
    assert len(_listed(user)) == 1
    user.v2("DELETE", f"/folders/{target}")
    assert _listed(user) == []
    user.v2("POST", f"/folders/{target}/restore")
    assert len(_listed(user)) == 1


def test_nonsense_is_refused_and_the_number_is_limited(user: User) -> None:
    place = _folder(user, "place")
    for odd in ({}, {"target": 3}, {"target": place}, {"target": place, "x": 1}):
        assert user.v2("POST", f"/folders/{place}/shortcuts", json=odd).status_code == 422, odd
    assert user.v2("POST", f"/folders/{place}/shortcuts", json={"target": new_id()}).status_code == 404
    info = user.v2("GET", "/info").json()
    assert info["limits"]["shortcuts"] == shortcuts.MAX_IN_FOLDER
