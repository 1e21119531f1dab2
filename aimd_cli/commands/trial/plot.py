"""`aimd trial plot`: metrics of trials as a chart in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple, Protocol

import typer

from aimd_cli import output
from aimd_cli.options import AllSegmentsOpt, DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.errors import UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from aimd_cli.pictures.drawing import Ability
    from aimd_cli.views.chart import Chart, Look
    from aimd_cli.views.panels import Panels
    from aimd_core.reading.facts import Facts
    from aimd_core.sources.handles import TrialHandle

_WATCH_INTERVAL_S = 1.0
_LINES_BESIDE = 8  # lines of a terminal: title, axis, legend and prompt
_PLAIN_ROWS = 16


class Source(NamedTuple):
    """The source of a chart."""

    trials: list[TrialHandle]
    metrics: list[str]
    axis: str
    all_segments: bool
    overlaid: bool = False


class Wish(NamedTuple):
    """A chart of fields of trials."""

    trials: list[TrialHandle]
    metrics: list[str]
    axis: str
    against: tuple[str, str] | None
    by: str
    hist: str
    heatmap: str


class FieldChart(Protocol):
    """A chart of fields of trials, which has a sentence besides what every view has."""

    def rich(self, width: int) -> RenderableType:
        """Return it for a terminal of `width` columns."""

    def lines(self) -> list[list[str]]:
        """Return its numbers."""

    def document(self) -> dict[str, object]:
        """Return it as plain data."""

    def sentence(self) -> str:
        """Return what it shows."""


def plot(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "-m", "--metric", metavar="METRIC", help="A metric such as val.loss; repeatable. [default: the main one]"
        ),
    ] = None,
    x: Annotated[
        str,
        typer.Option(
            "--x",
            metavar="FIELD",
            help="What the x axis shows: step, epoch, time, a metric, or a parameter (params.lr).",
        ),
    ] = "step",
    log_y: Annotated[bool, typer.Option("--log-y", help="Use a logarithmic y axis.")] = False,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Draw several metrics on the same axes, not in panels.")
    ] = False,
    smooth: Annotated[
        float,
        typer.Option(
            "--smooth",
            min=0.0,
            max=0.9999,
            metavar="WEIGHT",
            help="Draw a moving average with this weight, such as 0.9.",
        ),
    ] = 0.0,
    height: Annotated[
        int | None, typer.Option("--height", min=3, max=200, metavar="LINES", help="Height of the chart in lines.")
    ] = None,
    outliers: Annotated[
        bool,
        typer.Option(
            "--outliers", help="Let the y axis show every point, even a few that are ten times as far as all others."
        ),
    ] = False,
    against: Annotated[
        tuple[str, str] | None,
        typer.Option("--scatter", metavar="FIELD FIELD", help="Draw two fields against each other, a point per trial."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="FIELD", help="With --scatter: a letter and a colour for each value of it.")
    ] = "",
    hist: Annotated[
        str,
        typer.Option(
            "--hist",
            metavar="FIELD",
            help="Draw how the points of a metric are distributed, or over trials a field such as val.acc.max.",
        ),
    ] = "",
    parallel: Annotated[
        bool,
        typer.Option("--parallel", help="Draw each trial as a line across the parameters that differ, and the metric."),
    ] = False,
    heatmap: Annotated[
        str,
        typer.Option(
            "--heatmap", metavar="PATTERN", help="Draw the metrics of a trial whose names have this part, a line each."
        ),
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Redraw as points arrive, until the trials end.")] = False,
    opens: Annotated[
        bool,
        typer.Option(
            "--open", help="Show the charts in the browser instead: in the local console, or in that of the server."
        ),
    ] = False,
    all_segments: AllSegmentsOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Plot metrics of trials. Letters and dashes tell curves apart even without colour.

    Examples:

        aimd trial plot cnn_keras -m train.loss -m val.loss

        aimd trial plot -d . -m val.loss --log-y --smooth 0.9

        aimd trial plot cnn_keras --x time --watch

        aimd trial plot --remote @latest -m train.loss

        aimd trial plot -d . --scatter params.lr val.acc --by params.bs

        aimd trial plot -d . --parallel -m val.acc

        aimd trial plot cnn_keras --hist train.loss
    """
    from aimd_cli.commands.trial.choice import Naming, charts_of, chosen
    from aimd_cli.views.chart import Look

    kind = _kind(against, hist, parallel, heatmap, x, by, watch)
    naming = Naming(trial, path, name, directory, remote)
    trials = chosen(naming)
    look = Look(x, log_y, smooth, height or _rows(), output.braille_fits(), watch, outliers, ends=True)
    if opens:
        if kind or watch or as_json:
            raise UsageError(message="--open shows curves only", hint="Leave out --json, --watch and charts of fields")
        from aimd_cli.commands.trial.open_charts import open_charts

        open_charts(trials, look)
        return
    metrics = metric or charts_of(naming)
    source = Source(trials, metrics, x, all_segments, overlay)
    if watch and not as_json:
        _watch(source, look)
        return
    look = look._replace(ability=_ability(look, as_json))
    if kind:
        _show_fields(kind, Wish(trials, metrics, x, against, by, hist, heatmap), look, as_json)
        return
    chart, missing = _read(source, look)
    for note in missing:
        output.say(note)
    output.show(chart, as_json)


