"""fastai beyond the promises of all: schedules, batches, and what is no training."""

from pathlib import Path

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import recorded_trial

CYCLE = """
import torch
from fastai.callback.progress import Learner
from fastai.callback.schedule import lr_find
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from t9k import aimd
from t9k.aimd.fastai import AIMDCallback
data = [(torch.ones(3), torch.tensor(number % 2)) for number in range(40)]
loaders = DataLoaders(DataLoader(data[:32], bs=8), DataLoader(data[32:], bs=8))
trial = aimd.create_trial(trial_name="t")
learner = Learner(loaders, torch.nn.Linear(3, 2), loss_func=torch.nn.CrossEntropyLoss())
with learner.no_bar(), learner.no_logging(), learner.added_cbs(AIMDCallback(trial, batches=3)):
    learner.lr_find(num_it=4, show_plot=False)
    learner.fit_one_cycle(2, 0.5)
trial.finish()
"""


def test_one_cycle_has_its_highest_rate_as_a_parameter_and_finding_it_is_no_training(
    tmp_path: Path, prepared: Prepared
) -> None:
    prepared("fastai")(CYCLE, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.params["learning_rate"] == 0.5
    epochs = [point for point in trial.of("train") if "batch_loss" not in point.value]
    batches = [point for point in trial.of("train") if "batch_loss" in point.value]
    assert [(point.step, point.epoch) for point in epochs] == [(4, 1), (8, 2)]
    assert [(point.step, point.epoch) for point in batches] == [(3, 1), (6, 2)]
    assert max(trial.series("train", "learning_rate")) <= 0.5
