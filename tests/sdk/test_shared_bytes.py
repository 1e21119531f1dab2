"""What saving a file costs on the disk: nothing where files can share their bytes, one copy elsewhere.

The first on a real XFS in an image of its own, which is mounted for the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from t9k import aimd
from tests.support.parts import require_part
from tests.support.patience import wait_until

SIZE = 1 << 20
COUNT = 16
SLACK = SIZE  # what directories, journals and the file system's own tables take


@pytest.fixture(scope="module")
def sharing_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory on a file system whose files can share bytes."""
    require_part("mkfs.xfs", shutil.which("mkfs.xfs", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is not None)
    place = tmp_path_factory.mktemp("xfs")
    image, directory = place / "image", place / "disk"
    directory.mkdir()
    with image.open("wb") as file:
        file.truncate(320 << 20)  # sparse; XFS has no smaller ones
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", str(image)], env=environment, check=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(image), str(directory)], env=environment, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"an XFS cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], env=environment, check=True)


def _used_bytes(directory: Path) -> int:
    os.sync()
    status = os.statvfs(directory)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def _files(directory: Path) -> list[Path]:
    paths = []
    for number in range(COUNT):
        path = directory / f"{number}.bin"
        path.write_bytes(os.urandom(SIZE))
        paths.append(path)
    return paths


def _keep(paths: list[Path]) -> tuple[aimd.Trial, aimd.Artifact]:
    """Save files with a trial, and half of them in an artifact, too."""
    trial = aimd.create_trial(trial_name="cnn", capture_output=False)
    for path in paths:
        trial.save(path)
    artifact = aimd.create_artifact("model", "model")
    for path in paths[: COUNT // 2]:
        artifact.add_file(path)
    return trial, artifact


def test_saved_files_and_artifacts_take_no_space_where_files_can_share_bytes(
    sharing_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sharing_disk)
    paths = _files(sharing_disk)
    before = _used_bytes(sharing_disk)
    trial, artifact = _keep(paths)
    assert _used_bytes(sharing_disk) - before < SLACK
    paths[0].write_bytes(b"changed")  # a name of its own, although its bytes were shared
    assert (trial.path / "files" / "0.bin").stat().st_size == SIZE
    assert (artifact.path / "objects" / "1.bin").read_bytes() == paths[1].read_bytes()
    trial.finish()


@pytest.mark.parametrize("is_checkpoint_first", [False, True])
def test_a_checkpoint_of_equal_bytes_takes_no_space_where_files_can_share_bytes(
    sharing_disk: Path, monkeypatch: pytest.MonkeyPatch, is_checkpoint_first: bool
) -> None:
    monkeypatch.chdir(sharing_disk)
    trial = aimd.create_trial(trial_name="cnn", capture_output=False)
    content, source = os.urandom(COUNT * SIZE), Path("weights")
    before = _used_bytes(sharing_disk)
    for number in range(4):
        source.write_bytes(content)  # each time other blocks
        if is_checkpoint_first == (number % 2 == 0):
            assert trial.checkpoint(source, number) is not None
        else:
            assert trial.save(source, f"{number}.bin")
        source.unlink()  # whose space XFS gives back a little later
    wait_until(lambda: _used_bytes(sharing_disk) - before < COUNT * SIZE + SLACK, lambda: _used_bytes(sharing_disk))
    made = trial.checkpoints[0].path
    made.write_bytes(b"changed")  # a name of its own, although its bytes were shared
    assert {path.read_bytes() == content for path in (trial.path / "files").iterdir()} == {True}
    assert [item.path.read_bytes() == content for item in trial.checkpoints if item.path != made] == [True]
    trial.finish()


def test_the_measure_finds_a_copy(sharing_disk: Path) -> None:
    paths = _files(sharing_disk)
    before = _used_bytes(sharing_disk)
    for path in paths:
        path.with_suffix(".copy").write_bytes(path.read_bytes())
    assert _used_bytes(sharing_disk) - before > COUNT * SIZE - SLACK


def test_saved_files_and_artifacts_take_space_once_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("aimd_core.objects.copying.share_bytes", lambda source, target: False)
    paths = _files(tmp_path)
    trial, _ = _keep(paths)
    trial.finish()
    status = {path: path.stat() for path in (tmp_path / ".aimd").rglob("*") if path.is_file()}
    taken = {each.st_ino: each.st_size for each in status.values()}
    assert COUNT * SIZE <= sum(taken.values()) < COUNT * SIZE + SLACK
