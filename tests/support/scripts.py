"""Runs training scripts in processes of their own, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


def script_environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment with a home of its own, no settings of the person who runs the tests, and no .pyc files."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    own = {
        "HOME": str(home),
        "T9K_CONFIG": str(home / "config.yaml"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "AIMD_CAPTURE_SYSTEM": "0",
    }
    return {**kept, **own, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}


def run_script(
    code: str, directory: Path, *arguments: str, wrapper: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python code in `directory` and return what became of it, whatever its exit status.

    Args:
        code: The script, indented as one likes.
        directory: The working directory, and the home.
        *arguments: Its command line.
        wrapper: A command that runs it, such as strace.
        **environment: More environment variables.
    """
    return subprocess.run(
        [*wrapper, sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=directory,
        env=script_environment(directory, **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
