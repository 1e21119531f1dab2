"""Every text of the product that a person reads and that has to be in the catalogue, found in the code.

Texts of messages are found in the source: templates of `said`, what `say`, `hint`, `detail`, `confirm`, `note` and
`shown` are given, facts of errors that are words, headings of tables, texts and advice of the classes of errors. Texts
of help are found in the built application.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = {
    "aimd_cli": "aimd_cli.languages.zh",
    "aimd_core": "aimd_core.languages.zh",
    "aimd_server": "aimd_server.languages.zh",
    "t9k": "t9k.aimd.languages.zh",
}
_SPEAKERS = {
    "said",
    "say",
    "hint",
    "detail",
    "confirm",
    "note",
    "shown",
    "translated",
    "spoken",
    "warn",
    "Column",
    "_ask",
    "_do",
}
_REFUSERS = {"RefusalError": 1, "_refused": 1, "error_answer": 2, "invalid": 0, "forbidden": 0, "too_large": 0}
_WORD_FACTS = {"message", "hint", "reason", "what", "why", "problem", "verb"}
_FAILURES = {"fail", "fail_here", "_fail"}
_MODULE_TEXTS = {
    ("aimd_cli/translated_help.py", "SENTENCES"),
    ("aimd_cli/translated_help.py", "WORDS"),
    ("aimd_core/language.py", "WORDS"),
}
_ERRORS = ("aimd_core/errors.py", "aimd_server/errors.py")
_IS_WORDS = re.compile(r"[A-Za-z]{2,}")
_IS_SENTENCE = re.compile(r"[a-z]{2,} [a-z]")
# Modules that hold other languages: scripts of shells, SQL, the tables of names of metrics.
_NOTHING_SAID = {
    "aimd_core/reports/page.py",  # markup, and what is said in it comes from elsewhere
    "aimd_cli/completion/scripts.py",
    "aimd_cli/topics.py",
    "aimd_core/reading/cache.py",
    "aimd_core/direction.py",
}
# What answers deployed clients of version 1, in the English that they look for.
_VERSION_1 = {
    "aimd_server/routes/v1.py",
    "aimd_server/routes/v1_artifacts.py",
    "aimd_server/routes/v1_bodies.py",
    "aimd_server/services/version1.py",
}
# Texts that are no words of ours, or the same in every language.
NO_MESSAGES = {
    "val.acc > 0.9 and params.lr < 0.1",
    "state = Running or age < 1h",
    "name ~ resnet and tags = baseline",
    "# aimd completion",
    "state not in [Initializing, Running]",
    "all but ",
    "aimd trial top",
    "Git",
    "HTTP 404",
    "HTTP {status}",
    "HTTP {status_code}",
    "Parquet",
    "  params.lr >= 1e-3 and val.acc.max > 0.9 and state = Running and name ~ mnist",
    "  from t9k import aimd; trial = aimd.create_trial(trial_name='first'); trial.log('train', {'loss': 1}, 1)",
    "giving up; upload it later: aimd trial upload -p ",  # in the log of the uploader
    "{told} (HTTP {status})",
    "this program does not say which Python it runs in",  # in an exception of the SDK, for its own log
}


class Text(NamedTuple):
    """A text, where it stands, and whether it is made by an f-string, which no catalogue can hold."""

    text: str
    where: str
    is_made: bool = False

    @property
    def package(self) -> str:
        """The package whose catalogue has to hold it; help and topics are the terminal application's."""
        package = self.where.partition("/")[0]
        return package if package in CATALOGUES else "aimd_cli"


def message_texts() -> Iterator[Text]:
    """Return the texts of messages."""
    for name, tree in _modules():
        if name not in _NOTHING_SAID:
            yield from _texts_of(tree, name)


