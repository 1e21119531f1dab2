"""Version 2: bytes by their digest, and the files of a trial that have them."""

from __future__ import annotations

from starlette.responses import Response

from aimd_core.format.limits import PART_BYTES
from aimd_core.language import said
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.bodies import declared_bytes, encoding_of, pass_on, read_body, unpacked
from aimd_server.routes.content_streams import batch_answer, content_answer, parts_answer
from aimd_server.routes.v2_bodies import number_in, read_document
from aimd_server.routes.v2_files import MOST_OFFSET
from aimd_server.services import content_batches, contents, trial_files
from aimd_server.services.content_batches import BatchWish
from aimd_server.services.contents import Arrived, Missing
from aimd_server.services.quotas import Goal
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.trial_files import FilesWish
from aimd_server.storage import Storage
from aimd_server.stores.accounts import Account

_CONTENT = "/contents/{digest}"


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("POST", "/contents/missing", post_missing, access=Access.READER)
    table.add("POST", "/contents", post_contents, access=Access.ANY_USER)
    table.add("HEAD", _CONTENT, head_content, access=Access.ANY_USER)
    table.add("PATCH", _CONTENT, patch_content, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}/files", get_files, access=Access.ANY_USER)
    table.add("POST", "/trials/{id}/files", post_files, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}/content", get_content, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}/content/parts", get_parts, access=Access.ANY_USER)
    table.add("POST", "/trials/{id}/contents", post_batch, access=Access.READER)
    table.open_to_uploads(("POST", "/contents/missing"), ("POST", "/contents"), ("HEAD", _CONTENT), ("PATCH", _CONTENT))
    table.open_to_uploads(("POST", "/trials/{id}/files"))


async def post_missing(call: Call) -> Response:
    """Answer which contents the caller has to send."""
    return json_answer(await call.run_stored(contents.missing, await read_document(call, Missing)))


async def post_contents(call: Call) -> Response:
    """Take several small contents."""
    body = await read_body(call.request, PART_BYTES)
    digests = await call.run_stored(_small, call.backend.receiving, body, encoding_of(call.request), _goal(call))
    return json_answer({"digests": digests})


def _small(
    storage: Storage, user: Account, receiving: contents.Receiving, body: bytes, encoding: str, goal: Goal
) -> list[str]:
    return receiving.small(storage, user, unpacked(body, encoding, PART_BYTES), goal)


def _goal(call: Call) -> Goal:
    """Return what the bytes are sent for, which is optional."""
    query = call.request.query_params
    return Goal(query.get("trial"), query.get("artifact"))


def _headers(arrived: Arrived) -> dict[str, str]:
    return {"Upload-Offset": str(arrived.offset), "Upload-Complete": "?1" if arrived.is_complete else "?0"}


async def head_content(call: Call) -> Response:
    """Answer with how much of a content the caller has sent."""
    return empty_answer(204, _headers(await call.run(contents.standing, call.part("digest"))))


async def patch_content(call: Call) -> Response:
    """Take the next bytes of a content, any number of them unless they are compressed."""
    offset, size = _number(call, "Upload-Offset"), _number(call, "Upload-Length")
    digest, goal = call.part("digest"), _goal(call)
    encoding = encoding_of(call.request)

    async def store(piece: bytes | memoryview) -> Arrived:
        nonlocal offset
        start, offset = offset, offset + len(piece)
        return await call.run_stored(call.backend.receiving.part, digest, size, start, piece, goal)

    if encoding == "gzip":
        body = await read_body(call.request, PART_BYTES)
        arrived = await store(await call.backend.run(unpacked, body, encoding, PART_BYTES))
    else:
        contents.require_fitting(size, offset, declared_bytes(call.request))
        arrived = await pass_on(call.request, store, PART_BYTES)
    return empty_answer(204, _headers(arrived))


def _number(call: Call, header: str) -> int:
    text = call.request.headers.get(header.lower(), "")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_OFFSET))):
        raise RefusalError("bad_request", said("{header} is a number of bytes", header=header))
    return int(text)


async def get_files(call: Call) -> Response:
    """Answer with a page of the files of a trial."""
    limit, after = number_in(call, "limit", trial_files.PAGE), call.request.query_params.get("cursor", "")
    return json_answer(await call.run(trial_files.listed, call.part("id"), limit, after))


async def post_files(call: Call) -> Response:
    """Set and remove files of a trial."""
    return json_answer(await call.run(trial_files.put, call.part("id"), await read_document(call, FilesWish)))


async def get_content(call: Call) -> Response:
    """Answer with the bytes of a file of a trial, for saving, never for showing."""
    path = _path(call)
    call.take_slot()
    opened = await call.run(trial_files.open_content, call.part("id"), path)
    return await content_answer(call, opened.content_id, opened.digest, opened.size, opened.name)


async def post_batch(call: Call) -> Response:
    """Answer with several small files of a trial at once."""
    call.take_slot()
    wish = await read_document(call, BatchWish)
    return await batch_answer(call, await call.run(content_batches.of_files, call.part("id"), wish))


async def get_parts(call: Call) -> Response:
    """Answer with where the object store gives the bytes of a file of a trial."""
    opened = await call.run(trial_files.open_content, call.part("id"), _path(call))
    return await parts_answer(call, opened.content_id, opened.digest)


def _path(call: Call) -> str:
    path = call.request.query_params.get("path", "")
    if not path:
        raise invalid("name the file: path=...", field="path")
    return path
