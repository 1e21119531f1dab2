"""Short names that tell trials apart where there is little room: what differs between them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aimd_cli import text
from aimd_cli.views.rows import MISSING, differing_params, telling_params
from aimd_cli.views.shortening import short_titles
from aimd_core.reading.facts import Facts, WholeFacts

_TOKENS = re.compile(r"(?:[_/\s]|-(?!\d)|\.(?!\d))+")  # the minus of 1e-3 and the point of 0.1 separate nothing
_MOST_PARAMS = 3


def trial_labels(names: Sequence[str], full_names: Sequence[str], params: Sequence[Mapping[str, object]]) -> list[str]:
    """Return a label for each trial: the part of its name that differs, else its parameters that do.

    Args:
        names: The names.
        full_names: Names that are all different, such as those of the directories.
        params: The parameters, by dotted names.
    """
    if len(names) < 2:
        return list(names)
    if len(set(names)) == len(names):
        return differing_parts(names)
    by_params = _param_labels(params)
    return by_params or differing_parts(full_names)


def differing_parts(names: Sequence[str]) -> list[str]:
    """Return names without the words that all begin and end with; whole where nothing else would be left."""
    pieces = [_words(name) for name in names]
    first = _common(pieces)
    last = min(_common([words[::-1] for words in pieces]), min(map(len, pieces)) - first)
    while first or last:
        parts = ["".join(words[first : len(words) - last]).strip("_/-. ") for words in pieces]
        if len(set(parts)) == len(set(names)) and all(parts) and not all(part.isdigit() for part in parts):
            return parts
        first, last = (first - 1, last) if first else (first, last - 1)
    return list(names)


def _words(name: str) -> list[str]:
    """Return a name in words, each with what separates it from the next one."""
    words, start = [], 0
    for separator in _TOKENS.finditer(name):
        words.append(name[start : separator.end()])
        start = separator.end()
    return [*words, name[start:]] if start < len(name) else words


def _common(pieces: Sequence[Sequence[str]]) -> int:
    """Return how many words all begin with."""
    columns = zip(*pieces, strict=False)
    return next((at for at, words in enumerate(columns) if len(set(words)) > 1), min(map(len, pieces)))


def _param_labels(params: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the fewest parameters that are different in each trial, as `lr=0.1 seed=2`; none if no few of them are."""
    rows = [WholeFacts(params=values) for values in params]
    ordered = telling_params(rows, differing_params(rows))
    chosen: list[str] = []
    for name in (*ordered.main, *ordered.minor):
        if len(chosen) == _MOST_PARAMS:
            return []
        if _count(rows, [*chosen, name]) > _count(rows, chosen):
            chosen.append(name)
        if _count(rows, chosen) == len(rows):
            titles = short_titles([text.clean(name) for name in chosen])
            return [
                " ".join(
                    f"{title}={text.parameter(row.params[name])}"
                    for title, name in zip(titles, chosen, strict=True)
                    if name in row.params
                )
                for row in rows
            ]
    return []


def _count(rows: Sequence[Facts], names: Sequence[str]) -> int:
    """Return how many trials these parameters tell apart."""
    return len({tuple(repr(row.params.get(name, MISSING)) for name in names) for row in rows})
