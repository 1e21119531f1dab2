"""English and Chinese: what a person reads, in the language that they chose.

The code says everything in English. A text made of parts is a `Said`: the English sentence as a plain `str`, which
knows its template and its facts, so that it can be said in another language where a person reads it, and only there:
JSON, piped columns and files stay English. Each program keeps the Chinese of what it says in its own package
`languages`, and the core that of its errors; none is loaded in English. See CONTRIBUTING.md, "Messages".
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing's own would have to be loaded, and this stands on the way to Trial.log
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

ENGLISH, CHINESE = "en", "zh"
VARIABLE = "AIMD_LANG"
_VARIABLES = (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG")
_catalogues = ["aimd_core.languages.zh"]  # modules with a table `MESSAGES` each
_chinese: dict[str, str] = {}
_loaded: list[str] = []


class Said(str):
    """A sentence made of a template and facts; as a `str` it is the English one."""

    __slots__ = ("facts", "template")

    template: str
    facts: dict[str, Any]

    def __new__(cls, template: str, facts: dict[str, Any]) -> Said:
        """Make the English sentence; a template without facts is taken as it is, braces and all."""
        made = super().__new__(cls, template.format(**facts) if facts else template)
        made.template, made.facts = template, facts
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.template, self.facts)


def said(template: str, /, **facts: object) -> Said:
    """Return a sentence of a template with `{name}` places and what goes there.

    A fact that is itself a `Said` is translated with the sentence; every other one is data and stays as it is.
    """
    return Said(template, facts)


def joined(between: str, parts: Sequence[str]) -> Said:
    """Return sentences put one behind the other, which stay translatable each."""
    names = [f"part{number}" for number in range(len(parts))]
    return Said(between.join(f"{{{name}}}" for name in names), dict(zip(names, parts, strict=True)))


def language() -> str:
    """Return the language to speak: that of AIMD_LANG, LC_ALL, LC_MESSAGES, LANG, whichever is set first."""
    for variable in _VARIABLES:
        wanted = os.environ.get(variable, "")
        if wanted:
            return CHINESE if wanted.lower().startswith("zh") else ENGLISH
    return ENGLISH


def add_catalogue(module: str) -> None:
    """Name the module that holds a program's Chinese; it is loaded when a text is translated, not before."""
    if module not in _catalogues:
        _catalogues.append(module)


def _messages() -> dict[str, str]:
    """Return the Chinese of the core and of the programs that run, by the English text or template."""
    if len(_loaded) < len(_catalogues):
        from importlib import import_module

        for module in _catalogues[len(_loaded) :]:
            _chinese.update(import_module(module).MESSAGES)
            _loaded.append(module)
    return _chinese


def translated(text: str) -> str:
    """Return a text in the language to speak; one that no catalogue holds stays as it is."""
    if language() == ENGLISH:
        return str(text)
    messages = _messages()
    if not isinstance(text, Said):
        return messages.get(text, text)
    template = messages.get(text.template, text.template)
    if not text.facts:
        return template
    return template.format(**{name: _fact(value) for name, value in text.facts.items()})


def spoken(template: str, /, **facts: object) -> str:
    """Return a sentence in the language to speak now: for Python's own exceptions, which hold nothing but text."""
    return translated(Said(template, facts))


def _fact(value: object) -> object:
    return translated(value) if isinstance(value, Said) else value
