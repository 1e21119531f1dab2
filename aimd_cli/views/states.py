"""How a trial's state looks: a sign, a word and a colour, any two of which can be missing."""

from __future__ import annotations

from aimd_core.format.model import FAILED, INITIALIZING, INTERRUPTED, KILLED, LOST, RUNNING, SUCCEEDED
from aimd_core.language import said
from aimd_core.reading.facts import Facts

_LOOKS = {
    INITIALIZING: ("○", "o", "dim"),
    RUNNING: ("●", "*", "bold cyan"),
    SUCCEEDED: ("✓", "+", "green"),
    FAILED: ("✗", "x", "bold yellow"),
    KILLED: ("†", "!", "bold magenta"),
    INTERRUPTED: ("■", "#", "magenta"),
    LOST: ("?", "?", "magenta"),
}


def state_cell(state: str, glyphs: bool = True) -> tuple[str, str]:
    """Return a state's sign and word, and its style."""
    sign, plain_sign, style = _LOOKS.get(state, ("?", "?", ""))
    return f"{sign if glyphs else plain_sign} {state}", style


def state_sentence(row: Facts) -> str:
    """Return a trial's state in words, with the reason for it."""
    if not row.reason:
        return row.state
    if row.state == LOST:
        return said("{state} ({reason}, and its process cannot be seen from here)", state=row.state, reason=row.reason)
    return said("{state} ({reason})", state=row.state, reason=row.reason)
