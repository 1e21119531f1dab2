"""What the charts of the console cost in a real Chromium: the main thread's time, and strokes of curves.

Strokes are counted. Times are the CPU time of the page's main thread, in which neither waiting for the server nor
other processes have a part; only a first chart is timed from its address on.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benchmarks.measurement import Measurement
from tests.console.browser import Watched
from tests.console.pages import Console
from tests.console.world import point, record_trial
from tests.server.api import User

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TRIALS, CHARTS, CURVES, METRICS = 60, 12, 500, 400
STEPS, FEW_STEPS = 400, 100
MOVES = 50
ROUNDS = 3
IDLE_MS = 400
COUNT_STROKES = """() => {
  const stroke = CanvasRenderingContext2D.prototype.stroke;
  window.strokes = 0;
  CanvasRenderingContext2D.prototype.stroke = function (...all) { window.strokes++; return stroke.apply(this, all); };
}"""
_DRAWN = "(count) => document.querySelectorAll('canvas.chart-curves').length >= count"


class Worked:
    """A window that knows how long its main thread has worked."""

    def __init__(self, browser: Browser, user: User) -> None:
        # High enough for twelve charts, so that all of them are drawn.
        self._window = Watched(browser, user.server.origin, viewport={"width": 1920, "height": 1600})
        self._window.sign_in(user.key)
        self._window.page.add_init_script(f"({COUNT_STROKES})()")
        self.console = Console(self._window)
        self.page = self._window.page
        self._session = self._window.context.new_cdp_session(self.page)
        self._session.send("Performance.enable")

    def close(self) -> None:
        self._window.close()

    def busy_ms(self, act: Callable[[], Any]) -> float:
        """Return how long the main thread works on something, until it has come to rest."""
        self.page.wait_for_timeout(IDLE_MS)
        before = self._thread_s()
        act()
        self.page.wait_for_timeout(IDLE_MS)
        return (self._thread_s() - before) * 1000

    def open(self, address: str, charts: int) -> None:
        self.console.go("#/nowhere")
        self.page.get_by_text("There is no such page.").wait_for()
        self.console.go(address)
        self.page.wait_for_function(_DRAWN, arg=charts, timeout=60_000)
        self.page.wait_for_timeout(IDLE_MS)

    def strokes(self) -> int:
        return int(self.page.evaluate("window.strokes"))

    def _thread_s(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "ThreadTime"))


def measure_charts(browser: Browser, user: User) -> list[Measurement]:
    """Record what is needed on a server, and measure the charts of it."""
    many = [_trial(user, number, CHARTS, STEPS) for number in range(TRIALS)]
    few = many + [_trial(user, number, 1, FEW_STEPS) for number in range(TRIALS, CURVES)]
    wide = _trial(user, CURVES, METRICS, FEW_STEPS)
    window = Worked(browser, user)
    try:
        return [
            *_hovering(window, many),
            *_controls(window, many),
            _all_curves(window, few),
            *_many_metrics(window, wide),
        ]
    finally:
        window.close()


def _trial(user: User, number: int, metrics: int, steps: int) -> str:
    lines = (
        point(step, **{f"m{at}": (number + at + 1) / (step + 5) for at in range(metrics)})
        for step in range(1, steps + 1)
    )
    return record_trial(user, f"run-{number:03}", "charts", b"".join(lines), lr=number % 12, seed=number // 12).id


def _hovering(window: Worked, trials: list[str]) -> list[Measurement]:
    window.open(f"#/compare?trials={','.join(trials)}", CHARTS)
    box = window.page.locator(".u-over").first.bounding_box()
    assert box is not None

    def move() -> None:
        for at in range(MOVES):
            share = (at + 0.5) / MOVES
            down = abs((at % 10) / 5 - 1) * 0.8 + 0.1
            window.page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * down)

    before = window.strokes()
    busy_ms = window.busy_ms(move) / MOVES
    strokes = window.strokes() - before
    shown = f"{TRIALS} trials in {CHARTS} charts, {MOVES} moves"
    return [
        Measurement("console: strokes while a pointer moves", strokes, "strokes", 0, shown),
        Measurement("console: a move of the pointer, CPU", busy_ms, "ms", 16, shown),
    ]


def _controls(window: Worked, trials: list[str]) -> list[Measurement]:
    window.open(f"#/compare?trials={','.join(trials)}", CHARTS)
    window.page.get_by_role("slider").focus()
    keyboard = window.page.keyboard
    keyboard.press("ArrowRight")
    smoothing = statistics.median(window.busy_ms(lambda: keyboard.press("ArrowRight")) for _ in range(ROUNDS))
    group = window.page.get_by_role("combobox", name="Group")
    grouping = []
    for _ in range(ROUNDS):
        grouping.append(window.busy_ms(lambda: group.select_option("seeds")))
        group.select_option("")
    shown = f"{TRIALS} trials in {CHARTS} charts"
    return [
        Measurement("console: a step of smoothing, CPU", smoothing, "ms", 100, shown),
        Measurement("console: grouping over seeds, CPU", statistics.median(grouping), "ms", 500, shown),
    ]


def _all_curves(window: Worked, trials: list[str]) -> Measurement:
    address = f"#/compare?trials={','.join(trials)}&metrics=m0&full=train.m0"
    window.open(address, 1)
    spent = []
    for _ in range(ROUNDS):
        window.page.get_by_role("checkbox", name="Log y").evaluate("box => box.click()")
        spent.append(
            window.busy_ms(lambda: window.page.get_by_role("checkbox", name="Log y").evaluate("b => b.click()"))
        )
    return Measurement(f"console: {CURVES} curves in a chart, CPU", statistics.median(spent), "ms", 500, "")


def _many_metrics(window: Worked, trial: str) -> list[Measurement]:
    spent_s = []
    for _ in range(ROUNDS):
        window.console.go("#/nowhere")
        window.page.get_by_text("There is no such page.").wait_for()
        spent_s.append(float(window.page.evaluate(_FIRST, f"#/trials/{trial}/")) / 1000)
    drawn = window.page.locator("canvas.chart-curves").count()
    floor = f"{METRICS} metrics, of which the charts in sight are drawn"
    return [
        Measurement("console: first chart of a trial, address to drawn", statistics.median(spent_s), "s", 1, floor),
        Measurement("console: charts drawn of its page", drawn, "charts", 30, floor),
    ]


_FIRST = """(address) => new Promise((resolve) => {
  const start = performance.now();
  window.strokes = 0;
  const look = () => {
    const canvas = document.querySelector('canvas.chart-curves');
    if (canvas && window.strokes > 0) requestAnimationFrame(() => resolve(performance.now() - start));
    else requestAnimationFrame(look);
  };
  location.hash = address;
  look();
})"""
