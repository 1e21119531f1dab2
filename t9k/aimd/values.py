"""How what training scripts have becomes what a trial holds: numbers, steps, and parameters as JSON has them.

A wrong type is a mistake in the script, so it raises immediately; a value that is not finite is data.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from enum import Enum
from operator import index

from aimd_core.format.values import MAX_PARAMETERS_CHARS, MAX_TEXT_BITS, float_of, integer_of, is_step
from aimd_core.language import Said, said, spoken

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_MAX_DEPTH = 32  # readers accept 64 levels, some of which the surrounding document needs
_MAX_ELEMENTS = MAX_PARAMETERS_CHARS // 2  # of an array: each takes a digit and a comma at least


def as_float(name: object, value: Any) -> float:
    """Return a metric's value as a float.

    Args:
        name: The metric's name, for the error.
        value: A Python number, or a NumPy, PyTorch, TensorFlow or JAX array of one element.

    Raises:
        TypeError: It is neither, or has more than one element.
    """
    scalar = _item(value)
    if isinstance(scalar, (str, bytes, bytearray)):  # float() would parse them
        raise TypeError(spoken("metric {name!r} must be a number, not {kind}", name=name, kind=type(value).__name__))
    try:
        return float_of(scalar)
    except Exception:  # a foreign `__float__` may raise anything
        raise TypeError(
            spoken(
                "metric {name!r} must be a number or an array of one element, not {kind}",
                name=name,
                kind=_describe(value),
            )
        ) from None


def _item(value: Any) -> Any:
    """Return the one element of an array or tensor, NaN where it is masked; anything else unchanged."""
    try:
        if getattr(value, "mask", None) is not None and type(value).__module__.startswith("numpy.ma"):
            return math.nan if value.size == 1 and value.mask.all() else value.item()
        if not hasattr(value, "item"):
            numpy = getattr(value, "numpy", None)  # a TensorFlow tensor has numpy() and no item()
            value = numpy() if callable(numpy) else value
        item = getattr(_with_times(value), "item", None)
        return item() if callable(item) else value
    except Exception:  # more than one element, or a tensor without a value yet
        return value


def _describe(value: Any) -> str:
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    return said("{kind} of shape {shape}", kind=kind, shape=tuple(shape)) if shape else kind


def as_int(what: str, value: Any) -> int:
    """Return a step or an epoch as an int.

    Raises:
        TypeError: It is not an integer.
        ValueError: It has more than 64 bits.
    """
    scalar = _item(value)
    try:
        number = index(scalar)
    except TypeError:
        if not isinstance(scalar, float) or not scalar.is_integer():
            message = spoken("{what} must be a whole number, not {kind}", what=what, kind=_describe(value))
            raise TypeError(message) from None
        number = int(scalar)
    if not is_step(number):
        bits = number.bit_length()
        raise ValueError(spoken("{what} must be a whole number of 64 bits, not of {bits}", what=what, bits=bits + 1))
    return number


def as_timestamp(seconds: Any) -> str:
    """Return seconds since the epoch in the format's form: ISO 8601, UTC, microseconds.

    Raises:
        TypeError: It is not a number.
        ValueError: It is not in the years 1 to 9999.
    """
    from datetime import datetime, timezone

    number = as_float("timestamp", seconds)
    try:
        return datetime.fromtimestamp(number, timezone.utc).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        message = spoken("timestamp must be seconds since 1970, in the years 1 to 9999, not {number}", number=number)
        raise ValueError(message) from None


def as_plain(name: str, value: Any, depth: int = 0, budget: list[int] | None = None) -> object:
    """Return a parameter as plain data for JSON and YAML, copying nested values.

    Args:
        name: The parameter's name, dotted for a nested one.
        value: What JSON holds; or what becomes that: see docs/guides/recording.md, "What a parameter may be".
        depth: How deep it is nested.
        budget: How many more values there may be, one number. What refers to itself, or many times to the same, is
            larger than it looks.

    Raises:
        TypeError: It is nothing that JSON can hold; the message names the parameter.
    """
    budget = [_MAX_ELEMENTS] if budget is None else budget
    budget[0] -= 1
    if budget[0] < 0:
        raise TypeError(
            spoken(
                "parameter {name!r} is one of more than {limit:,} values, which are too many",
                name=name,
                limit=_MAX_ELEMENTS,
            )
        )
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, Enum)):
        return _plain_scalar(name, value)
    if depth == _MAX_DEPTH:
        raise TypeError(
            spoken("parameter {name!r} is nested deeper than {levels} levels", name=name, levels=_MAX_DEPTH)
        )
    mapping = as_mapping(value)
    if mapping is not None:
        return _plain_mapping(name, mapping, depth, budget)
    items = _listed(name, value)
    if items is not None:
        plain = [as_plain(f"{name}[{number}]", item, depth + 1, budget) for number, item in enumerate(items)]
        return sorted(plain, key=_order) if isinstance(value, (set, frozenset)) else plain
    if isinstance(value, Enum):
        return as_plain(name, value.value, depth + 1, budget)
    return _plain_scalar(name, _item(value), value)


def as_mapping(value: Any) -> Mapping[Any, Any] | None:
    """Return what is a mapping by nature: a mapping, a name space, a data class, an OmegaConf or a pydantic model.

    None of these libraries is imported: who has such an object has loaded its library.

    Raises:
        TypeError: A value of an OmegaConf cannot be resolved.
    """
    omegaconf = sys.modules.get("omegaconf")
    if omegaconf is not None and isinstance(value, omegaconf.DictConfig):
        try:
            resolved: Mapping[Any, Any] = omegaconf.OmegaConf.to_container(value, resolve=True)
        except omegaconf.errors.OmegaConfBaseException as error:
            raise TypeError(spoken("the configuration cannot be resolved: {error}", error=error)) from None
        return resolved
    if isinstance(value, Mapping):
        return value
    if isinstance(value, type):
        return None
    fields = getattr(value, "__dataclass_fields__", None)
    if isinstance(fields, dict):
        return {field: getattr(value, field) for field in fields if hasattr(value, field)}
    if hasattr(type(value), "model_fields") and callable(getattr(value, "model_dump", None)):
        dumped = value.model_dump()
        return dumped if isinstance(dumped, dict) else None
    if type(value).__name__ in ("Namespace", "SimpleNamespace") or _is_namespace(value):
        return dict(vars(value))
    return None


def _is_namespace(value: object) -> bool:
    argparse = sys.modules.get("argparse")
    return argparse is not None and isinstance(value, argparse.Namespace)


def _plain_mapping(name: str, mapping: Mapping[Any, Any], depth: int, budget: list[int]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, item in mapping.items():
        text = _key(name, key)
        if text in plain:
            raise TypeError(spoken("parameter {name!r} has two keys that are {key!r} as text", name=name, key=text))
        plain[text] = as_plain(f"{name}.{text}", item, depth + 1, budget)
    return plain


def _listed(name: str, value: Any) -> list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any] | None:
    """Return the items of a list, tuple, set, or array of several elements; None for anything else."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    omegaconf = sys.modules.get("omegaconf")
    if omegaconf is not None and isinstance(value, omegaconf.ListConfig):
        return list(omegaconf.OmegaConf.to_container(value, resolve=True))
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not shape or math.prod(shape) == 1:
        return None
    if math.prod(shape) > _MAX_ELEMENTS:
        raise TypeError(
            spoken("parameter {name!r} is {kind}, which is too large for a parameter", name=name, kind=_describe(value))
        )
    try:
        items = _elements(value)
    except Exception:  # such as a tensor that is sparse, quantised, or has no values
        return None
    return items if isinstance(items, list) else None


