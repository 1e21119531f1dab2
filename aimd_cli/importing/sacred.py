"""Reads what Sacred's FileStorageObserver writes: a directory a run with run.json, config.json, metrics.json, cout.txt.

Source: the layout of Sacred 0.7 and 0.8. Sacred writes times in UTC without saying so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import Values, number_of, read_json, utc_seconds
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_core.errors import NotFoundError
from aimd_core.format.labels import Labels
from aimd_core.format.model import FAILED, RUNNING, SUCCEEDED
from aimd_core.format.values import mapping_of
from aimd_core.language import said

_RUN, _CONFIG, _METRICS, _OUTPUT, _INFO = "run.json", "config.json", "metrics.json", "cout.txt", "info.json"


def read_sacred(path: Path) -> Store:
    """Return the runs below a directory.

    Raises:
        NotFoundError: There are none.
    """
    root = path.resolve()
    listing = Store()
    files = list(listing.walk(root if root.is_dir() else root.parent, lambda name: name == _RUN))
    if not files and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no Sacred runs", path=path), hint="They are directories with a file run.json"
        )

    return Store.of_each([file.parent for file in files], _read_run, listing)


def _read_run(directory: Path, store: Store) -> ImportedRun:
    entry = read_json(directory / _RUN)
    config = (store.attempt(read_json, directory / _CONFIG) or {}) if (directory / _CONFIG).exists() else {}
    values = _Values(directory, store)
    ended_s = utc_seconds(entry.get("stop_time")) or utc_seconds(entry.get("heartbeat"))
    values.take_result(entry.get("result"), ended_s)
    experiment, host, meta = (mapping_of(entry.get(key)) for key in ("experiment", "host", "meta"))
    comment = mapping_of(meta.get("options")).get("--comment")
    name = str(experiment.get("name") or directory.name)
    started = entry.get("start_time") or entry.get("queue_time")
    origin = {
        "experiment": name,
        "command": entry.get("command"),
        "host": host.get("hostname"),
        "entrypoint": experiment.get("mainfile"),
    }
    left_out = Counter(
        {
            "artifact": len(entry.get("artifacts") or ()),
            "resource": len(entry.get("resources") or ()),
            "info": int((directory / _INFO).is_file()),
        }
    )
    output = directory / _OUTPUT
    return ImportedRun(
        name,
        f"sacred:{directory}",
        values.points.in_order_of_time(),
        config,
        _ending(entry, ended_s),
        Labels((), comment if isinstance(comment, str) else ""),
        +(left_out + values.left_out),
        folder=name.strip("/") or None,
        origin={key: value for key, value in origin.items() if value},
        key=f"sacred:{name}/{directory.name}@{started or directory}",
        output=output if output.is_file() and not output.is_symlink() else None,
    )


class _Values(Values):
    """The values in `metrics.json`."""

    def __init__(self, directory: Path, store: Store) -> None:
        super().__init__()
        file = directory / _METRICS
        document = (store.attempt(read_json, file) or {}) if file.exists() else {}
        odd = 0
        for key, series in document.items():
            odd += self._take_series(key, series)
        if odd:
            store.note(file, said("skipped {count:,} values without a step", count=odd))

    def _take_series(self, key: str, series: object) -> int:
        """Take the points of a metric and return how many are odd."""
        columns = [mapping_of(series).get(name) for name in ("steps", "values", "timestamps")]
        steps, values, times = (column if isinstance(column, list) else [] for column in columns)
        times += [None] * (len(steps) - len(times))
        odd = abs(len(steps) - len(values))
        for step, value, time in zip(steps, values, times):  # noqa: B905 - a torn file has columns of other lengths
            try:
                self.add(key, step, utc_seconds(time), _unpacked(value))
            except ValueError:
                odd += 1
        return odd

    def take_result(self, result: object, time_s: float | None) -> None:
        """Take what the run returned, as a value of the type `summary`."""
        if number_of(_unpacked(result)) is None:
            self.left_out["result"] += result is not None
            return
        self.add("summary/result", max((point.step for point in self.points), default=0), time_s, _unpacked(result))


def _ending(entry: Mapping[str, Any], ended_s: float | None) -> Ending:
    status = str(entry.get("status"))
    started_s = utc_seconds(entry.get("start_time"))
    if status == "COMPLETED":
        return Ending(SUCCEEDED, None, started_s, ended_s)
    if status == "FAILED":
        return Ending(FAILED, _exception(entry.get("fail_trace")), started_s, ended_s)
    if status == "INTERRUPTED":
        return Ending(RUNNING, {"kind": "signal", "signal": "SIGINT"}, started_s, ended_s)
    return Ending(RUNNING, {"kind": "unfinished", "message": f"{status} in Sacred"}, started_s, ended_s)


def _exception(trace: object) -> dict[str, object] | None:
    """Return the exception that the last line of a traceback names."""
    lines = [line for line in trace if isinstance(line, str)] if isinstance(trace, list) else []
    kind, has_message, message = (lines[-1] if lines else "").strip().partition(": ")
    if not kind:
        return None
    exception: dict[str, object] = {"kind": "exception", "exception": kind.rpartition(".")[2]}
    return {**exception, "message": message[:1000]} if has_message else exception


def _unpacked(value: object) -> object:
    """Return a NumPy scalar, which Sacred writes as a mapping, as the number that it is."""
    if isinstance(value, dict) and str(value.get("py/object", "")).startswith("numpy.") and "value" in value:
        return value["value"]
    return value
