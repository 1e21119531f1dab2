"""Series that went into objects are read as before, wherever the server ends, and nothing waits for an object."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aimd_core.errors import DamagedError, UsageError
from aimd_server import backups, operations
from aimd_server.blobs.disk import DiskBlobs
from aimd_server.errors import StoreUnavailableError
from aimd_server.services import files, trash, trial_lists, trials
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import folding, plotting, sealing
from aimd_server.services.series.plotting import PlotWish
from aimd_server.services.series.sealing import SealingLimits
from aimd_server.storage import Storage, joined
from aimd_server.stores import journals, sealed
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.sealed import Bounds
from tests.server.api import new_id, wish
from tests.support.appending import append
from tests.support.list_queries import make_user

LINES = 30_000
LIMITS = SealingLimits(bounds=Bounds(17, 1 << 20), newest_rows=2 * 4096)


def lines(first: int, count: int) -> bytes:
    made = []
    for step in range(first, first + count):
        value = {"loss": 1 / (step + 1), "acc": step % 256 / 256}
        place = {"epoch": step // 1000, "step": step, "timestamp": f"2026-11-23T15:03:{step % 60:02d}.946397+00:00"}
        made.append(json.dumps({"train": {"value": value, "sequence": place}}) + "\n")
    return "".join(made).encode()


CONTENT = lines(0, LINES)


class Watched(DiskBlobs):
    """Objects on disk, with a list of who read what, and faults on demand."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.readers: list[str] = []
        self.is_gone = False

    def put(self, key: str, data: bytes) -> None:
        self._be_there()
        super().put(key, data)

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        self._be_there()
        self.readers.append(threading.current_thread().name)
        return super().get_ranges(key, ranges)

    def _be_there(self) -> None:
        if self.is_gone:
            raise StoreUnavailableError("gone")


