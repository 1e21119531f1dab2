"""Artifacts on disk: what the SDK writes, which a deployed client must read, and what it reads of others."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aimd_core.errors import (
    ArtifactNotFoundError,
    ArtifactStateError,
    DamagedError,
    DiskError,
    InvalidRepoNameError,
    UsageError,
)
from aimd_core.format.artifacts import MAX_TYPE_CHARS
from t9k import aimd
from t9k.aimd import create_artifact
from tests.support.parts import can_mount, require_part


@pytest.fixture
def artifact(work: Path) -> aimd.Artifact:
    return create_artifact("mnist_model", "model", "a small one", aliases=["best", "latest"])


def _yaml(path: Path) -> object:
    return yaml.safe_load(path.read_bytes())


def test_a_new_artifact_is_the_directory_of_the_format(artifact: aimd.Artifact, work: Path) -> None:
    path = work / ".aimd" / "artifacts" / "mnist_model" / artifact.id
    assert (artifact.path, artifact.local_path()) == (path, str(path))
    assert sorted(os.listdir(path)) == ["metadata.yaml", "objects"]
    document = _yaml(path / "metadata.yaml")
    assert isinstance(document, dict)
    inner = {"folder": None, "name": "", "editor": None, "id": artifact.id, "timestamp": None}
    created = document.pop("creatingTimestamp")
    assert document == {
        "kind": "Artifact",
        "metadata": inner,
        "description": "a small one",
        "commit": None,
        "version": None,
        "aliases": ["best"],
        "_remote": [],
    }
    listed = [{"id": artifact.id, "timestamp": created, "description": "a small one"}]
    repo = {"name": "mnist_model", "type": "model", "artifacts": listed}
    assert _yaml(path.parent / "metadata.yaml") == repo
    assert artifact.repo == {"name": "mnist_model", "type": "model"}
    assert (artifact.name, artifact.is_open, artifact.remote, artifact.objects) == ("mnist_model", True, [], [])


def test_files_and_trees_go_where_their_keys_say(artifact: aimd.Artifact) -> None:
    Path("a.txt").write_text("alpha")
    Path("tree/sub").mkdir(parents=True)
    Path("tree/sub/b.txt").write_text("beta")
    Path("tree/.aimd").mkdir()
    Path("tree/.aimd/own").write_text("own")
    Path("tree/link").symlink_to("sub/b.txt")
    artifact.add_file("a.txt")
    artifact.add_file("a.txt", "other.txt")
    artifact.add_file("a.txt", key="/deep/in/")
    assert artifact.add_dir("tree") == []
    assert artifact.add_dir("tree", "as") == []
    assert artifact.add_dir("tree", "below/") == []
    keys = ["a.txt", "other.txt", "deep/in/a.txt"]
    keys += [f"{top}/{name}" for top in ("tree", "as", "below/tree") for name in ("link", "sub/b.txt")]
    assert [row["key"] for row in artifact.objects] == keys
    assert Path(artifact.local_path("below/tree/link") or "").read_text() == "beta"
    assert artifact.local_path("deep/in") is None
    listed = _yaml(artifact.path / "object_list.yaml")
    assert isinstance(listed, list)
    assert listed[0] == {"key": "a.txt", "size": 5, "digest": hashlib.sha256(b"alpha").hexdigest()}


def test_an_object_is_replaced_by_another_of_its_key_and_listed_once(artifact: aimd.Artifact) -> None:
    for content in ("one", "second"):
        Path("a.txt").write_text(content)
        artifact.add_file("a.txt")
    assert artifact.objects == [{"key": "a.txt", "size": 6}]
    assert Path(artifact.local_path("a.txt") or "").read_text() == "second"


def test_a_change_of_the_source_changes_no_object(artifact: aimd.Artifact) -> None:
    Path("a.bin").write_bytes(b"x" * 10_000)
    artifact.add_file("a.bin")
    with open("a.bin", "r+b") as file:
        file.write(b"y")
    assert Path(artifact.local_path("a.bin") or "").read_bytes() == b"x" * 10_000


def test_references_are_one_json_file(artifact: aimd.Artifact) -> None:
    artifact.add_reference("s3://bucket/data.tar?versionId=1")
    artifact.add_reference("https://example.org/x", "raw/")
    artifact.add_reference("file:///data/other", "b")
    path = artifact.path / "objects" / "references.json"
    expected = {
        "data.tar": "s3://bucket/data.tar?versionId=1",
        "raw/x": "https://example.org/x",
        "b": "file:///data/other",
    }
    assert json.loads(path.read_bytes()) == artifact.references == expected
    assert not (artifact.path / "object_list.yaml").exists()
    with pytest.raises(UsageError):
        artifact.add_reference("/data/other")


@pytest.mark.parametrize("key", ["../a", "a/../b", "a//b", "a\0b", "references.json", "a" * 300, "a/" * 600 + "b"])
def test_a_key_that_cannot_be_a_path_is_refused(artifact: aimd.Artifact, key: str) -> None:
    Path("a.txt").write_text("alpha")
    with pytest.raises(UsageError):
        artifact.add_file("a.txt", key)
    with pytest.raises(UsageError):
        artifact.add_reference("s3://bucket/a", key)
    assert artifact.objects == []


def test_an_object_is_no_directory_of_others(artifact: aimd.Artifact) -> None:
    Path("a").write_text("alpha")
    artifact.add_file("a", "x/y")
    for key in ("x", "x/y/z"):
        with pytest.raises(UsageError):
            artifact.add_file("a", key)
    with pytest.raises(UsageError):
        artifact.add_reference("s3://bucket/a", "x/y")
    assert [row["key"] for row in artifact.objects] == ["x/y"]


def test_what_cannot_be_read_of_a_tree_is_named_and_the_rest_goes_on(
    artifact: aimd.Artifact, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "good").write_text("good")
    (tmp_path / "secret").write_text("secret")
    (tree / "out").symlink_to(tmp_path / "secret")
    (tree / "broken").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tree / "socket"))
    Path(os.fsdecode(os.fsencode(tree) + b"/bad\xff")).write_text("bad")
    left_out = artifact.add_dir(tree)
    assert [row["key"] for row in artifact.objects] == ["tree/good"]
    assert {os.path.basename(path).encode(errors="replace")[:3] for path, _ in left_out} == {
        b"out",
        b"bro",
        b"pip",
        b"soc",
        b"bad",
    }
    told = capfd.readouterr().err
    assert all(name in told for name in ("out", "broken", "pipe", "socket", "bad"))
    assert artifact.add_dir(tree, "again", follow_links=True)
    assert Path(artifact.local_path("again/out") or "").read_text() == "secret"


HOSTILE = ["a\nb", "\x1b]0;title\x07", "a\rb", "\u202egpj.exe", "tab\t"]


@pytest.mark.parametrize("way", ["add_dir", "save"])
def test_no_name_of_a_file_acts_on_the_terminal(
    artifact: aimd.Artifact, work: Path, capfd: pytest.CaptureFixture[str], way: str
) -> None:
    tree = work / "tree"
    tree.mkdir()
    for name in HOSTILE:
        (tree / name).write_text("x")
    if way == "save":
        with aimd.create_trial(trial_name="cnn", capture_output=False) as trial:
            assert trial.save(tree) == []
    else:
        assert len(artifact.add_dir(tree)) == len(HOSTILE)
    told = capfd.readouterr().err
    assert "tree" in told
    assert all(line.isprintable() and line.startswith("aimd: ") for line in told.splitlines())


def test_a_type_that_no_server_takes_is_refused(work: Path) -> None:
    with pytest.raises(UsageError):
        create_artifact("mnist_model", "m" * (MAX_TYPE_CHARS + 1))
    create_artifact("mnist_model", "m" * MAX_TYPE_CHARS)


def test_a_file_that_is_not_there_or_not_a_file_is_an_error(artifact: aimd.Artifact, work: Path) -> None:
    with pytest.raises(DiskError) as missing:
        artifact.add_file("nowhere")
    with pytest.raises(DamagedError) as directory:
        artifact.add_file(work)
    os.mkfifo("pipe")
    with pytest.raises(DamagedError) as pipe:
        artifact.add_file("pipe")
    advice = [error.value.advice for error in (missing, directory, pipe)]
    assert [word in text for word, text in zip(("path", "add_dir", "regular"), advice, strict=True)] == [True] * 3
    with pytest.raises(DiskError):
        artifact.add_dir("pipe")
    assert artifact.objects == []


def test_a_name_has_one_type_and_can_be_a_directory(artifact: aimd.Artifact) -> None:
    assert create_artifact("mnist_model", "model").id != artifact.id
    with pytest.raises(UsageError):
        create_artifact("mnist_model", "dataset")
    for name in ("a/b", "..", ".hidden", "", "x" * 250):
        with pytest.raises((InvalidRepoNameError, UsageError)):
            create_artifact(name, "model")


def test_artifacts_are_grabbed_by_path_and_by_id(artifact: aimd.Artifact) -> None:
    Path("a.txt").write_text("alpha")
    artifact.add_file("a.txt")
    for grabbed in (
        aimd.grab_artifact(artifact_path=artifact.local_path()),
        aimd.grab_artifact(artifact_id=artifact.id),
    ):
        assert (grabbed, grabbed.id, grabbed.objects) == (artifact, artifact.id, artifact.objects)
        grabbed.download()
    with pytest.raises(ArtifactNotFoundError):
        aimd.grab_artifact(artifact_path="nowhere")
    for given in ({}, {"artifact_path": "a", "artifact_id": "b"}):
        with pytest.raises(UsageError):
            aimd.grab_artifact(**given)


def _write_deployed(work: Path) -> Path:
    """Write an artifact as t9k 0.5.0 leaves it after an upload: golden bytes after the format's specification."""
    home = work / ".aimd" / "artifacts" / "ds 1"
    path = home / "8d5f6a5e-0d3c-4f5e-9f0a-1b2c3d4e5f60"
    (path / "objects" / "sub").mkdir(parents=True)
    (home / "metadata.yaml").write_text(
        "artifacts:\n- description: ''\n  id: 8d5f6a5e-0d3c-4f5e-9f0a-1b2c3d4e5f60\n"
        "  timestamp: '2026-11-23T15:03:27.664883+00:00'\nname: ds 1\ntype: dataset\n"
    )
    (path / "metadata.yaml").write_text(
        "_remote:\n- host: https://platform/t9k/experiment/server\n  path: /a/ds 1\n  version: 1\naliases: null\n"
        "commit: 3f2a\ncreatingTimestamp: '2026-11-23T15:03:27.664883+00:00'\ndescription: ''\nkind: Artifact\n"
        "metadata:\n  editor: lin\n  folder: 7d9c3b52-58c1-4d0e-9f41-0d5b1a1f2c11\n"
        "  id: 8d5f6a5e-0d3c-4f5e-9f0a-1b2c3d4e5f60\n  name: ''\n  timestamp: '2026-11-23T15:03:29+00:00'\nversion: 1\n"
    )
    (path / "object_list.yaml").write_text('- {key: sub/a.txt, size: 5}\n- key: "b \\u4E2D.txt"\n  size: 0\n')
    (path / "objects" / "sub" / "a.txt").write_text("alpha")
    (path / "objects" / "b 中.txt").write_text("")
    (path / "objects" / "references.json").write_text('{"far": "s3://bucket/far"}')
    return path


