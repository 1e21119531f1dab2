"""The speed of the console, in a real Chromium with a real server. Repeat with: `python -m benchmarks.console`.

From the address, or the click, until it is drawn: the first view of a folder of 10,000 trials with an empty browser
cache, 20 trials of 100,000 points overlaid, a trial whose series has 10,000,000 points, a point that is logged; and
the size of the scripts of a first view, packed as they are sent. Each is the median of some rounds, with the first view
of an empty folder in the same run beside it. What charts cost by themselves is measured in `benchmarks.console_charts`.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aimd_server.routes.console_files import FOLDER
from aimd_server.services import trials
from aimd_server.services.identity import account_of
from aimd_server.services.trials import TrialWish
from aimd_server.stores.database import Connection, Database
from benchmarks.console_charts import measure_charts
from benchmarks.measurement import Measurement, table
from tests.console.browser import Watched, running_browser
from tests.console.pages import Console, wait_until_painted
from tests.console.test_build import parts_of
from tests.console.world import curve, folder_id, point
from tests.server.api import User, new_id, wish
from tests.support.appending import append
from tests.support.server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TRIALS, OVERLAID, POINTS, LONG_POINTS = 10_000, 20, 100_000, 10_000_000
ROUNDS = 5
PART_LINES = 40_000
SCRIPT_KB = 120


class _OneTransaction:
    """A database whose writes all belong to one transaction, so that 10,000 trials do not take minutes to prepare."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, operation: Callable[[Connection], Any], order: object = None) -> Any:
        return operation(self._connection)

    write = read


def fill_folder(data_dir: Path, key: str, count: int) -> None:
    """Put a number of trials into the folder `many`."""
    with Database(data_dir) as database:
        account = account_of(database, key)
        assert account is not None
        user = msgspec.structs.replace(account, writing=True)
        with database._writing.begin() as connection:
            place: Any = _OneTransaction(connection)
            for number in range(count):
                trial_id = new_id()
                body = wish(f"run-{number:05}", folder={"path": "many", "make": True}, state="Succeeded")
                body["parameters"] = {"lr": number / count, "seed": number % 7, "batch_size": 32 << number % 4}
                trials.put(place, user, trial_id, msgspec.convert(body, TrialWish))
                append(place, user, trial_id, "metrics", 0, curve(5, seed=number))


def record(user: User, name: str, folder: str, points: int) -> str:
    """Record a trial with a series of a number of points, and return its id."""
    trial_id = new_id()
    user.put(trial_id, wish(name, alternative_name=None, folder={"path": folder, "make": True}, state="Succeeded"))
    offset = 0
    for start in range(0, points, PART_LINES):
        content = b"".join(map(_line, range(start, min(points, start + PART_LINES))))
        answer = user.patch(trial_id, offset, content, packed=True)
        assert answer.status_code == 204, answer.text
        offset += len(content)
    return trial_id


def _line(step: int) -> bytes:
    moment = f"{step // 3_600_000 % 24:02}:{step // 60_000 % 60:02}:{step // 1000 % 60:02}.{step % 1000:03}000"
    sequence = f'{{"epoch": 1, "step": {step}, "timestamp": "2026-11-23T{moment}+00:00"}}'
    return f'{{"train": {{"value": {{"loss": {2.3 / (step % 977 + 1)}}}, "sequence": {sequence}}}}}\n'.encode()


@contextmanager
def _window(browser: Browser, user: User) -> Iterator[Console]:
    window = Watched(browser, user.server.origin)
    try:
        window.sign_in(user.key)
        yield Console(window)
    finally:
        window.close()


def _first_view_s(browser: Browser, user: User, address: str, shown: str) -> float:
    """Return how long a new window takes from the address to its content."""
    with _window(browser, user) as console:
        started_s = time.perf_counter()
        console.go(address)
        console.page.locator(shown).first.wait_for()
        return time.perf_counter() - started_s


def _drawn_s(browser: Browser, user: User, address: str, click: str) -> float:
    """Return how long it takes from a click to a drawn chart, in a window that has loaded the console."""
    with _window(browser, user) as console:
        console.go(address)
        console.page.locator(click).first.wait_for()
        started_s = time.perf_counter()
        console.page.locator(click).first.click()
        wait_until_painted(console)
        return time.perf_counter() - started_s


def _live_s(browser: Browser, user: User) -> float:
    """Return how long it takes from a point on the server to the point in the open page."""
    trial_id = record(user, f"live-{new_id()}", "live", 100)
    offset = len(b"".join(map(_line, range(100))))
    with _window(browser, user) as console:
        console.trial(trial_id)
        wait_until_painted(console)
        assert user.patch(trial_id, offset, point(100, loss=777.0)).status_code == 204
        started_s = time.perf_counter()
        console.page.get_by_text("777", exact=True).first.wait_for(timeout=30_000)
        return time.perf_counter() - started_s


def script_bytes() -> int:
    """Return the size of the scripts of the page that needs the most of them, compressed as they are sent."""
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    first = parts_of(manifest, "index.html")
    pages = [parts_of(manifest, name) for name, part in manifest.items() if part.get("isDynamicEntry")]
    return max(sum(len(gzip.compress((FOLDER / name).read_bytes(), 9)) for name in first | page) for page in pages)


def run() -> list[Measurement]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory() as place, running_browser() as browser:
        data_dir = Path(place) / "data"
        with RunningServer(data_dir) as server, User(server, "bench") as user:
            fill_folder(data_dir, user.key, TRIALS)
            overlaid = [record(user, f"trial-{number}", "overlay", POINTS) for number in range(OVERLAID)]
            long_id = record(user, "long", "long", LONG_POINTS)
            user.v2("POST", "/folders", json={"path": "empty"})
            return _measure(browser, user, overlaid, long_id) + measure_charts(browser, user)


def _measure(browser: Browser, user: User, overlaid: list[str], long_id: str) -> list[Measurement]:
    def median_s(measure: Callable[[], float]) -> float:
        return statistics.median(measure() for _ in range(ROUNDS))

    def folder(name: str) -> str:
        return f"#/folders/{folder_id(user, '/' + name)}/"

    empty_s = median_s(lambda: _first_view_s(browser, user, folder("empty"), ".empty h2"))
    beside = f"an empty folder takes {empty_s:.2f} s"
    many_s = median_s(lambda: _first_view_s(browser, user, folder("many"), "td.name a"))
    selected = f"{folder('overlay')}?selected={','.join(overlaid)}"
    overlay_s = median_s(lambda: _drawn_s(browser, user, selected, "button.primary:has-text('Compare')"))
    long_s = median_s(lambda: _drawn_s(browser, user, folder("long"), f"a[href*='{long_id}']"))
    live_s = median_s(lambda: _live_s(browser, user))
    return [
        Measurement(f"console: first view of {TRIALS:,} trials", many_s, "s", 1.5, beside),
        Measurement(f"console: {OVERLAID} trials of {POINTS:,} points, click to drawn", overlay_s, "s", 1.0, beside),
        Measurement(f"console: a series of {LONG_POINTS:,} points, click to drawn", long_s, "s", 1.0, beside),
        Measurement("console: a logged point, until it is seen", live_s, "s", 2.0, beside),
        Measurement("console: scripts of a first view, gzip, at most", script_bytes() / 1000, "kB", SCRIPT_KB, ""),
    ]


if __name__ == "__main__":
    sys.stdout.write(table(run()) + "\n")
