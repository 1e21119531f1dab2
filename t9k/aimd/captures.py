"""What is captured beside the metrics when a trial is made, each part switchable; none of it can stop a training."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

from aimd_core.documents import replace_file
from aimd_core.store import DIFF_FILE, OUTPUT_FILE
from t9k.aimd import companions, endings, output
from t9k.aimd.environment import uncommitted_changes
from t9k.aimd.trial import Trial, tell


class Captures:
    """Which parts are wanted.

    Attributes:
        git: Commit, branch, remote, and the uncommitted changes.
        output: What the process prints.
        system: CPU, memory, disk, network and GPU use.
        upload: Upload while the training runs.
    """

    __slots__ = ("git", "output", "system", "upload")

    def __init__(self, git: bool, output: bool, system: bool, upload: bool) -> None:
        """Take what a script wants; the environment can turn a part off for every script (`AIMD_CAPTURE_OUTPUT=0`)."""
        self.git = git and _enabled("GIT")
        self.output = output and _enabled("OUTPUT")
        self.system = system and _enabled("SYSTEM") and find_spec("psutil") is not None
        self.upload = upload


def _enabled(what: str) -> bool:
    return os.environ.get(f"AIMD_CAPTURE_{what}", "1") not in ("0", "false", "no", "off")


def start_captures(trial: Trial, captures: Captures, directory: Path) -> None:
    """Start what goes on beside the training; what cannot be started is said once and does no harm.

    Args:
        trial: The new trial.
        captures: What is wanted.
        directory: The working directory.
    """
    endings.watch(trial)
    try:
        if captures.git:
            changes = uncommitted_changes(directory)
            if changes:
                replace_file(trial.path / DIFF_FILE, changes)
        if captures.output:
            trial._output = output.start(str(trial.path / OUTPUT_FILE))
        if captures.system:
            companions.start("system_metrics", trial.path)
        if captures.upload:
            from t9k.aimd.session import companion_environment

            companions.start("uploader", trial.path, companion_environment())
    except (OSError, subprocess.SubprocessError) as error:
        tell(f"WARNING: not everything is captured: {error}")
