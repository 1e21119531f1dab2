"""What frameworks copy and send to workers of their own: recorded into the trial, and into no other file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import (
    Training,
    recorded_trial,
    recorded_trials,
    require_framework,
)
from tests.support.patience import wait_until

DATA = """
import numpy as np
from t9k import aimd
random = np.random.default_rng(0)
x = random.normal(size=(80, 4))
y = (x[:, 0] + random.normal(size=80) > 0).astype(int)
"""
MODEL = """
import sys
import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import DDPStrategy
from t9k import aimd
from t9k.aimd.lightning import AIMDCallback, AIMDLogger

class Model(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, _):
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

def loader():
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(8, 4)), batch_size=2)

def trainer(**settings):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    return pl.Trainer(max_epochs=2, log_every_n_steps=1, accelerator="cpu", **quiet, **settings)
"""


@pytest.fixture
def train(prepared: Prepared) -> Training:
    require_framework("cloudpickle")
    return prepared("lightning")


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_search_that_fits_in_workers_records_their_rounds(library: str, tmp_path: Path, prepared: Prepared) -> None:
    estimators = {
        "xgboost": "xgboost.XGBClassifier(n_estimators=3, nthread=1, callbacks=[AIMDCallback(trial)])",
        "lightgbm": "lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1)",
    }
    fit = "eval_set=[(x, y)]" + (", callbacks=[AIMDCallback(trial)]" if library == "lightgbm" else ", verbose=False")
    prepared(library)(
        f"""{DATA}
import {library}
from sklearn.model_selection import GridSearchCV
from t9k.aimd.{library} import AIMDCallback
trial = aimd.create_trial(trial_name="t")
search = GridSearchCV({estimators[library]}, {{"max_depth": [1, 2]}}, cv=2, n_jobs=2)
search.fit(x, y, {fit})
checkpoint = open("model.ckpt", "w")  # takes the first number that is free
trial.finish()
print(trial.receipt)
""",
        tmp_path,
    )
    trial = recorded_trial(tmp_path)
    assert trial.status == "Succeeded"
    assert sorted(point.step for point in trial.points) == sorted(5 * [1, 2, 3])  # four fits in workers, and the last
    assert (tmp_path / "model.ckpt").read_text() == ""


def test_a_trainer_that_is_pickled_carries_its_trial_and_no_descriptor(tmp_path: Path, train: Training) -> None:
    code = f"""{MODEL}
import copy, os, time
import cloudpickle
trial = aimd.create_trial(trial_name="t")
first = trainer(callbacks=[AIMDCallback(trial)], logger=False)
first.fit(Model(), loader())
saved = cloudpickle.dumps(first)
twin = copy.deepcopy(first)
del first, twin
open("part", "wb").write(saved)
os.replace("part", "trainer.pkl")
while not os.path.exists("loaded"):
    time.sleep(0.01)
trial.log("train", {{"loss": 1.0}}, step=100)
trial.finish()
"""
    with ThreadPoolExecutor(1) as thread:
        training = thread.submit(train, code, tmp_path)
        wait_until(lambda: training.done() or (tmp_path / "trainer.pkl").exists(), "it is pickled")
        load = "import cloudpickle; f = open('table.csv', 'w'); t = cloudpickle.load(open('trainer.pkl', 'rb')); del t"
        train(load, tmp_path)
        (tmp_path / "loaded").touch()
        training.result()
    trial = recorded_trial(tmp_path)
    assert (trial.status, trial.steps("train")) == ("Succeeded", [4, 8, 100])
    assert (tmp_path / "table.csv").read_text() == ""


@pytest.mark.soak
def test_workers_that_lightning_spawns_record_and_end_the_loggers_trial(tmp_path: Path, train: Training) -> None:
    """Each worker imports Lightning anew; tests/sdk/test_copies.py spawns workers in every check."""
    (tmp_path / "train.py").write_text(
        f"""{MODEL}
if __name__ == "__main__":
    logger = AIMDLogger(trial_name="logged")
    logger.experiment.params.update({{"lr": 0.1}})  # made before the workers are
    lent = aimd.create_trial(trial_name="lent")
    trainer(logger=logger, callbacks=[AIMDCallback(lent)], devices=2, strategy="ddp_spawn").fit(Model(), loader())
    lent.finish()
"""
    )
    train("import runpy; runpy.run_path('train.py', run_name='__main__')", tmp_path)
    lent, logged = recorded_trials(tmp_path)
    assert (logged.name, logged.status) == ("logged", "Succeeded")
    assert logged.params["lr"] == 0.1
    assert logged.steps("train") == [0, 1, 2, 3]
    assert (lent.name, lent.status, lent.steps("train")) == ("lent", "Succeeded", [2, 4])
