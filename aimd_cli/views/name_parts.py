"""What of a name gives way where there is no room, so that the names of a column stay different. Pure.

A name is read as words. Words that all names have give way first, then those that follow from the words before them;
what tells a name from the others comes last. The console does the same (`console/src/model/name_parts.ts`):
tests/fixtures/name_parts.json is for both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

ALL_HAVE, FOLLOWS, TELLS = 2, 1, 0
Parts = list[tuple[str, int]]  # text and rank

_WORD = re.compile(r"(?:[0-9]e-(?=[0-9])|[^\s_\-/:,=])*[\s_\-/:,=]+|(?:[0-9]e-(?=[0-9])|[^\s_\-/:,=])+")
_LONG = 12  # a shorter name has room anywhere
_LEAST = 3  # what is shorter is no shorter as an ellipsis
_MOST = 5000


def name_family(names: Sequence[str]) -> dict[str, Parts]:
    """Return the parts of each long name of a list."""
    words = {name: _WORD.findall(name) for name in list(dict.fromkeys(names))[:_MOST]}
    if len(words) < 2:
        return {}
    root: dict[str, Any] = {}
    for line in words.values():
        branch = root
        for word in line:
            branch = branch.setdefault(word, {})
        branch[""] = {}  # here ends a name
    shared = set.intersection(*map(set, words.values()))
    return {name: _parts(line, root, shared) for name, line in words.items() if len(name) > _LONG}


def _parts(words: Sequence[str], root: dict[str, Any], shared: set[str]) -> Parts:
    parts: Parts = []
    branch = root
    for word in words:
        if len(branch) == 1:
            _add(parts, word, ALL_HAVE if word in shared else FOLLOWS)
        else:
            begun = _shared_letters(list(branch))
            if begun:
                _add(parts, word[:begun], FOLLOWS)
            _add(parts, word[begun:], TELLS)
        branch = branch[word]
    joined: Parts = []
    for text, rank in parts:
        _add(joined, text, TELLS if len(text) < _LEAST else rank)
    return joined


def _shared_letters(words: Sequence[str]) -> int:
    """Return how many letters long words begin with alike, 0 for few."""
    least, most = min(words), max(words)
    end = next((at for at, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1]), len(least))
    return end if end > _LONG // 2 and all(len(word) > end for word in words) else 0


def _add(parts: Parts, text: str, rank: int) -> None:
    if parts and parts[-1][1] == rank:
        parts[-1] = (parts[-1][0] + text, rank)
    else:
        parts.append((text, rank))
