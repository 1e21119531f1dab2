"""What charts draw, by the values themselves: in their files, in the requests they make, and under the pointer."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.world import point, record_trial
from tests.server.api import User
from tests.support.patience import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Request

SVG = "{http://www.w3.org/2000/svg}"


class Row(NamedTuple):
    """A line of a CSV file."""

    series: str
    x: float
    value: float
    low: float | None
    high: float | None
    n: float | None


class Drawn:
    """A page with charts, the questions that it asks the server, and the files that its charts become."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.asked: list[dict[str, Any]] = []
        console.window.context.on("request", self._on_request)

    def _on_request(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/metrics"):
            self.asked.append(request.post_data_json)

    def saved(self, name: str, kind: str) -> bytes:
        self.console.page.get_by_role("button", name=f"Download {name}", exact=True).click()
        with self.console.page.expect_download() as download:
            self.console.page.get_by_role("menuitem", name=f"As {kind}", exact=True).click()
        assert download.value.suggested_filename == f"{name}.{kind.lower()}"
        with TemporaryDirectory() as directory:
            path = Path(directory, "file")
            download.value.save_as(path)
            return path.read_bytes()

    def rows(self, name: str) -> list[Row]:
        head, *lines = csv.reader(io.StringIO(self.saved(name, "CSV").decode()))
        assert head[0] == "series"
        assert head[2:] == ["value", "min", "max", "n"]
        numbers = [[None if cell == "" else float(cell) for cell in line[1:]] for line in lines]
        return [Row(line[0], *cells) for line, cells in zip(lines, numbers, strict=True)]  # type: ignore[arg-type]

    def line(self, name: str) -> list[list[tuple[float, float]]]:
        """Return the pieces of the first strong line as it is drawn, in pixels."""
        svg = ElementTree.fromstring(self.saved(name, "SVG"))
        (line,) = [one for one in svg.iter(f"{SVG}path") if one.get("stroke-width") == "1.6"][:1]
        pieces = [piece for piece in str(line.get("d")).split("M") if piece]
        return [[_place(pair) for pair in piece.removesuffix("h.01").split("L")] for piece in pieces]

    def wait_until(self, holds: Callable[[], object], what: str) -> None:
        """Wait, while the page goes on, until something holds of it."""

        def holds_now() -> object:
            self.console.page.wait_for_timeout(50)
            return holds()

        wait_until(holds_now, what)

    def chart(self, name: str) -> Locator:
        return self.console.page.get_by_role("region", name=name, exact=True)


def _place(pair: str) -> tuple[float, float]:
    across, down = pair.split()
    return float(across), float(down)


def _journal(values: list[float], **more: float) -> bytes:
    return b"".join(point(step, loss=value, **more) for step, value in enumerate(values, 1))


def test_groups_over_seeds_show_mean_and_deviation(window: Window, person: User) -> None:
    made = [
        record_trial(person, f"t{rate}_{seed}", journal=_journal([level, level / 2]), lr=rate, seed=seed).id
        for rate, seed, level in ((0.1, 1, 1.0), (0.1, 2, 3.0), (0.2, 1, 10.0), (0.2, 2, 14.0))
    ]
    console = Console(window(person)).compare(*made)
    drawn = Drawn(console)
    console.chart("loss")
    assert len({row.series for row in drawn.rows("train.loss")}) == 4
    legend = console.page.get_by_role("complementary", name="Trials")
    legend.get_by_role("combobox", name="Group").select_option("Over seeds: mean and deviation")
    expect(legend.get_by_text("2 trials")).to_have_count(2)
    console.chart("loss")
    deviation = math.sqrt(2)
    found = {(row.series, row.x): row for row in drawn.rows("train.loss")}
    assert set(found) == {(f"lr={rate}", step) for rate in (0.1, 0.2) for step in (1, 2)}
    for rate, step, mean in ((0.1, 1, 2.0), (0.1, 2, 1.0), (0.2, 1, 12.0), (0.2, 2, 6.0)):
        row = found[f"lr={rate}", step]
        spread = deviation * (1 if rate == 0.1 else 2) / step
        assert row.value == mean
        assert math.isclose(row.low or 0, mean - spread)
        assert math.isclose(row.high or 0, mean + spread)
    svg = ElementTree.fromstring(drawn.saved("train.loss", "SVG"))
    assert len([one for one in svg.iter(f"{SVG}path") if one.get("fill-opacity")]) == 2  # a band for each
    assert [one.text for one in svg.iter(f"{SVG}text")][-2:] == ["lr=0.1", "lr=0.2"]


MIDDLE = "(part) => { const { top, bottom } = part.getBoundingClientRect(); return (top + bottom) / 2; }"


def test_a_row_of_the_legend_keeps_its_height_under_the_pointer(window: Window, person: User) -> None:
    made = [record_trial(person, f"run_{number:02}", journal=_journal([0.98765, 0.12345])).id for number in range(3)]
    made.append(record_trial(person, "run_03", journal=_journal([0.5, -0.012345678])).id)
    console = Console(window(person)).go(f"#/compare?trials={','.join(made)}&order=train.loss")
    rows = console.page.get_by_role("complementary", name="Trials").get_by_role("listitem")
    row = rows.nth(1)
    alone = row.get_by_role("button", name=re.compile("^Show only "))
    expect(row.get_by_text("0.12345")).to_be_visible()
    for at in range(4):  # a long number takes its state along
        middles = [rows.nth(at).locator(one).evaluate(MIDDLE) for one in ("b", ".state")]
        assert abs(middles[0] - middles[1]) < 4
    before = row.bounding_box()
    row.hover()
    assert row.bounding_box() == before
    value, button = row.get_by_text("0.12345").bounding_box(), alone.bounding_box()
    assert value is not None
    assert button is not None
    assert button["x"] + button["width"] <= value["x"]  # it hides no number
    alone.click()  # and it can be pressed
    expect(row.get_by_role("button", name="Show all")).to_have_attribute("aria-pressed", "true")
    assert "hidden=" in console.hash


def test_what_is_not_finite_is_a_gap_and_counted(window: Window, person: User) -> None:
    trial = record_trial(person, "broken", journal=_journal([4.0, 3.0, math.nan, math.inf, 2.0, 1.0]))
    console = Console(window(person)).trial(trial.id)
    drawn = Drawn(console)
    console.chart("loss")
    assert [row.value for row in drawn.rows("loss") if math.isfinite(row.value)] == [4.0, 3.0, 2.0, 1.0]
    assert [len(piece) for piece in drawn.line("loss")] == [2, 2]
    expect(drawn.chart("loss").get_by_text("2 NaN or infinite")).to_be_visible()


def test_a_curve_that_diverged_says_so_wherever_its_last_value_is(window: Window, person: User) -> None:
    trial = record_trial(person, "diverged", journal=_journal([4.0, 3.0, math.nan, math.nan]))
    console = Console(window(person)).trial(trial.id)
    console.chart("loss")
    expect(Drawn(console).chart("loss").locator(".legend b")).to_have_text("NaN")
    expect(console.page.get_by_text("train.loss is not finite since step 3", exact=True)).to_be_visible()


def test_a_picture_shows_the_curve_in_its_colour(window: Window, person: User) -> None:
    trial = record_trial(person, "drawn", journal=_journal([1.0, 5.0, 2.0, 4.0]))
    console = Console(window(person)).trial(trial.id)
    drawn = Drawn(console)
    chart = console.chart("loss")
    picture = drawn.saved("loss", "PNG")
    svg = ElementTree.fromstring(drawn.saved("loss", "SVG"))
    colour = next(one.get("stroke") for one in svg.iter(f"{SVG}path") if one.get("stroke-width") == "1.6")
    width, height, coloured = console.page.evaluate(COUNTED, [base64.b64encode(picture).decode(), colour])
    box = chart.bounding_box()
    assert box is not None
    assert abs(width - box["width"]) <= 2
    assert height > box["height"]  # a title and a legend, too
    assert coloured > width / 2  # a line across
    lowest_first = sorted(range(4), key=lambda at: -drawn.line("loss")[0][at][1])
    assert lowest_first == [0, 2, 3, 1]


COUNTED = """async ([text, colour]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const ctx = canvas.getContext('2d');
  ctx.fillStyle = colour;
  ctx.fillRect(0, 0, 1, 1);
  const [red, green, blue] = ctx.getImageData(0, 0, 1, 1).data;
  ctx.drawImage(picture, 0, 0);
  const { data } = ctx.getImageData(0, 0, picture.width, picture.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    if (Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 40) count++;
  return [picture.width, picture.height, count];
}"""


def test_log_axes_put_factors_at_equal_distances(window: Window, person: User) -> None:
    lines = [point(step, loss=float(step)) for step in (1, 10, 100, 1000)]
    trial = record_trial(person, "powers", journal=b"".join(lines))
    console = Console(window(person)).trial(trial.id)
    drawn = Drawn(console)
    console.chart("loss")
    flips = {
        "Log y": lambda: console.page.get_by_label("Log y").click(),
        "Log x": lambda: console.choose("View", "Log x"),
    }

    def shortest_and_longest(at: int) -> list[float]:
        (piece,) = drawn.line("loss")
        return sorted(abs(one[at] - other[at]) for one, other in itertools.pairwise(piece))[:: len(piece) - 2]

    def are_even(at: int) -> bool:
        shortest, longest = shortest_and_longest(at)
        return longest - shortest < 1.0

    def are_odd() -> bool:
        shortest, longest = shortest_and_longest(1)
        return longest > 5 * shortest

    for label, flip in flips.items():
        at = {"Log y": 1, "Log x": 0}[label]
        assert are_odd()
        flip()
        drawn.wait_until(lambda at=at: are_even(at), f"equal distances with {label}")
        flip()
        drawn.wait_until(are_odd, f"other distances without {label}")
    assert "log" not in console.hash


def test_the_x_axis_is_asked_for_and_shown_by_step_epoch_and_time(window: Window, person: User) -> None:
    trial = record_trial(person, "axes", journal=b"".join(point(step, loss=1.0 / step) for step in (10, 20, 30)))
    console = Console(window(person)).trial(trial.id)
    drawn = Drawn(console)
    console.chart("loss")
    begun = 1_795_446_000.0  # 2026-11-23T15:00:00Z: the journal counts its seconds from there
    wanted: dict[str, tuple[str, list[float]]] = {
        "Step": ("step", [10, 20, 30]),
        "Epoch": ("epoch", [1, 2, 3]),
        "Wall time": ("time", [begun + step for step in (10, 20, 30)]),
        "Relative time": ("time", [step - 207.664883 for step in (10, 20, 30)]),  # since the trial began, 15:03:27
    }
    for label, (asked, places) in wanted.items():
        console.page.get_by_role("radio", name=label, exact=True).check(force=True)
        console.page.get_by_role("group", name=re.compile(f"by {label}")).locator("canvas").first.wait_for()

        def are_shown(places: list[float] = places) -> bool:
            rows = drawn.rows("loss")
            assert [row.value for row in rows] == [1 / 10, 1 / 20, 1 / 30]
            return all(math.isclose(row.x, place, abs_tol=1e-3) for row, place in zip(rows, places, strict=True))

        drawn.wait_until(are_shown, label)
        assert drawn.asked[-1]["x"] == asked
    assert "x=relative" in console.hash


def test_the_cursor_is_at_the_same_place_in_all_charts(window: Window, person: User) -> None:
    journal = b"".join(point(step, loss=float(step), other=float(1000 - step)) for step in range(1, 102))
    trial = record_trial(person, "synchronised", journal=journal)
    console = Console(window(person)).trial(trial.id)
    drawn = Drawn(console)
    console.chart("other")
    console.chart("loss").locator(".u-over").hover()
    for name, of in (("loss", lambda step: step), ("other", lambda step: 1000 - step)):
        expect(drawn.chart(name).get_by_text(re.compile(r"^Step \d+$"))).to_be_visible()
        step = int(drawn.chart(name).get_by_text(re.compile(r"^Step \d+$")).inner_text().removeprefix("Step "))
        assert 45 <= step <= 57
        assert drawn.chart(name).locator(".legend b").inner_text() == str(of(step))


def test_zooming_asks_for_the_part_alone_and_gets_every_point(window: Window, person: User) -> None:
    journal = b"".join(point(step, loss=float(step % 97)) for step in range(1, 20_001))
    trial = record_trial(person, "long", journal=journal)
    console = Console(window(person)).trial(trial.id)
    drawn = Drawn(console)
    place = console.chart("loss").locator(".u-over")
    assert (drawn.asked[-1]["from"], drawn.asked[-1]["to"]) == (None, None)
    before = drawn.rows("loss")
    assert 5_000 <= len(before) <= 10_000  # as many as the server tells, however few are drawn
    assert sum(row.n or 0 for row in before) == 20_000
    assert before[0].high is not None  # least and greatest of what one place stands for
    assert max(row.high or 0 for row in before) == 96
    box = place.bounding_box()
    assert box is not None
    mouse = console.page.mouse
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.512, box["y"] + 51, steps=5)
    mouse.up()
    expect(console.button("Reset zoom")).to_be_visible()
    console.page.wait_for_function("() => location.hash.includes('zoom=')")
    drawn.wait_until(lambda: drawn.asked[-1]["from"], "it asks for the part")
    asked = drawn.asked[-1]
    assert 9_900 < asked["from"] < 10_100 < asked["to"] < 10_300

    def part() -> list[Row]:
        return [row for row in drawn.rows("loss") if asked["from"] <= row.x <= asked["to"]]

    places = list(range(math.ceil(asked["from"]), math.floor(asked["to"]) + 1))
    drawn.wait_until(lambda: [row.x for row in part()] == places, "every point of the part is there")
    rows = part()
    assert all(row.value == row.x % 97 and row.high is None and row.n == 1 for row in rows)
    console.button("Reset zoom").click()
    drawn.wait_until(lambda: (drawn.asked[-1]["from"], drawn.asked[-1]["to"]) == (None, None), "it asks for all")


