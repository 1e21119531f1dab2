"""Keeps secrets out of the recorded command line.

Masked are values of options and assignments with a secret's name, user and password in addresses, and words in the form
of a key. `--tokenizer`, `--max-tokens`, `--pad-token` and `--author` must stay readable.
"""

from __future__ import annotations

import re

MASK = "***"
# Expressions are compiled when a word may match them: a plain command line, which is usual, has none.
_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"
_ALWAYS = {"apikey", "credential", "credentials", "passphrase", "passwd", "password", "pwd", "secret", "secrets"}
_LAST = {"auth", "authorization", "bearer", "token"}  # secret only at the end of a name: a token dimension is not
_KEYS = {"access", "account", "api", "auth", "deploy", "encryption", "private", "secret", "signing", "ssh"}
_TOKENS_OF_TEXT = {"bos", "cls", "end", "eos", "image", "mask", "max", "min", "new", "num", "pad", "per", "sep"}
_TOKENS_OF_TEXT |= {"special", "start", "stop", "target", "unk"}
_OPTION = r"(?s)(?P<name>--?[A-Za-z][\w.-]*)(?P<equals>=)?(?P<value>.*)"
_ASSIGNMENT = r"(?s)(?P<name>[+~]*[A-Za-z_][\w./-]*)=(?P<value>.+)"  # as hydra and env take them
_ADDRESS = r"(?i)(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]+@"
# name=value or "name": "value" inside a word, such as a query, JSON, or code after -c
_NAME = r"(?P<name>[A-Za-z_][\w-]*)[\"']?\s*[=:]\s*"
_VALUE = r"\"[^\"]*\"|'[^']*'|[^\s\"',;&()\[\]{}]+"
_BEARER = r"(?i)\b(?P<scheme>bearer|basic)\s+[\w.~+/=-]{8,}"
# Forms of secrets anywhere: aimd's own keys are UUIDs, the others have well-known prefixes.
_TELLING = (
    r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|hf_\w{20,}|sk-[\w-]{20,}|gh[pousr]_\w{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})"
)

_UUID_DASHES = 4
_TELLING_MARKS = (
    "hf_",
    "sk-",
    "gh",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "eyJ",
)  # in each of the other forms is one of them


def names_secret(name: str) -> bool:
    """Tell whether a name such as `--api-key`, `WANDB_API_KEY` or `hfToken` means a secret."""
    words = [word.lower() for word in re.findall(_WORDS, name)]
    if not words:
        return False
    before, last = words[-2] if len(words) > 1 else "", words[-1]
    if last == "token" and before in _TOKENS_OF_TEXT:
        return False
    return bool(_ALWAYS.intersection(words)) or last in _LAST or (last in ("key", "keys") and before in _KEYS)


def mask_command(words: list[str]) -> list[str]:
    """Return a command line without the values of secret options, and without known forms of secrets."""
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
    option = re.fullmatch(_OPTION, word) if word.startswith("-") else None
    if option and names_secret(option["name"]):
        return (f"{option['name']}={MASK}", False) if option["equals"] else (word, True)
    assignment = re.fullmatch(_ASSIGNMENT, word) if "=" in word else None
    if assignment and names_secret(assignment["name"]):
        return f"{assignment['name']}={MASK}", False
    shown = word
    if "://" in shown:
        shown = re.sub(_ADDRESS, rf"\g<scheme>{MASK}@", shown)
    if any(scheme in shown.casefold() for scheme in ("bearer", "basic")):
        shown = re.sub(_BEARER, rf"\g<scheme> {MASK}", shown)
    if "=" in shown or ":" in shown:
        shown = _mask_inside(shown)
    if shown.count("-") >= _UUID_DASHES or any(mark in shown for mark in _TELLING_MARKS):
        shown = re.sub(_TELLING, MASK, shown)
    return shown, False


def _mask_inside(word: str) -> str:
    parts, position = [], 0
    for match in re.finditer(_NAME, word):
        value = re.compile(_VALUE).match(word, match.end()) if names_secret(match["name"]) else None
        if value and match.start() >= position:
            parts += [word[position : match.end()], MASK]
            position = value.end()
    return "".join([*parts, word[position:]])
