"""Parts of the machine that a test needs: missing here, it is skipped with the reason; missing in CI, it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import pytest


def require_part(name: str, available: bool) -> None:
    """Go on when a part of the machine is there; else skip the test, or fail it where CI=true promises the part."""
    if available:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing, and CI=true promises that every part is there")
    pytest.skip(f"{name} is missing on this machine")


@cache
def can_trace() -> bool:
    """Tell whether strace is installed and may trace a child."""
    return _works("strace", "-f", "-qq", "-o", os.devnull, "true")


@cache
def can_mount() -> bool:
    """Tell whether a file system can be mounted in a name space of its own."""
    return _works("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt")


def _works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
