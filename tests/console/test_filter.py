"""The filter as one types it: words, completion, chips, cells; the tree beside it; the list on a phone."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_accessibility import faults
from tests.console.test_journeys import expect
from tests.console.world import curve, folder_id, point, record_trial
from tests.server.api import User, new_id, wish

if TYPE_CHECKING:
    from playwright.sync_api import Locator

HOSTILE = (
    'say "hi" it\'s',
    "<script>alert(1)</script>",
    "\u202eabc",
    "line\nbreak",
    "back\\slash\\",
    "and",
    "1e-3",
    "a, (b) = c",
    "x" * 300,
    "实验",
)


def field_of(console: Console) -> Locator:
    return console.page.get_by_role("combobox", name="Filter in the query language")


def offers(console: Console) -> Locator:
    return console.page.get_by_role("listbox", name="Suggestions").get_by_role("option")


def test_a_filter_can_be_guessed(window: Window, person: User) -> None:
    for name, rate in (("resnet-a", 0.1), ("resnet-b", 0.2), ("vgg", 0.3)):
        made = record_trial(person, name, lr=rate, optim="adam" if rate < 0.3 else "sgd gd")
        if name == "vgg":
            person.v2("PATCH", f"/trials/{made.id}", json={"tags": ["like resnet"]})
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"))
    console.link("vgg").wait_for()
    keyboard = console.page.keyboard
    keyboard.press("/")
    expect(offers(console).filter(has_text="state = Succeeded")).to_contain_text("3")
    keyboard.type("resnet")
    keyboard.press("Enter")
    expect(console.page.get_by_role("button", name="Remove the condition resnet")).to_be_visible()
    assert sorted(console.names()) == ["resnet-a", "resnet-b", "vgg"]
    # A field, an operator and a value by keys alone.
    field_of(console).press("End")
    keyboard.type(" opt")
    expect(offers(console).first).to_contain_text("params.optim")
    keyboard.press("Tab")
    expect(field_of(console)).to_have_value("resnet params.optim ")
    keyboard.press("ArrowDown")
    expect(field_of(console)).to_have_attribute("aria-activedescendant", "query-offers-0")
    keyboard.press("Enter")
    expect(field_of(console)).to_have_value("resnet params.optim = ")
    expect(offers(console)).to_have_text([re.compile("adam"), re.compile('"sgd gd"')])
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(console.link("resnet-a")).to_have_count(0)
    assert console.names() == ["vgg"]
    assert "params.optim+%3D" in console.hash.replace("%20", "+")
    console.button("Remove the condition resnet").click()
    expect(field_of(console)).to_have_value('params.optim = "sgd gd"')
    # Escape closes the offers, then leaves the field; Tab goes on when nothing is typed.
    console.button("Clear the filter").first.click()
    expect(console.link("resnet-a")).to_be_visible()
    field_of(console).click()
    expect(offers(console).first).to_be_visible()
    keyboard.press("Tab")
    expect(offers(console)).to_have_count(0)
    # While characters are put together, as for Chinese, keys are the input method's.
    field_of(console).focus()
    for kind in ("compositionstart", "compositionupdate"):
        field_of(console).dispatch_event(kind)
    field_of(console).evaluate(
        """(input) => { input.value = "shi'yan";
        input.dispatchEvent(new InputEvent('input', { bubbles: true, isComposing: true }));
        input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, isComposing: true })); }"""
    )
    assert "where" not in console.hash
    assert len(console.names()) == 3
    # What is wrong is said with what is possible.
    field_of(console).dispatch_event("compositionend")
    console.filter("state = Runing")
    expect(console.alert).to_contain_text("Did you mean: Running?")


def chip(console: Console, name: str) -> Locator:
    chips = console.page.get_by_role("group", name="Filter by state, day and tag")
    return chips.get_by_role("button", name=re.compile(rf"^#?\s*{name}\b"))


def pressed(console: Console) -> list[str]:
    """Return the words of the chips that are pressed."""
    return [
        re.sub(r"[#\d\n]|^\W", "", text).strip()
        for text in console.page.locator(".quick-chip[aria-pressed=true]").all_inner_texts()
    ]


def test_chips_write_the_filter_and_show_what_it_says(window: Window, person: User) -> None:
    trials = {
        "good": ("Succeeded", ["best"]),
        "bad": ("Failed", ["best", "two words"]),
        "worse": ("Failed", []),
        "stopped": ("Killed", []),
    }
    for name, (state, tags) in trials.items():
        made = record_trial(person, name, journal=b"")
        assert person.put(made.id, wish(name, folder={"path": "vision/mnist"}, state=state)).status_code == 200
        person.v2("PATCH", f"/trials/{made.id}", json={"tags": tags})
    today = wish("today", folder={"path": "vision/mnist"}, state="Succeeded")
    today["metadata"]["startTime"] = datetime.now(timezone.utc).isoformat()
    person.put(new_id(), today)
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person, color_scheme="light")).folder(place, sort="name")
    expect(chip(console, "Failed")).to_contain_text("2")
    expect(chip(console, "best")).to_contain_text("2")
    chip(console, "Failed").click()
    rows = console.table.locator("td.name a")
    expect(rows).to_have_text(["bad", "worse"])
    expect(field_of(console)).to_have_value("state = Failed")
    assert pressed(console) == ["Failed"]
    # What a chip says needs no second sign.
    expect(console.page.get_by_role("button", name=re.compile("^Remove the condition"))).to_have_count(0)
    chip(console, "Killed").focus()
    console.page.keyboard.press("Space")
    expect(rows).to_have_text(["bad", "stopped", "worse"])
    expect(field_of(console)).to_have_value("state in [Failed, Killed]")
    chip(console, "two words").focus()
    console.page.keyboard.press("Enter")
    expect(rows).to_have_text(["bad"])
    expect(field_of(console)).to_have_value('state in [Failed, Killed] and tags = "two words"')
    assert sorted(pressed(console)) == ["Failed", "Killed", "two words"]
    console.page.reload()
    expect(chip(console, "Killed")).to_have_attribute("aria-pressed", "true")
    assert faults(console, ".list-page") == []
    # What is typed is shown in the chips.
    console.filter("state = Killed or name ~ good")
    expect(rows).to_have_text(["good", "stopped"])
    assert pressed(console) == []
    chip(console, "last day").click()
    expect(field_of(console)).to_have_value("(state = Killed or name ~ good) and age < 1d")
    console.button("Clear the filter").first.click()
    chip(console, "last day").click()
    expect(rows).to_have_text(["today"])
    chip(console, "last day").click()
    expect(rows).to_have_count(5)


def test_chips_wrap_on_a_phone_and_many_tags_wait_behind_a_button(window: Window, person: User) -> None:
    made = record_trial(person, "tagged", journal=b"")
    tags = [f"tag-{number}" for number in range(8)] + ["a-very-" + "long-" * 8 + "tag"]
    assert person.v2("PATCH", f"/trials/{made.id}", json={"tags": tags}).status_code == 200
    for width in (390, 1280):
        console = Console(window(person, viewport={"width": width, "height": 800}))
        console.folder(folder_id(person, "/vision/mnist"))
        chips = console.page.locator(".quick-tags")
        expect(chips).to_have_count(5)
        console.button("4 more tags").click()
        expect(chips).to_have_count(9)
        ends = "(chips) => chips.map((chip) => chip.getBoundingClientRect().right)"
        assert max(console.page.locator(".quick-chip").evaluate_all(ends)) <= width
        assert console.page.evaluate("document.documentElement.scrollWidth") <= width


def test_chips_count_all_trials_of_a_folder_however_many_there_are(window: Window, person: User) -> None:
    def put(number: int) -> None:
        is_old = number < 3  # beyond the newest 2,000, of which the server tells values
        body = wish(f"run{number}", folder={"path": "many", "make": True}, state="Failed" if is_old else "Succeeded")
        body["metadata"] |= {"startTime": f"2026-11-{10 + 10 * (not is_old)}T15:00:00+00:00"}
        answer = person.put(new_id(), body)
        assert answer.status_code == 201, answer.text

    put(0)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(1, 2005)))
    console = Console(window(person)).folder(folder_id(person, "/many"))
    expect(chip(console, "Succeeded")).to_contain_text("2,002")
    expect(chip(console, "Failed")).to_contain_text("3")
    expect(console.page.locator(".quick-chip").filter(has_text="+")).to_have_count(0)


def test_the_best_value_is_starred_also_where_only_a_part_of_the_list_is_here(window: Window, person: User) -> None:
    for number in range(130):
        accuracy = 0.999 if number == 0 else number / 1000
        journal = point(1, loss=1000.0 - number) + point(1, "val", acc=accuracy)
        record_trial(person, f"run{number:03}", journal=journal)
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"), sort="name")
    stars = console.table.locator(".star")
    expect(console.row("run000")).to_contain_text("★0.999")
    expect(stars).to_have_count(1)  # the least loss is in a row that has not come yet
    assert sum("cursor=" in url for url in console.window.requests) == 0
    console.page.locator(".table-box").evaluate("(box) => { box.scrollTop = box.scrollHeight; }")
    expect(console.row("run129")).to_contain_text("★871")
    expect(stars).to_have_count(1)


def test_a_cell_filters_whatever_it_holds(window: Window, person: User) -> None:
    for number, value in enumerate(HOSTILE):
        record_trial(person, f"odd-{number}", odd=value, n=number)
    place = folder_id(person, "/vision/mnist")
    columns = "name,params.odd"
    console = Console(window(person)).folder(place, columns=columns)
    for number in range(len(HOSTILE)):
        console.row(f"odd-{number}").locator("td[data-column='1']").click(button="right")
        console.page.get_by_role("menuitem", name=re.compile("^Only ")).click()
        expect(console.table.locator("td.name a")).to_have_text([f"odd-{number}"])
        console.button("Clear the filter").first.click()
        expect(console.table.locator("td.name a")).to_have_count(len(HOSTILE))
    # With keys: to a row, to a cell, its menu, not this.
    keyboard = console.page.keyboard
    console.page.locator("h1").click()
    for key in ("j", "l", "l", "f"):
        keyboard.press(key)
    menu = console.page.get_by_role("menu", name="Filter by odd")
    expect(menu.get_by_role("menuitem", name=re.compile("^(Only|Leave out)"))).to_have_count(2)
    expect(menu.get_by_role("menuitem", name=re.compile("^Only"))).to_be_focused()
    keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem", name=re.compile("^Leave out"))).to_be_focused()
    keyboard.press("Enter")
    expect(console.table.locator("td.name a")).to_have_count(len(HOSTILE) - 1)


def test_the_tree_opens_where_the_page_is(window: Window, person: User) -> None:
    deep = record_trial(person, "deep", "a/b/c")
    many = person.v2("POST", "/folders", json={"path": "many"}).json()["id"]
    for number in range(130):
        assert person.v2("POST", "/folders", json={"parent": many, "name": f"f{number:03}"}).status_code == 201
    console = Console(window(person)).folder(folder_id(person, "/a/b/c"))
    tree = console.page.get_by_role("navigation", name="Navigation").locator(".tree")
    current = tree.locator("[aria-current=page]")
    expect(current).to_have_text("c")
    expect(
        tree.locator(".tree-row").filter(has=console.page.get_by_role("link", name="a", exact=True))
    ).to_contain_text("1")
    # What has nothing below it cannot be opened, which is known before anybody tries.
    expect(tree.get_by_role("button", name="Hide what is in b")).to_have_count(1)
    expect(tree.get_by_role("button", name=re.compile("what is in c$"))).to_have_count(0)
    current.focus()
    console.page.keyboard.press("ArrowRight")
    expect(current).to_be_focused()
    console.folder(folder_id(person, "/many/f125"))
    expect(current).to_have_text("f125")
    expect(current).to_be_in_viewport()
    console.trial(deep.id)
    expect(tree.locator(".tree-row.current")).to_have_text(re.compile("^c"))
    tree.get_by_role("link", name="c", exact=True).focus()
    for key, where in (("ArrowLeft", "b"), ("ArrowLeft", "b"), ("ArrowDown", "many"), ("Home", "My folders")):
        console.page.keyboard.press(key)
        expect(console.page.locator(":focus")).to_have_text(where)


def test_a_phone_shows_a_trial_in_two_lines(window: Window, person: User) -> None:
    long_name = "resnet50_cifar100_" + "augmented_" * 20
    record_trial(person, long_name, lr=1.89e-05)
    record_trial(person, "short", lr=0.1)
    record_trial(person, "empty", journal=b"", lr=0.2)
    record_trial(person, "better", journal=curve(60, pace=5), lr=0.3)
    console = Console(window(person, viewport={"width": 390, "height": 800}))
    console.folder(folder_id(person, "/vision/mnist"))
    console.link("short").wait_for()
    values = {name: console.row(name).locator(".line-values") for name in ("short", "empty", "better")}
    expect(values["short"]).to_contain_text("acc")
    expect(values["better"]).to_contain_text(re.compile("acc ★"))
    expect(values["empty"]).to_contain_text(re.compile("^lr 0.2"))  # not metrics that it does not have
    cut = """() => [...document.querySelectorAll('.line-values > span')].filter((part) => {
      const line = part.parentElement.getBoundingClientRect();
      const box = part.getBoundingClientRect();
      return box.top < line.bottom - 2 && (box.right > line.right + 1 || part.scrollWidth > part.clientWidth + 1);
    }).length"""
    assert console.page.evaluate(cut) == 0
    assert console.page.evaluate("document.documentElement.scrollWidth") <= 390
    console.choose("Sort", "lr")
    expect(console.table.locator("td.name a").first).to_have_text("better")
    console.choose("Sort", "lr")
    expect(console.table.locator("td.name a").first).to_have_text(long_name)


def test_a_mistake_asks_for_nothing_more_and_offers_what_may_be_meant(window: Window, person: User) -> None:
    for name, optimizer in (("one", "adam"), ("two", "sgd")):
        record_trial(person, name, optimizer=optimizer)
    console = Console(window(person, locale="zh-CN")).folder(folder_id(person, "/vision/mnist"))
    console.link("two").wait_for()
    field = console.page.get_by_role("combobox", name="用查询语言筛选")
    field.click()
    expect(console.page.get_by_role("listbox", name="可输入的内容").get_by_role("option").first).to_be_visible()
    console.page.wait_for_load_state("networkidle")
    console.window.requests.clear()
    field.fill("optimizer = adam")
    field.press("Enter")
    expect(console.alert).to_contain_text("没有字段 'optimizer'")
    expect(console.alert).to_contain_text("您是否想要")
    wrong = [url for url in console.window.requests if "optimizer" in url]
    assert len(set(wrong)) == 1, wrong  # the list alone, which asks again when trials change
    console.alert.get_by_role("button", name="params.optimizer").press("Enter")
    expect(console.page.locator("td.name a")).to_have_text(["one"])
    expect(field).to_have_value("params.optimizer = adam")
    expect(field).to_be_focused()


def test_a_field_that_no_trial_has_is_said_where_nothing_matches(window: Window, person: User) -> None:
    for name, rate in (("one", 0.1), ("two", 0.001)):
        record_trial(person, name, learning_rate=rate)
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"), where="params.lr > 0.01")
    empty = console.page.locator(".empty")
    expect(empty).to_contain_text("No trial here has params.lr.")
    empty.get_by_role("button", name="params.learning_rate").press("Enter")
    expect(console.page.locator("td.name a")).to_have_text(["one"])
    console.filter("params.learning_rate > 7")
    expect(empty).to_contain_text("Loosen it")
