from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from t9k import aimd
from t9k.aimd.git import GitCapture
from tests.support.patience import PATIENCE_S
from tests.support.scripts import run_script


@pytest.fixture
def git_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the configuration of the person who runs the tests away from git."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


def git(directory: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def state(directory: Path, timeout_s: float = PATIENCE_S) -> dict[str, object]:
    with closing(GitCapture(directory, timeout_s)) as asked:
        return asked.state()


@pytest.fixture
def repository(work: Path, git_environment: None) -> Path:
    git(work, "init", "-q", "-b", "main")
    (work / "train.py").write_text("print()\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first")
    return work


def test_a_clean_work_tree_is_described(repository: Path) -> None:
    captured = state(repository)
    assert list(captured) == ["local_path", "remote_url", "branch", "commit", "is_dirty", "entrypoint"]
    assert captured["local_path"] == str(repository)
    assert (captured["branch"], captured["commit"]) == ("main", git(repository, "rev-parse", "HEAD"))
    assert (captured["is_dirty"], captured["remote_url"]) == (False, None)


def test_a_changed_file_makes_it_dirty(repository: Path) -> None:
    (repository / "train.py").write_text("print(1)\n")
    assert state(repository)["is_dirty"] is True


def test_a_detached_head_has_a_commit_and_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    captured = state(repository)
    assert (captured["branch"], captured["commit"]) == (None, git(repository, "rev-parse", "HEAD"))


def test_a_repository_without_a_commit_has_a_branch_and_no_commit(work: Path, git_environment: None) -> None:
    git(work, "init", "-q", "-b", "main")
    captured = state(work)
    assert (captured["branch"], captured["commit"], captured["is_dirty"]) == ("main", None, False)


def test_outside_of_a_work_tree_there_is_nothing_to_say(work: Path, git_environment: None) -> None:
    assert state(work) == {}


def test_without_git_there_is_nothing_to_say(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert state(repository) == {}


def test_a_git_that_hangs_is_given_up(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert state(repository, timeout_s=0.05) == {}


@pytest.mark.parametrize(
    ("remote", "recorded"),
    [
        ("https://user:sentinel@host.example/a/b.git", "https://host.example/a/b.git"),
        ("https://sentinel@host.example:8443/a/b.git", "https://host.example:8443/a/b.git"),
        ("https://host.example/a/b.git?private_token=sentinel", "https://host.example/a/b.git"),
        ("ssh://git:sentinel@host.example:2222/a/b.git", "ssh://git@host.example:2222/a/b.git"),
        ("ssh://git@host.example/a/b.git", "ssh://git@host.example/a/b.git"),
        ("git@host.example:a/b.git", "git@host.example:a/b.git"),
        ("/srv/git/b.git", "/srv/git/b.git"),
        ("https://[sentinel/a", None),
    ],
)
def test_a_remote_is_recorded_without_secrets(remote: str, recorded: str | None, repository: Path) -> None:
    git(repository, "config", "remote.origin.url", remote)
    captured = state(repository)
    assert captured["remote_url"] == recorded
    assert "sentinel" not in json.dumps(captured)


def test_the_script_that_was_started_is_the_entrypoint(repository: Path) -> None:
    (repository / "sub").mkdir()
    (repository / "sub" / "train.py").write_text(
        "from t9k.aimd.git import GitCapture\n"
        "from pathlib import Path\n"
        "asked = GitCapture(Path.cwd())\n"
        "print(asked.state()['entrypoint'])\n"
        "asked.close()\n"
    )
    done = run_script("import runpy; runpy.run_path('sub/train.py', run_name='__main__')", repository)
    assert (done.returncode, done.stdout) == (0, "sub/train.py\n"), done.stderr


def test_uncommitted_changes_are_kept_as_a_patch_that_git_applies(repository: Path) -> None:
    (repository / "train.py").write_text("print('changed')\n")
    (repository / "train.py").with_name("new.py").write_text("x = 1\n")
    git(repository, "add", "new.py")
    trial = aimd.create_trial(trial_name="a")
    changes = (trial.path / "git.diff").read_bytes()
    assert b"+print('changed')" in changes
    assert b"+x = 1" in changes
    git(repository, "reset", "-q", "--hard")
    git(repository, "apply", str(trial.path / "git.diff"))
    assert (repository / "train.py").read_text() == "print('changed')\n"
    assert (repository / "new.py").read_text() == "x = 1\n"


def test_without_changes_or_with_git_switched_off_there_is_no_patch(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not (aimd.create_trial(trial_name="a").path / "git.diff").exists()
    (repository / "train.py").write_text("print('changed')\n")
    trial = aimd.create_trial(trial_name="a", capture_git=False)
    assert not (trial.path / "git.diff").exists()
    monkeypatch.setenv("AIMD_CAPTURE_GIT", "0")
    trial = aimd.create_trial(trial_name="a")
    assert not (trial.path / "git.diff").exists()
    assert trial._metadata.values["_git"] == {}


def test_changes_beyond_the_limit_are_left_out_and_delay_nothing(repository: Path) -> None:
    (repository / "train.py").write_text("x\n" * 200_000)  # more than a pipe holds
    with closing(GitCapture(repository, PATIENCE_S)) as asked:
        assert asked.state()["is_dirty"] is True
        assert asked.changes().count(b"\n+x") == 200_000
    with closing(GitCapture(repository, PATIENCE_S, most_diff_bytes=1000)) as asked:
        assert asked.changes() == b""


def test_a_hook_of_the_repository_is_not_run(repository: Path) -> None:
    hook = repository / "hook.sh"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    state(repository)
    assert not (repository / "ran").exists()
