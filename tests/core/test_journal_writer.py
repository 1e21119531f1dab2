from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aimd_core.format import journal
from aimd_core.format.journal import Damage, JournalWriter, encode_record, open_regular, read_records
from tests.support.trials import record

RealWrite = Callable[[int, bytes], int]


def steps_in(path: Path) -> list[int]:
    with open_regular(path) as file:
        return [body["sequence"]["step"] for found in read_records(file, Damage()) for body in found.values()]


class Disk:
    """Stands in for os.write: each call takes the next of `plan`, a size limit or an error; then all is well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, plan: list[int | OSError]) -> None:
        self.plan = plan
        self._write: RealWrite = os.write
        monkeypatch.setattr(journal.os, "write", self.write)

    def write(self, descriptor: int, content: bytes) -> int:
        step = self.plan.pop(0) if self.plan else len(content)
        if isinstance(step, OSError):
            raise step
        return self._write(descriptor, content[:step])


FULL = OSError(errno.ENOSPC, "No space left on device")


def test_an_acknowledged_record_is_in_the_file(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    assert writer.append(record(1))
    assert (tmp_path / "metrics").read_bytes() == record(1)
    assert (writer.written, writer.failed, writer.error) == (1, 0, None)


@pytest.mark.parametrize("size", [0, 1, 40, len(record(1)) - 1])
def test_a_short_write_is_finished(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    Disk(monkeypatch, [size, 3])
    assert writer.append(record(1))
    assert writer.append(record(2))
    assert (tmp_path / "metrics").read_bytes() == record(1) + record(2)


def test_after_a_full_disk_the_next_record_starts_on_a_new_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    Disk(monkeypatch, [1000, 30, FULL, FULL])
    assert [writer.append(record(step)) for step in range(1, 5)] == [True, False, False, True]
    assert (tmp_path / "metrics").read_bytes() == record(1) + record(2)[:30] + b"\n" + record(4)
    assert (writer.written, writer.failed, writer.error) == (2, 2, FULL)


def test_a_write_that_takes_nothing_again_and_again_is_an_error_and_no_endless_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    Disk(monkeypatch, [0, 0])
    assert not writer.append(record(1))
    assert writer.error is not None
    assert writer.error.errno == errno.ENOSPC


def test_the_first_error_is_kept_and_every_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[OSError] = []
    writer = JournalWriter(str(tmp_path / "metrics"), told.append)
    other = OSError(errno.EIO, "Input/output error")
    Disk(monkeypatch, [FULL, other])
    writer.append(record(1))
    writer.append(record(2))
    assert (writer.error, told) == (FULL, [FULL, other])


@pytest.mark.parametrize("left", [b"{", record(1)[:-1], b"\0" * 5])
def test_a_writer_that_finds_a_torn_tail_starts_on_a_new_line(left: bytes, tmp_path: Path) -> None:
    (tmp_path / "metrics").write_bytes(record(0) + left)
    assert JournalWriter(str(tmp_path / "metrics")).append(record(2))
    assert (tmp_path / "metrics").read_bytes() == record(0) + left + b"\n" + record(2)


def test_a_writer_that_finds_whole_lines_adds_nothing_between(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_bytes(record(1))
    JournalWriter(str(tmp_path / "metrics")).append(record(2))
    assert (tmp_path / "metrics").read_bytes() == record(1) + record(2)


def fail_sync(descriptor: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_failed_sync_is_remembered_for_ever_though_a_later_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    with monkeypatch.context() as patch:
        patch.setattr(journal, "sync_data", fail_sync)
        assert writer.append(record(1)), "the record is in the file all the same"
    assert not writer.sync()
    assert (writer.unsynced, writer.written, writer.failed) == (True, 1, 0)


def test_a_failed_sync_is_told_when_it_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[OSError] = []
    writer = JournalWriter(str(tmp_path / "metrics"), told.append)
    monkeypatch.setattr(journal, "sync_data", fail_sync)
    writer.append(record(1))
    assert [error.errno for error in told] == [errno.EIO]


def test_syncs_happen_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[float] = []
    now_s = 100.0
    monkeypatch.setattr(journal.time, "monotonic", lambda: now_s)
    monkeypatch.setattr(journal, "sync_data", lambda descriptor: synced.append(now_s))
    writer = JournalWriter(str(tmp_path / "metrics"))
    for step in range(41):
        now_s = 100.0 + step / 8
        writer.append(record(step))
    assert synced == [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]


def test_a_closed_writer_opens_its_file_again_for_the_next_record(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    writer.append(record(1))
    writer.close()
    writer.close()
    assert not writer.is_open
    assert writer.append(record(2))
    assert steps_in(tmp_path / "metrics") == [1, 2]


@pytest.mark.parametrize("name", ["loss", "l" * 450_000], ids=["in one block", "over several blocks of 1 MiB"])
def test_records_are_counted_in_the_file_whatever_the_writer_believes(tmp_path: Path, name: str) -> None:
    def record(step: int) -> bytes:
        return encode_record("train", {name: 0.5}, step, 1, "2026-11-23T15:03:27.946397+00:00")

    before = JournalWriter(str(tmp_path / "metrics"))
    before.append(record(0))
    writer = JournalWriter(str(tmp_path / "metrics"))
    for step in range(1, 6):
        writer.append(record(step))
    before.append(encode_record("system", {"cpu_percent": 1.0}, 0, None, "2026-11-23T15:03:27.946397+00:00"))
    before.append(record(6))
    os.write(before._descriptor, b'{"train": {"value": {"loss": 0.5}, "sequence')
    assert writer.count() == (5, 1)
    os.truncate(tmp_path / "metrics", 3 * len(record(0)))
    assert writer.count() == (2, 0)
    writer.close()
    assert writer.count() == (2, 0)


def test_a_writer_whose_descriptor_was_closed_behind_its_back_leaves_the_file_that_has_its_number_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[OSError] = []
    writer = JournalWriter(str(tmp_path / "metrics"), told.append)
    writer.append(record(1))
    number = writer._descriptor
    os.close(number)
    opened = os.open(tmp_path / "model.ckpt", os.O_RDWR | os.O_CREAT)
    other = os.dup2(opened, number)
    os.close(opened)
    writer.sync()
    assert [error.errno for error in told] == [errno.EBADF]
    assert writer.append(record(2))
    writer.close()
    assert os.fstat(other).st_size == 0
    assert steps_in(tmp_path / "metrics") == [1, 2]
    os.close(other)


def test_system_metrics_are_never_counted_whoever_writes_them(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path / "metrics"))
    writer.append(record(1))
    writer.append(encode_record("system", {"loss": 1.0}, 2, None, "2026-11-23T15:03:27.946397+00:00"))
    assert (writer.written, writer.count()) == (1, (1, 0))


def test_a_closed_descriptor_costs_no_record_and_its_number_is_not_the_next_one(tmp_path: Path) -> None:
    told: list[OSError] = []
    writer = JournalWriter(str(tmp_path / "metrics"), told.append)
    writer.append(record(1))
    os.close(writer._descriptor)
    others = [os.open(tmp_path / f"other{number}", os.O_WRONLY | os.O_CREAT) for number in range(20)]
    assert writer.append(record(2))
    os.close(writer._descriptor)
    assert writer.sync()
    assert writer.count() == (2, 0)
    assert (told, steps_in(tmp_path / "metrics")) == ([], [1, 2])
    for other in others:
        assert os.fstat(other).st_size == 0
        os.close(other)


@pytest.mark.parametrize("is_replaced", [True, False])
def test_records_in_a_journal_that_somebody_deletes_or_replaces_are_not_counted_as_on_disk(
    is_replaced: bool, tmp_path: Path
) -> None:
    told: list[OSError] = []
    writer = JournalWriter(str(tmp_path / "metrics"), told.append)
    for step in range(5):
        writer.append(record(step))
    if is_replaced:
        (tmp_path / "new").write_bytes(record(0))
        (tmp_path / "new").replace(tmp_path / "metrics")
    else:
        (tmp_path / "metrics").unlink()
    writer.append(record(5))
    writer.sync()
    assert [error.errno for error in told] == [errno.ENOENT]
    assert writer.count() == (0, 0)
    writer.append(record(6))
    assert steps_in(tmp_path / "metrics") == ([0, 6] if is_replaced else [6])
    assert writer.count() == (1 + is_replaced, 0)


def test_a_close_that_fails_does_not_raise_and_is_remembered_as_a_failed_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[OSError] = []
    writer = JournalWriter(str(tmp_path / "metrics"), told.append)
    real_close = os.close

    def close(descriptor: int) -> None:
        real_close(descriptor)
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "close", close)
        writer.close()
    assert [error.errno for error in told] == [errno.EDQUOT]
    assert writer.unsynced


def test_a_writer_that_nobody_holds_any_more_frees_its_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        JournalWriter(str(tmp_path / "metrics"))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_journal_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"")
    (tmp_path / "metrics").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        JournalWriter(str(tmp_path / "metrics"))


def test_two_writers_of_one_journal_never_overwrite_each_other(tmp_path: Path) -> None:
    writers = [JournalWriter(str(tmp_path / "metrics")) for _ in range(2)]
    for step in range(100):
        writers[step % 2].append(record(step))
    assert steps_in(tmp_path / "metrics") == list(range(100))
