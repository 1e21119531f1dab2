"""Each framework hands its checkpoints to the trial, which keeps the best and the last; they can be loaded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import documented, recorded_trial


def kept(directory: Path) -> list[tuple[int, dict[str, float], list[str], list[str]]]:
    """Return step, metrics, aliases and keys of the checkpoints on the disk, read by yaml alone."""
    rows = []
    for document in directory.glob(".aimd/artifacts/*/*/metadata.yaml"):
        content: dict[str, Any] = yaml.safe_load(document.read_text())
        objects = yaml.safe_load((document.parent / "object_list.yaml").read_text())
        facts = content["_checkpoint"]
        rows.append((facts["step"], facts["metrics"], content["aliases"], sorted(row["key"] for row in objects)))
    return sorted(rows, key=lambda row: row[0])


def test_keras_saves_the_model_after_each_epoch(tmp_path: Path, prepared: Prepared) -> None:
    script = documented("Keras").replace(
        "AIMDFitCallback(trial)", 'AIMDFitCallback(trial, checkpoints="best(val.loss), last:2")'
    )
    script += """
found = {checkpoint.aliases[0] if checkpoint.aliases else "": checkpoint for checkpoint in trial.checkpoints}
assert keras.models.load_model(found["last"].path).count_params() == model.count_params()
"""
    prepared("keras")(script, tmp_path)
    rows = kept(tmp_path)
    assert [(row[0], row[3]) for row in rows] == [(24, ["model.keras"]), (36, ["model.keras"])]
    assert rows[-1][2] == ["last", "best"]
    assert rows[-1][1]["val.loss"] == recorded_trial(tmp_path).series("val", "loss")[-1]


def test_lightning_saves_each_epoch_and_its_logger_takes_what_a_model_checkpoint_saves(
    tmp_path: Path, prepared: Prepared
) -> None:
    rule = 'checkpoints="best(val.accuracy):1, last:1"'
    script = documented("PyTorch Lightning").replace("AIMDCallback(trial)", f"AIMDCallback(trial, {rule})")
    script += f"""
from t9k.aimd.lightning import AIMDLogger
(last,) = [one for one in trial.checkpoints if "last" in one.aliases]
Digits.load_from_checkpoint(last.path, learning_rate=0.01, weights_only=False)
logger = AIMDLogger("logged", {rule})
saver = pl.callbacks.ModelCheckpoint(dirpath="saved", monitor="val_accuracy", mode="max", save_top_k=2, save_last=True)
quiet = dict(enable_progress_bar=False, enable_model_summary=False)
pl.Trainer(max_epochs=3, logger=logger, callbacks=saver, **quiet).fit(
    Digits(learning_rate=0.01), DataLoader(train, batch_size=100), DataLoader(held_out, batch_size=297))
names = {{alias for one in logger.experiment.checkpoints for alias in one.aliases}}
assert names == {{"best", "last"}}, logger.experiment.checkpoints
assert all("val.accuracy" in one.metrics for one in logger.experiment.checkpoints)
assert len(logger.experiment.checkpoints) <= 2
"""
    prepared("lightning")(script, tmp_path)
    rows = [row for row in kept(tmp_path) if row[3][0].startswith("step-")]
    assert rows[-1][0] == 45
    assert len(rows) <= 2
    assert {alias for row in rows for alias in row[2]} == {"best", "last"}


def test_transformers_hands_over_the_directories_that_it_saves(tmp_path: Path, prepared: Prepared) -> None:
    script = documented("Hugging Face Transformers")
    script = script.replace("AIMDCallback(trial)", 'AIMDCallback(trial, checkpoints="best(val.loss), last:1")')
    script = script.replace('save_strategy="no"', 'save_strategy="steps", save_steps=3, save_total_limit=1')
    prepared("transformers")(script, tmp_path)
    rows = kept(tmp_path)
    assert rows[-1][0] == 6
    assert "checkpoint-6/trainer_state.json" in rows[-1][3]
    assert "val.loss" in rows[-1][1]
    assert {alias for row in rows for alias in row[2]} == {"best", "last"}


def test_accelerate_hands_over_the_state_that_it_saved(tmp_path: Path, prepared: Prepared) -> None:
    script = """
