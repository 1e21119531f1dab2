"""Pages whose trials go away, whose server is away or slow, and two people at once.

They say so, what they show comes to its end, and nothing of anybody is lost without a word.
"""

from __future__ import annotations

import time

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.test_live import Live
from tests.console.world import folder_id, record_trial
from tests.server.api import User
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

GONE, STALE = "Not found, or you have no access.", "What is shown may be out of date."
# Each answer with a trial or with points takes longer than it is until they change again.
SLOW = """
const send = window.fetch;
window.fetch = async (address, wish) => {
  const answer = await send(address, wish);
  const isSlow = /trials\\/[0-9a-f-]{36}$|\\/metrics$/.test(String(address));
  const wait = (resume, refuse) => {
    setTimeout(resume, 3000);
    wish.signal?.addEventListener("abort", () => refuse(new DOMException("gone", "AbortError")));
  };
  if (isSlow) await new Promise(wait);
  return answer;
};
"""


def test_a_trial_that_changes_faster_than_answers_come_is_shown_with_its_curves(window: Window, person: User) -> None:
    live = Live(person, "fast")
    opened = window(person)
    opened.context.add_init_script(SLOW)
    console = Console(opened).trial(live.id)
    drawn = console.page.get_by_role("region", name="loss").get_by_text("train.loss ends at")
    deadline_s = time.monotonic() + PATIENCE_S
    while not drawn.count():
        assert time.monotonic() < deadline_s
        live.log()
        console.page.wait_for_timeout(200)
    last = live.log()
    expect(console.page.get_by_text(f"train.loss ends at {last}.")).to_be_attached()


def test_a_trial_that_is_deleted_is_not_shown_any_longer(window: Window, person: User) -> None:
    trial = record_trial(person, "short")
    console = Console(window(person)).trial(trial.id)
    expect(console.chart("loss")).to_be_visible()
    person.v2("DELETE", f"/trials/{trial.id}")
    expect(console.alert.get_by_text(GONE)).to_be_visible()
    expect(console.heading("short")).to_have_count(0)
    person.v2("POST", f"/trials/{trial.id}/restore")
    expect(console.heading("short")).to_be_visible()


def test_what_is_shared_no_longer_is_not_shown_any_longer(window: Window, person: User, server: RunningServer) -> None:
    trial = record_trial(person, "lent", "lending")
    folder = folder_id(person, "/lending")
    with User(server) as guest:
        share = person.v2("POST", f"/folders/{folder}/shares", json={"user": guest.name}).json()["id"]
        page, listed = Console(window(guest)).trial(trial.id), Console(window(guest)).folder(folder)
        expect(page.heading("lent")).to_be_visible()
        expect(listed.link("lent")).to_be_visible()
        assert person.v2("DELETE", f"/folders/{folder}/shares/{share}").status_code == 204
        for console in (page, listed):
            expect(console.alert.get_by_text(GONE)).to_be_visible()
            expect(console.page.get_by_role("main").get_by_text("lent", exact=True)).to_have_count(0)


def test_a_page_says_that_the_server_is_away_until_it_is_back(
    window: Window, person: User, server: RunningServer
) -> None:
    live = Live(person, "cut")
    page, listed = (Console(window(person)) for _ in range(2))
    page.trial(live.id)
    listed.folder(folder_id(person, "/vision/mnist"))
    expect(page.heading("cut")).to_be_visible()
    expect(listed.link("cut")).to_be_visible()
    server.stop()
    said = [console.page.get_by_role("status").filter(has_text=STALE) for console in (page, listed)]
    try:
        for place in said:
            expect(place).to_contain_text("The server cannot be reached.")
        expect(page.heading("cut")).to_be_visible()
        expect(listed.link("cut")).to_be_visible()
    finally:
        server.start()
    for place in said:
        expect(place).to_have_count(0)


def test_a_note_that_somebody_else_saved_meanwhile_is_shown_before_it_is_replaced(window: Window, person: User) -> None:
    trial = record_trial(person, "noted").id
    console = Console(window(person)).trial(trial)
    console.button("Add a note").click()
    text = console.dialog.get_by_role("textbox", name="Note", exact=True)
    text.fill("mine")
    person.v2("PATCH", f"/trials/{trial}", json={"note": "theirs"})
    save = console.dialog.get_by_role("button", name="Save")
    save.click()
    expect(console.dialog.get_by_role("alert")).to_contain_text("changed the note meanwhile")
    expect(console.dialog.get_by_label("The text that was saved meanwhile")).to_have_value("theirs")
    assert person.trial(trial)["note"] == "theirs"
    text.fill("mine and theirs")
    save.click()
    expect(console.page.locator(".note")).to_contain_text("mine and theirs")
    assert person.trial(trial)["note"] == "mine and theirs"


def test_tags_and_names_that_somebody_else_gave_meanwhile_stay(window: Window, person: User) -> None:
    trial = record_trial(person, "tagged").id
    opened = window(person)
    console = Console(opened).trial(trial)
    expect(console.heading("tagged")).to_be_visible()
    opened.context.route(  # the page does not learn of it
        f"**/trials/{trial}", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
    )
    person.v2("PATCH", f"/trials/{trial}", json={"add_tags": ["theirs"]})
    console.button("Add tag").click()
    field = console.page.get_by_role("textbox", name="Add tag")
    field.fill("mine")
    field.press("Enter")
    undo = console.button("Undo")
    expect(undo).to_be_visible()
    assert sorted(person.trial(trial)["tags"]) == ["mine", "theirs"]
    undo.click()
    expect(console.page.get_by_text("Undone")).to_be_visible()
    assert person.trial(trial)["tags"] == ["theirs"]
    opened.context.unroute_all()
    console.choose("More actions", "Rename")
    console.dialog.get_by_role("textbox").fill("ours")
    console.page.keyboard.press("Enter")
    expect(undo).to_be_visible()
    person.v2("PATCH", f"/trials/{trial}", json={"name": "settled"})
    undo.click()
    expect(console.page.get_by_text("Left as somebody else has put it since: settled")).to_be_visible()
    assert person.trial(trial)["name"] == "settled"


# The first page that one scrolls to takes longer than it is until the rows before it are loaded again.
SLOW_PAGE = """
const send = window.fetch;
let isFirst = true;
window.fetch = async (address, wish) => {
  const isSlow = String(address).includes("cursor=") && isFirst;
  if (isSlow) {
    isFirst = false;
    await new Promise((resume, refuse) => {
      setTimeout(resume, 60000);
      wish.signal?.addEventListener("abort", () => refuse(new DOMException("gone", "AbortError")));
    });
  }
  return send(address, wish);
};
"""


def test_rows_that_one_scrolls_to_come_though_those_above_are_loaded_again(window: Window, person: User) -> None:
    for number in range(130):
        record_trial(person, f"run{number:03}", "long")
    last = Live(person, "run999", "long")
    opened = window(person)
    opened.context.add_init_script(SLOW_PAGE)
    console = Console(opened).folder(folder_id(person, "/long"), sort="name")
    expect(console.row("run000")).to_be_visible()
    console.page.locator(".table-box").evaluate("(box) => { box.scrollTop = box.scrollHeight; }")
    last.log()  # a row that is not here yet: the list is loaded again
    expect(console.row("run999")).to_be_visible()
