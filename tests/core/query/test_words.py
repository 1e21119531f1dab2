"""What a person types in a hurry: words beside conditions."""

from __future__ import annotations

import pytest

from aimd_core.errors import QueryError
from aimd_core.query import matches, parse, read_word
from aimd_core.query.parser import operators_for
from aimd_core.query.tree import OPERATORS, SHAPES
from aimd_core.query.words import word_condition
from aimd_core.reading.facts import Facts, WholeFacts


def facts(name: str, tags: tuple[str, ...] = (), note: str = "", acc: float = 0.5) -> Facts:
    made = WholeFacts(id="a" * 8, name=name, alternative_name=name)
    made.tags, made.note = list(tags), note
    made.metrics = {"val.acc": {"last": acc}}
    return made


ROWS = (
    facts("resnet50", acc=0.95),
    facts("vgg", tags=("ResNet-like", "best")),
    facts("cnn", note="worse than resnet, state unclear"),
    facts("and or not"),
    facts("it's", acc=0.91),
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("resnet", "resnet50|vgg|cnn"),
        ("RESNET val.acc > 0.9", "resnet50"),
        ("val.acc > 0.9 and resnet", "resnet50"),
        ("not resnet", "and or not|it's"),
        ("cnn or vgg", "vgg|cnn"),
        ("(cnn or vgg) best", "vgg"),
        ("resnet not name in [cnn]", "resnet50|vgg"),
        ('"worse than"', "cnn"),
        ("worse than", "cnn"),
        ("state", "cnn"),
        ("and", "and or not"),
        ("it's", "it's"),
        ("tag:best resnet", "vgg"),
        ("resnet tags = best", "vgg"),
        ("resnet 50", "resnet50"),
        ("res*", "resnet50|vgg"),
        ("val.acc", ""),
    ],
)
def test_words_and_conditions_find_what_is_meant(typed: str, found: str) -> None:
    query = read_word(typed)
    assert query is not None
    names = [row.name for row in ROWS if matches(query, row)]
    assert names == [name for name in found.split("|") if name]
    assert parse(query.text).condition == query.condition  # so that a server that knows no words is asked the same


@pytest.mark.parametrize(
    ("typed", "place", "advice"),
    [
        ("resnet statee = Running", "statee", "state"),
        ("resnet state = Runing", "Runing", "Running"),
        ("resnet and", "", ""),
        ("name contains resnet", "contains", "~"),
        ("state:Running", "state:Running", "state = running"),
        ("resnet )", ")", "'('"),
    ],
)
def test_what_must_be_a_condition_is_still_told_as_a_mistake(typed: str, place: str, advice: str) -> None:
    with pytest.raises(QueryError) as caught:
        read_word(typed)
    text, start, end = caught.value.fault
    assert text[start:end] == place
    assert advice.lower() in (caught.value.advice or "").lower()


def test_a_query_stays_strict() -> None:
    for text in ("resnet", "params.a = 1 params.b = 2", "resnet val.acc > 0.9"):
        with pytest.raises(QueryError):
            parse(text)


def test_each_shape_is_compared_with_what_the_parser_takes() -> None:
    fields = {
        "text": "name", "prefix": "id", "state": "state", "tags": "tags", "names": "parent", "boolean": "git.dirty",
        "number": "val.acc", "duration": "age", "moment": "started", "any": "params.a",
    }  # fmt: skip
    values = {"state": "Running", "boolean": "true", "duration": "2h", "moment": "2026", "number": "3"}
    assert set(fields) == set(SHAPES)
    for shape, field in fields.items():
        for operator in OPERATORS:
            text = f"{field} {operator} {values.get(shape, 'a')}"
            if operator in operators_for(shape):
                parse(text)
            else:
                with pytest.raises(QueryError):
                    parse(text)


def test_a_word_is_searched_for_as_it_is() -> None:
    hostile = "\"'\\\n<script>\u202e" + "x" * 300
    assert matches(word_condition(hostile), facts(hostile))
    assert not matches(word_condition(hostile), facts("other"))
