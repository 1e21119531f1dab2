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
from tests.console.world import folder_id, record_trial
from tests.server.api import User
from tests.support.local_console import LocalConsole
from tests.support.server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# All that changes something, by what its button says.
LISTED = {"New folder", "Share", "Move 1", "Delete 1", "menu: Rename", "menu: Move", "menu: Delete"}
OPENED = {"Share", "Add tag", "Remove tag best", "A note", "menu: Rename", "menu: Move", "menu: Delete"}
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


def test_whoever_has_a_link_sees_what_it_shares_and_is_offered_nothing(window: Window, person: User) -> None:
    place, trial = _prepared(person, "public")
    top = folder_id(person, "/public")
    key = person.v2("POST", f"/folders/{top}/shares", json={"link": True}).json()["key"]
    console = Console(window()).go()
    console.page.get_by_label("API key").fill(key)
    console.page.keyboard.press("Enter")
    console.page.get_by_role("main").get_by_role("link", name="public").first.click()
    console.heading("public").wait_for()
    assert offered_in_list(console, place, trial) == set()
    assert offered_on_trial(console, trial) == set()


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
