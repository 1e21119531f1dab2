"""Undoing what was done, changing many trials at once, and addresses that keep all of what is shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.console.conftest import Window
from tests.console.pages import WEB, Console
from tests.console.world import folder_id, record_trial
from tests.server.api import User
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def expect(locator: Locator):  # type: ignore[no-untyped-def]
    from playwright.sync_api import expect as wanted

    wanted.set_options(timeout=PATIENCE_S * 1000)
    return wanted(locator)


def _requests(console: Console, path: str) -> int:
    return sum(f"/apis/v2/{path}" in url for url in console.window.requests)


def test_many_are_deleted_in_one_request_and_come_back_by_a_key(window: Window, person: User) -> None:
    for number in range(70):
        record_trial(person, f"run{number:02}", "many", journal=b"")
    many = folder_id(person, "/many")
    console = Console(window(person)).folder(many, sort="name")
    expect(console.link("run00")).to_be_visible()
    console.page.get_by_role("checkbox", name="Select all that match").check()
    expect(console.button("Delete 70")).to_be_visible()
    assert "selected=" not in console.hash
    console.page.reload()  # more than an address holds
    console.button("Delete 70").click()
    console.dialog.get_by_role("button", name="Delete").click()
    notice = console.page.get_by_role("status", name="Notices")
    expect(notice).to_contain_text("In the trash: 70")
    expect(console.link("run00")).to_have_count(0)
    expect(console.page.locator("#trials, #main").first).to_be_focused()  # the list is empty, and its page has the keys
    assert _requests(console, "trials/changes") == 1
    console.page.keyboard.press("u")
    expect(notice).to_contain_text("Undone: 70")
    expect(console.link("run00")).to_be_visible()
    assert person.v2("GET", "/trash").json()["items"] == []


def test_a_move_tells_what_was_refused_and_takes_back_only_what_was_moved(window: Window, person: User) -> None:
    moved, left = record_trial(person, "moved", "from", journal=b""), record_trial(person, "taken", "from", journal=b"")
    record_trial(person, "taken", "to", journal=b"")
    source, target = folder_id(person, "/from"), folder_id(person, "/to")
    console = Console(window(person)).folder(source)
    console.select("moved", "taken")
    console.button("Move 2").click()
    console.dialog.get_by_role("button", name="to", exact=True).click()
    console.dialog.get_by_role("button", name="Move").click()
    notice = console.page.get_by_role("status", name="Notices")
    expect(notice).to_contain_text("Moved: 1. Refused: 1. That name is taken in this folder. Choose another. (taken)")
    expect(console.link("moved")).to_have_count(0)
    assert person.v2("GET", f"/trials/{moved.id}").json()["folder"]["id"] == target
    undo = notice.get_by_role("button", name="Undo")
    undo.focus()
    console.page.keyboard.press("Enter")
    expect(console.link("moved")).to_be_visible()
    assert [person.v2("GET", f"/trials/{one}").json()["folder"]["id"] for one in (moved.id, left.id)] == [source] * 2


def test_what_somebody_else_has_changed_since_stays_as_they_want_it(window: Window, person: User) -> None:
    trials = {name: record_trial(person, name, "here", journal=b"").id for name in ("one", "two")}
    for path in ("there", "elsewhere"):
        person.v2("POST", "/folders", json={"path": path})
    console = Console(window(person)).folder(folder_id(person, "/here"))
    notice = console.page.get_by_role("status", name="Notices")
    console.select("one", "two")
    console.button("Delete 2").click()
    console.dialog.get_by_role("button", name="Delete").click()
    expect(notice).to_contain_text("In the trash: 2")
    assert person.v2("POST", f"/trials/{trials['one']}/restore", json={}).status_code == 200
    console.page.keyboard.press("u")
    expect(notice).to_contain_text("Undone · Left as somebody else has put it since: one")
    expect(console.link("two")).to_be_visible()

    console.select("one")
    console.button("Move 1").click()
    console.dialog.get_by_role("button", name="there", exact=True).click()
    console.dialog.get_by_role("button", name="Move").click()
    expect(notice).to_contain_text("Moved")
    target = {"folder": {"id": folder_id(person, "/elsewhere")}}
    assert person.v2("PATCH", f"/trials/{trials['one']}", json=target).status_code == 200
    console.page.keyboard.press("u")
    expect(notice.get_by_text(re.compile("^Left as somebody else has put it since: one"))).to_be_visible()
    assert person.v2("GET", f"/trials/{trials['one']}").json()["folder"]["path"] == "/elsewhere"


def test_tags_and_a_name_are_taken_back(window: Window, person: User) -> None:
    trial = record_trial(person, "before", journal=b"")
    person.v2("PATCH", f"/trials/{trial.id}", json={"tags": ["kept"]})
    console = Console(window(person)).trial(trial.id)
    console.button("Remove tag kept").click()
    notice = console.page.get_by_role("status", name="Notices")
    expect(notice).to_contain_text("Tags changed")
    console.choose("More actions", "Rename")
    console.dialog.get_by_label("Name").fill("after")
    console.dialog.get_by_role("button", name="Rename").click()
    expect(console.heading("after")).to_be_visible()
    for _ in range(2):  # the last one first
        console.page.keyboard.press("u")
    expect(console.heading("before")).to_be_visible()
    expect(console.button("Remove tag kept")).to_be_visible()


def test_a_short_address_says_what_a_long_one_says_to_those_who_see_the_folder(window: Window, person: User) -> None:
    record_trial(person, "fast", "short", journal=b"", lr=0.1)
    record_trial(person, "slow", "short", journal=b"", lr=0.01)
    place = folder_id(person, "/short")
    console = Console(window(person)).folder(place, where="params.lr > 0.05", sort="-name")
    expect(console.link("fast")).to_be_visible()
    console.window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    console.page.keyboard.press("y")
    expect(console.page.get_by_role("status", name="Notices")).to_contain_text("Link copied")
    address = console.page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(re.escape(f"{console.window.origin}{WEB}#/v/") + "[a-z2-7]{8}/", address)
    other = Console(window(person)).go(address.partition(WEB)[2])
    expect(other.link("fast")).to_be_visible()
    assert other.names() == ["fast"]
    assert "sort=-name" in other.hash
    with User(person.server) as stranger:
        theirs = Console(window(stranger)).go(address.partition(WEB)[2])
        expect(theirs.alert).to_contain_text("Not found, or you have no access.")
    other.link("fast").click()
    expect(other.heading("fast")).to_be_visible()
    other.page.get_by_role("navigation", name="Where you are").get_by_role("link", name="short").click()
    expect(other.link("fast")).to_be_visible()
    assert "where=" in other.hash


def test_the_keys_go_on_in_the_list_after_what_had_them_is_gone(window: Window, person: User) -> None:
    for name in ("first", "second", "third"):
        record_trial(person, name, "many", journal=b"")
    console = Console(window(person)).folder(folder_id(person, "/many"), sort="name")
    console.select("first")
    console.button("Delete 1").press("Enter")
    console.dialog.get_by_role("button", name="Delete").press("Enter")
    expect(console.link("first")).to_have_count(0)
    trials = console.page.get_by_role("region", name="Trials")
    expect(trials).to_be_focused()
    console.select("second")
    console.button("Select none").press("Enter")
    expect(trials).to_be_focused()
    console.page.keyboard.press("j")
    console.page.keyboard.press("Enter")
    expect(console.heading("second")).to_be_visible()
