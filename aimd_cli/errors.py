"""Maps each error to the exit code of the command: one table, only ever added to.

docs/reference/exit-codes.md is generated from it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from aimd_cli import output
from aimd_cli.text import clean, pointed_at
from aimd_core import errors
from aimd_core.language import translated

OK = 0
OTHER = 1
USAGE = 2
NOT_FOUND = 3
ACCESS = 4
NETWORK = 5
DAMAGED = 6
DISK = 7
PARTLY_DONE = 8
ENDED_BADLY = 9
INTERRUPTED = 130
BROKEN_PIPE = 141

MEANINGS = {
    OK: "done",
    OTHER: "another failure, such as a conflict between local and server",
    USAGE: ("the call is wrong: an option, an argument, a setting, or a name that matches several trials"),
    NOT_FOUND: "there is nothing by that name",
    ACCESS: "not signed in, not allowed, or beyond a quota of the server",
    NETWORK: "no network, or the server is down or busy: try again",
    DAMAGED: "a file is damaged",
    DISK: "the local disk failed or is full",
    PARTLY_DONE: "some of several things failed: run the same command again",
    ENDED_BADLY: "a trial has ended, but not well (aimd trial wait)",
    INTERRUPTED: "interrupted with Ctrl-C",
    BROKEN_PIPE: "the reader of the output went away",
}

EXIT_CODES: dict[type[Exception], int] = {
    errors.UsageError: USAGE,
    errors.NotFoundError: NOT_FOUND,
    errors.AccessError: ACCESS,
    errors.QuotaError: ACCESS,
    errors.NetworkError: NETWORK,
    errors.DamagedError: DAMAGED,
    errors.DiskError: DISK,
    errors.PartlyDoneError: PARTLY_DONE,
    errors.EndedBadlyError: ENDED_BADLY,
    errors.StoppedError: INTERRUPTED,
    OSError: DISK,
}


def exit_code(error: Exception) -> int:
    """Return the exit code of an error, by its nearest class in the table."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), OTHER)


def advice_of(failures: Sequence[errors.AimdError]) -> str:
    """Return the advice of the first failure that running the command again does not mend; empty if there is none."""
    return next((error.advice for error in failures if not isinstance(error, errors.NetworkError) and error.advice), "")


def message(error: Exception) -> str:
    """Return what happened and where, in one English line, which the display makes safe and translates."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return clean(f"{where}{error.strerror}")
    return error.sentence if isinstance(error, errors.AimdError) else clean(str(error))


def report(error: Exception) -> int:
    """Print on stderr what happened and what to do next, and return the exit code, also if stderr cannot be written."""
    with contextlib.suppress(OSError):
        _print(error)
    return exit_code(error)


def _print(error: Exception) -> None:
    if os.environ.get("AIMD_DEBUG"):
        import traceback  # 2 ms that only this needs

        traceback.print_exception(error, file=sys.stderr)
    intro = "" if isinstance(error, errors.StoppedError) else translated("aimd: error: ")
    output.say_lines(f"{intro}{clean(translated(message(error)))}")
    if isinstance(error, errors.QueryError):
        sys.stderr.write("".join(f"  {line}\n" for line in pointed_at(*error.fault)))
    advice = error.advice if isinstance(error, errors.AimdError) else ""
    if advice:
        output.say_lines(clean(translated(advice)), indent="  ")
