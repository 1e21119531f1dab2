from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.format.model import (
    console_address,
    flatten,
    is_alternative_name,
    split_alternative_name,
    standard_type,
    strict_json,
)
from aimd_core.format.values import directory_name_fault


@given(name=st.text(min_size=1).filter(lambda text: directory_name_fault(text) is None))
def test_an_alternative_name_splits_into_what_it_was_made_of(name: str) -> None:
    assert split_alternative_name(f"{name}_261123_150327_f9by70") == (name, "261123_150327", "f9by70")


@pytest.mark.parametrize(
    "name",
    ["", "cnn", "cnn_261123_150327", "261123_150327_f9by70", "cnn_26112_150327_f9by70", "cnn_261123_150327_F9by70"],
)
def test_another_name_is_none_of_a_trial(name: str) -> None:
    assert not is_alternative_name(name)
    with pytest.raises(ValueError, match="not an alternative name"):
        split_alternative_name(name)


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("training", "train"),
        ("validate", "val"),
        ("validation", "val"),
        ("testing", "test"),
        ("eval", "test"),
        ("evaluate", "test"),
        ("evaluation", "test"),
        ("train", "train"),
        ("Train", "Train"),
        ("my type", "my type"),
    ],
)
def test_the_longer_forms_of_the_types_are_the_short_ones(written: str, standard: str) -> None:
    assert standard_type(written) == standard


def test_strict_json_has_words_in_the_place_of_numbers_that_json_cannot_hold() -> None:
    value = {"a": [math.nan, (math.inf, -math.inf)], "b": {"c": 1.5}, "d": "x", "e": None}
    strict = strict_json(value)
    assert strict == {"a": ["NaN", ["Infinity", "-Infinity"]], "b": {"c": 1.5}, "d": "x", "e": None}
    assert json.dumps(strict, allow_nan=False)


def test_nested_parameters_are_flattened_with_dots_and_empty_ones_are_kept() -> None:
    assert flatten({"a": {"b": {"c": 1}, "d": []}, "e": {}, "f": None}) == {"a.b.c": 1, "a.d": [], "e": {}, "f": None}


def test_the_console_lies_beside_the_api() -> None:
    assert console_address("https://h/t9k/experiment/server/", "x") == "https://h/t9k/experiment/web/#/trials/x/"
    assert console_address("https://h/t9k/experiment/server") == "https://h/t9k/experiment/web/"
