"""Every example in docs/reference/query.md is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aimd_core.query import matches, parse, parse_sort
from aimd_core.reading.facts import WholeFacts

TEXT = (Path(__file__).parents[3] / "docs" / "reference" / "query.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `([^`]+)` \| ([a-z, -]+) \|$", TEXT.partition("## Examples")[2], re.MULTILINE)
NOW_S = 1_795_564_800.0  # 2026-11-25
TRIALS = [
    WholeFacts(
        name="mnist-a",
        id="9f3c2a1b",
        state="Running",
        started="2026-11-24T23:00:00+00:00",
        tags=("debug",),
        params={"lr": 0.001},
        metrics={"val.acc": {"last": 0.9, "max": 0.95, "max_step": 50}},
        git={"branch": "main", "is_dirty": True},
        platform={"hostname": "lab-1"},
    ),
    WholeFacts(
        name="mnist-b",
        id="41d07be2",
        state="Succeeded",
        started="2026-11-22T12:00:00+00:00",
        ended="2026-11-22T14:00:00+00:00",
        params={"lr": 0.1, "batch size": 32},
        metrics={"val.acc": {"last": 0.8, "max": 0.85, "max_step": 200}, "val.loss": {"last": 0.1}},
        git={"branch": "main", "is_dirty": False},
        platform={"hostname": "gpu-07"},
    ),
    WholeFacts(name="cifar", state="Failed", note="diverged at once", metrics={"val.loss": {"last": float("nan")}}),
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15


@pytest.mark.parametrize(("query", "found"), EXAMPLES)
def test_an_example_finds_what_it_says(query: str, found: str) -> None:
    parsed = parse(query)
    assert [trial.name for trial in TRIALS if matches(parsed, trial, NOW_S)] == found.split(", ")


def test_the_command_lines_can_be_read() -> None:
    commands = re.findall(r"--where '([^']+)'(?: --sort=(\S+))?", TEXT)
    assert len(commands) == 2
    for where, sort in commands:
        parse(where)
        assert not sort or parse_sort(sort)


@pytest.mark.parametrize(
    ("query", "place", "problem", "advice"),
    [
        ("lr > 3", "lr", "no field 'lr'", "params.lr"),
        ("statee = Running", "statee", "no field", "state"),
        ("state = Runing", "Runing", "no state", "Running"),
        ("git.comit = a", "git.comit", "no field", "git.commit"),
        ("val.acc => 3", "=>", "not an operator", ">="),
        ("name = a && name = b", "&&", "not an operator", "and"),
        ("val.acc > abc", "abc", "not a number", "0.9"),
        ("age < soon", "soon", "not a duration", "2h"),
        ("started > 2026-13-01", "2026-13-01", "not a time", "2026-11-23"),
        ("(name = x", "(", "not closed", ")"),
        ("name = 'x", "'x", "not closed", "'"),
        ("name = x)", ")", "not expected", "'('"),
        ("params.a in [1 2]", "2", "comma", "comma"),
        ("tags > a", ">", "no order", "="),
        ("val.acc ~ 0.9", "~", "for text", ">="),
        ("name like x", "like", "operator", "~"),
        ("state:Running", "state:Running", "not a field", "state = Running"),
        ("name = and", "and", "word of the language", "quotes"),
        ("params.a = 1 params.b = 2", "params.b", "not expected", "and"),
    ],
)
def test_an_error_points_at_the_fault_and_says_what_to_write(query: str, place: str, problem: str, advice: str) -> None:
    from aimd_core.errors import QueryError

    with pytest.raises(QueryError, match=re.escape(problem)) as caught:
        parse(query)
    text, start, end = caught.value.fault
    assert text[start:end] == place
    assert advice in caught.value.advice
