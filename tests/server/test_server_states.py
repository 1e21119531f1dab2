"""States on the server: one rule, and every answer says the same of a trial, however it came to be silent."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aimd_core.client.lists import facts_of
from aimd_core.config import Credentials
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import LOST_AFTER_S, derive_state
from aimd_core.upload import upload_all
from aimd_core.upload.contents import Destination, Result
from aimd_core.upload.following import BEAT_S, Follower
from aimd_core.upload.remote import CurrentRemote
from aimd_server.services import trial_changes, trial_lists, trials, version1, watching
from aimd_server.services.trial_changes import BatchRequest, TrialChange
from aimd_server.services.trial_lists import ListRequest
from aimd_server.services.trials import TrialWish
from aimd_server.services.watching import Watched
from aimd_server.stores import list_conditions
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from t9k import aimd
from tests.server.api import User, line, new_id
from tests.support.appending import append
from tests.support.list_queries import fall_silent, make_user

SILENT_S = 3 * 3600.0
TOLD = ("Initializing", "Running", "Succeeded", "Failed", "Killed", "Interrupted", None)
ENDINGS = (
    None,
    {"kind": "exception", "exception": "ValueError", "message": "bad shape"},
    {"kind": "signal", "signal": "SIGTERM"},
)
CASES = list(itertools.product(TOLD, ENDINGS, (False, True), (False, True)))


class Store:
    """A database with one user."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.user: Account = make_user(database)

    def trial(self, state: str | None = "Running", ending: Any = None, **members: Any) -> str:
        """Make a trial and return its id."""
        uid = new_id()
        metadata = {"startTime": "2026-11-20T12:00:00+00:00", "status": "Running", "_exit": ending}
        wish = TrialWish(name=uid, state=state, metadata=metadata, **members)
        trials.put(self.database, self.user, uid, wish)
        return uid

    def shown(self, uid: str) -> dict[str, Any]:
        """Return a trial as the server shows it alone."""
        return plain(trials.shown(self.database, self.user, uid))

    def listed(self, **request: Any) -> list[dict[str, Any]]:
        """Return the trials of a list."""
        page = trial_lists.page_of_trials(self.database, self.user, ListRequest(limit=500, **request))
        rows: list[dict[str, Any]] = plain(page)["trials"]
        return rows

    def told_by_all(self, uid: str) -> set[str]:
        """Return the states in which the server's answers say that a trial is."""
        row_id = self.database.read(lambda connection: trials.load_trial(connection, self.user, uid)).id
        look = watching.look(self.database, [Watched(None, "", frozenset([row_id]))])
        batch = plain(trial_changes.batch(self.database, self.user, BatchRequest([uid])))["trials"][0]
        document = self.shown(uid)
        found = {look.trials[row_id].state or "", batch["state"] or "", document["state"] or ""}
        found |= {row["state"] or "" for row in self.listed() if row["id"] == uid}
        return found | {facts_of(document).state.replace("None", "")}


def plain(answer: object) -> Any:
    """Return an answer as a client reads it."""
    return json.loads(msgspec.json.encode(answer, enc_hook=str))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Database(tmp_path_factory.mktemp("states")) as database:
        yield Store(database)


def _matrix(store: Store) -> dict[str, str]:
    """Make a trial of each kind, and return the states that they are in, by id."""
    expected = {}
    for told, ending, is_silent, has_grown in CASES:
        uid = store.trial(told, ending)
        append(store.database, store.user, uid, "metrics", 0, line(1))
        if is_silent:
            fall_silent(store.database, [uid], *(["trial"] if has_grown else []), silent_s=SILENT_S)
        silent_s = SILENT_S if is_silent and not has_grown else 0.0
        expected[uid] = derive_state(told or "Running", ending, None, time.time() - silent_s).name
    return expected


def _check(store: Store, expected: dict[str, str]) -> None:
    for uid, state in expected.items():
        assert store.told_by_all(uid) == {state}
    for state in {*expected.values(), "Lost", "Running", "Interrupted"}:
        ids = {row["id"] for row in store.listed(where=f"state = {state}")}
        assert ids & expected.keys() == {uid for uid, name in expected.items() if name == state}
    for sort in ("state", "-state", "state,name", "-started,-state"):
        states = [row["state"] for row in store.listed(sort=sort) if row["id"] in expected]
        assert states == sorted(states, key=str.casefold, reverse=sort.endswith("-state"))


