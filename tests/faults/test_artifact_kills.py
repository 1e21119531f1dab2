"""A process that is killed while it adds to an artifact, and servers that list what no artifact has."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from aimd_core.errors import AimdError, NotAServerError
from aimd_core.format.artifacts import read_objects
from aimd_core.format.model import StoredObject
from aimd_core.objects.copying import Stored
from aimd_core.objects.store import ObjectStore
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.upload import artifacts
from aimd_core.upload.artifacts import RemoteArtifact, bring_artifact, download_objects
from t9k import aimd
from tests.faults.test_media_faults import dying

_ADDING = """
import sys, os
from pathlib import Path
from t9k import aimd
artifact = aimd.grab_artifact(artifact_path=sys.argv[1])
number = int(sys.argv[2]) * 1000
while True:
    number += 1
    name = f"{number}.bin"
    Path(name).write_bytes(b"%06d" % number * (100 if number % 2 else 3000))
    artifact.add_file(name)
    if number % 5 == 0:
        artifact.add_file(name, "same.bin")
    print(number, flush=True)
"""
_KILLS = 10


def _check(path: Path) -> list[str]:
    """Return the keys that are listed; each has its bytes, and the list is YAML that any program reads."""
    keys = []
    listed = yaml.safe_load((path / "object_list.yaml").read_bytes())
    assert [row["key"] for row in listed] == [row.key for row in read_objects(path)]
    for row in read_objects(path):
        content = (path / "objects" / row.key).read_bytes()
        assert row.key == "same.bin" or (len(content), hashlib.sha256(content).hexdigest()) == (
            row.size_bytes,
            row.digest,
        )
        assert content == content[:6] * (len(content) // 6)
        keys.append(row.key)
    return keys


@pytest.fixture
def artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> aimd.Artifact:
    monkeypatch.chdir(tmp_path)
    return aimd.create_artifact("killed", "model")


def test_a_kill_at_any_instant_leaves_whole_objects_and_a_list_that_can_be_read(artifact: aimd.Artifact) -> None:
    returned: list[str] = []
    for kill in range(_KILLS):
        words = [sys.executable, "-c", _ADDING, str(artifact.path), str(kill)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        returned += [f"{process.stdout.readline().strip()}.bin" for _ in range(3 + kill % 4)]
        process.kill()
        process.wait()
        process.stdout.close()
        assert set(returned) <= set(_check(artifact.path))
    Path("last").write_bytes(b"last01")
    artifact.add_file("last")
    assert "last" in _check(artifact.path)


def test_the_check_finds_an_object_that_is_listed_before_it_is_there(artifact: aimd.Artifact) -> None:
    from aimd_core.format.artifacts import listing

    with listing(artifact.path) as added:
        added.add(StoredObject("early.bin", 6, "0" * 64))
    with pytest.raises(FileNotFoundError):
        _check(artifact.path)


class HostileRemote:
    """A server that lists and sends what it likes."""

    host = "http://192.0.2.1/server"
    can_resume = True

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __enter__(self) -> HostileRemote:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def batches(self, contents: Any) -> list[Any]:
        return []

    def distrust_store(self) -> None:
        """Do nothing: all bytes come from here anyway."""

    def abort(self) -> None:
        """Do nothing."""

    def twin(self) -> HostileRemote:
        return self

    def read(self, artifact_id: str, row: StoredObject, start: int, take: Any) -> None:
        for number in range(start, len(self.content)):
            if not take(self.content[number : number + 1]):
                return


_ID = "8d5f6a5e-0d3c-4f5e-9f0a-1b2c3d4e5f60"


def _listed(*keys: str, repo: str = "repo", digest: str | None = None, artifact_id: str = _ID) -> RemoteArtifact:
    document = {"metadata": {"id": artifact_id, "folder": None}, "commit": "c"}
    objects = [StoredObject(key, 4, digest) for key in keys]
    return RemoteArtifact(document, repo, "model", "/repo", objects, {})


@pytest.mark.parametrize("key", ["../x", "/etc/x", "a/../../x", "a//b", "references.json", "a\0b", ".", ""])
def test_no_key_of_a_server_leads_out_of_the_directory(tmp_path: Path, key: str) -> None:
    remote: Any = HostileRemote(b"evil")
    with pytest.raises(NotAServerError):
        bring_artifact(remote, _listed(key), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_no_id_of_a_server_leads_out_of_the_directory(tmp_path: Path) -> None:
    remote: Any = HostileRemote(b"evil")
    (tmp_path / "work").mkdir()
    out = f"{'/..' * 20}{tmp_path}/out"
    for artifact_id in (out, "/../../../../out", "..", ".hidden", "a/b", ""):
        with pytest.raises(NotAServerError):
            bring_artifact(remote, _listed("a", artifact_id=artifact_id), tmp_path / "work")
    assert [path.name for path in tmp_path.rglob("*")] == ["work"]


@pytest.mark.parametrize("repo", ["..", "a/b", ".hidden", "", "a\0b", "x" * 300])
def test_no_name_of_a_server_leads_out_of_the_directory(tmp_path: Path, repo: str) -> None:
    remote: Any = HostileRemote(b"evil")
    with pytest.raises(AimdError):
        bring_artifact(remote, _listed("a", repo=repo), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("content", [b"evil", b"goo", b"good and more" * 1000, b""])
def test_other_bytes_than_the_digest_says_never_get_to_their_place(tmp_path: Path, content: bytes) -> None:
    remote: Any = HostileRemote(content)
    listed = _listed("a/b", digest=hashlib.sha256(b"good").hexdigest())
    path = bring_artifact(remote, listed, tmp_path)
    from aimd_core.reading.artifacts import StoredArtifact

    with pytest.raises(AimdError):
        download_objects(remote, StoredArtifact(path))
    assert not (path / "objects" / "a" / "b").exists()
    remote.content = b"good"
    assert download_objects(remote, StoredArtifact(path))
    assert (path / "objects" / "a" / "b").read_bytes() == b"good"


def test_a_link_in_place_of_a_directory_is_not_followed_out(tmp_path: Path) -> None:
    remote: Any = HostileRemote(b"good")
    listed = _listed("a/b", digest=hashlib.sha256(b"good").hexdigest())
    path = bring_artifact(remote, listed, tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (path / "objects" / "a").symlink_to(outside)
    from aimd_core.reading.artifacts import StoredArtifact

    with pytest.raises(AimdError):
        download_objects(remote, StoredArtifact(path))
    assert list(outside.iterdir()) == []


def test_an_object_of_the_store_that_somebody_wrote_to_does_not_become_a_download(tmp_path: Path) -> None:
    content, remote = b"true bytes" * 1_000, cast("Any", HostileRemote(b"true bytes" * 1_000))
    store = ObjectStore(tmp_path / ".aimd" / "objects")
    digest = store.add_bytes(content).digest
    store.path_of(digest).chmod(0o644)
    store.path_of(digest).write_bytes(b"evil bytes" * 1_000)
    listed = _listed(digest=digest)._replace(objects=[StoredObject("a", len(content), digest)])
    path = bring_artifact(remote, listed, tmp_path)
    download_objects(remote, StoredArtifact(path))
    assert (path / "objects" / "a").read_bytes() == content


class ServingRemote(HostileRemote):
    """A server that sends objects in pieces, and counts the bytes; to send one is a call to the system."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents, self.sent_bytes = contents, 0
        self.listed = _listed()._replace(
            objects=[
                StoredObject(key, len(content), hashlib.sha256(content).hexdigest())
                for key, content in contents.items()
            ]
        )

    def read(self, artifact_id: str, row: StoredObject, start: int, take: Any) -> None:
        content = self.contents[row.key]
        for at in range(start, len(content), _PIECE_BYTES):
            os.write(_NOWHERE, b".")
            piece = content[at : at + _PIECE_BYTES]
            self.sent_bytes += len(piece)
            if not take(piece):
                return


