"""Loads a training framework at its first use, or says which extra installs it. Importing this module loads none."""

from __future__ import annotations

from importlib import import_module

from aimd_core.errors import MissingExtraError

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from typing import Any


def load_framework(module: str, extra: str) -> Any:
    """Return a module of a framework.

    Args:
        module: Its full name, such as `lightning.pytorch`.
        extra: The extra of this distribution that installs it.

    Raises:
        MissingExtraError: The framework is not installed. A part that the framework itself misses raises its own error.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == package:
            raise MissingExtraError(library=package, extra=extra) from None
        raise
