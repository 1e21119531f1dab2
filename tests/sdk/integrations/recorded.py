"""What a script recorded, read from the files without the code under test."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.parts import require_part
from tests.support.scripts import ROOT, run_script, script_environment
from tests.support.warm import WarmPython

# Two people's work shares the cores with these tests, and tiny models gain nothing by threads.
CALM = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "KERAS_BACKEND": "torch",
}


# Frameworks that are installed apart, see beside.txt. The operators that a torchvision for CUDA fails to load with a
# PyTorch for the CPU are declared, so that it can be imported; nothing here uses them.
BESIDE = Path(sys.prefix, "beside")
APART = ("diffusers", "fastai", "marimo", "ultralytics")
_BESIDE = f"""
import sys
sys.path.append({str(BESIDE)!r})
import torch
if torch.version.cuda is None:
    torchvision_operators = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        torchvision_operators.define(operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
WITHOUT_TENSORFLOW = 'import sys; sys.modules["tensorflow"] = None\n'  # it must not be needed
_DIGITS = "import sklearn.datasets\n"
# What is imported once for all scripts that train with a framework: that takes longer than the trainings.
IMPORTS = {
    "accelerate": _DIGITS + "import accelerate, torch._dynamo",
    "catboost": _DIGITS + "import catboost",
    "diffusers": _BESIDE + "import sklearn.datasets, accelerate, diffusers",
    "fastai": _BESIDE
    + _DIGITS
    + "import fastai.callback.progress, fastai.data.core, fastai.data.load, fastai.learner, fastai.metrics",
    "hydra": _DIGITS + "import hydra, sklearn.linear_model",
    "ignite": "import torch._dynamo, torch.utils.data, ignite.engine, ignite.handlers, ignite.metrics",
    "jax": _DIGITS + "import jax, optax",
    "keras": _DIGITS + WITHOUT_TENSORFLOW + "import keras",
    "lightgbm": _DIGITS + "import lightgbm",
    "lightning": _DIGITS + "import torch.utils.data, lightning.pytorch",
    "optuna": _DIGITS + "import optuna, sklearn.linear_model",
    "pytorch_lightning": _DIGITS + "import torch.utils.data, pytorch_lightning",
    "sklearn": _DIGITS + "import sklearn.linear_model, sklearn.model_selection, sklearn.pipeline",
    "skorch": "import torch._dynamo, torch.distributed.tensor, skorch, sklearn.model_selection",
    "stable_baselines3": "import torch._dynamo, torch.distributed.tensor, stable_baselines3",
    "tensorboard": "import torch.utils.tensorboard",
    "transformers": _DIGITS + "from transformers import BertForSequenceClassification, Trainer",
    "ultralytics": _BESIDE
    + _DIGITS
    + "import contextlib, PIL.Image, torch._dynamo, torch.distributed.tensor, torchvision\n"
    + "with contextlib.redirect_stdout(sys.stderr):\n"  # it talks
    + "    import ultralytics, ultralytics.utils.callbacks.raytune\n"
    + "    from ultralytics.models.yolo.classify import ClassificationTrainer",
    "xgboost": _DIGITS + "import xgboost",
}


class Point(NamedTuple):
    """One record of a journal."""

    metrics_type: str
    step: int
    epoch: int | None
    value: dict[str, float]


class Recorded:
    """A trial's directory, read by json and yaml alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        metadata = yaml.safe_load((path / "metadata.yaml").read_text())
        self.name: str = metadata["metadata"]["name"]
        self.status: str = metadata["status"]
        self.upload: dict[str, Any] = metadata["_upload"]
        self.framework: str = metadata["platform"]["framework"]
        self.params: dict[str, Any] = yaml.safe_load((path / "parameters.yaml").read_text())
        self.points: list[Point] = []
        for line in (path / "metrics").read_text().splitlines():
            ((metrics_type, point),) = json.loads(line).items()
            sequence = point["sequence"]
            if metrics_type != "system":  # those come by the clock, and only where psutil is installed
                self.points.append(Point(metrics_type, sequence["step"], sequence.get("epoch"), point["value"]))

    def of(self, metrics_type: str) -> list[Point]:
        return [point for point in self.points if point.metrics_type == metrics_type]

    def series(self, metrics_type: str, metric: str) -> list[float]:
        return [point.value[metric] for point in self.of(metrics_type) if metric in point.value]

    def steps(self, metrics_type: str) -> list[int]:
        return [point.step for point in self.of(metrics_type)]

    def epochs(self, metrics_type: str) -> list[int | None]:
        return [point.epoch for point in self.of(metrics_type)]

    @property
    def types(self) -> set[str]:
        return {point.metrics_type for point in self.points}


def recorded_trials(directory: Path) -> list[Recorded]:
    """Return all trials below a working directory, by name."""
    trials = [Recorded(path.parent) for path in (directory / ".aimd" / "trials").glob("*/metadata.yaml")]
    return sorted(trials, key=lambda trial: trial.name)


def recorded_trial(directory: Path) -> Recorded:
    """Return the only trial below a working directory."""
    (trial,) = recorded_trials(directory)
    return trial


def run_training(code: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a training script on one core and expect it to succeed."""
    done = run_script(code, directory, **{**CALM, **environment})
    assert done.returncode == 0, done.stderr
    return done


class Training:
    """Runs training scripts whose framework is imported already."""

    def __init__(self, python: WarmPython, environment: dict[str, str]) -> None:
        self._python, self._environment = python, environment

    def __call__(self, code: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a training script on one core and expect it to succeed."""
        done = self.attempt(code, directory, *arguments)
        assert done.returncode == 0, done.stderr
        return done

    def attempt(self, code: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a training script on one core and return what became of it."""
        environment = script_environment(directory, **self._environment)
        return self._python.run(textwrap.dedent(code), directory, arguments, environment)


def documented(section: str) -> str:
    """Return the script under a heading of docs/guides/frameworks.md, so that the tests run what the page shows."""
    text = (ROOT / "docs" / "guides" / "frameworks.md").read_text()
    body = re.split(r"^## ", text, flags=re.MULTILINE)
    (found,) = (part for part in body if part.startswith(f"{section}\n"))
    (script,) = re.findall(r"^```python\n(.*?)^```", found, flags=re.MULTILINE | re.DOTALL)
    return script


def require_framework(*packages: str) -> None:
    """Go on when these packages are installed; see `require_part`."""
    for package in packages:
        require_part(package, find_spec(package) is not None or (package in APART and (BESIDE / package).is_dir()))
