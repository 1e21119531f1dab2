"""The HTTP API, version 1, as deployed servers speak it, as functions.

The key is in the URL, because these servers accept nothing else. So it is kept out of all logs, and this module is used
only for hosts that have proved to be such servers (`aimd_core.client.protocols`). Appending is not idempotent, so
points are counted before a retry.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import quote

from aimd_core.client import answers
from aimd_core.client.connection import Connection, Response, RetryPolicy
from aimd_core.config import Credentials
from aimd_core.errors import (
    AccessError,
    AimdError,
    BusyError,
    KeyRefusedError,
    NetworkError,
    NotAServerError,
    RefusedError,
    RemoteNotFoundError,
)
from aimd_core.format.protocol import V1_PATH
from aimd_core.language import said

ROOT = "root"  # the parent of the topmost folders
_MISSING = re.compile(rb"not found|not exists?\s*$|doc not found|no trial", re.IGNORECASE)
_KEY = re.compile(r"apikey=[^&\s\"']*")


class IdTakenError(AimdError):
    """A trial with that id already exists."""

    code = "id_taken"
    text = "a trial with that id already exists"


class NameIsTakenError(AimdError):
    """The folder already has a trial of that name."""

    code = "name_is_taken"
    text = "a trial with that name already exists"


class ContestedError(RefusedError):
    """Several uploads of one trial run at once, or did. Facts: host, reason."""

    hint = "Run the command again when no other upload of this trial runs; nothing here is lost"


class _Redacting(logging.Filter):
    """Removes keys from what the HTTP library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "apikey=" in message:
            record.msg, record.args = _KEY.sub("apikey=...", message), ()
        return True


_redacting = _Redacting()


