"""How a trial's state looks: a sign, a word and a colour, any two of which can be missing."""

from __future__ import annotations

from aimd_cli.text import duration
from aimd_core.format.model import FAILED, INITIALIZING, INTERRUPTED, KILLED, LOST, RUNNING, SUCCEEDED
from aimd_core.language import said

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


def state_sentence(state: str, silent_s: float | None) -> str:
    """Return a state in words, with what it rests on."""
    if state == KILLED:
        return "Killed (its process is gone)"
    if state == INTERRUPTED:
        return "Interrupted (its process ended before it was finished)"
    if state == LOST and silent_s is not None:
        return said(
            "Lost (nothing written for {silent_s}, and its process cannot be seen from here)",
            silent_s=duration(silent_s),
        )
    return state
