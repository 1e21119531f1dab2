"""`aimd config edit`: the file in the user's editor. It is replaced atomically, and only if it is valid."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import typer

from aimd_cli import output
from aimd_core.errors import AimdError, ConflictError, UsageError
from aimd_core.language import joined, said


def edit() -> None:
    """Edit the SDK config file in $VISUAL or $EDITOR; it is checked before it replaces the old one.

    Examples:

        aimd config edit
    """
    from aimd_core.config import config_path, write_config_text

    path = config_path()
    before = _content(path)
    with tempfile.TemporaryDirectory(prefix="aimd-config-") as private:  # mode 0700, because the copy contains keys
        copy = Path(private) / path.name
        copy.touch(mode=0o600)
        copy.write_bytes(before)
        while True:
            _run_editor(copy)
            after = copy.read_bytes()
            try:
                _check(after, path)
                break
            except AimdError as error:
                if not sys.stdin.isatty():
                    raise
                output.say(error.sentence)
                if error.advice:
                    output.say(joined("", ["  ", error.advice]))
                if not typer.confirm("Edit it again? Otherwise nothing is changed", default=True, err=True):
                    raise
    if after == before:
        output.say(said("No change to {path}", path=path))
        return
    if _content(path) != before:
        raise ConflictError(
            message=said("{path} was changed by another program meanwhile; it was left as it is", path=path),
            hint="Edit it again",
        )
    write_config_text(after, path)
    output.say(said("Saved {path}", path=path))


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _run_editor(copy: Path) -> None:
    """Run the editor and wait until it ends."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    try:
        ended = subprocess.run([*words, str(copy)], check=False)
    except OSError as error:
        raise UsageError(
            message=said("cannot start the editor {words!r} ({strerror})", words=words[0], strerror=error.strerror),
            hint="Set EDITOR to an editor that is installed",
        ) from None
    if ended.returncode != 0:
        raise AimdError(
            message=said(
                "the editor ended with exit code {returncode}; nothing was changed", returncode=ended.returncode
            )
        )


def _check(text: bytes, path: Path) -> None:
    """Raise ConfigError or UsageError if the text cannot be used as the config file."""
    from aimd_core.errors import ConfigError, DamagedError
    from aimd_core.format.documents import parse_mapping
    from aimd_core.settings import check

    try:
        check(parse_mapping(text, path))
    except DamagedError as error:
        raise ConfigError(path=path, reason=error.facts["reason"], hint="Nothing was changed") from None
