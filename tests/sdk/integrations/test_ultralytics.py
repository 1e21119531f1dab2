"""Ultralytics: what is recorded is what it keeps itself."""

import csv
from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import documented, recorded_trial


def test_the_points_of_the_documented_script_are_what_ultralytics_keeps(tmp_path: Path, prepared: Prepared) -> None:
    prepared("ultralytics")(documented("Ultralytics") + "\nprint(model.trainer.csv, file=open('where', 'w'))", tmp_path)
    with open((tmp_path / "where").read_text().strip()) as file:
        rows = [{name.strip(): float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    kept = [value for row in rows for name, value in row.items() if name not in ("epoch", "time")]
    points = recorded_trial(tmp_path).points
    recorded = [value for point in points if point.metrics_type != "summary" for value in point.value.values()]
    assert sorted(recorded) == pytest.approx(sorted(kept), rel=1e-3)  # it keeps five digits
