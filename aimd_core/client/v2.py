"""The HTTP API, version 2, as functions. Described in docs/reference/http-api.md."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from aimd_core.client import answers
from aimd_core.client.answers import Shape
from aimd_core.client.connection import Connection, Response, RetryPolicy
from aimd_core.config import Credentials
from aimd_core.errors import (
    AccessError,
    AimdError,
    BusyError,
    ContentDiffersError,
    KeyRefusedError,
    NameInUseError,
    NameTakenError,
    NotAServerError,
    QuotaError,
    RefusedError,
    RemoteArtifactNotFoundError,
    RemoteFolderNotFoundError,
    RemoteNotFoundError,
    ViewChangedError,
)
from aimd_core.format.protocol import V2_PATH
from aimd_core.format.values import size_text
from aimd_core.language import said, warn_once

T = TypeVar("T")

_GZIP_WINDOW = 31  # zlib's code for the gzip format
_LEVEL = 1  # a fifth of the bytes for a third of the default level's CPU
PAGE = 200
KNOWN_AT_ONCE = 250
MAX_PAGES = 100_000
_OFFSET = re.compile("[0-9]{1,18}")


class Standing(NamedTuple):
    """How much of a file the server has: bytes and their digest, empty if it was not requested."""

    offset: int
    digest: str


def pack(content: bytes) -> bytes:
    """Return bytes compressed with gzip at its lowest level."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(content) + packer.flush()


class OffsetMismatchError(AimdError):
    """The server has another offset of a file. Facts: offset (bytes)."""

    code = "offset_mismatch"
    text = "the server stands at byte {offset}"


class DirectReading:
    """Whether large contents come from the object store itself; the same for all connections to a server.

    Attributes:
        is_offered: Whether the server offers it; None until it is asked.
        has_failed: Whether it did not work once, so that the server sends everything from then on.
    """

    def __init__(self) -> None:
        self.is_offered: bool | None = None
        self.has_failed = False


