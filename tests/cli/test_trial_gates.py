import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.errors import QueryError
from aimd_core.query import matches, parse
from aimd_core.query.gates import judge, read_gate, selector_query
from aimd_core.reading.facts import Facts, WholeFacts
from t9k import aimd
from tests.support.home import Home


def record(name: str, acc: float, *tags: str, metric: str = "acc") -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name)
    trial.log("val", {metric: acc}, step=1)
    trial.finish()
    if tags:
        from aimd_core.format.labels import add_tags

        add_tags(trial.path, list(tags))
    return trial


def facts(name: str, **metrics: float) -> Facts:
    known = {f"val.{key}": {"last": value} for key, value in metrics.items()}
    return WholeFacts(name=name, alternative_name=name, metrics=known, tags=("main",))


def value_wanted(text: str, others: Sequence[Facts] = ()) -> float:
    """Return the number that the right-hand side of a gate comes to."""
    condition = read_gate(text, lambda: others).query.condition
    assert condition.kind == "compare"
    assert condition.value.kind == "number"
    return condition.value.value


def test_a_condition_that_holds_is_exit_0_and_one_that_does_not_is_exit_1(home: Home) -> None:
    trial = record("cnn", 0.85)
    ran = home.aimd("trial", "check", "cnn", "val.acc > 0.8 and state = Succeeded")
    assert (ran.code, ran.err) == (0, "")
    ran = home.aimd("trial", "check", "cnn", "val.acc > 0.9 and state = Succeeded")
    assert (ran.code, ran.err) == (1, "")
    assert ran.table == [
        {"name": trial.alternative_name, "verdict": "does not hold", "why": "val.acc is 0.85, expected > 0.9"}
    ]


def test_a_gate_against_the_best_of_the_tagged_ones(home: Home) -> None:
    record("base", 0.8, "main")
    best = record("best", 0.9, "main")
    record("other", 0.99)
    record("new", 0.896)
    assert home.aimd("trial", "check", "new", "val.acc >= best(tag:main) - 0.005").code == 0
    ran = home.aimd("trial", "check", "new", "val.acc >= best(tag:main) - 0.001", "--json")
    assert ran.code == 1
    assert not ran.json["holds"]
    (verdict,) = ran.json["trials"]
    said = f"val.acc is 0.896, expected >= 0.899 (best(tag:main) is 0.9, of {best.alternative_name})"
    assert verdict["why"] == said
    shown = home.aimd_terminal("trial", "check", "new", "val.acc >= best(tag:main) - 0.001", columns=200, NO_COLOR="1")
    assert shown.startswith("✗ does not hold")
    assert said in shown


def test_every_named_trial_must_pass(home: Home) -> None:
    record("a", 0.8)
    record("b", 0.9)
    ran = home.aimd("trial", "check", "-d", ".", "val.acc > 0.85")
    assert ran.code == 1
    assert sorted(row["verdict"] for row in ran.table) == ["does not hold", "holds"]
    assert home.aimd("trial", "check", "a", "b", "val.acc > 0.7").code == 0


def test_a_metric_that_is_not_there_does_not_hold_and_is_said(home: Home) -> None:
    record("a", 0.8)
    ran = home.aimd("trial", "check", "a", "val.ac < 1")
    assert ran.code == 1
    assert ran.table[0]["why"] == "there is no val.ac, expected < 1; did you mean: val.acc?"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("val.acc > 1",), 2),
        (("a", "val.acc >>> 1"), 2),
        (("a", "val.acc > best(tag:main"), 2),
        (("a", "val.acc > best(all) -"), 2),
        (("a", "name = best(all) - 1"), 2),
        (("a", "val.acc > 1 / 0"), 2),
        (("a", "val.acc > best(tag:nope)"), 3),
        (("a", "val.nope > best(all)"), 3),
        (("zzz", "val.acc > 1"), 3),
    ],
)
def test_what_cannot_be_checked_is_told_apart_from_what_does_not_hold(
    home: Home, words: tuple[str, ...], code: int
) -> None:
    record("a", 0.8)
    ran = home.aimd("trial", "check", *words)
    assert ran.code == code
    assert ran.err.startswith("aimd: error: ")


def test_best_goes_by_the_metrics_name_and_else_by_the_sign() -> None:
    others = [facts("a", loss=1.0, acc=0.1, x=5.0), facts("b", loss=2.0, acc=0.2, x=6.0)]
    assert value_wanted("val.loss <= best(all)", others) == 1.0
    assert value_wanted("val.loss <= worst(all)", others) == 2.0
    assert value_wanted("val.acc >= best()", others) == 0.2
    assert value_wanted("val.x >= best(name:a) * 2 + 1", others) == 11.0
    assert value_wanted("val.x <= best(all)", others) == 5.0
    assert value_wanted("val.x < mean(val.loss > 0)", others) == 5.5


