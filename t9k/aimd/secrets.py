"""Keeps secrets out of what is recorded: command lines and addresses."""

from __future__ import annotations

import re

MASK = "***"
_SECRET_WORD = re.compile(
    r"(api[-_]?key|token|passw(or)?d|secret|credential|auth|private[-_]?key|access[-_]?key)", re.I
)
_OPTION = re.compile(r"(?P<name>--?[A-Za-z][\w.-]*)(?P<equals>=)?(?P<value>.*)", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?P<name>[+~]*[A-Za-z_][\w.-]*)=(?P<value>.+)", re.DOTALL)  # as hydra and env take them
_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.I)
# Shapes that give a secret away wherever they stand: UUIDs are our own keys, the others are well known prefixes.
_TELLING = re.compile(
    r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|hf_\w{20,}|sk-[\w-]{20,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16})\b"
)


def mask_command(words: list[str]) -> list[str]:
    """Return a command line without the values of options that name a secret, and without known shapes of secrets."""
    masked = []
    hide_next = False
    for word in words:
        if hide_next and not word.startswith("-"):
            masked.append(MASK)
            hide_next = False
            continue
        shown, hide_next = _mask_word(word)
        masked.append(shown)
    return masked


def _mask_word(word: str) -> tuple[str, bool]:
    """Return a word without its secret, and whether the next one is the value of a secret option."""
    option = _OPTION.fullmatch(word) if word.startswith("-") else None
    if option and _SECRET_WORD.search(option["name"]):
        return (f"{option['name']}={MASK}", False) if option["equals"] else (word, True)
    assignment = _ASSIGNMENT.fullmatch(word)
    if assignment and _SECRET_WORD.search(assignment["name"]):
        return f"{assignment['name']}={MASK}", False
    return _TELLING.sub(MASK, _ADDRESS.sub(rf"\g<scheme>{MASK}@", word)), False
