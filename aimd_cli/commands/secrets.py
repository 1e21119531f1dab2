"""How a user passes an API key: at a prompt without echo, from stdin or a file, or, with a warning, as an argument."""

from __future__ import annotations

import sys
from pathlib import Path

from aimd_cli import output
from aimd_core.config import warn_if_exposed
from aimd_core.errors import UsageError
from aimd_core.language import said


def given_key(api_key: str | None, prompt: str) -> str:
    """Return the key from the option, a file, stdin, or a prompt without echo.

    Args:
        api_key: `-` reads a line of stdin, `@FILE` a file, None asks.
        prompt: What to ask for.

    Raises:
        UsageError: There is no terminal to ask on, or the file cannot be read.
    """
    if api_key is None:
        if not sys.stdin.isatty():
            raise UsageError(message="no API key was given", hint="Pass it on stdin: aimd login -H URL -k -")
        import getpass

        return getpass.getpass(f"{prompt}: ")
    if api_key == "-":
        return sys.stdin.readline()
    if api_key.startswith("@"):
        try:
            path = Path(api_key[1:]).expanduser()
            warn_if_exposed(path)
            return path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                message=said("cannot read the key from {api_key}: {error}", api_key=api_key[1:], error=error), hint=""
            ) from None
    if sys.stdin.isatty():
        output.say("note: a key in the command line can be seen by others (ps, shell history); -k - or @FILE hides it")
    return api_key
