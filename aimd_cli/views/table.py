"""A table that fits: first what was asked for, then what matters most, whole or shortened so that rows stay different.

    table = Table([Column("NAME", form=TEXT, least=10), Column("lr", priority=10, form=NUMBER)])
    table.add("resnet50", "0.001")
    table.rich(width)

Where room is scarce, texts are shortened first (`aimd_cli.views.shortening`), then numbers are rounded and headings
stacked, then columns are left out, those with the largest priority first. If not even the columns that are never left
out fit, each row becomes a record of several lines; tables without shortened columns wrap their texts instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from aimd_cli.text import clean, pieces_of
from aimd_cli.views.shortening import begun, rounded, shortened, stacked
from aimd_cli.views.words import shown
from aimd_core.language import said

WHOLE, TEXT, NUMBER, SIGN = "whole", "text", "number", "sign"
MINOR = 30  # columns from this priority on get only the room that the others do not need
_PADDING = 2  # spaces between two columns
_NAME_CELLS = 28  # a text that is longer than this makes room for minor columns
_PROSE_CELLS = 72  # as much of a sentence is shown before less important columns are
_CHEAP_HEAD_CELLS = 4  # what a heading in one line may cost before a text is shown whole
_NUMBER_CELLS = 12  # a number that is longer than this has more digits than anybody reads
_WRAPPED_CELLS = 8  # the narrowest a wrapped text becomes


class Column:
    """One column of a table.

    Attributes:
        title: Its heading.
        priority: The larger, the sooner it is dropped on a narrow terminal; 0 is never dropped.
        right: Whether it is aligned to the right, like numbers.
        style: A Rich style, or empty.
        form: How it gives way: `WHOLE` not at all, `TEXT` is shortened, `NUMBER` is rounded, `SIGN` becomes its first
            character without heading.
        least: How narrow a text may become, in cells.
        short: Its heading where room is scarce; by default the same. The heading of a number or a text is also stacked.
        key: What brings the column back if it was dropped, as in `--columns`; empty if nothing does.
        prose: Whether its texts are sentences, of which the beginning says most.
        bare: Whether its cells are understood without a heading, as a name is.
        given: Whether its heading is a name that people gave, such as that of a parameter, which is never translated.
    """

    __slots__ = ("bare", "form", "given", "key", "least", "priority", "prose", "right", "short", "style", "title")

    def __init__(
        self,
        title: str,
        priority: int = 0,
        right: bool = False,
        style: str = "",
        form: str = WHOLE,
        least: int = 10,
        short: str = "",
        key: str = "",
        bare: bool = False,
        prose: bool = False,
        given: bool = False,
    ) -> None:
        self.title = title
        self.priority = priority
        self.right = right
        self.style = style
        self.form = form
        self.least = least
        self.short = short or title
        self.key = key
        self.bare = bare
        self.prose = prose
        self.given = given


def _heading(column: Column, title: str) -> str:
    """Return a heading in the user's language; what is not in capitals is not one of ours."""
    return shown(title) if title.isupper() and not column.given else title


