"""`.aimdignore`: patterns of files that are not kept, as in `.gitignore`, one per line.

`*`, `?` and `[…]` match within a part of a path, `**` across parts. A pattern with a `/` before its end is matched from
the beginning of the path, any other at every depth; one that ends in `/` means directories; `!` takes what follows
back. The last pattern that matches decides.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.objects.copying import open_source

IGNORE_FILE = ".aimdignore"
_MOST_BYTES = 1 << 20


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    ignores: bool
    is_directory: bool


class Ignoring:
    """The patterns of a file."""

    def __init__(self, text: str = "") -> None:
        self._rules = [rule for line in text.splitlines() if (rule := _rule_of(line))]

    @classmethod
    def in_directory(cls, directory: Path) -> Ignoring:
        """Return the patterns of a directory's `.aimdignore`, none if it has none or it cannot be read."""
        try:
            with open_source(directory / IGNORE_FILE) as file:
                return cls(file.read(_MOST_BYTES).decode("utf-8", "replace"))
        except (OSError, DamagedError):
            return cls()

    def ignores(self, path: str) -> bool:
        """Tell whether a file is left out, because of its own path or that of a directory above it."""
        if not self._rules:
            return False
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            if self._decides("/".join(parts[:depth]), is_directory=depth < len(parts)):
                return True
        return False

    def _decides(self, path: str, is_directory: bool) -> bool:
        for rule in reversed(self._rules):
            if (is_directory or not rule.is_directory) and rule.pattern.fullmatch(path):
                return rule.ignores
        return False


def _rule_of(line: str) -> _Rule | None:
    text = line.rstrip()
    if not text or text.startswith("#"):
        return None
    ignores = not text.startswith("!")
    text = text if ignores else text[1:]
    is_directory = text.endswith("/")
    text = text.rstrip("/")
    is_anchored = "/" in text
    text = text.lstrip("/")
    if not text:
        return None
    expression = _expression(text)
    return _Rule(re.compile(expression if is_anchored else f"(?:.*/)?{expression}", re.DOTALL), ignores, is_directory)


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?[^\]/]+\]|\\.|.", re.DOTALL)
_SPECIAL = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern; no part of it can take more than quadratic time."""
    parts: list[str] = []
    for token in _TOKEN.findall(pattern):
        part = _SPECIAL.get(token)
        if part is None and token.startswith("[") and len(token) > 2:
            body = token[1:-1].replace("\\", "\\\\")
            body = re.sub(r"^[!^]", "^", body) if body[0] in "!^" else body
            part = f"(?!/)[{_class_of(body)}]"
        elif part is None:
            part = re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)
        if not parts or part != parts[-1] or token not in ("*", "**"):
            parts.append(part)
    return "".join(parts)


def _class_of(body: str) -> str:
    """Return the inside of a character class that the pattern says, harmless to the regular expression."""
    try:
        re.compile(f"[{body}]")
    except re.error:
        return re.escape(body)
    return body.replace("[", "\\[")
