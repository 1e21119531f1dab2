"""Appends that share a commit come to the same as the same appends one by one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aimd_core.format import digest
from aimd_server.services import files, trials
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import appending, block_states, chunking
from aimd_server.services.series.appending import Append, Appended, Appends
from aimd_server.services.series.chunking import ColumnLimits
from aimd_server.stores import journals, series
from aimd_server.stores import trials as trials_store
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from tests.server.api import line, wish
from tests.support.list_queries import make_user

BLOCK = 400
LIMITS = ColumnLimits(due_lines=12)
FILES = ("metrics", "stdout.log")
UIDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(4)]


@pytest.fixture(autouse=True)
def _small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (digest, appending, block_states, files):
        monkeypatch.setattr(module, "BLOCK_BYTES", BLOCK)


class Store:
    """A database with trials in it, and what the appends of its process know."""

    def __init__(self, place: Path) -> None:
        self.database = Database(place)
        self.user = make_user(self.database)
        self.stranger = make_user(self.database, "mia")
        self.appends = Appends(LIMITS)
        self.others = Appends(LIMITS)  # of another replica
        for number, uid in enumerate(UIDS):
            state = "Running" if number else "Succeeded"
            body = wish(f"t{number}", state=state)
            trials.put(self.database, self.user, uid, msgspec.convert(body, trials.TrialWish), False)

    def run(self, wishes: list[Append], together: bool) -> list[object]:
        """Do appends, in one call or in one each, and return what they came to."""
        groups = [wishes] if together else [[one] for one in wishes]
        found: list[object] = []
        for group in groups:
            outcomes = self.database.write(lambda connection, group=group: self._run(connection, group))
            for wish_, outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, Appended):
                    self.appends.follow(wish_, outcome)
                    found.append((outcome.standing, outcome.due is not None))
                else:
                    assert isinstance(outcome, RefusalError)
                    found.append((outcome.code, outcome.facts))
        return found

    def _run(self, connection: Connection, group: list[Append]) -> list[Any]:
        operation = self.appends.operation(group[0])
        return operation.run(connection, group)

    def chunk(self) -> None:
        """Turn into chunks what is due."""
        for trial_id in self.database.read(lambda connection: [one.id for one in self._placed(connection)]):
            chunking.chunk_tail(self.database, trial_id, LIMITS)

    def _placed(self, connection: Connection) -> list[Any]:
        return list(trials_store.placed(connection, UIDS).values())

    def state(self) -> list[object]:
        """Return all that the database says of the trials' files, but for times."""

        def operation(connection: Connection) -> list[object]:
            ids = [one.id for one in sorted(self._placed(connection), key=lambda one: one.uid)]
            found: list[object] = []
            standings, rows = files.standings_of(connection, ids), journals.of_trials(connection, ids)
            known = series.of_trials(connection, ids)
            for trial_id in ids:
                for row in rows.get(trial_id, []):
                    content = journals.read(connection, row.id, 0, row.next_offset)
                    blocks = journals.block_digests(connection, row.id)
                    is_stale = None if row.stale_us is None else 1
                    plain = msgspec.structs.replace(row, id=0, trial_id=0, updated_us=0, stale_us=is_stale)
                    found.append((plain, content, blocks))
                found.append(standings.get(trial_id, {}))
                found += sorted((one.type, one.live, one.rows) for one in known.get(trial_id, []))
            return found

        return self.database.read(operation)


