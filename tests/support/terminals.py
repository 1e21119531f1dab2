"""Terminals that answer: a program asks what they can show, as kitty or xterm would be asked."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
from collections.abc import Callable
from fcntl import ioctl
from itertools import product
from termios import TIOCSCTTY, TIOCSWINSZ

CELL = (10, 20)  # pixels of a character
KITTY_QUERY, CELL_QUERY, ATTRIBUTES_QUERY = b"\x1b_Gi=31", b"\x1b[16t", b"\x1b[c"
KITTY = b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c"
SIXEL = b"\x1b[6;20;10t\x1b[?63;1;2;4;6;9;15;22c"  # as xterm -ti vt340
PLAIN = b"\x1b[?62;22c"  # as VTE


def answered_by(
    answer: bytes, command: list[str], columns: int = 80, rows: int = 40, typed: bytes = b"", **environment: str
) -> bytes:
    """Run a command in a terminal that answers its questions, and return everything that it wrote.

    Args:
        answer: What the terminal answers when it is asked for its attributes.
        command: The command, which is in the foreground of this terminal.
        columns: Width in characters.
        rows: Height in characters.
        typed: What was typed before the command began.
        environment: Variables to set.
    """
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", rows, columns, columns * CELL[0], rows * CELL[1]))
    os.write(leader, typed)
    settings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "AIMD_PAGER": "", **environment}
    settings = {name: value for name, value in settings.items() if name not in ("TMUX", "STY") or name in environment}
    with subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=settings,
        start_new_session=True,
        preexec_fn=lambda: ioctl(0, TIOCSCTTY, 0),
    ):
        os.close(follower)
        written = _talk(leader, lambda text: answer if ATTRIBUTES_QUERY in text else b"")
    os.close(leader)
    return written


def _talk(leader: int, answer: Callable[[bytes], bytes]) -> bytes:
    written, answered = b"", 0
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            return written
        written += piece
        reply = answer(written[answered:])
        if reply:
            answered = len(written)
            os.write(leader, reply)


def kitty_pictures(written: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Return the pictures that a program sent by kitty's protocol: what it said of each, and its bytes."""
    from base64 import b64decode

    pictures: list[tuple[dict[str, str], bytes]] = []
    for head, data in re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", written):
        said = dict(item.split("=") for item in head.decode().split(","))
        if said.get("a") == "q":
            continue
        if "a" in said:
            pictures.append((said, b""))
        pictures[-1] = (pictures[-1][0], pictures[-1][1] + data)
    return [(said, b64decode(data)) for said, data in pictures]


def sixel_pixels(text: str) -> tuple[int, int, bytes]:
    """Return width, height and pixels (red, green, blue, opacity) of sixels, as a terminal would draw them."""
    body = text[text.index("q") + 1 : text.rindex("\x1b\\")]
    _, _, width, height = map(int, body[1:].split("#", 1)[0].split(";"))
    pixels = bytearray(width * height * 4)
    colours: dict[int, bytes] = {}
    x = top = colour = 0
    for item in re.finditer(r'"[0-9;]*|#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([?-~])|([$-])', body):
        number, red, green, blue, chosen, count, repeated, sign, move = item.groups()
        if number is not None:
            colours[int(number)] = bytes(round(int(level) * 255 / 100) for level in (red, green, blue)) + b"\xff"
        elif chosen is not None:
            colour = int(chosen)
        elif move is not None:
            x, top = 0, top + (6 if move == "-" else 0)
        elif sign or repeated:
            end = x + int(count or 1)
            for column, bit in product(range(x, end), range(6)):
                if (ord(sign or repeated) - 63) >> bit & 1:
                    at = ((top + bit) * width + column) * 4
                    pixels[at : at + 4] = colours[colour]
            x = end
    return width, height, bytes(pixels)
