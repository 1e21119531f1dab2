"""A picture as part of what a view shows, in the way that the terminal has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimd_cli.pictures.pixels import fitted
from aimd_cli.pictures.reading import Raster

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

KITTY, SIXEL, BLOCKS, OFF = "kitty", "sixel", "blocks", "off"


class Ability(NamedTuple):
    """How a terminal shows pictures.

    Attributes:
        way: `kitty`, `sixel`, `blocks`, or `off`.
        cell_width: Width of a character in pixels.
        cell_height: Its height.
        color: Whether there may be colour.
        glyphs: Whether non-ASCII characters can be shown.
    """

    way: str = OFF
    cell_width: int = 8
    cell_height: int = 16
    color: bool = True
    glyphs: bool = True

    @property
    def has_pixels(self) -> bool:
        """Whether pictures are finer than characters."""
        return self.way in (KITTY, SIXEL)


class Drawing:
    """A picture in its own lines, as large as it is, but within limits; `print` it, or put it into a Rich `Group`."""

    def __init__(self, picture: Raster, ability: Ability, columns: int, rows: int) -> None:
        """Take a picture, what the terminal can do, and how many cells there are at most."""
        self.picture, self.ability = picture, ability
        self.columns, self.rows = _cells(picture, ability, columns, rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield lines, and the picture on top of them."""
        from rich.text import Text

        if self.ability.way == OFF:
            return
        if self.ability.has_pixels:
            yield Text("\n" * (self.rows - 1))
            yield over(self.picture, self.ability, self.columns, self.rows)
        else:
            yield from self.lines()

    def lines(self) -> list[Text]:
        """Return it in blocks, or in shades if there is no colour."""
        from aimd_cli.pictures.blocks import half_blocks, shades

        pixels = self.picture.pixels.scaled(self.columns, 2 * self.rows)
        with_colour = self.ability.color and self.ability.glyphs
        return half_blocks(pixels) if with_colour else shades(pixels, self.ability.glyphs)


class Over:
    """A picture on top of lines that were printed just before."""

    def __init__(self, escapes: str, up: int, right: int) -> None:
        """Take what draws it at the cursor, and where it begins: lines up, and columns from the left."""
        self.escapes, self.up, self.right = escapes, up, right

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield a piece without width: it goes there, draws, and comes back."""
        from rich.segment import ControlType, Segment

        text = f"\x1b7\x1b[{self.up}A\x1b[{self.right + 1}G{self.escapes}\x1b8"
        yield Segment(text, None, [(ControlType.CURSOR_UP, self.up)])


def over(picture: Raster, ability: Ability, columns: int, rows: int, up: int | None = None, right: int = 0) -> Over:
    """Return a picture that covers cells of lines that were printed just before.

    Args:
        picture: The picture, which is stretched to the cells.
        ability: What the terminal can do: pixels.
        columns: How many cells it covers.
        rows: In how many lines.
        up: How many lines above the cursor it begins, by default as many as it covers.
        right: How many columns are to the left of it.
    """
    from aimd_cli.pictures.protocols import kitty, sixel

    size = columns * ability.cell_width, rows * ability.cell_height
    if ability.way == KITTY:
        escapes = kitty(picture, columns, rows, size)
    else:
        escapes = sixel(picture.pixels.scaled(*size))
    return Over(escapes, rows if up is None else up, right)


def _cells(picture: Raster, ability: Ability, columns: int, rows: int) -> tuple[int, int]:
    """Return how many cells a picture covers: of its shape, and not more than its pixels would."""
    across, down = (ability.cell_width, ability.cell_height) if ability.has_pixels else (1, 2)
    width, height = fitted(picture.width, picture.height, columns * across, rows * down)
    if ability.has_pixels and width > picture.width:
        width, height = picture.width, picture.height
    return max(1, -(-width // across)), max(1, -(-height // down))
