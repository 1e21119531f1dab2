"""Checkpoints: what a rule keeps, and that a kill at any instant leaves a complete best one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aimd_core.errors import UsageError
from aimd_core.format.artifacts import forget_artifact
from aimd_core.objects import collecting
from t9k import aimd
from t9k.aimd import checkpoints
from t9k.aimd.checkpoints import rules_in


@pytest.fixture
def trial(work: Path) -> aimd.Trial:
    return aimd.create_trial(trial_name="run7")


def _save(step: int, name: str = "model.pt") -> str:
    Path(name).write_bytes(b"%d " % step * 3_000)
    return name


def _steps(trial: aimd.Trial) -> list[int]:
    return [item.step for item in trial.checkpoints]


def test_the_best_and_the_last_stay_and_the_others_are_gone_from_the_disk(trial: aimd.Trial) -> None:
    scores = [0.1, 0.5, 0.4, 0.9, 0.3, 0.2]
    for step, score in enumerate(scores):
        made = trial.checkpoint(_save(step), step, {"val.acc": score}, keep="best(val.acc):2, last:2")
        assert made is not None
        assert made.path.read_bytes() == b"%d " % step * 3_000
    assert _steps(trial) == [1, 3, 4, 5]
    named = {alias: item.step for item in trial.checkpoints for alias in item.aliases}
    assert named == {"best": 3, "last": 5}
    home = trial.path.parent.parent / "artifacts" / trial.alternative_name
    files = [path for path in home.rglob("*") if path.is_file() and path.name == "model.pt"]
    assert sorted(path.read_bytes()[:1] for path in files) == [b"1", b"3", b"4", b"5"]
    assert sorted(trial.output_artifacts) == sorted(item.artifact_id for item in trial.checkpoints)
    assert not [entry for entry in home.iterdir() if entry.name.startswith(".")]


def test_a_loss_is_better_when_it_is_smaller_and_the_rule_can_say_so(trial: aimd.Trial) -> None:
    for step, value in enumerate([3.0, 1.0, float("nan"), 2.0]):
        trial.checkpoint(_save(step), step, {"val.loss": value}, keep="best(val.loss)")
    assert _steps(trial) == [1, 3]
    other = aimd.create_trial(trial_name="other")
    for step, value in enumerate([3.0, 1.0, 2.0]):
        other.checkpoint(_save(step), step, {"x": value}, keep="best(x, max), last")
    assert _steps(other) == [0, 2]


def test_without_a_rule_everything_stays_and_directories_are_kept_whole(trial: aimd.Trial) -> None:
    Path("ckpt/shards").mkdir(parents=True)
    Path("ckpt/config.json").write_text("{}")
    Path("ckpt/shards/0.bin").write_bytes(b"0" * 5_000)
    for step in range(3):
        made = trial.checkpoint("ckpt", step)
        assert made is not None
        assert sorted(path.name for path in made.path.rglob("*")) == ["0.bin", "config.json", "shards"]
    assert _steps(trial) == [0, 1, 2]


@pytest.mark.parametrize("keep", ["best", "best()", "last:x", "last;best(x)", "first:2", "best(x:2", "last:2,,"])
def test_a_rule_of_another_form_is_refused(keep: str) -> None:
    with pytest.raises(UsageError):
        rules_in(keep)


def test_a_metric_that_was_not_given_is_said_before_anything_is_written(trial: aimd.Trial) -> None:
    with pytest.raises(UsageError, match=r"val\.acc"):
        trial.checkpoint(_save(1), 1, {"val.loss": 1.0}, keep="best(val.acc)")
    assert trial.checkpoints == []


def test_a_disk_that_refuses_does_not_break_training(trial: aimd.Trial, capfd: pytest.CaptureFixture[str]) -> None:
    assert trial.checkpoint("nowhere.pt", 1) is None
    os.mkfifo("pipe")
    assert trial.checkpoint("pipe", 2) is None
    assert capfd.readouterr().err.count("WARNING: no checkpoint") == 2
    assert trial.checkpoints == []


def test_one_that_was_given_a_name_or_uploaded_stays(trial: aimd.Trial) -> None:
    from aimd_core.format.artifacts import change_artifact

    for step in range(4):
        made = trial.checkpoint(_save(step), step, keep="last:1")
        assert made is not None
        if step in (0, 1):
            more = {"aliases": ["paper"]} if step == 0 else {"commit": "c", "_remote": [{"host": "h"}]}
            change_artifact(
                aimd.grab_artifact(artifact_id=made.artifact_id).path,
                lambda document, more=more: {**document, **more},  # type: ignore[misc]
            )
    assert _steps(trial) == [0, 1, 3]


_TRAINING = """
import sys, os, random
from pathlib import Path
from t9k import aimd
trial = aimd.load_trial(trial_path=sys.argv[1])
step = 0
while True:
    Path("model.pt").write_bytes(b"%06d" % (step // 2) * 2000)  # every other is equal to the one before
    if step % 3 == 0:
        trial.save("model.pt")
    trial.checkpoint("model.pt", step, {"val.acc": float(step % 7)}, keep="best(val.acc):2, last:1")
    print(step, flush=True)
    step += 1
"""
_KILLS = 12


def _is_whole(path: Path) -> bool:
    content = path.read_bytes()
    return len(content) == 12_000 and content == content[:6] * 2_000


def test_a_kill_at_any_instant_leaves_a_complete_best(trial: aimd.Trial) -> None:
    trial.finish()
    for number in range(_KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", _TRAINING, str(trial.path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        for _ in range(1 + number):
            assert process.stdout.readline()
            collecting.collect(trial.path.parents[2], grace_s=0.0)
        process.kill()
        process.wait()
        process.stdout.close()
        rows = checkpoints.checkpoints_of(trial.path)
        best = max(rows, key=lambda item: item.metrics["val.acc"])
        assert _is_whole(best.path)
        assert best.metrics["val.acc"] >= min(float(number), 6.0)
        assert len(rows) <= 4
        assert all(_is_whole(path) for path in (trial.path / "files").iterdir())


def test_the_harness_finds_checkpoints_that_are_removed_too_early(
    trial: aimd.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the others go before the new one is whole; interrupted there, no best is left."""
    trial.checkpoint(_save(1), 1, {"val.acc": 1.0}, keep="best(val.acc)")
    true = checkpoints.new_artifact

    def planted(*arguments: object, **more: object) -> Path:
        for item in checkpoints.checkpoints_of(trial.path):
            forget_artifact(aimd.grab_artifact(artifact_id=item.artifact_id).path)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "new_artifact", planted)
    with pytest.raises(KeyboardInterrupt):
        trial.checkpoint(_save(2), 2, {"val.acc": 2.0}, keep="best(val.acc)")
    monkeypatch.setattr(checkpoints, "new_artifact", true)
    assert checkpoints.checkpoints_of(trial.path) == []
