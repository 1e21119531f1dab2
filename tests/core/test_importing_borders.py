"""What other programs wrote, odd, damaged or hostile, comes in unchanged or is named: never silently, never a crash."""

import json
import os
import shutil
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_cli.importing.mlflow import read_mlflow
from aimd_cli.importing.run import ImportedRun, Store, metric_names
from aimd_cli.importing.table import read_table
from aimd_cli.importing.tensorboard import read_tensorboard
from aimd_cli.importing.wandb import read_wandb
from aimd_cli.importing.writing import Importer
from aimd_core.errors import AimdError, DamagedError
from aimd_core.format.documents import read_mapping
from aimd_core.format.event_files import crc32c, masked_crc32c
from aimd_core.reading.series import read_series
from t9k.aimd import create_trial
from tests.support.home import Home
from tests.support.parts import require_part

FIXTURES = Path(__file__).parent.parent / "fixtures" / "importing"
EVENTS = FIXTURES / "tensorboard" / "simple" / "events.out.tfevents.1700000000.host.0"
WANDB = FIXTURES / "run-fixture1.wandb"
RUN = FIXTURES / "mlruns" / "124689972451747343" / "3eca21c6a8b04b12b1e0f863a59e2279"


@pytest.fixture
def mlruns(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / "mlruns", tmp_path / "mlruns")
    return tmp_path / "mlruns"


def run_of(mlruns: Path) -> Path:
    return mlruns / RUN.parent.name / RUN.name


def record_of(message: bytes) -> bytes:
    """Return a TFRecord."""
    head = struct.pack("<Q", len(message))
    return head + struct.pack("<I", masked_crc32c(head)) + message + struct.pack("<I", masked_crc32c(message))


def wandb_file(*messages: bytes) -> bytes:
    """Return a `.wandb` file of short records."""
    content = b":W&B\xe1\xbe\x00"
    for message in messages:
        content += struct.pack("<IHB", zlib.crc32(message, zlib.crc32(b"\x01")), len(message), 1) + message
    return content


def field(number: int, content: bytes | int) -> bytes:
    """Return a field of a message, short or small."""
    if isinstance(content, int):
        return (
            bytes([number << 3 & 0x7F | 0x80, number >> 4, content]) if number > 15 else bytes([number << 3, content])
        )
    key = number << 3 | 2
    head = bytes([key]) if key < 0x80 else bytes([key & 0x7F | 0x80, key >> 7])
    return head + bytes([len(content)]) + content


def test_the_checksums_are_those_of_the_standards() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert read_tensorboard(EVENTS).faults == []
    assert read_wandb(WANDB).faults == []


@pytest.mark.parametrize(("read", "path"), [(read_tensorboard, EVENTS), (read_wandb, WANDB)])
@pytest.mark.parametrize("fill", [b"\0", b"\xff", None])
def test_a_damaged_stretch_is_named_and_what_stands_behind_it_is_kept(
    read: Callable[[Path], Store], path: Path, fill: bytes | None, tmp_path: Path
) -> None:
    content = bytearray(path.read_bytes())
    if read is read_wandb:  # a stretch costs the rest of its block, so there must be another one
        records = [field(2, field(1, field(1, b"loss") + field(16, b"%d" % number))) for number in range(9000)]
        content = bytearray(_in_blocks(records))
    (whole,) = _read_bytes(read, path.name, bytes(content), tmp_path).runs
    middle = len(content) // 2
    if fill is None:
        content[middle] ^= 0x10
    else:
        content[middle : middle + 100] = fill * 100
    store = _read_bytes(read, path.name, bytes(content), tmp_path)
    (run,) = store.runs
    assert len(store.faults) == 1
    assert 0 < len(run.points) < len(whole.points)
    assert run.points[-1] == whole.points[-1]
    assert set(map(repr, run.points)) <= set(map(repr, whole.points))


