"""What version 1 reads of requests: JSON that may contain `NaN`, and parameters of the URL."""

from __future__ import annotations

from typing import Any

from aimd_server.routes.access import Call
from aimd_server.routes.bodies import DOCUMENT_BYTES, encoding_of, read_body, unpacked
from aimd_server.services.documents import decode_loosely
from aimd_server.services.request_errors import RefusalError


async def read_json(call: Call) -> Any:
    """Return the body as JSON, which may contain Python's `NaN`.

    Raises:
        RefusalError: It is too large, or not JSON.
    """
    body = await read_body(call.request, DOCUMENT_BYTES)
    return await call.backend.run(_decoded, body, encoding_of(call.request))


def _decoded(body: bytes, encoding: str) -> Any:
    return decode_loosely(unpacked(body, encoding, DOCUMENT_BYTES))


def needed(call: Call, name: str) -> str:
    """Return a parameter of the URL.

    Raises:
        RefusalError: It is missing or empty.
    """
    value = call.request.query_params.get(name)
    if not value:
        raise RefusalError("bad_request", f"query is needed: {name}")
    return value