def test_a_diverged_trial_is_never_the_best() -> None:
    assert value_wanted("val.loss < best(all)", [facts("a", loss=float("nan")), facts("b", loss=2.0)]) == 2.0


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.lists(st.sampled_from("+-*/"), min_size=4, max_size=4),
    st.booleans(),
)
def test_arithmetic_is_that_of_python(numbers: list[int], signs: list[str], spaced: bool) -> None:
    room = " " if spaced else ""
    text = str(numbers[0]) + "".join(f" {sign}{room}{number}" for sign, number in zip(signs, numbers[1:], strict=False))
    assert value_wanted(f"val.x < {text}") == pytest.approx(eval(text))


def test_a_gate_without_arithmetic_is_the_query_itself() -> None:
    for text in ("val.acc > 0.9", "name = 'best(x)' or state in [Failed, Killed]", "not params.lr = -0.1", ""):
        assert read_gate(text, list).query.condition == parse(text).condition


@given(st.text(alphabet="valbest.(x)=<>-+*/ 019'\"tag:in", max_size=25))
def test_any_text_is_a_gate_or_a_query_error(text: str) -> None:
    from aimd_core.errors import MetricNotFoundError, SelectorFitsNoneError

    try:
        judge(read_gate(text, lambda: [facts("a", x=1.0)]), facts("a", x=1.0), 0.0)
    except (QueryError, SelectorFitsNoneError, MetricNotFoundError):
        pass


def test_a_selector_is_quoted_as_one_value() -> None:
    assert matches(parse(selector_query("tag:main")), facts("a"))
    assert not matches(parse(selector_query('tag:main"or"x')), facts("a"))


