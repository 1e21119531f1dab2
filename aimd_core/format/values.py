"""What a number, a step and a parameter may be: one rule for the SDK, for imports and for the server.

- A metric's value is a 64-bit float. A whole number beyond its range is an infinity.
- A step and an epoch are whole numbers of 64 bits with a sign, other than the smallest: databases, columns and other
  languages have no larger ones.
- A whole number among the parameters has up to 64 bits, with a sign or without (`torch.initial_seed()` has no sign).
  A longer one, such as the entropy of NumPy's `SeedSequence`, is kept digit by digit, as text.
- A name, of a trial, a folder, a key or a tag, is one visible line of up to 255 bytes without `/`: see `name_fault`.
- An id, and an API key, is a UUID in lower case: `is_uuid`.
- Text may be anything that UTF-8 can encode. Who shows it replaces what a terminal would obey or hide: `is_hidden`.
- The parameters of a trial have at most `MAX_PARAMETERS_CHARS` characters of JSON: lists show them of each trial.
"""

from __future__ import annotations

import json
import re
from functools import cache

from aimd_core.format.model import strict_json
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timezone
    from typing import Any

STEP_LIMIT = 1 << 63  # steps are nearer to 0 than this
EXACT_STEP = 1 << 53  # every integer up to here is a float
MAX_PARAMETERS_CHARS = 256 << 10
MAX_NAME_BYTES = 255
MAX_DIRECTORY_NAME_BYTES = 200  # of a trial: its directory's name also has the date, the time and a suffix
UUID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MIN_ID_CHARS = 4  # a shorter text is not taken for the beginning of an id
MAX_TEXT_BITS = 8192  # of a whole number that is kept as text: Python itself prints 4,300 digits at most


def size_text(size_bytes: float) -> str:
    """Return a number of bytes with a binary unit: `212.0 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size_bytes < 1024 or unit == "GiB":
            break
        size_bytes /= 1024
    return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"


def mapping_of(value: object) -> dict[str, Any]:
    """Return a mapping in a document that others wrote; empty in place of anything else."""
    return value if isinstance(value, dict) else {}


def float_of(number: float) -> float:
    """Return a JSON number as every reader does: as a float, infinite for an integer beyond all floats."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def step_of(step: object) -> int | None:
    """Return the step of a record, or None if it is not a step.

    A step is an integer of less than 64 bits. Beyond 2**53 it is the nearest one that a float can represent, so that
    readers with columns of floats order points like readers with integers.
    """
    if type(step) is int and -EXACT_STEP <= step <= EXACT_STEP:
        return step
    if isinstance(step, bool) or not isinstance(step, (int, float)):
        return None
    number = float_of(step)
    return int(number) if -STEP_LIMIT < number < STEP_LIMIT and number.is_integer() else None


def time_of(timestamp: object) -> float:
    """Return a timestamp of a record in seconds since the epoch: ISO 8601, UTC unless it says otherwise. Else NaN."""
    if not isinstance(timestamp, str):
        return float("nan")
    fromisoformat, utc = _calendar()
    try:
        when = fromisoformat(timestamp.replace("Z", "+00:00"))
        return float((when if when.tzinfo else when.replace(tzinfo=utc)).timestamp())
    except (ValueError, OverflowError, OSError):
        return float("nan")


@cache
def _calendar() -> tuple[Callable[[str], datetime], timezone]:
    from datetime import datetime, timezone  # a script that records reads no times

    return datetime.fromisoformat, timezone.utc


def is_step(step: int) -> bool:
    """Tell whether a whole number can be a step or an epoch."""
    return -STEP_LIMIT < step < STEP_LIMIT


def require_step(number: int) -> int:
    """Return a whole number that can be a step or an epoch.

    Raises:
        ValueError: It cannot.
    """
    if not is_step(number):
        raise ValueError(said("a step has 64 bits, and here it has {bits}", bits=number.bit_length() + 1))
    return number


def integer_of(number: int) -> int | str:
    """Return an integer in the form of a parameter.

    Raises:
        ValueError: It has more than 8,192 bits.
    """
    if -(1 << 63) <= number < 1 << 64:
        return int(number)
    if number.bit_length() > MAX_TEXT_BITS:
        raise ValueError(number.bit_length())
    return str(int(number))


def storable(value: object) -> object:
    """Return a JSON value that every encoder takes: without lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


def clean(text: str) -> str:
    """Return a text that every file, terminal and database accepts: without lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


_UUID = re.compile(UUID_PATTERN)
_JOINERS = "\u200c\u200d"  # belong to scripts and emoji
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols without a shape


def is_hidden(character: str) -> bool:
    """Tell whether a character has no shape of its own but acts on others: controls, directions, zero widths."""
    if character.isprintable() or character in _JOINERS:
        return False
    from unicodedata import category

    return category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """Return text with control characters and bidirectional overrides as escapes, so that they have no effect.

    Letters, CJK, emoji and their joiners stay.
    """
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii") if is_hidden(character) else character for character in text
    )


def is_uuid(text: object) -> bool:
    """Tell whether a value is an id, or an API key: a UUID in lower-case canonical form."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


def name_fault(name: str, most_bytes: int = MAX_NAME_BYTES) -> str | None:
    """Return why a text cannot be a name, or None. Names are equal if all their code points are."""
    if not name.strip() or all(character in _BLANKS or character.isspace() for character in name):
        return "it is empty"
    if "/" in name or name in (".", ".."):
        return "it contains '/', or is '.' or '..'"
    try:
        size_bytes = len(name.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if size_bytes > most_bytes:
        return said(
            "it is {size_bytes} bytes long, the limit is {max_name_bytes}",
            size_bytes=size_bytes,
            max_name_bytes=most_bytes,
        )
    if not name.isprintable() and any(map(is_hidden, name)):
        return "it contains a control character or an invisible one"
    if any(mark in name for mark in _JOINERS) and _has_odd_joiner(name):
        return "it contains a control character or an invisible one"
    return None


def _has_odd_joiner(name: str) -> bool:
    """Tell whether a joiner stands where it joins nothing: at an end, or beside ASCII."""
    return any(
        mark in _JOINERS and (before.isascii() or after.isascii())
        for before, mark, after in zip(f" {name}", name, f"{name[1:]} ", strict=False)
    )


def directory_name_fault(name: str) -> str | None:
    """Return why a text cannot be the name of a trial in a directory, or None."""
    return "it contains '..'" if ".." in name else name_fault(name, MAX_DIRECTORY_NAME_BYTES)


def key_of(key: object) -> str:
    """Return the key of a mapping in YAML as JSON has it: `true` for a key `on`, not Python's `True`.

    Raises:
        ValueError: JSON has no such key.
    """
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    raise ValueError(key)


def parameters_chars(parameters: Mapping[str, object]) -> int:
    """Return how many characters of JSON parameters have, as it is sent and stored."""
    return len(json.dumps(strict_json(parameters), ensure_ascii=False, separators=(",", ":")))
