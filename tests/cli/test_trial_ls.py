import re
from typing import Any

import pytest

from aimd_cli.views.rows import ranked_names
from aimd_cli.views.table import Column, Table
from t9k import aimd
from tests.support.home import Home


def record(
    name: str = "cnn", losses: tuple[float, ...] = (1.0, 0.5), finish: bool = True, **params: object
) -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, folder_path="image/mnist", trial_params=params)
    for step, loss in enumerate(losses, start=1):
        trial.log("train", {"loss": loss}, step=step, epoch=1)
    if finish:
        trial.finish()
    return trial


def test_a_pipe_gets_tab_separated_lines_with_a_header_and_nothing_cut(home: Home) -> None:
    trial = record(lr=0.001)
    ran = home.aimd("trial", "ls")
    assert ran.code == 0
    (row,) = ran.table
    assert row["name"] == trial.alternative_name
    assert row["id"] == trial.id
    assert row["state"] == "Succeeded"
    assert row["folder"] == "/image/mnist"
    assert row["params.lr"] == "0.001"
    assert row["train.loss"] == "0.5"


def test_json_holds_every_trial_with_its_metrics(home: Home) -> None:
    record(losses=(3.0, float("nan"), 1.0), lr=0.1)
    ran = home.aimd("trial", "ls", "--json")
    assert ran.json["schema"] == "aimd/1"
    (trial,) = ran.json["trials"]
    loss = trial["metrics"]["train.loss"]
    assert (loss["last"], loss["min"], loss["max"], loss["count"]) == (1.0, 1.0, 3.0, 3)
    assert trial["parameters"] == {"lr": 0.1}


def test_json_is_strict_when_a_loss_diverged(home: Home) -> None:
    record(losses=(float("nan"), float("inf")))

    def refuse(token: str) -> float:
        raise AssertionError(f"{token} is not JSON")

    import json

    ran = home.aimd("trial", "ls", "--json")
    document = json.loads(ran.out, parse_constant=refuse)
    assert document["trials"][0]["metrics"]["train.loss"]["last"] == "Infinity"


def test_trials_are_listed_newest_first_and_limited(home: Home) -> None:
    names = [record(f"t{number}").alternative_name for number in range(3)]
    listed = [row["name"] for row in home.aimd("trial", "ls").table]
    assert sorted(listed) == sorted(names)
    assert len(home.aimd("trial", "ls", "-L", "2").table) == 2


def test_quiet_prints_names_only(home: Home) -> None:
    trial = record()
    assert home.aimd("trial", "ls", "-q").out == f"{trial.alternative_name}\n"


def test_a_terminal_shows_only_parameters_that_differ(home: Home) -> None:
    record("a", lr=0.1, epochs=3)
    record("b", lr=0.2, epochs=3)
    shown = home.aimd_terminal("trial", "ls", columns=120, NO_COLOR="1")
    assert " lr " in shown
    assert "epochs" not in shown
    detailed = home.aimd_terminal("trial", "ls", "-d", columns=120, NO_COLOR="1")
    assert "epochs" in detailed


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_no_number_and_no_id_is_cut_at_any_width(home: Home, columns: int) -> None:
    trials = [record(f"训练-{number}", losses=(0.123456,), lr=10.0**-number) for number in range(3)]
    shown = home.aimd_terminal("trial", "ls", columns=columns, NO_COLOR="1")
    assert "…" not in shown
    for trial in trials:
        assert trial.id[:8] in shown
    for number in re.findall(r"\b0\.1\d+", shown):
        assert number in ("0.12346", "0.1")


def test_a_terminal_without_colour_gets_no_escape_at_all(home: Home) -> None:
    record()
    assert "\x1b" not in home.aimd_terminal("trial", "ls", NO_COLOR="1")
    assert "\x1b[" in home.aimd_terminal("trial", "ls")


