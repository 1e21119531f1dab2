"""Whatever a script hands over is recorded or refused with a clear error, quickly, and refused means unchanged."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from t9k import aimd

numpy = pytest.importorskip("numpy")


class Raising:
    """A number, an array or a settings object of a library that raises whatever it likes."""

    shape = (2,)

    def __init__(self, error: Exception) -> None:
        self.error = error

    def refuse(self, *_: object) -> Any:
        raise self.error

    __float__ = __index__ = item = tolist = numpy = refuse


def _repeated() -> object:
    """Return a small list that is two to the power of 30 elements when written out."""
    value: list[object] = [1]
    for _ in range(30):
        value = [value, value]
    return value


def _in_itself() -> object:
    value: list[object] = []
    value += [value, value]
    return value


LARGER_THAN_THEY_LOOK: dict[str, Callable[[], object]] = {
    "repeated": _repeated,
    "in itself": _in_itself,
    "long": lambda: [0] * 10_000_000,
    "wide": lambda: {"a": [[0] * 1000] * 1000},
}
_ERRORS = [ZeroDivisionError("x"), RuntimeError("x"), NotImplementedError("x"), KeyError("x"), ValueError("x")]


@pytest.mark.parametrize("kind", LARGER_THAN_THEY_LOOK)
def test_a_parameter_that_is_larger_than_it_looks_is_refused_at_once(kind: str) -> None:
    trial = aimd.create_trial(trial_name="a", trial_params={"lr": 0.1})
    with pytest.raises(TypeError, match="parameter 'big"):
        trial.params.update({"big": LARGER_THAN_THEY_LOOK[kind]()})
    assert trial.params.as_dict() == {"lr": 0.1}


@pytest.mark.parametrize("error", _ERRORS, ids=repr)
def test_what_raises_when_it_is_read_is_a_type_error_that_names_it(error: Exception) -> None:
    trial = aimd.create_trial(trial_name="a")
    with pytest.raises(TypeError, match="parameter 'odd'"):
        trial.params.update({"odd": Raising(error)})
    with pytest.raises(TypeError, match="metric 'odd'"):
        trial.log("train", {"odd": Raising(error)}, step=1)
    assert (trial.params.as_dict(), trial.metrics) == ({}, {})


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (numpy.longdouble(0.5), 0.5),
        (numpy.array([0.5, 1], dtype="g"), [0.5, 1.0]),
        (numpy.datetime64("2026-01-02T03:04:05", "ns"), "2026-01-02T03:04:05"),
        (numpy.array(["2026-01-02", "2026-01-03"], dtype="M8[ns]"), ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        (numpy.timedelta64(1500, "ms").astype("m8[ns]"), 1.5),
        ({numpy.int64(3): 1}, {"3": 1}),
    ],
    ids=repr,
)
def test_numpy_values_have_one_form_whatever_their_precision(value: object, stored: object) -> None:
    trial = aimd.create_trial(trial_name="a", trial_params={"value": value})
    assert aimd.load_trial(trial.path).params["value"] == stored


def test_a_signalling_nan_is_nan() -> None:
    value = aimd.create_trial(trial_name="a", trial_params={"value": Decimal("sNaN")}).params["value"]
    assert isinstance(value, float)
    assert math.isnan(value)


def test_a_metric_of_type_system_puts_no_receipt_in_doubt() -> None:
    with aimd.create_trial(trial_name="a") as trial:
        trial.log("system", {"load": 0.5}, step=1)
        trial.log("train", {"loss": 0.5}, step=1)
    assert trial.receipt == "logged 1, on disk 1"
