"""Turns a framework's settings into parameters. What JSON cannot represent becomes text, so training never stops.

Parameters that people set are stricter: there, such a value is a mistake and raises.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from enum import Enum

from aimd_core.errors import UsageError
from aimd_core.language import said
from t9k.aimd.telling import tell
from t9k.aimd.values import as_plain

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

    from t9k.aimd.trial import Trial

_MAX_DEPTH = 8
_MAX_ELEMENTS = 64  # of an array that is recorded by its elements; a larger one by its shape
_MAX_TEXT = 500  # characters of the text for an object


def record_settings(trial: Trial, settings: Mapping[Any, Any]) -> None:
    """Set a framework's settings as parameters; what is too large is reported and left out.

    Args:
        trial: The trial.
        settings: As `plain_settings` takes them.
    """
    try:
        trial.params.update(plain_settings(settings))
    except UsageError as error:
        tell(said("WARNING: settings are not recorded: {message}", message=error.sentence))


def plain_settings(settings: Mapping[Any, Any]) -> dict[str, object]:
    """Return settings as plain data for `trial.params`.

    Args:
        settings: Anything by name, including nested mappings, lists and namespaces.
    """
    return {_text(name): _plain(value, 0) for name, value in settings.items()}


def _plain(value: Any, depth: int) -> object:
    try:
        if math.prod(getattr(value, "shape", ())) <= _MAX_ELEMENTS:
            return as_plain("", value)
    except TypeError:
        pass
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return {_text(name): _plain(item, depth + 1) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [_plain(item, depth + 1) for item in value]
        if isinstance(value, (set, frozenset)):
            return sorted((_plain(item, depth + 1) for item in value), key=str)
        if isinstance(value, Enum):
            return _plain(value.value, depth + 1)
    return _text(value)


def _text(value: Any) -> str:
    """Return a short text for an object that is the same in every run, without memory addresses."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    shape = getattr(value, "shape", None)
    name = getattr(value, "__name__", None)
    if isinstance(name, str):
        text = name
    elif isinstance(shape, tuple):
        text = f"{type(value).__name__} of shape {tuple(shape)}"
    else:
        text = str(value)
        if " at 0x" in text:
            text = type(value).__name__
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT] + "…"
    return text.encode("utf-8", "backslashreplace").decode()
