"""Errors: what a traceback shows of them, and that they survive the way from a worker process."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from aimd_core import errors
from aimd_core.errors import AimdError, DiskError
from aimd_core.language import said
from tests.support.patience import PATIENCE_S

OWN = {
    "AmbiguousTrialError": {"name": "a", "candidates": ["a1", "a2"]},
    "TrialNotFoundError": {"name": "a", "where": "/x", "near": ["ab"]},
    "MetricNotFoundError": {"metric": "loss", "where": "/x", "names": ["train.loss"]},
    "NotSignedInError": {"host": "https://host"},
    "DamageFoundError": {"damaged": 1, "total": 2},
    "NotTheSameError": {"failed": 1, "total": 2},
}


def _kinds(kind: type[AimdError] = AimdError) -> Iterator[type[AimdError]]:
    if kind.__module__ == errors.__name__:
        yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _one_of(kind: type[AimdError]) -> AimdError:
    """Return an error of a class, with its own arguments if it does not simply take facts."""
    own = next((OWN[base.__name__] for base in kind.__mro__ if base.__name__ in OWN), None)
    return kind(**(own or dict.fromkeys(_names_in(kind.text) | _names_in(kind.hint), Path("/x"))))


def _names_in(template: str) -> set[str]:
    from string import Formatter

    return {name.partition("!")[0] for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("kind", dict.fromkeys(_kinds()), ids=lambda kind: kind.__name__)
def test_every_error_can_be_copied_and_sent_to_another_process(kind: type[AimdError]) -> None:
    error = _one_of(kind)
    for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is kind
        assert (str(again), again.facts, again.advice) == (str(error), error.facts, error.advice)


def _fail(path: str) -> None:
    raise DiskError(path=Path(path), reason=said("holds a {kind}, not a mapping", kind="list"))


def test_a_pool_hands_over_the_error_of_a_worker() -> None:
    with (
        ProcessPoolExecutor(1, get_context("fork")) as pool,
        pytest.raises(DiskError, match="/x: holds a list, not a mapping"),
    ):
        pool.submit(_fail, "/x").result(PATIENCE_S)


@pytest.mark.parametrize(("speaks", "advice"), [("en", "Check free space and permissions there"), ("zh", "请检查")])
def test_a_traceback_is_given_what_to_do_in_the_language_of_the_person(
    monkeypatch: pytest.MonkeyPatch, speaks: str, advice: str
) -> None:
    monkeypatch.setenv("AIMD_LANG", speaks)
    error = DiskError(path="/x", reason="No space left on device")
    notes: list[str] = error.__notes__
    notes.append("of others")
    assert error.__notes__[0].startswith(f"  {advice}")
    assert error.__notes__[1:] == ["of others"]
    assert advice not in str(error)
    assert AimdError(message="m").__notes__ == []
