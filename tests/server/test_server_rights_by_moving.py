"""Nobody gets a right by moving things: every operation that changes who may do what needs the right to give it.

The cases are generated: everybody's roles on two folders, of one tree or of two, what is moved, and how. After each
call that succeeds the roles of all are compared with those before, and the second step of the attack is tried.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from aimd_server.services import folder_tree, identity, sharing, trash, trial_changes, trials, version1, visibility
from aimd_server.services.folder_tree import FolderChange, NewFolder
from aimd_server.services.folders import FolderWish
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.sharing import ShareWish
from aimd_server.services.trash import Restoring
from aimd_server.services.trial_changes import TrialChange
from aimd_server.services.trials import TrialWish
from aimd_server.services.visibility import Role
from aimd_server.stores import folders, shares
from aimd_server.stores import trials as trial_rows
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from tests.server.api import User, line, new_id

ROLES: tuple[Any, ...] = (None, "viewer", "editor", "owner")
NAMES = ("owner", "mover", "friend", "member")


class Case(NamedTuple):
    """Where something is and where it is moved: the mover's roles there, and another's role at the target."""

    at_source: str | None
    at_target: str | None
    friends: str | None
    subject: str
    is_own_tree: bool


CASES = [
    Case(at_source, at_target, friends, subject, is_own_tree)
    for at_source, at_target, friends, subject, is_own_tree in itertools.product(
        ROLES, ROLES, ROLES, ("friend", "team"), (False, True)
    )
    if subject == "friend" or friends is not None
]


class World:
    """A store with an owner's tree, somebody who moves things, and others who may get rights by it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.numbers = itertools.count()
        self.users = {name: self._user(name) for name in NAMES}
        identity.set_group(database, "team", "add", "")
        identity.set_group(database, "team", "join", "member")

    def _user(self, name: str) -> Account:
        identity.add_user(self.database, name)
        account = identity.account_of(self.database, identity.create_key(self.database, name))
        assert account is not None
        return Account(account.id, account.name, writing=True)

    def folder(self, path: str, who: str = "owner") -> str:
        made, _ = folder_tree.make(self.database, self.users[who], NewFolder(path=path, parents=True))
        return str(made["id"])

    def trial(self, folder_id: str, who: str = "owner") -> str:
        uid = new_id()
        trials.put(self.database, self.users[who], uid, TrialWish(name=uid, folder=FolderWish(id=folder_id)))
        return uid

    def share(self, kind: str, uid: str, role: str | None, who: str = "", group: str = "", by: str = "owner") -> None:
        if role is not None:
            wish = ShareWish(user=who or None, group=group or None, role=role)  # type: ignore[arg-type]
            sharing.give(self.database, self.users[by], kind, uid, wish)

    def pair(self, case: Case) -> tuple[str, str]:
        """Make the folders of a case and return their ids; the target is the mover's own, or shared as it says."""
        number = next(self.numbers)
        source = self.folder(f"/source{number}")
        by = "mover" if case.is_own_tree else "owner"
        target = self.folder(f"/target{number}", by)
        self.share("folder", source, case.at_source, "mover")
        if not case.is_own_tree:
            self.share("folder", target, case.at_target, "mover")
        name = {"group": "team"} if case.subject == "team" else {"who": "friend"}
        self.share("folder", target, case.friends, by=by, **name)
        return source, target

    def roles(self, kind: str, uid: str) -> dict[str, Role]:
        """Return what everybody may do with something."""

        def operation(connection: Connection) -> dict[str, Role]:
            item = folders.by_uid(connection, uid) if kind == "folder" else trial_rows.by_uid(connection, uid)
            assert item is not None
            return {name: visibility.role_of(connection, user, item) for name, user in self.users.items()}

        return self.database.read(operation)


def _by_v2(world: World, uid: str, target: str) -> None:
    change = TrialChange(folder=FolderWish(id=target))
    trial_changes.apply(world.database, world.users["mover"], uid, change)


def _by_v1(world: World, uid: str, target: str) -> None:
    document = {"metadata": {"name": uid, "folder": target}}
    version1.replace_trial(world.database, world.users["mover"], uid, document)


def _folder(world: World, uid: str, target: str) -> None:
    folder_tree.change(world.database, world.users["mover"], uid, FolderChange(parent=target))


Move = Callable[[World, str, str], None]
MOVES: dict[str, tuple[str, Move]] = {
    "version 2": ("trial", _by_v2),
    "version 1": ("trial", _by_v1),
    "a folder": ("folder", _folder),
}


def gains(world: World, case: Case, kind: str, move: Move) -> list[str]:
    """Move something as a case says, and return who may do more with it afterwards without its owner's will."""
    source, target = world.pair(case)
    uid = world.trial(source) if kind == "trial" else world.folder(f"/source{next(world.numbers)}/x")
    if kind == "folder":
        world.share("folder", _parent(world, uid), case.at_source, "mover")
    before = world.roles(kind, uid)
    try:
        move(world, uid, target)
    except RefusalError:
        return [] if world.roles(kind, uid) == before else ["changed although it was refused"]
    after = world.roles(kind, uid)
    found = [f"{name}: {before[name].name} -> {after[name].name}" for name in NAMES if after[name] > before[name]]
    if before["mover"] is Role.OWNER:
        return []
    try:  # the second step: what an owner may do
        sharing.give(world.database, world.users["mover"], kind, uid, ShareWish(user="friend", role="owner"))
        found.append("shared it")
    except RefusalError:
        pass
    return found


