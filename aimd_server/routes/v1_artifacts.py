"""Version 1: artifacts and repos, as deployed clients upload and fetch them. Source: the deployed protocol."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from aimd_core.format.artifacts import LATEST
from aimd_core.format.limits import PART_BYTES, V1_FORM_BYTES
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import json_answer
from aimd_server.routes.bodies import read_body
from aimd_server.routes.content_streams import content_answer
from aimd_server.routes.forms import form_file
from aimd_server.routes.v1_bodies import needed, read_json
from aimd_server.services import artifact_bytes, artifacts, version1
from aimd_server.services.artifact_bytes import Filling, etag_of
from aimd_server.services.request_errors import invalid
from aimd_server.services.visibility import load_folder
from aimd_server.storage import Storage
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database

PART_LIMIT_BYTES = 16 << 20


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("POST", "/artifacts", create, access=Access.ANY_USER)
    table.add("GET", "/artifacts", get_tagged, access=Access.ANY_USER)
    table.add("GET", "/artifacts/{id}", get, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/objects", put_object, access=Access.ANY_USER)
    table.add("GET", "/artifacts/{id}/objects", get_object, access=Access.ANY_USER)
    table.add("GET", "/artifacts/{id}/objects/ls", list_objects, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/multipart", begin_parts, access=Access.ANY_USER)
    table.add("PUT", "/artifacts/{id}/multipart/{upload}", put_part, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/multipart/{upload}", complete_parts, access=Access.ANY_USER)
    table.add("PUT", "/artifacts/{id}/finalize", finalize, access=Access.ANY_USER)
    table.add("GET", "/repos", list_repos, access=Access.ANY_USER)


def open_to_uploads(table: RouteTable) -> None:
    """Let upload-only keys upload artifacts, but not read their objects."""
    table.open_to_uploads(
        ("POST", "/artifacts"),
        ("GET", "/artifacts/{id}"),
        ("POST", "/artifacts/{id}/objects"),
        ("GET", "/artifacts/{id}/objects/ls"),
        ("POST", "/artifacts/{id}/multipart"),
        ("PUT", "/artifacts/{id}/multipart/{upload}"),
        ("POST", "/artifacts/{id}/multipart/{upload}"),
        ("PUT", "/artifacts/{id}/finalize"),
    )


async def create(call: Call) -> Response:
    """Create an artifact and answer with its id."""
    folder, repo, kind = needed(call, "folder"), needed(call, "repo"), needed(call, "type")
    body = await read_json(call)
    return json_answer({"id": await call.run(artifacts.create, folder, repo, kind, body)})


async def get(call: Call) -> Response:
    """Answer with an artifact's document."""
    return json_answer(await call.run(artifacts.get, call.part("id")))


async def get_tagged(call: Call) -> Response:
    """Answer with the document of the artifact of a repo with a tag."""
    folder, repo = needed(call, "folder"), needed(call, "repo")
    tag = call.request.query_params.get("tag") or LATEST
    return json_answer(await call.run(artifacts.get_tagged, folder, repo, tag))


async def put_object(call: Call) -> Response:
    """Take an object from the field `content` of a form."""
    uid, key = call.part("id"), needed(call, "key")
    await call.run(artifact_bytes.require_open, uid, key)
    call.backend.bodies.take(call.request.scope, 2 * PART_BYTES)
    filling, buffer = Filling(call.backend.storage), bytearray()
    async for piece in form_file(call.request, "content", V1_FORM_BYTES):
        buffer += piece
        if len(buffer) >= PART_BYTES:
            await call.backend.run(filling.take, bytes(buffer))
            buffer.clear()
    await call.backend.run(filling.take, bytes(buffer))
    await call.run_stored(artifact_bytes.put_object, uid, key, filling)
    return json_answer({"id": uid})


async def get_object(call: Call) -> Response:
    """Answer with the bytes of an object."""
    call.take_slot()
    item = await call.run(artifacts.open_object, call.part("id"), needed(call, "key"))
    name = item.key.rpartition("/")[2]
    return await content_answer(call, item.content_id, item.digest, item.size, name, etag_of(item.digest))


async def list_objects(call: Call) -> Response:
    """Answer with the objects of an artifact; the checksum is an ETag."""
    rows = await call.run(artifacts.listed_objects, call.part("id"))
    shown = [{"path": row.key, "size_bytes": row.size, "checksum": etag_of(row.digest)} for row in rows]
    return json_answer({"results": shown})


async def begin_parts(call: Call) -> Response:
    """Begin an object that arrives in parts, and answer with the id of its upload."""
    return json_answer({"uploadId": await call.run(artifact_bytes.begin, call.part("id"), needed(call, "key"))})


async def put_part(call: Call) -> Response:
    """Take a part and answer with its ETag."""
    key, number = needed(call, "key"), needed(call, "partNum")
    if not (number.isascii() and number.isdigit() and len(number) <= 5):
        raise invalid("partNum is a number", field="partNum")
    body = await read_body(call.request, PART_LIMIT_BYTES)
    parts = call.backend.artifact_parts
    return json_answer(
        {"etag": await call.run_stored(_put, parts, call.part("id"), call.part("upload"), key, int(number), body)}
    )


def _put(storage: Storage, user: Account, parts: artifact_bytes.Parts, *part: Any) -> str:
    return parts.put(storage, user, *part)


async def complete_parts(call: Call) -> Response:
    """Make an object of its parts."""
    key, named = needed(call, "key"), await read_json(call)
    await call.run_stored(_complete, call.backend.artifact_parts, call.part("id"), call.part("upload"), key, named)
    return json_answer({"id": call.part("id")})


def _complete(storage: Storage, user: Account, parts: artifact_bytes.Parts, *part: Any) -> None:
    parts.complete(storage, user, *part)


async def finalize(call: Call) -> Response:
    """Make an artifact final."""
    return json_answer({"id": call.part("id"), "version": await call.run(artifacts.finalize, call.part("id"))})


async def list_repos(call: Call) -> Response:
    """Answer with the repos of the user, those that others share, or both."""
    scope = call.request.query_params.get("scope") or "own"
    if scope not in ("own", "shared", "all"):
        raise invalid("scope is own, shared or all", field="scope")
    return json_answer({"repos": await call.run(_repos, scope)})


def _repos(database: Database, user: Account, scope: str) -> list[dict[str, Any]]:
    def operation(connection: Any) -> list[dict[str, Any]]:
        uids = artifacts.repo_ids(connection, user, scope)
        return [version1.folder_document(user, load_folder(connection, user, uid)) for uid in uids]

    return database.read(operation)
