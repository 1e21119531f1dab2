"""R5: processes that log into one trial at once never mix or overwrite lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aimd_core.format.journal import Damage, JournalWriter, open_regular, read_records
from tests.support.scripts import script_environment
from tests.support.trials import record


def write(place: Path, processes: int, points: int, *plant: str) -> tuple[dict[str, list[int]], Damage]:
    """Let processes write and return the steps by process, in the order of the file."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.writers", str(place), str(processes), str(points), *plant],
        env=script_environment(place),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    damage = Damage()
    steps: dict[str, list[int]] = {}
    with open_regular(Path(done.stdout.strip()) / "metrics") as file:
        for document in read_records(file, damage):
            for writer, point in document.items():
                steps.setdefault(writer, []).append(point["sequence"]["step"])
    return steps, damage


def test_eight_processes_write_five_thousand_lines_each_and_all_are_there_in_order(tmp_path: Path) -> None:
    steps, damage = write(tmp_path, 8, 5000)
    assert steps == {f"worker{number}": list(range(5000)) for number in range(8)}
    assert not damage


def test_the_harness_catches_a_writer_that_seeks_and_then_writes(tmp_path: Path) -> None:
    steps, _ = write(tmp_path, 8, 2000, "--plant")
    assert sum(map(len, steps.values())) < 8 * 2000


def test_a_line_of_a_mebibyte_is_written_whole(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    assert writer.append(record(1, name="x" * (1 << 20)))
    assert writer.append(record(2))
    with open_regular(tmp_path / "metrics") as file:
        assert len(list(read_records(file, Damage()))) == 2


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_sixteen_processes_write_fifty_thousand_lines_each(tmp_path: Path) -> None:
    steps, damage = write(tmp_path, 16, 50_000)
    assert steps == {f"worker{number}": list(range(50_000)) for number in range(16)}
    assert not damage
