"""`aimd artifact …` against a server of ours: list, describe, upload, download and verify."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aimd_core.objects.store import store_of
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home

CONTENT = {"a.txt": b"alpha", "tree/sub/b b.bin": bytes(range(256)) * 40, "tree/empty": b""}


def filled(name: str = "mnist", **more: object) -> aimd.Artifact:
    """Return an artifact with a file, a tree and a reference."""
    artifact = aimd.create_artifact(name, "dataset", "small ones", aliases=["best"], **more)  # type: ignore[arg-type]
    for key, content in CONTENT.items():
        path = Path("source", key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    artifact.add_file("source/a.txt")
    artifact.add_dir("source/tree")
    artifact.add_reference("s3://bucket/data.tar", "raw/data.tar")
    return artifact


def bytes_in(path: str | Path) -> dict[str, bytes]:
    """Return the objects in an artifact's directory."""
    top = Path(path) / "objects"
    return {
        file.relative_to(top).as_posix(): file.read_bytes()
        for file in sorted(top.rglob("*"))
        if file.is_file() and file.name != "references.json"
    }


def test_a_list_has_the_deployed_columns(home: Home) -> None:
    first, second = filled(), filled()
    other = filled("other")
    shown = home.aimd("artifact", "ls")
    assert shown.code == 0
    assert shown.out.splitlines()[0].split("\t") == ["name", "id", "commit", "version", "created"]
    assert [(row["name"], row["id"]) for row in shown.table] == [
        ("mnist", second.id),
        ("mnist", first.id),
        ("other", other.id),
    ]
    detail = home.aimd("artifact", "ls", ".", "-d").table[0]
    assert (detail["type"], detail["aliases"], detail["editor"], detail["objects"]) == ("dataset", "best", "", "3")
    assert detail["size_bytes"] == str(sum(map(len, CONTENT.values())))
    (row,) = [row for row in home.aimd("artifact", "ls", "--json").json["artifacts"] if row["id"] == other.id]
    assert row["references"] == {"raw/data.tar": "s3://bucket/data.tar"}
    assert {item["key"] for item in row["objects"]} == set(CONTENT)


def test_a_broken_artifact_is_named_and_does_not_end_the_list(home: Home) -> None:
    artifacts = [filled(f"a{number}") for number in range(3)]
    (artifacts[1].path / "metadata.yaml").write_text("[")
    shown = home.aimd("artifact", "ls")
    assert shown.code == 8
    assert [row["id"] for row in shown.table] == [artifact.id for artifact in artifacts]
    assert f"{artifacts[1].path}" in shown.err
    assert "metadata.yaml" in shown.err
    assert home.aimd("artifact", "describe", "-n", "a1").code == 8


def test_nothing_to_list_is_not_found(home: Home) -> None:
    for words in (["ls"], ["describe", "nothing"], ["describe", "-i", "00000000"], ["describe", "-n", "nothing"]):
        assert home.aimd("artifact", *words).code == 3, words
    assert home.aimd("artifact", "describe").code == 2


def test_only_an_artifact_is_deleted_and_no_trial_repo_or_everything(home: Home) -> None:
    aimd.create_trial(trial_name="precious", capture_output=False).finish()
    artifact = aimd.create_artifact("mnist", "dataset")
    store_of(artifact.path).add_bytes(b"something")
    trial = next(Path(".aimd/trials").iterdir())
    for path in (".aimd", f"./{trial}", "./.aimd/artifacts/mnist", "./.aimd/artifacts", "./.aimd/objects"):
        ran = home.aimd("artifact", "rm", path if "/" in path else f"./{path}", "--yes")
        assert (ran.code, artifact.path.is_dir(), trial.is_dir()) == (3, True, True)
    (artifact.path / "metadata.yaml").unlink()  # one that is damaged can still be removed
    assert home.aimd("artifact", "rm", f"./{artifact.path.relative_to(home.work)}", "--yes").code == 0
    assert not artifact.path.exists()


