"""`wandb.Api`: reads the trials of a directory under W&B's names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from aimd_core.errors import NoTrialsError
from aimd_core.format.layout import default_directory, expanded
from aimd_core.format.model import FAILED, INITIALIZING, RUNNING, SUCCEEDED, flatten, folder_path_of
from aimd_core.language import spoken
from aimd_core.reading.documents import Trial
from t9k.aimd.naming import EVAL_IS_VAL, split_tag
from t9k.aimd.search import history, search_trials
from t9k.aimd.wandb.faults import CommError
from t9k.aimd.wandb.mappings import SUMMARY
from t9k.aimd.wandb.opening import RUN_ID

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os
    from typing import Any

_STATES = {SUCCEEDED: "finished", FAILED: "failed", RUNNING: "running", INITIALIZING: "running"}
_DIED = "crashed"  # W&B's state of every other run


class LoggedNames(dict[str, object]):
    """Values by metric, such as `val/loss`; a name as a script logged it (`val_loss`, `lr`) reaches the same value."""

    def __missing__(self, name: str) -> object:
        metrics_type, metric = split_tag(name, EVAL_IS_VAL)
        key = f"{metrics_type}/{metric}"
        if key == name or key not in self:
            raise KeyError(name)
        return self[key]

    def get(self, name: str, default: object = None) -> object:
        """Return a value, or the default."""
        try:
            return self[name]
        except KeyError:
            return default

    @property
    def _json_dict(self) -> dict[str, object]:
        return dict(self)


class RecordedRun:
    """A trial as W&B's `Api` shows a run."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Take what `search_trials` returns of a trial."""
        self._facts = facts
        self.name = str(facts["name"])
        self.state = _STATES.get(facts["state"], _DIED)
        self.created_at = facts["started"]
        self.tags = list(facts["tags"])
        self.notes = facts["note"]
        self.url = str(facts["path"])
        self.summary = LoggedNames(_summary(facts))
        self.metadata = {"git": facts["git"], **facts["platform"]}

    summary_metrics = property(lambda self: self.summary)

    @cached_property
    def _stored(self) -> Trial:
        return Trial(Path(self._facts["path"]))

    @cached_property
    def config(self) -> dict[str, object]:
        """The parameters, nested as they were set."""
        return {name: value for name, value in self._stored.parameters.items() if name != SUMMARY}

    @property
    def id(self) -> str:
        """The id that the script gave, or the trial's."""
        return str(self._stored.metadata.get(RUN_ID) or self._facts["id"])

    @property
    def project(self) -> str:
        """The trial's folder."""
        return str(self._facts["folder"]).strip("/")

    @property
    def path(self) -> list[str]:
        """Project and id."""
        return [self.project, self.id]

    def scan_history(
        self, keys: Sequence[str] | None = None, page_size: int = 1000, min_step: int = 0, max_step: int | None = None
    ) -> Iterator[dict[str, object]]:
        """Yield what was logged, one mapping per step.

        Args:
            keys: The metrics; only steps that have all of them.
            page_size: Ignored.
            min_step: The first step.
            max_step: The step after the last.
        """
        for row in self._rows():
            step = row["_step"]
            if isinstance(step, int) and (step < min_step or (max_step is not None and step >= max_step)):
                continue
            values = {key: row.get(key) for key in keys} if keys else dict(row)
            if not keys or None not in values.values():
                yield values

    def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        **_: Any,
    ) -> Any:
        """Return what was logged as a data frame of pandas, or as a list.

        Args:
            samples: The most rows; of more, every n-th.
            keys: As in `scan_history`.
            x_axis: The column to keep beside them.
            pandas: Whether a data frame is returned.
            **_: Ignored.
        """
        asked = None if keys is None else [*dict.fromkeys([x_axis, *keys])]
        rows = list(self.scan_history(asked))
        rows = rows[:: max(1, -(-len(rows) // max(1, samples)))]
        if not pandas:
            return rows
        from pandas import DataFrame

        return DataFrame(rows)

    def _rows(self) -> list[LoggedNames]:
        rows: dict[object, LoggedNames] = {}
        for point in history(Path(self._facts["path"])):
            metrics_type = point.pop("type")
            if metrics_type in ("system", SUMMARY):
                continue
            step, when = point.pop("step"), point.pop("timestamp")
            row = rows.setdefault(step, LoggedNames({"_step": step}))
            row["_timestamp"] = when
            del point["epoch"]
            row.update({f"{metrics_type}/{name[len(metrics_type) + 1 :]}": value for name, value in point.items()})
        return list(rows.values())

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"


def _summary(facts: Mapping[str, Any]) -> dict[str, object]:
    prefix = f"{SUMMARY}."
    texts = {name[len(prefix) :]: value for name, value in facts["params"].items() if name.startswith(prefix)}
    figures = {}
    for name, totals in facts["metrics"].items():
        metrics_type, _, metric = name.partition(".")
        if metrics_type == SUMMARY:
            texts[metric] = totals["last"]
        elif metrics_type != "system":
            figures[f"{metrics_type}/{metric}"] = totals["last"]
    return {**figures, **texts}


class Api:
    """Reads the runs of a directory: that of `AIMD_DIR`, or the working directory."""

    def __init__(self, overrides: object = None, timeout: object = None, api_key: object = None) -> None:
        """Read. W&B's arguments change nothing."""
        self._directory = default_directory()

    def runs(
        self,
        path: str | os.PathLike[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        **_: Any,
    ) -> list[RecordedRun]:
        """Return the runs of a project.

        Args:
            path: `entity/project` or `project`, whose folder and the folders in it are searched; by default all.
            filters: As MongoDB has them: `{"config.lr": 0.1, "summary_metrics.val/loss": {"$lt": 0.2}}`.
            order: `+` or `-` and `created_at`, `config.<name>` or `summary_metrics.<name>`.
            per_page: Ignored.
            **_: Ignored.
        """
        project = str(path).rpartition("/")[2] if path else ""
        folder = folder_path_of(project)
        runs = [
            RecordedRun(facts)
            for facts in self._facts()
            if not project or facts["folder"] == folder or str(facts["folder"]).startswith(f"{folder}/")
        ]
        runs = [run for run in runs if matches(filters or {}, run)]
        key = order.lstrip("+-")
        return sorted(runs, key=lambda run: _order(_value(run, key)), reverse=order.startswith("-"))

    def run(self, path: str) -> RecordedRun:
        """Return the run with an id, a directory's name or a name; W&B's `entity/project/` before it may be there.

        Raises:
            CommError: There is none.
        """
        name = path.rpartition("/")[2]
        for facts in self._facts():
            run = RecordedRun(facts)
            if name in (facts["id"], facts["alternative_name"], run.id, run.name):
                return run
        raise CommError(spoken("there is no run {name!r} in {directory}", name=name, directory=self._directory))

    def _facts(self) -> list[dict[str, Any]]:
        try:
            trials: list[dict[str, Any]] = search_trials(path=expanded(self._directory))
        except NoTrialsError:
            return []
        return trials


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, operand: value == operand,
    "$ne": lambda value, operand: value != operand,
    "$gt": lambda value, operand: value > operand,
    "$gte": lambda value, operand: value >= operand,
    "$lt": lambda value, operand: value < operand,
    "$lte": lambda value, operand: value <= operand,
    "$in": lambda value, operand: value in operand,
    "$nin": lambda value, operand: value not in operand,
    "$exists": lambda value, operand: (value is not None) == bool(operand),
    "$regex": lambda value, operand: re.search(operand, str(value)) is not None,
}


def matches(filters: Mapping[str, Any], run: RecordedRun) -> bool:
    """Tell whether a run matches a filter of MongoDB's kind.

    Raises:
        CommError: It has an operator that is not one of the usual ones.
    """
    for key, condition in filters.items():
        if key == "$and":
            fits = all(matches(part, run) for part in condition)
        elif key == "$or":
            fits = any(matches(part, run) for part in condition)
        elif key == "$not":
            fits = not matches(condition, run)
        else:
            conditions = condition if isinstance(condition, Mapping) else {"$eq": condition}
            fits = all(_fits(_value(run, key), operator, operand) for operator, operand in conditions.items())
        if not fits:
            return False
    return True


def _fits(value: Any, operator: str, operand: Any) -> bool:
    compare = _OPERATORS.get(operator)
    if compare is None:
        operators = ", ".join(_OPERATORS)
        raise CommError(spoken("{operator} is not one of {operators}", operator=operator, operators=operators))
    try:
        if isinstance(value, list) and operator in ("$eq", "$in"):  # tags: one of them is enough
            return any(compare(item, operand) for item in value)
        return compare(value, operand)
    except TypeError:  # a missing value, or a number against a text
        return False


def _value(run: RecordedRun, key: str) -> Any:
    part, _, name = key.partition(".")
    if part == "config":
        return flatten(run.config).get(name)
    if part in ("summary", "summary_metrics"):
        return run.summary.get(name)
    return getattr(run, {"display_name": "name", "createdAt": "created_at", "username": "project"}.get(key, key), None)


def _order(value: Any) -> tuple[int, float, str]:
    """Order numbers by size, then texts, and what is missing last."""
    if isinstance(value, (int, float)):
        return 0, value, ""
    return (2, 0.0, "") if value is None else (1, 0.0, str(value))
