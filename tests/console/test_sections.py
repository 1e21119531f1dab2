"""Sections of charts, on one page: what is in them, filters, pins, order, a section as one chart and as a heat map."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_accessibility import faults
from tests.console.test_journeys import expect
from tests.console.world import folder_id, point, record_trial
from tests.server.api import User

if TYPE_CHECKING:
    from playwright.sync_api import Locator

STEPS = 20


def layered(layers: int) -> bytes:
    """Return a journal whose layer number n has the value n + step / 100."""
    lines = [
        point(step, loss=1 / step, **{f"layer{layer}/norm": layer + step / 100 for layer in range(layers)})
        for step in range(1, STEPS + 1)
    ]
    lines += [point(STEPS, "val", loss=0.5, acc=0.9), point(STEPS, "system", cpu_percent=50.0)]
    return b"".join(lines)


def titles(console: Console) -> list[str]:
    """Return the headings of the sections with their counts, in order."""
    return [text.replace("\n", " ") for text in console.page.locator(".section-title").all_inner_texts()]


def charts_of(console: Console, section: str) -> list[str]:
    charts = console.page.locator(f'[data-section="{section}"] [data-chart]')
    return [str(chart.get_attribute("data-chart")) for chart in charts.all()]


def heading(console: Console, name: str) -> Locator:
    return console.page.locator(f'[data-section="{name}"] .section-title')


def test_a_trial_with_many_metrics_is_arranged_by_hand(window: Window, person: User) -> None:
    trial = record_trial(person, "deep", journal=layered(30))
    console = Console(window(person, color_scheme="light")).trial(trial.id)
    console.chart("loss")
    page = console.page
    assert titles(console) == ["val 1", "train + val 1", "train.layer* 30", "System 1"]
    assert charts_of(console, "val") == ["acc"]
    assert charts_of(console, "train.layer*") == []  # large, so it is closed
    heading(console, "train.layer*").click()
    assert charts_of(console, "train.layer*")[:4] == [f"layer{at}/norm" for at in (0, 1, 2, 3)]
    assert charts_of(console, "train.layer*")[10] == "layer10/norm"
    assert "unfold=train.layer*" in console.hash
    console.trial(trial.id)  # remembered, also where the address does not say it
    console.chart("loss")
    assert len(charts_of(console, "train.layer*")) == 30

    # Pins come first and are in the address; a chart of two metrics is pinned with both.
    console.chart("loss").press("p")
    expect(page.get_by_text("loss is pinned: it comes first.")).to_be_visible()
    console.chart("loss")
    expect(console.button("Unpin loss")).to_be_visible()
    assert titles(console)[0] == "Pinned 1"
    assert "pin=train.loss,val.loss" in console.hash

    # The keyboard moves a section, keeps the focus on it, and says where it is.
    heading(console, "train.layer*").press("Alt+ArrowUp")
    expect(page.get_by_text("train.layer* is now section 1 of 3.")).to_be_attached()
    expect(heading(console, "train.layer*")).to_be_focused()
    assert titles(console) == ["Pinned 1", "train.layer* 30", "val 1", "System 1"]
    for name in ("train.layer*", "val"):
        heading(console, name).click()  # so that both are in sight
    heading(console, "system").drag_to(heading(console, "train.layer*"), target_position={"x": 20, "y": 3})
    page.wait_for_function("() => location.hash.includes('sections=system')")
    assert titles(console) == ["Pinned 1", "System 1", "train.layer* 30", "val 1"]

    # Words and expressions narrow; a mistaken one says so and leaves what is shown.
    field = page.get_by_role("combobox", name="Filter by name")
    field.fill("layer 2")
    assert titles(console) == ["train.layer* 12 of 30"]
    field.fill("layer")  # all that is in it fits, and it was folded by hand
    assert titles(console) == ["train.layer* 30"]
    assert len(charts_of(console, "train.layer*")) == 30
    field.fill("layer 2")
    meant = page.get_by_role("listbox", name="Matching metrics").get_by_role("option")
    expect(meant.filter(has_text="train.layer2/norm")).to_be_visible()
    field.fill("/layer(2|4)[/]")
    assert charts_of(console, "train.layer*") == ["layer2/norm", "layer4/norm"]
    field.fill("/layer(2|4")
    expect(page.get_by_role("alert")).to_have_text(re.compile("^Not a regular expression: Unterminated group"))
    assert charts_of(console, "train.layer*") == ["layer2/norm", "layer4/norm"]
    field.fill("lay")
    for _ in range(2):
        field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("train.layer")
    assert faults(console) == []
    field.fill("")


def test_pinned_charts_are_put_in_order_and_a_view_keeps_it(window: Window, person: User) -> None:
    record_trial(person, "one", journal=layered(3))
    place = folder_id(person, "/vision/mnist")
    pins = "val.acc,train.loss,val.loss"
    console = Console(window(person, color_scheme="light")).folder(place, show="charts", pin=pins)
    page = console.page
    console.chart("val.acc").press("Alt+ArrowRight")
    expect(page.get_by_text("val.acc is now pinned chart 2 of 3.")).to_be_attached()
    expect(console.chart("val.acc")).to_be_focused()
    assert charts_of(console, "pinned") == ["train.loss", "val.acc", "val.loss"]
    assert "pin=train.loss,val.acc,val.loss" in console.hash
    console.chart("train.loss").press("Alt+ArrowLeft")  # it is the first
    assert charts_of(console, "pinned")[0] == "train.loss"

    console.choose("Move val.loss", "Move forward")
    expect(page.get_by_text("val.loss is now pinned chart 2 of 3.")).to_be_attached()
    expect(console.button("Move val.loss")).to_be_focused()
    assert charts_of(console, "pinned") == ["train.loss", "val.loss", "val.acc"]

    heads = {name: page.locator(f'[data-chart="{name}"] .chart-head') for name in ("val.acc", "train.loss")}
    heads["val.acc"].drag_to(heads["train.loss"], source_position={"x": 20, "y": 12}, target_position={"x": 6, "y": 12})
    page.wait_for_function("() => location.hash.includes('pin=val.acc,train.loss,val.loss')")
    assert charts_of(console, "pinned") == ["val.acc", "train.loss", "val.loss"]
    heading(console, "system").press("Alt+ArrowUp")
    order = titles(console)
    assert faults(console, ".chart-sections") == []

    console.choose("Views", "Save this view")
    console.dialog.get_by_label("Name").fill("mine")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.button("Views: mine")).to_be_visible()
    (saved,) = person.v2("GET", f"/folders/{place}/views").json()["views"]
    assert saved["view"]["charts"] == ["val.acc", "train.loss", "val.loss"]
    assert saved["view"]["sections"][0]["title"] != "pinned"
    console.chart("val.acc").press("Alt+ArrowRight")
    expect(console.button("Views: mine, changed")).to_be_visible()
    console.folder(place)
    page.reload()  # another day
    console.chart("val.acc")
    assert charts_of(console, "pinned") == ["val.acc", "train.loss", "val.loss"]
    assert titles(console) == order


def test_a_section_is_one_chart_or_a_heat_map_with_exact_numbers(window: Window, person: User, tmp_path: Path) -> None:
    trials = [record_trial(person, name, journal=layered(30)) for name in ("one", "two")]
    address = f"#/folders/{folder_id(person, '/vision/mnist')}/?show=charts&pin=val.acc"
    console = Console(window(person, color_scheme="light")).go(address)
    page = console.page
    console.chart("val.acc")
    assert titles(console) == ["Pinned 1", "val 1", "train 1", "train.layer* 30", "System 1"]
    page.get_by_role("button", name="All of train.layer* in one chart").click()
    overlay = console.chart("train.layer*/")
    overlay.locator(".u-over").hover()
    strong = page.locator(".tip .legend-one.strong")
    expect(strong).to_have_count(1)
    name, value = strong.inner_text().split("\n")
    layer = int(re.findall(r"\d+", name)[0])
    assert layer < float(value) <= layer + STEPS / 100
    page.get_by_role("combobox", name="Of", exact=True).select_option(label="two")
    console.page.keyboard.press("Escape")

    page.get_by_role("button", name="train.layer* as a heat map").click()
    page.get_by_role("region", name="train.layer*/", exact=True).scroll_into_view_if_needed()
    heat = page.get_by_role("group", name=re.compile(r"^Heat map of train\.layer\*\/ by Step"))
    heat.locator("canvas").wait_for()
    heat.focus()
    heat.press("ArrowDown")  # the first row's last cell
    said = page.locator(".heat-legend [role=status]")
    expect(said).to_have_text("train.layer0/norm · Step 20 · 0.2")
    page.set_viewport_size({"width": 1280, "height": 300})
    heat.evaluate("(box) => box.scrollIntoView({ block: 'start' })")
    assert heat.evaluate("(box) => box.getBoundingClientRect().bottom > innerHeight")
    expect(said).to_be_in_viewport(ratio=1)
    heat.press("ArrowDown")
    heat.press("ArrowLeft")
    expect(said).to_have_text("train.layer1/norm · Step 19 · 1.19")
    assert faults(console) == []
    assert "heat=train.layer*" in console.hash
    starts = {"As PNG": b"\x89PNG", "As CSV": b"series,step,value", "As SVG": b"<svg "}
    for kind, start in starts.items():
        page.get_by_role("button", name="Download train.layer*/").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=kind, exact=True).click()
        download.value.save_as(tmp_path / kind)
        assert (tmp_path / kind).read_bytes().startswith(start)
    drawing = ElementTree.parse(tmp_path / "As SVG")
    written = {element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {"train.layer*", "train.layer0/norm", "train.layer28/norm", "1", "20", "0.01", "29.2"} <= written
    cells = list(drawing.iter("{http://www.w3.org/2000/svg}path"))
    assert len(cells) > 20
    rows: dict[str, float] = {}
    for run in (run for path in cells for run in path.attrib["d"].split("M")[1:]):
        start, _, length = run.partition("h")
        rows[start.split()[1]] = rows.get(start.split()[1], 0) + float(length)
    assert len(rows) == 30
    assert min(rows.values()) == pytest.approx(max(rows.values()), abs=1)  # each row is whole
    assert trials[0].id != trials[1].id


def test_what_is_out_of_sight_is_not_drawn(window: Window, person: User) -> None:
    trial = record_trial(person, "huge", journal=layered(400))
    opened = window(person)
    console = Console(opened).go(f"#/trials/{trial.id}/?unfold=train.layer*")
    console.chart("layer0/norm")
    page = console.page
    assert len(charts_of(console, "train.layer*")) == 400
    expect(page.locator(".card tbody tr")).to_have_count(404)  # all numbers, also those that come after the charts
    drawn = page.locator(".chart canvas.chart-curves")
    assert 2 <= drawn.count() < 30
    page.get_by_role("region", name="layer399/norm", exact=True).scroll_into_view_if_needed()
    console.chart("layer399/norm")
    page.wait_for_function("() => document.querySelectorAll('.chart canvas.chart-curves').length < 30")
    asked = [url for url in opened.requests if url.endswith("/metrics")]
    assert len(asked) < 12  # what comes into sight together is asked for together
