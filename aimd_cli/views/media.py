"""`aimd trial media`: what a trial recorded besides numbers, by key, and what there is at a step. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.pictures.drawing import Ability
from aimd_cli.views.words import note, shown
from aimd_core.language import said

if TYPE_CHECKING:  # what a pipe needs loads no Rich
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from aimd_cli.pictures.reading import Raster
    from aimd_cli.views.table import Table
    from aimd_core.format import tables
    from aimd_core.format.figures import FigureTrace, PlotlyFigure
    from aimd_core.format.media import Histogram
    from aimd_core.reading.media import MediaItem, MediaKey

_BINS, _BAR_CELLS = 16, 30
_LINE = ["key", "step", "index", "kind", "type", "size_bytes", "caption"]
_TRACES = 20  # of a figure, in a terminal
_PICTURE_ROWS = 24  # of the terminal, for one of several


class KeyRow(NamedTuple):
    """A key: what is there, and the bytes of it, None if they were not counted."""

    key: MediaKey
    size_bytes: int | None


class MediaKeys:
    """What a trial recorded, by key."""

    def __init__(self, rows: Sequence[KeyRow]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per key."""
        from aimd_cli.views.table import TEXT, Column, Table

        columns = [Column("MEDIA", form=TEXT), Column("KIND", style="cyan"), Column("RECORDS", priority=2, right=True)]
        table = Table([*columns, Column("STEPS", priority=1, right=True), Column("SIZE", priority=3, right=True)])
        for row in self.rows:
            kinds = text.clean(", ".join(row.key.kinds))
            size = "" if row.size_bytes is None else text.size(row.size_bytes)
            table.add(text.clean(row.key.key), kinds, f"{row.key.records:,}", _steps(row.key), size)
        table.drop_empty("SIZE")
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per key."""
        header = ["key", "kinds", "records", "steps", "first_step", "last_step", "size_bytes"]
        return [
            header,
            *([*_fields(row.key), "" if row.size_bytes is None else str(row.size_bytes)] for row in self.rows),
        ]

    def document(self) -> dict[str, object]:
        """Return the keys as plain data."""
        return {"keys": [{**row.key._asdict(), "size_bytes": row.size_bytes} for row in self.rows]}


def _fields(key: MediaKey) -> list[str]:
    return [key.key, ",".join(key.kinds), *map(str, (key.records, key.steps, key.first_step, key.last_step))]


def _steps(key: MediaKey) -> str:
    return str(key.first_step) if key.steps == 1 else f"{key.first_step} - {key.last_step} ({key.steps:,})"


class MediaRecords:
    """What was recorded at a step, whatever its key."""

    def __init__(self, items: Sequence[MediaItem]) -> None:
        self.items = items

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per record."""
        from aimd_cli.views.table import TEXT, Column, Table

        columns = [Column("MEDIA", form=TEXT), Column("#", right=True), Column("KIND", style="cyan")]
        columns += [Column("TYPE", priority=3), Column("SIZE", priority=1, right=True)]
        table = Table([*columns, Column("CAPTION", priority=2, form=TEXT, prose=True)])
        for item in self.items:
            stored = item.record.stored
            kind, size = ("", "") if stored is None else (stored.type, text.size(stored.size_bytes))
            table.add(
                *map(text.clean, (item.record.key, str(item.number), item.record.kind, kind, size, item.record.caption))
            )
        table.drop_empty("TYPE", "SIZE", "CAPTION")
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per record."""
        return [_LINE, *map(_line, self.items)]

    def document(self) -> dict[str, object]:
        """Return the records as plain data."""
        return {"media": [item.document() for item in self.items]}


class ShownMedia(NamedTuple):
    """A record with what can be shown of it.

    Attributes:
        item: The record.
        picture: The picture that it is, or that shows what it is like.
        table: Its table.
        words: Its text.
        figure: What a figure of plotly has.
        fault: Why nothing can be shown, or empty.
    """

    item: MediaItem
    picture: Raster | None = None
    table: tables.Table | None = None
    words: str | None = None
    figure: PlotlyFigure | None = None
    fault: str = ""

    @property
    def is_bare(self) -> bool:
        """Whether a terminal shows nothing of it."""
        has_some = self.picture or self.table or self.figure or self.words is not None or self.item.record.histogram
        return not has_some and not self.fault


class MediaShown:
    """The records of a key at a step."""

    def __init__(self, items: Sequence[ShownMedia], about: str, ability: Ability, most_rows: int) -> None:
        """Take the records.

        Args:
            items: The records with what can be shown of them.
            about: What else there is, in a sentence.
            ability: How the terminal shows pictures.
            most_rows: How many rows of a table to show, 0 for all.
        """
        self.items, self.about, self.ability, self.most_rows = items, about, ability, most_rows

    def rich(self, width: int) -> RenderableType:
        """Return one after the other, each with its caption."""
        from rich.console import Group
        from rich.text import Text

        blocks: list[RenderableType] = []
        for item in self.items:
            blocks += [_heading(item), *self._blocks(item, width), Text("")]
        return Group(*blocks, note(self.about, style="dim"))

    def _blocks(self, item: ShownMedia, width: int) -> Iterator[RenderableType]:
        from rich.text import Text

        from aimd_cli.pictures.drawing import Drawing

        if item.fault:
            yield note(item.fault, style="bold yellow")
        if item.picture is not None:
            yield Drawing(item.picture, self.ability, min(width, 100), _PICTURE_ROWS)
        if item.words is not None:
            yield Text("\n".join(text.clean(line) for line in item.words.splitlines()))
        if item.table is not None:
            yield from _table_blocks(item.table, width, self.most_rows)
        if item.figure is not None:
            yield from _figure_blocks(item.figure, width)
        if item.item.record.histogram is not None:
            yield _bars(item.item.record.histogram, self.ability.glyphs).rich(width)
        if item.is_bare:
            yield note("not shown here: save it with -o DIR, or open it with --open", style="dim")
        if item.item.record.caption:
            yield Text(text.clean(item.item.record.caption), style="italic")

    def lines(self) -> list[list[str]]:
        """Return the rows of a table, the lines of a text, the bins of a histogram; of several, what there is."""
        if len(self.items) == 1:
            item = self.items[0]
            if item.table is not None:
                return [item.table.columns, *(list(map(_plain, row)) for row in item.table.rows)]
            if item.words is not None:
                return [[line] for line in item.words.splitlines()]
            if item.figure is not None:
                return [["type", "name", "points"], *map(_trace_fields, item.figure.traces)]
            if item.item.record.histogram is not None:
                return [["from", "to", "count"], *map(list, _bins(item.item.record.histogram))]
        return [_LINE, *(_line(item.item) for item in self.items)]

    def document(self) -> dict[str, object]:
        """Return the records as plain data, with the texts and tables."""
        rows = []
        for item in self.items:
            row: dict[str, object] = dict(item.item.document())
            if item.words is not None:
                row["text"] = item.words
            if item.table is not None:
                row["table"] = {"columns": item.table.columns, "data": item.table.rows}
            if item.figure is not None:
                traces = [{"type": kind, "name": name, "points": points} for kind, name, points in item.figure.traces]
                row["figure"] = {"title": item.figure.title, "traces": traces}
            rows.append({**row, "fault": item.fault} if item.fault else row)
        return {"media": rows}


def _heading(item: ShownMedia) -> RenderableType:
    from rich.text import Text

    record = item.item.record
    facts = [record.kind]
    if "width" in record.facts and "height" in record.facts:
        facts.append(f"{record.facts['width']:.0f} x {record.facts['height']:.0f}")
    if "rows" in record.facts:
        facts.append(f"{record.facts['rows']:.0f} x {record.facts.get('columns', 0):.0f}")
    if "duration_s" in record.facts:
        facts.append(text.duration(record.facts["duration_s"]))
    if record.stored is not None:
        facts += [record.stored.type, text.size(record.stored.size_bytes)]
    step = shown(said("step {step}", step=record.step))
    number = f" #{item.item.number}" if item.item.number else ""
    group = f"  {text.clean(record.group)}" if record.group else ""
    return Text.assemble((text.clean(record.key), "bold"), f"  {step}{number}{group}", (f"  {', '.join(facts)}", "dim"))


def _figure_blocks(figure: PlotlyFigure, width: int) -> Iterator[RenderableType]:
    """Yield the title and the traces of a figure, of which a terminal draws nothing."""
    from rich.text import Text

    from aimd_cli.views.table import TEXT, Column, Table

    if figure.title:
        yield Text(text.clean(figure.title), style="bold")
    table = Table([Column("TRACE", form=TEXT), Column("NAME", form=TEXT), Column("POINTS", right=True)])
    for trace in figure.traces[:_TRACES]:
        table.add(*map(text.clean, (trace.kind, trace.name, f"{trace.points:,}")))
    table.drop_empty("NAME")
    yield table.rich(width)
    if len(figure.traces) > _TRACES:
        yield note(said("... {count} more", count=f"{len(figure.traces) - _TRACES:,}"), style="dim")
    yield note("The console draws it; -o DIR saves its JSON.", style="dim")


def _trace_fields(trace: FigureTrace) -> list[str]:
    return [trace.kind, trace.name, str(trace.points)]


def _table_blocks(table: tables.Table, width: int, most_rows: int) -> Iterator[RenderableType]:
    from aimd_cli.views.table import NUMBER, TEXT, Column, Table, hidden_columns

    rows = table.rows[:most_rows] if most_rows else table.rows
    forms = [_is_number_column(rows, index) for index in range(len(table.columns))]
    drawn = Table(
        [
            Column(text.clean(name) or " ", index, right=number, form=NUMBER if number else TEXT, given=True)
            for index, (name, number) in enumerate(zip(table.columns, forms, strict=True))
        ]
    )
    for row in rows:
        drawn.add(*(text.clean(_plain(value)) for value in row))
    yield drawn.rich(width)
    for line in hidden_columns(drawn.dropped(width), width):
        yield note(line, style="dim")
    more = len(table.rows) - len(rows)
    if more:
        yield note(said("{count:,} more row{s}, see --limit", count=more, s="s" * (more != 1)), style="dim")


def _is_number_column(rows: Sequence[Sequence[object]], index: int) -> bool:
    values = [row[index] for row in rows if row[index] is not None]
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _plain(value: object) -> str:
    return "" if value is None else text.parameter(value)


def _bins(histogram: Histogram) -> list[tuple[str, str, str]]:
    edges = [text.exact(edge) for edge in histogram.edges]
    return [(low, high, str(count)) for low, high, count in zip(edges, edges[1:], histogram.counts, strict=False)]


def _bars(histogram: Histogram, glyphs: bool) -> Table:
    """Return a histogram as bars, of neighbouring bins together where there are many."""
    from aimd_cli.views.table import Column, Table

    step = -(-len(histogram.counts) // _BINS)
    table = Table([Column("FROM", right=True), Column("TO", right=True), Column("COUNT", right=True), Column("")])
    merged = [(start, min(start + step, len(histogram.counts))) for start in range(0, len(histogram.counts), step)]
    sums = [sum(histogram.counts[start:end]) for start, end in merged]
    most = max(sums) or 1
    for (start, end), count in zip(merged, sums, strict=True):
        bar = ("█" if glyphs else "#") * round(_BAR_CELLS * count / most)
        table.add(text.number(histogram.edges[start]), text.number(histogram.edges[end]), f"{count:,}", (bar, "cyan"))
    return table


def _line(item: MediaItem) -> list[str]:
    record = item.record
    stored = record.stored
    kind, size = ("", "") if stored is None else (stored.type, str(stored.size_bytes))
    return [record.key, str(record.step), str(item.number), record.kind, kind, size, record.caption]


class SavedMedia:
    """Files that were written, each of a record: path, bytes, and what went wrong, or empty."""

    def __init__(self, rows: Sequence[tuple[str, int, str]]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per file."""
        from aimd_cli.views.table import Column, Table

        table = Table([Column("FILE"), Column("SIZE", right=True, priority=1), Column("NOTE", style="yellow")])
        for path, size_bytes, fault in self.rows:
            table.add(text.clean(path), text.size(size_bytes), shown(fault))
        table.drop_empty("NOTE")
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per file."""
        return [["path", "size_bytes", "fault"], *([path, str(size), fault] for path, size, fault in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the files as plain data."""
        return {"files": [{"path": path, "size_bytes": size, "fault": fault} for path, size, fault in self.rows]}
