"""A directory of odd trials and its upload: lists, queries, orders and plots are the same here as on the server."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import Account
from tests.support.home import Home
from tests.support.trials import TIMESTAMP, write_trial

NAN = float("nan")
FIELDS = (
    *("name", "alternative_name", "state", "reason", "ending", "started", "ended", "parameters", "metrics"),
    *("nan_since", "tags", "note", "parent", "segments", "silent_s"),
)
Record = tuple[dict[str, Any], Any]  # values, step
JOURNALS: dict[str, list[Record]] = {
    "zero": [],
    "only-nan": [({"loss": NAN}, 1), ({"loss": NAN}, 2)],
    "no-step": [({"loss": 1.0}, None)],
    "nan-no-step": [({"loss": NAN}, None)],
    "huge-steps": [({"loss": 1.0}, 2**63 - 1), ({"loss": 2.0}, 2**53 + 1), ({"loss": 3.0}, 2**53)],
    "negative-steps": [({"loss": 1.0}, -5), ({"loss": 2.0}, -7)],
    "equal-steps": [({"loss": 1.0}, 5), ({"loss": 2.0}, 5), ({"loss": 0.5}, 5)],
    "names": [
        ({"a/b c.d": 1.0, "损失": 2.0, "": 3.0, ".": 4.0, "a..b": 5.0, "nan_since": 1.0, "é": 1.0, "e\u0301": 2.0}, 1)
    ],
    "sum-too-large": [({"loss": 1e308}, 1), ({"loss": 1e308}, 2), ({"loss": -1e308}, 3)],
    "went-back": [({"loss": 1.0}, 1), ({"loss": 2.0}, 9), ({"loss": 3.0}, 4)],
    "no-numbers": [({"loss": True, "text": "1", "none": None, "whole": 10**400}, 1)],
}
STARTS = {
    "summer-time": "2026-03-29T02:30:00Z",
    "no-offset": "2026-03-29T02:30:00",
    "half-an-hour": "2026-03-29T02:30:00+05:30",
    "to-come": "2036-03-29T02:30:00+00:00",
    "space": "2026-03-29 02:30:00+00:00",
    "microseconds": "2026-03-29T02:30:00.123456+01:00",
    "none": None,
    "no-time": "soon",
    "date": "2026-03-29",
    "after-its-end": "2026-03-29T05:30:00+00:00",
}
QUERIES = (
    *("duration > 1h", "duration = 0", "started > 2026-03-29", "started = 2026-03-29", "started is missing"),
    *("age > 1d", "age < 0", "ended is missing", "train.loss = nan", "train.loss.nan_since is missing"),
    *("nan_since is missing", "train.loss.last_step > 5", "train.loss.mean > 1", 'train."a/b c.d" = 1'),
)
ORDERS = (
    *("duration", "-duration", "started", "-started", "age", "ended", "-train.loss", "train.loss.last_step"),
    *("nan_since", "-name", "train.loss.nan_since", "state", "reason"),
)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where clocks are put forward in the night of 29 March 2026."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def write_all(directory: Path) -> None:
    for number, (name, records) in enumerate(JOURNALS.items()):
        _write(directory, name, number, b"".join(_line(value, step) for value, step in records))
    for number, (name, started) in enumerate(STARTS.items()):
        path = _write(directory, name, number, b"")
        document = yaml.safe_load((path / "metadata.yaml").read_text())
        document |= {"startTime": started, "endTime": "2026-03-29T04:30:00+00:00", "status": "Succeeded"}
        (path / "metadata.yaml").write_text(yaml.safe_dump(document))


def _line(value: dict[str, Any], step: Any) -> bytes:
    sequence = {"epoch": 1, "step": step, "timestamp": TIMESTAMP}
    return json.dumps({"train": {"value": value, "sequence": sequence}}).encode() + b"\n"


def _write(directory: Path, name: str, number: int, journal: bytes) -> Path:
    return write_trial(
        directory, f"{name}_261123_150327_{number:06d}", name=name, trial_id=str(uuid.uuid4()), metrics=journal
    )


def listed(home: Home, *words: object) -> list[dict[str, Any]]:
    ran = home.aimd("trial", "ls", *words, "--json")
    assert ran.code == 0, ran.err
    trials: list[dict[str, Any]] = ran.json["trials"]
    return trials


def test_lists_queries_orders_and_plots_are_the_same(home: Home, signed_in: Account, in_berlin: None) -> None:
    write_all(home.work)
    assert home.aimd("trial", "upload", "-d", home.work, "-P", "here-and-there", "-m").code == 0
    there = ("--remote", "-P", "here-and-there")
    rows = listed(home, home.work)
    assert len(rows) == len(JOURNALS) + len(STARTS)
    assert [shown(row) for row in listed(home, *there)] == [shown(row) for row in rows]
    for query in QUERIES:
        assert names_of(home, *there, "--where", query) == names_of(home, home.work, "--where", query), query
    for order in ORDERS:
        assert names_of(home, *there, f"--sort={order}") == names_of(home, home.work, f"--sort={order}"), order
    for row in rows:
        for axis in ("step", "epoch", "time"):
            assert drawn_there(signed_in, row, axis) == drawn_here(home, row, axis), (row["name"], axis)


def shown(row: dict[str, Any]) -> str:
    return json.dumps({name: row[name] for name in FIELDS}, sort_keys=True)


def names_of(home: Home, *words: object) -> list[str]:
    return [row["alternative_name"] for row in listed(home, *words)]


def drawn_here(home: Home, row: dict[str, Any], axis: str) -> dict[str, Any]:
    if not row["metrics"]:
        return {}
    metrics = [word for name in row["metrics"] for word in ("-m", name)]
    ran = home.aimd("trial", "plot", "-d", home.work, "-n", row["alternative_name"], *metrics, "--x", axis, "--json")
    return {curve["metric"]: _points(curve["drawn"], axis) for curve in ran.json["series"]}


def drawn_there(account: Account, row: dict[str, Any], axis: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {account.key}"}
    body = {"trials": [row["id"]], "x": axis}
    answer = (
        httpx.post(f"{account.url}/apis/v2/metrics", json=body, headers=headers, verify=False).raise_for_status().json()
    )
    return {
        series["metric"]: _points(
            [pair for pair in zip(series["x"], series["lo"], strict=True) if None not in pair], axis
        )
        for series in answer["series"]
    }


def _points(pairs: list[Any], axis: str) -> list[Any]:
    """Return the points as drawn; time is counted from the start in a terminal."""
    return [value if axis == "time" else (x, value) for x, value in pairs]