class _Room:
    """How wide a column is, and what it shows at that width."""

    __slots__ = ("body", "body_cells", "column", "full", "full_cells", "head", "number", "short_title", "title")

    def __init__(self, number: int, column: Column, cells: list[str]) -> None:
        self.number, self.column = number, column
        self.title, self.short_title = _heading(column, column.title), _heading(column, column.short)
        if column.form == NUMBER and max(map(cell_len, cells), default=0) > _NUMBER_CELLS:
            cells = rounded(cells)
        self.full, self.full_cells = cells, max(map(cell_len, cells), default=0)
        self.body, self.body_cells = self._least_body()
        if column.form == SIGN:
            self.head = [""]
        elif column.form == WHOLE:
            self.head = [self.title]
        else:
            self.head = stacked(self.short_title, self.body_cells)

    def _least_body(self) -> tuple[list[str], int]:
        form, cells = self.column.form, self.full
        if form == NUMBER:
            cells = rounded(cells)
        elif form == SIGN:
            cells = [cell[:1] for cell in cells]
        width = max(map(cell_len, cells), default=0)
        return cells, min(width, self.column.least) if form == TEXT else width

    @property
    def width(self) -> int:
        return max(self.body_cells, *map(cell_len, self.head))

    def restore_body(self, room: int, most: int | None = None) -> int:
        """Show more of the cells if `room` more cells allow it, a text up to `most` cells; return the rest."""
        before, kept = self.width, (self.body, self.body_cells, self.head)
        self.body, self.body_cells = self.full, self.full_cells
        if self.column.form == TEXT:
            self.body_cells = min(self.full_cells, most or self.full_cells, before + max(0, room))
        elif self.column.form == SIGN:
            self.head = [self.title]
        if self.width - before > room:
            self.body, self.body_cells, self.head = kept
        return room - (self.width - before)

    def restore_head(self, title: str, room: int) -> int:
        """Show a heading in one line if `room` more cells allow it; return the rest."""
        before, kept = self.width, self.head
        self.head = [title]
        if self.width - before > room:
            self.head = kept
        return room - (self.width - before)

    def texts(self, ellipsis: str) -> list[str]:
        """Return what the column shows in each row."""
        if self.column.form != TEXT:
            return self.body
        return (begun if self.column.prose else shortened)(self.body, self.width, ellipsis)


