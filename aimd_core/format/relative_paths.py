"""What a file kept with a trial or an artifact may be called: a relative path that means the same on every machine.

A name comes from a disk, from a server, or from somebody's script. It is checked here before it becomes a path.
"""

from __future__ import annotations

import os
from bisect import bisect_left

from aimd_core.format.values import name_fault
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Collection

MAX_PATH_BYTES = 1024
MAX_DEPTH = 64


def path_fault(name: str) -> str | None:
    """Return why a text cannot be the path of a kept file, or None.

    Such a path is relative, has `/` between its parts, each of which can be a name, and never leads elsewhere.
    """
    if not name:
        return "it is empty"
    if name.startswith("/"):
        return "it is an absolute path"
    parts = name.split("/")
    if ".." in parts:
        return "it contains '..'"
    if "" in parts:
        return "it contains '//', or ends with '/'"
    for part in parts:
        fault = name_fault(part)
        if fault:
            return fault
    size_bytes = len(name.encode())
    if size_bytes > MAX_PATH_BYTES:
        return said(
            "it is {size_bytes} bytes long, the limit is {max_name_bytes}",
            size_bytes=size_bytes,
            max_name_bytes=MAX_PATH_BYTES,
        )
    if len(parts) > MAX_DEPTH:
        return said("it is more than {limit} directories deep", limit=MAX_DEPTH)
    return None


def folders_of(path: str) -> list[str]:
    """Return the directories above a path: `a` and `a/b` for `a/b/c`."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def displaced(before: Collection[str], new: Collection[str]) -> list[str]:
    """Return those paths that cannot be beside new ones, because the one is a directory of the other."""
    ordered = sorted(before)
    paths = {folder for path in new for folder in folders_of(path) if folder in before}
    for path in new:
        at = bisect_left(ordered, f"{path}/")
        while at < len(ordered) and ordered[at].startswith(f"{path}/"):
            paths.add(ordered[at])
            at += 1
    return sorted(paths)


def shown_name(name: str) -> str:
    """Return a name from a disk as text that can be encoded, whatever bytes it has."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
