"""The input line for a regular expression, of the metrics that are shown or of what is searched in the output."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from aimd_cli.text import clean
from aimd_cli.views.words import shown


class PatternLine(Vertical):
    """A pattern that takes effect while it is typed, as soon as it is valid."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", show=False)]

    class Closed(Message):
        """The user has left the line."""

    def __init__(self) -> None:
        super().__init__()
        self._apply: Callable[[str], str] = lambda _: ""
        self._before = ""

    def compose(self) -> ComposeResult:
        """Return the line, with room for an error beside it."""
        with Horizontal():
            yield Static("", classes="prompt", markup=False)
            yield Input(compact=True, select_on_focus=False)
            yield Static("", classes="fault", markup=False)

    @property
    def is_shown(self) -> bool:
        """Whether it takes room: while it is typed into."""
        return self.has_class("open")

    def open(self, prompt: str, pattern: str, apply: Callable[[str], str]) -> None:
        """Start typing.

        Args:
            prompt: What the pattern is for.
            pattern: The present one, which Esc restores.
            apply: Takes a pattern and returns what is wrong with it, or empty.
        """
        self._apply, self._before = apply, pattern
        self.query_one(".prompt", Static).update(Text(f"{shown(prompt)} /", style="bold cyan"))
        self.add_class("open")
        line = self.query_one(Input)
        line.value = pattern
        line.cursor_position = len(pattern)
        self.screen.set_focus(line)  # at once, as the filter does

    def is_for(self, apply: Callable[[str], str]) -> bool:
        """Tell whether the line was last opened with this function."""
        return self._apply == apply

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply the pattern, or show what is wrong with it."""
        event.stop()
        if self.has_class("open"):
            self.query_one(".fault", Static).update(Text(clean(self._apply(event.value)), style="bold yellow"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close, unless the pattern is invalid."""
        event.stop()
        if not self._apply(event.value):
            self._close()

    def action_give_up(self) -> None:
        """Close and restore the pattern."""
        self._apply(self._before)
        self._close()

    def _close(self) -> None:
        self.remove_class("open")
        self.query_one(".fault", Static).update("")
        self.post_message(self.Closed())
