"""How the twelve main pages look: in two themes and languages, at four widths, beside pictures that a person has seen.

`make looks` takes the pictures anew, after a change that is meant; look at them before you keep them. A run takes one
picture of each page, over all widths, and a soak takes all.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.console.browser import Watched
from tests.console.looks import HEIGHTS, MOST_DIFFERENT, PLACE, difference, keep, kept, settled, small
from tests.console.pages import Console
from tests.console.world import curve, folder_id
from tests.server.api import User, wish
from tests.support.server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

UPDATES = os.environ.get("AIMD_UPDATE_LOOKS") == "1"
TODAY = "2026-11-25T12:00:00Z"
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
SCHEMES = ("light", "dark")
SMALLER = {3840: 0.5}  # pixels of a picture per pixel of the page
MOST_BYTES = 3_000_000
FAULTS = (
    ".bar { display: none !important }",
    "td.number { text-align: left !important }",
    ".page { padding-left: 60px !important }",
)


class Look(NamedTuple):
    """One picture of a page."""

    page: str
    width: int
    language: str
    scheme: str

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.page}-{self.width}-{self.language}-{self.scheme}"


class World(NamedTuple):
    """A person and the pages, as address and what is there when they are drawn."""

    user: User
    pages: dict[str, tuple[str, str]]


PAGES = (
    "login", "folder", "filtered", "both", "charts", "sweep",
    "compare", "differences", "trial", "parameters", "output", "files",
)  # fmt: skip
ALL = [Look(*look) for look in product(PAGES, HEIGHTS, LANGUAGES, SCHEMES)]
_WIDTHS = list(HEIGHTS)
SAMPLE = [Look(page, _WIDTHS[at % 4], ("zh", "en")[at % 2], SCHEMES[at // 4 % 2]) for at, page in enumerate(PAGES)]


def record(user: User, number: int) -> str:
    """Record a trial that is the same in each run, and return its id."""
    rate, width = (0.1, 0.03, 0.01)[number % 3], 32 << number % 2
    trial_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"looks {number}"))
    body = wish(
        f"cnn_augmented_lr{rate}_w{width}_s{number}",
        folder={"path": "vision/mnist", "make": True},
        state="Failed" if number == 4 else "Succeeded",
        parameters={"learning_rate": rate, "width": width, "optimizer": "adam", "seed": number},
    )
    body["metadata"] |= {"startTime": f"2026-11-23T15:{number:02}:00+00:00", "endTime": "2026-11-23T17:30:00+00:00"}
    assert user.put(trial_id, body).status_code == 201
    journal = curve(200, seed=1 + number / 3, pace=2.0 + number * 0.7)
    assert user.patch(trial_id, 0, journal, packed=True).status_code == 204
    return trial_id


@pytest.fixture(scope="module")
def world(built_console: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server with the same trials in each run."""
    with RunningServer(tmp_path_factory.mktemp("looks") / "data") as running, User(running, "lin") as user:
        ids = [record(user, number) for number in range(8)]
        assert user.v2("PATCH", f"/trials/{ids[0]}", json={"tags": ["baseline"], "note": "To beat."}).status_code == 200
        text = "".join(f"epoch {step}: loss {1 / step:.4f}\n" for step in range(1, 60))
        assert user.patch(ids[0], 0, text.encode(), "stdout.log").status_code == 204
        folder = f"#/folders/{folder_id(user, '/vision/mnist')}/"
        trial, chart = f"#/trials/{ids[0]}/", ".chart"
        compare = f"#/compare?trials={','.join(ids)}"
        pages = {
            "login": ("#/login", "input"),
            "folder": (f"{folder}?show=list", ".quick-state"),
            "filtered": (f"{folder}?show=list&where=cnn%20params.width%20%3E%2032&sort=-val.acc", ".active-chip"),
            "both": (f"{folder}?show=both", chart),
            "charts": (f"{folder}?show=charts", chart),
            "sweep": (f"{folder}?show=sweep", "canvas, svg[role=img]"),
            "compare": (compare, chart),
            "differences": (f"{compare}&tab=parameters", ".differences"),
            "trial": (trial, chart),
            "parameters": (f"{trial}?tab=parameters", "table"),
            "output": (f"{trial}?tab=output", "text=epoch 59"),
            "files": (f"{trial}?tab=files", "table"),
        }
        yield World(user, pages)


