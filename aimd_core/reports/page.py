"""A report as one HTML file that opens without a server: charts as SVG, tables as tables, and nothing that runs.

Everything that people wrote is escaped here, in one place for text and one for addresses. The file has no script, asks
for nothing from anywhere, and says so itself by a policy that browsers keep.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from html import escape
from typing import NamedTuple

from aimd_core.language import said, translated
from aimd_core.reports.charts import COLOURS, Chart, last_of, svg_of
from aimd_core.reports.embedded import EmbeddedView, is_view, view_in
from aimd_core.reports.markdown import Node, parse_markdown
from aimd_core.reports.pictures import EmbeddedPicture, is_embeddable

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_LIGHT = (
    "0072b2",
    "d55e00",
    "009e73",
    "b8568f",
    "c98a00",
    "3f9bd1",
    "595959",
    "8f8800",
    "7b3fb5",
    "c2283d",
    "2f7d32",
    "00838f",
)
_DARK = (
    "56b4e9",
    "ff8a3d",
    "2cc295",
    "e39ac5",
    "f0b53c",
    "8fa8ff",
    "c4c9d0",
    "f0e442",
    "c39bf0",
    "ff7b86",
    "8fd694",
    "4dd0e1",
)
_NUMBER, _WHOLE = ' class="number"', ' class="whole"'
_SHORT = 32  # so many characters of a cell, such as those of a date, stay in one line
MAX_VIEWS_CHARS = 16 << 20  # of all embedded views of a report, as HTML, without their pictures
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2127;--soft:#5c6570;--line:#d9dde2;--back:#fff;--link:#0b5cad}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#a3abb5;--line:#3a424c;--back:#15191e;--link:#7db7ff}}
body{margin:0 auto;padding:24px 16px 64px;max-width:960px;background:var(--back);color:var(--ink);
font:16px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25}a{color:var(--link)}code,pre{font:14px/1.5 ui-monospace,monospace}
pre,.scroll{overflow-x:auto}pre{padding:10px;border:1px solid var(--line);border-radius:6px}
blockquote{margin-inline:0;padding-inline-start:14px;border-inline-start:3px solid var(--line);color:var(--soft)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:start}
td,th{overflow-wrap:break-word}.number,.whole{white-space:nowrap}.number,.right{text-align:end}.center{text-align:center}
.soft,figcaption{color:var(--soft)}figure{margin:18px 0}
a,code,strong,em,s{unicode-bidi:isolate}
svg{display:block;width:100%;min-width:480px;height:auto}
svg text{fill:var(--soft);font:11px system-ui,sans-serif}svg .end{text-anchor:end}svg .middle{text-anchor:middle}
svg .grid{stroke:var(--line)}svg path{fill:none;stroke-width:1.6;stroke-linejoin:round}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:2px 16px;margin:6px 0;font-size:14px}
.gallery{display:flex;flex-wrap:wrap;gap:12px}.gallery figure{margin:0;max-width:100%}
.gallery img{display:block;max-width:100%;max-height:420px;min-width:160px}
.swatch{display:inline-block;width:14px;height:3px;margin-inline-end:6px;vertical-align:middle}
.bad{color:#b3261e}@media(prefers-color-scheme:dark){.bad{color:#ff8a80}}@media print{body{max-width:none}}
"""


class Cell(NamedTuple):
    """A cell of a table: its text, where it leads (an address of the console, or empty), whether it is a number."""

    text: str
    address: str = ""
    is_number: bool = False


class ViewContent(NamedTuple):
    """What an embedded view shows now.

    Attributes:
        title: The heading above it.
        address: The console's address of the same, from its `#` on; empty for none.
        charts: The charts.
        heads: The heads of the table; empty for no table.
        rows: Its rows.
        pictures: The pictures.
        note: What else there is to say, such as how many trials there are.
        fault: Why it cannot be shown; empty if it can.
    """

    title: str = ""
    address: str = ""
    charts: Sequence[Chart] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    pictures: Sequence[EmbeddedPicture] = ()
    note: str = ""
    fault: str = ""


class ReportHead(NamedTuple):
    """What a report says of itself: title, language (`en` or `zh`), a line below the title, and the console's address.

    The console's address ends before the `#`; without one, links to its pages are text.
    """

    title: str
    language: str
    byline: str
    console: str = ""


def byline_of(path: str, language: str) -> str:
    """Return the line that says of which folder or directory a report is, and that it was made now."""
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return translated(said("{path} · made {made}", path=path, made=made), language)


Show = Callable[[EmbeddedView], ViewContent]


def page_of(head: ReportHead, note: str, show: Show) -> str:
    """Return a report as an HTML file.

    Args:
        head: What it says of itself.
        note: The Markdown.
        show: Returns what an embedded view shows, also for one with a fault; called once for each, in their order.
    """
    body = _Body(head, show).blocks(parse_markdown(note))
    language = escape("zh-CN" if head.language == "zh" else "en", quote=True)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY, quote=True)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(head.title)}</title>\n<style>{_STYLE}{_colours()}</style>\n</head>\n<body>\n"
        f'<h1>{escape(head.title)}</h1>\n<p class="soft">{escape(head.byline)}</p>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _colours() -> str:
    def rules(colours: Sequence[str]) -> str:
        return "".join(
            f"svg .c{number}{{stroke:#{colour}}}.swatch.c{number}{{background:#{colour}}}"
            for number, colour in enumerate(colours)
        )

    return f"{rules(_LIGHT)}@media(prefers-color-scheme:dark){{{rules(_DARK)}}}"


