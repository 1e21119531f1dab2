"""Notifications on request: of what ended, once however many tabs are open, and also where the browser shows none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.world import folder_id
from tests.server.api import User, new_id, wish
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Locator

# A browser that shows notifications, of which the test sees what they would say.
_SHOWN = """
window.shown = [];
class Shown { constructor(title, more) { window.shown.push([title, more.tag]); } close() {} }
Shown.permission = "default";
Shown.requestPermission = async () => (Shown.permission = "granted");
Object.defineProperty(window, "Notification", { value: Shown });
Object.defineProperty(document, "hidden", { get: () => window.isAway === true });
"""


def expect(locator: Locator):  # type: ignore[no-untyped-def]
    from playwright.sync_api import expect as wanted

    wanted.set_options(timeout=PATIENCE_S * 1000)
    return wanted(locator)


def _running(person: User, name: str) -> str:
    uid = new_id()
    body = wish(name, folder={"path": "notes", "make": True}, state="Running")
    assert person.put(uid, body).status_code == 201
    return uid


def _end(person: User, uid: str, name: str, state: str) -> None:
    body = wish(name, folder={"path": "notes"}, state=state)
    body["metadata"] |= {"status": state, "endTime": "2100-01-01T00:00:00+00:00"}
    assert person.put(uid, body).status_code == 200


def test_an_end_is_told_once_by_the_one_tab_that_watches(window: Window, person: User) -> None:
    uid = _running(person, "long")
    made = window(person)
    made.context.add_init_script(_SHOWN)
    console = Console(made).folder(folder_id(person, "/notes"))
    expect(console.link("long")).to_be_visible()
    console.choose("More actions", "Notify me when a trial here ends")
    expect(console.page.get_by_role("status", name="Notices")).to_contain_text("You will be notified")
    other = made.context.new_page()
    other.goto(console.page.url)
    expect(other.get_by_role("link", name="long", exact=True)).to_be_visible()
    for page in (console.page, other):
        page.evaluate("window.isAway = true")
    _end(person, uid, "long", "Failed")
    told = [["long failed", f"{uid} failed"]]
    handle = console.page.locator("body")
    for _ in range(100):
        seen = [row for page in (console.page, other) for row in page.evaluate("window.shown")]
        if seen:
            break
        handle.page.wait_for_timeout(200)
    assert [[title.split(" ", 2)[:2], tag] for title, tag in seen] == [[title.split(), tag] for title, tag in told]


def test_where_the_browser_shows_none_the_page_tells(window: Window, person: User) -> None:
    uid = _running(person, "short")
    made = window(person)
    made.context.add_init_script("delete window.Notification")
    console = Console(made).trial(uid)
    expect(console.heading("short")).to_be_visible()
    console.choose("More actions", "Notify me when it ends")
    notice = console.page.get_by_role("status", name="Notices")
    expect(notice).to_contain_text("a notice in it will tell you")
    console.page.reload()  # it is remembered
    expect(console.heading("short")).to_be_visible()
    console.button("More actions").click()
    expect(console.page.get_by_role("menuitemcheckbox", name="Notify me when it ends", checked=True)).to_be_visible()
    console.page.keyboard.press("Escape")
    _end(person, uid, "short", "Succeeded")
    expect(notice).to_contain_text("short succeeded")


def test_what_one_person_watches_is_not_watched_for_the_next_at_the_same_browser(window: Window, person: User) -> None:
    uid = _running(person, "mine")
    made = window(person)
    made.context.add_init_script("delete window.Notification")
    console = Console(made).trial(uid)
    console.choose("More actions", "Notify me when it ends")
    console.choose("Account and settings", "Sign out")
    watching = console.page.get_by_role("menuitemcheckbox", name="Notify me when it ends")
    with User(person.server) as other:
        folder = folder_id(person, "/notes")
        assert person.v2("POST", f"/folders/{folder}/shares", json={"user": other.name}).status_code == 201
        for who, is_watched in ((other, False), (person, True)):
            console.page.get_by_label("API key").fill(who.key)
            console.button("Sign in").click()
            console.heading("My folders").wait_for()  # the page begins anew for another person
            console.trial(uid)
            expect(console.heading("mine")).to_be_visible()
            console.button("More actions").click()
            expect(watching).to_have_attribute("aria-checked", str(is_watched).lower())
            console.page.keyboard.press("Escape")
            console.choose("Account and settings", "Sign out")


def test_who_signs_in_in_one_tab_does_so_in_all_and_takes_nothing_over(window: Window, person: User) -> None:
    uid = _running(person, "mine")
    made = window(person)
    made.context.add_init_script("delete window.Notification")
    console = Console(made).folder(folder_id(person, "/notes"))
    tree = console.page.get_by_role("navigation", name="Navigation")
    expect(tree.get_by_role("link", name=re.compile("^notes"))).to_be_visible()
    other_tab = made.context.new_page()
    other_tab.goto(f"{console.page.url.partition('#')[0]}#/trials/{uid}/")
    more = other_tab.get_by_role("button", name="More actions")
    more.click()
    other_tab.get_by_role("menuitemcheckbox", name="Notify me when it ends").click()
    console.choose("Account and settings", "Sign out")
    expect(other_tab.get_by_label("API key")).to_be_visible()
    with User(person.server) as other:
        folder = folder_id(person, "/notes")
        assert person.v2("POST", f"/folders/{folder}/shares", json={"user": other.name}).status_code == 201
        console.page.get_by_label("API key").fill(other.key)
        console.button("Sign in").click()
        expect(console.heading("My folders")).to_be_visible()
        # The tree of whoever was here before is not that of this person.
        expect(tree.get_by_role("link", name=re.compile("^notes"))).to_have_count(0)
        other_tab.bring_to_front()
        expect(other_tab.get_by_role("heading", name="mine")).to_be_visible()
        expect(other_tab.get_by_role("button", name="Account and settings")).to_contain_text(other.name)
        more.click()
        box = other_tab.get_by_role("menuitemcheckbox", name="Notify me when it ends")
        expect(box).to_have_attribute("aria-checked", "false")
        other_tab.keyboard.press("Escape")
