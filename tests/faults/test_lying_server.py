"""Whatever a server answers, whichever command asks: an error in one line with the right exit code, never a traceback.

The lies are generated from the answers of a real server, and the commands ask all that the client can ask. A few
hundred lies are told in every run; `make soak` tells them for `AIMD_FUZZ_S` seconds, and `AIMD_LIES` at least.
"""

from __future__ import annotations

import ast
import os
import random
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from aimd_core.client import answers, protocols
from aimd_core.client.connection import RetryPolicy
from aimd_core.errors import AimdError
from tests.conftest import Account
from tests.support.home import Home, Ran
from tests.support.liar import Lie, LyingServer, Trap, lies_about
from tests.support.memory import held_bytes
from tests.support.server import RunningServer
from tests.support.trials import record, write_trial
from tests.support.v1_server import DeployedTestServer

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "aimd_core" / "client"
CODES = {0, 1, 3, 4, 5, 6, 7, 8}
SLICE = 140  # lies in every run
CASE_S = 8.0
FUZZ_S = float(os.environ.get("AIMD_FUZZ_S", "3600"))
LIES = int(os.environ.get("AIMD_LIES", "10000"))  # that are told at least in the long form, by both protocols together
RSS_BYTES = 250 << 20
A_FOLDER, A_TRIAL = "images/mnist", "cnn_keras"

Act = Callable[["Client"], Ran]
Case = tuple["Recorded", Lie]


class Client:
    """One user in an isolated home, whose server lies."""

    def __init__(self, home: Home, server: LyingServer, key: str, friend: str = "") -> None:
        self.home, self.server, self.key, self.friend = home, server, key, friend
        self.removed = ""

    @property
    def trial(self) -> str:
        """The id of a trial that is on the server."""
        (path,) = self.home.work.glob(".aimd/trials/other*/metadata.yaml")
        return str(yaml.safe_load(path.read_text())["metadata"]["id"])

    def reset(self) -> None:
        """Bring back what a command may have changed."""
        self.home.write_config(f"aimd_host: {self.server.url}\napi_key: {self.key}\n")
        protocols.cache_path().unlink(missing_ok=True)
        protocols._asked.clear()
        for left in ("got", "escaped"):
            shutil.rmtree(self.home.work / left, ignore_errors=True)

    def run(self, *words: str) -> Ran:
        """Run a command; what it raises is what a person would see as a traceback."""
        return self.home.aimd(*words)


def command(line: str) -> Act:
    return lambda client: client.run(
        *(
            word.format(
                url=client.server.url, key=client.key, friend=client.friend, removed=client.removed, trial=client.trial
            )
            for word in line.split()
        )
    )


def _sdk(call: Callable[[], object]) -> Act:
    def act(client: Client) -> Ran:
        try:
            call()
        except AimdError as error:
            return Ran(5, "", f"aimd: error: {error}\n")
        return Ran(0, "", "")

    return act


def _sdk_login() -> None:
    from t9k import aimd

    aimd.login()


def _sdk_upload() -> None:
    from t9k import aimd

    for uploaded in aimd.upload_trial(trial_dir="."):
        repr(uploaded)


def _companion() -> None:
    from t9k.aimd import uploader

    (path,) = Path("more/.aimd/trials").iterdir()
    error = uploader._upload_once(path)
    if error is not None:
        raise error


# Every command that asks a server, in an order in which an honest server does them all.
COMMANDS: dict[str, Act] = {
    line: command(line)
    for line in (
        "login -H {url} -k {key}",
        "login --status",
        f"folder mk -p {A_FOLDER}",
        "folder mk spare",
        "folder ls",
        "folder ls --json",
        "folder tree",
        f"folder id {A_FOLDER}",
        "folder ls --shared",
        f"folder share {A_FOLDER} {{friend}} editor",
        f"folder share {A_FOLDER} --link",
        f"folder ls-shares {A_FOLDER}",
        f"folder unshare {A_FOLDER} {{friend}}",
        f"folder note {A_FOLDER} better",
        f"folder note {A_FOLDER}",
        f"folder report {A_FOLDER} --html report.html --force",
        f"folder report {A_FOLDER}",
        "folder mv spare extra",
        "folder rm extra --yes",
        "folder restore {removed}",
        "trial upload -d . --dry-run -j 1",
        f"trial upload -d . -P {A_FOLDER} -m -j 1",
        "trial upload -d . -j 1",
        "trial upload -d . --check -j 1",
        f"trial upload -d more -P {A_FOLDER} -c replace -j 1",
        "trial upload -d more --follow -j 1",
        "relay . --once -j 1",
        "trial download other --to got",
        "trial ls --remote",
        "trial ls --remote --json --detail",
        "trial ls --remote --where params.lr>0 --sort -train.loss --limit 1",
        "trial ls --remote --where params.nothing>0",
        "trial describe --remote {trial}",
    )
} | {"sdk login": _sdk(_sdk_login), "sdk upload": _sdk(_sdk_upload), "sdk companion": _sdk(_companion)}
OLD_COMMANDS: dict[str, Act] = {
    line: act
    for line, act in COMMANDS.items()
    if not re.search(r"shar|folder (mv|rm|restore|note|report)|download|--remote", line)
}


