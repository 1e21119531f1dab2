"""Lists of the server: its trials as facts, their number and their names. Source: docs/reference/http-api.md."""

from __future__ import annotations

import time
from typing import Any

from aimd_core.client.v2 import Server
from aimd_core.format.model import flatten
from aimd_core.reading.facts import Facts, seconds_of, told_state


def facts_of(document: dict[str, Any]) -> Facts:
    """Return the facts of a trial in the server's answer."""
    ending = document.get("ending")
    ending = ending if isinstance(ending, dict) else None
    last_write_s = seconds_of(document.get("last_write"))
    silent_s = None if last_write_s is None else time.time() - last_write_s
    return Facts(
        name=str(document.get("name")),
        alternative_name=str(document.get("name")),
        id=str(document.get("id")),
        status=str(document.get("status")),
        state=told_state(str(document.get("state") or document.get("status")), ending, silent_s),
        ending=ending,
        started=document.get("started"),
        ended=document.get("ended"),
        last_write_s=last_write_s,
        folder=str(_mapping(document.get("folder")).get("path", "")),
        params=flatten(_mapping(document.get("parameters"))),
        metrics={str(name): _mapping(summary) for name, summary in _mapping(document.get("metrics")).items()},
        tags=tuple(map(str, document.get("tags") or ())),
        note=str(document.get("note") or ""),
        segments=[line for line in document.get("segments") or () if isinstance(line, dict)],
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


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
