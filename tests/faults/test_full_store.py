"""A disk that is full at any one write of a store of objects, here and on a server: whole files or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aimd_core.objects.adding import Adding
from aimd_core.objects.store import NEW_DIRECTORY, ObjectStore
from aimd_core.upload import files, transfers
from t9k import aimd
from tests.faults.test_file_uploads import PART, FileCase
from tests.support.proxy import Proxy
from tests.support.server import RunningServer

CALLS = ("open", "write", "link", "rename", "mkdir", "chmod", "fsync")
CONTENTS = {"small": b"s" * 900, "large": b"l" * 9_000, "again": b"l" * 9_000, "huge": os.urandom(300_000)}


class _FullDisk:
    """Fails one call that would change the disk, the one with a number; a write has half of its bytes done."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.calls = 0
        self.true = {name: getattr(os, name) for name in CALLS}

    def call(self, name: str) -> Callable[..., Any]:
        def guarded(*given: Any, **more: Any) -> Any:
            changes = name != "open" or bool(given[1] & os.O_CREAT)
            if changes:
                self.calls += 1
            if changes and self.calls == self.at:
                if name == "write":
                    self.true["write"](given[0], bytes(given[1])[: len(given[1]) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self.true[name](*given, **more)

        return guarded

    @contextmanager
    def full(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self.call(name))
            yield


def _saved(place: Path, at: int) -> tuple[list[str], int]:
    """Save files while one write fails; return what is wrong with what is there, and how many writes there were."""
    sources = place / "sources"
    sources.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (sources / name).write_bytes(content)
    trial = aimd.create_trial(trial_name="a", capture_output=False, capture_git=False, dir=place)
    disk = _FullDisk(at)
    with disk.full():
        kept = trial.save(sources, "kept")
    faults = [f"{name} is said to be kept" for name in kept if not (trial.path / "files" / name).exists()]
    faults += _faults(trial.path / "files" / "kept", place)
    if sorted(trial.save(sources, "kept")) != sorted(f"kept/{name}" for name in CONTENTS):
        faults.append("not all is kept with space again")
    faults += _faults(trial.path / "files" / "kept", place)
    trial.finish()
    return faults, disk.calls


def _faults(kept: Path, place: Path) -> list[str]:
    names = os.listdir(kept) if kept.exists() else []
    faults = [f"{name} is not what it was" for name in names if (kept / name).read_bytes() != CONTENTS.get(name)]
    store = ObjectStore(place / ".aimd" / "objects")
    faults += [f"object of {item.size_bytes} bytes" for item in store.objects() if store.fault_of(item.digest)]
    left = os.listdir(store.directory / NEW_DIRECTORY) if (store.directory / NEW_DIRECTORY).exists() else []
    return faults + [f"{name} is left" for name in left]


def test_a_disk_that_is_full_at_any_write_of_a_save_leaves_whole_files_or_none(tmp_path: Path) -> None:
    faults, calls = _saved(tmp_path / "none", -1)
    assert (faults, calls > 15) == ([], True)
    for at in range(1, calls + 1):
        assert _saved(tmp_path / str(at), at)[0] == [], f"write {at} of {calls}"


def test_the_harness_finds_a_store_that_writes_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_place(self: Adding, source: Path, target: Path, follows: bool = False) -> Any:
        content = source.read_bytes()
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT, 0o666)
        os.write(descriptor, content)
        os.close(descriptor)
        return original(self, source, target, follows)

    original = Adding.take
    monkeypatch.setattr(Adding, "take", in_place)
    _, calls = _saved(tmp_path / "none", -1)
    assert any(_saved(tmp_path / str(at), at)[0] for at in range(1, calls + 1))


FULL_AT = """
import errno, os
from pathlib import Path
from aimd_server.blobs import disk
write, calls = disk._write, [0]
def full(path, data):
    at = Path(os.environ["AIMD_TEST_FULL_AT"])
    calls[0] += 1
    if at.exists() and calls[0] >= int(at.read_text() or 0):
        calls[0] = 0
        at.unlink()
        write(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    write(path, data)
disk._write = full
"""


@pytest.mark.parametrize("numbers", [(1, 3, 6), pytest.param((2, 4, 5, 7), marks=pytest.mark.soak)])
def test_a_server_whose_disk_is_full_at_any_object_loses_nothing_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbers: tuple[int, ...]
) -> None:
    monkeypatch.setattr(transfers, "FIRST_PART_BYTES", PART)
    monkeypatch.setattr(transfers, "MAX_PART_BYTES", PART)
    monkeypatch.setattr(files, "SMALL_BYTES", 3000)
    monkeypatch.setattr(files, "BODY_BYTES", 1000)
    at = tmp_path / "at"
    environment = {"AIMD_TEST_FULL_AT": str(at)}
    with RunningServer(tmp_path / "data", FULL_AT, environment=environment) as server, Proxy(server.port) as proxy:
        for number in numbers:
            case = FileCase(server, proxy, tmp_path / f"t{number}")
            at.write_text(str(number))
            case.upload_until_done()
            assert not at.exists()
            assert case.faults(tmp_path / f"back{number}") == []
        left = [path.name for path in (tmp_path / "data" / "blobs").rglob("*.part")]
        assert left == []
        assert "Traceback" not in server.log


@pytest.mark.parametrize("name", ["small", "huge"])
@pytest.mark.parametrize("keeps", ["save", "checkpoint"])
def test_a_full_disk_is_not_taken_for_a_file_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keeps: str, name: str
) -> None:
    source = tmp_path / name
    source.write_bytes(CONTENTS[name])
    trial = aimd.create_trial(trial_name="a", capture_output=False, capture_git=False, dir=tmp_path / "out")
    said: list[str] = []
    for at in range(1, 100):
        disk = _FullDisk(at)
        with disk.full():
            trial.save(source, f"kept-{at}") if keeps == "save" else trial.checkpoint(source, at)
        if disk.calls < at:
            break
        said += capsys.readouterr().err.splitlines()
    trial.finish()
    assert len([line for line in said if f"{name}" in line and "its copy cannot be written (No space left" in line]) > 1
    assert [line for line in said if "cannot be read" in line] == []
