"""What the upload sees of a journal in the bytes that it sends anyway: nothing damaged passes for sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.format.journal import Damage, read_records
from aimd_core.upload.sending import Lines, damage_sentence
from tests.support.properties import load_profile
from tests.support.trials import record, write_trial

load_profile()
SOUND = b"".join(record(step, step / 7) for step in range(50))


def are_odd(content: bytes, start: int = 0, part_bytes: int = 97, directory: Path = Path("/tmp")) -> bool:
    path = directory / "metrics"
    path.write_bytes(content)
    lines = Lines()
    with path.open("rb") as opened:
        lines.begin(opened, start)
        for offset in range(start, len(content), part_bytes):
            lines.take(offset, content[offset : min(len(content), offset + part_bytes)])
        lines.end()
    return lines.are_odd


@given(st.integers(0, len(SOUND)), st.integers(1, 4000))
def test_sound_lines_are_sound_from_wherever_and_in_however_many_parts(
    tmp_path_factory: pytest.TempPathFactory, start: int, part_bytes: int
) -> None:
    assert not are_odd(SOUND, start, part_bytes, tmp_path_factory.mktemp("journal"))


@given(
    st.integers(0, len(SOUND) - 1),
    st.integers(1, 4000),
    st.sampled_from(["cut", "torn", "torn and goes on", "nul", "invalid", "glue"]),
)
def test_a_journal_that_lost_or_got_bytes_is_odd_or_sound_to_the_careful_reader(
    tmp_path_factory: pytest.TempPathFactory, at: int, part_bytes: int, harm: str
) -> None:
    harmed = {
        "cut": SOUND[:at],
        "torn": SOUND[:at] + record(99),
        "torn and goes on": SOUND[:at] + b"\n" + record(99),
        "nul": SOUND[:at] + b"\0" * 10 + SOUND[at + 10 :],
        "invalid": SOUND[:at] + b"\xff" + SOUND[at + 1 :],
        "glue": SOUND[:at].replace(b"\n", b"") + SOUND[at:],
    }[harm]
    damage = Damage()
    list(read_records(iter(harmed.splitlines(keepends=True)), damage))
    if damage:
        assert are_odd(harmed, 0, part_bytes, tmp_path_factory.mktemp("journal"))


def test_bytes_that_are_sent_twice_are_not_taken_for_sound(tmp_path: Path) -> None:
    lines = Lines()
    lines.take(0, SOUND)
    lines.take(0, SOUND)
    assert lines.are_odd


def test_the_damage_is_told_in_the_words_of_every_reader(tmp_path: Path) -> None:
    path = write_trial(tmp_path, metrics=record(1) + b"{ oops\n" + record(2))
    assert damage_sentence(path) == "metrics: 1 damaged line skipped (2)"
