"""One trial, every reader: all say the same of it, with a fresh, a stale and no cache."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from aimd_core.format import process
from tests.conftest import Account
from tests.support import readers
from tests.support.home import Home
from tests.support.local_console import LocalConsole
from tests.support.trials import record, write_trial

NAME = "cnn_keras_261123_150327_f9by70"
ALIVE = process.capture()
GONE = {**ALIVE, "process_start": 1}
ELSEWHERE = {**ALIVE, "host": "another"}


def change_metadata(path: Path, **changes: object) -> None:
    file = path / "metadata.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changes}, sort_keys=False))


def running(path: Path) -> None:
    """It goes on."""


def ended(written: str, /, **ending: object) -> Callable[[Path], None]:
    def end(path: Path) -> None:
        times = {"endTime": "2026-11-23T16:00:00.000001+00:00"} if written != "Running" else {}
        change_metadata(path, status=written, **times, **({"_exit": ending} if ending else {}))

    return end


def killed(path: Path) -> None:
    (path / "process.json").write_text(json.dumps(GONE))


def lost(path: Path) -> None:
    (path / "process.json").write_text(json.dumps(ELSEWHERE))
    for file in ("", *os.listdir(path)):
        os.utime(path / file, (time.time() - 7300, time.time() - 7300))


def damaged(path: Path) -> None:
    (path / "metadata.yaml").write_text("metadata: [\n")


def diverged(path: Path) -> None:
    with (path / "metrics").open("ab") as journal:
        journal.write(record(3, float("nan")) + record(4, float("inf")))


KINDS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "running": (running, "Running", ""),
    "succeeded": (ended("Succeeded"), "Succeeded", ""),
    "failed": (ended("Failed"), "Failed", ""),
    "exception": (
        ended("Failed", kind="exception", exception="ValueError", message="bad shape"),
        "Failed",
        "ValueError: bad shape",
    ),
    "signal": (ended("Running", kind="signal", signal="SIGTERM"), "Interrupted", "SIGTERM"),
    "exit": (ended("Running", kind="exit", status=3), "Interrupted", "exit status 3"),
    "unfinished": (ended("Running", kind="unfinished"), "Interrupted", "ended without finish()"),
    "killed": (killed, "Killed", "its process is gone"),
    "lost": (lost, "Lost", "nothing written for 2 h"),
    "damaged": (damaged, "Initializing", ""),
    "diverged": (diverged, "Running", ""),
}


@pytest.fixture
def trial(home: Home) -> Path:
    trial_id = str(uuid.uuid4())  # the server is shared by all tests
    return write_trial(home.work, NAME, trial_id=trial_id, process=ALIVE, metrics=record(1) + record(2, 0.25))


@pytest.mark.parametrize("cache", ["fresh", "stale", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_readers_say_the_same(
    home: Home, trial: Path, kind: str, cache: str, monkeypatch: pytest.MonkeyPatch, cache_home: Path
) -> None:
    become, state, reason = KINDS[kind]
    if cache == "stale":
        home.aimd("trial", "ls", home.work)  # as it was before
    become(trial)
    if cache == "fresh":
        home.aimd("trial", "ls", home.work)
    elif cache == "none":
        shutil.rmtree(cache_home, ignore_errors=True)
        cache_home.write_text("a file, so that no cache can be made")
    told = readers.told_by_all(home, trial)
    assert readers.disagreements(told) == []
    assert (told["ls --json"].state, told["ls --json"].reason) == (state, reason)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "damaged"])
def test_the_server_says_the_same_of_what_was_uploaded(home: Home, signed_in: Account, trial: Path, kind: str) -> None:
    become, state, reason = KINDS[kind]
    become(trial)
    told = {"here": readers.ls_json(home, trial), **readers.told_remotely(home, trial)}
    assert readers.disagreements(told) == []
    assert (told["server"].state, told["server"].reason) == (state, reason)
    again = home.aimd("trial", "upload", "-p", trial, "--json").json
    assert again["uploads"][0]["outcome"] == "unchanged"


def matches_of(home: Home, query: str, *more: object) -> set[str]:
    ran = home.aimd("trial", "ls", *more, "--json", "--where", query)
    assert ran.code == 0, ran.err
    return {row["alternative_name"].partition("_")[0] for row in ran.json["trials"]}


def test_queries_find_what_readers_say_of_reasons_and_divergence_here_and_there(home: Home, signed_in: Account) -> None:
    kinds = [kind for kind in KINDS if kind != "damaged"]
    for number, kind in enumerate(kinds):
        path = write_trial(
            home.work,
            f"{kind}_261123_150327_f9by{number:02d}",
            name=kind,
            trial_id=str(uuid.uuid4()),
            process=ALIVE,
            metrics=record(1),
        )
        KINDS[kind][0](path)
    assert home.aimd("trial", "upload", "-d", home.work, "-P", "reasons", "-m").code == 0
    for source in ((home.work,), ("--remote", "-P", "reasons")):
        for kind in kinds:
            if reason := KINDS[kind][2]:
                assert kind in matches_of(home, f'reason = "{reason}"', *source)
        assert matches_of(home, "reason ~ BAD", *source) == {"exception"}
        no_reason = {kind for kind in kinds if not KINDS[kind][2]}
        assert matches_of(home, "reason is missing", *source) == no_reason
        for query in (
            "nan_since is not missing",
            "nan_since = train.loss",
            "nan_since ~ LOSS",
            "train.loss.nan_since = 3",
        ):
            assert matches_of(home, query, *source) == {"diverged"}, query
        assert matches_of(home, "nan_since != train.loss", *source) == {*kinds} - {"diverged"}
        by_reason = home.aimd("trial", "ls", *source, "--json", "--sort", "reason,name").json["trials"]
        reasons = [row["reason"] for row in by_reason if row["reason"]]
        assert reasons == sorted(reasons, key=str.casefold)
        assert [row["reason"] for row in by_reason[len(reasons) :]] == [None] * len(no_reason)


def test_the_console_says_the_same_of_every_kind(home: Home, cache_home: Path) -> None:
    kinds = {kind: value for kind, value in KINDS.items() if kind != "damaged"}
    paths = {}
    for number, (kind, (become, _, _)) in enumerate(kinds.items()):
        name = f"{kind}_261123_150327_f9by{number:02d}"
        trial_id = f"afc6e66f-a3ca-4103-ae8b-b74a872f6b{number:02d}"
        paths[kind] = write_trial(home.work, name, name=kind, trial_id=trial_id, process=ALIVE, metrics=record(1))
        become(paths[kind])
    with LocalConsole(home.work, cache_home) as console:
        console.sign_in()
        shown = console.wait_until(
            lambda trials: len(trials) == len(kinds) and all(trial["metrics"] for trial in trials.values())
        )
    rows = {row["alternative_name"]: row for row in shown.values()}
    for kind, (_, state, reason) in kinds.items():
        told = {"here": readers.ls_json(home, paths[kind]), "console": readers.of_server(rows[paths[kind].name])}
        assert readers.disagreements(told) == [], kind
        assert (told["console"].state, told["console"].reason) == (state, reason)


def test_a_reader_that_derives_a_state_by_itself_is_found(
    home: Home, trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted disagreement: a reader that does not look at `_exit`, as the index once did."""
    ended("Running", kind="signal", signal="SIGTERM")(trial)
    killed(trial)
    monkeypatch.setattr("aimd_core.reading.directory.ending_of", lambda metadata: None)
    assert re.match("state: .*'Killed'.*'Interrupted'", readers.disagreements(readers.told_by_all(home, trial))[0])


@pytest.mark.parametrize(
    "code",
    [
        "from aimd_core.format import process\nprocess.is_gone({})",
        "metadata = {}\nended = metadata.get('_exit')",
        "from aimd_core.format.model import UNFINISHED\nis_open = 'x' in UNFINISHED",
        "def is_dead(state):\n    return state == 'Killed'",
    ],
)
def test_the_house_lets_nobody_else_derive_a_state(code: str) -> None:
    from scripts.house_rules import state_faults

    assert state_faults(Path("aimd_cli", "commands", "new.py"), ast.parse(code))
    assert not state_faults(Path("aimd_core/reading/facts.py"), ast.parse(code))
