"""Changes files as damage and strangers do: a value that means something else, a flipped byte, a cut."""

from __future__ import annotations

import random
import re
from pathlib import Path

_TOKEN = re.compile(r'-?\d+(\.\d+)?(e-?\d+)?|"[^"]*"|true|null')
_TEXTS = (".json", ".jsonl", ".tsv", ".yaml")
_ODD = [
    "1e999",
    "-5",
    "null",
    "[]",
    "{}",
    '"x"',
    "1" + "0" * 400,
    "true",
    "NaN",
    "-Infinity",
    '"\\ud800"',
    "[" * 40 + "]" * 40,
    "0.5",
    str(2**63),
    str(-(2**63)),
    '""',
    '"9999-99-99"',
    '"0001-01-01T00:00:00+14:00"',
    '"../x"',
]


def changed(path: Path, chance: random.Random) -> bytes:
    """Return the content of a file with a change."""
    content = path.read_bytes()
    if path.suffix in _TEXTS and chance.random() < 0.85:
        text = content.decode()
        tokens = list(_TOKEN.finditer(text))
        for token in sorted(chance.sample(tokens, min(len(tokens), 2)), key=lambda token: -token.start()):
            text = text[: token.start()] + chance.choice(_ODD) + text[token.end() :]
        return text.encode()
    flipped = bytearray(content)
    for _ in range(chance.randint(1, 6) if flipped else 0):
        flipped[chance.randrange(len(flipped))] = chance.randrange(256)
    return bytes(flipped[: chance.randrange(len(flipped) + 1)] if chance.random() < 0.2 else flipped)
