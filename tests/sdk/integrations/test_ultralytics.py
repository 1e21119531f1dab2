"""Ultralytics: each epoch is a point, and what was measured of the best weights is a summary."""

import csv
from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import documented, recorded_trial


def test_the_documented_script_records_every_epoch_and_the_best_weights(tmp_path: Path, prepared: Prepared) -> None:
    prepared("ultralytics")(documented("Ultralytics") + "\nprint(model.trainer.csv, file=open('where', 'w'))", tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status) == ("digits_yolo", "Succeeded")
    steps = trial.steps("train")
    assert steps == trial.steps("val") == [steps[0], 2 * steps[0]]
    assert trial.epochs("train") == trial.epochs("val") == [1, 2]
    assert all({"loss", "lr/pg0"} <= point.value.keys() for point in trial.of("train"))
    assert all({"accuracy_top1", "loss"} <= point.value.keys() for point in trial.of("val"))
    (best,) = trial.of("summary")
    assert (best.step, best.epoch) == (steps[-1], None)
    assert "accuracy_top1" in best.value
    assert (trial.params["epochs"], trial.params["model"]) == (2, "yolo11n-cls.yaml")
    with open((tmp_path / "where").read_text().strip()) as file:  # what Ultralytics itself keeps of each epoch
        rows = [{name.strip(): float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    kept = [value for row in rows for name, value in row.items() if name not in ("epoch", "time")]
    recorded = [value for point in trial.points if point.metrics_type != "summary" for value in point.value.values()]
    assert sorted(recorded) == pytest.approx(sorted(kept), rel=1e-3)  # it keeps five digits
