"""`aimd trial views` and `aimd trial baseline`: lists by name, and the trial that others are measured against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, RemoteOpt
from aimd_core.errors import PartlyDoneError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.sources.views import Views

ViewArg = Annotated[str, typer.Argument(metavar="NAME", help="The name of the view, without the @.")]
ViewsArg = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Names of views, without the @; by default all.")
]
PlaceOpt = Annotated[
    Path | None,
    typer.Option("-d", "--dir", metavar="DIR", help="The directory whose views they are, or SERVER:/FOLDER."),
]
RemoteViewsOpt = Annotated[
    bool, typer.Option("--remote", help="Views on the active server; DIR is a folder there, by default the root.")
]
SharedOpt = Annotated[bool, typer.Option("--shared", help="On a server: the view that all who may see the folder see.")]
ReplaceOpt = Annotated[bool, typer.Option("--replace", help="Replace views of the same name that differ.")]


def ls(directory: PlaceOpt = None, remote: RemoteViewsOpt = False, as_json: JsonOpt = False) -> None:
    """List saved views.

    Examples:

        aimd trial views ls

        aimd trial views ls --remote
    """
    from aimd_cli.views.saved import ViewList, ViewRow

    views = _views(directory, remote).all()
    output.show(ViewList([ViewRow(kept.name, kept.view.document(), kept.origin) for kept in views]), as_json)


def _views(directory: Path | None, remote: bool = False) -> Views:
    from aimd_cli.commands.trial.choice import Naming, finder_of

    return finder_of(Naming(directory=directory, remote=remote)).source.views


def save(
    name: ViewArg,
    queries: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUERY]...", help="Queries or parts of names, as for `aimd trial ls`."),
    ] = None,
    sort: Annotated[str, typer.Option("--sort", metavar="KEYS", help="Fields to sort by.")] = "",
    columns: Annotated[str, typer.Option("--columns", metavar="FIELDS", help="Fields to show.")] = "",
    group_by: Annotated[str, typer.Option("--group-by", metavar="PARAMS", help="Parameters to group trials by.")] = "",
    metric: Annotated[
        list[str] | None, typer.Option("-m", "--metric", metavar="METRIC", help="A metric to plot; repeatable.")
    ] = None,
    directory: PlaceOpt = None,
    remote: RemoteViewsOpt = False,
    shared: SharedOpt = False,
) -> None:
    """Save a list under a name, for `aimd trial ls @NAME` and every command that takes trials.

    Examples:

        aimd trial views save night 'tag:night and val.acc > 0.9' --sort=-val.acc --columns +params.lr

        aimd trial views save night tag:night --remote --shared
    """
    from aimd_cli.commands.trial.listing import conditions
    from aimd_core.format.saved_views import SavedView
    from aimd_core.query import parse_columns, parse_sort, render

    query = conditions(queries or [], "", "")
    parse_columns(columns)
    if sort.strip():
        parse_sort(sort)
    text = render(query.condition) if query else ""
    view = SavedView(text, sort.strip(), columns.strip(), tuple(metric or ()), group_by.strip())
    if not view.document():
        raise UsageError(
            message="a view needs a query, columns, an order or a metric",
            hint=said("For example: aimd trial views save {name} 'val.acc > 0.9'", name=name),
        )
    views = _views(directory, remote)
    views.save(name, view, shared)
    output.say(said("Saved @{name} in {path}", name=name, path=views.location))


def rm(name: ViewArg, directory: PlaceOpt = None, remote: RemoteViewsOpt = False, shared: SharedOpt = False) -> None:
    """Remove a saved view. No trial is touched.

    Examples:

        aimd trial views rm night
    """
    _views(directory, remote).remove(name, shared)
    output.say(said("Removed the view @{name}", name=name))


def push(
    folder: Annotated[str, typer.Argument(metavar="SERVER:/FOLDER", help="Where to, such as team:/vision.")],
    names: ViewsArg = None,
    directory: DirectoryOpt = None,
    shared: SharedOpt = False,
    replace: ReplaceOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Copy saved views of a directory to a folder on a server. Nothing is replaced without --replace.

    Examples:

        aimd trial views push remote:/ --shared
    """
    _copy(_views(directory), _remote_views(folder), names, shared, replace, as_json)


