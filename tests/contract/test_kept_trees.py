"""Whatever is below `files/`: an upload and a download bring it back, or the upload has named it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination
from aimd_core.upload.contents import Uploaded
from aimd_core.upload.downloading import download_trial
from aimd_core.upload.refusals import sentences
from aimd_core.upload.remote import CurrentRemote
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.properties import load_profile

load_profile()
_FILES = ("file", "empty file", "executable", "read-only", "ignored")
_KINDS = (*_FILES, "empty directory", "link", "link to a directory", "pipe")
_names = st.sampled_from(["a", "b", ".hidden", "run.sh", "Ünï cödé", "x.partial", ".x.partial", "a b\u3000c"])
_paths = st.lists(_names, min_size=1, max_size=3).map("/".join)
_trees = st.dictionaries(_paths, st.sampled_from(_KINDS), min_size=1, max_size=7)


@pytest.fixture(autouse=True)
def ignoring(home: Home) -> None:
    (home.work / ".aimdignore").write_text("ignored-*\n")


def make(top: Path, tree: dict[str, str]) -> None:
    """Make what can be made of a tree: a path in the way of another is left out."""
    top.mkdir(exist_ok=True)
    for name, kind in tree.items():
        path = top / name
        path = path.with_name(f"ignored-{path.name}") if kind == "ignored" else path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() or path.is_symlink():
                continue
        except (FileExistsError, NotADirectoryError):
            continue
        if kind == "empty directory":
            path.mkdir()
        elif kind.startswith("link"):
            path.symlink_to(".." if kind == "link to a directory" else "a")
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.write_bytes(b"" if kind == "empty file" else os.urandom(5_000))
            path.chmod({"executable": 0o755, "read-only": 0o444}.get(kind, 0o644))


class There(NamedTuple):
    """What is at a path: bytes of a file, and whether it may be executed; None for anything else."""

    content: bytes | None
    is_executable: bool


def below(top: Path) -> dict[str, There]:
    """Return what is below a directory: files, links, pipes, and directories with nothing in them."""
    rows: dict[str, There] = {}
    for path in top.rglob("*"):
        name = path.relative_to(top).as_posix()
        if path.is_symlink() or path.is_fifo():
            rows[name] = There(None, False)
        elif path.is_file():
            rows[name] = There(path.read_bytes(), bool(path.stat().st_mode & 0o100))
        elif not os.listdir(path):
            rows[f"{name}/"] = There(None, False)
    return rows


def came_back(account: Account, tree: dict[str, str], back: Path) -> tuple[dict[str, There], dict[str, There], str]:
    """Upload a trial with a tree and download it; return what was there, what is, and all that was said."""
    trial = aimd.create_trial(trial_name="tree", capture_output=False, capture_git=False)
    make(trial.path / "files", tree)
    trial.finish()
    credentials = Credentials(account.url, account.key, {})
    with CurrentRemote(credentials) as remote:
        uploaded: Uploaded = remote.upload(Trial(trial.path), Destination())
    said = "\n".join(map(str, [*uploaded.notes, *sentences(uploaded.refusals)]))
    with Server(credentials) as server:
        path = download_trial(server, str(trial.id), back)
    return below(trial.path / "files"), below(path / "files"), said


def lost(before: dict[str, There], after: dict[str, There], said: str) -> list[str]:
    """Return what did not come back, and was not named, and what came that was not there."""
    ignored = sum("ignored-" in name for name in before)
    if f"left out by .aimdignore: {ignored} file" in said:
        before = {name: there for name, there in before.items() if "ignored-" not in name}
    is_named = {name: f"files/{name}" in said or ", ..." in said for name in before}  # of many, the first
    gone = [name for name in before.keys() - after.keys() if not is_named[name]]
    others = [name for name in before.keys() & after.keys() if after[name].content != before[name].content]
    changed = [
        name
        for name in before.keys() & after.keys()
        if after[name].is_executable != before[name].is_executable and not is_named[name]
    ]
    return gone + others + changed + sorted(after.keys() - before.keys())


def test_all_of_a_tree_comes_back_or_is_named(account: Account, tmp_path: Path) -> None:
    @settings(max_examples=25, deadline=None)
    @given(_trees)
    def is_kept(tree: dict[str, str]) -> None:
        back = tmp_path / "back"
        shutil.rmtree(back, ignore_errors=True)
        assert lost(*came_back(account, tree, back)) == []

    is_kept()


def test_the_harness_finds_an_empty_directory_that_nobody_names(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimd_core.upload.sending.notes_on", lambda *_: [])
    tree = {"empty": "empty directory", "run": "executable"}
    assert sorted(lost(*came_back(account, tree, tmp_path / "back"))) == ["empty/", "run"]


def test_an_upload_and_a_check_name_what_does_not_come_back(home: Home, signed_in: Account) -> None:
    trial = aimd.create_trial(trial_name="tree", capture_output=False, capture_git=False)
    make(trial.path / "files", {"empty/deep": "empty directory", "run.sh": "executable", "a": "file"})
    trial.finish()
    for words in (["upload"], ["upload"], ["upload", "--check"]):
        ran = home.aimd("trial", *words, "-n", "tree", "-P", "t", *(["-m"] if len(words) == 1 else []))
        assert ran.code == 0, ran.err
        assert "files/empty/deep/" in ran.out + ran.err
        assert "files/run.sh" in ran.out + ran.err
    assert "files/empty/deep/" in home.aimd("trial", "upload", "-n", "tree", "--dry-run").out
