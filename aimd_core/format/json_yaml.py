"""Writes and reads YAML where PyYAML is not installed, as on a cluster that records only: as JSON, which is YAML too.

`dump` returns what PyYAML and other libraries read as the same document; `load` reads that again. Anything else that
`plain_yaml` cannot read needs PyYAML.
"""

from __future__ import annotations

import json
import math
import re

from aimd_core.errors import MissingPackageError

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path

_LIBRARY = "yaml"
_MAX_KEY = 1000  # YAML reads no longer ones without a mark of their own
# JSON has no words for these; a string is matched first, so that nothing inside of one is.
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|-?\.inf|\.nan')
_AS_JSON = {".nan": "NaN", ".inf": "Infinity", "-.inf": "-Infinity"}
_ESCAPED = re.compile(
    "[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)  # break a line of YAML, or are no part of it


def dump(document: dict[str, object]) -> bytes:
    """Return a mapping as YAML, keeping the order of keys.

    Raises:
        MissingPackageError: A key is too long.
    """
    if not document:
        return b"{}\n"
    lines = ",\n".join(f"{_key(key)}: {_rendered(value)}" for key, value in document.items())
    return f"{{\n{lines}\n}}\n".encode()


def load(text: bytes, origin: str | Path) -> object:
    """Return what `dump` wrote.

    Raises:
        MissingPackageError: It is written otherwise.
    """
    try:
        plain = _WORDS.sub(lambda match: _AS_JSON.get(match[0], match[0]), text.decode())
        return json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise MissingPackageError(library=_LIBRARY) from error


def _rendered(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_rendered(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_rendered, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _key(key: str) -> str:
    if len(key) > _MAX_KEY:
        raise MissingPackageError(library=_LIBRARY)
    return _quoted(key)


def _quoted(text: str) -> str:
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    digits, exponent, power = repr(value).partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}{exponent}{power}"  # YAML takes 1e-05 for text
