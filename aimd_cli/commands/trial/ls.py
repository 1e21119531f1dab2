"""`aimd trial ls`: the trials of a directory, or of the server."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import NoTrialsError, QueryError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.views.trial_list import TrialList
    from aimd_core.client.v2 import Server
    from aimd_core.query import Field, Query, SortKey
    from aimd_core.reading.facts import Facts

_TERMINAL_ROWS = 50  # shown on a terminal by default


class Form(str, Enum):
    """Forms of a table besides those that every command has."""

    csv = "csv"
    md = "md"


class Asked(NamedTuple):
    """The request: which trials, in which order, and which columns; `added` are besides the usual ones."""

    query: Query | None
    keys: tuple[SortKey, ...]
    columns: tuple[Field, ...]
    added: tuple[Field, ...]
    limit: int | None
    detail: bool
    only_changed: bool

    def queried(self) -> list[Field]:
        """Return the fields of the query."""
        if self.query is None:
            return []
        from aimd_core.query import fields_of

        return fields_of(self.query.condition)

    def fields(self) -> list[Field]:
        """Return the fields that the answer needs."""
        return [*self.queried(), *(key.field for key in self.keys), *self.columns, *self.added]


class Remote(NamedTuple):
    """The server and folder to list."""

    folder: str | None
    host: str | None


def ls(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="The directory that holds .aimd, or a directory of trials. [default: .]"),
    ] = None,
    detail: Annotated[
        bool, typer.Option("-d", "--detail", help="Show every parameter, not only those that differ.")
    ] = False,
    where: Annotated[
        str, typer.Option("--where", metavar="QUERY", help="Only trials that match a query; see `aimd help query`.")
    ] = "",
    sort: Annotated[
        str, typer.Option("--sort", metavar="KEYS", help="Fields to sort by; a leading '-' puts the largest first.")
    ] = "",
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="FIELDS",
            help="Fields to show instead of the usual ones, separated by commas; +FIELDS: besides them.",
        ),
    ] = "",
    only_changed: Annotated[
        bool, typer.Option("--only-changed", help="Only parameters and metrics that differ.")
    ] = False,
    remote: Annotated[bool, typer.Option("--remote", help="List the server's trials.")] = False,
    folder: Annotated[
        str | None,
        typer.Option("-P", "--folder-path", metavar="FOLDER", help="With --remote: only this folder and below."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "-L",
            "--limit",
            metavar="COUNT",
            min=0,
            help=f"Show at most this many trials (0: all). [{_TERMINAL_ROWS} on a terminal]",
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep the list up to date until Ctrl-C.")] = False,
    interval_s: Annotated[
        float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="With --watch: time between two updates.")
    ] = 2.0,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print alternative names only (ids with --remote).")
    ] = False,
    form: Annotated[Form | None, typer.Option("--format", help="Print the table in this format.")] = None,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """List trials, newest first, with what sets them apart.

    Examples:

        aimd trial ls

        aimd trial ls --where 'val.acc.max > 0.9 and params.lr < 0.1' --sort=-val.acc.max

        aimd trial ls --columns name,state,params.lr,val.acc.max --format md

        aimd trial ls --columns +params.lr,val.acc.max

        aimd trial ls ~/runs --json

        aimd trial ls --remote -P image_classification/mnist
    """
    server = Remote(folder, host) if remote else None
    _check(
        path,
        server,
        ["-P", folder] if folder else ["-H", host] if host else [],
        watch and (as_json or quiet or form is not None),
    )
    asked = _asked(where, sort, columns, limit, detail, only_changed, plain=as_json or quiet or form is not None)
    if watch:
        _watch(working_directory(path), server, asked, interval_s)
        return
    view = _remote(server, asked) if server else _local(working_directory(path), asked)
    if quiet:
        for row in view.rows:
            output.print_line(row.id if remote else row.alternative_name)
    elif form is not None and not as_json:
        output.show_as(view, form.value)
    else:
        output.show(view, as_json)


def _check(path: Path | None, server: Remote | None, named: list[str], watches_plainly: bool) -> None:
    if server and path is not None:
        raise UsageError(message="--remote takes no PATH", hint="Name a folder of the server with -P FOLDER")
    if named and not server:
        import shlex

        command = shlex.join(["aimd", "trial", "ls", "--remote", *named])
        raise UsageError(message="-P and -H need --remote", hint=said("Run: {command}", command=command))
    if watches_plainly:
        raise UsageError(
            message="--watch cannot be combined with --json, --format or -q",
            hint="Piped, --watch prints tab-separated lines: the table, then each row that changed",
        )


def _asked(
    where: str, sort: str, columns: str, limit: int | None, detail: bool, only_changed: bool, plain: bool
) -> Asked:
    """Parse the options before anything is read from disk or network."""
    if limit is None and not plain and output.is_terminal():
        limit = _TERMINAL_ROWS
    if not (where.strip() or sort.strip() or columns.strip()):
        return Asked(None, (), (), (), limit or None, detail, only_changed)
    from aimd_core.query import parse, parse_fields, parse_sort

    are_added = columns.lstrip().startswith("+")
    fields = parse_fields(columns.replace("+", "", 1)) if columns.strip() else ()
    return Asked(
        parse(where) if where.strip() else None,
        parse_sort(sort) if sort.strip() else (),
        () if are_added else fields,
        fields if are_added else (),
        limit or None,
        detail,
        only_changed,
    )


def _local(path: Path, asked: Asked) -> TrialList:
    from aimd_cli.completion.cache import remember_local
    from aimd_core.reading.directory import TrialIndex

    try:
        index = TrialIndex(path)
    except NoTrialsError as error:
        raise _with_advice(error, str(path)) from None
    names = index.newest(asked.limit) if asked.limit and asked.query is None and not asked.keys else None
    rows = index.rows(
        names,
        with_facts=any(field.kind in ("git", "platform") for field in asked.fields()),
        with_trends=output.is_terminal() and not asked.columns,
    )
    remember_local(path, rows, whole=len(rows) == len(index.names))
    return _view(rows, str(path.absolute()), asked, len(index.names))


def _with_advice(error: NoTrialsError, path: str) -> NoTrialsError:
    """Return the error for a path without trials, with advice if the path is a query."""
    from shlex import quote

    from aimd_core.query import parse

    try:
        parse(path)
    except QueryError:
        return error
    hint = said("A query goes with --where: aimd trial ls --where {query}", query=quote(path))
    return type(error)(**{**error.facts, "hint": hint})


def _remote(source: Remote, asked: Asked) -> TrialList:
    from aimd_cli.completion.cache import remember_remote
    from aimd_core.client.lists import facts_of, takes_queries
    from aimd_core.client.v2 import Server
    from aimd_core.config import resolve_credentials

    credentials = resolve_credentials(source.host)
    location = (
        said("{folder} on {host}", folder=source.folder, host=credentials.host) if source.folder else credentials.host
    )
    selects = asked.query is not None or bool(asked.keys)
    with Server(credentials) as server:
        if selects and takes_queries(server):
            return _selected(server, source.folder, location, asked)
        rows = [facts_of(document) for document in server.trials(source.folder, None if selects else asked.limit)]
    remember_remote(credentials.host, rows)
    return _view(rows, location, asked, len(rows))


def _selected(server: Server, folder: str | None, location: str, asked: Asked) -> TrialList:
    """Let the server select and sort the trials, and fetch only those that are shown."""
    from aimd_core.client.lists import column_names, count, facts_of
    from aimd_core.query import field_text, pinned, render

    where = render(pinned(asked.query.condition)) if asked.query is not None else ""
    sort = ",".join(f"{'-' * key.descending}{field_text(key.field)}" for key in asked.keys)
    rows = [facts_of(document) for document in server.trials(folder, asked.limit, where, sort)]
    if not rows:
        _say_unknown(column_names(server, folder), asked)
    total = max(len(rows), count(server, folder)) if asked.query is not None or len(rows) == asked.limit else len(rows)
    return _view(rows, location, asked, total, is_selected=True)


def _say_unknown(names: dict[str, list[str]], asked: Asked) -> None:
    """Report requested parameters and metrics that no trial in the folder has."""
    from aimd_core.query import unknown_fields
    from aimd_core.reading.facts import Facts

    existing = Facts(params=dict.fromkeys(names["parameters"]), metrics={name: {} for name in names["metrics"]})
    fields = [field for field in asked.fields() if field.kind in ("params", "metric")]
    for unknown in unknown_fields(fields, [existing]):
        output.say(unknown.sentence())


def _view(rows: list[Facts], location: str, asked: Asked, total: int, is_selected: bool = False) -> TrialList:
    """Select and sort rows, unless that was done, and return their view."""
    from aimd_cli.views.rows import Choice
    from aimd_cli.views.trial_list import TrialList

    fields = asked.fields()
    if fields and not is_selected:
        from aimd_core.query import matches, sort_rows, unknown_fields

        for unknown in unknown_fields(fields, rows):
            output.say(unknown.sentence())
        query = asked.query
        if query is not None:
            rows = [row for row in rows if matches(query, row)]
        rows = sort_rows(rows, asked.keys, lambda row: row)
    choice = Choice(
        total,
        asked.detail,
        asked.only_changed,
        asked.columns,
        asked.added,
        [key.field for key in asked.keys],
        asked.queried(),
    )
    return TrialList(rows[: asked.limit], location, output.glyphs_fit(), choice)


def _watch(path: Path, server: Remote | None, asked: Asked, interval_s: float) -> None:
    import time

    def views() -> Iterator[TrialList]:
        while True:
            yield _remote(server, asked) if server else _local(path, asked)
            time.sleep(interval_s)

    output.watch(views())
