"""Version 2: artifacts. Their objects are contents, which are sent as those of trials' files are."""

from __future__ import annotations

from starlette.responses import Response

from aimd_core.format.artifacts import LATEST
from aimd_core.reading.lineage import DEPTH
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.content_streams import batch_answer, content_answer, parts_answer
from aimd_server.routes.v2_bodies import number_in, read_document
from aimd_server.services import artifact_changes, artifact_lists, artifacts, content_batches, lineage
from aimd_server.services.artifact_bytes import etag_of
from aimd_server.services.artifact_changes import AliasChange, ArtifactWish
from aimd_server.services.artifact_lists import PAGE, ArtifactBatch, ArtifactListRequest
from aimd_server.services.artifacts import ObjectsWish
from aimd_server.services.content_batches import BatchWish
from aimd_server.services.request_errors import invalid


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("GET", "/artifacts", list_artifacts, access=Access.ANY_USER)
    table.add("POST", "/artifacts/batch", get_batch, access=Access.READER)
    table.add("GET", "/artifacts/by-tag", get_by_tag, access=Access.ANY_USER)
    table.add("GET", "/artifacts/{id}", get_artifact, access=Access.ANY_USER)
    table.add("PUT", "/artifacts/{id}", put_artifact, access=Access.ANY_USER)
    table.add("DELETE", "/artifacts/{id}", delete_artifact, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/restore", restore_artifact, access=Access.ANY_USER)
    table.add("GET", "/artifacts/{id}/objects", get_objects, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/objects", post_objects, access=Access.ANY_USER)
    table.add("GET", "/artifacts/{id}/content", get_content, access=Access.ANY_USER)
    table.add("GET", "/artifacts/{id}/content/parts", get_parts, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/contents", post_batch, access=Access.READER)
    table.add("GET", "/artifacts/{id}/lineage", get_lineage, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/finalize", finalize, access=Access.ANY_USER)
    table.add("POST", "/artifacts/{id}/aliases", change_aliases, access=Access.ANY_USER)
    table.open_to_uploads(
        ("GET", "/artifacts/{id}"),
        ("PUT", "/artifacts/{id}"),
        ("POST", "/artifacts/{id}/objects"),
        ("POST", "/artifacts/{id}/finalize"),
    )


async def list_artifacts(call: Call) -> Response:
    """Answer with a page of artifacts."""
    query = call.request.query_params
    limit = number_in(call, "limit", PAGE)
    request = ArtifactListRequest(query.get("folder"), query.get("folder_id"), limit, query.get("cursor"))
    return json_answer(await call.run(artifact_lists.listed, request))


async def get_batch(call: Call) -> Response:
    """Answer with many artifacts by id."""
    return json_answer(await call.run(artifact_lists.batch, await read_document(call, ArtifactBatch)))


async def get_by_tag(call: Call) -> Response:
    """Answer with the artifact of a repo that has a tag: `latest`, a version or an alias."""
    query = call.request.query_params
    folder, repo = query.get("folder", ""), query.get("repo", "")
    if not folder or not repo:
        raise invalid("name the folder and the repo: folder=...&repo=...", field="repo")
    return json_answer(await call.run(artifact_lists.by_tag, folder, repo, query.get("tag") or LATEST))


async def get_artifact(call: Call) -> Response:
    """Answer with one artifact."""
    return json_answer(await call.run(artifact_lists.one, call.part("id")))


async def put_artifact(call: Call) -> Response:
    """Create an artifact, which is not final yet."""
    wish = await read_document(call, ArtifactWish)
    artifact, is_fallback = await call.run(artifact_changes.put, call.part("id"), wish)
    return json_answer({**artifact, "fallback": is_fallback})


async def delete_artifact(call: Call) -> Response:
    """Move an artifact to the trash."""
    await call.run(artifact_changes.delete, call.part("id"))
    return empty_answer(204)


async def restore_artifact(call: Call) -> Response:
    """Restore an artifact from the trash."""
    return json_answer(await call.run(artifact_changes.restore, call.part("id")))


async def get_objects(call: Call) -> Response:
    """Answer with a page of the objects of an artifact."""
    after = call.request.query_params.get("cursor")
    return json_answer(await call.run(artifact_lists.objects, call.part("id"), after))


async def post_objects(call: Call) -> Response:
    """Set objects of an artifact to contents that were sent."""
    wish = await read_document(call, ObjectsWish)
    await call.run(artifacts.put_objects, call.part("id"), wish)
    return empty_answer(204)


async def get_content(call: Call) -> Response:
    """Answer with the bytes of an object, for saving, never for showing."""
    key = _key(call)
    call.take_slot()
    item = await call.run(artifacts.open_object, call.part("id"), key)
    name = item.key.rpartition("/")[2]
    return await content_answer(call, item.content_id, item.digest, item.size, name, etag_of(item.digest))


async def post_batch(call: Call) -> Response:
    """Answer with several small objects of an artifact at once."""
    call.take_slot()
    wish = await read_document(call, BatchWish)
    return await batch_answer(call, await call.run(content_batches.of_objects, call.part("id"), wish))


async def get_parts(call: Call) -> Response:
    """Answer with where the object store gives the bytes of an object."""
    item = await call.run(artifacts.open_object, call.part("id"), _key(call))
    return await parts_answer(call, item.content_id, item.digest)


def _key(call: Call) -> str:
    key = call.request.query_params.get("key", "")
    if not key:
        raise invalid("name the object: key=...", field="key")
    return key


async def get_lineage(call: Call) -> Response:
    """Answer with what an artifact or a trial was made from, and what was made from it."""
    depth = number_in(call, "depth", DEPTH)
    return json_answer(await call.run(lineage.graph, call.part("id"), depth))


async def finalize(call: Call) -> Response:
    """Make an artifact final, which gives it a version."""
    await call.run(artifacts.finalize, call.part("id"))
    return json_answer(await call.run(artifact_lists.one, call.part("id")))


async def change_aliases(call: Call) -> Response:
    """Give an artifact aliases, and remove others."""
    wish = await read_document(call, AliasChange)
    return json_answer(await call.run(artifact_changes.change_aliases, call.part("id"), wish))
