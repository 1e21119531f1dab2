"""Numbers and ids of others, used together with what is one's own: every route that takes a number or ids."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.api import User, line
from tests.support.server import RunningServer


class Pair:
    """Two users, with a folder, a trial, shares, a key and a session each."""

    def __init__(self, server: RunningServer) -> None:
        self.users = [User(server), User(server)]
        self.numbers: list[dict[str, int]] = []
        self.ids: list[dict[str, str]] = []
        self.trashed: list[str] = []
        self.names: list[list[str]] = []
        for user, other in (self.users, self.users[::-1]):
            trial = user.new_trial("t", folder={"id": None, "path": "f", "make": True})
            user.patch(trial, 0, line(1))
            folder = user.v2("GET", "/folders/by-path", params={"path": "f"}).json()["id"]
            numbers = {}
            for kind, uid in (("folders", folder), ("trials", trial)):
                inner = f"/{kind}/{uid}/shares"
                numbers[kind] = user.v2("POST", inner, json={"link": True}).json()["id"]
            gone = user.new_trial("gone")
            user.v2("DELETE", f"/trials/{gone}")
            self.trashed.append(gone)
            name = f"key-of-{user.name}"
            made = user.v2("POST", "/me/keys", json={"name": name}).json()
            numbers["keys"] = made["id"]
            self.names.append([name])
            origin = {"Origin": user.server.origin}
            user.http.post(f"{user.server.url}/apis/v2/session", json={"key": made["key"]}, headers=origin)
            user.http.cookies.clear()
            numbers["sessions"] = user.v2("GET", "/me/sessions").json()["sessions"][0]["id"]
            self.numbers.append(numbers)
            self.ids.append({"folders": folder, "trials": trial})
            assert other is not user

    def left(self, user: int, kind: str) -> list[int]:
        """Return the numbers of a kind that somebody still has."""
        path = f"/{kind}/{self.ids[user][kind]}/shares" if kind in ("folders", "trials") else f"/me/{kind}"
        listed: list[dict[str, Any]] = next(iter(self.users[user].v2("GET", path).json().values()))
        return [row["id"] for row in listed if row.get("state", "valid") == "valid"]

    def turned(self) -> Pair:
        """Return the same pair, in which what was the other one's is one's own."""
        other = copy.copy(self)
        other.users = [self.users[0], self.users[0]]
        other.ids, other.trashed, other.names = self.ids[::-1], self.trashed[::-1], self.names[::-1]
        return other

    def close(self) -> None:
        for user in self.users:
            user.http.close()


def numbered(user: User) -> list[tuple[str, str]]:
    """Return the routes with a number in their path, by the description of the server."""
    paths = user.v2("GET", "/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods if "{number}" in path]


def reached(pair: Pair) -> list[str]:
    """Use somebody else's numbers with one's own objects, and one's own numbers with theirs; return what had effect."""
    taken = []
    for method, path in numbered(pair.users[0]):
        kind = next(kind for kind in pair.numbers[0] if f"/{kind}" in path)
        for id_of, number_of in ((0, 1), (1, 0), (1, 1)):
            number = pair.numbers[number_of][kind]
            filled = path.replace("{id}", pair.ids[id_of].get(kind, "")).replace("{number}", str(number))
            if "{id}" not in path and number_of == 0:
                continue  # that is one's own
            answer = pair.users[0].v2(method.upper(), filled.partition("/apis/v2")[2] or filled)
            if answer.status_code != 404 or number not in pair.left(number_of, kind):
                taken.append(f"{method} {path}: {answer.status_code}")
    return taken


def test_nobody_reaches_a_thing_by_its_number_through_what_is_their_own(shared_server: RunningServer) -> None:
    pair = Pair(shared_server)
    assert len(numbered(pair.users[0])) >= 4
    assert reached(pair) == []
    pair.close()


def test_ids_of_others_among_ones_own_are_answered_as_if_they_did_not_exist(shared_server: RunningServer) -> None:
    pair = Pair(shared_server)
    own, foreign, missing = pair.ids[0]["trials"], pair.ids[1]["trials"], "00000000-0000-4000-8000-000000000000"
    asked: dict[str, Callable[[str], dict[str, Any]]] = {
        "/trials/batch": lambda other: {"ids": [own, other]},
        "/trials/known": lambda other: {"ids": [other, own]},
        "/metrics": lambda other: {"trials": [own, other], "metrics": ["train.loss"]},
    }
    for path, body in asked.items():
        answers = [pair.users[0].v2("POST", path, json=body(other)) for other in (foreign, missing)]
        texts = [answer.text.replace(foreign, "ID").replace(missing, "ID") for answer in answers]
        assert texts[0] == texts[1], path
        assert own in texts[0]
    pair.close()


def leaked(pair: Pair) -> list[str]:
    """Ask each route that lists something of one's own; return those in which something of the other one is."""
    marks = [pair.users[1].name, *pair.ids[1].values(), pair.trashed[1], *pair.names[1]]
    taken = []
    for path, methods in pair.users[0].v2("GET", "/openapi.json").json()["paths"].items():
        if "get" in methods and "{" not in path and not path.endswith(("/events", "/audit", "/metrics")):
            answer = pair.users[0].v2("GET", path.partition("/apis/v2")[2] or path, params={"path": "/f"})
            taken += [f"{path}: {mark}" for mark in marks if mark in answer.text]
    return taken


def test_no_list_of_ones_own_has_anything_of_others(shared_server: RunningServer) -> None:
    pair = Pair(shared_server)
    assert leaked(pair) == []
    assert leaked(pair.turned())  # which looks for one's own, and finds it
    pair.close()


@pytest.mark.sqlite
def test_each_list_without_its_owner_is_caught(tmp_path: Path) -> None:
    planted = """
from aimd_server.stores import accounts, sessions, trash
from sqlalchemy import text
keys, held, page = accounts.keys_of, sessions.of_account, trash.page
def ids(connection):
    return connection.execute(text("SELECT id FROM account")).scalars().all()
def of_all(true):
    return lambda connection, own, *more: [row for i in ids(connection) for row in true(connection, i, *more)]
accounts.keys_of, sessions.of_account, trash.page = of_all(keys), of_all(held), of_all(page)
"""
    with RunningServer(tmp_path / "data", before=planted) as server:
        pair = Pair(server)
        assert {row.partition(": ")[0].rpartition("/")[2] for row in leaked(pair)} == {"keys", "sessions", "trash"}
        pair.close()


def test_a_missing_check_of_the_target_is_caught(tmp_path: Path) -> None:
    planted = """
from sqlalchemy import delete
from aimd_server.stores import shares
shares.remove = lambda connection, target, number: connection.execute(
    delete(shares.share).where(shares.share.c.id == number)).rowcount > 0
"""
    with RunningServer(tmp_path / "data", before=planted) as server:
        pair = Pair(server)
        assert reached(pair)
        pair.close()
