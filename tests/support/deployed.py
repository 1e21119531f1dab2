"""Trial directories as the deployed SDK, t9k 0.5.0, leaves them: golden bytes after the format's specification.

They are copied from the written format, never made by this project's writer, so that a change of the writer cannot
change what the reader is held to.
"""

from __future__ import annotations

from pathlib import Path

FINISHED = "cnn_keras_261123_150327_f9by70"
OLDEST = "mnist_220131_095959_a1b2c3"
CRASHED = "图像 分类_v1.2_261124_000001_zzz999"
ALL = (FINISHED, OLDEST, CRASHED)

_FINISHED_METADATA = """\
_git: {}
_upload:
  conflict_strategy: new
  folder_id: null
  folder_path: image_classification/mnist
  load_path: /home/t9k/.aimd/trials/cnn_keras_261123_150327_f9by70
  make_folder: true
endTime: '2026-11-23T15:04:27.949003+00:00'
inputArtifacts: null
kind: Trial
metadata:
  editor: null
  folder: null
  id: afc6e66f-a3ca-4103-ae8b-b74a872f6b07
  name: cnn_keras
  timestamp: null
outputArtifacts: ''
parameters: ''
platform:
  framework: TensorFlow
  hostname: node-3
  os: Linux-6.18.44-x86_64-with-glibc2.36
  pypkgs:
    keras: 3.12.0
    numpy: 2.4.6
    tensorflow: 2.21.0
  python: 3.11.7
startTime: '2026-11-23T15:03:27.664883+00:00'
status: Succeeded
"""
_FINISHED_METRICS = (
    b'{"train": {"value": {"loss": 0.5, "acc": 0.2}, '
    b'"sequence": {"epoch": 1, "step": 2, "timestamp": "2026-11-23T15:03:27.946397+00:00"}}}\n'
    b'{"train": {"value": {"loss": NaN, "acc": 0.75}, '
    b'"sequence": {"epoch": 2, "step": 4, "timestamp": "2026-11-23T15:03:28.946397+00:00"}}}\n'
    b'{"test": {"value": {"loss": Infinity}, '
    b'"sequence": {"epoch": null, "step": 4, "timestamp": "2026-11-23T15:03:29.946397+00:00"}}}\n'
)
_OLDEST_METADATA = """\
kind: Trial
metadata: {folder: 7d9c3b52-58c1-4d0e-9f41-0d5b1a1f2c11, name: mnist, editor: demo,
  id: 0b7a7c6e-6a0f-4c0e-8a55-2f6a3e0b9d10, timestamp: '2022-02-01T00:00:00+00:00'}
platform: {hostname: node-1, os: Linux, python: 3.6.9, pypkgs: {}, framework: ''}
startTime: 2022-01-31T09:59:59+00:00
endTime: 2022-01-31T10:59:59+00:00
status: Failed
inputArtifacts: []
outputArtifacts: []
_upload: {folder_id: null, folder_path: null, make_folder: false, conflict_strategy: new}
_git: {local_path: /home/demo, remote_url: null, branch: null, commit: null, is_dirty: null, entrypoint: null}
"""
_OLDEST_METRICS = (  # no newline between the documents, no epoch
    b'{"val": {"value": {"acc": 0.25}, "sequence": {"step": 1, "timestamp": "2022-01-31T10:00:00+00:00"}}}'
    b'{"val": {"value": {"acc": 0.5}, "sequence": {"step": 2, "timestamp": "2022-01-31T10:00:01+00:00"}}}'
)
_CRASHED_METADATA = """\
_git: {}
_upload: {conflict_strategy: replace, folder_id: null, folder_path: null, make_folder: false}
endTime: null
inputArtifacts: []
kind: Trial
metadata: {editor: null, folder: null, id: 5e9a2d0f-50c4-4a4e-9a39-62a0d9a0a001,
  name: "\\u56FE\\u50CF \\u5206\\u7C7B_v1.2", timestamp: null}
outputArtifacts: []
platform: {framework: PyTorch, hostname: node-9, os: Linux, pypkgs: {torch: 2.13.0}, python: 3.11.7}
startTime: '2026-11-23T16:00:01.000001+00:00'
status: Running
"""
_CRASHED_METRICS = (
    b'{"train": {"value": {"loss": 1.5}, "sequence": {"epoch": 1, "step": 1, '
    b'"timestamp": "2026-11-23T16:00:02.000000+00:00"}}}\n'
    b'{"train": {"value": {"loss": 1.2'
)
_TRIALS = {
    FINISHED: (_FINISHED_METADATA, "batch_size: 32\nlr: 1.0e-05\noptimizer: {name: Adam, betas: [0.9, 0.999]}\n"),
    OLDEST: (_OLDEST_METADATA, "''\n"),
    CRASHED: (_CRASHED_METADATA, "null\n...\n"),
}
_METRICS = {FINISHED: _FINISHED_METRICS, OLDEST: _OLDEST_METRICS, CRASHED: _CRASHED_METRICS}


def write_working_directory(directory: Path) -> Path:
    """Write all golden trials below `directory`/.aimd, with the log that the deployed SDK leaves there.

    Returns:
        The directory that holds the trials.
    """
    trials = directory / ".aimd" / "trials"
    for name, (metadata, parameters) in _TRIALS.items():
        path = trials / name
        path.mkdir(parents=True)
        (path / "metadata.yaml").write_text(metadata, encoding="utf-8")
        (path / "parameters.yaml").write_text(parameters, encoding="utf-8")
        (path / "metrics").write_bytes(_METRICS[name])
    (trials / FINISHED / "stdout.log").write_text("Epoch 1/2\nEpoch 2/2\n", encoding="utf-8")
    logs = directory / ".aimd" / "logs"
    logs.mkdir()
    (logs / "20261123-150327.log").write_text("DEBUG\n", encoding="utf-8")
    return trials
