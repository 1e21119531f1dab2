"""A folder as one workspace: its list and the charts of its rows, and views, which are the terminal's too."""

from __future__ import annotations

import statistics

from tests.console.conftest import Window
from tests.console.pages import Console, wait_until_painted
from tests.console.test_journeys import expect
from tests.console.world import curve, folder_id, point, record_trial
from tests.server.api import User


def test_the_list_and_the_charts_of_its_rows_are_one_page(window: Window, person: User) -> None:
    for number in range(12):
        record_trial(person, f"run{number:02}", lr=number / 10)
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place)
    expect(console.link("run00")).to_be_visible()
    console.page.keyboard.press("v")
    charts = console.page.get_by_role("region", name="Charts")
    expect(charts.get_by_text("The first 10")).to_be_visible()
    expect(console.chart("loss")).to_be_visible()
    expect(console.link("run00").first).to_be_visible()  # the list is still there
    console.select("run03", "run05")
    expect(charts.get_by_text("The 2 selected")).to_be_visible()
    legend = charts.get_by_role("complementary", name="Trials")
    expect(legend.get_by_role("listitem")).to_have_count(2)
    assert "show=both" in console.hash
    console.page.keyboard.press("v")
    expect(console.table).to_have_count(0)
    expect(console.chart("loss")).to_be_visible()
    console.page.keyboard.press("v")
    expect(console.page.get_by_role("region", name="Parallel coordinates")).to_be_visible()
    console.page.keyboard.press("v")
    expect(console.table).to_be_visible()


def test_rows_that_are_selected_in_the_address_are_compared_by_a_click_and_drawn(window: Window, person: User) -> None:
    trials = [record_trial(person, f"run{number:02}", journal=curve(3000)) for number in range(20)]
    console = Console(window(person)).folder(
        folder_id(person, "/vision/mnist"), selected=",".join(trial.id for trial in trials)
    )
    console.button("Compare 20").click()
    wait_until_painted(console)
    expect(console.chart("loss")).to_be_visible()


def test_rows_have_the_colours_of_their_lines_which_can_be_hidden_from_there(window: Window, person: User) -> None:
    for number in range(12):
        record_trial(person, f"run{number:02}", lr=number / 10)
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"), show="both", sort="name")
    legend = console.page.get_by_role("complementary", name="Trials")
    for number in range(10):
        name = f"run{number:02}"
        entry = legend.get_by_role("listitem").filter(has=console.page.get_by_role("link", name=name))
        line = entry.locator(".swatch path").get_attribute("stroke")
        expect(console.row(name).locator(".line-mark circle")).to_have_attribute("fill", str(line))
    expect(console.row("run10").locator(".line-mark")).to_have_count(0)  # it has no line
    console.row("run03").get_by_role("button", name="Hide run03").focus()
    console.page.keyboard.press("Space")
    shown = console.row("run03").get_by_role("button", name="Show run03")
    expect(shown).to_have_attribute("aria-pressed", "false")
    expect(legend.get_by_role("button", name="Show run03")).to_be_visible()
    shown.click()
    expect(legend.get_by_role("button", name="Hide run03")).to_be_visible()
    console.page.keyboard.press("v")
    console.page.keyboard.press("v")
    console.page.keyboard.press("v")
    expect(console.row("run03")).to_be_visible()
    expect(console.page.locator(".line-mark")).to_have_count(0)  # no charts, no lines


