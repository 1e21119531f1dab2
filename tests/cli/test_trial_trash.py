import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aimd_core.durations import parse_duration_s
from aimd_core.errors import UsageError
from t9k import aimd
from tests.support.home import Home


def record(name: str = "cnn") -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name)
    trial.log("train", {"loss": 1.0}, step=1)
    trial.finish()
    return trial


def files_of(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def answer(home: Home, words: list[str], said: str) -> tuple[int, str]:
    """Run `aimd` in a terminal and answer its question."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "aimd_cli", *words]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, cwd=home.work) as running:
        os.close(follower)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(leader, 4096)
        os.write(leader, said.encode() + b"\n")
        while True:
            try:
                shown += os.read(leader, 4096)
            except OSError:
                break
        os.close(leader)
        return running.wait(), shown.decode()


def test_a_removed_trial_lies_in_the_trash_and_comes_back_byte_for_byte(home: Home) -> None:
    trial = record()
    before = files_of(trial.path)
    assert home.aimd("trial", "rm", "cnn", "--yes").code == 0
    assert not trial.path.exists()
    (row,) = home.aimd("trial", "trash", "ls").table
    assert (row["name"], row["origin"]) == (trial.alternative_name, str(trial.path.absolute()))
    assert home.aimd("trial", "restore", "cnn").code == 0
    assert files_of(trial.path) == before
    assert home.aimd("trial", "trash", "ls").table == []
    assert list((home.work / ".aimd" / "trash").iterdir()) == []


def test_without_anyone_to_ask_nothing_is_removed(home: Home) -> None:
    trial = record()
    for words in (("rm", "cnn"), ("rm", "-d", ".")):
        ran = home.aimd_process("trial", *words)
        assert ran.code == 2
        assert f"would be removed: {trial.alternative_name}" in ran.err
        assert "--yes" in ran.err
    assert trial.path.exists()


def test_a_person_is_asked_and_only_yes_is_yes(home: Home) -> None:
    trial = record()
    code, shown = answer(home, ["trial", "rm", "cnn"], "n")
    assert (code, trial.path.exists()) == (1, True)
    assert "Move 1 trial to the trash? `aimd trial restore` undoes it." in shown
    code, _ = answer(home, ["trial", "rm", "cnn"], "yes")
    assert (code, trial.path.exists()) == (0, False)


def test_restoring_never_overwrites(home: Home) -> None:
    trial = record()
    home.aimd("trial", "rm", "cnn", "--yes")
    trial.path.mkdir()
    (trial.path / "file").write_text("kept")
    ran = home.aimd("trial", "restore", "cnn")
    assert ran.code == 1
    assert "nothing was overwritten" in ran.err
    assert (trial.path / "file").read_text() == "kept"
    assert len(home.aimd("trial", "trash", "ls").table) == 1


def test_a_trial_outside_of_a_working_directory_goes_back_to_where_it_was(home: Home) -> None:
    trial = record()
    place = home.work / "archive"
    place.mkdir()
    moved = trial.path.rename(place / trial.alternative_name)
    assert home.aimd("trial", "rm", "-p", moved, "--yes").code == 0
    assert home.aimd("trial", "restore", "-d", place, "cnn").code == 0
    assert moved.exists()


def test_a_trash_moved_with_its_directory_still_restores(home: Home) -> None:
    trial = record()
    home.aimd("trial", "rm", "cnn", "--yes")
    elsewhere = home.path / "elsewhere"
    (home.work / ".aimd").rename(home.path / ".aimd-moved")
    elsewhere.mkdir()
    (home.path / ".aimd-moved").rename(elsewhere / ".aimd")
    assert home.aimd("trial", "restore", "-d", elsewhere, "cnn").code == 0
    assert (elsewhere / ".aimd" / "trials" / trial.alternative_name / "metrics").exists()


def test_one_that_cannot_be_removed_does_not_keep_the_others(home: Home) -> None:
    first, second = record("a"), record("b")
    taken = home.work / ".aimd" / "trash" / first.alternative_name
    taken.mkdir(parents=True)
    (taken / "metrics").write_bytes(b"")
    ran = home.aimd("trial", "rm", "a", "b", "--yes")
    assert ran.code == 8
    assert [row["outcome"] for row in ran.table] == ["failed", "removed"]
    assert first.path.exists()
    assert not second.path.exists()


def test_emptying_deletes_only_what_is_old_enough_and_said_so(home: Home) -> None:
    old, new = record("old"), record("new")
    home.aimd("trial", "rm", "old", "new", "--yes")
    origin = home.work / ".aimd" / "trash" / f"{old.alternative_name}.origin.yaml"
    origin.write_text("removed: '2026-01-01T00:00:00+00:00'\n")
    assert home.aimd_process("trial", "trash", "empty", "--older", "30d").code == 2
    ran = home.aimd("trial", "trash", "empty", "--older", "30d", "--yes")
    assert [row["name"] for row in ran.table] == [old.alternative_name]
    assert [row["name"] for row in home.aimd("trial", "trash", "ls").table] == [new.alternative_name]
    assert home.aimd("trial", "trash", "empty", "--yes").code == 0
    assert "Nothing to delete" in home.aimd("trial", "trash", "empty", "--yes").err


def test_a_link_in_a_trial_is_deleted_and_not_followed(home: Home) -> None:
    trial = record()
    kept = home.path / "kept"
    kept.mkdir()
    (kept / "file").write_text("kept")
    (trial.path / "link").symlink_to(kept)
    home.aimd("trial", "rm", "cnn", "--yes")
    assert home.aimd("trial", "trash", "empty", "--yes").code == 0
    assert (kept / "file").read_text() == "kept"


def test_unknown_names_are_not_found(home: Home) -> None:
    record()
    assert home.aimd("trial", "rm", "nope", "--yes").code == 3
    assert home.aimd("trial", "restore", "cnn").code == 3
    assert home.aimd("trial", "trash", "empty", "--older", "soon", "--yes").code == 2


def test_hostile_names_do_not_drive_the_terminal(home: Home) -> None:
    record("x[link=evil]y[bold]")
    home.aimd("trial", "rm", "x", "--yes")
    shown = home.aimd_terminal("trial", "trash", "ls", columns=100, NO_COLOR="1")
    assert "x[link=evil]y[bold]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(("text", "seconds"), [("30d", 2592000), ("1h30m", 5400), ("90", 90), ("250ms", 0.25)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "-1h", "1y", "1h30", "inf", "nan"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration_s(text)


@pytest.fixture
def other_file_system(home: Home) -> Iterator[Path]:
    """A directory on another file system: a tmpfs of its own where that may be mounted, else a part of /dev/shm."""
    place = home.path / "scratch"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "aimd-test", place], capture_output=True)
    if mounted.returncode == 0:
        yield place
        subprocess.run(["umount", "-l", place], check=True)
        return
    place = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield place
    shutil.rmtree(place)


def test_trials_that_lie_on_another_file_system_are_removed_and_come_back(home: Home, other_file_system: Path) -> None:
    assert other_file_system.stat().st_dev != home.work.stat().st_dev
    (home.work / ".aimd").mkdir()
    (home.work / ".aimd" / "trials").symlink_to(other_file_system)
    trial, other = record("cnn"), record("other")
    before = files_of(trial.path)
    assert home.aimd("trial", "rm", "cnn", "--yes").code == 0
    assert [row["name"] for row in home.aimd("trial", "ls").table] == [other.alternative_name]
    assert [row["name"] for row in home.aimd("trial", "trash", "ls").table] == [trial.alternative_name]
    assert not (home.work / ".aimd" / "trash").exists()  # nothing is left where it could not go
    assert home.aimd("trial", "restore", "cnn").code == 0
    assert files_of(trial.path) == before
    assert home.aimd("trial", "rm", "cnn", "--yes").code == 0
    assert home.aimd("trial", "trash", "empty", "--yes").code == 0
    kept = [
        path.name for path in other_file_system.rglob("*") if path.is_file() and trial.alternative_name in str(path)
    ]
    assert kept == []


def test_of_a_trial_that_is_a_link_only_the_link_is_removed(home: Home, other_file_system: Path) -> None:
    trial = record()
    real = other_file_system / trial.alternative_name
    shutil.move(trial.path, real)
    trial.path.symlink_to(os.path.relpath(real, trial.path.parent))
    text = os.readlink(trial.path)
    for verb in ("restore", "empty"):
        assert home.aimd("trial", "rm", "cnn", "--yes").code == 0
        assert not os.path.lexists(trial.path)
        assert len(home.aimd("trial", "trash", "ls").table) == 1
        if verb == "restore":
            assert home.aimd("trial", "restore", "cnn").code == 0
            assert os.readlink(trial.path) == text
    assert home.aimd("trial", "trash", "empty", "--yes").code == 0
    assert home.aimd("trial", "trash", "ls").table == []
    assert (real / "metrics").exists()


def test_a_removal_that_was_killed_leaves_nothing_in_the_way(home: Home) -> None:
    trial = record()
    trash = home.work / ".aimd" / "trash"
    (trash / trial.alternative_name).mkdir(parents=True)  # as it is just before the rename
    (trash / f"{trial.alternative_name}.origin.yaml").write_text(f"origin: ../trials/{trial.alternative_name}\n")
    assert home.aimd("trial", "trash", "ls").table == []
    assert home.aimd("trial", "rm", "cnn", "--yes").code == 0
    trial.path.mkdir()  # the same, of a restoration
    assert home.aimd("trial", "restore", "cnn").code == 0
    assert (trial.path / "metrics").exists()


def test_a_killed_move_of_a_link_is_finished_by_the_next(home: Home) -> None:
    trial = record()
    real = home.path / trial.alternative_name
    shutil.move(trial.path, real)
    trial.path.symlink_to(real)
    trash = home.work / ".aimd" / "trash"
    trash.mkdir()
    (trash / trial.alternative_name).symlink_to(real)  # as it is just before the old link goes
    assert home.aimd("trial", "rm", "cnn", "--yes").code == 0
    assert not os.path.lexists(trial.path)


def test_a_new_name_is_no_sign_of_life(home: Home) -> None:
    trial = record()
    metadata = trial.path / "metadata.yaml"
    os.utime(metadata, (1000, 1000))
    assert home.aimd("trial", "rename", "cnn", "base").code == 0
    (renamed,) = trial.path.parent.iterdir()
    assert (renamed / "metadata.yaml").stat().st_mtime == 1000