def test_every_answer_says_the_state_that_the_one_rule_says(store: Store) -> None:
    _check(store, _matrix(store))


def test_a_list_that_filters_by_what_was_told_is_seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _matrix(store)
    monkeypatch.setattr(list_conditions, "state_at", lambda now_s: list_conditions.told_state())
    with pytest.raises(AssertionError):
        _check(store, expected)


def test_bytes_or_a_repeated_upload_are_signs_of_life_and_notes_of_people_are_none(store: Store) -> None:
    silent, grown, told, version_1 = (store.trial() for _ in range(4))
    fall_silent(store.database, [silent, grown, told, version_1], silent_s=SILENT_S)
    trial_changes.apply(store.database, store.user, silent, TrialChange(note="seen", tags=["lost"], name="else"))
    append(store.database, store.user, grown, "metrics", 0, line(1))
    document = {"startTime": "2026-11-20T12:00:00+00:00", "status": "Running", "_exit": None}
    again = trials.put(store.database, store.user, told, TrialWish(name=told, state="Running", metadata=document))
    version1.set_status(store.database, store.user, version_1, {"status": "Running"})
    assert again.outcome == "unchanged"
    states = {uid: store.shown(uid)["state"] for uid in (silent, grown, told, version_1)}
    assert states == {silent: "Lost", grown: "Running", told: "Running", version_1: "Running"}


def test_why_and_since_when_is_said_beside_the_state(store: Store) -> None:
    lost, failed, done = store.trial(), store.trial("Failed", ENDINGS[1]), store.trial("Succeeded")
    fall_silent(store.database, [lost, failed, done], silent_s=SILENT_S)
    rows = {uid: store.shown(uid) for uid in (lost, failed, done)}
    assert [rows[uid]["reason"] for uid in rows] == ["nothing written for 3 h", "ValueError: bad shape", None]
    assert rows[failed]["ending"] == ENDINGS[1]
    assert [rows[uid]["last_write"] is None for uid in rows] == [False, True, True]
    duration_s = facts_of(rows[lost]).duration_s(time.time())
    assert duration_s is not None
    assert abs(time.time() - SILENT_S - duration_s - 1_795_176_000) < 60  # to the last sign of life, from the start


def test_a_metric_that_has_diverged_says_since_when_everywhere(store: Store) -> None:
    uid = store.trial()
    content = line(1, loss=0.5) + line(2, loss=float("nan")) + line(3, loss=float("nan")) + line(3, metrics_type="val")
    append(store.database, store.user, uid, "metrics", 0, content)
    rows = [store.shown(uid), *(row for row in store.listed() if row["id"] == uid)]
    assert [row["nan_since"] for row in rows] == [{"train.loss": 2}] * 2
    assert facts_of(rows[1]).nan_since == {"train.loss": 2}


def test_an_ending_is_kept_short_whatever_was_written_there(store: Store, tmp_path: Path) -> None:
    odd = {"message": "x" * 100_000, "kind": 7, "status": 1 << 80, "more": ["y"] * 1000}
    ending = store.shown(store.trial("Running", odd))["ending"]
    assert ending == {"kind": "", "message": "x" * 1000}
    assert store.shown(store.trial("Running", "by hand"))["state"] == "Interrupted"


def test_a_trial_that_runs_in_silence_is_sent_again_before_it_would_be_lost(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with aimd.create_trial(trial_name="silent") as trial:
        clock, sent = [0.0], []
        credentials = Credentials(user.server.url, user.key, {})

        def upload(trials_: Sequence[Trial]) -> Iterator[Result]:
            sent.append(len(trials_))
            return upload_all(lambda: CurrentRemote(credentials), trials_, Destination(), 1)

        follower = Follower(lambda: [Trial(Path(trial.path))], upload, lambda: clock[0])
        outcomes = []
        for now_s in (0.0, 1.0, BEAT_S, BEAT_S + 1, 2 * BEAT_S):
            clock[0] = now_s
            outcomes.append([result.uploaded and result.uploaded.outcome for result in follower.round()])
        assert len(sent) == 3
        assert outcomes == [["created"], [], [], [], []]  # a sign of life is nothing to talk about
        assert LOST_AFTER_S > 3 * BEAT_S
