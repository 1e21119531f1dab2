"""Finds the settings in a text that a script logs: a table of two columns, as cleanrl writes it, or a JSON object."""

from __future__ import annotations

_MAX_CHARS = 100_000
_MAX_VALUE_CHARS = 1_000  # of a value that is read as a Python literal


def settings_in(text: str) -> dict[str, object] | None:
    """Return the settings in a text by name, or None if it has none.

    Args:
        text: A Markdown table with a column of names and one of values, or a JSON object.
    """
    content = text.strip()
    if len(content) > _MAX_CHARS:
        return None
    if content.startswith("{"):
        return _in_json(content)
    return _in_table(content.splitlines()) if content.startswith("|") else None


def _in_json(content: str) -> dict[str, object] | None:
    import json

    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and document else None


def _in_table(lines: list[str]) -> dict[str, object] | None:
    rows = [line.strip() for line in lines if line.strip()]
    if len(rows) < 3 or set(rows[1]) - set("|-: ") or any(row.count("|") < 3 for row in rows):
        return None
    if rows[0].count("|") != 3:  # a table of more columns is about something else
        return None
    settings: dict[str, object] = {}
    for row in rows[2:]:
        name, _, value = row[1:].rstrip("|").partition("|")
        settings[name.strip()] = _value(value.strip())
    return settings


def _value(text: str) -> object:
    """Return what a value says: a number, a truth value, None, a list or a mapping; else the text."""
    import ast

    if len(text) > _MAX_VALUE_CHARS:
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
