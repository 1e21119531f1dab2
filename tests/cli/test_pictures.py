"""Pictures in the terminal: reading them, asking the terminal, and each way to draw them."""

from __future__ import annotations

import io
import os
import random
import struct
import sys
import zlib
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from aimd_cli.pictures import png
from aimd_cli.pictures.drawing import BLOCKS, KITTY, OFF, SIXEL, Ability, Drawing
from aimd_cli.pictures.pixels import Pixels, fitted
from aimd_cli.pictures.protocols import sixel
from aimd_cli.pictures.reading import drawn_picture, picture_of
from aimd_core.errors import PictureError
from tests.support import terminals
from tests.support.home import Home

ASK = "import sys; from aimd_cli.pictures import ability; ability.DEADLINE_S = {deadline_s}; {then}"
PRINT = "print('\\n' + repr(tuple(ability.ask(sys.argv[1], True, True))[:3]))"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(width: int, height: int, data: bytes, depth: int = 8, colour: int = 6, interlaced: int = 0) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    return png.SIGNATURE + head + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def noise(width: int, height: int, seed: int = 1) -> Pixels:
    return Pixels(width, height, random.Random(seed).randbytes(width * height * 4))


def rendered(renderable: RenderableType, **how: object) -> str:
    file = io.StringIO()
    settings: dict[str, object] = {"force_terminal": True, "color_system": "truecolor", "width": 80, **how}
    Console(file=file, **settings).print(renderable)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (33, 20)])
def test_png_files_of_each_kind_are_read_as_pillow_reads_them(mode: str, size: tuple[int, int]) -> None:
    image_module = pytest.importorskip("PIL.Image")
    pixels = noise(*size)
    image = image_module.frombytes("RGBA", size, pixels.rgba)
    image = (
        image.convert("L").convert("I").point(lambda v: v * 257).convert(mode)
        if mode == "I;16"
        else image.convert(mode)
    )
    file = io.BytesIO()
    image.save(file, "PNG")
    expected = image_module.frombytes("RGBA", size, pixels.rgba).convert("L") if mode == "I;16" else image
    assert png.pixels_of(file.getvalue()).rgba == expected.convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", range(5))
