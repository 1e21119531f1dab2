"""`aimd trial compare`: what differs between trials, their metrics side by side, the best marked. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Group as RichGroup
from rich.console import RenderableType
from rich.text import Text

from aimd_cli import text
from aimd_cli.views.chart import Chart
from aimd_cli.views.grid import Grid, Item
from aimd_cli.views.groups import Average, Group, value_of
from aimd_cli.views.rows import (
    DELTA_PRIORITY,
    all_keys,
    difference_cell,
    metric_priority,
    param_priority,
    ranked_metrics,
    telling_params,
)
from aimd_cli.views.shortening import begun, rounded, short_titles, shortened
from aimd_cli.views.states import state_cell, why_text
from aimd_cli.views.table import NUMBER, TEXT, WHOLE, Column, Table, hidden_columns
from aimd_cli.views.words import listed, shown
from aimd_core.direction import best_of, direction_of
from aimd_core.format.wording import short_digest, short_id
from aimd_core.language import said
from aimd_core.reading.facts import Facts

_KEY_CELLS, _HEAD_CELLS, _GAP = 12, 8, 2  # the least room for a key and for a trial, and between two columns


class Compared(NamedTuple):
    """One trial.

    Attributes:
        row: What a list shows.
        facts: Everything that may differ besides metrics: `params.lr`, `platform.os`, `packages.torch`, `git.commit`.
    """

    row: Facts
    facts: Mapping[str, object]


class ComparisonOptions(NamedTuple):
    """What is compared.

    Attributes:
        aggregate: The aggregate of each metric: `last`, `min`, `max` or `mean`.
        directions: `min` or `max` by metric, if the user said so.
        metrics: The metrics; none means all.
        everything: Whether to show what is equal, too.
        baseline: The trial that the others are measured against, if there is one.
        packages: Whether to show packages and diffs that differ on a terminal, where they are only counted otherwise.
        glyphs: Whether non-ASCII characters can be shown.
    """

    aggregate: str = "last"
    directions: Mapping[str, str] = {}
    metrics: tuple[str, ...] = ()
    everything: bool = False
    glyphs: bool = True
    packages: bool = False
    baseline: Facts | None = None

    def direction(self, metric: str) -> str | None:
        """Return `min` or `max`, from the user or from the name."""
        return self.directions.get(metric) or direction_of(metric)

    def chosen(self, rows: list[Facts]) -> list[str]:
        """Return the metrics to show."""
        return [name for name in ranked_metrics(rows) if not self.metrics or name in self.metrics]


class Comparison:
    """Trials side by side."""

    def __init__(self, trials: list[Compared], options: ComparisonOptions, chart: Chart | None = None) -> None:
        self.trials = trials
        self.options = options
        self.chart = chart
        self.rows = [trial.row for trial in trials]
        keys = all_keys(trial.facts for trial in trials)
        self.differing = [key for key in keys if options.everything or len(set(map(repr, self._facts(key)))) > 1]
        self.same = len(keys) - len(self.differing)
        self.metrics = options.chosen(self.rows)
        self.best = {name: best_of(self._values(name), options.direction(name)) for name in self.metrics}
        self.names = _short_names(self.rows)

    def _facts(self, key: str) -> list[object]:
        return [trial.facts.get(key) for trial in self.trials]

    def _values(self, metric: str) -> list[float | None]:
        return [value_of(row, metric, self.options.aggregate) for row in self.rows]

    def _differences(self, metric: str) -> list[float | None]:
        """Return how far the trials are from the baseline in a metric; None where one of the two has no value."""
        base = (
            None if self.options.baseline is None else value_of(self.options.baseline, metric, self.options.aggregate)
        )
        return [None if value is None or base is None else value - base for value in self._values(metric)]

    def _difference_cells(self, metric: str) -> list[tuple[str, str]]:
        """Return the differences as a table shows them, under the values without their marks."""
        baseline, cells = self.options.baseline, []
        assert baseline is not None
        base = value_of(baseline, metric, self.options.aggregate)
        for row, value in zip(self.rows, self._values(metric), strict=True):
            cell, style = difference_cell(value, base, self.options.direction(metric))
            is_base = bool(row.id) and row.id == baseline.id
            cells.append((f"{shown('baseline')}  ", "dim") if is_base else (f"{cell}  ", style))
        return cells

    def rich(self, width: int) -> RenderableType:
        """Return trials as columns if they fit, else as rows; then the chart."""
        table = self._side_by_side(width)
        dropped: list[Column] = []
        if table is None:
            table = self._one_below_the_other()
            dropped = table.dropped(width)
        lines = [*text.pieces_of(self._footer(), width), *hidden_columns(dropped, width)]
        blocks: list[RenderableType] = [table.rich(width), Text("\n".join(filter(None, lines)), style="dim")]
        if self.chart is not None:
            blocks += [Text(""), self.chart.rich(width)]
        return RichGroup(*blocks)

    def _footer(self) -> str:
        mark = "★" if self.options.glyphs else "*"
        packages = sum(_is_detail(key) for key in self.differing) if not self.options.packages else 0
        notes: list[str] = [said("{mark} best", mark=mark) if any(self.best.values()) else ""]
        notes += [said("{same} fields the same in all (--all shows them)", same=self.same) if self.same else ""]
        if packages:
            notes.append(said("packages and diffs that differ: {count}, see --packages", count=packages))
        if self.metrics and self.options.baseline is not None:
            name = text.clean(self.options.baseline.name)
            notes.append(said("{sign} difference from the baseline {name}", sign=self._sign, name=name))
        if self.metrics and self.options.aggregate != "last":
            notes.append(said("metrics: {aggregate}", aggregate=self.options.aggregate))
        return listed(notes, self.options.glyphs)

    def _baseline_document(self) -> dict[str, object]:
        baseline = self.options.baseline
        return {} if baseline is None else {"baseline": {"name": baseline.alternative_name, "id": baseline.id}}

    @property
    def _sign(self) -> str:
        return "Δ" if self.options.glyphs else "d"

    def _shown_facts(self) -> list[str]:
        """Return what differs and is shown on a terminal: packages and diffs only on demand."""
        shows_all = self.options.packages or self.options.everything
        return [key for key in self.differing if shows_all or not _is_detail(key)]

    def _cells(self, metric: str) -> list[tuple[str, str]]:
        """Return the values of a metric, the best with a mark and in bold."""
        mark = "★" if self.options.glyphs else "*"
        return [
            ("", "") if value is None else (text.number(value) + f" {mark}", "bold") if number in self.best[metric]
            else (text.number(value) + "  ", "")
            for number, value in enumerate(self._values(metric))
        ]  # fmt: skip

    def _shared_name(self, width: int) -> str:
        """Return the name that all trials have, where ids are shown instead, else nothing."""
        shared = {row.name for row in self.rows}
        return shortened([text.clean(self.rows[0].name)], width)[0] if len(shared) == 1 and len(self.rows) > 1 else ""

    def _side_by_side(self, width: int) -> Table | None:
        """Return one row per fact and metric, with one column per trial; None if that does not fit."""
        keys, count = self._shown_facts(), len(self.rows)
        longest = max([cell_len(shown("state")), *(cell_len(text.clean(key)) for key in [*keys, *self.metrics])])
        first = min(longest, max(_KEY_CELLS, width // 3))
        room = (width - first) // count - _GAP
        numbers = [cell for metric in self.metrics for cell, _ in self._cells(metric)]
        if room < max([_HEAD_CELLS, *map(len, numbers)]):
            return None
        ellipsis = "…" if self.options.glyphs else ".."
        names = list(map(text.clean, self.names))
        heads = shortened(names, room, ellipsis)
        table = Table(
            [Column(self._shared_name(first)), *(Column(head, right=True, given=True) for head in heads)],
            self.options.glyphs,
        )
        labels = iter(shortened([text.clean(key) for key in [*keys, *self.metrics]], first, ellipsis))
        if heads != names and all(row.id for row in self.rows):  # by which commands take them
            table.add(("id", "dim"), *((short_id(row.id), "cyan") for row in self.rows))
        states = [state_cell(row.state, self.options.glyphs) for row in self.rows]
        if max(cell_len(state) for state, _ in states) > room:
            states = [(state[:1], style) for state, style in states]
        table.add((shown("state"), "dim"), *states)
        if any(whys := [why_text(row) for row in self.rows]):
            table.add((shown("why"), "dim"), *begun(whys, room, ellipsis))
        for key in keys:
            values = self._facts(key)
            cells = [_shown(key, value) for value in values]
            if not any(isinstance(value, (str, list, dict)) for value in values):
                cells = rounded(cells) if max(map(cell_len, cells)) > room else cells
            table.add((next(labels), "cyan"), *shortened(cells, room, ellipsis))
        for metric in self.metrics:
            table.add((next(labels), "cyan"), *self._cells(metric))
            if self.options.baseline is not None and any(cell.strip() for cell, _ in self._difference_cells(metric)):
                table.add((f"  {self._sign}", "dim"), *self._difference_cells(metric))
        return table

    def _one_below_the_other(self) -> Table:
        """Return one row per trial, with one column per fact and metric, the most telling first."""
        form = TEXT if len(set(self.names)) > 1 else WHOLE
        columns = [Column("NAME", form=form, bare=True)]
        telling = telling_params(self.rows, [key.removeprefix("params.") for key in self.differing if is_param(key)])
        places = {f"params.{name}": at for at, name in enumerate([*telling.main, *telling.minor])}
        others = [key for key in self._shown_facts() if not is_param(key)]
        keys = [*places, *others]
        shorts = short_titles([text.clean(key.removeprefix("params.")) for key in keys])
        for number, key in enumerate(keys):
            is_minor = number >= len(telling.main)
            is_text = any(isinstance(value, (str, list, dict)) for value in self._facts(key))
            title = text.clean(key.removeprefix("params."))
            priority = param_priority(number, is_minor)
            form = TEXT if is_text else NUMBER
            columns.append(Column(title, priority, not is_text, form=form, short=shorts[number], given=True))
        for number, metric in enumerate(self.metrics):
            columns.append(Column(text.clean(metric), metric_priority(metric, number), right=True, form=NUMBER))
        cells = [self._cells(metric) for metric in self.metrics]
        if self.options.baseline is not None and self.metrics:
            title = f"{self._sign} {text.clean(self.metrics[0])}"
            columns.append(Column(title, DELTA_PRIORITY, right=True, form=NUMBER))
            cells.append(self._difference_cells(self.metrics[0]))
        table = Table(columns, self.options.glyphs)
        for number, trial in enumerate(self.trials):
            facts = (_shown(key, trial.facts.get(key)) for key in keys)
            table.add(text.clean(self.names[number]), *facts, *(column[number] for column in cells))
        return table

    def lines(self) -> list[list[str]]:
        """Return one row per fact and metric, with one column per trial, unrounded."""
        lines = [["key", *(row.alternative_name for row in self.rows)], ["state", *(row.state for row in self.rows)]]
        if any(row.reason for row in self.rows):
            lines.append(["reason", *(text.clean(row.reason) for row in self.rows)])
        lines += [[key, *map(text.in_full, self._facts(key))] for key in self.differing]
        for metric in self.metrics:
            lines.append([metric, *map(text.in_full, self._values(metric))])
            if self.options.baseline is not None:
                lines.append([f"{metric} - baseline", *map(text.in_full, self._differences(metric))])
        return lines

    def grid(self) -> Grid:
        """Return one row per trial for documents: names, what differs, metrics."""
        header = ["name", *self.differing, *self.metrics]
        numbers = [False] * (1 + len(self.differing)) + [True] * len(self.metrics)
        rows = []
        for number, trial in enumerate(self.trials):
            row = [Item(self.names[number], trial.row.alternative_name)]
            row += [
                Item(_shown(key, trial.facts.get(key)), text.in_full(trial.facts.get(key))) for key in self.differing
            ]
            for metric in self.metrics:
                value = self._values(metric)[number]
                shown = "" if value is None else text.number(value)
                row.append(Item(shown, text.in_full(value), number in self.best[metric]))
            rows.append(row)
        return Grid(header, rows, numbers)

    def csv_rows(self) -> list[list[str]]:
        """Return the grid in full, for programs."""
        grid = self.grid()
        return [grid.header, *([item.full for item in row] for row in grid.rows)]

    def document(self) -> dict[str, object]:
        """Return the comparison as plain data, with values in the order of the trials."""
        return {
            "trials": [row.document() for row in self.rows],
            **self._baseline_document(),
            "facts": {key: self._facts(key) for key in self.differing},
            "same": self.same,
            "aggregate": self.options.aggregate,
            "metrics": {
                metric: {
                    "values": self._values(metric),
                    **({"differences": self._differences(metric)} if self.options.baseline is not None else {}),
                    "direction": self.options.direction(metric),
                    "best": [self.rows[number].alternative_name for number in sorted(self.best[metric])],
                }
                for metric in self.metrics
            },
        }


class GroupedComparison:
    """Groups of trials, one row each: what tells them apart, their size, mean and deviation of each metric."""

    def __init__(self, groups: list[Group], options: ComparisonOptions) -> None:
        self.groups = groups
        self.options = options
        keys = all_keys(group.keys for group in groups)
        self.keys = [
            key for key in keys if options.everything or len({repr(group.keys.get(key)) for group in groups}) > 1
        ]
        self.secondary = self._secondary()
        self.metrics = options.chosen([row for group in groups for row in group.rows])
        self.best = {
            name: best_of([self._average(group, name).mean for group in groups], options.direction(name))
            for name in self.metrics
        }

    def _secondary(self) -> dict[str, int]:
        """Return the parameters that a narrow table may hide, because the others tell the groups apart as well."""
        telling = telling_params([group.rows[0] for group in self.groups], self.keys)
        told, secondary = list(telling.main), list[str]()
        for key in telling.minor:
            apart = {repr([group.keys.get(name) for name in told]) for group in self.groups}
            (told if len(apart) < len(self.groups) else secondary).append(key)
        return {key: param_priority(at, True) for at, key in enumerate(secondary)}

    @staticmethod
    def _average(group: Group, metric: str) -> Average:
        return group.metrics.get(metric, Average(0, None, None))

    def first(self, count: int | None) -> GroupedComparison:
        """Return the first groups only; None means all."""
        if count is None:
            return self
        first = GroupedComparison(self.groups[:count], self.options)
        first.keys, first.secondary = self.keys, self.secondary  # what tells all groups apart says which these are
        return first

    def trials(self) -> list[Facts]:
        """Return the trials, group by group."""
        return [row for group in self.groups for row in group.rows]

    def _shown(self, average: Average, size: int) -> str:
        shown = average.shown(size)
        return shown if self.options.glyphs else shown.replace("±", "+-")

    def rich(self, width: int) -> RenderableType:
        """Return the table, cut to `width` by dropping columns."""
        mark = "★" if self.options.glyphs else "*"
        shorts = short_titles(list(map(text.clean, self.keys)))
        columns = [
            Column(text.clean(key), self.secondary.get(key, 0), form=TEXT, short=short, given=True)
            for key, short in zip(self.keys, shorts, strict=True)
        ]
        columns.append(Column("N", right=True))
        for number, metric in enumerate(self.metrics):
            columns.append(Column(text.clean(metric), metric_priority(metric, number), right=True, form=NUMBER))
        table = Table(columns, self.options.glyphs)
        for number, group in enumerate(self.groups):
            cells: list[str | tuple[str, str]] = [text.in_full(group.keys.get(key)) for key in self.keys]
            cells.append(str(len(group.rows)))
            for metric in self.metrics:
                shown = self._shown(self._average(group, metric), len(group.rows))
                cells.append((f"{shown} {mark}", "bold") if number in self.best[metric] else (f"{shown}  ", ""))
            table.add(*cells)
        notes: list[str] = [said("{count} groups, mean and sample standard deviation", count=len(self.groups))]
        notes += [said("{mark} best", mark=mark)] if any(self.best.values()) else []
        lines = text.pieces_of(listed(notes, self.options.glyphs), width)
        lines += hidden_columns(table.dropped(width), width)
        return RichGroup(table.rich(width), Text("\n".join(lines), style="dim"))

    def lines(self) -> list[list[str]]:
        """Return one row per group, unrounded; `std` is empty for a single trial."""
        header = [*(f"params.{key}" for key in self.keys), "n"]
        for metric in self.metrics:
            header += [f"{metric}.n", f"{metric}.mean", f"{metric}.std"]
        lines = [header]
        for group in self.groups:
            row = [*(text.in_full(group.keys.get(key)) for key in self.keys), str(len(group.rows))]
            for metric in self.metrics:
                count, mean, deviation = self._average(group, metric)
                row += [str(count), text.in_full(mean), text.in_full(deviation)]
            lines.append(row)
        return lines

    def grid(self) -> Grid:
        """Return one row per group for documents."""
        header = [*self.keys, "n", *self.metrics]
        numbers = [False] * len(self.keys) + [True] * (1 + len(self.metrics))
        rows = []
        for number, group in enumerate(self.groups):
            size = len(group.rows)
            row = [Item(text.in_full(group.keys.get(key)), text.in_full(group.keys.get(key))) for key in self.keys]
            row.append(Item(str(size), str(size)))
            for metric in self.metrics:
                shown = self._shown(self._average(group, metric), size)
                row.append(Item(shown, shown, number in self.best[metric]))
            rows.append(row)
        return Grid(header, rows, numbers)

    def csv_rows(self) -> list[list[str]]:
        """Return one row per group in full, for programs."""
        return self.lines()

    def document(self) -> dict[str, object]:
        """Return the groups as plain data."""
        return {
            "aggregate": self.options.aggregate,
            "groups": [
                {
                    "parameters": group.keys,
                    "n": len(group.rows),
                    "trials": [row.alternative_name for row in group.rows],
                    "metrics": {
                        metric: {"n": average.finite, "mean": average.mean, "std": average.deviation}
                        for metric, average in group.metrics.items()
                        if metric in self.metrics
                    },
                }
                for group in self.groups
            ],
        }


def _shown(key: str, value: object) -> str:
    return short_digest(text.in_full(value)) if key == "git.commit" else text.in_full(value)


def is_param(key: str) -> bool:
    """Tell whether a fact is a parameter."""
    return key.startswith("params.")


def _is_detail(key: str) -> bool:
    return key.startswith("packages.") or key == "git.diff"


def _short_names(rows: list[Facts]) -> list[str]:
    """Return names, or the beginnings of ids for trials that share one."""
    counts = Counter(row.name for row in rows)
    return [row.name if counts[row.name] == 1 or not row.id else short_id(row.id) for row in rows]