def _modules(packages: Iterable[str] = CATALOGUES) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/languages/" not in name:
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def _texts_of(tree: ast.Module, name: str) -> Iterator[Text]:
    on_server = name.startswith("aimd_server/") and name not in _VERSION_1
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in _said_on_the_server(node) if on_server else _spoken(node):
                yield from _strings(argument, name)
        elif on_server and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for value in _named_before(node):
                yield from _strings(value, name)
        elif isinstance(node, ast.ClassDef) and name in _ERRORS:
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


def _said_on_the_server(call: ast.Call) -> Iterator[ast.expr]:
    """Return the arguments that are said to whoever runs it, or to whoever reads in the console why it refuses."""
    called = getattr(call.func, "id", "")
    if called in ("said", "spoken", *_errors()):
        yield from _spoken(call)
    if called in _REFUSERS:
        yield from call.args[_REFUSERS[called] :][:1]


def _named_before(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """Return what a function of the server names before it says it, such as `words`."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    said_names = {getattr(said, "id", "") for call in calls for said in _said_on_the_server(call)}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in said_names - {""}:
            yield node.value


@lru_cache
def _errors() -> frozenset[str]:
    names = set()
    for file in _ERRORS:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names |= {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return frozenset(names)


def unspoken() -> Iterator[str]:
    """Return where the SDK raises an exception of Python's own whose text is not said in the person's language."""
    for name, tree in _modules(["t9k"]):
        for node in ast.walk(tree):
            call = node.exc if isinstance(node, ast.Raise) else None
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") in _errors():
                continue
            for argument in call.args:
                words = argument.value if isinstance(argument, ast.Constant) else ast.unparse(argument)
                is_text = isinstance(argument, (ast.Constant, ast.JoinedStr)) and "has no attribute" not in words
                if is_text and words not in NO_MESSAGES:
                    yield f"{name}:{argument.lineno}"


def is_message(text: str) -> bool:
    """Tell whether a text holds words beside its places; a style of Rich is none."""
    words = re.sub(r"\{[^{}]*\}", "", text)
    return text not in NO_MESSAGES and bool(_IS_WORDS.search(words)) and not text.startswith(("bold ", "not dim "))


def _strings(node: ast.expr, name: str) -> Iterator[Text]:
    where = f"{name}:{node.lineno}"
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and is_message(node.value):
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


def sentences() -> Iterator[Text]:
    """Return every literal that reads like a sentence, whatever is done with it."""
    for name, tree in _modules(["aimd_cli", "aimd_core", "t9k"]):
        if name in _NOTHING_SAID:
            continue
        passed_over = _passed_over(tree)
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) and id(node) not in passed_over else None
            if isinstance(text, str) and _IS_SENTENCE.search(text) and is_message(text):
                yield Text(text, f"{name}:{node.lineno}")


def _passed_over(tree: ast.Module) -> set[int]:
    """Return the literals that are docstrings, parts of f-strings, help of options (see `help_texts`), or SQL."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(
            node.body[0], ast.Expr
        ):
            found.add(id(node.body[0].value))
        is_option = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("Option", "Argument", "execute")
        if is_option or isinstance(node, ast.JoinedStr):
            found.update(id(part) for part in ast.walk(node))
    return found


def literals(package: str) -> set[str]:
    """Return every literal text of a package, as it is and in capitals, as views make headings of names."""
    found = set()
    for _, tree in _modules([package]):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value, node.value.upper(), node.value.replace("_", " ")}
    return found


def topic_texts() -> Iterator[Text]:
    """Return the texts of `aimd help TOPIC`."""
    from aimd_cli import topics
    from aimd_cli.errors import MEANINGS

    for text in [*topics.TOPICS.values(), *MEANINGS.values()]:
        yield Text(text, "topics")
    for topic in ("_ENVIRONMENT", "_FORMATTING", "_QUERY"):
        for paragraph in topics.paragraphs(getattr(topics, topic)):
            if paragraph not in NO_MESSAGES:
                yield Text(paragraph, "topics")


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