def test_a_description_has_the_parts_that_were_asked_for(home: Home) -> None:
    artifact = filled()
    rows = {row["key"]: row["value"] for row in home.aimd("artifact", "describe", "-i", artifact.id[:8]).table}
    assert (rows["name"], rows["type"], rows["description"]) == ("mnist", "dataset", "small ones")
    assert not [key for key in rows if key.startswith("objects.")]
    for words in (["-r", str(artifact.path.parent)], ["-p", str(artifact.path)], ["mnist"], ["-n", "mnist"]):
        rows = {row["key"]: row["value"] for row in home.aimd("artifact", "describe", *words, "-o").table}
        assert rows["objects.a.txt"] == "5"
        assert rows["references.raw/data.tar"] == "s3://bucket/data.tar"


def test_what_is_uploaded_comes_back_elsewhere_byte_for_byte(signed_in: Account, home: Home, tmp_path: Path) -> None:
    artifact = filled()
    sent = home.aimd("artifact", "upload", "mnist", "-P", "digits/data", "-m", "--json")
    assert sent.code == 0, sent.err
    (row,) = sent.json["artifacts"]
    assert (row["outcome"], row["version"], row["location"]) == ("uploaded", "v1", "/digits/data/mnist")
    assert row["address"].endswith("?artifactVersion=v1")
    assert row["bytes"] == sum(map(len, CONTENT.values())) + (artifact.path / "objects/references.json").stat().st_size
    described = home.aimd("artifact", "describe", "mnist", "-R", "--json").json["artifacts"][0]
    assert described["remote"] == [{"host": signed_in.url, "path": "/digits/data/mnist", "version": "v1"}]
    again = home.aimd("artifact", "upload", "-i", artifact.id, "--json").json["artifacts"][0]
    assert (again["outcome"], again["bytes"]) == ("unchanged", 0)
    asked = [artifact.id, "digits/data/mnist", "/digits/data/mnist:best", "digits/data/mnist:v1", "mnist", "mni:best"]
    for number, word in enumerate(asked):
        to = tmp_path / f"elsewhere{number}"
        came = home.aimd("artifact", "download", word, "--to", to, "--json")
        assert came.code == 0, came.err
        (row,) = came.json["artifacts"]
        assert row["outcome"] == "downloaded"
        assert bytes_in(row["location"]) == CONTENT
        grabbed = aimd.grab_artifact(artifact_path=row["location"])
        assert (grabbed.commit, grabbed.references) == (artifact.commit, {"raw/data.tar": "s3://bucket/data.tar"})
        again = home.aimd("artifact", "download", "--remote", word, "--to", to, "--json")  # as its siblings have it
        assert again.json["artifacts"][0]["bytes"] == 0


