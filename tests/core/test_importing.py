"""Files in tests/fixtures/importing were made by the real libraries: tests/support/make_import_fixtures.py."""

import shutil
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_cli.importing.mlflow import read_mlflow
from aimd_cli.importing.points import Point
from aimd_cli.importing.run import ImportedRun, Store, metric_of
from aimd_cli.importing.table import read_table
from aimd_cli.importing.tensorboard import read_tensorboard
from aimd_cli.importing.wandb import read_wandb
from aimd_cli.importing.writing import Importer
from aimd_core.errors import AimdError, DamagedError, NotFoundError
from aimd_core.format.labels import Labels, read_labels
from aimd_core.format.names import safe_name
from aimd_core.format.values import directory_name_fault
from aimd_core.reading.documents import Trial
from aimd_core.reading.series import read_series
from tests.support.home import Home
from tests.support.make_import_fixtures import LOSSES, ODD

FIXTURES = Path(__file__).parent.parent / "fixtures" / "importing"
EVENTS = FIXTURES / "tensorboard" / "simple" / "events.out.tfevents.1700000000.host.0"
WANDB = FIXTURES / "run-fixture1.wandb"


def values_of(run: ImportedRun, key: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in run.points if point.key == key]


def single(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return points with their values as TensorBoard keeps them, in 32 bits."""
    return [(step, struct.unpack("<f", struct.pack("<f", value))[0]) for step, value in points]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with tarfile.open(FIXTURES / "mlflow-sqlite3.17.2.tar.gz") as archive:
        archive.extract("./mlflow.db", tmp_path, filter="data")
    return tmp_path / "mlflow.db"


def test_tensorboard_scalars_have_their_values_steps_and_times() -> None:
    simple, tensors = read_tensorboard(FIXTURES / "tensorboard").runs
    assert (simple.name, tensors.name) == ("simple", "tensors")
    assert values_of(simple, "train/loss") == single(LOSSES)
    assert repr(values_of(simple, "odd")) == repr(single(ODD))
    assert simple.points[1].time_s == 1_700_000_010.0
    assert (simple.left_out, len(simple.media or ())) == ({}, 1)
    assert values_of(tensors, "val/loss") == single(LOSSES)


def test_wandb_history_config_tags_and_note_are_read() -> None:
    (run,) = read_wandb(WANDB).runs
    assert run.name == "resnet"
    assert values_of(run, "train/loss") == LOSSES
    assert values_of(run, "nested.acc") == [(step, 1 - loss) for step, loss in LOSSES]
    assert repr(values_of(run, "odd")) == repr([(1000 + step, value) for step, value in ODD])
    assert run.params == {"lr": 0.001, "optim": {"name": "sgd"}}
    assert run.labels == Labels(("a", "b c"), "a note")
    assert (run.ending.status, run.left_out, len(run.media or ())) == ("Succeeded", {}, 4)


def test_mlflow_runs_are_read_without_deleted_ones() -> None:
    (run,) = read_mlflow(FIXTURES / "mlruns").runs
    assert run.name == "resnet"
    assert values_of(run, "train_loss") == LOSSES
    assert repr(values_of(run, "odd")) == repr(ODD)
    assert run.params == {"lr": "0.001", "optimizer": "sgd", "nesterov": "True"}
    assert run.labels == Labels(("team=vision",), "a note")
    assert run.ending.status == "Failed"
    assert run.ending.started_s is not None
    assert run.ending.ended_s is not None
    assert (run.folder, run.origin["experiment"]) == ("fixture", "fixture")


@pytest.mark.parametrize(
    ("source", "path", "metric"),
    [
        ("tensorboard", FIXTURES / "tensorboard" / "simple", "train.loss"),
        ("wandb", WANDB, "train.loss"),
        ("mlflow", FIXTURES / "mlruns", "train.loss"),
    ],
)
def test_what_is_imported_is_an_ordinary_trial_with_equal_values(
    home: Home, source: str, path: Path, metric: str
) -> None:
    ran = home.aimd("trial", "import", "--from", source, path, "--name", "taken")
    assert ran.code == 0
    (row,) = ran.table
    trial = Trial(home.work / ".aimd" / "trials" / row["name"])
    assert trial.name == "taken"
    series = read_series(trial.path / "metrics", metric)
    read = [(int(step), value) for step, value in zip(series.positions, series.values, strict=True)]
    assert read == (single(LOSSES) if source == "tensorboard" else LOSSES)
    assert home.aimd("trial", "verify").code == 0
    assert home.aimd("trial", "ls", "--json").json["trials"][0]["metrics"][metric]["count"] == 20


def test_labels_come_along_as_tags_of_one_word(home: Home) -> None:
    row = home.aimd("trial", "import", "--from", "wandb", WANDB).table[0]
    assert read_labels(home.work / ".aimd" / "trials" / row["name"]) == Labels(("a", "b-c"), "a note")


def test_the_source_is_only_read(home: Home, database: Path) -> None:
    copy = home.path / "copy"
    shutil.copytree(FIXTURES, copy)
    before = {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()}
    stored = database.read_bytes()
    for source, path in (("tensorboard", copy), ("wandb", copy), ("mlflow", copy / "mlruns"), ("mlflow", database)):
        assert home.aimd("trial", "import", "--from", source, path).code == 0
    assert {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()} == before
    assert database.read_bytes() == stored
    assert not list(database.parent.glob("mlflow.db-*"))


@pytest.mark.parametrize("wide", [False, True])
def test_an_export_comes_back_equal(home: Home, wide: bool) -> None:
    row = home.aimd("trial", "import", "--from", "wandb", WANDB).table[0]
    words = ["--wide"] if wide else []
    exported = home.aimd("trial", "export", row["name"], *words).out
    Path("points.csv").write_text(exported)
    again = home.aimd("trial", "import", "--from", "csv", "points.csv").table[0]
    second = home.aimd("trial", "export", again["name"], *words).out
    assert second.replace(again["name"], row["name"]).splitlines()[1:] == exported.splitlines()[1:]


def test_a_plain_table_has_a_column_a_metric(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("\ufeffglobal_step,loss,acc\n10,0.5,\n20,nan,0.9\n")
    (run,) = read_table(path).runs
    assert repr(values_of(run, "loss")) == "[(10, 0.5), (20, nan)]"
    assert values_of(run, "acc") == [(20, 0.9)]
    path.write_text("loss\n1\nhigh\n")
    with pytest.raises(DamagedError, match="line 3"):
        read_table(path)


def test_columns_of_one_name_are_told_apart_and_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("step,,loss,loss,loss.1,,loss,step\n4,x,1,2,3,y,5,6\n")
    (run,) = read_table(path).runs
    assert {name: values_of(run, name) for name in ("loss", "loss.1", "loss.1.1", "loss.2", "step.1")} == {
        "loss": [(4, 1.0)],
        "loss.1": [(4, 2.0)],
        "loss.1.1": [(4, 3.0)],
        "loss.2": [(4, 5.0)],
        "step.1": [(4, 6.0)],
    }
    assert len(run.points) == 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "tensorboard", "."), 3),
        (("--from", "wandb", "nowhere"), 3),
        (("--from", "mlflow", "."), 3),
        (("--from", "csv", "nowhere.csv"), 3),
        (("--from", "excel", "."), 2),
        (("--from", "tensorboard", FIXTURES / "tensorboard", "--name", "one"), 2),
        (("--from", "wandb", EVENTS), 6),
        (("--from", "csv", EVENTS), 6),
        (("--from", "mlflow", WANDB), 6),
        (("--from", "wandb", WANDB, "--name", "a/b"), 2),
    ],
)
def test_what_cannot_be_imported_leaves_no_trial(home: Home, words: tuple[str, ...], code: int) -> None:
    ran = home.aimd("trial", "import", *words)
    assert ran.code == code
    assert "Traceback" not in ran.err
    assert not list(home.work.glob(".aimd/trials/*"))


@pytest.mark.parametrize(("read", "path"), [(read_tensorboard, EVENTS), (read_wandb, WANDB)])
def test_a_file_cut_anywhere_gives_a_beginning_of_its_points(
    read: Callable[[Path], Store], path: Path, tmp_path: Path
) -> None:
    content = path.read_bytes()
    (whole,) = read(path).runs
    cut = tmp_path / path.name
    seen = set()
    for length in range(7, len(content), 41):
        cut.write_bytes(content[:length])
        try:
            runs = read(cut).runs
        except DamagedError:
            runs = []
        points = [point for run in runs for point in run.points if not point.key.startswith("summary/")]
        assert repr(points) == repr(whole.points[: len(points)])
        seen.add(len(points))
    assert len(seen) > 10


@given(st.data())
def test_a_damaged_file_is_an_error_or_is_read_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    read, path = data.draw(st.sampled_from([(read_tensorboard, EVENTS), (read_wandb, WANDB)]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path_factory.mktemp("import") / path.name
    damaged.write_bytes(bytes(content))
    try:
        read(damaged)
    except AimdError:
        pass


def test_nothing_is_left_of_a_trial_that_could_not_be_made(tmp_path: Path) -> None:
    run = ImportedRun("r", "test", [Point("loss", 1, 0.0, "high")])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Importer(tmp_path).write(run)
    assert list((tmp_path / ".aimd" / "trials").iterdir()) == []


def test_names_become_types_and_names() -> None:
    assert metric_of("train/loss") == ("train", "loss")
    assert metric_of("validation/a/b") == ("val", "a/b")
    assert metric_of("val_loss") == ("val", "loss")
    assert metric_of("loss") == ("metrics", "loss")
    assert metric_of("/loss") == ("metrics", "/loss")


@given(st.text())
def test_any_name_becomes_one_that_a_directory_can_have(name: str) -> None:
    assert directory_name_fault(safe_name(name, "imported")) is None


def test_an_empty_place_is_not_found(tmp_path: Path) -> None:
    for read in (read_tensorboard, read_wandb, read_mlflow):
        with pytest.raises(NotFoundError):
            read(tmp_path)