class Table:
    """Rows of cells. A cell is text that is safe for a terminal, or a `(text, style)` pair.

    Attributes:
        columns: Its columns.
        rows: Its cells, with the style of each.
        ellipsis: What stands for what was cut out of a text.
    """

    def __init__(self, columns: list[Column], glyphs: bool = True) -> None:
        self.columns = columns
        self.rows: list[list[tuple[str, str]]] = []
        self.ellipsis = "…" if glyphs else ".."

    def add(self, *cells: str | tuple[str, str]) -> None:
        """Add a row, one cell per column."""
        self.rows.append([cell if isinstance(cell, tuple) else (cell, "") for cell in cells])

    def _layout(self, width: int) -> list[_Room]:
        """Return the columns that fit, each with its room, in order."""
        rooms = []
        for number, column in enumerate(self.columns):
            cells = [row[number][0] for row in self.rows]
            if column.title or any(cells):
                rooms.append(_Room(number, column, cells))
        by_priority = sorted(rooms, key=lambda room: (room.column.priority, room.number))
        kept = [room for room in by_priority if room.column.priority == 0]
        left = width - sum(room.width + _PADDING for room in kept) + _PADDING
        left = self._admit(kept, [room for room in by_priority if 0 < room.column.priority < MINOR], left)
        left = self._comfort(kept, left)
        for room in by_priority:
            if room.column.priority >= MINOR:
                room.restore_body(width, room.column.least)
                room.restore_head(room.short_title, width)
                left = self._admit(kept, [room], left)
                if room.column.prose and room in kept:  # a sentence that is cut says less than the columns after it
                    left = room.restore_body(left, _PROSE_CELLS)
        for room in kept:
            left = room.restore_body(left)
        for room in kept:
            if room.column.form != SIGN:
                left = room.restore_head(room.title, left)
        return sorted(kept, key=lambda room: room.number)

    @staticmethod
    def _admit(kept: list[_Room], candidates: list[_Room], left: int) -> int:
        for room in candidates:
            if room.width + _PADDING <= left:
                kept.append(room)
                left -= room.width + _PADDING
        return left

    @staticmethod
    def _comfort(kept: list[_Room], left: int) -> int:
        """Make the columns that matter easy to read, before others are admitted."""
        for form, most_head in ((NUMBER, _CHEAP_HEAD_CELLS), (TEXT, 0), (SIGN, left)):
            for room in kept:
                if room.column.form == form:
                    left = room.restore_body(left, _NAME_CELLS)
            for room in kept:
                if room.column.form != SIGN:
                    left -= min(left, most_head) - room.restore_head(room.short_title, min(left, most_head))
        return left

    def fitting(self, width: int) -> list[int]:
        """Return the numbers of the columns that fit into `width`, in order."""
        return [room.number for room in self._layout(width)]

    def rich(self, width: int, header: bool = True) -> Text:
        """Return the table for a terminal of `width` columns."""
        rooms = self._layout(width)
        if sum(room.width + _PADDING for room in rooms) - _PADDING > width:
            if any(room.column.form != WHOLE for room in rooms):
                return self._records(rooms, width)
            return self._drawn(rooms, self._wrapped_widths(rooms, width), header)
        return self._drawn(rooms, [room.width for room in rooms], header)

    def _drawn(self, rooms: list[_Room], widths: Sequence[int], header: bool) -> Text:
        made = Text(no_wrap=True, overflow="ignore")
        lines = max(len(room.head) for room in rooms) if header and rooms else 0
        for number in range(lines):
            heads = [
                room.head[number - lines + len(room.head)] if number >= lines - len(room.head) else "" for room in rooms
            ]
            self._draw_line(made, rooms, widths, [(head, "bold") for head in heads])
        columns = [room.texts(self.ellipsis) for room in rooms]
        for number, row in enumerate(self.rows):
            cells = [(texts[number], row[room.number][1]) for room, texts in zip(rooms, columns, strict=True)]
            if all(cell_len(text) <= width for (text, _), width in zip(cells, widths, strict=True)):
                self._draw_line(made, rooms, widths, cells)
                continue
            folded = [pieces_of(text, width) for (text, _), width in zip(cells, widths, strict=True)]
            for at in range(max(map(len, folded))):
                pieces = [pieces[at] if at < len(pieces) else "" for pieces in folded]
                self._draw_line(
                    made, rooms, widths, [(piece, style) for piece, (_, style) in zip(pieces, cells, strict=True)]
                )
        made.right_crop(1)
        return made

    @staticmethod
    def _draw_line(made: Text, rooms: list[_Room], widths: Sequence[int], cells: list[tuple[str, str]]) -> None:
        gap = 0
        for room, width, (text, style) in zip(rooms, widths, cells, strict=True):
            space = width - cell_len(text)
            before = gap + (space if room.column.right else 0)
            if text:
                made.append(" " * before)
                made.append(text, style or room.column.style or None)
                gap = _PADDING + (0 if room.column.right else space)
            else:
                gap = before + _PADDING + (0 if room.column.right else space)
        made.append("\n")

    @staticmethod
    def _wrapped_widths(rooms: list[_Room], width: int) -> list[int]:
        """Return widths that fit, the widest columns narrowed to wrap."""
        widths = [room.width for room in rooms]
        over = sum(widths) + _PADDING * (len(widths) - 1) - width
        while over > 0:
            widest = max(range(len(widths)), key=widths.__getitem__)
            if widths[widest] <= _WRAPPED_CELLS:
                break
            second = max([_WRAPPED_CELLS, *(other for number, other in enumerate(widths) if number != widest)])
            narrower = max(_WRAPPED_CELLS, widths[widest] - over, min(second, widths[widest] - 1))
            over -= widths[widest] - narrower
            widths[widest] = narrower
        return widths

    def _records(self, rooms: list[_Room], width: int) -> Text:
        """Return each row as a record of several lines: its cells one after the other, each after its heading."""
        made = Text(no_wrap=True, overflow="ignore")
        for number, row in enumerate(self.rows):
            used = 0
            for text, style in self._record(rooms, row):
                pieces = pieces_of(text, width - _PADDING)
                if used == 0:
                    made.append("\n" if number else "")
                elif used + _PADDING + cell_len(pieces[0]) > width:
                    made.append("\n" + " " * _PADDING)
                    used = _PADDING
                else:
                    made.append(" " * _PADDING)
                    used += _PADDING
                made.append(("\n" + " " * _PADDING).join(pieces), style or None)
                used = used + cell_len(pieces[0]) if len(pieces) == 1 else _PADDING + cell_len(pieces[-1])
        return made

    @staticmethod
    def _record(rooms: list[_Room], row: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """Return the cells of a record, with the style of each."""
        for room in rooms:
            text, style = row[room.number]
            if text:
                is_clear = room.column.bare or room.column.form == SIGN
                yield (text if is_clear else f"{room.short_title} {text}"), style or room.column.style

    def drop_empty(self, *titles: str) -> None:
        """Remove empty columns whose title has this prefix."""
        for number in reversed(range(len(self.columns))):
            if self.columns[number].title.startswith(titles) and not any(row[number][0] for row in self.rows):
                del self.columns[number]
                for row in self.rows:
                    del row[number]

    def frozen(self, width: int) -> tuple[int, int]:
        """Return how many lines are headings, and how wide the columns are up to the name; nothing for records."""
        rooms = self._layout(width)
        if sum(room.width + _PADDING for room in rooms) - _PADDING > width:
            return 0, 0
        ends = [at for at, room in enumerate(rooms) if room.column.bare and room.column.form == TEXT]
        name = rooms[: ends[0] + 1] if ends else []
        return max((len(room.head) for room in rooms), default=0), sum(room.width + _PADDING for room in name)

    def dropped(self, width: int) -> list[Column]:
        """Return the columns that do not fit into `width`, the most important first."""
        kept = set(self.fitting(width))
        dropped = [column for number, column in enumerate(self.columns) if number not in kept]
        return sorted(dropped, key=lambda column: column.priority)

    def hidden(self, width: int) -> int:
        """Return how many columns do not fit into `width`."""
        return len(self.columns) - len(self.fitting(width))


def with_notes(table: Table, width: int, titles: Sequence[str], notes: Sequence[tuple[str, str]]) -> RenderableType:
    """Return a table, and below it what its columns of sentences say if one of them does not fit.

    Args:
        table: The table.
        width: That of the terminal.
        titles: The headings of those columns.
        notes: What it is about, and the sentence, or an empty one, row by row.
    """
    if not any(column.title in titles for column in table.dropped(width)):
        return table.rich(width)
    lines = [f"{clean(about)}: {shown(sentence)}" for about, sentence in notes if sentence]
    return Group(table.rich(width), *(Text(piece) for line in lines for piece in pieces_of(line, width)))


def hidden_columns(dropped: list[Column], width: int) -> list[str]:
    """Say, in lines of at most `width` columns, how many columns are left out, which, and how to see them all."""
    if not dropped:
        return []
    count, s = len(dropped), "s" * (len(dropped) != 1)
    keys = [column.key for column in dropped if column.key]
    if not keys:
        sentence = said("{hidden} column{s} hidden: widen the terminal, or pipe the output", hidden=count, s=s)
        return pieces_of(shown(sentence), width)
    for shown_keys in range(len(keys), 0, -1):
        facts = {"hidden": count, "s": s, "keys": ",".join(keys[:shown_keys])}
        sentence = (
            said("{hidden} column{s} hidden, see --columns +{keys}", **facts)
            if shown_keys == count
            else said("{hidden} column{s} hidden, see --columns +{keys}; all: --wide", **facts)
        )
        if cell_len(shown(sentence)) <= width:
            break
    return pieces_of(shown(sentence), width)


def fields(facts: list[tuple[str, str]], width: int) -> Text:
    """Return names and values, one pair per line, with the names in the user's language."""
    table = Table([Column("", style="dim"), Column("")])
    for name, value in facts:
        table.add(shown(name), clean(value))
    return table.rich(width, header=False)
