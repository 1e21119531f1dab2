"""Sounds, videos, and objects in space. Arrays become WAV, animated PNG and PLY without any library."""

from __future__ import annotations

import os
import struct

from aimd_core.format.headers import picture_in, sound_type, video_type
from aimd_core.format.media import AUDIO, MAX_AT_ONCE, MAX_MEDIA_BYTES, MAX_PIXELS, OBJECT3D, VIDEO
from aimd_core.language import said
from t9k.aimd.media.encoded import (
    FRAMES,
    Encoded,
    UnusableMediaError,
    array_of,
    content_of,
    empty,
    is_file_or_bytes,
    module_of,
    shape_of,
    too_large,
    unusable,
)
from t9k.aimd.media.pictures import as_bytes, chunk, header_chunk, layout_of, packed_rows

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_PLY_FORM = "binary_little_endian 1.0"
_MOST_CHANNELS = 64
_SOUND = "a sound: an array of samples, or of samples x channels, a path or bytes"
_VIDEO = "a video: an array of frames x height x width x channels, a path or bytes"
_OBJECT = "points: an array of n x 3, or of n x 6 with colours, a path or bytes"
_OBJECTS = {
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".obj": "model/obj",
    ".ply": "model/ply",
    ".stl": "model/stl",
}


def audio(value: Any, sample_rate: int) -> list[Encoded]:
    """Return a sound; an array becomes a WAV file of 16 bits.

    Args:
        value: Samples, numbers from -1 to 1 or 16-bit ones; or a file or its bytes.
        sample_rate: Samples per second of an array.

    Raises:
        TypeError: It is not a sound.
        UnusableMediaError: It is too large or empty, or not a file that browsers play.
        OSError: The file cannot be read.
    """
    if is_file_or_bytes(value):
        content = content_of(value)
        kind = sound_type(content)
        if kind is None:
            raise UnusableMediaError(said("it is not a sound that browsers play, such as WAV, MP3, Ogg or FLAC"))
        return [Encoded(AUDIO, content, kind)]
    shape = shape_of(value)
    if len(shape) not in (1, 2) or (len(shape) == 2 and min(shape) > _MOST_CHANNELS):
        raise unusable(_SOUND, value)
    if 0 in shape:
        raise empty()
    samples = array_of(value, _SOUND, MAX_MEDIA_BYTES // 4)
    samples = samples[:, None] if samples.ndim == 1 else samples.T if shape[0] < shape[1] else samples
    facts = {
        "sample_rate": sample_rate,
        "channels": samples.shape[1],
        "duration_s": samples.shape[0] / sample_rate,
    }
    return [Encoded(AUDIO, encode_wav(samples, sample_rate), "audio/wav", facts)]


def encode_wav(samples: Any, sample_rate: int) -> bytes:
    """Return samples x channels as a WAV file of 16 bits; what is beyond -1 to 1 is clipped."""
    import numpy

    if samples.dtype.kind == "f":
        samples = numpy.round(numpy.clip(numpy.nan_to_num(samples), -1, 1) * 32767)
    data = numpy.clip(samples, -32768, 32767).astype("<i2").tobytes()
    channels = samples.shape[1]
    form = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * channels * 2, channels * 2, 16)
    size = struct.pack("<I", len(data))
    return b"".join([b"RIFF", struct.pack("<I", 36 + len(data)), b"WAVEfmt \x10\0\0\0", form, b"data", size, data])