# What was asked of the server and is not answered; events are not fetched.
COUNTED = """
window.underway = 0;
const ask = window.fetch;
window.fetch = (...words) => {
  window.underway++;
  return ask(...words).finally(() => setTimeout(() => { window.underway--; }, 60));
};
"""
# Nothing is being loaded, and each chart in sight has its canvas.
_DRAWN = """() => {
  if (document.fonts.status !== 'loaded' || document.querySelector('.skeleton, .stale, .blank')) return false;
  const inSight = [...document.querySelectorAll('.chart')].filter((chart) => {
    const { top, bottom } = chart.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
  });
  return inSight.every((chart) => chart.querySelector('canvas'));
}"""


class Windows:
    """A window for each width and language, opened when it is needed."""

    def __init__(self, browser: Browser, user: User) -> None:
        self._browser, self._user = browser, user
        self._open: dict[tuple[int, str, bool], Watched] = {}

    def picture(self, world: World, look: Look, fault: str = "") -> bytes:
        """Return a picture of a page, with a style that spoils it if there is one."""
        is_guest = look.page == "login"
        key = (look.width, look.language, is_guest)
        if key not in self._open:
            self._open[key] = self._made(look, is_guest)
        console = Console(self._open[key])
        address, drawn = world.pages[look.page]
        console.page.emulate_media(color_scheme="dark" if look.scheme == "dark" else "light", reduced_motion="reduce")
        console.go(address)
        console.page.locator(drawn).first.wait_for(state="attached")
        console.page.wait_for_function(_DRAWN)
        console.page.wait_for_function("() => window.underway === 0")
        if not fault:
            return settled(console.page)
        console.page.evaluate("(rule) => document.styleSheets[0].insertRule(rule)", fault)
        try:
            return settled(console.page)
        finally:
            console.page.evaluate("document.styleSheets[0].deleteRule(0)")

    def _made(self, look: Look, is_guest: bool) -> Watched:
        window = Watched(
            self._browser,
            self._user.server.origin,
            viewport={"width": look.width, "height": HEIGHTS[look.width]},
            locale=LANGUAGES[look.language],
            device_scale_factor=SMALLER.get(look.width, 1),
        )
        window.page.clock.set_fixed_time(TODAY)
        window.page.add_init_script(COUNTED)
        if not is_guest:
            window.sign_in(self._user.key)
        return window

    def close(self) -> None:
        for window in self._open.values():
            window.close()


@pytest.fixture(scope="module")
def windows(browser: Browser, world: World) -> Iterator[Windows]:
    opened = Windows(browser, world.user)
    yield opened
    opened.close()


def compare(windows: Windows, world: World, looks: list[Look], place: Path) -> None:
    """Compare pictures with those kept; the others are written to a place where one can look at them."""
    faults = []
    for look in looks:
        now = small(windows.picture(world, look), look.width)
        if UPDATES:
            keep(look.name, now)
            continue
        share = difference(now, kept(look.name))
        if share > MOST_DIFFERENT:
            now.save(place / f"{look.name}.png")
            faults.append(f"{look.name}: {share:.1%} differs, see {place}")
    assert faults == [], "make looks, if the change is meant"


def test_each_page_looks_as_it_did(windows: Windows, world: World, tmp_path: Path) -> None:
    compare(windows, world, SAMPLE, tmp_path)


@pytest.mark.soak
def test_all_pages_look_as_they_did(windows: Windows, world: World, tmp_path: Path) -> None:
    compare(windows, world, ALL, tmp_path)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_that_looks_otherwise_is_found(windows: Windows, world: World, fault: str) -> None:
    look = Look("folder", 1280, "en", "light")
    before = small(windows.picture(world, look), look.width)
    assert difference(before, small(windows.picture(world, look), look.width)) <= MOST_DIFFERENT  # times go on
    assert difference(before, small(windows.picture(world, look, fault), look.width)) > MOST_DIFFERENT


def test_all_pictures_are_kept_and_they_are_small() -> None:
    pictures = {path.stem: path.stat().st_size for path in PLACE.glob("*.png")}
    assert set(pictures) == {look.name for look in ALL}
    assert sum(pictures.values()) < MOST_BYTES
    assert {look.page for look in SAMPLE} == set(PAGES)
    assert len({look[1:] for look in SAMPLE}) >= 4
