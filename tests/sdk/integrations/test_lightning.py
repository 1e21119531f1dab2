from pathlib import Path

import pytest

from aimd_core.format.tables import parse_table
from aimd_core.reading.media import LocalMedia
from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import (
    Training,
    recorded_trial,
    recorded_trials,
)

QUIET = (
    "logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, accelerator='cpu'"
)
QUIET_WITH_LOGGER = QUIET.replace("logger=False, ", "")


def module(package: str) -> str:
    return f"""
import {package} as pl
import torch
from torch.utils.data import DataLoader, TensorDataset
from t9k import aimd
from t9k.aimd.lightning import AIMDCallback, AIMDLogger

class Tiny(pl.LightningModule):
    def __init__(self, learning_rate=0.1, fails_at=None, activation=torch.nn.ReLU()):
        super().__init__()
        self.save_hyperparameters(ignore=["fails_at"])
        self.fails_at = fails_at
        self.layer = torch.nn.Linear(4, 2)
    def training_step(self, batch, number):
        if self.fails_at == self.global_step:
            raise ZeroDivisionError("planted")
        loss = torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        self.log("rate", 0.5)
        return loss
    def validation_step(self, batch, number):
        self.log("val_loss", torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1]))
        self.log("agreement", 0.25)
    def test_step(self, batch, number):
        self.log("test_loss", torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1]))
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.learning_rate)

torch.manual_seed(0)
data = DataLoader(TensorDataset(torch.randn(12, 4), torch.arange(12) % 2), batch_size=4)
"""


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def package(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def train(prepared: Prepared) -> Training:
    return prepared("lightning")


@pytest.fixture
def train_by_either_name(package: str, prepared: Prepared) -> Training:
    return prepared(package.partition(".")[0])


def test_the_callback_keeps_phases_apart_under_either_name(
    tmp_path: Path, package: str, train_by_either_name: Training
) -> None:
    code = f"""{module(package)}
trial = aimd.create_trial(trial_name="t")
callback = AIMDCallback(trial)
assert isinstance(callback, pl.Callback)
trainer = pl.Trainer(max_epochs=4, check_val_every_n_epoch=2, callbacks=callback, {QUIET})
model = Tiny()
trainer.fit(model, data, data)
trainer.validate(model, data, verbose=False)
trainer.test(model, data, verbose=False)
trial.finish()
"""
    train_by_either_name(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.steps("train") == [3, 6, 9, 12]
    assert trial.epochs("train") == [1, 2, 3, 4]
    # neither the sanity check before the first epoch nor an old result between validations is a point
    assert list(zip(trial.steps("val"), trial.epochs("val"), strict=True)) == [(6, 2), (12, 4), (12, None)]
    assert list(zip(trial.steps("test"), trial.epochs("test"), strict=True)) == [(12, None)]
    assert all({"loss", "loss_step", "loss_epoch", "rate"} == point.value.keys() for point in trial.of("train"))
    assert all({"loss", "agreement"} == point.value.keys() for point in trial.of("val"))
    assert trial.params == {"learning_rate": 0.1, "activation": "ReLU()"}


def test_the_logger_makes_its_trial_and_ends_it_under_either_name(
    tmp_path: Path, package: str, train_by_either_name: Training
) -> None:
    code = f"""{module(package)}
logger = AIMDLogger(trial_name="t", folder_path="f", make_folder=True)
assert isinstance(logger, pl.loggers.Logger)
trainer = pl.Trainer(max_epochs=2, log_every_n_steps=2, logger=logger, {QUIET_WITH_LOGGER})
model = Tiny(learning_rate=0.2)
trainer.fit(model, data, data)
assert logger.experiment.status == "Succeeded"
trainer.test(model, data, verbose=False)
print(logger.name, logger.version == logger.experiment.alternative_name, logger.save_dir)
"""
    done = train_by_either_name(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert done.stdout.splitlines()[-1] == f"t True {tmp_path}"
    assert (trial.status, trial.upload["folder_path"]) == ("Succeeded", "f")
    assert trial.params == {"learning_rate": 0.2, "activation": "ReLU()"}
    steps = [(point.step, point.epoch) for point in trial.of("train") if "loss_step" in point.value]
    assert steps == [(1, 1), (3, 2), (5, 2)]
    assert [point.epoch for point in trial.of("train") if "loss_epoch" in point.value] == [1, 2]
    assert trial.epochs("val") == [1, 2]
    (test,) = trial.of("test")  # after the end of the trial, and still recorded
    assert test.epoch is None


def test_the_logger_takes_what_lightnings_own_ones_take(tmp_path: Path, train: Training) -> None:
    code = """
    import argparse, dataclasses, os
    from omegaconf import OmegaConf
    from t9k.aimd.lightning import AIMDLogger
    @dataclasses.dataclass
    class Settings:
        depth: int = 3
    logger = AIMDLogger("named", prefix="exp", folder_path="f", save_dir="below")
    assert logger.root_dir == f"{os.getcwd()}/below/named" and not os.path.exists("below")
    assert os.path.isdir(f"below/.aimd/trials/{logger.version}")  # known before anything is logged
    logger.log_hyperparams(argparse.Namespace(lr=0.1), {"hparam/acc": 0.5, "note": "text"})
    logger.log_hyperparams(Settings(), metrics=1.5)
    logger.log_hyperparams(OmegaConf.create({"a": 1, "b": "${a}", "c": {"d": ["${a}"]}}))
    logger.log_metrics({"train_loss": 1.0, "epoch": 0}, step=4)
    logger.log_metrics({"val/acc": 0.5})
    logger.log_metrics({"val/acc": 0.75})
    trial = logger.experiment
    print(logger.root_dir, logger.log_dir == f"{logger.root_dir}/{trial.alternative_name}")
    open(f"{logger.log_dir}/notes.txt", "w").close()  # scripts write there, and Lightning's own loggers have made it
    logger.finalize("success")
    """
    done = train(code, tmp_path)
    assert done.stdout.splitlines()[-1] == f"{tmp_path}/below/named True"
    trial = recorded_trial(tmp_path / "below")
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("named", "Succeeded", "f")
    assert trial.params == {"lr": 0.1, "depth": 3, "a": 1, "b": 1, "c": {"d": [1]}}
    assert [tuple(point) for point in trial.points] == [
        ("hparam", 0, None, {"acc": 0.5}),
        ("hparam", 0, None, {"hp_metric": 1.5}),
        ("train", 4, 1, {"exp-loss": 1.0}),
        ("val", 0, None, {"exp-acc": 0.5}),
        ("val", 1, None, {"exp-acc": 0.75}),
    ]


def test_of_several_processes_that_lightning_starts_only_the_first_records(tmp_path: Path, train: Training) -> None:
    code = f"""{module("lightning.pytorch")}
import sys
def main():
    trial = aimd.create_trial(trial_name="lent")
    trainer = pl.Trainer(
        max_epochs=2, devices=2, strategy="ddp", log_every_n_steps=1, callbacks=AIMDCallback(trial),
        logger=AIMDLogger(trial_name="own"), accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
    )
    trainer.fit(Tiny(), data, data)
    trial.finish()
if __name__ == "__main__":
    main()
"""
    script = tmp_path / "train.py"
    script.write_text(code)
    # Lightning starts the file that sys.argv names a second time
    start = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    train(start, tmp_path, str(script))
    lent, own = recorded_trials(tmp_path)
    assert lent.status == own.status == "Succeeded"
    assert lent.steps("train") == [2, 4]  # 12 rows in batches of 4 for two processes
    assert len(own.series("train", "loss_step")) == 4
    assert list(tmp_path.glob(f"own/{own.path.name}/checkpoints/*.ckpt"))


def test_other_ranks_than_zero_make_no_trial_and_a_logger_without_settings_says_what_it_wants(
    tmp_path: Path, train: Training
) -> None:
    code = f"""{module("lightning.pytorch")}
from lightning_utilities.core.rank_zero import rank_zero_only
rank_zero_only.rank = 1
logger = AIMDLogger(trial_name="t")
logger.log_hyperparams({{"a": 1}})
logger.log_metrics({{"train_loss": 1.0}}, step=1)
logger.finalize("success")
print(logger.experiment.name, logger.name, logger.version, logger.save_dir, logger.log_dir)
logger.experiment.log("train", {{"a": 1}}, step=1)  # as scripts do on every rank
assert logger.experiment is logger.experiment
try:
    AIMDLogger()
except Exception as error:
    print(type(error).__name__, error)
"""
    done = train(code, tmp_path)
    assert done.stdout.splitlines()[-2:] == [
        f"t t None {tmp_path} None",
        "UsageError AIMDLogger takes either a trial or the settings for one",
    ]
    assert recorded_trials(tmp_path) == []


def test_the_logger_takes_pictures_sounds_videos_and_tables_as_lightnings_wandb_logger_does(
    tmp_path: Path, train: Training
) -> None:
    code = f"""{module("lightning.pytorch")}
import numpy
class Shown(Tiny):
    def validation_step(self, batch, number):
        super().validation_step(batch, number)
        if number == 0 and not self.trainer.sanity_checking:
            self.logger.log_image("val/samples", [torch.rand(3, 4, 5), numpy.zeros((4, 5))], caption=["a", "b"])
    def test_step(self, batch, number):
        if number == 0:
            self.logger.log_image(key="test", images=[torch.rand(3, 4, 5)], step=8, caption=["late"], masks=[None])
logger = AIMDLogger("t", prefix="exp")
trainer = pl.Trainer(max_epochs=2, log_every_n_steps=1, logger=logger, {QUIET_WITH_LOGGER})
model = Shown()
trainer.fit(model, data, data)
trainer.test(model, data, verbose=False)
logger.log_audio("sounds", [numpy.zeros(80), numpy.zeros(160)], step=9, sample_rate=[8000, 16000], caption=["c", "d"])
logger.log_video("videos", [numpy.zeros((2, 3, 4, 5), "uint8")], step=9, fps=[2])
logger.log_table("rows", ["id", "kind"], [[1, "x"]], step=9)
logger.log_text("texts", columns=["prompt", "answer"], data=[["why", "because"]], step=9)
for images, settings in (([1], {{}}), ([torch.rand(3, 4, 5)], {{"caption": ["a", "b"]}})):
    try:
        logger.log_image("wrong", images, step=9, **settings)
    except Exception as error:
        print(type(error).__name__)
"""
    done = train(code, tmp_path)
    assert done.stdout.splitlines()[-2:] == ["TypeError", "ValueError"]
    trial = recorded_trial(tmp_path)
    assert trial.status == "Succeeded"
    media = LocalMedia(trial.path)
    rows = [(item.record.kind, item.record.key, item.record.step, item.record.caption) for item in media.items()]
    assert sorted(rows) == [
        ("audio", "exp-sounds", 9, "c"),
        ("audio", "exp-sounds", 9, "d"),
        ("image", "exp-test", 8, "late"),
        *(("image", "exp-val/samples", step, caption) for step in (2, 5) for caption in "ab"),
        ("table", "exp-rows", 9, ""),
        ("table", "exp-texts", 9, ""),
        ("video", "exp-videos", 9, ""),
    ]
    facts = [item.record.facts for item in media.items("exp-sounds")]
    assert [fact["sample_rate"] for fact in facts] == [8000, 16000]
    assert media.item("exp-videos").record.facts["frames"] == 2
    stored = media.item("exp-texts").record.stored
    assert stored is not None
    assert parse_table(media.read(stored)).rows == [["why", "because"]]


def test_fabric_records_by_the_same_logger(tmp_path: Path, train: Training) -> None:
    code = f"""{module("lightning.pytorch")}
from lightning.fabric import Fabric
fabric = Fabric(accelerator="cpu", devices=1, loggers=[AIMDLogger("fabric", folder_path="f")])
fabric.launch()
layer = torch.nn.Linear(4, 2)
model, optimizer = fabric.setup(layer, torch.optim.SGD(layer.parameters(), 0.1))
fabric.logger.log_hyperparams({{"lr": 0.1}})
for step, batch in enumerate(fabric.setup_dataloaders(data)):
    loss = torch.nn.functional.cross_entropy(model(batch[0]), batch[1])
    fabric.backward(loss)
    optimizer.step()
    fabric.log("train_loss", loss, step)
    fabric.log_dict({{"val/loss": 0.5, "val/accuracy": torch.tensor(0.25), "epoch": 0}}, step=step)
fabric.logger.log_image("samples", [torch.rand(3, 4, 5)])
"""
    train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("fabric", "Succeeded", "f")
    assert trial.params == {"lr": 0.1}
    assert trial.steps("train") == trial.steps("val") == [0, 1, 2]
    assert trial.epochs("val") == [1, 1, 1]
    assert all(point.value == {"loss": 0.5, "accuracy": 0.25} for point in trial.of("val"))
    assert LocalMedia(trial.path).steps("samples") == [2]
