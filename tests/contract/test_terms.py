"""One word for one thing in Chinese too: the tables of all programs, and that of the console."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import texts

CONSOLE = Path("console", "src", "words")
_ENTRY = re.compile(r'^  "([\w.]+)":\s*"((?:[^"\\]|\\.)*)",$', re.MULTILINE)


class Term(NamedTuple):
    """A term: what it is in English and in Chinese, and what it is never called in Chinese."""

    english: str
    chinese: str
    never: str


TERMS = (
    Term(r"\bAPI keys?\b", "API Key", r"API ?密[钥匙]|API 秘钥"),
    Term(r"\b(?:hyper)?parameters?\b", "超参数", r"(?<!超)参数"),
    Term(r"\btrials?\b", "试验", r"实验"),
    Term(r"\bmetrics?\b", "指标", r"度量"),
    Term(r"\bfolders?\b", "文件夹", r"资料夹"),
)


def console_texts() -> dict[str, tuple[str, str]]:
    english, chinese = (
        dict(_ENTRY.findall((CONSOLE / f"{name}.ts").read_text(encoding="utf-8"))) for name in ("en", "zh")
    )
    return {key: (english[key], chinese[key]) for key in english if key in chinese}


def all_pairs() -> Iterator[tuple[str, str, str]]:
    """Yield each text for people: where it is, in English, and in Chinese."""
    for package, module in texts.CATALOGUES.items():
        for english, chinese in import_module(module).MESSAGES.items():
            yield package, english, chinese
    for key, (english, chinese) in console_texts().items():
        yield f"console {key}", english, chinese


def faults_of(term: Term, pairs: Iterable[tuple[str, str, str]]) -> list[str]:
    return [
        f"{where}: {english!r}: {chinese!r}"
        for where, english, chinese in pairs
        if re.search(term.english, english, re.IGNORECASE) and re.search(term.never, chinese)
    ]


@pytest.mark.parametrize("term", TERMS, ids=[term.chinese for term in TERMS])
def test_each_term_has_one_chinese_word_in_all_programs(term: Term) -> None:
    assert len(console_texts()) > 150
    used = [pair for pair in all_pairs() if re.search(term.english, pair[1], re.IGNORECASE)]
    assert any(term.chinese in chinese for _, _, chinese in used)
    assert faults_of(term, used) == []


def test_another_word_for_a_term_is_found() -> None:
    """The planted words: such as the console had."""
    pairs = [("console", "API keys", "API 密钥"), ("console", "Parameters", "参数"), ("console", "Trials", "实验")]
    assert [len(faults_of(term, pairs)) for term in TERMS[:3]] == [1, 1, 1]


def test_no_message_names_a_page_that_an_installed_program_does_not_have() -> None:
    assert [pair for pair in all_pairs() if re.search(r"\bdocs/|\w\.md\b", pair[1] + pair[2])] == []
