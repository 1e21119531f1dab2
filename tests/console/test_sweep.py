"""A folder as a sweep: its numbers are the API's, its parts are reached by keys, and a brush is a filter."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_accessibility import faults
from tests.console.test_journeys import expect
from tests.console.world import curve, folder_id, point, record_trial
from tests.server.api import User

if TYPE_CHECKING:
    from playwright.sync_api import Locator

TRIALS = 24
NO_ACC, NAN_ACC = 5, 6


def record_sweep(person: User) -> str:
    """Record trials whose accuracy depends on `lr`, a little on `opt`, and not on `seed`; return their folder's id."""
    for number in range(TRIALS):
        rate = 10.0 ** -(1 + number % 4)
        accuracy = 0.5 + 0.1 * (number % 4) + 0.01 * (number % 3) + number / 10_000
        journal = point(1, "train", loss=1 / (1 + number))
        if number == NAN_ACC:
            journal += point(2, "val", acc=float("nan"))
        elif number != NO_ACC:
            journal += point(1, "val", acc=accuracy / 2) + point(2, "val", acc=accuracy)
        rest: dict[str, Any] = {"opt": ("adam", "sgd", "lion")[number % 3], "path": f"/data/{number}", "same": 1}
        record_trial(person, f"run{number:02}", journal=journal, lr=rate, seed=(number * 7) % TRIALS, **rest)
    return folder_id(person, "/vision/mnist")


def cells(console: Console, table: str) -> list[list[str]]:
    """Return the words of a table's body, a list per row."""
    rows = console.page.get_by_role("table", name=table, exact=True).locator("tbody tr")
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def test_a_sweep_says_what_the_api_says_and_is_used_by_keys(window: Window, person: User) -> None:
    place = record_sweep(person)
    console = Console(window(person, color_scheme="light")).folder(place, show="sweep")
    target = console.page.locator(".sweep-target")
    expect(target).to_contain_text("1 of 24 have no val.acc")
    expect(target).to_contain_text("in 1 of 24, val.acc is NaN or infinite")

    answer = person.v2("GET", "/trials", params={"folder_id": place, "sort": "-val.acc", "limit": 10}).json()["trials"]
    expect(console.page.get_by_role("table", name="Best 10")).to_be_visible()
    best = cells(console, "Best 10")
    assert [row[0].strip() for row in best] == [trial["name"] for trial in answer]
    values = [re.sub("[^0-9.]", "", row[1]) for row in best]
    assert values == [f"{trial['metrics']['val.acc']['last']:.5g}" for trial in answer]
    assert ["★" in row[1] for row in best] == [True] + [False] * 9

    importance = console.page.get_by_role("table", name="Importance")
    expect(importance).to_have_attribute("aria-busy", "false")
    rows = {row[0].strip(): row[1:] for row in cells(console, "Importance")}
    assert next(iter(rows)) == "lr"  # `same` tells nothing, and `path` is another in each
    assert set(rows) == {"lr", "opt", "seed"}
    assert rows["lr"][1].startswith("-")
    assert rows["lr"][2] == "22"
    expect(console.page.get_by_text("Left out, with another value in nearly every trial: path (1).")).to_be_visible()

    # A range by keys: the upper quarter of an axis, then down by a step; Enter types one.
    axis = console.page.get_by_role("group", name=re.compile("^lr, from 0.0001 to 0.1, logarithmic"))
    axis.focus()
    console.page.keyboard.press("ArrowUp")
    expect(console.page.get_by_text("6 of 24 within the ranges")).to_be_visible()
    console.page.keyboard.press("Enter")
    console.dialog.get_by_label("From").fill("0.0005")
    console.dialog.get_by_label("To").fill("0.05")
    console.page.keyboard.press("Enter")
    expect(console.page.get_by_text("12 of 24 within the ranges")).to_be_visible()
    console.button("Select these 12").click()
    expect(console.page.get_by_text("12 selected")).to_be_visible()
    console.button("Select none").click()
    assert faults(console, ".sweep") == []

    # The direction is turned and stays in the address; the axes are moved and removed.
    console.button("↑ more is better").click()
    expect(console.button("↓ less is better")).to_be_visible()
    assert "better=min:val.acc" in console.hash
    console.button("Axis lr").click()
    console.page.get_by_role("menuitem", name="Move to the right").click()
    console.button("Axis opt").click()
    console.page.get_by_role("menuitem", name="Remove this axis").click()
    assert "axes=params.lr,params.seed,metrics.val.acc" in console.hash
    console.button("Filter the list by the ranges").click()
    expect(console.page.get_by_text("12 trials").first).to_be_visible()
    assert "where=params.lr%20%3E%3D%200.0005" in console.hash


