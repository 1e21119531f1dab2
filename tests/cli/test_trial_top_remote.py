"""The live screen of a server: its data follow the stream of events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aimd_cli.commands.trial.live import LocalSources
from aimd_cli.commands.trial.live_remote import RemoteSources
from aimd_core.client import events
from aimd_core.config import Credentials
from aimd_core.errors import UnreachableError
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.server import RunningServer


@pytest.fixture
def sources(signed_in: Account) -> Iterator[RemoteSources]:
    made = RemoteSources(Credentials(signed_in.url, signed_in.key, {}), "remote")
    yield made
    made.close()


def record(name: str, points: int = 3) -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, folder_path="vision", make_folder=True)
    for step in range(points):
        trial.log("train", {"loss": 1.0 / (step + 1)}, step=step)
    return trial


def upload(home: Home) -> None:
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 0, ran.err


def test_points_states_and_trials_come_and_go_as_events_tell(home: Home, sources: RemoteSources) -> None:
    assert sources.look(False).rows == []
    trial = record("a")
    upload(home)
    wait_until(lambda: [row.name for row in sources.look(False).rows] == ["a"], "a new trial")
    (row,) = sources.look(True).rows
    assert (row.number("train.loss", "count"), bool(row.platform)) == (3, True)
    assert len(sources.curve(row, "train.loss", "step")) == 3
    trial.log("train", {"loss": 0.1}, step=3)
    trial.finish()
    (trial.path / "stdout.log").write_text("one\ntwo\nthree\n")
    upload(home)
    wait_until(lambda: sources.look(True).rows[0].state == "Succeeded", "its end")
    (row,) = sources.look(True).rows
    assert row.number("train.loss") == 0.1
    assert len(sources.curve(row, "train.loss", "step")) == 4
    assert list(sources.output(row, 2)) == ["two", "three"]
    assert sources.detail(row).location == "remote:/vision/a"
    record("b").finish()
    upload(home)
    wait_until(lambda: [row.name for row in sources.look(False).rows] == ["b", "a"], "another trial")
    assert home.aimd("trial", "rm", "remote:a", "-y").code == 0
    wait_until(lambda: [row.name for row in sources.look(False).rows] == ["b"], "that one is gone")
    assert list(sources.output(sources.look(False).rows[0], 2)) == []


def test_the_screen_has_the_same_of_a_folder_as_of_a_directory(home: Home, signed_in: Account) -> None:
    for name in ("a", "b"):
        record(name).finish()
    upload(home)
    here = LocalSources(home.work)
    there = RemoteSources(Credentials(signed_in.url, signed_in.key, {}), "remote", "/vision")
    try:
        rows = here.look(True).rows
        assert [row.document() for row in there.look(True).rows] == [row.document() for row in rows]
        for row in rows:
            assert there.curve(row, "train.loss", "time").positions == here.curve(row, "train.loss", "time").positions
            assert there.detail(row)._replace(location="", row=row) == here.detail(row)._replace(location="", row=row)
    finally:
        there.close()


def test_a_server_that_was_killed_is_missed_at_once_and_found_again(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RETRY_S", 2 * PATIENCE_S)  # it is not the next try of the stream that notices
    with RunningServer(tmp_path / "data") as server:
        there = RemoteSources(Credentials(server.url, server.new_user("lin"), {}), "remote")
        try:
            assert [there.look(False).rows for _ in range(3)] == [[], [], []]
            server.kill()

            def is_missed() -> bool:
                try:
                    there.look(False)
                except UnreachableError:
                    return True
                return False

            wait_until(is_missed, "that it is gone")
            server.start()
            assert there.look(False).rows == []
        finally:
            there.close()


def test_top_of_a_server_needs_a_terminal_and_a_server(home: Home, signed_in: Account) -> None:
    assert home.aimd("trial", "top", "--remote").code == 2
    assert home.aimd("trial", "top", "elsewhere:/vision").code == 3
