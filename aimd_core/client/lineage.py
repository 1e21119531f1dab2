"""The lineage of artifacts and trials on a version 2 server."""

from __future__ import annotations

from urllib.parse import quote

from aimd_core.client import answers
from aimd_core.client.answers import misfitting
from aimd_core.client.v2 import Server
from aimd_core.reading.lineage import Lineage, LineageNode


def lineage_of(server: Server, uid: str, depth: int) -> Lineage:
    """Return the graph around an artifact or a trial, as far as the key may see it.

    Raises:
        RemoteNotFoundError: It does not exist, or the key may not see it.
    """
    path = f"/artifacts/{quote(uid, safe='')}/lineage"
    answer = server.call(answers.LINEAGE, "GET", path, query={"depth": str(depth)})
    nodes = {row["id"]: LineageNode(row["kind"], row["id"], row["name"], row["detail"]) for row in answer["nodes"]}
    if answer["start"] not in nodes:
        raise misfitting(server.host, "start", "one of the nodes")
    lineage = Lineage(nodes[answer["start"]])
    for edge in answer["edges"]:
        source, target = edge["source"], edge["target"]
        if source in nodes and target in nodes:
            lineage.add(nodes[source], (source, target))
            lineage.add(nodes[target], (source, target))
    return lineage
