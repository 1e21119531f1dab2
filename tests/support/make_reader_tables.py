"""Makes the archives of W&B, MLflow and TensorBoard in tests/fixtures/importing/, whose readers are in wide use.

    python -m tests.support.make_reader_tables wandb|mlflow|mlflow-sqlite|tensorboard|torch|tables OUT [PYTHON]

Run it at the root of the repository, in an environment with one release of the library. An archive
OUT/LIBRARY-VERSION.tar.gz holds what the library wrote, and `expected.json`: what the library's own reader says of it.

Made with:

- wandb 0.16.6, 0.19.11 and 0.31.0. The last has no reader in Python: PYTHON is that of an environment with 0.19.11,
  whose `DataStore` reads the records, and 0.31.0's messages parse them.
- mlflow-skinny 2.9.2, 2.22.5 and 3.17.2, with sqlalchemy<2.1, alembic, sqlparse, numpy and pandas.
- tensorboard 2.8.0, 2.14.1 and 2.21.0, with tensorboardX 2.4.1, 2.6.2.2 and 2.6.5.
- torch 1.12.1 with tensorboard 2.12.3.
- pandas 1.5.3 with polars 0.19.19, and pandas 3.1.1 with polars 2.1.0, for OUT/tables.json, to which
  each environment adds its tables.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import Any

from tests.support.make_import_fixtures import LOSSES, ODD, PARAMS, pack, write_expected

TIME_S = 1_700_000_000.0
LAST = 1010  # the step of the last values that are logged


def make_wandb(out: Path) -> None:
    """Record a run that finishes and one that fails, and read them with wandb's own reader and messages."""
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DISABLE_CODE="true", WANDB_DISABLE_GIT="true")
    import wandb

    quiet = {"console": "off", "host": "host"}
    names = ("disable_meta", "disable_stats", "disable_machine_info", "disable_job_creation")
    quiet |= {key: True for name in names for key in (f"x_{name}", f"_{name}") if has_setting(key)}
    for number, exit_code in enumerate((0, 3)):
        settings = wandb.Settings(**quiet)  # type: ignore[arg-type]
        run = wandb.init(
            project="fixture",
            name=f"resnet-{number}",
            id=f"fixture{number}",
            dir=str(out),
            config=dict(PARAMS),
            tags=["a", "b c"],
            notes="a note",
            group="nightly",
            settings=settings,
        )
        run.config.update({"lr": 0.01, "late": None}, allow_val_change=True)
        run.define_metric("val/*", step_metric="epoch")
        for step, loss in LOSSES:
            run.log({"train/loss": loss, "nested": {"acc": 1 - loss, "deep": {"er": step}}}, step=step)
        for step, value in ODD:
            run.log({"odd": value, "text": "no number", "done": step > 5}, step=1000 + step)
        histogram = wandb.Histogram(np_histogram=([1, 2], [0.0, 1.0, 2.0]))
        run.log({"val/loss": 0.5, "epoch": 1, "big": 2**60, "weights": histogram}, step=LAST)
        run.summary["best"] = 0.25
        run.finish(exit_code=exit_code)
    runs = []
    for number, file in enumerate(sorted(out.rglob("*.wandb"), key=lambda path: path.name)):
        runs.append(wandb_table(file))
        file.rename(out / f"run-fixture{number}.wandb")
    for path in sorted(out.rglob("*"), reverse=True):
        if path.suffix != ".wandb":
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    write_expected(out, runs)


def has_setting(name: str) -> bool:
    """Tell whether this release of wandb has a setting."""
    import wandb

    try:
        wandb.Settings(**{name: True})
    except Exception:
        return False
    return True


def wandb_table(file: Path) -> dict[str, Any]:
    """Return a run as wandb's own reader and messages say."""
    from wandb.proto.wandb_internal_pb2 import Record

    table: dict[str, Any] = {"points": {}, "params": {}, "left_out": {}, "tags": []}
    summary: dict[str, Any] = {}
    for content in wandb_records(file):
        record = Record.FromString(content)
        if record.HasField("history"):
            take_row(table, flat(put({}, record.history.item)))
        elif record.HasField("run"):
            run = record.run
            table |= {"name": run.display_name, "tags": list(run.tags), "note": run.notes}
            put(table["params"], run.config.update)
        elif record.HasField("config"):
            put(table["params"], record.config.update)
        elif record.HasField("summary"):
            put(summary, record.summary.update)
        elif record.HasField("exit"):
            code = record.exit.exit_code
            table["state"] = "Failed" if code else "Succeeded"
            table["exit"] = {"kind": "exit", "status": code} if code else None
    table["params"].pop("_wandb", None)
    table["points"]["summary/best"] = [[LAST, summary["best"]]]
    return table


