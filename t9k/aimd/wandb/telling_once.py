"""Says what a trial cannot hold, once for each kind."""

from __future__ import annotations

from t9k.aimd.telling import tell

told: set[str] = set()


def tell_once(what: str, message: str) -> None:
    """Print a message on stderr, once for each `what`."""
    if what not in told:
        told.add(what)
        tell(message)
