"""The facts of a trial in the form in which a server answers: for who asks it, and for the server's own reports."""

from __future__ import annotations

import time
from typing import Any

from aimd_core.format.model import flatten
from aimd_core.reading.facts import WholeFacts, seconds_of, told_state


def facts_of(document: dict[str, Any]) -> WholeFacts:
    """Return the facts of a trial in the server's answer, which has the shape `client.answers.TRIAL`.

    `git` and `platform` are empty unless the answer has its `metadata`.
    """
    metadata = document.get("metadata") or {}
    git, platform = metadata.get("_git"), metadata.get("platform")
    ending = document.get("ending")
    last_write_s = seconds_of(document.get("last_write"))
    silent_s = None if last_write_s is None else time.time() - last_write_s
    return WholeFacts(
        name=document["name"],
        alternative_name=document.get("alternative_name") or document["name"],
        id=document["id"],
        status=document.get("status") or "",
        state=told_state(document.get("state") or document.get("status") or "", ending, silent_s),
        ending=ending,
        started=document.get("started"),
        ended=document.get("ended"),
        last_write_s=last_write_s,
        folder=(document.get("folder") or {}).get("path", ""),
        params=flatten(document.get("parameters") or {}),
        metrics={name: {"last": None, **summary} for name, summary in (document.get("metrics") or {}).items()},
        tags=tuple(document.get("tags") or ()),
        note=document.get("note") or "",
        git=git if isinstance(git, dict) else {},
        platform=flatten(platform) if isinstance(platform, dict) else {},
        segments=document.get("segments") or [],
    )
