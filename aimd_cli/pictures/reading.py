"""Reads a picture's file: PNG always, other formats if Pillow is installed."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cached_property

from aimd_cli.pictures import png
from aimd_cli.pictures.pixels import Pixels
from aimd_core.errors import PictureError
from aimd_core.language import said

MOST_PIXELS = 1 << 25  # of those that are passed on as they are, or that Pillow reads
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")


class Raster:
    """A picture whose size is known, and whose pixels are read when they are needed.

    Attributes:
        width: In pixels.
        height: In pixels.
        content: The bytes of the PNG file that it is, or none.
    """

    def __init__(self, width: int, height: int, read: Callable[[], Pixels], content: bytes = b"") -> None:
        self.width, self.height, self.content = width, height, content
        self._read = read

    @cached_property
    def pixels(self) -> Pixels:
        """Its pixels.

        Raises:
            PictureError: It is damaged, or has more than can be read.
        """
        return self._read()


def drawn_picture(pixels: Pixels) -> Raster:
    """Return pixels as a picture."""
    return Raster(pixels.width, pixels.height, lambda: pixels)


def picture_of(content: bytes) -> Raster:
    """Return the picture that a file holds.

    Raises:
        PictureError: It is damaged, too large, or in a format that cannot be read here.
    """
    if not content.startswith(png.SIGNATURE):
        return _by_pillow(content)
    header = png.header_of(content)
    _check_size(header.width, header.height)
    png.check(content)
    return Raster(header.width, header.height, lambda: _png_pixels(content), content)


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PictureError(
            reason=said(
                "{width:,} x {height:,} pixels are more than {most:,}", width=width, height=height, most=MOST_PIXELS
            )
        )


def _png_pixels(content: bytes) -> Pixels:
    """Read a PNG file by Pillow, which is faster, or without it."""
    try:
        import PIL.Image  # noqa: F401  # whether there is one
    except ImportError:
        return png.pixels_of(content)
    return _by_pillow(content).pixels


def _by_pillow(content: bytes) -> Raster:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise PictureError(reason="it is not a PNG file", hint="To show other formats: pip install pillow") from None
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        raise PictureError(reason=said("its format is not one of {formats}", formats=", ".join(_FORMATS))) from None
    _check_size(image.width, image.height)

    def read() -> Pixels:
        try:
            return Pixels(image.width, image.height, image.convert("RGBA").tobytes())
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            raise PictureError(reason="its data are damaged") from None

    return Raster(image.width, image.height, read)
