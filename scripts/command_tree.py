"""The application's commands as plain data, for completion, man pages and the tests of examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

# The kind of an option's or argument's value by its name in help; see aimd_cli/completion/values.py.
KINDS = {
    "DIR": "dir",
    "[PATH]": "dir",
    "[PATH] [QUERY]...": "dir",
    "FILE": "file",
    "TRIAL": "trial",
    "TRIAL...": "trial",
    "[TRIAL]...": "trial",
    "FOLDER": "folder",
    "SERVER": "host",
    "[SERVER]": "host",
    "SETTING": "setting",
    "METRIC": "metric",
    "[MEDIA]": "media",
    "PARAM": "param",
    "QUERY": "query",
    "CONDITION": "query",
    "KEYS": "names",
    "FIELD FIELD": "name",
    "FIELDS": "names",
    "FIELD": "name",
    "PARAMS": "names",
    "METRIC:min|max": "metric",
    "[TRIAL] TAG...": "trial",
    "TRIAL... TARGET": "trial",
    "[TRIAL]... CONDITION": "condition",
    "[TOPIC|COMMAND]...": "command",
    "[QUERY]": "query",
}


class Parameter(NamedTuple):
    """An option or argument. `names` are its spellings; `value` is the name of its value in help, empty for a flag."""

    names: list[str]
    value: str
    kind: str
    repeats: bool
    sentence: str
    is_option: bool


class Node(NamedTuple):
    """A command or group, with the words that call it. `page` is its help as printed."""

    words: list[str]
    help: str
    parameters: list[Parameter]
    children: list[str]
    usage: str
    page: str


def walk() -> Iterator[Node]:
    """Return every command that is not hidden, groups before their commands."""
    from aimd_cli.app import root

    yield from _walk(root(), ["aimd"], None)


def _walk(command: Any, words: list[str], parent: Any) -> Iterator[Node]:
    context = _new_context(command, words[-1], parent)
    children = [
        (name, child)
        for name in (command.list_commands(context) if hasattr(command, "list_commands") else [])
        if (child := command.get_command(context, name)) is not None and not child.hidden
    ]
    parameters = [_parameter(item, words) for item in command.get_params(context) if not getattr(item, "hidden", False)]
    usage = " ".join(command.collect_usage_pieces(context))
    page = command.get_help(context)
    yield Node(words, (command.help or "").strip(), parameters, [name for name, _ in children], usage, page)
    for name, child in children:
        yield from _walk(child, [*words, name], context)


def _new_context(command: Any, name: str, parent: Any) -> Any:
    return command.context_class(command, info_name=name, parent=parent, **command.context_settings)


def _parameter(item: Any, words: list[str]) -> Parameter:
    is_option = item.param_type_name == "option"
    is_flag = is_option and bool(getattr(item, "is_flag", False) or getattr(item, "count", False))
    names = sorted([*item.opts, *item.secondary_opts], key=len) if is_option else [item.name]
    choices = list(getattr(item.type, "choices", []))
    value = "" if is_flag else "|".join(map(str, choices)) or item.metavar or str(item.name).upper()
    sentence = re.sub(r"\s+", " ", item.help or "").strip()
    repeats = bool(item.multiple) if is_option else item.nargs == -1
    return Parameter(names, value, "flag" if is_flag else _kind(item, words, choices), repeats, sentence, is_option)


def _kind(item: Any, words: list[str], choices: list[object]) -> str:
    if choices:
        return "choice:" + "|".join(map(str, choices))
    metavar = str(item.metavar or "")
    if words[1:2] == ["trial"] and "--name" in item.opts:
        return "trial"
    if "--host" in item.opts and words[1:2] != ["server"]:
        return "host"
    if "--folder-path" in item.opts or (words[1:2] == ["folder"] and "PATH" in metavar):
        return "folder"
    if metavar in KINDS:
        return KINDS[metavar]
    if words[1:2] == ["trial"] and metavar in ("NAME", "NAME...", "[NAME]..."):
        return "trial"
    if "path" in type(item.type).__name__.lower() or "Path" in repr(item.type):
        return "dir" if metavar in ("PATH", "PATH...") else "file"
    return "text"


def first_sentence(help_text: str) -> str:
    """Return the first sentence of a help text, in one line."""
    paragraph = re.sub(r"\s+", " ", help_text.split("\n\n")[0]).strip()
    return re.split(r"(?<=[.;])\s|(?<=[。；])", paragraph)[0].rstrip(".;。；")


def completion_table(nodes: list[Node]) -> str:
    """Return aimd_cli/completion/commands.tsv, or its counterpart in the current language."""
    from aimd_cli.translated_help import help_text
    from aimd_core.language import translated

    lines = []
    for node in nodes:
        lines.append(f"command\t{' '.join(node.words)}\t{first_sentence(help_text(node.help))}")
        for parameter in node.parameters:
            role = "option" if parameter.is_option else "argument"
            kind = parameter.kind + ("*" if parameter.repeats else "")
            lines.append(
                f"{role}\t{','.join(parameter.names)}\t{kind}\t{first_sentence(translated(parameter.sentence))}"
            )
    return "\n".join(lines) + "\n"


def examples() -> Iterator[tuple[str, str]]:
    """Return the command and the line of every example in help."""
    for node in walk():
        _, _, after = node.help.partition("Examples:")
        for line in after.splitlines():
            if line.strip():
                yield " ".join(node.words), line.strip()


_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def document_examples(path: Path) -> Iterator[str]:
    """Return the lines of a page that call aimd: in shell blocks, or after `$ `."""
    for language, block in _BLOCK.findall(path.read_text(encoding="utf-8")):
        for line in block.splitlines():
            text = line.removeprefix("$ ").strip()
            is_shell = language in ("shell", "bash", "sh", "console") or line.startswith("$ ")
            if is_shell and re.search(r"(^|\| *)aimd ", text):
                yield re.sub(r"\s+# .*$", "", text)
