"""Writes a picture as a terminal takes it: kitty's graphics protocol, or sixel. Pure.

Both are written at the cursor, whose position afterwards depends on the terminal: save it before, restore it after.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64encode

from aimd_cli.pictures.pixels import Pixels
from aimd_cli.pictures.reading import Raster

_PIECE = 4096  # characters of a message of kitty's protocol
_MOST_COLOURS = 256
_LEVELS = 6  # of red, green and blue each, if a picture has more colours than a terminal
_CUBE = [
    (red * 51, green * 51, blue * 51) for red in range(_LEVELS) for green in range(_LEVELS) for blue in range(_LEVELS)
]
_BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))  # Bayer's thresholds, in sixteenths
_RUN = re.compile(rb"(.)\1{3,}", re.DOTALL)
_HALF = 128  # of opacity: below, a pixel is not drawn


_ONES = [bytes(byte == colour for byte in range(256)) for colour in range(256)]


def kitty(picture: Raster, columns: int, rows: int, size: tuple[int, int]) -> str:
    """Return the messages that show a picture on cells of a terminal with kitty's protocol.

    Args:
        picture: The picture. A PNG file is sent as it is.
        columns: How many cells it covers.
        rows: In how many lines.
        size: How many pixels that is, at most as many as are sent.
    """
    head = f"a=T,q=2,C=1,c={columns},r={rows}"
    if picture.content:
        data, form = picture.content, "f=100"
    else:
        pixels = picture.pixels
        if pixels.width > size[0] and pixels.height > size[1]:
            pixels = pixels.scaled(*size)
        data, form = zlib.compress(pixels.rgba), f"f=32,o=z,s={pixels.width},v={pixels.height}"
    text = b64encode(data).decode("ascii")
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    heads = [f"{head},{form},", *[""] * (len(pieces) - 1)]
    return "".join(
        f"\x1b_G{first}m={int(number < len(pieces))};{piece}\x1b\\"
        for number, (first, piece) in enumerate(zip(heads, pieces, strict=True), start=1)
    )


def sixel(pixels: Pixels) -> str:
    """Return the sixels of a picture, in its own colours if they are few, else in 216 of a cube, dithered."""
    colours, places, is_drawn = _reduced(pixels)
    out = [f'\x1bP0;1;0q"1;1;{pixels.width};{pixels.height}'.encode()]
    out += [
        b"#%d;2;%d;%d;%d" % (number, *(round(level * 100 / 255) for level in colour))
        for number, colour in enumerate(colours)
    ]
    for top in range(0, pixels.height, 6):
        out.append(_band(places, is_drawn, pixels.width, range(top, min(top + 6, pixels.height))))
    return (b"".join(out) + b"\x1b\\").decode("ascii")


def _reduced(pixels: Pixels) -> tuple[list[tuple[int, int, int]], bytes, bytes]:
    """Return colours, the number of the colour of each pixel, and 1 for each pixel that is drawn."""
    is_drawn = pixels.rgba[3::4].translate(bytes(int(opacity >= _HALF) for opacity in range(256)))
    words = memoryview(pixels.rgba).cast("I")
    distinct = set(words)
    if len(distinct) <= _MOST_COLOURS:
        numbers = {word: number for number, word in enumerate(sorted(distinct))}
        return [_red_green_blue(word) for word in numbers], bytes(map(numbers.__getitem__, words)), is_drawn
    return _CUBE, _dithered(pixels), is_drawn


def _red_green_blue(word: int) -> tuple[int, int, int]:
    cell = memoryview(bytearray(4)).cast("I")
    cell[0] = word
    red, green, blue, _ = cell.tobytes()
    return red, green, blue


def _dithered(pixels: Pixels) -> bytes:
    """Return the place in the cube of each pixel, with Bayer's ordered dithering, all pixels of a threshold at once."""
    made = bytearray(pixels.width * pixels.height)
    tables = [_table(threshold, weight) for weight in (36, 6, 1) for threshold in range(16)]
    for y in range(pixels.height):
        line = pixels.rgba[y * pixels.width * 4 : (y + 1) * pixels.width * 4]
        for x, threshold in enumerate(_BAYER[y % 4]):
            channels = [line[4 * x + c :: 16].translate(tables[16 * c + threshold]) for c in range(3)]
            total = sum(int.from_bytes(channel, "little") for channel in channels)  # at most 215 for a byte
            count = len(channels[0])
            made[y * pixels.width + x : (y + 1) * pixels.width : 4] = total.to_bytes(count, "little")
    return bytes(made)


def _table(threshold: int, weight: int) -> bytes:
    most = _LEVELS - 1
    return bytes(min(most, (level * most * 16 + threshold * 255 + 127) // (255 * 16)) * weight for level in range(256))


def _band(places: bytes, is_drawn: bytes, width: int, rows: range) -> bytes:
    """Return six rows, colour by colour."""
    lines = [places[row * width : (row + 1) * width] for row in rows]
    masks = [int.from_bytes(is_drawn[row * width : (row + 1) * width], "little") for row in rows]
    offset = int.from_bytes(b"?" * width, "little")
    passes = []
    for colour in sorted(set().union(*lines)):
        total = 0
        for bit, (line, mask) in enumerate(zip(lines, masks, strict=True)):
            if colour in line:
                total |= (int.from_bytes(line.translate(_ONES[colour]), "little") & mask) << bit
        if total:
            signs = (total + offset).to_bytes(width, "little").rstrip(b"?")
            passes.append(b"#%d%b" % (colour, _RUN.sub(_repeated, signs)))
    return b"$".join(passes) + b"-"


def _repeated(run: re.Match[bytes]) -> bytes:
    return b"!%d%b" % (len(run[0]), run[1])
