"""One point for each trial: two fields against each other, told apart by a third. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.views.canvas import LETTERS
from aimd_cli.views.chart import Look
from aimd_cli.views.frame import NUMBERS, Frame, Size, color_of
from aimd_cli.views.rows import called, some_of
from aimd_cli.views.samples import Sample, correlation, natural_order, scale_of
from aimd_cli.views.words import note, shown
from aimd_core.direction import HIGHER, direction_of
from aimd_core.language import said

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_MOST_GROUPS = 12  # as many as letters tell apart at a glance
_BINS = 4


class _Spot(NamedTuple):
    name: str
    x: float
    y: float
    group: int


class Scatter:
    """Two fields of trials against each other."""

    def __init__(self, names: Sequence[str], x: Sample, y: Sample, by: Sample | None, look: Look) -> None:
        """Take the names of trials, the two fields, and perhaps one that groups them."""
        self._names, self._x, self._y, self._by, self._look = names, x, y, by, look
        self.groups, numbers = _grouped(by)
        short = called(names)
        pairs = zip(short, x.numbers, y.numbers, numbers or [0] * len(names), strict=True)
        self._spots = [
            _Spot(name, across, up, group) for name, across, up, group in pairs if across is not None and up is not None
        ]
        both = zip(x.numbers, y.numbers, strict=True)
        self._missing = [at for at, (across, up) in enumerate(both) if across is None or up is None]
        self._left_out = [short[at] for at in self._missing]

    def rich(self, width: int) -> RenderableType:
        """Return the chart for a terminal of `width` columns."""
        from rich.console import Group

        blocks: list[RenderableType] = self._drawing(width) if self._spots else []
        if self.groups:
            blocks.append(self._legend(width))
        return Group(*blocks, note(self.sentence(), style="dim"))

    def _drawing(self, width: int) -> list[RenderableType]:
        from rich.text import Text

        spots, look = self._spots, self._look
        x, y = scale_of([spot.x for spot in spots]), scale_of([spot.y for spot in spots])
        frame = Frame(x, y, Size(width, look.rows, look.glyphs))
        picture: list[RenderableType] = []
        if look.ability.has_pixels:
            picture = [self._picture(frame)]
        else:
            for spot in spots:
                sign = LETTERS[spot.group % len(LETTERS)] if self.groups else "●" if look.glyphs else "o"
                frame.canvas.mark(frame.dots([(spot.x, spot.y)])[0], sign, spot.group)
        title = said("{y} by {x}", y=self._y.title, x=self._x.title)
        if names := [sample.title for sample, scale in ((self._x, x), (self._y, y)) if scale.log]:
            title = said("{title} (logarithmic: {names})", title=title, names=", ".join(names))
        lines: list[Text] = [Text.assemble(*row) for row in frame.rows(NUMBERS, text.clean(self._x.title))]
        return [note(title, style="bold"), *lines, *picture]

    def _picture(self, frame: Frame) -> RenderableType:
        from aimd_cli.pictures.drawing import over
        from aimd_cli.pictures.reading import drawn_picture
        from aimd_cli.views.strokes import Stroke, pixels_of

        ability, cells = self._look.ability, (frame.canvas.columns, frame.canvas.rows)
        strokes = [Stroke([[(spot.x, spot.y)]], spot.group) for spot in self._spots]
        size = cells[0] * ability.cell_width, cells[1] * ability.cell_height
        pixels = pixels_of(frame, strokes, None, size, dashed=False)
        return over(drawn_picture(pixels), ability, *cells, up=cells[1] + 2, right=frame.margin)

    def _legend(self, width: int) -> RenderableType:
        from aimd_cli.views.table import Column, Table

        assert self._by is not None
        table = Table(
            [Column(""), Column(text.clean(self._by.title), given=True), Column("TRIALS", right=True)],
            self._look.glyphs,
        )
        for number, group in enumerate(self.groups):
            count = sum(spot.group == number for spot in self._spots)
            letter = (LETTERS[number % len(LETTERS)], f"bold {color_of(number)}")
            table.add(letter, text.clean(shown(group)), f"{count:,}")
        return table.rich(width)

    def sentence(self) -> str:
        """Return how the two go together, which trial is best, and what is missing."""
        if not self._spots:
            return said("no trial has both {x} and {y} as numbers", x=self._x.title, y=self._y.title)
        facts: dict[str, object] = {"count": len(self._spots), "x": self._x.title, "y": self._y.title}
        facts["s"] = "s" * (len(self._spots) > 1)
        rank = correlation([spot.x for spot in self._spots], [spot.y for spot in self._spots])
        told = said("{count:,} trial{s}", **facts)
        if rank is not None:
            told = said("{told}, rank correlation {rank:+.2f}", told=told, rank=rank)
        direction = direction_of(self._y.title)
        if direction is not None and len(self._spots) > 1:
            best = (max if direction == HIGHER else min)(self._spots, key=lambda spot: spot.y)
            facts |= {"value": text.number(best.y), "at": text.number(best.x), "name": best.name, "told": told}
            told = said("{told}; best {y} is {value} at {x} {at} ({name})", **facts)
        if self._left_out:
            facts = {"told": told, "missing": len(self._left_out), "names": some_of(self._left_out)}
            told = said("{told}; {missing:,} without both left out: {names}", **facts)
        return told

    def lines(self) -> list[list[str]]:
        """Return a row for each trial, unrounded, also for those without one of the fields."""
        samples = [self._x, self._y, *([self._by] if self._by is not None else [])]
        return [
            ["trial", *(sample.title for sample in samples)],
            *([name, *(text.in_full(sample.values[at]) for sample in samples)] for at, name in enumerate(self._names)),
        ]

    def document(self) -> dict[str, object]:
        """Return the points as plain data."""
        by = self._by
        return {
            "x": self._x.title,
            "y": self._y.title,
            "by": None if by is None else by.title,
            "sentence": self.sentence(),
            "left_out": [self._names[at] for at in self._missing],
            "points": [
                {"trial": name, "x": self._x.values[at], "y": self._y.values[at]}
                | ({} if by is None else {"by": by.values[at]})
                for at, name in enumerate(self._names)
            ],
        }


def _grouped(by: Sample | None) -> tuple[list[str], list[int]]:
    """Return the groups, and the number of the group of each trial: its value, or of many numbers a quarter of them."""
    if by is None:
        return [], []
    distinct = {by.shown(at) for at in range(len(by.values))}
    if len(distinct) > _MOST_GROUPS and by.is_numeric:
        return _quarters(by)
    groups = sorted(distinct, key=lambda value: (not value, natural_order(value)))
    if len(groups) > _MOST_GROUPS:
        groups = [*groups[: _MOST_GROUPS - 1], said("others")]
    places = {value: at for at, value in enumerate(groups)}
    numbers = [places.get(by.shown(at), len(groups) - 1) for at in range(len(by.values))]
    return [group or said("none") for group in groups], numbers


def _quarters(by: Sample) -> tuple[list[str], list[int]]:
    ordered = sorted(number for number in by.numbers if number is not None)
    starts = [ordered[len(ordered) * part // _BINS] for part in range(_BINS)]
    ends = [*starts[1:], ordered[-1]]
    groups = [f"{text.number(low)} - {text.number(high)}" for low, high in zip(starts, ends, strict=True)]
    numbers = [_BINS if number is None else sum(number >= start for start in starts[1:]) for number in by.numbers]
    return [*groups, *([said("none")] if _BINS in numbers else [])], numbers
