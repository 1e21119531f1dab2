"""What a metric's value, a step and a parameter may be, and how each becomes plain data.

A wrong type is a mistake in the script, so it raises at once; a value that is merely not finite is data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import index

from aimd_core.language import Said, said, spoken

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from typing import Any

_MAX_DEPTH = 32  # a reader takes 64 levels, of which a document around the parameters needs some
_MAX_INT_BITS = 8192  # Python refuses to print or read integers of more than 4,300 digits


def as_float(name: object, value: Any) -> float:
    """Return a metric's value as a float.

    Args:
        name: The metric's name, for the error.
        value: A Python number, or a NumPy, PyTorch, TensorFlow or JAX array of one element.

    Raises:
        TypeError: It is neither, or has more than one element.
    """
    scalar = _item(value)
    if isinstance(scalar, (str, bytes, bytearray)):  # float() would read a number out of them
        raise TypeError(spoken("metric {name!r} must be a number, not {kind}", name=name, kind=type(value).__name__))
    try:
        return float(scalar)
    except OverflowError:
        return math.inf if scalar > 0 else -math.inf
    except (TypeError, ValueError):
        raise TypeError(
            spoken(
                "metric {name!r} must be a number or an array of one element, not {kind}",
                name=name,
                kind=_describe(value),
            )
        ) from None


def _item(value: Any) -> Any:
    """Return the one element of an array or tensor; anything else as it is."""
    try:
        if not hasattr(value, "item"):
            numpy = getattr(value, "numpy", None)  # a TensorFlow tensor has numpy() and no item()
            value = numpy() if callable(numpy) else value
        item = getattr(value, "item", None)
        return item() if callable(item) else value
    except (ValueError, RuntimeError, TypeError):  # more than one element, or a tensor without a value yet
        return value


def _describe(value: Any) -> str:
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    return said("{kind} of shape {shape}", kind=kind, shape=tuple(shape)) if shape else kind


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
    raise TypeError(spoken("{what} must be a whole number, not {kind}", what=what, kind=_describe(value)))


def as_plain(name: str, value: Any, depth: int = 0) -> object:
    """Return a parameter as plain data that JSON and YAML can hold; what is nested is copied.

    Args:
        name: The parameter's name, dotted for a nested one.
        value: None, a bool, number, string, list, tuple or mapping of such, or a NumPy or tensor scalar.
        depth: How deep it is nested.

    Raises:
        TypeError: JSON cannot hold it; the message names the parameter.
    """
    if isinstance(value, (list, tuple, Mapping)):
        if depth == _MAX_DEPTH:
            raise TypeError(
                spoken("parameter {name!r} is nested deeper than {levels} levels", name=name, levels=_MAX_DEPTH)
            )
        if isinstance(value, Mapping):
            return {_key(name, key): as_plain(f"{name}.{key}", item, depth + 1) for key, item in value.items()}
        return [as_plain(f"{name}[{number}]", item, depth + 1) for number, item in enumerate(value)]
    scalar = value if isinstance(value, (bool, int, float, str)) else _item(value)
    if scalar is None or isinstance(scalar, bool):
        return scalar
    if isinstance(scalar, int):
        if scalar.bit_length() > _MAX_INT_BITS:
            raise TypeError(
                spoken("parameter {name!r} is an integer of more than {bits} bits", name=name, bits=_MAX_INT_BITS)
            )
        return int(scalar)
    if isinstance(scalar, float):
        return float(scalar)
    if isinstance(scalar, str):
        return _unicode(said("parameter {name!r}", name=name), str.__str__(scalar))
    raise TypeError(spoken("parameter {name!r} is {kind}, which JSON cannot hold", name=name, kind=_describe(value)))


def _key(name: str, key: object) -> str:
    if isinstance(key, str):
        return _unicode(said("a key of parameter {name!r}", name=name), str.__str__(key))
    if isinstance(key, (int, float)) or key is None:
        return str(key)
    raise TypeError(
        spoken(
            "parameter {name!r} has a key that is {kind}, which JSON cannot hold", name=name, kind=type(key).__name__
        )
    )


def as_text(what: str, value: object) -> str:
    """Return a name as it is.

    Raises:
        TypeError: It is no string, or half of a surrogate pair, which no file can hold.
    """
    if not isinstance(value, str):
        raise TypeError(
            spoken(
                "{what} must be a string, not {kind}: {value!r}",
                what=Said(what, {}),
                kind=type(value).__name__,
                value=value,
            )
        )
    return _unicode(what, str.__str__(value))


def _unicode(what: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        subject = what if isinstance(what, Said) else Said(what, {})
        raise TypeError(
            spoken(
                "{what} is not valid Unicode: {reason} at {start}",
                what=subject,
                reason=error.reason,
                start=error.start,
            )
        ) from None
    return text