def test_the_directory_of_a_deployed_client_is_read_as_it_is(work: Path) -> None:
    path = _write_deployed(work)
    grabbed = aimd.grab_artifact(artifact_path=path)
    assert (grabbed.name, grabbed.repo["type"], grabbed.commit, grabbed.version) == ("ds 1", "dataset", "3f2a", "1")
    assert (grabbed.aliases, grabbed.is_open, grabbed.references) == ([], False, {"far": "s3://bucket/far"})
    assert grabbed.objects == [{"key": "sub/a.txt", "size": 5}, {"key": "b 中.txt", "size": 0}]
    assert grabbed.remote[0]["path"] == "/a/ds 1"
    Path("a.txt").write_text("alpha")
    for attempt in (
        lambda: grabbed.add_file("a.txt"),
        lambda: grabbed.add_dir("."),
        lambda: grabbed.add_reference("s3://bucket/x"),
    ):
        with pytest.raises(RuntimeError, match="has been uploaded") as caught:
            attempt()
        assert isinstance(caught.value, ArtifactStateError)


def test_what_a_deployed_client_listed_is_kept_when_more_is_added(work: Path) -> None:
    path = _write_deployed(work)
    metadata = path / "metadata.yaml"
    document = yaml.safe_load(metadata.read_bytes())
    metadata.write_text(yaml.safe_dump({**document, "_remote": [], "commit": None, "version": None}))
    grabbed = aimd.grab_artifact(artifact_path=path)
    Path("c.txt").write_text("gamma")
    grabbed.add_file("c.txt")
    listed = _yaml(path / "object_list.yaml")
    assert isinstance(listed, list)
    assert [(row["key"], row["size"]) for row in listed] == [("sub/a.txt", 5), ("b 中.txt", 0), ("c.txt", 5)]


