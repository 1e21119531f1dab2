"""Directories that nobody should write: every reader says the same of them, and what is true."""

from __future__ import annotations

import uuid
from pathlib import Path

import httpx
import pytest

from aimd_core.reading.series import read_series
from tests.conftest import Account
from tests.support import odd_trials, readers
from tests.support.home import Home
from tests.support.trials import record, write_trial

SEEDS = range(12)
MANY_SEEDS = range(1000, 1400)


def differences(told: dict[str, readers.Told]) -> list[str]:
    """Return what readers contradict each other in; in which order they list metrics is up to them."""
    names = {name for one in told.values() if one.metrics is not None for name in one.metrics}
    others = {name: one._replace(metrics=None, nan_since=_sorted(one.nan_since)) for name, one in told.items()}
    lines = readers.disagreements(others)
    for name in sorted(names):
        numbers = {reader: repr(one.metrics.get(name)) for reader, one in told.items() if one.metrics is not None}
        if len(set(numbers.values())) > 1:
            lines.append(f"{name}: {numbers}")
    return lines


def _sorted(nan_since: dict[str, int] | None) -> dict[str, int] | None:
    return None if nan_since is None else dict(sorted(nan_since.items()))


def agree_here(home: Home, path: Path, points: odd_trials.Points) -> None:
    model = readers.Told(None, metrics=odd_trials.totals(points))  # type: ignore[arg-type]
    assert differences({"model": model, **readers.told_by_all(home, path)}) == []
    for metric in dict.fromkeys(metric for metric, _, _ in points):
        series = read_series(path / "metrics", metric)
        assert repr(list(series.values)) == repr([value for name, _, value in points if name == metric])


@pytest.mark.parametrize("seed", SEEDS)
def test_all_readers_here_agree_with_the_model(home: Home, seed: int) -> None:
    agree_here(home, *odd_trials.write_odd(home.work, seed))


@pytest.mark.soak
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_all_readers_here_agree_with_the_model_in_long_runs(home: Home, seed: int) -> None:
    agree_here(home, *odd_trials.write_odd(home.work, seed))


def agree_there(home: Home, path: Path) -> None:
    told = {"here": readers.ls_json(home, path), **readers.told_remotely(home, path)}
    assert differences(told) == []
    (here,) = home.aimd("trial", "ls", path.parent, "--json").json["trials"]
    (there,) = [row for row in home.aimd("trial", "ls", "--remote", "--json").json["trials"] if row["id"] == here["id"]]
    for key in ("name", "started", "ended", "parameters", "reason", "folder"):
        assert repr(there[key]) == repr(here[key]), key


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_the_server_says_the_same(home: Home, signed_in: Account, seed: int) -> None:
    agree_there(home, odd_trials.write_odd(home.work, seed)[0])


@pytest.mark.soak
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_the_server_says_the_same_in_long_runs(home: Home, signed_in: Account, seed: int) -> None:
    agree_there(home, odd_trials.write_odd(home.work, seed)[0])


def test_a_reader_that_counts_names_that_are_no_text_is_seen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: the careful reader takes an escaped lone surrogate as it is, as it once did."""
    record = b'{"train": {"value": {"x\\ud800": 1.0}, "sequence": {"step": 1}}}\n'
    path = write_trial(home.work, metrics=record)
    agree_here(home, path, [("train.x?", 1, 1.0)])
    monkeypatch.setattr("aimd_core.format.journal.with_clean_text", lambda document: document)
    with pytest.raises(AssertionError):
        agree_here(home, path, [("train.x?", 1, 1.0)])


def test_trials_of_the_same_moment_are_in_the_order_of_their_names(home: Home) -> None:
    names = [f"{name}_261123_150327_{number:06d}" for number, name in enumerate("zbma")]
    for name in names:
        write_trial(home.work, name, trial_id="")
    assert home.aimd("trial", "ls", home.work, "-q").out.splitlines() == sorted(names)


def test_trials_of_the_same_moment_are_in_the_order_of_their_names_on_a_server_and_in_pages_too(
    home: Home, signed_in: Account
) -> None:
    names = [f"{name}_261123_150327_{number:06d}" for number, name in enumerate("zbmaZé")]
    for number, name in enumerate(names):
        trial_id, parameters = str(uuid.uuid4()), f"{{lr: {number % 2}}}\n"
        write_trial(home.work, name, name=name.partition("_")[0], trial_id=trial_id, parameters=parameters)
    assert home.aimd("trial", "upload", "-d", home.work, "-P", "ties", "-m").code == 0
    for order in ((), ("--sort", "params.lr"), ("--sort=-name",), ("--sort", "started"), ("--sort", "val.acc")):
        here = home.aimd("trial", "ls", home.work, "--json", *order).json["trials"]
        for paging in ((), ("--limit", "2"), ("--limit", "5")):
            listed = home.aimd("trial", "ls", "--remote", "-P", "ties", "--json", *order, *paging).json["trials"]
            told = [row["alternative_name"] for row in listed]
            assert told == [row["alternative_name"] for row in here][: len(told)], order
    pages: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "2", "folder": "/ties", **({"cursor": cursor} if cursor else {})}
        headers = {"Authorization": f"Bearer {signed_in.key}"}
        page = (
            httpx.get(f"{signed_in.url}/apis/v2/trials", params=query, headers=headers, verify=False)
            .raise_for_status()
            .json()
        )
        pages += [row["alternative_name"] for row in page["trials"]]
        cursor = page["next"]
    assert [name for name in pages if name in names] == sorted(names)


def test_two_types_that_spell_one_metric_are_folded_in_the_order_written(home: Home) -> None:
    """`c` of type `a.b` and `b.c` of type `a` have one name, so its last value is the one written last."""
    journal = record(1, 1.0, "a.b", "c") + record(1, 2.0, "a", "b.c") + record(1, 3.0, "a.b", "c")
    path = write_trial(home.work, metrics=journal)
    agree_here(home, path, [("a.b.c", 1, 1.0), ("a.b.c", 1, 2.0), ("a.b.c", 1, 3.0)])


def test_two_types_that_spell_one_metric_are_one_metric_on_a_server(home: Home, signed_in: Account) -> None:
    journal = record(1, 0.1, "a.b", "c") + record(1, 0.2, "a", "b.c") + record(1, 0.3, "a.b", "c")
    agree_there(home, write_trial(home.work, trial_id=str(uuid.uuid4()), metrics=journal))
