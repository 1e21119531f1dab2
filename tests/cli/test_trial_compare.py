import csv
import io
import math
import statistics
from contextlib import suppress

import pytest

from aimd_cli.views.groups import average
from aimd_core.direction import best_of, direction_of
from t9k import aimd
from tests.support.home import Home


def record(
    name: str = "cnn", values: tuple[float, ...] = (2.0, 1.0), metric: str = "loss", **params: object
) -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, trial_params=params)
    for step, value in enumerate(values, start=1):
        trial.log("val", {metric: value}, step=step)
    trial.finish()
    return trial


def rows_by_key(out: str) -> dict[str, list[str]]:
    return {line.split("\t")[0]: line.split("\t")[1:] for line in out.splitlines()}


def test_only_what_differs_is_shown(home: Home) -> None:
    first, second = record(lr=0.1, epochs=3), record(lr=0.2, epochs=3)
    ran = home.aimd("trial", "compare", first.alternative_name, second.alternative_name)
    assert ran.code == 0
    rows = rows_by_key(ran.out)
    assert rows["key"] == [first.alternative_name, second.alternative_name]
    assert rows["params.lr"] == ["0.1", "0.2"]
    assert "params.epochs" not in rows
    everything = home.aimd("trial", "compare", "--all", first.alternative_name, second.alternative_name)
    assert rows_by_key(everything.out)["params.epochs"] == ["3", "3"]


def test_differences_of_platform_packages_git_and_diff_are_shown(home: Home) -> None:
    first, second = record("a"), record("b")
    metadata = second.path / "metadata.yaml"
    text = metadata.read_text()
    text = text.replace("pypkgs:", "pypkgs:\n    made-up: 2.13.0", 1).replace("python: 3", "python: 9.3", 1)
    metadata.write_text(text.replace("_git: {}", "_git: {branch: main, commit: 0123456789abcdef0123, is_dirty: true}"))
    (second.path / "git.diff").write_text("+one\n-two\n")
    rows = rows_by_key(home.aimd("trial", "compare", "a", "b").out)
    assert rows["packages.made-up"] == ["", "2.13.0"]
    assert rows["git.commit"] == ["", "0123456789abcdef0123"]
    assert rows["git.diff"][1].startswith("2 lines (")
    assert rows["platform.python"][1].startswith("9.3")
    assert first.alternative_name in rows["key"]


def test_the_best_of_each_metric_is_marked_by_its_name_or_as_told(home: Home) -> None:
    record("a", (0.5,), "acc")
    record("b", (0.7,), "acc")
    best = home.aimd("trial", "compare", "-d", ".", "--json").json["metrics"]["val.acc"]
    assert (best["direction"], [name[0] for name in best["best"]]) == ("max", ["b"])
    told = home.aimd("trial", "compare", "-d", ".", "--json", "--best", "val.acc:min").json["metrics"]["val.acc"]
    assert (told["direction"], [name[0] for name in told["best"]]) == ("min", ["a"])
    shown = home.aimd_terminal("trial", "compare", "-d", ".", columns=120, NO_COLOR="1")
    assert "0.7 ★" in shown
    assert "0.5 ★" not in shown


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_terminal_of_any_width_gets_no_cut_number_and_a_chart(home: Home, columns: int) -> None:
    for number in range(4):
        record(f"训练-{number}", (2.0, 0.123456 + number), lr=0.001 * number)
    shown = home.aimd_terminal("trial", "compare", "-d", ".", columns=columns, NO_COLOR="1")
    assert "…" not in shown
    assert "0.12346 ★" in shown
    assert "└" in shown


@pytest.mark.parametrize("columns", [80, 120])
def test_trials_of_one_name_stand_side_by_side_under_their_ids(home: Home, columns: int) -> None:
    trials = [record("resnet", (2.0, 0.5 + rate), learning_rate=rate) for rate in (0.1, 0.2, 0.3)]
    shown = home.aimd_terminal("trial", "compare", "-d", ".", columns=columns, NO_COLOR="1")
    assert set(shown.splitlines()[0].split()) == {"resnet", *(trial.id[:8] for trial in trials)}
    assert "params.learning_rate" in shown
    assert "hidden" not in shown


def test_long_names_and_paths_are_shortened_to_what_differs_and_ids_are_added(home: Home) -> None:
    for word in ("lr1", "lr2"):
        record(
            f"llama3_8b_{word}_bs64_cosine_warmup_500_longtail",
            (0.5,),
            out=f"/data/runs/{word}/checkpoints/final/model",
        )
    shown = home.aimd_terminal("trial", "compare", "-d", ".", columns=80, NO_COLOR="1").splitlines()
    assert all(word in shown[0] for word in ("lr1", "lr2"))
    assert shown[1].split()[0] == "id"
    (out,) = [line for line in shown if line.startswith("params.out")]
    assert all(word in out for word in ("lr1", "lr2"))


def test_a_star_needs_two_values_and_packages_are_shown_on_demand(home: Home) -> None:
    record("a", (0.5,), "acc")
    (other := record("b", (0.5,), "loss")).path.joinpath("git.diff").write_text("+one\n")
    shown = home.aimd_terminal("trial", "compare", "a", "b", columns=120, NO_COLOR="1")
    assert "★" not in shown
    assert "packages and diffs that differ: 1, see --packages" in shown
    assert "git.diff" not in shown
    assert "git.diff" in home.aimd_terminal("trial", "compare", "a", other.id, "--packages", columns=120, NO_COLOR="1")
    assert "git.diff" in home.aimd("trial", "compare", "a", "b").out


