from __future__ import annotations

import copy
import enum
import errno
import math
from collections import UserDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from aimd_core.format import documents
from aimd_core.format.documents import read_mapping
from t9k import aimd


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
    ],
    ids=repr,
)
def test_a_value_becomes_plain_data_in_memory_and_on_disk(value: Any, plain: object, trial: aimd.Trial) -> None:
    trial.params["value"] = value
    assert repr(trial.params["value"]) == repr(plain)
    assert repr(on_disk(trial)["value"]) == repr(plain)


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (print, "'bad'"),
        ({"a": [1, {"b": {2, 3}}]}, r"'bad\.a\[1\]\.b'"),
        (b"bytes", "'bad'"),
        (1j, "'bad'"),
        (Path("/x"), "'bad' is PosixPath"),
        (np.array([1, 2]), r"'bad' is ndarray of shape \(2,\)"),
        ({(1, 2): 3}, "'bad' has a key that is tuple"),
        ("\ud800", "'bad' is not valid Unicode"),
        ({"\ud800": 1}, "a key of parameter 'bad'"),
        (ENDLESS, "is nested deeper than 32 levels"),
        (10**5000, "'bad' is an integer of more than"),
    ],
    ids=["function", "set", "bytes", "complex", "path", "array", "key", "surrogate", "bad key", "endless", "long"],
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
    monkeypatch.setattr(documents.os, "replace", lambda *_: pytest.fail("the file was written"))
    trial.params.update({"lr": 0.1})
    trial.params.update({})


def test_a_change_that_cannot_be_written_down_at_all_changes_nothing(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
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
        patch.setattr(documents.os, "replace", refuse)
        trial.params["lr"] = 1
        trial.params["lr"] = 2
    assert capsys.readouterr().err.count("No space left on device") == 1
    trial.params["epochs"] = 4
    assert on_disk(trial) == {"lr": 2, "epochs": 4}
