"""How each framework trains, for the promises in test_promises.py: a few lines of a real training, and what it records.

A training of every adapter calls `check` in its middle, which raises, or kills the process, if a test asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, Any] = MappingProxyType({})
Expected = tuple[str, int, int | None, set[str]]  # of a point: type, step, epoch and some names of values


class Lack(NamedTuple):
    """Something that a framework cannot do.

    Attributes:
        reason: Why.
        proof: An expression that is true as long as it cannot, in the adapter's script.
    """

    reason: str
    proof: str


class Shown(NamedTuple):
    """What the script on the page of frameworks records.

    Attributes:
        section: Its heading in docs/guides/frameworks.md.
        trials: The names of its trials.
        folder: Their folder.
        steps: The steps of its types.
        params: Some of the parameters of each.
    """

    section: str
    trials: list[str]
    folder: str | None
    steps: dict[str, list[int]]
    params: Mapping[str, object] = NOTHING


class Adapter(NamedTuple):
    """How a framework trains, and what has to be recorded.

    Attributes:
        shown: What its script in the documentation records; None if a test of its own says more of that.
        imports: Ours.
        code: Defines `train(recorder)`, which trains with it for two epochs or a few steps.
        points: The points that are recorded.
        given: What of ours records into the trial `trial`; empty if it takes none.
        own: What of ours creates a trial named `own`, which goes to the folder `f`; empty if it creates none.
        params: Some of the parameters.
        more: More of ours that may be copied, as expressions with a comma after each.
        names: The names of the trials that `own` makes.
        folder: Their folder.
        exception: What the script gets for a `ZeroDivisionError` in the middle.
        framework: What is imported before the script, if it is not the adapter's name; see `recorded.IMPORTS`.
        lacks: Why a promise is not kept, by its name: `given`, `own`, `open`, `copied`.
    """

    shown: Shown | None
    imports: str
    code: str
    points: list[Expected]
    given: str = ""
    own: str = ""
    params: Mapping[str, object] = NOTHING
    more: str = ""
    name: str = "own"
    folder: str | None = "f"
    exception: str = "ZeroDivisionError"
    framework: str | None = None
    lacks: Mapping[str, Lack] = NOTHING


def _both(*steps: int) -> dict[str, list[int]]:
    return {"train": [*steps], "val": [*steps]}


def _takes_trials_alone(what: str) -> dict[str, Lack]:
    proof = f"inspect.signature({what}).parameters['trial'].annotation == 'Trial'"
    return {"own": Lack("a callback of this framework records into your trial, which you finish", proof)}


def _takes_no_trial(what: str, reason: str) -> Lack:
    return Lack(reason, f"'trial' not in inspect.signature({what}).parameters")


_RECORDER = "AIMDCallback(trial)"
_MAKER = "AIMDCallback('own', folder_path='f')"
_LIGHTNING = """
import lightning.pytorch as pl
import torch
class Model(pl.LightningModule):
    def __init__(self, rate=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(3, 2)
    def training_step(self, batch, _):
        check()
        loss = torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss
    def validation_step(self, batch, _):
        self.log("val_loss", torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1]))
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.rate)
def train(recorder):
    data = torch.utils.data.TensorDataset(torch.ones(6, 3), torch.arange(6) % 2)
    loader = torch.utils.data.DataLoader(data, batch_size=3)
    quiet = dict(enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu")
    how = {"logger": recorder} if isinstance(recorder, pl.loggers.Logger) else {"callbacks": recorder, "logger": False}
    trainer = pl.Trainer(max_epochs=2, log_every_n_steps=1, num_sanity_val_steps=0, **how, **quiet)
    trainer.fit(Model(), loader, loader)
"""

ADAPTERS = {
    "keras": Adapter(
        None,  # test_keras.py runs it on each backend
        "from t9k.aimd.keras import AIMDEvalCallback, AIMDFitCallback",
        """
import keras, numpy
class Check(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        check()
def train(recorder):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = numpy.ones((16, 3), "float32"), numpy.arange(16) % 2
    model.fit(*data, batch_size=8, epochs=2, validation_data=data, callbacks=[recorder, Check()], verbose=0)
""",
        [
            ("train", 2, 1, {"loss", "accuracy"}),
            ("val", 2, 1, {"loss", "accuracy"}),
            ("train", 4, 2, {"loss", "accuracy"}),
            ("val", 4, 2, {"loss", "accuracy"}),
        ],
        given="AIMDFitCallback(trial)",
        params={"lossType": "sparse_categorical_crossentropy", "metricTypes": ["accuracy"]},
        more="AIMDFitCallback(trial, checkpoints='last'), AIMDEvalCallback(trial),",
        lacks=_takes_trials_alone("AIMDFitCallback"),
    ),
    "lightning": Adapter(
        Shown("PyTorch Lightning", ["digits_lightning"], "digits", _both(15, 30, 45), {"learning_rate": 0.01}),
        "from t9k.aimd.lightning import AIMDCallback",
        _LIGHTNING,
        [
            ("val", 2, 1, {"loss"}),
            ("train", 2, 1, {"loss"}),
            ("val", 4, 2, {"loss"}),
            ("train", 4, 2, {"loss"}),
        ],
        given=_RECORDER,
        params={"rate": 0.1},
        more="AIMDCallback(trial, checkpoints='last'),",
        lacks=_takes_trials_alone("AIMDCallback"),
    ),
    "lightning_logger": Adapter(
        None,  # the page has no script of it
        "from t9k.aimd.lightning import AIMDLogger",
        _LIGHTNING,
        [
            ("train", 0, 1, {"loss"}),
            ("train", 1, 1, {"loss"}),
            ("val", 1, 1, {"loss"}),
            ("train", 2, 2, {"loss"}),
            ("train", 3, 2, {"loss"}),
            ("val", 3, 2, {"loss"}),
        ],
        given="AIMDLogger(trial)",
        own="AIMDLogger('own', folder_path='f')",
        params={"rate": 0.1},
        more="AIMDLogger('later', prefix='p'),",
        framework="lightning",
    ),
    "transformers": Adapter(
        None,  # test_transformers.py predicts with it as well
        "from t9k.aimd.transformers import AIMDCallback",
        """
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments
class Check(TrainerCallback):
    def on_step_begin(self, *_, **more):
        check()
def train(recorder):
    rows = [{"input_ids": torch.full((4,), n % 5), "labels": n % 2} for n in range(16)]
    config = BertConfig(vocab_size=5, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4)
    quiet = dict(save_strategy="no", use_cpu=True, disable_tqdm=True, report_to="none")
    settings = dict(max_steps=2, logging_steps=1, eval_strategy="epoch", run_name="own")
    Trainer(BertForSequenceClassification(config), TrainingArguments("out", **settings, **quiet), train_dataset=rows,
        eval_dataset=rows, callbacks=[recorder, Check()]).train()
""",
        [
            ("train", 1, 1, {"loss", "grad_norm", "learning_rate"}),
            ("train", 2, 1, {"loss", "grad_norm", "learning_rate"}),
            ("val", 2, 1, {"loss", "runtime"}),
            ("summary", 2, 1, {"loss", "runtime"}),
        ],
        given=_RECORDER,
        own="AIMDCallback()",
        params={"max_steps": 2, "model_type": "bert"},
        more="AIMDCallback(trial, checkpoints='last'),",
        folder=None,  # the Trainer has no folder
    ),
    "accelerate": Adapter(
        Shown("Hugging Face Accelerate", ["digits_accelerate"], "digits", _both(1, 2, 3), {"batch_size": 500}),
        "from t9k.aimd.accelerate import AIMDTracker",
        """
import torch
from accelerate import Accelerator
def train(recorder):
    accelerator = Accelerator(cpu=True, log_with=recorder)
    accelerator.init_trackers("project", config={"lr": 0.1})
    for step in (1, 2):
        check()
        accelerator.log({"train_loss": torch.tensor(0.5), "eval_acc": 0.25, "epoch": step}, step=step)
    accelerator.end_training()
""",
        [
            ("train", 1, 1, {"loss"}),
            ("val", 1, 1, {"acc"}),
            ("train", 2, 2, {"loss"}),
            ("val", 2, 2, {"acc"}),
        ],
        given="AIMDTracker(trial)",
        own="AIMDTracker('own', folder_path='f')",
        params={"lr": 0.1},
        more="AIMDTracker(trial, checkpoints='last'),",
        lacks={
            "open": Lack(
                "end_training ends what an Accelerator tracks, and a second training has trackers of its own",
                "[train(AIMDTracker(trial)) for trial in [aimd.create_trial(trial_name='ended')]] and "
                "aimd.load_trial(max(Path('.aimd/trials').iterdir())).status == 'Succeeded'",
            )
        },
    ),
    "xgboost": Adapter(
        Shown("XGBoost", ["digits_xgboost"], "digits", _both(1, 2, 3, 4, 5), {"learning_rate": 0.3, "max_depth": 3}),
        "from t9k.aimd.xgboost import AIMDCallback",
        """
import numpy, xgboost
class Check(xgboost.callback.TrainingCallback):
    def after_iteration(self, model, epoch, evals_log):
        check()
        return False
def train(recorder):
    data = xgboost.DMatrix(numpy.arange(40.0).reshape(20, 2), numpy.arange(20) % 2)
    settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1, "eval_metric": ["logloss", "error"]}
    sets = [(data, "train"), (data, "eval")]
    xgboost.train(settings, data, 2, evals=sets, callbacks=[recorder, Check()], verbose_eval=False)
""",
        [
            ("train", 1, None, {"logloss", "error"}),
            ("val", 1, None, {"logloss", "error"}),
            ("train", 2, None, {"logloss", "error"}),
            ("val", 2, None, {"logloss", "error"}),
        ],
        given=_RECORDER,
        params={"objective": "binary:logistic", "max_depth": 2},
        more="AIMDCallback(trial, {'a': 'val'}, checkpoints='last'),",
        lacks=_takes_trials_alone("AIMDCallback"),
    ),
    "lightgbm": Adapter(
        Shown("LightGBM", ["digits_lightgbm"], "digits", _both(1, 2, 3, 4, 5), {"num_leaves": 7}),
        "from t9k.aimd.lightgbm import AIMDCallback",
        """
import lightgbm, numpy
def stop_after(env):
    check()
stop_after.order = 40
def train(recorder):
    data = lightgbm.Dataset(numpy.arange(80.0).reshape(40, 2), numpy.arange(40) % 2, free_raw_data=False)
    settings = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbose": -1, "metric": "binary_logloss"}
    sets = {"valid_sets": [data, data.create_valid(data.data, data.label)], "valid_names": ["train", "valid"]}
    lightgbm.train(settings, data, 2, callbacks=[recorder, stop_after], **sets)
""",
        [
            ("train", 1, None, {"binary_logloss"}),
            ("val", 1, None, {"binary_logloss"}),
            ("train", 2, None, {"binary_logloss"}),
            ("val", 2, None, {"binary_logloss"}),
        ],
        given=_RECORDER,
        params={"objective": "binary", "num_leaves": 4},
        more="AIMDCallback(trial, {'a': 'val'}),",
        lacks=_takes_trials_alone("AIMDCallback"),
    ),
    "catboost": Adapter(
        Shown("CatBoost", ["digits_catboost"], "digits", _both(1, 2, 3, 4, 5), {"depth": 3}),
        "from t9k.aimd.catboost import AIMDCallback",
        """
import catboost, numpy
class Check:
    def after_iteration(self, info):
        check()
        return True
def train(recorder):
    x, y = numpy.arange(40.0).reshape(20, 2), numpy.arange(20) % 3 == 0
    model = catboost.CatBoostClassifier(iterations=4, eval_metric="AUC", thread_count=1, allow_writing_files=False)
    sets, callbacks = [(x[10:15], y[10:15]), (x[15:], y[15:])], [recorder, Check()]
    model.fit(x[:10], y[:10], eval_set=sets, callbacks=callbacks, metric_period=3, verbose=False)
""",
        [
            ("train", 1, None, {"Logloss"}),
            ("validation_0", 1, None, {"Logloss", "AUC"}),
            ("validation_1", 1, None, {"Logloss", "AUC"}),
            ("train", 4, None, {"Logloss"}),
            ("validation_0", 4, None, {"Logloss", "AUC"}),
            ("validation_1", 4, None, {"Logloss", "AUC"}),
        ],
        given="AIMDCallback(trial, params={'depth': 2})",
        own="AIMDCallback('own', params={'depth': 2}, folder_path='f')",
        params={"depth": 2},
        exception="CatBoostError",  # which CatBoost makes of any other
    ),
    "sklearn": Adapter(
        Shown("scikit-learn", ["digits_logistic"], "digits", _both(1, 2, 3, 4), {"C": 10.0, "tol": 0.05}),
        "from t9k.aimd.sklearn import AIMDCallback",
        """
import warnings
import numpy
from sklearn.linear_model import LogisticRegression
warnings.simplefilter("ignore")  # a fit of two iterations has not converged
x, y = numpy.arange(40.0).reshape(20, 2), numpy.arange(20) % 3 == 0
def score(model, x, y):
    check()
    return model.score(x, y)
def train(recorder):
    LogisticRegression(max_iter=2, C=0.5).set_callbacks(recorder).fit(x, y)
""",
        [
            ("train", 1, None, {"score"}),
            ("val", 1, None, {"score"}),
            ("train", 2, None, {"score"}),
            ("val", 2, None, {"score"}),
        ],
        given="AIMDCallback(trial, score, (x, y))",
        params={"estimator": "LogisticRegression", "C": 0.5},
        lacks={
            **_takes_trials_alone("AIMDCallback"),
            "copied": Lack(
                "a search fits copies of the estimator, whose iterations would be one confusion in its trial",
                "pickle.loads(pickle.dumps(AIMDCallback(aimd.create_trial(trial_name='t')))).trial is None",
            ),
        },
    ),
    "optuna": Adapter(
        Shown(
            "Optuna",
            ["digits_0", "digits_1", "digits_2"],
            "sweeps/digits",
            {"train": [1, 2, 3], "report": [1, 2, 3], "objective": [3]},
        ),
        "from t9k.aimd.optuna import AIMDArtifactStore, AIMDCallback, track",
        """
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
def train(recorder):
    def objective(trial):
        x = trial.suggest_float("x", 0.25, 0.25)
        for step in (1, 2):
            trial.record.log("train", {"loss": x}, step, epoch=step)
            trial.report(x, step)
            check()
        return x
    optuna.create_study(study_name="own").optimize(recorder(objective), n_trials=1)
""",
        [
            ("train", 1, 1, {"loss"}),
            ("report", 1, None, {"value"}),
            ("train", 2, 2, {"loss"}),
            ("report", 2, None, {"value"}),
            ("objective", 2, None, {"value"}),
        ],
        own="track(folder_path='f')",
        params={"x": 0.25},
        more="AIMDCallback('f'), AIMDArtifactStore(trial), AIMDArtifactStore('later', folder_path='f'),",
        name="own_0",
        folder="f/own",
        lacks={"given": _takes_no_trial("track", "each trial of a study is a trial")},
    ),
    "stable_baselines3": Adapter(
        Shown(
            "Stable-Baselines3",
            ["a2c_cartpole"],
            "rl",
            {"time": [32, 64, 96, 128], "train": [64, 96, 128, 128]},  # and its episodes, which end by chance
            {"algorithm": "A2C"},
        ),
        "from t9k.aimd.stable_baselines3 import AIMDCallback, AIMDOutputFormat",
        """
import stable_baselines3
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
class Check(BaseCallback):
    def _on_step(self):
        check()
        return True
def train(recorder):
    model = stable_baselines3.A2C("MlpPolicy", "CartPole-v1", n_steps=32, gamma=0.9, seed=0, device="cpu")
    model.learn(64, callback=CallbackList([recorder, Check()]), log_interval=1)
""",
        [
            ("time", 32, None, {"fps", "iterations", "time_elapsed", "total_timesteps"}),
            ("rollout", 32, None, {"ep_rew_mean", "ep_len_mean"}),
            ("train", 64, None, {"entropy_loss", "explained_variance", "learning_rate", "n_updates"}),
            ("time", 64, None, {"fps", "iterations"}),
            ("rollout", 64, None, {"ep_rew_mean", "ep_len_mean"}),
            ("train", 64, None, {"policy_loss", "value_loss"}),
        ],
        given=_RECORDER,
        own=_MAKER,
        params={"algorithm": "A2C", "gamma": 0.9, "n_steps": 32, "seed": 0},
        more="AIMDOutputFormat(trial),",
    ),
    "ignite": Adapter(
        Shown("PyTorch Ignite", ["digits_ignite"], "digits", {"train": [5, 10, 15, 20, 25, 30], "val": [15, 30]}),
        "from t9k.aimd.ignite import AIMDLogger",
        """
import torch
from ignite.engine import Engine, Events
from ignite.handlers import global_step_from_engine
def step(engine, batch):
    check()
    return 0.5
def train(recorder):
    trainer, evaluator = Engine(step), Engine(lambda engine, batch: setattr(engine.state, "metrics", {"acc": 0.25}))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    with recorder as logger:
        logger.attach_output_handler(trainer, Events.ITERATION_COMPLETED(every=2), tag="training",
            output_transform=lambda loss: {"loss": loss})
        logger.attach_output_handler(evaluator, Events.EPOCH_COMPLETED, tag="validation", metric_names="all",
            global_step_transform=global_step_from_engine(trainer, Events.ITERATION_COMPLETED))
        logger.attach_opt_params_handler(trainer, Events.EPOCH_STARTED, optimizer=optimizer)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda engine: evaluator.run([0]))
        trainer.run([0, 1], max_epochs=2)
