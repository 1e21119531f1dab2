"""`aimd trial plot --open`: the charts in the browser, from here and from a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimd_cli.commands.console import ConsolePage
from aimd_cli.commands.trial.open_charts import view_of
from aimd_cli.views.chart import Look
from t9k import aimd
from tests.cli.test_console import new_trial
from tests.conftest import Account
from tests.support.home import Home
from tests.support.local_console import LocalConsole


def test_local_trials_open_in_a_console_of_their_directory(tmp_path: Path, cache_home: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    _, trial_id = new_trial(work, 1)
    console = LocalConsole(work, cache_home)
    console.words = ["trial", "plot", "cnn", "-d", str(work), "--open", "--x", "time"]
    with console:
        assert f"/t9k/experiment/web/#/trials/{trial_id}/?x=relative&token=" in console.address
        assert console.sign_in().json()["scope"] == "read"
        assert console.stop() == 0
    assert "Showing 1 trial in" in console.stderr


def test_trials_of_a_server_open_in_its_console(
    home: Home, signed_in: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    for name in ("a", "b"):
        trial = aimd.create_trial(trial_name=name)
        trial.log("val", {"acc": 0.5}, step=1)
        trial.finish()
        ids.append(trial.id)
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    ran = home.aimd("trial", "plot", "--remote", "a", "b", "--open", "--smooth", "0.9")
    assert ran.out == f"{signed_in.url}/t9k/experiment/web/#/compare?trials={ids[0]},{ids[1]}&smooth=0.9\n".replace(
        "/t9k/experiment/server", ""
    )
    assert home.aimd("trial", "plot", "a", "remote:b", "--open").code == 2
    assert home.aimd("trial", "plot", "a", "--open", "--json").code == 2
    assert home.aimd("trial", "plot", "a", "--open", "--hist", "val.acc").code == 2


def test_an_address_says_how_charts_are_looked_at() -> None:
    assert view_of(["x y"], Look()) == "trials/x%20y/"
    assert view_of(["a", "b"], Look("train.tokens", log_y=True)) == "compare?trials=a,b&x=metric%3Atrain.tokens&logy=1"
    root = "http://127.0.0.1:1/t9k/experiment/web/#/?token=T"
    assert ConsolePage().page(root) == root
    assert ConsolePage("compare?trials=a").page(root).endswith("#/compare?trials=a&token=T")