_PIECE_BYTES = 20_000
_NOWHERE = os.open(os.devnull, os.O_WRONLY)
_LARGE = random.Random(5).randbytes(4 * _PIECE_BYTES + 7)
_CONTENTS = {"large": _LARGE, "again/large": _LARGE, "third": _LARGE, "small": b"small", "empty": b""}


def _killed_downloads(place: Path) -> tuple[list[str], int]:
    """Kill a download at each of its calls to the system; return what is there and is not whole, and the kills."""
    remote: Any = ServingRemote(_CONTENTS)
    faults, number = [], 1
    while True:
        work = place / str(number)
        path = bring_artifact(remote, remote.listed, work)
        if not dying(number, lambda path=path: download_objects(remote, StoredArtifact(path))):
            return faults, number - 1
        store = ObjectStore(work / ".aimd" / "objects")
        for _ in range(2):
            faults += [
                f"{number}: {key}" for key in _CONTENTS if (path / "objects" / key).exists() and _differs(path, key)
            ]
            faults += [f"{number}: store" for stored in store.objects() if store.fault_of(stored.digest)]
            download_objects(remote, StoredArtifact(path))
        faults += [f"{number}: {key} is missing" for key in _CONTENTS if _differs(path, key)]
        number += 1


def _differs(path: Path, key: str) -> bool:
    file = path / "objects" / key
    return not file.exists() or file.read_bytes() != _CONTENTS[key]


