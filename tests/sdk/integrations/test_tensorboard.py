import copy
import io
import json
import multiprocessing
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from aimd_cli.importing.tensorboard import read_tensorboard
from aimd_core.format.media import Histogram
from aimd_core.format.tables import parse_table
from aimd_core.reading.media import LocalMedia
from t9k import aimd
from t9k.aimd.media.pictures import encode_png
from t9k.aimd.tensorboard import GlobalSummaryWriter, SummaryWriter
from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import documented, recorded_trial, recorded_trials, run_training


def test_the_documented_script_records_scalars_and_hyperparameters(tmp_path: Path) -> None:
    check = "\nimport sys\nassert not {'torch', 'tensorboard', 'tensorboardX', 'numpy'} & set(sys.modules)\n"
    run_training(documented("TensorBoard") + check, tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("digits", "Succeeded", "runs")
    assert trial.params == {"lr": 0.1, "batch": 32}
    assert trial.types == {"train", "val", "hparam"}
    assert trial.steps("val") == [1, 2, 3]
    assert trial.series("train", "Loss")[0] == pytest.approx(0.36788, abs=1e-5)
    assert trial.series("train", "accuracy") == [0.9, 0.99, 0.999]
    assert trial.series("hparam", "accuracy") == [0.99]


def test_everything_that_the_real_writer_has_is_taken(work: Path, prepared: Prepared) -> None:
    code = """
    from torch.utils.tensorboard import SummaryWriter as Real
    import inspect
    from t9k.aimd.tensorboard import SummaryWriter
    writer = SummaryWriter()
    for name, method in inspect.getmembers(Real, inspect.isfunction):
        if not name.startswith("_"):
            ours = getattr(writer, name)
            if name in SummaryWriter.__dict__:
                wanted, given = inspect.signature(method).parameters, inspect.signature(ours).parameters
                assert list(wanted)[1:] == list(given)[:len(wanted) - 1], name
    print(*inspect.signature(Real).parameters)
    """
    done = prepared("tensorboard")(code, work)
    assert done.stdout.split() == ["log_dir", "comment", "purge_step", "max_queue", "flush_secs", "filename_suffix"]


@pytest.mark.parametrize(
    ("log_dir", "name", "folder"),
    [
        (None, "run-second", "runs"),
        ("exp", "exp", None),
        ("runs/cnn/exp1/", "exp1", "runs/cnn"),
        ("../logs/exp", "exp", "logs"),
        ("/var/logs/exp", "exp", None),
        (".", "run", None),
    ],
)
def test_the_log_directory_becomes_name_and_folder(work: Path, log_dir: str | None, name: str, folder: str) -> None:
    SummaryWriter(log_dir, comment="-second").close()
    trial = recorded_trial(work)
    assert (trial.name, trial.upload["folder_path"]) == (name, folder)


def test_tags_become_types_and_names(work: Path) -> None:
    with SummaryWriter("t") as writer:
        writer.add_scalar("Loss/train", 1, 5)
        writer.add_scalar("val_loss", 2.0, 5, walltime=1.0, new_style=True)
        writer.add_scalar("charts/return/mean", 3.0, 5)
        writer.add_scalar("lr", 4.0, 5)
        writer.add_scalars("waves", {"sine": 5.0, "cosine": 6.0}, 5)
    assert [tuple(point) for point in recorded_trial(work).points] == [
        ("train", 5, None, {"Loss": 1.0}),
        ("val", 5, None, {"loss": 2.0}),
        ("charts", 5, None, {"return/mean": 3.0}),
        ("train", 5, None, {"lr": 4.0}),
        ("waves", 5, None, {"sine": 5.0, "cosine": 6.0}),
    ]


def test_a_tag_without_steps_counts_by_itself(work: Path) -> None:
    with SummaryWriter("t") as writer:
        for value in (1.0, 2.0):
            writer.add_scalar("a", value)
            writer.add_scalar("b", value, global_step=None)
    assert recorded_trial(work).steps("train") == [0, 0, 1, 1]


def test_what_a_trial_cannot_hold_is_dropped_and_told_of_once(work: Path) -> None:
    writer = SummaryWriter("t")
    with pytest.warns(UserWarning, match="add_tensor: a trial has no such thing") as told:
        writer.add_tensor("t", object(), 1)
    assert told[0].filename == __file__
    writer.add_tensor("t", object(), 2)  # a second warning would be an error here
    with pytest.warns(UserWarning, match="add_image: not recorded: object is not a picture") as told:
        writer.add_image("picture", object(), 1)
    assert told[0].filename == __file__
    with pytest.raises(AttributeError, match="add_nonsense"):
        _ = writer.add_nonsense
    assert recorded_trial(work).points == []


def test_an_exception_fails_the_trial_and_a_closed_writer_still_records(work: Path) -> None:
    with pytest.raises(ZeroDivisionError), SummaryWriter("failed") as writer:
        writer.add_scalar("a", 1 / 0, 1)
    closed = SummaryWriter("late")
    closed.close()
    closed.add_scalar("test/a", 1.0, 1)
    failed, late = recorded_trials(work)
    assert (failed.status, late.status) == ("Failed", "Succeeded")
    assert late.series("test", "a") == [1.0]


def test_a_lent_trial_stays_open(work: Path) -> None:
    trial = aimd.create_trial(trial_name="t")
    with SummaryWriter("elsewhere", trial=trial) as writer:
        writer.add_scalar("a", 1.0, 1)
        assert writer.log_dir == writer.get_logdir() == "elsewhere"
        writer.flush()
    assert writer.trial is trial
    assert trial.status == "Running"
    trial.finish()


def test_a_purge_step_goes_on_with_the_trial_of_that_name(work: Path) -> None:
    with SummaryWriter("runs/exp") as writer:
        for step in range(5):
            writer.add_scalar("Loss/train", float(step), step)
    with SummaryWriter("runs/exp", purge_step=3) as again:
        again.add_scalar("Loss/train", 30.0, 3)
    assert again.trial.path == writer.trial.path
    assert [point["train.Loss"] for point in again.trial.history()] == [0.0, 1.0, 2.0, 30.0]
    assert len(again.trial.history(all_segments=True)) == 6


def test_a_purge_step_without_an_earlier_trial_of_that_name_makes_one(work: Path) -> None:
    SummaryWriter("runs/other").close()
    writer = SummaryWriter("runs/exp", purge_step=3)
    writer.add_scalar("Loss/train", 1.0, 3)
    writer.close()
    assert (writer.trial.name, len(writer.trial.history())) == ("exp", 1)


def test_a_purge_step_beside_a_trial_goes_back_in_it(work: Path) -> None:
    trial = aimd.create_trial(trial_name="own")
    trial.log("train", {"Loss": 1.0}, step=3)
    SummaryWriter(trial=trial, purge_step=3).add_scalar("Loss/train", 2.0, 3)
    assert [point["train.Loss"] for point in trial.history()] == [2.0]
    trial.finish()


def test_a_purge_step_looks_where_trials_are_recorded(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIMD_DIR", str(tmp_path / "elsewhere"))
    with SummaryWriter("runs/exp") as writer:
        writer.add_scalar("Loss/train", 1.0, 3)
    with SummaryWriter("runs/exp", purge_step=3) as again:
        again.add_scalar("Loss/train", 2.0, 3)
    assert again.trial.path == writer.trial.path


def test_the_log_directory_is_the_one_given_and_has_an_event_file_that_tensorboard_reads(work: Path) -> None:
    with SummaryWriter("runs/exp", filename_suffix=".gpu0") as writer:
        assert writer.log_dir == writer.logdir == writer.get_logdir() == "runs/exp"
        (work / "runs/exp/model.pt").write_bytes(b"")  # as scripts that save a model there expect
        for step in range(3):
            writer.add_scalar("Loss/train", 1 / (step + 1), step, walltime=100.0 + step)
        writer.add_scalars("acc", {"val": 0.5}, 2)
        writer.add_hparams({"lr": 0.1, "name": "a"}, {})
        writer.add_text("words", "hello", 1)
    assert writer.file_writer is None
    (run,) = read_tensorboard(work / "runs").runs
    assert [(point.key, point.step, round(point.value, 4)) for point in run.points] == [
        ("Loss/train", 0, 1.0),
        ("Loss/train", 1, 0.5),
        ("Loss/train", 2, 0.3333),
        ("acc/val", 2, 0.5),
    ]
    assert [point.time_s for point in run.points][:3] == [100.0, 101.0, 102.0]
    assert run.params == {"lr": 0.1, "name": "a"}
    assert (dict(run.left_out), run.media is not None and len(run.media)) == ({}, 1)
    assert next((work / "runs/exp").glob("events.*")).name.endswith(".gpu0")


def test_a_purge_step_restarts_the_event_file_too(work: Path) -> None:
    for purge_step in (None, 2):
        with SummaryWriter("runs/exp", purge_step=purge_step) as writer:
            for step in range(purge_step or 0, 4):
                writer.add_scalar("a", float(step), step)
    (run,) = read_tensorboard(work / "runs").runs
    assert run.restarts == ((4, 2),)


def test_a_purge_step_takes_no_trial_of_another_folder(work: Path) -> None:
    SummaryWriter("runs/one/exp").close()
    writer = SummaryWriter("runs/two/exp", purge_step=3)
    writer.close()
    assert len(recorded_trials(work)) == 2


def test_the_event_file_waits_for_a_full_queue_and_the_trial_for_nothing(work: Path) -> None:
    writer = SummaryWriter("runs/exp", max_queue=2)
    for step in range(3):
        writer.add_scalar("a", 1.0, step)
        events = [len(run.points) for run in read_tensorboard(work / "runs").runs]
        assert (events, len(writer.trial.history())) == ([0 if step < 2 else 3], step + 1)
    writer.close()


def test_nothing_is_written_if_nothing_may_be(work: Path) -> None:
    with SummaryWriter("/nowhere", write_to_disk=False) as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_scalars("b", {"c": 1.0}, 1)
        writer.add_hparams({"lr": 1}, {"a": 1})
        writer.add_hparams({"lr": 2}, {"a": 1})
        writer.add_text("t", "x")
        writer.flush()
    assert writer.file_writer is None
    assert list(work.iterdir()) == []


def test_a_step_loses_its_fraction_and_a_time_is_kept(work: Path) -> None:
    with SummaryWriter("t") as writer:
        writer.add_scalar("a", 1.0, 2.75, walltime=13.5)
        with writer.use_metadata(global_step=17, walltime=14.0):
            writer.add_scalar("a", 2.0)
            writer.add_scalar("a", 3.0, 7)
            writer.add_scalar("a", 4.0, walltime=18.0)
        writer.add_scalar("b", 5.0)
    points = writer.trial.history()
    assert [point["step"] for point in points] == [2, 17, 7, 17, 0]
    assert [point["timestamp"][17:22] for point in points[:4]] == ["13.50", "14.00", "14.00", "18.00"]
    with pytest.raises(ValueError, match="years 1 to 9999"):
        writer.add_scalar("a", 1.0, 1, walltime=1e20)


def test_tags_that_would_be_one_metric_stay_apart(work: Path) -> None:
    tags = ["train/loss", "train_loss", "loss/train", "training/loss", "loss", "eval/x", "test/x"]
    with SummaryWriter("t") as writer:
        for number, tag in enumerate([*tags, *tags]):
            writer.add_scalar(tag, float(number), 0)
    assert len({(point.metrics_type, *point.value) for point in recorded_trial(work).points}) == len(tags)


def test_hyperparameters_in_a_text_become_parameters_and_other_texts_media(work: Path) -> None:
    with SummaryWriter("t") as writer:
        rows = ["|param|value|", "|-|-|", "|lr|0.1|", "|env|a|b|", "|track|False|", "|seed|None|"]
        writer.add_text("hyperparameters", "\n".join(rows))
        writer.add_text("config", json.dumps({"model": {"depth": 2}}))
        writer.add_text("sample", "one fish", 1)
        writer.add_text("sample", "two fish", 2)
    trial = recorded_trial(work)
    assert trial.params == {"lr": 0.1, "env": "a|b", "track": False, "seed": None, "model": {"depth": 2}}
    media = LocalMedia(trial.path)
    texts = [(item.record.key, item.record.step, item.record.stored) for item in media.items()]
    assert [(key, step, media.read(stored)) for key, step, stored in texts if stored] == [
        ("sample", 1, b"one fish"),
        ("sample", 2, b"two fish"),
    ]


def test_each_set_of_hyperparameters_is_a_trial_of_one_folder(work: Path) -> None:
    with SummaryWriter("runs/sweep") as writer:
        for number in range(5):
            writer.add_hparams({"lr": number}, {"hparam/accuracy": 10 * number}, run_name=f"try{number}")
        writer.add_hparams({"lr": 0}, {"hparam/loss": 1}, global_step=3)
    trials = recorded_trials(work)
    assert [(trial.name, trial.params["lr"]) for trial in trials] == [
        ("sweep", 0),
        ("sweep-try1", 1),
        ("sweep-try2", 2),
        ("sweep-try3", 3),
        ("sweep-try4", 4),
    ]
    assert {(trial.status, trial.upload["folder_path"]) for trial in trials} == {("Succeeded", "runs")}
    assert trials[4].series("hparam", "accuracy") == [40.0]
    assert trials[0].steps("hparam") == [0, 3]


def test_figures_are_closed_unless_they_should_stay_open(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", SimpleNamespace(close=closed.append))
    with SummaryWriter("t") as writer:
        first, second, third = Drawn("first"), Drawn("second"), Drawn("third")
        writer.add_figure("f", first, 0, close=False)
        writer.add_figure("f", [second, third], 1)
    assert closed == [second, third]
    assert [item.record.kind for item in LocalMedia(writer.trial.path).items("f")] == ["figure"] * 3


class Drawn:
    """A figure, as far as a writer is concerned."""

    def __init__(self, name: str) -> None:
        self.name = name

    def savefig(self, file: io.BytesIO, format: str) -> None:
        file.write(encode_png(np.zeros((2, 3, 3), np.uint8)))


def test_everything_that_a_writer_shows_is_media_of_the_trial_and_tensorboard_still_has_it(work: Path) -> None:
    pixels = (np.arange(2 * 5 * 4 * 3) % 256).astype(np.uint8).reshape(2, 5, 4, 3)
    with SummaryWriter("runs/shown") as writer:
        writer.add_image("one", pixels[0].transpose(2, 0, 1), 1)
        writer.add_image("flat", pixels[0, :, :, 0], 1, dataformats="HW")
        writer.add_images("several", pixels.transpose(0, 3, 1, 2), 2)
        writer.add_image_with_boxes("boxed", pixels[0], np.array([[0, 0, 3, 3]]), 1, dataformats="HWC")
        writer.add_video("film", pixels.transpose(0, 3, 1, 2)[None], 1, fps=2)
        writer.add_audio("sound", np.zeros((1, 100)), 1, sample_rate=8000)
        writer.add_histogram("weights", np.arange(1000.0), 3)
        writer.add_histogram_raw("raw", 0.0, 2.0, 3, 3.0, 5.0, [1.0, 2.0], [1, 2], 3)
        writer.add_pr_curve("pr", np.array([1, 0, 1]), np.array([0.9, 0.2, 0.6]), 1)
        writer.add_embedding(np.eye(2), metadata=["a", "b"], tag="words", global_step=4)
        writer.add_embedding(np.eye(2), metadata=np.array([3.0, 5.0]), tag="numbers", global_step=4)
        mixed = list(zip(np.array([3.0, 5.0]), ["train", "test"], strict=True))
        writer.add_embedding(np.eye(2), mixed, tag="mixed", global_step=4, metadata_header=np.array(["y", "set"]))
        writer.add_graph("Linear(2, 3)")
        writer.add_mesh("cloud", np.zeros((1, 4, 3)), np.zeros((1, 4, 3)), global_step=1)
        writer.add_mesh("faces", np.zeros((1, 3, 3)), faces=np.array([[[0, 1, 2]]]), global_step=1)
        with writer.use_metadata(global_step=9):
            writer.add_histogram("weights", [1.0, 2.0])
    trial = recorded_trial(work)
    assert (trial.path / "files" / "graph.txt").read_text() == "Linear(2, 3)"
    media = LocalMedia(trial.path)
    records = [item.record for item in media.items()]
    assert sorted((record.key, record.step, record.kind) for record in records) == [
        ("boxed", 1, "image"),
        ("cloud", 1, "object3d"),
        ("faces", 1, "object3d"),
        ("film", 1, "video"),
        ("flat", 1, "image"),
        ("graph", 0, "text"),
        ("mixed", 4, "table"),
        ("numbers", 4, "table"),
        ("one", 1, "image"),
        ("pr", 1, "table"),
        ("raw", 3, "histogram"),
        ("several", 2, "image"),
        ("several", 2, "image"),
        ("sound", 1, "audio"),
        ("weights", 3, "histogram"),
        ("weights", 9, "histogram"),
        ("words", 4, "table"),
    ]
    by_key = {record.key: record for record in records}
    assert by_key["one"].facts["width"] == 4
    assert by_key["raw"].histogram == Histogram((0.0, 1.0, 2.0), (1, 2))
    words = parse_table(media.read(by_key["words"].stored))
    assert words.rows == [["a", 1.0, 0.0], ["b", 0.0, 1.0]]
    assert parse_table(media.read(by_key["numbers"].stored)).rows == [[3.0, 1.0, 0.0], [5.0, 0.0, 1.0]]
    assert parse_table(media.read(by_key["mixed"].stored)).rows == [[3.0, "train", 1.0, 0.0], [5.0, "test", 0.0, 1.0]]
    precision = parse_table(media.read(by_key["pr"].stored))
    assert precision.rows[0][:3] == [0.0, pytest.approx(2 / 3), 1.0]
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(work / "runs" / "shown"))
    events.Reload()
    assert set(events.Tags()["images"]) == {"one", "flat", "boxed", "several/0", "several/1"}
    assert (events.Tags()["audio"], events.Tags()["distributions"]) == (["sound"], ["weights", "raw"])
    (image,) = events.Images("one")
    assert (image.step, image.width, image.height) == (1, 4, 5)
    assert image.encoded_image_string == media.read(by_key["one"].stored)


def test_a_copied_writer_records_into_the_same_trial_and_repeats_no_event(work: Path) -> None:
    writer = SummaryWriter("runs/exp")
    writer.add_scalar("a", 1.0, 1)
    twin = copy.deepcopy(writer)
    twin.add_scalar("a", 2.0, 2)
    del twin
    writer.close()
    writer.export_scalars_to_json("scalars.json")
    assert [row[1:] for row in json.loads(Path("scalars.json").read_text())["train/a"]] == [[1, 1.0], [2, 2.0]]
    (run,) = read_tensorboard(work / "runs").runs
    assert sorted(point.step for point in run.points) == [1, 2]


def test_a_global_writer_counts_the_steps_of_all_processes(work: Path) -> None:
    writer = GlobalSummaryWriter("runs/exp")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=writer.add_scalar, args=("a", 1.0)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    writer.close()
    assert sorted(recorded_trial(work).steps("train")) == [0, 1, 2]
    (run,) = read_tensorboard(work / "runs").runs
    assert sorted(point.step for point in run.points) == [0, 1, 2]


def test_patched_writers_record_beside_their_event_files_however_they_were_imported(
    work: Path, prepared: Prepared
) -> None:
    code = """
    import torch
    from torch.utils.tensorboard import SummaryWriter
    from torch.utils.tensorboard.summary import hparams, scalar
    from t9k import aimd
    aimd.patch_tensorboard()
    aimd.patch_tensorboard()

    class Mine(SummaryWriter):
        pass

    with Mine("runs/exp") as writer:
        writer.add_scalar("Loss/train", 0.1, 1, walltime=5.0)
        writer.add_scalars("acc", {"train": 0.5, "val": 0.25}, 1.5)
        writer.add_histogram("h", torch.ones(2), 1)
        writer.add_image("i", torch.zeros(3, 2, 2), 2)
        writer.add_text("hyperparameters", "|param|value|\\n|-|-|\\n|depth|3|")
        for rate in (0.1, 0.2):
            writer.add_hparams({"lr": rate}, {"hparam/acc": 1}, run_name=str(rate))
        file_writer = writer._get_file_writer()  # as Lightning's own logger does
        file_writer.add_summary(hparams({"seed": 7, "name": "n"}, {})[1])
        file_writer.add_summary(scalar("val/raw", 2.0), 9)
    try:
        with SummaryWriter("runs/bad") as writer:
            1 / 0
    except ZeroDivisionError:
        pass
    import importlib, sys
    del sys.modules["torch.utils.tensorboard.writer"]
    late = importlib.import_module("torch.utils.tensorboard.writer").SummaryWriter
    assert late is not SummaryWriter
    late("runs/late").add_scalar("a", 1, 1)
    lent = aimd.create_trial(trial_name="lent")
    aimd.patch_tensorboard(lent)
    SummaryWriter("runs/elsewhere").add_scalar("a", 1, 1)
    print(lent.status)
    lent.finish()
    """
    done = prepared("tensorboard")(code, work)
    assert done.stdout == "Running\n"
    bad, exp, exp2, late, lent = recorded_trials(work)
    assert (bad.status, exp.status, exp2.status, lent.status) == ("Failed", "Succeeded", "Succeeded", "Succeeded")
    assert [tuple(point) for point in exp.points] == [
        ("train", 1, None, {"Loss": 0.1}),  # in full, not in the 32 bits of the event file
        ("train", 1, None, {"acc": 0.5}),
        ("val", 1, None, {"acc": 0.25}),
        ("hparam", 0, None, {"acc": 1.0}),
        ("val", 9, None, {"raw": 2.0}),
    ]
    assert [(item.record.key, item.record.step) for item in LocalMedia(exp.path).items()] == [("h", 1), ("i", 2)]
    assert exp.params == {"depth": 3, "lr": 0.1, "seed": 7.0, "name": "n"}
    assert (exp2.name, exp2.params) == ("exp-0.2", {"lr": 0.2})
    assert lent.steps("train") == late.steps("train") == [1]
    assert {path.parent.name for path in (work / "runs").rglob("events.*")} >= {"exp", "acc_val", "0.1", "elsewhere"}
