"""Recognises files by their first bytes: what they are, and how large a picture is, without decoding anything."""

from __future__ import annotations

import re
import struct

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable

_SVG = re.compile(
    rb"^(\xef\xbb\xbf)?\s*(<\?xml[^>]{0,200}\?>)?\s*(<!--.{0,2000}?-->\s*)*(<!DOCTYPE svg[^>]{0,400}>\s*)?<svg\b", re.S
)
_JPEG_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_LOOKED_AT_BYTES = 4096


class Picture:
    """The header of a picture: its MIME type, and its size in pixels, 0 if it has none."""

    __slots__ = ("height", "type", "width")

    def __init__(self, type: str, width: int = 0, height: int = 0) -> None:
        self.type, self.width, self.height = type, width, height

    @property
    def facts(self) -> dict[str, float]:
        """Width and height, if the header has them."""
        return {"width": self.width, "height": self.height} if self.width and self.height else {}


def picture_in(content: bytes) -> Picture | None:
    """Return the header of a picture, or None if it is not one that browsers show."""
    for begin, read in _PICTURES.items():
        if content.startswith(begin):
            try:
                return read(content)
            except (struct.error, IndexError):  # it ends in the header
                return None
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return Picture("image/avif")
    if _SVG.match(content[:_LOOKED_AT_BYTES]):
        return Picture("image/svg+xml")
    return None


def _png(content: bytes) -> Picture | None:
    width, height = struct.unpack_from(">II", content, 16)
    if content[8:16] != b"\0\0\0\rIHDR" or not width or not height:  # else its size would be what it likes
        return None
    animated = b"acTL" in content[:_LOOKED_AT_BYTES]
    return Picture("image/apng" if animated else "image/png", width, height)


def _gif(content: bytes) -> Picture:
    return Picture("image/gif", *struct.unpack_from("<HH", content, 6))


def _bmp(content: bytes) -> Picture:
    width, height = struct.unpack_from("<ii", content, 18)
    return Picture("image/bmp", abs(width), abs(height))


def _jpeg(content: bytes) -> Picture:
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack_from(">H", content, at + 2)[0]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return Picture("image/jpeg", width, height)
        at += 1 if marker == 0xFF else 2 + length
    return Picture("image/jpeg")


def _webp(content: bytes) -> Picture | None:
    if content[8:12] != b"WEBP":
        return None
    form = content[12:16]
    if form == b"VP8X":
        width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
        return Picture("image/webp", width, height)
    if form == b"VP8L":
        bits = struct.unpack_from("<I", content, 21)[0]
        return Picture("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack_from("<HH", content, 26)
    return Picture("image/webp", width & 0x3FFF, height & 0x3FFF)


_PICTURES: dict[bytes, Callable[[bytes], Picture | None]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    b"RIFF": _webp,
    b"BM": _bmp,
}


def sound_type(content: bytes) -> str | None:
    """Return the MIME type of a sound, or None."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio/wav"
    if content[:3] == b"ID3" or (len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0):
        return "audio/mpeg"
    if content[4:11] in (b"ftypM4A", b"ftypM4B"):
        return "audio/mp4"
    if content[:4] == b"\x1aE\xdf\xa3":
        return "audio/webm"
    return {b"OggS": "audio/ogg", b"fLaC": "audio/flac"}.get(content[:4])


def video_type(content: bytes) -> str | None:
    """Return the MIME type of a video or an animated picture, or None."""
    if content[4:8] == b"ftyp":
        return "video/quicktime" if content[8:12] == b"qt  " else "video/mp4"
    if content[:4] == b"\x1aE\xdf\xa3":
        return "video/webm"
    if content[:4] == b"OggS":
        return "video/ogg"
    picture = picture_in(content)
    return picture.type if picture and picture.type in ("image/gif", "image/apng", "image/webp") else None
