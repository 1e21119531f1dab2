"""Whatever `log` takes comes back from the reader: every float, int, name, also through the file of another reader."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimd_core.format import journal
from aimd_core.reading.documents import Trial
from t9k import aimd
from t9k.aimd import trial as trial_module
from tests.support.properties import load_profile

load_profile()
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))  # readers show NUL as U+FFFD
numbers = st.floats() | st.integers() | st.booleans()
steps = st.integers(1 - 2**63, 2**63 - 1)
calls = st.lists(st.tuples(names, st.dictionaries(names, numbers), steps, st.none() | steps), max_size=6)


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> aimd.Trial:
    monkeypatch.chdir(tmp_path)
    return aimd.create_trial(trial_name="a", capture_output=False, capture_system=False, capture_git=False)


def as_read(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def same(one: float, other: float) -> bool:
    return (one == other and math.copysign(1, one) == math.copysign(1, other)) or (one != one and other != other)


def differs(trial: aimd.Trial, logged: list[tuple[str, dict[str, Any], int, int | None]]) -> bool:
    """Log calls and tell whether anything is read back differently, by our reader or by Python's json."""
    path = trial.path / "metrics"
    begin = path.stat().st_size
    for metrics_type, values, step, epoch in logged:
        trial.log(metrics_type, values, step=step, epoch=epoch)
    lines = path.read_bytes()[begin:].decode().splitlines(keepends=False)
    if len(lines) != len(logged):
        return True
    for line, (metrics_type, values, step, epoch) in zip(lines, logged, strict=True):
        documents = list(journal.read_records(iter([line.encode()]), journal.Damage()))
        if documents != [json.loads(line)] and "NaN" not in line:
            return True
        ((key, point),) = documents[0].items()
        sequence = point["sequence"]
        if key != journal_type(metrics_type) or (sequence["step"], sequence["epoch"]) != (step, epoch):
            return True
        if list(point["value"]) != list(values):
            return True
        if not all(same(read, as_read(values[name])) for name, read in point["value"].items()):
            return True
    return False


def journal_type(name: str) -> str:
    aliases = {"training": "train", "validate": "val", "validation": "val", "testing": "test", "eval": "test"}
    return {**aliases, "evaluate": "test", "evaluation": "test"}.get(name, name)


def test_every_value_name_and_step_comes_back(trial: aimd.Trial) -> None:
    @settings(max_examples=150, deadline=None)
    @given(calls)
    def comes_back(logged: list[tuple[str, dict[str, Any], int, int | None]]) -> None:
        assert not differs(trial, logged)

    comes_back()
    assert Trial(trial.path).totals.damage.lines == 0


@pytest.mark.parametrize(
    ("name", "plant"),
    [("_float_repr", lambda value: f"{value:.6g}"), ("key_head", lambda name: f'"{name}": ')],
)
def test_the_harness_catches_what_does_not_come_back(
    name: str, plant: object, trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_module, name, plant)
    logged: list[tuple[str, dict[str, Any], int, int | None]] = [("train", {"a": 0.1 + 0.2, "ü\t": 1.0}, 1, None)]
    try:
        assert differs(trial, logged)
    except (UnicodeEncodeError, ValueError, IndexError):
        pass  # it is noticed even sooner


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_value_name_and_step_comes_back_for_long(trial: aimd.Trial) -> None:
    @settings(max_examples=20_000, deadline=None)
    @given(calls)
    def comes_back(logged: list[tuple[str, dict[str, Any], int, int | None]]) -> None:
        assert not differs(trial, logged)

    comes_back()
