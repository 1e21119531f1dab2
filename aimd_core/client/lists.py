"""Trials of the server as facts, in lists and by id, their number and their names.

Source: docs/reference/http-api.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimd_core.client import answers
from aimd_core.client.v2 import Server, offers
from aimd_core.format.protocol import QUERY
from aimd_core.reading.answered import facts_of as facts_of

BATCH_AT_ONCE = 100


def takes_queries(server: Server) -> bool:
    """Tell whether the server evaluates queries."""
    return offers(server, QUERY)


def count(server: Server, folder: str | None = None, where: str = "") -> int:
    """Return the number of trials in a list; 10,000 means that many or more."""
    asked = {"limit": "1", "count": "1", "folder": folder, "where": where}
    query = {name: text for name, text in asked.items() if text}
    counted = server.call(answers.TRIALS, "GET", "/trials", query=query).get("count")
    return int(counted["value"]) if counted else 0


def column_names(server: Server, folder: str | None = None) -> dict[str, list[str]]:
    """Return the names of the `parameters` and `metrics` of a folder's newest trials."""
    query = {"folder": folder} if folder else None
    columns = server.call(answers.COLUMNS, "GET", "/trials/columns", query=query)
    return {kind: [column["name"] for column in columns[kind]] for kind in ("parameters", "metrics")}


def batch(server: Server, trial_ids: Sequence[str], detail: bool = False) -> dict[str, dict[str, Any]]:
    """Return some trials by id, without those that do not exist or that the key may not see.

    Args:
        server: The server.
        trial_ids: Their ids.
        detail: Whether to include `metadata` and `files`.
    """
    answered: dict[str, dict[str, Any]] = {}
    shape = answers.BATCH_DETAILED if detail else answers.BATCH
    for start in range(0, len(trial_ids), BATCH_AT_ONCE):
        document = {"ids": list(trial_ids[start : start + BATCH_AT_ONCE]), "detail": detail}
        page = server.call(shape, "POST", "/trials/batch", document=document)
        answered.update((trial["id"], trial) for trial in page["trials"])
    return answered
