"""Draws a picture in characters: two pixels in a cell as a half block, or shades where there is no colour. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from aimd_cli.pictures.pixels import Pixels

if TYPE_CHECKING:
    from rich.style import Style
    from rich.text import Text

_SHADES, _PLAIN_SHADES = " ░▒▓█", " .:-=+*#%@"
_HALF = 128

Colour = tuple[int, int, int] | None  # None where nothing is drawn


def half_blocks(pixels: Pixels) -> list[Text]:
    """Return a picture with a line for each two rows."""
    from rich.text import Text

    lines = []
    for top in range(0, pixels.height, 2):
        below = _row(pixels, top + 1) if top + 1 < pixels.height else [None] * pixels.width
        line = Text(no_wrap=True)
        for (upper, lower), run in groupby(zip(_row(pixels, top), below, strict=True)):
            sign = "▀" if upper is not None else " " if lower is None else "▄"
            line.append(sign * len(list(run)), _style(upper, lower))
        lines.append(line)
    return lines


def shades(pixels: Pixels, glyphs: bool) -> list[Text]:
    """Return a picture in shades of grey, with a line for each two rows; bright is dense, as on a dark terminal."""
    from rich.text import Text

    signs = _SHADES if glyphs else _PLAIN_SHADES
    lines = []
    for top in range(0, pixels.height, 2):
        bright = [_brightness(colour) for colour in _row(pixels, top)]
        below = [_brightness(colour) for colour in _row(pixels, min(top + 1, pixels.height - 1))]
        lines.append(
            Text("".join(signs[(a + b) * (len(signs) - 1) // 510] for a, b in zip(bright, below, strict=True)))
        )
    return lines


def _row(pixels: Pixels, row: int) -> list[Colour]:
    line = pixels.rgba[row * pixels.width * 4 : (row + 1) * pixels.width * 4]
    channels = zip(line[::4], line[1::4], line[2::4], line[3::4], strict=True)
    return [(red, green, blue) if opacity >= _HALF else None for red, green, blue, opacity in channels]


def _brightness(colour: Colour) -> int:
    if colour is None:
        return 0
    red, green, blue = colour
    return (299 * red + 587 * green + 114 * blue) // 1000


def _style(upper: Colour, lower: Colour) -> Style:
    from rich.color import Color
    from rich.style import Style

    if upper is None:
        return Style(color=None if lower is None else Color.from_rgb(*lower))
    return Style(color=Color.from_rgb(*upper), bgcolor=None if lower is None else Color.from_rgb(*lower))
