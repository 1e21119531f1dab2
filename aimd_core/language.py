"""English and Chinese: text for people in the language of their choice.

All text in the code is English. A text with parts is a `Said`: the English sentence as a `str` that knows its template
and its facts, so that it can be translated where a person reads it, and only there: JSON, piped columns and files stay
English. Each program has the Chinese of its texts in its own package `languages`, and the core that of its errors; none
is loaded in English. See CONTRIBUTING.md, "Messages".
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # a constant, because importing `typing` slows down Trial.log's start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

ENGLISH, CHINESE = "en", "zh"
VARIABLE = "AIMD_LANG"
_VARIABLES = (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG")
# The joins that Chinese writes in its own way.
_JOINS = {"; ": "{before}; {after}", ", ": "{before}, {after}", ": ": "{before}: {after}"}
_told: set[str] = set()
_tell: Callable[[str], object] | None = None
_catalogues = ["aimd_core.languages.zh"]  # modules that each have a table `MESSAGES`
_chinese: dict[str, str] = {}
_loaded: list[str] = []


class Said(str):
    """A sentence made of a template and facts; as a `str` it is English."""

    __slots__ = ("facts", "template")

    template: str
    facts: dict[str, Any]

    def __new__(cls, template: str, facts: dict[str, Any]) -> Said:
        """Make the English sentence; a template without facts is taken literally, braces included."""
        made = super().__new__(cls, template.format(**facts) if facts else template)
        made.template, made.facts = template, facts
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.template, self.facts)


def said(template: str, /, **facts: object) -> Said:
    """Return a sentence from a template with `{name}` placeholders and their values.

    A fact that is itself a `Said` is translated with the sentence; every other fact is data and stays. A sentence
    that is a `Said` already stays what it is, so that a reason can be passed on whether or not it has facts.
    """
    return template if isinstance(template, Said) and not facts else Said(template, facts)


def joined(between: str, parts: Sequence[str]) -> Said:
    """Return sentences joined into one text, each still translatable, and so is what is between two."""
    template = _JOINS.get(between, "{before}" + between + "{after}")
    whole = Said("{before}", {"before": parts[0]}) if parts else Said("", {})
    for part in parts[1:]:
        whole = Said(template, {"before": whole, "after": part})
    return whole


def language() -> str:
    """Return the current language, from the first of AIMD_LANG, LC_ALL, LC_MESSAGES and LANG that is set."""
    for variable in _VARIABLES:
        value = os.environ.get(variable, "")
        if value:
            return CHINESE if value.lower().startswith("zh") else ENGLISH
    return ENGLISH


def add_catalogue(module: str) -> None:
    """Register the module with a program's Chinese, which is loaded when a text is first translated."""
    if module not in _catalogues:
        _catalogues.append(module)


def _messages() -> dict[str, str]:
    """Return the Chinese of the core and of the registered programs, by English text or template."""
    if len(_loaded) < len(_catalogues):
        from importlib import import_module

        for module in _catalogues[len(_loaded) :]:
            _chinese.update(import_module(module).MESSAGES)
            _loaded.append(module)
    return _chinese


def translated(text: str, to: str | None = None) -> str:
    """Return a text in a language, by default the current one, or unchanged if no catalogue has it."""
    if (to or language()) == ENGLISH:
        return str(text)
    messages = _messages()
    if not isinstance(text, Said):
        return messages.get(text, text)
    template = messages.get(text.template, text.template)
    if not text.facts:
        return template
    facts = {name: _fact(value, to) for name, value in text.facts.items()}
    for name, value in facts.items():
        if isinstance(text.facts[name], Said):
            template = _closed_up(template, name, str(value))
    return template.format(**facts)


def _closed_up(template: str, name: str, text: str) -> str:
    """Return the template without a space between its Chinese and the Chinese of the text that fills a slot."""
    before, slot, after = template.partition("{" + name + "}")
    if not slot or not text:
        return template
    if before.endswith(" ") and _is_chinese(before[-2:-1]) and _is_chinese(text[0]):
        before = before[:-1]
    if after.startswith(" ") and _is_chinese(after[1:2]) and _is_chinese(text[-1]):
        after = after[1:]
    return before + slot + after


def _is_chinese(sign: str) -> bool:
    """Say whether a character is Chinese, or punctuation as Chinese has it."""
    return "\u3000" <= sign <= "\u9fff" or "\uff00" <= sign <= "\uff60"


def spoken(template: str, /, **facts: object) -> str:
    """Return a sentence in the current language, for Python's own exceptions, which have only a text."""
    return translated(Said(template, facts))


def _fact(value: object, to: str | None) -> object:
    return translated(value, to) if isinstance(value, Said) else value


def tell_with(tell: Callable[[str], object]) -> None:
    """Let a program that talks to people print what `warn_once` says; until then nothing is said."""
    global _tell
    _tell = tell


def warn_once(sentence: str) -> None:
    """Tell the person something that is no error, once in a process."""
    if _tell is not None and sentence not in _told:
        _told.add(sentence)
        _tell(sentence)