def _parent(world: World, uid: str) -> str:
    def operation(connection: Connection) -> str:
        row = folders.by_uid(connection, uid)
        assert row is not None
        return row.parent_uid

    return str(world.database.read(operation))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Database(tmp_path_factory.mktemp("moving")) as database:
        yield World(database)


@pytest.mark.parametrize(("first", "how"), list(enumerate(MOVES)))
def test_no_move_gives_anybody_a_right_that_the_mover_may_not_give(world: World, first: int, how: str) -> None:
    """Every fifth case of each kind of move; the long sweep has all."""
    kind, move = MOVES[how]
    assert {case: found for case in CASES[first::5] if (found := gains(world, case, kind, move))} == {}


@pytest.mark.soak
@pytest.mark.parametrize("how", MOVES)
def test_no_move_gives_a_right_in_any_case(world: World, how: str) -> None:
    kind, move = MOVES[how]
    assert {case: found for case in CASES if (found := gains(world, case, kind, move))} == {}


@pytest.mark.parametrize("how", MOVES)
def test_a_missing_check_is_seen(world: World, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_tree, "require_no_gain", lambda *_: None)
    kind, move = MOVES[how]
    assert gains(world, Case("editor", "owner", None, "friend", False), kind, move)
    assert gains(world, Case("editor", "editor", "viewer", "team", False), kind, move)


@pytest.mark.parametrize("how", MOVES)
def test_moves_that_give_nobody_more_are_open_to_editors(world: World, how: str) -> None:
    kind, move = MOVES[how]
    for case in (Case("editor", "editor", None, "friend", False), Case("owner", "editor", "owner", "team", False)):
        source, target = world.pair(case)
        uid = world.trial(source) if kind == "trial" else world.folder(f"/source{next(world.numbers)}/x")
        if kind == "folder":
            world.share("folder", _parent(world, uid), case.at_source, "mover")
        move(world, uid, target)


def test_a_public_link_at_the_target_is_a_right_too(world: World) -> None:
    source, target = world.pair(Case("editor", "editor", None, "friend", False))
    uid = world.trial(source)
    sharing.give(world.database, world.users["owner"], "folder", target, ShareWish(link=True))
    with pytest.raises(RefusalError, match="more rights"):
        _by_v2(world, uid, target)


def test_what_is_restored_goes_to_its_owner_only_and_into_their_own_tree(world: World) -> None:
    for case in CASES[::7]:
        source, target = world.pair(case)
        uid = world.trial(source)
        trash.delete_trial(world.database, world.users["owner"], uid)
        for name in NAMES[1:]:
            with pytest.raises(RefusalError, match="no trial"):
                trash.restore_trial(world.database, world.users[name], uid, Restoring(parent=target))
        if case.is_own_tree:
            with pytest.raises(RefusalError):
                trash.restore_trial(world.database, world.users["owner"], uid, Restoring(parent=target))


def test_a_share_is_taken_away_by_the_owner_of_what_it_is_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    own, foreign = world.folder("/own", "mover"), world.folder("/foreign")
    number = sharing.give(world.database, world.users["owner"], "folder", foreign, ShareWish(user="friend"))["id"]

    def attempt() -> int:
        with pytest.raises(RefusalError, match="no share"):
            sharing.take(world.database, world.users["mover"], "folder", own, str(number))
        query = text("SELECT count(*) FROM share WHERE id = :number")
        left = world.database.read(lambda connection: connection.execute(query, {"number": number}).scalar_one())
        return int(left)

    assert attempt() == 1
    taken = shares.remove

    def planted(connection: Connection, target: shares.Target, share_id: int) -> bool:
        return taken(connection, shares.Target(folder_id=_row_id(connection, foreign)), share_id)

    monkeypatch.setattr(shares, "remove", planted)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        attempt()


def _row_id(connection: Connection, uid: str) -> int:
    row = folders.by_uid(connection, uid)
    assert row is not None
    return row.id


def test_a_call_about_two_trials_answers_for_the_one_that_its_caller_may_see(user: User, other: User) -> None:
    own, foreign = user.new_trial("own"), other.new_trial("foreign")
    user.patch(own, 0, line(1))
    other.patch(foreign, 0, line(1))
    ids = {"ids": [own, foreign]}
    batch = user.v2("POST", "/trials/batch", json=ids).json()
    assert ([row["id"] for row in batch["trials"]], batch["missing"]) == ([own], [foreign])
    assert set(user.v2("POST", "/trials/known", json=ids).json()["trials"]) == {own}
    body = {"trials": [own, foreign], "metrics": ["train.loss"]}
    plots = user.v2("POST", "/metrics", json=body).json()
    assert ([series["trial"] for series in plots["series"]], plots["missing"]) == ([own], [foreign])
    events = user.v2("GET", "/events", params={"trials": foreign})
    assert events.status_code == 404


@pytest.fixture
def other(user: User) -> Iterator[User]:
    with User(user.server) as somebody:
        yield somebody
