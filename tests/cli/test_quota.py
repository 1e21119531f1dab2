"""Quotas as people meet them: set by whoever runs the server, seen in `folder`, told by an upload that does not fit."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable

import pytest

from t9k import aimd
from tests.support.home import Home, Ran
from tests.support.server import RunningServer

Quota = Callable[..., Ran]


@pytest.fixture
def user(home: Home, running_server: RunningServer) -> str:
    """The name of a new user, who is signed in."""
    name = f"user-{uuid.uuid4().hex[:12]}"
    home.write_config(f"aimd_host: {running_server.url}\napi_key: {running_server.new_user(name)}\n")
    return name


@pytest.fixture
def quota(home: Home, running_server: RunningServer) -> Quota:
    """Runs `aimd server quota` on the server's data."""
    return lambda *words: home.aimd("server", "quota", *words, "--data-dir", running_server.data_dir)


def _trial(home: Home, name: str, size: int) -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, capture_output=False)
    trial.log("train", {"loss": 0.5}, step=1)
    (home.work / "model.bin").write_bytes(os.urandom(size))
    trial.save("model.bin")
    trial.finish()
    return trial


def test_an_upload_that_does_not_fit_sends_the_numbers_and_says_what_to_do(home: Home, user: str, quota: Quota) -> None:
    assert quota("set", user, "1MiB").code == 0
    _trial(home, "cnn", 1_100_000)
    ran = home.aimd("trial", "upload", "cnn")
    assert ran.code == 4
    assert f"has no room for 1.0 MiB more: user {user} may hold 1.0 MiB and holds 0 B" in ran.err
    assert "aimd server quota set" in ran.err
    assert home.aimd("trial", "ls", "--remote").table[0]["train.loss"] == "0.5"
    assert quota("set", user, "2MB").code == 0
    assert home.aimd("trial", "upload", "cnn").code == 0
    _trial(home, "more", 1_000_000)
    both = home.aimd("trial", "upload", "cnn", "more")
    assert (both.code, "has no room" in both.out + both.err) == (8, True)


def test_media_that_do_not_fit_keep_neither_numbers_nor_files_from_the_server(
    home: Home, user: str, quota: Quota
) -> None:
    trial = aimd.create_trial(trial_name="shown", capture_output=False)
    trial.log("train", {"loss": 0.5}, step=1)
    trial.log_text("notes", "x" * 40_000, step=1)
    (home.work / "small.txt").write_bytes(b"y")
    trial.save("small.txt")
    trial.finish()
    quota("set", user, "30kB")
    ran = home.aimd("trial", "upload", "shown")
    assert (ran.code, f"user {user} may hold 29.3 KiB" in ran.err) == (4, True)
    assert home.aimd("trial", "ls", "--remote").table[0]["train.loss"] == "0.5"
    left = home.aimd("trial", "upload", "shown", "--check")
    assert (left.code, [row["file"][:6] for row in left.table]) == (1, ["media/"])
    quota("set", user, "2MB")
    assert [home.aimd("trial", "upload", "shown", *words).code for words in ((), ("--check",))] == [0, 0]


def test_an_artifact_that_does_not_fit_is_refused_too(home: Home, user: str, quota: Quota) -> None:
    (home.work / "model.bin").write_bytes(os.urandom(40_000))
    aimd.create_artifact("model", "model").add_file("model.bin")
    quota("set", user, "30kB")
    ran = home.aimd("artifact", "upload", "model")
    assert (ran.code, f"user {user} may hold 29.3 KiB" in ran.err) == (4, True)


def test_an_artifact_that_goes_along_and_does_not_fit_is_told_like_a_file_and_the_others_go(
    home: Home, user: str, quota: Quota
) -> None:
    trial = aimd.create_trial(trial_name="cnn", capture_output=False)
    for name, size in (("large", 40_000), ("small", 100)):
        (home.work / "f").write_bytes(os.urandom(size))
        artifact = aimd.create_artifact(name, "model")
        artifact.add_file("f")
        trial.mark_output(artifact)
    trial.finish()
    quota("set", user, "30kB")
    ran = home.aimd("trial", "upload", "cnn")
    assert (ran.code, "aimd server quota set" in ran.err, "rename" in ran.err) == (4, True, False)
    assert [row["name"] for row in home.aimd("artifact", "ls", "--remote").table] == ["small"]
    assert home.aimd("trial", "describe", "cnn", "--json").json["trials"][0]["uploads"]
    quota("set", user, "2MB")
    assert home.aimd("trial", "upload", "cnn").code == 0
    assert [row["name"] for row in home.aimd("artifact", "ls", "--remote").table] == ["large", "small"]


def test_folders_show_how_much_of_their_quotas_they_use(home: Home, user: str, quota: Quota) -> None:
    home.aimd("folder", "mk", "-p", "vision/mnist")
    home.aimd("folder", "mk", "other")
    assert "QUOTA" not in home.aimd_terminal("folder", "ls")
    assert quota("set", user, "1.5GiB").err == f"{user} may hold 1.5 GiB.\n"
    assert quota("set", user, "500 GB", "--folder", "vision").code == 0
    shown = home.aimd_terminal("folder", "ls", columns=100)
    assert "QUOTA" in shown
    assert "0 B of 465.7 GiB" in shown
    assert "2 folders in /, which holds 0 B of 1.5 GiB" in shown
    tree = re.sub(r"\x1b\[[0-9;]*m", "", home.aimd_terminal("folder", "tree"))
    assert "/  0 B of 1.5 GiB\n" in tree
    assert "vision  0 B of 465.7 GiB\n" in tree
    rows = {row["path"]: (row["used"], row["limit"]) for row in home.aimd("folder", "ls").table}
    assert rows == {"/vision": ("0", "500000000000"), "/other": ("", "")}
    assert home.aimd("folder", "ls", "--json").json["quota"] == {"limit": 3 << 29, "used": 0}


def test_the_operator_lists_and_removes_quotas(home: Home, user: str, quota: Quota) -> None:
    quota("set", user, "5")
    (row,) = [row for row in quota("ls").table if row["user"] == user]
    assert row == {"user": user, "folder": "/", "used": "0", "limit": "5"}
    assert [row for row in quota("ls", "--json").json["quotas"] if row["user"] == user]
    assert quota("rm", user).err == "Removed the quota.\n"
    assert quota("rm", user).code == 3
    assert quota("set", "nobody", "5GB").code == 3
    assert quota("set", user, "5GB", "--folder", "nowhere").code == 3


@pytest.mark.parametrize("size", ["", "x", "0", "-1", "5 gigabytes", "1e9", "9999999999TB", "0.0000001KB", "nan"])
def test_a_size_that_is_none_is_refused(quota: Quota, user: str, size: str) -> None:
    assert quota("set", user, "--", size).code == 2
