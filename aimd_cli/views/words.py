"""Text for a user at a terminal: in their language, and safe to show. Columns for programs never go through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimd_cli.text import clean
from aimd_core.language import translated

if TYPE_CHECKING:
    from rich.text import Text


def shown(sentence: str) -> str:
    """Return a sentence in the user's language, safe for a terminal."""
    return clean(translated(sentence))


def note(sentence: str, style: str = "") -> Text:
    """Return a sentence for the user as a piece of text."""
    from rich.text import Text

    return Text(shown(sentence), style=style)


def listed(parts: list[str], glyphs: bool) -> str:
    """Return the non-empty parts of a footer in the user's language, on one line."""
    return (" · " if glyphs else ", ").join(shown(part) for part in parts if part)