def _elements(value: Any) -> object:
    """Return the elements of an array as nested lists, or None if it does not give them."""
    if not callable(getattr(value, "tolist", None)):
        numpy = getattr(value, "numpy", None)
        value = numpy() if callable(numpy) else value
    if hasattr(value, "filled") and value.dtype.kind in "iuf":  # a masked array
        value = value.astype(float).filled(math.nan)
    value = _with_times(value)
    return value.tolist() if callable(getattr(value, "tolist", None)) else None


def _with_times(value: Any) -> Any:
    """Return NumPy times that Python can hold, which has no nanoseconds and would get bare integers; else unchanged."""
    if type(value).__module__ != "numpy" or value.dtype.kind not in "mM":
        return value
    return value.astype(f"{value.dtype.kind}8[us]")


def _plain_scalar(name: str, scalar: Any, given: Any = None) -> object:
    """Return a scalar as JSON has it: paths and times as text, durations in seconds, decimals as numbers."""
    if scalar is None or isinstance(scalar, bool):
        return scalar
    if isinstance(scalar, int):
        try:
            return integer_of(scalar)
        except ValueError:
            raise TypeError(
                spoken("parameter {name!r} is an integer of more than {bits} bits", name=name, bits=MAX_TEXT_BITS)
            ) from None
    if isinstance(scalar, float):
        return float(scalar)
    if isinstance(scalar, os.PathLike):
        scalar = os.fspath(scalar)
    if isinstance(scalar, str):
        return _unicode(said("parameter {name!r}", name=name), str.__str__(scalar))
    from datetime import date, time, timedelta  # loaded already if there is one

    if isinstance(scalar, (date, time)):  # a datetime is a date
        return scalar.isoformat()
    if isinstance(scalar, timedelta):
        return scalar.total_seconds()
    if type(scalar).__module__ in ("decimal", "fractions") or type(scalar).__name__ == "longdouble":
        return _float_or_nan(scalar)
    kind = _describe(scalar if given is None else given)
    raise TypeError(spoken("parameter {name!r} is {kind}, which JSON cannot hold", name=name, kind=kind))


def _float_or_nan(number: Any) -> float:
    try:
        return float_of(number)
    except ValueError:  # Decimal's signalling NaN
        return math.nan


def _order(item: object) -> tuple[str, object]:
    """Order the items of a set, numbers by size and the rest as text, so that equal sets are equal lists."""
    return ("", item) if isinstance(item, (int, float)) and item == item else (type(item).__name__, repr(item))


def _key(name: str, key: object) -> str:
    if isinstance(key, Enum):
        key = key.value
    key = _item(key)
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
    """Return a name unchanged.

    Raises:
        TypeError: It is not a string, or has a lone surrogate, which no file can represent.
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
