"""Changes entries in the text of a YAML mapping and keeps every other line, comments included.

It works on the usual layout, one key per line, nested or not. Any other layout is rewritten, which loses comments but
never content.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from aimd_core.errors import DamagedError
from aimd_core.format.documents import parse_mapping, render_mapping


class _Edit(NamedTuple):
    """Lines `first` up to `end` (not included) become `lines`."""

    first: int
    end: int
    lines: list[str]


def edit_mapping(text: bytes, content: dict[str, object]) -> bytes:
    """Return a YAML text with the content `content`, changed from `text` as little as possible.

    Args:
        text: The old document, UTF-8.
        content: The whole content of the new one.
    """
    try:
        edited = _edit_lines(text.decode("utf-8"), parse_mapping(text, ""), content).encode()
        if parse_mapping(edited, "") == content:
            return edited
    except (DamagedError, UnicodeDecodeError, yaml.YAMLError):
        pass
    return render_mapping(content)


def _edit_lines(text: str, old: dict[str, object], content: dict[str, object]) -> str:
    lines = text.splitlines()
    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        return ""  # on one line: rewritten
    if not isinstance(node, yaml.MappingNode):
        edits = [_Edit(len(lines), len(lines), _rendered(content, 0))]
    else:
        edits = _mapping_edits(lines, node, old, content)
    for edit in sorted(edits, reverse=True):
        lines[edit.first : edit.end] = edit.lines
    return "".join(f"{line}\n" for line in lines)


def _mapping_edits(lines: list[str], node: yaml.MappingNode, old: Any, content: dict[str, object]) -> list[_Edit]:
    """Return what to change in one mapping in block layout."""
    edits: list[_Edit] = []
    for key_node, value_node in node.value:
        key = str(key_node.value)
        first, end = key_node.start_mark.line, _last_line(key_node, value_node) + 1
        column = key_node.start_mark.column
        if key not in content:
            edits.append(_Edit(first, end, []))
        elif old.get(key) == content[key]:
            continue
        elif _is_block(value_node, key_node) and isinstance(content[key], dict) and content[key]:
            edits += _mapping_edits(lines, value_node, old.get(key), _as_mapping(content[key]))
        else:
            made = _rendered({key: content[key]}, column)
            made[-1] += _comment_after(lines, value_node)
            edits.append(_Edit(first, end, made))
    added = {key: value for key, value in content.items() if key not in old}
    if added and node.value:
        last_key, last_value = node.value[-1]
        line = _last_line(last_key, last_value) + 1
        edits.append(_Edit(line, line, _rendered(added, last_key.start_mark.column)))
    return edits


def _as_mapping(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return {str(key): item for key, item in value.items()}


def _is_block(value_node: yaml.Node, key_node: yaml.Node) -> bool:
    if not isinstance(value_node, yaml.MappingNode) or value_node.flow_style or not value_node.value:
        return False
    return bool(value_node.start_mark.line > key_node.start_mark.line)


def _last_line(key_node: yaml.Node, value_node: yaml.Node) -> int:
    """Return the number of the last line of an entry, without the comments below it."""
    if isinstance(value_node, yaml.MappingNode) and not value_node.flow_style and value_node.value:
        return _last_line(*value_node.value[-1])
    if isinstance(value_node, yaml.SequenceNode) and not value_node.flow_style and value_node.value:
        return _last_line(key_node, value_node.value[-1])
    end = value_node.end_mark
    ends_before = (
        end.column == 0 and end.line > value_node.start_mark.line
    )  # a block of text ends where the next begins
    return max(int(key_node.end_mark.line), int(end.line) - ends_before)


def _comment_after(lines: list[str], value_node: yaml.Node) -> str:
    """Return the comment after a one-line value, with the space before it, or nothing."""
    if not isinstance(value_node, yaml.ScalarNode) or value_node.style in ("|", ">"):
        return ""
    behind = lines[value_node.end_mark.line][value_node.end_mark.column :]
    return behind if behind.lstrip().startswith("#") and behind[:1].isspace() else ""


def _rendered(document: dict[str, object], column: int) -> list[str]:
    text = render_mapping(document).decode("utf-8") if document else ""
    return [" " * column + line for line in text.splitlines()]
