"""How long tests wait for what must come: one limit, against what never comes only, because a machine may be busy.

It bounds no test that passes: all waiting ends with the event that is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0  # below pytest's limit for a whole test, so that the test says what it waited for
PAUSE_S = 0.02


def wait_until(holds: Callable[[], object], what: Callable[[], object] | str) -> None:
    """Wait until something holds.

    Args:
        holds: Asked again and again.
        what: What to say when it does not come: a sentence, or what returns the state of things.
    """
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, f"waited in vain: {what() if callable(what) else what}"
        time.sleep(PAUSE_S)
