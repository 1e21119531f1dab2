"""Short ways to call the server in tests: a user with a key, and documents as clients send them."""

from __future__ import annotations

import gzip
import itertools
import json
import uuid
from typing import Any

import httpx

from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

_numbers = itertools.count()


def new_id() -> str:
    return str(uuid.uuid4())


def line(step: int, loss: float = 0.5, metrics_type: str = "train") -> bytes:
    """Return a journal line as the SDK writes it."""
    sequence = {"epoch": None, "step": step, "timestamp": "2026-11-23T15:03:27.946397+00:00"}
    return (json.dumps({metrics_type: {"value": {"loss": loss}, "sequence": sequence}}) + "\n").encode()


def whole_records(content: bytes, cut: int) -> int:
    """Return how many records a cut leaves whole; one without its newline is whole, too."""
    lines = content[:cut].split(b"\n")
    return len(lines) - 1 + (lines[-1] != b"" and content[cut : cut + 1] == b"\n")


def wish(name: str = "cnn", **more: Any) -> dict[str, Any]:
    """Return the body of a version 2 PUT."""
    metadata = {
        "kind": "Trial",
        "metadata": {"folder": None, "name": name, "editor": None, "id": None, "timestamp": None},
        "platform": {"hostname": "node-3", "python": "3.11.7"},
        "startTime": "2026-11-23T15:03:27.664883+00:00",
        "endTime": None,
        "status": "Running",
        "_git": {},
    }
    return {
        "name": name,
        "alternative_name": f"{name}_261123_150327_f9by70",
        "folder": {"id": None, "path": "digits/mnist", "make": True},
        "on_conflict": "new",
        "state": "Running",
        "metadata": metadata,
        "parameters": {"lr": 0.01},
        **more,
    }


class User:
    """Somebody with a key, speaking both versions."""

    def __init__(self, server: RunningServer, name: str = "", key: str = "") -> None:
        self.server = server
        self.name = name or f"user{next(_numbers)}"
        self.key = key or server.new_user(self.name)
        self.headers = {"Authorization": f"Bearer {self.key}"}
        self.http = httpx.Client(
            timeout=PATIENCE_S, trust_env=False, verify=False
        )  # plain HTTP: no certificates to load

    def __enter__(self) -> User:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def at(self, server: RunningServer) -> User:
        """Return the same user at another server on the same database."""
        return User(server, self.name, self.key)

    def v1(self, method: str, path: str, body: Any = None, /, **query: str) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        url = f"{self.server.url}/apis/v1{path}"
        return self.http.request(method, url, params={"apikey": self.key, **query}, content=content)

    def v2(self, method: str, path: str, **how: Any) -> httpx.Response:
        headers = {**self.headers, **how.pop("headers", {})}
        return self.http.request(method, f"{self.server.url}/apis/v2{path}", headers=headers, **how)

    def put(self, trial_id: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return self.v2("PUT", f"/trials/{trial_id}", json=body or wish())

    def new_trial(self, name: str = "cnn", **more: Any) -> str:
        trial_id = new_id()
        answer = self.put(trial_id, wish(name, **more))
        assert answer.status_code == 201, answer.text
        return trial_id

    def patch(
        self, trial_id: str, offset: int | str, content: bytes, file: str = "metrics", packed: bool = False
    ) -> httpx.Response:
        headers = {"Upload-Offset": str(offset)}
        if packed:
            headers["Content-Encoding"] = "gzip"
            content = gzip.compress(content, 1)
        return self.v2("PATCH", f"/trials/{trial_id}/files/{file}", headers=headers, content=content)

    def bytes_of(self, trial_id: str, file: str = "metrics") -> bytes:
        answer = self.v2("GET", f"/trials/{trial_id}/files/{file}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def trial(self, trial_id: str) -> dict[str, Any]:
        answer = self.v2("GET", f"/trials/{trial_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])
