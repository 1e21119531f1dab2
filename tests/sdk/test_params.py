from __future__ import annotations

import argparse
import copy
import dataclasses
import datetime
import decimal
import enum
import errno
import fractions
import importlib.util
import math
import os
import subprocess
import sys
import threading
import types
from collections import UserDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from aimd_core.errors import UsageError
from aimd_core.format.documents import read_mapping
from aimd_core.format.values import MAX_PARAMETERS_CHARS
from aimd_server.services.documents import parameters_text, text_of
from aimd_server.services.request_errors import RefusalError
from t9k import aimd
from t9k.aimd.settings import record_settings
from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S
from tests.support.scripts import script_environment


@dataclasses.dataclass
class Settings:
    lr: float = 0.1
    inner: object = dataclasses.field(default_factory=lambda: types.SimpleNamespace(sizes=(1, 2)))


@pytest.fixture
def trial() -> aimd.Trial:
    return aimd.create_trial(trial_name="a", trial_params={"lr": 0.1, "epochs": 3})


def on_disk(trial: aimd.Trial) -> dict[str, object]:
    return read_mapping(trial.path / "parameters.yaml")


def test_an_item_that_is_set_is_on_disk(trial: aimd.Trial) -> None:
    trial.params["lr"] = 0.2
    assert trial.params["lr"] == 0.2
    assert on_disk(trial) == {"lr": 0.2, "epochs": 3}


def test_an_attribute_that_is_set_is_a_parameter(trial: aimd.Trial) -> None:
    trial.params.batch_size = 32
    assert trial.params.batch_size == trial.params["batch_size"] == 32
    assert on_disk(trial) == {"lr": 0.1, "epochs": 3, "batch_size": 32}


def test_a_parameter_whose_name_begins_with_an_underscore_is_read_as_it_was_set(trial: aimd.Trial) -> None:
    trial.params._seed = 7
    assert trial.params._seed == on_disk(trial)["_seed"] == 7


def test_update_takes_mappings_and_names(trial: aimd.Trial) -> None:
    trial.params.update({"lr": 1}, epochs=9, seed=4)
    assert trial.params.as_dict() == on_disk(trial) == {"lr": 1, "epochs": 9, "seed": 4}


def test_update_without_override_keeps_what_is_set(trial: aimd.Trial) -> None:
    trial.params.update({"seed": 4, "lr": 1}, override=False)
    assert list(on_disk(trial).items()) == [("lr", 0.1), ("epochs", 3), ("seed", 4)]


def test_a_parameter_that_is_deleted_is_gone_from_the_disk(trial: aimd.Trial) -> None:
    del trial.params["lr"]
    del trial.params.epochs
    assert trial.params.as_dict() == on_disk(trial) == {}


def test_the_mapping_has_the_methods_of_one(trial: aimd.Trial) -> None:
    assert (len(trial.params), list(trial.params), "lr" in trial.params) == (2, ["lr", "epochs"], True)
    assert dict(trial.params) == {"lr": 0.1, "epochs": 3}
    assert trial.params.pop("lr") == 0.1
    assert trial.params.get("lr") is None
    assert trial.params.setdefault("seed", 1) == 1
    trial.params.clear()
    assert on_disk(trial) == {}


def test_what_is_not_there_is_a_key_error_or_an_attribute_error(trial: aimd.Trial) -> None:
    with pytest.raises(KeyError):
        trial.params["nothing"]
    with pytest.raises(KeyError):
        del trial.params["nothing"]
    with pytest.raises(AttributeError, match="'nothing'"):
        trial.params.nothing  # noqa: B018 - reading it is the test
    with pytest.raises(AttributeError, match="'nothing'"):
        del trial.params.nothing


def test_a_name_of_the_mapping_itself_is_no_attribute_but_an_item(trial: aimd.Trial) -> None:
    with pytest.raises(AttributeError, match=r"params\['items'\]"):
        trial.params.items = 3
    trial.params["items"] = 3
    assert on_disk(trial)["items"] == 3


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (-0.0, -0.0),
        (math.inf, math.inf),
        ("NO", "NO"),
        ("2024-01-01", "2024-01-01"),
        ("a\n\tb: [#", "a\n\tb: [#"),
        ((1, (2, 3)), [1, [2, 3]]),
        ({"a": {"b": [1, {"c": None}]}}, {"a": {"b": [1, {"c": None}]}}),
        ({1: "x", None: "y"}, {"1": "x", "None": "y"}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (UserDict({"a": UserDict({"b": 1})}), {"a": {"b": 1}}),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(2**40), 2**40),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.array(3), 3),
        (np.array([[1.5]]), 1.5),
        (enum.IntEnum("Size", {"BIG": 9}).BIG, 9),
        (enum.Enum("Loss", {"MSE": "mse"}).MSE, "mse"),
        (Path("/data/x"), "/data/x"),
        ({3, 1, 2}, [1, 2, 3]),
        pytest.param(frozenset({"b", "a"}), ["a", "b"], id="frozenset"),  # its text differs between processes
        ((1, {2}), [1, [2]]),
        (datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc), "2026-01-02T03:04:00+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.timedelta(minutes=2), 120.0),
        (decimal.Decimal("0.1"), 0.1),
        (fractions.Fraction(1, 4), 0.25),
        (argparse.Namespace(lr=0.1, data=Path("x")), {"lr": 0.1, "data": "x"}),
        (types.SimpleNamespace(a=(1,)), {"a": [1]}),
        (Settings(), {"lr": 0.1, "inner": {"sizes": [1, 2]}}),
        (np.array([1, 2]), [1, 2]),
        (np.array([[0.5], [1.5]], np.float32), [[0.5], [1.5]]),
        (np.datetime64("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
        (np.ma.masked, math.nan),
        (np.ma.array([1, 2], mask=[False, True]), [1.0, math.nan]),
        ({enum.Enum("Loss", {"MSE": "mse"}).MSE: 1}, {"mse": 1}),
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (2**64, str(2**64)),
        (-(2**63) - 1, str(-(2**63) - 1)),
    ],
    ids=repr,
)
def test_a_value_becomes_plain_data_in_memory_and_on_disk(value: Any, plain: object, trial: aimd.Trial) -> None:
    trial.params["value"] = value
    assert repr(trial.params["value"]) == repr(plain)
    assert repr(on_disk(trial)["value"]) == repr(plain)


