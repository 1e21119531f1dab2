"""Version 2: reading strict JSON bodies, numbers in queries, and the language of the caller."""

from __future__ import annotations

import re
from typing import TypeVar

from starlette.requests import Request

from aimd_core.language import CHINESE, ENGLISH, said
from aimd_server.routes.access import Call
from aimd_server.routes.bodies import DOCUMENT_BYTES, encoding_of, read_body, unpacked
from aimd_server.services.documents import decode
from aimd_server.services.request_errors import invalid

T = TypeVar("T")
_ETAG = re.compile(r'\*|"[^"]*"')


def language_of(request: Request) -> str:
    """Return the language of an answer: Chinese for who asks for it first, else English, which programs read."""
    first = request.headers.get("accept-language", "").partition(",")[0].strip().lower()
    return CHINESE if first.startswith(CHINESE) else ENGLISH


async def read_document(call: Call, type: type[T], may_be_empty: bool = False) -> T:
    """Return the body as a value of a type; if allowed, an empty body counts as `{}`.

    Raises:
        RefusalError: It is too large, not JSON, or not such a value.
    """
    body = await read_body(call.request, DOCUMENT_BYTES)
    if may_be_empty and not body:
        body = b"{}"
    return await call.backend.run(_decoded, body, encoding_of(call.request), type)


async def decoded_body(call: Call, type: type[T], limit_bytes: int, timeout_s: float) -> T:
    """Return a body with other limits as a value of a type. Errors as `read_document`."""
    body = await read_body(call.request, limit_bytes, timeout_s)
    return await call.backend.run(_decoded, body, encoding_of(call.request), type, limit_bytes)


def _decoded(body: bytes, encoding: str, type: type[T], limit_bytes: int = DOCUMENT_BYTES) -> T:
    return decode(unpacked(body, encoding, limit_bytes), type)


def number_in(call: Call, name: str, default: int, digits: int = 9) -> int:
    """Return a number of the query, which has so many digits at most.

    Raises:
        RefusalError: `invalid`.
    """
    text = call.request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        raise invalid(said("{name} is a number", name=name), field=name)
    return int(text)


def switch_in(call: Call, name: str, default: bool) -> bool:
    """Return a switch of the query, which is 1 or 0.

    Raises:
        RefusalError: `invalid`.
    """
    text = call.request.query_params.get(name, str(int(default)))
    if text not in ("0", "1"):
        raise invalid(said("{name} is 1 or 0", name=name), field=name)
    return text == "1"


def match_in(call: Call) -> str | None:
    """Return what If-Match says: one ETag, `*`, or None if it is absent.

    Raises:
        RefusalError: `invalid`.
    """
    given = call.request.headers.getlist("if-match")
    if not given:
        return None
    if len(given) > 1 or not _ETAG.fullmatch(given[0]):
        raise invalid("If-Match is the ETag of what is replaced, or *", field="If-Match")
    return given[0]
