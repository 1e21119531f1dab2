"""How much memory the tests themselves hold."""

from __future__ import annotations

import resource
from pathlib import Path


def held_bytes() -> int:
    """Return how much memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
