"""What a trial says of the caller's role: the same wherever it is shown, and what the server then holds to."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from aimd_server.services import identity, sharing, trials
from aimd_server.services.folders import FolderWish
from aimd_server.services.sharing import ShareWish
from aimd_server.services.trials import TrialWish
from aimd_server.services.visibility import ROLES, role_of, roles_of
from aimd_server.stores import trials as rows
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from tests.server.api import User, new_id


def _roles(asker: User, trial_id: str, folder_id: str) -> set[str]:
    """Return the role that each answer says."""
    said = [asker.v2("GET", "/trials", params={"folder_id": folder_id}).json()["trials"][0]["role"]]
    said.append(asker.v2("GET", f"/trials/{trial_id}").json()["role"])
    said.append(asker.v2("POST", "/trials/batch", json={"ids": [trial_id]}).json()["trials"][0]["role"])
    return set(said)


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_every_answer_says_the_role_that_a_share_gives(user: User, stranger: User, role: str) -> None:
    trial_id = user.new_trial("t", folder={"path": f"{role}s/deep", "make": True})
    top = user.v2("GET", "/folders/by-path", params={"path": f"{role}s"}).json()["id"]
    assert _roles(user, trial_id, top) == {"owner"}
    user.v2("POST", f"/folders/{top}/shares", json={"user": stranger.name, "role": role})
    assert _roles(stranger, trial_id, top) == {role}
    changed = stranger.v2("PATCH", f"/trials/{trial_id}", json={"note": "x"})
    assert changed.status_code == (403 if role == "viewer" else 200)
    if role != "viewer":
        assert changed.json()["role"] == role
    assert user.trial(trial_id)["role"] == "owner"


def test_of_a_share_on_the_trial_and_one_above_it_the_greater_counts(user: User, stranger: User) -> None:
    trial_id = user.new_trial("t", folder={"path": "both", "make": True})
    place = user.v2("GET", "/folders/by-path", params={"path": "both"}).json()["id"]
    user.v2("POST", f"/folders/{place}/shares", json={"user": stranger.name, "role": "viewer"})
    user.v2("POST", f"/trials/{trial_id}/shares", json={"user": stranger.name, "role": "editor"})
    assert _roles(stranger, trial_id, place) == {"editor"}
    assert user.trial(user.new_trial("u", folder={"path": "both"}))["role"] == "owner"


def test_whoever_has_a_link_is_a_viewer(user: User) -> None:
    trial_id = user.new_trial("t", folder={"path": "public", "make": True})
    place = user.v2("GET", "/folders/by-path", params={"path": "public"}).json()["id"]
    key = user.v2("POST", f"/folders/{place}/shares", json={"link": True}).json()["key"]
    with User(user.server, "whoever", key) as holder:
        assert _roles(holder, trial_id, place) == {"viewer"}


def _account(database: Database, name: str) -> Account:
    found = identity.account_of(database, identity.create_key(database, name))
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_roles_of_many_are_those_of_each(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Database(tmp_path) as database:
        for name in ("ann", "bob", "cy"):
            identity.add_user(database, name)
        identity.set_group(database, "team", "add")
        identity.set_group(database, "team", "join", "cy")
        who = {name: _account(database, name) for name in ("ann", "bob", "cy")}
        made = []
        for number in range(40):
            owner, path = chance.choice(["ann", "bob"]), "/".join(chance.choices("xyz", k=chance.randint(1, 3)))
            trial_id = new_id()
            trials.put(database, who[owner], trial_id, TrialWish(f"t{number}", folder=FolderWish(path=path, make=True)))
            made.append(trial_id)
            (row,) = database.read(lambda c: rows.by_uids(c, made[-1:]))
            if chance.random() < 0.5:
                subject = chance.choice([{"user": "cy"}, {"user": "bob"}, {"group": "team"}])
                kind, uid = chance.choice([("trial", row.uid), ("folder", row.folder_uid)])
                sharing.give(database, who[owner], kind, uid, ShareWish(role=chance.choice(list(ROLES)), **subject))
        found = database.read(lambda c: rows.by_uids(c, made))
        for account in who.values():
            many = database.read(partial(roles_of, user=account, rows=found))
            each = {row.id: database.read(partial(role_of, user=account, item=row)) for row in found}
            assert many == each
            assert len(set(many.values())) > 1
