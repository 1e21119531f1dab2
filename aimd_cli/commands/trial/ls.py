"""`aimd trial ls`: the trials of a directory, or of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from aimd_cli import output
from aimd_cli.commands.trial.listing import Listing, conditions, split_words, with_view
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import DamagedError, RemoteNotFoundError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.views.comparison import GroupedComparison
    from aimd_cli.views.trial_list import TrialList
    from aimd_core.client.v2 import Server
    from aimd_core.query import Field, SortKey
    from aimd_core.reading.directory import TrialIndex
    from aimd_core.reading.facts import Facts
    from aimd_core.sources.views import Views

_TERMINAL_ROWS = 50  # shown on a terminal by default


class Form(str, Enum):
    """Forms of a table besides those that every command has."""

    csv = "csv"
    md = "md"


class ServerFolder(NamedTuple):
    """A server, and a folder on it to list; None means the active one, and the root."""

    folder: str | None
    host: str | None


def ls(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH] [QUERY]...",
            help=(
                "The directory that holds .aimd, a directory of trials, or SERVER:/FOLDER [default: .]; and queries"
                " that a trial must match, such as 'val.acc > 0.9' or a part of its name."
            ),
        ),
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
            help="Fields to show instead of the usual ones, separated by commas; +FIELDS: in addition to them.",
        ),
    ] = "",
    only: Annotated[
        str, typer.Option("--only", metavar="STATES", help="Only trials in these states, separated by commas.")
    ] = "",
    group_by: Annotated[
        str,
        typer.Option(
            "--group-by",
            metavar="PARAMS",
            help="Show groups with their means: 'params.lr' or 'all but params.seed'.",
        ),
    ] = "",
    wide: Annotated[bool, typer.Option("--wide", help="Show every column whole; the pager scrolls sideways.")] = False,
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

        aimd trial ls resnet 'val.acc.max > 0.9' --sort=-val.acc.max

        aimd trial ls --only failed,killed

        aimd trial ls @night

        aimd trial ls --group-by 'all but params.seed'

        aimd trial ls --columns name,state,params.lr,val.acc.max --format md

        aimd trial ls --columns +params.lr,val.acc.max

        aimd trial ls ~/runs --json

        aimd trial ls remote:/image_classification/mnist
    """
    path, queries = split_words(words or [])
    address, server = path, ServerFolder(folder, host) if remote else _server_in(path)
    if server and not remote:
        path = None
    is_plain = as_json or quiet or form is not None
    _check(path, server, ["-P", folder] if folder else ["-H", host] if host else [], watch and is_plain)
    directory = working_directory(Path(path) if path else None)
    viewed = with_view(queries, lambda: _views(folder if remote else address, remote, host), sort, columns)
    group_by = group_by or viewed.group_by
    if limit is None and not is_plain and not group_by and output.is_terminal():
        limit = _TERMINAL_ROWS
    query, keys, (shown, added) = conditions(viewed.words, where, only), _keys(viewed.sort), _columns(viewed.columns)
    asked = Listing(query, keys, shown, added, limit or None, detail, only_changed, group_by)
    if watch:
        _watch(lambda: _remote(server, asked) if server else _local(directory, asked, bool(path)), interval_s)
        return
    view = _remote(server, asked) if server else _local(directory, asked, bool(path))
    if quiet:
        for row in view.trials():
            output.print_line(row.id if server else row.alternative_name)
    elif form is not None and not as_json:
        output.show_as(view, form.value)
    else:
        output.show(view, as_json, wide)


def _server_in(path: str | None) -> ServerFolder | None:
    """Return the server and the folder that a path such as `team:/vision` names, None for a directory."""
    if path is None or ":" not in path or Path(path).is_dir():
        return None
    from aimd_core.sources.naming import ServerNames

    names = ServerNames()
    address = names.split(path)
    return None if address is None else ServerFolder(address[1] or None, names.host(address[0]))


def _views(where: str | None, remote: bool, host: str | None) -> Views:
    """Return the saved views of the directory or of the folder that is listed."""
    from aimd_cli.commands.trial.choice import read_in_place
    from aimd_cli.typer_inside import at_end
    from aimd_core.sources.naming import TrialFinder

    finder = TrialFinder(where, remote, host, read_in_place)
    at_end(finder.close)
    return finder.source.views


def _keys(sort: str) -> tuple[SortKey, ...]:
    if not sort.strip():
        return ()
    from aimd_core.query import parse_sort

    return parse_sort(sort)


def _columns(text: str) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    if not text.strip():
        return (), ()
    from aimd_core.query import parse_columns

    return parse_columns(text)


def _check(path: str | None, server: ServerFolder | None, named: list[str], watches_plainly: bool) -> None:
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


def _local(path: Path, asked: Listing, is_named: bool) -> TrialList | GroupedComparison:
    """Return the trials of a directory; if it was named, also the runs in another tracker's store."""
    from aimd_cli.completion.cache import remember_local
    from aimd_core.format.layout import absolute
    from aimd_core.reading.directory import TrialIndex

    index = TrialIndex((_in_place(path) if is_named else None) or path)
    names = index.newest(asked.read_limit) if asked.read_limit and asked.query is None and not asked.keys else None
    rows = index.rows(
        names,
        with_facts=any(field.kind in ("git", "platform") for field in asked.fields()),
        with_trends=output.is_terminal() and not asked.columns,
    )
    remember_local(path, rows, whole=len(rows) == len(index.names))
    baseline = _baseline(path, index, rows) if output.is_terminal() else None
    return _view(rows, str(absolute(path)), asked, len(index.names), baseline=baseline)


