"""Imports httpx without what no call of ours uses.

Its command line, which it loads with Click and Rich wherever those are installed, is left out in every process: httpx
catches the ImportError and works without it. What else is left out, asynchronous connections, cookies, decoders and so
on, loads when it is used, and only in a process of ours, because a script may subclass anything.
"""

from __future__ import annotations

import contextlib
import email
import sys
import urllib
from importlib.util import find_spec
from typing import Any

from aimd_core import late_modules
from aimd_core.errors import MissingPackageError

_COMMAND_LINE = "httpx._main"
_LATE = (
    "anyio",
    "certifi",
    "email.message",
    "hashlib",
    "http.cookiejar",
    "httpcore._async",
    "idna",
    "mimetypes",
    "urllib.request",
)
_LATE_IF_INSTALLED = ("zstandard",)  # httpx asks whether it is


class _LateRequest:
    """Stands for `urllib.request.Request`, which httpx subclasses for cookies: it becomes that when one is made."""

    def __init__(self, *args: Any, **options: Any) -> None:
        from urllib.request import Request

        for kind in type(self).__mro__:
            if _LateRequest in kind.__bases__:
                kind.__bases__ = tuple(Request if base is _LateRequest else base for base in kind.__bases__)
        Request.__init__(self, *args, **options)  # type: ignore[arg-type]  # it is one now


def lean() -> contextlib.AbstractContextManager[None]:
    """Return a context in which httpx does what it does without what it does not use, in a process of ours."""
    if not late_modules.is_own_process:
        return contextlib.nullcontext()
    assert email, urllib  # loaded, so that their modules can be left out
    installed = [name for name in _LATE_IF_INSTALLED if name not in sys.modules and find_spec(name) is not None]
    return late_modules.loaded_late([*_LATE, *installed], {"urllib.request": {"Request": _LateRequest}})


if "httpx" not in sys.modules:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # so that importing it is an ImportError
    try:
        with lean():
            import httpcore  # noqa: F401 - httpx imports it when it connects
            import httpx
    except ModuleNotFoundError as error:
        raise MissingPackageError(library="httpx") from error
    finally:
        if sys.modules.get(_COMMAND_LINE, sys) is None:
            del sys.modules[_COMMAND_LINE]  # a later import finds it
else:
    import httpx

__all__ = ["httpx", "lean"]
