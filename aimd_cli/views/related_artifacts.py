"""The artifacts that a trial used and made, as a part of its description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimd_cli import text
from aimd_cli.views.words import note, shown
from aimd_core.format.wording import short_id
from aimd_core.language import said

if TYPE_CHECKING:  # what a pipe needs loads no Rich
    from collections.abc import Sequence

    from rich.console import RenderableType

    from aimd_core.reading.artifact_facts import TrialArtifact

_FIRST = 8  # of a trial in brief


def artifact_blocks(artifacts: Sequence[TrialArtifact], width: int, is_brief: bool) -> list[RenderableType]:
    """Return a table of artifacts: what is an input, an output or a checkpoint, and which one.

    Args:
        artifacts: The artifacts.
        width: The columns of the terminal.
        is_brief: Whether to show only as many as are read at a glance.
    """
    from rich.text import Text

    from aimd_cli.views.table import TEXT, Column, Table

    if not artifacts:
        return []
    rows = _first(artifacts) if is_brief else list(artifacts)
    columns = [Column("ARTIFACT"), Column("NAME", form=TEXT), Column("VERSION"), Column("TYPE", priority=3)]
    columns += [Column("SIZE", priority=2, right=True), Column("ALIASES", priority=1, form=TEXT)]
    table = Table([*columns, Column("ABOUT", priority=4, form=TEXT), Column("ID", style="cyan")])
    for artifact in rows:
        facts = artifact.facts
        if facts is None:
            table.add(
                shown(artifact.role),
                (shown("not here"), "dim"),
                "",
                "",
                "",
                "",
                "",
                text.clean(short_id(artifact.id)),
            )
            continue
        cells = [facts.name, facts.version or "", facts.type]
        about = [", ".join(facts.aliases), facts.description.partition("\n")[0], short_id(facts.id)]
        shown_cells = [*map(text.clean, cells), text.size(facts.size_bytes), *map(text.clean, about)]
        table.add(shown(artifact.role), *shown_cells)
    table.drop_empty("VERSION", "ALIASES", "ABOUT")
    blocks: list[RenderableType] = [Text(""), table.rich(width)]
    more = len(artifacts) - len(rows)
    if more:
        sentence = said("{count} more artifact{s}, see -a", count=more, s="s" * (more != 1))
        blocks.append(note(sentence, style="dim"))
    return blocks


def _first(artifacts: Sequence[TrialArtifact]) -> list[TrialArtifact]:
    """Return those to show at a glance: of many checkpoints, those with a name such as `best` first, then the last."""
    others = [artifact for artifact in artifacts if artifact.role != "checkpoint"]
    checkpoints = [artifact for artifact in artifacts if artifact.role == "checkpoint"]
    checkpoints.sort(key=lambda artifact: artifact.facts is None or not artifact.facts.aliases)
    return [*others, *checkpoints][:_FIRST]


def artifact_lines(artifacts: Sequence[TrialArtifact]) -> list[list[str]]:
    """Return `key, value` rows: the role and the id, and what it is."""
    return [[f"{artifact.role}.{artifact.id}", _name(artifact)] for artifact in artifacts]


def _name(artifact: TrialArtifact) -> str:
    facts = artifact.facts
    if facts is None:
        return ""
    version = f":{facts.version}" if facts.version else ""
    return " ".join([f"{facts.name}{version}", facts.type, str(facts.size_bytes), *facts.aliases])


def artifact_document(artifact: TrialArtifact) -> dict[str, object]:
    """Return an artifact as plain data; what is not known of it is null."""
    facts = artifact.facts
    names = ("name", "type", "version", "aliases", "description", "created", "size_bytes", "object_count", "location")
    return {
        "role": artifact.role,
        "id": artifact.id,
        **{name: None if facts is None else getattr(facts, name) for name in names},
        "remote": [] if facts is None else facts.remote,
    }