def test_a_locale_without_unicode_gets_plain_signs(home: Home) -> None:
    record("训练")
    ran = home.aimd_process("trial", "ls", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()


def test_a_name_cannot_drive_the_terminal_or_the_markup(home: Home) -> None:
    trial = record("x[link=evil]y[bold]")
    parameters = trial.path / "parameters.yaml"
    parameters.write_text('{"a\\e]0;title\\a": "\\e[2J"}\n')
    shown = home.aimd_terminal("trial", "ls", columns=120, NO_COLOR="1")
    assert "x[link=evil]y[bold]" in shown
    assert "\x1b" not in shown
    assert "\x1b" not in home.aimd("trial", "ls").out


def test_a_killed_trial_says_so(home: Home) -> None:
    import subprocess
    import sys

    code = "import os; from t9k import aimd; aimd.create_trial(trial_name='k').log('train', {'a': 1}, 1); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    assert home.aimd("trial", "ls").table[0]["state"] == "Killed"


def test_a_damaged_trial_is_listed_and_hides_no_other(home: Home) -> None:
    bad, good = record("bad"), record("good")
    (bad.path / "metadata.yaml").write_text("{ not yaml")
    ran = home.aimd("trial", "ls", "--json")
    assert ran.code == 0
    by_name = {trial["name"]: trial for trial in ran.json["trials"]}
    assert "metadata.yaml" in by_name["bad"]["damage"][0]
    assert by_name["good"]["damage"] == []
    assert good.id == by_name["good"]["id"]


def test_a_directory_without_trials_is_not_found(home: Home) -> None:
    ran = home.aimd("trial", "ls")
    assert ran.code == 3
    assert f"{home.work} holds no trials" in ran.err
    assert ran.err.count("\n") == 2


def test_a_directory_that_is_not_there_is_not_found(home: Home) -> None:
    ran = home.aimd("trial", "ls", "./nowhere")
    assert ran.code == 3
    assert "nowhere" in ran.err


def test_a_reader_that_goes_away_ends_the_listing_quietly(home: Home) -> None:
    for number in range(3):
        record(f"t{number}", padding="x" * 100_000)  # more than a pipe holds
    import subprocess
    import sys

    command = f"{sys.executable} -m aimd_cli trial ls | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert done.returncode == 141


class CountingName(str):
    """A metric's name that counts how often it is compared with another."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CountingName.compared += 1
        return str.__eq__(self, other)


def test_ordering_very_many_metric_names_does_not_compare_each_with_each() -> None:
    names = [CountingName(f"train.m{number}") for number in range(3000)]
    CountingName.compared = 0
    assert ranked_names(names) == names
    assert CountingName.compared < 10 * len(names)


def counted(name: str) -> Any:
    """Return a comparison of whole numbers that counts its calls."""
    plain = getattr(int, name)

    def compare(self: int, other: int) -> Any:
        CountingPriority.compared += 1
        return plain(self, other)

    return compare


class CountingPriority(int):
    """A column's priority that counts how often it is compared with another."""

    compared = 0
    __hash__ = int.__hash__
    __lt__, __gt__, __le__, __ge__, __eq__ = map(counted, ("__lt__", "__gt__", "__le__", "__ge__", "__eq__"))


def test_fitting_very_many_columns_does_not_look_at_all_for_each_that_is_dropped() -> None:
    columns = [Column("name"), *(Column(f"m{number}", CountingPriority(20 + number % 9)) for number in range(2000))]
    table = Table(columns)
    table.add(*("0.5" for _ in columns))
    CountingPriority.compared = 0
    assert table.fitting(30) == [0, 1, 10, 19, 28, 37]
    assert CountingPriority.compared < 100 * len(columns)


def test_eighty_columns_show_what_tells_runs_apart_before_a_third_metric(home: Home) -> None:
    for rate in (0.1, 0.01, 0.001):
        trial = aimd.create_trial(trial_name="resnet_base")
        trial.params.update({"learning_rate": rate})
        for metrics_type in ("train", "val"):
            trial.log(metrics_type, {"loss": 0.020362 + rate, "acc": 0.99362 - rate}, step=1)
        trial.finish()
    head = home.aimd_terminal("trial", "ls", columns=80, NO_COLOR="1").split("\n")[0].split()
    assert head == ["STATE", "NAME", "ID", "AGE", "learning_rate", "val.loss", "val.acc"]
