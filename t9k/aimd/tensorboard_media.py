"""Records the pictures, sounds, histograms and the rest that a TensorBoard writer is given, as media of a trial.

Each function of `MEDIA` takes a recorder, then what the writer's method takes. What a trial's `log_image` and its like
do with them is in `t9k.aimd.media`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from t9k.aimd.media.encoded import Encoded
    from t9k.aimd.scalar_recorder import ScalarRecorder

GRAPH_FILE = "graph.txt"
_TINY = 1e-7  # what TensorBoard divides by instead of 0


def image(
    recorder: ScalarRecorder,
    tag: str,
    img_tensor: Any,
    global_step: int | None = None,
    walltime: float | None = None,
    dataformats: str = "CHW",
    **_: Any,
) -> list[Encoded]:
    """Record a picture."""
    from t9k.aimd.media.pictures import images

    step = recorder.step_of(f"image/{tag}", global_step)
    return recorder.media(tag, step, images, *_arranged(img_tensor, dataformats, "HWC"))


def pictures(
    recorder: ScalarRecorder,
    tag: str,
    img_tensor: Any,
    global_step: int | None = None,
    walltime: float | None = None,
    dataformats: str = "NCHW",
    **_: Any,
) -> list[Encoded]:
    """Record several pictures, as a gallery."""
    from t9k.aimd.media.pictures import images

    step = recorder.step_of(f"image/{tag}", global_step)
    return recorder.media(tag, step, images, *_arranged(img_tensor, dataformats, "NHWC"))


def image_with_boxes(
    recorder: ScalarRecorder,
    tag: str,
    img_tensor: Any,
    box_tensor: Any,
    global_step: int | None = None,
    walltime: float | None = None,
    rescale: float = 1,
    dataformats: str = "CHW",
    labels: Sequence[str] | None = None,
    **_: Any,
) -> list[Encoded]:
    """Record a picture with boxes drawn into it."""
    from t9k.aimd.media.encoded import array_of
    from t9k.aimd.media.pictures import images, pixels_of

    pixels = pixels_of(*_arranged(img_tensor, dataformats, "HWC")).copy()
    for left, top, right, bottom in array_of(box_tensor, "boxes", 1_000_000).reshape(-1, 4).astype(int).tolist():
        pixels[top : bottom + 1, [left, min(right, pixels.shape[1] - 1)]] = pixels.max()
        pixels[[top, min(bottom, pixels.shape[0] - 1)], left : right + 1] = pixels.max()
    return recorder.media(tag, recorder.step_of(f"image/{tag}", global_step), images, pixels, "HWC")


def figure(
    recorder: ScalarRecorder,
    tag: str,
    figure: Any,
    global_step: int | None = None,
    close: bool = True,
    walltime: float | None = None,
) -> list[Encoded]:
    """Record a figure of matplotlib, or each of a list, and close it unless `close` is False."""
    from t9k.aimd.media.figures import figure as encode

    figures = figure if isinstance(figure, list) else [figure]
    step = recorder.step_of(f"image/{tag}", global_step)
    try:
        return recorder.media(tag, step, lambda: [item for each in figures for item in encode(each)])
    finally:
        pyplot = sys.modules.get("matplotlib.pyplot")
        if close and pyplot is not None:
            for each in figures:
                pyplot.close(each)


def video(
    recorder: ScalarRecorder,
    tag: str,
    vid_tensor: Any,
    global_step: int | None = None,
    fps: float = 4,
    walltime: float | None = None,
    dataformats: str = "NTCHW",
    **_: Any,
) -> list[Encoded]:
    """Record videos, each of a batch."""
    from t9k.aimd.media.moving import video as encode

    batch, layout = _arranged(vid_tensor, dataformats, "NTHWC")
    step = recorder.step_of(f"video/{tag}", global_step)
    return recorder.media(tag, step, lambda: [item for each in batch for item in encode(each, float(fps), layout)])


def audio(
    recorder: ScalarRecorder,
    tag: str,
    snd_tensor: Any,
    global_step: int | None = None,
    sample_rate: int = 44_100,
    walltime: float | None = None,
    **_: Any,
) -> list[Encoded]:
    """Record a sound."""
    from t9k.aimd.media.moving import audio as encode

    step = recorder.step_of(f"audio/{tag}", global_step)
    return recorder.media(tag, step, encode, snd_tensor, int(sample_rate))


def histogram(
    recorder: ScalarRecorder,
    tag: str,
    values: Any,
    global_step: int | None = None,
    bins: Any = None,
    walltime: float | None = None,
    max_bins: int | None = None,
) -> list[Encoded]:
    """Record how numbers are distributed, in at most 64 intervals."""
    from aimd_core.format.media import MAX_BINS
    from t9k.aimd.media.plain import histogram as encode

    return recorder.media(tag, recorder.step_of(f"histogram/{tag}", global_step), encode, values, MAX_BINS)


def raw_histogram(
    recorder: ScalarRecorder,
    tag: str,
    min: float,
    max: float,
    num: float,
    sum: float,
    sum_squares: float,
    bucket_limits: Sequence[float],
    bucket_counts: Sequence[float],
    global_step: int | None = None,
    walltime: float | None = None,
) -> list[Encoded]:
    """Record a histogram whose intervals are given by their upper edges."""
    from aimd_core.format.media import MAX_BINS
    from t9k.aimd.media.plain import histogram as encode

    limits = [float(limit) for limit in bucket_limits]
    lowest = float(min) if limits and float(min) <= limits[0] else limits[0] if limits else 0.0
    binned = [float(count) for count in bucket_counts], [lowest, *limits]
    return recorder.media(tag, recorder.step_of(f"histogram/{tag}", global_step), encode, binned, MAX_BINS)


def pr_curve(
    recorder: ScalarRecorder,
    tag: str,
    labels: Any,
    predictions: Any,
    global_step: int | None = None,
    num_thresholds: int = 127,
    weights: Any = None,
    walltime: float | None = None,
) -> list[Encoded]:
    """Record precision and recall by threshold, as a table."""
    import numpy

    from t9k.aimd.media.encoded import array_of

    truth = array_of(labels, "labels", 1 << 28).ravel().astype(float)
    scores = array_of(predictions, "predictions", 1 << 28).ravel().astype(float)
    weight = numpy.ones_like(truth) if weights is None else array_of(weights, "weights", 1 << 28).ravel().astype(float)
    count = min(int(num_thresholds), 127)  # as TensorBoard
    bucket = numpy.floor(numpy.clip(scores, 0, 1) * (count - 1)).astype(int)
    hits = numpy.bincount(bucket, truth * weight, count)[::-1].cumsum()[::-1]
    alarms = numpy.bincount(bucket, (1 - truth) * weight, count)[::-1].cumsum()[::-1]
    parts = hits, alarms, alarms[0] - alarms, hits[0] - hits
    precision, recall = hits / numpy.maximum(_TINY, hits + alarms), hits / numpy.maximum(_TINY, hits[0])
    return raw_pr_curve(recorder, tag, *parts, precision, recall, global_step, count)


def raw_pr_curve(
    recorder: ScalarRecorder,
    tag: str,
    true_positive_counts: Any,
    false_positive_counts: Any,
    true_negative_counts: Any,
    false_negative_counts: Any,
    precision: Any,
    recall: Any,
    global_step: int | None = None,
    num_thresholds: int = 127,
    weights: Any = None,
    walltime: float | None = None,
) -> list[Encoded]:
    """Record precision and recall by threshold, as a table."""
    from t9k.aimd.media.plain import table as encode

    steps = max(len(precision) - 1, 1)
    columns = {
        "threshold": [number / steps for number in range(len(precision))],
        "precision": precision,
        "recall": recall,
        "true_positives": true_positive_counts,
        "false_positives": false_positive_counts,
        "true_negatives": true_negative_counts,
        "false_negatives": false_negative_counts,
    }
    return recorder.media(tag, recorder.step_of(f"pr/{tag}", global_step), encode, columns, None)


def _plain(value: Any) -> Any:
    """Return an array or a tensor as Python has it, and everything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def embedding(
    recorder: ScalarRecorder,
    mat: Any,
    metadata: Sequence[Any] | None = None,
    label_img: Any = None,
    global_step: int | None = None,
    tag: str = "default",
    metadata_header: Sequence[str] | None = None,
    **_: Any,
) -> list[Encoded]:
    """Record vectors and what is known of each as a table, and their pictures as a gallery."""
    from t9k.aimd.media.encoded import array_of
    from t9k.aimd.media.pictures import images
    from t9k.aimd.media.plain import table as encode

    vectors = array_of(mat, "vectors", 1 << 28).tolist()
    labels = [] if metadata is None else list(_plain(metadata))
    about = [[_plain(fact) for fact in (row if isinstance(row, (list, tuple)) else [row])] for row in labels]
    about = about or [[] for _ in vectors]
    header = [] if metadata_header is None else list(metadata_header)
    names = header or (["label"] if labels else [])
    columns = [*names, *(str(number) for number in range(len(vectors[0]) if vectors else 0))]
    rows = [[*facts, *vector] for facts, vector in zip(about, vectors, strict=True)]
    step = recorder.step_of(f"embedding/{tag}", global_step)
    if label_img is not None:
        recorder.media(f"{tag}/images", step, images, *_arranged(label_img, "NCHW", "NHWC"))
    return recorder.media(tag, step, encode, rows, columns)