""",
        [
            ("lr", 1, 1, {"group_0"}),
            ("train", 2, 1, {"loss"}),
            ("val", 2, 1, {"acc"}),
            ("lr", 2, 2, {"group_0"}),
            ("train", 4, 2, {"loss"}),
            ("val", 4, 1, {"acc"}),
        ],
        given="AIMDLogger(trial)",
        own="AIMDLogger('own', folder_path='f')",
    ),
    "skorch": Adapter(
        Shown("skorch", ["digits_skorch"], "digits", _both(12, 24, 36), {"lr": 1.0, "optimizer": "SGD"}),
        "from t9k.aimd.skorch import AIMDCallback",
        """
import numpy, skorch, torch
from skorch.callbacks import Callback
class Check(Callback):
    def on_batch_end(self, net, **_):
        check()
def train(recorder):
    layer = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Softmax(dim=-1))
    callbacks = [recorder, Check()]
    net = skorch.NeuralNetClassifier(layer, max_epochs=2, lr=0.1, batch_size=8, verbose=0, callbacks=callbacks)
    net.fit(numpy.ones((20, 3), dtype="float32"), numpy.arange(20) % 2)
""",
        [
            ("train", 2, 1, {"loss", "dur"}),
            ("val", 2, 1, {"loss", "acc"}),
            ("train", 4, 2, {"loss", "dur"}),
            ("val", 4, 2, {"loss", "acc"}),
        ],
        given=_RECORDER,
        own=_MAKER,
        params={"lr": 0.1, "max_epochs": 2, "batch_size": 8, "optimizer": "SGD"},
    ),
    "fastai": Adapter(
        Shown("fastai", ["digits_fastai"], "digits", _both(15, 30, 45), {"epochs": 3, "learning_rate": 0.01}),
        "from t9k.aimd.fastai import AIMDCallback",
        """