def _kind(
    against: tuple[str, str] | None, hist: str, parallel: bool, heatmap: str, x: str, by: str, watch: bool
) -> str:
    """Return which chart of fields is asked for; empty for curves.

    Raises:
        UsageError: Options contradict each other.
    """
    from aimd_cli.views.curve import AXIS_WORDS

    asked = {"--scatter": against, "--hist": hist, "--parallel": parallel, "--heatmap": heatmap}
    kinds = [option for option, value in asked.items() if value]
    if x.startswith("params."):
        kinds = [*kinds, "--x"]
    if len(kinds) > 1:
        raise UsageError(message=said("{kinds} are different charts", kinds=" and ".join(kinds)), hint="Choose one")
    if x not in AXIS_WORDS and "." not in x:
        raise UsageError(
            message=said("the x axis cannot show {axis!r}", axis=x),
            hint="It may be step, epoch, time, a metric such as train.tokens, or a parameter such as params.lr",
        )
    if by and kinds not in (["--scatter"], ["--x"]):
        raise UsageError(message="--by needs --scatter", hint="For example: --scatter params.lr val.acc --by params.bs")
    if watch and kinds:
        raise UsageError(message=said("--watch cannot be combined with {kind}", kind=kinds[0]), hint="Watch curves")
    return kinds[0] if kinds else ""


def _show_fields(kind: str, wish: Wish, look: Look, as_json: bool) -> None:
    """Show a chart of fields; a pipe gets its rows, and the sentence as a message."""
    from aimd_cli.commands.trial import field_charts
    from aimd_cli.commands.trial.curves import main_metric

    trials, metrics = wish.trials, wish.metrics
    view: FieldChart
    if kind == "--hist":
        view = field_charts.histogram(trials, wish.hist, look.rows)
    elif kind == "--parallel":
        view = field_charts.parallel(trials, (metrics or [""])[0], look)
    elif kind == "--heatmap":
        view = field_charts.heat_map(trials, wish.heatmap)
    else:
        fields = wish.against or (wish.axis, (metrics or [main_metric(trials)])[0])
        view = field_charts.scatter(trials, fields, wish.by, look)
    if not as_json and not output.is_terminal():
        output.say(view.sentence())
    output.show(view, as_json)


def _ability(look: Look, as_json: bool) -> Ability:
    """Return how the terminal shows pictures; not with pixels where the chart would not fit its height."""
    from aimd_cli.pictures.ability import of_terminal
    from aimd_cli.pictures.drawing import Ability

    if as_json or not output.is_terminal() or look.rows + _LINES_BESIDE > output.terminal_height():
        return Ability()
    return of_terminal()


def _rows() -> int:
    if not output.is_terminal():
        return _PLAIN_ROWS
    return max(6, min(20, output.terminal_height() - _LINES_BESIDE))


def _read(source: Source, look: Look) -> tuple[Chart | Panels, list[str]]:
    from aimd_cli.commands.trial.curves import read_curves
    from aimd_cli.views.chart import Chart
    from aimd_cli.views.panels import Panels

    curves, missing = read_curves(source.trials, source.metrics, source.axis, source.all_segments)
    several = len({curve.metric for curve in curves}) > 1
    if several and not source.overlaid:
        return Panels(curves, look, source.metrics), missing
    return Chart(curves, look), missing


def _watch(source: Source, look: Look) -> None:
    """Redraw, and leave the last chart on the terminal."""
    shown: list[Chart | Panels] = []

    def kept() -> Iterator[Chart | Panels]:
        for chart in _charts(source, look):
            shown[:] = [chart]
            yield chart

    output.watch(kept())
    if shown and output.is_terminal():
        output.show(shown[0], as_json=False)


def _charts(source: Source, look: Look) -> Iterator[Chart | Panels]:
    """Yield the chart whenever points have come, until no trial is being recorded."""
    import time

    from aimd_core.errors import MetricNotFoundError
    from aimd_core.reading.facts import is_live
    from aimd_core.sources.handles import watch

    facts_now = watch(source.trials)
    counts: list[list[object]] = []
    while True:
        facts = facts_now()
        runs_on = any(is_live(trial.state) for trial in facts)
        now = [_counts(trial) for trial in facts]
        started_s = time.monotonic()
        if now != counts:
            counts = now
            try:
                yield _read(source, look)[0]
            except MetricNotFoundError:
                if not runs_on:  # while a trial runs, its first point may still come
                    raise
        if not runs_on:
            return
        # A long journal is read completely each time, which may take at most a third of a core.
        time.sleep(max(_WATCH_INTERVAL_S, 2 * (time.monotonic() - started_s)))


def _counts(trial: Facts) -> list[object]:
    """Return what changes when a point is added to a trial, or superseded."""
    return [*((name, trial.number(name, "count"), trial.number(name)) for name in trial.metrics), len(trial.segments)]
