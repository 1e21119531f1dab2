"""Finds or creates the trial of a run: by W&B's arguments, and by its variables of the environment."""

from __future__ import annotations

import os

from aimd_core.errors import AimdError, NoTrialsError
from aimd_core.format.layout import default_directory, expanded
from aimd_core.format.model import SUCCEEDED, folder_path_of, split_alternative_name
from aimd_core.format.names import safe_name
from aimd_core.language import spoken
from t9k.aimd.creation import create_trial
from t9k.aimd.silent import SilentTrial
from t9k.aimd.wandb.faults import UsageError

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from aimd_core.reading.documents import Trial as StoredTrial
    from t9k.aimd.trial import Trial

RUN_ID = "_run_id"  # in the metadata
_VARIABLES = {
    "project": "WANDB_PROJECT",
    "dir": "WANDB_DIR",
    "id": "WANDB_RUN_ID",
    "name": "WANDB_NAME",
    "notes": "WANDB_NOTES",
    "group": "WANDB_RUN_GROUP",
    "job_type": "WANDB_JOB_TYPE",
    "mode": "WANDB_MODE",
    "resume": "WANDB_RESUME",
}


class OpenedTrial:
    """The trial of a run.

    Attributes:
        trial: It.
        project: The project, or None.
        group: The group, or None.
        mode: The mode, or None.
        is_resumed: Whether it existed before.
        step: The next step.
    """

    __slots__ = ("group", "is_resumed", "mode", "project", "step", "trial")

    def __init__(
        self, trial: Trial, project: str | None, group: str | None, mode: str | None, is_resumed: bool, step: int
    ) -> None:
        self.trial = trial
        self.project = project
        self.group = group
        self.mode = mode
        self.is_resumed = is_resumed
        self.step = step


def open_trial(given: Mapping[str, Any], moment: str | None, is_fork: bool) -> OpenedTrial:
    """Find or create a trial.

    Args:
        given: Arguments of `init` by name; None is what the environment says.
        moment: `<id>?_step=<n>`, or None.
        is_fork: Whether a new trial begins there, rather than the old one going on.
    """
    variables = {name: os.environ.get(variable) or None for name, variable in _VARIABLES.items()}
    asked = {name: variables.get(name) if value is None else value for name, value in given.items()}
    if asked["tags"] is None and os.environ.get("WANDB_TAGS"):
        asked["tags"] = os.environ["WANDB_TAGS"].split(",")
    project, group, mode = asked["project"], asked["group"], asked["mode"]
    if os.environ.get("WANDB_DISABLED", "").lower() in ("1", "true") and mode is None:
        mode = "disabled"
    name = safe_name(str(asked["name"] or asked["id"] or project or "run"), "run")
    if mode == "disabled":
        return OpenedTrial(SilentTrial(name, {}), project, group, mode, False, 0)
    directory = default_directory() if asked["dir"] is None else expanded(asked["dir"])
    folder = "/".join(str(part) for part in (project, group) if part)
    if moment is not None:
        trial, step = _at_moment(directory, moment, name if given["name"] else None, is_fork)
        return OpenedTrial(trial, project, group, mode, not is_fork, step)
    earlier = _earlier(directory, asked["id"], name, folder, asked["resume"])
    if earlier is not None:
        from t9k.aimd.loading import load_trial

        return OpenedTrial(load_trial(earlier.path), project, group, mode, True, _next_step(earlier))
    trial = create_trial(
        trial_name=name,
        folder_path=folder or None,
        make_folder=True if folder else None,
        dir=directory,
        auto_upload=mode == "online",
    )
    if not isinstance(trial, SilentTrial):
        _label(trial, asked)
    return OpenedTrial(trial, project, group, mode, False, 0)


def _label(trial: Trial, asked: Mapping[str, Any]) -> None:
    from aimd_core.format.labels import add_tags, set_note

    tags = safe_tags([*(asked["tags"] or ()), *([asked["job_type"]] if asked["job_type"] else [])])
    if tags:
        add_tags(trial.path, tags)
    if asked["notes"]:
        set_note(trial.path, str(asked["notes"]))
    if asked["id"]:
        trial._metadata.change(lambda metadata: {**metadata, RUN_ID: str(asked["id"])})


def safe_tags(tags: Iterable[str]) -> list[str]:
    """Return the most similar tags that a trial can have."""
    from aimd_core.format.labels import tag_fault

    words = ["-".join("".join(" " if char in ",'\"" else char for char in str(tag)).split()) for tag in tags]
    return [word for word in (word.lstrip("-") for word in words) if tag_fault(word) is None]


def _at_moment(directory: Path, moment: str, name: str | None, is_fork: bool) -> tuple[Trial, int]:
    from t9k.aimd.forking import fork_trial
    from t9k.aimd.loading import load_trial

    run_id, _, step_text = moment.partition("?_step=")
    stored = _with_id(directory, run_id)
    if stored is None or not step_text.isdecimal():
        raise UsageError(
            spoken("{moment!r} is not <id>?_step=<n> of a run in {directory}", moment=moment, directory=directory)
        )
    step = int(step_text)
    if is_fork:
        return fork_trial(stored.path, step, trial_name=name, dir=directory), step
    return load_trial(stored.path, from_step=step), step


def _earlier(directory: Path, run_id: str | None, name: str, folder: str, resume: object) -> StoredTrial | None:
    """Return the trial to go on with, or None for a new one.

    Raises:
        UsageError: `resume` forbids the one or the other.
    """
    word = "allow" if resume is True or resume == "auto" else resume
    if word not in ("allow", "must", "never"):
        return None
    stored = _with_id(directory, run_id) if run_id else _unfinished(directory, name, folder)
    if word == "must" and stored is None:
        raise UsageError(
            spoken("there is no run {name!r} in {directory} to resume", name=run_id or name, directory=directory)
        )
    if word == "never" and stored is not None and run_id:
        raise UsageError(spoken("there is a run {name!r} in {directory} already", name=run_id, directory=directory))
    return stored if word != "never" else None


def _stored(directory: Path) -> Iterable[StoredTrial]:
    from aimd_core.reading.selection import trials_in

    try:
        return trials_in(directory)
    except NoTrialsError:
        return ()


def _with_id(directory: Path, run_id: str) -> StoredTrial | None:
    """Return the newest trial with an id, W&B's or ours, or with an alternative name."""
    for stored in _stored(directory):
        if run_id in (stored.metadata.get(RUN_ID), stored.id, stored.alternative_name):
            return stored
    return None


def _unfinished(directory: Path, name: str, folder: str) -> StoredTrial | None:
    for stored in _stored(directory):
        is_named = split_alternative_name(stored.path.name)[0] == name
        if is_named and stored.folder == folder_path_of(folder) and stored.status != SUCCEEDED:
            return stored
    return None


def _next_step(stored: StoredTrial) -> int:
    try:
        metrics = stored.totals.metrics
    except AimdError:
        return 0
    steps = [totals.last_step for name, totals in metrics.items() if not name.startswith("system.")]
    return max((step for step in steps if step is not None), default=-1) + 1
