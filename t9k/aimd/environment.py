"""What a trial ran on: host, Python, imported packages, framework, git. Never environment variables, never secrets."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

GIT_TIMEOUT_S = 2.0
MAX_DIFF_BYTES = 4 << 20
_FRAMEWORKS = (
    (("tensorflow",), "TensorFlow"),
    (("torch",), "PyTorch"),
    (("pytorch_lightning", "lightning"), "PyTorch Lightning"),
)
_OURS = ("aimd_core", "aimd_cli", "aimd_server")


def capture_platform() -> dict[str, object]:
    """Return the `platform` part of the metadata: `hostname`, `os`, `python`, `pypkgs`, `framework`."""
    return {
        "hostname": platform.node(),
        "os": platform.platform(),
        "python": platform.python_version(),
        "pypkgs": imported_packages(),
        "framework": frameworks(),
    }


def imported_packages() -> dict[str, str]:
    """Return version by name of the top-level packages that this process has imported so far."""
    versions = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names or name in _OURS:
            continue
        # Not getattr: some packages answer it by importing more, or by a warning.
        version = getattr(module, "__dict__", {}).get("__version__")
        if isinstance(version, str):
            versions[name] = str(version)
    return dict(sorted(versions.items()))


def frameworks() -> str:
    """Return the training frameworks imported so far, comma separated."""
    return ", ".join(name for modules, name in _FRAMEWORKS if any(module in sys.modules for module in modules))


def capture_git(directory: Path) -> dict[str, object]:
    """Return the `_git` part of the metadata; empty outside of a git work tree, or without git.

    Args:
        directory: Where to look from.
    """
    questions = {
        "root": ["rev-parse", "--show-toplevel"],
        "status": ["status", "--porcelain=v2", "--branch", "--untracked-files=no"],
        "remote": ["config", "--get", "remote.origin.url"],
    }
    answers = _ask_git(directory, questions)
    root = answers["root"].strip()
    if not root:
        return {}
    branch, commit, is_dirty = _parse_status(answers["status"])
    remote = answers["remote"].strip()
    return {
        "local_path": root,
        "remote_url": _without_secrets(remote) or None,
        "branch": branch,
        "commit": commit,
        "is_dirty": is_dirty,
        "entrypoint": _entrypoint(Path(root)),
    }


def _ask_git(directory: Path, questions: dict[str, list[str]]) -> dict[str, str]:
    """Return what git prints for each question, asked all at once; empty where it fails or takes too long."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    running = {}
    for name, words in questions.items():
        try:
            running[name] = subprocess.Popen(
                ["git", *words],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return dict.fromkeys(questions, "")
    return {name: _output(process) for name, process in running.items()}


def _output(process: subprocess.Popen[bytes]) -> str:
    try:
        output, _ = process.communicate(timeout=GIT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return ""
    return output.decode("utf-8", "replace") if process.returncode == 0 else ""


def _parse_status(status: str) -> tuple[str | None, str | None, bool | None]:
    if not status:
        return None, None, None
    lines = status.splitlines()
    headers = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and " " in line[2:])
    branch, commit = headers.get("branch.head"), headers.get("branch.oid")
    dirty = any(not line.startswith("#") for line in lines)
    return (None if branch == "(detached)" else branch), (None if commit == "(initial)" else commit), dirty


def _without_secrets(url: str) -> str:
    """Return a remote's address without the user, password, query and fragment it may hold; `ssh` keeps the user."""
    if "://" not in url:
        return url  # a path, or user@host:path, which holds no password
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    user, _, host = parts.netloc.rpartition("@")
    if "ssh" in parts.scheme and user:
        host = f"{user.partition(':')[0]}@{host}"
    return urlunsplit(parts._replace(netloc=host, query="", fragment=""))


def _entrypoint(root: Path) -> str | None:
    """Return the script that was started, relative to the work tree when it lies there."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not isinstance(file, str):
        return None
    path = Path(file).resolve()
    try:
        return str(path.relative_to(root.resolve()))
    except ValueError:
        return str(path)


def uncommitted_changes(directory: Path) -> bytes:
    """Return what `git diff HEAD` says of the whole work tree; empty when nothing, or when it is too much or too slow.

    Args:
        directory: Somewhere in the work tree.
    """
    words = ["git", "diff", "HEAD", "--no-ext-diff", "--no-color", "--no-textconv"]
    try:
        done = subprocess.run(
            words,
            cwd=directory,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 and len(done.stdout) <= MAX_DIFF_BYTES else b""
