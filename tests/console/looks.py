"""Pictures of pages, small and grey, compared with those that a person has looked at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLACE = Path(__file__).parent / "screens"
HEIGHTS = {390: 844, 1280: 800, 1920: 1080, 3840: 2160}
SHOWN_WIDTHS = {390: 130, 1280: 256, 1920: 320, 3840: 480}  # of the small pictures
LEVELS = 16  # of grey
_STEP = 256 // LEVELS
_FAR = 40  # of 255: text that moved by less than a pixel is nearer
MOST_DIFFERENT = 0.01  # the share of a picture that may be far from the one kept
_TRIES, _WAIT_MS = 40, 120


def small(png: bytes, width: int) -> Image.Image:
    """Return a picture of a page in 16 levels of grey, each pixel the mean of some."""
    with Image.open(io.BytesIO(png)) as picture:
        grey = picture.convert("L")
    shown = SHOWN_WIDTHS[width]
    height = round(HEIGHTS[width] * shown / width)
    return grey.resize((shown, height), Image.Resampling.BOX).point(lambda level: level // _STEP * _STEP)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels that are far from each other, 1 for pictures of different sizes."""
    if one.size != other.size:
        return 1.0
    counts = ImageChops.difference(one, other).histogram()
    return sum(counts[_FAR:]) / (one.width * one.height)


def settled(page: Page) -> bytes:
    """Take pictures of a page until two are the same, and return that.

    Raises:
        AssertionError: It does not come to rest.
    """
    before = b""
    for _ in range(_TRIES):
        now = page.screenshot(animations="disabled", caret="hide")
        if now == before:
            return now
        before = now
        page.wait_for_timeout(_WAIT_MS)
    raise AssertionError(f"{page.url} does not come to rest")


def keep(name: str, picture: Image.Image) -> None:
    """Keep a picture as the one that a person has looked at, in four bits per pixel."""
    PLACE.mkdir(exist_ok=True)
    levels = picture.point(lambda level: level // _STEP).convert("P")
    levels.putpalette([grey for level in range(LEVELS) for grey in (level * _STEP,) * 3])
    levels.save(PLACE / f"{name}.png", optimize=True, bits=4)


def kept(name: str) -> Image.Image:
    """Return the picture that is kept."""
    with Image.open(PLACE / f"{name}.png") as picture:
        return picture.convert("L")