def test_an_entry_that_a_power_cut_has_torn_does_not_hide_the_others(artifact: aimd.Artifact) -> None:
    for name in ("a.txt", "b.txt"):
        Path(name).write_text(name)
        artifact.add_file(name)
    target = artifact.path / "object_list.yaml"
    whole = target.read_bytes()
    begin = whole.rindex(b"\n- ") + 1
    for end in range(begin + 1, len(whole)):
        target.write_bytes(whole[:end])
        keys = [row["key"] for row in aimd.grab_artifact(artifact_path=artifact.path).objects]
        assert keys[0] == "a.txt"
        artifact.add_file("b.txt")
        assert [row["key"] for row in artifact.objects] == ["a.txt", "b.txt"]
        assert isinstance(_yaml(target), list)


def test_what_is_broken_is_said(artifact: aimd.Artifact) -> None:
    for file, content in (("object_list.yaml", "{a: 1}\n"), ("object_list.yaml", "- 1\n"), ("metadata.yaml", "[")):
        before = (artifact.path / file).read_bytes() if (artifact.path / file).exists() else None
        (artifact.path / file).write_text(content)
        with pytest.raises(DamagedError):
            aimd.grab_artifact(artifact_path=artifact.path)
        if before is None:
            (artifact.path / file).unlink()
        else:
            (artifact.path / file).write_bytes(before)


