"""Every text of the product that a person reads and that has to be in the catalogue, found in the code.

Texts of messages are found in the source: templates of `said`, what `say`, `hint`, `detail`, `confirm`, `note` and
`shown` are given, facts of errors that are words, headings of tables, texts and advice of the classes of errors. Texts
of help are found in the built application.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("aimd_cli", "aimd_core", "t9k")
_SPEAKERS = {"said", "say", "hint", "detail", "confirm", "note", "shown", "translated", "warn", "Column", "_ask", "_do"}
_WORD_FACTS = {"message", "hint", "reason", "what", "why", "problem", "verb"}
_FAILURES = {"fail", "fail_here", "_fail"}
_MODULE_TEXTS = {
    ("aimd_cli/translated_help.py", "SENTENCES"),
    ("aimd_cli/translated_help.py", "WORDS"),
    ("aimd_core/language.py", "WORDS"),
}
_IS_WORDS = re.compile(r"[A-Za-z]{2,}")


class Text(NamedTuple):
    """A text, where it stands, and whether it is made by an f-string, which no catalogue can hold."""

    text: str
    where: str
    is_made: bool = False


def message_texts() -> Iterator[Text]:
    """Return the texts of messages."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/languages/" not in name:
                yield from _texts_of(ast.parse(path.read_text(encoding="utf-8")), name)


def _texts_of(tree: ast.Module, name: str) -> Iterator[Text]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in _spoken(node):
                yield from _strings(argument, name)
        elif isinstance(node, ast.ClassDef) and name == "aimd_core/errors.py":
            for item in node.body:
                if isinstance(item, ast.Assign) and item.targets[0].id in ("text", "hint"):  # type: ignore[attr-defined]
                    yield from _strings(item.value, name)
        elif isinstance(node, ast.Assign) and (name, getattr(node.targets[0], "id", "")) in _MODULE_TEXTS:
            yield from _strings(node.value, name)


def _spoken(call: ast.Call) -> Iterator[ast.expr]:
    """Return the arguments of a call that are said to a person."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called in _SPEAKERS and call.args:
        yield call.args[0]
    if called in _FAILURES:
        yield from call.args
    if called.endswith(("Error", "_replace")) or called in ("refusal", "Difference", "CheckRow"):
        yield from (keyword.value for keyword in call.keywords if keyword.arg in _WORD_FACTS)


def _strings(node: ast.expr, name: str) -> Iterator[Text]:
    where = f"{name}:{node.lineno}"
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _IS_WORDS.search(node.value):
            yield Text(node.value, where)
    elif isinstance(node, ast.JoinedStr):
        words = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        if re.search(r"[A-Za-z]{2,} |^[a-z]{2,}$", words):
            yield Text(words, where, is_made=True)
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body, name)
        yield from _strings(node.orelse, name)
    elif isinstance(node, ast.BoolOp):
        for part in node.values:
            yield from _strings(part, name)
    elif isinstance(node, (ast.Tuple, ast.List)):
        for part in node.elts:
            yield from _strings(part, name)


def help_texts() -> Iterator[Text]:
    """Return the texts of help: of every command, option and argument."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from command_tree import walk

    from aimd_cli.translated_help import paragraphs

    for node in walk():
        where = " ".join(node.words)
        for paragraph in paragraphs(node.help):
            yield Text(paragraph, where)
        for parameter in node.parameters:
            if parameter.sentence:
                yield Text(parameter.sentence, f"{where} {parameter.names[-1]}")