def test_the_sdk_grabs_by_id_and_by_reference(
    signed_in: Account, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = filled()
    document = artifact.upload(folder_path="digits", make_folder=True)
    assert (document["version"], document["commit"]) == (artifact.version, artifact.commit) == ("v1", artifact.commit)
    second = filled()
    second.upload(folder_path="digits")
    for ref, expected in (("digits/mnist", second), ("digits/mnist:v1", artifact), ("digits/mnist:best", second)):
        there = tmp_path / ref.replace("/", "_")
        there.mkdir()
        monkeypatch.chdir(there)
        grabbed = aimd.grab_artifact(artifact_ref=ref)
        assert grabbed.id == expected.id
        assert not Path(grabbed.local_path("a.txt") or "").exists()
        grabbed.download()
        assert bytes_in(grabbed.path) == CONTENT
    with pytest.raises(RuntimeError):
        second.add_file(artifact.path / "metadata.yaml")


def test_several_uploads_of_which_one_fails_exit_with_8(signed_in: Account, home: Home) -> None:
    artifacts = [filled(f"a{number}") for number in range(3)]
    os.unlink(artifacts[1].local_path("a.txt") or "")
    words = [word for number in range(3) for word in ("-n", f"a{number}")]
    sent = home.aimd("artifact", "upload", *words)
    assert sent.code == 8
    assert [row["outcome"] for row in sent.table] == ["uploaded", "failed", "uploaded"]
    assert "a.txt" in sent.table[1]["note"]
    assert "Add it again, or bring it back: aimd artifact download" in sent.err
    assert home.aimd("artifact", "upload", "-n", "a1").code == 6


def test_a_cut_download_goes_on_where_it_was_cut(signed_in: Account, home: Home, tmp_path: Path) -> None:
    artifact = aimd.create_artifact("big", "model")
    content = os.urandom(3 << 20)
    Path("big.bin").write_bytes(content)
    artifact.add_file("big.bin")
    artifact.upload()
    to = tmp_path / "elsewhere"
    came = home.aimd("artifact", "download", artifact.id, "--to", to, "--json").json["artifacts"][0]
    target, parts = Path(came["location"], "objects/big.bin"), Path(came["location"], ".parts")
    shutil.rmtree(to / ".aimd" / "objects", ignore_errors=True)
    parts.mkdir()
    import hashlib

    partial = parts / hashlib.sha256(b"big.bin").hexdigest()
    for begin in (content[: 1 << 20], content[: (1 << 20) - 1] + b"?", content + b"more"):
        target.unlink()
        parts.mkdir(exist_ok=True)
        partial.write_bytes(begin)
        came = home.aimd("artifact", "download", artifact.id, "--to", to, "--json").json["artifacts"][0]
        assert target.read_bytes() == content
        if begin == content[: 1 << 20]:
            assert came["bytes"] == 2 << 20


def test_several_downloads_of_one_artifact_at_once_all_have_it(
    signed_in: Account, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("big.bin").write_bytes(os.urandom(5_000_000))
    artifact = filled()
    artifact.add_file("big.bin")
    artifact.upload()
    monkeypatch.chdir(tmp_path)
    there = aimd.grab_artifact(artifact_id=artifact.id)
    with ThreadPoolExecutor(4) as threads:
        for each in [threads.submit(there.download) for _ in range(4)]:
            each.result()
    assert bytes_in(there.path) == bytes_in(artifact.path)
    assert not (there.path / ".parts").exists()


def test_verification_finds_each_byte_that_differs(home: Home) -> None:
    artifact = filled()
    assert home.aimd("artifact", "verify").code == 0
    target = Path(artifact.local_path("tree/sub/b b.bin") or "")
    whole = target.read_bytes()
    target.unlink()
    assert [row["fault"] for row in home.aimd("artifact", "verify").table] == ["is missing"]
    target.write_bytes(whole[:-1])
    assert [row["key"] for row in home.aimd("artifact", "verify", "mnist").table] == ["tree/sub/b b.bin"]
    target.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    shown = home.aimd("artifact", "verify", "--json")
    assert shown.code == 6
    assert [row["fault"] for row in shown.json["faults"]] == ["has changed since it was added"]


def test_several_uploads_of_one_artifact_at_once_make_one_version(signed_in: Account, home: Home) -> None:
    from aimd_core.config import resolve_credentials
    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.upload.artifact_servers import connect_artifacts
    from aimd_core.upload.artifacts import upload_artifact_at
    from aimd_core.upload.contents import Destination

    artifact, credentials = filled(), resolve_credentials()

    def upload(_: int) -> str:
        with connect_artifacts(credentials) as remote:
            return upload_artifact_at(remote, StoredArtifact(artifact.path), Destination()).remote.version

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(upload, range(4))) == ["v1"] * 4
    assert home.aimd("artifact", "ls", "--remote", "-d").table[0]["objects"] == "3"
    assert artifact.remote == [{"host": signed_in.url, "path": "/default/mnist", "version": "v1"}]


def test_other_content_under_a_final_id_is_refused_and_nothing_changes(signed_in: Account, home: Home) -> None:
    from aimd_core.format.artifacts import change_artifact

    artifact = filled()
    artifact.upload()
    change_artifact(artifact.path, lambda document: {**document, "_remote": [], "commit": None, "version": None})
    Path("source/a.txt").write_bytes(b"ALPHA")
    artifact.add_file("source/a.txt")
    sent = home.aimd("artifact", "upload", artifact.id)
    assert sent.code == 1
    assert "other content" in sent.err
    home.aimd("artifact", "download", artifact.id, "--to", "there")
    assert bytes_in(next(Path("there/.aimd/artifacts/mnist").glob("*-*"))) == CONTENT