def test_each_filter_is_undone_as_pillow_does_it(kind: int) -> None:
    image_module = pytest.importorskip("PIL.Image")
    rows = b"".join(bytes([kind]) + noise(9, 1, row).rgba for row in range(7))
    content = png_file(9, 7, rows)
    assert png.pixels_of(content).rgba == image_module.open(io.BytesIO(content)).convert("RGBA").tobytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "format"),
        (b"\x89PNG\r\n\x1a\n", "not a PNG"),
        (png_file(100_000, 100_000, b""), "100,000 x 100,000 pixels"),
        (png_file(0, 5, b""), "damaged"),
        (png_file(1, 1, b"\0" * 5)[:-6], "damaged"),
        (png_file(1, 1, b"\0" * 5).replace(b"IDAT", b"IDAX"), "damaged"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused_before_it_costs(content: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        picture_of(content)


@pytest.mark.parametrize(
    "content",
    [
        png_file(2, 2, b"\0" * 17),  # a byte short
        png_file(2, 2, b"\x05" + b"\0" * 17),  # no such filter
        png_file(2, 2, b"\0" * 18, interlaced=1),
        png_file(1, 1, b"").replace(zlib.compress(b""), b"x" * 8),
        png_file(3000, 3000, b""),
    ],
)
def test_data_that_do_not_fit_their_head_are_refused(content: bytes) -> None:
    with pytest.raises(PictureError):
        png.pixels_of(content)


def test_a_bomb_is_not_unpacked_further_than_its_size() -> None:
    import tracemalloc

    content = png_file(4, 4, bytes(100_000_000))
    tracemalloc.start()
    assert len(png.pixels_of(content).rgba) == 64
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


def test_fine_lines_stay_when_a_picture_is_made_smaller() -> None:
    row = b"".join(bytes([value, value, value, 255]) for value in [0, 200] * 8)
    assert set(Pixels(16, 4, row * 4).scaled(4, 2).rgba[::4]) == {100}
    small = noise(5, 3)
    assert small.scaled(10, 6).scaled(5, 3).rgba == small.rgba
    assert {size: fitted(*size, 80, 48) for size in [(160, 48), (10, 480)]} == {(160, 48): (80, 24), (10, 480): (1, 48)}


def test_few_colours_are_drawn_as_sixels_exactly_and_many_nearly() -> None:
    levels = (0, 51, 102, 153, 204, 255)
    few = Pixels(13, 8, b"".join(bytes([levels[n % 6], levels[n % 5], 0, 255 * (n % 7 > 0)]) for n in range(104)))
    width, height, drawn = terminals.sixel_pixels(sixel(few))
    assert (width, height) == (13, 8)
    expected = b"".join(few.rgba[at : at + 4] if few.rgba[at + 3] else bytes(4) for at in range(0, 416, 4))
    assert drawn == expected
    many = Pixels(64, 64, bytes(byte for y in range(64) for x in range(64) for byte in (4 * x, 4 * y, 128, 255)))
    _, _, drawn = terminals.sixel_pixels(sixel(many))
    for corner in ((0, 0), (40, 8), (56, 56)):
        cells = [((corner[1] + y) * 64 + corner[0] + x) * 4 for y in range(8) for x in range(8)]
        for channel in range(3):
            means = [sum(data[at + channel] for at in cells) / 64 for data in (drawn, many.rgba)]
            assert abs(means[0] - means[1]) < 8


@pytest.mark.parametrize(
    ("answer", "setting", "expected"),
    [
        (terminals.KITTY, "auto", (KITTY, 10, 20)),
        (terminals.SIXEL, "auto", (SIXEL, 10, 20)),
        (terminals.PLAIN, "auto", (BLOCKS, 10, 20)),
        (b"\x1b[?4c", "auto", (BLOCKS, 10, 20)),  # a VT132, not an attribute
        (b"\x1b[6;0;0t\x1b[?62;4c", "auto", (SIXEL, 8, 16)),
        (b"", "auto", (BLOCKS, 10, 20)),
        (terminals.KITTY, "off", (OFF, 8, 16)),
        (terminals.KITTY, "blocks", (BLOCKS, 8, 16)),
        (terminals.PLAIN, "sixel", (SIXEL, 10, 20)),
    ],
)
def test_the_terminal_is_asked_and_believed(answer: bytes, setting: str, expected: tuple[str, int, int]) -> None:
    code = ASK.format(deadline_s=30 if answer else 0.01, then=PRINT)
    written = terminals.answered_by(answer, [sys.executable, "-c", code, setting])
    assert repr(expected).encode() in written
    asked = setting in ("auto", "kitty", "sixel")
    assert (terminals.ATTRIBUTES_QUERY in written) == (terminals.KITTY_QUERY in written) == asked


@pytest.mark.parametrize("environment", [{"TMUX": "/tmp/t,1,0"}, {"STY": "1.x"}, {"TERM": "tmux-256color"}])
def test_a_multiplexer_is_only_asked_what_it_answers_itself(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", ASK.format(deadline_s=30, then=PRINT), "auto"]
    written = terminals.answered_by(terminals.SIXEL, command, **environment)
    assert b"sixel" in written
    assert terminals.KITTY_QUERY not in written


def test_nothing_is_asked_while_there_is_unread_input_and_none_of_it_is_lost() -> None:
    code = ASK.format(deadline_s=30, then=PRINT + "; print('got', input())")
    written = terminals.answered_by(terminals.KITTY, [sys.executable, "-c", code, "auto"], typed=b"ls\n")
    assert b"blocks" in written
    assert b"got ls" in written
    assert terminals.ATTRIBUTES_QUERY not in written


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "linux"}])
def test_a_terminal_that_has_no_pictures_is_not_asked(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", ASK.format(deadline_s=30, then=PRINT), "auto"]
    assert terminals.ATTRIBUTES_QUERY not in terminals.answered_by(terminals.KITTY, command, **environment)


def test_a_terminal_of_another_session_and_a_pipe_are_not_asked(home: Home) -> None:
    code = ASK.format(deadline_s=30, then=PRINT)
    from tests.support.home import in_terminal

    assert "blocks" in in_terminal([sys.executable, "-c", code, "auto"], 80, {})
    import subprocess

    piped = subprocess.run([sys.executable, "-c", code, "kitty"], capture_output=True, text=True, check=True)
    assert "off" in piped.stdout
    assert "\x1b" not in piped.stdout


def test_a_png_file_is_sent_to_kitty_as_it_is_and_pixels_as_pixels() -> None:
    ability = Ability(KITTY, 10, 20)
    content = png_file(40, 40, (b"\0" + bytes(160)) * 40)
    shown = rendered(Drawing(picture_of(content), ability, 80, 10))
    ((said, data),) = terminals.kitty_pictures(shown.encode())
    assert data == content
    assert (said["f"], said["c"], said["r"], said["C"], said["q"]) == ("100", "4", "2", "1", "2")
    large = noise(1000, 600)
    ((said, data),) = terminals.kitty_pictures(rendered(Drawing(drawn_picture(large), ability, 50, 40)).encode())
    assert (said["f"], said["s"], said["v"]) == ("32", "500", "300")
    assert len(zlib.decompress(data)) == 500 * 300 * 4


def test_a_picture_is_drawn_over_its_own_lines_and_the_cursor_comes_back() -> None:
    import pyte

    screen = pyte.Screen(40, 24)
    stream = pyte.Stream(screen)
    shown = rendered(Drawing(drawn_picture(noise(80, 40)), Ability(SIXEL, 10, 20), 40, 10), width=40)
    before, sixels = shown.split("\x1bP", 1)
    stream.feed(before.replace("\n", "\r\n"))
    assert (screen.cursor.y, screen.cursor.x) == (0, 0)
    stream.feed(sixels.split("\x1b\\", 1)[1].replace("\n", "\r\n") + "after")
    assert screen.display[2].startswith("after")


def test_half_blocks_show_each_pixel_in_its_colour() -> None:
    import pyte

    pixels = noise(6, 7)
    opaque = Pixels(6, 7, b"".join(pixels.rgba[at : at + 3] + b"\xff" for at in range(0, len(pixels.rgba), 4)))
    screen = pyte.Screen(40, 10)
    drawing = Drawing(drawn_picture(opaque), Ability(BLOCKS), 6, 4)
    assert (drawing.columns, drawing.rows) == (6, 4)
    pyte.Stream(screen).feed(rendered(drawing, width=40).replace("\n", "\r\n"))
    shown = opaque.scaled(6, 8).rgba
    for row in range(8):
        for column in range(6):
            cell = screen.buffer[row // 2][column]
            colour = (cell.fg if cell.data == "▀" else None) if row % 2 == 0 else cell.bg
            assert colour == shown[(row * 6 + column) * 4 :][:3].hex()


def test_without_colour_a_picture_is_shades_and_off_is_nothing() -> None:
    grey = Pixels(4, 2, b"".join(bytes([level] * 3 + [255]) for level in (0, 80, 170, 255)) * 2)
    picture = drawn_picture(grey)
    assert rendered(Drawing(picture, Ability(BLOCKS, color=False), 4, 1)).strip("\n") == " ░▒█"
    assert rendered(Drawing(picture, Ability(BLOCKS, glyphs=False), 4, 1)).isascii()
    assert rendered(Drawing(picture, Ability(OFF), 4, 1)).strip() == ""


def test_the_setting_is_shown_and_a_wrong_one_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.aimd("config", "set", "pictures", "Sixel").code == 0
    assert home.aimd("config", "get", "pictures").out == "sixel\n"
    assert home.aimd("config", "set", "pictures", "png").code == 2
    monkeypatch.setenv("AIMD_PICTURES", "off")
    rows = {row["key"]: row for row in home.aimd("config", "list", "--show-origin").table}
    assert (rows["pictures"]["value"], rows["pictures"]["origin"]) == ("off", "AIMD_PICTURES")


def test_formats_other_than_png_are_read_if_pillow_is_there(tmp_path: Path) -> None:
    image_module = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image_module.new("RGB", (3, 2), (10, 200, 30)).save(file, "BMP")
    assert picture_of(file.getvalue()).pixels.rgba == bytes([10, 200, 30, 255]) * 6
    with pytest.raises(PictureError, match="damaged"):
        picture_of(file.getvalue()[:60]).pixels  # noqa: B018  # reading it is what fails
    hidden = "import sys; sys.modules['PIL'] = None; from aimd_cli.pictures.reading import picture_of\n"
    hidden += "from aimd_core.errors import PictureError\n"
    hidden += "try: picture_of(b'GIF89a')\nexcept PictureError as error: print(error.advice)"
    import subprocess

    ran = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=True, env={**os.environ})
    assert ran.stdout == "To show other formats: pip install pillow\n"
