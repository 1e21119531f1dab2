"""Metrics of many trials at once, as docs/reference/http-api.md says."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest

from tests.server.api import User, code_of, line, new_id

COLUMNS = "application/vnd.aimd.columns"


def asked(user: User, trials: list[str], **how: Any) -> list[dict[str, Any]]:
    """Return the series as JSON, checked against the binary form."""
    answer = user.v2("POST", "/metrics", json={"trials": trials, **how})
    assert answer.status_code == 200, answer.text
    series: list[dict[str, Any]] = answer.json()["series"]
    binary = user.v2("POST", "/metrics", json={"trials": trials, **how}, headers={"Accept": COLUMNS})
    assert binary.headers["content-type"] == COLUMNS
    assert json.loads(json.dumps(unpacked(binary.content))) == series
    return series


def unpacked(body: bytes) -> list[dict[str, Any]]:
    """Return the series of a binary body as they would be in JSON."""
    assert body[:8] == b"AIMDCOL1"
    assert body[12:16] == bytes(4)
    (length,) = struct.unpack("<I", body[8:12])
    document = json.loads(body[16 : 16 + length])
    data = body[-(-(16 + length) // 8) * 8 :]
    for series in document["series"]:
        for name, place in list(series.items()):
            if isinstance(place, dict):
                assert place["offset"] % 8 == 0
                numbers = struct.unpack_from(f"<{place['length']}d", data, place["offset"])
                series[name] = [None if math.isnan(number) else number for number in numbers]
    return list(document["series"])


def test_few_points_come_exactly(user: User) -> None:
    trial_id = user.new_trial()
    user.patch(trial_id, 0, b"".join(line(step, step / 7) for step in range(100)))
    (series,) = asked(user, [trial_id], points=100)
    assert series == {
        "trial": trial_id,
        "metric": "train.loss",
        "count": 100,
        "nan": 0,
        "exact": True,
        "x": [float(step) for step in range(100)],
        "lo": [step / 7 for step in range(100)],
    }


def test_many_points_come_as_buckets_with_their_extremes(user: User) -> None:
    trial_id = user.new_trial()
    user.patch(trial_id, 0, b"".join(line(step, -5.0 if step == 777 else step % 10) for step in range(1000)))
    (series,) = asked(user, [trial_id], points=10)
    assert (series["count"], series["exact"], series["x"]) == (1000, False, [100.0 * number for number in range(10)])
    assert series["lo"] == [0, 0, 0, 0, 0, 0, 0, -5.0, 0, 0]
    assert series["hi"] == [9.0] * 10
    assert series["mean"][0] == 4.5
    assert series["finite"] == [100.0] * 10


def test_what_is_not_finite_is_counted_and_not_drawn(user: User) -> None:
    trial_id = user.new_trial()
    values = [0.5, math.nan, math.inf, 2.0]
    user.patch(trial_id, 0, b"".join(line(step, value) for step, value in enumerate(values)))
    (series,) = asked(user, [trial_id])
    assert (series["count"], series["nan"], series["lo"]) == (4, 2, [0.5, None, None, 2.0])


def test_the_order_is_that_of_the_trials_then_of_the_metrics_asked_for(user: User) -> None:
    first, second = user.new_trial("a"), user.new_trial("b")
    for trial_id in (first, second):
        user.patch(trial_id, 0, line(1) + line(1, metrics_type="val"))
    found = asked(user, [second, first], metrics=["val.loss", "train.loss", "no.such"])
    assert [(one["trial"], one["metric"]) for one in found] == [
        (trial_id, name) for trial_id in (second, first) for name in ("val.loss", "train.loss")
    ]


def test_a_range_holds_what_lies_in_it_along_the_axis_also_where_x_goes_back(user: User) -> None:
    trial_id = user.new_trial()
    steps = [0, 1, 2, 3, 4, 2, 3, 4, 5]  # stopped at 4, and resumed from 2
    user.patch(trial_id, 0, b"".join(line(step, number) for number, step in enumerate(steps)))
    (series,) = asked(user, [trial_id], **{"from": 2, "to": 3})
    assert (series["x"], series["lo"], series["count"]) == ([2, 2, 3, 3], [2, 5, 3, 6], 4)


@pytest.mark.parametrize("x", ["step", "epoch", "time"])
def test_x_is_step_epoch_or_unix_seconds(user: User, x: str) -> None:
    trial_id = user.new_trial()
    sequence = {"epoch": 2, "step": 7, "timestamp": "2026-11-23T16:03:27.500000+01:00"}
    user.patch(trial_id, 0, json.dumps({"train": {"value": {"loss": 1}, "sequence": sequence}}).encode() + b"\n")
    (series,) = asked(user, [trial_id], x=x)
    assert series["x"] == [{"step": 7.0, "epoch": 2.0, "time": 1795446207.5}[x]]


def test_trials_that_a_caller_may_not_see_are_missing_like_those_that_are_not_there(user: User, stranger: User) -> None:
    trial_id, unknown = user.new_trial(), new_id()
    user.patch(trial_id, 0, line(1))
    answer = stranger.v2("POST", "/metrics", json={"trials": [trial_id, unknown]})
    assert answer.json() == {"series": [], "missing": [trial_id, unknown]}


def test_the_same_answer_again_is_not_sent(user: User) -> None:
    trial_id = user.new_trial()
    user.patch(trial_id, 0, line(1))
    body = {"trials": [trial_id]}
    tag = user.v2("POST", "/metrics", json=body).headers["etag"]
    again = user.v2("POST", "/metrics", json=body, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    user.patch(trial_id, len(line(1)), line(2))
    assert user.v2("POST", "/metrics", json=body, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"trials": "x"},
        {"trials": [], "points": 0},
        {"trials": [], "points": 10_001},
        {"trials": [], "x": "wall"},
        {"trials": ["a", "a"]},
        {"trials": [str(number) for number in range(501)]},
    ],
)
def test_what_cannot_be_answered_is_refused(user: User, body: dict[str, Any]) -> None:
    answer = user.v2("POST", "/metrics", json=body)
    assert (answer.status_code, code_of(answer)) == (422, "invalid")
