"""What W&B shows besides numbers is media of the trial, under the same keys and at the same steps."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import t9k.aimd.wandb as wandb
from aimd_core.format.tables import parse_table
from aimd_core.reading.media import LocalMedia
from t9k.aimd.media.pictures import encode_png
from tests.sdk.integrations.recorded import recorded_trial

PIXELS = np.zeros((4, 5, 3), np.uint8)


@pytest.fixture(autouse=True)
def nothing_open(work: Path) -> Iterator[None]:
    yield
    wandb.finish()


def shown(work: Path, **values: Any) -> LocalMedia:
    run = wandb.init(name="t")
    run.log(values, step=7)
    run.finish()
    return LocalMedia(recorded_trial(work).path)


def table_of(media: LocalMedia, key: str) -> Any:
    (item,) = media.items(key)
    assert item.record.stored is not None
    return parse_table(media.read(item.record.stored))


class Drawn:
    """A figure, as far as a logger is concerned."""

    def savefig(self, file: io.BytesIO, format: str) -> None:
        file.write(encode_png(PIXELS))


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (wandb.Image(PIXELS, caption="cat"), ["image"]),
        (wandb.Image(wandb.Image(PIXELS / 255)), ["image"]),
        ([wandb.Image(PIXELS), wandb.Image(PIXELS)], ["image", "image"]),
        (wandb.Image(Drawn()), ["figure"]),
        (Drawn(), ["figure"]),
        (wandb.Audio(np.zeros(10), sample_rate=8000, caption="silence"), ["audio"]),
        (wandb.Video(np.zeros((3, 3, 4, 5), np.uint8), fps=2), ["video"]),
        (wandb.Video(np.zeros((2, 3, 3, 4, 5), np.uint8)), ["video", "video"]),
        (wandb.Html("<b>bold</b>"), ["html"]),
        (wandb.Html(io.StringIO("<b>bold</b>")), ["html"]),
        (wandb.Histogram([1.0, 2.0, 2.0]), ["histogram"]),
        (wandb.Histogram(np_histogram=np.histogram(np.arange(9.0))), ["histogram"]),
        (np.arange(100.0), ["histogram"]),
        ("words", ["text"]),
        (wandb.Object3D(np.zeros((4, 3))), ["object3d"]),
        (wandb.Object3D({"type": "lidar/beta", "points": np.zeros((4, 4))}), ["object3d"]),
        (wandb.Table(columns=["a"], data=[[1], [2]]), ["table"]),
        (wandb.plot.line(wandb.Table(["x", "y"], [[1, 2]]), "x", "y", title="t"), ["table"]),
    ],
)
def test_what_log_shows_is_recorded_with_its_step(work: Path, value: Any, kinds: list[str]) -> None:
    media = shown(work, **{"val/samples": value, "loss": 0.5})
    assert [item.record.kind for item in media.items("val/samples")] == kinds
    assert media.steps("val/samples") == [7]
    caption = getattr(value, "caption", None)
    assert [item.record.caption for item in media.items()][:1] == [caption or ""]
    assert recorded_trial(work).series("train", "loss") == [0.5]


def test_pictures_in_a_table_are_a_gallery_of_their_column(work: Path) -> None:
    table = wandb.Table(columns=["id", "picture"])
    for number in range(2):
        table.add_data(number, wandb.Image(PIXELS, caption=f"picture {number}"))
    table.add_column("score", [0.5, 0.25])
    media = shown(work, predictions=table)
    rows = table_of(media, "predictions")
    assert rows.columns == ["id", "picture", "score"]
    assert rows.rows == [[0, "Image 0", 0.5], [1, "Image 1", 0.25]]
    assert [item.record.caption for item in media.items("predictions/picture")] == ["picture 0", "picture 1"]


def test_plots_are_the_tables_that_they_show(work: Path) -> None:
    matrix = wandb.plot.confusion_matrix(y_true=[0, 1, 1], preds=[0, 1, 0], class_names=np.array(["cat", "dog"]))
    lines = wandb.plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a", "b"], xname="epoch")
    curve = wandb.plot.pr_curve([0, 1], [[0.9, 0.1], [0.2, 0.8]], labels=["no", "yes"])
    media = shown(work, matrix=matrix, lines=lines, curve=curve)
    assert table_of(media, "matrix").rows == [
        ["cat", "cat", 1],
        ["cat", "dog", 0],
        ["dog", "cat", 1],
        ["dog", "dog", 1],
    ]
    assert table_of(media, "lines").rows == [[0, "a", 1], [1, "a", 2], [0, "b", 3], [1, "b", 4]]
    assert table_of(media, "curve").columns == ["actual", "no", "yes"]


def test_a_step_metric_counts_for_pictures_too(work: Path) -> None:
    run = wandb.init(name="t")
    run.define_metric("*", step_metric="epoch")
    run.log({"epoch": 3, "picture": wandb.Image(PIXELS)})
    run.finish()
    assert LocalMedia(recorded_trial(work).path).steps("picture") == [3]
