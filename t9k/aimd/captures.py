"""What is captured besides metrics. Each part can be turned off, and none of it can stop training."""

from __future__ import annotations

import os
from importlib.util import find_spec

from aimd_core.format.files import replace_file
from aimd_core.format.layout import DIFF_FILE, OUTPUT_FILE
from aimd_core.language import said
from t9k.aimd import endings, output
from t9k.aimd.telling import tell
from t9k.aimd.trial import Trial

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from t9k.aimd.git import GitCapture


class Captures:
    """Which parts to capture.

    Attributes:
        git: Commit, branch, remote, and the uncommitted changes.
        output: The output of the process.
        system: CPU, memory, disk, network and GPU use.
        upload: Upload while training runs.
    """

    __slots__ = ("git", "output", "system", "upload")

    def __init__(self, git: bool, output: bool, system: bool, upload: bool) -> None:
        """Take a script's choices; the environment can turn a part off for every script (`AIMD_CAPTURE_OUTPUT=0`)."""
        self.git = git and _enabled("GIT")
        self.output = output and _enabled("OUTPUT")
        self.system = system and _enabled("SYSTEM") and find_spec("psutil") is not None
        self.upload = upload


def _enabled(what: str) -> bool:
    return os.environ.get(f"AIMD_CAPTURE_{what}", "1") not in ("0", "false", "no", "off")


def start_captures(trial: Trial, captures: Captures, git: GitCapture | None) -> None:
    """Start the captures that run during training; one that cannot be started is reported once and does no harm.

    Args:
        trial: The new trial.
        captures: What to capture.
        git: The git capture, if any.
    """
    endings.watch(trial)
    try:
        changes = git.changes() if git is not None else b""
        if changes:
            replace_file(trial.path / DIFF_FILE, changes, unsynced=trial._metadata.unsynced)
        if captures.output:
            trial._output = output.start(str(trial.path / OUTPUT_FILE), trial._journal._on_fault)
        if captures.system:
            from t9k.aimd import companions

            companions.start("system_metrics", trial.path)
        if captures.upload:
            _start_uploader(trial)
    except OSError as error:
        tell(said("WARNING: not everything is captured: {error}", error=error))


def _start_uploader(trial: Trial) -> None:
    from t9k.aimd import companions
    from t9k.aimd.configuration import companion_environment, signed_out

    if signed_out():
        tell("WARNING: this script has signed out, so nothing is uploaded while it runs")
    else:
        companions.start("uploader", trial.path, companion_environment())
