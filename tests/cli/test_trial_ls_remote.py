"""`aimd trial ls --remote`: the server chooses and orders, and only what is shown is fetched."""

from __future__ import annotations

from typing import Any

import pytest

from aimd_core.client import lists
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from tests.conftest import Account
from tests.server.api import new_id, wish
from tests.support.home import Home
from tests.support.strangers import http_answer, stranger


@pytest.fixture
def trials(signed_in: Account) -> list[str]:
    with Server(Credentials(signed_in.url, signed_in.key, {})) as server:
        names = []
        for number in range(6):
            name = f"t{number}"
            folder = {"path": "odd" if number % 2 else "even", "make": True}
            server.put_trial(new_id(), wish(name, folder=folder, parameters={"lr": number}))
            names.append(name)
        return names


def _names(home: Home, *arguments: str) -> list[str]:
    ran = home.aimd("trial", "ls", "--remote", *arguments)
    assert ran.code == 0, ran.err
    return [row["name"].partition("_261123_")[0] for row in ran.table]


@pytest.mark.parametrize("features", [True, False])
def test_filter_order_and_limit_are_the_same_with_an_older_server(
    home: Home, trials: list[str], monkeypatch: pytest.MonkeyPatch, features: bool
) -> None:
    if not features:
        monkeypatch.setattr(lists, "takes_queries", lambda server: False)
    assert _names(home, "--where", "params.lr >= 2", "--sort=-params.lr") == ["t5", "t4", "t3", "t2"]
    assert _names(home, "-P", "odd", "--sort", "params.lr", "-L", "2") == ["t1", "t3"]
    ran = home.aimd("trial", "ls", "--remote", "--where", "params.lrr = 3")
    assert (ran.code, ran.table) == (0, [])
    assert "no trial here has params.lrr" in ran.err


def test_no_more_is_fetched_than_is_shown(home: Home, trials: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    send = Server.send

    def seen(self: Server, method: str, path: str, **how: Any) -> Any:
        asked.append({"path": path, **(how.get("query") or {})})
        return send(self, method, path, **how)

    monkeypatch.setattr(Server, "send", seen)
    assert _names(home, "--where", "params.lr >= 2", "--sort=-params.lr", "-L", "1") == ["t5"]
    listed = [one for one in asked if one["path"] == "/trials"]
    assert [one["limit"] for one in listed] == ["1", "1"]
    assert listed[0]["where"] == "params.lr >= 2"
    assert listed[0]["sort"] == "-params.lr"


def test_a_list_that_lacks_the_newest_points_says_so(home: Home) -> None:
    body = b"""{"product": "aimd", "user": "lin", "trials": [], "next": null, "behind": 1234}"""
    with stranger(http_answer("200 OK", body)) as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: aaaaaaaa-0000-4000-8000-00000000aaaa\n")
        ran = home.aimd("trial", "ls", "--remote")
    assert (ran.code, ran.err.count("the newest points of 1234 trials")) == (0, 1), ran.err


def test_a_list_that_is_cut_says_how_many_there_are(home: Home, trials: list[str]) -> None:
    assert "2 of 3 in" in home.aimd_terminal("trial", "ls", "--remote", "-P", "odd", "-L", "2")
    assert home.aimd("trial", "ls", "--remote", "-L", "2", "--json").json["total"] == 6
    assert "2 of 6 in" in home.aimd_terminal("trial", "ls", "--remote", "-L", "2")