class Place:
    """A database with one trial of many points, and objects."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = Database(directory)
        self.database.start_writer()
        self.user = make_user(self.database)
        self.uid = new_id()
        self.restart()
        self.put("Running")
        self.append(0, CONTENT)

    def restart(self) -> None:
        """Open the objects as a new server does, which remembers none of them."""
        self.blobs = Watched(self.directory / "blobs")
        self.storage: Storage = joined(self.database, self.blobs)

    def put(self, state: str) -> dict[str, Any]:
        body = msgspec.convert(wish(state=state), trials.TrialWish)
        return {"put": trials.put(self.database, self.user, self.uid, body, False)}

    def append(self, offset: int, content: bytes) -> int:
        size = 1 << 20
        for start in range(0, len(content), size):
            part = content[start : start + size]
            append(self.database, self.user, self.uid, "metrics", offset + start, part)
        return offset + len(content)

    def standing(self) -> files.Standing:
        return self._opened().standing

    def _opened(self) -> files.OpenFile:
        return self.database.read(lambda connection: files.open_file(connection, self.user, self.uid, "metrics"))

    def content(self, start: int = 0, end: int | None = None) -> bytes:
        def read(connection: Connection) -> bytes:
            opened = files.open_file(connection, self.user, self.uid, "metrics")
            return journals.read(connection, opened.journal_id or 0, start, end or opened.standing.offset)

        return self.database.read(read)

    def plots(self) -> list[Any]:
        """Return plots that read rows alone, rollups, numbers and numbers of a range."""
        asked = [PlotWish([self.uid], None, axis, points) for axis in ("step", "time") for points in (2, 100, 5000)]
        asked.append(PlotWish([self.uid], ["train.loss"], "step", 1000, 100, 9000))
        return [repr(plotting.draw(self.database, self.user, one)) for one in asked]

    def seal(self, limits: SealingLimits = LIMITS) -> int:
        return sealing.seal_due(self.storage, limits)

    def keys(self) -> list[str]:
        return [row.key for row in self.blobs.keys(sealed.PREFIX)]

    def count(self, table: str) -> int:
        from sqlalchemy import text

        return int(self.database.read(lambda c: c.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "data")
    with made.database:
        yield made


def test_what_is_sealed_is_read_as_before(place: Place) -> None:
    known = (place.plots(), place.content(), place.standing())
    assert place.seal() == 0  # it runs, and is small
    place.put("Succeeded")
    assert place.seal() > 1
    assert len(place.keys()) == place.count("sealed_object") > 1
    assert place.count("unsealed") == 0
    place.restart()
    assert (place.plots(), place.content(), place.standing()) == known
    assert place.content(700_000, 700_100) == CONTENT[700_000:700_100]
    assert place.seal() == 0
    assert operations.check(place.directory).faults == []


def test_a_small_series_and_the_newest_rows_of_a_running_one_stay(place: Place) -> None:
    assert place.seal(LIMITS._replace(large_bytes=1)) > 0
    place.restart()
    assert place.standing() == files.Standing(len(CONTENT), files.digest_of(CONTENT))
    end = place.append(len(CONTENT), lines(LINES, 5000))
    assert place.blobs.readers == []  # neither needs an object
    assert place.content() == CONTENT + lines(LINES, 5000)
    place.put("Succeeded")
    assert place.seal(LIMITS._replace(small_bytes=1 << 40)) == 0
    assert (place.count("unsealed"), place.standing().offset) == (0, end)


def test_old_bytes_that_come_again_are_compared_and_the_writer_fetches_no_object(place: Place) -> None:
    place.put("Succeeded")
    place.seal()
    place.restart()
    append(place.database, place.user, place.uid, "metrics", 100_000, CONTENT[100_000:400_000])
    with pytest.raises(RefusalError) as refused:
        append(place.database, place.user, place.uid, "metrics", 100_000, b"~" + CONTENT[100_001:100_900])
    assert refused.value.code == "content_differs"
    assert place.blobs.readers
    assert "aimd-writer" not in place.blobs.readers


def test_a_sealed_series_that_grows_again_is_sealed_again(place: Place) -> None:
    place.put("Succeeded")
    place.seal()
    place.restart()
    more = lines(LINES, LINES)
    place.append(len(CONTENT), more)
    assert place.standing() == files.Standing(len(CONTENT + more), files.digest_of(CONTENT + more))
    assert place.seal() > 0
    place.restart()
    assert place.content() == CONTENT + more
    assert place.standing() == files.Standing(len(CONTENT + more), files.digest_of(CONTENT + more))
    assert "aimd-writer" not in place.blobs.readers
    assert operations.check(place.directory).faults == []


def test_how_a_finished_file_stands_needs_no_object(place: Place) -> None:
    place.put("Succeeded")
    place.seal()
    place.restart()
    assert place.standing() == files.Standing(len(CONTENT), files.digest_of(CONTENT))
    place.put("Succeeded")
    assert place.blobs.readers == []


def test_without_the_objects_what_needs_none_goes_on(place: Place) -> None:
    place.put("Succeeded")
    place.seal()
    place.restart()
    place.blobs.is_gone = True
    with pytest.raises(StoreUnavailableError):
        place.content()
    with pytest.raises(StoreUnavailableError):
        append(place.database, place.user, place.uid, "metrics", 0, CONTENT[:1000])
    plotting.draw(place.database, place.user, PlotWish([place.uid], None, "step", 2))
    place.append(len(CONTENT), lines(LINES, 10))
    more = lines(LINES, 10)
    with pytest.raises(StoreUnavailableError):  # completes a block whose beginning is in an object
        append(place.database, place.user, place.uid, "metrics", len(CONTENT + more), lines(LINES + 10, 9000))
    place.blobs.is_gone = False
    assert place.content() == CONTENT + more


@pytest.mark.parametrize("fault", ["gone", "lost"])
def test_without_the_objects_of_a_trial_the_lists_follow_all_others_and_it_can_end(place: Place, fault: str) -> None:
    place.seal(LIMITS._replace(large_bytes=1))
    place.restart()
    place.blobs.is_gone = fault == "gone"
    if fault == "lost":
        for row in place.blobs.keys(sealed.PREFIX):
            place.blobs.delete(row.key)
    resume = {"kind": "resume", "from_step": 100, "offset": len(CONTENT), "timestamp": ""}
    with suppress(StoreUnavailableError):  # it must be counted anew, for which the objects are needed
        append(place.database, place.user, place.uid, "segments", 0, json.dumps(resume).encode() + b"\n")
    place.append(len(CONTENT), lines(100, 1))
    other = new_id()
    trials.put(place.database, place.user, other, msgspec.convert(wish("other"), trials.TrialWish))
    append(place.database, place.user, other, "metrics", 0, lines(1, 1))

    def last() -> dict[str, float]:
        shown: Any = trial_lists.page_of_trials(place.database, place.user, trial_lists.ListRequest())["trials"]
        return {trial["id"]: trial["metrics"]["train.loss"]["last"] for trial in shown}

    assert last() == {place.uid: 1 / LINES, other: 1 / 2}
    append(place.database, place.user, other, "metrics", len(lines(1, 1)), lines(2, 1))
    folding.fold_left(place.database, 0)
    assert last()[other] == 1 / 3
    assert place.put("Succeeded")["put"].outcome == trials.UPDATED
    place.blobs.is_gone = False
    assert last()[place.uid] == (1 / 101 if fault == "gone" else 1 / LINES)


def test_a_server_that_ends_before_the_row_leaves_an_object_that_goes_by_age(place: Place) -> None:
    place.put("Succeeded")
    key = sealed.key_of(sealing._put(place.storage, CONTENT[:1000]))  # and here it ends
    place.blobs.put(sealed.key_of(b"x" * 16), b"of another server in the same bucket")
    assert place.content() == CONTENT
    assert sealing.remove_left_over(place.storage) == 0  # it may be one that is being made
    place.seal()
    kept = set(place.keys()) - {key}
    assert sealing.remove_left_over(place.storage, 0) == 1
    assert set(place.keys()) == kept
    assert sealed.key_of(b"x" * 16) in kept
    assert place.content() == CONTENT


def test_of_two_that_seal_the_same_rows_one_steps_back(place: Place) -> None:
    place.put("Succeeded")
    due = place.database.read(lambda c: sealed.due(c, 1, 0, 10))[0]
    read = place.database.read(lambda c: sealing._read(c, due, LIMITS))
    assert read is not None
    other = sealed.Sealing(sealing._put(place.storage, read.content), read.lines, read.columns)
    place.seal()
    assert place.database.write(lambda c: sealing._keep(c, due, read, other)) is False
    assert place.content() == CONTENT


def test_an_object_that_took_so_long_that_it_may_be_removed_is_not_referred_to(place: Place) -> None:
    place.put("Succeeded")
    due = place.database.read(lambda c: sealed.due(c, 1, 0, 10))[0]
    read = place.database.read(lambda c: sealing._read(c, due, LIMITS))
    assert read is not None
    late = sealed.Sealing(sealing._put(place.storage, read.content), read.lines, read.columns)
    now_us = time.time_ns() // 1000 + 1_000_000
    assert place.database.write(lambda c: sealed.seal(c, due.journal_id, late, now_us)) is False
    assert place.database.write(lambda c: sealed.seal(c, due.journal_id, late, 0)) is True
    assert place.content() == CONTENT


def test_an_object_that_does_not_come_back_as_it_was_put_takes_nothing_from_the_rows(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("Succeeded")
    monkeypatch.setattr(place.blobs, "get", lambda key: b"other")
    with pytest.raises(StoreUnavailableError):
        place.seal()
    assert place.database.read(sealed.objects) == []
    assert place.content() == CONTENT


def test_the_objects_of_a_trial_that_is_gone_for_good_go_too(place: Place) -> None:
    place.put("Succeeded")
    place.seal()
    trash.delete_trial(place.database, place.user, place.uid)
    assert sealing.remove_left_over(place.storage, 0) == 0
    assert trash.sweep(place.database, 0) > 0
    assert sealing.remove_left_over(place.storage, 0) > 0
    assert place.count("sealed_object") == 0
    assert place.keys() == []


@pytest.mark.parametrize("damage", ["missing", "cut", "other bytes", "never put"])
def test_a_check_names_the_object_that_is_missing_or_damaged(
    place: Place, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("Succeeded")
    if damage == "never put":  # the row before its object
        monkeypatch.setattr(place.blobs, "get", lambda key: Same())
        monkeypatch.setattr(place.blobs, "put", lambda key, data: None)
    place.seal()
    if damage != "never put":
        file = place.directory / "blobs" / place.keys()[0]
        content = file.read_bytes()
        file.unlink() if damage == "missing" else file.write_bytes(content[:-1] + (b"" if damage == "cut" else b"~"))
    found = operations.check(place.directory).faults
    assert any("object sealed/" in fault.what and place.uid in fault.where for fault in found)


class Same(bytes):
    """Equal to everything."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = bytes.__hash__