def test_waiting_ends_when_the_condition_comes_true(home: Home) -> None:
    code = (
        "import itertools, time; from t9k import aimd; t = aimd.create_trial(trial_name='w')\n"
        "t.log('val', {'loss': 1.0}, 1); print('ready', flush=True)\n"
        "for i in itertools.count(1): t.log('val', {'loss': 1 / i}, i); time.sleep(0.05)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as training:
        assert training.stdout is not None
        training.stdout.readline()
        ran = home.aimd_process("trial", "wait", "w", "--until", "val.loss < 0.2", "--interval", "50ms")
        assert training.poll() is None
        training.kill()
    assert ran.code == 0
    assert "expected < 0.2" in ran.out
    ran = home.aimd("trial", "wait", "w")
    assert ran.code == 9
    assert re.fullmatch(r"Killed: its process is gone \(step \d+\)", ran.table[0]["why"])
    ran = home.aimd("trial", "wait", "w", "--until", "val.loss < 0")
    assert ran.code == 9
    assert "is Killed: its process is gone (step " in ran.err
    assert "expected < 0" in ran.err


@pytest.mark.parametrize(
    ("until", "code", "why"),
    [
        (None, 9, "Failed: diverged (step 1)"),
        ("ended", 0, "Failed: diverged (step 1)"),
        ("failed", 0, "state is Failed (diverged), expected = Failed"),
        ("Succeeded", 9, "state is Failed (diverged), expected = Succeeded"),
        ("val.acc > 0.4", 0, "val.acc is 0.5, expected > 0.4"),
        ("val.acc > 0.6", 9, "val.acc is 0.5, expected > 0.6"),
    ],
)
def test_an_end_that_is_not_well_has_an_exit_code_of_its_own(
    home: Home, until: str | None, code: int, why: str
) -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.log("val", {"acc": 0.5}, step=1)
    trial.fail("diverged")
    ran = home.aimd("trial", "wait", "a", *(("--until", until) if until else ()))
    assert ran.code == code
    assert why in ran.out + ran.err
    ran = home.aimd("trial", "wait", "a", "--json", "--until", "ended")
    assert (ran.json["trials"][0]["state"], ran.json["trials"][0]["reason"]) == ("Failed", "diverged")


def test_waiting_for_a_trial_of_another_host_ends_when_it_is_lost(home: Home) -> None:
    from aimd_core.format import process
    from tests.support.trials import write_trial

    elsewhere = {**process.capture(), "host": "node-7"}
    path = write_trial(home.work, "far_261123_150327_f9by70", process=elsewhere)
    assert home.aimd("trial", "wait", "far", "--timeout", "50ms", "--interval", "10ms").code == 1
    for file in ("", *os.listdir(path)):
        os.utime(path / file, (time.time() - 900, time.time() - 900))
    for until in ((), ("--until", "val.acc > 1")):
        ran = home.aimd("trial", "wait", "far", *until)
        assert ran.code == 9
        assert "Lost: nothing written for 15 min, and its process cannot be seen from here" in ran.out + ran.err


def test_waiting_gives_up_in_time_or_when_the_trial_has_ended(home: Home) -> None:
    running = aimd.create_trial(trial_name="running")
    running.log("val", {"loss": 1.0}, 1)
    ran = home.aimd("trial", "wait", "running", "--timeout", "100ms", "--interval", "20ms")
    assert ran.code == 1
    assert f"100ms have passed: {running.alternative_name} is still Running" in ran.err
    ended = record("ended", 0.5)
    ran = home.aimd("trial", "wait", "ended", "--until", "val.acc > 0.9")
    assert ran.code == 1
    assert f"{ended.alternative_name} is Succeeded: val.acc is 0.5" in ran.err


def test_a_trial_that_has_ended_needs_no_waiting(home: Home) -> None:
    record("a", 0.5)
    assert home.aimd("trial", "wait", "a", "--timeout", "0").code == 0
    assert home.aimd("trial", "wait", "a", "--timeout", "soon").code == 2


@pytest.mark.parametrize("with_cache", [True, False])
def test_a_watched_journal_is_read_on_and_not_again(
    home: Home, with_cache: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimd_core.reading.changes import Watch

    if not with_cache:
        monkeypatch.setattr("aimd_core.reading.cache.user_cache_directory", lambda: "/proc/nowhere")
    trial = aimd.create_trial(trial_name="w")
    watch = Watch([trial.path])
    assert watch.look()[0].metrics == {}
    for step in range(1, 4):
        trial.log("val", {"loss": float(step)}, step)
        assert watch.look()[0].metrics["val.loss"]["count"] == step
    journal = trial.path / "metrics"
    with journal.open("r+b") as file:  # what was read already is changed: nobody may notice
        content = file.read().replace(b"1.0", b"9.0", 1)
        file.seek(0)
        file.write(content)
    trial.log("val", {"loss": 4.0}, 4)
    assert dict(watch.look()[0].metrics["val.loss"])["max"] == 4.0
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    assert watch.look()[0].metrics["val.loss"]["count"] == 1


def test_a_watched_trial_that_did_not_change_is_not_read(home: Home) -> None:
    from aimd_core.reading.changes import Watch

    paths = [record(name, 0.5).path for name in ("a", "b")]
    for path in paths:
        for file in path.iterdir():
            os.utime(file, (time.time() - 60, time.time() - 60))  # as nobody writes it any more
    watch = Watch(paths)
    watch.look()
    assert watch.read_count == 2
    watch.look()
    assert watch.read_count == 0
    with (paths[1] / "metrics").open("a") as journal:
        journal.write("\n")
    watch.look()
    assert watch.read_count == 1
    again = Watch(paths)  # another process: it goes by the index
    again.look()
    assert again.read_count == 1


def test_a_check_reads_no_journal_that_the_index_knows(home: Home) -> None:
    for name in ("a", "b"):
        path = record(name, 0.5).path
        for file in path.iterdir():
            os.utime(file, (time.time() - 60, time.time() - 60))
    condition = "val.acc >= best(all) - 0.1"
    assert home.aimd("trial", "check", "-d", ".", condition).code == 0
    from tests.cli.test_startup import loaded

    assert not loaded("trial", "check", "-d", ".", condition) & {"aimd_core.reading.totals", "yaml"}


def test_a_check_says_when_a_journal_cannot_be_read(home: Home) -> None:
    path = record("a", 0.5).path
    (path / "metrics").unlink()
    (path / "metrics").mkdir()
    done = home.aimd("trial", "check", "a", "val.acc > 0")
    assert done.code == 1
    assert "metrics: " in done.err


def test_wait_says_how_a_trial_ended_and_check_whether_a_condition_holds(home: Home) -> None:
    well, badly = record("well", 0.5), aimd.create_trial(trial_name="badly")
    badly.log("val", {"acc": math.nan}, 1)
    badly.fail("diverged")
    verdicts = {row["name"]: row["verdict"] for row in home.aimd("trial", "wait", "-d", ".").table}
    assert verdicts == {well.alternative_name: "ended well", badly.alternative_name: "did not end well"}
    assert [row["verdict"] for row in home.aimd("trial", "wait", "badly", "--until", "ended").table] == ["ended"]
    assert home.aimd("trial", "check", "badly", "val.acc > 0.9").table[0]["why"] == "val.acc is NaN, expected > 0.9"
