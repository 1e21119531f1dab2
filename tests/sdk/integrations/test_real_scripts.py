"""Training scripts that others wrote and that log by a framework: what each gives its logger is there, counted.

Each entry trains for real, as small as it gets, and makes the calls of the framework that the script makes, in its
order; the numbers are those of the framework's own record of the same training. None of the scripts' code is here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from aimd_core.reading.media import LocalMedia
from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import Recorded, recorded_trial, require_framework

# As Python does when it starts with AIMD_AUTOLOAD.
AUTOLOAD = """
import json
import t9k.aimd.autoload
t9k.aimd.autoload.register_integrations(AIMD_AUTOLOAD)
def logged(numbers, media=0):
    with open("logged.json", "w") as file:
        json.dump({"numbers": [float(number) for number in numbers], "media": media}, file)
"""


class Script(NamedTuple):
    """A script and how it is run.

    Attributes:
        framework: What is imported before it runs.
        code: Trains, and calls `logged` with the framework's record: the numbers, and how many pictures.
        trial: The trial's name.
        params: Some of its parameters.
        autoload: The value of `AIMD_AUTOLOAD`.
        packages: What else must be installed.
    """

    framework: str
    code: str
    trial: str
    params: dict[str, object]
    autoload: str = "1"
    packages: tuple[str, ...] = ()


TRAINER = """
import numpy, torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
rows = [{"input_ids": torch.full((4,), n % 5), "labels": n % 2} for n in range(16)]
config = BertConfig(vocab_size=5, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4)
arguments = TrainingArguments("out/mnli", num_train_epochs=2, logging_steps=1, eval_strategy="epoch", use_cpu=True,
    per_device_train_batch_size=8, save_strategy="no", disable_tqdm=True, report_to="aimd", run_name="mnli-bert")
def accuracy(answers):
    return {"accuracy": (answers.predictions.argmax(axis=1) == answers.label_ids).astype(numpy.float32).mean().item()}
trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=rows, eval_dataset=rows,
    compute_metrics=accuracy)
"""
# Numbers that the Trainer has logged: all but the fraction of the epoch, which is the epoch of the points.
TRAINER_LOGGED = """
history = [entry[name] for entry in trainer.state.log_history for name in entry if name not in ("epoch", "step")]
"""
WORDS = """
import datasets
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
words = {word: number for number, word in enumerate(["<unk>", "<pad>", "a", "b", "c"])}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", eos_token="<pad>")
sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
model = LlamaForCausalLM(LlamaConfig(vocab_size=5, pad_token_id=1, eos_token_id=1, bos_token_id=1, **sizes))
"""
DIFFUSION = """
import numpy, torch
from accelerate import Accelerator
from accelerate.utils import ProjectConfiguration
settings = {"learning_rate": 1e-4, "resolution": 8, "seed": None, "report_to": REPORT_TO, "use_ema": True}
accelerator = Accelerator(cpu=True, log_with=REPORT_TO, gradient_accumulation_steps=2,
    project_config=ProjectConfiguration(project_dir="out", logging_dir="out/logs"))
model = torch.nn.Conv2d(3, 3, 3, padding=1)
model, optimizer = accelerator.prepare(model, torch.optim.AdamW(model.parameters(), 1e-4))
del settings["seed"]
accelerator.init_trackers("text2image-fine-tune", settings)
numbers, pictures, step, train_loss = [], 0, 0, 0.0
for epoch in range(2):
    for batch in range(4):
        with accelerator.accumulate(model):
            loss = torch.nn.functional.mse_loss(model(torch.randn(2, 3, 8, 8)), torch.randn(2, 3, 8, 8))
            train_loss += accelerator.gather(loss.repeat(2)).mean().item() / 2
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        if accelerator.sync_gradients:
            step += 1
            accelerator.log({"train_loss": train_loss}, step=step)
            numbers.append(train_loss)
            train_loss = 0.0
    for tracker in accelerator.trackers:
        if tracker.name == "tensorboard":
            tracker.writer.add_images("validation", numpy.zeros((2, 8, 8, 3), "uint8"), epoch, dataformats="NHWC")
            pictures += 2
accelerator.end_training()
logged(numbers, pictures)
"""
ZOO = """
from stable_baselines3 import A2C
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import TensorBoardOutputFormat
written = []
real = TensorBoardOutputFormat.write
def write(self, values, excluded, step=0):
    written.extend(value for key, value in values.items()
        if "tensorboard" not in (excluded.get(key) or ()) and not isinstance(value, str))
    real(self, values, excluded, step)
TensorBoardOutputFormat.write = write
class Raw(BaseCallback):
    steps = 0
    def _on_step(self):
        (writer,) = (out for out in self.logger.output_formats if isinstance(out, TensorBoardOutputFormat))
        for info in self.locals["infos"]:
            if "episode" in info:
                values = {f"raw/rollouts/episodic_{what}": info["episode"][what[0]] for what in ("return", "length")}
                self.steps += info["episode"]["l"]
                writer.write(values, dict.fromkeys(values), self.steps)
        return True
model = A2C("MlpPolicy", "CartPole-v1", n_steps=32, seed=1, device="cpu", tensorboard_log="runs/CartPole-v1")
model.learn(256, callback=Raw(), log_interval=2)
logged(written)
"""
SCRIPTS = {
    "transformers run_glue.py": Script(
        "transformers",
        f"""{TRAINER}
