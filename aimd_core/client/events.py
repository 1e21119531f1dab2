"""What changes on a server while somebody looks, from its stream of events. Source: docs/reference/http-api.md."""

from __future__ import annotations

import json
import threading
from typing import NamedTuple

from aimd_core.client import answers
from aimd_core.client.connection import NO_RETRY, Connection
from aimd_core.config import Credentials
from aimd_core.errors import NetworkError
from aimd_core.format.protocol import V2_PATH

ROOT = "root"
RETRY_S = 5.0  # until a stream that ended is opened again
_MAX_EVENT_BYTES = 1 << 20


class Changed(NamedTuple):
    """What has changed since it was last taken.

    Attributes:
        trial_ids: Trials that changed, or whose files grew.
        is_list: Whether trials or folders were added, removed or renamed, or may have been while nobody listened.
    """

    trial_ids: frozenset[str]
    is_list: bool


class ChangeStream:
    """Listens in a thread of its own, which opens the stream again when it ends. Use it as a context manager."""

    def __init__(self, credentials: Credentials, folder_id: str = ROOT) -> None:
        """Start to listen.

        Args:
            credentials: The server and the key.
            folder_id: The folder that is watched, with those below.
        """
        self._query = {"folder_id": folder_id, "below": "1"}
        headers = {"Authorization": f"Bearer {credentials.api_key}"}
        self._connection = Connection(credentials.host, headers, NO_RETRY)
        self._host = credentials.host
        self._lock, self._over = threading.Lock(), threading.Event()
        self._trial_ids: set[str] = set()
        self._is_list = False
        self._rest = b""
        self._thread = threading.Thread(target=self._run, name="aimd-events", daemon=True)
        self._thread.start()

    def __enter__(self) -> ChangeStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._connection.abort()
        self._thread.join(1.0)
        self._connection.__exit__(None, None, None)

    def take(self) -> Changed:
        """Return what has changed since the last call."""
        with self._lock:
            changed = Changed(frozenset(self._trial_ids), self._is_list)
            self._trial_ids, self._is_list = set(), False
        return changed

    def _run(self) -> None:
        while not self._over.is_set():
            self._ask_for_list()  # what came before the stream is unknown
            self._rest = b""
            try:
                self._connection.endless(f"{V2_PATH}/events", self._query, {"Accept": "text/event-stream"}, self._read)
            except NetworkError:  # the reader of the list says so
                pass
            self._ask_for_list()  # so that a server that is gone is noticed now
            self._over.wait(RETRY_S)

    def _ask_for_list(self) -> None:
        with self._lock:
            self._is_list = True

    def _read(self, piece: bytes) -> None:
        *events, self._rest = (self._rest + piece).split(b"\n\n")
        if len(self._rest) > _MAX_EVENT_BYTES:
            self._rest = b""
        for event in events:
            self._note(event)

    def _note(self, event: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
        try:
            document = answers.checked(json.loads(fields.get(b"data", b"null")), self._host, answers.EVENT)
        except (ValueError, RecursionError, NetworkError):
            return  # a comment, or nothing that this program knows
        with self._lock:
            if fields.get(b"event") == b"trial":
                self._trial_ids.add(document["id"])
            elif fields.get(b"event") == b"folder":
                self._is_list = True
