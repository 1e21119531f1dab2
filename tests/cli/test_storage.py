"""`aimd du` and `aimd gc`: what is kept by whom, and that nothing goes that somebody refers to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aimd_core.objects import collecting
from aimd_core.objects.adding import Adding
from aimd_core.objects.collecting import collect, usage
from aimd_core.objects.store import ObjectStore
from t9k import aimd
from tests.support.home import Home


def record(*files: str) -> aimd.Trial:
    with aimd.create_trial(trial_name="cnn", capture_output=False) as trial:
        for file in files:
            trial.save(file)
    return trial


@pytest.fixture
def store(home: Home) -> ObjectStore:
    for name in ("a", "b", "c"):
        (home.work / f"{name}.bin").write_bytes(os.urandom(100_000))
    return ObjectStore(home.work / ".aimd" / "objects")


def collected(home: Home, *options: str) -> tuple[int, int, int]:
    facts = home.aimd("gc", "--json", *options).json
    assert facts["dry_run"] == bool(options)
    return facts["objects"], facts["size_bytes"], facts["kept"]


def grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let more than the hour pass in which nothing is removed."""
    now_s = time.time() + 2 * collecting.GRACE_S
    monkeypatch.setattr(collecting.time, "time", lambda: now_s)


def test_what_several_trials_keep_takes_space_once(home: Home, store: ObjectStore) -> None:
    first, second = record("a.bin", "b.bin"), record("a.bin")
    ran = home.aimd("du", "--json").json
    rows = {row["name"]: row for row in ran["holders"]}
    one, two = rows[first.alternative_name], rows[second.alternative_name]
    assert 100_000 <= one["size_bytes"] - two["size_bytes"] < 101_000
    assert 100_000 <= one["own_bytes"] < 110_000
    assert two["own_bytes"] < 10_000
    assert 200_000 <= ran["total_bytes"] < 220_000
    assert ran["unused"] == {"objects": 0, "size_bytes": 0}
    shown = home.aimd("du")
    assert [row["name"] for row in shown.table] == [first.alternative_name, second.alternative_name]
    assert "in all" in shown.err


def test_what_is_in_the_trash_and_what_only_it_holds_is_seen_at_any_width(home: Home, store: ObjectStore) -> None:
    trial = record("a.bin")
    trial.checkpoint("a.bin", 1)
    trashed = record("c.bin")
    assert home.aimd("trial", "rm", trashed.alternative_name, "--yes").code == 0
    for columns in (60, 80, 120):
        shown = home.aimd_terminal("du", columns=columns, NO_COLOR="1")
        assert ("OWN" in shown, "trash" in shown, "artifact" in shown) == (True, True, True)