def test_a_whole_number_is_the_same_after_an_upload_as_before(trial: aimd.Trial) -> None:
    import json

    for bits in (53, 62, 63, 64, 65, 128):
        trial.params.update({f"p{bits}": 2**bits - 1, f"n{bits}": -(2**bits) + 1})
    sent = text_of(trial.params.as_dict())
    assert json.loads(sent) == on_disk(trial) == trial.params.as_dict()


@pytest.mark.parametrize("library", ["omegaconf", "pydantic"])
def test_what_libraries_of_settings_hold_is_taken_without_importing_them(library: str, trial: aimd.Trial) -> None:
    require_part(library, importlib.util.find_spec(library) is not None)
    if library == "omegaconf":
        import omegaconf

        trial.params.update(omegaconf.OmegaConf.create({"lr": 0.1, "twice": "${lr}", "layers": [1, {"a": "${lr}"}]}))
        assert on_disk(trial) == {"lr": 0.1, "epochs": 3, "twice": 0.1, "layers": [1, {"a": 0.1}]}
        with pytest.raises(TypeError, match="cannot be resolved"):
            trial.params.update(omegaconf.OmegaConf.create({"a": "${nothing}"}))
        return
    import pydantic

    model = pydantic.create_model("Model", lr=(float, 0.1), data=(Path, Path("x")))
    trial.params.update(model(), model=model())
    assert on_disk(trial) == {"lr": 0.1, "epochs": 3, "data": "x", "model": {"lr": 0.1, "data": "x"}}


def test_the_arguments_of_a_script_are_parameters(trial: aimd.Trial) -> None:
    trial.params.update(argparse.Namespace(lr=0.5, out=Path("runs")))
    trial.params.update(Settings(lr=0.25))
    assert on_disk(trial) == {"lr": 0.25, "epochs": 3, "out": "runs", "inner": {"sizes": [1, 2]}}
    with pytest.raises(TypeError, match="must be a mapping of names to values, not int"):
        trial.params.update(3)


def test_parameters_that_no_server_would_take_are_refused_by_name_and_nothing_is_changed(trial: aimd.Trial) -> None:
    before = (trial.path / "parameters.yaml").read_bytes()
    with pytest.raises(UsageError, match="'vocabulary' is too large") as caught:
        trial.params.update({"lr": 9, "vocabulary": ["word"] * 40_000, "seed": 1})
    assert "262,144" in caught.value.advice
    with pytest.raises(UsageError, match="'x' is too large"):
        aimd.create_trial(trial_name="b", trial_params={"x": "y" * MAX_PARAMETERS_CHARS})
    assert ((trial.path / "parameters.yaml").read_bytes(), trial.params["lr"]) == (before, 0.1)
    most = MAX_PARAMETERS_CHARS - len(text_of({"lr": 0.1, "epochs": 3, "x": ""}))
    trial.params["x"] = "é" * most
    assert parameters_text(on_disk(trial))  # the server takes it
    with pytest.raises(UsageError, match="'one' is too large"):
        trial.params["one"] = 1
    with pytest.raises(RefusalError):
        parameters_text({**on_disk(trial), "one": 1})
    del trial.params["x"]
    trial.params["one"] = 1


