"""Records of TensorBoard event files: TFRecord framing around `tensorflow.Event` messages.

Source: event.proto, summary.proto and tensor.proto of TensorFlow, the hparams plugin's protos, the TFRecord format in
TensorFlow's guide, and CRC-32C of RFC 3720, appendix B.4. TensorBoard's classic scalars have 32 bits.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise

from aimd_core.format.messages import double, message, single, text, whole

FILE_MARK = "events.out.tfevents."  # in the name of every event file
_HPARAMS = "_hparams_/"
_DOUBLE, _STRING = 2, 7  # DataType
_SCALARS = text(1, "scalars")
TRIAL_PLUGIN = "aimd"  # no plugin of TensorBoard, which keeps such a value and shows nothing of it
_SESSION_START = 1


def _crc_table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc32c(content: bytes) -> int:
    """Return the CRC-32C of bytes."""
    table, crc = _CRC_TABLE, 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked_crc32c(content: bytes) -> int:
    """Return the CRC-32C of bytes as TFRecord files store it, turned and shifted."""
    crc = crc32c(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def event_record(event: bytes) -> bytes:
    """Return an event as it is in a file, between its length and its checksums."""
    head = struct.pack("<Q", len(event))
    return head + struct.pack("<I", masked_crc32c(head)) + event + struct.pack("<I", masked_crc32c(event))


def version_event(time_s: float) -> bytes:
    """Return the event that a file begins with."""
    return double(1, time_s) + text(3, "brain.Event:2")


def restart_event(time_s: float, step: int) -> bytes:
    """Return the event that makes TensorBoard hide what earlier files have from a step on."""
    return double(1, time_s) + whole(2, step) + message(7, whole(1, _SESSION_START))


def summary_event(time_s: float, step: int, value: bytes) -> bytes:
    """Return the event of a value."""
    return double(1, time_s) + whole(2, step) + message(5, message(1, value))


def scalar_value(tag: str, number: float, is_wide: bool = False) -> bytes:
    """Return a scalar of 32 bits, or a tensor of 64, which TensorBoard shows the same way."""
    if not is_wide:
        return text(1, tag) + single(2, number)
    tensor = whole(1, _DOUBLE) + message(2) + message(6, struct.pack("<d", number))
    return text(1, tag) + message(9, message(1, _SCALARS)) + message(8, tensor)


def fits_single(number: float) -> bool:
    """Tell whether a float of 32 bits holds a number exactly."""
    try:
        (narrow,) = struct.unpack("<f", struct.pack("<f", number))
    except OverflowError:
        return False
    return bool(narrow == number or number != number)


def image_value(tag: str, content: bytes, width: int, height: int) -> bytes:
    """Return a picture, which is the content of a file, such as a PNG."""
    return text(1, tag) + message(4, whole(1, height), whole(2, width), whole(3, 3), message(4, content))


def audio_value(tag: str, content: bytes, facts: Mapping[str, float], kind: str) -> bytes:
    """Return a sound: a file's content and MIME type, with its `sample_rate`, `channels` and `duration_s`."""
    rate, channels = facts.get("sample_rate", 0), int(facts.get("channels", 1))
    frames = round(rate * facts.get("duration_s", 0))
    return text(1, tag) + message(
        6, single(1, rate), whole(2, channels), whole(3, frames), message(4, content), text(5, kind)
    )


def histogram_value(tag: str, edges: Sequence[float], counts: Sequence[int]) -> bytes:
    """Return a histogram of which only the intervals count: sums are those of the middles of its intervals."""
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    total = sum(count * middle for count, middle in zip(counts, middles, strict=True))
    squares = sum(count * middle * middle for count, middle in zip(counts, middles, strict=True))
    head = (
        double(1, edges[0]),
        double(2, edges[-1]),
        double(3, float(sum(counts))),
        double(4, total),
        double(5, squares),
    )
    limits, numbers = struct.pack(f"<{len(counts)}d", *edges[1:]), struct.pack(f"<{len(counts)}d", *counts)
    return text(1, tag) + message(5, *head, message(6, limits), message(7, numbers))


def text_value(tag: str, content: str) -> bytes:
    """Return a text as TensorBoard's text plugin reads it: a string, in one dimension."""
    tensor = whole(1, _STRING) + message(2, message(2, whole(1, 1))) + text(8, content)
    return text(1, f"{tag}/text_summary") + message(9, message(1, text(1, "text"))) + message(8, tensor)


def media_value(tag: str, kind: str, form: str, facts: Mapping[str, float], content: bytes) -> bytes | None:
    """Return the value of a picture or a sound, or None for what TensorBoard does not show.

    Args:
        tag: Its name.
        kind: One of `aimd_core.format.media.KINDS`.
        form: The MIME type of its content.
        facts: What is known of it.
        content: Its bytes.
    """
    if kind in ("image", "figure") and form.startswith("image/"):
        return image_value(tag, content, int(facts.get("width", 0)), int(facts.get("height", 0)))
    return audio_value(tag, content, facts, form) if kind == "audio" else None


def session_start_value(params: Mapping[str, object], started_s: float) -> bytes:
    """Return what the hparams plugin reads hyperparameters from."""
    entries = (message(1, text(1, name), message(2, _hparam(value))) for name, value in params.items())
    return _plugin("session_start_info", message(3, *entries, double(5, started_s)))


def session_end_value(status: int | None, ended_s: float) -> bytes:
    """Return how the hparams plugin says that a session ended; `status` is 1 for success, 2 for failure."""
    return _plugin("session_end_info", message(4, whole(1, status) if status else b"", double(2, ended_s)))


def trial_value(facts: Mapping[str, object]) -> bytes:
    """Return what TensorBoard has no place for, as JSON that `aimd trial import` reads.

    Args:
        facts: `name`, `folder`, `tags`, `note` and `params` of a trial, as plain data.
    """
    content = message(2, json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace"))
    return text(1, f"{TRIAL_PLUGIN}/trial") + message(9, message(1, text(1, TRIAL_PLUGIN), content))


def _plugin(tag: str, content: bytes) -> bytes:
    return text(1, _HPARAMS + tag) + message(9, message(1, text(1, "hparams"), message(2, content)))


def _hparam(value: object) -> bytes:
    """Return a `google.protobuf.Value`; the plugin shows numbers, truth values and text."""
    if isinstance(value, bool):
        return whole(4, int(value))
    if isinstance(value, (int, float)):
        return double(2, float(value))
    return text(3, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