def test_what_nobody_refers_to_is_removed_and_the_rest_stays(
    home: Home, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = record("a.bin"), record("b.bin", "a.bin")
    shutil.rmtree(gone.path)
    trashed = record("c.bin")
    assert home.aimd("trial", "rm", trashed.alternative_name, "--yes").code == 0
    assert collected(home) == (0, 0, 1)
    grow_old(monkeypatch)
    assert collected(home, "--dry-run") == (1, 100_000, 0)
    assert len(list(store.objects())) == 3
    assert "Removed 1 object" in home.aimd("gc").err
    assert len(list(store.objects())) == 2
    assert (kept.path / "files" / "a.bin").read_bytes() == (home.work / "a.bin").read_bytes()
    assert home.aimd("trial", "restore", trashed.alternative_name).code == 0
    assert (trashed.path / "files" / "c.bin").read_bytes() == (home.work / "c.bin").read_bytes()


def test_what_is_added_again_in_the_meantime_stays(home: Home, store: ObjectStore) -> None:
    with Adding(store) as adding:
        stored = adding.take(home.work / "a.bin")
    path = store.path_of(stored.digest)
    time.sleep(0.02)
    before_s = time.time()
    with Adding(ObjectStore(store.directory)) as adding:
        adding.take(home.work / "a.bin")
    assert path.stat().st_ctime >= before_s - 0.01
    assert collect(home.work, grace_s=time.time() - before_s + 1).objects == 0


def test_small_objects_that_nobody_refers_to_are_removed_with_their_pack(
    home: Home, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        store.add_bytes(b"%d" % number)
    grow_old(monkeypatch)
    assert collect(home.work) == (0, 0, 50)  # its writer is still there
    store.close()
    assert collect(home.work, dry_run=True).objects == 50
    assert len(usage(home.work).unused) == 50
    assert collect(home.work).objects == 50
    assert usage(home.work).unused == []


def test_a_trial_that_goes_to_the_trash_while_others_are_read_keeps_its_media(
    home: Home, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with aimd.create_trial(trial_name="cnn", capture_output=False) as trial:
        trial.log_text("text", "much text " * 1_000, step=1)
    (stored,) = store.objects()
    read = collecting.media_digests
    moved: list[int] = []

    def reading(directory: Path) -> set[str]:
        if not moved:
            moved.append(home.aimd("trial", "rm", trial.alternative_name, "--yes").code)
        return read(directory)

    monkeypatch.setattr(collecting, "media_digests", reading)
    collect(home.work, grace_s=-1)
    assert (moved, store.has(stored.digest)) == ([0], True)


def test_without_a_directory_both_say_so(home: Home) -> None:
    for command in ("du", "gc"):
        ran = home.aimd(command)
        assert (ran.code, ".aimd" in ran.err) == (3, True)


_ADD = """
import sys, time
{planted}
from pathlib import Path
from aimd_core.objects.adding import Adding
from aimd_core.objects.store import ObjectStore
work, number = Path(sys.argv[1]), int(sys.argv[2])
store = ObjectStore(work / ".aimd" / "objects")
for step in range(60):
    source, target = work / f"source{number}", work / "kept" / f"{number}-{step}"
    source.write_bytes(b"%d" % (step % 7) * 5000)
    with Adding(store) as adding:
        adding.take(source, target)
    if step < 53:
        target.unlink()
"""
_FORGETS_THE_LOCK = """
from contextlib import contextmanager
from aimd_core.objects import adding, store as module
adding.linked = lambda source, target: False  # a link would keep the bytes without a lock
@contextmanager
def forgotten(self, is_shared):
    yield
module.ObjectStore.locked = forgotten
true = module._put
def slowly(*arguments):
    time.sleep(0.02)
    true(*arguments)
module._put = slowly
"""


def _faults_while_collecting(work: Path, planted: str = "") -> list[str]:
    """Add equal files from two processes while unused ones are collected without a grace; return what is wrong."""
    (work / "kept").mkdir(parents=True)
    (work / ".aimd" / "trials").mkdir(parents=True)
    words = [sys.executable, "-c", _ADD.replace("{planted}", planted), str(work)]
    adders = [subprocess.Popen([*words, str(number)], stderr=subprocess.PIPE, text=True) for number in range(2)]
    while any(adder.poll() is None for adder in adders):
        collect(work, grace_s=-60.0)
    faults = [error for adder in adders if (error := adder.communicate()[1])]
    for path in (work / "kept").iterdir():
        step = int(path.name.partition("-")[2])
        if path.read_bytes() != b"%d" % (step % 7) * 5000:
            faults.append(f"{path.name} has other bytes")
    return faults


def test_collecting_while_others_add_loses_nothing(home: Home) -> None:
    assert _faults_while_collecting(home.work) == []


def test_the_harness_catches_a_store_without_a_lock(home: Home) -> None:
    # Which of the processes comes first is chance, and rarely always the harmless order.
    assert any(_faults_while_collecting(home.work / str(turn), _FORGETS_THE_LOCK) for turn in range(10))


def _killed_at(work: Path, call: Callable[[], object], at: int) -> bool:
    """Run something in a fork, killed before its change number `at` of the disk; return whether it was."""
    child = os.fork()
    if child == 0:
        count = 0

        def counted(name: str, true: Callable[..., object]) -> Callable[..., object]:
            def change(*arguments: object, **named: object) -> object:
                nonlocal count
                count += 1
                if count == at:
                    os.kill(os.getpid(), 9)
                return true(*arguments, **named)

            return change

        for name in ("link", "unlink", "rename", "write", "chmod", "mkdir"):
            setattr(os, name, counted(name, getattr(os, name)))
        try:
            call()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def _faults_of_kills(home: Home, first: int, stride: int) -> list[str]:
    """Kill adding, replacing and collecting before each change of the disk; return what is wrong afterwards."""
    faults, at = [], first
    going = True
    while going:
        work = home.work / f"kill{at}"
        (work / "kept").mkdir(parents=True)
        (work / ".aimd" / "trials").mkdir(parents=True)
        for name in ("old", "new"):
            (work / name).write_bytes(name.encode() * 4000)
        store = ObjectStore(work / ".aimd" / "objects")
        with Adding(store) as adding:
            adding.take(work / "old", work / "kept" / "file")
            adding.take(work / "new")
        before = {stored.digest for stored in store.objects()}

        def change(store: ObjectStore = store, work: Path = work) -> None:
            store.add_bytes(b"small")
            with Adding(store) as adding:
                adding.take(work / "new", work / "kept" / "file")
                adding.take(work / "old", work / "kept" / "other")
            collect(work, grace_s=-60.0)

        going = _killed_at(work, change, at)
        fresh = ObjectStore(store.directory)
        if (work / "kept" / "file").read_bytes() not in (b"old" * 4000, b"new" * 4000):
            faults.append(f"killed at {at}: a half replaced file")
        faults += [f"killed at {at}: {stored}" for stored in fresh.objects() if fresh.fault_of(stored.digest)]
        if going and not before <= {stored.digest for stored in fresh.objects()} and not _is_collected(fresh, work):
            faults.append(f"killed at {at}: an object in use is gone")
        at += stride
        shutil.rmtree(work)
    return faults


def _is_collected(store: ObjectStore, work: Path) -> bool:
    """Tell whether all objects that are gone have no other name."""
    names = {path.stat().st_nlink for path in (work / "kept").iterdir()}
    return names <= {2} or store.clones is not False


@pytest.mark.parametrize("first", [1])
def test_a_kill_at_any_change_of_the_disk_leaves_whole_files(home: Home, first: int) -> None:
    assert _faults_of_kills(home, first, stride=1) == []


def test_the_harness_catches_a_store_that_writes_in_place(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: what is replaced is written where it is, without another name first."""

    def in_place(self: Adding, source: Path, target: Path | None = None, follows: bool = False) -> object:
        content = source.read_bytes()
        if target is not None:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for start in range(0, len(content), 4000):
                os.write(descriptor, content[start : start + 4000])
            os.close(descriptor)
        return None

    (home.work / "sound").mkdir()
    monkeypatch.setattr(Adding, "take", in_place)
    assert any("half replaced" in fault for fault in _faults_of_kills(home, 1, stride=1))
