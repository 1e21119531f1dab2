"""`aimd trial plot --scatter`, `--hist`, `--parallel` and `--heatmap`: charts of fields of trials, not of courses."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aimd_cli import output
from aimd_cli.commands.trial.curves import main_metric, names_of, where_of
from aimd_cli.views.samples import Sample, number_of
from aimd_core.errors import MetricNotFoundError, NotFoundError, UsageError
from aimd_core.language import said
from aimd_core.query import Field, field_text, parse_field, value_of
from aimd_core.query.tree import AGGREGATES
from aimd_core.reading.facts import Facts
from aimd_core.sources.handles import Extent, LineRequest, TrialHandle, by_source, facts_of

if TYPE_CHECKING:
    from aimd_cli.views.chart import Look
    from aimd_cli.views.distribution import Distribution
    from aimd_cli.views.heat_map import HeatMap
    from aimd_cli.views.parallel import Parallel
    from aimd_cli.views.scatter import Scatter

_NAMED = 6  # parameters and metrics that an error names
_MOST_LINES = 10_000_000  # points asked of a server, so that each is one


def scatter(trials: Sequence[TrialHandle], fields: tuple[str, str], by: str, look: Look) -> Scatter:
    """Return two fields of trials against each other.

    Raises:
        QueryError: One of them is not a field.
        NotFoundError: No trial has one of them.
    """
    from aimd_cli.views.scatter import Scatter

    read = [parse_field(field) for field in (*fields, *([by] if by else []))]
    rows = _rows(trials, read)
    x, y, *groups = (_sample(field, rows) for field in read)
    for sample in (x, y):
        if not any(number is not None for number in sample.numbers):
            raise _missing(sample.title, trials, rows)
    return Scatter(_names(trials), x, y, groups[0] if groups else None, look)


def histogram(trials: Sequence[TrialHandle], field_name: str, rows: int) -> Distribution | HeatMap:
    """Return the distribution of a metric's points, or of a field that has one value per trial.

    Histograms that a trial has recorded at that key are shown over its steps.

    Raises:
        QueryError: It is not a field.
        NotFoundError: No trial has it.
    """
    from aimd_cli.views.distribution import Distribution

    if len(trials) == 1 and (recorded := _recorded_histograms(trials[0], field_name, rows)):
        return recorded
    field = parse_field(field_name)
    is_whole = field.kind == "metric" and field_name.rpartition(".")[2].strip("\"'") not in AGGREGATES
    if is_whole:
        answers = by_source(trials, lambda source, group: source.lines(group, LineRequest([field.name])))
        present = [any(len(line.points) for line in lines) for (lines,) in answers]
        series = [line.points.values for (lines,) in answers for line in lines if len(line.points)]
        values: list[object] = [value for column in series for value in column]
        if not series:
            raise MetricNotFoundError(field.name, where_of(trials), names_of(trials))
        owners = len(series)
    else:
        facts = _rows(trials, [field])
        sample = _sample(field, facts)
        present = [number is not None for number in sample.numbers]
        values, owners = [value for value, has in zip(sample.values, present, strict=True) if has], len(trials)
        if not any(number is not None for number in sample.numbers):
            raise _missing(sample.title, trials, facts)
    numbers = [number for number in map(number_of, values) if number is not None]
    title = field.name if is_whole else field_text(field)
    left_out = len(values) - len(numbers)
    without = [name for name, has in zip(_names(trials), present, strict=True) if not has]
    return Distribution(title, numbers, owners, rows, output.glyphs_fit(), left_out, without)


def _recorded_histograms(trial: TrialHandle, key: str, rows: int) -> HeatMap | None:
    """Return the histograms that a trial has recorded at a key, over its steps; None if there are none."""
    from aimd_cli.views.histogram_steps import Bins, heat_map_of
    from aimd_core.sources.media import media_keys_of, media_of

    if not any(recorded.key == key for recorded in media_keys_of(trial)):
        return None
    bins = [
        Bins(item.record.step, item.record.histogram.edges, item.record.histogram.counts)
        for item in media_of(trial).items(key)
        if item.record.histogram is not None
    ]
    if not bins:
        return None
    title = said("{metrics} of {trial}", metrics=key, trial=trial.alternative_name)
    return heat_map_of(title, bins, rows, output.glyphs_fit(), output.wants_color())


def parallel(trials: Sequence[TrialHandle], target: str, look: Look) -> Parallel:
    """Return trials as lines across the parameters that tell them apart, ordered by a target.

    Raises:
        UsageError: No parameter tells them apart.
        QueryError, NotFoundError: There is no such target.
    """
    from aimd_cli.views.parallel import Parallel
    from aimd_cli.views.rows import differing_params, telling_params

    field = parse_field(target or main_metric(trials))
    rows = _rows(trials, [field])
    telling = telling_params(rows, differing_params(rows)) if len(rows) > 1 else None
    names = [] if telling is None else [*telling.main, *telling.minor]
    if not names:
        raise UsageError(
            message="parallel coordinates need trials whose parameters differ",
            hint="Name more trials, or all with -d DIR",
        )
    sample = _sample(field, rows)
    if not any(number is not None for number in sample.numbers):
        raise _missing(sample.title, trials, rows)
    params = [Sample(f"params.{name}", [_scalar(row.params.get(name)) for row in rows]) for name in names]
    return Parallel(_names(trials), params, sample, look)


def heat_map(trials: Sequence[TrialHandle], pattern: str) -> HeatMap:
    """Return the metrics of a trial whose names have a part, or match a pattern with `*`, as a heat map over steps.

    Raises:
        UsageError: Several trials were named.
        NotFoundError: It has no such metric.
    """
    from aimd_cli.views.heat_map import HeatMap, Layer

    if len(trials) > 1:
        raise UsageError(message="a heat map shows one trial", hint="Name one of them")
    (trial,) = trials
    names = names_of(trials)
    chosen = [name for name in names if _fits(name, pattern)]
    if not chosen:
        raise MetricNotFoundError(pattern, trial.alternative_name, names)
    ((*answers,),) = (trial.source.lines(trials, LineRequest(chosen)),)
    layers = []
    for name, (line, *_) in zip(chosen, answers[0], strict=True):
        columns = zip(line.points.positions, line.points.values, strict=True)
        points = sorted(point for point in columns if point[0] - point[0] + point[1] - point[1] == 0.0)
        layers.append(Layer(name, [step for step, _ in points], [value for _, value in points]))
    if not any(layer.values for layer in layers):
        raise MetricNotFoundError(pattern, trial.alternative_name, names)
    title = said("{metrics} of {trial}", metrics=pattern, trial=trial.alternative_name)
    return HeatMap(title, layers, output.glyphs_fit(), output.wants_color())


def _fits(name: str, pattern: str) -> bool:
    if any(sign in pattern for sign in "*?["):
        return fnmatch.fnmatchcase(name, pattern)
    return pattern.lower() in name.lower()


def _rows(trials: Sequence[TrialHandle], fields: Sequence[Field]) -> list[Facts]:
    needs_documents = any(field.kind in ("git", "platform") for field in fields)
    return facts_of(trials, Extent(documents=needs_documents, trends=False))


def _sample(field: Field, rows: Sequence[Facts]) -> Sample:
    now_s = time.time()
    return Sample(field_text(field), [_scalar(value_of(field, row, now_s)) for row in rows])


def _scalar(value: object) -> object:
    """Return a value as one thing: a list of tags as text, everything else as it is."""
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else value


def _names(trials: Sequence[TrialHandle]) -> list[str]:
    return [trial.alternative_name for trial in trials]


def _is_number(field: Field, rows: Sequence[Facts]) -> bool:
    """Tell whether a field is a number in one of the trials."""
    return any(number is not None for number in _sample(field, rows).numbers)


def _missing(title: str, trials: Sequence[TrialHandle], rows: Sequence[Facts]) -> NotFoundError:
    """Return the error for a field that is a number in none of the trials, with those that are, or that are near."""
    from aimd_cli.views.rows import differing_params, ranked_metrics, telling_params
    from aimd_core.query import unknown_fields

    unknown = unknown_fields([parse_field(title)], rows)
    near = [name for field in unknown for name in field.near if _is_number(parse_field(name), rows)]
    params = [name for name in differing_params(rows) if _is_number(Field("params", name), rows)]
    main, minor = telling_params(rows, params)
    existing = [field_text(Field("params", name)) for name in [*main, *minor][:_NAMED]]
    existing += [field_text(Field("metric", name, "last")) for name in ranked_metrics(rows)[:_NAMED]]
    return NotFoundError(
        message=said("{title} is not a number in {where}", title=title, where=where_of(trials)),
        hint=said("There are: {known}", known=", ".join(near or existing) or said("none")),
    )
