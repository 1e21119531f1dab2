"""Asks the terminal how it shows pictures, and waits for the answer no longer than a moment.

Two questions are sent with one that every terminal answers, so that silence about the first two is an answer, too: for
kitty's protocol, for the size of a character, and for the terminal's attributes, in which 4 means sixel. Nothing is
asked in a pipe, in the background, or while there is input that nobody has read.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator

from aimd_cli import output
from aimd_cli.pictures.drawing import BLOCKS, KITTY, OFF, SIXEL, Ability

DEADLINE_S = 0.5
_KITTY_QUERY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_CELL_QUERY, _ATTRIBUTES_QUERY = "\x1b[16t", "\x1b[c"
_WIPE = "\r\x1b[K"  # a terminal that does not know kitty's protocol may have printed the question
_KITTY_ANSWER = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_CELL_ANSWER = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
_ATTRIBUTES_ANSWER = re.compile(rb"\x1b\[\?([0-9;]*)c")
_SIXEL_ATTRIBUTE = b"4"
_MOST_BYTES = 4096


def of_terminal() -> Ability:
    """Return what the terminal on stdout can do, or may do by the setting `pictures`.

    Raises:
        ConfigError, UsageError: The setting has an unknown value.
    """
    from aimd_core.settings import pictures_setting

    setting = pictures_setting() if output.is_terminal() else OFF
    return ask(setting, output.wants_color(), output.braille_fits())


def ask(setting: str, color: bool, glyphs: bool) -> Ability:
    """Return what the terminal on stdout can do.

    Args:
        setting: `auto`, or the way that the user has chosen.
        color: Whether there may be colour; without it, `auto` asks nothing.
        glyphs: Whether non-ASCII characters can be shown.
    """
    base = Ability(BLOCKS, color=color, glyphs=glyphs)
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb" or setting == OFF:
        return base._replace(way=OFF)
    if setting == BLOCKS or (setting == "auto" and (not color or not glyphs or os.environ["TERM"] == "linux")):
        return base
    answer = _answer()
    way = setting if setting != "auto" else _way_in(answer)
    width, height = _cell_size(answer) or (base.cell_width, base.cell_height)
    return base._replace(way=way, cell_width=width, cell_height=height)


def _way_in(answer: bytes) -> str:
    if _KITTY_ANSWER.search(answer):
        return KITTY
    attributes = _ATTRIBUTES_ANSWER.search(answer)
    return SIXEL if attributes and _SIXEL_ATTRIBUTE in attributes[1].split(b";")[1:] else BLOCKS


def _cell_size(answer: bytes) -> tuple[int, int] | None:
    """Return width and height of a character in pixels, as the terminal or its driver says."""
    told = _CELL_ANSWER.search(answer)
    if told:
        height, width = int(told[1]), int(told[2])
    else:
        import struct
        from fcntl import ioctl
        from termios import TIOCGWINSZ

        rows, columns, x, y = struct.unpack("HHHH", ioctl(sys.stdout.fileno(), TIOCGWINSZ, bytes(8)))
        width, height = (x // columns, y // rows) if rows and columns else (0, 0)
    return (width, height) if 2 <= width <= 100 and 2 <= height <= 200 else None


def _answer() -> bytes:
    """Return what the terminal answers until the deadline; nothing if it cannot be asked."""
    try:
        with _quiet_terminal() as terminal:
            if terminal is None:
                return b""
            return _asked(terminal)
    except (ImportError, OSError):  # no such thing on this system
        return b""


def _asked(terminal: int) -> bytes:
    from select import select

    kitty = "" if _is_multiplexed() else _KITTY_QUERY
    os.write(terminal, f"{kitty}{_CELL_QUERY}{_ATTRIBUTES_QUERY}".encode())
    answer, end_s = b"", time.monotonic() + DEADLINE_S
    while not _ATTRIBUTES_ANSWER.search(answer) and len(answer) < _MOST_BYTES:
        left_s = end_s - time.monotonic()
        if left_s <= 0 or not select([terminal], [], [], left_s)[0]:
            break
        piece = os.read(terminal, _MOST_BYTES)
        if not piece:
            break
        answer += piece
    if kitty and not _KITTY_ANSWER.search(answer):
        os.write(terminal, _WIPE.encode())
    return answer


def _is_multiplexed() -> bool:
    """Tell whether tmux or screen is in between, which keep kitty's messages to themselves, or take them for titles."""
    return "TMUX" in os.environ or "STY" in os.environ or os.environ["TERM"].startswith(("tmux", "screen"))


@contextlib.contextmanager
def _quiet_terminal() -> Iterator[int | None]:
    """Open the terminal without echo; None if this process is in the background there, or has unread input."""
    import termios
    import tty
    from select import select

    terminal = os.open(os.ttyname(sys.stdout.fileno()), os.O_RDWR | os.O_NOCTTY)
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():  # fails if it is not the terminal of this session
            yield None
            return
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSADRAIN)
            yield None if select([terminal], [], [], 0)[0] else terminal
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    finally:
        os.close(terminal)
