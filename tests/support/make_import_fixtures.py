"""Makes the files in tests/fixtures/ with the real libraries, each in an environment of its own.

    python tests/support/make_import_fixtures.py tensorboard|mlflow|wandb OUT

Made with tensorboard 2.21.0 and tensorboardX 2.6.5, mlflow-skinny 3.17.2, wandb 0.31.0. What is in them: expected.json.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

LOSSES = [(step * 10, 1.0 / (step + 1)) for step in range(20)]
ODD = [(0, math.nan), (5, math.inf), (7, -math.inf), (9, 0.1)]


def make_tensorboard(out: Path) -> None:
    """Write one run with simple values, one with tensors as TensorFlow 2 writes them, and a histogram."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(out / "simple")) as writer:
        for step, loss in LOSSES:
            writer.add_scalar("train/loss", loss, step, walltime=1_700_000_000.0 + step)
        for step, value in ODD:
            writer.add_scalar("odd", value, step, walltime=1_700_000_000.0 + step)
        writer.add_histogram("weights", [1.0, 2.0, 3.0], 1)
    tensors = EventFileWriter(str(out / "tensors"))
    for step, loss in LOSSES:
        summary = Summary(value=[Summary.Value(tag="val/loss", tensor=make_tensor_proto(loss, dtype="float32"))])
        tensors.add_event(Event(wall_time=1_700_000_000.0 + step, step=step, summary=summary))
    tensors.close()
    for number, file in enumerate(sorted(out.rglob("events.out.tfevents.*"))):
        file.rename(file.with_name(f"events.out.tfevents.1700000000.host.{number}"))


def make_mlflow(out: Path) -> None:
    """Log the same run into a store of files and into a database."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import mlflow

    for uri in ((out / "mlruns").as_uri(), f"sqlite:///{out / 'mlflow.db'}"):
        mlflow.set_tracking_uri(uri)
        client = mlflow.MlflowClient()
        experiment = client.create_experiment("fixture", artifact_location="file:///artifacts")
        run = client.create_run(experiment, run_name="resnet", tags={"team": "vision", "mlflow.note.content": "a note"})
        for name, value in (("lr", 0.001), ("optimizer", "sgd"), ("nesterov", True)):
            client.log_param(run.info.run_id, name, value)
        for step, loss in LOSSES:
            client.log_metric(run.info.run_id, "train_loss", loss, 1_700_000_000_000 + step, step)
        for step, value in ODD:
            client.log_metric(run.info.run_id, "odd", value, 1_700_000_001_000 + step, step)
        client.set_terminated(run.info.run_id, "FAILED")
        deleted = client.create_run(experiment, run_name="deleted")
        client.log_metric(deleted.info.run_id, "train_loss", 1.0, 1_700_000_000_000, 0)
        client.delete_run(deleted.info.run_id)


def make_wandb(out: Path) -> None:
    """Record an offline run."""
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DISABLE_CODE="true", WANDB_DISABLE_GIT="true")
    import wandb

    settings = wandb.Settings(x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True, host="host")
    config = {"lr": 0.001, "optim": {"name": "sgd"}}
    with wandb.init(
        project="p",
        name="resnet",
        id="fixture1",
        dir=out,
        config=config,
        tags=["a", "b c"],
        notes="a note",
        settings=settings,
    ) as run:
        for step, loss in LOSSES:
            run.log({"train/loss": loss, "nested": {"acc": 1 - loss}}, step=step)
        for step, value in ODD:
            run.log({"odd": value, "text": "no number"}, step=1000 + step)
    (made,) = out.rglob("*.wandb")
    made.rename(out / "run-fixture1.wandb")


if __name__ == "__main__":
    target = Path(sys.argv[2]).absolute()
    target.mkdir(parents=True)
    {"tensorboard": make_tensorboard, "mlflow": make_mlflow, "wandb": make_wandb}[sys.argv[1]](target)
