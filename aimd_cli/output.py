"""All output of the application: data on stdout, messages on stderr.

On a terminal it shows tables that fit the width, in colour; elsewhere tab-separated lines with nothing cut and no
colour; with `--json` one JSON document. Nothing else in the application prints.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from aimd_cli.text import cells, clean, clean_json, wrapped
from aimd_core.language import said, tell_with, translated

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

SCHEMA = "aimd/1"

_NO_ITEM = object()
_ROWS_AT_ONCE = 100
_PIPE_CHARS = 1 << 15

_WIDE_CELLS = 4000  # wider than any table
_PICTURES = ("\x1b_G", "\x1bP")  # how kitty's protocol and sixel begin, which no pager shows

# Set once by the application's own options.
verbose = False
pages = True


class ReaderGoneError(Exception):
    """The reader of stdout is gone. Not an OSError, which Typer would turn into exit code 1."""


class View(Protocol):
    """The output of a command, in three forms."""

    def rich(self, width: int) -> RenderableType:
        """Return it for a terminal of `width` columns."""

    def lines(self) -> Iterable[list[str]]:
        """Return it as rows of fields, the header first, with nothing cut; of very many, one after the other."""

    def document(self) -> dict[str, object]:
        """Return it as plain data; a top-level list can be an iterator, which is printed item by item."""


def is_terminal() -> bool:
    """Tell whether stdout is a terminal."""
    return sys.stdout.isatty()


def show(view: View, as_json: bool, wide: bool = False) -> None:
    """Print a view on stdout in the appropriate form; with `wide`, wider than the terminal if need be."""
    if as_json:
        _print_json({"schema": SCHEMA, **view.document()})
    elif is_terminal():
        _show_on_terminal(view, wide)
    else:
        _print_rows(view.lines())


def _show_on_terminal(view: View, wide: bool) -> None:
    """Print a view, through a pager if it is larger than the terminal."""
    from aimd_cli.pager import fits, page, pager_command

    made = console(_WIDE_CELLS if wide else None)
    with made.capture() as captured:
        made.print(view.rich(made.width))
    text = captured.get()
    command = pager_command() if pages and not any(escape in text for escape in _PICTURES) else []
    if command and not fits(text, terminal_width(), terminal_height(), wide):
        frozen = getattr(view, "frozen", (0, 0))
        if page(text, command, frozen, wide):
            return
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise ReaderGoneError from None


def _print_rows(rows: Iterable[list[str]]) -> None:
    """Print rows of fields. Nearly all are clean, and one look at many is cheaper than one at each field."""
    coming = iter(rows)
    while several := list(islice(coming, _ROWS_AT_ONCE)):
        if not "".join(map("".join, several)).isprintable():
            several = [list(map(clean, row)) for row in several]
        lines = ["\t".join(row) for row in several]
        text = "\n".join(lines)
        # A pipe takes no more in one write; of a longer one that its reader leaves, an unbuffered stdout tells nothing.
        for piece in [text] if len(text) < _PIPE_CHARS else lines:
            print_line(piece)


def _print_json(document: dict[str, object]) -> None:
    """Print a JSON document. An iterator of ten thousand trials is never in memory as a whole."""
    print_line("{")
    for number, (key, value) in enumerate(document.items(), start=1):
        comma = "," if number < len(document) else ""
        head = f" {_json(key, 1)}: "
        if not isinstance(value, Iterator):
            print_line(f"{head}{_json(value, 1)}{comma}")
            continue
        _print_items(head, value, comma)
    print_line("}")


def _print_items(head: str, items: Iterator[object], comma: str) -> None:
    item = next(items, _NO_ITEM)
    if item is _NO_ITEM:
        print_line(f"{head}[]{comma}")
        return
    print_line(f"{head}[")
    while item is not _NO_ITEM:
        after = next(items, _NO_ITEM)
        print_line(f"  {_json(item, 2)}{',' if after is not _NO_ITEM else ''}")
        item = after
    print_line(f" ]{comma}")


def _json(value: object, depth: int) -> str:
    """Return a value as JSON at some depth of a document, in which each level is indented by one."""
    import json

    from aimd_core.format.model import strict_json

    text = json.dumps(strict_json(value), ensure_ascii=not _can_encode("中"), indent=1)
    return clean_json(text).replace("\n", "\n" + " " * depth)


def show_as(view: View, form: str) -> None:
    """Print the rows of a view on stdout as `csv` (RFC 4180) or `md` (a Markdown table), with nothing cut."""
    rows = ([clean(field) for field in row] for row in view.lines())
    if form == "md":
        header, *others = [[field.replace("\\", "\\\\").replace("|", "\\|") for field in row] for row in rows]
        rows_shown = [header, ["---"] * len(header), *others]
        for row in rows_shown:
            print_line(f"| {' | '.join(row)} |")
        return
    import csv

    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        print_line(line.getvalue())


def watch(views: Iterable[View]) -> None:
    """Show views as they come: on a terminal each replaces the previous one, elsewhere only changed rows are printed.

    The terminal's former screen comes back when the views end or the user presses Ctrl-C.
    """
    if is_terminal():
        from rich.live import Live

        made = console()
        with Live(console=made, screen=os.environ.get("TERM") != "dumb", auto_refresh=False) as live:
            for view in views:
                live.update(view.rich(made.width), refresh=True)
        return
    before: list[list[str]] = []
    for view in views:
        rows = list(view.lines())
        if before and before[0] != rows[0]:
            before = []  # the columns have changed, so everything is printed again
        _print_rows([row for row in rows if row not in before])
        before = rows
        sys.stdout.flush()


def print_line(text: str) -> None:
    """Print a line of data on stdout, escaping what it cannot encode.

    Raises:
        ReaderGoneError: Nobody reads it anymore.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    except BrokenPipeError:
        raise ReaderGoneError from None


