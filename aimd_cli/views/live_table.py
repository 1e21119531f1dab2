"""The rows of `aimd trial top`: one line per trial in columns that fit, only for the visible part of a long list. Pure.

Numbers and ids are never cut; whole columns are left out by priority, and only of a name or a text may the middle be
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from aimd_cli import text
from aimd_cli.views.canvas import LETTERS
from aimd_cli.views.frame import PALETTE
from aimd_cli.views.rows import (
    AGE_PRIORITY,
    DELTA_PRIORITY,
    DURATION_PRIORITY,
    TREND_PRIORITY,
    difference_cell,
    differing_params,
    metric_priority,
    param_priority,
    ranked_metrics,
    telling_params,
)
from aimd_cli.views.shortening import rounded_to, shortened, telling_digits
from aimd_cli.views.sparkline import sparkline
from aimd_cli.views.states import state_cell
from aimd_cli.views.words import shown as in_words
from aimd_core.direction import direction_of
from aimd_core.format.wording import short_id
from aimd_core.language import said
from aimd_core.query import Field, SortKey, field_text, value_of
from aimd_core.reading.facts import Facts

_LOOKED_AT = 200  # rows that decide which columns there are
_PARAMS, _METRICS = 8, 10  # the most columns of each
_NAME_CELLS, _VALUE_CELLS = 40, 18
_NARROW = 100  # from this width on, the state is also written in words
_GAP = 2
SELECTED = "bold #ffffff on #005f87"  # a pair that is readable on light and dark terminals
SELECTED_PLAIN = "reverse"


_NAME = Field("trial", "name")


class LiveColumn(NamedTuple):
    """One column.

    Attributes:
        title: Its heading.
        priority: The larger, the sooner it is left out; 0 is never left out.
        right: Whether it is aligned to the right.
        cell: Returns what a trial has there, safe for a terminal, and its style; ages end at the time it gets.
        longest: Its maximum width in cells; 0 if nothing may be cut.
        key: The field that it shows, if it can be sorted by.
    """

    title: str
    priority: int
    right: bool
    cell: Callable[[Facts, float], tuple[str, str]]
    longest: int = 0
    key: Field | None = None


class Shown(NamedTuple):
    """How the rows are shown.

    Attributes:
        sort: What the rows are sorted by.
        marks: Letters by alternative name.
        now: The time that ages end at.
        glyphs: Whether non-ASCII characters can be shown.
        color: Whether to use colour.
        pins: The ids of pinned trials.
        baseline: The trial that the others are measured against, or None.
    """

    sort: SortKey
    marks: Mapping[str, int]
    now: datetime
    glyphs: bool = True
    color: bool = True
    pins: frozenset[str] = frozenset()
    baseline: Facts | None = None


def columns_of(rows: Sequence[Facts], shown: Shown, width: int) -> list[LiveColumn]:
    """Return the columns that tell these trials apart, always including the sorted one."""
    looked_at = [row.whole() for row in rows[:_LOOKED_AT]]
    glyphs = shown.glyphs
    metrics = ranked_metrics(looked_at)
    main = next((name for name in metrics if any(row.trends.get(name) for row in looked_at)), "")
    columns = [
        _state_column(glyphs, width),
        LiveColumn("NAME", 0, False, _name, max(10, min(_NAME_CELLS, width // 3)), _NAME),
        LiveColumn("ID", 7, False, _id, 0, Field("trial", "id")),
        LiveColumn(
            "AGE", AGE_PRIORITY, True, lambda row, now_s: (text.age(row.age_s(now_s)), ""), 0, Field("trial", "started")
        ),
        LiveColumn(
            "DURATION",
            DURATION_PRIORITY,
            True,
            lambda row, now_s: (text.duration(row.duration_s(now_s)), ""),
            0,
            Field("trial", "duration"),
        ),
        *(_param_column(name, param_priority(at), looked_at) for at, name in enumerate(_varying(looked_at))),
        *(
            _value_column(Field("metric", name, "last"), metric_priority(name, at))
            for at, name in enumerate(metrics[:_METRICS])
        ),
        *(_delta_column(metrics[0], shown.baseline, glyphs) for _ in metrics[:1] if shown.baseline is not None),
        LiveColumn(
            said("TREND {main}", main=text.clean(main)), TREND_PRIORITY, False, lambda row, _: _trend(row, main, glyphs)
        ),
        LiveColumn("TAGS", 58, False, _tags, _VALUE_CELLS, Field("trial", "tags")),
    ]
    return _with_sorted(columns, shown)


def _with_sorted(columns: list[LiveColumn], shown: Shown) -> list[LiveColumn]:
    """Make sure that the sorted column is visible, and that the most important columns are left out last."""
    field = shown.sort.field
    if all(column.key != field for column in columns):
        columns.append(_value_column(field, 0))
    return [column._replace(priority=0) if column.key == field else column for column in columns]


def _varying(rows: Sequence[Facts]) -> list[str]:
    main, minor = telling_params(rows, differing_params(rows))
    return [*main, *minor][:_PARAMS]


def _state_column(glyphs: bool, width: int) -> LiveColumn:
    def cell(row: Facts, _: float) -> tuple[str, str]:
        sign_and_word, style = state_cell(row.state, glyphs)
        return (sign_and_word[:1] if width < _NARROW else sign_and_word), style

    return LiveColumn("" if width < _NARROW else "STATE", 0, False, cell, 0, Field("trial", "state"))


def _value_column(field: Field, priority: int) -> LiveColumn:
    plain = field.kind == "params" or (field.kind == "metric" and field.aggregate == "last")
    title = text.clean(field.name if plain else field_text(field))

    def cell(row: Facts, now_s: float) -> tuple[str, str]:
        value = value_of(field, row, now_s)
        if value is None:
            return "", ""
        if field.shape == "duration" and isinstance(value, (int, float)):
            return text.duration(float(value)), ""
        if field.shape == "moment" and isinstance(value, (int, float)):
            return datetime.fromtimestamp(value).strftime("%m-%d %H:%M:%S"), ""
        return (text.number(value) if field.kind == "metric" else text.parameter(value)), ""

    return LiveColumn(title, priority, True, cell, _VALUE_CELLS, field)


def _param_column(name: str, priority: int, looked_at: Sequence[Facts]) -> LiveColumn:
    """Return a parameter with as many digits as tell its values apart; the details of a trial have them all."""
    digits = telling_digits([text.parameter(row.params[name]) for row in looked_at if name in row.params])
    column = _value_column(Field("params", name), priority)

    def cell(row: Facts, now_s: float) -> tuple[str, str]:
        value, style = column.cell(row, now_s)
        is_long = isinstance(row.params.get(name), float) and len(value) > digits + len("0.")
        return (rounded_to(digits, value) if is_long else value), style

    return column._replace(cell=cell)


def _delta_column(metric: str, baseline: Facts, glyphs: bool) -> LiveColumn:
    """Return how far the trials are from the baseline in a metric."""
    base = value_of(Field("metric", metric, "last"), baseline, 0.0)

    def cell(row: Facts, _: float) -> tuple[str, str]:
        if row.id == baseline.id:
            return in_words("baseline"), "bold"
        return difference_cell(value_of(Field("metric", metric, "last"), row, 0.0), base, direction_of(metric))

    return LiveColumn(f"{'Δ' if glyphs else 'd'} {text.clean(metric)}", DELTA_PRIORITY, True, cell)


def _name(row: Facts, _: float) -> tuple[str, str]:
    return text.clean(row.name) + (" (damaged)" if row.damage else ""), "yellow" if row.damage else ""


def _id(row: Facts, _: float) -> tuple[str, str]:
    return short_id(row.id), "cyan"


def _tags(row: Facts, _: float) -> tuple[str, str]:
    return text.clean(", ".join(row.tags)), ""


def _trend(row: Facts, metric: str, glyphs: bool) -> tuple[str, str]:
    return sparkline(row.trends.get(metric, ()), glyphs=glyphs), "cyan"


class LiveTable:
    """Lines of a table, made on demand.

    Attributes:
        rows: The trials, in order.
        shown: How they are shown.
    """

    def __init__(self, rows: Sequence[Facts], shown: Shown, width: int, before: LiveTable | None = None) -> None:
        """Lay out columns for a terminal of `width` columns.

        Args:
            rows: The trials, in order.
            shown: How they are shown.
            width: How wide a line is.
            before: The table that this one replaces, so that columns do not move, and are not chosen again for the same
                trials.
        """
        self.rows, self.shown, self.width = rows, shown, width
        is_alike = before is not None and before._choice == self._choice and before.rows is rows
        self._columns: list[LiveColumn] = (
            before._columns if before is not None and is_alike else columns_of(rows, shown, width)
        )
        self._titles = [self._title(column) for column in self._columns]
        self._title_cells = [cell_len(title) for title, _ in self._titles]
        widths = {} if before is None else before.widths
        self._widths = [widths.get(column.title, 0) for column in self._columns]
        self._longest_name: int = 0 if before is None else before._longest_name

    @property
    def widths(self) -> dict[str, int]:
        """The current width of each column, by title."""
        return {column.title: width for column, width in zip(self._columns, self._widths, strict=True)}

    @property
    def _choice(self) -> tuple[object, ...]:
        """What the columns are chosen by, besides the trials."""
        shown, baseline = self.shown, self.shown.baseline
        return shown.sort, None if baseline is None else id(baseline), shown.glyphs, self.width

    def header(self) -> Text:
        """Return the headings, with an arrow at the sorted one."""
        return self._line([(title, f"bold {style}") for title, style in self._titles], "  ", "", self._fitting())

    def lines(self, start: int, count: int, cursor: int) -> list[Text]:
        """Return some rows as lines that are exactly as wide as the table.

        Columns grow with their content and never shrink, so that they do not jump while scrolling; so get the header
        afterwards.

        Args:
            start: The first of them.
            count: The most rows to return.
            cursor: Which row is the selected one.
        """
        numbers = range(start, min(len(self.rows), start + count))
        now_s = self.shown.now.timestamp()
        cells = [self._cells(number, now_s) for number in numbers]
        kept = self._fitting()
        return [self._row(number, row, number == cursor, kept) for number, row in zip(numbers, cells, strict=True)]

    def _cells(self, number: int, now_s: float) -> list[tuple[str, str]]:
        row, cells = self.rows[number].whole(), []
        for at, column in enumerate(self._columns):
            shown, style = column.cell(row, now_s)
            longest = column.longest
            if column.key == _NAME:  # cut when it is known how much room is left
                self._longest_name = max(self._longest_name, cell_len(shown))
                self._widths[at] = max(self._widths[at], min(longest, cell_len(shown)), self._title_cells[at])
                cells.append((shown, style))
                continue
            if longest and cell_len(shown) > longest and not _is_number(shown):
                (shown,) = shortened([shown], longest, "…" if self.shown.glyphs else "...")
            cells.append((shown, style))
            if shown:
                self._widths[at] = max(self._widths[at], cell_len(shown), self._title_cells[at])
        return cells

    def _title(self, column: LiveColumn) -> tuple[str, str]:
        is_fact = (
            column.key is not None and column.key.kind == "trial"
        )  # not a metric or parameter, as the user named it
        title = in_words(column.title) if is_fact and column.title else column.title
        if column.key != self.shown.sort.field:
            return title, ""
        # An age grows as the start moves back, so its arrow points the other way.
        falls = self.shown.sort.descending != (column.title == "AGE")
        arrows = "▲▼" if self.shown.glyphs else "^v"
        return f"{title} {arrows[falls]}".lstrip(), "cyan"

    def _fitting(self) -> list[int]:
        kept = [number for number, width in enumerate(self._widths) if width]
        while 2 + sum(self._widths[number] + _GAP for number in kept) - _GAP > self.width:
            droppable = [number for number in kept if self._columns[number].priority > 0]
            if not droppable:
                break
            kept.remove(max(droppable, key=lambda number: (self._columns[number].priority, number)))
        return kept

    def _row(self, number: int, cells: list[tuple[str, str]], is_selected: bool, kept: Sequence[int]) -> Text:
        mark = self.shown.marks.get(self.rows[number].alternative_name)
        pin = ("•" if self.shown.glyphs else "*") if self.rows[number].id in self.shown.pins else " "
        letter = f"{pin} " if mark is None else f"{LETTERS[mark % len(LETTERS)]}{pin}"
        letter_style = "" if mark is None else f"bold {PALETTE[mark % len(PALETTE)]}"
        if not is_selected:
            return self._line(cells, letter, letter_style, kept)
        chosen = SELECTED if self.shown.color else SELECTED_PLAIN
        return Text(no_wrap=True, end="").append(self._line(cells, letter, "", kept).plain, chosen)

    def _line(self, cells: list[tuple[str, str]], letter: str, letter_style: str, kept: Sequence[int]) -> Text:
        line = Text(no_wrap=True, end="")
        line.append(letter, letter_style)
        spare = self.width - 2 - sum(self._widths[number] + _GAP for number in kept) + _GAP
        for number in kept:
            (shown, style), width = cells[number], self._widths[number]
            if self._columns[number].key == _NAME:
                width += max(0, min(spare, self._longest_name - width))
                if cell_len(shown) > width:
                    (shown,) = shortened([shown], width, "…" if self.shown.glyphs else "...")
            space = " " * max(0, width - cell_len(shown))
            line.append(space + shown if self._columns[number].right else shown + space, style or None)
            line.append(" " * _GAP)
        over = line.cell_len - self.width
        if over > 0:  # even the required columns are too wide
            line.truncate(self.width)
        line.append(" " * max(0, -over))
        return line


def _is_number(shown: str) -> bool:
    try:
        float(shown)
    except ValueError:
        return False
    return True
