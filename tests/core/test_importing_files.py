"""What runs of MLflow, Trackio and SwanLab have besides numbers becomes media and files of the trial, once.

The archives were made by the real libraries: tests/support/make_media_fixtures.py.
"""

import sqlite3
import tarfile
from pathlib import Path

import pytest

from aimd_cli.importing.files import FileList, write_files
from aimd_cli.importing.mlflow import read_mlflow
from aimd_cli.importing.run import Store
from aimd_cli.importing.sources import SOURCES
from aimd_cli.importing.writing import UNCHANGED, UPDATED, Importer
from aimd_core.format.tables import parse_table
from aimd_core.reading.media import LocalMedia
from tests.support.home import Home

ARCHIVES = sorted((Path(__file__).parent.parent / "fixtures" / "importing" / "media").glob("*.tar.gz"))
IMAGE, TABLE = "image", "table"
SWANLAB_MEDIA = [
    ("m/pic", 2, IMAGE),
    ("m/pics", 2, IMAGE),
    ("m/pics", 2, IMAGE),
    ("m/sound", 2, "audio"),
    ("m/table", 2, TABLE),
    ("m/words", 2, "text"),
]
MLFLOW_MEDIA = [
    ("t", 0, TABLE),
    ("tables/pics", 0, TABLE),
    ("tables/pics/pic", 0, IMAGE),
    ("tables/pics/pic", 0, IMAGE),
    ("val/samples", 3, IMAGE),
    ("val/samples", 4, IMAGE),
]
MEDIA = {
    "mlflow": MLFLOW_MEDIA,
    "mlflow-sqlite": MLFLOW_MEDIA,
    "swanlab": SWANLAB_MEDIA,
    "trackio": [
        ("counts", 2, "histogram"),
        ("film", 2, "video"),
        ("notes", 2, "text"),
        ("page", 2, "html"),
        ("pic", 1, IMAGE),
        ("sound", 2, "audio"),
        ("table", 2, TABLE),
        ("table/pic", 2, IMAGE),
        ("table/pics", 2, IMAGE),
        ("table/pics", 2, IMAGE),
        ("words", 2, "text"),
    ],
}
LEFT_OUT = {"swanlab-0.10.3": {"file": 1}, "trackio-0.43.0": {"trace": 1}}  # a link, which SwanLab makes when offline


def unpacked(archive: Path, into: Path) -> Path:
    path = into / archive.name.removesuffix(".tar.gz")
    path.mkdir(parents=True)
    with tarfile.open(archive) as packed:
        packed.extractall(path, filter="fully_trusted")
    return path


def named(kind: str) -> Path:
    (archive,) = (path for path in ARCHIVES if path.name.startswith(kind) and path.name[len(kind) + 1].isdigit())
    return archive


