"""The media of trials in the browser: sliders, galleries side by side, tables, and pages that reach nothing."""

from __future__ import annotations

import json
import struct
import zlib

import pytest

from tests.console.conftest import Window
from tests.console.hostile import STRINGS
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.world import record_trial
from tests.server.api import User
from tests.server.test_server_contents import send_small
from tests.server.test_server_media import append, line, refer

TABLE = "application/vnd.aimd.table+json"


def grey(shade: int) -> bytes:
    """Return a PNG of one grey pixel, which differs by its shade."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def of_kind(kind: str, record: bytes) -> bytes:
    """Return a record with another kind than its type begins with."""
    return json.dumps({**json.loads(record), "kind": kind}).encode() + b"\n"


def give_media(person: User, trial: str, lines: list[bytes], *contents: bytes) -> None:
    """Let a trial have media."""
    if contents:
        send_small(person, *contents)
        assert refer(person, trial, *contents).status_code == 200
    assert append(person, trial, b"".join(lines)).status_code == 204


def test_a_slider_goes_through_the_steps_of_a_gallery(window: Window, person: User) -> None:
    trial = record_trial(person, "painter").id
    pictures = {step: grey(step) for step in range(0, 200, 10)}
    lines = [
        line("val/samples", step, content, caption=f"digit {step}.{number}")
        for step, content in pictures.items()
        for number in range(3)
    ]
    give_media(person, trial, lines, *pictures.values())
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=media")
    panel = console.page.get_by_role("region", name="val/samples")
    expect(panel.get_by_text("digit 190.2")).to_be_visible()  # the last step first
    expect(panel.get_by_role("img").first).to_have_js_property("naturalWidth", 1)
    slider = panel.get_by_role("slider", name="Step of val/samples")
    slider.focus()
    console.page.keyboard.press("Home")
    expect(panel.get_by_text("digit 0.0")).to_be_visible()
    before = len(console.window.requests)
    for step in (10, 20, 30):
        console.page.keyboard.press("ArrowRight")
        expect(panel.get_by_text(f"digit {step}.1")).to_be_visible()
    lists = [url for url in console.window.requests[before:] if "/media?" in url]
    assert lists == []  # the steps around one come with it
    panel.get_by_role("button", name="Enlarge digit 30.0").click()
    expect(console.dialog.get_by_role("img")).to_have_js_property("naturalWidth", 1)


def test_a_panel_says_in_the_language_of_the_page_what_it_holds(window: Window, person: User) -> None:
    trial = record_trial(person, "kinds").id
    lines = [line("notes", 1, kind="text", text="a"), of_kind("scent", line("later", 1, text="b"))]
    give_media(person, trial, lines)
    console = Console(window(person, locale="zh-CN")).go(f"#/trials/{trial}/?tab=media")
    expect(console.page.get_by_role("region", name="notes").get_by_text("文本", exact=True)).to_be_visible()
    expect(console.page.get_by_role("region", name="later").get_by_text("scent", exact=True)).to_be_visible()


def test_more_at_the_step_that_is_shown_appears_as_it_comes(window: Window, person: User) -> None:
    trial = record_trial(person, "live").id
    first = line("notes", 1, text="first of step one")
    give_media(person, trial, [first])
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=media")
    panel = console.page.get_by_role("region", name="notes")
    expect(panel.get_by_text("first of step one")).to_be_visible()
    assert append(person, trial, line("notes", 1, text="second of step one"), len(first)).status_code == 204
    expect(panel.get_by_text("second of step one")).to_be_visible()


def test_trials_are_side_by_side_each_at_its_last_step(window: Window, person: User) -> None:
    trials = [record_trial(person, name).id for name in ("one", "two")]
    for number, trial in enumerate(trials):
        steps = range(0, 40, 10 + 5 * number)
        give_media(person, trial, [line("notes", step, text=f"{number} at {step}") for step in steps])
    console = Console(window(person)).go(f"#/compare?trials={','.join(trials)}&tab=media")
    panel = console.page.get_by_role("region", name="notes")
    expect(panel.get_by_text("0 at 30")).to_be_visible()
    expect(panel.get_by_text("1 at 30")).to_be_visible()
    panel.get_by_role("button", name="notes: previous step").click()
    expect(panel.get_by_text("0 at 20")).to_be_visible()
    expect(panel.get_by_text("1 at 15")).to_be_visible()  # its last one before 20


def test_tables_are_sorted_and_filtered_and_histograms_lie_over_their_steps(window: Window, person: User) -> None:
    trial = record_trial(person, "counter").id
    table = json.dumps({"columns": ["name", "score"], "data": [["b", 2], ["a", 10], ["c", None]]}).encode()
    lines = [
        of_kind("table", line("errors", 1, table, TABLE)),
        *(
            line("weights", step, kind="histogram", histogram={"edges": [0, step + 1], "counts": [7]})
            for step in range(9)
        ),
    ]
    give_media(person, trial, lines, table)
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=media")
    errors = console.page.get_by_role("region", name="errors", exact=True)
    errors.get_by_role("button", name="Sort by score").click()
    errors.get_by_role("button", name="Sort by score").click()
    expect(errors.get_by_role("row").nth(1)).to_contain_text("a")
    errors.get_by_role("searchbox").fill("b")
    expect(errors.get_by_role("row")).to_have_count(2)
    weights = console.page.get_by_role("region", name="weights", exact=True)
    expect(weights.get_by_role("button", name="histograms of 9 steps")).to_be_visible()
    expect(weights.get_by_role("img", name="7 values from 0 to 9")).to_be_visible()
    weights.locator(".heat-map-area").click(position={"x": 2, "y": 20})
    expect(weights.get_by_role("img", name="7 values from 0 to 1")).to_be_visible()


PAGE = b"""<h1>mine</h1><script>
document.body.dataset.origin = location.origin + '|' + self.origin;
try { document.body.dataset.parent = parent.document.title } catch { document.body.dataset.parent = 'denied' }
try { document.body.dataset.cookie = document.cookie || 'none' } catch { document.body.dataset.cookie = 'denied' }
fetch('/t9k/experiment/server/apis/v2/session').then(() => 'reached', () => 'refused').then((word) => {
  document.body.dataset.fetched = word });
