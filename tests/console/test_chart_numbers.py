"""Every number that a chart says is the API's: last values, and what is under the cursor, in every view of a series."""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import TYPE_CHECKING, Any

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.world import point, record_trial
from tests.server.api import User

if TYPE_CHECKING:
    from playwright.sync_api import Locator

VIEWS = [
    {},
    {"smooth": "0.9"},
    {"x": "time"},
    {"x": "relative", "smooth": "0.5"},
    {"zoom": "10,40"},
    {"logy": "1", "x": "epoch"},
    {"outliers": "1"},
    {"x": "metric:train.tokens"},
]


def shown(value: float) -> str:
    """Return a number as the console writes it: one rule, see tests/fixtures/numbers.json."""
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return str(int(value)) if value.is_integer() and abs(value) < 1e9 else f"{value:.5g}"


def journals() -> dict[str, bytes]:
    """Return journals of a long, a short and a sparse series, one that diverges, and one of extreme numbers."""
    rates = [1e-5 * (1 + math.cos(step / 400)) for step in range(3000)]
    values = {
        "long": rates,
        "short": [0.5, 0.25],
        "single": [1.0 / 3.0],
        "diverged": [*(1.0 / step for step in range(1, 60)), math.nan, math.inf],
        "extreme": [1e-300, 123456789.25, -5e-5, 98765.4321],
    }
    return {
        name: b"".join(point(step, rate=value, tokens=step * 512.0) for step, value in enumerate(series, 1))
        for name, series in values.items()
    }


def last_of(user: User, trial_id: str) -> float:
    return float(user.trial(trial_id)["metrics"]["train.rate"]["last"])


def legend(console: Console) -> Locator:
    return console.page.get_by_role("region", name="rate", exact=True).locator(".legend b")


def test_a_last_value_is_exactly_the_last_one_in_every_view_and_at_every_width(window: Window, person: User) -> None:
    trials = {name: record_trial(person, name, journal=journal).id for name, journal in journals().items()}
    console = Console(window(person))
    for (name, trial_id), width in zip(trials.items(), itertools.cycle((390, 1280, 3840))):
        console.page.set_viewport_size({"width": width, "height": 800})
        for view in VIEWS if name in ("long", "diverged") else VIEWS[:2]:
            query = "&".join(f"{key}={value}" for key, value in view.items())
            console.go(f"#/trials/{trial_id}/?{query}")
            expect(legend(console)).to_have_text(shown(last_of(person, trial_id)))


def plotted(user: User, trial_id: str, points: int) -> dict[str, Any]:
    asked = {"trials": [trial_id], "metrics": ["train.rate"], "points": points}
    answer = user.v2("POST", "/metrics", json=asked)
    (series,) = answer.json()["series"]
    return dict(series)


def test_under_the_cursor_is_what_the_api_says_of_that_place_and_how_many_points_it_is(
    window: Window, person: User
) -> None:
    trial_id = record_trial(person, "long", journal=journals()["long"]).id
    console = Console(window(person))
    asked: list[int] = []
    console.window.context.on(
        "request",
        lambda sent: asked.append(json.loads(sent.post_data)["points"]) if sent.url.endswith("/metrics") else None,
    )
    console.trial(trial_id)
    chart = console.chart("rate")
    region = console.page.get_by_role("region", name="rate", exact=True)
    for key in (".", ".", ".", "."):
        chart.focus()
        chart.press(key)
        text = region.get_by_text(re.compile(r"^Step \d+$"))
        expect(text).to_be_visible()
        step = int(text.inner_text().removeprefix("Step "))
        series = plotted(person, trial_id, asked[-1])
        at = series["x"].index(step)
        expect(legend(console)).to_have_text(shown(series["mean"][at]))
        expect(region.get_by_text(f"mean of {series['finite'][at]:.0f} points")).to_be_visible()


def test_a_mean_over_seeds_goes_on_where_one_of_them_ends_and_says_of_how_many_it_is(
    window: Window, person: User
) -> None:
    lengths = {1: 4, 2: 2, 3: 3}
    made = [
        record_trial(
            person,
            f"seed{seed}",
            journal=b"".join(point(step, rate=float(seed * step)) for step in range(1, length + 1)),
            lr=0.1,
            seed=seed,
        ).id
        for seed, length in lengths.items()
    ]
    console = Console(window(person)).go(f"#/compare?group=seeds&trials={','.join(made)}")
    chart = console.chart("rate")
    region = console.page.get_by_role("region", name="train.rate", exact=True)
    values = region.locator(".legend b")
    expect(values).to_have_text("5.7 ± 2.9")  # of 4, 4 and 9
    for step in range(1, 5):
        chart.focus()
        chart.press(".")
        there = [float(seed * step) for seed, length in lengths.items() if length >= step]
        expect(region.get_by_text(f"Step {step}", exact=True)).to_be_visible()
        expect(values).to_have_text(shown(sum(there) / len(there)))
        expect(region.get_by_text(f"mean of {len(there)} of 3")).to_be_visible()


def test_of_how_many_trials_a_number_is_the_mean_is_said_whole(window: Window, person: User) -> None:
    made = [
        record_trial(
            person,
            f"seed{seed}",
            journal=b"".join(point(step, rate=1 / 3) for step in range(1, length + 1)),
            schedule=f"{name} with warm-up, then a long cosine decay to a tenth of it",
            seed=seed,
        ).id
        for seed, (name, length) in enumerate((("short", 4), ("short", 2), ("long", 4), ("long", 4)))
    ]
    console = Console(window(person)).go(f"#/compare?group=seeds&trials={','.join(made)}")
    chart = console.chart("rate")
    region = console.page.get_by_role("region", name="train.rate", exact=True)
    expect(region.get_by_text(" ends at ").first).to_be_attached()  # what `.` goes along is there
    chart.focus()
    for _ in range(4):
        chart.press(".")
    notes = region.locator(".legend small")
    expect(notes).to_have_text(["mean of 1 of 2", "mean of 2 of 2"])
    cut = "(notes) => notes.filter((note) => note.scrollWidth > note.clientWidth).map((note) => note.textContent)"
    assert notes.evaluate_all(cut) == []
