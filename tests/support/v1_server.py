"""A server that speaks version 1 and nothing else, from the standard library, after the written protocol alone.

It shares no code with this project's server, so that the client is held to the protocol and not to our reading of it
on the other side. It refuses a body that is not strict JSON, as the deployed servers do.
"""

from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.v1_artifacts import DeployedArtifactModel

BASE = "/t9k/experiment/server"
Answer = tuple[int, object]


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


class DeployedModel:
    """What such a server keeps, and how it answers."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.folders: dict[str, dict[str, Any]] = {}
        self.trials: dict[str, dict[str, Any]] = {}
        self.parameters: dict[str, Any] = {}
        self.points: dict[str, dict[str, list[Any]]] = {}
        self.lock = threading.Lock()
        self.artifacts = DeployedArtifactModel(self.folders)

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: bytes, kind: str = "") -> Answer:
        if parts == ["oauth2", "userinfo"]:
            return 200, {"preferred_username": "lin"}
        if parts[:3] == ["apis", "v1", "artifacts"]:
            with self.lock:
                return self.artifacts.answer(method, parts[3:], query, body, kind)
        if parts[:2] != ["apis", "v1"] or len(parts) < 3 or parts[2] not in ("folders", "trials"):
            return 404, ""
        try:
            document = json.loads(body, parse_constant=_refuse_constant) if body else None
        except ValueError:
            return 400, "invalid body"
        with self.lock:
            if parts[2] == "folders":
                return self._folders(method, parts[3:], query, document)
            return self._trials(method, parts[3:], query, document)

    def _folders(self, method: str, rest: list[str], query: dict[str, str], document: Any) -> Answer:
        if method == "POST":
            folder_id = str(uuid.uuid4())
            inner = {"folder": "root", **document["metadata"], "id": folder_id}
            self.folders[folder_id] = {**document, "metadata": inner}
            return 200, {"id": folder_id}
        if not rest:
            return 200, {"folders": list(self.folders.values()), "pointers": []}
        if rest == ["id"]:
            found = [one for one in self.folders if self._path(one) == query["path"]]
            return (200, found[0]) if found else (500, f"folder {query['path']} not exists")
        known = self.folders.get(rest[0])
        return (200, {"doc": known}) if known else (500, "[Get] doc not found")

    def _path(self, folder_id: str) -> str:
        inner = self.folders[folder_id]["metadata"]
        above = "" if inner["folder"] == "root" else self._path(inner["folder"])
        return f"{above}/{inner['name']}"

    def _trials(self, method: str, rest: list[str], query: dict[str, str], document: Any) -> Answer:
        if not rest:
            return self._create(document)
        if rest == ["id"]:
            wanted = (query["folder"], query["name"])
            found = [uid for uid, one in self.trials.items() if self._place(one) == wanted]
            return (200, found[0]) if found else (500, "[Get] doc not found")
        uid, what = rest[0], rest[1:]
        if uid not in self.trials:
            return 500, "[Get] doc not found"
        if not what:
            return self._one(method, uid, document)
        if what == ["parameters"]:
            if method == "POST":
                self.parameters[uid] = document
            return 200, self.parameters.get(uid, {})
        if method == "POST":
            self.points[uid].setdefault(what[1], []).extend(document)
            return 200, ""
        return 200, self.points[uid]

    def _place(self, document: dict[str, Any]) -> tuple[str, str]:
        return document["metadata"]["folder"], document["metadata"]["name"]

    def _create(self, document: Any) -> Answer:
        uid = document["metadata"]["id"]
        if uid in self.trials:
            return 400, "uuid already exists"
        if self._place(document) in map(self._place, self.trials.values()):
            return 400, f"Trial {document['metadata']['name']} already exists"
        self.trials[uid], self.points[uid] = document, {}
        return 200, {"id": uid}

    def _one(self, method: str, uid: str, document: Any) -> Answer:
        if method == "DELETE":
            del self.trials[uid]
            return 200, ""
        if method == "PUT":
            self.trials[uid] = document
            return 200, ""
        shown = self.trials[uid]
        return 200, {"doc": {**shown, "metadata": {**shown["metadata"], "editor": "lin", "timestamp": "now"}}}


class DeployedTestServer:
    """Runs while it is entered as a context manager. `requests` holds method and target of each request."""

    def __init__(self) -> None:
        self.key = str(uuid.uuid4())
        self.model = model = DeployedModel(self.key)
        self.requests: list[str] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                requests.append(f"{self.command} {self.path}")
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                path = parts.path.removeprefix(BASE)
                known = path.startswith(("/apis/v1/", "/oauth2/"))
                if not known:
                    self._send(404, "")
                elif "apikey" not in query:
                    self._send(302, "")
                elif not query["apikey"]:
                    self._send(400, "query is needed: apikey")
                elif query["apikey"] != model.key:
                    self._send(400, f"api key {query['apikey']} not found\n")
                else:
                    kind = self.headers.get("Content-Type") or ""
                    words = [unquote(p) for p in path[1:].split("/")]
                    self._send(*model.answer(self.command, words, query, body, kind))

            def _send(self, status: int, answer: object) -> None:
                text = answer if isinstance(answer, str) else "" if isinstance(answer, bytes) else json.dumps(answer)
                content = answer if isinstance(answer, bytes) else text.encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://192.0.2.1/login")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{BASE}"

    def __enter__(self) -> DeployedTestServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