def test_groups_are_whole_also_where_the_list_has_a_part_of_them(window: Window, person: User) -> None:
    accuracies: dict[str, list[float]] = {"adam": [], "sgd": []}
    for number in range(130):
        optimizer = "adam" if number % 3 else "sgd"
        accuracy = number / 1000 + 0.1 * (optimizer == "adam")
        accuracies[optimizer].append(accuracy)
        record_trial(person, f"run{number:03}", journal=point(1, "val", acc=accuracy), optim=optimizer, seed=number)
    told = [
        f"{optimizer}\n{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}\n{len(values)} trials"
        for optimizer, values in accuracies.items()
    ]
    place = folder_id(person, "/vision/mnist")
    query = {"show": "charts", "columns": "name", "order": "-val.acc", "smooth": "0.5"}
    for group in ("optim", "seeds"):
        console = Console(window(person)).folder(place, group=group, **query)
        legend = console.page.get_by_role("complementary", name="Trials")
        expect(legend.get_by_role("listitem")).to_have_text(told, use_inner_text=True)
        assert sum("cursor=" in url for url in console.window.requests) == 0
        expect(console.page.get_by_text("The first 130;")).to_be_visible()
        console.link("On a page of their own").click()  # which shows them as they are looked at here
        expect(console.heading("Compare 130 trials")).to_be_visible()
        expect(legend.get_by_role("listitem")).to_have_text(told, use_inner_text=True)
        assert f"group={group}" in console.hash
        assert "smooth=0.5" in console.hash
        console.page.get_by_role("navigation", name="Where you are").get_by_role("link", name="mnist").click()
        expect(console.page.get_by_text("The first 130;")).to_be_visible()  # and back, with all that was there
        assert f"group={group}" in console.hash


def test_what_rows_are_sorted_by_is_seen(window: Window, person: User) -> None:
    for number, journal in enumerate((point(1, "val", acc=0.9, f1=0.1), point(1, "val", acc=0.7, f1=0.2))):
        record_trial(person, f"run{number}", journal=journal + point(2, "val", acc=0.8, f1=0.3), lr=number)
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place, sort="-val.f1.min")
    head = console.table.get_by_role("columnheader", name="val.f1 min")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(console.row("run1")).to_contain_text("★0.2")
    console.folder(place, sort="-val.f1.min", show="both")
    expect(console.row("run1").locator(".line-values > *").first).to_have_text("val.f1 min ★0.2")
    note = "```view\ntitle: Worst\nsort: val.f1.min\nshow: best\n```\n"
    answer = person.v2("PUT", f"/folders/{place}/note", json={"note": note}, headers={"If-Match": "*"})
    assert answer.status_code == 200
    console.go(f"#/reports/{place}/")
    worst = console.page.get_by_role("region", name="Worst")
    expect(worst.get_by_role("columnheader", name="val.f1 min")).to_be_visible()


def test_the_list_is_as_wide_as_one_drags_it(window: Window, person: User) -> None:
    record_trial(person, "alone")
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place, show="both")
    divider = console.page.get_by_role("separator", name="Width of the list")
    region = console.page.get_by_role("region", name="Charts")

    def left() -> float:
        box = divider.bounding_box()
        assert box is not None
        return box["x"]

    expect(region).to_be_visible()
    usual = left()
    console.page.mouse.move(usual + 4, 500)
    console.page.mouse.down()
    console.page.mouse.move(usual + 154, 500, steps=3)
    console.page.mouse.up()
    dragged = left()
    assert 140 < dragged - usual < 160
    console.folder(place, show="both").page.reload()
    expect(region).to_be_visible()
    expect(divider).to_be_visible()
    assert abs(left() - dragged) < 2
    divider.press("ArrowLeft")
    assert left() < dragged - 10
    divider.press("Enter")
    assert abs(left() - usual) < 1


def test_columns_are_as_wide_as_one_drags_them_also_in_a_saved_view(window: Window, person: User) -> None:
    for number in range(3):
        record_trial(person, f"run{number}", lr=number / 10)
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place, columns="name,state,params.lr")
    head = console.table.get_by_role("columnheader", name="Name", exact=False).first

    def width() -> float:
        box = head.bounding_box()
        assert box is not None
        return box["width"]

    edge = head.locator(".resizer")
    expect(edge).to_be_visible()
    usual, box = width(), edge.bounding_box()
    assert box is not None
    console.page.mouse.move(box["x"] + 4, box["y"] + 10)
    console.page.mouse.down()
    console.page.mouse.move(box["x"] + 84, box["y"] + 10, steps=3)
    console.page.mouse.up()
    assert abs(width() - usual - 80) < 2
    assert f"widths=name:{round(width())}" in console.hash
    head.get_by_role("button", name="Name").first.press("Alt+ArrowLeft")
    assert abs(width() - usual - 70) < 2
    console.choose("Views", "Save this view")
    console.dialog.get_by_label("Name").fill("wide")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.page.get_by_text("wide is saved.")).to_be_visible()
    (saved,) = person.v2("GET", f"/folders/{place}/views").json()["views"]
    assert saved["view"]["widths"] == {"name": round(width())}
    console.choose("Views: wide", "Default")
    expect(console.link("run0")).to_be_visible()
    assert abs(width() - usual) < 2
    console.choose("Views", "wide")
    expect(console.link("run0")).to_be_visible()
    assert abs(width() - usual - 70) < 2
    edge.dblclick()
    assert "widths" not in console.hash
    assert abs(width() - usual) < 2