def drag(console: Console, place: Locator, across: float, down: float) -> None:
    """Choose a range with the pointer, from the middle of a chart by shares of its width and height."""
    box = place.bounding_box()
    assert box is not None
    left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = console.page.mouse
    mouse.move(left, top)
    mouse.down()
    mouse.move(left + box["width"] * across, top + box["height"] * down, steps=5)
    mouse.up()
    mouse.move(1, 1)


def test_dragging_downwards_chooses_the_y_range_of_that_chart_alone(window: Window, person: User) -> None:
    journal = b"".join(point(step, loss=float(step), other=float(step)) for step in range(1, 101))
    trial = record_trial(person, "ranges", journal=journal)
    console = Console(window(person)).trial(trial.id)
    console.chart("other")
    drag(console, console.chart("loss").locator(".u-over"), 0.0, 0.3)
    console.page.wait_for_function("() => location.hash.includes('y%3Aloss=') || location.hash.includes('y:loss=')")
    assert "zoom=" not in console.hash
    assert "other" not in console.hash
    drawn = Drawn(console)
    expect(drawn.chart("loss").get_by_text("▲ 1 above ▼ 1 below")).to_be_visible()
    expect(drawn.chart("other").get_by_text("above")).to_have_count(0)
    console.button("Reset zoom").click()
    expect(drawn.chart("loss").get_by_text("above")).to_have_count(0)


