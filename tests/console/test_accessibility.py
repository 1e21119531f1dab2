"""axe-core finds no serious or critical fault on any page, light and dark. It comes in past the policy, which stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.test_trial_parts import make_artifact, trial_with
from tests.console.world import folder_id, record_trial
from tests.server.api import User
from tests.support.parts import require_part
from tests.support.server import RunningServer

AXE = Path(__file__).resolve().parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
BAD = ("serious", "critical")
# What slides and fades has come to rest; what turns for ever does not.
AT_REST = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const moving = document.getAnimations().filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime));
  await Promise.all(moving.map((each) => each.finished.catch(() => null)));
}"""
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that may find other things in the dark


def test_each_button_and_link_of_a_phone_has_a_name(window: Window, person: User) -> None:
    one, other = (record_trial(person, name) for name in ("one", "two"))
    folder = folder_id(person, "/vision/mnist")
    assert person.v2("PUT", f"/folders/{folder}/note", json={"note": "# Night"}).status_code == 200
    console = Console(window(person, viewport={"width": 390, "height": 844}))
    pages = {
        f"#/folders/{folder}/": ["New folder", "Share", "More actions"],
        f"#/trials/{one.id}/": ["Share", "More actions"],
        f"#/compare?trials={one.id},{other.id}": ["Copy link"],
        f"#/reports/{folder}/": ["Edit"],
    }
    for address, names in pages.items():
        console.go(address)
        for name in names:
            expect(console.button(name).first).to_be_visible()
        for role in ("button", "link"):
            expect(console.page.get_by_role(role, name=re.compile(r"^\s*$"))).to_have_count(0)


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
    model = make_artifact(person, "digits_model", {"model.txt": b"weights"})
    talkative = trial_with(person, "talkative", "ValueError: odd\n", outputArtifacts=[model])
    gone = record_trial(person, "gone")
    person.v2("DELETE", f"/trials/{gone.id}")
    person.v2("POST", "/me/keys", json={"name": "laptop"})
    signed_out = Console(window(color_scheme="light")).go()
    signed_out.button("Sign in").wait_for()
    found = {"sign in": faults(signed_out)}
    console = Console(window(person, color_scheme="light"))
    views = "```view\ntitle: All\nshow: best, charts\n```\n\n```view none\n```\n"
    note = f"# Night\n\nSee [all](#/) here.\n\n{views}\n- a\n\n> b\n"
    person.v2("PUT", f"/folders/{place}/note", json={"note": note})
    pages = {
        "folder": (f"#/folders/{place}/", console.link("one")),
        "selected": (f"#/folders/{place}/?selected={trials[0].id},{trials[1].id}", console.button("Compare 2")),
        "empty filter": (
            f"#/folders/{place}/?where=name%20%3D%20none",
            console.heading("No trial matches this filter"),
        ),
        "trial": (f"#/trials/{trials[0].id}/", console.page.locator(".chart-place canvas")),
        "output": (f"#/trials/{talkative}/?tab=output", console.page.locator(".output-line")),
        "artifacts": (f"#/trials/{talkative}/?tab=artifacts", console.link("digits_model")),
        "artifact": (f"#/artifacts/{model}/", console.heading("digits_model v1")),
        "compare": (f"#/compare?trials={trials[0].id},{trials[1].id}", console.page.locator(".chart-place canvas")),
        "report": (f"#/reports/{place}/", console.page.locator(".report-view canvas")),
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
    for tab in ("Parameters", "Platform & git", "Output", "Files", "Artifacts"):
        console.tab(tab).click()
        found[tab] = faults(console)
    console.go(f"#/reports/{place}/").button("Edit").click()
    console.page.get_by_label("Text in Markdown").wait_for()
    found["report editor"] = faults(console)
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


def open_offers(console: Console) -> None:
    console.page.get_by_role("combobox", name="Filter in the query language").click()
    console.page.get_by_role("option").first.wait_for()


def open_cell_menu(console: Console) -> None:
    console.page.locator("td[data-column='1']").first.click(button="right")
    console.page.get_by_role("menu").wait_for()


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
        console.page.evaluate(AT_REST)
        found[name] = faults(console, "dialog, [role=menu], .panel, .query")
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
    look("offers", f"{folder}?where=tags%20%3D%20best%20", lambda: open_offers(console))
    look("cell", folder, lambda: open_cell_menu(console))
    look("folder menu", folder, press("More actions"))
    for item in ("Rename", "Move", "Delete"):
        look(f"folder: {item}", folder, take(item))
        look(f"trial: {item}", opened, lambda: console.heading("one").wait_for(), take(item))
    look("share trial", opened, press("Share"))
    look("note", opened, lambda: console.page.get_by_role("button", name="Edit the note").click())
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


def test_the_navigation_makes_way_when_the_window_becomes_narrow_and_comes_back(window: Window, person: User) -> None:
    console = Console(window(person)).go()
    navigation = console.page.get_by_role("navigation", name="Navigation")
    expect(navigation).to_be_visible()
    console.page.set_viewport_size({"width": 390, "height": 800})
    expect(navigation).to_be_hidden()
    console.button("Show or hide the navigation").click()
    expect(navigation).to_be_visible()
    console.page.set_viewport_size({"width": 1280, "height": 800})
    expect(navigation).to_be_visible()
    console.page.keyboard.press("[")
    console.page.set_viewport_size({"width": 390, "height": 800})
    console.page.set_viewport_size({"width": 1280, "height": 800})
    expect(navigation).to_be_hidden()  # as it was put away where there was room for it