import torch
from fastai.callback.core import Callback
from fastai.callback.progress import Learner
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.metrics import accuracy
class Check(Callback):
    def after_batch(self):
        check()
def train(recorder):
    data = [(torch.ones(3), torch.tensor(number % 2)) for number in range(40)]
    loaders = DataLoaders(DataLoader(data[:32], bs=8), DataLoader(data[32:], bs=8))
    loss = torch.nn.CrossEntropyLoss()
    learner = Learner(loaders, torch.nn.Linear(3, 2), loss_func=loss, metrics=accuracy, cbs=[recorder, Check()])
    with learner.no_bar(), learner.no_logging():
        learner.fit(2, 0.1)
        learner.validate()
""",
        [
            ("train", 4, 1, {"loss", "learning_rate"}),
            ("val", 4, 1, {"loss", "accuracy"}),
            ("train", 8, 2, {"loss", "learning_rate"}),
            ("val", 8, 2, {"loss", "accuracy"}),
        ],
        given=_RECORDER,
        own=_MAKER,
        params={"epochs": 2, "batch_size": 8, "model": "Linear", "optimizer": "Adam"},
    ),
    "ultralytics": Adapter(
        Shown("Ultralytics", ["digits_yolo"], "digits", {**_both(3, 6), "summary": [6]}, {"epochs": 2}),
        "from t9k.aimd.ultralytics import track",
        """
