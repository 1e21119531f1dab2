"""Makes the files in tests/fixtures/ with the real libraries, each in an environment of its own.

    python tests/support/make_import_fixtures.py tensorboard|mlflow|wandb|trackio|dvclive|sacred OUT

Made with tensorboard 2.21.0 and tensorboardX 2.6.5, mlflow-skinny 3.17.2, wandb 0.31.0. The others are archives
OUT/LIBRARY-VERSION.tar.gz with `expected.json`: what the library itself reads there, or what it was given if it reads
nothing.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import shutil
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

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
    """Log a run and a deleted one into a store of files."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import mlflow

    mlflow.set_tracking_uri((out / "mlruns").as_uri())
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


def write_expected(out: Path, runs: list[dict[str, Any]]) -> None:
    """Write what should be read: name, state, params, tags, note, and the points of each metric by step."""
    document = json.loads(json.dumps(runs), parse_constant=str)
    (out / "expected.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


PARAMS = {"lr": 0.001, "version": "3.10", "layers": [64, 32], "optim": {"name": "sgd", "nesterov": True}}


def make_trackio(out: Path) -> None:
    """Record a run, and read it with Trackio's own storage."""
    os.environ.update(TRACKIO_DIR=str(out), HF_HUB_OFFLINE="1")
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    trackio.init(project="fixture", name="resnet", config=PARAMS)
    for step, loss in LOSSES:
        trackio.log({"train/loss": loss}, step=step)
    for step, value in ODD:
        trackio.log({"odd": value, "text": "no number", "done": False}, step=1000 + step)
    trackio.finish()
    points: dict[str, list[list[float]]] = {}
    for row in SQLiteStorage.get_logs("fixture", "resnet"):
        for key, value in row.items():
            if key not in ("step", "timestamp", "text"):
                points.setdefault(key, []).append([row["step"], float(value)])
    config = SQLiteStorage.get_run_config("fixture", "resnet")
    params = {key: value for key, value in config.items() if not key.startswith("_")}
    left_out = {"text": len(ODD)}
    run = {"name": "resnet", "params": params, "points": points, "state": "Succeeded", "left_out": left_out}
    write_expected(out, [run])
    for file in out.iterdir():
        if file.name.endswith((".lock", "-shm")):
            file.unlink()


def make_dvclive(out: Path) -> None:
    """Record a run, and read it with DVCLive's own reader."""
    import dvclive
    from dvclive.utils import parse_metrics

    os.chdir(out)
    (out / ".git").mkdir()  # so that it finds no repository further up
    with dvclive.Live("dvclive", save_dvc_exp=False, dvcyaml=False) as live:
        live.log_params(PARAMS)
        for step, loss in LOSSES:
            live.step = step
            live.log_metric("train/loss", loss, timestamp=True)
            live.log_metric("acc", 1 - loss)
        for step, value in ODD:
            live.step = 1000 + step
            live.log_metric("odd", value)
        live.log_metric("best", 0.25, plot=False)
        live.make_summary()
    (out / ".git").rmdir()
    history, latest = parse_metrics(live)
    points = {}
    for path, rows in history.items():
        key = Path(path).with_suffix("").as_posix().rpartition("metrics/")[2]
        points[key] = [[int(row["step"]), float(row[Path(key).name])] for row in rows]
    points["summary/best"] = [[latest["step"], latest["best"]]]
    run = {"name": None, "params": PARAMS, "points": points, "state": "Succeeded", "left_out": {}}
    write_expected(out, [run])


def make_clearml(out: Path) -> None:
    """Record an offline session, and read it with ClearML's own classes."""
    os.environ.update(CLEARML_CACHE_DIR=str(out), HOME=str(out))
    os.chdir(out)
    from clearml import Task

    Task.set_offline(True)
    quiet = {"auto_connect_frameworks": False, "auto_resource_monitoring": False, "auto_connect_arg_parser": False}
    task = Task.init(project_name="fixture/nested", task_name="resnet", tags=["a", "b c"], **quiet)
    task.set_comment("a note")
    task.connect(dict(PARAMS))
    logger = task.get_logger()
    for step, loss in LOSSES:
        logger.report_scalar("loss", "train", loss, iteration=step)
    for step, value in ODD:  # it takes NaN and infinities for 0
        logger.report_scalar("odd", "odd", value, iteration=step)
    logger.report_single_value("best", 0.25)
    logger.report_text("a line")
    logger.report_histogram("weights", "layer", values=[1, 2, 3], iteration=1)
    params = task.get_parameters_as_dict(cast=True)
    folder = task.get_offline_mode_folder()
    task.close()
    points: dict[str, list[Any]] = {}
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        for event in json.loads(line):
            if event["type"] == "training_stats_scalar":
                is_single = event["iter"] == -(2**31)
                key = "odd" if event["metric"] == "odd" else f"{event['metric']}/{event['variant']}"
                key = "summary/best" if is_single else key
                points.setdefault(key, []).append([LOSSES[-1][0] if is_single else event["iter"], event["value"]])
    shutil.rmtree(folder)
    shutil.rmtree(out / ".clearml", ignore_errors=True)
    run = {"name": "resnet", "params": params, "points": points, "state": "Succeeded", "left_out": {"plot": 1}}
    write_expected(out, [{**run, "tags": ["a", "b c"], "note": "a note"}])


def make_neptune(out: Path) -> None:
    """Save runs with Neptune Exporter's writer, and read them with its reader. Its version is the third argument."""
    from datetime import datetime, timezone
    from decimal import Decimal

    import pyarrow as pa
    from neptune_exporter.model import SCHEMA
    from neptune_exporter.storage.parquet_reader import ParquetReader
    from neptune_exporter.storage.parquet_writer import ParquetWriter

    when = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    single: dict[str, tuple[str, Any]] = {
        "sys/name": ("string", "resnet"),
        "sys/custom_run_id": ("string", "run-1"),
        "sys/creation_time": ("datetime", when),
        "sys/failed": ("bool", True),
        "sys/description": ("string", "a note"),
        "sys/tags": ("string_set", ["a", "b c"]),
        "parameters/lr": ("float", 0.001),
        "parameters/version": ("string", "3.10"),
        "parameters/layers": ("int", 2),
        "parameters/nesterov": ("bool", True),
    }
    rows = [
        {"attribute_path": path, "attribute_type": kind, f"{kind}_value": value}
        for path, (kind, value) in single.items()
    ]
    series = [("train/loss", step, loss) for step, loss in LOSSES] + [("odd", step, value) for step, value in ODD]
    rows += [
        {
            "attribute_path": path,
            "attribute_type": "float_series",
            "step": Decimal(step),
            "timestamp": when,
            "float_value": value,
        }
        for path, step, value in series
    ]
    rows.append({"attribute_path": "log", "attribute_type": "string_series", "step": Decimal(1), "string_value": "x"})
    rows.append(
        {"attribute_path": "between", "attribute_type": "float_series", "step": Decimal("0.5"), "float_value": 1.0}
    )
    writer = ParquetWriter(out / "data", target_part_size_bytes=1)
    with writer.run_writer("team/fixture", "RUN-1") as run:
        for part in (rows[:5], rows[5:25], rows[25:]):
            full = [{"project_id": "team/fixture", "run_id": "RUN-1", **row} for row in part]
            run.save(pa.RecordBatch.from_pylist(full, schema=SCHEMA))
    reader = ParquetReader(out / "data")
    (directory,) = reader.list_project_directories()
    points: dict[str, list[Any]] = {}
    params: dict[str, Any] = {}
    for table in reader.read_project_data(directory):
        for row in table.to_pylist():
            path, kind = row["attribute_path"], row["attribute_type"]
            if kind == "float_series" and row["step"] == int(row["step"]):
                points.setdefault(path, []).append([int(row["step"]), row["float_value"]])
            elif path.startswith("parameters/"):
                params[path.removeprefix("parameters/")] = row[f"{kind}_value"]
    table = {"name": "resnet", "params": {"parameters": params}, "points": points, "state": "Failed"}
    left_out = {"text": 1, "fractional step": 1}
    write_expected(out, [{**table, "tags": ["a", "b c"], "note": "a note", "left_out": left_out}])


def make_swanlab(out: Path) -> None:
    """Record an offline run, and read it with SwanLab's own reader and messages."""
    os.environ.update(SWANLAB_LOG_DIR=str(out), SWANLAB_SAVE_DIR=str(out / "home"))
    os.chdir(out)
    import swanlab

    has_messages = int(version("swanlab").split(".")[1]) >= 8  # before, records were JSON
    name = {"name": "resnet"} if has_messages else {"experiment_name": "resnet", "logdir": str(out)}
    swanlab.init(mode="offline", project="fixture", description="a note", tags=["a", "b c"], config=PARAMS, **name)
    print("a line")
    for step, loss in LOSSES:
        swanlab.log({"train/loss": loss}, step=step)
    for step, value in ODD[::3]:  # it takes no infinities in some releases, and no signs of them in others
        swanlab.log({"odd": value}, step=1000 + step)
    swanlab.log({"text": swanlab.Text("no number")}, step=2000)
    swanlab.finish()
    (file,) = out.rglob("*.swanlab")
    points = (_swanlab_messages if has_messages else _swanlab_models)(file)
    for path in list(out.rglob("*")):
        if path.is_file() and path != file and path.name != "config.yaml" and path.parent.name != "text":
            path.unlink()
    run = {"name": "resnet", "params": PARAMS, "state": "Succeeded", "tags": ["a", "b c"], "note": "a note"}
    write_expected(out, [{**run, "points": points, "left_out": {"text": 1}}])


def _swanlab_messages(file: Path) -> dict[str, list[Any]]:
    from swanlab.proto.swanlab.record.v1.record_pb2 import Record
    from swanlab.sdk.internal.core_python.store import DataStoreReader

    reader, points = DataStoreReader(), {}
    reader.open(file)
    for content in reader:
        record = Record.FromString(content)
        if record.HasField("scalar"):
            scalar = record.scalar
            points.setdefault(scalar.key, []).append([scalar.step, scalar.value.number])
    return points


def _swanlab_models(file: Path) -> dict[str, list[Any]]:
    from swanlab.data.porter.datastore import DataStore
    from swanlab.proto.v0 import BaseModel, Scalar

    store, points = DataStore(), {}
    store.open_for_scan(str(file))
    for line in store:
        model = BaseModel.from_record(line)
        if isinstance(model, Scalar):
            key = model.key
            step = model.step
            if key.startswith("__swanlab__."):  # the machine's, whose step is the seconds since the start
                continue
            points.setdefault(key, []).append([step, model.metric["data"]])
    return points


def sacred_main(_run: Any, end: str) -> float:
    """Do what the run of an experiment does."""
    print("a line")
    for step, loss in LOSSES:
        _run.log_scalar("train.loss", loss, step)
    for step, value in ODD:
        _run.log_scalar("odd", value, step)
    if end == "badly":
        raise ValueError("no more data")
    if end == "early":
        raise KeyboardInterrupt
    return 0.5


def make_sacred(out: Path) -> None:
    """Record a run that succeeds, one that fails and one that is interrupted. Sacred has no reader."""
    import sacred
    from sacred.observers import FileStorageObserver

    git = {"save_git_info": False} if sacred.__version__ >= "0.8" else {}
    experiment = sacred.Experiment("resnet", **git)
    create = FileStorageObserver if sacred.__version__ >= "0.8" else FileStorageObserver.create
    experiment.observers.append(create(str(out / "runs")))
    experiment.add_config({**PARAMS, "end": "well"})
    runs = []

    experiment.main(sacred_main)
    for end, state in (("well", "Succeeded"), ("badly", "Failed"), ("early", "Interrupted")):
        try:
            experiment.run(config_updates={"end": end, "seed": 7})
        except (ValueError, KeyboardInterrupt):
            pass
        points: dict[str, list[tuple[int, float]]] = {"train.loss": LOSSES, "odd": ODD}
        if end == "well":
            points["summary/result"] = [(LOSSES[-1][0], 0.5)]
        params = {**PARAMS, "end": end, "seed": 7}
        runs.append({"name": "resnet", "params": params, "points": points, "state": state, "left_out": {}})
        if end == "badly":
            runs[-1]["exit"] = {"kind": "exception", "exception": "ValueError", "message": "no more data"}
    shutil.rmtree(out / "runs" / "_sources", ignore_errors=True)
    for file in out.glob("runs/*/run.json"):  # without facts of the machine
        entry = json.loads(file.read_text())
        entry["host"]["hostname"] = "host"
        entry["experiment"]["base_dir"] = "/experiments"
        file.write_text(json.dumps(entry, indent=1))
    write_expected(out, runs)


def pack(directory: Path, target: Path) -> None:
    """Put a directory into an archive that is the same each time."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
        return member

    with (
        target.open("wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        archive.add(directory, ".", filter=plain)


if __name__ == "__main__":
    name, target = sys.argv[1], Path(sys.argv[2]).absolute()
    if name in ("tensorboard", "mlflow", "wandb"):
        target.mkdir(parents=True)
        globals()[f"make_{name}"](target)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            globals()[f"make_{name}"](Path(temporary))
            release = sys.argv[3] if len(sys.argv) > 3 else version(name)
            pack(Path(temporary), target / f"{name}-{release}.tar.gz")