def test_what_is_far_from_the_rest_is_left_out_on_demand(window: Window, person: User) -> None:
    values = [1.0 + step % 10 for step in range(200)]
    values[77] = 1e6
    trial = record_trial(person, "spike", journal=_journal(values))
    console = Console(window(person)).trial(trial.id)
    console.chart("loss")
    drawn = Drawn(console)
    console.choose("View", "Ignore outliers")
    expect(drawn.chart("loss").get_by_text("▲ 1 above")).to_be_visible()
    assert "outliers=1" in console.hash


def test_another_metric_can_be_the_x_axis(window: Window, person: User) -> None:
    journal = b"".join(point(step, loss=1.0 / step, tokens=512.0 * step) for step in (1, 2, 3))
    trial = record_trial(person, "tokens", journal=journal)
    console = Console(window(person)).trial(trial.id)
    console.chart("loss")
    console.page.get_by_role("combobox", name="Another metric").select_option("train.tokens")
    console.page.get_by_role("group", name=re.compile(r"Chart of loss by train\.tokens")).wait_for()
    console.page.wait_for_timeout(200)
    rows = Drawn(console).rows("loss")
    assert [(row.x, row.value) for row in rows] == [(512.0 * step, 1.0 / step) for step in (1, 2, 3)]


def test_a_chart_fills_the_screen_and_its_address_leads_to_it(window: Window, person: User) -> None:
    trial = record_trial(person, "full", journal=_journal([3.0, 2.0, 1.0]))
    console = Console(window(person)).trial(trial.id)
    chart = console.chart("loss")
    chart.focus()
    chart.press("f")
    console.page.wait_for_function("() => location.hash.includes('full=loss')")
    box = Drawn(console).chart("loss").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (1280, 800)
    console.page.mouse.move(640, 400)  # nothing of the page is above it, also below a pointer
    on_top = "Array.from({length: 20}, (_, at) => document.elementFromPoint(at * 64 + 9, at * 40 + 9).closest('.full'))"
    assert console.page.evaluate(f"{on_top}.every((chart) => chart !== null)")
    other = Console(window(person)).go(f"#{console.hash}")
    other.chart("loss")
    other.page.keyboard.press("Escape")
    other.page.wait_for_function("() => !location.hash.includes('full=')")


