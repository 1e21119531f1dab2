"""What a screen looks like, kept as plain text beside the tests. Written anew with AIMD_UPDATE_SNAPSHOTS=1."""

from __future__ import annotations

import os
from pathlib import Path

SNAPSHOTS = Path(__file__).parents[1] / "cli" / "snapshots"


def assert_looks_like(name: str, shown: str) -> None:
    """Compare a screen with the one that is kept; spaces at the ends of lines do not count."""
    path = SNAPSHOTS / f"{name}.txt"
    wanted = "".join(f"{line.rstrip()}\n" for line in shown.splitlines())
    if os.environ.get("AIMD_UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
    assert path.exists(), f"no snapshot {path}; make it with AIMD_UPDATE_SNAPSHOTS=1 and look at it"
    assert wanted == path.read_text(encoding="utf-8")
