"""Parallel coordinates: parameters beside each other, a line for each trial, ordered by a target. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.text import cells
from aimd_cli.views.canvas import BAND, Canvas
from aimd_cli.views.chart import Look
from aimd_cli.views.frame import PALETTE, cut
from aimd_cli.views.rows import called, some_of
from aimd_cli.views.samples import Sample, correlation, natural_order, scale_of
from aimd_cli.views.shortening import short_titles
from aimd_cli.views.words import note
from aimd_core.direction import HIGHER, direction_of
from aimd_core.language import said

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_BEST = 5  # drawn in colour and listed
_AXIS_COLUMNS = 14  # the least room for an axis with its labels


class _Axis(NamedTuple):
    """An axis: the part of the height of each trial, and what its ends are called."""

    title: str
    shares: list[float | None]
    low: str
    high: str


class Parallel:
    """Trials as lines across their parameters."""

    def __init__(self, names: Sequence[str], params: Sequence[Sample], target: Sample, look: Look) -> None:
        """Take the names of trials, the parameters that tell them apart, the most telling first, and the target."""
        self._look, self._target, self._params = look, target, list(params)
        self._is_higher_better = direction_of(target.title) in (None, HIGHER)
        values = target.numbers
        sign = -1.0 if self._is_higher_better else 1.0
        order = [at for at, value in enumerate(values) if value is not None]
        self._order = sorted(order, key=lambda at: sign * (values[at] or 0.0))
        self._names, self._called = list(names), called(names)

    def rich(self, width: int) -> RenderableType:
        """Return the lines, and below them the best trials."""
        from rich.console import Group
        from rich.text import Text

        title = said("{target} by parameters", target=self._target.title)
        if not self._order:
            return Group(note(title, style="bold"), note(self.sentence(), style="dim"))
        count = max(2, min(len(self._params) + 1, width // _AXIS_COLUMNS))
        axes = [_axis(sample, short) for sample, short in self._shown(count - 1)] + [_axis(self._target, "")]
        hidden = len(self._params) + 1 - len(axes)
        blocks: list[RenderableType] = [note(title, style="bold"), *self._drawing(axes, width), Text("")]
        blocks += [self._legend(width), note(self.sentence(), style="dim")]
        if hidden:
            blocks.append(note(said("{hidden} more parameters fit a wider terminal", hidden=hidden), style="dim"))
        return Group(*blocks)

    def _shown(self, count: int) -> list[tuple[Sample, str]]:
        titles = short_titles([sample.title.removeprefix("params.") for sample in self._params])
        return list(zip(self._params, titles, strict=True))[:count]

    def _drawing(self, axes: Sequence[_Axis], width: int) -> list[Text]:
        from rich.text import Text

        look = self._look
        canvas = Canvas(width, look.rows, look.glyphs)
        across = [round(at * (canvas.width - 1) / (len(axes) - 1)) for at in range(len(axes))]
        for at in reversed(self._order):
            owner = self._order.index(at) if at in self._order[:_BEST] else BAND
            points = [
                (x, canvas.height - 1 - round(share * (canvas.height - 1)))
                for x, axis in zip(across, axes, strict=True)
                if (share := axis.shares[at]) is not None
            ]
            canvas.draw(points, owner, dashed=owner != BAND)
        for x in across:
            for row in range(canvas.height):
                if row % (2 if look.glyphs else 1) == 0:
                    canvas.draw([(x, row)], BAND, dashed=False)
        styles = {BAND: "dim", **dict(enumerate(PALETTE))}
        rows = [
            Text.assemble(*((cell.character, styles.get(cell.owner, "")) for cell in canvas.cells(row)))
            for row in range(look.rows)
        ]
        return [
            _labels([axis.high for axis in axes], width, look.glyphs, "dim"),
            *rows,
            _labels([axis.low for axis in axes], width, look.glyphs, "dim"),
            _labels([axis.title for axis in axes], width, look.glyphs, "bold"),
        ]

    def _legend(self, width: int) -> RenderableType:
        from aimd_cli.views.table import NUMBER, TEXT, Column, Table

        shown = self._shown(len(self._params))
        columns = [Column(text.clean(short), 2 + at, form=NUMBER, given=True) for at, (_, short) in enumerate(shown)]
        table = Table(
            [Column("NAME", form=TEXT), *columns, Column(text.clean(self._target.title), 1, right=True, given=True)],
            self._look.glyphs,
        )
        for number, at in enumerate(self._order[:_BEST]):
            name = (text.clean(self._called[at]), PALETTE[number % len(PALETTE)])
            table.add(name, *(text.clean(sample.shown(at)) for sample, _ in shown), self._target.shown(at))
        return table.rich(width)

    def sentence(self) -> str:
        """Return the best trial, and which parameter goes with the target most."""
        facts: dict[str, object] = {"target": self._target.title, "count": len(self._order)}
        if not self._order:
            return said("no trial has {target} as a number", **facts)
        best = self._order[0]
        facts |= {"name": self._called[best], "value": self._target.shown(best)}
        told = said("{count:,} trials; best {target} is {value} ({name})", **facts)
        ranked = sorted(((abs(rank), rank, title) for title, rank in self._correlations()), reverse=True)
        if ranked:
            _, rank, title = ranked[0]
            told = said(
                "{told}; it goes most with {title} (rank correlation {rank:+.2f})", told=told, title=title, rank=rank
            )
        if missing := self._missing():
            facts = {"told": told, "missing": len(missing), "names": some_of([self._called[at] for at in missing])}
            told = said("{told}; {missing:,} without it left out: {names}", **facts)
        return told

    def _missing(self) -> list[int]:
        """Return the trials that do not have the target."""
        return [at for at, value in enumerate(self._target.numbers) if value is None]

    def _correlations(self) -> list[tuple[str, float]]:
        ranks = []
        target = self._target.numbers
        for sample in self._params:
            numbers = sample.numbers
            pairs = [(x, y) for x, y in zip(numbers, target, strict=True) if x is not None and y is not None]
            rank = correlation([x for x, _ in pairs], [y for _, y in pairs])
            if rank is not None:
                ranks.append((sample.title, rank))
        return ranks

    def lines(self) -> list[list[str]]:
        """Return a row for each trial that has the target, the best first."""
        samples = [*self._params, self._target]
        return [
            ["trial", *(sample.title for sample in samples)],
            *([self._names[at], *(text.in_full(sample.values[at]) for sample in samples)] for at in self._order),
        ]

    def document(self) -> dict[str, object]:
        """Return the trials that have the target as plain data, the best first."""
        samples = [*self._params, self._target]
        return {
            "target": self._target.title,
            "parameters": [sample.title for sample in self._params],
            "sentence": self.sentence(),
            "left_out": [self._names[at] for at in self._missing()],
            "trials": [
                {"trial": self._names[at], **{sample.title: sample.values[at] for sample in samples}}
                for at in self._order
            ],
        }


def _axis(sample: Sample, short: str) -> _Axis:
    """Return an axis: numbers on their scale, anything else at even distances in natural order."""
    title = short or sample.title
    numbers = [number for number in sample.numbers if number is not None]
    if numbers and sample.is_numeric:
        scale = scale_of(numbers)
        shares = [None if number is None else scale.share(number) for number in sample.numbers]
        return _Axis(title, shares, text.number(min(numbers)), text.number(max(numbers)))
    shown = [sample.shown(at) for at in range(len(sample.values))]
    distinct = sorted({value for value in shown if value}, key=natural_order) or [""]
    share_of = {value: at / max(1, len(distinct) - 1) for at, value in enumerate(distinct)}
    return _Axis(title, [share_of.get(value) for value in shown], distinct[0], distinct[-1])


def _labels(labels: Sequence[str], width: int, glyphs: bool, style: str) -> Text:
    """Return what stands above or below each axis: the first at the left, the last at the right, others centred."""
    from rich.text import Text

    most = max(4, width // len(labels) - 1)
    line, used = "", 0
    for at, label in enumerate(labels):
        shown = cut(text.clean(label), most, glyphs)
        ideal = round(at * (width - 1) / (len(labels) - 1))
        start = 0 if not at else width - cells(shown) if at == len(labels) - 1 else ideal - cells(shown) // 2
        gap = max(start - used, int(bool(at)))
        line += " " * gap + shown
        used += gap + cells(shown)
    return Text(line, style=style)
