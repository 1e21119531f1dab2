"""Puts trials into the directory of another tracker, each run whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from aimd_cli.converting.media import count_files, count_others
from aimd_cli.importing.aimd import run_of
from aimd_cli.importing.run import ImportedRun
from aimd_core.errors import DiskError, InTheWayError
from aimd_core.format.files import move_directory
from aimd_core.format.journal import Damage
from aimd_core.language import said
from aimd_core.reading.documents import Trial

Target = Literal["tensorboard", "wandb", "mlflow"]
_Write = Callable[[Path], None]


def export_trial(
    trial: Trial, target: Target, root: Path, force: bool, damage: Damage, left_out: Counter[str] | None = None
) -> tuple[Path, int]:
    """Write a trial as a run of another tracker.

    Args:
        trial: The trial.
        target: The tracker.
        root: Its directory: a log directory, a directory `wandb`, or `mlruns`. It is made if it is missing.
        force: Whether to replace a run that was written there before.
        damage: Notes what was left out.
        left_out: Counts what is not written, by kind: media, files, artifacts.

    Returns:
        The run's directory, and how many values it has.

    Raises:
        InTheWayError: The run is there already, and `force` is False.
        DamagedError: The trial's journal is not a regular file.
        DiskError: The disk refused; nothing of the run is left.
    """
    run = run_of(trial, damage)
    left_out = Counter() if left_out is None else left_out
    try:
        root.mkdir(parents=True, exist_ok=True)
        directory, write = _plan(run, trial, target, root, left_out)
        if os.path.lexists(directory) and not force:
            raise InTheWayError(path=directory, hint="Name another directory, or replace the run with --force")
        unfinished = directory.with_name(f".exporting-{os.getpid()}-{os.urandom(4).hex()}")
        unfinished.mkdir()
        try:
            write(unfinished)
            if force and directory.exists():
                shutil.rmtree(directory)
            move_directory(unfinished, directory)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except FileExistsError:
        raise InTheWayError(path=root, hint="Name another directory, or replace the run with --force") from None
    except OSError as error:
        raise DiskError(path=root, reason=said("cannot be written ({strerror})", strerror=error.strerror)) from error
    return directory, len(run.points)


def _plan(run: ImportedRun, trial: Trial, target: Target, root: Path, left_out: Counter[str]) -> tuple[Path, _Write]:
    """Return where a run belongs, and what writes it into a directory."""
    run_id = _run_id(run)
    if target == "tensorboard":
        from aimd_cli.converting.tensorboard import write_tensorboard

        count_others(trial, left_out)
        count_files(trial, left_out)
        return root / trial.alternative_name, lambda directory: write_tensorboard(run, directory, run_id, left_out)
    if target == "wandb":
        from aimd_cli.converting.wandb import write_wandb

        moment = time.strftime("%Y%m%d_%H%M%S", time.localtime(run.ending.started_s or 0))
        return root / f"offline-run-{moment}-{run_id}", lambda directory: write_wandb(
            run, trial, directory, run_id, left_out
        )
    from aimd_cli.converting.mlflow import experiment_of, write_mlflow

    experiment = experiment_of(root, run.folder)
    return experiment / run_id, lambda directory: write_mlflow(run, trial, directory, experiment.name, run_id, left_out)


def _run_id(run: ImportedRun) -> str:
    """Return the trial's id without dashes, which other trackers also take for an id."""
    try:
        return uuid.UUID(run.identity or "").hex
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_URL, run.source).hex
