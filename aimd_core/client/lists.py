"""Facts about a whole list on the server: its length and its names. The server needs the feature `query`."""

from __future__ import annotations

from aimd_core.client.v2 import Server


def takes_queries(server: Server) -> bool:
    """Tell whether the server evaluates queries."""
    return "query" in (server.info().get("features") or ())


def count(server: Server, folder: str | None = None, where: str = "") -> int:
    """Return the number of trials in a list; 10,000 means that many or more."""
    asked = {"limit": "1", "count": "1", "folder": folder, "where": where}
    answer = server.call("GET", "/trials", query={name: text for name, text in asked.items() if text})
    return int((answer.get("count") or {}).get("value") or 0)


def column_names(server: Server, folder: str | None = None) -> dict[str, list[str]]:
    """Return the names of the `parameters` and `metrics` of a folder's newest trials."""
    found = server.call("GET", "/trials/columns", query={"folder": folder} if folder else None)
    return {kind: [str(one["name"]) for one in found.get(kind) or []] for kind in ("parameters", "metrics")}
