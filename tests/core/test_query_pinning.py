"""A query that is sent elsewhere means there what it meant here, whatever the time zones."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from aimd_core.query import matches, parse, pinned, render
from aimd_core.reading.facts import WholeFacts

QUERIES = [
    "started = 2026-11-23",
    "started != 2026-11-23",
    "started < 2026-11-23 or started > 2026-11",
    "started <= 2026-11-23T15:03",
    "not started >= 2026-11-23T15:03:27",
    "started in [2026-11-22, 2026-11-24]",
    "started not in [2026-11-22, 2026-11-24T00:30]",
    "started = 2026-11-23T15:03:27+08:00 and name ~ x",
    "started is missing",
]
STARTS = [
    None,
    *(f"2026-11-{day}T{hour}:00+00:00" for day in (21, 22, 23, 24) for hour in ("00:15", "07:03", "15:03", "23:30")),
]


@pytest.fixture
def zones() -> Iterator[None]:
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def _in(zone: str) -> None:
    os.environ["TZ"] = zone
    time.tzset()


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.usefixtures("zones")
def test_a_pinned_query_finds_the_same_in_another_time_zone(text: str) -> None:
    rows = [WholeFacts(name="x", started=start) for start in STARTS]
    _in("Asia/Shanghai")
    here = [matches(parse(text), row) for row in rows]
    sent = render(pinned(parse(text).condition))
    _in("America/New_York")
    assert [matches(parse(sent), row) for row in rows] == here
    if "23" in text and "+08:00" not in text:
        assert [matches(parse(text), row) for row in rows] != here  # so the test can fail
