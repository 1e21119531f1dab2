"""A trial that is the same each time, exported for another tracker, and what that tracker should say about it."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from aimd_cli.converting.target import Target, export_trial
from aimd_cli.importing.plain import plain_mapping
from aimd_cli.importing.points import Point
from aimd_cli.importing.run import Ending, ImportedRun
from aimd_cli.importing.writing import Importer
from aimd_core.format.journal import Damage
from aimd_core.format.labels import Labels
from aimd_core.reading.documents import Trial
from t9k import aimd

RUN_ID = "0123456789abcdef0123456789abcdef"
ODD = [0.1, math.nan, math.inf, -math.inf, 1e300, -0.0, 2.5]
PARAMS: dict[str, Any] = {
    "lr": 0.001,
    "version": "3.10",
    "epochs": 3,
    "optim": {"name": "sgd", "nesterov": True},
    "layers": [64, 32],
    "名": "试验",
}


def points_of(count: int) -> list[Point]:
    """Return points of several metrics, some of which other trackers may confuse."""
    points = [Point("train/loss", step, 1.7e9 + step / 1000, 1.0 / (step + 1)) for step in range(count)]
    points += [Point("odd", step, 1.7e9 + 10 + step, value) for step, value in enumerate(ODD)]
    points += [Point("val/损失", step, 1.7e9 + 20 + step, 0.5) for step in range(3)]
    return [*points, Point("train/loss/a", 1, 1.7e9 + 30, 2.0), Point("train/Loss", 1, 1.7e9 + 30, 3.0)]


def made_trial(directory: Path, ending: Ending | None = None, count: int = 20) -> Trial:
    """Return a trial whose content is the same each time."""
    run = ImportedRun(
        "resnet 试验",
        "test:exported",
        points_of(count),
        plain_mapping(PARAMS),
        ending or Ending("Succeeded", None, 1.7e9, 1.7e9 + 60),
        Labels(("team=vision", "baseline"), "a note\nof two lines"),
        folder="vision/mnist",
        identity=f"{RUN_ID[:8]}-{RUN_ID[8:12]}-{RUN_ID[12:16]}-{RUN_ID[16:20]}-{RUN_ID[20:]}",
    )
    return Trial(Importer(directory).write(run).path)


def digest_of(target: Target, directory: Path) -> str:
    """Return a digest of an export of the trial into a directory that does not exist yet."""
    made = export_trial(made_trial(directory / "work"), target, directory / "out", False, Damage())[0]
    digest = hashlib.sha256()
    for file in sorted(made.parent.rglob("*") if target == "mlflow" else made.rglob("*")):
        if file.is_file():
            content = file.read_bytes().replace(directory.absolute().as_uri().encode(), b"file:///at")
            digest.update(f"{file.relative_to(made.parent if target == 'mlflow' else made)}\0".encode() + content)
    return digest.hexdigest()


def shown_trial(directory: Path) -> Trial:
    """Return a trial that also has media of every kind, files, output and an artifact."""
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    with aimd.create_trial(trial_name="shown", dir=directory, capture_git=False, capture_output=False) as trial:
        for step in (1, 2, 3):
            trial.log("train", {"loss": 1.0 / step}, step=step)
        trial.log_image("val/samples", [pixels, pixels + 1], 1, caption=["one", "zwei"])
        trial.log_image("val/samples", pixels, 2)
        trial.log_audio("sound", np.zeros(80), 2, sample_rate=8_000)
        trial.log_video("clip", np.stack([pixels, pixels]), 2)
        trial.log_html("page", "<b>hi</b>", 2)
        trial.log_text("words", "short", 1)
        trial.log_text("words", "**bold**", 3, markdown=True)
        trial.log_histogram("weights", [0.0, 1.0, 1.0], 3)
        trial.log_table("answers", [[1, "why"], [2.5, None]], 3, columns=["id", "text"])
        trial.log_object3d("points", np.zeros((4, 3)), 3)
        trial.log_object3d("mesh", b"v 0 0 0\n", 3, suffix=".obj")
        (directory / "model.pt").write_bytes(b"weights")
        trial.save(directory / "model.pt", "models/model.pt")
    (trial.path / "stdout.log").write_text("printed\n")
    return Trial(trial.path)
