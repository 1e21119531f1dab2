"""The first and the last line of the live screen. Pure."""

from __future__ import annotations

from collections import Counter

from rich.cells import cell_len
from rich.text import Text

from aimd_cli.screen.board import Board
from aimd_cli.text import clean
from aimd_cli.views.states import state_cell
from aimd_cli.views.words import note, shown
from aimd_core.format.model import STATES
from aimd_core.language import said

_KEYS = (
    ("?", "help"),
    ("q", "quit"),
    ("/", "filter"),
    ("space", "mark"),
    ("Enter", "details"),
    ("s", "sort"),
    ("m", "metric"),
    ("r", "reverse"),
    ("l", "output"),
    ("c", "chart"),
    ("x", "axis"),
    ("y", "log"),
)
_SHOWN_FIRST = ("/", "s", "r", "space", "m", "x", "y", "c", "l", "Enter", "?", "q")  # the order on the line


def head_line(board: Board, location: str, told: str, width: int, glyphs: bool) -> Text:
    """Return where the trials are, how many are in which state, and what is going on."""
    left = Text.assemble((" aimd ", "bold reverse"), " ", (clean(location), "bold"), end="")
    if told:
        left.append(f"  {shown(told)}", "yellow")
    right = _counts(board, glyphs, with_words=True)
    if width - left.cell_len - right.cell_len < 2:
        right = _counts(board, glyphs, with_words=False)
    space = width - left.cell_len - right.cell_len - 1
    if space < 1:  # the location is cut, not the numbers
        left.truncate(max(8, width - right.cell_len - 2), overflow="ellipsis" if glyphs else "crop")
        space = max(1, width - left.cell_len - right.cell_len - 1)
    line = Text.assemble(left, " " * space, right)
    line.truncate(width)
    line.no_wrap = True
    return line


def _counts(board: Board, glyphs: bool, with_words: bool) -> Text:
    states = Counter(row.state for row in board.everything)
    total, count = len(board.everything), len(board.rows)
    if count != total:
        line = note(said("{count:,} of {total:,}", count=count, total=total))
    else:
        line = note(said("{total:,} trial{s}", total=total, s="s" * (total != 1)))
    for state in STATES:
        if states[state]:
            sign_and_word, style = state_cell(state, glyphs)
            sign, _, word = sign_and_word.partition(" ")
            line.append("  ")
            line.append(f"{sign} {states[state]:,}" + (f" {word.lower()}" if with_words else ""), style)
    return line


def key_line(width: int, glyphs: bool) -> Text:
    """Return the keys that fit, the most important first."""
    kept: list[tuple[str, str]] = []
    room = width
    for key, does in _KEYS:
        room -= cell_len(key) + 1 + cell_len(shown(does)) + 2
        if room < -2:
            break
        kept.append((key, does))
    line = Text(no_wrap=True)
    for key, does in sorted(kept, key=lambda pair: _SHOWN_FIRST.index(pair[0])):
        line.append(key, "bold cyan")
        line.append(f" {shown(does)}  ", "dim" if glyphs else "")
    line.truncate(width)
    return line
