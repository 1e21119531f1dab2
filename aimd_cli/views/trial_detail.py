"""`aimd trial describe`: one trial or several, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.views.related_artifacts import artifact_blocks, artifact_document, artifact_lines
from aimd_cli.views.rows import local_time, ranked_metrics
from aimd_cli.views.sparkline import sparkline
from aimd_cli.views.states import divergence, state_cell, state_sentence
from aimd_cli.views.words import note, shown
from aimd_core.direction import direction_of
from aimd_core.format.wording import short_digest
from aimd_core.language import said, translated

if TYPE_CHECKING:  # what a pipe needs loads no Rich
    from rich.console import RenderableType
    from rich.tree import Tree

    from aimd_cli.views.table import Table
    from aimd_core.format.uploads import UploadNote
    from aimd_core.reading.artifact_facts import TrialArtifact
    from aimd_core.reading.facts import Facts
    from aimd_core.reading.media import MediaKey


_MAIN_METRICS, _FIRST_PARAMS, _FIRST_MEDIA = 6, 12, 6  # of a trial in brief


class Parts(NamedTuple):
    """Which parts to show in full; without any, what matters most of them."""

    platform: bool
    params: bool
    metrics: bool

    @property
    def is_brief(self) -> bool:
        """Whether no part was asked for."""
        return not any(self)


class TrialDetail(NamedTuple):
    """One trial with what a list does not show.

    Attributes:
        row: What a list shows.
        location: Its directory or its address.
        params: The nested parameters.
        platform: The `platform` part of the metadata.
        git: The `_git` part of the metadata.
        kept: How many files are kept with it, and how many bytes they have.
        artifacts: What it used and made.
        uploads: The servers that have it.
        media: What it recorded besides numbers.
    """

    row: Facts
    location: str
    params: Mapping[str, object]
    platform: Mapping[str, object]
    git: Mapping[str, object]
    kept: tuple[int, int] = (0, 0)
    artifacts: Sequence[TrialArtifact] = ()
    uploads: Sequence[UploadNote] = ()
    media: Sequence[MediaKey] = ()


class TrialDetails:
    """Trials in full."""

    def __init__(self, trials: list[TrialDetail], parts: Parts, glyphs: bool = True) -> None:
        self.trials = trials
        self.parts = parts
        self.glyphs = glyphs

    def rich(self, width: int) -> RenderableType:
        """Return all trials, one below the other."""
        from rich.console import Group
        from rich.text import Text

        blocks: list[RenderableType] = []
        for number, trial in enumerate(self.trials):
            if number:
                blocks.append(Text(""))
            blocks += self._blocks(trial, width)
        return Group(*blocks)

    def _blocks(self, trial: TrialDetail, width: int) -> list[RenderableType]:
        from rich.text import Text

        from aimd_cli.views.table import fields

        row = trial.row
        state, style = state_cell(row.state, self.glyphs)
        name = "\n".join(text.pieces_of(text.clean(row.name), width))
        heading = Text.assemble((name, "bold"), "  ", (state, style))
        blocks: list[RenderableType] = [heading, fields(_facts(trial, self.parts.is_brief), width)]
        blocks += [note(said("damaged: {sentence}", sentence=sentence), style="bold yellow") for sentence in row.damage]
        if self.parts.is_brief:
            blocks += self._main_metrics(row, width) + self._first_params(row, width)
        if self.parts.is_brief or all(self.parts):
            blocks += artifact_blocks(trial.artifacts, width, self.parts.is_brief)
        if self.parts.params:
            blocks += [Text(""), note("Parameters", style="bold"), _tree(trial.params)]
        if self.parts.metrics:
            blocks += [Text(""), note("Metrics", style="bold"), metric_table(row, self.glyphs).rich(width)]
        if self.parts.platform:
            blocks += [Text(""), note("Platform", style="bold"), _tree(trial.platform)]
            if trial.git:
                blocks += [Text(""), note("Git", style="bold"), _tree(trial.git)]
        return blocks

    def _main_metrics(self, row: Facts, width: int) -> list[RenderableType]:
        """Return how the most important metrics went."""
        from rich.text import Text

        names = ranked_metrics([row])
        main = [name for name in names if not name.startswith("system.")][:_MAIN_METRICS]
        if not main:
            return []
        blocks: list[RenderableType] = [Text(""), metric_table(row, self.glyphs, main).rich(width)]
        more = len(names) - len(main)
        if more:
            blocks.append(note(said("{count} more metric{s}, see -m", count=more, s="s" * (more != 1)), style="dim"))
        return blocks

    @staticmethod
    def _first_params(row: Facts, width: int) -> list[RenderableType]:
        """Return parameters, as many as are read at a glance."""
        from rich.text import Text

        from aimd_cli.views.table import Column, Table

        if not row.params:
            return []
        table = Table([Column("PARAMETER", style="cyan"), Column("VALUE")])
        for name, value in list(row.params.items())[:_FIRST_PARAMS]:
            table.add(text.clean(name), text.parameter(value))
        blocks: list[RenderableType] = [Text(""), table.rich(width)]
        more = len(row.params) - _FIRST_PARAMS
        if more > 0:
            sentence = said("{count} more parameter{s}, see -H", count=more, s="s" * (more != 1))
            blocks.append(note(sentence, style="dim"))
        return blocks

    def lines(self) -> list[list[str]]:
        """Return `name, key, value` rows."""
        lines = [["name", "key", "value"]]
        for trial in self.trials:
            name = trial.row.alternative_name
            lines += [[name, key, value] for key, value in _raw_facts(trial)]
            if self.parts.is_brief or all(self.parts):
                lines += [[name, *line] for line in artifact_lines(trial.artifacts)]
            if self.parts.params or self.parts.is_brief:
                lines += [[name, f"params.{key}", text.parameter(value)] for key, value in trial.row.params.items()]
            if self.parts.metrics or self.parts.is_brief:
                lines += [
                    [name, f"{metric}.{aggregate}", "" if value is None else text.exact(value)]
                    for metric in ranked_metrics([trial.row])
                    for aggregate, value in trial.row.metrics[metric].items()
                ]
            if self.parts.platform:
                lines += [[name, f"platform.{key}", text.parameter(value)] for key, value in trial.platform.items()]
                lines += [[name, f"git.{key}", text.parameter(value)] for key, value in trial.git.items()]
        return lines

    def document(self) -> dict[str, object]:
        """Return the trials as plain data, always with all parts."""
        return {
            "trials": [
                {
                    **trial.row.document(),
                    "place": trial.location,
                    "parameters": dict(trial.params),
                    "platform": dict(trial.platform),
                    "git": dict(trial.git),
                    "files": {"count": trial.kept[0], "size_bytes": trial.kept[1]},
                    "artifacts": [artifact_document(artifact) for artifact in trial.artifacts],
                    "media": [key._asdict() for key in trial.media],
                    "uploads": [upload._asdict() for upload in trial.uploads],
                }
                for trial in self.trials
            ]
        }


def _facts(trial: TrialDetail, is_brief: bool) -> list[tuple[str, str]]:
    import time

    row = trial.row
    taken = text.duration(row.duration_s(time.time()))
    commit = short_digest(str(trial.git.get("commit") or ""))
    dirty = shown(" (with uncommitted changes)") if trial.git.get("is_dirty") else ""
    facts = [
        ("state", translated(state_sentence(row))),
        ("diverged", translated(divergence(row))),
        ("id", row.id),
        ("path", trial.location),
        ("folder", row.folder),
        ("tags", ", ".join(row.tags)),
        ("note", row.note),
        ("parent", translated(_parent(row))),
        ("resumed", translated(_resumed(row))),
        ("started", local_time(row.started)),
        ("ended", local_time(row.ended)),
        ("duration", taken),
        ("git", f"{trial.git.get('branch') or ''} {commit}{dirty}".strip() if trial.git else ""),
        ("parameters", "" if is_brief else str(len(row.params))),
        ("metrics", "" if is_brief else ", ".join(ranked_metrics([row]))),
        ("files", translated(_kept(*trial.kept))),
        ("media", translated(_media(trial.media))),
        *(("uploaded", f"{upload.host} {upload.path}, {local_time(upload.at)}") for upload in trial.uploads),
    ]
    return [(key, value) for key, value in facts if value]


def _kept(count: int, size_bytes: int) -> str:
    if not count:
        return ""
    return said("{count} file{s}, {size}", count=f"{count:,}", s="s" * (count != 1), size=text.size(size_bytes))


def _media(keys: Sequence[MediaKey]) -> str:
    if not keys:
        return ""
    records = sum(key.records for key in keys)
    names = ", ".join(key.key for key in keys[:_FIRST_MEDIA]) + (", ..." if len(keys) > _FIRST_MEDIA else "")
    return said("{count} record{s}: {names}", count=f"{records:,}", s="s" * (records != 1), names=names)


def _parent(row: Facts) -> str:
    parent = row.parent
    if parent is None:
        return ""
    name = parent["alternative_name"] or parent["id"]
    return said("{name}, before step {step}", name=name, step=parent["from_step"])


def _resumed(row: Facts) -> str:
    steps = [str(line["from_step"]) for line in row.segments if line.get("kind") == "resume"]
    return said("from step {steps}", steps=", ".join(steps)) if steps else ""


def _raw_facts(trial: TrialDetail) -> list[tuple[str, str]]:
    row = trial.row
    return [
        ("id", row.id),
        ("state", row.state),
        *((("reason", row.reason),) if row.reason else ()),
        *((f"nan_since.{metric}", str(step)) for metric, step in row.nan_since.items()),
        ("path", trial.location),
        ("folder", row.folder),
        ("started", row.started or ""),
        ("ended", row.ended or ""),
        *(("tag", tag) for tag in row.tags),
        *((("note", row.note),) if row.note else ()),
        *((f"parent.{key}", str(value)) for key, value in (row.parent or {}).items()),
        *(("resumed_from_step", str(line["from_step"])) for line in row.segments if line.get("kind") == "resume"),
        *((("files", str(trial.kept[0])), ("files_bytes", str(trial.kept[1]))) if trial.kept[0] else ()),
        *((f"media.{key.key}", str(key.records)) for key in trial.media),
        *((f"uploaded.{upload.host}", f"{upload.path} {upload.at}") for upload in trial.uploads),
        *(("damage", sentence) for sentence in row.damage),
    ]


def _tree(values: Mapping[str, object]) -> RenderableType:
    """Return nested values as a tree, with keys next to values that do not nest."""
    if not values:
        return note("none", style="dim")
    from rich.tree import Tree

    tree = Tree("", hide_root=True, guide_style="dim")
    _grow(tree, values)
    return tree


def _grow(tree: Tree, values: Mapping[str, object]) -> None:
    from rich.text import Text

    for key, value in values.items():
        name = text.clean(str(key))
        if isinstance(value, dict) and value:
            _grow(tree.add(Text(name, style="bold")), value)
        else:
            tree.add(Text.assemble((f"{name}: ", "cyan"), text.parameter(value)))


def metric_table(row: Facts, glyphs: bool = True, names: Sequence[str] | None = None) -> Table:
    """Return last, best, smallest and largest value of metrics, the steps of the extremes, and the course.

    Args:
        row: The trial.
        glyphs: Whether non-ASCII characters can be shown.
        names: The metrics; by default all.
    """
    from aimd_cli.views.table import Column, Table

    table = Table(
        [
            Column("METRIC"),
            Column("LAST", right=True),
            Column("BEST (STEP)", right=True, priority=1),
            Column("TREND", priority=2),
            Column("MIN", right=True, priority=4),
            Column("AT STEP", right=True, priority=6),
            Column("MAX", right=True, priority=4),
            Column("AT STEP", right=True, priority=6),
            Column("MEAN", right=True, priority=7),
            Column("POINTS", right=True, priority=3),
        ]
    )
    for name in names or ranked_metrics([row]):
        summary = row.metrics[name]
        table.add(
            text.clean(name),
            _shown(summary.get("last")),
            _best(name, summary),
            sparkline(row.trends.get(name, ()), 12, glyphs),
            *(_shown(summary.get(key)) for key in ("min", "min_step", "max", "max_step", "mean")),
            f"{summary.get('count') or 0:,}",
        )
    return table


def _best(metric: str, summary: Mapping[str, object]) -> str:
    """Return the best value and its step; empty when the metric's name does not say which is better."""
    direction = direction_of(metric)
    if direction is None or summary.get(direction) is None:
        return ""
    step = summary.get(f"{direction}_step")
    return _shown(summary[direction]) + ("" if step is None else f" ({step})")


def _shown(value: object) -> str:
    return "" if value is None else text.number(value)
