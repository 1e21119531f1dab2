"""The input line of the filter, with its error below."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from aimd_cli.text import clean, pointed_at
from aimd_core.errors import QueryError
from aimd_core.language import translated
from aimd_core.query import Query, read_word

_PROMPT = "where "


class FilterLine(Vertical):
    """A filter that takes effect while it is typed, as soon as it is valid."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", show=False)]

    class Changed(Message):
        """The filter has changed."""

        def __init__(self, query: Query | None) -> None:
            super().__init__()
            self.query = query

    class Closed(Message):
        """The user has left the line."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._before = ""

    def compose(self) -> ComposeResult:
        """Return the line, with room for an error below."""
        with Horizontal():
            yield Static(Text(_PROMPT, style="bold cyan"), classes="prompt", markup=False)
            yield Input(compact=True, select_on_focus=False)
        yield Static("", classes="fault", markup=False)

    @property
    def is_shown(self) -> bool:
        """Whether it takes room: while it is typed into, or has a filter."""
        return self.has_class("open") or self.has_class("set")

    def open(self) -> None:
        """Start typing."""
        self._before = self.text
        self.add_class("open")
        # At once: keys that come in the same packet as the one that opened the line are for the line.
        self.screen.set_focus(self.query_one(Input))

    def set(self, text: str) -> None:
        """Set a filter as if it had been typed."""
        line = self.query_one(Input)
        line.value = text
        line.cursor_position = len(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply the filter if it is valid, else show the error."""
        event.stop()
        self._say("")
        try:
            query = read_word(event.value)
        except QueryError as error:
            self._say_fault(error, event.value)
            return
        self.text = event.value.strip()
        self.set_class(bool(self.text), "set")
        self.post_message(self.Changed(query))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close, unless the filter is invalid."""
        event.stop()
        if event.value.strip() == self.text:
            self._close()

    def action_give_up(self) -> None:
        """Close and restore the filter."""
        self.set(self._before)
        self._close()

    def _close(self) -> None:
        self.remove_class("open")
        self._say("")
        self.post_message(self.Closed())

    def _say(self, said: str | Text) -> None:
        fault = self.query_one(".fault", Static)
        fault.update(said)
        fault.display = bool(said)

    def _say_fault(self, error: QueryError, typed: str) -> None:
        source, marks = pointed_at(*error.fault)
        fits = source == clean(typed) and len(_PROMPT) + cell_len(source) < self.size.width
        pointer = f"{' ' * len(_PROMPT)}{marks}" if fits else f"{source}\n{marks}"
        lines = [(f"{pointer}\n", "bold yellow"), (clean(translated(error.problem)), "bold yellow")]
        if error.advice:
            lines.append((f"\n{clean(translated(error.advice))}", "dim"))
        self._say(Text.assemble(*lines))
