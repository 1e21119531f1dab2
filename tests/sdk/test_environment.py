from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from t9k.aimd.environment import capture_git, capture_platform, imported_packages
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


@pytest.fixture
def repository(work: Path, git_environment: None) -> Path:
    git(work, "init", "-q", "-b", "main")
    (work / "train.py").write_text("print()\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first")
    return work


def test_a_clean_work_tree_is_described(repository: Path) -> None:
    captured = capture_git(repository)
    assert list(captured) == ["local_path", "remote_url", "branch", "commit", "is_dirty", "entrypoint"]
    assert captured["local_path"] == str(repository)
    assert (captured["branch"], captured["commit"]) == ("main", git(repository, "rev-parse", "HEAD"))
    assert (captured["is_dirty"], captured["remote_url"]) == (False, None)


def test_a_changed_file_makes_it_dirty(repository: Path) -> None:
    (repository / "train.py").write_text("print(1)\n")
    assert capture_git(repository)["is_dirty"] is True


def test_a_detached_head_has_a_commit_and_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    captured = capture_git(repository)
    assert (captured["branch"], captured["commit"]) == (None, git(repository, "rev-parse", "HEAD"))


def test_a_repository_without_a_commit_has_a_branch_and_no_commit(work: Path, git_environment: None) -> None:
    git(work, "init", "-q", "-b", "main")
    captured = capture_git(work)
    assert (captured["branch"], captured["commit"], captured["is_dirty"]) == ("main", None, False)


def test_outside_of_a_work_tree_there_is_nothing_to_say(work: Path, git_environment: None) -> None:
    assert capture_git(work) == {}


def test_without_git_there_is_nothing_to_say(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert capture_git(repository) == {}


def test_a_git_that_hangs_is_given_up(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("t9k.aimd.environment.GIT_TIMEOUT_S", 0.05)
    assert capture_git(repository) == {}


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
    captured = capture_git(repository)
    assert captured["remote_url"] == recorded
    assert "sentinel" not in json.dumps(captured)


def test_the_script_that_was_started_is_the_entrypoint(repository: Path) -> None:
    (repository / "sub").mkdir()
    (repository / "sub" / "train.py").write_text(
        "from t9k.aimd.environment import capture_git\n"
        "from pathlib import Path\n"
        "print(capture_git(Path.cwd())['entrypoint'])\n"
    )
    done = run_script("import runpy; runpy.run_path('sub/train.py', run_name='__main__')", repository)
    assert (done.returncode, done.stdout) == (0, "sub/train.py\n"), done.stderr


def test_the_platform_is_this_one() -> None:
    captured = capture_platform()
    assert (captured["hostname"], captured["python"]) == (platform.node(), platform.python_version())
    assert captured["os"] == platform.platform()


def test_packages_are_those_imported_with_their_versions_and_never_our_own() -> None:
    packages = imported_packages()
    assert packages["pytest"] == pytest.__version__
    assert list(packages) == sorted(packages)
    assert not {"json", "aimd_core", "t9k", "os"} & set(packages)


def test_asking_for_versions_imports_nothing() -> None:
    before = set(sys.modules)
    imported_packages()
    assert set(sys.modules) == before


def test_no_environment_variable_and_no_argument_is_recorded(work: Path) -> None:
    done = run_script(
        """
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        trial.log("train", {"a": 1.0}, step=1)
        trial.finish()
        """,
        work,
        "--token=sentinel-argument",
        AIMD_API_KEY="sentinel-environment",
    )
    assert done.returncode == 0
    for path in work.rglob("*"):
        assert not path.is_file() or b"sentinel" not in path.read_bytes(), path
