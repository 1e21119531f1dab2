"""Equal bytes are one file on the disk, whichever way they come: saved, in an artifact, a checkpoint or media.

Also what `aimd du` counts then, and that nothing is left when everything that had them is gone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimd_core import trash
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.objects import adding, collecting
from aimd_core.objects.copying import digest_file, open_source
from aimd_core.objects.lending import lent_path
from aimd_core.objects.packs import PACKED_BYTES
from aimd_core.objects.store import ObjectStore, store_of
from aimd_core.reading.artifacts import StoredArtifact, artifact_with_id, remove_artifact
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, batches
from aimd_core.upload.artifacts import bring_artifact, download_objects, upload_artifact_at
from aimd_core.upload.current_artifacts import CurrentArtifactRemote
from aimd_core.upload.downloading import download_trial
from aimd_core.upload.remote import CurrentRemote
from t9k import aimd
from tests.conftest import Account
from tests.support.properties import load_profile

load_profile()
_HEAD = b"RIFF\0\0\0\0WAVEfmt "
# Read into memory at once, and copied piece by piece; the third is packed, and so copied wherever it is seen.
CONTENTS = (_HEAD + b"a" * 20_000, _HEAD + b"b" * 300_000, _HEAD + b"c" * 1_000)
_WAYS = (
    "save",
    "checkpoint",
    "the best checkpoint",
    "artifact",
    "media",
    "fork",
    "gc",
    "remove trial",
    "remove artifact",
)
_steps = st.lists(st.tuples(st.sampled_from(_WAYS), st.sampled_from(range(len(CONTENTS)))), min_size=2, max_size=9)


@pytest.fixture(autouse=True)
def work_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIMD_CAPTURE_SYSTEM", "0")  # no companion processes, which write to trials that are gone


class Remote(NamedTuple):
    """A trial and an artifact on a server that have all contents, and where they are on this disk, elsewhere."""

    credentials: Credentials
    trial: Path
    artifact: aimd.Artifact


@pytest.fixture
def remote(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    monkeypatch.setattr(batches, "_FEW", 1)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    work = Work()
    for number in range(len(CONTENTS)):
        for way in ("save", "save", "media"):
            work.do(way, number)
    artifact = aimd.create_artifact("there", "model")
    for path in sorted((work.trial.path / "files").iterdir()):
        artifact.add_file(path)
    work.trial.finish()
    credentials = Credentials(account.url, account.key, {})
    with CurrentRemote(credentials) as server:
        server.upload(Trial(work.trial.path), Destination())
    with CurrentArtifactRemote(Server(credentials)) as server:
        upload_artifact_at(server, StoredArtifact(artifact.path), Destination())
    return Remote(credentials, work.trial.path, artifact)


class Work:
    """A working directory, and what was made in it."""

    def __init__(self, remote: Remote | None = None) -> None:
        self.directory = Path.cwd()
        self.remote = remote
        self.artifacts: list[aimd.Artifact] = []
        self.step = 0
        self.trial = self.new_trial()

    def new_trial(self) -> aimd.Trial:
        return aimd.create_trial(trial_name="once", capture_output=False, capture_system=False, capture_git=False)

    def do(self, way: str, number: int) -> None:
        """Bring bytes in by one way, always from a file of its own."""
        self.step += 1
        source = Path(f"source-{self.step}.wav")
        source.write_bytes(CONTENTS[number])
        getattr(self, f"_{way.replace(' ', '_')}")(source, number)
        source.unlink()

    def _save(self, source: Path, number: int) -> None:
        assert self.trial.save(source, f"{self.step}.wav")

    def _checkpoint(self, source: Path, number: int) -> None:
        assert self.trial.checkpoint(source, self.step, {"x": 1.0}) is not None

    def _the_best_checkpoint(self, source: Path, number: int) -> None:
        self.trial.checkpoint(source, self.step, {"x": float(number)}, keep="best(x, max)")

    def _artifact(self, source: Path, number: int) -> None:
        self.artifacts.append(aimd.create_artifact("model", "model"))
        self.artifacts[-1].add_file(source)

    def _media(self, source: Path, number: int) -> None:
        self.trial.log_audio("sound", source, self.step)

    def _fork(self, source: Path, number: int) -> None:
        self.trial.finish()
        self.trial = aimd.fork_trial(self.trial.path, self.step + 1)

    def _gc(self, source: Path, number: int) -> None:
        collecting.collect(self.directory, grace_s=0.0)

    def _remove_trial(self, source: Path, number: int) -> None:
        self.remove_trial()
        self.trial = self.new_trial()

    def _remove_artifact(self, source: Path, number: int) -> None:
        if self.artifacts:
            remove_artifact(StoredArtifact(self.artifacts.pop().path))

    def _download_trial(self, source: Path, number: int) -> None:
        assert self.remote is not None
        if self.remote.trial.name not in os.listdir(".aimd/trials"):
            with Server(self.remote.credentials) as server:
                download_trial(server, str(Trial(self.remote.trial).id), self.directory)

    def _download_artifact(self, source: Path, number: int) -> None:
        assert self.remote is not None
        with CurrentArtifactRemote(Server(self.remote.credentials)) as server:
            path = bring_artifact(server, server.find(self.remote.artifact.id), self.directory)
            download_objects(server, StoredArtifact(path))

    def remove_trial(self) -> None:
        checkpoints = self.trial.checkpoints
        self.trial.finish()
        trash.purge(trash.remove(Trial(self.trial.path)))
        for made in checkpoints:
            remove_artifact(artifact_with_id(made.artifact_id, self.directory))

    def remove_all(self) -> None:
        self.remove_trial()
        for trial in Path(".aimd/trials").iterdir():  # parents of forks
            shutil.rmtree(trial)
        for artifact in Path(".aimd/artifacts").glob("*/*/"):
            remove_artifact(StoredArtifact(artifact))


def large_files(home: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files whose bytes may be on the disk once only."""
    for parent, _, names in os.walk(home):
        for name in names:
            path = Path(parent, name)
            status = path.lstat()
            if status.st_size > PACKED_BYTES and path.suffix != ".pack" and name != "metrics":
                yield path, status


