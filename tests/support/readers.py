"""Every reader of a trial's facts, in one place: what does each of them say of one trial?

A test that wants to know whether all agree asks `told_by_all`; a new reader is added here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from aimd_core.format.model import STATES
from tests.support.home import Home

_AGGREGATES = ("last", "min", "max", "mean", "count")


class Told(NamedTuple):
    """What one reader says of a trial; None is what it does not show.

    Attributes:
        state: The state.
        name: The trial's name.
        reason: Why it is in this state; empty when there is nothing to say.
        ending: How its process ended, by `kind`, `exception` and the like; empty when nothing is known.
        metrics: By `type.name`: last, min, max, mean, count.
        nan_since: By metric, from which step on it is not finite.
    """

    state: str
    name: str | None = None
    reason: str | None = None
    ending: dict[str, Any] | None = None
    metrics: dict[str, dict[str, Any]] | None = None
    nan_since: dict[str, int] | None = None


Reader = Callable[[Home, Path], Told]


def _metrics(shown: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return summaries with every number as a float; JSON has text for one that is not finite."""
    return {
        name: {key: None if summary[key] is None else float(summary[key]) for key in _AGGREGATES}
        for name, summary in shown.items()
    }


def _of_document(document: dict[str, Any]) -> Told:
    return Told(
        document["state"],
        document["name"],
        document["reason"] or "",
        document["ending"] or {},
        _metrics(document["metrics"]),
        document["nan_since"],
    )


def _one(rows: list[dict[str, Any]], path: Path, key: str = "alternative_name") -> dict[str, Any]:
    (row,) = [row for row in rows if row[key] == path.name]
    return row


def _with_id(rows: Iterable[dict[str, Any]], path: Path) -> dict[str, Any]:
    (row,) = [row for row in rows if row["id"] == _id_of(path)]
    return row


def _id_of(path: Path) -> str:
    return str(yaml.safe_load((path / "metadata.yaml").read_text())["metadata"]["id"])


def ls(home: Home, path: Path) -> Told:
    """`aimd trial ls`, piped."""
    return Told(_one(home.aimd("trial", "ls", path.parent).table, path, "name")["state"])


def ls_json(home: Home, path: Path) -> Told:
    """`aimd trial ls --json`."""
    return _of_document(_one(home.aimd("trial", "ls", path.parent, "--json").json["trials"], path))


def ls_where(home: Home, path: Path) -> Told:
    """`aimd trial ls --where 'state = …'`: the one state for which the trial is listed."""

    def is_in(state: str) -> bool:
        ran = home.aimd("trial", "ls", path.parent, "-q", "--where", f"state = {state}")
        return path.name in ran.out.splitlines()

    return Told(_only(is_in))


def describe(home: Home, path: Path) -> Told:
    """`aimd trial describe`, piped."""
    rows = home.aimd("trial", "describe", "-p", path, "-m").table
    told = {row["key"]: row["value"] for row in rows}
    return Told(told["state"], None, told.get("reason", ""))


def describe_json(home: Home, path: Path) -> Told:
    """`aimd trial describe --json`."""
    return _of_document(home.aimd("trial", "describe", "-p", path, "--json").json["trials"][0])


def check(home: Home, path: Path) -> Told:
    """`aimd trial check`: the one state for which it passes."""
    return Told(_only(lambda state: home.aimd("trial", "check", "-p", path, f"state = {state}").code == 0))


def wait(home: Home, path: Path) -> Told:
    """`aimd trial wait --until`: the one state that need not be waited for."""

    def is_in(state: str) -> bool:
        return home.aimd("trial", "wait", "-p", path, "--until", f"state = {state}", "--timeout", "0.001s").code == 0

    return Told(_only(is_in))


def top(home: Home, path: Path) -> Told:
    """The rows of `aimd trial top`, at its second look."""
    from aimd_cli.commands.trial.live import LocalSources

    sources = LocalSources(path.parent)
    sources.look(with_facts=False)
    (row,) = [row for row in sources.look(with_facts=True).rows if row.alternative_name == path.name]
    return Told(row.state, row.name, row.reason, dict(row.ending or {}), _metrics(dict(row.metrics)), row.nan_since)


def search_trials(home: Home, path: Path) -> Told:
    """`aimd.search_trials` of the SDK."""
    from t9k import aimd

    row = _one(aimd.search_trials(path=path.parent), path)
    return Told(
        row["state"], row["name"], row["reason"], row["ending"] or {}, _metrics(row["metrics"]), row["nan_since"]
    )


def upload(home: Home, path: Path) -> Told:
    """What an upload tells a server."""
    from aimd_core.reading.documents import Trial
    from aimd_core.upload import Destination
    from aimd_core.upload.contents import document_of

    document = document_of(Trial(path), Destination(conflict_strategy="new"))
    return Told(document["state"], document["name"])


def ls_remote_json(home: Home, path: Path) -> Told:
    """`aimd trial ls --remote --json`."""
    ran = home.aimd("trial", "ls", "--remote", "--json")
    assert ran.code == 0, ran.err
    return _of_document(_with_id(ran.json["trials"], path))


def ls_remote_where(home: Home, path: Path) -> Told:
    """`aimd trial ls --remote --where 'state = …'`: the one state for which the server lists the trial."""

    def is_in(state: str) -> bool:
        ran = home.aimd("trial", "ls", "--remote", "--json", "--where", f"state = {state}")
        return any(row["id"] == _id_of(path) for row in ran.json["trials"])

    return Told(_only(is_in))


def server_api(home: Home, path: Path) -> Told:
    """A trial as the server's API shows it."""
    from aimd_core.client.v2 import Server
    from aimd_core.config import resolve_credentials

    with Server(resolve_credentials()) as server:
        return of_server(_with_id(server.trials(), path))


def of_server(document: dict[str, Any]) -> Told:
    """Return what a trial in an answer of the server's API says."""
    metrics = document["metrics"]
    nan_since = {name: one["nan_since"] for name, one in metrics.items() if one.get("nan_since") is not None}
    return Told(
        document["state"],
        document["name"],
        document["reason"] or "",
        document["ending"] or {},
        _metrics(metrics),
        nan_since,
    )


def _only(is_in: Callable[[str], bool]) -> str:
    (state,) = filter(is_in, STATES)
    return state


READERS: dict[str, Reader] = {
    "ls": ls,
    "ls --json": ls_json,
    "ls --where": ls_where,
    "describe": describe,
    "describe --json": describe_json,
    "check": check,
    "wait": wait,
    "top": top,
    "search_trials": search_trials,
    "upload": upload,
}


REMOTE_READERS: dict[str, Reader] = {
    "ls --remote --json": ls_remote_json,
    "ls --remote --where": ls_remote_where,
    "server": server_api,
}


def told_remotely(home: Home, path: Path) -> dict[str, Told]:
    """Upload a trial to the server that `home` is signed in to, and ask everybody who reads it there."""
    done = home.aimd("trial", "upload", "-p", path)
    assert done.code == 0, done.err
    return {name: reader(home, path) for name, reader in REMOTE_READERS.items()}


def told_by_all(home: Home, path: Path) -> dict[str, Told]:
    """Ask every reader on this machine."""
    return {name: reader(home, path) for name, reader in READERS.items()}


def disagreements(told: dict[str, Told]) -> list[str]:
    """Return what readers contradict each other in, a line a field; none when all agree."""
    lines = []
    for field in Told._fields:
        said = {name: getattr(one, field) for name, one in told.items() if getattr(one, field) is not None}
        if len({repr(value) for value in said.values()}) > 1:
            lines.append(f"{field}: {said}")
    return lines
