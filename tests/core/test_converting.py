"""Trials as runs of other trackers: their own libraries read them, and importing them again gives the same trial."""

import json
import math
import os
import re
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimd_cli.commands.trial.export import Tracker
from aimd_cli.converting.target import Target, export_trial
from aimd_cli.importing.aimd import run_of
from aimd_cli.importing.mlflow import read_mlflow
from aimd_cli.importing.points import Point
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_cli.importing.tensorboard import read_tensorboard
from aimd_cli.importing.wandb import read_wandb
from aimd_cli.importing.writing import Importer
from aimd_core.errors import InTheWayError
from aimd_core.format.event_files import event_record, scalar_value, summary_event
from aimd_core.format.journal import Damage
from aimd_core.format.messages import message, text
from aimd_core.format.model import flatten
from aimd_core.reading.documents import Trial
from aimd_core.reading.media import LocalMedia
from tests.support.exported import ODD, PARAMS, digest_of, made_trial, shown_trial
from tests.support.home import Home
from tests.support.parts import require_part

NOTED: dict[str, str] = json.loads((Path(__file__).parent.parent / "fixtures" / "exports.json").read_text())
READERS: dict[Target, Callable[[Path], Store]] = {
    "tensorboard": read_tensorboard,
    "wandb": read_wandb,
    "mlflow": read_mlflow,
}
ENDINGS = [
    Ending("Succeeded", None, 1.7e9, 1.7e9 + 60),
    Ending("Failed", {"kind": "exit", "status": 3}, 1.7e9, 1.7e9 + 60),
    Ending("Running", {"kind": "signal", "signal": "SIGTERM"}, 1.7e9, 1.7e9 + 60),
]


def exported(trial: Trial, target: Target, root: Path) -> ImportedRun:
    """Return the run that comes back."""
    export_trial(trial, target, root, False, Damage())
    (run,) = READERS[target](root).runs
    return run


def by_key(run: ImportedRun) -> dict[str, list[Any]]:
    points: dict[str, list[Any]] = {}
    for point in run.points:
        if not point.key.startswith("summary/"):
            points.setdefault(point.key, []).append((point.step, point.time_s, repr(point.value)))
    return points


def test_the_words_of_the_option_are_those_of_the_writer() -> None:
    assert get_args(Tracker) == get_args(Target) == tuple(READERS)


@pytest.mark.parametrize("library", NOTED)
def test_the_bytes_are_those_that_the_library_accepted(library: str, tmp_path: Path) -> None:
    """Else run tests/support/verify_exports.py with each release that tests/fixtures/exports.json names."""
    target: Target = "wandb" if library.startswith("wandb ") else "mlflow"
    assert digest_of(target, tmp_path) == NOTED[library]


def test_tensorboard_itself_reads_it(tmp_path: Path) -> None:
    require_part("tensorboard", find_spec("tensorboard") is not None)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from tensorboard.util.tensor_util import make_ndarray

    trial = made_trial(tmp_path)
    directory, _ = export_trial(trial, "tensorboard", tmp_path / "logs", False, Damage())
    events = EventAccumulator(str(directory), size_guidance={"tensors": 0, "scalars": 0}).Reload()
    theirs = {
        tag: [
            (event.step, event.wall_time, repr(float(make_ndarray(event.tensor_proto))))
            for event in events.Tensors(tag)
        ]
        for tag in events.Tags()["tensors"]
    }
    for tag in events.Tags()["scalars"]:
        theirs[tag] = [(event.step, event.wall_time, repr(event.value)) for event in events.Scalars(tag)]
    hparams = {tag: theirs.pop(tag, None) for tag in list(theirs) if tag.startswith("_hparams_/")}
    assert theirs == by_key(run_of(trial, Damage()))
    assert events.Tags()["scalars"], "what fits into 32 bits is a classic scalar"
    metadata = events.SummaryMetadata("_hparams_/session_start_info") if hparams else None
    content = (
        metadata.plugin_data.content
        if metadata
        else events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    )
    session = HParamsPluginData.FromString(content).session_start_info
    assert session.hparams["lr"].number_value == 0.001
    assert session.hparams["version"].string_value == "3.10"
    assert session.hparams["optim.nesterov"].bool_value is True


