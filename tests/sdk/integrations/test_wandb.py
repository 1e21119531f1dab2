"""W&B's interface, and what popular scripts call of it: recorded lists of calls, without the scripts."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import t9k.aimd.wandb as wandb
from aimd_core.errors import AimdError
from aimd_core.format.labels import read_labels
from aimd_core.reading.media import LocalMedia
from t9k import aimd
from t9k.aimd import telling
from t9k.aimd.tensorboard import SummaryWriter
from t9k.aimd.wandb import runs
from t9k.aimd.wandb.media import Media
from tests.sdk.integrations.recorded import Recorded, recorded_trial, recorded_trials
from tests.support.scripts import ROOT, run_script

CALLS = Path(__file__).parent / "calls"


@pytest.fixture(autouse=True)
def nothing_open(work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(telling, "told", set())
    yield
    wandb.finish()


def logged(trial: Recorded) -> list[tuple[int, str, float]]:
    return [(p.step, f"{p.metrics_type}/{name}", value) for p in trial.points for name, value in p.value.items()]


def media_of(entry: dict[str, Any]) -> Any:
    """Return a picture of two pixels for what was one in the script, an array of zeros for an array, and so on."""
    if "$media" in entry:
        return getattr(wandb, entry["$media"])(np.zeros((1, 2, 3), np.uint8))
    if "$table" in entry:
        return wandb.Table(columns=entry["$table"], data=entry["data"])
    if "$artifact" in entry:
        artifact = wandb.Artifact(entry["$artifact"], type="model")
        artifact.add_file(entry["file"])
        return artifact
    return np.zeros(entry["$array"], np.float32) if "$array" in entry else entry


def replay(name: str) -> list[tuple[str, list[Any], dict[str, Any]]]:
    """Make the calls of a script, whose writer is ours, and return them."""
    lines = (CALLS / f"{name}.jsonl").read_text().splitlines()
    calls = [json.loads(line, object_hook=media_of) for line in lines]
    writer: Any = None
    for target, arguments, settings in calls:
        if target == "writer":
            trial = None if wandb.run is None else wandb.run.trial  # as `sync_tensorboard` arranges
            writer = SummaryWriter(*arguments, **settings, trial=trial)
            continue
        first, *names = target.split(".")
        function: Any = wandb if first == "wandb" else writer
        for part in names:
            function = getattr(function, part)
        function(*arguments, **settings)
    wandb.finish()
    return calls


def media_in(value: Any) -> int:
    """Return how many pictures and texts a value of `log` has."""
    if isinstance(value, (dict, list)):
        return sum(map(media_in, value.values() if isinstance(value, dict) else value))
    if isinstance(value, wandb.Table):  # and a gallery of its pictures
        return 1 + sum(isinstance(cell, Media) for row in value.data for cell in row)
    return isinstance(value, (str, Media))


def numbers_in(data: dict[str, Any]) -> list[float]:
    nested = [number for value in data.values() if isinstance(value, dict) for number in numbers_in(value)]
    return [value for value in data.values() if isinstance(value, (int, float))] + nested


SCRIPTS = sorted(path.stem for path in CALLS.glob("*.jsonl"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_everything_that_a_popular_script_logs_is_there(script: str, work: Path) -> None:
    (work / "params.txt").write_text("lr: 0.1")  # a file that one of them saves
    calls = replay(script)
    numbers = media = 0
    settings: dict[str, Any] = {}
    for target, arguments, given in calls:
        if target in ("wandb.log", "wandb.run.log"):
            numbers += len(numbers_in(arguments[0]))
            media += media_in(arguments[0])
        elif target == "writer.add_scalar":
            numbers += 1
        elif target in ("writer.add_histogram", "writer.add_images"):
            media += 1 if target == "writer.add_histogram" else len(arguments[1])
        elif target == "wandb.config.update":
            settings.update(arguments[0])
        elif target == "wandb.init":
            settings.update(given["config"])
    trial = recorded_trial(work)
    assert len(logged(trial)) == numbers > 10
    assert len({(step, name) for step, name, _ in logged(trial)}) == numbers  # none stands for another
    assert len(list(LocalMedia(trial.path).items())) == media
    assert trial.params == settings
    assert trial.status == "Succeeded"


def test_nanogpt_needs_one_changed_line_and_its_names_are_split(work: Path) -> None:
    calls = replay("nanogpt_train")
    trial = recorded_trial(work)
    assert (trial.name, trial.upload["folder_path"]) == ("gpt2", "owt")
    losses = [call[1][0]["val/loss"] for call in calls if call[0] == "wandb.log"]
    assert (trial.steps("val"), trial.series("val", "loss")) == ([0, 1, 2, 3, 4, 5], losses)
    assert trial.of("train")[0].value.keys() == {"iter", "loss", "lr", "mfu"}


def test_steps_come_from_the_metric_that_define_metric_names(work: Path) -> None:
    replay("diffusers_train_controlnet_flax")
    trial = recorded_trial(work)
    assert {point.step for point in trial.points if "loss" in point.value} == {100, 200, 300}
    assert [point.step for point in trial.points if "step" in point.value] == [0, 1, 2]  # wall time is not whole


def test_steps_are_counted_by_call_merged_and_given(work: Path) -> None:
    with wandb.init(name="t") as run:
        run.log({"a": 1})
        wandb.log({"a": 2}, commit=False)
        wandb.log({"b": 3})
        wandb.log({"a": 4}, step=10)
        wandb.log({"b": 5}, step=10)
        wandb.log({"early": 6}, step=3)
        wandb.log({"a": 7})
        wandb.log({"a": 8, "epoch": 2}, step=20, commit=True)
        assert run.step == 21
    assert [(step, name[6:]) for step, name, _ in logged(recorded_trial(work))] == [
        (0, "a"),
        (1, "a"),
        (1, "b"),
        (10, "a"),
        (10, "b"),
        (3, "early"),
        (10, "a"),
        (20, "a"),
        (20, "epoch"),
    ]
    assert recorded_trial(work).epochs("train")[-1] == 2


def test_nested_values_have_dotted_names_and_no_two_names_become_one(work: Path) -> None:
    wandb.init(name="t")
    wandb.log({"train": {"loss": 1.0, "sub": {"x": True}}, "train/loss": 2.0, "train_loss": 3.0, "eval/loss": 4.0})
    wandb.finish()
    assert [point[1:] for point in logged(recorded_trial(work))] == [
        ("train/loss", 1.0),
        ("train/sub.x", 1.0),
        ("train/train/loss", 2.0),
        ("train/train_loss", 3.0),
        ("val/loss", 4.0),
    ]


def test_configuration_is_the_parameters(work: Path) -> None:
    Path("sweep.yaml").write_text("lr:\n  value: 0.5\nplain: 3\n")
    run = wandb.init(project="p", config=argparse.Namespace(lr=0.1, model=print, skip=1), config_exclude_keys=["skip"])
    wandb.config.update({"lr": 0.2, "nested": {"a": 1}}, allow_val_change=True)
    wandb.config.batch = 32
    wandb.config["deep"] = [1, 2]
    wandb.config.setdefaults({"lr": 9, "new": 4})
    assert (wandb.config.lr, wandb.config["nested"]["a"], wandb.config.get("none", 7), "batch" in run.config) == (
        *(0.2, 1, 7),
        True,
    )
    with pytest.raises(AttributeError):
        _ = wandb.config.absent
    again = wandb.init(reinit=True, config="sweep.yaml")
    assert dict(again.config) == {"lr": 0.5, "plain": 3}
    again.finish()
    params = {"lr": 0.2, "model": "print", "nested": {"a": 1}, "batch": 32, "deep": [1, 2], "new": 4}
    assert [trial.params for trial in recorded_trials(work) if trial.name == "p"] == [params]


def test_the_summary_has_the_last_value_or_the_one_that_is_asked_for(work: Path) -> None:
    run = wandb.init(name="t")
    run.define_metric("acc", summary="max")
    run.define_metric("loss_*", summary="min")
    for acc, loss in ((0.5, 3.0), (0.9, 1.0), (0.7, 2.0)):
        run.log({"acc": acc, "loss_a": loss, "plain": loss})
    assert dict(run.summary) == {"acc": 0.9, "loss_a": 1.0, "plain": 2.0}
    wandb.summary["best"] = 0.25
    run.summary.update({"verdict": "good", "epochs": 3})
    assert (run.summary["best"], wandb.summary.get("none")) == (0.25, None)
    wandb.finish()
    trial = recorded_trial(work)
    assert [point.value for point in trial.of("summary")] == [{"best": 0.25}, {"epochs": 3.0}]
    assert trial.params == {"summary": {"verdict": "good"}}


def test_names_tags_notes_and_folders_are_those_of_the_trial(work: Path) -> None:
    settings = {"project": "vision", "group": "sweep 1", "job_type": "eval", "tags": ("a b", "x,y", "")}
    run = wandb.init(name="res/net:1", notes="first", entity="team", id="abc123", **settings)
    assert (run.id, run.project, run.group, run.entity, run.path) == (
        "abc123",
        "vision",
        "sweep 1",
        "team",
        "vision/abc123",
    )
    assert (run.tags, run.notes) == (("a-b", "x-y", "eval"), "first")
    run.tags += ("late",)
    run.notes, run.name = "second", "renamed"
    run.finish()
    trial = recorded_trial(work)
    assert (trial.name, trial.upload["folder_path"]) == ("renamed", "vision/sweep 1")
    assert read_labels(trial.path) == (("a-b", "x-y", "eval", "late"), "second")
    assert trial.path.name.startswith("res-net:1_")


def test_the_environment_says_what_the_call_does_not(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PROJECT": "env", "NAME": "named", "TAGS": "x,y", "NOTES": "why", "RUN_GROUP": "g"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    wandb.init(project="own").finish()
    trial = recorded_trial(work)
    assert (trial.name, trial.upload["folder_path"]) == ("named", "own/g")
    assert read_labels(trial.path) == (("x", "y"), "why")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    run = wandb.init()
    run.log({"a": 1})
    run.tags = ["t"]
    assert (run.disabled, run.tags, run.notes) == (True, (), "")
    run.finish()
    assert len(recorded_trials(work)) == 1


def crash(name: str, **settings: Any) -> None:
    run = wandb.init(name=name, **settings)
    for step in range(3):
        run.log({"loss": float(step)})
    runs.current = None  # as if the process had died here


def test_a_run_is_resumed_by_its_id_or_by_its_name(work: Path) -> None:
    crash("a", id="one")
    run = wandb.init(id="one", resume="allow")
    assert (run.resumed, run.step, run.id) == (True, 3, "one")
    run.log({"loss": 9.0})
    run.finish()
    crash("b", project="p")
    again = wandb.init(name="b", project="p", resume=True)
    assert (again.resumed, again.starting_step) == (True, 3)
    again.finish()
    assert wandb.init(name="b", project="p", resume=True).resumed is False  # that one has succeeded
    wandb.finish()
    assert recorded_trials(work)[0].steps("train") == [0, 1, 2, 3]
    with pytest.raises(wandb.UsageError, match="no run 'two'"):
        wandb.init(id="two", resume="must")
    with pytest.raises(wandb.errors.UsageError, match="already"):
        wandb.init(id="one", resume="never")
    new = wandb.init(id="two", resume="allow")
    assert (new.resumed, new.id, new.name) == (False, "two", "two")


def test_a_run_goes_back_or_forks_from_a_step(work: Path) -> None:
    crash("a", id="one")
    run = wandb.init(resume_from="one?_step=1")
    assert run.step == 1
    run.log({"loss": 5.0})
    run.finish()
    assert [point["train.loss"] for point in run.trial.history()] == [0.0, 5.0]
    fork = wandb.init(fork_from="one?_step=1", name="twin")
    fork.log({"loss": 7.0})
    fork.finish()
    assert [point["train.loss"] for point in fork.trial.history()] == [0.0, 7.0]
    assert fork.name == "twin"
    with pytest.raises(wandb.UsageError, match="nine"):
        wandb.init(fork_from="nine?_step=1")


@pytest.mark.parametrize(
    "use",
    [
        lambda run: run.log({"molecule": wandb.Molecule("x"), "none": None}),
        lambda run: run.log({"picture": wandb.Image(object())}),
        lambda run: run.log({"list": [1, 2, 3]}),
        lambda run: run.watch(object(), log="all"),
        lambda run: wandb.Artifact("m").add(wandb.Table(), "t"),
    ],
)
def test_what_a_trial_cannot_hold_is_told_once(
    use: Callable[[Any], Any], work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = wandb.init(name="t")
    use(run)
    told = capsys.readouterr().err
    use(run)
    assert told.startswith("aimd: wandb.")
    assert capsys.readouterr().err == ""
    run.finish()
    assert recorded_trial(work).points == []


def test_files_and_artifacts_are_kept_with_the_trial(work: Path) -> None:
    (work / "out" / "deep").mkdir(parents=True)
    for name in ("model.pt", "out/a.txt", "out/deep/b.txt"):
        (work / name).write_text(name)
    run = wandb.init(name="t")
    Path(run.dir, "own.txt").write_text("written there")
    assert wandb.save("out/*.txt") == ["a.txt"]
    run.log_model("model.pt", name="final")
    artifact = wandb.Artifact("net/best", type="model", description="the best")
    artifact.add_file("model.pt", name="weights.pt")
    artifact.add_dir("out")
    artifact.add_reference("s3://bucket/data.tar")
    with artifact.new_file("notes.txt") as file, artifact.new_file("other.txt") as other:
        file.write("written into it")
        other.write("at the same time")
    run.log_artifact(artifact, aliases=["best"]).wait()
    run.log_artifact("out", name="outputs", type="dataset")
    run.log_artifact("absent.txt")
    run.finish()
    kept = {str(path.relative_to(run.trial.path / "files")) for path in (run.trial.path / "files").rglob("*.*")}
    assert kept == {"own.txt", "a.txt", "final/model.pt"}
    made = artifact.artifact
    assert (made.name, made.description, made.aliases) == ("net-best", "the best", ["best"])
    objects = {row["path"] if "path" in row else row["key"] for row in made.objects}
    assert objects >= {"weights.pt", "a.txt", "deep/b.txt", "notes.txt"}
    assert Path(made.local_path("notes.txt")).read_text() == "written into it"
    assert list(made.references.values()) == ["s3://bucket/data.tar"]
    assert made.id in run.trial.output_artifacts
    assert len(run.trial.output_artifacts) == 2


def test_a_disabled_run_keeps_nothing(work: Path) -> None:
    (work / "model.pt").write_text("")
    run = wandb.init(mode="disabled")
    run.log_artifact("model.pt")
    assert run.save("model.pt") == []
    assert Path(run.dir).is_dir()
    assert [path.name for path in work.iterdir()] == ["model.pt"]


def test_what_a_script_cannot_do_without_is_an_error(work: Path) -> None:
    with pytest.raises(wandb.Error, match=r"call wandb.init\(\) before wandb.log"):
        wandb.log({"a": 1})
    with pytest.raises(wandb.Error, match=r"before wandb.config.lr"):
        wandb.config.lr = 1
    with pytest.raises(wandb.UsageError, match="Optuna"):
        wandb.agent(wandb.sweep({}))
    assert wandb.run is None
    assert wandb.login() is True
    run = wandb.init(name="t")
    assert wandb.init() is run is wandb.run
    with pytest.raises(wandb.UsageError, match="cannot be fetched"):
        run.use_artifact("m:latest")
    with pytest.raises(TypeError, match="mapping"):
        run.log(3)
    run.finish(exit_code=2)
    assert recorded_trial(work).status == "Failed"


def test_an_exception_fails_the_run_and_a_clean_end_without_finish_succeeds(work: Path) -> None:
    with pytest.raises(ZeroDivisionError), wandb.init(name="failed"):
        _ = 1 / 0
    assert wandb.run is None
    done = run_script("import t9k.aimd.wandb as wandb\nwandb.init(name='clean')\nwandb.log({'a': 1})", work)
    assert done.returncode == 0, done.stderr
    assert {trial.name: trial.status for trial in recorded_trials(work)} == {"clean": "Succeeded", "failed": "Failed"}


def test_runs_are_read_back_by_the_names_under_which_they_were_logged(work: Path) -> None:
    for number in range(3):
        with wandb.init(project="p", group="g", id=f"id{number}", config={"lr": number, "opt": {"name": "sgd"}}) as run:
            run.log({"val/loss": 3.0 - number, "lr": 0.5})
            run.log({"val/loss": 2.0 - number})
            run.summary["verdict"] = "good"
    aimd.create_trial(trial_name="other").fail("why")
    api = wandb.Api()
    assert [run.id for run in api.runs("team/p")] == ["id0", "id1", "id2"]
    assert [run.id for run in api.runs("p", order="-config.lr")] == ["id2", "id1", "id0"]
    filters = {"$or": [{"config.lr": {"$gte": 2}}, {"summary_metrics.val/loss": {"$gt": 1.5}}], "state": "finished"}
    assert [run.id for run in api.runs("p", filters=filters)] == ["id0", "id2"]
    assert [run.state for run in api.runs(filters={"display_name": {"$regex": "^oth"}})] == ["failed"]
    assert api.runs("nothing") == []
    (first,) = api.runs("p", {"config.lr": 0, "config.opt.name": "sgd", "config.none": {"$exists": False}})
    assert first.config == {"lr": 0, "opt": {"name": "sgd"}}
    assert (first.summary["val/loss"], first.summary["lr"], first.summary["verdict"]) == (2.0, 0.5, "good")
    assert (first.summary.get("none"), first.project, first.path) == (None, "p/g", ["p/g", "id0"])
    assert [row["val/loss"] for row in first.scan_history()] == [3.0, 2.0]
    assert list(first.scan_history(["lr"], min_step=0, max_step=1)) == [{"lr": 0.5}]
    expected = [{"_step": 0, "val/loss": 3.0}, {"_step": 1, "val/loss": 2.0}]
    assert first.history(keys=["val/loss"], pandas=False) == expected
    assert first.history().shape[0] == 2
    assert api.run("team/p/id1").id == "id1"
    with pytest.raises(wandb.CommError, match="nine"):
        api.run("p/nine")
    with pytest.raises(wandb.CommError, match=r"\$near"):
        api.runs("p", {"config.lr": {"$near": 1}})


def test_every_name_of_the_module_can_be_had(work: Path) -> None:
    for name in dir(wandb):
        assert getattr(wandb, name, "absent") != "absent", name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = wandb.nonsense
    assert issubclass(wandb.UsageError, wandb.Error)
    assert not issubclass(wandb.Error, AimdError)  # scripts catch it as W&B's


def test_importing_it_loads_nothing_more_than_the_sdk(tmp_path: Path) -> None:
    code = "import sys; from t9k import aimd; n = len(sys.modules); import t9k.aimd.wandb; print(len(sys.modules) - n)"
    assert run_script(code, tmp_path).stdout == "1\n"


def test_the_documented_script_records_a_trial(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "guides" / "wandb.md").read_text()
    (script,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    done = run_script(script, tmp_path)
    assert done.returncode == 0, done.stderr
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.params) == ("baseline", "Succeeded", {"lr": 0.1, "batch": 32})
    assert trial.series("val", "acc") == [0.5, 0.6, 0.7]