def test_points_lead_to_trials_and_every_picture_is_a_table_too(window: Window, person: User) -> None:
    place = record_sweep(person)
    console = Console(window(person)).folder(place, show="sweep", across="params.lr", up="metrics.val.acc@max")
    scatter = console.page.get_by_role("region", name="Scatter")
    expect(scatter).to_contain_text("Spearman's rank correlation is -")
    scatter.get_by_role("button", name="Table").click()
    rows = scatter.get_by_role("table", name="Scatter").locator("tbody tr")
    expect(rows).to_have_count(TRIALS)
    (first,) = person.v2("GET", "/trials", params={"folder_id": place, "sort": "-val.acc", "limit": 1}).json()["trials"]
    shown = rows.first.locator("th, td").all_inner_texts()
    assert [shown[0].strip(), float(shown[1])] == [first["name"], first["parameters"]["lr"]]
    assert shown[2] == f"{first['metrics']['val.acc']['max']:.5g}"
    scatter.get_by_role("button", name="Table").click()
    scatter.get_by_role("group", name="Points of val.acc max over lr").focus()
    console.page.keyboard.press("ArrowRight")
    expect(scatter.locator(".tip")).to_contain_text("0.0001")
    name = scatter.locator(".tip b").first.inner_text()
    console.page.keyboard.press("Enter")
    expect(console.page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_the_pictures_of_a_sweep_are_files_too_in_colours_that_one_chooses(
    window: Window, person: User, tmp_path: Path
) -> None:
    place = record_sweep(person)
    console = Console(window(person, color_scheme="light")).folder(place, show="sweep", up="metrics.val.acc")

    def saved(picture: str, kind: str) -> bytes:
        console.page.get_by_role("region", name=picture).get_by_role("button", name=f"Download {picture}").click()
        with console.page.expect_download() as download:
            console.page.get_by_role("menuitem", name=kind, exact=True).click()
        download.value.save_as(tmp_path / "saved")
        return (tmp_path / "saved").read_bytes()

    for picture in ("Parallel coordinates", "Scatter"):
        assert saved(picture, "As PNG").startswith(b"\x89PNG")
        svg = ElementTree.fromstring(saved(picture, "As SVG"))
        words = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
        assert {picture, "val.acc"} <= set(words)
        shapes = svg.iter("{http://www.w3.org/2000/svg}" + ("path" if picture != "Scatter" else "circle"))
        assert len(list(shapes)) >= TRIALS - 2
        header, *rows = csv.reader(saved(picture, "As CSV").decode().splitlines())
        by_id = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
        answer = person.v2("GET", "/trials", params={"folder_id": place}).json()["trials"]
        assert set(by_id) == {trial["id"] for trial in answer}
        for trial in answer:
            row, last = by_id[trial["id"]], trial["metrics"].get("val.acc", {}).get("last")
            assert (row["name"], float(row["params.lr"])) == (trial["name"], trial["parameters"]["lr"])
            assert row["metrics.val.acc"] == (repr(last) if isinstance(last, float) else "")

    # The lines have the colours of another field, which the address says.
    lines = console.page.get_by_role("region", name="Parallel coordinates")
    assert "0.5" in lines.locator(".colour-scale").inner_text()
    lines.get_by_label("Colour").select_option("params.opt")
    expect(lines.locator(".colour-scale")).to_have_text(re.compile("opt.*adam.*lion.*sgd"))
    assert "shade=params.opt" in console.hash
    assert faults(console, ".sweep") == []
    console.page.reload()
    expect(lines.locator(".colour-scale")).to_contain_text("lion")


def test_in_the_table_of_the_best_no_number_is_cut_and_all_columns_are_reached(window: Window, person: User) -> None:
    for number in range(12):
        rates = {f"learning_rate_{at}": 1.234567e-5 * (number + at + 1) for at in range(4)}
        record_trial(person, f"a_long_name_of_a_trial_with_seed_{number}", journal=curve(20, seed=number), **rates)
    place = folder_id(person, "/vision/mnist")
    for width in (390, 1280, 1920):
        console = Console(window(person, viewport={"width": width, "height": 900})).folder(place, show="sweep")
        table = console.page.get_by_role("table", name="Best 10")
        heads, row = table.locator("th", has_text="learning_rate"), table.get_by_role("row").nth(1)
        more = console.button(re.compile(r"More columns"))
        expect(more).to_be_visible()
        fitting = heads.count()
        assert _beyond_px(table) <= 0
        expect(more).to_have_text(f"More columns ({4 - fitting})")
        expect(row.get_by_text("Succeeded")).to_be_visible()
        more.click()
        expect(heads).to_have_count(4)
        row.get_by_role("cell").last.scroll_into_view_if_needed()
        expect(row.get_by_role("cell").last).to_be_in_viewport(ratio=0.98)
        expect(row.get_by_role("link")).to_be_in_viewport(ratio=0.98)  # the name stays
        console.button("Columns that fit").click()
        expect(heads).to_have_count(fitting)


def _beyond_px(table: Locator) -> float:
    """Return how far a table is wider than what is seen of it."""
    return float(table.evaluate("table => table.scrollWidth - table.parentElement.clientWidth"))


def test_a_line_and_its_row_stand_out_together_and_no_curve_is_drawn_again(window: Window, person: User) -> None:
    place = record_sweep(person)
    wide = window(person, viewport={"width": 1920, "height": 1000})
    wide.page.add_init_script(
        "window.strokes = 0; const own = CanvasRenderingContext2D.prototype.stroke;"
        "CanvasRenderingContext2D.prototype.stroke ="
        " function (...all) { window.strokes++; return own.apply(this, all); }"
    )
    console = Console(wide).folder(place, show="sweep", sort="name")
    lines = console.page.get_by_role("group", name=re.compile("^Lines of the trials"))
    expect(lines).to_be_visible()
    assert 0 < console.page.evaluate("window.strokes") <= TRIALS + 1  # once, a stroke per colour at most
    best = cells(console, "Best 10")[0][0].strip()

    def strokes() -> int:
        drawn: int = console.page.evaluate("window.strokes")
        lines.focus()
        console.page.keyboard.press("ArrowDown")  # the best
        expect(lines.locator(".tip b").first).to_have_text(best)
        expect(console.table.locator("tr[data-strong]").get_by_role("link")).to_have_text(best)
        after: int = console.page.evaluate("window.strokes")
        lines.blur()
        expect(lines.locator(".tip")).to_have_count(0)
        return after - drawn

    # A line with its edge, and a ring. The trials are new, so that the page may load, and draw, once more meanwhile.
    assert any(strokes() <= 4 for _ in range(4))
    lines.blur()
    console.row("run03").hover()
    expect(console.table.locator("tr[data-strong]").get_by_role("link")).to_have_text("run03")


def test_a_folder_with_little_says_so(window: Window, person: User) -> None:
    record_trial(person, "alone", "vision/alone")
    record_trial(person, "none", "vision/none", journal=b"", lr=1)
    record_trial(person, "none2", "vision/none", journal=b"", lr=2)
    console = Console(window(person)).folder(folder_id(person, "/vision/alone"), show="sweep")
    expect(console.page.get_by_text("There is one trial only")).to_be_visible()
    console.folder(folder_id(person, "/vision/none"), show="sweep")
    expect(console.page.get_by_text("These trials have no metric yet.").first).to_be_visible()
    console.folder(folder_id(person, "/vision/none"))
    expect(console.link("none2")).to_be_visible()
    sent = json.dumps([address for address in console.window.requests if "assets/sweep" in address])
    assert sent.count("sweep-") >= 1  # its code is a part of its own


def test_the_baseline_is_chosen_and_others_are_measured_against_it(window: Window, person: User) -> None:
    for name, loss, accuracy in (("base", 0.5, 0.75), ("good", 0.25, 0.875), ("bad", 0.625, 0.5)):
        record_trial(person, name, journal=point(1, "train", loss=loss, pace=1.0) + point(1, "val", acc=accuracy))
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person, color_scheme="light")).folder(place, sort="name")
    expect(console.row("good")).to_contain_text("★0.875")
    console.select("base")
    console.button("Make this trial the baseline").click()
    expect(console.row("base")).to_contain_text("◆ baseline")
    expect(console.row("good")).to_contain_text("0.25-0.25 ▲")
    expect(console.row("good")).to_contain_text("0.875+0.125 ▲")
    expect(console.row("bad")).to_contain_text("0.625+0.125 ▽")
    (chosen,) = person.v2("GET", f"/folders/{place}/baseline").json().values()
    assert chosen["name"] == "base"

    # What is better is what the view says; in charts, the baseline is there although another trial is chosen.
    console.folder(
        place, sort="name", better="max:train.loss", show="both", selected=person_trial(person, place, "bad")
    )
    expect(console.row("bad")).to_contain_text("0.625+0.125 ▲")
    charts = console.page.get_by_role("region", name="Charts")
    expect(charts.get_by_role("complementary", name="Trials").get_by_role("listitem")).to_have_count(2)
    expect(charts.get_by_role("link", name="base (baseline)")).to_be_visible()
    assert faults(console, ".workspace-charts") == []

    console.trial(person_trial(person, place, "good"))
    console.chart("acc")
    expect(console.page.get_by_role("region", name="acc")).to_contain_text("base (baseline)")
    console.folder(place, sort="name")
    expect(console.row("base")).to_contain_text("◆ baseline")
    console.page.keyboard.press("j")  # `bad`
    console.page.keyboard.press("j")
    console.page.keyboard.press("B")
    expect(console.page.get_by_text("◆ baseline")).to_have_count(0)
    assert person.v2("GET", f"/folders/{place}/baseline").json() == {"baseline": None}


def person_trial(person: User, place: str, name: str) -> str:
    """Return the id of the trial of a name."""
    answer = person.v2("GET", "/trials", params={"folder_id": place, "where": f"name = {name}"}).json()
    return str(answer["trials"][0]["id"])
