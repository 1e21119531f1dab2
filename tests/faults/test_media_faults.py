"""Media on a disk that is full, and in a process that is killed at any of its calls to the system."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aimd_core.errors import DamagedError
from aimd_core.format.journal import JournalWriter
from aimd_core.format.media import StoredBytes
from aimd_core.objects.collecting import collect
from aimd_core.objects.store import store_of
from aimd_core.reading.documents import Trial
from aimd_core.reading.media import LocalMedia
from aimd_core.reading.verification import verify_trial
from t9k import aimd
from t9k.aimd.media.recording import MediaRecorder
from tests.support.parts import can_mount, require_part
from tests.support.scripts import run_script

CALLS = ("write", "open", "link", "rename", "unlink", "mkdir", "chmod", "utime", "ftruncate")
MOUNT = 'mount -t tmpfs -o size=256k tmpfs full && cd full && exec "$0" "$@"'
FILL = """
import os, shutil, sys
from t9k import aimd
def fill():
    filler = os.open("filler", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(filler, b"x" * 4096):
            pass
    except OSError:
        os.close(filler)

trial = aimd.create_trial(trial_name="a", capture_git=False, capture_output=False)
for step in range(300):
    if step == 100:
        fill()
    if step == 200:
        os.unlink("filler")
    trial.log_html("small", b"%d" % step * 9, step)
    if step % 10 == 0:
        trial.log_html("large", b"%04d" % step * 1500, step)
trial.finish()
shutil.copytree(".aimd", "../left")
sys.exit(7)
"""


def test_a_full_disk_costs_what_does_not_fit_and_nothing_else(tmp_path: Path) -> None:
    require_part("mount (root)", can_mount())
    (tmp_path / "full").mkdir()
    done = run_script(FILL, tmp_path, wrapper=("unshare", "-m", "sh", "-c", MOUNT))
    assert done.returncode == 7, done.stderr
    assert done.stderr.count("WARNING: cannot write to") == 1
    (path,) = (tmp_path / "left" / "trials").iterdir()
    (tmp_path / ".aimd").symlink_to(tmp_path / "left")
    path = tmp_path / ".aimd" / "trials" / path.name
    media = LocalMedia(path)
    steps = media.steps("small")
    assert steps[:100] == list(range(100))
    assert steps[-90:] == list(range(210, 300))
    assert unreadable(path) == 0
    attempts, written = re.search(r"media (\d+), on disk (\d+)", done.stderr).groups()  # type: ignore[union-attr]
    assert (int(attempts), int(written)) == (330, len(list(media.items())))
    faults = verify_trial(Trial(path)).faults
    assert [fault for fault in faults if not re.fullmatch(r"media: damaged: line \d+", fault)] == []  # the cut record


def dying(number: int, work: Callable[[], object]) -> bool:
    """Do something in a child that ends at its n-th call to the system, as when killed; tell whether it did."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = number

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                os._exit(9)
            return call(*arguments, **named)

        return counting

    try:
        for name in CALLS:
            setattr(os, name, counted(getattr(os, name)))
        work()
    finally:
        os._exit(0)


def test_a_process_killed_at_any_call_leaves_only_whole_media(tmp_path: Path) -> None:
    trial = aimd.create_trial(trial_name="a", dir=tmp_path, capture_git=False, capture_output=False)
    trial.log_html("k", b"first", 0)

    def record() -> None:
        trial.log_html("k", os.urandom(300), 1)
        trial.log_html("k", os.urandom(9000), 2)
        trial.log_html("k", os.urandom(300), 3)

    number = 1
    while dying(number, record):
        number += 1
        trial.log_html("k", b"%d" % number * 50, 100 + number)
    assert number > 15  # how many there are depends on the file system
    items = list(LocalMedia(trial.path).items())
    assert unreadable(trial.path) == 0
    assert [item.record.step for item in items if item.record.step > 100] == list(range(102, 101 + number))
    trial.finish()
    assert verify_trial(Trial(trial.path)).faults == []


def unreadable(trial: Path) -> int:
    media, count = LocalMedia(trial), 0
    for item in media.items():
        (stored,) = item.record.bytes
        try:
            media.read(stored)
        except DamagedError:
            count += 1
    return count


def test_the_harness_catches_a_recorder_that_writes_the_line_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[bytes] = []

    def stored(self: MediaRecorder, content: bytes, kind: str) -> StoredBytes:
        waiting.append(content)
        return StoredBytes(hashlib.sha256(content).hexdigest(), len(content), kind)

    def append(self: JournalWriter, record: bytes) -> bool:
        done = original(self, record)
        while waiting:
            store_of(tmp_path / ".aimd" / "trials").add_bytes(waiting.pop())
        return done

    original = JournalWriter.append
    monkeypatch.setattr(MediaRecorder, "_stored", stored)
    monkeypatch.setattr(JournalWriter, "append", append)
    trial = aimd.create_trial(trial_name="a", dir=tmp_path, capture_git=False, capture_output=False)
    number = 1
    while dying(number, lambda: trial.log_html("k", os.urandom(300), 1)):
        number += 1
    assert unreadable(trial.path) > 0
    trial.finish()


def test_a_collection_killed_at_any_call_loses_nothing_that_is_referred_to(tmp_path: Path) -> None:
    kept = aimd.create_trial(trial_name="kept", dir=tmp_path, capture_git=False, capture_output=False)
    number = 1
    while True:
        gone = aimd.create_trial(trial_name="gone", dir=tmp_path, capture_git=False, capture_output=False)
        for _ in range(3):
            kept.log_html("k", os.urandom(300), number)
            gone.log_html("k", os.urandom(300), number)
        gone.log_html("k", os.urandom(9000), number)
        kept.log_html("k", os.urandom(9000), number)
        assert kept._recorder is not None
        kept._recorder.close()  # so that nobody holds a pack
        gone.finish()
        shutil.rmtree(gone.path, ignore_errors=True)  # its sampler may be about to end
        if not dying(number, lambda: collect(tmp_path, grace_s=-1)):
            break
        number += 1
    assert number > 5
    assert unreadable(kept.path) == 0
    assert len(list(LocalMedia(kept.path).items())) == 4 * number
    kept.finish()
    collect(tmp_path, grace_s=-1)
    assert collect(tmp_path, grace_s=-1).objects == 0


@pytest.mark.parametrize("name", ["media", "metrics"])
def test_a_journal_that_cannot_be_opened_never_breaks_training(name: str, tmp_path: Path) -> None:
    trial = aimd.create_trial(trial_name="a", dir=tmp_path, capture_git=False, capture_output=False)
    (trial.path / name).unlink(missing_ok=True)
    (trial.path / name).mkdir()
    trial.log_text("k", "x", 1)
    trial.log_html("k", b"y" * 9000, 1)
    trial.log("train", {"loss": 1.0}, 1)
    expected = "media 2, on disk 0" if name == "media" else "media 2, on disk 2"
    assert trial.receipt.endswith(expected)
    (trial.path / name).rmdir()
    trial.finish()
