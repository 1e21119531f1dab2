"""JSON documents from users: read within limits, stored as strict JSON text."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from aimd_core.format.model import strict_json
from aimd_core.format.values import MAX_PARAMETERS_CHARS, clean, parameters_chars
from aimd_core.language import said
from aimd_server.services.request_errors import RefusalError, invalid

T = TypeVar("T")

MAX_DEPTH = 64
MAX_METADATA_CHARS = 1 << 20
MAX_BOXES = 1 << 18  # lists and mappings in a document: two bytes of JSON take 64 in memory


def decode(body: bytes, type: type[T]) -> T:
    """Return a strict JSON document as a value of a type.

    Raises:
        RefusalError: `bad_request` if it is not JSON, `invalid` if it is not such a value or has too many parts.
    """
    _require_few_boxes(body)
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from None
    except (msgspec.DecodeError, ValueError):
        raise RefusalError("bad_request", "the body is not strict JSON") from None
    except RecursionError:
        raise _too_deep() from None


def decode_loosely(body: bytes) -> Any:
    """Return a JSON document that may contain Python's `NaN` and `Infinity`.

    Raises:
        RefusalError: `bad_request`, or `invalid` if it has too many parts.
    """
    _require_few_boxes(body)
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, ValueError):
        pass
    try:
        return json.loads(body)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise RefusalError("bad_request", "the body is not JSON") from None


def _require_few_boxes(body: bytes) -> None:
    """Refuse before parsing. Brackets inside texts count too, but no real document comes near the limit."""
    if body.count(b"{") + body.count(b"[") > MAX_BOXES:
        raise invalid(said("the document holds more than {limit} lists and mappings", limit=MAX_BOXES), limit=MAX_BOXES)


def _too_deep() -> RefusalError:
    return invalid(said("the document is nested deeper than {limit} levels", limit=MAX_DEPTH), limit=MAX_DEPTH)


def check_depth(document: object) -> None:
    """Refuse a document that is nested too deeply to show.

    Raises:
        RefusalError: `invalid`.
    """
    level: list[object] = [document]
    for _ in range(MAX_DEPTH):
        level = [item for box in level for item in _inside(box)]
        if not level:
            return
    raise _too_deep()


def _inside(box: object) -> list[object]:
    items = box.values() if isinstance(box, dict) else box if isinstance(box, list) else ()
    return [item for item in items if isinstance(item, (dict, list))]


def text_of(document: object) -> str:
    """Return a document as strict JSON text, with strings for non-finite numbers.

    Raises:
        RefusalError: `invalid`, if nested too deeply.
    """
    check_depth(document)
    strict = strict_json(document)
    try:
        return msgspec.json.encode(strict).decode()
    except UnicodeEncodeError:  # a lone surrogate, which Python's JSON allows
        return json.dumps(strict, separators=(",", ":"))


def metadata_text(document: object) -> str:
    """Return a trial's document as JSON text.

    Raises:
        RefusalError: `invalid`, if nested too deeply or too large for queries, which read that of many trials.
    """
    text = text_of(document)
    if len(text) > MAX_METADATA_CHARS:
        limit = MAX_METADATA_CHARS
        raise invalid(
            said("the metadata of a trial have {limit} characters of JSON at most", limit=limit),
            field="metadata",
            limit=limit,
        )
    return text


def parameters_text(parameters: object) -> str:
    """Return a trial's parameters as JSON text.

    Raises:
        RefusalError: `invalid`, if nested too deeply or too large for lists, which show the parameters of each trial.
    """
    text = text_of(parameters or {})
    if isinstance(parameters, dict) and parameters_chars(parameters) > MAX_PARAMETERS_CHARS:
        limit = MAX_PARAMETERS_CHARS
        raise invalid(
            said("the parameters of a trial have {limit} characters of JSON at most", limit=limit),
            field="parameters",
            limit=limit,
        )
    return text


def texts(value: object) -> list[str]:
    """Return the texts in a list, none for anything else."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def printable(value: object) -> str | None:
    """Return a short text that can be stored and shown, or None."""
    return clean(value) if isinstance(value, str) and len(value) <= 64 else None
