"""What may happen to a trial while it is recorded, as a list of events; the files it leaves; and what counts then.

Events: `("log", type, name, step, value)`, `("torn",)` for a record cut off by a crash, `("resume", step)` for going on
from an earlier step, and, at the beginning only, `("fork", step, points)` for those of a parent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from aimd_core.format.segments import Fork, Resume, append_segment
from tests.support.trials import TIMESTAMP, write_trial

NAME = "t_261123_150320_aaaaaa"
Event = tuple[Any, ...]
Point = tuple[str, int | None, float]


def events() -> st.SearchStrategy[list[Event]]:
    """Histories of any kind, short ones."""
    steps = st.one_of(st.integers(0, 8), st.integers(0, 8), st.none())
    values = st.one_of(st.floats(), st.floats(-1, 1))
    log = st.tuples(
        st.just("log"),
        st.sampled_from(["train", "val", "system", "system.gpu", "a", "a.b"]),
        st.sampled_from(["loss", "step", "b.loss"]),
        steps,
        values,
    )
    event = st.one_of(log, log, log, log, st.just(("torn",)), st.tuples(st.just("resume"), st.integers(0, 8)))
    parents = st.lists(st.tuples(st.integers(0, 4), st.floats(-1, 1)), max_size=5)
    fork = st.tuples(st.just("fork"), st.integers(0, 8), parents)
    return st.builds(lambda first, rest: [*first, *rest], st.lists(fork, max_size=1), st.lists(event, max_size=25))


def model(happened: list[Event]) -> list[Point]:
    """What counts: points from a step on are gone when the trial goes back to it."""
    points: list[tuple[str, int | None, float, str]] = []
    for kind, *facts in happened:
        if kind == "log":
            points.append((f"{facts[0]}.{facts[1]}", facts[2], facts[3], facts[0]))
        elif kind == "resume":
            points = [point for point in points if point[1] is None or point[1] < facts[0] or point[3] == "system"]
        elif kind == "fork":
            points = [("train.loss", step, value, "train") for step, value in facts[1] if step < facts[0]]
    return [point[:3] for point in points]


def line(metrics_type: str, name: str, step: int | None, value: float) -> bytes:
    """One record, made by Python's json alone."""
    sequence = {"epoch": 1, "step": step, "timestamp": TIMESTAMP}
    return json.dumps({metrics_type: {"value": {name: value}, "sequence": sequence}}).encode() + b"\n"


def build(path: Path, happened: list[Event]) -> Path:
    """Write the trial that this leaves and return its directory; one that is there is written anew, in place."""
    if not path.exists():
        write_trial(path.parent, path.name)
    (path / "segments").unlink(missing_ok=True)
    with (path / "metrics").open("wb", buffering=0) as journal:
        for kind, *facts in happened:
            is_torn = journal.tell() > 0 and not (path / "metrics").read_bytes().endswith(b"\n")
            if kind == "log":
                journal.write(b"\n" * is_torn + line(*facts))
            elif kind == "torn":
                journal.write(b"\n" * is_torn + b'{"train": {"value": {"loss": 0.1')
            elif kind == "resume":
                append_segment(path, Resume(facts[0], journal.tell()))
            else:
                for step, value in facts[1]:
                    if step < facts[0]:
                        journal.write(line("train", "loss", step, value))
                append_segment(path, Fork("parent", "parent_261123_150320_aaaaaa", facts[0], journal.tell()))
    return path