def take_row(table: dict[str, Any], row: dict[str, Any]) -> None:
    """Put the values of a history's record into a table."""
    for key, value in row.items():
        if key in ("_step", "_timestamp", "_runtime"):
            continue
        if is_number(value):
            table["points"].setdefault(key, []).append([row["_step"], float(value)])
        else:
            kind = value["_type"] if isinstance(value, dict) else "text"
            table["left_out"][kind] = table["left_out"].get(kind, 0) + 1


def wandb_records(file: Path) -> Iterator[bytes]:
    """Yield the records of a file as wandb's `DataStore` reads them, here or in the environment of an older release."""
    try:
        from wandb.sdk.internal.datastore import DataStore
    except ImportError:
        words = [sys.argv[3], "-m", "tests.support.make_reader_tables", "wandb-records", file]
        lines = subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.split()
        yield from map(base64.b64decode, lines)
        return
    store = DataStore()
    store.open_for_scan(str(file))
    while content := store.scan_data():
        yield bytes(content)


def is_number(value: object) -> bool:
    """Tell whether a value of a history is a number, which wandb writes as text where JSON has none."""
    return isinstance(value, (bool, int, float)) or value in ("NaN", "Infinity", "-Infinity")


def flat(tree: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return values with their names, of which those of nested ones have dots, as wandb itself shows them."""
    values: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and "_type" not in value:
            values |= flat(value, f"{above}{key}.")
        else:
            values[above + key] = value
    return values


def put(tree: dict[str, Any], items: Any) -> dict[str, Any]:
    """Apply the items of a record, whose keys may be paths, and return the tree."""
    for item in items:
        keys = list(item.nested_key) or [item.key]
        below = tree
        for key in keys[:-1]:
            below = below.setdefault(key, {})
        below[keys[-1]] = wandb_value(item)
    return tree


def wandb_value(item: Any) -> Any:
    """Return the value of an item: JSON, or in new releases one of several fields."""
    kind = (item.WhichOneof("value") if "value" in item.DESCRIPTOR.oneofs_by_name else None) or "value_json"
    value = getattr(item, kind)
    return None if kind == "none" else json.loads(value) if kind in ("json", "value_json") else value


def make_mlflow(out: Path) -> None:
    """Log runs into a store of files, and read it with MLflow's own client."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    _make_mlflow((out / "mlruns").as_uri(), out)


def make_mlflow_sqlite(out: Path) -> None:
    """Log runs into a database, and read it with MLflow's own client."""
    import sqlite3

    file = out / "mlflow.db"
    _make_mlflow(f"sqlite:///{file}", out)
    with sqlite3.connect(file, isolation_level=None) as database:  # smaller
        database.execute("PRAGMA page_size = 1024")
        database.execute("VACUUM")


def _make_mlflow(uri: str, out: Path) -> None:
    import mlflow
    from mlflow.entities import Metric, Param, RunTag

    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("fixture", artifact_location="file:///artifacts")
    ids = []
    for name, end in (("resnet", "FINISHED"), ("failed", "FAILED"), ("killed", "KILLED"), ("still", "")):
        tags = {"team": "vision", "empty": "", "mlflow.note.content": "a note", "mlflow.user": "me"}
        if ids:
            tags["mlflow.parentRunId"] = ids[0]
        run_id = client.create_run(experiment, run_name=name, tags=tags).info.run_id
        ids.append(run_id)
        for key, value in (("optim/name", "sgd"), ("text", "two\nlines é"), ("none", None), ("long", "x" * 250)):
            client.log_param(run_id, key, value)
        for step, loss in LOSSES if name == "resnet" else LOSSES[:2]:
            client.log_metric(run_id, "train/loss", loss, 1_700_000_000_000 + step, step)
        for step, value in ODD if name == "resnet" else ():
            client.log_metric(run_id, "odd", value, 1_700_000_001_000 + step, step)
        again = [Metric("acc", value, 1_700_000_002_000 + at, 7) for at, value in enumerate((0.1, 0.3, 0.2))]
        edges = [Metric("edge", 1e-300, 1_700_000_003_000, -5), Metric("edge", 2.0, 1_700_000_003_001, 2**40)]
        client.log_batch(run_id, again + edges, [Param("batch", "1e-3")], [RunTag("later", "yes")])
        if end:
            client.set_terminated(run_id, end)
    deleted = client.create_run(experiment, run_name="deleted").info.run_id
    client.log_metric(deleted, "train/loss", 1.0, 1_700_000_000_000, 0)
    client.delete_run(deleted)
    write_expected(out, [mlflow_table(client, run) for run in client.search_runs([experiment])])


def mlflow_table(client: Any, run: Any) -> dict[str, Any]:
    """Return a run as MLflow's client reads it."""
    points = {}
    for key in run.data.metrics:
        history = sorted(client.get_metric_history(run.info.run_id, key), key=lambda item: (item.timestamp, item.step))
        points[key] = [[item.step, limitless(item.value)] for item in history]
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}
    ended = {"FINISHED": "Succeeded", "FAILED": "Failed"}
    return {
        "name": run.info.run_name,
        "params": dict(run.data.params),
        "points": points,
        "state": ended.get(run.info.status, "Interrupted"),
        "tags": sorted(f"{key}={value}" if value else key for key, value in tags.items()),
        "note": run.data.tags["mlflow.note.content"],
        "left_out": {},
    }


