"""Dialogs over the live screen: help, the details of a trial, and a list of names."""

from __future__ import annotations

from collections.abc import Sequence
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
from aimd_cli.screen.panes import Settings, Sources
from aimd_cli.text import clean
from aimd_cli.views.words import note
from aimd_cli.views.words import shown as in_words
from aimd_core.errors import AimdError
from aimd_core.reading.facts import Facts

KEYS = (
    ("Move", (("j k  ↓ ↑", "one trial down, up"), ("g G", "first, last"), ("PgDn PgUp", "a page"))),
    (
        "Choose",
        (
            ("/", "filter: a query, or a word of the name; Esc clears it"),
            ("s", "sort by any field; a leading - puts the largest first"),
            ("r", "reverse the order"),
        ),
    ),
    (
        "Look",
        (
            ("Enter", "details of the trial"),
            ("space", "mark for the chart, several at once"),
            ("u", "remove all marks"),
            ("m", "metric of the chart"),
            ("x", "its x axis: step, epoch, time"),
            ("y", "its y axis: linear or logarithmic"),
            ("c l", "show or hide the chart, the output"),
        ),
    ),
    ("", (("?", "this help"), ("q", "quit"))),
)
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

    def on_mount(self) -> None:
        """Show the keys, and examples of filters."""
        keys = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        keys.add_column(no_wrap=True, style="bold")
        keys.add_column(no_wrap=True, style="bold cyan")
        keys.add_column()
        for title, lines in KEYS:
            for number, (key, does) in enumerate(lines):
                key_shown = key if self._settings.glyphs else key.replace("↓ ↑", "arrows")
                keys.add_row("" if number else in_words(title), Text(key_shown), note(does))
        queries = [Text(f"  {query}", style="cyan") for query in _QUERIES]
        heading, language = note("Filters", style="bold"), note("Language: aimd help query", style="dim")
        self.say(Group(keys, Text(""), heading, *queries, language))


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
