from __future__ import annotations

import decimal
import json
import math
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.errors import InvalidNameError, TrialStateError
from aimd_core.format.documents import read_mapping
from aimd_core.reading.totals import read_totals
from t9k import aimd


@pytest.fixture
def trial() -> aimd.Trial:
    return aimd.create_trial(trial_name="a")


def lines(trial: aimd.Trial) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (trial.path / "metrics").read_bytes().splitlines()]


def status_on_disk(trial: aimd.Trial) -> object:
    return read_mapping(trial.path / "metadata.yaml")["status"]


class Tensor:
    """Has what a PyTorch or JAX tensor has: item()."""

    def __init__(self, *elements: float) -> None:
        self.elements = elements
        self.shape = (len(elements),)

    def __repr__(self) -> str:
        return f"Tensor{self.elements}"

    def item(self) -> float:
        if len(self.elements) != 1:
            raise RuntimeError("a Tensor with several elements cannot be converted to Scalar")
        return self.elements[0]


class TensorFlowTensor:
    """Has what a TensorFlow tensor has: numpy()."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"TensorFlowTensor({self.value})"

    def numpy(self) -> Any:
        return np.float32(self.value)


class SymbolicTensor:
    """Has no value yet, as inside of a TensorFlow graph."""

    def __repr__(self) -> str:
        return "SymbolicTensor()"

    def numpy(self) -> Any:
        raise NotImplementedError("numpy() is only available when eager execution is enabled")


def test_one_call_is_one_line_as_json_writes_it(trial: aimd.Trial) -> None:
    trial.log("train", {"loss": 0.5, "acc": 1e-07}, step=2, epoch=1)
    content = (trial.path / "metrics").read_bytes()
    (document,) = lines(trial)
    assert content == json.dumps(document).encode() + b"\n"
    assert list(document) == ["train"]
    assert document["train"]["value"] == {"loss": 0.5, "acc": 1e-07}
    assert list(document["train"]["sequence"]) == ["epoch", "step", "timestamp"]


def test_the_time_stamp_is_the_time_of_the_call_to_the_microsecond(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([1_795_446_207, 1_795_446_207, 0, 1_795_446_208])
    monkeypatch.setattr("t9k.aimd.trial._time_ns", lambda: next(seconds) * 1_000_000_000 + 5_012_999)
    for step in range(4):  # also with a clock that is set back in the middle
        trial.log("train", {}, step=step)
    assert [line["train"]["sequence"]["timestamp"] for line in lines(trial)] == [
        "2026-11-23T15:03:27.005012+00:00",
        "2026-11-23T15:03:27.005012+00:00",
        "1970-01-01T00:00:00.005012+00:00",
        "2026-11-23T15:03:28.005012+00:00",
    ]


def test_the_time_stamp_lies_between_before_and_after(trial: aimd.Trial) -> None:
    from t9k.aimd.stamps import timestamp

    before = timestamp()
    trial.log("train", {"a": 1.0}, step=1)
    shown = lines(trial)[0]["train"]["sequence"]["timestamp"]
    assert before <= shown <= timestamp()
    assert datetime.fromisoformat(shown).microsecond >= 0


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))  # readers show NUL as U+FFFD
STEPS = st.integers(1 - 2**63, 2**63 - 1)


@given(
    points=st.lists(
        st.tuples(NAMES, st.dictionaries(NAMES, st.floats() | st.integers()), STEPS, st.none() | STEPS),
        min_size=1,
        max_size=4,
    )
)
def test_every_number_and_name_comes_back_from_the_file_as_it_was_logged(
    points: list[tuple[str, dict[str, float], int, int | None]],
) -> None:
    from aimd_core.format.model import standard_type

    trial = aimd.create_trial(trial_name="round")
    expected: dict[str, list[str]] = {}
    for metrics_type, values, step, epoch in points:
        trial.log(metrics_type, values, step=step, epoch=epoch)
        plain = {name: float(value) for name, value in values.items()}
        expected.setdefault(standard_type(metrics_type), []).append(repr((plain, step, epoch)))
    read = {
        metrics_type: [repr((p["value"], p["sequence"]["step"], p["sequence"]["epoch"])) for p in found]
        for metrics_type, found in trial.metrics.items()
    }
    assert read == expected
    totals, _ = read_totals(trial.path / "metrics")
    assert (totals.records, bool(totals.damage)) == (len(points), False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (True, 1.0),
        (2**53 + 1, 9007199254740992.0),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (decimal.Decimal("0.25"), 0.25),
        (np.float64(0.1), 0.1),
        (np.float32(0.1), 0.10000000149011612),
        (np.float16(0.1), 0.0999755859375),
        (np.float16("nan"), math.nan),
        (np.int8(-3), -3.0),
        (np.uint64(2**63), 2.0**63),
        (np.bool_(False), 0.0),
        (np.array(1.5), 1.5),
        (np.array([1.5]), 1.5),
        (np.array([[[7]]]), 7.0),
        (math.nan, math.nan),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (-0.0, -0.0),
        (5e-324, 5e-324),
        (Tensor(0.75), 0.75),
        (TensorFlowTensor(0.5), 0.5),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_number_of_any_kind_becomes_its_float(value: Any, expected: float, trial: aimd.Trial) -> None:
    trial.log("train", {"x": value}, step=1)
    assert repr(lines(trial)[0]["train"]["value"]["x"]) == repr(expected)


@pytest.mark.parametrize(
    "value",
    [
        "0.5",
        b"0.5",
        None,
        1j,
        [1.0],
        (),
        {"a": 1},
        object,
        np.array([1.0, 2.0]),
        np.array([]),
        np.array("0.5"),
        np.array(None),
        Tensor(1.0, 2.0),
        SymbolicTensor(),
        datetime(2026, 11, 23),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_value_that_is_no_number_raises_at_once_naming_the_metric(value: Any, trial: aimd.Trial) -> None:
    with pytest.raises(TypeError, match="metric 'wrong'"):
        trial.log("train", {"right": 1.0, "wrong": value}, step=1)
    assert (trial.path / "metrics").read_bytes() == b""


@pytest.mark.parametrize(
    "arguments",
    [
        {"step": "1"},
        {"step": 1.5},
        {"step": None},
        {"step": math.nan},
        {"step": np.array([1, 2])},
        {"step": 1, "epoch": "1"},
        {"step": 1, "epoch": 0.5},
        {"step": 1, "metrics_type": 7},
        {"step": 1, "metrics_type": ["train"]},
        {"step": 1, "metrics_type": "\ud800"},
        {"step": 1, "metrics": {7: 1.0}},
        {"step": 1, "metrics": {"\ud800": 1.0}},
        {"step": 1, "metrics": [1.0]},
        {"step": 1, "metrics": None},
    ],
    ids=repr,
)
def test_an_argument_of_a_wrong_type_raises_at_once_and_records_nothing(
    arguments: dict[str, Any], trial: aimd.Trial
) -> None:
    with pytest.raises(TypeError):
        trial.log(**{"metrics_type": "train", "metrics": {"a": 1.0}, **arguments})
    assert (trial.path / "metrics").read_bytes() == b""
    assert (trial.status, status_on_disk(trial)) == ("Initializing", "Initializing")


@pytest.mark.parametrize("step", [np.int64(3), np.array(3), np.array([3]), 3.0, np.float32(3), Tensor(3)], ids=repr)
def test_a_step_and_an_epoch_may_be_any_whole_number(step: Any, trial: aimd.Trial) -> None:
    trial.log("train", {"a": 1.0}, step=step, epoch=step)
    sequence = lines(trial)[0]["train"]["sequence"]
    assert (repr(sequence["step"]), repr(sequence["epoch"])) == ("3", "3")


@pytest.mark.parametrize("step", [2**63, -(2**63), 10**400, 10**5000, 1e300, np.uint64(2**64 - 1)], ids=range(6))
@pytest.mark.parametrize("place", ["step", "epoch"])
def test_a_step_of_more_than_64_bits_is_refused_in_one_sentence_and_nothing_is_recorded(
    place: str, step: Any, trial: aimd.Trial
) -> None:
    with pytest.raises(ValueError, match=f"{place} must be a whole number of 64 bits, not of [0-9]+$"):
        trial.log(**{"metrics_type": "train", "metrics": {"a": 1.0}, "step": 1, place: step})
    assert (trial.path / "metrics").read_bytes() == b""


@pytest.mark.parametrize("name", ["\ud800", "loss\udfff"])
def test_half_of_a_surrogate_pair_is_no_name_of_anything(name: str, trial: aimd.Trial) -> None:
    with pytest.raises(TypeError, match="not valid Unicode"):
        trial.log(name, {"a": 1.0}, step=1)
    with pytest.raises(TypeError, match="not valid Unicode"):
        trial.log("train", {"a": 1.0, name: 1.0}, step=1)
    with pytest.raises(TypeError, match="not valid Unicode"):
        trial.params.update({"lr": 1, name: 1})
    with pytest.raises(InvalidNameError, match="not valid Unicode"):
        aimd.create_trial(trial_name=name)
    assert (trial.path / "metrics").read_bytes() == b""
    assert trial.params.as_dict() == {}


def test_a_masked_value_is_not_a_number(trial: aimd.Trial) -> None:
    masked = np.ma.array([1.5, 2.5], mask=[True, False])
    values = {"a": np.ma.masked, "b": masked[0], "c": masked[:1], "d": masked[1], "e": masked.mean()}
    trial.log("train", values, step=1)
    assert repr(lines(trial)[0]["train"]["value"]) == "{'a': nan, 'b': nan, 'c': nan, 'd': 2.5, 'e': 2.5}"


@pytest.mark.parametrize("step", [0, -5, 2**63 - 1, 1 - 2**63])
def test_steps_are_kept_as_they_are(step: int, trial: aimd.Trial) -> None:
    trial.log("train", {"a": 1.0}, step=step)
    assert lines(trial)[0]["train"]["sequence"]["step"] == step


def test_steps_that_repeat_or_go_back_are_all_kept_in_the_order_of_the_calls(trial: aimd.Trial) -> None:
    for step in (5, 5, 1, 9, 0):
        trial.log("train", {"a": 1.0}, step=step)
    assert [point["sequence"]["step"] for point in trial.metrics["train"]] == [5, 5, 1, 9, 0]


@pytest.mark.parametrize(
    ("given_type", "written"),
    [("training", "train"), ("validation", "val"), ("evaluate", "test"), ("train", "train"), ("my type", "my type")],
)
def test_the_longer_forms_of_the_types_are_written_as_the_short_ones(
    given_type: str, written: str, trial: aimd.Trial
) -> None:
    trial.log(given_type, {"a": 1.0}, step=1)
    assert list(trial.metrics) == [written]


def test_the_first_log_makes_the_trial_running(trial: aimd.Trial) -> None:
    trial.log("train", {"a": 1.0}, step=1)
    assert (trial.status, status_on_disk(trial)) == ("Running", "Running")


def test_later_logs_leave_the_metadata_alone(trial: aimd.Trial) -> None:
    trial.log("train", {"a": 1.0}, step=1)
    before = (trial.path / "metadata.yaml").stat().st_ino
    trial.log("train", {"a": 1.0}, step=2)
    assert (trial.path / "metadata.yaml").stat().st_ino == before


def test_a_line_may_have_more_names_than_are_kept_in_memory(trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t9k.aimd.trial._NAMES_KEPT", 3)
    for number in range(5):
        trial.log(f"type{number}", {f"metric{n}": float(n) for n in range(number, 8)}, step=number)
    assert [len(points[0]["value"]) for points in trial.metrics.values()] == [8, 7, 6, 5, 4]


def test_memory_does_not_grow_with_the_number_of_names(trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t9k.aimd.trial._NAMES_KEPT", 10)
    tracemalloc.start()
    try:
        for number in range(5000):
            trial.log(f"type{number}", {f"metric{number}": 1.0}, step=number)
        grown_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown_bytes < 100_000  # one kept name costs about 200


def test_after_finish_log_refuses_and_records_nothing(trial: aimd.Trial) -> None:
    trial.log("train", {"a": 1.0}, step=1)
    trial.finish()
    with pytest.raises(TrialStateError, match=r"has ended \(Succeeded\)"):
        trial.log("train", {"a": 2.0}, step=2)
    assert len(lines(trial)) == 1


def test_after_finish_log_records_when_it_shall_not_check_the_status(
    trial: aimd.Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    trial.log("train", {"a": 1.0}, step=1)
    trial.finish()
    trial.log("test", {"a": 2.0}, step=2, check_status=False)
    trial.log("test", {"a": 3.0}, step=3, check_status=False)
    assert [list(line) for line in lines(trial)] == [["train"], ["test"], ["test"]]
    assert (trial.status, status_on_disk(trial)) == ("Succeeded", "Succeeded")
    assert trial.receipt == "logged 3, on disk 3"
    assert "WARNING" not in capsys.readouterr().err


def test_metrics_are_read_from_the_journal_by_type(trial: aimd.Trial) -> None:
    trial.log("train", {"a": 1.0}, step=1)
    trial.log("val", {"a": 2.0}, step=1)
    trial.log("train", {"a": 3.0}, step=2)
    assert list(trial.metrics) == ["train", "val"]
    assert [point["value"]["a"] for point in trial.metrics["train"]] == [1.0, 3.0]


def test_a_forked_child_and_its_parent_write_each_point_once(work: Path) -> None:
    from tests.support.scripts import run_script

    done = run_script(
        """
        import os
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        trial.log("train", {"a": 0.0}, step=0)
        if not os.fork():
            trial.log("train", {"a": 1.0}, step=1)
            os._exit(0)
        os.wait()
        trial.log("train", {"a": 2.0}, step=2)
        print(*[point["sequence"]["step"] for point in trial.metrics["train"]])
        """,
        work,
    )
    assert (done.stdout, done.returncode) == ("0 1 2\n", 0)
    assert done.stderr.endswith(" (logged 2, on disk 2, plus 1 by others)\n"), "that it ended without finish()"
