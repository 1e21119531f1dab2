"""What a metric's value, a step and a parameter may be, and how each becomes plain data.

A wrong type is a mistake in the script, so it raises at once; a value that is merely not finite is data.
"""

from __future__ import annotations

import math
from operator import index

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from typing import Any


def as_float(name: object, value: Any) -> float:
    """Return a metric's value as a float.

    Args:
        name: The metric's name, for the error.
        value: A Python number, or a NumPy, PyTorch, TensorFlow or JAX array of one element.

    Raises:
        TypeError: It is neither, or has more than one element.
    """
    if isinstance(value, (str, bytes, bytearray)) or value is None:
        raise TypeError(f"metric {name!r} must be a number, not {type(value).__name__}")
    scalar = _item(value)
    try:
        return float(scalar)
    except OverflowError:
        return math.inf if scalar > 0 else -math.inf
    except (TypeError, ValueError):
        raise TypeError(
            f"metric {name!r} must be a number or an array of one element, not {_describe(value)}"
        ) from None


def _item(value: Any) -> Any:
    """Return the one element of an array or tensor; anything else as it is."""
    if not hasattr(value, "item"):
        numpy = getattr(value, "numpy", None)  # a TensorFlow tensor has numpy() and no item()
        value = numpy() if callable(numpy) else value
    item = getattr(value, "item", None)
    if not callable(item):
        return value
    try:
        return item()
    except (ValueError, RuntimeError, TypeError):  # more than one element
        return value


def _describe(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ + (f" of shape {tuple(shape)}" if shape else "")


def as_int(what: str, value: Any) -> int:
    """Return a step or an epoch as an int.

    Raises:
        TypeError: It is no whole number.
    """
    scalar = _item(value)
    try:
        return index(scalar)
    except TypeError:
        pass
    if isinstance(scalar, float) and scalar.is_integer():
        return int(scalar)
    raise TypeError(f"{what} must be a whole number, not {_describe(value)}")


def as_plain(name: str, value: Any) -> object:
    """Return a parameter as plain data that JSON can hold.

    Args:
        name: The parameter's name, dotted for a nested one.
        value: None, a bool, number, string, list, tuple or mapping of such, or a NumPy or tensor scalar.

    Raises:
        TypeError: JSON cannot hold it; the message names the parameter.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict):
        return {_key(name, key): as_plain(f"{name}.{key}", item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(f"{name}[{number}]", item) for number, item in enumerate(value)]
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    scalar = _item(value)
    if type(scalar) in (bool, int, float, str):
        return scalar
    raise TypeError(f"parameter {name!r} is {_describe(value)}, which JSON cannot hold")


def _key(name: str, key: object) -> str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, (int, float)) or key is None:
        return str(key)
    raise TypeError(f"parameter {name!r} has a key that is {type(key).__name__}, which JSON cannot hold")
