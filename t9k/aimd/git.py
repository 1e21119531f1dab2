"""What git says about the working directory: commit, branch, remote, and uncommitted changes. Never a secret.

All git commands run at once, while the rest of a trial is created. They share a deadline, so a slow disk or a huge work
tree costs what git would have said, not training time.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import subprocess

TIMEOUT_S = 2.0
MAX_DIFF_BYTES = 4 << 20
_QUESTIONS = {
    "root": ("rev-parse", "--show-toplevel"),
    "status": ("status", "--porcelain=v2", "--branch", "--untracked-files=no"),
    "remote": ("config", "--get", "remote.origin.url"),
    "diff": ("diff", "HEAD", "--no-ext-diff", "--no-color", "--no-textconv"),
}
_ADDRESS = r"(?s)(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<user>[^/@]*)@)?(?P<rest>[^?#]*)"


class GitCapture:
    """Asks git about a directory in the background.

    Attributes:
        directory: The directory.
    """

    def __init__(self, directory: Path, timeout_s: float = TIMEOUT_S, most_diff_bytes: int = MAX_DIFF_BYTES) -> None:
        """Start git. Outside of a work tree, or without git, nothing is started and every answer is empty.

        Args:
            directory: The directory.
            timeout_s: How long all answers together may take.
            most_diff_bytes: How many bytes of changes are kept; of more, none are.
        """
        self.directory = directory
        self._most_diff_bytes = most_diff_bytes
        self._deadline_s = time.monotonic() + timeout_s
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        if not _may_be_work_tree(directory):
            return
        import subprocess  # loads what a script outside of a work tree never needs

        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        try:
            for name, words in _QUESTIONS.items():
                self._running[name] = subprocess.Popen(
                    ["git", "-c", "core.fsmonitor=false", *words],
                    cwd=directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
        except OSError:  # no git, or no more processes allowed
            self.close()

    def _answer(self, question: str) -> bytes:
        process = self._running.pop(question, None)
        if process is None:
            return b""
        import subprocess

        try:
            output, _ = process.communicate(timeout=max(0.0, self._deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return b""
        return output if process.returncode == 0 else b""

    def state(self) -> dict[str, object]:
        """Return the `_git` part of the metadata, empty outside of a git work tree. Call it once."""
        answers = {name: self._answer(name).decode("utf-8", "replace") for name in ("root", "status", "remote")}
        root = answers["root"].strip()
        if not root:
            return {}
        branch, commit, is_dirty = _parse_status(answers["status"])
        return {
            "local_path": root,
            "remote_url": _without_secrets(answers["remote"].strip()) or None,
            "branch": branch,
            "commit": commit,
            "is_dirty": is_dirty,
            "entrypoint": _entrypoint(Path(root)),
        }

    def changes(self) -> bytes:
        """Return `git diff HEAD` of the whole work tree, empty if it is over 4 MiB."""
        changes = self._answer("diff")
        return changes if len(changes) <= self._most_diff_bytes else b""

    def close(self) -> None:
        """Stop the commands whose answers were not used."""
        for process in self._running.values():
            process.kill()
            process.communicate()
        self._running.clear()


def _may_be_work_tree(directory: Path) -> bool:
    """Tell whether to start git at all: looking for `.git` costs a hundredth of that."""
    if "GIT_DIR" in os.environ:
        return True
    return any(os.path.lexists(parent / ".git") for parent in (directory, *directory.parents))


def _parse_status(status: str) -> tuple[str | None, str | None, bool | None]:
    if not status:
        return None, None, None
    lines = status.splitlines()
    headers = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and " " in line[2:])
    branch, commit = headers.get("branch.head"), headers.get("branch.oid")
    dirty = any(not line.startswith("#") for line in lines)
    return (None if branch == "(detached)" else branch), (None if commit == "(initial)" else commit), dirty


def _without_secrets(url: str) -> str:
    """Return a remote's address without user, password, query and fragment; `ssh` keeps the user."""
    if "://" not in url:
        return url  # a path, or user@host:path, which has no password
    address = re.match(_ADDRESS, url)
    if address is None or address["rest"].count("[") != address["rest"].count("]"):
        return ""
    user = (address["user"] or "").partition(":")[0] if "ssh" in address["scheme"].lower() else ""
    return f"{address['scheme']}://{user}{'@' if user else ''}{address['rest']}"


def _entrypoint(root: Path) -> str | None:
    """Return the script that was started, relative to the work tree if it is there."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not isinstance(file, str):
        return None
    path = Path(file).resolve()
    try:
        return str(path.relative_to(root.resolve()))
    except ValueError:
        return str(path)