@pytest.mark.parametrize("ending", ENDINGS, ids=["succeeded", "failed", "interrupted"])
@pytest.mark.parametrize("target", READERS)
def test_what_is_imported_again_is_the_same(target: Target, ending: Ending, tmp_path: Path) -> None:
    trial = made_trial(tmp_path, ending, count=3000)  # more than a block of a `.wandb` file
    run = run_of(trial, Damage())
    again = exported(trial, target, tmp_path / "out")
    points = by_key(run)
    if target == "mlflow":
        points["train/loss_a"] = points.pop("train/loss/a")
    assert by_key(again) == points
    assert again.ending.status == ending.status
    assert again.ending.started_s == pytest.approx(1.7e9)
    assert again.ending.ended_s == pytest.approx(1.7e9 + 60) or (target, ending.status) == ("wandb", "Running")
    if target == "mlflow":
        assert again.params == {key: str(value) for key, value in flatten(dict(run.params)).items()}
    else:
        assert json.dumps(again.params, sort_keys=True) == json.dumps(run.params, sort_keys=True)  # 3 is not 3.0
    assert (again.labels.note, set(again.labels.tags)) == (run.labels.note, set(run.labels.tags))
    assert again.name == run.name
    assert again.folder == ("vision-mnist" if target == "wandb" else "vision/mnist")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b'{"name": 3, "folder": [], "tags": {}, "note": null, "params": 7}', "odd"),
        (b'{"name": "a\\ud800\\u0000", "folder": "", "tags": [1, "x"], "note": "\\u0000"}', "a?\ufffd"),
        (b"[1]", None),
        (b"not JSON", None),
        (b"[" * 100_000, None),
    ],
)
def test_an_event_file_that_says_odd_things_for_us_is_read_all_the_same(
    content: bytes, name: str | None, tmp_path: Path
) -> None:
    (tmp_path / "odd").mkdir()
    value = text(1, "aimd/trial") + message(9, message(1, text(1, "aimd"), message(2, content)))
    values = (scalar_value("loss", 0.5), value)
    file = tmp_path / "odd" / "events.out.tfevents.1"
    file.write_bytes(b"".join(event_record(summary_event(1.7e9, 0, value)) for value in values))
    store = read_tensorboard(tmp_path)
    (run,) = store
    assert (run.name, run.folder, len(run.points)) == (name or "odd", None, 1)
    assert bool(store.faults) == (name is None)
    assert Importer(tmp_path / "work").write(run).path.is_dir()


@pytest.mark.parametrize("target", READERS)
def test_a_run_that_is_there_is_replaced_only_on_request(target: Target, home: Home) -> None:
    trial = made_trial(home.work)
    words = ("trial", "export", trial.alternative_name, "--to", target, "-o", "out")
    assert home.aimd(*words).code == 0
    before = {file: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()}
    assert home.aimd(*words).code == 8
    assert {file: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()} == before
    assert home.aimd(*words, "--force").code == 0
    assert {file: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()} == before
    assert home.aimd(*words, "--wide").code == 2
    assert home.aimd(*words[:-2]).code == 2
    assert not [path for path in Path("out").rglob("*") if path.name.startswith(".exporting")]


