"""Names in a query: which field a term means, and how a field is written."""

from __future__ import annotations

import re
from typing import NoReturn

from aimd_core.language import said
from aimd_core.query.lexer import Token, fail
from aimd_core.query.tree import AGGREGATES, GIT_FIELDS, TRIAL_FIELDS, Field

RESERVED = frozenset({"and", "or", "not", "in", "is", "missing", "null", "true", "false"})
_ALIASES = {"status": "state", "tag": "tags", "folder_path": "folder", "git.is_dirty": "git.dirty"}
_SPACES = ("params", "platform", "git", "metrics")
_PLAIN = re.compile(r"[^\s\"'=<>~!()\[\],&|.:+-][^\s\"'=<>~!()\[\],&|.:]*")


def field_of(source: str, term: Token) -> Field:
    """Return the field that a term names.

    Raises:
        QueryError: There is no such field; the error suggests similar ones.
    """
    segments = _segments(source, term)
    names = [text for text, _ in segments]
    space = names[0].lower() if not segments[0][1] else ""
    if len(segments) == 1:
        return _trial_field(source, term)
    if space == "git":
        return _git_field(source, term, ".".join(names[1:]))
    if space in ("params", "platform"):
        return Field(space, ".".join(names[1:]))
    if space == "metrics":
        segments = segments[1:]
        if len(segments) == 1:
            fail(
                source,
                term.start,
                term.end,
                said("{text!r} names no metric", text=term.text),
                "A metric is TYPE.NAME, as val.acc",
            )
    return _metric(segments)


def _segments(source: str, term: Token) -> list[tuple[str, bool]]:
    """Return the parts between dots, and whether each was quoted."""
    segments: list[tuple[str, bool]] = [("", False)]
    for piece in term.pieces:
        if piece.quoted:
            segments[-1] = (segments[-1][0] + piece.text, True)
            continue
        first, *others = piece.text.split(".")
        segments[-1] = (segments[-1][0] + first, segments[-1][1])
        segments += [(other, False) for other in others]
    if any(not text and not quoted for text, quoted in segments):
        fail(
            source,
            term.start,
            term.end,
            said("{text!r} is not a name: there is nothing on one side of a dot", text=term.text),
        )
    return segments


def _trial_field(source: str, term: Token) -> Field:
    written = term.text.lower()
    name = _ALIASES.get(written, written)
    if name not in TRIAL_FIELDS:
        _fail_trial_field(source, term, written)
    return Field("trial", name)


def _fail_trial_field(source: str, term: Token, written: str) -> NoReturn:
    if written in _SPACES:
        fail(
            source,
            term.start,
            term.end,
            said("{text!r} alone is not a field", text=term.text),
            said("Write: {text}.NAME", text=term.text),
        )
    from difflib import get_close_matches  # which only an error needs

    near = get_close_matches(written, [*TRIAL_FIELDS, "status"], n=2, cutoff=0.7)
    hint = said("Did you mean: {near}?", near=", ".join(near)) if near else _way_to(term.text)
    fail(source, term.start, term.end, said("there is no field {text!r}", text=term.text), hint)


def _way_to(word: str) -> str:
    shown = word if len(word) <= 40 else "NAME"
    return said(
        "A parameter is params.{shown}, a metric TYPE.{shown} (as val.{shown}); fields: {trial_fields}",
        shown=shown,
        trial_fields=", ".join(TRIAL_FIELDS),
    )


def _git_field(source: str, term: Token, name: str) -> Field:
    name = _ALIASES.get(f"git.{name}", f"git.{name}").partition(".")[2]
    if name not in GIT_FIELDS:
        from difflib import get_close_matches  # which only an error needs

        near = get_close_matches(name, GIT_FIELDS, n=1, cutoff=0.5) or list(GIT_FIELDS)
        hint = said("Did you mean: {near}?", near=", ".join(f"git.{field}" for field in near))
        fail(source, term.start, term.end, said("there is no field {text!r}", text=term.text), hint)
    return Field("git", name)


def _metric(segments: list[tuple[str, bool]]) -> Field:
    last, quoted = segments[-1]
    if len(segments) > 2 and not quoted and last in AGGREGATES:
        return Field("metric", ".".join(text for text, _ in segments[:-1]), last)
    return Field("metric", ".".join(text for text, _ in segments), "last")


def quote(text: str) -> str:
    """Return text in double quotes, so that the lexer reads it back."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _segment(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in RESERVED else quote(text)


def _dotted(name: str) -> str:
    return ".".join(map(_segment, name.split("."))) if "" not in name.split(".") else quote(name)


def field_text(field: Field) -> str:
    """Return a field as written in a query; parsing that returns the field."""
    if field.kind == "trial":
        return field.name
    if field.kind != "metric":
        return f"{field.kind}.{_dotted(field.name)}"
    metrics_type, _, name = field.name.partition(".")
    shown = f"{_segment(metrics_type)}.{_dotted(name)}"
    if metrics_type.lower() in _SPACES:
        shown = f"metrics.{shown}"
    plain = field.aggregate == "last" and field.name.rpartition(".")[2] not in AGGREGATES
    return shown if plain else f"{shown}.{field.aggregate}"
