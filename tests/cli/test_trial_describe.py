import re

from t9k import aimd
from tests.support.home import Home


def record() -> aimd.Trial:
    trial = aimd.create_trial(trial_name="cnn", trial_params={"lr": 0.1, "optim": {"name": "sgd"}})
    for step, loss in enumerate((3.0, 1.0, 2.0), start=1):
        trial.log("train", {"loss": loss}, step=step)
    trial.finish()
    return trial


def test_all_parts_are_shown_on_a_terminal(home: Home) -> None:
    trial = record()
    shown = home.aimd_terminal("trial", "describe", "-n", "cnn", "-a", columns=200, NO_COLOR="1")
    assert trial.id in shown
    assert str(trial.path) in shown
    for part in ("Parameters", "optim", "name: sgd", "Metrics", "train.loss", "Platform", "python: 3"):
        assert part in shown


def test_parts_are_shown_only_when_asked_for(home: Home) -> None:
    record()
    shown = home.aimd_terminal("trial", "describe", "-n", "cnn", "-m", columns=100, NO_COLOR="1")
    assert "\nMetrics" in shown
    assert "\nParameters" not in shown
    assert "\nPlatform" not in shown


def test_a_pipe_gets_name_key_value_lines(home: Home) -> None:
    trial = record()
    ran = home.aimd("trial", "describe", "-n", trial.alternative_name, "-a")
    values = {row["key"]: row["value"] for row in ran.table}
    assert values["id"] == trial.id
    assert values["params.optim.name"] == "sgd"
    assert values["train.loss.min"] == "1.0"
    assert values["train.loss.min_step"] == "2"


def test_json_holds_nested_parameters(home: Home) -> None:
    record()
    (trial,) = home.aimd("trial", "describe", "-n", "cnn", "--json").json["trials"]
    assert trial["parameters"] == {"lr": 0.1, "optim": {"name": "sgd"}}
    assert trial["metrics"]["train.loss"]["max"] == 3.0


def test_a_damaged_tail_is_reported_and_the_rest_is_shown(home: Home) -> None:
    trial = record()
    with (trial.path / "metrics").open("a") as journal:
        journal.write('not a record\n{"train": {"val')
    ran = home.aimd("trial", "describe", "-n", "cnn", "--json")
    assert ran.code == 0
    (described,) = ran.json["trials"]
    assert described["metrics"]["train.loss"]["count"] == 3
    assert described["damage"] == ["metrics: 1 damaged line skipped (4); a half-written last line of 15 bytes left out"]


def test_a_prefix_that_fits_two_lists_them(home: Home) -> None:
    first, second = record(), record()
    ran = home.aimd("trial", "describe", "-n", "cnn")
    assert ran.code == 2
    assert first.alternative_name in ran.err
    assert second.alternative_name in ran.err


def test_an_id_prefix_names_a_trial(home: Home) -> None:
    trial = record()
    record()
    ran = home.aimd("trial", "describe", "-n", trial.id[:13], "--json")
    assert ran.json["trials"][0]["id"] == trial.id


def test_a_wrong_name_is_met_with_near_ones(home: Home) -> None:
    trial = record()
    ran = home.aimd("trial", "describe", "-n", "cmn")
    assert ran.code == 3
    assert f"Did you mean: {trial.alternative_name}" in ran.err


def test_a_path_selects_a_trial_and_a_wrong_one_does_not(home: Home) -> None:
    trial = record()
    assert home.aimd("trial", "describe", "-p", trial.path, "--json").json["trials"][0]["id"] == trial.id
    assert home.aimd("trial", "describe", "-p", home.work).code == 3


def test_naming_nothing_is_a_usage_error(home: Home) -> None:
    ran = home.aimd("trial", "describe")
    assert ran.code == 2
    assert "-n NAME" in ran.err


def test_every_label_is_chinese_in_chinese(home: Home) -> None:
    trial = aimd.create_trial(trial_name="cnn")
    for step in range(1, 6):
        trial.log("train", {f"m{number}": float("nan") for number in range(4)}, step=step)
    trial.fail("diverged")
    resumed = aimd.load_trial(trial_name="cnn", from_step=3)
    resumed.log("train", {f"m{number}": float("nan") for number in range(4)}, step=3)
    resumed.fail("diverged")
    aimd.fork_trial(trial, 3).fail("diverged")
    home.aimd("trial", "tag", trial.alternative_name, "bad")
    home.aimd("trial", "note", trial.alternative_name, "too fast")
    assert "; 1 more metric\n" in home.aimd_terminal(
        "trial", "describe", trial.alternative_name, columns=200, NO_COLOR="1"
    )
    shown = home.aimd_terminal("trial", "describe", "-d", ".", columns=200, NO_COLOR="1", AIMD_LANG="zh")
    labels = {
        line.split()[0]
        for line in shown.splitlines()[1:]
        if line.strip() and not line.startswith(("cnn", "train.", " "))
    }
    assert {label for label in labels if label.isascii()} <= {"id", "git"}
    assert len(labels) > 10


def test_a_trial_alone_is_described_by_how_it_went(home: Home) -> None:
    trial = aimd.create_trial(trial_name="cnn", trial_params={f"p{number}": number for number in range(14)})
    for step in range(1, 5):
        trial.log("val", {"loss": 1 / step, **{f"class_{number}": number for number in range(9)}}, step=step)
        trial.log("system", {"gpu": 50}, step=step)
    trial.finish()
    home.aimd("trial", "tag", "cnn", "night")
    shown = home.aimd_terminal("trial", "describe", "cnn", columns=80, NO_COLOR="1")
    assert re.search(r"val.loss +0.25 +0.25 \(4\) +█[▁-█]+", shown)
    assert re.search(r"tags +night", shown)
    assert re.search(r"p11 +11\n2 more parameters, see -H", shown)
    assert "5 more metrics, see -m" in shown
    assert "system" not in shown
    rows = {row["key"]: row["value"] for row in home.aimd("trial", "describe", "cnn").table}
    assert (rows["val.loss.min"], rows["params.p13"], rows["system.gpu.last"]) == ("0.25", "13", "50.0")