def limitless(value: float) -> float:
    """Return a value of a database, which keeps infinities as the largest numbers."""
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def make_tensorboard(out: Path) -> None:
    """Write runs with tensorboardX and with TensorBoard's own writers, and read them with its `EventAccumulator`."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto
    from tensorboardX import SummaryWriter

    _write_as_torch_does(SummaryWriter, out)
    own = EventFileWriter(str(out / "own"))
    for step, loss in LOSSES:
        values = list(scalar_pb("val/loss", loss).value)
        for kind in ("float16", "float64", "int32", "int64", "uint8", "bool"):
            tensor = make_tensor_proto(step > 90 if kind == "bool" else step % 30, dtype=kind)
            values.append(Summary.Value(tag=kind, tensor=tensor))
        own.add_event(Event(wall_time=TIME_S + step, step=step, summary=Summary(value=values)))
    for step, value in ODD:
        own.add_event(Event(wall_time=TIME_S + step, step=step, summary=scalar_pb("odd", value)))
    own.close()
    for name, status in (("good", api_pb2.STATUS_SUCCESS), ("bad", api_pb2.STATUS_FAILURE), ("open", None)):
        session = EventFileWriter(str(out / name))
        start = hparams_pb({"lr": 0.001, "nesterov": True, "optim": "sgd"}, start_time_secs=TIME_S)
        session.add_event(Event(wall_time=TIME_S, summary=start))
        session.add_event(Event(wall_time=TIME_S, step=1, summary=scalar_pb("loss", 0.5)))
        if status is not None:
            end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=TIME_S + 9)
            told = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_end_info=end))
            empty = make_tensor_proto(0, dtype="float32", shape=(0,))
            value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=told, tensor=empty)
            session.add_event(Event(wall_time=TIME_S, summary=Summary(value=[value])))
        session.close()
    _write_tensorboard_tables(out)


def make_torch(out: Path) -> None:
    """Write runs with PyTorch's writer, and read them with TensorBoard's `EventAccumulator`."""
    from torch.utils.tensorboard import SummaryWriter

    _write_as_torch_does(SummaryWriter, out)
    with SummaryWriter(str(out / "typed")) as writer:
        for step, loss in LOSSES:
            writer.add_scalar("loss", loss, step, TIME_S + step, new_style=True)
            writer.add_scalar("exact", loss, step, TIME_S + step, new_style=True, double_precision=True)
    _write_tensorboard_tables(out)


def _write_as_torch_does(create: Any, out: Path) -> None:
    """Write with `SummaryWriter`, which tensorboardX and PyTorch have in common."""
    with create(str(out / "simple")) as writer:
        for step, loss in LOSSES:
            writer.add_scalar("train/loss", loss, step, walltime=TIME_S + step)
            writer.add_scalars("both", {"a": loss, "b": -loss}, step, walltime=TIME_S + step)
        for step, value in ODD:
            writer.add_scalar("odd", value, step, walltime=TIME_S + step)
        writer.add_text("text", "no number", 1)
        name = "name" if "name" in signature(writer.add_hparams).parameters else "run_name"
        params = {"lr": 0.001, "optim": "sgd", "nesterov": True}
        writer.add_hparams(params, {"hparam/loss": 0.25}, **{name: "tuned"})
    for name, purge_step in (("again", 100), ("anew", 0)):
        with create(str(out / name), filename_suffix=".0") as writer:
            for step, loss in LOSSES[:15]:
                writer.add_scalar("loss", loss, step, walltime=TIME_S + step)
        with create(str(out / name), purge_step=purge_step, filename_suffix=".1") as writer:
            for step in range(purge_step, purge_step + 30, 10):
                writer.add_scalar("loss", 2.0, step, walltime=TIME_S + step + 1)


def _write_tensorboard_tables(out: Path) -> None:
    """Name the files as if one host had made them in one second, and write what `EventAccumulator` reads."""
    files = sorted(out.rglob("events.out.tfevents.*"), key=lambda file: (file.parent, file.name))
    for number, file in enumerate(files):
        file.rename(file.with_name(f"events.out.tfevents.1700000000.host.{number:02}"))
    write_expected(out, [tensorboard_table(directory, out) for directory in sorted({file.parent for file in files})])


def tensorboard_table(directory: Path, root: Path) -> dict[str, Any]:
    """Return a run as TensorBoard reads it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.util.tensor_util import make_ndarray

    events = EventAccumulator(str(directory), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    points = {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in tags["scalars"]}
    left_out: dict[str, int] = {}
    for tag in tags["tensors"]:
        plugin = events.summary_metadata[tag].plugin_data.plugin_name if tag in events.summary_metadata else ""
        if plugin in ("scalars", ""):
            points[tag] = [[event.step, float(make_ndarray(event.tensor_proto))] for event in events.Tensors(tag)]
        elif plugin != "hparams":
            left_out[plugin] = left_out.get(plugin, 0) + len(events.Tensors(tag))
    names = {tag: data.plugin_data.content for tag, data in events.summary_metadata.items()}
    params, state = {}, "Succeeded"
    if metadata.SESSION_START_INFO_TAG in names:
        start = metadata.parse_session_start_info_plugin_data(names[metadata.SESSION_START_INFO_TAG])
        params = {key: getattr(value, value.WhichOneof("kind")) for key, value in start.hparams.items()}
    if metadata.SESSION_END_INFO_TAG in names:
        status = metadata.parse_session_end_info_plugin_data(names[metadata.SESSION_END_INFO_TAG]).status
        state = {api_pb2.STATUS_SUCCESS: "Succeeded", api_pb2.STATUS_FAILURE: "Failed"}.get(status, "Interrupted")
    name = "-".join(directory.relative_to(root).parts)
    return {"name": name, "params": params, "points": points, "state": state, "left_out": left_out}


def make_tables(out: Path) -> None:
    """Add the tables that pandas, Polars and Python's own writer make, and what pandas and Polars read back."""
    import pandas
    import polars

    start = datetime(2023, 11, 14, 22, 13, 20, 250_000)
    columns: dict[str, list[Any]] = {
        "step": [number * 10 for number in range(6)],
        "timestamp": [start + timedelta(seconds=number) for number in range(6)],
        "train/loss": [math.nan, 0.25, math.inf, -math.inf, 1e-300, 0.1],
        "a, b": [1, 2, None, 4, 5, 2**53],
        "done": [number > 3 for number in range(6)],
    }
    aware = {**columns, "timestamp": [time.replace(tzinfo=timezone.utc) for time in columns["timestamp"]]}
    plain = io.StringIO()
    writer = csv.writer(plain)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    texts = {
        f"pandas {pandas.__version__}": pandas.DataFrame(columns).to_csv(),
        f"pandas {pandas.__version__}, with a zone": pandas.DataFrame(aware).to_csv(index=False),
        f"polars {polars.__version__}": polars.DataFrame(columns).write_csv(),
        f"polars {polars.__version__}, with a zone": polars.DataFrame(aware).write_csv(),
        f"csv {sys.version_info[0]}.{sys.version_info[1]}": plain.getvalue(),
    }
    file = out / "tables.json"
    document = json.loads(file.read_text()) if file.exists() else {}
    for name, text in texts.items():
        if name.startswith("pandas"):
            frame = pandas.read_csv(io.StringIO(text)).set_index("step")
            rows = {key: list(frame[key].dropna().items()) for key in list(columns)[2:]}
        else:
            table = polars.read_csv(io.BytesIO(text.encode()), infer_schema_length=None)
            rows = {key: list(table.select("step", key).drop_nulls().rows()) for key in list(columns)[2:]}
        points = {key: [[int(step), numeric(value)] for step, value in pairs] for key, pairs in rows.items()}
        document[name] = {"csv": text, "points": json.loads(json.dumps(points), parse_constant=str)}
    file.write_text(json.dumps(document, indent=1) + "\n")


def numeric(value: object) -> float:
    """Return a number, of which Polars leaves Python's `True` as text."""
    return float({"True": 1, "False": 0}.get(str(value), value))  # type: ignore[arg-type]


if __name__ == "__main__":
    name, target = sys.argv[1], Path(sys.argv[2]).absolute()
    if name == "wandb-records":
        for record in wandb_records(target):
            print(base64.b64encode(record).decode())
        sys.exit()
    if name == "tables":
        make_tables(target)
        sys.exit()
    with tempfile.TemporaryDirectory() as temporary:
        globals()[f"make_{name.replace('-', '_')}"](Path(temporary))
        distribution = "mlflow-skinny" if name.startswith("mlflow") else name
        title = {"torch": "tensorboard-torch", "mlflow-sqlite": "mlflow-sqlite"}.get(name, f"{name}-")
        pack(Path(temporary), target / f"{title}{version(distribution)}.tar.gz")