@pytest.mark.parametrize("target", READERS)
@settings(max_examples=25)
@given(
    names=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4, unique=True),
    step=st.integers(-(2**63) + 1, 2**63 - 1),
    value=st.floats(),
    time_us=st.integers(-(10**15), 4 * 10**15),
)
def test_any_names_and_numbers_stay_below_the_directory_and_come_back(
    target: Target, names: list[str], step: int, value: float, time_us: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("any")
    points = [Point(f"train/{name}", step, time_us / 1e6, value) for name in names]
    params = dict.fromkeys(names, value)
    run = ImportedRun("r", "test:any", points, params, Ending("Succeeded", None, None, None))
    trial = Trial(Importer(root / "work").write(run).path)
    again = exported(trial, target, root / "out")
    assert sorted(repr(point.value) for point in again.points) == sorted(
        repr(point.value) for point in run_of(trial, Damage()).points
    )
    assert {point.step for point in again.points} == {point.step for point in run_of(trial, Damage()).points}
    assert set(os.listdir(root)) == {"work", "out"}
    if target != "mlflow":
        assert {point.key for point in again.points} == {point.key for point in run_of(trial, Damage()).points}


def test_half_an_export_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = made_trial(tmp_path)
    export_trial(trial, "mlflow", tmp_path / "out", False, Damage())
    with pytest.raises(InTheWayError):
        export_trial(trial, "mlflow", tmp_path / "out", False, Damage())
    monkeypatch.setattr("aimd_cli.converting.wandb._Log.append", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_trial(trial, "wandb", tmp_path / "out2", False, Damage())
    assert list((tmp_path / "out2").iterdir()) == []


def test_the_values_are_as_odd_as_they_look() -> None:
    assert any(map(math.isnan, ODD))
    assert PARAMS["version"] == "3.10"


@pytest.mark.parametrize("target", READERS)
def test_runs_without_times_stay_apart_and_gain_none(
    target: Target, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (home.work / f"{name}.csv").write_text("step,loss\n1,0.5\n2,nan\n")
        assert home.aimd("trial", "import", f"{name}.csv", "--name", name).code == 0
    assert home.aimd("trial", "export", "-d", ".", "--to", target, "-o", "out").code == 0
    assert "1970" not in home.aimd("trial", "export", "-d", ".").out
    (home.work / "back").mkdir()
    monkeypatch.chdir(home.work / "back")
    ran = home.aimd("trial", "import", "../out")
    assert (ran.code, [row["outcome"] for row in ran.table]) == (0, ["imported"] * 2), ran.err
    rows = home.aimd("trial", "ls").table
    assert [row["started"] for row in rows] == ["", ""]


def test_a_directory_of_tables_says_to_name_one(home: Home) -> None:
    (home.work / "tables").mkdir()
    (home.work / "tables" / "a.csv").write_text("step,loss\n1,0.5\n")
    ran = home.aimd("trial", "import", "tables")
    assert ran.code == 3
    assert home.aimd("trial", "import", ran.err.split()[-1]).code == 0


def came_back(trial: Trial, target: Target, directory: Path) -> tuple[dict[str, Any], dict[str, bytes], Counter[str]]:
    """Return the media that come back by key, step and number, the files, and what was left behind."""
    left_out: Counter[str] = Counter()
    export_trial(trial, target, directory / "out", False, Damage(), left_out)
    (run,) = READERS[target](directory / "out").runs
    again = Importer(directory / "again").write(run).path
    media = LocalMedia(again)
    shown = {}
    for item in media.items():
        content = None if item.record.stored is None else media.read(item.record.stored)
        shown[(item.record.key, item.record.step, item.number)] = (item.record.kind, content)
    files = {
        path.relative_to(again / "files").as_posix(): path.read_bytes()
        for path in (again / "files").rglob("*")
        if path.is_file()
    }
    return shown, files, left_out


def test_media_go_to_wandb_as_its_own_and_files_with_them(tmp_path: Path) -> None:
    trial = shown_trial(tmp_path)
    media = LocalMedia(trial.path)
    shown, _, left_out = came_back(trial, "wandb", tmp_path)
    assert left_out == {"object3d": 1}  # points, which W&B has no form for
    for item in media.items():
        record = item.record
        if record.kind == "object3d":
            continue
        kind, content = shown.pop((record.key, record.step, item.number))
        assert kind == ("image" if record.kind == "video" else record.kind)  # the video is an animated PNG
        if record.stored is not None and record.kind != "text":
            assert content == media.read(record.stored)
    assert shown == {}
    (run,) = (tmp_path / "out").glob("*/files")
    assert (run / "models" / "model.pt").read_bytes() == b"weights"
    assert (run / "output.log").read_text() == "printed\n"
    (mesh,) = (run / "media" / "object3D").iterdir()
    assert mesh.read_bytes() == b"v 0 0 0\n"


def test_media_and_files_go_to_mlflow_as_artifacts(tmp_path: Path) -> None:
    trial = shown_trial(tmp_path)
    media = LocalMedia(trial.path)
    shown, files, left_out = came_back(trial, "mlflow", tmp_path)
    assert left_out == {}
    for number, step in ((0, 1), (1, 1), (0, 2)):
        stored = media.item("val/samples", step, number).record.stored
        assert stored is not None
        assert shown[("val/samples", step, number)] == ("image", media.read(stored))
    assert shown[("answers/step_3", 0, 0)][0] == "table"
    assert files["models/model.pt"] == b"weights"
    assert files["stdout.log"] == b"printed\n"
    assert files["media/page-2-0.html"] == b"<b>hi</b>"
    assert {Path(name).name.partition("-")[0] for name in files if name.startswith("media/")} == {
        *("clip", "mesh", "page", "points", "sound", "weights", "words")
    }


def test_what_stays_behind_is_counted_and_a_file_in_the_way_of_another_one_too(tmp_path: Path) -> None:
    trial = shown_trial(tmp_path)
    for name in ("output.log", "images"):
        (trial.path / "files" / name).write_text("kept")
    lines = (trial.path / "media").read_bytes().splitlines(keepends=True)
    lost = re.sub(b'"digest": "[0-9a-f]{8}', b'"digest": "00000000', lines[0])  # its bytes are nowhere
    (trial.path / "media").write_bytes(b"".join(lines) + lost)
    _, files, left_out = came_back(trial, "mlflow", tmp_path / "first")
    assert left_out == {"image": 1}
    assert files["images"] == b"kept"
    assert len([name for name in files if name.startswith("images_")]) == 3  # no image of MLflow, because of that file
    *_, left_out = came_back(trial, "wandb", tmp_path / "second")
    assert left_out["file"] == 1
    *_, left_out = came_back(trial, "tensorboard", tmp_path / "third")
    assert (left_out["file"], left_out["table"]) == (3, 1)
