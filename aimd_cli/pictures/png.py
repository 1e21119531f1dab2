"""Reads PNG by the standard library: 1 to 16 bits, grey, colour and palette, with or without opacity, not interlaced.

What a file may cost is known before it is spent: its size is in its head, and its data are unpacked up to that size.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import NamedTuple

from aimd_cli.pictures.pixels import Pixels
from aimd_core.errors import PictureError
from aimd_core.language import said

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 1 << 21  # a few seconds of the slowest filter
_GREY, _COLOUR, _PALETTE, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 3, 4, 6
_CHANNELS = {_GREY: 1, _COLOUR: 3, _PALETTE: 1, _GREY_ALPHA: 2, _COLOUR_ALPHA: 4}
_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16),
    _COLOUR: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _COLOUR_ALPHA: (8, 16),
}


class Header(NamedTuple):
    """The head of a PNG file.

    Attributes:
        width: In pixels.
        height: In pixels.
        depth: Bits of a sample.
        colour: The colour type.
        is_interlaced: Whether the rows come in seven passes.
    """

    width: int
    height: int
    depth: int
    colour: int
    is_interlaced: bool

    @property
    def channels(self) -> int:
        """How many samples a pixel has."""
        return _CHANNELS[self.colour]

    @property
    def line_bytes(self) -> int:
        """How many bytes a row has, without its filter."""
        return (self.width * self.channels * self.depth + 7) // 8


def header_of(content: bytes) -> Header:
    """Return the head of a file.

    Raises:
        PictureError: It is not one.
    """
    if not content.startswith(SIGNATURE) or content[12:16] != b"IHDR" or len(content) < 33:
        raise PictureError(reason="it is not a PNG file")
    width, height, depth, colour, packing, filtering, interlacing = struct.unpack(">IIBBBBB", content[16:29])
    is_usual = depth in _DEPTHS.get(colour, ()) and not packing and not filtering and interlacing < 2
    if not (is_usual and 0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise PictureError(reason="its data are damaged")
    return Header(width, height, depth, colour, interlacing == 1)


def check(content: bytes) -> None:
    """Look at every sum of a file, without unpacking it.

    Raises:
        PictureError: One is wrong, or the end is missing.
    """
    for _ in _chunks(content):
        pass


def pixels_of(content: bytes) -> Pixels:
    """Return the pixels of a file.

    Raises:
        PictureError: It is damaged, interlaced, or larger than `MOST_PIXELS`.
    """
    header = header_of(content)
    if header.width * header.height > MOST_PIXELS:
        raise PictureError(
            reason=said(
                "{width:,} x {height:,} pixels are more than {most:,}",
                width=header.width,
                height=header.height,
                most=MOST_PIXELS,
            )
        )
    if header.is_interlaced:
        raise PictureError(reason="it is interlaced")
    parts: dict[bytes, bytes] = {}
    packed: list[bytes] = []
    for kind, data in _chunks(content):
        if kind == b"IDAT":
            packed.append(data)
        else:
            parts[kind] = data
    lines = _unfiltered(_unpacked(b"".join(packed), header), header)
    return Pixels(header.width, header.height, _rgba(lines, header, parts))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        if zlib.crc32(kind + data).to_bytes(4, "big") != content[at + 8 + size : at + 12 + size]:
            break
        if kind == b"IEND":
            return
        yield kind, data
        at += 12 + size
    raise PictureError(reason="its data are damaged")


def _unpacked(packed: bytes, header: Header) -> bytes:
    """Return the filtered rows, however much more the data would unpack to."""
    size = (header.line_bytes + 1) * header.height
    try:
        data = zlib.decompressobj().decompress(packed, size)
    except zlib.error:
        data = b""
    if len(data) != size:
        raise PictureError(reason="its data are damaged")
    return data


def _unfiltered(data: bytes, header: Header) -> list[bytes]:
    line_bytes, step = header.line_bytes, max(1, header.channels * header.depth // 8)
    above = bytes(line_bytes)
    lines = []
    for start in range(0, len(data), line_bytes + 1):
        kind, line = data[start], data[start + 1 : start + 1 + line_bytes]
        if kind >= len(_FILTERS):
            raise PictureError(reason="its data are damaged")
        above = _FILTERS[kind](line, above, step)
        lines.append(above)
    return lines


def _as_it_is(line: bytes, _above: bytes, _step: int) -> bytes:
    return line


def _sub(line: bytes, _above: bytes, step: int) -> bytes:
    made = bytearray(len(line))
    for channel in range(step):
        made[channel::step] = bytes(total & 255 for total in accumulate(line[channel::step]))
    return bytes(made)


def _up(line: bytes, above: bytes, _step: int) -> bytes:
    """Add two rows byte by byte, all at once as two long numbers."""
    a, b = int.from_bytes(line, "little"), int.from_bytes(above, "little")
    low, high = (int.from_bytes(byte * len(line), "little") for byte in (b"\x7f", b"\x80"))
    return (((a & low) + (b & low)) ^ ((a ^ b) & high)).to_bytes(len(line), "little")


def _average(line: bytes, above: bytes, step: int) -> bytes:
    made = bytearray(step) + line
    for at, up in enumerate(above, start=step):
        made[at] = (made[at] + ((made[at - step] + up) >> 1)) & 255
    return bytes(made[step:])


def _paeth(line: bytes, above: bytes, step: int) -> bytes:
    made = bytearray(step) + line
    for at, (up, corner) in enumerate(zip(above, bytes(step) + above, strict=False), start=step):
        left = made[at - step]
        by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        nearest = left if by_left <= by_up and by_left <= by_corner else up if by_up <= by_corner else corner
        made[at] = (made[at] + nearest) & 255
    return bytes(made[step:])


_FILTERS: tuple[Callable[[bytes, bytes, int], bytes], ...] = (_as_it_is, _sub, _up, _average, _paeth)


def _rgba(lines: list[bytes], header: Header, parts: dict[bytes, bytes]) -> bytes:
    """Return rows of samples as red, green, blue and opacity."""
    samples = b"".join(_bytes_of(line, header) for line in lines)
    made = bytearray(header.width * header.height * 4)
    made[3::4] = b"\xff" * (header.width * header.height)
    if header.colour == _PALETTE:
        for channel, table in enumerate(_tables(parts)):
            made[channel::4] = samples.translate(table)
        return bytes(made)
    step = header.channels
    for channel in range(3):
        made[channel::4] = samples[(channel if step > 2 else 0) :: step]
    if header.colour in (_GREY_ALPHA, _COLOUR_ALPHA):
        made[3::4] = samples[step - 1 :: step]
    return bytes(made)


def _bytes_of(line: bytes, header: Header) -> bytes:
    """Return a row with a byte for each sample: a place in the palette, or from 0 to 255."""
    depth = header.depth
    if depth == 8:
        return line
    if depth == 16:
        return line[::2]
    most = (1 << depth) - 1
    scale = 1 if header.colour == _PALETTE else 255 // most
    apart = [bytes((byte >> shift & most) * scale for shift in range(8 - depth, -1, -depth)) for byte in range(256)]
    return b"".join(map(apart.__getitem__, line))[: header.width]


def _tables(parts: dict[bytes, bytes]) -> list[bytes]:
    """Return what each place in the palette is, channel by channel."""
    palette = parts.get(b"PLTE", b"")[:768].ljust(768, b"\0")
    opacity = parts.get(b"tRNS", b"")[:256].ljust(256, b"\xff")
    return [palette[0::3], palette[1::3], palette[2::3], opacity]