def _prepare(home: Home) -> None:
    for directory, name, made in ((".", A_TRIAL, "f9by70"), (".", "other", "aaaaaa"), ("more", A_TRIAL, "bbbbbb")):
        write_trial(
            home.work / directory / ".aimd/trials",
            f"{name}_261123_150327_{made}",
            name=name,
            trial_id=str(uuid.uuid4()),
            status="Succeeded",
            parameters="lr: 0.01\nlayers: [1, 2]\n",
            metrics=b"".join(record(step, 1 / (step + 1)) for step in range(5)),
        )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting before a second try, and fewer of them."""
    monkeypatch.setattr(RetryPolicy, "delay_s", lambda *_: 0.0)
    monkeypatch.setattr("aimd_core.upload.version1._pause", lambda _: None)
    monkeypatch.setattr("aimd_core.upload.following.pause", lambda _: None)
    monkeypatch.setattr("t9k.aimd.configuration.CONFIG._changed", {})  # what `login` sets, undone after the test


@pytest.fixture
def client(home: Home, running_server: RunningServer, account: Account, quick: None) -> Iterator[Client]:
    friend = f"mei-{uuid.uuid4().hex[:8]}"
    running_server.new_user(friend)
    _prepare(home)
    with LyingServer(account.url) as server:
        yield Client(home, server, account.key, friend)


@pytest.fixture
def old_client(home: Home, quick: None) -> Iterator[Client]:
    _prepare(home)
    with DeployedTestServer() as deployed, LyingServer(deployed.url) as server:
        yield Client(home, server, deployed.key)


class Recorded:
    """A command with the honest answers to it, and every lie about them."""

    def __init__(self, client: Client, line: str, act: Act, elsewhere: str) -> None:
        self.client, self.line, self.act = client, line, act
        client.reset()
        client.server.record()
        ran = act(client)
        assert "Traceback" not in ran.err
        removed = re.search(r"aimd folder restore ([0-9a-f-]{36})", ran.err)
        client.removed = removed[1] if removed else client.removed
        self.told = list(client.server.told)
        self.asked = list(client.server.asked)
        self.lies = [lie for at, (_, told) in enumerate(self.told) for lie in lies_about(told, at, elsewhere)]

    def tell(self, lie: Lie | None) -> Ran:
        """Run the command again, with the recorded answers but for a lie."""
        self.client.reset()
        self.client.server.told[:] = self.told
        self.client.server.replay(lie, once="--follow" in self.line)  # which waits for better times, for ever
        return self.act(self.client)


def _fault(recorded: Recorded, lie: Lie, trap: Trap) -> str:
    """Tell a lie and return what is wrong with what came of it, or nothing."""
    started_s = time.monotonic()
    try:
        ran = recorded.tell(lie)
    except Exception as error:  # what a person would see as a traceback
        return f"{type(error).__name__}: {error}"
    faults = []
    if ran.code not in CODES:
        faults.append(f"exit code {ran.code}")
    if "Traceback" in ran.err:
        faults.append(ran.err)
    if ran.code not in (0, 8) and "aimd: error: " not in ran.err:
        faults.append(f"no error is told: {ran.err!r}")
    if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", ran.err):
        faults.append(f"control characters: {ran.err!r}")
    if recorded.client.key in ran.err + ran.out:
        faults.append("the key is told")
    if trap.visits:
        faults.append("a redirect was followed")
        trap.visits = 0
    if time.monotonic() - started_s > CASE_S:
        faults.append("it took too long")
    if list(recorded.client.home.path.rglob("*escaped*")) or Path("/tmp/escaped").exists():
        faults.append("a name of the server is a path")
    return "; ".join(faults)


def _recordings(client: Client, commands: dict[str, Act], trap: Trap) -> list[Recorded]:
    return [Recorded(client, line, act, trap.url) for line, act in commands.items()]


def _faults(recordings: list[Recorded], cases: Iterator[tuple[Recorded, Lie]], trap: Trap) -> list[str]:
    faults = []
    for recorded, lie in cases:
        fault = _fault(recorded, lie, trap)
        if fault:
            faults.append(f"{recorded.line}, answer {lie.at} ({recorded.told[lie.at][0][:60]}), {lie.kind}: {fault}")
    return faults


def _some(recordings: list[Recorded], count: int, seed: int) -> list[tuple[Recorded, Lie]]:
    """Choose lies: of every kind and about every command, then at random."""
    every = [(recorded, lie) for recorded in recordings for lie in recorded.lies]
    random.Random(seed).shuffle(every)
    seen: set[str] = set()
    first: list[tuple[Recorded, Lie]] = []
    rest: list[tuple[Recorded, Lie]] = []
    for recorded, lie in every:
        keys = {recorded.line, re.sub(r"[0-9a-f-]{36}", "ID", lie.kind)}
        (rest if keys <= seen else first).append((recorded, lie))
        seen |= keys
    return [*first, *rest][:count]


def _many(
    recordings: list[Recorded], budget_s: float, least: int, capture: pytest.CaptureFixture[str]
) -> Iterator[Case]:
    """Yield lies until the time is over and there were enough; in the end say how many, and what memory they took."""
    end_s, count, seed = time.monotonic() + budget_s, 0, 2
    before_bytes = held_bytes()
    while True:
        for case in _some(recordings, sys.maxsize, seed):
            if time.monotonic() > end_s and count >= least:
                every = sum(len(recorded.lies) for recorded in recordings)
                with capture.disabled():
                    print(f"\n{count} lies of {every}: {held_bytes() >> 20} MiB, before {before_bytes >> 20} MiB")
                assert held_bytes() < RSS_BYTES
                return
            yield case
            count += 1
        seed += 1


def test_a_lie_of_every_kind_is_an_error_in_one_line(client: Client) -> None:
    with Trap() as trap:
        recordings = _recordings(client, COMMANDS, trap)
        assert _faults(recordings, iter(_some(recordings, SLICE, 1)), trap) == []


def test_a_lie_of_a_deployed_server_is_an_error_in_one_line(old_client: Client) -> None:
    with Trap() as trap:
        recordings = _recordings(old_client, OLD_COMMANDS, trap)
        assert _faults(recordings, iter(_some(recordings, SLICE, 1)), trap) == []


def _asked_by_the_client() -> set[str]:
    """Return the paths in the client's code, as patterns."""
    paths = set()
    for file in ("folders", "lists", "protocols", "signing_in", "v1", "v2"):
        tree = ast.parse((CLIENT / f"{file}.py").read_text())
        within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) in within:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = re.escape(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[^/]+" for p in node.values]
                text = "".join(parts)
            else:
                continue
            if re.match(r"/[a-z]", text):
                paths.add(text)
    return paths


def test_the_commands_ask_all_that_the_client_can_ask(
    client: Client, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {path for line, act in COMMANDS.items() for path in Recorded(client, line, act, "").asked}
    with DeployedTestServer() as deployed, LyingServer(deployed.url) as server:
        old = Client(home, server, deployed.key)
        asked |= {path for line, act in OLD_COMMANDS.items() for path in Recorded(old, line, act, "").asked}
    assert len(asked) > 20
    paths = {path.partition(" ")[2] for path in asked}
    unasked = {
        pattern
        for pattern in _asked_by_the_client()
        if not any(re.search(f"(/apis/v[12])?{pattern}$", path) for path in paths)
    }
    assert unasked == set()


def test_the_harness_catches_a_client_that_believes_what_it_reads(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: answers are used without being checked."""
    monkeypatch.setattr(answers, "checked", lambda value, host, shape: value)
    lines = ("folder tree", "trial ls --remote", "trial upload -d . --check -j 1", "trial download other --to got")
    with Trap() as trap:
        before = (f"trial upload -d . -P {A_FOLDER} -m -j 1",)  # so that there is something to read
        recordings = _recordings(client, {line: COMMANDS[line] for line in (*before, *lines)}, trap)[len(before) :]
        assert [recorded.line for recorded in recordings if not _is_caught(recorded, trap)] == []


def _is_caught(recorded: Recorded, trap: Trap) -> bool:
    return any(_fault(recorded, lie, trap) for lie in recorded.lies if lie.kind.startswith("body."))


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_lies_for_an_hour(client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    with Trap() as trap:
        recordings = _recordings(client, COMMANDS, trap)
        assert _faults(recordings, _many(recordings, FUZZ_S / 2, LIES // 2, capfd), trap) == []


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_lies_of_a_deployed_server_for_an_hour(old_client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    with Trap() as trap:
        recordings = _recordings(old_client, OLD_COMMANDS, trap)
        assert _faults(recordings, _many(recordings, FUZZ_S / 2, LIES // 2, capfd), trap) == []