class _Body:
    """Writes the blocks of a note."""

    def __init__(self, head: ReportHead, show: Show) -> None:
        self._console = head.console
        self._language = head.language
        self._show = show
        self._left_chars = MAX_VIEWS_CHARS

    def blocks(self, blocks: Sequence[Node]) -> str:
        """Return blocks one below the other."""
        return "\n".join(map(self._block, blocks))

    def _block(self, block: Node) -> str:
        kind = block["kind"]
        if kind == "heading":
            level = min(block["level"] + 1, 6)
            return f"<h{level}>{self._inline(block['children'])}</h{level}>"
        if kind == "code":
            return self._code(block)
        if kind == "quote":
            return f"<blockquote>{self.blocks(block['blocks'])}</blockquote>"
        if kind == "list":
            name = "ol" if block["isOrdered"] else "ul"
            return f"<{name}>{''.join(f'<li>{self._item(item)}</li>' for item in block['items'])}</{name}>"
        if kind == "table":
            forms = [f' class="{side}"' if side else "" for side in block["sides"]]
            heads = [self._inline(head) for head in block["heads"]]
            rows = [
                [f"<td{form}>{self._inline(cell)}</td>" for form, cell in zip(forms, row, strict=False)]
                for row in block["rows"]
            ]
            return _table(heads, rows, forms)
        return "<hr>" if kind == "rule" else f"<p>{self._inline(block['children'])}</p>"

    def _item(self, blocks: Sequence[Node]) -> str:
        if len(blocks) == 1 and blocks[0]["kind"] == "paragraph":
            return self._inline(blocks[0]["children"])
        return self.blocks(blocks)

    def _code(self, block: Node) -> str:
        if not is_view(block["info"]):
            return f"<pre>{escape(block['text'])}</pre>"
        return self._view(self._show(view_in(block["info"], block["text"])))

    def _inline(self, parts: Sequence[Node]) -> str:
        return "".join(map(self._part, parts))

    def _part(self, part: Node) -> str:
        kind = part["kind"]
        if kind == "text":
            return escape(part["text"])
        if kind == "code":
            return f"<code>{escape(part['text'])}</code>"
        inner = self._inline(part["children"])
        if kind == "link":
            return self._link(part["address"], inner)
        name = {"strong": "strong", "emphasis": "em", "struck": "s"}[kind]
        return f"<{name}>{inner}</{name}>"

    def _link(self, address: str, inner: str) -> str:
        """Return a link to an address that is safe by the rules of Markdown, or of this console."""
        whole = self._console + address if address.startswith("#") else address
        if not address or whole.startswith("#"):
            return inner
        return f'<a href="{escape(whole, quote=True)}" rel="noopener noreferrer nofollow">{inner}</a>'

    def _view(self, shown: ViewContent) -> str:
        if shown.fault:
            return f'<p class="bad">{escape(shown.fault)}</p>'
        title = self._link(shown.address, escape(shown.title))
        caption = f"<figcaption><strong>{title}</strong> {escape(shown.note)}</figcaption>"
        inner = "".join([caption, *map(self._chart, shown.charts), self._list(shown)])
        if len(inner) > self._left_chars:
            told = said("a report shows {size} MiB of charts and tables at most", size=MAX_VIEWS_CHARS >> 20)
            return f'<p class="bad">{escape(translated(told, self._language))}</p>'
        self._left_chars -= len(inner)
        pictures = "".join(map(self._picture, shown.pictures))
        gallery = f'<div class="gallery">{pictures}</div>' if pictures else ""
        return f"<figure>{inner}{gallery}</figure>"

    def _picture(self, picture: EmbeddedPicture) -> str:
        """Return a picture with its bytes in the page; its type is one of few, all of them pictures."""
        assert is_embeddable(picture.type)
        source = f"data:{picture.type};base64,{b64encode(picture.content).decode()}"
        label = self._link(picture.address, escape(picture.label))
        image = f'<img src="{source}" alt="{escape(picture.label, quote=True)}">'
        return f"<figure>{image}<figcaption>{label}</figcaption></figure>"

    def _chart(self, chart: Chart) -> str:
        legend = "".join(
            f'<li><span class="swatch c{number % COLOURS}"></span>{self._link(line.address, escape(line.label))} '
            f"{escape(last_of(line))}</li>"
            for number, line in enumerate(chart.lines)
        )
        return (
            f'<h3>{escape(chart.metric)}</h3><div class="scroll">{svg_of(chart)}</div><ul class="legend">{legend}</ul>'
        )

    def _cell(self, cell: Cell) -> str:
        form = _NUMBER if cell.is_number else _WHOLE if len(cell.text) <= _SHORT else ""
        return f"<td{form}>{self._link(cell.address, escape(cell.text))}</td>"

    def _list(self, shown: ViewContent) -> str:
        if not shown.heads:
            return ""
        rows = [[self._cell(cell) for cell in row] for row in shown.rows]
        forms = [_NUMBER if any(row[at].is_number for row in shown.rows) else "" for at in range(len(shown.heads))]
        return _table([escape(head) for head in shown.heads], rows, forms)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], forms: Sequence[str]) -> str:
    """Return a table of heads and whole cells, which are HTML already; a head has the form of the cells under it."""
    head = "".join(f'<th scope="col"{form}>{cell}</th>' for cell, form in zip(heads, forms, strict=True))
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
