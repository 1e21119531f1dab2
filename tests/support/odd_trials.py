"""Trials that no program should write, and what is true of them: made together, so that nothing need be parsed."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.trials import TIMESTAMP, write_trial

Points = list[tuple[str, int | None, float]]  # metric, step, value, in the order written

TYPES = ("train", "val", "a", "a.b", "模型", "", "x y")
NAMES = (
    *("loss", "b.c", "c", "", 'a"b', "a\\b", "a\nb", "\u202eabc", "🤖", "a/b", "value", "sequence"),
    *("\0z", "\ud800z"),
)
VALUES = (0, 1, -1, 0.1, 0.2, 0.3, 1e308, -1e308, 5e-324, -0.0, 1e22, 2**53 + 1, 2**64, -(2**63), 10**400, True)
SPECIAL = (float("nan"), float("inf"), float("-inf"))
NO_NUMBERS = (None, "1", "NaN", [1], {"a": 1}, {})
STEPS = (0, 1, 2, 3, 5, -1, -7, 2.0, 2**53, 2**62)
NO_STEPS = (None, "1", 2.5, True, 2**63, 10**400, float("nan"), [1], {})
ODD_LINES = (
    *(b"\0" * 512, b'{"train": {"value": {"loss": 1', b"null", b"[]", b"{}", b'{"a": 1}', b"\xff\xfe", b"}}", b'"'),
    b"[" * 2000,
)
ODD = (
    *(None, "", 0, 1.5, True, "x", [], [1], {}, {"a": None}, float("nan"), "2026-11-23", 20261123),
    *("2026-11-23T15:03:27", "2026-11-23 15:03:27Z", "0001-01-01T00:00:00+14:00", "😀", "null", 2**70, [[["x"]]]),
    *({"kind": "exit", "status": 3}, {"kind": 5}, {"signal": []}, {"message": "a\nb"}, {"exception": {"a": 1}}),
    *("Failed", "Killed", "Running"),
)


class Journal(NamedTuple):
    """The bytes of a journal and its points."""

    content: bytes
    points: Points


def shown(text: str) -> str:
    """Return a name as every reader shows it."""
    return text.replace("\ud800", "?").replace("\0", "\ufffd")


def _record(chance: random.Random, names: list[str], steps: tuple[Any, ...]) -> tuple[str, Points]:
    metrics_type, step = chance.choice(TYPES), chance.choice(steps)
    values = {name: chance.choice(VALUES) for name in chance.sample(names, chance.randint(0, min(3, len(names))))}
    for name in values:
        if chance.random() < 0.1:
            values[name] = chance.choice((*SPECIAL, *NO_NUMBERS))
    sequence: dict[str, Any] = {"epoch": 1, "step": step, "timestamp": TIMESTAMP}
    for key in ("epoch", "step", "timestamp"):
        if chance.random() < 0.05:
            del sequence[key]
        elif key != "step" and chance.random() < 0.1:
            sequence[key] = chance.choice(NO_STEPS)
    is_step = not isinstance(step, bool) and step in STEPS and "step" in sequence
    points: Points = []
    for name, value in values.items():
        if isinstance(value, (int, float)):
            number = math.inf if value == 10**400 else float(value)
            points.append((f"{shown(metrics_type)}.{shown(name)}", int(step) if is_step else None, number))
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    if members and chance.random() < 0.05:  # a key twice: the last one counts
        members.insert(0, f"{json.dumps(next(iter(values)))}: 77")
    body = f'{{{json.dumps(metrics_type)}: {{"value": {{{", ".join(members)}}}, "sequence": {json.dumps(sequence)}}}}}'
    return body, points


def journal(chance: random.Random) -> Journal:
    """Return a journal of up to 60 lines, about half of them as a program writes them."""
    names, oddness = chance.sample(NAMES, chance.randint(1, 5)), chance.choice((0.0, 0.1, 0.5))
    steps = (*STEPS, *NO_STEPS) if chance.random() < 0.5 else STEPS
    content, points = bytearray(), Points()
    for _ in range(chance.randint(0, 60)):
        is_odd = chance.random() < oddness
        if is_odd and chance.random() < 0.3:
            content += chance.choice(ODD_LINES) + b"\n"
            continue
        texts = []
        for _ in range(chance.randint(1, 4) if is_odd else 1):
            text, more = _record(chance, names, steps)
            texts.append(text)
            points += more
        separator = chance.choice(("", " ", "\r", "\t", "\ufeff")) if is_odd else ""
        start, end = chance.choice(("", "\ufeff", "  ", "\r")) if is_odd else "", "\r\n" if is_odd else "\n"
        content += (start + separator.join(texts) + end).encode()
    if content and chance.random() < 0.2:
        content += b'{"train": {"value": {"loss": 0.5}, "seq'
    elif content and chance.random() < 0.2:
        content = content.removesuffix(b"\n")
    return Journal(bytes(content), points)


def totals(points: Points) -> dict[str, dict[str, Any]]:
    """Return the aggregates of every metric, by the rules as documented; zero has no sign in them."""
    told: dict[str, dict[str, Any]] = {}
    for metric in dict.fromkeys(metric for metric, _, _ in points):
        mine = [(step, value + 0.0) for name, step, value in points if name == metric]
        total, finite = 0.0, [value for _, value in mine if math.isfinite(value)]
        for value in finite:
            total += value
        order = [-math.inf if step is None else step for step, _ in mine]
        last = len(order) - 1 - order[::-1].index(max(order))
        told[metric] = {
            "last": mine[last][1],
            "min": min(finite, default=None),
            "max": max(finite, default=None),
            "mean": total / len(finite) + 0.0 if finite else None,
            "count": float(len(mine)),
        }
    return told


def metadata(chance: random.Random, trial_id: str, name: str) -> dict[str, Any]:
    """Return a metadata document with up to three odd fields."""
    document: dict[str, Any] = {
        "kind": "Trial",
        "metadata": {"folder": None, "name": name, "editor": None, "id": trial_id, "timestamp": None},
        "platform": {"hostname": "node-3", "pypkgs": {}},
        "startTime": "2026-11-23T15:03:27.664883+00:00",
        "endTime": None,
        "status": chance.choice(("Succeeded", "Failed", "Running", "Initializing")),
        "inputArtifacts": [],
        "outputArtifacts": None,
        "_upload": {"folder_id": None, "folder_path": "a/b", "make_folder": True, "conflict_strategy": "new"},
        "_git": {},
    }
    keys = [key for key in document if key not in ("metadata", "_upload")] + ["_exit", "metadata.name", "new key"]
    for key in chance.sample(keys, chance.randint(0, 3)):
        if key == "metadata.name":
            document["metadata"]["name"] = chance.choice(ODD)
        elif chance.random() < 0.1:
            document.pop(key, None)
        else:
            document[key] = chance.choice(ODD)
    return document


def parameters(chance: random.Random) -> dict[Any, Any]:
    """Return parameters with odd keys and values, such as YAML has and JSON does not."""
    keys: tuple[Any, ...] = ("lr", "a.b", True, None, 1, 0.5, float("nan"), "on", "", "模型", "a b")
    inner = {key: chance.choice(ODD) for key in chance.sample(keys, 3)}
    return {chance.choice(keys): chance.choice((*ODD, inner, [inner])) for _ in range(chance.randint(0, 4))}


def write_odd(place: Path, seed: int) -> tuple[Path, Points]:
    """Write the trial of a seed, and return its path and points."""
    import yaml

    chance = random.Random(seed)
    trial_id = f"{chance.getrandbits(128) & ~(0xF << 76) | 4 << 76:032x}"
    trial_id = f"{trial_id[:8]}-{trial_id[8:12]}-{trial_id[12:16]}-{trial_id[16:20]}-{trial_id[20:]}"
    written = journal(chance)
    name = f"odd_{seed}"
    path = write_trial(
        place,
        f"{name}_261123_150327_{seed:06d}",
        metadata=yaml.safe_dump(metadata(chance, trial_id, name), allow_unicode=True),
        parameters=yaml.safe_dump(parameters(chance), allow_unicode=True),
        metrics=written.content,
    )
    if chance.random() < 0.3:
        labels = {"tags": chance.choice((*ODD, ["a", 1, None, "a"])), "note": chance.choice(ODD)}
        (path / "labels.yaml").write_text(yaml.safe_dump(labels, allow_unicode=True))
    return path, written.points
