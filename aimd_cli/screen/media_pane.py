"""The pane of pictures, texts and histograms: one at a time, with a slider of the steps."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aimd_cli.screen.keys import MEDIA_PANE, bindings_of
from aimd_cli.screen.panes import MediaDrawn, MediaRequest, Settings
from aimd_cli.text import clean
from aimd_cli.views.words import note, shown
from aimd_core.language import said


class MediaPane(Widget, can_focus=True):
    """What a trial recorded besides numbers.

    Attributes:
        request: What is to be drawn; the size is set by the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(MEDIA_PANE)]

    class Changed(Message):
        """Something else is requested."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(id="media")
        glyphs = settings.glyphs and settings.braille
        self.request = MediaRequest(color=settings.color, glyphs=glyphs)
        self._drawn = MediaDrawn()
        self._lines: list[Text] = []

    def take(self, drawn: MediaDrawn, title: str) -> None:
        """Show what was drawn."""
        self._drawn = drawn
        parts = [title]
        if drawn.key:
            parts += [clean(drawn.key), shown(said("step {step:,}", step=drawn.step))]
        if drawn.total > 1:
            parts.append(shown(said("{number:,} of {count:,}", number=drawn.number + 1, count=drawn.total)))
        self.border_title = Text((" · " if self.request.glyphs else ", ").join(parts), no_wrap=True)
        if drawn.fault:
            self._lines = [note(drawn.fault, style="yellow")]
        elif not drawn.keys:
            self._lines = [note("no pictures or texts were recorded", style="dim")]
        else:
            self._lines = [self._slider(), *drawn.lines]
        self.refresh()

    def _slider(self) -> Text:
        """Return where the step is among all steps of the key."""
        steps, glyphs = self._drawn.steps, self.request.glyphs
        ends = f"{steps[0]:,}", f"{steps[-1]:,}"
        room = max(1, self.size.width - len(ends[0]) - len(ends[1]) - 4)
        at = steps.index(self._drawn.step) * (room - 1) // max(1, len(steps) - 1)
        line, knob = ("─", "●") if glyphs else ("-", "o")
        return Text.assemble(
            (f"{ends[0]} ", "dim"),
            (line * at, "dim"),
            (knob, "bold cyan"),
            (line * (room - 1 - at), "dim"),
            (f" {ends[1]}", "dim"),
        )

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width)
        return Strip(self._lines[y].render(self.app.console)).adjust_cell_length(self.size.width)

    def _ask(self, request: MediaRequest) -> None:
        self.request = request
        self.post_message(self.Changed())

    def action_step(self, steps: int) -> None:
        """Go to another step."""
        listed = self._drawn.steps
        if listed:
            at = max(0, min(len(listed) - 1, listed.index(self._drawn.step) + steps))
            self._ask(self.request._replace(key=self._drawn.key, step=listed[at]))

    def action_last(self, to_end: int) -> None:
        """Go to the first step, or follow the last one."""
        if self._drawn.steps:
            self._ask(self.request._replace(key=self._drawn.key, step=None if to_end else self._drawn.steps[0]))

    def action_key(self, keys: int) -> None:
        """Go to another key; the step stays as near as it can."""
        listed = self._drawn.keys
        if listed:
            at = (listed.index(self._drawn.key) + keys) % len(listed)
            self._ask(self.request._replace(key=listed[at], number=0))

    def action_item(self, items: int) -> None:
        """Go to another one of the same key and step."""
        if self._drawn.total:
            self._ask(self.request._replace(number=(self._drawn.number + items) % self._drawn.total))