class Clients:
    """What clients of all kinds send: mostly the next lines, and everything else that clients come to send."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sent: dict[tuple[str, str], bytes] = {}
        self.step = 0

    def _content(self, file: str) -> bytes:
        rng = self.rng
        if file != "metrics":
            return bytes(rng.choices(b"ab\n\r", k=rng.randrange(1, 2 * BLOCK)))
        content = b""
        for _ in range(rng.choice((1, 2, 5, 5, 30))):
            self.step += 1
            content += line(self.step, rng.choice((0.5, 1.25, float("nan"))), rng.choice(("train", "train", "val")))
        odd = rng.random()
        if odd < 0.1:
            return content[: rng.randrange(1, len(content))]
        return content + b"no record\n" if odd < 0.15 else content

    def wish(self, user: Account, stranger: Account) -> Append:
        """Return the next one."""
        rng = self.rng
        uid, file = rng.choice(UIDS), rng.choice(("metrics", "metrics", "metrics", "stdout.log"))
        known = self.sent.get((uid, file), b"")
        content, offset, kind = self._content(file), len(known), rng.random()
        if kind < 0.06 and known:  # again, and more
            offset = rng.randrange(len(known))
            content = known[offset:] + content
        elif kind < 0.1:
            offset += rng.randrange(1, 9)  # a gap
        elif kind < 0.14 and known:
            offset -= 1  # other bytes
            content = b"~" + content
        elif kind < 0.17:
            return appending.prepare(stranger, uid, file, offset, content)
        elif kind < 0.2:
            return appending.prepare(user, UIDS[0][:-1] + "f", file, offset, content)
        if kind >= 0.2 or (kind < 0.06 and known):
            self.sent[uid, file] = known[:offset] + content
        return appending.prepare(user, uid, file, offset, content, wants_digest=rng.random() < 0.1)


def check(place: Path, seed: int, groups: int = 25) -> None:
    """Send the same appends to two databases, grouped and not, and compare all that comes of it."""
    rng = random.Random(seed)
    clients = Clients(rng)
    together, apart = Store(place / "together"), Store(place / "apart")
    with together.database, apart.database:
        for _ in range(groups):
            if rng.random() < 0.3:
                together.appends, together.others = together.others, together.appends
            wishes = [clients.wish(together.user, together.stranger) for _ in range(rng.choice((1, 2, 8, 20)))]
            assert together.run(wishes, True) == apart.run(wishes, False), seed
            if rng.random() < 0.5:
                together.chunk()
                apart.chunk()
        assert together.state() == apart.state(), seed
        for (uid, file), content in clients.sent.items():
            opened = together.database.read(lambda c, u=uid, f=file: files.open_file(c, together.user, u, f))
            assert opened.standing == files.Standing(len(content), files.digest_of(content))


@pytest.mark.parametrize("seed", range(6))
def test_appends_that_share_a_commit_come_to_the_same_as_one_by_one(tmp_path: Path, seed: int) -> None:
    check(tmp_path, seed)


@pytest.mark.soak
def test_appends_that_share_a_commit_come_to_the_same_many_times(tmp_path: Path) -> None:
    for seed in range(100, 140):
        check(tmp_path / str(seed), seed)


def _digests_as_others(plain: Callable[..., bool]) -> Callable[..., bool]:
    def is_plain(wish_: Append, trial: Any, row: Any) -> bool:
        return plain(msgspec.structs.replace(wish_, wants_digest=False), trial, row)

    return is_plain


def _whoever_asks(plain: Callable[..., bool]) -> Callable[..., bool]:
    def is_plain(wish_: Append, trial: Any, row: Any) -> bool:
        return plain(msgspec.structs.replace(wish_, user=Account(trial.owner_id, "lin", writing=True)), trial, row)

    return is_plain


def _behind_a_gap(plain: Callable[..., bool]) -> Callable[..., bool]:
    def is_plain(wish_: Append, trial: Any, row: Any) -> bool:
        return plain(msgspec.structs.replace(wish_, offset=row.next_offset), trial, row)

    return is_plain


@pytest.mark.parametrize("plant", [_digests_as_others, _whoever_asks, _behind_a_gap])
def test_the_comparison_catches_a_group_that_takes_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[..., Any]
) -> None:
    monkeypatch.setattr(appending, "_is_plain", plant(appending._is_plain))
    with pytest.raises(AssertionError):
        for seed in range(6):
            check(tmp_path / str(seed), seed)


def test_the_comparison_catches_a_digest_that_follows_bytes_behind_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = block_states.BlockStates.follow

    def careless(self: block_states.BlockStates, journal_id: int, offset: int, content: bytes) -> None:
        known = self._states.get(journal_id)
        if known is not None:
            self._states[journal_id] = known._replace(offset=offset)
        follow(self, journal_id, offset, content)

    monkeypatch.setattr(block_states.BlockStates, "follow", careless)
    with pytest.raises(AssertionError):
        for seed in range(6):
            check(tmp_path / str(seed), seed)
