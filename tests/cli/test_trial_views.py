"""Saved views and the baseline of a directory: `.aimd/views.yaml`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.home import Home
from tests.support.trials import record, write_trial


@pytest.fixture
def trials(home: Home) -> Path:
    place = home.work / ".aimd" / "trials"
    for number, name in enumerate(("mnist-a", "mnist-b", "cifar")):
        write_trial(
            place,
            f"{name}_261123_15032{number}_aaaaaa",
            name=name,
            trial_id=f"{number}fc6e66f-a3ca-4103-ae8b-b74a872f6b07",
            status="Succeeded",
            parameters=f"lr: {number / 10}\n",
            metrics=record(1, 0.5 + number / 4, "val", "acc") + record(2, 0.5 - number / 4, "val", "loss"),
        )
    return place


def save(home: Home, *words: str) -> None:
    ran = home.aimd("trial", "views", "save", *words)
    assert ran.code == 0, ran.err


def test_a_view_keeps_query_order_columns_and_charts(home: Home, trials: Path) -> None:
    save(home, "good", "mnist", "val.acc > 0", "--sort=-val.acc", "--columns", "name,val.acc", "-m", "val.loss")
    assert home.aimd("trial", "ls", "@good").table == [
        {"name": "mnist-b", "val.acc": "0.75"},
        {"name": "mnist-a", "val.acc": "0.5"},
    ]
    assert [row["name"] for row in home.aimd("trial", "ls", "@good", "params.lr > 0").table] == ["mnist-b"]
    assert home.aimd("trial", "ls", "@good", "--columns", "params.lr", "--sort", "params.lr").out.split()[1] == "0.0"
    assert home.aimd("trial", "views", "ls", "--json").json["views"] == {
        "good": {
            "query": "name ~ mnist and val.acc > 0",
            "sort": "-val.acc",
            "columns": "name,val.acc",
            "charts": ["val.loss"],
        }
    }


def test_every_command_that_takes_trials_takes_a_view_and_plot_its_charts(home: Home, trials: Path) -> None:
    save(home, "good", "mnist", "--sort=-val.acc", "-m", "val.loss")
    described = home.aimd("trial", "describe", "@good", "--json").json["trials"]
    assert [trial["name"] for trial in described] == ["mnist-b", "mnist-a"]
    plotted = home.aimd("trial", "plot", "@good").out
    assert "mnist-b: val.loss" in plotted
    assert "val.acc" not in plotted
    assert "no such" not in home.aimd("trial", "describe", "@latest").err


def test_views_are_kept_beside_the_trials_and_what_a_person_added_stays(home: Home, trials: Path) -> None:
    path = home.work / ".aimd" / "views.yaml"
    path.write_text("mine: 1\nviews: {old: {query: 'tag:x'}}\n")
    save(home, "训练_1", "cifar", "-d", str(trials))
    assert home.aimd("trial", "baseline", "cifar").code == 0
    assert "mine: 1" in path.read_text()
    assert [row["name"] for row in home.aimd("trial", "views", "ls").table] == ["old", "训练_1"]
    assert home.aimd("trial", "views", "rm", "old").code == 0
    assert home.aimd("trial", "ls", "@old").code == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ls", "@nope"), 3, "no view 'nope'"),
        (("ls", "@nope"), 3, "aimd trial views save nope QUERY"),
        (("ls", "@latest"), 2, "--only running"),
        (("ls", "@best(val.acc)"), 2, "a list takes queries"),
        (("ls", "@a", "@b"), 2, "one view at a time"),
        (("views", "rm", "nope"), 3, "no view 'nope'"),
        (("views", "save", "latest", "mnist"), 2, "cannot be the name of a view"),
        (("views", "save", "../x", "mnist"), 2, "cannot be the name of a view"),
        (("views", "save", "empty"), 2, "needs a query"),
        (("views", "save", "bad", "val.acc >"), 2, "a value is expected"),
        (("views", "save", "bad", "--sort", "a b"), 2, "there is no field"),
    ],
)
def test_what_cannot_be_a_view_is_refused(
    home: Home, trials: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = home.aimd("trial", *words)
    assert (ran.code, said in ran.err) == (code, True)


def test_a_damaged_file_is_told_and_never_replaced(home: Home, trials: Path) -> None:
    path = home.work / ".aimd" / "views.yaml"
    path.write_text("{ not yaml")
    for words in (("ls", "@a"), ("views", "save", "a", "mnist"), ("baseline", "cifar")):
        assert home.aimd("trial", *words).code == 6
    assert path.read_text() == "{ not yaml"
    path.write_text("views: {a: 3, b: {query: 5, charts: x}}\nbaseline: [1]\n")
    assert [row["name"] for row in home.aimd("trial", "views", "ls").table] == ["b"]
    assert home.aimd("trial", "baseline").code == 1


@pytest.mark.parametrize("columns", [80, 120])
def test_a_list_shows_how_far_trials_are_from_the_baseline(home: Home, trials: Path, columns: int) -> None:
    assert home.aimd("trial", "baseline", "mnist-a").table[0]["name"].startswith("mnist-a_")
    shown = home.aimd_terminal("trial", "ls", columns=columns, NO_COLOR="1")
    assert "Δ val.acc" in shown
    assert re.search(r"cifar .* 1 +\+0\.5 ", shown)
    assert re.search(r"mnist-a .* 0\.5 +baseline ", shown)
    assert "+0.5" in home.aimd_terminal("trial", "ls", "cifar", columns=columns, NO_COLOR="1")  # it need not be listed
    home.aimd("trial", "baseline", "--clear")
    assert "Δ" not in home.aimd_terminal("trial", "ls", columns=columns, NO_COLOR="1")