def graph(
    recorder: ScalarRecorder,
    model: Any,
    input_to_model: Any = None,
    verbose: bool = False,
    use_strict_trace: bool = True,
    **_: Any,
) -> list[Encoded]:
    """Record a model as the text that it prints, which is also a file of the trial."""
    from t9k.aimd.media.plain import text as encode

    printed = str(model)
    recorder.file(GRAPH_FILE, printed)
    return recorder.media("graph", recorder.step_of("graph", None), encode, printed, False)


def mesh(
    recorder: ScalarRecorder,
    tag: str,
    vertices: Any,
    colors: Any = None,
    faces: Any = None,
    config_dict: Any = None,
    global_step: int | None = None,
    walltime: float | None = None,
) -> list[Encoded]:
    """Record objects in space, each of a batch: points with colours, or faces without."""
    step = recorder.step_of(f"mesh/{tag}", global_step)
    return recorder.media(tag, step, _objects, vertices, colors, faces)


def _objects(vertices: Any, colors: Any, faces: Any) -> list[Encoded]:
    import numpy

    from t9k.aimd.media.encoded import array_of
    from t9k.aimd.media.moving import object3d

    points = array_of(vertices, "points", 1 << 28)
    objects = []
    for number, corners in enumerate(points):
        if faces is not None:
            sides = array_of(faces, "faces", 1 << 28)[number] + 1
            lines = [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in corners]
            lines += [f"f {' '.join(map(str, side))}" for side in sides.astype(int).tolist()]
            objects += object3d("\n".join([*lines, ""]).encode(), ".obj")
        elif colors is not None:
            objects += object3d(numpy.hstack([corners, array_of(colors, "colours", 1 << 28)[number]]), None)
        else:
            objects += object3d(corners, None)
    return objects


