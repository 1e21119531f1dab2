"""What a number, a step and a parameter may be: one rule for the SDK, for imports and for the server.

- A metric's value is a 64-bit float. A whole number beyond its range is an infinity.
- A step and an epoch are whole numbers of 64 bits with a sign, other than the smallest: databases, columns and other
  languages have no larger ones.
- A whole number among the parameters has up to 64 bits, with a sign or without (`torch.initial_seed()` has no sign).
  A longer one, such as the entropy of NumPy's `SeedSequence`, is kept digit by digit, as text.
- The parameters of a trial have at most `MAX_PARAMETERS_CHARS` characters of JSON: lists show them of each trial.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone

from aimd_core.format.model import strict_json
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping

STEP_LIMIT = 1 << 63  # steps are nearer to 0 than this
EXACT_STEP = 1 << 53  # every integer up to here is a float
MAX_PARAMETERS_CHARS = 256 << 10
MAX_TEXT_BITS = 8192  # of a whole number that is kept as text: Python itself prints 4,300 digits at most


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
    try:
        when = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
        return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError, OSError):
        return float("nan")


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


def with_plain_integers(value: object) -> object:
    """Return plain data of another program with each whole number as a parameter holds it, the longest as text too."""
    if isinstance(value, dict):
        return {key: with_plain_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_plain_integers(item) for item in value]
    if type(value) is not int:
        return value
    return integer_of(value) if value.bit_length() <= MAX_TEXT_BITS else str(value)


def clean(text: str) -> str:
    """Return a text that every file, terminal and database accepts: without lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


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
