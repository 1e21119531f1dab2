"""`aimd --install-completion` and `--show-completion`: the scripts, put where each shell looks for them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from aimd_cli.completion.scripts import FILES, SCRIPTS
from aimd_core.errors import AimdError, DiskError, UsageError
from aimd_core.language import said

_NAMES = {"pwsh": "powershell", **{name: name for name in SCRIPTS}}
_MARK = "# aimd completion"


def shell_named(name: str | None) -> str:
    """Return the shell that a user names, or the one in use.

    Raises:
        UsageError: There is no script for it.
    """
    detected = _NAMES.get(name or _shell_in_use())
    if detected is None:
        raise UsageError(
            message=said("no completion for shell {name!r}", name=name) if name else "cannot tell which shell this is",
            hint=said("Name one of: {scripts}, as in: aimd --install-completion bash", scripts=", ".join(SCRIPTS)),
        )
    return detected


def _shell_in_use() -> str:
    from shellingham import ShellDetectionFailure, detect_shell

    try:
        detected: str = detect_shell()[0]
    except ShellDetectionFailure:
        detected = ""
    # make and scripts put a plain `sh` in between; the user's own shell is in SHELL.
    return detected if detected in _NAMES else Path(os.environ.get("SHELL", "")).name


def install(shell: str) -> list[Path]:
    """Write the script where the shell finds it, and return the files that were written.

    Raises:
        DiskError: A file cannot be written.
        AimdError: PowerShell is not installed, so its profile is unknown.
    """
    path = _script_path(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCRIPTS[shell], encoding="utf-8")
        profile, lines = _profile(shell, path)
        return [path, *([profile] if profile and _add(profile, lines) else [])]
    except OSError as error:
        raise DiskError(
            path=error.filename or path, reason=said("cannot be written ({strerror})", strerror=error.strerror)
        ) from error


def _script_path(shell: str) -> Path:
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "bash": data / "bash-completion" / "completions" / "aimd",
        "zsh": data / "zsh" / "site-functions" / FILES["zsh"],
        "fish": config / "fish" / "completions" / FILES["fish"],
        "powershell": data / "aimd" / FILES["powershell"],
    }[shell]


def _profile(shell: str, script: Path) -> tuple[Path | None, str]:
    """Return the start-up file that must load the script, and the line for it; fish needs none."""
    if shell == "bash":  # also without the package bash-completion, which would find the script
        return Path.home() / ".bashrc", f"[ -r '{script}' ] && . '{script}'"
    if shell == "zsh":
        path = Path(os.environ.get("ZDOTDIR") or Path.home()) / ".zshrc"
        return path, f"fpath=('{script.parent}' $fpath); autoload -Uz compinit; compinit"
    if shell == "powershell":
        return _powershell_profile(), f". '{script}'"
    return None, ""


def _powershell_profile() -> Path:
    for program in ("pwsh", "powershell"):
        try:
            said = subprocess.run(
                [program, "-NoProfile", "-Command", "echo $PROFILE"], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return Path(said.stdout.strip())
    raise AimdError(message="PowerShell is not installed here", hint="See: aimd --show-completion powershell")


def _add(profile: Path, line: str) -> bool:
    """Add a marked line to a start-up file, once; tell whether it was added."""
    before = profile.read_text(encoding="utf-8", errors="surrogateescape") if profile.exists() else ""
    marked_line = f"{line}  {_MARK}"
    if marked_line in before.splitlines():
        return False
    profile.parent.mkdir(parents=True, exist_ok=True)
    with profile.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(("" if before.endswith("\n") or not before else "\n") + marked_line + "\n")
    return True
