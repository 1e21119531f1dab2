"""The media pane of the live screen: pictures in half blocks, texts and histograms, with a slider of the steps."""

from __future__ import annotations

import shutil
import struct
import zlib
from pathlib import Path

from aimd_cli.screen.media_pane import MediaPane
from t9k import aimd
from tests.support.home import Home
from tests.support.live import Screen, on_screen

SIZE = (120, 40)


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def recorded(home: Home) -> Path:
    trial = aimd.create_trial(trial_name="seen", capture_system=False)
    file = home.work / "one.png"
    for step in (1, 5, 9):
        file.write_bytes(png(8, 8, (255, step, 0)))
        trial.log_image("val/samples", [file, file], step=step, caption=[f"sample {step}", "[bold]other[/]"])
    trial.log_text("notes", "first line\nsecond \x1b[31mline", step=3)
    trial.log_histogram("weights", [0.0, 0.1, 0.1, 0.9], step=3, bins=4)
    trial.finish()
    return Path(trial.path)


def test_pictures_have_a_slider_of_steps_and_captions_and_other_kinds_are_drawn_in_characters(home: Home) -> None:
    recorded(home)

    async def play(screen: Screen) -> None:
        pane = screen.app.top.query_one(MediaPane)
        await screen.press("4")
        await screen.sees("media of seen", "notes", "first line", "second line", "step 3")
        await screen.press("j")
        await screen.sees("val/samples", "step 9", "1 of 2", "sample 9", "▀")
        await screen.press("h")
        await screen.sees("step 5", "sample 5")
        await screen.press("n")
        await screen.sees("2 of 2", "[bold]other[/]")
        await screen.press("g")
        await screen.sees("step 1", "●")
        await screen.press("H", "L", "G")
        await screen.until(lambda: pane.request.step is None)
        await screen.press("j")
        await screen.sees("weights", "█", " 2")
        await screen.press("z")
        await screen.until(lambda: "NAME" not in screen.text)
        await screen.sees("weights")

    on_screen(home.work, play, SIZE)


def test_what_is_missing_or_was_never_recorded_is_said_in_its_place(home: Home) -> None:
    recorded(home)
    shutil.rmtree(home.work / ".aimd" / "objects")
    aimd.create_trial(trial_name="none", capture_system=False).finish()

    async def play(screen: Screen) -> None:
        await screen.press("4")
        await screen.sees("no pictures or texts were recorded")
        await screen.press("tab", "tab", "j")
        await screen.until(lambda: screen.app.top.board.cursor == 1)
        await screen.sees("first line")
        await screen.press("4", "j")
        await screen.sees("is missing")

    on_screen(home.work, play, SIZE)
