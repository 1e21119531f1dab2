"""Recording, listing and uploading need nothing that only POSIX systems have, so that macOS and Windows have a chance.

Windows is simulated: names that Python has only elsewhere are removed, modules cannot be imported, and no directory can
be opened.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Account
from tests.support.scripts import ROOT, script_environment

POSIX_MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
# What Python's own modules need on this system is imported before it is taken away.
WITHOUT_POSIX = f"""
import asyncio, concurrent.futures, ctypes, getpass, multiprocessing, os, pathlib, platform, selectors, shutil, signal
import ssl, subprocess, sys, tempfile, threading, uuid

for name in '''
    confstr copy_file_range ctermid fchmod fchown fdatasync fork forkpty fstatvfs getegid geteuid getgid getloadavg
    getpgid getpgrp getsid getuid killpg mkfifo nice openpty posix_fadvise pread preadv pwrite pwritev readv
    register_at_fork sched_getaffinity sendfile setpgid setsid statvfs sysconf tcgetpgrp uname writev
    O_CLOEXEC O_DIRECTORY O_DSYNC O_NOATIME O_NOFOLLOW O_NONBLOCK O_PATH O_SYNC
'''.split():
    delattr(os, name)
for name in '''
    SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH SIG_BLOCK SIG_SETMASK
    SIG_UNBLOCK alarm pthread_kill pthread_sigmask setitimer sigpending sigwait
'''.split():
    delattr(signal, name)
os.supports_dir_fd = os.supports_fd = os.supports_follow_symlinks = set()
for name in {POSIX_MODULES}:
    sys.modules[name] = None
open_any = os.open

def open_file(path, *arguments, **more):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)
    return open_any(path, *arguments, **more)

os.open = open_file
"""
RECORD = """
from t9k import aimd
trial = aimd.create_trial(trial_name="cnn", trial_params={"lr": 0.1}, capture_git=False)
for step in range(3):
    trial.log("train", {"loss": 1.0}, step=step)
open("model.txt", "w").write("weights")
trial.save("model.txt")
trial.finish()
"""
COMMAND = "from aimd_cli.__main__ import start; start()"


def run(work: Path, code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_POSIX + code, *arguments]
    settings = script_environment(work, **environment)
    return subprocess.run(command, cwd=work, env=settings, capture_output=True, text=True, check=False)


def test_a_trial_is_recorded_listed_and_uploaded_without_what_only_posix_systems_have(
    work: Path, account: Account
) -> None:
    recorded = run(work, RECORD)
    assert recorded.stderr.endswith("finished: logged 3, on disk 3\n")
    listed = run(work, COMMAND, "trial", "ls")
    assert "\tSucceeded\t" in listed.stdout, listed.stderr
    signed_in = {"AIMD_HOST": account.url, "AIMD_API_KEY": account.key}
    for arguments in ((), ("--check",)):
        uploaded = run(work, COMMAND, "trial", "upload", "-n", "cnn", *arguments, **signed_in)
        assert uploaded.returncode == 0, uploaded.stderr


@pytest.mark.parametrize("planted", ["import fcntl", "import os; os.uname()", "import os; os.open('.', os.O_RDONLY)"])
def test_what_only_posix_systems_have_is_really_missing_there(work: Path, planted: str) -> None:
    assert run(work, planted).returncode == 1


@pytest.mark.parametrize("package", ["aimd_core", "t9k/aimd", "aimd_cli"])
def test_no_module_imports_a_module_of_posix_systems_when_it_is_loaded(package: str) -> None:
    faults = []
    for path in (ROOT / package).rglob("*.py"):
        for statement in ast.parse(path.read_text()).body:
            names = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
            names += [str(statement.module)] if isinstance(statement, ast.ImportFrom) else []
            faults += [f"{path.relative_to(ROOT)}: {name}" for name in names if name in POSIX_MODULES]
    assert faults == []


@pytest.mark.parametrize("package", ["aimd_core", "t9k/aimd"])
def test_only_one_module_asks_which_flags_a_system_has(package: str) -> None:
    flags = {"O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "fdatasync", "pread", "uname"}
    assert all(hasattr(os, name) for name in flags)
    faults = []
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in flags and getattr(node.value, "id", "") == "os":
                faults.append(f"{path.relative_to(ROOT)}: os.{node.attr}")
    allowed = ("aimd_core/format/portable.py", "t9k/aimd/environment.py")
    assert [fault for fault in faults if not fault.startswith(allowed)] == []
