"""Shows what is higher than the terminal in a pager, as git does, and what fits without one.

The pager is `AIMD_PAGER`, else `PAGER`, else `less` with `LESS=FRX` unless `LESS` is set. An empty one, or `cat`, is
none. It never starts if stdout is not a terminal, on a dumb one, or after `--no-pager`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess

from aimd_cli.text import cells

_LESS = "FRX"  # leave if it fits, show colours, keep the text on the screen
_HEADER_SINCE = 600  # the version of less that can keep lines and columns in view
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def pager_command() -> list[str]:
    """Return the pager with its arguments; empty if there is none."""
    import shlex

    named = next((os.environ[name] for name in ("AIMD_PAGER", "PAGER") if name in os.environ), "less")
    try:
        words = shlex.split(named)
    except ValueError:  # a quote that is not closed
        return []
    if not words or words == ["cat"] or os.environ.get("TERM") == "dumb" or shutil.which(words[0]) is None:
        return []
    return words


def fits(text: str, columns: int, rows: int, is_wide: bool = False) -> bool:
    """Tell whether a text fits a terminal of that size, with a line left for the prompt; a wide one must not wrap."""
    height = 0
    for line in text.splitlines():
        width = len(line) if line.isascii() and "\x1b" not in line else cells(_ESCAPES.sub("", line))
        height += max(1, -(-width // columns))
        if height >= rows or (is_wide and width > columns):
            return False
    return True


def page(text: str, command: list[str], frozen: tuple[int, int] = (0, 0), is_wide: bool = False) -> bool:
    """Show a text in a pager and return when the user leaves it; False if the pager cannot be started.

    Args:
        text: What to show, with the escapes of a terminal.
        command: The pager.
        frozen: How many lines at the top and columns at the left stay in view, if the pager can do that.
        is_wide: Whether lines are longer than the terminal is wide and must not wrap.
    """
    environment = {"LESS": _LESS, "LV": "-c", **os.environ}
    words = command
    if os.path.basename(command[0]) == "less":
        if is_wide:
            words = [*words, "-S", "-+F"]  # with F, less would leave where the lines are few, and cut
        if any(frozen) and _less_version(command[0]) >= _HEADER_SINCE:
            words = [*words, "--header", f"{frozen[0]},{frozen[1] if is_wide else 0}"]
    try:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)
    except OSError:
        return False
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the pager
    try:
        with contextlib.suppress(BrokenPipeError):  # the user has left before the end
            process.communicate(text.encode("utf-8", "backslashreplace"))
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return True


def _less_version(less: str) -> int:
    shown = subprocess.run([less, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"less (\d+)", shown)
    return int(match[1]) if match else 0
