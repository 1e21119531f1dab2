"""`aimd trial compare`: what differs between trials, and which is best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aimd_cli import output
from aimd_cli.options import AllSegmentsOpt, DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.errors import UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.views.chart import Chart
    from aimd_cli.views.comparison import Comparison, ComparisonOptions, GroupedComparison
    from aimd_core.reading.facts import Facts
    from aimd_core.sources.handles import TrialHandle

_CHART_ROWS = 10
_CHART_CURVES = 7  # as many as the palette distinguishes

Aggregate = Literal["last", "min", "max", "mean"]
Format = Literal["md", "csv", "latex"]


def compare(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", metavar="PARAMS", help="Group trials: 'params.lr' or 'all but params.seed'."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("-m", "--metric", metavar="METRIC", help="Only this metric; repeatable.")
    ] = None,
    best: Annotated[
        list[str] | None,
        typer.Option("--best", metavar="METRIC:min|max", help="Which direction is better, if the name does not tell."),
    ] = None,
    aggregate: Annotated[
        Aggregate, typer.Option("--aggregate", help="Which value of each metric to compare.")
    ] = "last",
    everything: Annotated[bool, typer.Option("--all", help="Also show what is the same in all of them.")] = False,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="TRIAL", help="The trial to measure against, instead of the kept one.")
    ] = "",
    packages: Annotated[
        bool,
        typer.Option("--packages", help="Show which packages and recorded diffs differ, not only how many."),
    ] = False,
    shape: Annotated[Format | None, typer.Option("--format", help="Print the table in this format.")] = None,
    all_segments: AllSegmentsOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Compare trials: only what differs, metrics side by side, the best marked.

    Examples:

        aimd trial compare cnn_keras_a cnn_keras_b

        aimd trial compare -d . --group-by 'all but params.seed' --format latex

        aimd trial compare -d . -m val.acc --best val.acc:max --aggregate max

        aimd trial compare -d . --baseline cnn_keras

        aimd trial compare cnn_keras 'remote:/image_classification/mnist/@best(val.acc)'
    """
    from aimd_cli.commands.trial.choice import Naming, baseline_for, chosen
    from aimd_cli.views.comparison import ComparisonOptions

    naming = Naming(trial, path, name, directory, remote)
    trials = chosen(naming)
    base = baseline_for(naming, trials, baseline)
    options = ComparisonOptions(
        aggregate, _directions(best or []), tuple(metric or []), everything, output.glyphs_fit(), packages, base
    )
    view: Comparison | GroupedComparison
    if group_by:
        from aimd_core.sources.handles import Extent, facts_of

        view = by_group(facts_of(trials, Extent(trends=False, all_segments=all_segments)), group_by, options)
    else:
        view = _comparison(trials, options, shape is None and not as_json, all_segments)
    if options.metrics and not view.metrics:
        raise UsageError(
            message=said("no trial has {metrics}", metrics=", ".join(options.metrics)),
            hint="Run: aimd trial describe -m -n NAME",
        )
    if shape is None:
        output.show(view, as_json)
        return
    from aimd_cli.views.grid import comma_separated, latex, markdown

    rendered = {
        "md": lambda: markdown(view.grid()),
        "csv": lambda: comma_separated(view.csv_rows()),
        "latex": lambda: latex(view.grid()),
    }
    for line in rendered[shape]():
        output.print_line(line)


def _directions(told: list[str]) -> dict[str, str]:
    directions = {}
    for word in told:
        metric, _, direction = word.rpartition(":")
        if not metric or direction not in ("min", "max"):
            raise UsageError(
                message=said("--best {word!r} is not METRIC:min or METRIC:max", word=word),
                hint="For example: val.acc:max",
            )
        directions[metric] = direction
    return directions


def _comparison(
    trials: list[TrialHandle], options: ComparisonOptions, with_chart: bool, all_segments: bool
) -> Comparison:
    from aimd_cli.commands.trial.describe import compared
    from aimd_cli.views.comparison import Comparison

    if len(trials) < 2:
        raise UsageError(message="a comparison needs two trials or more", hint="Name another, or all with -d DIR")
    made = Comparison(compared(trials, all_segments), options)
    if with_chart and output.is_terminal() and made.metrics and len(trials) <= _CHART_CURVES:
        made.chart = _chart(trials, made.metrics[0], all_segments)
    return made


def _chart(trials: list[TrialHandle], metric: str, all_segments: bool) -> Chart | None:
    from aimd_cli.commands.trial.curves import read_curves
    from aimd_cli.views.chart import Chart, Look

    curves, _ = read_curves(trials, [metric], "step", all_segments)
    if sum(len(curve) for curve in curves) <= len(curves):  # one point each adds nothing to the table
        return None
    return Chart(curves, Look(rows=_CHART_ROWS, glyphs=output.braille_fits()))


def by_group(rows: list[Facts], group_by: str, options: ComparisonOptions) -> GroupedComparison:
    """Return groups of trials that agree in parameters, as `--group-by` names them.

    Raises:
        UsageError: No trial has one of these.
    """
    from aimd_cli.views.comparison import GroupedComparison
    from aimd_cli.views.groups import grouped, grouping_params
    from aimd_cli.views.rows import all_keys

    names, unknown = grouping_params(rows, group_by)
    if unknown:
        params = all_keys(row.params for row in rows)
        meant = [name for name in params if any(name.endswith(f".{short}") for short in unknown)]
        existing = ", ".join((meant or params)[:12]) or said("none")
        raise UsageError(
            message=said("no trial has a parameter {unknown}", unknown=", ".join(unknown)),
            hint=said("There are: {known}", known=existing),
        )
    return GroupedComparison(grouped(rows, names, options.aggregate), options)