def _in_blocks(records: list[bytes]) -> bytes:
    """Return a `.wandb` file whose records never cross the border of a block of 32 KiB."""
    content = bytearray(b":W&B\xe1\xbe\x00")
    for message in records:
        left = 32768 - len(content) % 32768
        if left < 7 + len(message):
            if left >= 7:  # a whole empty record fills it, as far as it may
                filler = field(4, b"") * ((left - 7) // 2)
                content += struct.pack("<IHB", zlib.crc32(filler, zlib.crc32(b"\x01")), len(filler), 1) + filler
            content += b"\0" * ((32768 - len(content) % 32768) % 32768)
        content += struct.pack("<IHB", zlib.crc32(message, zlib.crc32(b"\x01")), len(message), 1) + message
    return bytes(content)


def _read_bytes(read: Callable[[Path], Store], name: str, content: bytes, directory: Path) -> Store:
    (directory / name).write_bytes(content)
    return read(directory / name)


@given(st.data())
def test_whatever_is_flipped_points_are_right_or_missing_and_then_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    read, path = data.draw(st.sampled_from([(read_tensorboard, EVENTS), (read_wandb, WANDB)]))
    content = bytearray(path.read_bytes())
    (whole,) = read(path).runs
    position = data.draw(st.integers(7, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        store = _read_bytes(read, path.name, bytes(content), tmp_path_factory.mktemp("flipped"))
    except DamagedError:
        return
    points = [point for run in store.runs for point in run.points if not point.key.startswith("summary/")]
    assert set(map(repr, points)) <= set(map(repr, whole.points))  # a summary stands in for a history that is lost
    if len(points) < len(whole.points):
        assert store.faults or store.runs[0].left_out.get("cut record")


@pytest.mark.parametrize("kind", ["empty", "garbage", "torn", "link", "fifo", "folder", "macos"])
def test_one_bad_file_costs_that_file_only(home: Home, kind: str) -> None:
    runs = home.path / "runs"
    shutil.copytree(FIXTURES / "tensorboard", runs)
    (runs / "bad").mkdir()
    bad = runs / "bad" / "events.out.tfevents.1.bad.0"
    if kind == "link":
        bad.symlink_to("/etc/passwd")
    elif kind == "fifo":
        os.mkfifo(bad)
    elif kind == "folder":
        bad.mkdir()
    elif kind == "macos":
        bad.with_name(f"._{bad.name}").write_bytes(b"\0\5\26\7")
    else:
        bad.write_bytes({"empty": b"", "garbage": b"not an event " * 50, "torn": EVENTS.read_bytes()[:9]}[kind])
    ran = home.aimd("trial", "import", "--from", "tensorboard", runs)
    outcomes = [row["outcome"] for row in ran.table]
    assert "Traceback" not in ran.err
    assert outcomes[:2] == ["imported", "imported"]
    if kind in ("folder", "macos"):  # neither is an event file
        assert (ran.code, outcomes[2:]) == (0, [])
    else:
        assert (ran.code, outcomes[2:]) == (8, ["failed"])
        assert str(bad) in ran.out
    assert len(list(home.work.glob(".aimd/trials/*"))) == 2


def test_a_link_in_a_store_is_never_followed(home: Home, mlruns: Path) -> None:
    secret = home.path / "secret"
    secret.write_text("s3cret")
    for name in ("params/stolen", "tags/mlflow.note.content", "metrics/m"):
        target = run_of(mlruns) / name
        target.unlink(missing_ok=True)
        target.symlink_to(secret)
    (run_of(mlruns) / "params" / "more").symlink_to(home.path, target_is_directory=True)
    ran = home.aimd("trial", "import", "--from", "mlflow", mlruns)
    assert ran.code == 8
    assert "links are not followed" in ran.out
    written = b"".join(file.read_bytes() for file in home.work.rglob("*") if file.is_file())
    assert b"s3cret" not in written


def test_a_torn_or_odd_line_of_mlflow_is_no_point(mlruns: Path) -> None:
    metric = run_of(mlruns) / "metrics" / "train_loss"
    before = [point.value for point in read_mlflow(mlruns).runs[0].points if point.key == "train_loss"]
    metric.write_bytes(metric.read_bytes() + b"nonsense\n1700000000100 0.00001 21\n17000000002")
    store = read_mlflow(mlruns)
    after = [point.value for point in store.runs[0].points if point.key == "train_loss"]
    assert sorted(after) == sorted([*before, 0.00001])
    assert "21, 23" in store.faults[0].reason


@pytest.mark.parametrize(
    ("status", "state", "ending"),
    [
        (1, "Interrupted", {"kind": "unfinished", "message": "RUNNING in MLflow"}),
        (3, "Succeeded", None),
        (4, "Failed", None),
        (5, "Interrupted", {"kind": "signal", "message": "KILLED in MLflow"}),
    ],
)
def test_states_and_times_are_what_they_were(
    home: Home, mlruns: Path, status: int, state: str, ending: dict[str, str] | None
) -> None:
    meta = run_of(mlruns) / "meta.yaml"
    lines = [f"status: {status}" if line.startswith("status:") else line for line in meta.read_text().splitlines()]
    kept = [line for line in lines if not line.startswith(("start_time:", "end_time:"))]
    meta.write_text("\n".join([*kept, "start_time: 1700000000000", "end_time: 1700003600000", ""]))
    assert home.aimd("trial", "import", "--from", "mlflow", mlruns).code == 0
    (trial,) = home.aimd("trial", "ls", "--json").json["trials"]
    assert trial["state"] == state
    assert trial["started"] == "2023-11-14T22:13:20.000000+00:00"
    written = json.loads(json.dumps(_metadata_of(home)))
    if ending is None:
        assert "_exit" not in written
        assert written["endTime"] == "2023-11-14T23:13:20.000000+00:00"
    else:
        assert written["_exit"] == {**ending, "at": "2023-11-14T23:13:20.000000+00:00"}


def _metadata_of(home: Home) -> dict[str, Any]:
    from aimd_core.format.documents import read_mapping

    (trial,) = home.work.glob(".aimd/trials/*")
    return read_mapping(trial / "metadata.yaml")


def test_parameters_stay_the_text_that_they_were(home: Home, mlruns: Path) -> None:
    odd = {"version": "3.10", "hash": "12e4567", "answer": "no", "when": "2024-01-01", "empty": "", "zero": "007"}
    for name, text in odd.items():
        (run_of(mlruns) / "params" / name).write_text(text)
    assert home.aimd("trial", "import", "--from", "mlflow", mlruns).code == 0
    (trial,) = home.aimd("trial", "ls", "--json").json["trials"]
    assert {name: trial["parameters"][name] for name in odd} == odd
    assert home.aimd("trial", "ls", "--where", "params.lr < 0.01").table  # text that is a number compares as one


def test_the_same_import_again_changes_nothing_and_what_is_new_is_appended(home: Home, mlruns: Path) -> None:
    call = ("trial", "import", "--from", "mlflow", mlruns)
    first = home.aimd(*call).table
    files = {file: file.read_bytes() for file in home.work.rglob("*") if file.is_file()}
    again = home.aimd(*call).table
    assert [row["outcome"] for row in again] == ["unchanged"]
    assert {file: file.read_bytes() for file in home.work.rglob("*") if file.is_file()} == files
    with (run_of(mlruns) / "metrics" / "train_loss").open("a") as metric:
        metric.write("1800000000000 0.5 1000\n")
    grown = home.aimd(*call).table
    assert [(row["name"], row["outcome"]) for row in grown] == [(first[0]["name"], "updated")]
    journal = home.work / ".aimd" / "trials" / first[0]["name"] / "metrics"
    assert journal.read_bytes().startswith(files[journal])
    assert len(journal.read_bytes().splitlines()) == len(files[journal].splitlines()) + 1
    (run_of(mlruns) / "metrics" / "train_loss").write_text("1 0.5 1000\n")
    changed = home.aimd(*call)
    assert (changed.code, changed.table[0]["outcome"]) == (8, "failed")
    assert "not only grown" in changed.out


def test_a_wandb_run_without_an_end_was_killed_and_a_summary_comes_along(tmp_path: Path) -> None:
    history = field(2, b"".join(field(1, field(1, name) + field(16, value)) for name, value in [
        (b"loss", b"0.5"), (b"ok", b"true"), (b"_step", b"3"), (b"_timestamp", b"1700000000.5")]))  # fmt: skip
    summary = field(3, field(1, field(1, b"best") + field(16, b"0.25")) + field(1, field(1, b"loss") + field(16, b"9")))
    path = tmp_path / "run-x.wandb"
    path.write_bytes(wandb_file(history, summary))
    (run,) = read_wandb(path).runs
    assert [(point.key, point.step, point.value) for point in run.points] == [
        ("loss", 3, 0.5),
        ("ok", 3, 1.0),
        ("summary/best", 3, 0.25),
    ]
    assert (run.ending.status, run.ending.exit) == ("Running", {"kind": "unfinished"})
    path.write_bytes(wandb_file(history, field(18, field(1, 3))))
    (run,) = read_wandb(path).runs
    assert (run.ending.status, run.ending.exit) == ("Failed", {"kind": "exit", "status": 3})


@pytest.mark.parametrize("value", [b"[" * 100, b"1e999", b"123", b'"x"'])
def test_an_odd_wandb_step_or_value_costs_that_record_only(value: bytes, tmp_path: Path) -> None:
    good = field(2, field(1, field(1, b"loss") + field(16, b"1")))
    odd = field(2, field(1, field(1, b"loss") + field(16, b"2")) + field(1, field(1, b"_step") + field(16, value)))
    path = tmp_path / "run-x.wandb"
    path.write_bytes(wandb_file(good, odd, good))
    store = read_wandb(path)
    assert len(store.runs[0].points) == (3 if value == b"123" else 2)
    assert len(store.faults) == (0 if value == b"123" else 1)


def test_a_database_is_asked_for_tables_only(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as database:
        for table in ("runs", "tags", "params", "experiments"):
            database.execute(f"CREATE TABLE {table} (run_uuid)")
        database.execute(
            "CREATE VIEW metrics AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        )
    database.close()
    with pytest.raises(DamagedError, match="has no table metrics"):
        read_mlflow(path)


def test_two_names_of_a_source_never_become_one_metric() -> None:
    names = metric_names()
    keys = ["train/loss", "train.loss", "training/loss", "train_loss", "loss", "metrics/loss", "metrics.loss"]
    assert names.metric_of("train/loss") == ("train", "loss")
    assert len({names.metric_of(key) for key in keys}) == len(keys)
    assert names.metric_of("train.loss") == names.metric_of("train.loss")


@given(st.lists(st.text(min_size=1, max_size=8, alphabet="train/._loss"), unique=True))
def test_any_names_stay_apart(keys: list[str]) -> None:
    names = metric_names()
    assert len({names.metric_of(key) for key in keys}) == len(keys)


@pytest.mark.parametrize("step", ["inf", "nan", "1e400", "x", "0.5"])
def test_an_odd_step_of_a_table_is_told_with_its_line(home: Home, step: str) -> None:
    (home.work / "points.csv").write_text(f"step,loss\n1,0.5\n{step},0.5\n")
    ran = home.aimd("trial", "import", "--from", "csv", "points.csv")
    assert (ran.code, "Traceback" in ran.err, "line 3" in ran.err) == (6, False, True)


def test_what_tensorboard_itself_reads_is_what_comes_in(tmp_path: Path) -> None:
    require_part("torch", find_spec("torch") is not None)
    import numpy as np
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto
    from torch.utils.tensorboard.summary import hparams

    writer = EventFileWriter(str(tmp_path))
    for summary in hparams({"lr": 0.1, "name": "sgd", "nesterov": True}, {}):
        writer.add_event(Event(wall_time=1.0, summary=summary))
    types = ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool"]
    for step in range(10):
        values = [Summary.Value(tag="train/loss", simple_value=1 / (step + 1))]
        values += [
            Summary.Value(tag=f"types/{name}", tensor=make_tensor_proto(np.array(step % 2, name))) for name in types
        ]
        writer.add_event(Event(wall_time=100.0 + step, step=step, summary=Summary(value=values)))
    writer.add_event(Event(wall_time=200.0, step=5, session_log=SessionLog(status=SessionLog.START)))
    writer.add_event(
        Event(wall_time=201.0, step=6, summary=Summary(value=[Summary.Value(tag="train/loss", simple_value=9.0)]))
    )
    writer.close()
    store = read_tensorboard(tmp_path)
    (run,) = store.runs
    assert store.faults == []
    assert run.params == {"lr": 0.1, "name": "sgd", "nesterov": True}
    assert run.restarts == ((10 * (1 + len(types)), 5),)
    effective = [
        (point.step, point.value)
        for number, point in enumerate(run.points)
        if point.key == "train/loss" and not (number < run.restarts[0][0] and point.step >= run.restarts[0][1])
    ]
    theirs = [(event.step, event.value) for event in EventAccumulator(str(tmp_path)).Reload().Scalars("train/loss")]
    assert effective == theirs
    made = Importer(tmp_path).write(run)
    series = read_series(made.path / "metrics", "train.loss")
    assert list(zip(series.positions, series.values, strict=True)) == theirs
    assert Importer(tmp_path).write(run) == (made.path, "unchanged")
    for name in types:
        assert [point.value for point in run.points if point.key == f"types/{name}"] == [step % 2 for step in range(10)]


@given(st.binary(max_size=300))
def test_any_bytes_are_an_error_or_nothing(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    directory = tmp_path_factory.mktemp("any")
    for name, read, head in (
        ("events.out.tfevents.1", read_tensorboard, b""),
        ("a.wandb", read_wandb, b":W&B\xe1\xbe\x00"),
        ("b.wandb", read_wandb, b""),
    ):
        (directory / name).write_bytes(head + content)
        try:
            read(directory / name)
        except AimdError:
            pass
    (directory / "c.wandb").write_bytes(wandb_file(content[:255]))
    (directory / "events.out.tfevents.2").write_bytes(record_of(content))
    for name, read in (("c.wandb", read_wandb), ("events.out.tfevents.2", read_tensorboard)):
        try:
            read(directory / name)
        except AimdError:
            pass


@pytest.mark.parametrize(
    "step", ["9223372036854775808", "1e300", "1" + 400 * "0"], ids=["2**63", "float", "400 digits"]
)
def test_a_step_of_more_than_64_bits_is_named_in_a_table_and_in_a_run(step: str, mlruns: Path) -> None:
    table = mlruns.parent / "points.csv"
    table.write_text(f"step,loss\n1,0.5\n{step},0.25\n")
    with pytest.raises(DamagedError, match="a step has 64 bits"):
        read_table(table)
    metric = next((mlruns / RUN.parent.name / RUN.name / "metrics").rglob("*loss*"))
    count = len(metric.read_text().splitlines())
    metric.write_text(metric.read_text() + f"1700000000000 0.5 {step}\n")
    store = read_mlflow(mlruns)
    assert [fault.reason for fault in store.faults] == [f"skipped lines that are not 'time value step': {count + 1}"]


def test_a_whole_number_beyond_64_bits_is_the_same_text_as_when_the_sdk_records_it(tmp_path: Path) -> None:
    numbers = {"seed": 2**64 - 1, "entropy": 2**128, "nested": {"list": [-(2**63), -(2**63) - 1, 10**4000]}}
    run = ImportedRun("a", "test:a", [], numbers)
    path = Importer(tmp_path).write(run).path
    trial = create_trial(trial_name="a", dir=tmp_path, trial_params={"seed": 2**64 - 1, "entropy": 2**128})
    recorded = trial.params.as_dict()
    trial.finish()
    read = read_mapping(path / "parameters.yaml")
    assert {name: read[name] for name in recorded} == recorded == {"seed": 2**64 - 1, "entropy": str(2**128)}
    assert read["nested"] == {"list": [-(2**63), str(-(2**63) - 1), str(10**4000)]}


def test_a_document_that_unpacks_to_very_much_is_named(home: Home) -> None:
    path = home.work / "offline-bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("task.json", b" " * (65 << 20))
    ran = home.aimd("trial", "import", path)
    assert (ran.code, "is larger than 64 MiB" in ran.err) == (6, True), ran.err