def _arranged(value: Any, form: str, target: str) -> tuple[Any, str]:
    """Return an array with its dimensions in another order, and the layout of a picture in it.

    Args:
        value: An array or a tensor; what is not one is returned as it is.
        form: A letter for each of its dimensions, such as `CHW`.
        target: The letters in the order that is needed; `C` is left out if it has none.
    """
    from aimd_core.format.media import MAX_MEDIA_BYTES
    from t9k.aimd.media.encoded import array_of, shape_of

    form = form.upper()
    if "C" not in form:
        target = target.replace("C", "")
    layout = target[-3:] if "C" in form else "HW"
    if len(shape_of(value)) != len(form) or sorted(form) != sorted(target):
        return value, layout
    array = array_of(value, "a picture", MAX_MEDIA_BYTES)
    return array.transpose([form.index(letter) for letter in target]), layout


MEDIA: dict[str, Callable[..., list[Encoded]]] = {
    "add_audio": audio,
    "add_embedding": embedding,
    "add_figure": figure,
    "add_graph": graph,
    "add_histogram": histogram,
    "add_histogram_raw": raw_histogram,
    "add_image": image,
    "add_image_with_boxes": image_with_boxes,
    "add_images": pictures,
    "add_mesh": mesh,
    "add_pr_curve": pr_curve,
    "add_pr_curve_raw": raw_pr_curve,
    "add_video": video,
}
