"""Trials and queries for tests of lists: odd values, ties and gaps, and queries in the whole language."""

from __future__ import annotations

import json
import random
import time
import uuid
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import text

from aimd_core.query.fields import quote
from aimd_server.services import identity, trials
from aimd_server.services.folders import FolderWish
from aimd_server.services.trial_changes import TrialChange, apply
from aimd_server.services.trials import TrialWish
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from tests.support.appending import append

FOLDERS = ("a", "a/b", "a/b/c", "ab", "z")
STATES = ("Running", "Running", "Initializing", "Succeeded", "Failed", "Killed", "Lost", None)
ENDINGS = (None, None, None, {"kind": "signal", "signal": "SIGTERM"}, {"kind": "exception", "exception": "ValueError"})
WORDS = (
    "mnist",
    "MNIST",
    "Straße",
    "strasse",
    "ab*c",
    "",
    "1e-3",
    "3",
    "3.0",
    "true",
    "nan",
    "x" * 190 + "y" * 30,
    "日本",
    "'\"\\",
)
NUMBERS = (0, 1, 3, -1, 3.0, 0.001, 1e-3, 2.5, 1e300, -2.5, 2**53, 2**53 + 1, 123456789012345678, 10**30)
ODD: tuple[Any, ...] = (None, True, False, [1, "a"], [], {}, "NaN", "Infinity")
STEPS = (None, 0, 1, 7, 2**40)
VALUES = (0.0, 0.25, 0.5, 0.75, 1.0, -3.0, float("nan"), float("inf"), float("-inf"), 1e300)
PARAMS = ("lr", "optim.lr", "name", "flag", "mixed", "batch size")
METRICS = ("val.acc", "val.loss", "train.loss.max")


def make_user(database: Database, name: str = "lin") -> Account:
    """Make a user, and return them as a call that changes things has them."""
    identity.add_user(database, name)
    found = identity.account_of(database, identity.create_key(database, name))
    assert found is not None
    return Account(found.id, found.name, writing=True)


def parameters(rng: random.Random) -> dict[str, Any]:
    """Return parameters, each there or not; of some names few values, of others all kinds."""
    made: dict[str, Any] = {}
    if rng.random() < 0.8:
        made["lr"] = rng.choice((0.1, 0.01, 0.001, 1, 2))
    if rng.random() < 0.6:
        made["optim"] = {"lr": rng.choice(NUMBERS), "name": rng.choice(WORDS)}
    if rng.random() < 0.8:
        made["mixed"] = rng.choice((*WORDS, *NUMBERS, *ODD))
    if rng.random() < 0.5:
        made["flag"] = rng.choice((True, False, "true", 1, None))
    if rng.random() < 0.5:
        made["batch size"] = rng.choice((16, 32, 64))
    return made


def lines(rng: random.Random, count: int = 3) -> bytes:
    """Return journal lines of some metrics."""
    made = []
    for _ in range(count):
        kind, name = rng.choice((("val", "acc"), ("val", "loss"), ("train", "loss.max")))
        sequence = {"step": rng.choice(STEPS), "epoch": None, "timestamp": "2026-11-23T15:03:27+00:00"}
        made.append(json.dumps({kind: {"value": {name: rng.choice(VALUES)}, "sequence": sequence}}) + "\n")
    return "".join(made).encode()


