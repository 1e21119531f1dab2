"""Pixels, and how they become fewer or more. Pure, and fast without other libraries: whole rows at a time."""

from __future__ import annotations

from operator import itemgetter

CHANNELS = 4


class Pixels:
    """A picture in memory.

    Attributes:
        width: How many pixels a row has.
        height: How many rows there are.
        rgba: The rows from the top, each pixel as red, green, blue and opacity.
    """

    __slots__ = ("height", "rgba", "width")

    def __init__(self, width: int, height: int, rgba: bytes) -> None:
        """Take `width * height * 4` bytes."""
        if width < 1 or height < 1 or len(rgba) != width * height * CHANNELS:
            raise ValueError(f"{len(rgba)} bytes are not {width} x {height} pixels")
        self.width, self.height, self.rgba = width, height, bytes(rgba)

    def scaled(self, width: int, height: int) -> Pixels:
        """Return the picture in another size: smaller by averages, so that fine lines stay, larger by repetition."""
        made = self
        while made.width >= 2 * width and made.width > 1:
            made = made._half_as_wide()
        while made.height >= 2 * height and made.height > 1:
            made = made._half_as_high()
        return made if (made.width, made.height) == (width, height) else made._nearest(width, height)

    def _half_as_wide(self) -> Pixels:
        pixels = memoryview(self.rgba).cast("I")
        width = self.width // 2
        if self.width % 2:
            pixels = memoryview(
                b"".join(pixels[row : row + 2 * width].tobytes() for row in range(0, len(pixels), self.width))
            ).cast("I")
        return Pixels(width, self.height, _mean(pixels[::2].tobytes(), pixels[1::2].tobytes()))

    def _half_as_high(self) -> Pixels:
        line, height = self.width * CHANNELS, self.height // 2
        rows = [self.rgba[start : start + line] for start in range(0, 2 * height * line, line)]
        return Pixels(self.width, height, _mean(b"".join(rows[::2]), b"".join(rows[1::2])))

    def _nearest(self, width: int, height: int) -> Pixels:
        line = self.width * CHANNELS
        columns = [column * self.width // width for column in range(width)]
        pick = itemgetter(*columns) if width > 1 else lambda row: (row[columns[0]],)
        rows: dict[int, bytes] = {}
        for source in sorted({row * self.height // height for row in range(height)}):
            pixels = memoryview(self.rgba)[source * line : (source + 1) * line].cast("I")
            picked = memoryview(bytearray(width * CHANNELS)).cast("I")
            for column, pixel in enumerate(pick(pixels)):
                picked[column] = pixel
            rows[source] = picked.tobytes()
        return Pixels(width, height, b"".join(rows[row * self.height // height] for row in range(height)))


def fitted(width: int, height: int, most_width: int, most_height: int) -> tuple[int, int]:
    """Return the largest size of the same shape within limits, and never less than a pixel."""
    if width * most_height >= height * most_width:
        return most_width, max(1, round(height * most_width / width))
    return max(1, round(width * most_height / height)), most_height


def _mean(some: bytes, others: bytes) -> bytes:
    """Return the mean of each two bytes, all at once as two long numbers."""
    a, b = int.from_bytes(some, "little"), int.from_bytes(others, "little")
    low = int.from_bytes(b"\xfe" * len(some), "little")
    return ((a & b) + (((a ^ b) & low) >> 1)).to_bytes(len(some), "little")
