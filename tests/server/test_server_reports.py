"""Notes of folders, short addresses, and changes of many trials: what they do, for whom, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aimd_server.errors import StoreUnavailableError
from aimd_server.services import bulk_changes, identity, short_addresses
from aimd_server.services.bulk_changes import BulkChange
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.short_addresses import AddressWish
from aimd_server.stores.database import Database
from tests.server.api import User, code_of, new_id, wish


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path) as made:
        made.start_writer()
        yield made


def _folder(user: User, path: str) -> str:
    return str(user.v2("POST", "/folders", json={"path": path, "parents": True}).json()["id"])


def _note(user: User, folder: str, note: str, match: str = "") -> httpx.Response:
    return user.v2("PUT", f"/folders/{folder}/note", json={"note": note}, headers={"If-Match": match} if match else {})


def _trial(user: User, name: str, folder: str) -> str:
    uid = new_id()
    assert user.v2("PUT", f"/trials/{uid}", json=wish(name=name, folder={"id": folder})).status_code == 201
    return uid


def _change(user: User, ids: list[str], action: str, **more: Any) -> httpx.Response:
    return user.v2("POST", "/trials/changes", json={"ids": ids, "action": action, **more})


def test_nobody_overwrites_a_note_that_they_have_not_seen(user: User, stranger: User) -> None:
    folder = _folder(user, "vision")
    none = user.v2("GET", f"/folders/{folder}/note")
    assert (none.json()["note"], none.json()["editor"]) == ("", None)
    first = _note(user, folder, "# Night\n", none.headers["ETag"])
    assert (first.status_code, first.json()["note"], first.headers["ETag"]) == (200, "# Night\n", first.json()["etag"])
    assert _note(user, folder, "# Night\n").json() == first.json()
    user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name, "role": "editor"})
    theirs = _note(stranger, folder, "# Theirs", first.json()["etag"]).json()
    for match in (first.json()["etag"], ""):
        late = _note(user, folder, "# Mine", match)
        assert (late.status_code, code_of(late), late.json()["error"]["etag"]) == (412, "note_changed", theirs["etag"])
        assert stranger.name in late.json()["error"]["message"]
    assert user.v2("GET", f"/folders/{folder}/note").json() == theirs
    assert _note(user, folder, "# Mine", "*").json()["editor"] == user.name


def test_the_holder_of_a_link_reads_a_note_and_not_who_wrote_it(user: User) -> None:
    folder = _folder(user, "vision")
    _note(user, folder, "text")
    link = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    with User(user.server, "link", link) as guest:
        seen = guest.v2("GET", f"/folders/{folder}/note").json()
        assert (seen["note"], seen["editor"]) == ("text", "")
        assert _note(guest, folder, "x", "*").status_code == 403
        assert guest.v2("POST", f"/folders/{folder}/addresses", json={"address": "#/"}).status_code == 403


def test_a_note_has_a_limit_and_goes_with_its_folder(user: User) -> None:
    folder = _folder(user, "vision")
    limit = user.v2("GET", "/info").json()["limits"]["note_chars"]
    refused = _note(user, folder, "x" * (limit + 1))
    assert (refused.status_code, code_of(refused)) == (422, "invalid")
    assert (
        _note(user, folder, "\ud800\0".encode("utf-16", "surrogatepass").decode("utf-16", "replace")).status_code == 200
    )
    before = user.v2("GET", f"/folders/{folder}/note").json()
    user.v2("DELETE", f"/folders/{folder}")
    assert user.v2("GET", f"/folders/{folder}/note").status_code == 404
    user.v2("POST", f"/folders/{folder}/restore")
    assert user.v2("GET", f"/folders/{folder}/note").json() == before


def _shorten(user: User, folder: str, address: str) -> httpx.Response:
    return user.v2("POST", f"/folders/{folder}/addresses", json={"address": address})


def test_the_same_state_has_the_same_short_address_for_everybody_who_sees_the_folder(
    user: User, stranger: User
) -> None:
    folder = _folder(user, "vision")
    address = f"#/folders/{folder}/?where=val.acc+%3E+0.9&sort=-val.acc"
    made = _shorten(user, folder, address)
    assert (made.status_code, len(made.json()["id"])) == (201, short_addresses.SHORTEST)
    again = _shorten(user, folder, address)
    assert (again.status_code, again.json()) == (200, made.json())
    assert _shorten(user, folder, address + "&below=0").json()["id"] != made.json()["id"]
    path = f"/addresses/{made.json()['id']}"
    assert (user.v2("GET", path).json()["address"], user.v2("GET", path).json()["folder"]) == (address, folder)
    hidden, absent = stranger.v2("GET", path), stranger.v2("GET", "/addresses/aaaaaaaa")
    assert (hidden.status_code, code_of(hidden)) == (absent.status_code, code_of(absent)) == (404, "not_found")
    user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name})
    assert stranger.v2("GET", path).json() == made.json()
    assert _shorten(stranger, folder, address).json() == made.json()
    user.v2("DELETE", f"/folders/{folder}")
    assert user.v2("GET", path).status_code == 404
    user.v2("POST", f"/folders/{folder}/restore")
    assert user.v2("GET", path).json() == made.json()


@pytest.mark.parametrize(
    "address",
    [
        *("", "https://evil.example/#/", "#/s/secret/", "#/v/abcdefgh", "#/?token=secret", "#/folders/x/?a=1&Token=x"),
        *("#/folders/a b", "#/folders/\n", "#/settings", "javascript:alert(1)", "#/folders/" + "x" * (32 << 10)),
        *(
            "#/?%74oken=secret",
            "#/folders/x/?a=1&%54OK%45N=secret",
            "#/compare?ap%69key=secret",
            "#/trials/x/?+token=secret",
        ),
    ],
)
def test_only_an_address_of_the_console_without_a_secret_is_shortened(user: User, address: str) -> None:
    refused = _shorten(user, "root", address)
    assert (refused.status_code, code_of(refused)) == (422, "invalid")
    assert "secret" not in refused.text


def test_addresses_are_bounded_and_two_with_the_same_first_letters_differ(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.add_user(database, "lin")
    lin = identity.account_of(database, identity.create_key(database, "lin"))
    assert lin is not None
    monkeypatch.setattr(short_addresses, "SHORTEST", 1)

    def shorten(number: int) -> str:
        made, _ = short_addresses.make(database, lin, "root", AddressWish(f"#/?sort=t{number}"))
        return str(made["id"])

    ids = [shorten(number) for number in range(40)]
    assert len(set(ids)) == 40
    assert short_addresses.get(database, lin, ids[17])["address"] == "#/?sort=t17"
    monkeypatch.setattr(short_addresses, "MAX_OF_USER", 40)
    with pytest.raises(RefusalError, match="40 short addresses at most"):
        shorten(40)
    assert shorten(3) == ids[3]


def test_many_trials_change_in_one_request_and_each_refusal_is_named(user: User, stranger: User) -> None:
    source, target = _folder(user, "source"), _folder(user, "target")
    ids = [_trial(user, f"t{n}", source) for n in range(7)]
    _trial(user, "t2", target)
    foreign = _trial(stranger, "foreign", "root")
    moved = _change(user, [*ids, ids[0], foreign, "nonsense"], "move", folder={"id": target}).json()
    assert moved["done"] == [uid for uid in ids if uid != ids[2]]
    assert {refusal["id"]: refusal["code"] for refusal in moved["refused"]} == {
        ids[2]: "name_taken",
        foreign: "not_found",
        "nonsense": "not_found",
    }
    assert user.v2("GET", f"/trials/{ids[2]}").json()["folder"]["id"] == source
    assert _change(user, ids, "delete").json() == {"done": ids, "refused": []}
    assert len(user.v2("GET", "/trash?limit=50").json()["items"]) == 7
    assert _change(stranger, ids, "restore").json()["done"] == []
    assert _change(user, ids, "restore").json() == {"done": ids, "refused": []}
    assert user.v2("GET", f"/trials/{ids[0]}").json()["folder"]["id"] == target
    assert _change(user, ids[:2], "tag", add_tags=["night"]).json()["done"] == ids[:2]
    assert user.v2("GET", f"/trials/{ids[1]}").json()["tags"] == ["night"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ids": ["x"] * 501, "action": "delete"}, "ids"),
        ({"ids": [], "action": "move"}, "folder"),
        ({"ids": [], "action": "delete", "folder": {"id": "root"}}, "folder"),
        ({"ids": [], "action": "tag"}, "add_tags"),
        ({"ids": [], "action": "restore", "add_tags": ["x"]}, "add_tags"),
        ({"ids": [], "action": "tag", "add_tags": ["a,b"]}, "tags"),
    ],
)
def test_a_change_that_no_trial_could_take_is_refused_whole(user: User, body: dict[str, Any], field: str) -> None:
    refused = user.v2("POST", "/trials/changes", json=body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, field)


def test_what_was_done_before_the_database_failed_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    identity.add_user(database, "lin")
    lin = identity.account_of(database, identity.create_key(database, "lin"))
    assert lin is not None
    ids = [new_id() for _ in range(3)]
    seen: list[str] = []
    monkeypatch.setattr(bulk_changes, "_AT_ONCE", 2)
    monkeypatch.setattr(bulk_changes, "_change", lambda *_: lambda _, uid: seen.append(uid))
    write, turns = database.write, iter([True, False])

    def failing(operation: Any, order: str = "") -> Any:
        if not next(turns, False):
            raise StoreUnavailableError("gone")
        return write(operation, order)

    monkeypatch.setattr(database, "write", failing)
    told: Any = bulk_changes.apply(database, lin, BulkChange(ids, "delete"))
    assert seen == sorted(ids)[:2]
    assert told["done"] == [uid for uid in ids if uid in seen]
    assert [(one["id"], one["code"]) for one in told["refused"]] == [(sorted(ids)[2], "busy")]
    with pytest.raises(StoreUnavailableError):
        bulk_changes.apply(database, lin, BulkChange(ids, "delete"))
