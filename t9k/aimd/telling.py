"""The SDK's messages: on stderr, in the user's language, and never at the cost of training."""

from __future__ import annotations

import os
import sys

from aimd_core.language import add_catalogue, said, tell_with, translated

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path

add_catalogue("t9k.aimd.languages.zh")  # here, and not where the package begins, which loads nothing


def tell(message: str) -> None:
    """Print a message on stderr, whatever its state: a closed or broken stderr must not end training.

    It is in the user's language, and nothing in it, such as the name of a file, acts on the terminal.
    """
    try:
        sys.stderr.write(f"aimd: {_visible(translated(message))}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError, RuntimeError):  # the last one: a signal came in the middle of a print
        pass


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    from aimd_core.format.values import visible

    return visible(text)


tell_with(tell)
told: set[str] = set()


def tell_once(what: str, message: str) -> None:
    """Print a message on stderr, once per process for each `what`."""
    if what not in told:
        told.add(what)
        tell(message)


class DiskFaults:
    """Reports the first disk fault of a trial; the others are only counted."""

    __slots__ = ("_is_told", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_told = False

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._path,)

    def __call__(self, error: OSError) -> None:
        """Note a fault."""
        if self._is_told:
            return
        self._is_told = True
        reason = os.strerror(error.errno) if error.errno else error
        tell(
            said(
                "WARNING: cannot write to {path}: {reason}. Training goes on; what is not saved will be counted.",
                path=self._path,
                reason=reason,
            )
        )
