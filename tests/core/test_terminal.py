"""Lines as a terminal shows them, against an emulator (`pyte`) that is the judge."""

from __future__ import annotations

import json
import random
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pyte
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aimd_core.format import terminal
from aimd_core.format.terminal import ROWS, Terminal, shown_line

STREAMS = sorted((Path(__file__).parents[1] / "fixtures" / "terminal").glob("*.jsonl"))
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def emulated(text: str) -> list[str]:
    """Return the lines on the screen of an emulator, without the blank ones below."""
    screen = pyte.Screen(600, 120)
    # A terminal keeps one saved cursor, which can be restored again; the emulator has a stack, which it empties.
    pyte.Stream(screen).feed(text.replace("\n", "\r\n").replace("\x1b8", "\x1b8\x1b7"))
    lines = []
    for number in range(screen.lines):
        row = screen.buffer[number]
        cells = [row[column].data for column in range(max(row, default=-1) + 1)]
        cells.append("")
        line = ""
        for column, cell in enumerate(cells[:-1]):
            is_wide = unicodedata.east_asian_width(cell[:1] or " ") in "WF"
            if is_wide:
                line += cell if cells[column + 1] == "" else " "  # half a wide character is none
            elif cell:
                line += cell
            elif column == 0 or unicodedata.east_asian_width(cells[column - 1][:1] or " ") not in "WF":
                line += " "
        lines.append(line.rstrip())
    return without_blank_end(lines)


def without_blank_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines


def kept(pieces: list[str]) -> list[str]:
    screen = Terminal()
    lines = [line for piece in pieces for line in screen.take(piece)]
    return without_blank_end([expanded(line) for line in lines + screen.finish()])


def expanded(line: str) -> str:
    """Return a line with spaces for its tabs, where wide characters take two places."""
    shown, width = "", 0
    for character in line:
        room = 8 - width % 8 if character == "\t" else 1 + (unicodedata.east_asian_width(character) in "WF")
        shown += " " * room if character == "\t" else character
        width += room
    return shown


def is_in_order_in(few: list[str], many: list[str]) -> bool:
    rest = iter(many)
    return all(line in rest for line in few)


_WORDS = st.sampled_from(["a", "loss", "中", "训练", "█", "50%", " ", "xyz", "\t", "🚀", "é"])
_SEQUENCES = ("K", "0K", "1K", "2K", "C", "3C", "D", "2D", "G", "5G", "31m", "m", "?7h")
_OTHERS = ["\r", "\b", "\b\b\b", "\x1b]0;title\x07", "\x1b]8;;x\x1b\\", "\x07", "\x00", "\x1b(B"]
_MOVES = st.sampled_from([*(f"\x1b[{sequence}" for sequence in _SEQUENCES), *_OTHERS])
_ROWS = st.sampled_from(["\x1b7", "\x1b8", *(f"\x1b[{sequence}" for sequence in ("A", "2A", "B", "F", "2F", "E", "J"))])
_ENDS = st.sampled_from(["\n", "\r\n", "\n"])


