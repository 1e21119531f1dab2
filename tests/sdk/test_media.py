"""`trial.log_image` and its like: what they take, what comes back, and that they never break training."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import wave
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimd_core.errors import TrialStateError
from aimd_core.format.media import MAX_KEY_BYTES
from aimd_core.format.tables import parse_table
from aimd_core.objects.collecting import collect, usage
from aimd_core.objects.store import store_of
from aimd_core.reading.documents import Trial as StoredTrial
from aimd_core.reading.media import LocalMedia, MediaItem
from aimd_core.reading.verification import verify_trial
from t9k import aimd
from tests.support.scripts import run_script, script_environment

PIXELS = (np.arange(5 * 7 * 3).reshape(5, 7, 3) % 256).astype(np.uint8)


@pytest.fixture
def trial() -> Iterator[aimd.Trial]:
    with aimd.create_trial(trial_name="cnn", capture_output=False, capture_git=False) as made:
        yield made


def content_of(trial: aimd.Trial, item: MediaItem) -> bytes:
    assert item.record.stored is not None
    return trial.media.read(item.record.stored)


def decoded(content: bytes) -> Any:
    from PIL import Image

    return np.array(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("image", "layout", "expected"),
    [
        (PIXELS, None, PIXELS),
        (PIXELS[:, :, 0], None, PIXELS[:, :, 0]),
        (PIXELS[:, :, :1], None, PIXELS[:, :, 0]),
        (PIXELS.transpose(2, 0, 1), None, PIXELS),
        (PIXELS.transpose(2, 0, 1), "CHW", PIXELS),
        (PIXELS[:3, :3], "HWC", PIXELS[:3, :3]),
        (PIXELS[:3, :3].transpose(2, 0, 1), "CHW", PIXELS[:3, :3]),
        (PIXELS / 255.0, None, PIXELS),
        ((PIXELS / 255.0).astype(np.float32), None, PIXELS),
        (PIXELS > 50, None, np.where(PIXELS > 50, 255, 0)),
        (PIXELS.astype(np.int64) * 9 - 5, None, np.clip(PIXELS.astype(np.int64) * 9 - 5, 0, 255)),
        (PIXELS[:, :, 0].astype(np.uint16) * 257, None, PIXELS[:, :, 0].astype(np.uint16) * 257),
        (np.dstack([PIXELS, PIXELS[:, :, :1]]), None, np.dstack([PIXELS, PIXELS[:, :, :1]])),
        (PIXELS[::-1, ::-1], None, PIXELS[::-1, ::-1]),
        (np.array([[np.nan, np.inf, -np.inf, 0.5]]), None, np.array([[0, 255, 0, 128]])),
    ],
)
def test_an_array_becomes_a_picture_of_the_same_pixels(
    trial: aimd.Trial, image: Any, layout: str | None, expected: Any
) -> None:
    trial.log_image("val/samples", image, 3, "a digit", layout=layout)
    item = trial.media.item("val/samples")
    assert (decoded(content_of(trial, item)) == expected).all()
    facts = item.record.facts
    assert (facts["height"], facts["width"], item.record.caption) == (*expected.shape[:2], "a digit")


def test_tensors_images_and_files_are_pictures_too(trial: aimd.Trial, work: Path) -> None:
    torch = pytest.importorskip("torch")
    image = pytest.importorskip("PIL.Image")
    for number, (kind, mode) in enumerate(
        [("PNG", "RGB"), ("JPEG", "L"), ("GIF", "P"), ("WEBP", "RGB"), ("BMP", "RGB")]
    ):
        image.new(mode, (9, 4)).save(work / "x", kind)
        trial.log_image("files", work / "x", number)
        trial.log_image("bytes", (work / "x").read_bytes(), number)
    trial.log_image("svg", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', 0)
    trial.log_image("tensor", torch.from_numpy(PIXELS.transpose(2, 0, 1) / 255.0).to(torch.bfloat16), 0)
    trial.log_image("tensor", torch.zeros(3, 3, 3, requires_grad=True), 1)
    trial.log_image("pil", image.fromarray(PIXELS).convert("CMYK"), 0)
    kinds = [(item.record.stored.type, item.record.facts) for item in trial.media.items("files") if item.record.stored]
    assert [kind for kind, _ in kinds] == ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"]
    assert all(facts == {"width": 9, "height": 4} for _, facts in kinds)
    assert len(list(trial.media.items("bytes"))) == 5
    assert [(item.record.facts["height"], item.record.facts["width"]) for item in trial.media.items("tensor")] == [
        (5, 7),
        (3, 3),
    ]
    assert trial.media.item("svg").record.stored.type == "image/svg+xml"  # type: ignore[union-attr]


def test_several_pictures_at_a_step_are_a_gallery_in_the_order_of_the_calls(trial: aimd.Trial) -> None:
    trial.log_image("k", [PIXELS, PIXELS[:, :, 0]], 1, ["a", "b"], group="truth")
    trial.log_image("k", np.stack([PIXELS] * 3), 1, group="guess")
    trial.log_image("k", PIXELS, 2)
    items = list(trial.media.items("k"))
    assert [(item.record.step, item.number, item.record.caption, item.record.group) for item in items] == [
        (1, 0, "a", "truth"),
        (1, 1, "b", "truth"),
        *((1, number, "", "guess") for number in (2, 3, 4)),
        (2, 0, "", ""),
    ]
    assert trial.media.steps("k") == [1, 2]
    assert trial.media.item("k", 1, 4).record.step == 1
    assert [item.record.step for item in trial.media.items("k", 2, 2)] == [2]
    assert len(list(trial.media.items(limit=4))) == 4
    (key,) = trial.media.keys()
    assert key == ("k", ("image",), 6, 2, 1, 2)
    assert len(usage(Path.cwd()).unused) == 0


def test_sounds_videos_points_and_pages_become_files_that_others_read(trial: aimd.Trial) -> None:
    samples = np.sin(np.arange(800) / 9)
    trial.log_audio("a", np.stack([samples, samples * 2]), 1, sample_rate=8000)
    with wave.open(io.BytesIO(content_of(trial, trial.media.item("a")))) as opened:
        assert opened.getparams()[:4] == (2, 2, 8000, 800)
        frames = np.frombuffer(opened.readframes(800), "<i2").reshape(-1, 2)
    assert abs(frames[:, 0] - samples * 32767).max() <= 1
    assert frames.max() == 32767
    trial.log_video("v", np.stack([PIXELS, PIXELS // 2, PIXELS // 4]), 1, frames_per_s=25)
    from PIL import Image

    animation = Image.open(io.BytesIO(content_of(trial, trial.media.item("v"))))
    assert (animation.n_frames, animation.info["duration"]) == (3, 40)  # type: ignore[attr-defined]
    for number, divisor in enumerate((1, 2, 4)):
        animation.seek(number)
        assert (np.array(animation.convert("RGB")) == PIXELS // divisor).all()
    trial.log_object3d("o", np.array([[1, 2, 3, 255, 0, 300]]), 1)
    ply = content_of(trial, trial.media.item("o"))
    assert ply.partition(b"end_header\n")[2] == struct.pack("<fffBBB", 1, 2, 3, 255, 0, 255)
    trial.log_html("h", "<b>é</b>", 1)
    assert content_of(trial, trial.media.item("h")) == "<b>é</b>".encode()


def test_texts_and_histograms_are_in_the_line_and_long_texts_are_not(trial: aimd.Trial) -> None:
    trial.log_text("t", "ein kurzer\nText", 1)
    trial.log_text("t", "x" * 2000, 2)
    trial.log_text("t", "# x", 3, markdown=True)
    trial.log_histogram("h", np.arange(10), 1, bins=5)
    trial.log_histogram("h", np.histogram(np.arange(10), bins=100), 2)
    short, long, markdown = trial.media.items("t")
    assert (short.record.text, short.record.stored) == ("ein kurzer\nText", None)
    assert content_of(trial, long) == b"x" * 2000
    assert markdown.record.stored is not None
    assert markdown.record.stored.type.startswith("text/markdown")
    histogram = trial.media.item("h", 1).record.histogram
    assert histogram is not None
    assert (histogram.counts, histogram.edges[0], histogram.edges[-1]) == ((2, 2, 2, 2, 2), 0, 9)
    assert sum(trial.media.item("h", 2).record.histogram.counts) == 10  # type: ignore[union-attr]


def test_every_kind_of_table_has_the_same_rows(trial: aimd.Trial) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    columns = {"a": [1, 2], "b": ["x", "y"]}
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    tables: list[Any] = [pandas.DataFrame(columns), polars.DataFrame(columns), columns, rows]
    for step, table in enumerate([*tables, [[1, "x"], [2, "y"]]]):
        trial.log_table("t", table, step, columns=["a", "b"] if step == 4 else None)
    for item in trial.media.items("t"):
        table = parse_table(content_of(trial, item))
        assert table == (["a", "b"], [[1, "x"], [2, "y"]])
        assert item.record.facts == {"rows": 2, "columns": 2}
    gaps = {"t": pandas.to_datetime(["2024-01-01", None]), "n": pandas.array([1, None], "Int64"), "s": ["x", None]}
    trial.log_table("gaps", pandas.DataFrame({**gaps, "f": [0.5, float("nan")]}), 0)
    filled, gap = parse_table(content_of(trial, trial.media.item("gaps"))).rows
    assert (filled, gap) == (["2024-01-01 00:00:00", 1, "x", 0.5], [None, None, None, "NaN"])
    trial.log_table("indexed", pandas.DataFrame({"v": [1.5, float("nan")]}, index=["r", "s"]), 0)
    assert parse_table(content_of(trial, trial.media.item("indexed"))) == (["index", "v"], [["r", 1.5], ["s", "NaN"]])


class Figure:
    """What both matplotlib and plotly look like from outside."""

    dpi = 100

    def get_size_inches(self) -> tuple[float, float]:
        return 1.0, 1.0

    def savefig(self, file: io.BytesIO, format: str) -> None:
        from t9k.aimd.media.pictures import encode_png

        file.write(encode_png(PIXELS))


class Axes:
    figure = Figure()


class Plotly:
    def to_plotly_json(self) -> dict[str, object]:
        return {}

    def to_json(self) -> str:
        return '{"data": []}'


def test_figures_are_pictures_or_json(trial: aimd.Trial) -> None:
    for step, figure in enumerate((Figure(), Axes(), Plotly())):
        trial.log_figure("f", figure, step)
    kinds = [item.record.stored.type for item in trial.media.items("f") if item.record.stored]
    assert kinds == ["image/png", "image/png", "application/vnd.plotly.v1+json"]
    assert json.loads(content_of(trial, trial.media.item("f"))) == {"data": []}


@pytest.mark.parametrize(
    ("call", "value", "options"),
    [
        ("log_image", None, {}),
        ("log_image", object(), {}),
        ("log_image", np.zeros((2, 2, 2, 2, 2)), {}),
        ("log_image", np.zeros((5, 6, 7)), {}),
        ("log_image", np.array([["a"]]), {}),
        ("log_image", PIXELS, {"caption": 3}),
        ("log_image", PIXELS, {"layout": "CHW"}),
        ("log_audio", [0.1, 0.2], {}),
        ("log_audio", np.zeros((100, 100)), {}),
        ("log_audio", np.zeros(9), {"sample_rate": "fast"}),
        ("log_video", np.zeros((2, 2)), {}),
        ("log_figure", 3, {}),
        ("log_text", b"x", {}),
        ("log_table", "text", {}),
        ("log_table", 3, {}),
        ("log_table", {"a": [1], "b": [1, 2]}, {}),
        ("log_table", [[1], [1, 2]], {}),
        ("log_table", ["ab", "cd"], {}),
        ("log_table", [{"a": 1}, [2]], {}),
        ("log_table", [{1, 2}], {}),
        ("log_table", {"a": "text"}, {}),
        ("log_table", np.zeros(3), {}),
        ("log_histogram", ["a"], {}),
        ("log_histogram", "abc", {}),
        ("log_histogram", None, {}),
        ("log_html", 3, {}),
        ("log_object3d", np.zeros((5, 4)), {}),
    ],
)
def test_a_wrong_type_raises_and_records_nothing(
    trial: aimd.Trial, call: str, value: object, options: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        getattr(trial, call)("k", value, 1, **options)
    assert not (trial.path / "media").exists()


@pytest.mark.parametrize(
    ("value", "options", "told"),
    [
        ({"a": [1], "b": [1, 2]}, {}, "column 'b' of this table has 2 values, and 'a' has 1"),
        ([[1, 2], [1]], {}, "row 1 of this table has 1 values, and it has 2 columns"),
        ([[1, 2]], {"columns": ["a"]}, "row 0 of this table has 2 values, and it has 1 columns"),
        ("text", {}, "str is not a table: a data frame, a mapping of columns, or a list of rows"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(
    trial: aimd.Trial, value: object, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(TypeError, match=told):
        trial.log_table("k", value, 1, **options)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "\u202e", "x" * (MAX_KEY_BYTES + 1)])
def test_a_key_that_cannot_be_one_raises(trial: aimd.Trial, key: str) -> None:
    with pytest.raises(ValueError, match="cannot be a key"):
        trial.log_text(key, "x", 1)
    with pytest.raises(TypeError):
        trial.log_text(3, "x", 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        trial.log_text("k", "x", "1")  # type: ignore[arg-type]


def huge_png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + crc


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("log_image", np.broadcast_to(np.uint8(0), (100_000, 100_000))),
        ("log_image", huge_png(100_000, 100_000)),
        ("log_image", [PIXELS] * 1001),
        ("log_image", np.broadcast_to(np.uint8(0), (5000, 9, 9))[:, None].repeat(3, 1)),
        ("log_image", b"no picture"),
        ("log_image", b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR" + bytes(17)),
        ("log_image", b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI" + huge_png(9, 9)[8:]),
        ("log_image", huge_png(0, 9)),
        ("log_image", "missing.png"),
        ("log_image", "/"),
        ("log_image", "/dev/zero"),
        ("log_video", np.broadcast_to(np.uint8(0), (1000, 10_000, 10_000, 3))),
        ("log_video", b"no video"),
        ("log_audio", b"no sound"),
        ("log_audio", np.broadcast_to(np.float32(0), (10**12,))),
        ("log_text", "x" * (17 << 20)),
        ("log_table", np.broadcast_to(np.uint8(0), (10_000, 1_000))),
        ("log_table", [[0] * 2000] * 1000),
        ("log_html", Path("missing.html")),
        ("log_object3d", b"no object"),
        ("log_image", []),
        ("log_image", np.zeros((0, 5))),
        ("log_image", np.zeros((0, 5, 5, 3))),
        ("log_image", np.zeros((2, 5, 0, 3))),
        ("log_audio", np.zeros(0)),
        ("log_audio", np.zeros((2, 0))),
        ("log_audio", np.zeros((0, 2))),
        ("log_video", np.zeros((0, 5, 5, 3))),
    ],
)
def test_what_is_too_large_or_not_there_is_said_and_counted(
    trial: aimd.Trial, call: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in range(3):
        getattr(trial, call)("k", value, step)
    trial.log_text("k", "x", 4)
    told = capsys.readouterr().err
    assert told.count("WARNING: nothing recorded at 'k': ") == 1
    assert trial.receipt.endswith(", media 4, on disk 1")
    assert [item.record.step for item in trial.media.items()] == [4]


class Unprintable:
    """What a table may have in a cell."""

    def __str__(self) -> str:
        raise RuntimeError

    def item(self) -> int:
        raise RuntimeError


def test_no_cell_of_a_table_breaks_training(trial: aimd.Trial) -> None:
    cells = [10**5000, Unprintable(), object, float("nan"), b"\xff", "\ud800", [1], {"a": 1}, np.arange(3), None]
    for value in ([cells], {str(number): [cell] for number, cell in enumerate(cells)}):
        trial.log_table("k", value, 1)
    trial.log_table("k", np.array([["a", 1], ["b", Unprintable()]], dtype=object), 1)
    trial.log_table("k", np.array([["a", "b"]]), 1)
    tables = [parse_table(trial.media.read(item.record.stored)) for item in trial.media.items() if item.record.stored]
    assert [table and table.rows[0][:2] for table in tables[:2]] == [["<int>", "<Unprintable>"]] * 2
    assert [table and table.rows for table in tables[2:]] == [[["a", 1], ["b", "<Unprintable>"]], [["a", "b"]]]


def test_an_index_with_the_name_of_a_column_is_a_column_too(trial: aimd.Trial) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "index": ["x", "y"]})
    several = pandas.MultiIndex.from_tuples([(1, "p"), (2, "q")], names=["a", None])
    for index in (pandas.Index([3, 4], name="a"), pandas.Index([3, 4]), several):
        trial.log_table("k", frame.set_axis(index), 1)
    tables = [parse_table(trial.media.read(item.record.stored)) for item in trial.media.items() if item.record.stored]
    names = [table and table.columns for table in tables]
    assert names == [["a", "a", "index"], ["level_0", "a", "index"], ["a", "level_1", "a", "index"]]
    assert [table and table.rows[1] for table in tables] == [[4, 2, "y"], [4, 2, "y"], [2, "q", 2, "y"]]


@pytest.mark.parametrize("rate", [np.int64(8000), np.float32(8000), 8000.0])
def test_a_rate_may_be_a_number_of_any_type(trial: aimd.Trial, rate: Any) -> None:
    trial.log_audio("k", np.zeros(4), 1, sample_rate=rate)
    assert trial.media.item("k").record.facts["sample_rate"] == 8000


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), 10**400, 1 << 31])
def test_a_rate_that_cannot_be_one_raises(trial: aimd.Trial, rate: float) -> None:
    with pytest.raises(ValueError, match="must be above 0 and below"):
        trial.log_audio("k", np.zeros(4), 1, sample_rate=rate)  # type: ignore[arg-type]


def test_copies_and_workers_record_into_the_same_trial(trial: aimd.Trial) -> None:
    trial.log_image("k", PIXELS, 0)
    others = [copy.deepcopy(trial), pickle.loads(pickle.dumps(trial))]
    for step, other in enumerate(others, start=1):
        other.log_image("k", PIXELS + np.uint8(step), step)
    child = os.fork()
    if not child:
        trial.log_image("k", PIXELS + np.uint8(9), 3)
        os._exit(0)
    os.waitpid(child, 0)
    trial.log_image("k", PIXELS + np.uint8(8), 4)
    items = list(trial.media.items("k"))
    assert [item.record.step for item in items] == [0, 1, 2, 3, 4]
    assert len({content_of(trial, item) for item in items}) == 5
    assert trial.receipt.endswith("media 2, on disk 2")


def test_a_rank_that_records_nothing_takes_every_call(monkeypatch: pytest.MonkeyPatch, work: Path) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    silent = aimd.create_trial(trial_name="cnn")
    silent.log_image("k", PIXELS, 1)
    silent.log_table("k", object(), 1)
    (work / "cnn" / "media").mkdir(parents=True)  # which has nothing to do with the trial
    assert silent.media.keys() == []
    assert not (work / ".aimd").exists()


def test_an_ended_trial_refuses_media_and_the_first_call_sets_it_running(trial: aimd.Trial) -> None:
    assert trial.status == "Initializing"
    trial.log_text("k", "x", 1)
    assert trial.status == "Running"
    trial.finish()
    with pytest.raises(TrialStateError):
        trial.log_text("k", "x", 2)


def test_what_is_recorded_again_after_a_resumption_supersedes_what_was(trial: aimd.Trial) -> None:
    for step in range(6):
        trial.log_text("k", f"first {step}", step)
        trial.log("train", {"loss": 1.0}, step)
    trial.finish()
    again = aimd.load_trial(trial.path, from_step=3)
    again.log_text("k", "second 3", 3)
    again.finish()
    texts = [item.record.text for item in again.media.items("k")]
    assert texts == ["first 0", "first 1", "first 2", "second 3"]
    every = LocalMedia(trial.path, all_segments=True)
    assert [(item.record.text, item.number) for item in every.items("k", 3, 3)] == [("first 3", 0), ("second 3", 1)]
    fork = aimd.fork_trial(again, 2, trial_name="fork")
    assert [item.record.text for item in fork.media.items("k")] == ["first 0", "first 1"]
    fork.finish()


def test_a_collection_keeps_what_media_refer_to_and_removes_the_rest(trial: aimd.Trial, work: Path) -> None:
    other = aimd.create_trial(trial_name="other", capture_output=False, capture_git=False)
    for step in range(20):
        trial.log_image("k", PIXELS + np.uint8(step), step)
        other.log_image("k", PIXELS + np.uint8(100 + step), step)
    large = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    trial.log_image("large", large, 0)
    other.log_image("large", large + np.uint8(1), 0)
    other.finish()
    trial.finish()
    assert collect(work, grace_s=-1).objects == 0
    held = {holder.name: holder.files for holder in usage(work).holders}
    assert held[trial.path.name] > 21
    for path in sorted(other.path.iterdir()):
        path.unlink()
    other.path.rmdir()
    assert len(usage(work).unused) == 21
    assert collect(work, dry_run=True, grace_s=-1).objects == 21
    assert collect(work, grace_s=-1).objects == 21
    assert usage(work).unused == []
    for item in trial.media.items():
        content_of(trial, item)
    assert verify_trial(StoredTrial(trial.path)).faults == []


def test_a_recorder_whose_pack_was_collected_records_the_bytes_again(trial: aimd.Trial, work: Path) -> None:
    store = store_of(trial.path)
    store.add_bytes(b"small")
    store.close()  # so that the recorder does not hold the pack that has them
    other = store_of(trial.path)
    other.add_bytes(b"small")
    other.add_bytes(b"else")
    other.close()
    assert collect(work, grace_s=-1).objects == 2
    other.add_bytes(b"small")
    assert store_of(trial.path).read(store.add_bytes(b"small").digest) == b"small"


def test_media_that_cannot_be_read_stop_a_collection(trial: aimd.Trial, work: Path) -> None:
    trial.log_image("k", PIXELS, 0)
    trial.finish()
    (trial.path / "media").rename(work / "moved")
    (trial.path / "media").symlink_to(work / "moved")
    from aimd_core.errors import DamagedError

    with pytest.raises(DamagedError):
        collect(work, grace_s=-1)


def test_missing_and_changed_bytes_are_named(trial: aimd.Trial) -> None:
    large = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    trial.log_image("a", large, 0)
    trial.log_image("b", large + np.uint8(1), 0)
    trial.log_image("c", PIXELS, 0)
    trial.finish()
    store = store_of(trial.path)
    first, second, third = (item.record.stored for item in trial.media.items())
    assert first
    assert second
    assert third
    store.path_of(first.digest).unlink()
    os.chmod(store.path_of(second.digest), 0o644)
    with open(store.path_of(second.digest), "r+b") as opened:
        opened.write(b"x")
    with open(trial.path / "media", "ab") as journal:
        journal.write(json.dumps({"key": "d", "step": 0, "kind": "image", "digest": third.digest, "size": 1}).encode())
        journal.write(b"\n{half")
    from aimd_core.errors import DamagedError

    for stored, reason in ((first, "is missing"), (second, "digest")):
        with pytest.raises(DamagedError, match=reason):
            trial.media.read(stored)
    with pytest.raises(DamagedError, match="its record says 1"):
        trial.media.read(trial.media.item("d").record.stored)  # type: ignore[arg-type]
    with pytest.raises(DamagedError, match="the limit is 3"):
        trial.media.read(third, most_bytes=3)
    faults = " ".join(verify_trial(StoredTrial(trial.path)).faults)
    assert faults.count(first.digest) == faults.count(second.digest) == 1
    assert "the last line is half-written (5 bytes)" in faults


def test_moving_a_trial_takes_its_media_along(trial: aimd.Trial, work: Path) -> None:
    from aimd_core.renaming import move_trial

    trial.log_image("k", PIXELS, 0)
    trial.log_image("k", np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8), 1)
    trial.finish()
    moved = move_trial(StoredTrial(trial.path), work / "elsewhere", make=True)
    media = LocalMedia(moved)
    assert all(len(media.read(item.record.stored)) > 60 for item in media.items() if item.record.stored)
    assert verify_trial(StoredTrial(moved)).faults == []


def test_recording_numbers_loads_nothing_of_media(work: Path) -> None:
    done = run_script(
        "import sys; from t9k import aimd\n"
        "t = aimd.create_trial(trial_name='a'); t.log('train', {'loss': 1}, 1); t.finish()\n"
        "print([name for name in sys.modules if 'media' in name and 'media_calls' not in name])",
        work,
    )
    assert done.stdout.strip() == "[]"


KILLED = """
import os, sys
from t9k import aimd
trial = aimd.create_trial(trial_name="killed", capture_output=False, capture_git=False)
step = 0
while True:
    content = os.urandom(300 if step % 3 else 9000)
    trial.log_html("k", content, step)
    os.write(1, b"%d\\n" % step)
    step += 1
"""


@pytest.mark.parametrize("count", [1, 40, 300])
def test_a_killed_process_loses_nothing_that_a_call_returned_from(count: int, work: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED], cwd=work, env=script_environment(work), stdout=-1)
    assert process.stdout is not None
    for _ in range(count):
        line = process.stdout.readline()
    process.kill()
    with process:
        told = [line, *process.stdout.readlines()]
    last = int([line for line in told if line.endswith(b"\n")][-1])
    (path,) = (work / ".aimd" / "trials").iterdir()
    media = LocalMedia(path)
    steps = media.steps("k")
    assert steps[: last + 1] == list(range(last + 1))
    for item in media.items():
        assert item.record.stored is not None
        media.read(item.record.stored)
