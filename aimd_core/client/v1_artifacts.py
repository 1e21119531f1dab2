"""Artifacts in version 1 of the HTTP API, as deployed servers speak it. Source: the deployed protocol.

The key is in the URL, so this is used only for hosts that have proved to be such servers, as `aimd_core.client.v1`.
A server is asked what it has before anything is sent again, so a lost answer costs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote

from aimd_core.client import answers
from aimd_core.client.connection import Response
from aimd_core.client.v1 import Calls
from aimd_core.errors import DamagedError
from aimd_core.format.journal import open_regular
from aimd_core.format.limits import V1_FORM_BYTES, V1_MAX_PARTS
from aimd_core.language import said

PART_BYTES = 6 << 20
_PIECE_BYTES = 1 << 20
Progress = Callable[[int], None]


class DeployedObject(NamedTuple):
    """An object as a server lists it: its size in bytes, and an ETag, which may be an MD5 in quotes."""

    size_bytes: int
    checksum: str


def part_bytes_for(size_bytes: int) -> int:
    """Return how large the parts of an object are: 6 MiB, more where that would be over 10,000 parts."""
    return max(PART_BYTES, -(-size_bytes // V1_MAX_PARTS))


class DeployedArtifacts:
    """The artifacts of a version 1 server, over the connection of a `DeployedServer`."""

    def __init__(self, calls: Calls) -> None:
        self.host = calls.host
        self._calls = calls

    def create(self, folder_id: str, repo: str, artifact_type: str, document: dict[str, Any]) -> str:
        """Create an artifact in a repo of a folder, and return its id."""
        query = {"folder": folder_id, "repo": repo, "type": artifact_type}
        answer = self._calls.send("POST", "/artifacts", document, query)
        self._calls.done(answer)
        return str(answers.read(answer, self.host, answers.OLD_CREATED)["id"])

    def artifact(self, artifact_id: str) -> dict[str, Any] | None:
        """Return an artifact's document, or None."""
        return self._document(self._calls.find("GET", _path(artifact_id)))

    def tagged(self, folder_id: str, repo: str, tag: str) -> dict[str, Any] | None:
        """Return the document of the artifact of a repo with a tag, or None."""
        return self._document(self._calls.find("GET", "/artifacts", {"folder": folder_id, "repo": repo, "tag": tag}))

    def _document(self, answer: Response | None) -> dict[str, Any] | None:
        if answer is None:
            return None
        document: dict[str, Any] = answers.read(answer, self.host, answers.OLD_ARTIFACT)
        return document

    def objects(self, artifact_id: str) -> dict[str, DeployedObject]:
        """Return an artifact's objects by key."""
        answer = self._calls.find("GET", f"{_path(artifact_id)}/objects/ls")
        rows = answers.read(answer, self.host, answers.OLD_OBJECTS)["results"] if answer is not None else []
        return {row["path"]: DeployedObject(row["size_bytes"], row.get("checksum") or "") for row in rows}

    def finalize(self, artifact_id: str) -> None:
        """Make an artifact immutable."""
        self._calls.done(self._calls.send("PUT", f"{_path(artifact_id)}/finalize"))

    def read(self, artifact_id: str, key: str, take: Callable[[bytes], bool]) -> None:
        """Pass an object's bytes to `take` as they arrive, as long as it returns True."""
        self._calls.read(f"{_path(artifact_id)}/objects", {"key": key}, take)

    def put(self, artifact_id: str, key: str, path: Path, size_bytes: int, progress: Progress) -> None:
        """Send an object.

        Args:
            artifact_id: The artifact, which is not final.
            key: Its key.
            path: The file, of which the first `size_bytes` are sent.
            size_bytes: How many.
            progress: Called with the number of bytes sent, each time.

        Raises:
            DamagedError: The file has become shorter.
        """
        if size_bytes <= V1_FORM_BYTES:
            self._put_form(artifact_id, key, path, size_bytes)
            progress(size_bytes)
        else:
            self._put_parts(artifact_id, key, path, size_bytes, progress)

    def _put_form(self, artifact_id: str, key: str, path: Path, size_bytes: int) -> None:
        boundary = os.urandom(16).hex()
        name = path.name.encode("utf-8", "replace").replace(b"\\", b"\\\\").replace(b'"', b"%22")
        disposition = b'Content-Disposition: form-data; name="content"; filename="' + _one_line(name) + b'"'
        head = b"--%s\r\n%s\r\nContent-Type: application/octet-stream\r\n\r\n" % (boundary.encode(), disposition)
        tail = b"\r\n--%s--\r\n" % boundary.encode()
        whole_bytes = len(head) + size_bytes + len(tail)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(whole_bytes),
        }

        def body(opened: BinaryIO) -> Iterator[bytes]:
            yield head
            yield from _pieces(opened, path, size_bytes)
            yield tail

        def attempt() -> Response:
            with open_regular(path) as opened:
                where = f"{_path(artifact_id)}/objects"
                return self._calls.once(
                    "POST", where, None, {"key": key}, content=body(opened), headers=headers, size_bytes=whole_bytes
                )

        self._calls.done(self._calls.connection.persist(attempt))

    def _put_parts(self, artifact_id: str, key: str, path: Path, size_bytes: int, progress: Progress) -> None:
        base = f"{_path(artifact_id)}/multipart"
        begun = self._calls.send("POST", base, None, {"key": key})
        self._calls.done(begun)
        upload_id = str(answers.read(begun, self.host, answers.OLD_PARTS)["uploadId"])
        where = f"{base}/{quote(upload_id, safe='')}"
        part_bytes = part_bytes_for(size_bytes)
        parts: list[dict[str, object]] = []
        with open_regular(path) as opened:
            while opened.tell() < size_bytes:
                content = opened.read(min(part_bytes, size_bytes - opened.tell()))
                if not content:
                    raise _shrunk(path)
                query = {"key": key, "partNum": str(len(parts) + 1)}
                answer = self._part(where, query, content)
                etag = answers.read(answer, self.host, answers.OLD_PART)["etag"]
                parts.append({"etag": etag, "partNumber": len(parts) + 1})
                progress(len(content))
        self._calls.done(self._calls.send("POST", where, {"parts": parts}, {"key": key}))

    def _part(self, where: str, query: dict[str, str], content: bytes) -> Response:
        def attempt() -> Response:
            return self._calls.once("PUT", where, None, query, content=content, size_bytes=len(content))

        answer = self._calls.connection.persist(attempt)
        self._calls.done(answer)
        return answer


def _path(artifact_id: str) -> str:
    return f"/artifacts/{quote(artifact_id, safe='')}"


def _one_line(name: bytes) -> bytes:
    return name.replace(b"\r", b" ").replace(b"\n", b" ")


def _pieces(opened: BinaryIO, path: Path, size_bytes: int) -> Iterator[bytes]:
    left = size_bytes
    while left:
        piece = opened.read(min(_PIECE_BYTES, left))
        if not piece:
            raise _shrunk(path)
        left -= len(piece)
        yield piece


def _shrunk(path: Path) -> DamagedError:
    return DamagedError(
        path=path, reason=said("became shorter while it was sent"), hint="Send it again when it is whole"
    )