def make_trials(database: Database, user: Account, rng: random.Random, count: int) -> list[str]:
    """Make trials with ties and gaps in everything, half of them silent for an hour, and return their ids."""
    ids = [make_trial(database, user, rng, number) for number in range(count)]
    silent = rng.sample(ids, count // 2)
    fall_silent(database, silent)
    fall_silent(database, rng.sample(ids, count // 4), "trial")  # whose files have grown since
    return ids


def fall_silent(database: Database, ids: list[str], *tables: str, silent_s: float = 3600.0) -> None:
    """Let it be so long ago that anything of trials was received."""
    columns = {"trial": "heard_us", "journal": "updated_us"}
    whose = {"trial": "uid = :uid", "journal": "trial_id = (SELECT id FROM trial WHERE uid = :uid)"}
    values = [{"uid": uid, "at_us": round((time.time() - silent_s) * 1e6)} for uid in ids]
    for table in tables or columns:
        query = text(f"UPDATE {table} SET {columns[table]} = :at_us WHERE {whose[table]}")
        database.write(lambda connection, query=query: connection.execute(query, values))  # type: ignore[misc]


def make_trial(database: Database, user: Account, rng: random.Random, number: int) -> str:
    """Make one."""
    uid = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    started = rng.choice((None, *(f"2026-11-{day:02d}T12:00:00+0{day % 3}:00" for day in (1, 2, 3, 22, 23))))
    ended = rng.choice((None, "2026-11-23T12:00:00+00:00", "2026-11-24T12:00:01.5+00:00"))
    metadata = {
        "startTime": started,
        "endTime": ended,
        "status": rng.choice(("Running", "Succeeded", None)),
        "_git": rng.choice(({}, {"branch": "main", "commit": "41d0af", "is_dirty": True}, {"branch": "dev"})),
        "_exit": rng.choice(ENDINGS),
        "platform": rng.choice(({}, {"hostname": "gpu-07", "pypkgs": {"torch": "2.1"}})),
    }
    wish = TrialWish(
        name=f"{rng.choice(('mnist', 'cifar', 'Straße', '7'))}-{number}",
        alternative_name=rng.choice((None, f"alt_{number}")),
        folder=FolderWish(path=rng.choice(FOLDERS), make=True),
        state=rng.choice(STATES),
        metadata=metadata,
        parameters=parameters(rng),
    )
    trials.put(database, user, uid, wish)
    content = lines(rng, rng.choice((0, 1, 2, 5)))
    if content:
        append(database, user, uid, "metrics", 0, content)
    labels: dict[str, Any] = {}
    if rng.random() < 0.4:
        labels["tags"] = rng.sample(("debug", "best", "Straße"), rng.choice((0, 1, 2)))
    if rng.random() < 0.4:
        labels["note"] = rng.choice(("diverged at once", "", "ok"))
    if labels:
        apply(database, user, uid, TrialChange(**labels))
    return uid


_AGGREGATES = ("last", "min", "max", "mean", "count", "min_step", "max_step", "last_step", "nan_since")
_TEXT_FIELDS = ("name", "alternative_name", "folder", "note", "reason", "git.branch", "platform.hostname")


def _fields() -> st.SearchStrategy[str]:
    params = st.sampled_from(PARAMS).map(lambda name: ".".join(["params", *(quote(part) for part in name.split("."))]))
    metrics = st.builds(
        lambda name, aggregate: f"{name.partition('.')[0]}.{quote(name.partition('.')[2])}.{aggregate}",
        st.sampled_from(METRICS),
        st.sampled_from(_AGGREGATES),
    )
    others = ("id", "state", "started", "ended", "age", "duration", "tags", "parent", "nan_since", "git.commit")
    plain = st.sampled_from((*_TEXT_FIELDS, *others))
    return st.one_of(params, metrics, plain, st.just("params.nothing"), st.just("git.dirty"))


def _values() -> st.SearchStrategy[str]:
    numbers = st.sampled_from([repr(one) for one in (*NUMBERS, 0.25, 0.5)] + ["nan", "inf", "-inf", "1e400"])
    words = st.sampled_from((*WORDS, "gpu-07", "main", "mnist*", "*1*", "st", "S", "41D", "a/b", "/a/b", "2", "debug"))
    return st.one_of(
        numbers, words.map(quote), st.sampled_from(("true", "false", "Running", "failed", "lost", "Interrupted"))
    )


_MOMENTS = st.sampled_from(("2026", "2026-11", "2026-11-22", "2026-11-23T12:00:00Z", "2025-01-01"))
_DURATIONS = st.sampled_from(("1h", "1000d", "0", "2d", "1h30m"))


def _comparisons() -> st.SearchStrategy[str]:
    ordered = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
    signs = st.one_of(ordered, st.sampled_from(("~", "!~")))
    lists = st.lists(_values(), min_size=1, max_size=3).map(lambda values: f"[{', '.join(values)}]")
    return st.one_of(
        st.builds("{} {} {}".format, _fields(), signs, _values()),
        st.builds("{} {} {}".format, st.sampled_from(("started", "ended")), ordered, _MOMENTS),
        st.builds("{} {} {}".format, st.sampled_from(("age", "duration")), ordered, _DURATIONS),
        st.builds("{} {} {}".format, _fields(), st.sampled_from(("in", "not in")), lists),
        st.builds("{} {}".format, _fields(), st.sampled_from(("is missing", "is not missing"))),
        st.sampled_from(
            ("tag:debug", "note:DIVERGED", "tags != debug", "params.lr = 0.1", "state in [running, failed]")
        ),
    )


def queries() -> st.SearchStrategy[str]:
    """Return texts, most of which are queries; many fit about half of the trials."""
    return st.recursive(
        _comparisons(),
        lambda inner: st.one_of(
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
            st.builds("not ({})".format, inner),
        ),
        max_leaves=4,
    )


def orders() -> st.SearchStrategy[str]:
    """Return sort keys."""
    one = st.builds("{}{}".format, st.sampled_from(("", "-")), _fields())
    return st.lists(one, min_size=0, max_size=3).map(",".join)
