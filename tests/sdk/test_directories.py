"""Where a trial is written: the working directory, unless `dir` or AIMD_DIR says otherwise; one clear error else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aimd_core.errors import DiskError, UsageError
from t9k import aimd
from tests.support.parts import require_part
from tests.support.scripts import run_script, script_environment


def test_a_trial_goes_where_dir_says_before_the_variable_and_the_working_directory(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aimd.create_trial(trial_name="a").path.parent == work / ".aimd" / "trials"
    monkeypatch.setenv("AIMD_DIR", "elsewhere")
    trial = aimd.create_trial(trial_name="b")
    assert trial.path.parent == work / "elsewhere" / ".aimd" / "trials"
    trial.finish()
    monkeypatch.chdir("/")
    assert aimd.create_trial(trial_name="c", dir=work / "third").path.parent == work / "third" / ".aimd" / "trials"
    monkeypatch.setenv("AIMD_DIR", str(work / "elsewhere"))
    assert [found["name"] for found in aimd.search_trials()] == ["b"]
    assert aimd.load_trial(trial_name="b").path == trial.path


def test_a_tilde_is_the_home_directory_as_in_a_shell(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(work / "home"))
    monkeypatch.setenv("AIMD_DIR", "~/runs")
    first = aimd.create_trial(trial_name="a")
    second = aimd.create_trial(trial_name="b", dir="~/runs")
    assert {first.path.parent, second.path.parent} == {work / "home" / "runs" / ".aimd" / "trials"}
    assert len(aimd.search_trials()) == len(aimd.search_trials(path="~/runs")) == 2
    assert aimd.load_trial(f"~/runs/.aimd/trials/{first.path.name}").path == first.path
    assert not (work / "~").exists()


def test_every_command_reads_where_the_variable_says(work: Path) -> None:
    aimd.create_trial(trial_name="a", dir=work / "store").finish()

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "aimd_cli", "trial", *words]
        environment = script_environment(work, AIMD_DIR=str(work / "store"))
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (name,) = run("ls", "-q").split()
    assert name.startswith("a_")
    assert "Succeeded" in run("describe", name)
    run("rm", "-y", name)
    assert name in run("trash", "ls")
    run("restore", name)
    assert name in run("ls")


def test_a_directory_that_cannot_be_written_to_is_one_error_that_says_what_to_do(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "file").write_text("")
    with pytest.raises(DiskError, match="cannot make a trial here") as caught:
        aimd.create_trial(trial_name="a", dir=work / "file")
    assert "AIMD_DIR" in caught.value.advice
    if os.geteuid() != 0:
        work.chmod(0o500)
        with pytest.raises(DiskError, match="Permission denied"):
            aimd.create_trial(trial_name="a")
        work.chmod(0o700)


def test_a_read_only_file_system_is_told_and_another_directory_helps(work: Path) -> None:
    require_part("unshare", shutil.which("unshare") is not None)
    code = (
        "import sys; from t9k import aimd\n"
        "try: aimd.create_trial(trial_name='a')\n"
        "except Exception as error: print(type(error).__name__, error, error.advice)\n"
        "print(aimd.create_trial(trial_name='a', dir=sys.argv[1]).path.parent)\n"
    )
    script = f'mount -t tmpfs -o ro tmpfs "$PWD" && cd "$PWD" && exec {sys.executable} -c "$CODE" "$OTHER"'
    (work / "ro").mkdir()
    (work / "rw").mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=work / "ro",
        env=script_environment(work, CODE=code, OTHER=str(work / "rw")),
        capture_output=True,
        text=True,
        check=False,
    )
    require_part("a mount name space", "unshare" not in done.stderr and "mount:" not in done.stderr)
    first, second = done.stdout.splitlines()
    assert first.startswith("DiskError ")
    assert "Read-only file system" in first
    assert "create_trial(dir=...)" in first
    assert second == str(work / "rw" / ".aimd" / "trials")


def test_a_working_directory_that_is_gone_is_told_and_another_directory_helps(work: Path) -> None:
    (work / "gone").mkdir()
    done = run_script(
        """
        import os, sys
        from t9k import aimd
        os.chdir("gone")
        os.rmdir("../gone")
        try:
            aimd.create_trial(trial_name="a")
        except Exception as error:
            print(type(error).__name__, error)
        with aimd.create_trial(trial_name="a", dir=sys.argv[1]) as trial:
            trial.log("train", {"a": 1.0}, step=1)
            trial.params["lr"] = 0.1
        print(trial.status, trial.receipt)
        """,
        work,
        str(work),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "DiskError .: the working directory is gone\nSucceeded logged 1, on disk 1\n"
    assert "WARNING" not in done.stderr


def test_an_address_is_no_directory_for_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="s3://bucket/runs is an address"):
        aimd.create_trial(trial_name="t", dir="s3://bucket/runs")
    assert not list(tmp_path.glob("s3*"))
