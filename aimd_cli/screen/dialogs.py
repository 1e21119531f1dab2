"""Dialogs over the live screen: help, the details of a trial, and a list of names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from aimd_cli.errors import message
from aimd_cli.screen.keys import GROUPS, KeyLine
from aimd_cli.screen.panes import Settings, Sources
from aimd_cli.text import clean
from aimd_cli.views.comparison import Comparison
from aimd_cli.views.words import note
from aimd_cli.views.words import shown as in_words
from aimd_core.errors import AimdError
from aimd_core.reading.facts import Facts

_PANEL_COLUMNS, _BESIDE_LEAST, _BESIDE_MOST, _TITLES_BESIDE = 110, 110, 160, 60
_QUERIES = ("val.acc > 0.9 and params.lr < 0.1", "state = Running or age < 1h", "name ~ resnet and tags = baseline")


class _Panel(ModalScreen[None]):
    """Text to read and scroll, closed with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "dismiss", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("g,home", "to_end(0)", show=False),
        Binding("G,end", "to_end(1)", show=False),
        Binding("space,pagedown,ctrl+f", "page(1)", show=False),
        Binding("b,pageup,ctrl+b", "page(-1)", show=False),
    ]

    def __init__(self, title: str, settings: Settings) -> None:
        super().__init__()
        self._title = title
        self._settings = settings

    def compose(self) -> ComposeResult:
        """Return the text in a frame."""
        with VerticalScroll(classes="panel", can_focus=False) as panel:
            panel.border_title = note(self._title)
            panel.border_subtitle = note("Esc closes")
            yield Static("", id="read", markup=False)

    def say(self, shown: RenderableType) -> None:
        """Show a text."""
        self.query_one("#read", Static).update(shown)

    @property
    def _panel(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self._panel.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by a page."""
        self._panel.scroll_relative(y=pages * max(1, self._panel.size.height - 1), animate=False)

    def action_to_end(self, to_end: int) -> None:
        """Scroll to the beginning or to the end."""
        self._panel.scroll_to(y=self._panel.max_scroll_y if to_end else 0, animate=False)


class Help(_Panel):
    """All keys."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("Keys", settings)

    def on_resize(self) -> None:
        """Show the keys, and examples of filters: side by side where there is room, so that all are on the screen."""
        groups = [(in_words(group.title), list(map(self._row, group.lines))) for group in GROUPS]
        own = [(Text(command.key), Text(clean(command.name))) for command in self._settings.commands]
        groups += [(in_words("Own"), own)] if own else []
        queries = [Text(f"  {query}", style="cyan") for query in _QUERIES]
        heading, language = note("Filters", style="bold"), note("Language: aimd help query", style="dim")
        filters = (Text(""), heading, *queries, language)
        width = self.app.size.width
        self._panel.styles.max_width = max(_PANEL_COLUMNS, min(width, _BESIDE_MOST))
        if width < _BESIDE_LEAST:
            self.say(Group(_table_of(groups, width >= _TITLES_BESIDE), *filters))
            return
        lines = [len(rows) + 1 for _, rows in groups]
        at = next(number for number in range(len(groups)) if 2 * sum(lines[: number + 1]) >= sum(lines)) + 1
        both = Table.grid(expand=True, padding=(0, 2, 0, 0))
        both.add_column(ratio=1)
        both.add_column(ratio=1)
        both.add_row(_table_of(groups[:at], False), Group(_table_of(groups[at:], False), *filters))
        self.say(both)

    def _row(self, line: KeyLine) -> tuple[Text, Text]:
        return Text(line.label if self._settings.glyphs else _in_ascii(line.label)), note(line.does)


def _table_of(groups: Sequence[tuple[str, Sequence[tuple[Text, Text]]]], titles_beside: bool) -> Table:
    """Return groups of keys with their titles beside them, or above."""
    keys = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    if titles_beside:
        keys.add_column(no_wrap=True, style="bold")
    keys.add_column(no_wrap=True, style="bold cyan")
    keys.add_column()
    for title, rows in groups:
        if not titles_beside:
            keys.add_row(Text(title, style="bold"), "")
        for number, (label, does) in enumerate(rows):
            keys.add_row(*(("" if number else title,) if titles_beside else ()), label, does)
    return keys


def _in_ascii(label: str) -> str:
    return label.replace("↓ ↑", "Down Up").replace("← →", "Left Right")


class Details(_Panel):
    """Everything known about a trial."""

    def __init__(self, row: Facts, sources: Sources, settings: Settings) -> None:
        super().__init__(clean(row.name), settings)
        self._row = row
        self._sources = sources

    def on_mount(self) -> None:
        """Begin to read the trial."""
        self.say(note("Reading ...", style="dim"))
        self._read()

    @work(thread=True)
    def _read(self) -> None:
        from aimd_cli.views.trial_detail import Parts, TrialDetails

        try:
            view = TrialDetails([self._sources.detail(self._row)], Parts(True, True, True), self._settings.glyphs)
            shown: RenderableType = view.rich(max(20, self._panel.size.width - 4))
        except (AimdError, OSError) as error:
            shown = note(message(error), style="bold yellow")
        self.app.call_from_thread(self.say, shown)


class Comparing(_Panel):
    """What differs between trials."""

    def __init__(self, title: str, settings: Settings, read: Callable[[], Comparison]) -> None:
        super().__init__(title, settings)
        self._read_view = read

    def on_mount(self) -> None:
        """Begin to read the trials."""
        self.say(note("Reading ...", style="dim"))
        self._read()

    @work(thread=True)
    def _read(self) -> None:
        try:
            shown = self._read_view().rich(max(20, self._panel.size.width - 4))
        except (AimdError, OSError) as error:
            shown = note(message(error), style="bold yellow")
        self.app.call_from_thread(self.say, shown)


class Confirm(ModalScreen[bool]):
    """A question that only `y` answers with yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", show=False),
        Binding("n,escape,q,enter", "dismiss(False)", show=False),
    ]

    def __init__(self, question: str, detail: str) -> None:
        super().__init__()
        self._question, self._detail = question, detail

    def compose(self) -> ComposeResult:
        """Return the question in a frame."""
        with Vertical(classes="chooser") as panel:
            panel.border_subtitle = note("y: yes, n: no")
            yield Static(note(self._question, style="bold"), markup=False)
            yield Static(Text(clean(self._detail)), markup=False)


class Prompt(ModalScreen[str]):
    """A line to type. Its result is what was typed, or empty."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Return the line in a frame."""
        with Vertical(classes="chooser") as panel:
            panel.border_title = note(self._title)
            panel.border_subtitle = note("Enter takes, Esc closes")
            yield Input(self._text, compact=True, select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed."""
        self.dismiss(event.value)


class Chooser(ModalScreen[str]):
    """A list of names that typing narrows down. Its result is the chosen name, or what was typed, or empty."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False),
        Binding("down,ctrl+n,tab", "move(1)", show=False, priority=True),
        Binding("up,ctrl+p,shift+tab", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, title: str, names: Sequence[str], current: str, free: bool = False) -> None:
        """Take the names.

        Args:
            title: What is chosen.
            names: What there is.
            current: Where the list begins.
            free: Whether names that are not in the list can be typed.
        """
        super().__init__()
        self._title, self._names, self._current, self._free = title, names, current, free
        self._shown: list[str] = []

    def compose(self) -> ComposeResult:
        """Return an input line above the list."""
        with Vertical(classes="chooser") as panel:
            panel.border_title = note(self._title)
            panel.border_subtitle = note("type to narrow, Enter takes")
            yield Input(id="typed", compact=True, select_on_focus=False)
            yield OptionList(id="names", markup=False, compact=True)

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(OptionList).can_focus = False
        self._narrow("")
        if self._current in self._shown:
            self.query_one(OptionList).highlighted = self._shown.index(self._current)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list down."""
        self._narrow(event.value)

    def _narrow(self, typed: str) -> None:
        words = typed.lower().lstrip("-").split()
        self._shown = [name for name in self._names if all(word in name.lower() for word in words)]
        names = self.query_one(OptionList)
        names.clear_options()
        names.add_options([Option(Text(clean(name))) for name in self._shown])
        names.highlighted = 0 if self._shown else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted name, with a minus typed in front of it, or what was typed."""
        at = self.query_one(OptionList).highlighted
        typed = event.value.strip()
        if at is None:
            self.dismiss(typed if self._free else "")
            return
        self.dismiss(("-" if self._free and typed.startswith("-") else "") + self._shown[at])

    def action_move(self, rows: int) -> None:
        """Highlight another name."""
        names = self.query_one(OptionList)
        if self._shown:
            names.highlighted = ((names.highlighted or 0) + rows) % len(self._shown)

    def action_give_up(self) -> None:
        """Close without a choice."""
        self.dismiss("")
