"""The safe subset of Markdown of notes: headings, lists, quotes, code, tables, emphasis, and links.

What is not part of the subset is text, HTML too. A link leads to a page of the console (`#/...`) or to http and https.
The console reads notes by the same rules (`console/src/model/markdown.ts`): tests/fixtures/markdown.json is for both.
"""

from __future__ import annotations

import re
from typing import Any

Node = dict[str, Any]  # of a kind, as the fixture has them

_DEEPEST = 6
_ITEM = re.compile(r"^(\s{0,3})(?:([-*+])|([0-9]{1,9})[.)])\s+(.*)$")
_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)(.*)$")  # what follows is trimmed by code: as a pattern it is slow
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*)$")
_RULE = re.compile(r"^\s{0,3}([-*_])(\s*\1){2,}\s*$")
_QUOTE = re.compile(r"^\s{0,3}>")
_BEGINS = re.compile(r"^\s{0,3}(```|~~~|#{1,6}\s|>)")
_DASHES = re.compile(r"^[\s|:-]+$")
_INLINE = re.compile(
    r"(?P<tick>`{1,8})(?P<code>[^`]{1,2000})(?P=tick)"
    r"|\[(?P<label>[^\]\n]{1,1000})\]\((?P<target>[^()\s]{1,2000})\)"
    r"|(?P<bare>https?://[^\s<>()[\]\"'`]{1,2000})"
    r"|\*\*(?P<strong>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*\*"
    r"|(?<![A-Za-z0-9_*])[*](?P<star>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*(?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_])_(?P<under>[^\s_](?:[^_\n]{0,2000}[^\s_])?)_(?![A-Za-z0-9_])"
    r"|~~(?P<struck>[^~\n]{1,2000})~~"
    r"|\\(?P<escaped>[\\`*_~[\]()#+\-.!|>])"
)
_ADDRESS = re.compile(r"#/\S*|https?://\S+", re.IGNORECASE)


def parse_markdown(text: str, depth: int = 0) -> list[Node]:
    """Return the blocks of a note."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks: list[Node] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block, at = _block_at(lines, at, depth)
        blocks.append(block)
    return blocks


def _block_at(lines: list[str], at: int, depth: int) -> tuple[Node, int]:
    line = lines[at]
    if fence := _FENCE.match(line):
        return _fenced(lines, at, fence[1], fence[2].strip())
    if heading := _HEADING.match(line):
        title = heading[2].rstrip().rstrip("#").rstrip()
        return {"kind": "heading", "level": len(heading[1]), "children": parse_inline(title)}, at + 1
    if _RULE.match(line):
        return {"kind": "rule"}, at + 1
    if depth < _DEEPEST and _QUOTE.match(line):
        return _quoted(lines, at, depth)
    if depth < _DEEPEST and _ITEM.match(line):
        return _listed(lines, at, depth)
    if "|" in line and at + 1 < len(lines) and _is_rule_of_table(lines[at + 1]):
        return _tabled(lines, at)
    return _paragraph(lines, at, depth)


def _fenced(lines: list[str], at: int, fence: str, info: str) -> tuple[Node, int]:
    end = at + 1
    while end < len(lines) and not lines[end].strip().startswith(fence):
        end += 1
    return {"kind": "code", "info": info, "text": "\n".join(lines[at + 1 : end])}, end + 1


def _quoted(lines: list[str], at: int, depth: int) -> tuple[Node, int]:
    end = at
    while end < len(lines) and _QUOTE.match(lines[end]):
        end += 1
    inner = [re.sub(r"^\s{0,3}> ?", "", line) for line in lines[at:end]]
    return {"kind": "quote", "blocks": parse_markdown("\n".join(inner), depth + 1)}, end


def _listed(lines: list[str], at: int, depth: int) -> tuple[Node, int]:
    first = _ITEM.match(lines[at])
    is_ordered = first is not None and first[3] is not None
    items: list[list[str]] = []
    end = at
    while end < len(lines):
        item = _ITEM.match(lines[end])
        if item and (item[3] is not None) == is_ordered:
            items.append([item[4]])
        elif re.match(r"^\s{2,}\S", lines[end]):
            items[-1].append(re.sub(r"^\s{2,4}", "", lines[end]))
        else:
            break
        end += 1
    return {
        "kind": "list",
        "isOrdered": is_ordered,
        "items": [parse_markdown("\n".join(item), depth + 1) for item in items],
    }, end


def _is_rule_of_table(line: str) -> bool:
    return _DASHES.match(line) is not None and "-" in line and "|" in line


def _words(line: str) -> list[str]:
    row = re.sub(r"^\||\|$", "", line.strip())
    return [cell.strip() for cell in row.split("|")]


def _cells(line: str) -> list[list[Node]]:
    return [parse_inline(cell) for cell in _words(line)]


def _tabled(lines: list[str], at: int) -> tuple[Node, int]:
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    heads, rules = _cells(lines[at]), _words(lines[at + 1])
    sides = [_side(rules[number]) if number < len(rules) else "" for number in range(len(heads))]
    return {"kind": "table", "heads": heads, "sides": sides, "rows": [*map(_cells, lines[at + 2 : end])]}, end


def _side(rule: str) -> str:
    """Return where the cells of a column stand, as the colons under its head say; empty if they say nothing."""
    if len(rule) > 1 and rule.endswith(":"):
        return "center" if rule.startswith(":") else "right"
    return "left" if rule.startswith(":") else ""


def _paragraph(lines: list[str], at: int, depth: int) -> tuple[Node, int]:
    end = at + 1
    while end < len(lines) and lines[end].strip():
        if _BEGINS.match(lines[end]) or (depth < _DEEPEST and _ITEM.match(lines[end])):
            break
        end += 1
    return {"kind": "paragraph", "children": parse_inline("\n".join(lines[at:end]).strip())}, end


def parse_inline(text: str) -> list[Node]:
    """Return the parts of a piece of text."""
    parts: list[Node] = []
    rest = text
    while rest and (match := _INLINE.search(rest)):
        if match.start():
            parts.append({"kind": "text", "text": rest[: match.start()]})
        parts.append(_inline_of(match))
        rest = rest[match.end() :]
    return [*parts, {"kind": "text", "text": rest}] if rest else parts


def _inline_of(match: re.Match[str]) -> Node:
    kind = next(name for name in _KINDS if match[name] is not None)
    text = match[kind]
    if kind == "code":
        return {"kind": "code", "text": text.strip() or text}
    if kind == "escaped":
        return {"kind": "text", "text": text}
    if kind == "bare":
        return {"kind": "link", "address": text, "children": [{"kind": "text", "text": text}]}
    if kind == "label":
        if not is_safe_address(match["target"]):
            return {"kind": "text", "text": match[0]}
        return {"kind": "link", "address": match["target"], "children": parse_inline(text)}
    return {"kind": {"star": "emphasis", "under": "emphasis"}.get(kind, kind), "children": parse_inline(text)}


_KINDS = ("code", "bare", "label", "strong", "struck", "escaped", "star", "under")


def is_safe_address(target: str) -> bool:
    """Tell whether a note may lead there: to a page of the console (`#/...`), or of the web."""
    return _ADDRESS.fullmatch(target) is not None
