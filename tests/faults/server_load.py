"""Mixed load on a server that may be killed at any instant, with a model of what it acknowledged.

Each worker owns what it writes. Of the one request whose answer did not come, both outcomes are right; everything else
must be as acknowledged.
"""

from __future__ import annotations

import random
import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from aimd_server.operations import check
from tests.server.api import User, line, new_id, wish
from tests.support.database_file import connected

_OBJECT_KEY = re.compile(r"[a-z]+/[0-9a-f]{2}/[0-9a-f-]{36}[a-z0-9./-]*")
FILES = ("metrics", "stdout.log")
# Chunks and objects of little, so that kills meet them.
SEAL_OFTEN = """
from aimd_server import maintenance
from aimd_server.services.series import chunking, sealing
maintenance.SEAL_EVERY_S = 0.05
sealing.LIMITS = sealing.SealingLimits(large_bytes=1, small_bytes=1, newest_rows=0)
chunking.LIMITS = chunking.ColumnLimits(due_lines=50)
"""


class UnknownError(Exception):
    """The answer did not come: the request was done, or not."""


class Model:
    """What one worker was told of its trial and its folder."""

    def __init__(self, trial_id: str) -> None:
        self.trial_id = trial_id
        self.bytes = dict.fromkeys(FILES, b"")
        self.values: dict[str, Any] = {"note": "", "labels": b"", "parameters": {}, "deleted": False}
        self.keys: list[int] = []
        self.folders: dict[str, str] = {}
        self.doubt: tuple[str, Any] | None = None


