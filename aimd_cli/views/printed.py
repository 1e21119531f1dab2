"""`aimd trial logs --json`: a trial's output as a document. Pure."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text


class Printed:
    """Lines that a trial printed, already safe for a terminal."""

    def __init__(self, trial: str, printed: list[str]) -> None:
        self.trial = trial
        self.printed = printed

    def rich(self, width: int) -> RenderableType:
        """Return the lines; the terminal wraps them."""
        return Text("\n".join(self.printed))

    def lines(self) -> list[list[str]]:
        """Return one field per line."""
        return [[line] for line in self.printed]

    def document(self) -> dict[str, object]:
        """Return the lines as plain data."""
        return {"trial": self.trial, "lines": self.printed}
