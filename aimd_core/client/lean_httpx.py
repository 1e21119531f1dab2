"""Imports httpx without its command line, which it loads, with Click and Rich, wherever those are installed.

That would be a fifth of the cost of a remote `aimd trial ls`. httpx catches the ImportError and works without it.
"""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

if "httpx" not in sys.modules:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # so that importing it is an ImportError

import httpx  # noqa: E402 - after the line that makes it lean

if sys.modules.get(_COMMAND_LINE, httpx) is None:
    del sys.modules[_COMMAND_LINE]  # a later import finds it

__all__ = ["httpx"]