def print_text(text: str) -> None:
    """Print the lines of a text that somebody wrote: as they are, but on a terminal without what would act on it.

    Raises:
        ReaderGoneError: Nobody reads it anymore.
    """
    if is_terminal() and not text.isprintable():
        text = "\n".join("\t".join(map(clean, line.split("\t"))) for line in text.split("\n"))
    print_line(text)


def flush() -> None:
    """Flush what was printed so far, for a waiting reader.

    Raises:
        ReaderGoneError: Nobody reads it anymore.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGoneError from None


def confirm(question: str) -> None:
    """Ask on stderr, and go on only if the answer is yes; an empty answer is no.

    Raises:
        UsageError: There is no user to ask: stdin or stderr is not a terminal.
        SystemExit: The answer is no.
    """
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        from aimd_core.errors import UsageError

        raise UsageError(
            message=said("{question} Without a terminal nobody can be asked, so nothing was done", question=question),
            hint="Confirm with --yes",
        )
    sys.stderr.write(f"{clean(translated(question))} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        say("Nothing was done.")
        raise SystemExit(1)


def say(text: str) -> None:
    """Print a message on stderr: a note or a warning, not data."""
    say_lines(clean(translated(text)))


tell_with(say)


def say_lines(text: str, indent: str = "") -> None:
    """Print safe text on stderr, wrapped between words on a terminal, which would break it in the middle of one."""
    encoding = sys.stderr.encoding or "utf-8"
    line = indent + text.encode(encoding, "backslashreplace").decode(encoding)
    if sys.stderr.isatty() and len(line) * 2 > (width := terminal_width()) and cells(line) > width:
        line = "\n".join(wrapped(line[len(indent) :], width, indent, indent or "  "))
    with contextlib.suppress(OSError):  # a full disk behind stderr changes no result
        sys.stderr.write(line + "\n")


def detail(text: str) -> None:
    """Print a message on stderr with `aimd -v` only."""
    if verbose:
        say(text)


def hint(text: str) -> None:
    """Print what to do next, on a terminal only."""
    if sys.stderr.isatty() and is_terminal():
        say(text)


def console(width: int | None = None) -> Console:
    """Return a console on stdout, by default as wide as the terminal, in colour if enabled."""
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # escapes what it cannot encode
    colored = wants_color()
    return Console(
        file=sys.stdout,
        no_color=not colored,
        color_system="auto" if colored else None,
        force_terminal=True if colored else None,
        width=width or terminal_width(),
        height=terminal_height(),  # without it Rich takes a dumb terminal to be 80 columns wide
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def terminal_width() -> int:
    """Return the width of the layout: COLUMNS, else the terminal's, else 80."""
    import shutil

    return max(20, shutil.get_terminal_size((80, 24)).columns)


def terminal_height() -> int:
    """Return the height of the terminal: LINES, else its own, else 24."""
    import shutil

    return shutil.get_terminal_size((80, 24)).lines


def wants_color() -> bool:
    """Tell whether to colour stdout: by NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal() and os.environ.get("TERM") != "dumb"


def glyphs_fit() -> bool:
    """Tell whether stdout can show the non-ASCII characters that views use."""
    return _can_encode("✓●○†█★")


def braille_fits() -> bool:
    """Tell whether stdout can show braille, for which the Linux console has no font."""
    return _can_encode("⣿┤") and os.environ.get("TERM") not in ("linux", "dumb")


def _can_encode(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
