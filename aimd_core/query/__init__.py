"""The query language of `--where`, `--sort`, the SDK, the server and the console, with one parser for all.

    from aimd_core.query import matches, parse, parse_sort, sort_rows

    query = parse("params.lr >= 1e-3 and val.acc.max > 0.9 and state = Running and name ~ mnist")
    chosen = [row for row in rows if matches(query, row)]
    ordered = sort_rows(chosen, parse_sort("-val.acc.max,started"), facts=lambda row: row)

- `parse(text) -> Query`, `parse_sort(text) -> tuple[SortKey, ...]`, `parse_field(text) -> Field` and
  `parse_fields(text)` (several, comma-separated) raise only `QueryError`. Its `fault` is the position in the text, its
  `advice` what to write instead.
- `matches(query, facts, now_s=None) -> bool`. `facts` are `aimd_core.reading.facts.Facts`: name,
  alternative_name, id, state, folder, started, ended (ISO 8601 or None), tags, note, params (flat, dotted), metrics
  (`{"val.acc": {"last": ..., "min": ..., ...}}`), git, platform; of a directory and of a server alike.
- `value_of(field, facts, now_s)` is the value of a trial, as a column shows it.
- `Query.condition` is plain data (`aimd_core.query.tree`), which can be turned into something else, such as SQL, by the
  `kind` of each node. `render(condition)` is its text; `pinned(condition)` means the same in every time zone.
- `unknown_fields(fields, rows)` names parameters and metrics that no trial has, with similar names, to explain an empty
  result.

Grammar and meaning: docs/reference/query.md.
"""

from __future__ import annotations

from aimd_core.query.evaluate import contains, matches, rank_of, sort_rows, text_of, value_of
from aimd_core.query.fields import field_text
from aimd_core.query.parser import parse, parse_field, parse_fields, parse_sort
from aimd_core.query.pinning import pinned
from aimd_core.query.render import render
from aimd_core.query.tree import Field, Query, SortKey, fields_of
from aimd_core.query.unknown import Unknown, unknown_fields

__all__ = [
    "Field",
    "Query",
    "SortKey",
    "Unknown",
    "contains",
    "field_text",
    "fields_of",
    "matches",
    "parse",
    "parse_field",
    "parse_fields",
    "parse_sort",
    "pinned",
    "rank_of",
    "render",
    "sort_rows",
    "text_of",
    "unknown_fields",
    "value_of",
]
