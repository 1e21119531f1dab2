"""httpx without its own command line, which it loads together with Click and Rich wherever those are installed.

That is a fifth of what a remote `aimd trial ls` costs. httpx itself says how to go on without: it catches the
ImportError.
"""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

if "httpx" not in sys.modules:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # so that importing it is an ImportError

import httpx  # noqa: E402 - after the line that makes it lean

if sys.modules.get(_COMMAND_LINE, httpx) is None:
    del sys.modules[_COMMAND_LINE]  # whoever wants it later gets it

__all__ = ["httpx"]
