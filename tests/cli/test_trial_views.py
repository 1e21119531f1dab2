"""Saved views and the baseline of a directory: `.aimd/views.yaml`."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest

from tests.conftest import Account
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
            trial_id=str(uuid.uuid4()),
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
            "query": "(name ~ mnist or tags ~ mnist or note ~ mnist) and val.acc > 0",
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
        (("ls", "@latest"), 2, "-L 1 for the newest"),
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


def test_views_on_a_server_are_saved_listed_used_and_removed_as_those_of_a_directory(
    home: Home, trials: Path, signed_in: Account
) -> None:
    assert home.aimd("trial", "upload", "-d", ".", "-P", "vision", "-m").code == 0
    assert home.aimd("trial", "views", "save", "good", "mnist", "--sort=-val.acc", "--remote").code == 0
    save(home, "good", "cifar", "-d", "remote:/vision", "--shared", "-m", "val.loss")
    rows = home.aimd("trial", "views", "ls", "-d", "remote:/vision").table
    assert [(row["name"], row["query"], row["of"]) for row in rows] == [
        ("good", "name ~ cifar or tags ~ cifar or note ~ cifar", "shared, /vision")
    ]
    listed = home.aimd("trial", "ls", "remote:/vision", "@good").table
    assert [row["name"][:5] for row in listed] == ["cifar"]
    listed = home.aimd("trial", "ls", "--remote", "@good").table
    assert [row["name"][:7] for row in listed] == ["mnist-b", "mnist-a"]
    described = home.aimd("trial", "describe", "remote:/vision/@good", "--json").json["trials"]
    assert [trial["name"][:5] for trial in described] == ["cifar"]
    assert "val.loss" in home.aimd("trial", "plot", "remote:/vision/@good").out
    assert home.aimd("trial", "ls", "--remote", "@nope").code == 3
    assert home.aimd("trial", "views", "rm", "good", "-d", "remote:/vision").code == 3
    assert home.aimd("trial", "views", "rm", "good", "-d", "remote:/vision", "--shared").code == 0
    rows = home.aimd("trial", "views", "ls", "-d", "remote:/vision").table
    assert [(row["query"], row["of"]) for row in rows] == [("name ~ mnist or tags ~ mnist or note ~ mnist", "yours, /")]


def test_views_go_to_a_server_and_back_and_nothing_is_replaced_unasked(
    home: Home, trials: Path, signed_in: Account
) -> None:
    save(home, "a", "mnist", "-m", "val.acc")
    save(home, "b", "cifar")
    path = home.work / ".aimd" / "views.yaml"
    path.write_text(path.read_text().replace("note ~ cifar\n", "note ~ cifar\n    widths: {name: 240}\n"))
    pushed = home.aimd("trial", "views", "push", "remote:/").table
    assert [(row["name"], row["outcome"]) for row in pushed] == [("@a", "saved"), ("@b", "saved")]
    assert {row["outcome"] for row in home.aimd("trial", "views", "push", "remote:/").table} == {"unchanged"}
    save(home, "a", "other")
    refused = home.aimd("trial", "views", "pull", "remote:/", "a")
    assert (refused.code, refused.table[0]["outcome"]) == (8, "differs")
    assert "--replace" in refused.err
    before = path.read_text()
    path.unlink()
    assert home.aimd("trial", "views", "pull", "remote:/").code == 0
    assert home.aimd("trial", "views", "ls", "--json").json["views"] == {
        "a": {"query": "name ~ mnist or tags ~ mnist or note ~ mnist", "charts": ["val.acc"]},
        "b": {"query": "name ~ cifar or tags ~ cifar or note ~ cifar", "widths": {"name": 240}},
    }
    path.write_text(before)
    assert home.aimd("trial", "views", "push", "remote:/", "a", "--replace").table[0]["outcome"] == "replaced"
    assert home.aimd("trial", "views", "push", "nowhere").code == 2
    assert home.aimd("trial", "views", "push", "remote:/", "nope").code == 3


def test_compare_and_check_measure_against_the_baseline(home: Home, trials: Path) -> None:
    before = home.aimd("trial", "compare", "mnist-a", "mnist-b").out
    assert "baseline" not in before
    ran = home.aimd("trial", "check", "mnist-b", "val.acc >= baseline")
    assert (ran.code, "aimd trial baseline TRIAL" in ran.err) == (2, True)
    home.aimd("trial", "baseline", "mnist-a")
    rows = {row["key"]: list(row.values())[1:] for row in home.aimd("trial", "compare", "mnist-a", "cifar").table}
    assert rows["val.acc - baseline"] == ["0.0", "0.5"]
    document = home.aimd("trial", "compare", "mnist-b", "cifar", "--json").json
    assert document["baseline"]["name"].startswith("mnist-a_")
    assert document["metrics"]["val.acc"]["differences"] == [0.25, 0.5]
    shown = home.aimd_terminal("trial", "compare", "mnist-b", "cifar", NO_COLOR="1")
    assert re.search(r"Δ +\+0\.25 +\+0\.5", shown)
    assert "baseline mnist-a" in shown
    assert "Δ val.acc" in home.aimd_terminal("trial", "compare", "-d", ".", "-m", "val.acc", columns=36, NO_COLOR="1")
    ran = home.aimd("trial", "check", "mnist-b", "val.acc >= baseline + 0.2 and val.loss < baseline")
    assert ran.code == 0
    assert "baseline is 0.5, of mnist-a_" in ran.out
    ran = home.aimd("trial", "check", "mnist-b", "val.acc >= baseline", "--baseline", "cifar")
    assert (ran.code, "0.75, expected >= 1" in ran.out) == (1, True)
    other = home.aimd("trial", "compare", "mnist-a", "mnist-b", "--baseline", "cifar", "--json").json
    assert other["metrics"]["val.acc"]["differences"] == [-0.5, -0.25]


def test_the_baseline_of_a_folder_is_measured_against_there(home: Home, trials: Path, signed_in: Account) -> None:
    assert home.aimd("trial", "upload", "-d", ".", "-P", "vision", "-m").code == 0
    assert home.aimd("trial", "baseline", "remote:/vision/mnist-a").code == 0
    assert home.aimd("trial", "baseline", "-d", "remote:/vision").table[0]["name"].startswith("mnist-a")
    assert home.aimd("trial", "baseline").code == 1
    assert "Δ val.acc" in home.aimd_terminal("trial", "ls", "remote:/vision", NO_COLOR="1")
    ran = home.aimd("trial", "check", "remote:/vision/cifar", "val.acc > baseline")
    assert (ran.code, "baseline is 0.5" in ran.out) == (0, True)
    assert home.aimd("trial", "baseline", "--clear", "-d", "remote:/vision").code == 0
    assert home.aimd("trial", "baseline", "-d", "remote:/vision").code == 1