def content_of(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def shown(trial: Path) -> list[tuple[str, int, str]]:
    return [(item.record.key, item.record.step, item.record.kind) for item in LocalMedia(trial).items()]


def read(path: Path) -> Store:
    return SOURCES[path.name.rpartition("-")[0].partition("-")[0]].read(path)  # type: ignore[index]


@pytest.mark.parametrize("archive", ARCHIVES, ids=[path.name.removesuffix(".tar.gz") for path in ARCHIVES])
def test_what_the_library_kept_is_there_once_and_the_source_is_unchanged(archive: Path, tmp_path: Path) -> None:
    path = unpacked(archive, tmp_path)
    before = content_of(path)
    store = read(path)
    (run,) = store.runs
    made = Importer(tmp_path / "work").write(run)
    assert store.faults == []
    assert run.left_out == LEFT_OUT.get(path.name, {})
    assert shown(made.path) == MEDIA[path.name.rpartition("-")[0]]
    assert content_of(path) == before
    media = LocalMedia(made.path)
    assert all(media.read(stored) for item in media.items() for stored in item.record.bytes)
    (run,) = read(path).runs
    assert Importer(tmp_path / "work").write(run).outcome == UNCHANGED


@pytest.mark.parametrize("kind", ["mlflow", "mlflow-sqlite"])
def test_artifacts_and_models_of_mlflow_become_files(kind: str, tmp_path: Path) -> None:
    path = unpacked(named(kind), tmp_path)
    (run,) = read_mlflow(path).runs
    made = Importer(tmp_path / "work").write(run)
    files = content_of(made.path / "files")
    (model,) = (name for name in files if name.startswith("models/net/m-"))
    assert {**files, model: files[model]} == {
        "conf/d.json": b'{\n  "a": 1\n}',
        "notes/a.txt": b"words",
        "static.png": files["static.png"],
        model: b"abc" * 10,
    }
    media = LocalMedia(made.path)
    (table,) = media.items("tables/pics")
    assert table.record.stored is not None
    rows = parse_table(media.read(table.record.stored))
    assert rows is not None
    assert (rows.columns, len(rows.rows)) == (["id", "pic"], 2)


def test_a_table_and_a_file_that_have_grown_are_taken_again_behind_new_images(tmp_path: Path) -> None:
    path = unpacked(named("mlflow"), tmp_path)
    (run,) = read_mlflow(path).runs
    made = Importer(tmp_path / "work").write(run)
    (artifacts,) = path.glob("mlruns/*/*/artifacts")
    (image,) = artifacts.glob("images/*step+4*.png")
    (artifacts / "images" / image.name.replace("+4+timestamp+1700", "+5+timestamp+1701")).write_bytes(
        image.read_bytes()
    )
    (artifacts / "t.json").write_text('{"columns": ["id", "word"], "data": [[1, "x"], [2, "y"], [3, "z"]]}')
    (artifacts / "notes" / "a.txt").write_text("new words")
    for outcome in (UPDATED, UNCHANGED):
        (run,) = read_mlflow(path).runs
        assert Importer(tmp_path / "work").write(run).outcome == outcome
    assert shown(made.path) == sorted([*MLFLOW_MEDIA, ("t", 0, TABLE), ("val/samples", 5, IMAGE)])
    assert content_of(made.path / "files")["notes/a.txt"] == b"new words"


def test_artifacts_outside_a_store_are_named_and_never_read(tmp_path: Path) -> None:
    path = unpacked(named("mlflow-sqlite"), tmp_path)
    run_id = next(path.glob("mlruns/1/*/artifacts")).parent.name
    secret = tmp_path / "elsewhere" / run_id / "artifacts"
    secret.mkdir(parents=True)
    (secret / "key").write_text("secret")
    (path / "mlruns").rename(tmp_path / "moved")
    (path / "link").symlink_to(secret.parent.parent)
    remote = f"s3://name:password@bucket/1/{run_id}/artifacts?key=1"
    for uri, left_out in (
        (remote, {f"artifacts at s3://bucket/1/{run_id}/artifacts": 1}),
        (str(secret), {f"artifacts at {secret}": 1}),
        (f"link/{run_id}/artifacts", {}),
        (f"file://{tmp_path}/elsewhere/../elsewhere/{run_id}/artifacts", None),
        (f"{path}/none\0", {}),
        ("http://[", {}),
        ("/", {"artifacts at /": 1}),
    ):
        with sqlite3.connect(path / "mlflow.db") as database:
            database.execute("UPDATE runs SET artifact_uri = ?", (uri,))
            database.execute("DELETE FROM logged_models")
        (run,) = read_mlflow(path).runs
        assert not run.files, uri
        assert left_out is None or run.left_out == left_out, uri


def test_a_model_elsewhere_is_counted(tmp_path: Path) -> None:
    path = unpacked(named("mlflow-sqlite"), tmp_path)
    with sqlite3.connect(path / "mlflow.db") as database:
        database.execute("UPDATE logged_models SET artifact_location = 'dbfs:/models/m-1/artifacts'")
    (run,) = read_mlflow(path).runs
    assert run.left_out == {"artifacts at dbfs:///models/m-1/artifacts": 1}


def test_files_that_are_missing_lie_or_lead_elsewhere_are_named_and_the_rest_comes(tmp_path: Path) -> None:
    path = unpacked(named("trackio"), tmp_path)
    with sqlite3.connect(path / "fixture.db") as database:
        database.execute("UPDATE metrics SET metrics = replace(metrics, 'fixture/resnet/1/', '../../')")
    next(path.glob("media/fixture/resnet/2/*.wav")).unlink()
    next(path.glob("media/fixture/resnet/2/*.mp4")).write_bytes(b"not a film")
    store = read(path)
    (run,) = store.runs
    made = Importer(tmp_path / "work").write(run)
    assert len(shown(made.path)) == len(MEDIA["trackio"]) - 3
    assert [fault.path.name for fault in store.faults] == ["media"]
    assert store.faults[0].reason.startswith("2 files of media are missing")
    assert [name[:13] for name in content_of(made.path / "files")] == ["media/film/2-"]


def test_a_file_of_swanlab_with_other_bytes_than_recorded_is_named(tmp_path: Path) -> None:
    path = unpacked(ARCHIVES[2], tmp_path)
    (words,) = path.glob("run-*/media/text/*.txt")
    words.write_bytes(b"hullo")
    store = read(path)
    (run,) = store.runs
    made = Importer(tmp_path / "work").write(run)
    assert shown(made.path) == SWANLAB_MEDIA[:-1]
    assert "such as 'text/" in store.faults[0].reason
    assert sorted(name.split("/")[1] for name in content_of(made.path / "files")) == ["m-bars", "m-cloud"]


def test_a_file_that_cannot_be_kept_is_named_and_links_are_not_followed(tmp_path: Path) -> None:
    notes: list[str] = []
    files = FileList(lambda path, reason: notes.append(f"{path.name}: {reason}"))
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("../up", "/etc/x", "a\nb", ""):
        files.add(name, tmp_path / "real")
    files.add("gone", tmp_path / "gone")
    files.add("link", tmp_path / "link")
    files.add("kept", tmp_path / "real")
    files.add("kept/below", tmp_path / "real")
    trial = tmp_path / "work" / ".aimd" / "trials" / "t"
    trial.mkdir(parents=True)
    assert write_files(trial, files)
    assert not write_files(trial, files)
    assert content_of(trial / "files") == {"kept/below": b"x"}
    assert len(notes) == 4 + 2 * 3


def test_a_store_that_is_read_in_place_shows_media_and_copies_no_files(home: Home, tmp_path: Path) -> None:
    path = unpacked(named("mlflow-sqlite"), tmp_path)
    assert home.aimd("trial", "ls", path).code == 0
    assert not [file for file in home.path.rglob("static.png") if "files" in file.parts]


def test_the_outcome_counts_media_and_files(home: Home, tmp_path: Path) -> None:
    (row,) = home.aimd("trial", "import", unpacked(named("mlflow"), tmp_path)).table
    assert "6 media records; 4 files" in row["detail"]
