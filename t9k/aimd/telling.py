"""What the SDK says to the person who trains: on stderr, in that person's language, never at the training's cost."""

from __future__ import annotations

import os
import sys

from aimd_core.language import add_catalogue, said, translated

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from pathlib import Path

add_catalogue("t9k.aimd.languages.zh")  # here, and not where the package begins, which loads nothing


def tell(message: str) -> None:
    """Say something on stderr, whatever state that is in: a closed or broken stderr must not end training.

    It is said in the person's language.
    """
    try:
        sys.stderr.write(f"aimd: {translated(message)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError, RuntimeError):  # the last: a signal came in the middle of a print
        pass


class DiskFaults:
    """Tells the first fault of the disk under a trial; the others are only counted."""

    __slots__ = ("_is_told", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_told = False

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._path,)

    def __call__(self, error: OSError) -> None:
        """Take note of a fault."""
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
