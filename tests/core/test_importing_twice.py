"""Imports of the same runs: again, from another path, two at once, killed half way, and recognised without a name."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

from aimd_cli.importing.mlflow import read_mlflow
from aimd_cli.importing.points import Point, PointColumns
from aimd_cli.importing.run import ImportedRun
from aimd_cli.importing.sources import SOURCES, SourceName
from aimd_cli.importing.writing import Importer
from aimd_core.errors import DamagedError
from aimd_core.format.documents import read_mapping
from t9k import aimd
from tests.support.home import Home

FIXTURES = Path(__file__).parent.parent / "fixtures" / "importing"
WANDB = FIXTURES / "run-fixture1.wandb"
PATHS: list[tuple[SourceName, Path]] = [
    ("tensorboard", FIXTURES / "tensorboard"),
    ("wandb", WANDB),
    ("mlflow", FIXTURES / "mlruns"),
]


def journals(home: Home) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in home.work.glob(".aimd/trials/*/metrics")}


def test_the_table_the_help_and_the_guide_name_the_same_sources(home: Home) -> None:
    assert tuple(SOURCES) == get_args(SourceName)
    shown = " ".join(home.aimd("trial", "import", "--help").out.split())
    assert f"{', '.join(list(SOURCES)[:-1])} or csv" in shown
    guide = (Path(__file__).parent.parent.parent / "docs" / "guides" / "moving-over.md").read_text()
    titles = [source.title if name != "aimd" else "Trials of another directory" for name, source in SOURCES.items()]
    assert [title for title in titles if f"\n## {title}\n" not in guide] == []


@pytest.mark.parametrize(("source", "path"), PATHS)
def test_a_source_is_recognised_by_its_files(source: SourceName, path: Path, home: Home) -> None:
    assert home.aimd("trial", "import", path).code == 0
    first = journals(home)
    assert [row["outcome"] for row in home.aimd("trial", "import", "--from", source, path).table] == [
        "unchanged"
    ] * len(first)
    assert journals(home) == first


def test_what_cannot_be_recognised_is_asked_for(home: Home) -> None:
    mixed = home.path / "mixed"
    shutil.copytree(FIXTURES / "tensorboard", mixed / "a")
    shutil.copy(WANDB, mixed)
    ran = home.aimd("trial", "import", mixed)
    assert (ran.code, "--from" in ran.err) == (2, True)
    (home.path / "empty").mkdir()
    ran = home.aimd("trial", "import", home.path / "empty")
    assert (ran.code, "TensorBoard" in ran.err) == (3, True)
    assert home.aimd("trial", "import", "nowhere").code == 3


@pytest.mark.parametrize(("source", "path"), PATHS)
def test_runs_at_another_path_are_the_same_runs(source: SourceName, path: Path, home: Home) -> None:
    assert home.aimd("trial", "import", "--from", source, path).code == 0
    copy = home.path / "elsewhere" / path.name
    copy.parent.mkdir()
    (shutil.copy if path.is_file() else shutil.copytree)(path, copy)
    again = home.aimd("trial", "import", "--from", source, copy)
    assert {row["outcome"] for row in again.table} == {"unchanged"}


def test_two_imports_at_once_make_each_trial_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aimd_cli", "trial", "import", "--from", "mlflow", FIXTURES / "mlruns"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0] * 4
    assert sum("\timported\t" in out for out in outs) == 1
    (made,) = (tmp_path / ".aimd" / "trials").iterdir()
    (run,) = read_mlflow(FIXTURES / "mlruns").runs
    assert len((made / "metrics").read_bytes().splitlines()) == len(run.points)


def test_two_importers_that_both_saw_nothing_make_one_trial(tmp_path: Path) -> None:
    run = ImportedRun("r", "test:r", [Point("loss", step, 1e9 + step, 0.5) for step in range(3)])
    first, second = Importer(tmp_path), Importer(tmp_path)
    made = first.write(run)
    assert second.write(run) == (made.path, "unchanged")
    longer = run._replace(points=[*run.points, Point("loss", 3, 1e9 + 3, 0.5)])
    assert second.write(longer) == (made.path, "updated")
    assert first.write(longer) == (made.path, "unchanged")


def test_a_summary_that_changes_while_a_run_goes_on_stays_behind_its_points(tmp_path: Path) -> None:
    points = [Point("loss", step, 1e9 + step, 0.5) for step in range(3)]
    run = ImportedRun("r", "test:r", [*points, Point("summary/best", 2, None, 0.9)])
    importer = Importer(tmp_path)
    path = importer.write(run).path
    assert importer.write(run).outcome == "unchanged"
    longer = run._replace(points=[*points, Point("loss", 3, 1e9 + 3, 0.5), Point("summary/best", 3, None, 0.8)])
    assert importer.write(longer).outcome == "updated"
    assert importer.write(longer).outcome == "unchanged"
    journal = path / "metrics"
    assert [line[2:9] for line in journal.read_bytes().splitlines()] == [
        b"metrics",
        b"metrics",
        b"metrics",
        b"summary",
        b"metrics",
        b"summary",
    ]
    whole = journal.read_bytes()
    for length in range(1, len(whole)):  # killed at any byte
        journal.write_bytes(whole[:length])
        importer.write(longer)
        assert journal.read_bytes().splitlines()[-1] == whole.splitlines()[-1]
        assert journal.read_bytes().count(b'"loss"') == 4


def test_an_import_that_was_killed_leaves_whole_trials_and_goes_on(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for number in range(30):
        shutil.copytree(FIXTURES / "tensorboard" / "simple", store / str(number))
        (file,) = (store / str(number)).iterdir()
        file.rename(file.with_name(f"events.out.tfevents.{number}.host"))
    command = [sys.executable, "-m", "aimd_cli", "trial", "import", "--from", "tensorboard", store]
    trials = tmp_path / ".aimd" / "trials"
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    while process.poll() is None and (not trials.exists() or len(list(trials.iterdir())) < 3):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    made = [path for path in trials.iterdir() if not path.name.startswith(".")]
    for path in made:
        assert not list(path.iterdir()) or read_mapping(path / "metadata.yaml")["status"] == "Succeeded"
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(again.stdout.splitlines()) == 31
    whole = [path for path in trials.glob("[!.]*") if (path / "metadata.yaml").exists()]  # with a dot: was being made
    assert len(whole) == 30
    assert "failed" not in again.stdout


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_database_that_is_being_written_is_read_and_not_a_byte_is_changed(tmp_path: Path, mode: str) -> None:
    store = tmp_path / "store"
    store.mkdir()
    path = store / "mlflow.db"
    writer = sqlite3.connect(path)
    writer.execute(f"PRAGMA journal_mode = {mode}")
    writer.executescript(
        "CREATE TABLE experiments (experiment_id, name); CREATE TABLE tags (key, value, run_uuid);"
        "CREATE TABLE params (key, value, run_uuid);"
        "CREATE TABLE metrics (key, value, timestamp, step, is_nan, run_uuid);"
        "CREATE TABLE runs (run_uuid, name, status, start_time, end_time, experiment_id, lifecycle_stage);"
        "INSERT INTO runs VALUES ('a', 'r', 'RUNNING', 1, NULL, 1, 'active');"
        "INSERT INTO metrics VALUES ('loss', 0.5, 1, 1, 0, 'a');"
    )
    writer.commit()
    writer.execute("BEGIN")
    writer.execute("INSERT INTO metrics VALUES ('loss', 0.25, 2, 2, 0, 'a')")  # not committed
    before = {file.name: file.read_bytes() for file in store.iterdir()}
    (run,) = read_mlflow(path).runs
    assert [(point.step, point.value) for point in run.points] == [(1, 0.5)]
    assert {file.name: file.read_bytes() for file in store.iterdir()} == before
    writer.rollback()
    writer.close()
    before = {file.name: file.read_bytes() for file in store.iterdir()}
    store.chmod(0o555)
    assert len(read_mlflow(path).runs[0].points) == 1
    store.chmod(0o755)
    assert {file.name: file.read_bytes() for file in store.iterdir()} == before


def test_a_virtual_table_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as database:
        for table in ("runs", "tags", "params", "experiments"):
            database.execute(f"CREATE TABLE {table} (run_uuid)")
        database.execute("CREATE VIRTUAL TABLE metrics USING fts5(run_uuid)")
    database.close()
    with pytest.raises(DamagedError, match="has no table metrics"):
        read_mlflow(path)


def test_points_in_columns_are_the_points(tmp_path: Path) -> None:
    points = [
        Point("a", 1, None, 0.5),
        Point("b", -(2**63) + 1, 1.5, float("inf"), 7),
        Point("a", 2**63 - 1, -1e9, 0.0),
    ]
    columns = PointColumns(points)
    assert list(columns) == points
    assert (len(columns), columns[-1], columns[:2]) == (3, points[-1], points[:2])
    assert list(columns.in_order_of_time()) == [points[2], points[0], points[1]]
    with pytest.raises(OverflowError):
        columns.append(Point("a", 2**63, None, 0.5))
    assert list(columns) == points


def test_odd_parameters_come_as_plain_data(tmp_path: Path) -> None:
    deep: dict[str, object] = {}
    below = deep
    for _ in range(500):
        below["a"] = inner = {}
        below = inner
    odd = {"nan": float("nan"), "deep": deep, "list": [1, (2, {3})], "nul": "a\0b", "lone": "\ud800", 7: b"x"}
    run = ImportedRun("r\x1b[31m/..\n", "test:r", [], {**odd, "huge": "y" * (1 << 19)})  # type: ignore[dict-item]
    importer = Importer(tmp_path)
    path = importer.write(run).path
    params = read_mapping(path / "parameters.yaml")
    assert set(params) == {"nan", "deep", "list", "nul", "lone", "7"}
    assert (params["list"], params["nul"], params["lone"]) == ([1, [2, [3]]], "a\ufffdb", "?")
    assert importer.write(run) == (path, "unchanged")
    assert os.sep not in path.name.replace(str(tmp_path), "")


def test_an_import_of_a_copy_of_what_is_here_changes_nothing(home: Home) -> None:
    trial = aimd.create_trial(trial_name="cnn", trial_params={"lr": 0.1}, capture_output=False)
    trial.log("train", {"loss": 1.0}, step=1)
    shutil.copytree(".aimd", "there/.aimd")  # an old copy, as a download is
    trial.params.update({"late": True})
    trial.log("train", {"loss": 0.5}, step=2)
    trial.finish()
    before = {path: path.read_bytes() for path in Path(trial.path).iterdir() if path.is_file()}
    for _ in range(2):
        ran = home.aimd("trial", "import", ".")
        assert (ran.code, {row["outcome"] for row in ran.table}) == (0, {"unchanged"})
        assert {path: path.read_bytes() for path in Path(trial.path).iterdir() if path.is_file()} == before
        assert len(list(Path(".aimd/trials").iterdir())) == 1
