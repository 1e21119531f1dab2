"""`aimd trial ls` with queries, order, columns, forms, and `--watch`."""

from __future__ import annotations

import csv
import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.home import Home
from tests.support.patience import PATIENCE_S
from tests.support.trials import record, write_trial


@pytest.fixture
def trials(home: Home) -> Path:
    place = home.work / ".aimd" / "trials"
    for number, name in enumerate(("mnist-a", "mnist-b", "cifar")):
        path = write_trial(
            place,
            f"{name}_261123_15032{number}_aaaaaa",
            name=name,
            trial_id=f"{number}fc6e66f-a3ca-4103-ae8b-b74a872f6b07",
            status="Succeeded",
            parameters=f"lr: {number / 10}\nepochs: 3\ntext: 'a|b,c'\n",
            metrics=record(1, 1.0 - number / 10, "val", "acc") + record(2, 0.5, "val", "acc"),
        )
        (path / "labels.yaml").write_text(f"tags: [t{number}]\n")
    return place


def names(home: Home, *words: str) -> list[str]:
    ran = home.aimd("trial", "ls", "--columns", "name", *words)
    assert ran.code == 0, ran.err
    return [row["name"] for row in ran.table]


def test_a_query_chooses_and_keys_order(home: Home, trials: Path) -> None:
    assert names(home, "--where", "val.acc.max > 0.85") == ["mnist-b", "mnist-a"]
    assert names(home, "--where", "val.acc.max > 0.85", "--sort", "-val.acc.max") == ["mnist-a", "mnist-b"]
    assert names(home, "--sort=-params.lr", "-L", "1") == ["cifar"]
    assert names(home, "--where", "tag:t1") == ["mnist-b"]


def test_a_query_that_finds_nothing_is_no_error(home: Home, trials: Path) -> None:
    ran = home.aimd("trial", "ls", "--where", "name = nobody", "--json")
    assert (ran.code, ran.json["trials"], ran.json["total"]) == (0, [], 3)


def test_words_beside_the_path_are_queries_and_a_plain_word_is_part_of_a_name(home: Home, trials: Path) -> None:
    assert names(home, "mnist") == ["mnist-b", "mnist-a"]
    assert names(home, "mnist", "params.lr > 0.05") == ["mnist-b"]
    assert names(home, str(home.work), "MNIST", "--where", "tag:t0") == ["mnist-a"]
    assert names(home, "params.lr < 0.15", ".") == ["mnist-b", "mnist-a"]
    assert "there is no directory" in home.aimd("trial", "ls", "no/where").err
    ran = home.aimd("trial", "ls", ".", "..")
    assert (ran.code, "one directory at a time" in ran.err) == (2, True)


def test_a_word_that_no_name_contains_is_told_with_near_names(home: Home, trials: Path) -> None:
    ran = home.aimd("trial", "ls", "cifer", "-q")
    assert (ran.code, ran.out) == (0, "")
    assert "no name here contains 'cifer'; did you mean: cifar?" in ran.err


def test_a_word_with_a_dot_is_part_of_a_name_and_a_metric_alone_is_to_be_compared(home: Home, trials: Path) -> None:
    point = b'{"metrics_type": "val", "value": {"acc": 0.5}, "step": 1}\n'
    write_trial(trials, "lr_261123_150330_aaaaaa", name="net-lr0.1", metrics=point)
    assert names(home, "lr0.1") == names(home, "net-lr0.1") == ["net-lr0.1"]
    ran = home.aimd("trial", "ls", "val.acc", "-q")
    assert (ran.code, ran.out) == (0, "")
    assert "no name here contains 'val.acc', which is a metric: compare it, as in val.acc > 0" in ran.err


def test_a_part_taken_for_the_whole_is_told_how_to_find_parts(home: Home, trials: Path) -> None:
    ran = home.aimd("trial", "ls", "--where", "name = mnist", "-q")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "no trial here has name = mnist; ~ finds parts: name ~ mnist\n"
    assert home.aimd("trial", "ls", "--where", "name = mnist-a", "-q").err == ""