metrics = trainer.train().metrics
trainer.log_metrics("train", metrics)
trainer.save_metrics("train", metrics)
trainer.save_state()
for mismatched in (False, True):
    metrics = trainer.evaluate(eval_dataset=rows[:8] if mismatched else rows)
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)
answers = trainer.predict([{{"input_ids": row["input_ids"]}} for row in rows], metric_key_prefix="predict")
{TRAINER_LOGGED}
logged([*history, *answers.metrics.values()])
""",
        "mnli-bert",
        {"num_train_epochs": 2, "model_type": "bert"},
        packages=("accelerate",),
    ),
    "TRL sft.py": Script(
        "transformers",
        f"""{WORDS}
from trl import SFTConfig, SFTTrainer
arguments = SFTConfig("out/sft", report_to="aimd", bf16=False, max_length=8, max_steps=4, logging_steps=1, use_cpu=True,
    eval_strategy="steps", eval_steps=2, disable_tqdm=True, save_strategy="no")
data = datasets.Dataset.from_list([{{"text": "a b c"}}] * 16)
trainer = SFTTrainer(model, args=arguments, train_dataset=data, eval_dataset=data, processing_class=tokenizer)
trainer.train()
{TRAINER_LOGGED}
logged(history)
""",
        "sft",
        {"max_steps": 4, "model_type": "llama"},
        packages=("trl", "accelerate"),
    ),
    "diffusers train_text_to_image.py, --report_to aimd": Script(
        "accelerate",
        DIFFUSION.replace("REPORT_TO", '"aimd"'),
        "text2image-fine-tune",
        {"learning_rate": 1e-4, "resolution": 8, "use_ema": True},
    ),
    "diffusers train_text_to_image.py, --report_to tensorboard": Script(
        "accelerate",
        DIFFUSION.replace("REPORT_TO", '"tensorboard"'),
        "text2image-fine-tune",
        {"learning_rate": 1e-4, "resolution": 8, "use_ema": True},
        "tensorboard",
        ("tensorboard",),
    ),
    "rl-baselines3-zoo train.py --track": Script(
        "stable_baselines3",
        f"""
import t9k.aimd.wandb as wandb
run = wandb.init(name="CartPole-v1__a2c__1__1700000000", project="sb3", entity=None, group=None, tags=["", "v2.9"],
    config={{"algo": "a2c", "seed": 1, "hyperparams": None}}, sync_tensorboard=True, monitor_gym=True, save_code=True)
run.config.setdefaults({{"algo": "a2c", "saved_hyperparams": {{"n_steps": 32}}}})
{ZOO}""",
        "CartPole-v1__a2c__1__1700000000",
        {"algo": "a2c", "seed": 1, "saved_hyperparams": {"n_steps": 32}},
        packages=("tensorboard",),
    ),
    "rl-baselines3-zoo train.py --tensorboard-log": Script(
        "stable_baselines3", ZOO, "A2C_1", {}, "tensorboard", ("tensorboard",)
    ),
    "Lightning's basic examples": Script(
        "lightning",
        """
import csv, torch
import lightning.pytorch as pl
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger
from t9k.aimd.lightning import AIMDLogger
class Net(pl.LightningModule):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, 1)
    def training_step(self, batch, number):
        loss = self.layer(batch).square().mean()
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss
    def validation_step(self, batch, number):
        self.log("val_loss", self.layer(batch).square().mean())
    def test_step(self, batch, number):
        self.log_dict({"test_loss": self.layer(batch).square().mean(), "test_acc": 0.5})
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.lr)
data = torch.utils.data.DataLoader(torch.ones(8, 2), batch_size=2)
trainer = pl.Trainer(max_epochs=3, log_every_n_steps=1, accelerator="cpu", enable_progress_bar=False,
    logger=[AIMDLogger("autoencoder"), CSVLogger("csv")], callbacks=LearningRateMonitor("step"))
net = Net()
trainer.fit(net, data, data)
trainer.test(net, data, verbose=False)
with open(trainer.loggers[1].log_dir + "/metrics.csv") as file:
    rows = list(csv.DictReader(file))
logged(value for row in rows for name, value in row.items() if value and name not in ("epoch", "step"))
""",
        "autoencoder",
        {"lr": 0.1},
    ),
}


def numbers_of(trial: Recorded) -> list[float]:
    return sorted(value for point in trial.points for value in point.value.values())


@pytest.mark.parametrize("name", SCRIPTS)
def test_everything_that_the_script_gives_its_logger_is_there(name: str, tmp_path: Path, prepared: Prepared) -> None:
    script = SCRIPTS[name]
    require_framework(*script.packages)
    start = AUTOLOAD.replace("AIMD_AUTOLOAD", repr(script.autoload))
    prepared(script.framework)(start + script.code, tmp_path)
    logged = json.loads((tmp_path / "logged.json").read_text())
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status) == (script.trial, "Succeeded")
    assert numbers_of(trial) == pytest.approx(sorted(logged["numbers"]), rel=1e-6)
    assert len(logged["numbers"]) > 3
    assert len(list(LocalMedia(trial.path).items())) == logged["media"]
    assert {key: trial.params.get(key) for key in script.params} == script.params
