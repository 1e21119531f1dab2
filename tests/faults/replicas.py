"""Several servers on one PostgreSQL and one object store, requests to any of them, one of them killed at any time.

What uploaders do: append, each part to a random server; send a part to two servers at once; send parts again, and too
early; after a lost answer, ask another server and go on. Two more append to one trial as version 1 does, wherever its
end is.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import httpx

from tests.faults.server_load import SEAL_OFTEN
from tests.server.api import User, line, whole_records
from tests.support.patience import wait_until
from tests.support.server import RunningServer

# Without the lock of the journal's row, and with the row of bytes that came second thrown away in silence.
NO_ROW_LOCK = """
from sqlalchemy.dialects.postgresql import insert
from aimd_server.stores import journals
journals._OF_FILE_LOCKED = journals._OF_FILE
columns, PreparedStatement = journals._COLUMNS, journals.PreparedStatement
journals._OF_TRIALS_LOCKED = journals.PreparedForList(
    lambda ids: journals.select(*columns).where(journals.journal.c.trial_id.in_(ids))
)
extend = insert(journals.journal_tail).values(journals._TAIL_COLUMNS).on_conflict_do_nothing()
journals._EXTEND = PreparedStatement(extend)
"""
# The answer goes out, the commit comes a little later.
EARLY_ANSWER = """
import threading, time
from aimd_server.stores import writer
_commit = writer.Writer._commit
def commit(self, group):
    waiting = [writer._Queued(item.operation, item.order, writer.Future()) for item in group]
    outcomes = {}
    try:
        with self._engine.connect() as connection:
            outcomes["now"] = writer._run_apart(connection, group)
            connection.rollback()
    except Exception as error:
        outcomes["now"] = [writer._Fault(writer._unavailable(error))] * len(group)
    for item, outcome in zip(group, outcomes["now"]):
        fault = isinstance(outcome, writer._Fault)
        item.future.set_exception(outcome.error) if fault else item.future.set_result(outcome)
    time.sleep(0.01)
    _commit(self, waiting)
writer.Writer._commit = commit
"""


class Replicas:
    """The servers, and a client for each."""

    def __init__(self, place: Path, count: int, database: str, blobs: str, secrets: dict[str, str], plant: str) -> None:
        self.servers = []
        for number in range(count):
            data_dir = place / f"replica{number}"
            data_dir.mkdir(mode=0o700)
            (data_dir / "server.yaml").write_text(json.dumps({"database": database, "blobs": blobs}))
            self.servers.append(RunningServer(data_dir, before=SEAL_OFTEN + plant, environment=secrets))
        self._stack = ExitStack()

    def __enter__(self) -> Replicas:
        starting = [threading.Thread(target=server.start) for server in self.servers]
        for thread in starting:
            thread.start()
        for thread, server in zip(starting, self.servers, strict=True):
            thread.join()
            self._stack.callback(server.stop)
        assert all(server.process for server in self.servers)
        first = self._stack.enter_context(User(self.servers[0], f"u{uuid.uuid4().hex[:8]}"))
        self.users = [first, *(self._stack.enter_context(first.at(server)) for server in self.servers[1:])]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def any(self, chance: random.Random) -> User:
        """Return a client of one of the servers."""
        return chance.choice(self.users)


class Uploader:
    """Uploads one trial's metrics as version 2 does, and knows what was acknowledged."""

    def __init__(self, replicas: Replicas, trial: str, seed: int) -> None:
        self.replicas, self.trial = replicas, trial
        self.chance = random.Random(seed)
        self.content = b"".join(line(step, loss=step * 0.25) for step in range(20_000))
        self.acknowledged = self.answers = 0
        self._is_unsure = False
        self.faults: list[str] = []

    def run(self, end: threading.Event) -> None:
        while not end.is_set() and not self.faults:
            self._turn()

    def _turn(self) -> None:
        size = self.chance.randint(1, 6000)
        kind = self.chance.random()
        if kind < 0.1:
            self._send(self.acknowledged + size, size, early=True)
        elif kind < 0.25 and self.acknowledged:
            self._send(self.chance.randrange(self.acknowledged), size)
        elif kind < 0.4:
            both = [threading.Thread(target=self._send, args=(self.acknowledged, size)) for _ in range(2)]
            for thread in both:
                thread.start()
            for thread in both:
                thread.join()
        else:
            self._send(self.acknowledged, size)

    def _send(self, offset: int, size: int, early: bool = False) -> None:
        part = self.content[offset : offset + size]
        try:
            answer = self.replicas.any(self.chance).patch(self.trial, offset, part)
        except httpx.TransportError:
            self._is_unsure = True  # the bytes may be there, although nobody said so
            time.sleep(0.05)
            return
        self.answers += 1
        if answer.status_code == 204:
            if early and not self._is_unsure:
                self.faults.append(f"bytes from {offset} on were taken when {self.acknowledged} were there")
            self.acknowledged = max(self.acknowledged, int(answer.headers["upload-offset"]))
            self._is_unsure = False
        elif answer.status_code == 503:
            time.sleep(0.05)
        elif answer.status_code != 409 or (not early and offset <= self.acknowledged):
            self.faults.append(f"{answer.status_code} {answer.text}")

    def check(self, user: User) -> list[str]:
        """Return what is wrong with the trial as a server has it now."""
        stored = user.bytes_of(self.trial)
        faults = list(self.faults)
        if len(stored) < self.acknowledged or not self.content.startswith(stored):
            faults.append(f"{len(stored)} bytes are there, {self.acknowledged} were acknowledged, or others")
        lines = whole_records(self.content, len(stored))
        known = user.trial(self.trial)["metrics"].get("train.loss", {"count": 0})
        wanted = {"count": lines, "last": (lines - 1) * 0.25, "min": 0.0, "max": (lines - 1) * 0.25}
        if lines and {name: known.get(name) for name in wanted} != wanted:
            faults.append(f"the summary is {known}, not {wanted}")
        return faults


