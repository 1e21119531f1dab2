"""Generates man pages: one per command, such as `man aimd-trial-ls`."""

from __future__ import annotations

import re

from command_tree import Node, Parameter, first_sentence, walk


def man_pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    nodes = list(walk())
    return {f"{'-'.join(node.words)}.1": _page(node, nodes) for node in nodes}


def _page(node: Node, nodes: list[Node]) -> str:
    from aimd_core.version import __version__

    title = "-".join(node.words)
    lines = [
        f'.\\" Made from the program by make fix.\n.TH "{title.upper()}" "1" "" "aimd {__version__}" "aimd manual"',
        f'.SH "NAME"\n{_text(title)} \\- {_text(first_sentence(node.help))}',
        f'.SH "SYNOPSIS"\n.B {_text(" ".join(node.words))}\n{_text(node.usage)}',
        f'.SH "DESCRIPTION"\n{_description(node.help)}',
    ]
    arguments = [item for item in node.parameters if not item.is_option]
    options = [item for item in node.parameters if item.is_option]
    lines += [f'.SH "ARGUMENTS"\n{_parameters(arguments)}'] if arguments else []
    lines += [f'.SH "OPTIONS"\n{_parameters(options)}'] if options else []
    if node.children:
        entries = [
            f".TP\n.BR {_text('-'.join([*node.words, name]))} (1)\n{_text(_sentence_of([*node.words, name], nodes))}"
            for name in node.children
        ]
        lines.append('.SH "COMMANDS"\n' + "\n".join(entries))
    lines += _examples(node.help)
    lines += _topics() if node.words == ["aimd"] else []
    if len(node.words) > 1:
        lines.append(f'.SH "SEE ALSO"\n.BR {_text("-".join(node.words[:-1]))} (1)')
    return "\n".join(lines) + "\n"


def _sentence_of(words: list[str], nodes: list[Node]) -> str:
    return next(first_sentence(node.help) for node in nodes if node.words == words)


def _description(help_text: str) -> str:
    paragraphs = [re.sub(r"\s+", " ", part).strip() for part in help_text.partition("Examples:")[0].split("\n\n")]
    return "\n.PP\n".join(_text(part) for part in paragraphs if part)


def _parameters(items: list[Parameter]) -> str:
    return "\n".join(f".TP\n{_names(item)}\n{_text(item.sentence)}" for item in items)


def _names(item: Parameter) -> str:
    if not item.is_option:
        return f"\\fI{_inline(item.value)}\\fR"
    value = f" \\fI{_inline(item.value)}\\fR" if item.value else ""
    return ", ".join(f"\\fB{_inline(name)}\\fR" for name in item.names) + value


def _examples(help_text: str) -> list[str]:
    lines = [line.strip() for line in help_text.partition("Examples:")[2].splitlines() if line.strip()]
    if not lines:
        return []
    shown = "\n.PP\n".join(f".nf\n.RS 4\n{_text(line)}\n.RE\n.fi" for line in lines)
    return [f'.SH "EXAMPLES"\n{shown}']


def _topics() -> list[str]:
    from aimd_cli.topics import TOPICS, topic_text

    return [f'.SH "{topic.upper()}"\n.nf\n{_text(topic_text(topic).rstrip())}\n.fi' for topic in TOPICS]


def _inline(text: str) -> str:
    """Return text that roff shows unchanged: with hyphens that can be copied and no escapes."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return escaped.replace("^", "\\(ha").replace("~", "\\(ti").replace('"', "\\(dq")


def _text(text: str) -> str:
    """Return lines of text; a leading dot would be a command."""
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in _inline(text).splitlines())
