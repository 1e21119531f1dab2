"""What artifacts and trials were made from, and what was made from them, as far as the caller may see it.

The ids of a trial's artifacts are in its document. What the caller may not see is not in the answer, nor is anything
that is reached only through it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aimd_core.reading.lineage import ARTIFACT, TRIAL, artifact_detail
from aimd_server.services import artifact_lists, public_view, trials
from aimd_server.services.request_errors import RefusalError, no_artifact
from aimd_server.services.visibility import load_artifact, load_trial
from aimd_server.stores import lineage
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database

MAX_DEPTH = 50
MAX_NODES = 1_000
MAX_LINKS = 5_000


class LineageNode(msgspec.Struct, frozen=True):
    """A trial or an artifact; `detail` is the state of the one, version, type and aliases of the other."""

    kind: str
    id: str
    name: str
    detail: str
    folder: str


def graph(database: Database, user: Account, uid: str, depth: int) -> dict[str, Any]:
    """Return the graph around an artifact or a trial: `start`, `nodes` and `edges`.

    Args:
        database: Open.
        user: The caller.
        uid: The id of an artifact or a trial.
        depth: How many steps to go, each way, 50 at most.

    Raises:
        RefusalError: `not_found`.
    """

    def operation(connection: Connection) -> dict[str, Any]:
        start = _node(connection, user, uid, "")
        if start is None or user.link_id is not None:  # documents of trials are not shown through links
            raise no_artifact(uid)
        walk = _Walk(connection, user, start)
        walk.go(min(depth, MAX_DEPTH), is_back=True)
        walk.go(min(depth, MAX_DEPTH), is_back=False)
        edges = [{"source": source, "target": target} for source, target in walk.edges]
        return {"start": uid, "nodes": list(walk.nodes.values()), "edges": edges}

    return database.read(operation)


class _Walk:
    """A walk along links, breadth first, that sees only what the caller may see."""

    def __init__(self, connection: Connection, user: Account, start: LineageNode) -> None:
        self._connection = connection
        self._user = user
        self._start = start
        self._hidden: set[str] = set()
        self.nodes = {start.id: start}
        self.edges: dict[tuple[str, str], None] = {}

    def go(self, depth: int, is_back: bool) -> None:
        """Go some steps in one direction."""
        front, reached = {self._start.id: None}, {self._start.id}
        for _ in range(depth):
            following: dict[str, None] = {}
            for row in lineage.links_of(self._connection, list(front), MAX_LINKS):
                edge = (row.trial_uid, row.artifact_uid) if row.is_output else (row.artifact_uid, row.trial_uid)
                here, there = (edge[1], edge[0]) if is_back else edge
                if here not in front or not self._shows(there, TRIAL if there == row.trial_uid else ARTIFACT):
                    continue
                self.edges[edge] = None
                if there not in reached:
                    reached.add(there)
                    following[there] = None
            front = following
            if not front:
                return

    def _shows(self, uid: str, kind: str) -> bool:
        """Tell whether the caller sees a node, and remember it."""
        if uid in self.nodes:
            return True
        if uid in self._hidden or len(self.nodes) >= MAX_NODES:
            return False
        node = _node(self._connection, self._user, uid, kind)
        if node is None:
            self._hidden.add(uid)
            return False
        self.nodes[uid] = node
        return True


def _node(connection: Connection, user: Account, uid: str, kind: str) -> LineageNode | None:
    """Return a node that the caller may see; without a kind it may be either."""
    if kind != TRIAL:
        try:
            (row,) = artifact_lists.shown(connection, user, [load_artifact(connection, user, uid)])
            detail = artifact_detail(row["version"], row["type"], row["aliases"])
            return LineageNode(ARTIFACT, uid, row["name"], detail, row["folder"]["path"])
        except RefusalError:
            pass
    if kind != ARTIFACT:
        try:
            trial = public_view.trial(user, load_trial(connection, user, uid))
            (summary,) = trials.overviews(connection, user, [trial], {})
            return LineageNode(TRIAL, uid, trial.name, str(summary["state"] or ""), trial.folder_path)
        except RefusalError:
            pass
    return None
