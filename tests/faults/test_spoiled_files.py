"""Whatever the bytes of a trial directory: every command that reads it ends with an exit code, never a traceback.

A trial that every file belongs to is spoiled in one place by one seed; beside it lies an intact one, which each list
must still show. Twenty in every run; `AIMD_FUZZ_S` says for how many seconds `make soak` does it.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from aimd_core.errors import AimdError
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.liar import WRONG
from tests.support.memory import held_bytes
from tests.support.trials import record, write_trial

CODES = {0, 1, 2, 3, 6, 7, 8}
SEEDS = 20  # in every run
CASE_S = 30.0
RSS_BYTES = 250 << 20
FUZZ_S = float(os.environ.get("AIMD_FUZZ_S", "3600"))
SPOILED, INTACT = "spoiled_261123_150327_f9by70", "intact_261123_150327_aaaaaa"
COMMANDS = (
    "trial ls",
    "trial ls --json --detail",
    "trial ls --where params.lr>0 --sort -train.loss",
    f"trial describe {SPOILED} --json",
    f"trial plot {SPOILED}",
    f"trial compare {SPOILED} {INTACT}",
    f"trial logs {SPOILED}",
    f"trial check {SPOILED} train.loss>0",
    "trial export -d .",
    "trial verify -d .",
    "trial upload -d . -j 1",
    "trial upload -d . --check -j 1",
)
BITS = (
    b"\x00",
    b"\xff",
    b"\n",
    b"{",
    b"[",
    b'"',
    b"'",
    b":",
    b"&a *a",
    b"!!python/object:os.system",
    b"\xc2\x9b31m",
    b"-",
)


def _flip(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << dice.randrange(8))]) + content[at + 1 :]


def _cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def _insert(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content))
    return content[:at] + dice.choice(BITS) * dice.choice((1, 1, 3, 2000)) + content[at:]


def _repeat(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    end = min(len(content), start + dice.randrange(1, 200))
    return content[:end] + content[start:end] * dice.choice((1, 2, 50)) + content[end:]


def _swap_value(content: bytes, dice: random.Random) -> bytes:
    """Put another value in the place of a scalar."""
    places = [match.span() for match in re.finditer(rb"(?<=: )[^\s{}\[\],][^\n{}\[\],]*", content)]
    start, end = dice.choice(places or [(0, 0)])
    value = dice.choice(list(WRONG.values()))
    text = str(value) if isinstance(value, str) and type(value) is not str else json.dumps(value)
    return content[:start] + text.encode() + content[end:]


def _garbage(content: bytes, dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice((0, 1, 100, 70_000)))


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _cut, _insert, _repeat, _swap_value, _garbage)


def _make(home: Home) -> Path:
    shutil.rmtree(home.work / ".aimd", ignore_errors=True)
    for name in (SPOILED, INTACT):
        path = write_trial(
            home.work / ".aimd/trials",
            name,
            name=name.partition("_")[0],
            trial_id=str(uuid.uuid4()),
            status="Succeeded",
            parameters="lr: 0.01\nlayers: [1, 2]\noptim:\n  name: adam\n",
            metrics=b"".join(record(step, 1 / (step + 1)) for step in range(9)),
        )
        (path / "labels.yaml").write_text("tags: [a, b]\nnote: of this one\n")
        (path / "stdout.log").write_text("epoch 1\nepoch 2\n" * 5)
        (path / "git.diff").write_text("--- a\n+++ b\n")
        (path / "process.json").write_text(json.dumps({"host": "h", "boot_id": "b", "pid": 1, "started": 1.0}))
        (path / "segments").write_text(
            json.dumps({"kind": "resume", "from_step": 5, "offset": 700, "timestamp": "2026-11-23T15:04:00Z"}) + "\n"
        )
    return home.work / ".aimd/trials" / SPOILED


def _spoil(path: Path, seed: int) -> str:
    """Spoil one file of a trial, and return how."""
    dice = random.Random(seed)
    file = dice.choice(sorted(path.iterdir()))
    way = dice.choice((*WAYS, None))
    if way is None:  # something that is no file
        file.unlink()
        how = dice.choice(("directory", "link", "loop", "pipe", "missing"))
        if how == "directory":
            file.mkdir()
        elif how == "link":
            file.symlink_to("/etc/passwd")
        elif how == "loop":
            file.symlink_to(file.name)
        elif how == "pipe":
            os.mkfifo(file)
        return f"{file.name}: {how}"
    file.write_bytes(way(file.read_bytes(), dice))
    return f"{file.name}: {way.__name__}"


def _faults(home: Home, seed: int) -> list[str]:
    """Spoil a trial by a seed, and return what is wrong with what the commands did."""
    how = _spoil(_make(home), seed)
    faults = []
    for words in COMMANDS:
        started_s = time.monotonic()
        try:
            ran = home.aimd(*words.split())
        except Exception as error:  # what a person would see as a traceback
            faults.append(f"seed {seed}, {how}, {words}: {type(error).__name__}: {error}"[:500])
            continue
        told = ran.err + ran.out
        if ran.code not in CODES or "Traceback" in ran.err:
            faults.append(f"seed {seed}, {how}, {words}: exit code {ran.code}: {ran.err[-300:]}")
        if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", told):
            faults.append(f"seed {seed}, {how}, {words}: control characters: {told[-300:]!r}")
        if words == "trial ls" and "intact" not in ran.out:
            faults.append(f"seed {seed}, {how}: the intact trial is not listed: {told[-300:]}")
        if "root:x:" in told:
            faults.append(f"seed {seed}, {how}, {words}: a link was followed")
        if time.monotonic() - started_s > CASE_S:
            faults.append(f"seed {seed}, {how}, {words}: it took too long")
    try:
        aimd.load_trial(trial_path=home.work / ".aimd/trials" / SPOILED)
    except AimdError:
        pass
    except Exception as error:
        faults.append(f"seed {seed}, {how}, load_trial: {type(error).__name__}: {error}")
    return faults


def test_a_spoiled_file_ends_no_command_in_a_traceback(home: Home, signed_in: Account) -> None:
    assert [fault for seed in range(SEEDS) for fault in _faults(home, seed)] == []


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_files_are_spoiled_for_an_hour(home: Home, signed_in: Account) -> None:
    end_s, seed, faults = time.monotonic() + FUZZ_S, SEEDS, list[str]()
    while time.monotonic() < end_s and len(faults) < 20:
        faults += _faults(home, seed)
        seed += 1
    assert faults == []
    assert held_bytes() < RSS_BYTES


def test_the_harness_catches_a_reader_that_takes_files_for_sound(
    home: Home, signed_in: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: parameters are used without being checked."""

    def believing(content: bytes, name: object) -> dict[str, object]:
        document: dict[str, object] = yaml.safe_load(content)
        return {str(key): value for key, value in document.items()}

    assert _faults(home, 0) == []  # and everything is imported, so that nothing keeps what is planted now
    for module in ("reading.documents", "reading.directory", "format.documents"):
        monkeypatch.setattr(f"aimd_core.{module}.parse_mapping", believing, raising=False)
    assert any(_faults(home, seed) for seed in range(SEEDS))