</script>"""


def test_what_a_browser_cannot_show_is_said_with_a_download(window: Window, person: User) -> None:
    size = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    contents = {
        "image/png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + size + b"\0" * 40,
        "video/mp4": b"\0\0\0\x18ftypmp42" + b"junk" * 40,
        "audio/wav": b"RIFF\0\0\0\0WAVE",
    }
    trial = record_trial(person, "broken").id
    lines = [of_kind(kind.split("/")[0], line(kind, 1, content, kind)) for kind, content in contents.items()]
    give_media(person, trial, lines, *contents.values())
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=media")
    for kind in contents:
        panel = console.page.get_by_role("region", name=kind)
        expect(panel.get_by_role("status").get_by_text("These bytes are damaged")).to_be_visible()
        expect(panel.get_by_role("link", name="Download")).to_be_visible()


def test_a_heat_map_has_the_last_steps_however_many_records_each_has(window: Window, person: User) -> None:
    trial = record_trial(person, "many").id
    bars = {"edges": [0, 1], "counts": [1]}
    lines = [line("many", step, kind="histogram", histogram=bars) for step in range(1200) for _ in "ab"]
    lines += [line("few", step, kind="histogram", histogram=bars) for step in range(-3, 2)]
    give_media(person, trial, lines)
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=media")
    for key, steps in (("many", 1000), ("few", 5)):
        panel = console.page.get_by_role("region", name=key, exact=True)
        expect(panel.get_by_role("button", name=f"histograms of {steps} steps")).to_be_visible()


def test_a_page_that_somebody_recorded_runs_in_an_origin_of_its_own_and_reaches_nothing(
    window: Window, person: User
) -> None:
    trial = record_trial(person, "page").id
    drawing = (
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='alert(1)'><script>alert(2)</script>"
    )
    drawing += b"</svg>"
    lines = [of_kind("html", line("report", 1, PAGE, "text/html")), line("drawing", 1, drawing, "image/svg+xml")]
    give_media(person, trial, lines, PAGE, drawing)
    opened = window(person)
    console = Console(opened).go(f"#/trials/{trial}/?tab=media")
    frame = console.page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="mine")).to_be_visible()
    body = frame.locator("body")
    expect(body).to_have_attribute("data-fetched", "refused")
    expect(body).to_have_attribute("data-parent", "denied")
    expect(body).to_have_attribute("data-cookie", "denied")
    assert str(body.get_attribute("data-origin")).endswith("|null")
    expect(console.page.get_by_role("region", name="drawing").get_by_role("img")).to_have_js_property("naturalWidth", 9)
    # In a window of its own, where it could pass for the console, it is a file; also after it was in the frame.
    address = str(console.page.locator("iframe").get_attribute("src"))
    aside = opened.context.new_page()
    with aside.expect_download() as kept, pytest.raises(Exception, match="Download is starting"):
        aside.goto(address)
    assert kept.value.url == address
    assert aside.get_by_role("heading", name="mine").count() == 0
    # The page has its own policy, and what that refused is noted; nothing else may be.
    expected = ("/media/page", "Refused to connect", "CSP report", "blocked")
    opened.faults[:] = [fault for fault in opened.faults if not any(word in fault for word in expected)]


def test_keys_captions_and_texts_are_shown_as_text(window: Window, person: User) -> None:
    trial = record_trial(person, "hostile").id
    texts = [text for text in STRINGS if text.isprintable()]
    lines = [line(text[:60], 1, text=text, caption=text[:200], group=text[:60]) for text in texts]
    table = json.dumps({"columns": texts[:20], "data": [texts[:20]]}).encode()
    markdown = "\n\n".join(texts).encode()
    lines += [of_kind("table", line("a table", 1, table, TABLE)), line("markdown", 1, markdown, "text/markdown")]
    give_media(person, trial, lines, table, markdown)
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=media")
    field = console.page.get_by_role("searchbox", name="Filter by name")
    for name in (texts[0], texts[5], "a table", "markdown"):
        field.fill(name[:20])
        expect(console.page.locator(".media-panel").first).to_be_visible()
        expect(console.page.locator(".media-item").first).to_be_visible()


def test_of_a_table_with_very_many_columns_the_first_are_shown(window: Window, person: User) -> None:
    trial = record_trial(person, "wide").id
    wide = json.dumps({"columns": [f"c{number}" for number in range(300_000)], "data": [["x" * 20_000]]}).encode()
    give_media(person, trial, [of_kind("table", line("wide", 1, wide, "application/vnd.aimd.table+json"))], wide)
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=media")
    table = console.page.get_by_role("region", name="wide", exact=True)
    expect(table.get_by_text("the first 100 of 300,000 columns")).to_be_visible()
    expect(table.get_by_role("columnheader")).to_have_count(100)
    expect(table.get_by_role("cell").first).to_have_text("x" * 10_000 + "…")
