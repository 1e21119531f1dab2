"""The pane of what the chosen trials printed: its end, or with the focus everything that can be searched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aimd_cli.screen.keys import OUTPUT, bindings_of
from aimd_cli.screen.panes import Settings
from aimd_cli.views.words import shown
from aimd_core.language import said

DEPTH = 10_000  # the last lines that can be searched
_SIDEWAYS = 20  # cells
_ERROR = re.compile(
    r"Traceback \(|^\w*(\.\w+)*(Error|Exception|Interrupt)\b|\b(ERROR|FATAL|CRITICAL|Killed)\b"
    r"|\b(fatal|error|panic): |[Ss]egmentation.fault|core.dumped|[Oo]ut.of.memory"
)


class OutputPane(Widget, can_focus=True):
    """Lines of output.

    Attributes:
        pattern: A regular expression that is searched, or empty.
        is_following: Whether the end is shown, and moves on as more is printed.
        top: The first line that is shown, if it is not following.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(OUTPUT)]

    class Changed(Message):
        """More, or the end, is requested."""

    class SearchRequested(Message):
        """A pattern is to be typed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(id="output")
        self.pattern, self.is_following, self.top = "", True, 0
        self._settings = settings
        self._tail: Sequence[Text] = ()
        self._lines: Sequence[str] = ()
        self._owner = self._title = self._said = ""
        self._column, self._at = 0, -1
        self._match: re.Pattern[str] | None = None

    @property
    def depth(self) -> int:
        """How many lines to read: all that can be searched, or only the end."""
        return DEPTH if self.has_focus or not self.is_following else 0

    def take(self, title: str, tail: Sequence[Text], printed: Sequence[str], owner: str) -> None:
        """Take what was read.

        Args:
            title: What it is.
            tail: The end, as it is shown without the focus.
            printed: The lines that can be searched; none if only the end was read.
            owner: The trial; another one is shown from its end.
        """
        if owner != self._owner:
            self.is_following, self._column, self._at, self._lines = True, 0, -1, ()
        self._owner, self._title, self._tail = owner, title, tail
        if self.is_following or not self._lines:  # otherwise the lines that are read stay where they are
            self._lines = printed
        self.lay_out()

    def lay_out(self) -> None:
        """Draw the lines again."""
        parts = [self._title]  # and then first what is not known without it, because the end may be cut
        if self._said:
            parts.append(shown(self._said))
        if self._lines and not self.is_following:
            lines = said("lines {first:,} to {last:,} of {total:,}", **self._range())
            parts.append(shown(lines))
        if self.pattern:
            parts.append(f"/{self.pattern}/")
        self.border_title = Text((" · " if self._settings.glyphs else ", ").join(parts), no_wrap=True)
        self.refresh()

    def _range(self) -> dict[str, int]:
        first = self._first()
        return {
            "first": first + 1,
            "last": min(len(self._lines), first + self.size.height),
            "total": len(self._lines),
        }

    def _first(self) -> int:
        end = max(0, len(self._lines) - self.size.height)
        return end if self.is_following else min(self.top, end)

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        if self._lines and (not self.is_following or self._column or self.pattern):
            at = self._first() + y
            line = self._searched(at) if at < len(self._lines) else Text("")
        else:
            line = self._tail[y] if y < len(self._tail) else Text("")
        line = line.copy()
        line.truncate(self.size.width)
        return Strip(line.render(self.app.console)).adjust_cell_length(self.size.width)

    def _searched(self, at: int) -> Text:
        line = Text(self._lines[at].expandtabs(4)[self._column :], no_wrap=True, end="")
        if self._match is not None:
            line.highlight_regex(self._match, "reverse")
        if at == self._at:
            line.stylize("bold")
        return line

    def _pause(self, top: int) -> None:
        end = max(0, len(self._lines) - self.size.height)
        self.is_following = top >= end and top > self.top
        self.top = max(0, min(end, top))
        self._said = ""
        self.lay_out()
        if self.is_following:
            self.post_message(self.Changed())

    def action_scroll(self, lines: int) -> None:
        """Go up or down; the end follows."""
        first = self._first()
        self.top = first
        self._pause(first + lines)

    def action_page(self, pages: int) -> None:
        """Go up or down by a page."""
        self.action_scroll(pages * max(1, self.size.height - 1))

    def action_to_end(self, to_end: int) -> None:
        """Go to the first line, or follow the end."""
        if to_end:
            self.is_following, self._said, self._at = True, "", -1
            self.lay_out()
            self.post_message(self.Changed())
        else:
            self.top = 1
            self._pause(0)

    def action_sideways(self, columns: int) -> None:
        """Go left or right in long lines."""
        self._column = max(0, self._column + columns * _SIDEWAYS)
        self.lay_out()

    def action_search(self) -> None:
        """Start typing what to search."""
        self.post_message(self.SearchRequested())

    def action_no_search(self) -> None:
        """Clear the search."""
        self._match, self.pattern, self._said, self._at = None, "", "", -1
        self.lay_out()

    def search(self, pattern: str) -> str:
        """Search a regular expression from the end up; return what is wrong with it, or empty."""
        try:
            match = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            return str(error)
        if pattern == self.pattern:
            return ""
        self.pattern, self._match = pattern, match if pattern else None
        self._at = -1
        if pattern:
            self._jump(match.search, -1)
        else:
            self.lay_out()
        return ""

    def action_match(self, step: int) -> None:
        """Go to the next or to the previous match."""
        if self._match is not None:
            self._jump(self._match.search, step)

    def action_error(self, step: int) -> None:
        """Go to the next or to the previous error."""
        self._jump(_ERROR.search, step)

    def _jump(self, is_match: Callable[[str], object], step: int) -> None:
        """Go to the nearest line that matches, beyond the ends from the other end."""
        matches = [at for at, line in enumerate(self._lines) if is_match(line)]
        if not matches:
            self._said = said("none in the last {count:,} lines", count=len(self._lines))
            self.lay_out()
            return
        start = self._at if self._at >= 0 else (len(self._lines) if step < 0 else self._first() - 1)
        beyond = [at for at in matches if (at - start) * step > 0]
        self._at = (beyond or matches)[0 if step > 0 else -1]
        self.is_following = False
        self.top = max(0, self._at - self.size.height // 2)
        self._said = said("{number:,} of {count:,}", number=matches.index(self._at) + 1, count=len(matches))
        self.lay_out()
