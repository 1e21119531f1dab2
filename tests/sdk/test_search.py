import math
import sys

import pytest

from aimd_core.errors import MissingExtraError, NoTrialsError, QueryError, UsageError
from t9k import aimd
from tests.support.parts import require_part


def record(name: str, lr: float, losses: tuple[float, ...] = (1.0, 0.5)) -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, trial_params={"lr": lr, "optim": {"name": "sgd"}})
    for step, loss in enumerate(losses, start=1):
        trial.log("train", {"loss": loss, "acc": 1 - loss}, step=step, epoch=1)
    trial.log("val", {"loss": losses[-1]}, step=len(losses))
    return trial


def part(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def test_trials_are_found_as_plain_mappings() -> None:
    record("a", 0.1)
    wanted = record("b", 0.2)
    wanted.finish()
    (found,) = aimd.search_trials("params.lr > 0.15 and state = Succeeded")
    assert (found["id"], found["name"], found["path"]) == (
        wanted.id,
        "b",
        str(wanted.path.relative_to(wanted.path.parents[2])),
    )
    assert found["params"] == {"lr": 0.2, "optim.name": "sgd"}
    assert found["metrics"]["train.loss"]["min"] == 0.5
    assert found["platform"]["python"].startswith("3.")


def test_trials_are_sorted_and_limited() -> None:
    for number in range(3):
        record(f"t{number}", lr=number / 10)
    assert [trial["name"] for trial in aimd.search_trials(sort="-params.lr", limit=2)] == ["t2", "t1"]
    assert aimd.search_trials("params.lr > 7") == []


def test_wrong_calls_raise_at_once() -> None:
    with pytest.raises(NoTrialsError):
        aimd.search_trials()
    record("a", 0.1)
    with pytest.raises(QueryError, match="no field 'lr'"):
        aimd.search_trials("lr > 3")
    with pytest.raises(UsageError, match="excel"):
        aimd.search_trials(format="excel")
    with pytest.raises(UsageError, match="negative"):
        aimd.search_trials(limit=-1)


def test_history_holds_one_entry_a_record() -> None:
    trial = record("a", 0.1, (3.0, float("nan")))
    first, second, third = trial.history()
    assert {**first, "timestamp": ""} == {
        "type": "train", "step": 1, "epoch": 1, "timestamp": "", "train.loss": 3.0, "train.acc": -2.0
    }  # fmt: skip
    assert math.isnan(second["train.loss"])
    assert (third["type"], third["epoch"]) == ("val", None)


def test_history_takes_metrics_and_types() -> None:
    trial = record("a", 0.1)
    assert [set(point) - {"step", "epoch", "timestamp"} for point in trial.history(["train.acc"])] == [
        {"type", "train.acc"}
    ] * 2
    assert [point["type"] for point in trial.history("val")] == ["val"]
    assert trial.history("nothing") == []


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_data_frames_are_made_when_asked_for(name: str) -> None:
    require_part(name, part(name))
    trial = record("a", 0.1)
    record("b", 0.2)
    frame = aimd.search_trials(sort="name", format=name)
    assert list(frame["name"]) == ["a", "b"]
    assert list(frame["params.lr"]) == [0.1, 0.2]
    assert list(frame["val.loss"]) == [0.5, 0.5]
    history = trial.history("train", format=name)
    assert list(history["train.loss"]) == [1.0, 0.5]
    assert list(history.columns) == ["type", "step", "epoch", "timestamp", "train.loss", "train.acc"]
    assert len(trial.history("nothing", format=name)) == 0


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_data_frame_without_its_library_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    trial = record("a", 0.1)
    for ask in (aimd.search_trials, trial.history):
        with pytest.raises(MissingExtraError, match=rf"pip install 'aimd-cli\[{name}\]'"):
            ask(format=name)
