"""Export: a folder as a tar of trial directories, byte for byte, whose names lead nowhere else."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from aimd_server.services.exporting import AT_ONCE, safe_name
from tests.server.api import User, line, new_id, wish

HOSTILE = [
    "a\\..\\..\\b",
    "C:evil",
    "-rf",
    "nul",
    "x. ",
    "日本語" * 25,
    "a" * 230 + ":",
    "~root",
    "'; rm -rf",
]


def _export(user: User, folder: str) -> tarfile.TarFile:
    answer = user.v2("GET", f"/folders/{folder}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-tar")
    assert "attachment" in answer.headers["content-disposition"]
    return tarfile.open(fileobj=io.BytesIO(answer.content))


def _content(tar: tarfile.TarFile, path: str) -> bytes:
    file = tar.extractfile(path)
    assert file is not None
    return file.read()


def test_trials_come_out_as_they_went_in_with_those_below(user: User) -> None:
    first, second = new_id(), new_id()
    user.put(first, wish("one", folder={"path": "digits", "make": True}))
    user.put(second, wish("two", folder={"path": "digits/deep", "make": True}))
    user.new_trial("other", folder={"path": "else", "make": True})
    journal = b"".join(line(step) for step in range(5000)) + b'{"half'
    user.patch(first, 0, journal)
    user.patch(first, 0, b"hello\n", "stdout.log")
    user.v2("PUT", f"/trials/{first}/files/metadata.yaml", content=b"kind: Trial\n")
    user.v2("POST", "/contents", content=b"[4]\nkept")
    kept = [{"path": path, "digest": hashlib.sha256(b"kept").hexdigest()} for path in ("a/b.csv", "a:b/nul")]
    assert user.v2("POST", f"/trials/{first}/files", json={"files": kept}).status_code == 200
    tar = _export(user, user.trial(first)["folder"]["id"])
    files = {one.name for one in tar.getmembers() if one.isfile()}
    assert {"digits/one/metadata.yaml", "digits/one/metrics", "digits/deep/two/parameters.yaml"} <= files
    assert not any("other" in name for name in files)
    assert _content(tar, "digits/one/metrics") == journal
    assert _content(tar, "digits/one/stdout.log") == b"hello\n"
    assert _content(tar, "digits/one/files/a/b.csv") == b"kept"
    (odd,) = [name for name in files if "/files/a_b~" in name]
    assert ("nul~" in odd, _content(tar, odd)) == (True, b"kept")
    assert _content(tar, "digits/one/metadata.yaml") == b"kind: Trial\n"
    assert json.loads(_content(tar, "digits/deep/two/parameters.yaml")) == {"lr": 0.01}
    assert json.loads(_content(tar, "digits/deep/two/metadata.yaml"))["startTime"].startswith("2026")


def test_more_trials_than_are_read_at_once_all_come(user: User) -> None:
    for number in range(AT_ONCE + 3):
        user.new_trial(f"t{number}")
    root = user.v2("GET", "/folders/root").json()["id"]
    names = {one.name for one in _export(user, root).getmembers() if one.isdir()}
    assert names == {f"digits/mnist/t{number}" for number in range(AT_ONCE + 3)}


@pytest.mark.parametrize("name", [".", "..", "a/b", "a\x9bb"])
def test_what_is_no_name_leads_nowhere_either(name: str) -> None:
    safe = safe_name(name, new_id())
    assert safe != name or "/" not in name
    assert PurePosixPath(safe).parts == (safe,)
    assert safe not in (".", "..")


def test_hostile_names_lead_nowhere_and_stay_apart(user: User, tmp_path: Path) -> None:
    for name in HOSTILE:
        user.new_trial(name, folder={"path": "place", "make": True})
        answer = user.v2("POST", "/folders", json={"path": f"/{name}"})
        if answer.status_code == 201:
            user.new_trial("inside", folder={"id": answer.json()["id"]})
    root = user.v2("GET", "/folders/root").json()["id"]
    tar = _export(user, root)
    directories = [one.name for one in tar.getmembers() if one.isdir()]
    assert len(directories) == len(set(directories)) >= len(HOSTILE)
    for one in tar.getmembers():
        for kind in (PurePosixPath, PureWindowsPath):
            path = kind(one.name)
            assert not path.is_absolute()
            assert not path.drive
            assert ".." not in path.parts
            assert all(len(part.encode()) <= 255 for part in path.parts)
        assert one.isfile() or one.isdir()
    tar.extractall(tmp_path / "out", filter="data")
    assert {path.name for path in tmp_path.iterdir()} <= {"out", "cache"}


def test_a_trial_that_is_called_as_a_file_is_beside_it(user: User, tmp_path: Path) -> None:
    outer = user.new_trial("b", folder={"path": "a", "make": True})
    user.patch(outer, 0, line(1))
    for name in ("metrics", "metadata.yaml", "Metadata.YAML", "files", "FILES", ".AIMD"):
        user.new_trial(name, folder={"path": "a/b", "make": True})
    root = user.v2("GET", "/folders/root").json()["id"]
    tar = _export(user, root)
    assert len([one for one in tar.getmembers() if one.isdir()]) == 7
    called = {one.name.casefold() for one in tar.getmembers() if one.isdir()}
    assert not called & {f"a/b/{name}" for name in ("metadata.yaml", "files", ".aimd")}
    tar.extractall(tmp_path / "out", filter="data")
    assert (tmp_path / "out" / "a" / "b" / "metrics").read_bytes() == line(1)


@pytest.mark.parametrize("name", ["cnn", "a b", "日本", "~x", ".hidden", "-x"])
def test_an_ordinary_name_is_itself(name: str) -> None:
    assert safe_name(name, new_id()) == name


def test_an_empty_folder_is_an_empty_tar_and_a_strange_one_is_not_there(user: User, stranger: User) -> None:
    folder = user.v2("POST", "/folders", json={"path": "empty"}).json()["id"]
    assert _export(user, folder).getmembers() == []
    assert stranger.v2("GET", f"/folders/{folder}/export").status_code == 404
