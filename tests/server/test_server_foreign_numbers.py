"""Numbers and ids of others, used together with what is one's own: every route that takes a number or ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.server.api import User, line
from tests.support.server import RunningServer


class Pair:
    """Two users, with a folder, a trial, shares, a key and a session each."""

    def __init__(self, server: RunningServer) -> None:
        self.users = [User(server), User(server)]
        self.numbers: list[dict[str, int]] = []
        self.ids: list[dict[str, str]] = []
        for user, other in (self.users, self.users[::-1]):
            trial = user.new_trial("t", folder={"id": None, "path": "f", "make": True})
            user.patch(trial, 0, line(1))
            folder = user.v2("GET", "/folders/by-path", params={"path": "f"}).json()["id"]
            numbers = {}
            for kind, uid in (("folders", folder), ("trials", trial)):
                inner = f"/{kind}/{uid}/shares"
                numbers[kind] = user.v2("POST", inner, json={"link": True}).json()["id"]
            numbers["keys"] = user.v2("POST", "/me/keys", json={}).json()["id"]
            origin = {"Origin": user.server.origin}
            user.http.post(f"{user.server.url}/apis/v2/session", json={"key": user.key}, headers=origin)
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
