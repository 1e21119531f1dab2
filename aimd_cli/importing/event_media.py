"""Pictures, sounds, histograms, texts and PR curves in the values of TensorBoard event files.

Source: summary.proto, tensor.proto and histogram.proto of TensorFlow, and the plugins of TensorBoard, which keep the
same things as tensors.
"""

from __future__ import annotations

import math
import struct

from aimd_cli.importing.media import MediaList
from aimd_cli.importing.wire import double, fields, inner
from aimd_core.format.histograms import merged
from aimd_core.format.media import AUDIO, IMAGE, Histogram

_LARGEST = 1e300  # TensorBoard's outermost limits are the largest floats
_CURVE = ("true_positives", "false_positives", "true_negatives", "false_negatives", "precision", "recall")


def add_value(
    media: MediaList, kind: str, tag: str, step: int, time_s: float | None, content: bytes, is_tensor: bool
) -> bool:
    """Take a value, and return whether it is one that a trial can hold.

    Args:
        media: What takes it.
        kind: `image`, `audio`, `histogram`, `text` or `pr_curves`, or another word.
        tag: Its name.
        step: The step.
        time_s: When, in seconds since the epoch, or None.
        content: The message that it is.
        is_tensor: Whether that is a tensor, as plugins write it, rather than a message of its own.

    Raises:
        ValueError, struct.error: It is not what it should be.
    """
    if kind == "histogram":
        histogram = _histogram_in_tensor(content) if is_tensor else _histogram(content)
        return histogram is not None and media.add_histogram(tag, step, time_s, histogram)
    if kind == "pr_curves" and is_tensor:
        return _add_curve(media, tag, step, time_s, content)
    if kind == "text" and is_tensor:
        texts = [text.decode("utf-8", "replace") for text in _strings(content)]
        name = tag.removesuffix("/text_summary")  # which torch appends
        taken = [media.add_text(name, step, time_s, text, markdown=True) for text in texts]
        return bool(taken) and all(taken)
    if kind in (IMAGE, AUDIO):
        files = _strings(content) if is_tensor else [_encoded(content)]
        if is_tensor:  # width and height come before pictures; sounds alternate with their labels
            files = files[2:] if kind == IMAGE else files[::2]
        taken = [media.add_bytes(tag, step, time_s, kind, file) for file in files]
        return bool(taken) and all(taken)
    return False


def _encoded(message: bytes) -> bytes:
    """Return the file in an `Image` or an `Audio`."""
    return next((inner(value) for number, _, value in fields(message) if number == 4), b"")


def _strings(tensor: bytes) -> list[bytes]:
    return [inner(value) for number, _, value in fields(tensor) if number == 8]


def _histogram(message: bytes) -> Histogram | None:
    """Return the histogram of a `HistogramProto`, whose intervals are given by their upper limits."""
    low, high = 0.0, 0.0
    limits: list[float] = []
    counts: list[float] = []
    for number, kind, value in fields(message):
        if number == 1:
            low = double(value)
        elif number == 2:
            high = double(value)
        elif number in (6, 7):
            numbers = [double(value)] if kind == 1 else _doubles(inner(value))
            (limits if number == 6 else counts).extend(numbers)
    kept = [number for number, count in enumerate(counts) if count]
    if not kept or len(limits) != len(counts):
        return None
    first, last = kept[0], kept[-1]
    start = limits[first - 1] if first else low
    edges = [start if abs(start) < _LARGEST else low, *limits[first : last + 1]]
    edges[-1] = edges[-1] if abs(edges[-1]) < _LARGEST else high
    return _of(edges, counts[first : last + 1])


def _histogram_in_tensor(tensor: bytes) -> Histogram | None:
    """Return the histogram of a tensor: rows of left edge, right edge and count."""
    numbers = _numbers(tensor)
    rows = [numbers[at : at + 3] for at in range(0, len(numbers) - 2, 3)]
    return _of([*(row[0] for row in rows), rows[-1][1]], [row[2] for row in rows]) if rows else None


def _of(edges: list[float], counts: list[float]) -> Histogram | None:
    rising = [edges[0]]
    for edge in edges[1:]:
        rising.append(max(edge, rising[-1]))  # one value has an interval of no width
    try:
        return merged(rising, [round(count) for count in counts])
    except (ValueError, OverflowError):
        return None


def _add_curve(media: MediaList, tag: str, step: int, time_s: float | None, tensor: bytes) -> bool:
    numbers = _numbers(tensor)
    count = len(numbers) // len(_CURVE)
    if not count or len(numbers) != count * len(_CURVE):
        return False
    rows: list[list[object]] = [
        [at / max(count - 1, 1), *(numbers[at + count * row] for row in range(len(_CURVE)))] for at in range(count)
    ]
    return media.add_table(tag, step, time_s, ["threshold", *_CURVE], rows)


def _numbers(tensor: bytes) -> list[float]:
    """Return the floats of a tensor of 32 or 64 bits."""
    data_type, numbers = 0, []
    for number, _, value in fields(tensor):
        if number == 1 and isinstance(value, int):
            data_type = value
        elif number == 4:
            numbers += _doubles(inner(value)) if data_type == 2 else _singles(inner(value))
        elif number == 5:
            numbers += _singles(inner(value))
        elif number == 6:
            numbers += _doubles(inner(value))
    return [number if math.isfinite(number) else 0.0 for number in numbers]


def _doubles(content: bytes) -> list[float]:
    return [float(number) for (number,) in struct.iter_unpack("<d", content)]


def _singles(content: bytes) -> list[float]:
    return [float(number) for (number,) in struct.iter_unpack("<f", content)]
