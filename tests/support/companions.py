"""Finds and waits for the processes that stand beside a training."""

from __future__ import annotations

from pathlib import Path


def companions_of(path: Path, module: str = "") -> list[int]:
    """Return the processes that run beside the trial at `path`: the Pythons, not the shells around them."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
        except OSError:
            continue
        is_python = len(words) > 3 and words[1] == b"-c" and f"t9k.aimd.{module}".encode() in words[2]
        if is_python and words[3] == bytes(path):
            found.append(int(process.name))
    return found


def all_command_lines() -> bytes:
    """Return the command lines of all processes that can be seen."""
    shown = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                shown.append((process / "cmdline").read_bytes())
            except OSError:
                continue
    return b"\n".join(shown)