def copies(home: Path) -> list[str]:
    """Return the files whose bytes are there a second time."""
    inodes: dict[str, int] = {}
    found = []
    for path, status in large_files(home):
        with open_source(path) as file:
            digest = digest_file(file, path).digest
        if inodes.setdefault(digest, status.st_ino) != status.st_ino:
            found.append(str(path))
    return found


def counted(directory: Path) -> int:
    """Return the bytes of what trials and artifacts have, and of what the store has, each file once."""
    home, sizes = directory / ".aimd", {}
    for kind in ("trials", "artifacts/*", "trash"):
        for holder in home.glob(f"{kind}/*/"):
            for path in holder.rglob("*"):
                if path.is_file():
                    sizes[path.stat().st_ino] = path.stat().st_size
    store = ObjectStore(home / "objects")
    for path in (home / "objects").rglob("*"):
        if path.is_file() and path.parent.name not in ("packs", "new") and path.name != "lock":
            sizes[path.stat().st_ino] = path.stat().st_size
    return sum(sizes.values()) + sum(store.packed().values())


def followed(steps: list[tuple[str, int]], directory: Path, remote: Remote | None = None) -> list[str]:
    """Do one thing after the other in a new directory; return what is there twice, or counted wrongly."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    os.chdir(directory)
    work = Work(remote)
    faults: list[str] = []
    for way, number in steps:
        work.do(way, number)
        faults += [f"{way}: {path}" for path in copies(directory / ".aimd")]
        total = collecting.usage(directory).total_bytes
        if total != counted(directory):
            faults.append(f"{way}: {total} bytes counted of {counted(directory)}")
    for made in work.trial.checkpoints:
        assert made.path.read_bytes() in CONTENTS
    work.remove_all()
    collecting.collect(directory, grace_s=0.0)
    return faults + [f"left: {path}" for path, _ in large_files(directory / ".aimd")]


def test_equal_bytes_are_one_file_in_whatever_order_they_come(tmp_path: Path) -> None:
    @settings(max_examples=60, deadline=None)
    @given(_steps)
    def are_once(steps: list[tuple[str, int]]) -> None:
        assert followed(steps, tmp_path / "work") == []

    are_once()


def test_what_comes_from_a_server_shares_the_bytes_that_are_here(tmp_path: Path, remote: Remote) -> None:
    ways = st.sampled_from((*_WAYS[:5], "gc", "download trial", "download artifact"))
    more = st.lists(st.tuples(ways, st.sampled_from(range(len(CONTENTS)))), max_size=5)

    @settings(max_examples=20, deadline=None)
    @given(more, st.sampled_from(["download trial", "download artifact"]), more)
    def are_once(before: list[tuple[str, int]], download: str, after: list[tuple[str, int]]) -> None:
        assert followed([*before, (download, 0), *after], tmp_path / "work", remote) == []

    are_once()


@pytest.mark.parametrize(
    "steps",
    [
        [("save", 0), ("checkpoint", 0)],
        [("checkpoint", 1), ("checkpoint", 1), ("media", 1)],
        [("checkpoint", 1), ("artifact", 1), ("remove artifact", 1), ("gc", 1), ("checkpoint", 1)],
        [("the best checkpoint", 1), ("the best checkpoint", 1), ("the best checkpoint", 0), ("save", 1)],
        [("media", 0), ("the best checkpoint", 0), ("fork", 0), ("checkpoint", 0), ("save", 0)],
    ],
)
def test_equal_bytes_are_one_file_in_orders_that_once_made_two(tmp_path: Path, steps: list[tuple[str, int]]) -> None:
    assert followed(steps, tmp_path / "work") == []


def test_the_harness_finds_a_checkpoint_that_is_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "lend", lambda store, temporary, stored, target: os.rename(temporary, target))
    monkeypatch.setattr(adding.Adding, "_is_linked", lambda *_: False)
    assert followed([("save", 1), ("checkpoint", 1)], tmp_path / "work") != []


def test_what_keep_lets_go_leaves_the_disk_at_once(tmp_path: Path) -> None:
    work = Work()
    for number in (0, 1, 1):
        work.do("the best checkpoint", number)
    assert {status.st_size for _, status in large_files(tmp_path / ".aimd")} == {len(CONTENTS[1])}
    work.trial.finish()


def test_a_checkpoint_that_somebody_wrote_to_never_becomes_an_object() -> None:
    work = Work()
    work.do("checkpoint", 1)
    (made,) = work.trial.checkpoints
    made.path.chmod(0o644)
    with made.path.open("r+b") as file:
        file.write(b"other")
    work.do("checkpoint", 1)
    work.do("save", 1)
    contents = [item.path.read_bytes() == CONTENTS[1] for item in work.trial.checkpoints]
    assert (contents, (work.trial.path / "files" / "3.wav").read_bytes() == CONTENTS[1]) == ([False, True], True)
    work.trial.finish()


def test_what_a_kill_leaves_of_a_checkpoint_that_is_gone_is_shown_and_collected(tmp_path: Path) -> None:
    work = Work()
    work.do("checkpoint", 1)
    (made,) = work.trial.checkpoints
    shutil.rmtree(tmp_path / ".aimd" / "artifacts" / work.trial.path.name / made.artifact_id)
    store = store_of(work.trial.path)
    (stored,) = collecting.usage(tmp_path).unused
    assert lent_path(store, stored.digest).exists()
    assert collecting.collect(tmp_path, dry_run=True) == (1, len(CONTENTS[1]), 0)
    assert collecting.collect(tmp_path) == (1, len(CONTENTS[1]), 0)
    assert not lent_path(store, stored.digest).exists()
    work.trial.finish()
