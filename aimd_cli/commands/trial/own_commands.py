"""The settings of the live screen in `.aimd/config`: the mouse, and a person's own commands, each bound to a key.

A command is a list of words that is run as it is, never by a shell unless its first word is one. `{name}`, `{id}` and
`{dir}` stand for the selected trial. Each is a word of its own, or follows `--option=`, so that no name of a trial can
become something that a shell or another program interprets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aimd_cli import output
from aimd_cli.screen.panes import OwnCommand
from aimd_core.errors import DamagedError
from aimd_core.format.layout import HOME
from aimd_core.language import said

CONFIG_FILE = "config"
_KEY = re.compile(r"[a-zA-Z]|(ctrl|alt)\+[a-z]|f([1-9]|1[0-2])")
_PLACEHOLDER = re.compile(r"\{(name|id|dir)\}")
_WORD = re.compile(r"(--?[\w-]+=)?\{(name|id|dir)\}")


def config_of(directory: Path) -> Path:
    """Return where the settings of a directory are."""
    for path in (directory, directory.parent):
        if path.name == HOME:
            return path / CONFIG_FILE
    return directory / HOME / CONFIG_FILE


def read_settings(directory: Path, taken: frozenset[str]) -> tuple[bool, tuple[OwnCommand, ...]]:
    """Return whether the mouse is on, and the commands.

    Args:
        directory: A working directory, its `.aimd`, or the trials in that.
        taken: The keys that the screen has already.

    Raises:
        DamagedError: The file cannot be read, or says something that cannot be.
    """
    path = config_of(directory)
    if not path.exists():
        return False, ()
    from aimd_core.format.documents import read_mapping

    section = read_mapping(path).get("top")
    if section is None:
        return False, ()
    if not isinstance(section, dict):
        raise DamagedError(path=path, reason="top is not a mapping")
    listed = section.get("commands") or []
    if not isinstance(listed, list):
        raise DamagedError(path=path, reason="top.commands is not a list")
    commands: list[OwnCommand] = []
    for number, item in enumerate(listed, start=1):
        fault = _fault(item, taken | {command.key for command in commands})
        if fault:
            reason = said("command {number} of top.commands: {fault}", number=number, fault=fault)
            raise DamagedError(path=path, reason=reason)
        commands.append(_command(item))
    return section.get("mouse") is True, tuple(commands)


def _command(item: dict[str, Any]) -> OwnCommand:
    words = tuple(item["run"])
    return OwnCommand(item["key"], str(item.get("name") or words[0]), words, item.get("confirm") is True)


def _fault(item: object, taken: frozenset[str]) -> str:
    """Return what is wrong with a command, or empty."""
    if not isinstance(item, dict):
        return said("it is not a mapping")
    key, words = item.get("key"), item.get("run")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return said("key must be a letter, ctrl+LETTER, alt+LETTER, or f1 to f12")
    if key in taken:
        return said("the key {key} does something else already", key=key)
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        return said("run must be a list of words, the program first")
    for word in words:
        if _PLACEHOLDER.search(word) and not _WORD.fullmatch(word):
            return said("{word!r}: a placeholder must be a word of its own, or follow --option=", word=word)
    return ""


def run_command(words: Sequence[str]) -> int:
    """Run a command in this terminal, wait for Enter, and return its exit status."""
    import subprocess
    import sys

    try:
        status = subprocess.run(list(words), check=False).returncode
    except OSError as error:
        output.say(said("cannot run {program} ({reason})", program=words[0], reason=error.strerror or str(error)))
        status = 127
    output.say(said("exit status {status}; Enter goes back", status=status))
    sys.stdin.readline()
    return status