def test_only_trials_in_some_states_are_listed(home: Home, trials: Path) -> None:
    write_trial(trials, "broken_261123_150329_aaaaaa", name="broken", status="Failed")
    assert names(home, "--only", "failed") == ["broken"]
    assert sorted(names(home, "--only", "Failed,succeeded")) == ["broken", "cifar", "mnist-a", "mnist-b"]
    ran = home.aimd("trial", "ls", "--only", "fail")
    assert (ran.code, "Did you mean: Failed?" in ran.err) == (2, True)


def test_a_list_shows_groups_with_their_means(home: Home, trials: Path) -> None:
    write_trial(
        trials,
        "mnist-a_261123_150329_bbbbbb",
        name="mnist-a",
        status="Succeeded",
        parameters="lr: 0.0\n",
        metrics=record(2, 1.0, "val", "acc"),
    )
    rows = {row["params.lr"]: row for row in home.aimd("trial", "ls", "--group-by", "lr").table}
    assert (rows["0.0"]["n"], rows["0.0"]["val.acc.mean"]) == ("2", "0.75")
    limited = home.aimd("trial", "ls", "--group-by", "lr", "--sort", "params.lr", "-L", "1").table
    assert [(row["params.lr"], row["n"]) for row in limited] == [("0.0", "2")]
    assert [row["n"] for row in home.aimd("trial", "ls", "--group-by", "lr", "-L", "1").table] == ["2"]
    assert len(home.aimd("trial", "ls", "--group-by", "lr", "-q").out.split()) == 4
    assert "no trial has a parameter zzz" in home.aimd("trial", "ls", "--group-by", "zzz").err


def test_a_wrong_query_is_marked_and_ends_with_code_2(home: Home, trials: Path) -> None:
    ran = home.aimd("trial", "ls", "--where", "name ~ 训练 and stat = Running")
    assert (ran.code, ran.out) == (2, "")
    error, query, mark, advice = ran.err.splitlines()
    assert error == "aimd: error: query: there is no field 'stat'"
    assert query == "  name ~ 训练 and stat = Running"
    assert mark == "  " + " " * 16 + "^^^^"
    assert "state" in advice


def test_a_name_that_no_trial_has_is_said_with_near_ones(home: Home, trials: Path) -> None:
    ran = home.aimd("trial", "ls", "--where", "params.lrr > 0 or val.acc.maxi > 1")
    assert ran.code == 0
    assert "no trial here has params.lrr; did you mean: params.lr?" in ran.err
    assert "val.acc.max" in ran.err


def test_a_parameter_that_was_written_short_is_said_in_full(home: Home, trials: Path) -> None:
    write_trial(trials, "net_261123_150330_aaaaaa", name="net", parameters="optimizer: {lr: 0.1}\n")
    for query in ("optimizer.lr = 0.1", "params.lr2 = 0.1 or optimizer.lr > 0"):
        assert (
            "no trial here has optimizer.lr; did you mean: params.optimizer.lr?" in home.aimd("trial", "ls", query).err
        )
    assert "did you mean: params.optimizer.lr?" in home.aimd("trial", "ls", "--sort", "-optimizer.lr").err
    write_trial(trials, "net_261123_150331_aaaaaa", name="net", parameters="model: {width: 3}\n")
    assert "There are: model.width\n" in home.aimd("trial", "ls", "--group-by", "width").err
    shown = home.aimd("trial", "ls", "optimizer.lr").err
    assert "which is a parameter: compare it, as in params.optimizer.lr = 0.1" in shown


def test_a_word_shows_no_column_that_is_empty(home: Home, trials: Path) -> None:
    assert "note" not in home.aimd_terminal("trial", "ls", "--no-pager", "mnist", columns=120)
    home.aimd("trial", "note", "cifar", "like mnist")
    assert "like mnist" in home.aimd_terminal("trial", "ls", "--no-pager", "mnist", columns=120)


def test_columns_are_those_asked_for(home: Home, trials: Path) -> None:
    ran = home.aimd("trial", "ls", "--columns", "name,state,params.lr,val.acc.max,tags", "-L", "1")
    assert ran.table == [
        {"name": "cifar", "state": "Succeeded", "params.lr": "0.2", "val.acc.max": "0.8", "tags": "t2"}
    ]
    shown = home.aimd_terminal("trial", "ls", "--columns", "name,val.acc.max", NO_COLOR="1")
    assert shown.splitlines()[0].split() == ["name", "val.acc.max"]


