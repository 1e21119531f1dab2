"""Pictures, sounds, histograms, texts and tables of other trackers become media of the trial, once."""

import io
import json
import wave
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimd_cli.converting.target import export_trial
from aimd_cli.importing.aimd import read_trials
from aimd_cli.importing.event_media import add_value
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.tensorboard import read_tensorboard
from aimd_cli.importing.wandb_media import add_wandb_value
from aimd_cli.importing.writing import IMPORTED, UNCHANGED, UPDATED, Importer
from aimd_core.format.event_files import event_record, restart_event
from aimd_core.format.journal import Damage
from aimd_core.format.media import Histogram
from aimd_core.format.messages import message, text, whole
from aimd_core.format.tables import parse_table
from aimd_core.reading.documents import Trial, find_trials
from aimd_core.reading.media import LocalMedia
from t9k.aimd.media.pictures import encode_png
from t9k.aimd.tensorboard import SummaryWriter

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
PNG = encode_png(PIXELS)


def shown(trial: Path) -> list[tuple[str, int, str]]:
    return [(item.record.key, item.record.step, item.record.kind) for item in LocalMedia(trial).items()]


def written(media: MediaList, trial: Path) -> LocalMedia:
    from aimd_cli.importing.media import write_media

    trial.mkdir()
    write_media(trial, media)
    return LocalMedia(trial)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log directory with an event file, whose trial is elsewhere."""
    monkeypatch.setenv("AIMD_DIR", str(tmp_path / "first"))
    with SummaryWriter(str(tmp_path / "runs" / "cnn")) as writer:
        writer.add_scalar("loss", 0.5, 1)
        writer.add_image("samples", PIXELS, 1, dataformats="HWC")
        writer.add_images("several", np.stack([PIXELS, PIXELS]), 2, dataformats="NHWC")
        writer.add_histogram("weights", [0.0, 1.0, 1.0], 3)
        writer.add_audio("sound", np.zeros((1, 80)), 1, sample_rate=8000)
        writer.add_text("words", "**bold**", 4)
    return tmp_path / "runs"


def test_what_an_event_file_shows_is_what_the_writer_was_given(runs: Path, tmp_path: Path) -> None:
    (run,) = read_tensorboard(runs).runs
    made = Importer(tmp_path / "second").write(run)
    assert (made.outcome, run.left_out) == (IMPORTED, {})
    assert shown(made.path) == [
        ("samples", 1, "image"),
        ("several/0", 2, "image"),
        ("several/1", 2, "image"),
        ("sound", 1, "audio"),
        ("weights", 3, "histogram"),
        ("words", 4, "text"),
    ]
    media, (first,) = LocalMedia(made.path), find_trials(tmp_path / "first")
    before = {item.record.key: item.record for item in LocalMedia(first.path).items()}
    for key in ("samples", "sound", "words"):
        (item,) = media.items(key)
        assert item.record.stored == before[key].stored
        assert item.record.stored is not None
        assert media.read(item.record.stored) == LocalMedia(first.path).read(item.record.stored)
    (weights,) = media.items("weights")
    assert weights.record.histogram is not None
    assert sum(weights.record.histogram.counts) == 3
    assert weights.record.histogram.edges[-1] == 1.0


def test_importing_again_changes_nothing_and_what_is_new_is_appended(runs: Path, tmp_path: Path) -> None:
    for outcome in (IMPORTED, UNCHANGED):
        (run,) = read_tensorboard(runs).runs
        made = Importer(tmp_path / "second").write(run)
        assert made.outcome == outcome
    count = len(shown(made.path))
    (events,) = (runs / "cnn").iterdir()
    with SummaryWriter(str(runs / "cnn"), purge_step=3) as writer:
        writer.add_image("samples", PIXELS[:2], 3, dataformats="HWC")
    more = next(path for path in (runs / "cnn").iterdir() if path != events)
    with events.open("ab") as file:
        file.write(event_record(restart_event(2e9, 3)) + more.read_bytes())
    more.unlink()
    (run,) = read_tensorboard(runs).runs
    assert Importer(tmp_path / "second").write(run).outcome == UPDATED
    assert len(LocalMedia(made.path, all_segments=True)._by_key()["samples"]) == 2
    assert len(shown(made.path)) == count + 1 - 2  # the histogram and the text from step 3 on are superseded
    assert Importer(tmp_path / "third").write(run).path.joinpath("media").read_bytes() == (
        (made.path / "media").read_bytes()
    )


def test_media_that_are_exported_to_tensorboard_come_back_as_they_were(runs: Path, tmp_path: Path) -> None:
    (first,) = find_trials(tmp_path / "first")
    left_out: Counter[str] = Counter()
    export_trial(first, "tensorboard", tmp_path / "logs", False, Damage(), left_out)
    (run,) = read_tensorboard(tmp_path / "logs").runs
    again = Importer(tmp_path / "second").write(run).path
    assert (left_out, run.left_out) == ({}, {})
    before = {(item.record.step, item.record.stored, item.record.histogram) for item in LocalMedia(first.path).items()}
    after = {(item.record.step, item.record.stored, item.record.histogram) for item in LocalMedia(again).items()}
    assert after == before
    assert [key for key, _, _ in shown(again)] == [
        "samples",
        "several/0",
        "several/1",
        "sound",
        "weights",
        "words",
    ]
    (again / "media").write_bytes((again / "media").read_bytes().replace(b'"kind": "audio"', b'"kind": "video"'))
    export_trial(Trial(again), "tensorboard", tmp_path / "more", False, Damage(), left_out)
    assert left_out == {"video": 1}


def test_a_trial_of_another_directory_brings_its_media(runs: Path, tmp_path: Path) -> None:
    (run,) = read_trials(tmp_path / "first").runs
    made = Importer(tmp_path / "second").write(run)
    (first,) = find_trials(tmp_path / "first")
    media = LocalMedia(made.path)
    assert list(media.items()) == list(LocalMedia(first.path).items())
    assert all(media.read(stored) for item in media.items() for stored in item.record.bytes)


def test_plugins_of_tensorboard_keep_the_same_things_as_tensors(tmp_path: Path) -> None:
    media = MediaList()
    strings = whole(1, 7), *(message(8, content) for content in (b"5", b"4", PNG, PNG))
    assert add_value(media, "image", "samples", 1, None, b"".join(strings), True)
    edges = np.array([[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]])
    assert add_value(media, "histogram", "h", 1, None, whole(1, 2) + message(4, edges.tobytes()), True)
    curve = np.zeros((6, 3), np.float32)
    assert add_value(media, "pr_curves", "pr", 1, None, whole(1, 1) + message(4, curve.tobytes()), True)
    assert add_value(media, "text", "t/text_summary", 1, None, whole(1, 7) + text(8, "words"), True)
    for kind in ("image", "histogram", "pr_curves", "text", "mesh"):
        assert not add_value(media, kind, "nothing", 1, None, b"", True)
    read = written(media, tmp_path / "t")
    assert shown(tmp_path / "t") == [
        ("h", 1, "histogram"),
        ("pr", 1, "table"),
        ("samples", 1, "image"),
        ("samples", 1, "image"),
        ("t", 1, "text"),
    ]
    assert next(iter(read.items("h"))).record.histogram == Histogram((0.0, 1.0, 2.0), (2, 0))


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(b"\0" * 8)
    return file.getvalue()


def test_values_of_wandb_are_read_from_the_runs_files(tmp_path: Path) -> None:
    files = tmp_path / "files"
    (files / "media").mkdir(parents=True)
    (files / "media" / "a.png").write_bytes(PNG)
    (files / "media" / "a.wav").write_bytes(sound())
    (files / "media" / "a.html").write_text("<b>bold</b>")
    (files / "media" / "plot.json").write_text('{"data": []}')
    picture = {"_type": "image-file", "path": "media/a.png", "caption": "cat"}
    table = {"columns": ["id", "picture"], "data": [[1, picture], [2, None]]}
    (files / "media" / "t.table.json").write_text(json.dumps(table))
    media = MediaList()
    values: dict[str, Any] = {
        "one": picture,
        "two": {"_type": "images/separated", "filenames": ["media/a.png"] * 2, "captions": ["x", "y"]},
        "sound": {"_type": "audio", "audio": [{"_type": "audio-file", "path": "media/a.wav"}]},
        "page": {"_type": "html-file", "path": "media/a.html"},
        "plot": {"_type": "plotly-file", "path": "media/plot.json"},
        "table": {"_type": "table-file", "path": "media/t.table.json"},
        "counts": {"_type": "histogram", "values": [1, 2], "bins": [0, 1, 2]},
        "packed": {"_type": "histogram", "values": [1, 2], "packedBins": {"min": 0, "size": 1, "count": 2}},
        "words": "hello",
    }
    for key, value in values.items():
        assert add_wandb_value(media, files, key, 3, 1.7e9, value), key
    (tmp_path / "secret.png").write_bytes(PNG)
    (files / "media" / "link.png").symlink_to(tmp_path / "secret.png")
    for path in ("../secret.png", str(tmp_path / "secret.png"), "media/link.png", "media/none.png", "a\0b", None, 7):
        assert not add_wandb_value(media, files, "bad", 3, None, {"_type": "image-file", "path": path})
    for odd in (None, [1, 2], {"_type": 7}, {"_type": "molecule-file"}, {"_type": "audio", "audio": "x"}):
        assert not add_wandb_value(media, files, "bad", 3, None, odd)
    read = written(media, tmp_path / "t")
    assert shown(tmp_path / "t") == [
        ("counts", 3, "histogram"),
        ("one", 3, "image"),
        ("packed", 3, "histogram"),
        ("page", 3, "html"),
        ("plot", 3, "figure"),
        ("sound", 3, "audio"),
        ("table", 3, "table"),
        ("table/picture", 3, "image"),
        ("two", 3, "image"),
        ("two", 3, "image"),
        ("words", 3, "text"),
    ]
    assert [item.record.caption for item in read.items("two")] == ["x", "y"]
    (kept,) = read.items("table")
    assert kept.record.stored is not None
    rows = parse_table(read.read(kept.record.stored))
    assert rows is not None
    assert rows.rows == [[1, "cat"], [2, None]]