class Worker:
    """Writes one thing after the other and remembers what was acknowledged."""

    def __init__(self, user: User, number: int) -> None:
        self.user = user
        self.chance = random.Random(number)
        self.number = number
        self.acknowledged = 0
        trial_id = user.new_trial(f"worker-{number}")
        self.model = Model(trial_id)
        self.model.values["parameters"] = {"lr": 0.01}

    def work(self, stop: threading.Event) -> None:
        """Go on until told to stop, or until an answer does not come."""
        deeds: list[Callable[[], None]] = [self.append] * 6 + [self.post_points, self.annotate, self.label]
        deeds += [self.configure, self.delete_or_restore, self.make_folder, self.move_folder, self.make_key]
        while not stop.is_set():
            try:
                self.chance.choice(deeds)()
            except UnknownError:
                return
            self.acknowledged += 1

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            answer = self.user.v2(method, path, **how)
        except httpx.TransportError:
            raise UnknownError from None
        if answer.status_code == 503:
            raise UnknownError
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer

    def _set(self, name: str, value: Any, method: str, path: str, **how: Any) -> httpx.Response:
        self.model.doubt = (name, value)
        answer = self._send(method, path, **how)
        self.model.values[name] = value
        self.model.doubt = None
        return answer

    @property
    def _path(self) -> str:
        return f"/trials/{self.model.trial_id}"

    def append(self) -> None:
        if self.model.values["deleted"]:
            return
        file = self.chance.choice(FILES)
        known = self.model.bytes[file]
        size = self.chance.choice((1, 5, 50, 3000))
        content = b"".join(line(len(known) + step) for step in range(size))
        headers = {"Upload-Offset": str(len(known))}
        self.model.doubt = (file, known + content)
        self._send("PATCH", f"{self._path}/files/{file}", headers=headers, content=content)
        self.model.bytes[file], self.model.doubt = known + content, None

    def post_points(self) -> None:
        """Append by version 1, whose lines the server writes: read back what it has."""
        if self.model.values["deleted"]:
            return
        self.model.doubt = ("metrics", None)
        body = [{"value": {"loss": 0.5}, "sequence": {"step": 1}}]
        try:
            answer = self.user.v1("POST", f"{self._path}/metrics/train", body)
            if answer.status_code != 200:
                raise UnknownError
            now = self.user.v2("GET", f"{self._path}/files/metrics")
        except httpx.TransportError:
            raise UnknownError from None
        if now.status_code != 200 or len(now.content) <= len(self.model.bytes["metrics"]):
            raise UnknownError
        self.model.bytes["metrics"], self.model.doubt = now.content, None

    def annotate(self) -> None:
        if not self.model.values["deleted"]:
            note = new_id()
            self._set("note", note, "PATCH", self._path, json={"note": note})

    def label(self) -> None:
        if not self.model.values["deleted"]:
            content = new_id().encode() * self.chance.choice((1, 200))
            self._set("labels", content, "PUT", f"{self._path}/files/labels.yaml", content=content)

    def configure(self) -> None:
        if not self.model.values["deleted"]:
            parameters = {"lr": self.chance.random()}
            body = wish(f"worker-{self.number}", parameters=parameters)
            self._set("parameters", parameters, "PUT", self._path, json=body)

    def delete_or_restore(self) -> None:
        if self.model.values["deleted"]:
            self._set("deleted", False, "POST", f"{self._path}/restore")
        elif self.chance.random() < 0.3:
            self._set("deleted", True, "DELETE", self._path)

    def make_folder(self) -> None:
        path = f"/w{self.number}/{new_id()}"
        self.model.doubt = ("folder", path)
        made = self._send("POST", "/folders", json={"path": path, "parents": True}).json()
        self.model.folders[made["id"]] = path
        self.model.doubt = None

    def move_folder(self) -> None:
        if self.model.folders:
            uid = self.chance.choice(sorted(self.model.folders))
            path = f"/w{self.number}/moved-{new_id()}"
            self.model.doubt = (uid, path)
            self._send("PATCH", f"/folders/{uid}", json={"path": path})
            self.model.folders[uid] = path
            self.model.doubt = None

    def make_key(self) -> None:
        if len(self.model.keys) < 10:
            self.model.doubt = ("key", None)
            self.model.keys.append(self._send("POST", "/me/keys", json={"scope": "read"}).json()["id"])
            self.model.doubt = None

    def faults(self) -> list[str]:
        """Compare the server with the model, settle what was in doubt, and return what was lost or is wrong."""
        model, found = self.model, []
        name, value = model.doubt or ("", None)
        model.doubt = None
        shown = self.user.v2("GET", self._path)
        is_deleted = shown.status_code == 404
        if is_deleted != model.values["deleted"] and not (name == "deleted" and is_deleted == value):
            return [f"trial {self.number}: deleted is {is_deleted}, acknowledged {model.values['deleted']}"]
        model.values["deleted"] = is_deleted
        if not is_deleted:
            found += self._file_faults(name, value, shown.json())
            now = {"note": shown.json()["note"], "parameters": shown.json()["parameters"]}
            now["labels"] = self.user.bytes_of(model.trial_id, "labels.yaml")
            for what, is_now in now.items():
                if is_now not in ([model.values[what], value] if name == what else [model.values[what]]):
                    found.append(f"trial {self.number}: {what} is not as acknowledged")
                model.values[what] = is_now
        return found + self._folder_faults(name, value) + self._key_faults()

    def _file_faults(self, name: str, value: bytes | None, shown: dict[str, Any]) -> list[str]:
        found = []
        for file in FILES:
            stored = self.user.bytes_of(self.model.trial_id, file)
            known = self.model.bytes[file]
            grew = stored == value or (value is None and stored.startswith(known) and stored.count(b"\n") > 0)
            if stored != known and not (name == file and grew):
                found.append(f"trial {self.number}: {file} has {len(stored)} bytes, acknowledged {len(known)}")
            self.model.bytes[file] = stored
        count = shown["metrics"].get("train.loss", {"count": 0})["count"]
        if count != self.model.bytes["metrics"].count(b"\n"):
            found.append(f"trial {self.number}: {count} points are summarised, not those of the file")
        return found

    def _folder_faults(self, name: str, value: Any) -> list[str]:
        found = []
        for uid, path in self.model.folders.items():
            answer = self.user.v2("GET", f"/folders/{uid}")
            now = answer.json().get("path")
            if now != path and not (name == uid and now == value):
                found.append(f"folder {path}: is at {now}")
            self.model.folders[uid] = now
        return found

    def _key_faults(self) -> list[str]:
        there = {key["id"] for key in self.user.v2("GET", "/me/keys").json()["keys"]}
        return [f"key {number} is lost" for number in self.model.keys if number not in there]


def data_faults(data_dir: Path) -> list[str]:
    """Return what is wrong with the files of a server that was killed: the engine, our check, lost objects."""
    with closing(connected(data_dir / "aimd.db")) as database:
        found = [str(row[0]) for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"orphan {row}" for row in database.execute("PRAGMA foreign_key_check")]
        found += [f"no object {key}" for key in objects_named(database) if not (data_dir / "blobs" / key).is_file()]
    return found + [f"{fault.where}: {fault.what}" for fault in check(data_dir).faults]


def objects_named(database: sqlite3.Connection) -> list[str]:
    """Return the keys of objects that rows name, in whatever table and column, but for those that nothing has yet."""
    found = []
    announced = set()
    if "sealed_object" in {row[0] for row in database.execute("SELECT name FROM sqlite_master")}:
        announced = {row[0] for row in database.execute("SELECT key FROM sealed_object WHERE journal_id IS NULL")}
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if "CHAR" in row[2] + "VARCHAR"]
        for column in columns:
            query = f'SELECT "{column}" FROM "{table}" WHERE "{column}" GLOB \'[a-z]*/[0-9a-f][0-9a-f]/*\''
            found += [row[0] for row in database.execute(query) if _OBJECT_KEY.fullmatch(str(row[0]))]
    return [key for key in found if key not in announced]
