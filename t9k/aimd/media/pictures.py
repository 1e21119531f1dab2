"""Pictures: arrays and tensors of pixels, PIL images, files and bytes. Arrays become PNG without any library.

Pixels are whole numbers from 0 to 255, or numbers from 0 to 1; 16-bit ones stay as they are. What is beyond is clipped.
"""

from __future__ import annotations

import struct
import zlib

from aimd_core.format.headers import picture_in
from aimd_core.format.media import IMAGE, MAX_AT_ONCE, MAX_PIXELS
from aimd_core.language import said, spoken
from t9k.aimd.media.encoded import (
    PICTURES,
    PIXELS,
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
from t9k.aimd.telling import tell_once

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

LAYOUTS = ("HW", "HWC", "CHW")
_COLORS = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by the number of channels
_LEVEL = 3
_WHAT = "a picture: an array of height x width, with 1, 3 or 4 channels first or last, a PIL image, a path or bytes"


def images(value: Any, layout: str | None) -> list[Encoded]:
    """Return the pictures that a value has: one, those of a list, or those of an array with four dimensions.

    Raises:
        TypeError: It is not a picture.
        ValueError: There is no such layout.
        UnusableMediaError: It is too large, or there is none.
        OSError: A file cannot be read.
    """
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(spoken("layout {layout!r} is not one of {layouts}", layout=layout, layouts=", ".join(LAYOUTS)))
    if isinstance(value, (list, tuple)):
        pictures = list(value)
    elif len(shape_of(value)) == 4:
        if shape_of(value)[0] > MAX_AT_ONCE:
            raise too_large(shape_of(value)[0], MAX_AT_ONCE, PICTURES)
        pictures = list(array_of(value, _WHAT, 4 * MAX_PIXELS))
        layout = layout or layout_of(shape_of(value)[1:], module_of(value) == "torch")
    else:
        return [image(value, layout)]
    if len(pictures) > MAX_AT_ONCE:
        raise too_large(len(pictures), MAX_AT_ONCE, PICTURES)
    if not pictures:
        raise empty()
    return [image(picture, layout) for picture in pictures]


def image(value: Any, layout: str | None = None) -> Encoded:
    """Return one picture; errors as `images`."""
    if is_file_or_bytes(value):
        return _file_image(value)
    if module_of(value) == "PIL":
        return _pil_image(value)
    pixels = pixels_of(value, layout)
    height, width, channels = pixels.shape
    facts = {"width": width, "height": height, "channels": channels}
    return Encoded(IMAGE, encode_png(pixels), "image/png", facts)


def _file_image(value: Any) -> Encoded:
    content = content_of(value)
    picture = picture_in(content)
    if picture is None:
        raise UnusableMediaError(said("it is not a picture that browsers show, such as PNG, JPEG, GIF, WebP or SVG"))
    if picture.width * picture.height > MAX_PIXELS:
        raise too_large(picture.width * picture.height, MAX_PIXELS, PIXELS)
    return Encoded(IMAGE, content, picture.type, picture.facts)


def _pil_image(value: Any) -> Encoded:
    from io import BytesIO

    width, height = value.size
    if width * height > MAX_PIXELS:
        raise too_large(width * height, MAX_PIXELS, PIXELS)
    if value.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"):
        value = value.convert("RGBA" if "A" in value.mode or "a" in value.mode else "RGB")
    file = BytesIO()
    value.save(file, "PNG", compress_level=_LEVEL)
    return Encoded(IMAGE, file.getvalue(), "image/png", {"width": width, "height": height})


def layout_of(shape: tuple[int, ...], is_torch: bool) -> str:
    """Return how the dimensions of a picture are ordered: channels are 1, 3 or 4, last, or for PyTorch first."""
    if len(shape) == 2:
        return "HW"
    last, first = shape[-1] in (1, 3, 4), shape[0] in (1, 3, 4)
    return "CHW" if first and (is_torch or not last) else "HWC"


def pixels_of(value: Any, layout: str | None = None) -> Any:
    """Return the pixels of an array as one of height x width x channels, of 8 or 16 bits.

    Raises:
        TypeError: It is not a picture.
        UnusableMediaError: It is too large, or has no pixels.
    """
    shape = shape_of(value)
    if len(shape) not in (2, 3):
        raise unusable(_WHAT, value)
    if 0 in shape:
        raise empty()
    layout = layout or layout_of(shape, module_of(value) == "torch")
    if len(shape) != len(layout):
        raise unusable(_WHAT, value)
    array = array_of(value, _WHAT, 4 * MAX_PIXELS)
    array = array[:, :, None] if layout == "HW" else array.transpose(1, 2, 0) if layout == "CHW" else array
    if array.shape[2] not in _COLORS:
        raise unusable(_WHAT, value)
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise too_large(array.shape[0] * array.shape[1], MAX_PIXELS, PIXELS)
    return as_bytes(array)


def as_bytes(array: Any) -> Any:
    """Return numbers of any type as whole ones of 8 bits, or of 16 if they are unsigned ones of 16."""
    import numpy

    kind, name = array.dtype.kind, array.dtype.name
    if name in ("uint8", "uint16"):
        return array
    if kind == "b":
        return array.astype(numpy.uint8) * numpy.uint8(255)
    if kind == "f":
        array = numpy.nan_to_num(array, nan=0.0, posinf=1.0, neginf=0.0)
        if array.size and array.max() > 1.5:
            tell_once("brightness", said("pixels that are not whole numbers are from 0 to 1; larger ones are clipped"))
        return (numpy.clip(array, 0, 1) * 255 + 0.5).astype(numpy.uint8)
    return numpy.clip(array, 0, 255).astype(numpy.uint8)


def encode_png(pixels: Any) -> bytes:
    """Return pixels of height x width x channels, of 8 or 16 bits, as a PNG file."""
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", header_chunk(pixels), chunk(b"IDAT", packed_rows(pixels)), chunk(b"IEND", b"")]
    )


def header_chunk(pixels: Any) -> bytes:
    """Return the first chunk of a PNG file."""
    height, width, channels = pixels.shape
    fields = (width, height, 8 * pixels.dtype.itemsize, _COLORS[channels], 0, 0, 0)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


def packed_rows(pixels: Any) -> bytes:
    """Return the compressed rows of a picture: each is stored as its difference to the one above."""
    import numpy

    height = pixels.shape[0]
    rows = numpy.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">")).reshape(height, -1).view(numpy.uint8)
    lines = numpy.empty((height, rows.shape[1] + 1), numpy.uint8)
    lines[:, 0] = 2
    lines[0, 1:] = rows[0]
    numpy.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    return zlib.compress(lines.data, _LEVEL)


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))