def video(value: Any, frames_per_s: float, layout: str | None) -> list[Encoded]:
    """Return a video; an array becomes an animated PNG.

    Args:
        value: Frames, each as a picture; or a file or its bytes.
        frames_per_s: How many frames of an array are shown in a second.
        layout: Of each frame, as for pictures.

    Raises:
        TypeError: It is not a video.
        UnusableMediaError: It is too large or empty, or not a file that browsers play.
        OSError: The file cannot be read.
    """
    if is_file_or_bytes(value):
        content = content_of(value)
        kind = video_type(content)
        if kind is None:
            raise UnusableMediaError(said("it is not a video that browsers play, such as MP4, WebM or GIF"))
        picture = picture_in(content)
        return [Encoded(VIDEO, content, kind, picture.facts if picture else {})]
    shape = shape_of(value)
    if len(shape) not in (3, 4):
        raise unusable(_VIDEO, value)
    if 0 in shape:
        raise empty()
    if shape[0] > MAX_AT_ONCE:
        raise too_large(shape[0], MAX_AT_ONCE, FRAMES)
    layout = layout or layout_of(shape[1:], module_of(value) == "torch")
    array = array_of(value, _VIDEO, 4 * MAX_PIXELS)
    if len(layout) != array.ndim - 1:
        raise unusable(_VIDEO, value)
    frames = array[..., None] if layout == "HW" else array.transpose(0, 2, 3, 1) if layout == "CHW" else array
    if frames.shape[3] not in (1, 3, 4):
        raise unusable(_VIDEO, value)
    _, height, width, channels = frames.shape
    facts = {"frames": shape[0], "width": width, "height": height, "channels": channels, "frames_per_s": frames_per_s}
    return [Encoded(VIDEO, _encode_apng(as_bytes(frames), frames_per_s), "image/apng", facts)]


def _encode_apng(frames: Any, frames_per_s: float) -> bytes:
    """Return frames as an animated PNG, which browsers show like any picture."""
    delay_ms = min(65_535, max(1, round(1000 / frames_per_s)))
    count, height, width, _ = frames.shape
    pieces = [b"\x89PNG\r\n\x1a\n", header_chunk(frames[0]), chunk(b"acTL", struct.pack(">II", count, 0))]
    number = 0
    for at in range(count):
        control = struct.pack(">IIIIIHHBB", number, width, height, 0, 0, delay_ms, 1000, 0, 0)
        pieces.append(chunk(b"fcTL", control))
        rows = packed_rows(frames[at])
        pieces.append(chunk(b"fdAT", struct.pack(">I", number + 1) + rows) if at else chunk(b"IDAT", rows))
        number += 2 if at else 1
    return b"".join([*pieces, chunk(b"IEND", b"")])


def object3d(value: Any, suffix: str | None) -> list[Encoded]:
    """Return an object in space: a file, or points, which become a PLY file.

    Raises:
        TypeError: It is neither.
        UnusableMediaError: It is too large, or not a file that is recognised.
        OSError: The file cannot be read.
    """
    if is_file_or_bytes(value):
        content = content_of(value)
        name = suffix or (os.fspath(value) if isinstance(value, (str, os.PathLike)) else "")
        kind = _object_type(content, str(name))
        if kind is None:
            raise UnusableMediaError(said("it is not a glTF, GLB, OBJ, PLY or STL file"))
        return [Encoded(OBJECT3D, content, kind)]
    shape = shape_of(value)
    if len(shape) != 2 or shape[1] not in (3, 6):
        raise unusable(_OBJECT, value)
    points = array_of(value, _OBJECT, MAX_MEDIA_BYTES // 16)
    return [Encoded(OBJECT3D, encode_ply(points), "model/ply", {"points": shape[0]})]


def _object_type(content: bytes, name: str) -> str | None:
    if content[:4] == b"glTF":
        return _OBJECTS[".glb"]
    if content[:4] in (b"ply\n", b"ply\r"):
        return _OBJECTS[".ply"]
    return _OBJECTS.get(os.path.splitext(f"x.{name.rpartition('.')[2]}".lower())[1])


def encode_ply(points: Any) -> bytes:
    """Return points, n x 3, or n x 6 with colours from 0 to 255, as a binary PLY file."""
    import numpy

    fields = [(name, "<f4") for name in "xyz"]
    head = ["ply", f"format {_PLY_FORM}", f"element vertex {len(points)}"]
    head += [f"property float {name}" for name in "xyz"]
    if points.shape[1] == 6:
        fields += [(name, "u1") for name in ("red", "green", "blue")]
        head += [f"property uchar {name}" for name in ("red", "green", "blue")]
    rows = numpy.empty(len(points), fields)
    with numpy.errstate(over="ignore"):  # beyond the largest float of 32 bits is infinity
        for number, (name, _) in enumerate(fields):
            column = points[:, number]
            rows[name] = column if number < 3 else numpy.clip(numpy.nan_to_num(column), 0, 255)
    return "\n".join([*head, "end_header", ""]).encode() + rows.tobytes()
