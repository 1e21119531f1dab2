"""Artifacts of a version 2 server. Their objects are contents, which `aimd_core.client.contents` sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from aimd_core.client import answers
from aimd_core.client.answers import misfitting
from aimd_core.client.direct import ContentAddress, receive
from aimd_core.client.v2 import Server
from aimd_core.format.limits import MAX_CHANGES
from aimd_core.format.model import StoredObject
from aimd_core.reading.lineage import Lineage, LineageNode

BATCH_AT_ONCE = 500


def put(server: Server, artifact_id: str, document: dict[str, Any]) -> dict[str, Any]:
    """Create an artifact that is not final, or change its document, and return it; a final one stays as it is.

    Args:
        server: The server.
        artifact_id: Its id.
        document: `repo`, `type`, `folder` and `metadata`, as in docs/reference/http-api.md.
    """
    return server.call(answers.ARTIFACT, "PUT", f"/artifacts/{artifact_id}", document=document)


def get(server: Server, artifact_id: str) -> dict[str, Any]:
    """Return an artifact.

    Raises:
        RemoteNotFoundError: It does not exist, or the key may not see it.
    """
    return server.call(answers.ARTIFACT, "GET", f"/artifacts/{quote(artifact_id, safe='')}")


def batch(server: Server, artifact_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return some artifacts by id, without those that do not exist or that the key may not see."""
    answered: dict[str, dict[str, Any]] = {}
    for start in range(0, len(artifact_ids), BATCH_AT_ONCE):
        document = {"ids": list(artifact_ids[start : start + BATCH_AT_ONCE])}
        page = server.call(answers.ARTIFACT_BATCH, "POST", "/artifacts/batch", document=document)
        answered.update((row["id"], row) for row in page["artifacts"])
    return answered


def by_tag(server: Server, folder: str, repo: str, tag: str) -> dict[str, Any]:
    """Return the artifact of a repo with a tag; `folder` is an id, or a path that begins with `/`. Errors as `get`."""
    query = {"folder": folder, "repo": repo, "tag": tag}
    return server.call(answers.ARTIFACT, "GET", "/artifacts/by-tag", query=query)


def listed(server: Server, folder: str | None = None, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the final artifacts in the user's folders, or in one and below, the last created first."""
    query = {"folder": folder} if folder else {}
    left = limit
    for page in server.pages(answers.ARTIFACTS, "/artifacts", query):
        for artifact in page["artifacts"]:
            yield artifact
            left = left - 1 if left is not None else None
            if left == 0:
                return


def objects_of(server: Server, artifact_id: str) -> Iterator[StoredObject]:
    """Yield the objects of an artifact, by key."""
    for page in server.pages(answers.OBJECTS, f"/artifacts/{artifact_id}/objects", {}):
        for row in page["objects"]:
            yield StoredObject(row["key"], row["size"], row["digest"])


def put_objects(server: Server, artifact_id: str, objects: Sequence[tuple[str, str]]) -> None:
    """Set objects of an artifact, each a key and the digest of a content that was sent."""
    for start in range(0, len(objects), MAX_CHANGES):
        some = [{"key": key, "digest": digest} for key, digest in objects[start : start + MAX_CHANGES]]
        server.call(None, "POST", f"/artifacts/{artifact_id}/objects", document={"objects": some})


def finalize(server: Server, artifact_id: str) -> dict[str, Any]:
    """Make an artifact final, and return it; a final one stays as it is."""
    return server.call(answers.ARTIFACT, "POST", f"/artifacts/{artifact_id}/finalize", document={})


def read(server: Server, artifact_id: str, row: StoredObject, start: int, take: Callable[[bytes], bool]) -> None:
    """Pass the bytes of an object from `start` on to `take`, as long as it returns True.

    Raises:
        UnreachableError: It is incomplete; what arrived was passed on.
    """
    path = f"/artifacts/{artifact_id}/content"
    receive(server, ContentAddress(path, "key", row.key, row.size_bytes), start, take)


def change_aliases(server: Server, artifact_id: str, add: Sequence[str], remove: Sequence[str]) -> dict[str, Any]:
    """Give an artifact aliases, which others lose, and remove others from it; return it."""
    document = {"add": list(add), "remove": list(remove)}
    return server.call(answers.ARTIFACT, "POST", f"/artifacts/{artifact_id}/aliases", document=document)


def delete(server: Server, artifact_id: str) -> None:
    """Move an artifact to the trash."""
    server.call(None, "DELETE", f"/artifacts/{artifact_id}")


def restore(server: Server, artifact_id: str) -> dict[str, Any]:
    """Restore an artifact from the trash, and return it."""
    return server.call(answers.ARTIFACT, "POST", f"/artifacts/{artifact_id}/restore", document={})


def lineage_of(server: Server, uid: str, depth: int) -> Lineage:
    """Return the graph around an artifact or a trial, as far as the key may see it.

    Raises:
        RemoteNotFoundError: It does not exist, or the key may not see it.
    """
    path = f"/artifacts/{quote(uid, safe='')}/lineage"
    answer = server.call(answers.LINEAGE, "GET", path, query={"depth": str(depth)})
    nodes = {row["id"]: LineageNode(row["kind"], row["id"], row["name"], row["detail"]) for row in answer["nodes"]}
    if answer["start"] not in nodes:
        raise misfitting(server.host, "start", "one of the nodes")
    lineage = Lineage(nodes[answer["start"]])
    for edge in answer["edges"]:
        source, target = edge["source"], edge["target"]
        if source in nodes and target in nodes:
            lineage.add(nodes[source], (source, target))
            lineage.add(nodes[target], (source, target))
    return lineage
