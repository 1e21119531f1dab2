"""`aimd trial plot`: metrics of trials as a chart in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from aimd_cli import output
from aimd_cli.options import AllSegmentsOpt, DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg

if TYPE_CHECKING:
    from aimd_cli.views.chart import Chart, Look
    from aimd_cli.views.panels import Panels
    from aimd_core.reading.facts import Facts
    from aimd_core.sources.handles import TrialHandle

_WATCH_INTERVAL_S = 1.0
_LINES_BESIDE = 8  # lines of a terminal: title, axis, legend and prompt
_PLAIN_ROWS = 16

Axis = Literal["step", "epoch", "time"]


class Source(NamedTuple):
    """The source of a chart."""

    trials: list[TrialHandle]
    metrics: list[str]
    axis: Axis
    all_segments: bool
    overlaid: bool = False


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
    x: Annotated[Axis, typer.Option("--x", help="What the x axis shows.")] = "step",
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
    watch: Annotated[bool, typer.Option("--watch", help="Redraw as points arrive, until the trials end.")] = False,
    all_segments: AllSegmentsOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Plot metrics of trials. Letters and dashes tell curves apart even without colour.

    Examples:

        aimd trial plot cnn_keras -m train.loss -m val.loss

        aimd trial plot -d . -m val.loss --log-y --smooth 0.9

        aimd trial plot cnn_keras --x time --watch

        aimd trial plot --remote @latest -m train.loss
    """
    from aimd_cli.commands.trial.choice import Naming, charts_of, chosen
    from aimd_cli.views.chart import Look

    naming = Naming(trial, path, name, directory, remote)
    trials = chosen(naming)
    look = Look(x, log_y, smooth, height or _rows(), output.braille_fits(), only_sentences=watch)
    source = Source(trials, metric or charts_of(naming), x, all_segments, overlay)
    if watch and not as_json:
        _watch(source, look)
        return
    chart, missing = _read(source, look)
    for note in missing:
        output.say(note)
    output.show(chart, as_json)


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
    return Panels(curves, look) if several and not source.overlaid else Chart(curves, look), missing


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
