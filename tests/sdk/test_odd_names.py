"""Names and numbers at the edges, recorded here and read by every command: no traceback, no raw control byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aimd_core.errors import InvalidNameError
from aimd_core.format.layout import METRICS_FILE
from aimd_core.format.values import directory_name_fault, is_hidden
from t9k import aimd
from tests.support.odd_values import ALL, FINE_NAMES, HIDDEN

COMMANDS = (
    "ls --json", "ls --columns params.text,train.loss", "ls --sort=-train.loss --where train.loss>0", "describe {}",
    "plot {}", "plot {} -x time", "logs {}", "compare {} {}", "export {} --format csv", "verify {}",
)  # fmt: skip


@pytest.mark.parametrize("case", HIDDEN)
def test_a_trial_has_no_name_that_cannot_be_seen(case: str, work: Path) -> None:
    with pytest.raises(InvalidNameError):
        aimd.create_trial(trial_name=HIDDEN[case])
    assert not list(work.rglob("metadata.yaml"))


@pytest.mark.parametrize("case", FINE_NAMES)
def test_a_name_that_can_be_seen_is_taken(case: str) -> None:
    name = FINE_NAMES[case]
    if directory_name_fault(name) is not None:
        with pytest.raises(InvalidNameError):
            aimd.create_trial(trial_name=name)
        return
    trial = aimd.create_trial(trial_name=name)
    trial.finish()
    assert [row["name"] for row in aimd.search_trials("")] == [name]


def _run(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    words = [word.format(directory) for word in command.split()]
    environment = {**os.environ, "COLUMNS": "200", "FORCE_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "aimd_cli", "trial", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_no_reader_is_poisoned_by_what_an_older_journal_holds() -> None:
    with aimd.create_trial(
        trial_name="odd", trial_params={"text": "".join(HIDDEN.values()).replace("\0", "")}
    ) as trial:
        trial.log("train", {"loss": 0.5}, step=1)
    record = '{"train": {"value": {"loss": %s, %s: 1}, "sequence": {"epoch": %s, "step": %s, "timestamp": %s}}}\n'
    with (trial.path / METRICS_FILE).open("a", encoding="utf-8") as journal:
        for odd in ALL.values():
            name = odd if odd.startswith('"') else '"loss"'
            journal.write(record % (odd, name, odd, odd, odd))
    (trial.path / "stdout.log").write_bytes(b"\x9b2J\x1b]0;title\x07\xff\xe2\x80\xae\n")
    for command in COMMANDS:
        done = _run(command, trial.path)
        assert done.returncode in (0, 2, 3, 6), (command, done.stderr)
        assert "Traceback" not in done.stderr, (command, done.stderr)
        if command.startswith("export"):
            continue  # into a pipe, CSV has the names as they are
        plain = _without_colours(done.stdout + done.stderr)
        assert {character for character in plain if is_hidden(character)} <= {"\n", "\t", "\r"}, command


def _without_colours(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)
