"""A report in the terminal: its Markdown as text, with what its embedded views show now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aimd_cli import text
from aimd_cli.views.sparkline import sparkline
from aimd_cli.views.table import TEXT, Column, Table
from aimd_core.reports.charts import Chart, last_of
from aimd_core.reports.embedded import is_view, view_in
from aimd_core.reports.markdown import Node, parse_markdown

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from aimd_core.reports.page import Cell, Show, ViewContent
    from aimd_core.reports.pictures import EmbeddedPicture

_TREND_CELLS = 24
_STYLES = {"code": "cyan", "strong": "bold", "emphasis": "italic", "struck": "strike", "link": "underline"}


class ReportPreview:
    """The report of a folder or of a directory."""

    def __init__(self, path: str, note: str, show: Show, glyphs: bool = True) -> None:
        """Take what to show.

        Args:
            path: Whose it is, in words.
            note: The Markdown.
            show: Returns what an embedded view shows now; it is called only for people.
            glyphs: Whether non-ASCII characters can be shown.
        """
        self.path, self.note = path, note
        self._show, self._glyphs = show, glyphs

    def rich(self, width: int) -> RenderableType:
        """Return it block by block, with a line between each two."""
        from rich.console import Group
        from rich.text import Text

        parts: list[RenderableType] = []
        for block in parse_markdown(self.note):
            parts += [Text(""), *self._block(block, width)] if parts else self._block(block, width)
        return Group(*parts)

    def lines(self) -> list[list[str]]:
        """Return the Markdown, line by line."""
        return [[line] for line in self.note.rstrip("\n").split("\n")]

    def document(self) -> dict[str, object]:
        """Return the Markdown as plain data."""
        return {"path": self.path, "note": self.note}

    def _block(self, block: Node, width: int) -> list[RenderableType]:
        from rich.rule import Rule
        from rich.text import Text

        kind = block["kind"]
        if kind == "heading":
            return [_inline(block["children"], "bold underline" if block["level"] == 1 else "bold")]
        if kind == "code":
            return self._code(block, width)
        if kind == "quote":
            return [_indented(self._blocks(block["blocks"], width - 2), "│ " if self._glyphs else "| ")]
        if kind == "list":
            return [*self._items(block, width)]
        if kind == "table":
            return [self._table(block, width)]
        if kind == "rule":
            return [Rule(style="dim", characters="─" if self._glyphs else "-")]
        return [_inline(block["children"]) or Text("")]

    def _blocks(self, blocks: Sequence[Node], width: int) -> list[RenderableType]:
        return [part for block in blocks for part in self._block(block, width)]

    def _items(self, block: Node, width: int) -> Iterator[RenderableType]:
        bullet = "• " if self._glyphs else "- "
        for number, item in enumerate(block["items"], 1):
            mark = f"{number}. " if block["isOrdered"] else bullet
            yield _indented(self._blocks(item, width - len(mark)), mark, is_first_only=True)

    def _table(self, block: Node, width: int) -> RenderableType:
        columns = [
            Column(_inline(head).plain, form=TEXT, given=True, right=side == "right")
            for head, side in zip(block["heads"], block["sides"], strict=True)
        ]
        table = Table(columns, self._glyphs)
        for row in block["rows"]:
            cells = [_inline(cell).plain for cell in row][: len(block["heads"])]
            table.add(*cells, *[""] * (len(block["heads"]) - len(cells)))
        return table.rich(width)

    def _code(self, block: Node, width: int) -> list[RenderableType]:
        from rich.text import Text

        if not is_view(block["info"]):
            return [_indented([Text(text.clean(line), style="cyan") for line in block["text"].split("\n")], "    ")]
        return list(self._view(self._show(view_in(block["info"], block["text"])), width))

    def _view(self, shown: ViewContent, width: int) -> Iterator[RenderableType]:
        from rich.text import Text

        if shown.fault:
            yield Text(text.clean(shown.fault), style="red")
            return
        title = Text().append(text.clean(shown.title), style="bold")
        yield title.append(f"{' ' if shown.title else ''}{text.clean(shown.note)}", style="dim")
        for chart in shown.charts:
            yield _chart(chart, width, self._glyphs)
        if shown.heads and shown.rows:
            yield _rows(shown.heads, shown.rows, width, self._glyphs)
        for picture in shown.pictures:
            yield _picture(picture)


def _chart(chart: Chart, width: int, glyphs: bool) -> RenderableType:
    """Return the lines of a chart: a course and a last value for each trial."""
    table = Table([Column(text.clean(chart.metric), form=TEXT), Column(""), Column("", right=True)], glyphs)
    for line in chart.lines:
        table.add(text.clean(line.label), sparkline(list(line.y), _TREND_CELLS, glyphs), text.clean(last_of(line)))
    return table.rich(width)


def _rows(heads: Sequence[str], rows: Sequence[Sequence[Cell]], width: int, glyphs: bool) -> RenderableType:
    are_numbers = [any(row[at].is_number for row in rows) for at in range(len(heads))]
    columns = [
        Column(text.clean(head), at, right=is_number) if is_number else Column(text.clean(head), at, form=TEXT)
        for at, (head, is_number) in enumerate(zip(heads, are_numbers, strict=True))
    ]
    table = Table(columns, glyphs)
    for row in rows:
        table.add(*(text.clean(cell.text) for cell in row))
    return table.rich(width)


def _picture(picture: EmbeddedPicture) -> Text:
    from rich.text import Text

    line = Text(text.clean(picture.label))
    return line.append(f"  {picture.type}, {text.size(len(picture.content))}", style="dim")


def _inline(parts: Sequence[Node], style: str = "") -> Text:
    """Return the parts of a piece of text; a link to elsewhere also says where it leads."""
    from rich.text import Text

    whole = Text(style=style)
    for part in parts:
        if "text" in part:
            whole.append(_cleaned(part["text"]), style=_STYLES.get(part["kind"], ""))
            continue
        inner = _inline(part["children"])
        inner.stylize(_STYLES[part["kind"]])
        whole.append_text(inner)
        if part["kind"] == "link" and not part["address"].startswith("#") and inner.plain != part["address"]:
            whole.append(f" ({text.clean(part['address'])})", style="dim")
    return whole


def _cleaned(words: str) -> str:
    return "\n".join(map(text.clean, words.split("\n")))


def _indented(parts: Sequence[RenderableType], mark: str, is_first_only: bool = False) -> RenderableType:
    """Return parts behind a mark, which stands before each line or, with `is_first_only`, before the first."""
    from rich.console import Group
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid.grid()
    grid.add_column(width=len(mark), no_wrap=True)
    grid.add_column()
    for number, part in enumerate(parts):
        grid.add_row(Text(mark if number == 0 or not is_first_only else "", style="dim"), part)
    return Group(grid)