class Calls:
    """Requests with the key in the URL, and what their answers mean."""

    def __init__(self, credentials: Credentials, retry: RetryPolicy | None) -> None:
        self.host = credentials.host
        self._key = credentials.api_key
        self.connection = Connection(credentials.host, None, retry)
        logger = logging.getLogger("httpx")
        if _redacting not in logger.filters:
            logger.addFilter(_redacting)

    def find(self, method: str, path: str, query: dict[str, str] | None = None) -> Response | None:
        """Return the answer, or None if the object does not exist."""
        answer = self.send(method, path, None, query)
        if answer.status // 100 == 2:
            return answer
        if answer.status in (400, 404, 500) and _MISSING.search(answer.body.strip()):
            return None
        raise self.refused(answer)

    def send(self, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Response:
        """Send a request that may be repeated, and retry it after a failure."""
        return self.connection.persist(lambda: self.once(method, path, body, query))

    def once(
        self, method: str, path: str, body: object, query: dict[str, str] | None = None, **content: Any
    ) -> Response:
        """Send a request once. A 500 whose text says that something does not exist counts as an answer."""
        try:
            asked = {"apikey": self._key, **(query or {})}
            answer = self.connection.once(method, V1_PATH + path, query=asked, document=body, **content)
        except BusyError as error:
            answered = error.facts.get("body")
            if error.facts.get("status") == 500 and isinstance(answered, bytes) and _MISSING.search(answered.strip()):
                return Response(500, {}, answered)
            raise
        self._check_access(answer)
        return answer

    def read(self, path: str, query: dict[str, str], take: Callable[[bytes], bool]) -> None:
        """Pass a large body to `take` as it arrives, as long as it returns True; the caller compares the size.

        Raises:
            RemoteNotFoundError: The object does not exist.
        """
        asked = {"apikey": self._key, **query}
        answer = self.connection.stream("GET", V1_PATH + path, {}, take, 200, asked, is_measured=False)
        if answer is not None:
            self._check_access(answer)
            raise self.refused(answer)

    def _check_access(self, answer: Response) -> None:
        """Raise the error for an answer. The key, which the server repeats, is left out of the message."""
        if answer.status == 400 and answer.body.startswith((b"api key", b"query is needed")):
            raise KeyRefusedError(host=self.host, reason="unknown")
        if answer.status in (401, 403):
            raise AccessError(
                message=said("{host} does not allow this", host=self.host), hint="Ask for a key with AIMD permissions"
            )
        if 300 <= answer.status < 400:
            reason = said("HTTP {status}, a redirect; redirects are never followed", status=answer.status)
            raise NotAServerError(host=self.host, reason=reason)
        if answer.body.lstrip()[:1] == b"<":
            raise NotAServerError(host=self.host, reason="a web page")

    def done(self, answer: Response) -> None:
        """Raise the error for an answer other than 2xx."""
        if answer.status // 100 != 2:
            raise self.refused(answer)

    def refused(self, answer: Response) -> NetworkError | RefusedError | RemoteNotFoundError:
        """Return the error for an answer."""
        if answer.status in (400, 404, 500) and _MISSING.search(answer.body.strip()):
            return RemoteNotFoundError(what=answer.body[:200].decode("utf-8", "replace").replace(self._key, "..."))
        if answer.status == 404 and not answer.body:
            return NotAServerError(host=self.host, reason="HTTP 404")
        told = answer.body[:200].decode("utf-8", "replace").replace(self._key, "...").strip()
        return RefusedError(
            host=self.host, reason=said("{told} (HTTP {status})", told=told or said("no reason"), status=answer.status)
        )


def folders_in(answer: Response, host: str) -> list[Any]:
    """Return the folders that an answer lists.

    Raises:
        NotAServerError: It has another form.
    """
    rows: list[Any] = answers.read(answer, host, answers.OLD_FOLDERS)["folders"]
    return rows


def paths_of(rows: list[Any]) -> dict[str, str]:
    """Return each folder's path by its id, derived from names and parents, or none if they lead nowhere."""
    folders = {row["metadata"]["id"]: row["metadata"] for row in rows if answers.fits(row, answers.OLD_FOLDER)}
    paths = {}
    for folder_id in folders:
        names: list[str] = []
        parent = folder_id
        while parent in folders and len(names) <= len(folders):
            names.append(folders[parent]["name"])
            parent = str(folders[parent].get("folder") or ROOT)
        if parent == ROOT:
            paths[folder_id] = "/" + "/".join(reversed(names))
    return paths


class DeployedServer:
    """A version 1 server. Use it as a context manager, in one thread."""

    def __init__(self, credentials: Credentials, retry: RetryPolicy | None = None) -> None:
        self.host = credentials.host
        self.calls = self._calls = Calls(credentials, retry)
        self._made_of = credentials, retry

    def __enter__(self) -> DeployedServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._calls.connection.__exit__(kind, error, at)

    def abort(self) -> None:
        """Abort the current request, from another thread."""
        self._calls.connection.abort()

    def folder(self, folder_id: str) -> dict[str, Any] | None:
        """Return the folder with an id, or None."""
        answer = self._calls.find("GET", f"/folders/{quote(folder_id, safe='')}")
        return self._doc(answers.OLD_DOCUMENT, answer)

    def folders(self) -> list[Any]:
        """Return all folders."""
        answer = self._calls.send("GET", "/folders")
        self._calls.done(answer)
        return folders_in(answer, self.host)

    def folder_at(self, path: str) -> str | None:
        """Return the id of the folder at a path, or None."""
        answer = self._calls.find("GET", "/folders/id", {"path": path})
        return _id_of(answer, self.host) if answer else None

    def make_folder(self, name: str, parent_id: str | None) -> None:
        """Create a folder; an existing one is fine."""
        inner = {"name": name, **({"folder": parent_id} if parent_id else {})}
        body = {"kind": "Folder", "metadata": inner, "type": "normal"}
        answer = self._calls.send("POST", "/folders", body)
        if answer.status // 100 != 2 and b"exist" not in answer.body:
            raise self._calls.refused(answer)

    def trial(self, trial_id: str) -> dict[str, Any] | None:
        """Return a trial's full document, or None."""
        return self._doc(answers.OLD_TRIAL, self._calls.find("GET", f"/trials/{trial_id}"))

    def trial_named(self, folder_id: str, name: str) -> str | None:
        """Return the id of the trial with a name in a folder, or None."""
        answer = self._calls.find("GET", "/trials/id", {"folder": folder_id, "name": name})
        return _id_of(answer, self.host) if answer else None

    def create_trial(self, document: dict[str, Any]) -> None:
        """Create a trial.

        Raises:
            IdTakenError, NameIsTakenError: One of the two is taken.
        """
        answer = self._calls.send("POST", "/trials", document)
        if answer.status == 400 and b"uuid already exists" in answer.body:
            raise IdTakenError
        if answer.status == 400 and answer.body.strip().endswith(b"already exists"):
            raise NameIsTakenError
        self._calls.done(answer)

    def replace_trial(self, trial_id: str, document: dict[str, Any]) -> None:
        """Write a trial's full document."""
        self._calls.done(self._calls.send("PUT", f"/trials/{trial_id}", document))

    def delete_trial(self, trial_id: str) -> None:
        """Delete a trial; a missing one is fine."""
        self._calls.find("DELETE", f"/trials/{trial_id}")

    def parameters(self, trial_id: str) -> dict[str, Any]:
        """Return a trial's parameters, empty if it has none."""
        answer = self._calls.find("GET", f"/trials/{trial_id}/parameters")
        if answer is None or not answer.body:
            return {}
        return answers.read(answer, self.host, answers.OLD_PARAMETERS) or {}

    def set_parameters(self, trial_id: str, parameters: dict[str, Any]) -> None:
        """Replace a trial's parameters."""
        self._calls.done(self._calls.send("POST", f"/trials/{trial_id}/parameters", parameters))

    def points(self, trial_id: str) -> dict[str, list[Any]]:
        """Return all points of a trial by metrics type."""
        answer = self._calls.find("GET", f"/trials/{trial_id}/metrics")
        return (answers.read(answer, self.host, answers.OLD_POINTS) or {}) if answer else {}

    def add_points(self, trial_id: str, metrics_type: str, points: list[Any], before: int) -> None:
        """Append points to a type that has `before` points now; none twice, even if an answer is lost.

        If the outcome is unknown, the points are counted before anything is sent again.

        Raises:
            ContestedError: Somebody else is appending to the same trial.
            RemoteNotFoundError: The trial is gone.
        """
        path = f"/trials/{trial_id}/metrics/{quote(metrics_type, safe='')}"
        tried = False

        def attempt() -> None:
            nonlocal tried
            if tried:
                there = self._count(trial_id, metrics_type)
                if there == before + len(points):
                    return
                if there != before:
                    raise ContestedError(host=self.host, reason="something else is appending to this trial")
            tried = True
            self._calls.done(self._calls.once("POST", path, points))

        self._calls.connection.persist(attempt)

    def _count(self, trial_id: str, metrics_type: str) -> int:
        answer = self._calls.once("GET", f"/trials/{trial_id}/metrics", None)
        self._calls.done(answer)
        points = answers.read(answer, self.host, answers.OLD_POINTS) or {}
        return len(points.get(metrics_type, ()))

    def _doc(self, shape: answers.Shape, answer: Response | None) -> dict[str, Any] | None:
        """Return the document in an answer, or None without one."""
        if answer is None:
            return None
        document: dict[str, Any] = answers.read(answer, self.host, shape)["doc"]
        return document


def deployed_twin_of(server: DeployedServer) -> DeployedServer:
    """Return another connection to the same server, for another thread."""
    return DeployedServer(*server._made_of)


def _id_of(answer: Response, host: str) -> str:
    document = answer.json()
    text = document if isinstance(document, str) else answer.body.decode("utf-8", "replace").strip()
    return str(answers.checked(text, host, answers.OLD_ID))