def test_a_view_is_saved_chosen_again_and_means_the_same_elsewhere(window: Window, person: User) -> None:
    for number in range(4):
        record_trial(person, f"run{number}", lr=number / 10)
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place, where="params.lr >= 0.2", sort="-params.lr")
    expect(console.link("run3")).to_be_visible()
    console.choose("Views", "Save this view")
    console.dialog.get_by_label("Name").fill("night")
    console.dialog.get_by_role("checkbox").check()
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.page.get_by_text("night is saved.")).to_be_visible()
    (saved,) = person.v2("GET", f"/folders/{place}/views").json()["views"]
    assert (saved["shared"], saved["view"]) == (True, {"query": "params.lr >= 0.2", "sort": "-params.lr"})
    console.choose("Views: night", "Default")
    expect(console.link("run0")).to_be_visible()
    console.choose("Views", "night (shared)")
    expect(console.link("run0")).to_have_count(0)
    console.folder(place)  # the last view that was chosen is shown again
    expect(console.link("run3")).to_be_visible()
    expect(console.link("run0")).to_have_count(0)
    console.choose("Views: night", "Remove the view night")
    expect(console.page.get_by_text("The view night is gone.")).to_be_visible()
    assert person.v2("GET", f"/folders/{place}/views").json()["views"] == []


def test_a_name_that_no_view_can_have_is_refused_with_the_rule_and_the_focus_stays(
    window: Window, person: User
) -> None:
    record_trial(person, "run")
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place, sort="name")
    expect(console.link("run")).to_be_visible()
    console.choose("Views", "Save this view")
    save = console.dialog.get_by_role("button", name="Save", exact=True)
    for name in ("night/1", "..", "two words", "latest"):
        console.dialog.get_by_label("Name").fill(name)
        save.focus()
        console.page.keyboard.press("Enter")
        expect(console.alert).to_contain_text("A name begins with a letter")
        expect(save).to_be_enabled()
        expect(save).to_be_focused()
    assert person.v2("GET", f"/folders/{place}/views").json()["views"] == []
    console.dialog.get_by_label("Name").fill("night-1")
    console.page.keyboard.press("Enter")
    expect(console.page.get_by_text("night-1 is saved.")).to_be_visible()
    expect(console.button("Views: night-1")).to_be_focused()


def test_the_focus_goes_back_to_what_opened_a_dialog_or_the_columns(window: Window, person: User) -> None:
    record_trial(person, "run")
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"))
    console.select("run")
    for opener in ("New folder", "Delete 1"):
        for leave in ("Cancel", "Close"):
            console.button(opener).click()
            console.dialog.get_by_role("button", name=leave, exact=True).click()
            expect(console.dialog).to_have_count(0)
            expect(console.button(opener)).to_be_focused()
    console.button("Columns").click()
    expect(console.page.get_by_role("searchbox", name="Search")).to_be_focused()
    console.page.keyboard.press("Escape")
    expect(console.button("Columns")).to_be_focused()


def test_a_view_that_somebody_else_changed_is_not_replaced_without_asking(window: Window, person: User) -> None:
    record_trial(person, "run")
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place, sort="name")
    expect(console.link("run")).to_be_visible()
    theirs = {"view": {"query": "name ~ run"}}
    assert person.v2("PUT", f"/folders/{place}/views/mine", json=theirs).status_code == 201
    console.choose("Views", "Save this view")
    console.dialog.get_by_label("Name").fill("mine")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.alert).to_contain_text("Press Save again")
    assert person.v2("GET", f"/folders/{place}/views").json()["views"][0]["view"] == theirs["view"]
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.page.get_by_text("mine is saved.")).to_be_visible()
    assert person.v2("GET", f"/folders/{place}/views").json()["views"][0]["view"] == {"sort": "name"}
    assert person.v2("PUT", f"/folders/{place}/views/theirs", json=theirs).status_code == 201
    console.page.reload()  # the page knows it then, and shows another one
    console.filter("run")
    console.choose("Views: mine, changed", "Save as another view")
    console.dialog.get_by_label("Name").fill("theirs")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.alert).to_contain_text("Press Save again")
    kept = {view["name"]: view["view"] for view in person.v2("GET", f"/folders/{place}/views").json()["views"]}
    assert kept["theirs"] == theirs["view"]