COUNT_STROKES = """() => {
  const stroke = CanvasRenderingContext2D.prototype.stroke;
  window.strokes = 0;
  CanvasRenderingContext2D.prototype.stroke = function (...all) { window.strokes++; return stroke.apply(this, all); };
}"""


def test_a_pointer_over_many_curves_strokes_none_of_them_again(window: Window, person: User) -> None:
    made = [
        record_trial(person, f"many{seed}", journal=_journal([1.0 * seed, 2.0 * seed, 3.0 * seed], acc=1.0)).id
        for seed in range(1, 13)
    ]
    window_ = window(person)
    window_.page.add_init_script(f"({COUNT_STROKES})()")
    console = Console(window_).compare(*made)
    place = console.chart("loss").locator(".u-over")
    console.chart("acc")
    console.page.wait_for_function("() => window.strokes >= 24")  # each curve in both charts, and their axes
    console.page.evaluate("() => { window.strokes = 0; }")
    box = place.bounding_box()
    assert box is not None
    names = set()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        console.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * share)
        strong = console.page.locator(".tip .strong")
        expect(strong).to_have_count(1)
        names.add(strong.inner_text())
    assert len(names) > 2  # the nearest stands out, in the tip and in the legend
    expect(console.page.locator(".compare-legend [data-strong]")).to_have_count(1)
    assert console.page.evaluate("() => window.strokes") == 0
    console.page.get_by_role("button", name="Hide many3").click()  # planted: this does draw
    console.page.wait_for_function("() => window.strokes > 0")
