"""Finds trials and reads what they recorded, as plain lists or as data frames of pandas or polars."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import MissingExtraError, UsageError
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from typing import Any

    from aimd_core.reading.facts import Facts

FORMATS = ("list", "pandas", "polars")


def search_trials(
    query: str | None = None,
    path: str | os.PathLike[str] | None = None,
    sort: str | None = None,
    limit: int | None = None,
    format: str = "list",
    remote: bool = False,
) -> Any:
    """Find the trials that match a query, as `aimd trial ls --where` does; see docs/reference/query.md.

    Args:
        query: Such as `"params.lr >= 1e-3 and val.acc.max > 0.9"`; by default all trials.
        path: The directory that holds `.aimd`, or trials; by default that of `AIMD_DIR`, or the working directory. Also
            `team:/vision`: the folder of a server with that short name, from `aimd login --as team`.
        sort: Such as `"-val.acc.max,started"`; by default newest first.
        limit: The most trials to return.
        format: `list`, `pandas` or `polars`.
        remote: Search the active server; then `path` is a folder there.

    Returns:
        As a list, one mapping per trial: `name`, `alternative_name`, `id`, `state`, `reason` (why it is in this state),
        `ending` (how its process ended, or None), `started`, `ended` (ISO 8601 or None), `folder`, `path` (its
        directory or address, which `find_trial` takes), `tags`, `note`, `params` (by dotted name),
        `metrics` (by `type.name`: last, min, max, mean, count, last_step, min_step, max_step), `nan_since` (by metric:
        the step since which it is not finite), `git`, `platform`, `damage`. As a data frame, one row per trial, with
        columns `params.<name>` and `<type>.<name>`, which is the last value.

    Raises:
        QueryError: The query or the sort keys cannot be parsed.
        NoTrialsError: The directory holds no trials.
        UsageError: There is no such format, or the limit is negative.
        MissingExtraError: pandas or polars is requested but not installed.
        NotFoundError, AccessError, NetworkError, OldServerError: The server cannot be searched.
    """
    _check_format(format)
    if limit is not None and limit < 0:
        raise UsageError(message=said("limit must not be negative: {limit}", limit=limit), hint="")
    from aimd_core.query import parse, parse_sort

    parse(query or "")
    parse_sort(sort or "name")
    mappings = _found(query or "", sort or "", limit, path, remote) if limit != 0 else []
    return mappings if format == "list" else _frame([_flat(trial) for trial in mappings], format)


def _found(
    where: str, sort: str, limit: int | None, path: str | os.PathLike[str] | None, remote: bool
) -> list[dict[str, Any]]:
    """Return the trials that match a query, each as a mapping."""
    import os

    from aimd_core.sources.handles import Extent, facts_of
    from aimd_core.sources.naming import TrialFinder

    with TrialFinder(None if path is None else os.fspath(path), remote) as finder:
        trials = finder.source.chosen(where, sort, limit)
        rows = facts_of(trials, Extent(trends=False))
        pairs = zip(trials, rows, strict=True)
        return [
            {**mapping_of(row), "path": str(trial.directory()) if row.path else trial.address} for trial, row in pairs
        ]


def history(
    path: Path, names: Sequence[str] | str | None = None, format: str = "list", all_segments: bool = False
) -> Any:
    """Return what a trial recorded, one entry per record, in the order written.

    Args:
        path: The trial's directory.
        names: Metrics as `type.name`, or types; by default all.
        format: `list`, `pandas` or `polars`.
        all_segments: Include points that were superseded when training went back to an earlier step.

    Returns:
        Mappings (or rows of a data frame) with `type`, `step`, `epoch`, `timestamp` and one key per metric,
            `type.name`, and with `all_segments` the number of the `segment`, from 1. Records with none of the requested
            metrics are left out.

    Raises:
        UsageError: The format does not exist.
        MissingExtraError: pandas or polars is requested but not installed.
        DamagedError: The journal is not a regular file.
    """
    from aimd_core.format.journal import Damage
    from aimd_core.reading.series import all_records_of, metric_values, records_of

    _check_format(format)
    asked = None if names is None else {names} if isinstance(names, str) else set(names)
    points: list[dict[str, Any]] = []
    records: Iterable[tuple[int | None, dict[str, Any]]] = (
        all_records_of(path, Damage()) if all_segments else ((None, record) for record in records_of(path, Damage()))
    )
    for segment, record in records:
        ((metrics_type, body),) = record.items()
        is_asked = asked is None or metrics_type in asked
        values = {metric: value for metric, value in metric_values(record) if is_asked or metric in (asked or ())}
        if values:
            position = {key: body["sequence"].get(key) for key in ("step", "epoch", "timestamp")}
            more = {"segment": segment} if all_segments else {}
            points.append({"type": metrics_type, **position, **more, **values})
    return points if format == "list" else _frame(points, format)


def _check_format(format: str) -> None:
    if format not in FORMATS:
        raise UsageError(
            message=said("format {format!r} is not one of {formats}", format=format, formats=", ".join(FORMATS)),
            hint="",
        )


def mapping_of(row: Facts) -> dict[str, Any]:
    """Return a trial as `search_trials` does."""
    names = ("name", "alternative_name", "id", "state", "reason", "started", "ended", "folder", "path", "note")
    return {
        **{name: getattr(row, name) for name in names},
        "ending": None if row.ending is None else dict(row.ending),
        "tags": list(row.tags),
        "params": dict(row.params),
        "metrics": {name: dict(row.metrics[name]) for name in row.metrics},
        "nan_since": row.nan_since,
        "git": dict(row.git),
        "platform": dict(row.platform),
        "damage": list(row.damage),
    }


def _flat(trial: dict[str, Any]) -> dict[str, Any]:
    nested = ("params", "metrics", "nan_since", "ending", "git", "platform", "damage", "tags")
    return {
        **{name: value for name, value in trial.items() if name not in nested},
        "tags": ", ".join(trial["tags"]),
        **{f"params.{name}": value for name, value in trial["params"].items()},
        **{name: summary["last"] for name, summary in trial["metrics"].items()},
    }


def _frame(rows: Iterable[dict[str, Any]], format: str) -> Any:
    """Make a data frame whose columns are the keys of all rows, in the order of first appearance."""
    listed = list(rows)
    names = list(dict.fromkeys(name for row in listed for name in row))
    columns = {name: [row.get(name) for row in listed] for name in names}
    try:
        if format == "pandas":
            import pandas

            return pandas.DataFrame(columns)
        import polars
    except ImportError as error:
        raise MissingExtraError(library=format, extra=format) from error
    return polars.DataFrame({name: polars.Series(name, values, strict=False) for name, values in columns.items()})