def test_only_what_differs_is_left_when_asked_for(home: Home, trials: Path) -> None:
    row = home.aimd("trial", "ls", "--only-changed").table[0]
    assert "params.lr" in row
    assert not {"params.epochs", "params.text", "val.acc"} & set(row)


def test_csv_and_markdown_hold_every_field(home: Home, trials: Path) -> None:
    read = list(csv.DictReader(io.StringIO(home.aimd("trial", "ls", "--format", "csv").out)))
    assert [row["params.text"] for row in read] == ["a|b,c"] * 3
    header, rule, first, *_ = home.aimd("trial", "ls", "--format", "md").out.splitlines()
    assert header.startswith("| name | id |")
    assert set(rule) <= set("|- ")
    assert r"a\|b,c" in first


def test_a_terminal_shows_the_newest_fifty_and_says_how_many_there_are(home: Home) -> None:
    for number in range(60):
        write_trial(home.work / ".aimd" / "trials", f"t_261123_1503{number:02d}_aaaaaa", status="Succeeded")
    shown = home.aimd_terminal("trial", "ls", NO_COLOR="1", columns=120)
    assert "50 of 60 in" in shown
    assert "60 in" in home.aimd_terminal("trial", "ls", "-L", "0", NO_COLOR="1", columns=120)
    assert len(home.aimd("trial", "ls").table) == 60


def test_a_trend_is_drawn_on_a_terminal(home: Home, trials: Path) -> None:
    shown = home.aimd_terminal("trial", "ls", columns=120, NO_COLOR="1")
    assert "TREND" in shown
    assert "█▁" in shown


def test_show_is_describe(home: Home, trials: Path) -> None:
    shown = home.aimd("trial", "show", "-n", "cifar", "-m")
    assert shown.code == 0
    assert shown.out == home.aimd("trial", "describe", "-n", "cifar", "-m").out
    screen = home.aimd_terminal("trial", "show", "-n", "mnist-a", "-m", columns=120, NO_COLOR="1")
    assert "BEST (STEP)" in screen
    assert "1 (1)" in screen


def test_watching_does_not_go_with_json(home: Home, trials: Path) -> None:
    for words in (["--json"], ["-q"], ["--format", "md"]):
        assert home.aimd("trial", "ls", "--watch", *words).code == 2


def test_watching_a_pipe_prints_the_table_and_then_what_changed(home: Home, trials: Path) -> None:
    words = [sys.executable, "-m", "aimd_cli", "trial", "ls", "--watch", "--interval", "0.1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        table = [process.stdout.readline() for _ in range(4)]
        assert table[0].startswith("name\t")
        with (trials / "mnist-b_261123_150321_aaaaaa" / "metrics").open("ab") as journal:
            journal.write(record(3, 0.25, "val", "acc"))
        changed = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert changed.startswith("mnist-b_261123_150321_aaaaaa\t")
    assert changed.endswith("\t0.25\n")
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_watching_a_terminal_ends_with_ctrl_c_and_gives_the_screen_back(home: Home, trials: Path) -> None:
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "aimd_cli", "trial", "ls", "--watch", "--interval", "0.1"]
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(words, stdin=follower, stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        shown = read_until(leader, b"cifar")
        process.send_signal(signal.SIGINT)
        shown += read_until(leader, None)
    os.close(leader)
    assert process.returncode == 130
    assert shown.index(b"\x1b[?1049h") < shown.rindex(b"\x1b[?1049l")
    assert b"\x1b[?25h" in shown
    assert b"Traceback" not in shown


def read_until(descriptor: int, wanted: bytes | None) -> bytes:
    """Read what a terminal shows until it holds `wanted`, or to its end."""
    shown, end_s = b"", time.monotonic() + 60
    while time.monotonic() < end_s and select.select([descriptor], [], [], 30)[0]:
        try:
            shown += os.read(descriptor, 65536)
        except OSError:
            break
        if wanted is not None and wanted in shown:
            break
    return shown
