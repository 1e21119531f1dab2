"""What people do in the console, by a real browser on a real server."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.world import curve, folder_id, point, record_trial
from tests.server.api import User, new_id, wish
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def expect(locator: Locator):  # type: ignore[no-untyped-def]
    from playwright.sync_api import expect as wanted

    wanted.set_options(timeout=PATIENCE_S * 1000)
    return wanted(locator)


def test_signing_in_and_out(window: Window, person: User) -> None:
    console = Console(window()).go()
    console.page.get_by_label("API key").fill("0f2c7a52-0000-4000-8000-000000000000")
    console.button("Sign in").click()
    expect(console.alert).to_contain_text("does not accept this key")
    console.page.get_by_label("API key").fill(person.key)
    console.button("Sign in").click()
    expect(console.heading("My folders")).to_be_visible()
    assert person.key not in str(console.page.evaluate("[document.cookie, {...localStorage}, {...sessionStorage}]"))
    console.choose("Account and settings", "Sign out")
    expect(console.button("Sign in")).to_be_visible()
    assert person.v2("GET", "/me/sessions").json()["sessions"] == []


def test_an_address_of_a_trial_leads_there_after_signing_in(window: Window, person: User) -> None:
    trial = record_trial(person, "first")
    console = Console(window()).trial(trial.id)
    console.page.get_by_label("API key").fill(person.key)
    console.page.keyboard.press("Enter")
    expect(console.heading("first")).to_be_visible()


def test_browsing_from_folder_to_trial_and_back(window: Window, person: User) -> None:
    record_trial(person, "cnn_small", "vision/mnist", lr=0.125, optimizer="adam")
    console = Console(window(person)).go()
    tree = console.page.get_by_role("navigation", name="Navigation")
    tree.get_by_role("button", name="Show what is in vision").click()
    tree.get_by_role("link", name="mnist").click()
    expect(console.heading("mnist")).to_be_visible()
    console.link("cnn_small").click()
    expect(console.heading("cnn_small")).to_be_visible()
    expect(console.chart("loss")).to_be_visible()
    console.tab("Parameters").click()
    expect(console.page.get_by_role("cell", name="0.125")).to_be_visible()
    expect(console.page.get_by_role("cell", name="adam")).to_be_visible()
    console.page.go_back()
    expect(console.heading("mnist")).to_be_visible()


def test_filtering_and_sorting_are_in_the_address(window: Window, person: User) -> None:
    for number in range(6):
        record_trial(person, f"run{number}", lr=number / 10)
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place)
    expect(console.link("run0")).to_be_visible()
    console.filter("params.lr >= 0.3")
    expect(console.link("run0")).to_have_count(0)
    assert sorted(console.names()) == ["run3", "run4", "run5"]
    console.table.get_by_role("button", name="Name").click()
    expect(console.table.locator("td.name a").first).to_have_text("run3")
    address = console.hash
    assert "where=" in address
    assert "sort=name" in address
    other = Console(window(person)).go(f"#{address}")
    expect(other.table.locator("td.name a").first).to_have_text("run3")
    assert other.names() == ["run3", "run4", "run5"]


def test_a_wrong_query_is_explained_where_it_is_wrong(window: Window, person: User) -> None:
    record_trial(person, "run")
    console = Console(window(person)).go()
    expect(console.link("run")).to_be_visible()
    console.filter("params.lr >=")
    expect(console.alert).to_be_visible()
    console.button("Clear the filter").click()
    expect(console.alert).to_have_count(0)
    expect(console.link("run")).to_be_visible()


def test_comparing_trials(window: Window, person: User) -> None:
    for name, rate in (("slow", 0.01), ("fast", 0.1)):
        record_trial(person, name, lr=rate, seed=7)
    console = Console(window(person)).go()
    expect(console.link("fast")).to_be_visible()
    console.select("slow", "fast")
    console.button("Compare 2").click()
    expect(console.heading("Compare 2 trials")).to_be_visible()
    expect(console.chart("loss")).to_be_visible()
    console.tab("Parameters").click()
    expect(console.page.get_by_role("cell", name="0.01", exact=True)).to_be_visible()
    expect(console.page.get_by_role("cell", name="7", exact=True)).to_have_count(0)  # the same in both


def test_zooming_by_keyboard_and_back_is_in_the_address(window: Window, person: User) -> None:
    trial = record_trial(person, "zoomed", journal=curve(400))
    console = Console(window(person)).trial(trial.id)
    chart = console.chart("loss")
    expect(chart).to_be_visible()
    before = console.hash
    chart.focus()
    console.page.keyboard.press("+")
    expect(console.button("Reset zoom").first).to_be_visible()
    console.page.wait_for_function("before => location.hash !== '#' + before", arg=before)
    zoomed = console.hash
    other = Console(window(person)).go(f"#{zoomed}")
    expect(other.button("Reset zoom").first).to_be_visible()
    chart.focus()
    console.page.keyboard.press("0")
    expect(console.button("Reset zoom")).to_have_count(0)


def test_a_trial_says_why_it_ended(window: Window, person: User) -> None:
    trial_id = new_id()
    body = wish("diverged", state="Failed")
    ending = {"kind": "exception", "exception": "ValueError", "message": "<b>nan</b>"}
    body["metadata"].update(status="Failed", _exit=ending)
    assert person.put(trial_id, body).status_code == 201
    console = Console(window(person)).trial(trial_id)
    expect(console.page.get_by_text("ValueError: <b>nan</b>", exact=True)).to_be_visible()


def test_what_is_logged_appears_without_a_reload(window: Window, person: User) -> None:
    journal = curve(20)
    trial = record_trial(person, "live", journal=journal, lr=0.1)
    console = Console(window(person)).trial(trial.id)
    expect(console.chart("loss")).to_be_visible()
    asked = len([url for url in console.window.requests if "/metrics" in url])
    answer = person.patch(trial.id, len(journal), point(21, loss=777.0))
    assert answer.status_code == 204
    expect(console.page.get_by_text("777", exact=True).first).to_be_visible()
    assert len([url for url in console.window.requests if "/metrics" in url]) > asked


def test_a_new_trial_appears_in_the_list_without_a_reload(window: Window, person: User) -> None:
    record_trial(person, "before")
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"))
    expect(console.link("before")).to_be_visible()
    record_trial(person, "after")
    expect(console.link("after")).to_be_visible()


def test_sharing_a_folder_with_somebody_who_then_sees_it(window: Window, person: User, server: RunningServer) -> None:
    record_trial(person, "seen", "shared_work")
    with User(server) as colleague:
        console = Console(window(person)).folder(folder_id(person, "/shared_work"))
        console.button("Share").click()
        console.dialog.get_by_label("Name of the user or group").fill(colleague.name)
        console.dialog.get_by_role("button", name="Share", exact=True).click()
        expect(console.dialog.get_by_role("listitem")).to_contain_text(colleague.name)
        other = Console(window(colleague)).go("#/shared")
        other.page.get_by_role("main").get_by_role("link", name="shared_work").first.click()
        expect(other.link("seen")).to_be_visible()
        expect(other.button("Share")).to_have_count(0)


def test_deleting_a_trial_and_restoring_it(window: Window, person: User) -> None:
    record_trial(person, "kept")
    record_trial(person, "mistake")
    console = Console(window(person)).go()
    expect(console.link("mistake")).to_be_visible()
    console.select("mistake")
    console.button("Delete 1").click()
    console.dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(console.link("mistake")).to_have_count(0)
    expect(console.link("kept")).to_be_visible()
    console.go("#/trash")
    row = console.page.get_by_role("row").filter(has_text="mistake")
    row.get_by_role("button", name=re.compile("Restore")).click()
    expect(row).to_have_count(0)
    console.go()
    expect(console.link("mistake")).to_be_visible()


def test_making_renaming_and_moving_folders(window: Window, person: User) -> None:
    record_trial(person, "inside", "old/place")
    console = Console(window(person)).go()
    console.button("New folder").click()
    console.dialog.get_by_label("Name of the folder").fill("new place")
    console.dialog.get_by_role("button", name="Create", exact=True).click()
    tree = console.page.get_by_role("navigation", name="Navigation")
    expect(tree.get_by_role("link", name="new place")).to_be_visible()
    console.folder(folder_id(person, "/old/place"))
    console.choose("More actions", "Rename")
    console.dialog.get_by_role("textbox").fill("renamed")
    console.dialog.get_by_role("button", name="Rename", exact=True).click()
    expect(console.heading("renamed")).to_be_visible()
    console.choose("More actions", "Move")
    console.dialog.get_by_role("button", name="new place", exact=True).click()
    console.dialog.get_by_role("button", name="Move", exact=True).click()
    expect(console.dialog).to_have_count(0)
    assert folder_id(person, "/new place/renamed")


def test_a_key_is_shown_once_and_works(window: Window, person: User, server: RunningServer) -> None:
    console = Console(window(person)).go("#/keys")
    console.button("New key").click()
    console.dialog.get_by_label("Name").fill("cluster")
    console.dialog.get_by_role("button", name="Create", exact=True).click()
    key = console.page.get_by_text(re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")).first.inner_text()
    other = Console(window()).go()
    other.page.get_by_label("API key").fill(key)
    other.button("Sign in").click()
    expect(other.heading("My folders")).to_be_visible()
    console.go("#/keys")
    console.page.reload()
    expect(console.page.get_by_role("row").filter(has_text="cluster")).to_be_visible()
    assert key not in console.page.content()
    console.page.get_by_role("row").filter(has_text="cluster").get_by_role("button", name=re.compile("Revoke")).click()
    console.dialog.get_by_role("button", name="Revoke", exact=True).click()
    other.page.reload()
    expect(other.button("Sign in")).to_be_visible()


def test_the_address_of_aimd_console_signs_in_once(window: Window, person: User) -> None:
    console = Console(window()).go("#/?token=none-of-this-server")
    expect(console.page.get_by_text("This address was used already")).to_be_visible()


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_console_speaks_the_language_of_the_browser(window: Window, person: User, language: str) -> None:
    console = Console(window(person, locale=language)).go()
    wanted = "zh" if language == "zh-CN" else "en"
    console.page.get_by_role("main").wait_for()
    assert str(console.page.evaluate("document.documentElement.lang")).startswith(wanted)


def test_all_of_it_by_the_keyboard_alone(window: Window, person: User) -> None:
    for name in ("one", "two"):
        record_trial(person, name)
    console = Console(window()).go()
    keyboard = console.page.keyboard
    expect(console.page.get_by_label("API key")).to_be_focused()
    keyboard.type(person.key)
    keyboard.press("Enter")
    expect(console.link("one")).to_be_visible()
    keyboard.press("/")
    expect(console.page.get_by_role("combobox", name="Filter in the query language")).to_be_focused()
    keyboard.type("name ~ o")
    keyboard.press("Enter")
    expect(console.link("two")).to_be_visible()
    keyboard.press("Escape")
    for key in ("j", "x", "j", "x"):
        keyboard.press(key)
        console.page.wait_for_timeout(100)  # as fast as somebody types
    expect(console.button("Compare 2")).to_be_visible()
    keyboard.press("c")
    expect(console.heading("Compare 2 trials")).to_be_visible()
    keyboard.press("?")
    expect(console.dialog).to_be_visible()
    keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    seen = set()
    for _ in range(60):  # Tab goes through everything, and something visible always has the focus
        keyboard.press("Tab")
        where = console.page.evaluate(
            "(() => { const at = document.activeElement; if (at === document.body) return '';"
            " const box = at.getBoundingClientRect(); const style = getComputedStyle(at);"
            " return [at.tagName, at.textContent.slice(0, 20), at.getAttribute('aria-label'),"
            " box.width > 0 && style.outlineStyle !== 'none' || style.boxShadow !== 'none'].join('|'); })()"
        )
        seen.add(where)
    assert len(seen) > 8
    assert [one for one in seen if one and one.endswith("false")] == []


def test_from_signing_in_to_a_trial_to_a_comparison_and_back_by_keys(window: Window, person: User) -> None:
    for name in ("one", "two"):
        record_trial(person, name)
    console = Console(window()).go()
    keyboard = console.page.keyboard

    def reach(name: str) -> None:
        """Go on with Tab until something of that name has the focus."""
        for _ in range(60):
            keyboard.press("Tab")
            at = console.page.evaluate(
                "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()"
            )
            if at == name:
                return
        raise AssertionError(f"Tab does not reach {name}")

    expect(console.page.get_by_label("API key")).to_be_focused()  # else its first characters go nowhere
    keyboard.type(person.key)
    keyboard.press("Enter")
    expect(console.link("two")).to_be_visible()
    keyboard.press("j")
    keyboard.press("Enter")  # the newest of the list
    expect(console.page.get_by_role("tab", name="Metrics")).to_be_visible()
    opened = console.hash
    keyboard.press("3")
    expect(
        console.page.get_by_role("cell", name="batch_size").or_(console.page.get_by_text("batch_size"))
    ).to_be_visible()
    reach("Compare")
    keyboard.press("Enter")
    expect(console.heading("Compare 1 trial")).to_be_visible()
    console.page.go_back()  # Alt and the left arrow are the browser's own, which has no window here
    console.page.wait_for_function("address => location.hash.startsWith('#' + address)", arg=opened)
    expect(console.page.get_by_role("tab", name="Parameters")).to_be_visible()
    reach("vision")


def test_rows_are_selected_through_to_another_by_key_and_the_help_says_so(window: Window, person: User) -> None:
    for number in range(5):
        record_trial(person, f"run{number}", journal=b"")
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"))
    expect(console.row("run4")).to_be_visible()
    for key in ("j", "j", "x", "j", "j", "X"):
        console.page.keyboard.press(key)
    expect(console.page.get_by_text("3 selected")).to_be_visible()
    console.page.keyboard.press("?")
    expect(console.dialog.get_by_role("heading", level=3)).to_have_text(
        ["Everywhere", "Trials", "Trial", "Charts", "Sweep"]
    )
    expect(console.dialog).to_contain_text("all rows from there to this one")


def test_saved_files_are_listed_and_only_come_as_attachments(window: Window, person: User) -> None:
    trial, page = record_trial(person, "with files"), b"<script>parent.stolen = 1</script>"
    person.v2("POST", "/contents", content=b"[%d]\n%s" % (len(page), page))
    digest = hashlib.sha256(page).hexdigest()
    names = ["report/index.html", "<b>bold</b>.txt", *(f"many/{number:03}" for number in range(600))]
    files = [{"path": name, "digest": digest} for name in names]
    assert person.v2("POST", f"/trials/{trial.id}/files", json={"files": files}).status_code == 200
    console = Console(window(person)).trial(trial.id)
    console.tab("Files").click()
    saved = console.page.get_by_role("region", name="Saved files")
    expect(saved.get_by_text("602 files")).to_be_visible()
    expect(saved.get_by_text("<b>bold</b>.txt", exact=True)).to_be_visible()
    expect(saved.get_by_text("many/599")).to_have_count(0)
    console.button("Show more files").click()
    expect(saved.get_by_text("many/599")).to_be_visible()
    with console.page.expect_download() as coming:
        saved.get_by_role("link", name="Download report/index.html").click()
    assert coming.value.suggested_filename == "index.html"
    address = str(saved.get_by_role("link", name="Download report/index.html").get_attribute("href"))
    answer = console.page.request.get(address)
    assert answer.body() == page
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
