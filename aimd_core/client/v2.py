"""The HTTP API, version 2, as functions. Described in docs/http-api.md."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from aimd_core.client.connection import Connection, Response, RetryPolicy
from aimd_core.config import Credentials
from aimd_core.errors import (
    AccessError,
    AimdError,
    ContentDiffersError,
    KeyRefusedError,
    NameTakenError,
    NotAServerError,
    RefusedError,
    RemoteNotFoundError,
)

_GZIP_WINDOW = 31  # zlib's number for a gzip wrapper
_LEVEL = 1  # a fifth of the bytes for a third of the CPU of the default level
PAGE = 200


class OffsetMismatchError(AimdError):
    """The server stands elsewhere in a file. Facts: offset (bytes)."""

    code = "offset_mismatch"
    text = "the server stands at byte {offset}"


class Server:
    """An AIMD server that speaks version 2. Use it as a context manager; not shared between threads."""

    def __init__(self, credentials: Credentials, retry: RetryPolicy | None = None) -> None:
        self.host = credentials.host
        headers = {"Authorization": f"Bearer {credentials.api_key}"}
        self._connection = Connection(credentials.host, headers, retry)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.__exit__(kind, error, at)

    def info(self) -> dict[str, Any]:
        """Return the server's name, version, user and limits."""
        return self._object(self._send("GET", "/info"))

    def put_trial(self, trial_id: str, document: dict[str, Any]) -> dict[str, Any]:
        """Create or update a trial and return where it landed and what the server has of its files.

        Raises:
            NameTakenError: The name is taken and the strategy is `error`.
            RefusedError: The server does not take it.
        """
        answer = self._send("PUT", f"/trials/{trial_id}", document=document)
        return self._object(answer)

    def append(self, trial_id: str, file: str, offset: int, content: bytes) -> int:
        """Send a file's bytes from `offset` on and return where the server stands afterwards.

        Raises:
            OffsetMismatchError: The server stands before `offset`.
            ContentDiffersError: The server has other bytes there.
        """
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        packed = packer.compress(content) + packer.flush()
        headers = {
            "Upload-Offset": str(offset),
            "Content-Encoding": "gzip",
            "Content-Type": "application/octet-stream",
        }
        path = f"/trials/{trial_id}/files/{file}"
        answer = self._send("PATCH", path, content=packed, headers=headers)
        return self._offset(answer)

    def trials(self, folder: str | None = None, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the trials that the key may see, newest first.

        Args:
            folder: Only those in this folder path and below.
            limit: How many at most.
        """
        query = {"limit": str(min(PAGE, limit or PAGE)), **({"folder": folder} if folder else {})}
        left = limit
        while True:
            page = self._object(self._send("GET", "/trials", query=query))
            for trial in page.get("trials", []):
                yield trial
                left = left - 1 if left is not None else None
                if left == 0:
                    return
            if not page.get("next"):
                return
            query["cursor"] = str(page["next"])

    def trial(self, trial_id: str) -> dict[str, Any]:
        """Return one trial.

        Raises:
            RemoteNotFoundError: It is not there, or the key may not see it.
        """
        return self._object(self._send("GET", f"/trials/{trial_id}"))

    def call(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        """Send a request and return its answer's JSON object, an empty one for an answer without a body."""
        answer = self._send(method, path, **how)
        return self._object(answer) if answer.body else {}

    def _send(self, method: str, path: str, **how: Any) -> Response:
        answer = self._connection.request(method, f"/apis/v2{path}", **how)
        if answer.status // 100 == 2:
            return answer
        raise self._error(answer, path)

    def _error(self, answer: Response, path: str) -> AimdError:
        document = answer.json()
        error = document.get("error") if isinstance(document, dict) else None
        if answer.status == 401:
            return KeyRefusedError(host=self.host, reason="unknown, expired or revoked")
        if not isinstance(error, dict):
            return NotAServerError(host=self.host, reason=f"HTTP {answer.status} without an error of ours")
        code, message = str(error.get("code")), str(error.get("message"))
        if code == "offset_mismatch":
            return OffsetMismatchError(offset=self._offset(answer))
        if code == "content_differs":
            return ContentDiffersError(path=path, reason="the server has other bytes there")
        if code == "name_taken":
            return NameTakenError(name=error.get("name", "?"), folder=error.get("folder", "that folder"))
        if answer.status == 403:
            return AccessError(message=f"{self.host} does not allow this: {message}")
        if answer.status == 404:
            return RemoteNotFoundError(what=message)
        return RefusedError(host=self.host, reason=f"{message} ({code})")

    def _object(self, answer: Response) -> dict[str, Any]:
        document = answer.json()
        if not isinstance(document, dict):
            raise NotAServerError(host=self.host, reason="its answer is no JSON object")
        return document

    def _offset(self, answer: Response) -> int:
        value = answer.headers.get("upload-offset", "")
        if not value.isascii() or not value.isdigit():
            raise NotAServerError(host=self.host, reason="its answer has no Upload-Offset")
        return int(value)