def test_a_backup_holds_what_is_in_objects(place: Place, tmp_path: Path) -> None:
    place.put("Succeeded")
    place.seal()
    if not place.database.is_file:
        with pytest.raises(UsageError, match="has its own tools"):
            backups.backup(place.directory, tmp_path / "backup.db")
        return
    backups.backup(place.directory, tmp_path / "backup.db")
    backups.restore(tmp_path / "new", tmp_path / "backup.db")
    assert operations.check(tmp_path / "new").faults == []
    with Database(tmp_path / "new") as database:
        database.start_writer()
        other = object.__new__(Place)
        other.directory, other.database, other.user, other.uid = tmp_path / "new", database, place.user, place.uid
        other.restart()
        assert (other.content(), other.plots()) == (CONTENT, place.plots())
        assert other.seal() > 0
        assert other.content() == CONTENT
    (place.directory / "blobs" / place.keys()[0]).unlink()
    with pytest.raises(DamagedError):
        backups.backup(place.directory, tmp_path / "second.db")
    assert not (tmp_path / "second.db").exists()


def test_chunks_that_nobody_counted_are_sealed_with_the_next(place: Place) -> None:
    from sqlalchemy import text

    limits = LIMITS._replace(small_bytes=1)
    place.database.write(lambda c: c.execute(text("DELETE FROM unsealed")))
    place.put("Succeeded")
    assert place.seal(limits) == 0
    place.append(len(CONTENT), lines(LINES, 9000))
    assert place.seal(limits) > 0
    assert place.content() == CONTENT + lines(LINES, 9000)


def test_what_a_restore_sets_aside_keeps_its_objects(place: Place, tmp_path: Path) -> None:
    if not place.database.is_file:
        return  # which has its own tools for that
    place.put("Succeeded")
    place.seal()
    backups.backup(place.directory, tmp_path / "backup.db")
    keys = place.keys()
    place.database.close()
    kept = backups.restore(place.directory, tmp_path / "backup.db").kept
    assert kept is not None
    with Database(place.directory) as database:
        database.start_writer()
        assert sealing.remove_left_over(joined(database, place.blobs), 0) == 0
    assert sorted(place.keys()) == sorted(keys)
    kept.replace(place.directory / "aimd.db")
    assert operations.check(place.directory).faults == []
