"""axe-core finds no serious or critical fault on any page, light and dark. It comes in past the policy, which stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.world import folder_id, record_trial
from tests.server.api import User
from tests.support.parts import require_part
from tests.support.server import RunningServer

AXE = Path(__file__).resolve().parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
BAD = ("serious", "critical")
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that may find other things in the dark


def faults(console: Console, within: str = "") -> list[str]:
    """Return what axe-core says against a page, or against what fits a selector, one line each, light and dark."""
    require_part("axe-core (npm ci in console/)", AXE.is_file())
    # Evaluated by the debugger, not by the page: no policy is loosened for it.
    if not console.page.evaluate("'axe' in window"):
        console.page.evaluate(AXE.read_text(encoding="utf-8"))
    place = within if within and console.page.locator(within).count() else "body"
    light = _judged(console, place, {})
    console.page.emulate_media(color_scheme="dark")
    dark = _judged(console, place, {"runOnly": OF_COLOURS})
    console.page.emulate_media(color_scheme="light")
    return light + [f"in the dark: {fault}" for fault in dark]


def _judged(console: Console, place: str, rules: dict[str, Any]) -> list[str]:
    run = "([place, rules]) => axe.run(place, { resultTypes: ['violations'], ...rules })"
    found: dict[str, Any] = console.page.evaluate(run, [place, rules])
    return [
        f"{fault['impact']} {fault['id']}: {node['html'][:120]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for fault in found["violations"]
        if fault["impact"] in BAD
        for node in fault["nodes"][:3]
    ]


def test_no_page_has_a_serious_fault(window: Window, person: User) -> None:
    trials = [record_trial(person, name, lr=rate) for name, rate in (("one", 0.1), ("two", 0.2))]
    place = folder_id(person, "/vision/mnist")
    person.v2("PATCH", f"/trials/{trials[0].id}", json={"tags": ["baseline"], "note": "a note"})
    gone = record_trial(person, "gone")
    person.v2("DELETE", f"/trials/{gone.id}")
    person.v2("POST", "/me/keys", json={"name": "laptop"})
    signed_out = Console(window(color_scheme="light")).go()
    signed_out.button("Sign in").wait_for()
    found = {"sign in": faults(signed_out)}
    console = Console(window(person, color_scheme="light"))
    pages = {
        "folder": (f"#/folders/{place}/", console.link("one")),
        "selected": (f"#/folders/{place}/?selected={trials[0].id},{trials[1].id}", console.button("Compare 2")),
        "empty filter": (f"#/folders/{place}/?where=name%20%3D%20none", console.heading("No trial fits this filter")),
        "trial": (f"#/trials/{trials[0].id}/", console.page.locator(".chart-place canvas")),
        "compare": (f"#/compare?trials={trials[0].id},{trials[1].id}", console.page.locator(".chart-place canvas")),
        "shared": ("#/shared", console.heading("Shared with me")),
        "trash": ("#/trash", console.heading("Trash")),
        "keys": ("#/keys", console.heading("API keys")),
        "nothing": ("#/nowhere", console.page.get_by_text("There is no such page.")),
    }
    for name, (address, there) in pages.items():
        console.go(address)
        there.first.wait_for()
        found[name] = faults(console)
    console.trial(trials[0].id)
    for tab in ("Parameters", "Platform & git", "Output", "Files"):
        console.tab(tab).click()
        found[tab] = faults(console)
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_planted_faults_are_found(window: Window, person: User) -> None:
    console = Console(window(person)).go("#/keys")
    console.button("New key").click()
    console.page.evaluate("document.querySelector('dialog h2').after(document.createElement('button'))")
    console.page.evaluate("document.querySelector('dialog h2').style.color = '#ddd'")
    console.page.evaluate("document.querySelector('dialog label span').style.color = '#111'")
    assert {fault.rpartition(" (")[0].split(": <")[0] for fault in faults(console, "dialog")} == {
        "critical button-name",
        "serious color-contrast",
        "in the dark: serious color-contrast",
    }


def test_no_dialog_and_no_menu_has_a_serious_fault(window: Window, person: User, server: RunningServer) -> None:
    trial = record_trial(person, "one")
    person.v2("PATCH", f"/trials/{trial.id}", json={"tags": ["best"], "note": "a note"})
    place = folder_id(person, "/vision/mnist")
    gone = record_trial(person, "taken")
    person.v2("DELETE", f"/trials/{gone.id}")
    record_trial(person, "taken")
    with User(server) as friend:
        person.v2("POST", f"/folders/{place}/shares", json={"user": friend.name})
    console = Console(window(person, color_scheme="light"))
    found = {}

    def look(name: str, page: str, *steps: Callable[[], None]) -> None:
        """Open something on a page, look at it as it is, and leave it by Escape."""
        console.go("#/nowhere")
        console.page.get_by_text("There is no such page.").wait_for()
        console.go(page)
        console.page.get_by_role("main").get_by_role("heading", level=1).first.wait_for()
        for step in steps:
            step()
        console.page.wait_for_timeout(200)  # what slides and fades has come to rest
        found[name] = faults(console, "dialog, [role=menu], .panel")
        console.page.keyboard.press("Escape")

    def press(name: str) -> Callable[[], None]:
        return lambda: console.button(name).first.click()

    def take(item: str) -> Callable[[], None]:
        return lambda: console.choose("More actions", item)

    def key_once() -> None:
        console.button("New key").click()
        console.dialog.get_by_label("Name").fill("laptop")
        console.page.keyboard.press("Enter")
        console.dialog.get_by_text("the only time").wait_for()

    folder, opened = f"#/folders/{place}/", f"#/trials/{trial.id}/"
    look("new folder", folder, press("New folder"))
    look("share", folder, press("Share"), lambda: console.dialog.get_by_role("listitem").first.wait_for())
    look("columns", folder, press("Columns"), lambda: console.page.get_by_role("group", name="Metrics").wait_for())
    look("query help", folder, press("Fields and examples"))
    look("wrong query", f"{folder}?where=params.lr%20%3E%3D", console.alert.wait_for)
    look("folder menu", folder, press("More actions"))
    for item in ("Rename", "Move", "Delete"):
        look(f"folder: {item}", folder, take(item))
        look(f"trial: {item}", opened, lambda: console.heading("one").wait_for(), take(item))
    look("share trial", opened, press("Share"))
    look("note", opened, lambda: console.page.get_by_role("button", name="a note").click())
    look("tag", opened, press("Add tag"))
    look("downloads", opened, lambda: console.button("Download loss").click())
    look("enlarged", f"{opened}?large=loss", lambda: console.chart("loss").wait_for())
    look("new key", "#/keys", press("New key"))
    look("key once", "#/keys", key_once)
    look("revoke", "#/keys", press("Revoke laptop"))
    look("restore as", "#/trash", press("Restore taken"), lambda: console.dialog.wait_for())
    look("shortcuts", "#/keys", lambda: console.page.keyboard.press("?"), lambda: console.dialog.wait_for())
    look("account", "#/keys", lambda: console.button(f"{person.name}: Account and settings").click())
    look("grouped", f"#/compare?trials={trial.id}&group=seeds", lambda: console.chart("loss").wait_for())
    assert {name: lines for name, lines in found.items() if lines} == {}
