"""The query language of `--where`, `--sort`, the SDK, the server and the console, with one parser for all.

    from aimd_core.query import matches, parse, parse_sort, sort_rows

    query = parse("params.lr >= 1e-3 and val.acc.max > 0.9 and state = Running and name ~ mnist")
    chosen = [row for row in rows if matches(query, row)]
    ordered = sort_rows(chosen, parse_sort("-val.acc.max,started"), facts=lambda row: row)

- `parse(text) -> Query`, `parse_sort(text) -> tuple[SortKey, ...]`, `parse_field(text) -> Field`,
  `parse_fields(text)` (several, comma-separated) and `parse_columns(text)` (as `--columns`) raise only `QueryError`.
  Its `fault` is the position in the text, its `advice` what to write instead.
- `matches(query, facts, now_s=None) -> bool`. `facts` are `aimd_core.reading.facts.Facts`: name,
  alternative_name, id, state, folder, started, ended (ISO 8601 or None), tags, note, params (flat, dotted), metrics
  (`{"val.acc": {"last": ..., "min": ..., ...}}`), git, platform; of a directory and of a server alike.
  `matcher(query, now_s=None)` is the same for many trials: it reads the query once.
- `value_of(field, facts, now_s)` is the value of a trial, as a column shows it.
- `Query.condition` is plain data (`aimd_core.query.tree`), which can be turned into something else, such as SQL, by the
  `kind` of each node. `render(condition)` is its text; `pinned(condition)` means the same in every time zone.
- `read_word(text)` and `read_words(words)` read what a person types in a hurry: a word is a part of the name.
- `unknown_fields(fields, rows)` names parameters and metrics that no trial has, with similar names, and
  `near_misses(query, rows)` says where a part was taken for the whole, to explain an empty result.

Grammar and meaning: docs/reference/query.md.
"""

from __future__ import annotations

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from aimd_core.query.evaluate import contains as contains
    from aimd_core.query.evaluate import matcher as matcher
    from aimd_core.query.evaluate import matches as matches
    from aimd_core.query.evaluate import rank_of as rank_of
    from aimd_core.query.evaluate import sort_rows as sort_rows
    from aimd_core.query.evaluate import text_of as text_of
    from aimd_core.query.evaluate import value_of as value_of
    from aimd_core.query.fields import field_text as field_text
    from aimd_core.query.parser import parse as parse
    from aimd_core.query.parser import parse_columns as parse_columns
    from aimd_core.query.parser import parse_field as parse_field
    from aimd_core.query.parser import parse_fields as parse_fields
    from aimd_core.query.parser import parse_sort as parse_sort
    from aimd_core.query.pinning import pinned as pinned
    from aimd_core.query.rendering import render as render
    from aimd_core.query.tree import Field as Field
    from aimd_core.query.tree import Query as Query
    from aimd_core.query.tree import SortKey as SortKey
    from aimd_core.query.tree import fields_of as fields_of
    from aimd_core.query.unknown import Unknown as Unknown
    from aimd_core.query.unknown import unknown_fields as unknown_fields
    from aimd_core.query.words import all_of as all_of
    from aimd_core.query.words import near_misses as near_misses
    from aimd_core.query.words import read_word as read_word
    from aimd_core.query.words import read_words as read_words

# Where each name is. It is loaded when it is first used: many a command needs only how a text is quoted.
_HOME = {
    **dict.fromkeys(("contains", "matches", "rank_of", "sort_rows", "matcher", "text_of", "value_of"), "evaluate"),
    "field_text": "fields",
    **dict.fromkeys(("parse", "parse_columns", "parse_field", "parse_fields", "parse_sort"), "parser"),
    "pinned": "pinning",
    "render": "rendering",
    **dict.fromkeys(("Field", "Query", "SortKey", "fields_of"), "tree"),
    **dict.fromkeys(("Unknown", "unknown_fields"), "unknown"),
    **dict.fromkeys(("all_of", "near_misses", "read_word", "read_words"), "words"),
}


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