def test_settings_of_a_framework_that_are_too_large_are_told_and_break_no_training(
    trial: aimd.Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    record_settings(trial, {"classes": ["name"] * 50_000, "weights": np.zeros(1000)})
    assert "'classes' is too large" in capsys.readouterr().err
    record_settings(trial, {"weights": np.zeros(1000)})
    assert on_disk(trial)["weights"] == "ndarray of shape (1000,)"


def test_threads_that_set_parameters_at_once_lose_none(trial: aimd.Trial) -> None:
    gate = threading.Barrier(32)

    def change(number: int) -> None:
        gate.wait()
        trial.params[f"k{number}"] = number
        trial.params.update({f"m{number}": number})

    threads = [threading.Thread(target=change, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {f"{letter}{number}" for letter in "km" for number in range(32)}
    assert names | {"lr", "epochs"} == set(on_disk(trial)) == set(trial.params)


@pytest.mark.parametrize("plant", ["", "SharedDocument.read = lambda self: self._values"])
def test_processes_that_set_parameters_at_once_lose_none(plant: str, trial: aimd.Trial, work: Path) -> None:
    (work / "change.py").write_text(
        "import sys\nfrom aimd_core.format.shared_document import SharedDocument\nfrom t9k import aimd\n"
        f"{plant}\ntrial = aimd.load_trial(sys.argv[1])\nprint('loaded', flush=True)\nsys.stdin.read(1)\n"
        "for number in range(20):\n    trial.params[f'{sys.argv[2]}{number}'] = number\n"
    )
    command = [sys.executable, "change.py", str(trial.path)]
    workers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=script_environment(work))
        for name in "abc"
    ]
    for worker in workers:  # none begins before all know the same parameters
        assert worker.stdout is not None
        with worker.stdout:
            assert worker.stdout.readline() == b"loaded\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()
    assert [worker.wait(PATIENCE_S) for worker in workers] == [0, 0, 0]
    names = {f"{letter}{number}" for letter in "abc" for number in range(20)} | {"lr", "epochs"}
    assert (set(on_disk(trial)) == names) == (not plant)
    if not plant:
        trial.params["last"] = 1
        assert set(on_disk(trial)) == {*names, "last"} == set(trial.params)


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (print, "'bad'"),
        ({"a": [1, {"b": print}]}, r"'bad\.a\[1\]\.b'"),
        ({1: 2, "1": 3}, "'bad' has two keys that are '1' as text"),
        (b"bytes", "'bad'"),
        (1j, "'bad'"),
        (Path, "'bad' is type"),
        (np.dtype("f4"), "'bad' is Float32DType"),
        (np.zeros((1000, 1000)), r"'bad' is ndarray of shape \(1000, 1000\), which is too large"),
        ({(1, 2): 3}, "'bad' has a key that is tuple"),
        ("\ud800", "'bad' is not valid Unicode"),
        ({"\ud800": 1}, "a key of parameter 'bad'"),
        (ENDLESS, "is nested deeper than 32 levels"),
        (10**5000, "'bad' is an integer of more than"),
    ],
    ids=range(13),
)
def test_a_value_that_json_cannot_hold_is_a_type_error_that_names_it_and_changes_nothing(
    value: Any, named: str, trial: aimd.Trial
) -> None:
    before = (trial.path / "parameters.yaml").read_bytes()
    with pytest.raises(TypeError, match=named):
        trial.params.update({"lr": 9, "bad": value})
    assert trial.params.as_dict() == {"lr": 0.1, "epochs": 3}
    assert (trial.path / "parameters.yaml").read_bytes() == before


@pytest.mark.parametrize("name", [1, None, b"x", "\ud800"])
def test_a_name_that_is_no_text_is_refused(name: Any, trial: aimd.Trial) -> None:
    with pytest.raises(TypeError, match="a parameter's name"):
        trial.params[name] = 1


def test_a_change_of_type_alone_deep_inside_is_a_change(trial: aimd.Trial) -> None:
    trial.params["a"] = {"b": 1}
    trial.params["a"] = {"b": True}
    assert on_disk(trial)["a"] == {"b": True}
    assert on_disk(trial)["a"]["b"] is True  # type: ignore[index]


def test_a_mapping_that_was_set_is_copied(trial: aimd.Trial) -> None:
    mine = {"a": [1]}
    trial.params["mine"] = mine
    mine["a"].append(2)
    assert trial.params["mine"] == {"a": [1]}


def test_the_dictionary_that_is_handed_out_is_a_copy(trial: aimd.Trial) -> None:
    trial.params["a"] = {"b": [1]}
    trial.params.as_dict()["a"]["b"].append(2)  # type: ignore[index]
    assert trial.params["a"] == {"b": [1]}


def test_parameters_may_be_copied(trial: aimd.Trial) -> None:
    assert dict(copy.copy(trial.params)) == {"lr": 0.1, "epochs": 3}


def test_a_change_that_changes_nothing_does_not_touch_the_disk(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", lambda *_: pytest.fail("the file was written"))
    trial.params.update({"lr": 0.1})
    trial.params.update({})


def test_a_change_that_cannot_be_written_down_at_all_changes_nothing(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no form for it")

    monkeypatch.setattr("aimd_core.format.shared_document.write_mapping", refuse)
    with pytest.raises(ValueError, match="no form for it"):
        trial.params["lr"] = 1
    assert trial.params["lr"] == on_disk(trial)["lr"] == 0.1


def test_a_disk_that_refuses_breaks_no_training_and_is_told_once(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        trial.params["lr"] = 1
        trial.params["lr"] = 2
    assert capsys.readouterr().err.count("No space left on device") == 1
    trial.params["epochs"] = 4
    assert on_disk(trial) == {"lr": 2, "epochs": 4}