def cut(text: str, seed: int) -> list[str]:
    """Cut a text into pieces at random places, also within sequences."""
    source = random.Random(seed)
    places = sorted(source.randrange(len(text) + 1) for _ in range(source.randrange(8)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


@settings(max_examples=400)
@given(st.lists(st.one_of(_WORDS, _WORDS, _MOVES, _ENDS), max_size=40).map("".join), st.integers())
def test_without_moves_between_rows_the_lines_are_those_of_a_terminal(text: str, seed: int) -> None:
    assert kept(cut(text, seed)) == emulated(text)


@settings(max_examples=400)
@given(st.lists(st.one_of(_WORDS, _MOVES, _ENDS, _ROWS), max_size=30).map("".join), st.integers())
def test_a_live_display_is_kept_as_it_looked_at_last(text: str, seed: int) -> None:
    assume(sum(map(text.count, ("\n", "\x1b[B", "\x1b[E"))) <= terminal.SLACK_ROWS)  # more rows are only kept in order
    assert kept(cut(HIDE + text + SHOW, seed)) == emulated(text)


@settings(max_examples=400)
@example("a\x1b7\x1b8\x1b8a", 0)
@given(st.lists(st.one_of(_WORDS, _MOVES, _ENDS, _ROWS), max_size=40).map("".join), st.integers())
def test_what_a_cursor_comes_back_to_is_written_again_in_order(text: str, seed: int) -> None:
    assert is_in_order_in(emulated(text), kept(cut(text, seed)))


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: path.stem)
def test_bars_of_real_libraries_are_kept_as_a_terminal_shows_them_at_last(stream: Path) -> None:
    writes = [json.loads(line) for line in stream.read_text(encoding="utf-8").splitlines()]
    for name in ("stdout", "stderr"):
        pieces = [text for of, text in writes if of == name]
        assert kept(pieces) == emulated("".join(pieces))
        assert kept(list("".join(pieces))) == emulated("".join(pieces))


def test_there_are_streams_of_all_that_was_asked_for() -> None:
    names = {stream.stem.partition("_")[0] for stream in STREAMS}
    assert names == {"tqdm", "rich", "keras", "lightning", "transformers", "pip"}


def _deaf_to_backspace(real: Callable[[Terminal, str], None]) -> Callable[[Terminal, str], None]:
    return lambda self, control: None if control[0] == "\b" else real(self, control)


def _deaf_to_erasing(real: Callable[[Terminal, str, str], None]) -> Callable[[Terminal, str, str], None]:
    return lambda self, order, numbers: None if order == "K" else real(self, order, numbers)


def _deaf_to_moves(real: Callable[[Terminal, str, str], None]) -> Callable[[Terminal, str, str], None]:
    return lambda self, order, numbers: None if order == "A" else real(self, order, numbers)


@pytest.mark.parametrize(
    ("method", "wrong", "text"),
    [
        ("_control", _deaf_to_backspace, "ab\b\bx\n"),
        ("_order", _deaf_to_erasing, "abc\r\x1b[Kx\n"),
        ("_order", _deaf_to_moves, f"{HIDE}a\nb\nc\n\x1b[1AX"),
    ],
)
def test_the_judge_catches_a_terminal_that_is_wrong(
    method: str, wrong: Callable[..., object], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept([text]) == emulated(text)
    monkeypatch.setattr(Terminal, method, wrong(getattr(Terminal, method)))
    assert kept([text]) != emulated(text)


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m and \x1b[1;32mgreen\x1b[m", "red and green"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b[2K\x1b[1Gagain", "again"),
        ("  0%|   |\r 50%|#  |\r100%|###|", "100%|###|"),
        ("a long line\rshort", "shortg line"),
        ("abc\r", "abc"),
        ("abc\b\b\bxyz", "xyz"),
        ("evaluate 1/13 acc: 1\b\b\b\b\b\b\r13/13 acc: 0.99", "13/13 acc: 0.99cc: 1"),
        ("1/3 x\b\b\b\b\b\r3/3 done", "3/3 done"),
        ("abc\b", "abc"),
        ("\b\babc", "abc"),
        ("bell\x07 nul\x00 delete\x7f \x9bcontrol", "bell nul delete control"),
        ("tab\tstays", "tab\tstays"),
        ("a\tb\rX", "X\tb"),
        ("a\tb\r\x1b[3CX", "a  X    b"),
        ("训练 ✓ 🚀", "训练 ✓ 🚀"),
        ("训练\rab", "ab练"),
        ("训练\ra", "a 练"),
        ("e\u0301a\b\u0301", "e\u0301\u0301a"),
        ("trailing   ", "trailing"),
        ("windows\r", "windows"),
        ("downloading 100 files\r\x1b[2Kdone", "done"),
        ("downloading 100 files\r\x1b[Kdone", "done"),
        ("downloading 100 files\rdone\x1b[K", "done"),
        ("\x1b[999Cfar\r\x1b[Kx", "x"),
        ("\x1b[99999999999999999999999A\x1b[;;;;H\x1b[?1;2mx", "x"),
        ("\x1b[1 Ax\x1b[ q\x1b(0\x1b#8y\x1b", "xy"),
        ("\x1bPsixel\x1b\\image\x1b_G;x\x1b\\s", "images"),
        ("\x1b]never ended", ""),
    ],
)
def test_a_line_is_kept_as_it_looked_at_last(printed: str, seen: str) -> None:
    assert shown_line(printed) == seen
    assert kept(list(printed)) == without_blank_end([expanded(seen)])


@given(st.text(st.characters(exclude_characters="\n\v\f")))
def test_no_line_holds_a_control_character(printed: str) -> None:
    seen = shown_line(printed)
    assert not any(ord(character) < 32 and character != "\t" for character in seen)
    assert shown_line(seen) == seen


@given(
    st.lists(st.text(st.sampled_from("\x1b[]0123456789;?ABCDEFGHJKMPXcdhlsu78\\\x07\r\n\b\t\f a中\u0301"), max_size=9))
)
def test_any_sequence_in_any_pieces_is_taken_and_no_line_is_lost(pieces: list[str]) -> None:
    screen = Terminal()
    for piece in pieces:
        screen.take(piece)
    screen.take("\x07\x1b\\\n\x1bc")
    assert screen.take("last\n") + screen.finish() == ["last"]


def test_lines_that_are_printed_straight_on_are_final_at_their_newline() -> None:
    screen = Terminal()
    assert screen.take("a\nb") == ["a"]
    assert screen.take("\x1b[31m!\x1b[m\x1b[K\r\n\n") == ["b!", ""]
    assert screen.take("\r 10%\r100%\n") == []
    assert screen.take("c\n") == ["100%", "c"]
    assert screen.finish() == []


def test_a_bar_that_has_ended_is_final_when_something_is_printed_below_it_by_other_means() -> None:
    screen = Terminal()
    screen.take("\r100%\n")
    assert screen.settle() == ["100%"]
    screen.take("\router 1/2\n\rinner 1/9\x1b[A")
    assert screen.settle() == []
    screen.take("\router 2/2")
    assert screen.settle() == []
    assert screen.finish() == ["outer 2/2", "inner 1/9"]


def test_lines_above_bars_are_final_before_the_bars_are() -> None:
    screen = Terminal()
    lines: list[str] = []
    for number in range(500):  # a live display of two bars, below lines
        lines += screen.take(f"{HIDE}\r\x1b[2K\x1b[1A\x1b[2Kline {number}\nbar {number}\nbar")
        assert len(lines) >= number - terminal.SLACK_ROWS - 1
    lines += screen.finish()
    assert [line for line in lines if "line" in line] == [f"line {number}" for number in range(500)]
    assert lines[-2:] == ["bar 499", "bar"]
    assert len(lines) == 502


def test_who_hides_the_cursor_and_prints_on_holds_back_few_lines() -> None:
    screen = Terminal()
    assert len(screen.take(HIDE + "line\n" * 1000)) >= 1000 - ROWS


def test_what_never_ends_takes_no_memory() -> None:
    screen = Terminal()
    for step in range(20_000):
        assert screen.take(f"\r{step}/20000 [{'#' * 60}]") == []
    assert screen.finish() == [f"19999/20000 [{'#' * 60}]"]
    for _ in range(30):
        screen.take("x" * 100_000)
    (line,) = screen.finish()
    assert len(line) < terminal.MAX_CHARACTERS + 100
    assert line.endswith(f"x [aimd: {3_000_000 - terminal.MAX_CHARACTERS:,} more characters]")
    screen.take("\r" + "y" * 20_000 + "\r" + "z" * 20_000)
    (line,) = screen.finish()
    assert line == "z" * 8192 + " [aimd: 11,808 more characters]"
    assert screen.take("w" * 20_000 + "\r\n") == ["w" * 20_000]
    assert screen.take("w" * 20_000 + "\r") + screen.take("\n") == ["w" * 20_000]
    assert screen.take("w" * 20_000 + "\rbar") + screen.finish() == ["w" * 20_000, "bar"]
    screen.take("\x1b]1337;File=")
    for _ in range(300):
        screen.take("A" * 10_000)
        assert len(screen._rest) < 20_000
    assert screen.take("\x07shown\n") == ["shown"]
    for _ in range(10_000):
        screen.take("\r\x1b[500Cx\x1b[B")
    assert len(screen.finish()) <= ROWS


HOSTILE = [
    *(
        "\x1b[1K",
        "\x1b[500Cx\x1b[1K\b",
        "\x1b[",
        "\x1b]",
        "\x1b]0;",
        "\u0301",
        "e\u0301\b",
        "\t\b",
        "\x1b[99A\x1b[99Bx\n",
    ),
    *("\x1b[99Ax\x1b[99B\n", "\x1b[J\x1b[A", "\r\r", "\x1b7\x1b8", "中\b", "\x1b[2J\x1b[Hx", "\x1b[;;;", "\x1b[2Kx"),
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_twice_as_much_of_anything_takes_about_twice_as_long(hostile: str) -> None:
    def cost(count: int) -> int:
        """Return how many lines of Python it takes, which no other process can change."""
        screen, lines = Terminal(), 0

        def count_line(frame: FrameType, *_: object) -> object:
            nonlocal lines
            if frame.f_code.co_filename != terminal.__file__:  # such as what the garbage collector calls
                return None
            lines += 1
            return count_line

        sys.settrace(count_line)
        try:
            screen.take("x" * 8000 + hostile * count)
            screen.finish()
        finally:
            sys.settrace(None)
        return lines

    assert cost(400) < 2.6 * cost(200) + 1000