import PIL.Image
from ultralytics import YOLO
def train(recorder):
    for number in range(8):
        path = Path("data", ("train", "val")[number // 4], str(number % 2), f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (32, 32), (number * 30,) * 3).save(path)
    layers = "nc: 2\\nbackbone:\\n- [-1, 1, Conv, [8, 3, 2]]\\nhead:\\n- [-1, 1, Classify, [nc]]\\n"
    Path("tiny-cls.yaml").write_text(layers)
    model = YOLO("tiny-cls.yaml", task="classify")
    track(model, **recorder)
    model.add_callback("on_train_batch_end", lambda trainer: check())
    quiet = dict(workers=0, device="cpu", plots=False, verbose=False, project=Path.cwd())
    model.train(data="data", epochs=2, imgsz=32, batch=2, **quiet)
""",
        [
            ("train", 2, 1, {"loss", "lr/pg0"}),
            ("val", 2, 1, {"accuracy_top1", "loss"}),
            ("train", 4, 2, {"loss", "lr/pg0"}),
            ("val", 4, 2, {"accuracy_top1", "loss"}),
            ("summary", 4, None, {"accuracy_top1"}),
        ],
        given="dict(trial=trial)",
        own="dict(trial='own', folder_path='f')",
        params={"epochs": 2, "model": "tiny-cls.yaml"},
        lacks={"copied": Lack("it adds functions to a model and is no object", "not inspect.isclass(track)")},
    ),
    "hydra": Adapter(
        Shown("Hydra", ["string"], None, {"train": [1, 2, 3]}, {"rate": 0.01}),  # a job without a file
        "from functools import partial\nfrom t9k.aimd.hydra import create_trial",
        """
import hydra
from hydra.core.config_store import ConfigStore
ConfigStore.instance().store("config", {"lr": 0.1})
def train(recorder):
    @hydra.main(version_base=None, config_name="config")
    def main(config):
        with recorder(config) as trial:
            for step in (1, 2):
                check()
                trial.log("train", {"loss": config.lr}, step, epoch=step)
    main()
""",
        [("train", 1, 1, {"loss"}), ("train", 2, 2, {"loss"})],
        own="partial(create_trial, trial_name='own', folder_path='f')",
        params={"lr": 0.1},
        lacks={
            "given": _takes_no_trial("create_trial", "it creates the trial of a job"),
            "copied": Lack("what records is the trial, see test_copies.py", "not inspect.isclass(create_trial)"),
        },
    ),
    "tensorboard": Adapter(
        None,  # test_tensorboard.py runs it where nothing else is loaded
        "from t9k.aimd.tensorboard import SummaryWriter",
        """
def train(recorder):
    for step in (1, 2):
        check()
        recorder.add_scalar("Loss/train", 0.5, step)
        recorder.add_scalars("acc", {"val": 0.25}, step)
    recorder.close()
""",
        [
            ("train", 1, None, {"Loss"}),
            ("val", 1, None, {"acc"}),
            ("train", 2, None, {"Loss"}),
            ("val", 2, None, {"acc"}),
        ],
        given="SummaryWriter('f/own', trial=trial)",
        own="SummaryWriter('f/own')",
        framework="sklearn",  # it needs none
    ),
    "wandb": Adapter(
        None,  # test_wandb.py runs the script of its own page
        "import t9k.aimd.wandb as wandb\nfrom functools import partial",
        """
def train(recorder):
    run = recorder()
    for step in (1, 2):
        check()
        run.log({"train/loss": 0.5, "val/acc": 0.25, "epoch": step}, step=step)
    run.finish()
""",
        [
            ("train", 1, 1, {"loss"}),
            ("val", 1, 1, {"acc"}),
            ("train", 2, 2, {"loss"}),
            ("val", 2, 2, {"acc"}),
        ],
        own="partial(wandb.init, project='f', name='own', config={'lr': 0.1})",
        params={"lr": 0.1},
        framework="sklearn",  # it needs none
        lacks={
            "given": _takes_no_trial("wandb.init", "W&B's init creates the run"),
            "copied": Lack("the recorder is W&B's function", "not inspect.isclass(wandb.init)"),
        },
    ),
}
