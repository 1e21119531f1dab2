"""`aimd trial views` and `aimd trial baseline`: lists by name, and the trial that others are measured against."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, working_directory
from aimd_core.errors import UsageError
from aimd_core.language import said

ViewArg = Annotated[str, typer.Argument(metavar="NAME", help="The name of the view, without the @.")]


def ls(directory: DirectoryOpt = None, as_json: JsonOpt = False) -> None:
    """List saved views.

    Examples:

        aimd trial views ls
    """
    from aimd_cli.views.saved import ViewList, ViewRow
    from aimd_core.format.saved_views import read_views

    views = read_views(working_directory(directory))
    output.show(ViewList([ViewRow(name, *view) for name, view in views.items()]), as_json)


def save(
    name: ViewArg,
    queries: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUERY]...", help="Queries or parts of names, as for `aimd trial ls`."),
    ] = None,
    sort: Annotated[str, typer.Option("--sort", metavar="KEYS", help="Fields to sort by.")] = "",
    columns: Annotated[str, typer.Option("--columns", metavar="FIELDS", help="Fields to show.")] = "",
    metric: Annotated[
        list[str] | None, typer.Option("-m", "--metric", metavar="METRIC", help="A metric to plot; repeatable.")
    ] = None,
    directory: DirectoryOpt = None,
) -> None:
    """Save a list under a name, for `aimd trial ls @NAME` and every command that takes trials.

    Examples:

        aimd trial views save night 'tag:night and val.acc > 0.9' --sort=-val.acc --columns +params.lr
    """
    from aimd_cli.commands.trial.listing import columns_of, conditions
    from aimd_core.format.saved_views import SavedView, save_view, views_path
    from aimd_core.query import parse_sort, render

    query = conditions(queries or [], "", "")
    columns_of(columns)
    if sort.strip():
        parse_sort(sort)
    home = working_directory(directory)
    view = SavedView(render(query.condition) if query else "", sort.strip(), columns.strip(), tuple(metric or ()))
    if not any(view):
        raise UsageError(
            message="a view needs a query, columns, an order or a metric",
            hint=said("For example: aimd trial views save {name} 'val.acc > 0.9'", name=name),
        )
    save_view(home, name, view)
    output.say(said("Saved @{name} in {path}", name=name, path=views_path(home)))


def rm(name: ViewArg, directory: DirectoryOpt = None) -> None:
    """Remove a saved view. No trial is touched.

    Examples:

        aimd trial views rm night
    """
    from aimd_core.format.saved_views import remove_view

    remove_view(working_directory(directory), name)
    output.say(said("Removed the view @{name}", name=name))


def baseline(
    trial: Annotated[
        str | None, typer.Argument(metavar="[TRIAL]", help="The trial that others are measured against.")
    ] = None,
    directory: DirectoryOpt = None,
    clear: Annotated[bool, typer.Option("--clear", help="Clear the baseline.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Choose the baseline of a directory, or print it. Lists show how far the other trials are from it.

    Examples:

        aimd trial baseline cnn_keras

        aimd trial baseline --clear
    """
    from aimd_cli.commands.trial.choice import Naming, local_trials, one_trial
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.format.saved_views import Baseline, read_baseline, set_baseline

    home = working_directory(directory)
    if clear:
        set_baseline(home, None)
        output.say("The baseline is cleared.")
        return
    if trial is not None:
        naming = Naming([one_trial(Naming([trial], directory=directory)).alternative_name], directory=directory)
        (chosen,) = local_trials(naming)
        set_baseline(home, Baseline(chosen.id or "", chosen.alternative_name))
    kept = read_baseline(home)
    if kept is None:
        output.say("There is no baseline. To choose one: aimd trial baseline TRIAL")
        raise typer.Exit(1)
    output.show(Outcomes([Outcome(kept.alternative_name, "baseline", kept.id)]), as_json)
