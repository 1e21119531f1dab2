"""Folders and trials on a server, as a browser's tests want them."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

from tests.server.api import User, new_id, wish

START = "2026-11-23T15:03:27+00:00"


class Recorded(NamedTuple):
    """A trial on the server."""

    id: str
    name: str
    folder: str


def point(step: int, metrics_type: str = "train", **values: float) -> bytes:
    """Return one line of a journal."""
    moment = f"2026-11-23T{15 + step // 3600 % 8:02}:{step // 60 % 60:02}:{step % 60:02}.000000+00:00"
    sequence = {"epoch": step // 10, "step": step, "timestamp": moment}
    return json.dumps({metrics_type: {"value": values, "sequence": sequence}}).encode() + b"\n"


def curve(points: int, seed: float = 1.0, pace: float = 3.0) -> bytes:
    """Return a journal of a loss that falls and an accuracy that rises, at a pace."""
    lines = []
    for step in range(1, points + 1):
        wave = 0.02 * math.sin(step * seed) * math.sin(step * seed * 7.3)
        lines.append(point(step, "train", loss=0.02 + math.exp(-step / points * pace) + wave))
        if step % 5 == 0:
            lines.append(point(step, "val", acc=0.98 - math.exp(-step / points * pace) * 0.88 + wave / 2))
    return b"".join(lines)


def record_trial(
    user: User,
    name: str,
    folder: str = "vision/mnist",
    journal: bytes | None = None,
    trial_id: str | None = None,
    **parameters: Any,
) -> Recorded:
    """Record a trial that has ended and return it."""
    trial_id = trial_id or new_id()
    body = wish(
        name,
        folder={"path": folder, "make": True},
        state="Succeeded",
        parameters=parameters or {"lr": 0.01, "batch_size": 32},
    )
    answer = user.put(trial_id, body)
    assert answer.status_code in (200, 201), answer.text
    content = curve(60) if journal is None else journal
    if content:
        answer = user.patch(trial_id, 0, content, packed=True)
        assert answer.status_code == 204, answer.text
    return Recorded(trial_id, name, folder)


def folder_id(user: User, path: str) -> str:
    """Return the id of a folder."""
    answer = user.v2("GET", "/folders/by-path", params={"path": path})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])
