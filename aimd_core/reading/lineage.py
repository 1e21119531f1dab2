"""Which artifacts a trial used and produced, what was made of those, and so on: a graph, both ways.

An edge leads from an artifact to a trial that used it, and from a trial to an artifact that it produced. Nodes that are
not here, or that one may not see, are left out, unless an edge names them: then only their id is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from aimd_core.format.model import INPUT_ARTIFACTS, OUTPUT_ARTIFACTS

ARTIFACT, TRIAL = "artifact", "trial"
DEPTH = 10


class LineageNode(NamedTuple):
    """A trial or an artifact.

    Attributes:
        kind: `trial` or `artifact`.
        id: Its UUID.
        name: Its name; of an unknown one, empty.
        detail: The state of a trial; version, type and aliases of an artifact.
    """

    kind: str
    id: str
    name: str
    detail: str


class Lineage:
    """The graph around a node."""

    def __init__(self, start: LineageNode) -> None:
        self.start = start
        self.nodes: dict[str, LineageNode] = {start.id: start}
        self.edges: dict[tuple[str, str], None] = {}  # in the order in which they came
        self._before: dict[str, list[str]] = {}
        self._after: dict[str, list[str]] = {}

    def add(self, node: LineageNode, edge: tuple[str, str]) -> bool:
        """Add an edge and the node at its other end, and return whether the node is new."""
        if edge not in self.edges:
            self.edges[edge] = None
            source, target = edge
            self._before.setdefault(target, []).append(source)
            self._after.setdefault(source, []).append(target)
        is_new = node.id not in self.nodes
        self.nodes.setdefault(node.id, node)
        return is_new

    def before(self, node_id: str) -> list[LineageNode]:
        """Return what a node was made from."""
        return [self.nodes[source] for source in self._before.get(node_id, [])]

    def after(self, node_id: str) -> list[LineageNode]:
        """Return what was made from a node."""
        return [self.nodes[target] for target in self._after.get(node_id, [])]

    def walk(
        self, node_id: str, next_of: Callable[[str], list[LineageNode]]
    ) -> Iterator[tuple[int, LineageNode, bool]]:
        """Yield the nodes on one side as a tree: depth, node, and whether it came before, so that it ends there."""
        seen = {node_id}

        def below(current: str, depth: int) -> Iterator[tuple[int, LineageNode, bool]]:
            for node in next_of(current):
                is_known = node.id in seen
                seen.add(node.id)
                yield depth, node, is_known
                if not is_known:
                    yield from below(node.id, depth + 1)

        yield from below(node_id, 1)


def graph(
    start: LineageNode,
    before: Callable[[LineageNode], Iterable[LineageNode]],
    after: Callable[[LineageNode], Iterable[LineageNode]],
    depth: int,
) -> Lineage:
    """Return the graph around a node, going back by `before` and on by `after`."""
    lineage = Lineage(start)
    for next_of, is_back in ((before, True), (after, False)):
        front = [start]
        reached = {start.id}
        for _ in range(depth):
            following: list[LineageNode] = []
            for node in front:
                for other in next_of(node):
                    lineage.add(other, (other.id, node.id) if is_back else (node.id, other.id))
                    if other.id not in reached:
                        reached.add(other.id)
                        following.append(other)
            front = following
            if not front:
                break
    return lineage


def artifact_detail(version: str | None, artifact_type: str, aliases: Iterable[str]) -> str:
    """Return what is shown of an artifact beside its name."""
    return " ".join(filter(None, [version, artifact_type, *aliases]))


def artifacts_in(document: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """Return the ids of the artifacts that a trial used and produced, from its document."""
    return _ids_in(document.get(INPUT_ARTIFACTS)), _ids_in(document.get(OUTPUT_ARTIFACTS))


def _ids_in(value: object) -> list[str]:
    return [uid for uid in value if isinstance(uid, str)] if isinstance(value, list) else []
