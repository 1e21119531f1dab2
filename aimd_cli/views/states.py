"""How a trial's state looks: a sign, a word and a colour, any two of which can be missing."""

from __future__ import annotations

from aimd_cli.text import clean
from aimd_core.format.model import FAILED, INITIALIZING, INTERRUPTED, KILLED, LOST, RUNNING, SUCCEEDED
from aimd_core.language import joined, said, translated
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

_DIVERGED_SHOWN = 3


def state_cell(state: str, glyphs: bool = True) -> tuple[str, str]:
    """Return a state's sign and word, and its style."""
    sign, plain_sign, style = _LOOKS.get(state, ("?", "?", ""))
    return f"{sign if glyphs else plain_sign} {state}", style


def state_sentence(row: Facts) -> str:
    """Return a trial's state in words with its reason: `Failed: ValueError: shapes differ (step 120)`."""
    if not row.reason:
        return row.state
    if row.state == LOST:
        return said("{state}: {reason}, and its process cannot be seen from here", state=row.state, reason=row.reason)
    step = last_step(row)
    if step is None:
        return said("{state}: {reason}", state=row.state, reason=row.reason)
    return said("{state}: {reason} (step {step})", state=row.state, reason=row.reason, step=step)


def last_step(row: Facts) -> int | None:
    """Return the last step of a trial's own metrics; system metrics have other steps."""
    steps = [row.number(name, "last_step") for name in row.metrics if not name.startswith("system.")]
    return max((step for step in steps if isinstance(step, int)), default=None)


def divergence(row: Facts) -> str:
    """Say which metrics are no longer finite, and since when; empty if all are."""
    sentences = [
        said("{metric} is not finite since step {step}", metric=name, step=step) for name, step in row.nan_since.items()
    ]
    shown = sentences[:_DIVERGED_SHOWN]
    if len(sentences) > len(shown):
        more = len(sentences) - len(shown)
        shown.append(said("{count} more metric{s}", count=more, s="s" * (more != 1)))
    return joined("; ", shown)


def why_text(row: Facts) -> str:
    """Return what a table has next to the state: why it ended, else which metrics diverged."""
    return clean(translated(row.reason or divergence(row)))