def test_a_trial_notes_the_artifacts_that_it_used_and_made(artifact: aimd.Artifact) -> None:
    trial = aimd.create_trial(trial_name="cnn")
    trial.mark_input(artifact)
    trial.mark_output(artifact)
    assert (trial.input_artifacts, trial.output_artifacts) == ([artifact.id], [artifact.id])
    trial.finish()


def test_the_words_of_the_later_package_mean_the_same(work: Path) -> None:
    artifact = create_artifact(name="later", labels=["a"], description="d")
    Path("a.txt").write_text("alpha")
    artifact.add_file(file_path="a.txt", obj_path="b/")
    loaded = aimd.load_artifact(artifact.path)
    assert (loaded.name, loaded.repo["type"], loaded.description) == ("later", "artifact", "d")
    assert [row["key"] for row in loaded.objects] == ["b/a.txt"]


def test_a_copy_of_an_artifact_in_another_process_is_the_same_directory(artifact: aimd.Artifact) -> None:
    import pickle

    Path("a.txt").write_text("alpha")
    copy = pickle.loads(pickle.dumps(artifact))
    copy.add_file("a.txt")
    artifact.add_file("a.txt", "b.txt")
    copy.add_file("a.txt", "c.txt")
    assert [row["key"] for row in artifact.objects] == ["a.txt", "b.txt", "c.txt"]


def test_a_full_disk_is_an_error_and_costs_nothing_that_was_added(tmp_path: Path) -> None:
    require_part("a mount name space", can_mount())
    script = """
import sys
from pathlib import Path
from aimd_core.errors import DiskError
from t9k import aimd
artifact = aimd.create_artifact("full", "model")
number = 0
try:
    while True:
        number += 1
        source = Path(sys.argv[1], f"{number}.bin")
        source.write_bytes(b"%04d" % number * 2500)
        artifact.add_file(source)
except DiskError:
    pass
keys = [row["key"] for row in artifact.objects]
assert keys == [f"{n}.bin" for n in range(1, number)], (keys, number)
assert all(Path(artifact.local_path(key)).stat().st_size == 10000 for key in keys)
Path("room").unlink()
artifact.add_file(Path(sys.argv[1], "1.bin"), "again.bin")
print(number)
"""
    (tmp_path / "full").mkdir()
    room = 'mount -t tmpfs -o size=600k tmpfs full && cd full && head -c 150000 /dev/zero > room && exec "$0" "$@"'
    words = ["unshare", "-rm", "sh", "-c", room, sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3


def test_a_directory_that_is_not_there_is_said_so(work: Path) -> None:
    artifact = aimd.create_artifact("data", "dataset")
    (work / "file").write_text("x")
    with pytest.raises(DiskError, match="is not there"):
        artifact.add_dir("nothing")
    with pytest.raises(DiskError, match="is not a directory"):
        artifact.add_dir("file")