def test_a_download_killed_at_any_call_leaves_whole_objects_and_goes_on(tmp_path: Path) -> None:
    faults, kills = _killed_downloads(tmp_path)
    assert faults == []
    assert kills > 15


def test_the_harness_catches_a_download_that_writes_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_place(store: ObjectStore, temporary: Path, stored: Stored, target: Path) -> None:
        content = temporary.read_bytes()
        with open(target, "wb", 0) as opened:
            opened.write(content[:_PIECE_BYTES])
            os.fsync(opened.fileno())
            opened.write(content[_PIECE_BYTES:])
        temporary.unlink()

    monkeypatch.setattr(artifacts, "place", in_place)
    assert _killed_downloads(tmp_path)[0] != []


def test_what_was_brought_of_an_object_is_not_brought_again(tmp_path: Path) -> None:
    remote: Any = ServingRemote({"large": _LARGE})
    path = bring_artifact(remote, remote.listed, tmp_path)
    partial = path / ".parts" / hashlib.sha256(b"large").hexdigest()
    partial.parent.mkdir()
    partial.write_bytes(_LARGE[: 3 * _PIECE_BYTES])
    download_objects(remote, StoredArtifact(path))
    assert remote.sent_bytes == len(_LARGE) - 3 * _PIECE_BYTES
    assert (path / "objects" / "large").read_bytes() == _LARGE


def test_equal_bytes_are_brought_once_and_take_space_once(tmp_path: Path) -> None:
    remote: Any = ServingRemote(_CONTENTS)
    path = bring_artifact(remote, remote.listed, tmp_path)
    download_objects(remote, StoredArtifact(path))
    assert remote.sent_bytes == len(_LARGE) + len(b"small")
    other = "9d5f6a5e-0d3c-4f5e-9f0a-1b2c3d4e5f60"  # another version of it
    document = {**remote.listed.document, "metadata": {"id": other, "folder": None}}
    later = bring_artifact(remote, remote.listed._replace(document=document), tmp_path)
    download_objects(remote, StoredArtifact(later))
    assert remote.sent_bytes == len(_LARGE) + 2 * len(b"small")
    assert not any(_differs(at, key) for at in (path, later) for key in _CONTENTS)
    files = [at / "objects" / key for at in (path, later) for key in ("large", "again/large", "third")]
    store = ObjectStore(tmp_path / ".aimd" / "objects")
    if not store.can_clone(files[0]):
        assert len({file.stat().st_ino for file in files}) == 1
