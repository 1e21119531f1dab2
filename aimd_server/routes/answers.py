"""Answers in the forms that the protocols require."""

from __future__ import annotations

import json

import msgspec
from starlette.responses import Response

from aimd_core.language import Said

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


def json_answer(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a document as strict JSON, in which non-finite numbers are already strings or null.

    A sentence that can be translated is English in it; what a person should read otherwise was translated before.
    """
    try:
        content = msgspec.json.encode(document, enc_hook=_plain)
    except (UnicodeEncodeError, OverflowError):  # a lone surrogate, or an integer beyond 64 bits
        content = json.dumps(msgspec.to_builtins(document, enc_hook=_plain), allow_nan=False).encode()
    return Response(content, status, headers, media_type=JSON)


def _plain(value: object) -> object:
    if isinstance(value, Said):
        return str(value)
    if isinstance(value, msgspec.Raw):
        return json.loads(bytes(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def text_answer(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return plain text."""
    return Response(text.encode("utf-8", "replace"), status, {**(headers or {}), "Content-Type": TEXT})


def empty_answer(status: int, headers: dict[str, str] | None = None) -> Response:
    """Return no body."""
    return Response(b"", status, headers)
