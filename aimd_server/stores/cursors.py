"""The text of a cursor: without meaning to clients, and safe in an address."""

from __future__ import annotations

import base64


def cursor_of(position: str) -> str:
    """Return the cursor for a position in a list."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_in(cursor: str) -> str:
    """Return the position in a cursor; callers check what it says, because clients can send anything.

    Raises:
        ValueError: It is not a cursor.
    """
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