import torch
from accelerate import Accelerator
from t9k.aimd.accelerate import AIMDTracker
accelerator = Accelerator(log_with=AIMDTracker(trial_name="cnn", checkpoints="best(val.loss), last:1"))
accelerator.init_trackers("mnist")
accelerator.prepare(torch.nn.Linear(2, 1))
for step, loss in enumerate((0.5, 0.1, 0.3)):
    accelerator.log({"val_loss": loss}, step=step)
    accelerator.get_tracker("aimd").checkpoint(accelerator.save_state("state"), step)
accelerator.end_training()
"""
    prepared("accelerate")(script, tmp_path)
    rows = kept(tmp_path)
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (1, {"val.loss": 0.1}, ["best"]),
        (2, {"val.loss": 0.3}, ["last"]),
    ]
    assert "state/model.safetensors" in rows[0][3]


def test_xgboost_saves_the_model_every_so_many_rounds_and_at_the_end(tmp_path: Path, prepared: Prepared) -> None:
    script = """
import numpy, xgboost
from t9k import aimd
from t9k.aimd.xgboost import AIMDCallback
random = numpy.random.default_rng(0)
data = xgboost.DMatrix(random.normal(size=(60, 3)), random.integers(0, 2, 60))
trial = aimd.create_trial(trial_name="boosted")
callback = AIMDCallback(trial, checkpoints="best(train.logloss), last:2, best(val.unknown)", checkpoint_rounds=4)
xgboost.train({"objective": "binary:logistic"}, data, 10, [(data, "train")], callbacks=[callback], verbose_eval=False)
booster = xgboost.Booster(model_file=trial.checkpoints[-1].path)
assert booster.num_boosted_rounds() == 10
xgboost.cv({"objective": "binary:logistic"}, data, 4, callbacks=[callback])
trial.finish()
"""
    ran = prepared("xgboost")(script, tmp_path)
    rows = kept(tmp_path)
    assert [(row[0], row[2], row[3]) for row in rows] == [
        (8, [], ["model.ubj"]),
        (10, ["last", "best"], ["model.ubj"]),
    ]
    assert ran.stderr.count("cannot be kept by val.unknown") == 1


def test_a_model_that_cannot_be_saved_does_not_stop_training(tmp_path: Path, prepared: Prepared) -> None:
    script = """
from aimd_core.errors import UsageError
from t9k import aimd
from t9k.aimd.checkpointing import Checkpointing
trial = aimd.create_trial(trial_name="run")
def broken(path):
    raise TypeError("cannot pickle\\nthat")
Checkpointing("last").save(trial, "model", 3, broken)
Checkpointing(None).save(trial, "model", 3, broken)
assert not trial.checkpoints
try:
    Checkpointing("best")
except UsageError:
    pass
else:
    raise SystemExit("a rule of another form is accepted")
trial.finish()
"""
    prepared("sklearn")(script, tmp_path)
    assert recorded_trial(tmp_path).status == "Succeeded"


def test_ultralytics_hands_over_what_it_saves_after_each_epoch(tmp_path: Path, prepared: Prepared) -> None:
    made = """
from t9k import aimd
trial = aimd.create_trial(trial_name="digits_yolo")
track(model, trial, checkpoints="best(val.accuracy_top1), last")
"""
    script = documented("Ultralytics").replace('track(model, "digits_yolo", folder_path="digits")', made)
    script += """
(last,) = [one for one in trial.checkpoints if "last" in one.aliases]
assert YOLO(last.path).model.names == model.names
trial.finish()
"""
    prepared("ultralytics")(script, tmp_path)
    rows, trial = kept(tmp_path), recorded_trial(tmp_path)
    assert [row[3] for row in rows] == [["last.pt"]] * len(rows)
    assert (rows[-1][0], "last" in rows[-1][2]) == (trial.steps("val")[-1], True)
    best = [row for row in rows if "best" in row[2]]
    assert [row[1]["val.accuracy_top1"] for row in best] == [max(trial.series("val", "accuracy_top1"))]


def test_ultralytics_hands_over_nothing_unless_asked(tmp_path: Path, prepared: Prepared) -> None:
    prepared("ultralytics")(documented("Ultralytics"), tmp_path)
    assert kept(tmp_path) == []
