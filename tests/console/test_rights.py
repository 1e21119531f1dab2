"""What the console offers to whom: nothing that the server would refuse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_console import new_trial
from tests.console.browser import Watched
from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.world import folder_id, record_trial
from tests.server.api import User
from tests.support.local_console import LocalConsole
from tests.support.server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# All that changes something, by what its button says.
LISTED = {"New folder", "Share", "Move 1", "Delete 1", "menu: Rename", "menu: Move", "menu: Delete"}
OPENED = {"Share", "Add tag", "Remove tag best", "Edit the note", "menu: Rename", "menu: Move", "menu: Delete"}
OTHER = {"New key", "Revoke laptop", "Restore gone"}
CHANGES = LISTED | OPENED | OTHER


def offered(console: Console, *more: str) -> set[str]:
    """Return what the page offers to change."""
    main = console.page.get_by_role("main")
    found = {" ".join(text.split()) for text in main.get_by_role("button").all_inner_texts()}
    found |= {str(one.get_attribute("aria-label")) for one in main.get_by_role("button").all()}
    menu = main.get_by_role("button", name="More actions")
    if menu.count():
        menu.click()
        found |= {f"menu: {text}" for text in console.page.get_by_role("menuitem").all_inner_texts()}
        console.page.keyboard.press("Escape")
    return found & CHANGES


def offered_in_list(console: Console, folder: str, trial: str) -> set[str]:
    console.folder(folder, selected=trial)
    console.page.get_by_text("1 selected").wait_for()
    console.link("one").wait_for()
    console.page.wait_for_timeout(300)
    return offered(console)


def offered_on_trial(console: Console, trial: str) -> set[str]:
    console.trial(trial)
    console.heading("one").wait_for()
    console.page.wait_for_timeout(300)
    return offered(console)


def _prepared(person: User, top: str) -> tuple[str, str]:
    trial = record_trial(person, "one", f"{top}/mnist")
    person.v2("PATCH", f"/trials/{trial.id}", json={"tags": ["best"], "note": "A note"})
    return folder_id(person, f"/{top}/mnist"), trial.id


def test_an_owner_is_offered_all_of_it(window: Window, person: User) -> None:
    place, trial = _prepared(person, "work")
    console = Console(window(person))
    assert offered_in_list(console, place, trial) == LISTED
    assert offered_on_trial(console, trial) == OPENED


@pytest.mark.parametrize(
    ("role", "listed", "opened"),
    [
        ("viewer", set(), set()),
        ("editor", LISTED - {"Share"}, OPENED - {"Share"}),
        ("owner", LISTED, OPENED),
    ],
)
def test_a_guest_is_offered_what_the_role_allows(
    window: Window, person: User, server: RunningServer, role: str, listed: set[str], opened: set[str]
) -> None:
    place, trial = _prepared(person, f"for_{role}")
    top = folder_id(person, f"/for_{role}")
    with User(server) as guest:
        person.v2("POST", f"/folders/{top}/shares", json={"user": guest.name, "role": role})
        console = Console(window(guest))
        assert offered_in_list(console, place, trial) == listed
        assert offered_on_trial(console, trial) == opened
        # What was shared by itself lies in a folder that is not theirs: it stays where it is.
        console.folder(top)
        console.heading(f"for_{role}").wait_for()
        console.page.wait_for_timeout(300)
        assert offered(console) & {"menu: Rename", "menu: Move", "menu: Delete"} == set()


def test_an_editor_of_one_trial_alone_may_rename_it_and_not_take_it_away(
    window: Window, person: User, server: RunningServer
) -> None:
    _, trial = _prepared(person, "alone")
    with User(server) as guest:
        person.v2("POST", f"/trials/{trial}/shares", json={"user": guest.name, "role": "editor"})
        assert offered_on_trial(Console(window(guest)), trial) == OPENED - {"Share", "menu: Move", "menu: Delete"}


def test_a_key_for_reading_is_offered_nothing(window: Window, person: User) -> None:
    place, trial = _prepared(person, "read")
    person.v2("POST", "/me/keys", json={"name": "laptop"})
    gone = record_trial(person, "gone")
    person.v2("DELETE", f"/trials/{gone.id}")
    made = person.v2("POST", "/me/keys", json={"name": "reader", "scope": "read"}).json()["key"]
    for key, wanted in ((person.key, CHANGES), (made, set[str]())):
        console = Console(window(User(person.server, person.name, key)))
        found = offered_in_list(console, place, trial) | offered_on_trial(console, trial)
        for address, there in (("#/keys", "laptop"), ("#/trash", "gone")):
            console.go(address)
            console.page.get_by_role("row").filter(has_text=there).wait_for()
            found |= offered(console)
        assert found == wanted


def test_a_shared_view_is_used_by_a_guest_and_changed_only_by_an_editor(
    window: Window, person: User, server: RunningServer
) -> None:
    place, _ = _prepared(person, "team")
    view = {"view": {"query": "tag:best", "charts": ["val.acc", "train.loss"], "console": {"show": "both"}}}
    assert person.v2("PUT", f"/folders/{place}/views/team", params={"shared": "1"}, json=view).status_code == 201
    with User(server) as guest:
        person.v2("POST", f"/folders/{place}/shares", json={"user": guest.name, "role": "viewer"})
        console = Console(window(guest)).folder(place)
        console.choose("Views", "team (shared)")
        console.chart("val.acc")
        assert _menu(console, "Views: team") == ["team (shared)", "Default", "Save this view"]
        console.chart("val.acc").press("p")
        console.button("Views: team, changed").wait_for()
        assert _menu(console, "Views: team") == [
            "Save as another view", "Discard the changes", "team (shared)", "Default",
        ]  # fmt: skip
        console.choose("Views: team", "Save as another view")
        console.dialog.get_by_label("Name").fill("mine")
        console.dialog.get_by_role("button", name="Save").click()
        console.button("Views: mine").wait_for()
        console.page.reload()
        console.chart("train.loss")
        assert console.page.locator('[data-section="pinned"] [data-chart]').count() == 1
        assert "Remove the view mine" in _menu(console, "Views: mine")
    kept = person.v2("GET", f"/folders/{place}/views").json()["views"]
    assert [one["view"] for one in kept] == [view["view"]]


def test_a_key_for_reading_uses_views_and_saves_none_and_a_revoked_one_leads_to_the_sign_in(
    window: Window, person: User
) -> None:
    place, _ = _prepared(person, "look")
    person.v2("PUT", f"/folders/{place}/views/night", json={"view": {"sort": "name"}})
    made = person.v2("POST", "/me/keys", json={"name": "reader", "scope": "read"}).json()
    console = Console(window(User(person.server, person.name, made["key"]))).folder(place)
    console.choose("Views", "night")
    console.filter("tag:best")
    console.button("Views: night, changed").wait_for()
    assert _menu(console, "Views: night") == ["Discard the changes", "night", "Default"]
    shown = console.hash
    assert person.v2("DELETE", f"/me/keys/{made['id']}").status_code == 204
    console.page.keyboard.press("v")  # asks for charts
    console.page.get_by_text("You have been signed out.").wait_for()
    console.page.get_by_label("API key").fill(person.key)
    console.page.keyboard.press("Enter")
    console.chart("val.acc")
    assert shown in console.hash


def _menu(console: Console, name: str) -> list[str]:
    """Return what a menu offers."""
    console.button(name, exact=False).first.click()
    entries = console.page.locator("[role^=menuitem]")
    entries.first.wait_for()
    items = entries.all_inner_texts()
    console.page.keyboard.press("Escape")
    return [item.strip() for item in items]


def test_whoever_has_a_link_sees_what_it_shares_and_is_offered_nothing(window: Window, person: User) -> None:
    place, trial = _prepared(person, "public")
    top = folder_id(person, "/public")
    key = person.v2("POST", f"/folders/{top}/shares", json={"link": True}).json()["key"]
    console = Console(window()).go()
    console.page.get_by_label("API key").fill(key)
    console.page.keyboard.press("Enter")
    console.heading("public").wait_for()  # where a link leads that shows one thing
    assert offered_in_list(console, place, trial) == set()
    assert offered_on_trial(console, trial) == set()
    # What it does not show is not said to be missing.
    expect(console.tab("Output")).to_have_count(0)
    console.tab("Platform & git").click()
    expect(console.page.get_by_text("A public link shows neither")).to_be_visible()
    expect(console.page.get_by_text("No uncommitted changes were recorded.")).to_have_count(0)


def test_local_trials_are_only_shown(built_console: None, browser: Browser, tmp_path: Path, cache_home: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    new_trial(work, 1)
    with LocalConsole(work, cache_home) as local:
        window = Watched(browser, local.origin)
        console = Console(window)
        console.page.goto(local.address)
        console.link("cnn").click()
        console.heading("cnn").wait_for()
        console.page.wait_for_timeout(300)
        assert offered(console) == set()
        navigation = console.page.get_by_role("navigation", name="Navigation")
        assert navigation.get_by_role("link", name=re.compile("API keys|Trash|Shared")).count() == 0
        window.close()
        assert window.faults == []


def test_a_page_to_which_one_comes_back_shows_nothing_after_signing_out(window: Window, person: User) -> None:
    trial = record_trial(person, "private").id
    opened = window(person)
    console = Console(opened).trial(trial)
    expect(console.heading("private")).to_be_visible()
    address = f"{opened.origin}/t9k/experiment/server/apis/v2/session"
    assert opened.context.request.delete(address, headers={"Origin": opened.origin}).status == 204
    # As browsers do with a page that they kept whole; one that is driven keeps none.
    console.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(console.page.get_by_label("API key")).to_be_visible()
    expect(console.page.get_by_text("private")).to_have_count(0)
