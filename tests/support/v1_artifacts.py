"""The artifacts of a server that speaks version 1 only, from the standard library, after the written protocol alone."""

from __future__ import annotations

import hashlib
import json
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

Answer = tuple[int, object]
MISSING: Answer = (500, "[Get] doc not found")


class DeployedArtifactModel:
    """What such a server keeps of artifacts, and how it answers. Bodies are bytes; an answer may be, too."""

    def __init__(self, folders: dict[str, dict[str, Any]]) -> None:
        self.folders = folders
        self.documents: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, dict[str, bytes]] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.refused_key = ""  # for which it answers 400

    def answer(self, method: str, rest: list[str], query: dict[str, str], body: bytes, kind: str) -> Answer:
        if not rest:
            return self._create(query, json.loads(body)) if method == "POST" else self._tagged(query)
        uid, what = rest[0], rest[1:]
        if uid not in self.documents:
            return MISSING
        if what and method != "GET" and self.documents[uid]["commit"]:
            return 400, "artifact is final"
        if query.get("key") and query["key"] == self.refused_key:
            return 400, "no such key, please"
        if not what:
            return 200, self.documents[uid]
        if what == ["finalize"]:
            return self._finalize(uid)
        if what[0] == "multipart":
            return self._multipart(method, uid, what[1:], query, body)
        if what == ["objects", "ls"]:
            listed = [
                {"path": key, "size_bytes": len(content), "checksum": f'"{hashlib.md5(content).hexdigest()}"'}
                for key, content in self.objects[uid].items()
            ]
            return 200, {"results": listed}
        if method == "POST":
            self.objects[uid][query["key"]] = form_field(body, kind, "content")
            return 200, ""
        content = self.objects[uid].get(query["key"])
        return (500, "object not found") if content is None else (200, content)

    def _create(self, query: dict[str, str], document: dict[str, Any]) -> Answer:
        uid = document["metadata"]["id"]
        if uid in self.documents:
            return 400, "uuid already exists"
        repo = self._repo(query["folder"], query["repo"])
        if repo is None:
            repo = str(uuid.uuid4())
            inner = {"id": repo, "name": query["repo"], "folder": query["folder"]}
            config = {"profile": {"type": query["type"]}}
            self.folders[repo] = {"kind": "Folder", "type": "artifact", "metadata": inner, "config": config}
        assert document["commit"] is None
        assert "_remote" not in document
        inner = {**document["metadata"], "folder": repo, "editor": "lin", "timestamp": "2026-11-26T00:00:00+00:00"}
        self.documents[uid] = {**document, "metadata": inner}
        self.objects[uid] = {}
        return 200, {"id": uid}

    def _repo(self, folder: str, name: str) -> str | None:
        for uid, row in self.folders.items():
            inner = row["metadata"]
            if row["type"] == "artifact" and (inner["folder"], inner["name"]) == (folder, name):
                return uid
        return None

    def _versions(self, repo: str) -> list[dict[str, Any]]:
        final = [row for row in self.documents.values() if row["metadata"]["folder"] == repo and row["commit"]]
        return sorted(final, key=lambda row: int(row["version"]))

    def _tagged(self, query: dict[str, str]) -> Answer:
        repo = self._repo(query["folder"], query["repo"])
        versions = self._versions(repo) if repo else []
        for row in reversed(versions):
            if query["tag"] in ("latest", row["version"], *row["aliases"]):
                return 200, row
        return MISSING

    def _finalize(self, uid: str) -> Answer:
        row = self.documents[uid]
        version = str(len(self._versions(row["metadata"]["folder"])) + 1)
        row |= {"commit": hashlib.sha1(uid.encode()).hexdigest(), "version": version}
        return 200, ""

    def _multipart(self, method: str, uid: str, rest: list[str], query: dict[str, str], body: bytes) -> Answer:
        if not rest:
            upload = uuid.uuid4().hex
            self.parts[upload] = {}
            return 200, {"uploadId": upload}
        parts = self.parts[rest[0]]
        if method == "PUT":
            parts[int(query["partNum"])] = body
            return 200, {"etag": f'"{hashlib.md5(body).hexdigest()}"'}
        named = json.loads(body)["parts"]
        assert [part["partNumber"] for part in named] == sorted(parts)
        assert all(part["etag"].strip('"') == hashlib.md5(parts[part["partNumber"]]).hexdigest() for part in named)
        self.objects[uid][query["key"]] = b"".join(parts[number] for number in sorted(parts))
        return 200, ""


def form_field(body: bytes, kind: str, name: str) -> bytes:
    """Return a field of a multipart form."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    for part in message.iter_parts():
        if part.get_param("name", header="content-disposition") == name:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content
    raise AssertionError(f"the form has no field {name}")
