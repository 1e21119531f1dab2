"""`aimd artifact lineage`: as a tree, as edges, as JSON, and as Mermaid or DOT for pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimd_cli import text
from aimd_cli.views.words import note, shown
from aimd_core.format.wording import short_id

if TYPE_CHECKING:  # what a pipe needs loads no Rich
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.text import Text
    from rich.tree import Tree

    from aimd_core.reading.lineage import Lineage, LineageNode


def _name(node: LineageNode) -> str:
    return node.name or short_id(node.id)


class LineageView:
    """What something was made from, and what was made from it."""

    def __init__(self, lineage: Lineage) -> None:
        self.lineage = lineage

    def rich(self, width: int) -> RenderableType:
        """Return two trees: what it was made from, and what was made from it."""
        from rich.console import Group

        start = self.lineage.start
        heading = _label(start)
        before, after = ("inputs", "outputs") if start.kind == "trial" else ("made from", "used for")
        sides = [self._tree(before, self.lineage.before), self._tree(after, self.lineage.after)]
        drawn = [side for side in sides if side is not None]
        if not drawn:
            return Group(heading, note("nothing is recorded of what it was made from, or used for", style="dim"))
        return Group(heading, *drawn)

    def _tree(self, title: str, next_of: Callable[[str], list[LineageNode]]) -> Tree | None:
        from rich.tree import Tree

        start = self.lineage.start.id
        top = Tree(note(title, style="bold"), guide_style="dim")
        parents = {0: top}
        for depth, node, is_known in self.lineage.walk(start, lambda node_id: next_of(node_id)):
            label = _label(node)
            if is_known:
                label.append(f" ({shown('see above')})", style="dim")
            parents[depth] = parents[depth - 1].add(label)
        return top if top.children else None

    def lines(self) -> list[list[str]]:
        """Return the header and one row per edge."""
        nodes = self.lineage.nodes
        rows = [[nodes[source], nodes[target]] for source, target in self.lineage.edges]
        return [
            ["source", "source_kind", "source_id", "target", "target_kind", "target_id"],
            *([value for node in row for value in (_name(node), node.kind, node.id)] for row in rows),
        ]

    def document(self) -> dict[str, object]:
        """Return nodes and edges as plain data."""
        return {
            "start": self.lineage.start.id,
            "nodes": [node._asdict() for node in self.lineage.nodes.values()],
            "edges": [{"source": source, "target": target} for source, target in self.lineage.edges],
        }

    def mermaid(self) -> list[str]:
        """Return the graph in the language of Mermaid."""
        numbers = {node_id: number for number, node_id in enumerate(self.lineage.nodes)}
        lines = ["flowchart LR"]
        for node_id, node in self.lineage.nodes.items():
            words = "<br/>".join(filter(None, [_mermaid(_name(node)), _mermaid(node.detail)]))
            label = f'"{words}"'
            shape = f"[{label}]" if node.kind == "trial" else f"([{label}])"
            lines.append(f"  n{numbers[node_id]}{shape}")
        lines += [f"  n{numbers[source]} --> n{numbers[target]}" for source, target in self.lineage.edges]
        return lines

    def dot(self) -> list[str]:
        """Return the graph in the language of Graphviz."""
        numbers = {node_id: number for number, node_id in enumerate(self.lineage.nodes)}
        lines = ["digraph {", "  rankdir=LR;"]
        for node_id, node in self.lineage.nodes.items():
            shape = "box" if node.kind == "trial" else "ellipse"
            label = "\\n".join(filter(None, [_dot(_name(node)), _dot(node.detail)]))
            lines.append(f'  n{numbers[node_id]} [shape={shape}, label="{label}"];')
        lines += [f"  n{numbers[source]} -> n{numbers[target]};" for source, target in self.lineage.edges]
        return [*lines, "}"]


def _label(node: LineageNode) -> Text:
    from rich.text import Text

    style = "bold" if node.kind == "trial" else "cyan"
    label = Text.assemble((text.clean(_name(node)), style))
    if node.detail:
        label.append(f"  {text.clean(node.detail)}", style="dim")
    return label


def _mermaid(value: str) -> str:
    """Return text that a label of Mermaid shows as it is."""
    return "".join(c if c.isalnum() or c in " _.-/" else f"#{ord(c)};" for c in text.clean(value))


def _dot(value: str) -> str:
    return text.clean(value).replace("\\", "\\\\").replace('"', '\\"')