def pull(
    folder: Annotated[str, typer.Argument(metavar="SERVER:/FOLDER", help="Where from, such as team:/vision.")],
    names: ViewsArg = None,
    directory: DirectoryOpt = None,
    replace: ReplaceOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Copy saved views of a folder on a server to a directory. Nothing is replaced without --replace.

    Examples:

        aimd trial views pull remote:/
    """
    _copy(_remote_views(folder), _views(directory), names, False, replace, as_json)


def _remote_views(folder: str) -> Views:
    from aimd_core.sources.naming import ServerNames

    if ServerNames().split(folder) is None:
        raise UsageError(
            message=said("{folder} is no folder on a server", folder=folder),
            hint="Such as remote:/vision, or team:/vision after aimd login --as team",
        )
    return _views(Path(folder))


def _copy(origin: Views, target: Views, names: list[str] | None, is_shared: bool, replace: bool, as_json: bool) -> None:
    """Copy views, show what became of each, and exit with the matching code."""
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.format.saved_views import named_in

    views = {kept.name: kept.view for kept in origin.all()}
    chosen = {name: named_in(views, name, origin.location) for name in names} if names else views
    if not chosen:
        output.say(said("There are no views in {where}", where=origin.location))
        return
    rows = [Outcome(f"@{name}", target.put(name, view, is_shared, replace)) for name, view in chosen.items()]
    output.show(Outcomes(rows, "VIEW"), as_json)
    kept = [row.trial for row in rows if row.outcome == "differs"]
    if kept:
        output.say(said("Not replaced: {names}. To replace them: --replace", names=", ".join(kept)))
        raise PartlyDoneError(failed=len(kept), total=len(rows), what="views")


def baseline(
    trial: Annotated[
        str | None, typer.Argument(metavar="[TRIAL]", help="The trial that others are measured against.")
    ] = None,
    directory: PlaceOpt = None,
    remote: RemoteOpt = False,
    folder: Annotated[
        str | None, typer.Option("-P", "--folder-path", metavar="FOLDER", help="With --remote: of this folder.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Clear the baseline.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Choose the baseline of a directory or of a folder on a server, or print it.

    `ls`, `compare` and `check` show how far other trials are from it.

    Examples:

        aimd trial baseline cnn_keras

        aimd trial baseline remote:/image_classification/mnist/cnn_keras

        aimd trial baseline --clear
    """
    from aimd_cli.commands.trial.choice import Naming, finder_of
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.format.saved_views import Baseline
    from aimd_core.sources.handles import Extent, facts_of
    from aimd_core.sources.naming import only_one

    if folder is not None:
        if not remote or directory is not None:
            raise UsageError(message="--folder-path needs --remote, without --dir", hint="Or: -d SERVER:/FOLDER")
        directory = Path(folder)
    finder = finder_of(Naming(directory=directory, remote=remote))
    if clear:
        finder.source.views.set_baseline(None)
        output.say("The baseline is cleared.")
        return
    chosen = None if trial is None else only_one(finder.named(trial))
    views = finder.source.views if chosen is None or directory or remote else chosen.home.views
    if chosen is not None:
        (facts,) = facts_of([chosen], Extent(documents=False, trends=False))
        views.set_baseline(Baseline(facts.id, chosen.alternative_name))
    kept = views.baseline()
    if kept is None:
        output.say("There is no baseline. To choose one: aimd trial baseline TRIAL")
        raise typer.Exit(1)
    output.show(Outcomes([Outcome(kept.alternative_name, "baseline", kept.id)]), as_json)