class Server:
    """A version 2 server. Use it as a context manager, in one thread.

    Attributes:
        host: Its address.
        direct: Whether large contents come from its object store.
        store: A connection to that, once there is one.
        is_aborted: Whether `abort` was called.
    """

    def __init__(self, credentials: Credentials, retry: RetryPolicy | None = None) -> None:
        self.host = credentials.host
        self._made_of = credentials, retry
        self._twins: list[Server] = []
        self.direct = DirectReading()
        self.store: Connection | None = None
        self.is_aborted = False
        headers = {"Authorization": f"Bearer {credentials.api_key}"}
        self._connection = Connection(credentials.host, headers, retry)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.__exit__(kind, error, at)
        if self.store is not None:
            self.store.__exit__(kind, error, at)

    def abort(self) -> None:
        """Abort the current request, from another thread."""
        self.is_aborted = True
        self._connection.abort()
        if self.store is not None:
            self.store.abort()
        for twin in list(self._twins):
            twin.abort()

    def info(self) -> dict[str, Any]:
        """Return the server's name, version, user and limits."""
        return self.call(answers.INFO, "GET", "/info")

    def put_trial(self, trial_id: str, document: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        """Create or update a trial, and return where it is and what the server has of its files.

        Args:
            trial_id: Its id.
            document: The body, as in docs/reference/http-api.md.
            dry_run: Return what would happen, and change nothing.

        Raises:
            NameTakenError: The name is taken and the strategy is `error`.
            RefusedError: The server does not accept it.
        """
        content = pack(json.dumps(document, allow_nan=False).encode())
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        query = {"dry_run": "1"} if dry_run else None
        path = f"/trials/{trial_id}"
        try:
            return self.call(answers.UPLOADED, "PUT", path, content=content, headers=headers, query=query)
        except NameInUseError as error:
            raise NameTakenError(**error.facts) from None

    def known(self, trial_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what the server has of some trials, by id; those that it lacks are left out."""
        answered: dict[str, dict[str, Any]] = {}
        for start in range(0, len(trial_ids), KNOWN_AT_ONCE):
            ids = list(trial_ids[start : start + KNOWN_AT_ONCE])
            answered |= self.call(answers.KNOWN, "POST", "/trials/known", document={"ids": ids})["trials"]
        return answered

    def append(self, trial_id: str, file: str, offset: int, packed: bytes, wants_digest: bool = False) -> Standing:
        """Send a file's bytes from `offset` on, compressed by `pack`, and return how much the server has then.

        If the outcome is unknown, the server is asked for its offset before anything is sent again.

        Args:
            trial_id: The trial.
            file: `metrics`, `segments` or `stdout.log`.
            offset: Where the bytes begin in the file.
            packed: The bytes.
            wants_digest: Whether to return the digest of the whole file.

        Raises:
            OffsetMismatchError: The server has fewer bytes than `offset`.
            ContentDiffersError: The server has other bytes there.
        """
        headers = {
            "Upload-Offset": str(offset),
            "Content-Encoding": "gzip",
            "Content-Type": "application/octet-stream",
            **({"Want-Upload-Digest": "?1"} if wants_digest else {}),
        }
        path = f"/trials/{trial_id}/files/{file}"
        tried = False

        def attempt() -> Standing:
            nonlocal tried
            if tried:
                standing = self._head(self._connection.once("HEAD", V2_PATH + path), path)
                if standing.offset != offset:
                    return standing
            tried = True
            return _standing(
                self.host,
                self._checked(self._connection.once("PATCH", V2_PATH + path, content=packed, headers=headers), path),
            )

        return self._connection.persist(attempt)

    def put_document(self, trial_id: str, file: str, content: bytes) -> Standing:
        """Replace a small file, and return how the server has it."""
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}
        path = f"/trials/{trial_id}/files/{file}"
        return _standing(self.host, self.send("PUT", path, content=pack(content), headers=headers))

    def standing(self, trial_id: str, file: str) -> Standing:
        """Return how much of a file the server has, with its digest."""
        path = f"/trials/{trial_id}/files/{file}"
        return self._head(self._connection.request("HEAD", V2_PATH + path), path)

    def read(self, trial_id: str, file: str, start: int, take: Callable[[bytes], bool]) -> None:
        """Pass a file's bytes from `start` on to `take`, piece by piece, as long as it returns True.

        Raises:
            UnreachableError: It is incomplete; what arrived was passed on.
        """
        read_at(self, f"/trials/{trial_id}/files/{file}", start, take)

    def trials(
        self, folder: str | None = None, limit: int | None = None, where: str = "", sort: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yield the trials that the key may see, by default newest first.

        Args:
            folder: Only those in this folder path and below.
            limit: The most trials to yield.
            where: A query; the server needs the feature `query`.
            sort: Sort keys; the server needs the feature `query`.
        """
        asked = {"folder": folder, "where": where, "sort": sort}
        query = {"limit": str(min(PAGE, limit or PAGE)), **{name: text for name, text in asked.items() if text}}
        left = limit
        for page in self.pages(answers.TRIALS, "/trials", query):
            if page.get("behind"):
                warn_once(
                    said("note: the newest points of {count} trials are not in their values yet", count=page["behind"])
                )
            for trial in page["trials"]:
                yield trial
                left = left - 1 if left is not None else None
                if left == 0:
                    return

    def trial(self, trial_id: str) -> dict[str, Any]:
        """Return one trial.

        Raises:
            RemoteNotFoundError: It does not exist, or the key may not see it.
        """
        return self.call(answers.TRIAL, "GET", f"/trials/{trial_id}")

    def pages(self, shape: Shape, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Yield all pages of a list.

        Raises:
            NotAServerError: A page leads back to an earlier one, or there is no end of them.
        """
        cursors: set[str] = set()
        while True:
            page = self.call(shape, "GET", path, query=query)
            yield page
            following = page.get("next")
            if not following:
                return
            if following in cursors or len(cursors) >= MAX_PAGES:
                raise NotAServerError(host=self.host, reason="its list has no end")
            cursors.add(following)
            query = {**query, "cursor": following}

    def call(self, shape: Shape | None, method: str, path: str, **how: Any) -> dict[str, Any]:
        """Send a request and return the JSON object in its answer, which has that shape.

        Without a shape, only the status matters.
        """
        answer = self.send(method, path, **how)
        document = answers.read(answer, self.host, shape) if shape else {}
        assert isinstance(document, dict)
        return document

    def send(self, method: str, path: str, **how: Any) -> Response:
        """Send a request and return its answer, which is no refusal."""
        return self._checked(self._connection.request(method, V2_PATH + path, **how), path)

    def _checked(self, answer: Response, path: str) -> Response:
        if answer.status // 100 == 2:
            return answer
        raise self._error(answer, path)

    def _error(self, answer: Response, path: str) -> AimdError:
        error = answers.error_in(answer)
        if answer.status == 401:
            return KeyRefusedError(host=self.host, reason="unknown, expired or revoked")
        if 300 <= answer.status < 400:
            return NotAServerError(
                host=self.host,
                reason=said("HTTP {status}, a redirect; redirects are never followed", status=answer.status),
            )
        if error is None:
            return NotAServerError(
                host=self.host,
                reason=said("HTTP {status} without an AIMD error", status=answer.status),
                status=answer.status,
            )
        if error["code"] == "offset_mismatch":
            return OffsetMismatchError(offset=offset_of(answer, self.host))
        if error["code"] == "content_differs":
            return ContentDiffersError(path=path, reason="the server has other bytes there")
        return _refusal(self.host, answer.status, error)

    def _head(self, answer: Response, path: str) -> Standing:
        """Return the headers of an answer to HEAD, which has no body to explain a refusal."""
        if answer.status == 404:
            raise RemoteNotFoundError(what=path)
        return _standing(self.host, self._checked(answer, path))


def offers(server: Server, feature: str) -> bool:
    """Tell whether a server has a feature, which older ones lack."""
    return feature in (server.info().get("features") or ())


def twin_of(server: Server) -> Server:
    """Return another connection to the same server, for another thread; `abort` of the first ends it, too."""
    made = Server(*server._made_of)
    made.direct = server.direct
    server._twins.append(made)
    return made


def send_once(server: Server, method: str, path: str, **how: Any) -> Response:
    """Do what `Server.send` does, but once; `persist` may send it again."""
    return server._checked(server._connection.once(method, V2_PATH + path, **how), path)


def persist(server: Server, attempt: Callable[[], T]) -> T:
    """Return what `attempt` returns, which is called again after an error of the network."""
    return server._connection.persist(attempt)


def read_at(server: Server, path: str, start: int, take: Callable[[bytes], bool]) -> None:
    """Do what `Server.read` does for the bytes at a path. A server that is busy before it sends any is asked again."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    _stream(server, "GET", path, headers, take, 206 if start else 200)


def read_posted(server: Server, path: str, document: Mapping[str, Any], take: Callable[[bytes], bool]) -> None:
    """Do what `read_at` does, from the beginning, for what a server answers to a document."""
    content = json.dumps(document).encode()
    _stream(server, "POST", path, {"Content-Type": "application/json"}, take, 200, content)


def _stream(
    server: Server,
    method: str,
    path: str,
    headers: Mapping[str, str],
    take: Callable[[bytes], bool],
    status: int,
    content: bytes | None = None,
) -> None:
    connection = server._connection

    def attempt() -> Response | None:
        answer = connection.stream(method, V2_PATH + path, headers, take, status, content=content)
        return None if answer is None else connection.refuse_busy(answer)

    answer = connection.persist(attempt, after=BusyError)
    if answer is not None:
        server._checked(answer, path)
        raise NotAServerError(
            host=server.host, reason=said("HTTP {status} to a request for a part of a file", status=answer.status)
        )


def offset_of(answer: Response, host: str) -> int:
    """Return the offset in an answer, in bytes."""
    value = answer.headers.get("upload-offset", "")
    if not _OFFSET.fullmatch(value):
        raise answers.misfitting(host, "Upload-Offset", "a number from 0 on")
    return int(value)


def _standing(host: str, answer: Response) -> Standing:
    digest = answer.headers.get("upload-digest")
    return Standing(offset_of(answer, host), answers.checked(digest, host, answers.digest) if digest else "")


def _quota_error(host: str, error: Mapping[str, Any]) -> QuotaError:
    """Return the error for bytes that do not fit, with sizes as a person reads them."""
    sizes = {name: size_text(error.get(name) or 0) for name in ("limit", "used", "more")}
    match = re.fullmatch("(user|folder) (.+)", str(error.get("holder")), re.DOTALL)
    holder = said("a folder above it")
    if match is not None:
        holder = said("user {name}", name=match[2]) if match[1] == "user" else said("folder {place}", place=match[2])
    return QuotaError(host=host, holder=holder, **sizes)


def _refusal(host: str, status: int, error: dict[str, Any]) -> AimdError:
    """Return the error for a refusal by its code, else by its status."""
    code, message = error["code"], error["message"]
    if code == "name_taken":
        return NameInUseError(name=error.get("name") or "?", folder=error.get("folder") or "that folder")
    if code == "quota_exceeded":
        return _quota_error(host, error)
    if code == "view_changed":
        return ViewChangedError(host=host, reason=message)
    if status == 403:
        return AccessError(message=said("{host} does not allow this: {message}", host=host, message=message))
    if status == 404:
        return _missing(message)
    return RefusedError(host=host, reason=f"{message} ({code})", status=status)


def _missing(message: str) -> RemoteNotFoundError:
    """Return the error for a 404, worded as for a version 1 server."""
    match = re.fullmatch("no (folder|trial|artifact) (.+)", message, re.DOTALL)
    if match is None:
        return RemoteNotFoundError(what=message)
    if match[1] == "folder":
        return RemoteFolderNotFoundError(what=said("folder {place}", place=match[2]))
    if match[1] == "artifact":
        return RemoteArtifactNotFoundError(what=said("artifact {name}", name=match[2]))
    return RemoteNotFoundError(what=said("trial {name}", name=match[2]))