def _in_place(path: Path) -> Path | None:
    from aimd_core.format.layout import holds_trials

    if holds_trials(path):
        return None
    from aimd_cli.commands.trial.choice import read_in_place

    return read_in_place(path)


def _baseline(path: Path, index: TrialIndex, rows: list[Facts]) -> Facts | None:
    """Return the trial that the others are measured against, wherever it is in the list; None if there is none."""
    from aimd_core.format.saved_views import read_baseline

    try:
        kept = read_baseline(path)
    except DamagedError as error:
        output.say(error.sentence)
        return None
    if kept is None:
        return None
    listed = next((row for row in rows if row.id == kept.id), None)
    if listed is None and kept.alternative_name in index.names:
        (listed,) = index.rows([kept.alternative_name])
    return listed


def _remote(source: ServerFolder, asked: Listing) -> TrialList | GroupedComparison:
    from aimd_cli.completion.cache import remember_remote
    from aimd_core.client.lists import count, facts_of, takes_queries
    from aimd_core.client.v2 import Server
    from aimd_core.config import resolve_credentials

    credentials = resolve_credentials(source.host)
    location = (
        said("{folder} on {host}", folder=source.folder, host=credentials.host) if source.folder else credentials.host
    )
    selects = asked.query is not None or bool(asked.keys)
    with Server(credentials) as server:
        baseline = _remote_baseline(server, source.folder) if output.is_terminal() else None
        if selects and takes_queries(server):
            return _selected(server, source.folder, location, asked, baseline)
        rows: list[Facts] = [
            facts_of(document) for document in server.trials(source.folder, None if selects else asked.read_limit)
        ]
        is_cut = not selects and len(rows) == asked.read_limit and takes_queries(server)
        total = max(len(rows), count(server, source.folder)) if is_cut else len(rows)
    remember_remote(credentials.host, rows)
    return _view(rows, location, asked, total, baseline=baseline)


def _remote_baseline(server: Server, folder: str | None) -> Facts | None:
    """Return the trial that the others of a folder are measured against, None if there is none."""
    from aimd_core.client.lists import batch, facts_of
    from aimd_core.client.views import FolderViews

    try:
        kept = FolderViews(server, folder or "/").baseline()
    except RemoteNotFoundError:  # the list says so, if it cannot be seen
        return None
    document = batch(server, [kept["trial"]]).get(kept["trial"]) if kept else None
    return None if document is None else facts_of(document)


def _selected(
    server: Server, folder: str | None, location: str, asked: Listing, baseline: Facts | None
) -> TrialList | GroupedComparison:
    """Let the server select and sort the trials, and fetch only those that are shown."""
    from aimd_core.client.lists import column_names, count, facts_of
    from aimd_core.query import field_text, pinned, render

    where = render(pinned(asked.query.condition)) if asked.query is not None else ""
    sort = ",".join(f"{'-' * key.descending}{field_text(key.field)}" for key in asked.keys)
    rows: list[Facts] = [facts_of(document) for document in server.trials(folder, asked.read_limit, where, sort)]
    if not rows:
        _say_unknown(column_names(server, folder), asked)
    total = max(len(rows), count(server, folder)) if asked.query is not None or len(rows) == asked.limit else len(rows)
    return _view(rows, location, asked, total, is_selected=True, baseline=baseline)


def _say_unknown(names: dict[str, list[str]], asked: Listing) -> None:
    """Report requested parameters and metrics that no trial in the folder has."""
    from aimd_core.query import unknown_fields
    from aimd_core.reading.facts import WholeFacts

    existing = WholeFacts(params=dict.fromkeys(names["parameters"]), metrics={name: {} for name in names["metrics"]})
    fields = [field for field in asked.fields() if field.kind in ("params", "metric")]
    for unknown in unknown_fields(fields, [existing]):
        output.say(unknown.sentence())


def _view(
    rows: list[Facts],
    location: str,
    asked: Listing,
    total: int,
    is_selected: bool = False,
    baseline: Facts | None = None,
) -> TrialList | GroupedComparison:
    """Select and sort rows, unless that was done, and return their view."""
    fields = asked.fields()
    if fields and not is_selected:
        rows = _chosen(rows, asked)
    if asked.group_by:
        from aimd_cli.commands.trial.compare import by_group
        from aimd_cli.views.comparison import ComparisonOptions

        groups = by_group(rows, asked.group_by, ComparisonOptions(glyphs=output.glyphs_fit()))
        return groups.first(asked.limit)
    from aimd_cli.views.rows import Choice
    from aimd_cli.views.trial_list import TrialList

    choice = Choice(
        total,
        asked.detail,
        asked.only_changed,
        asked.columns,
        asked.added,
        [key.field for key in asked.keys],
        asked.queried(),
        baseline,
    )
    return TrialList(rows[: asked.limit], location, output.glyphs_fit(), choice)


def _chosen(rows: list[Facts], asked: Listing) -> list[Facts]:
    """Select and sort rows, and say on stderr which fields no trial has, or what may have been meant."""
    from aimd_core.query import matcher, near_misses, sort_rows, unknown_fields

    unknown = unknown_fields(asked.fields(), rows)
    for field in unknown:
        output.say(field.sentence())
    chosen = rows if asked.query is None else list(filter(matcher(asked.query), rows))
    if asked.query is not None and not chosen and not unknown:
        for sentence in near_misses(asked.query, rows):
            output.say(sentence)
    return sort_rows(chosen, asked.keys, lambda row: row)


def _watch(look: Callable[[], TrialList | GroupedComparison], interval_s: float) -> None:
    import time

    def views() -> Iterator[output.View]:
        while True:
            yield look()
            time.sleep(interval_s)

    output.watch(views())
