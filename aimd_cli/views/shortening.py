"""Shortens the entries of a column so that they can still be told apart. Pure.

A text is cut by terminal cells, at the end, in the middle, at both ends, or wherever names that differ in several words
are alike: whichever keeps the most entries of the column different. A number keeps as many digits as tell it from the
others, and at least four.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from aimd_cli.views.name_parts import ALL_HAVE, FOLLOWS, TELLS, Parts, name_family

_LEAST_DIGITS, _MOST_DIGITS = 4, 17
_HEAD_LINES = 3
_PIECES = re.compile(r"[^._/\-\s]*[._/\-\s]*")  # of a dotted name: words with the signs that end them
_FRACTION = re.compile(r"[-+]?[0-9]*\.?[0-9]*(e[-+]?[0-9]+)?", re.IGNORECASE)


def shortened(texts: Sequence[str], width: int, ellipsis: str = "…") -> list[str]:
    """Return texts that are at most `width` cells wide, cut so that as many as possible stay different.

    Args:
        texts: The entries of a column. Those that fit stay as they are.
        width: The most cells.
        ellipsis: What stands for what was cut.
    """
    long = [text for text in dict.fromkeys(texts) if cell_len(text) > width]
    if not long:
        return list(texts)
    whole = set(texts).difference(long)
    cuts = [
        _telling_parts(texts, long, width, ellipsis),
        _both_ends(long, width, ellipsis),
        _differing_part(long, width, ellipsis),
        _end(long, width, ellipsis),
    ]
    best = max(cuts, key=lambda cut: len({*cut, *whole}))  # of equals the first
    by_text = dict(zip(long, best, strict=True))
    return [by_text.get(text, text) for text in texts]


def begun(texts: Sequence[str], width: int, ellipsis: str = "…") -> list[str]:
    """Return the beginnings of sentences, at most `width` cells wide."""
    room = width - cell_len(ellipsis)
    return [text if cell_len(text) <= width else _beginning(text, room) + ellipsis for text in texts]


def _telling_parts(texts: Sequence[str], long: list[str], width: int, ellipsis: str) -> list[str]:
    """Cut what names have in common, if they differ at several places and that is enough; else return none."""
    family = name_family(texts)
    named = [family.get(text, []) for text in long]
    if not all(sum(rank == TELLS for _, rank in parts) > 1 for parts in named):
        return []
    cut = [_without(parts, width, ellipsis) for parts in named]
    return cut if max(map(cell_len, cut)) <= width else []


def _without(parts: Parts, width: int, ellipsis: str) -> str:
    """Return a name of which as much of its parts gives way as there is no room for."""
    texts = [text for text, _ in parts]
    for rank in (ALL_HAVE, FOLLOWS):
        for at in reversed(range(len(parts))):
            if parts[at][1] != rank or cell_len("".join(texts)) <= width:
                continue
            texts[at] = ellipsis
            spare = width - cell_len("".join(texts))
            texts[at] = _beginning(parts[at][0], max(0, spare)) + ellipsis if spare > 0 else ellipsis
    doubled = re.escape(ellipsis)
    return re.sub(f"({doubled}){{2,}}", ellipsis, "".join(texts))


def _both_ends(texts: list[str], width: int, ellipsis: str) -> list[str]:
    left = width - cell_len(ellipsis)
    ending = left // 2
    return [_beginning(text, left - ending) + ellipsis + _ending(text, ending) for text in texts]


def _differing_part(texts: list[str], width: int, ellipsis: str) -> list[str]:
    """Cut what all texts begin and end with, and of the rest, where it is still too long, the middle."""
    first = _common_length(texts)
    last = min(_common_length([text[::-1] for text in texts]), min(map(len, texts)) - first)
    room = width - cell_len(ellipsis) * (bool(first) + bool(last))
    parts = [text[first : len(text) - last] for text in texts]
    middle = [part if cell_len(part) <= room else _both_ends([part], max(room, 3), ellipsis)[0] for part in parts]
    spare = room - max(map(cell_len, middle))
    before = _ending(texts[0][:first], max(0, spare))  # some of what they begin with, to be recognized
    return [(ellipsis if first else "") + before + part + (ellipsis if last else "") for part in middle]


def _common_length(texts: list[str]) -> int:
    """Return how many characters all texts begin with."""
    least, most = min(texts), max(texts)
    return next((at for at, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1]), len(least))


def _end(texts: list[str], width: int, ellipsis: str) -> list[str]:
    return [ellipsis + _ending(text, width - cell_len(ellipsis)) for text in texts]


def _beginning(text: str, width: int) -> str:
    return set_cell_size(text, width).rstrip() if cell_len(text) > width else text


def _ending(text: str, width: int) -> str:
    if width <= 0:
        return ""
    if text.isascii():
        return text[-width:].lstrip()
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= width:
        start -= 1
    return text[start:].lstrip()


def rounded(texts: Sequence[str]) -> list[str]:
    """Return numbers with the fewest digits, four or more, with which different ones stay different.

    What is no fraction stays as it is: whole numbers are counts and seeds, which nobody rounds.
    """
    digits = telling_digits(texts)
    return [rounded_to(digits, text) for text in texts]


def telling_digits(texts: Sequence[str]) -> int:
    """Return the fewest digits, four or more, with which different fractions among some texts stay different."""
    values = {float(text) for text in dict.fromkeys(texts) if _is_fraction(text)}
    for digits in range(_LEAST_DIGITS, _MOST_DIGITS):
        if len({f"{value:.{digits}g}" for value in values}) == len(values):
            return digits
    return _MOST_DIGITS


def rounded_to(digits: int, text: str) -> str:
    """Return a number with this many digits; what is no fraction, or would become longer, as it is."""
    return min(f"{float(text):.{digits}g}", text, key=len) if _is_fraction(text) else text


def _is_fraction(text: str) -> bool:
    has_point = "." in text or "e" in text or "E" in text
    return has_point and _FRACTION.fullmatch(text) is not None and any(map(str.isdigit, text))


def short_titles(titles: Sequence[str]) -> list[str]:
    """Return dotted names without as many of their first parts as they can do without and stay different."""
    taken: dict[str, int] = {}
    candidates = [_endings(title) for title in titles]
    for endings in candidates:
        for ending in set(endings):
            taken[ending] = taken.get(ending, 0) + 1
    return [next((ending for ending in endings if taken[ending] == 1), endings[-1]) for endings in candidates]


def _endings(title: str) -> list[str]:
    """Return the endings of a dotted name at its dots, the shortest first, and last the whole."""
    parts = title.split(".")
    if not all(parts):
        return [title]
    return [".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)]


def stacked(title: str, width: int) -> list[str]:
    """Return a title in at most three lines, broken after dots, dashes and underscores, as narrow as that allows.

    Args:
        title: A name.
        width: How wide its column is anyway; no narrower lines are needed.
    """
    if cell_len(title) <= width:
        return [title]
    pieces = [piece for piece in _PIECES.findall(title) if piece]
    least = max([width, *(cell_len(piece.rstrip()) for piece in pieces)])
    while len(lines := _lines_of(pieces, least)) > _HEAD_LINES:
        least += 1
    return lines


def _lines_of(pieces: list[str], width: int) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and cell_len(lines[-1]) + cell_len(piece) > width:
            lines.append("")
        lines[-1] += piece
    return lines