class Appender:
    """Appends points to a trial as version 1 does: at the end, and never twice."""

    def __init__(self, replicas: Replicas, trial: str, seed: int) -> None:
        self.replicas, self.trial, self.seed = replicas, trial, seed
        self.chance = random.Random(seed)
        self.acknowledged: set[int] = set()
        self.answers = 0
        self.faults: list[str] = []

    def run(self, end: threading.Event) -> None:
        step = self.seed * 1_000_000
        while not end.is_set() and not self.faults:
            step += 1
            point = {"value": {"loss": step}, "sequence": {"step": step}}
            try:
                answer = self.replicas.any(self.chance).v1("POST", f"/trials/{self.trial}/metrics/old", [point])
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            self.answers += 1
            if answer.status_code == 200:
                self.acknowledged.add(step)
            elif answer.status_code < 500:
                self.faults.append(f"{answer.status_code} {answer.text}")

    def check(self, user: User) -> list[str]:
        rows = [json.loads(row) for row in user.bytes_of(self.trial).splitlines()]
        steps = [row["old"]["sequence"]["step"] for row in rows]
        faults = list(self.faults)
        if not self.acknowledged <= set(steps):
            faults.append(f"{len(self.acknowledged - set(steps))} acknowledged points are not there")
        if len(steps) != len(set(steps)):
            faults.append("points are there twice")
        count = user.trial(self.trial)["metrics"]["old.loss"]["count"] if steps else 0
        return faults if count == len(steps) else [*faults, f"the summary counts {count} of {len(steps)} points"]


def exercise(replicas: Replicas, kills: int, uploaders: int, seed: int) -> list[str]:
    """Let everybody work while servers are killed and started again; return what is wrong afterwards.

    Args:
        replicas: The servers.
        kills: How many times one is killed, after some answers each.
        uploaders: How many upload, beside two that append as version 1 does.
        seed: What chance begins with.
    """
    chance = random.Random(seed)
    at_work: list[Uploader | Appender] = [
        Uploader(replicas, replicas.any(chance).new_trial(f"t{uuid.uuid4().hex}"), seed + number)
        for number in range(uploaders)
    ]
    shared = replicas.any(chance).new_trial(f"shared{uuid.uuid4().hex}")
    at_work += [Appender(replicas, shared, number + 1) for number in range(2)]
    end = threading.Event()
    threads = [threading.Thread(target=one.run, args=(end,)) for one in at_work]
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            _await_answers(at_work, chance.randint(5, 60))
            server = chance.choice(replicas.servers)
            server.kill()
            server.start()
        _await_answers(at_work, 20)
        wait_until(lambda: _has_fault(at_work) or all(one.acknowledged for one in at_work), "everybody has an answer")
    finally:
        end.set()
        for thread in threads:
            thread.join()
    faults = []
    for user in replicas.users:
        for one in at_work:
            faults += one.check(user)
    return faults


def _await_answers(at_work: list[Uploader | Appender], count: int) -> None:
    """Wait until they have got so many answers more, or one of them has found a fault."""
    goal = sum(one.answers for one in at_work) + count
    wait_until(lambda: _has_fault(at_work) or sum(one.answers for one in at_work) >= goal, "requests go on")


def _has_fault(at_work: list[Uploader | Appender]) -> bool:
    return any(one.faults for one in at_work)
