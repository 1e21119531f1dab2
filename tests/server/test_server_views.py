"""Saved views and baselines of folders: whose they are, who may change them, and that nobody overwrites unseen."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aimd_server.services import saved_views
from tests.server.api import User, code_of, new_id

NIGHT = {
    "query": "tag:night and val.acc > 0.9",
    "sort": "-val.acc",
    "columns": "name,val.acc,params.lr",
    "widths": {"name": 240},
    "charts": ["val.acc"],
    "sections": [{"title": "Loss", "charts": ["train.loss"], "folded": True}],
    "smoothing": 0.6,
    "somebody_else": [1, {"x": None}],
}


def _folder(user: User, path: str) -> str:
    return str(user.v2("POST", "/folders", json={"path": path, "parents": True}).json()["id"])


def _put(user: User, folder: str, name: str, view: dict[str, Any], match: str = "", **query: str) -> httpx.Response:
    headers = {"If-Match": match} if match else {}
    return user.v2("PUT", f"/folders/{folder}/views/{name}", json={"view": view}, params=query, headers=headers)


def _names(user: User, folder: str, **query: str) -> list[tuple[str, bool]]:
    rows = user.v2("GET", f"/folders/{folder}/views", params=query).json()["views"]
    return [(row["name"], row["shared"]) for row in rows]


def test_a_view_comes_back_as_it_was_saved_and_saving_it_again_changes_nothing(user: User) -> None:
    folder = _folder(user, "vision")
    made = _put(user, folder, "night", NIGHT)
    assert (made.status_code, made.headers["ETag"]) == (201, made.json()["etag"])
    again = _put(user, folder, "night", dict(reversed(NIGHT.items())))
    assert (again.status_code, again.json()) == (200, made.json())
    got = user.v2("GET", f"/folders/{folder}/views/night")
    assert (got.json(), got.headers["ETag"]) == (made.json(), made.headers["ETag"])
    assert got.json()["view"] == NIGHT
    assert user.v2("GET", f"/folders/{folder}/views").json()["views"] == [made.json()]


def test_two_writers_do_not_overwrite_each_other_silently(user: User) -> None:
    folder = _folder(user, "vision")
    first = _put(user, folder, "a", {"query": "name ~ x"}).json()["etag"]
    unseen = _put(user, folder, "a", {"query": "name ~ y"})
    assert (unseen.status_code, code_of(unseen), unseen.json()["error"]["etag"]) == (412, "view_changed", first)
    second = _put(user, folder, "a", {"query": "name ~ y"}, first)
    assert second.status_code == 200
    assert _put(user, folder, "a", {"query": "name ~ z"}, first).status_code == 412
    assert user.v2("DELETE", f"/folders/{folder}/views/a", headers={"If-Match": first}).status_code == 412
    assert _put(user, folder, "a", {"query": "name ~ z"}, "*").status_code == 200
    assert user.v2("DELETE", f"/folders/{folder}/views/a").status_code == 204
    assert user.v2("DELETE", f"/folders/{folder}/views/a").status_code == 404
    assert _put(user, folder, "a", {"query": "name ~ z"}, first).status_code == 412
    assert _put(user, folder, "a", {}, "nonsense").status_code == 422


def test_a_personal_view_is_its_owners_and_a_shared_one_everybodys_whom_the_folder_is_shown(
    user: User, stranger: User
) -> None:
    folder = _folder(user, "vision")
    _put(user, folder, "night", {"query": "name ~ mine"})
    _put(user, folder, "night", {"query": "name ~ ours"}, shared="1")
    assert stranger.v2("GET", f"/folders/{folder}/views").status_code == 404
    user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name})
    assert _names(user, folder) == [("night", False), ("night", True)]
    assert _names(stranger, folder) == [("night", True)]
    assert stranger.v2("GET", f"/folders/{folder}/views/night").status_code == 404
    assert _put(stranger, folder, "own", {"query": "name ~ x"}).status_code == 201
    refused = _put(stranger, folder, "night", {"query": "name ~ x"}, "*", shared="1")
    assert (refused.status_code, code_of(refused)) == (403, "forbidden")
    assert stranger.v2("DELETE", f"/folders/{folder}/views/night?shared=1").status_code == 403
    link = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    with User(user.server, "link", link) as guest:
        assert _names(guest, folder) == []
        assert guest.v2("GET", f"/folders/{folder}/views/night?shared=1").status_code == 404
        assert _put(guest, folder, "x", {}).status_code == 403


def test_views_of_folders_above_are_listed_on_request_the_nearest_first(user: User, stranger: User) -> None:
    top, inner = _folder(user, "vision"), _folder(user, "vision/resnet")
    _put(user, top, "a", {"query": "name ~ top"}, shared="1")
    _put(user, inner, "a", {"query": "name ~ inner"}, shared="1")
    _put(user, "root", "b", {"query": "name ~ root"}, shared="1")
    assert _names(user, inner) == [("a", True)]
    rows = user.v2("GET", f"/folders/{inner}/views?above=1").json()["views"]
    assert [(row["name"], row["folder"]["path"]) for row in rows] == [
        ("a", "/vision/resnet"),
        ("a", "/vision"),
        ("b", "/"),
    ]
    user.v2("POST", f"/folders/{inner}/shares", json={"user": stranger.name})
    rows = stranger.v2("GET", f"/folders/{inner}/views?above=1").json()["views"]
    assert [row["folder"]["path"] for row in rows] == ["/vision/resnet"]


@pytest.mark.parametrize(
    ("view", "field"),
    [
        ({"query": "val.acc >"}, "view.query"),
        ({"sort": "a b"}, "view.sort"),
        ({"columns": "a b"}, "view.columns"),
        ({"query": 3}, "view.query"),
        ({"charts": "val.acc"}, "view.charts"),
        ({"charts": ["x"] * 201}, "view.charts"),
        ({"smoothing": 1}, "view.smoothing"),
        ({"smoothing": True}, "view.smoothing"),
        ({"widths": {"name": -1}}, "view.widths"),
        ({"sections": [{"charts": []}]}, "view.sections"),
        ({"pins": ["x"] * 101}, "view.pins"),
    ],
)
def test_what_is_not_a_view_is_refused_with_the_field(user: User, view: dict[str, Any], field: str) -> None:
    answer = _put(user, "root", "odd", view)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


@pytest.mark.parametrize("name", ["latest", "best", "-a", "a b", "a" * 65, "1x", "a.b"])
def test_a_name_that_a_terminal_cannot_take_is_refused(user: User, name: str) -> None:
    assert _put(user, "root", name, {}).json()["error"]["field"] == "name"


def test_size_depth_and_number_are_limited(user: User) -> None:
    assert _put(user, "root", "large", {"x": "y" * saved_views.MAX_CHARS}).status_code == 413
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"x": deep}
    assert _put(user, "root", "deep", deep).status_code == 422
    for number in range(saved_views.MAX_IN_FOLDER):
        assert _put(user, "root", f"v{number}", {}).status_code == 201
    assert _put(user, "root", "over", {}).json()["error"]["limit"] == saved_views.MAX_IN_FOLDER
    assert _put(user, "root", "v0", {"query": "name ~ x"}, "*").status_code == 200
    assert user.v2("GET", "/info").json()["limits"]["views"] == saved_views.MAX_IN_FOLDER


def test_views_go_with_their_folder_to_the_trash_and_back(user: User) -> None:
    folder = _folder(user, "vision")
    _put(user, folder, "a", {"query": "name ~ x"})
    user.v2("DELETE", f"/folders/{folder}")
    assert user.v2("GET", f"/folders/{folder}/views").status_code == 404
    user.v2("POST", f"/folders/{folder}/restore")
    assert _names(user, folder) == [("a", False)]


def test_the_baseline_of_a_folder_holds_below_until_that_has_its_own(user: User, stranger: User) -> None:
    top, inner = _folder(user, "vision"), _folder(user, "vision/resnet")
    one = user.new_trial("one", folder={"path": "/vision"})
    two = user.new_trial("two", folder={"path": "/vision/resnet"})

    def baseline(who: User, folder: str) -> str | None:
        shown = who.v2("GET", f"/folders/{folder}/baseline").json()["baseline"]
        return shown and str(shown["name"])

    assert baseline(user, inner) is None
    answer = user.v2("PUT", f"/folders/{top}/baseline", json={"trial": one})
    assert answer.json()["baseline"]["trial"] == one
    assert (baseline(user, top), baseline(user, inner)) == ("one", "one")
    user.v2("PUT", f"/folders/{inner}/baseline", json={"trial": two})
    assert (baseline(user, top), baseline(user, inner)) == ("one", "two")
    user.v2("DELETE", f"/trials/{two}")
    assert baseline(user, inner) == "one"
    user.v2("POST", f"/folders/{inner}/shares", json={"user": stranger.name})
    assert baseline(stranger, inner) is None
    assert stranger.v2("PUT", f"/folders/{inner}/baseline", json={"trial": one}).status_code == 403
    user.v2("POST", f"/trials/{two}/restore")
    assert user.v2("DELETE", f"/folders/{inner}/baseline").status_code == 204
    assert baseline(user, inner) == "one"
    assert user.v2("PUT", f"/folders/{top}/baseline", json={"trial": new_id()}).status_code == 404


def test_the_views_of_a_folder_are_bounded_together_for_each_person_and_for_everybody(user: User) -> None:
    folder = _folder(user, "full")

    def put(name: str, size: int, **query: object) -> int:
        path, view = f"/folders/{folder}/views/{name}", {"title": "t" * size}
        headers = {"If-Match": "*"} if name == "v0" and size < 60_000 else {}
        return user.v2("PUT", path, json={"view": view}, params=query, headers=headers).status_code

    assert [put(f"v{number}", 60_000) for number in range(5)] == [201, 201, 201, 201, 413]
    assert put("v0", 59_000, shared="1") == 412  # everybody has none yet
    assert put("w0", 59_000, shared="1") == 201
    assert put("v0", 40_000) == 200
    assert put("v5", 40_000) == 201
