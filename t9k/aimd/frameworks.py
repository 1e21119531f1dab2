"""Loads a training framework when it is first used, or says which extra installs it."""

from __future__ import annotations

from importlib import import_module

from aimd_core.errors import MissingExtraError

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any


def load_framework(module: str, extra: str) -> Any:
    """Return a module of a framework.

    Args:
        module: Its full name, such as `lightning.pytorch`.
        extra: The extra of this distribution that installs it.

    Raises:
        MissingExtraError: The framework is not installed. A missing dependency of the framework raises its own error.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == package:
            raise MissingExtraError(library=package, extra=extra) from None
        raise
