"""Builds trial directories byte by byte, without the code under test."""

from __future__ import annotations

import json
from pathlib import Path

TRIAL_ID = "afc6e66f-a3ca-4103-ae8b-b74a872f6b07"
TIMESTAMP = "2026-11-23T15:03:27.946397+00:00"
_METADATA = """\
kind: Trial
metadata:
  folder: null
  name: {name}
  editor: null
  id: {trial_id}
  timestamp: null
startTime: '2026-11-23T15:03:27.664883+00:00'
endTime: null
status: {status}
_upload:
  folder_id: null
  folder_path: image_classification/mnist
  make_folder: true
  conflict_strategy: new
_git: {{}}
"""


def record(step: int, value: float = 0.5, metrics_type: str = "train", name: str = "loss") -> bytes:
    """Return one line of a journal, made by Python's json alone."""
    sequence = {"epoch": 1, "step": step, "timestamp": TIMESTAMP}
    return json.dumps({metrics_type: {"value": {name: value}, "sequence": sequence}}).encode() + b"\n"


def write_trial(
    trials: Path,
    directory_name: str = "cnn_keras_261123_150327_f9by70",
    *,
    name: str = "cnn_keras",
    trial_id: str = TRIAL_ID,
    status: str = "Running",
    metadata: str | None = None,
    parameters: str = "{}\n",
    metrics: bytes | None = b"",
    process: dict[str, object] | None = None,
) -> Path:
    """Write a trial directory below `trials`, which is made when missing, and return its path."""
    path = trials / directory_name
    path.mkdir(parents=True)
    if metadata is None:
        metadata = _METADATA.format(name=json.dumps(name, ensure_ascii=False), trial_id=trial_id, status=status)
    (path / "metadata.yaml").write_text(metadata, encoding="utf-8")
    (path / "parameters.yaml").write_text(parameters, encoding="utf-8")
    if metrics is not None:
        (path / "metrics").write_bytes(metrics)
    if process is not None:
        (path / "process.json").write_text(json.dumps(process), encoding="utf-8")
    return path