def test_groups_have_mean_and_sample_deviation_and_one_alone_has_none(home: Home) -> None:
    for seed, loss in enumerate((1.0, 2.0, 4.0)):
        record("a", (9.0, loss), lr=0.1, seed=seed)
    record("b", (3.0,), lr=0.2, seed=0)
    ran = home.aimd("trial", "compare", "-d", ".", "--group-by", "all but params.seed")
    by_lr = {row["params.lr"]: row for row in ran.table}
    assert by_lr["0.1"]["n"] == "3"
    assert float(by_lr["0.1"]["val.loss.mean"]) == pytest.approx(7 / 3)
    assert float(by_lr["0.1"]["val.loss.std"]) == pytest.approx(statistics.stdev([1.0, 2.0, 4.0]))
    assert (by_lr["0.2"]["n"], by_lr["0.2"]["val.loss.std"]) == ("1", "")
    same = home.aimd("trial", "compare", "-d", ".", "--group-by", "params.lr", "--json").json["groups"]
    assert sorted(group["n"] for group in same) == [1, 3]
    shown = home.aimd_terminal("trial", "compare", "-d", ".", "--group-by", "lr", NO_COLOR="1")
    assert "2.3 ± 1.5" in shown


def test_a_diverged_seed_is_counted_out_of_the_mean_in_sight() -> None:
    made = average([1.0, math.nan, 3.0])
    assert made == (2, 2.0, statistics.stdev([1.0, 3.0]))
    assert made.shown(3) == "2.0 ± 1.4 (n=2)"
    assert average([math.nan]).shown(1) == ""
    assert average([0.83, 0.85, 0.85]).shown(3) == "0.843 ± 0.012"
    assert average([0.82618, 0.83618, 0.84618]).shown(3) == "0.836 ± 0.010"
    assert average([9.0, 23.1]).shown(2) == "16 ± 10"
    assert average([1.6e308, 1.6e308]).shown(2) == "1.6e+308 ± 0"
    assert average([-1.6e308, 1.6e308]) == (2, 0.0, math.inf)
    assert average([0.5]).shown(1) == "0.5"


def test_formats_for_documents_are_valid_and_escaped(home: Home) -> None:
    record("a|b", (1.0,), note="x_y & 100%")
    record("c", (2.0,), note='z, "q"')
    words = ("trial", "compare", "-d", ".", "--format")
    markdown = home.aimd(*words, "md").out.splitlines()
    assert len({row.replace("\\|", "").count("|") for row in markdown}) == 1
    assert "| **1** |" in "\n".join(markdown)
    (header, *rows) = list(csv.reader(io.StringIO(home.aimd(*words, "csv").out)))
    assert {row[header.index("params.note")] for row in rows} == {"x_y & 100%", 'z, "q"'}
    latex = home.aimd(*words, "latex").out
    assert r"x\_y \& 100\%" in latex
    assert r"\textbf{1}" in latex
    grouped = list(csv.reader(io.StringIO(home.aimd(*words, "csv", "--group-by", "note").out)))
    assert "val.loss.std" in grouped[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a",), "two trials"),
        (("a", "b", "--best", "val.loss"), "METRIC:min"),
        (("a", "b", "--group-by", "params.nope"), "There are: lr"),
        (("a", "b", "-m", "val.nope"), "val.nope"),
    ],
)
def test_a_wrong_call_is_a_usage_error_with_advice(home: Home, words: tuple[str, ...], said: str) -> None:
    record("a", lr=1)
    record("b", lr=2)
    ran = home.aimd("trial", "compare", *words)
    assert ran.code == 2
    assert said in ran.err


def test_hostile_names_and_values_stay_text(home: Home) -> None:
    record("x[link=evil]y[bold]", lr="\x1b[2J")
    record("z", lr=1)
    for extra in ((), ("--format", "md"), ("--format", "csv"), ("--format", "latex")):
        assert "\x1b" not in home.aimd("trial", "compare", "-d", ".", *extra).out
    shown = home.aimd_terminal("trial", "compare", "-d", ".", columns=120, NO_COLOR="1")
    assert "x[link=evil]y[bold]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val.loss", "min"),
        ("train.top1_acc", "max"),
        ("val.acc_error", "min"),
        ("test.F1", "max"),
        ("val.RMSE", "min"),
        ("val.mAP50", "max"),
        ("val.map", "max"),
        ("train.lr", None),
        ("val.cross_entropy", "min"),
    ],
)
def test_directions_are_guessed_from_names(metric: str, direction: str | None) -> None:
    assert direction_of(metric) == direction


def test_no_best_without_direction_or_finite_values() -> None:
    assert best_of([1.0, 2.0], None) == frozenset()
    assert best_of([math.nan, None], "min") == frozenset()
    assert best_of([1.0, 1.0], "min") == frozenset()
    assert best_of([math.nan, 1.0], "min") == {1}
    assert best_of([None, 1.0], "min") == frozenset()
    assert best_of([math.nan, 2.0, 1.0, 1.0], "min") == {2, 3}


def test_a_comparison_says_why_trials_ended(home: Home) -> None:
    for name in ("a", "b"):
        with suppress(ValueError), aimd.create_trial(trial_name=name) as trial:
            trial.log("val", {"acc": 0.5}, step=1)
            if name == "b":
                raise ValueError("shapes differ, " * 9)
    rows = {row.pop("key"): list(row.values()) for row in home.aimd("trial", "compare", "a", "b").table}
    assert sorted(rows["state"]) == ["Failed", "Succeeded"]
    assert sorted(rows["reason"]) == ["", "ValueError: " + " ".join(["shapes differ,"] * 9)]
    shown = home.aimd_terminal("trial", "compare", "a", "b", columns=120, NO_COLOR="1")
    (why,) = [line for line in shown.splitlines() if line.startswith("why")]
    assert ("..." in why, why.count("…"), "ValueError: shapes" in why) == (False, 1, True), why