def test_a_view_that_was_changed_says_so_and_is_saved_or_taken_back(window: Window, person: User) -> None:
    for number in range(4):
        record_trial(person, f"run{number}", journal=b"", lr=number / 10)
    place = folder_id(person, "/vision/mnist")
    view = {"query": "params.lr >= 0.2", "sort": "-params.lr"}
    assert person.v2("PUT", f"/folders/{place}/views/night", json={"view": view}).status_code == 201
    console = Console(window(person)).folder(place)
    console.choose("Views", "night")
    rows = console.table.locator("td.name a")
    expect(rows).to_have_text(["run3", "run2"])
    expect(console.button("Views: night")).to_be_visible()
    console.filter("params.lr >= 0.1")
    expect(rows).to_have_text(["run3", "run2", "run1"])
    expect(console.button("Views: night, changed")).to_be_visible()
    console.choose("Views: night", "Discard the changes")
    expect(rows).to_have_text(["run3", "run2"])
    expect(console.button("Views: night")).to_be_visible()

    def saved(name: str) -> object:
        views = person.v2("GET", f"/folders/{place}/views").json()["views"]
        return next((one["view"] for one in views if one["name"] == name), None)

    console.filter("params.lr >= 0.3")
    expect(rows).to_have_text(["run3"])
    console.choose("Views: night", "Save the changes to night")
    expect(console.page.get_by_text("night is saved.")).to_be_visible()
    expect(console.button("Views: night")).to_be_visible()
    assert saved("night") == {**view, "query": "params.lr >= 0.3"}

    # Taking all of a view away shows the folder as it comes, rather than the view again.
    console.button("Clear the filter").first.click()
    expect(rows).to_have_count(4)
    console.table.get_by_role("button", name="lr", exact=True).click()
    expect(rows).to_have_text(["run0", "run1", "run2", "run3"])
    console.choose("Views: night", "Save as another view")
    expect(console.dialog.get_by_label("Name")).to_have_value("")
    console.dialog.get_by_label("Name").fill("day")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.button("Views: day")).to_be_visible()
    assert saved("day") == {"sort": "params.lr"}
    console.table.get_by_role("button", name="lr", exact=True).click()
    expect(console.button("Views: day, changed")).to_be_visible()
    assert "?" not in console.hash

    # Somebody else was faster: nothing of theirs is lost.
    theirs = {"query": "name ~ run", "sort": "params.lr"}
    person.v2("PUT", f"/folders/{place}/views/day", json={"view": theirs}, headers={"If-Match": "*"})
    console.choose("Views: day", "Save the changes to day")
    expect(console.page.get_by_text("changed meanwhile", exact=False)).to_be_visible()
    assert saved("day") == theirs


def test_on_a_very_wide_screen_the_whole_width_is_used(window: Window, person: User) -> None:
    for number in range(10):
        record_trial(person, f"run{number:02}", lr=number / 10)
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person, viewport={"width": 3840, "height": 2000})).folder(place, show="both")
    console.chart("train.loss")
    legend = console.page.get_by_role("complementary", name="Trials")
    whole = "(part) => [part.scrollHeight <= part.clientHeight + 1, part.getBoundingClientRect().height > 220]"
    assert legend.evaluate(whole) == [True, True]
    boxes = [console.page.locator(f'[data-section="{name}"]').bounding_box() for name in ("val", "train")]
    val, train = boxes
    assert val is not None
    assert train is not None
    assert val["y"] == train["y"]  # beside each other
    assert train["x"] + train["width"] > 3840 - 60
    charts = [console.page.locator(f'[data-chart="{name}"]').bounding_box() for name in ("val.acc", "train.loss")]
    assert all(chart is not None and chart["width"] > 700 for chart in charts)
