"""Shows a running trial in Jupyter as one line below its cell, which is updated in place.

The line is sent to the notebook, not printed, so `stdout.log` does not have it. It is updated by `log`, at most twice a
second and so that it takes at most a hundredth of the time, and when a cell has ended. A fault of the notebook never
reaches the training; there are no more updates then. A script, a terminal of IPython and marimo have no such line.
"""

from __future__ import annotations

import json
import os
import threading
import time
from html import escape

from aimd_core.direction import direction_of
from aimd_core.format.model import RUNNING
from aimd_core.format.numbers import number_text
from aimd_core.format.values import visible
from aimd_core.format.wording import duration_text
from aimd_core.language import said, translated
from t9k.aimd.shell import current_cell, current_shell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

VARIABLE = "AIMD_PROGRESS"
INTERVAL_S = 0.5
_REST = 100  # as many times as long as an update took, there is none
_MAX_METRICS = 4
_MAX_LINES = 20  # of a cell that makes many trials, as a sweep does; the last one is that of all further trials
_MAX_RECORDS = 50
_TYPES = ("train", "val", "test")  # come first
_VALUES = '"value": {'  # what is before a record's first metric
_monotonic_s = time.monotonic
_lines: tuple[object, list[Any]] = None, []  # a run of a cell, and the handles of its lines


def progress_line(name: str, path: Path) -> ProgressLine | None:
    """Return the line of a trial that begins to log, or None where there is no Jupyter, or nobody wants one.

    Args:
        name: The trial's name.
        path: Its directory.
    """
    if os.environ.get(VARIABLE, "1") in ("0", "false", "no", "off"):
        return None
    shell = current_shell()
    if getattr(shell, "kernel", None) is None:  # it prints what it displays
        return None
    return ProgressLine(name, path, shell.events)


class ProgressLine:
    """The line of one trial."""

    def __init__(self, name: str, path: Path, events: Any) -> None:
        """Show nothing yet.

        Args:
            name: The trial's name.
            path: Its directory.
            events: Those of IPython's shell.
        """
        self._name = name
        self._path = path
        self._events = events
        self._events.register("post_run_cell", self._after_cell)
        self._latest: dict[str, str] = {}  # the last record by its beginning: its type and first metric
        self._is_stale = False
        self._handle: Any = None
        self._due_s = 0.0
        self._began: tuple[float, int] | None = None  # when, and at which step
        self._pid = os.getpid()  # a forked child has no notebook
        self._lock = threading.Lock()

    def take(self, record: str) -> None:
        """Take a record of the journal, and update the line if it is time for that."""
        latest = self._latest
        key = record[: record.find(": ", record.find(_VALUES) + len(_VALUES))]
        latest.pop(key, None)  # the newest one is the last
        latest[key] = record
        self._is_stale = True
        if _monotonic_s() >= self._due_s:
            self._update([RUNNING])

    def _after_cell(self, *_: object) -> None:
        if self._is_stale and self._due_s < float("inf"):
            self._update([RUNNING])

    def end(self) -> None:
        """Show how the trial ended, and where it is."""
        from aimd_core.reading.documents import Trial as StoredTrial  # which derives the state

        try:
            self._events.unregister("post_run_cell", self._after_cell)
            state = StoredTrial(self._path).state
        except Exception:  # a damaged document, or a notebook that ends; the files say what became of the trial
            return
        self._update([state.name, *([translated(state.reason)] if state.reason else [])], True)

    def _update(self, state: list[str], is_end: bool = False) -> None:
        if os.getpid() != self._pid or not self._lock.acquire(blocking=is_end):
            return  # another thread is updating it
        try:
            start_s = _monotonic_s()
            self._is_stale = False
            self._display([": ".join(state), *self._facts(start_s), *([str(self._path)] if is_end else [])])
            end_s = _monotonic_s()
            self._due_s = end_s + max(INTERVAL_S, _REST * (end_s - start_s))
        except Exception:  # of the notebook, or of a front end in its place
            self._due_s = float("inf")
        finally:
            self._lock.release()

    def _display(self, facts: list[str]) -> None:
        texts = [visible(text) for text in (self._name, *facts)]
        name, *rest = map(escape, texts)
        html = " &middot; ".join([f"<b>{name}</b>", *rest])
        content = {"text/plain": " · ".join(texts), "text/html": f"<div>{html}</div>"}
        if self._handle is None:
            self._handle = _last_line()
        if self._handle is not None:
            self._handle.update(content, raw=True)
            return
        from IPython.display import display  # it is loaded: this runs in a kernel

        self._handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        _lines[1].append(self._handle)

    def _facts(self, now_s: float) -> list[str]:
        """Return epoch, step, metrics, speed and duration, each as a text."""
        if not self._latest:
            return []
        records = [json.loads(record).popitem() for record in list(self._latest.values())[-_MAX_RECORDS:]]
        sequences = [point["sequence"] for _, point in records]
        step = max(sequence["step"] for sequence in sequences)
        epochs = [sequence["epoch"] for sequence in sequences if sequence["epoch"] is not None]
        if self._began is None:
            self._began = now_s, step
        began_s, first_step = self._began
        facts = [translated(said("epoch {epoch}", epoch=max(epochs)))] if epochs else []
        facts += [translated(said("step {step}", step=f"{step:,}")), *_main_metrics(records)]
        return [*facts, *_speed(step - first_step, now_s - began_s), duration_text(now_s - began_s)]


def _last_line() -> Any:
    """Return the last line below a cell that has enough of them, or None."""
    global _lines
    cell = current_cell()
    if _lines[0] != cell:
        _lines = cell, []
    return _lines[1][-1] if len(_lines[1]) >= _MAX_LINES else None


def _main_metrics(records: list[tuple[str, Any]]) -> list[str]:
    """Return the values of the metrics that tell the most: first of each type one whose name says what is better."""
    types: dict[str, dict[str, float]] = {}
    for metrics_type, point in records:
        types.setdefault(metrics_type, {}).update(point["value"])
    ranked = []
    for metrics_type, values in types.items():
        names = sorted(values, key=lambda name: (direction_of(name) is None, name))
        for at, name in enumerate(names):
            shown = f"{metrics_type}.{name} {number_text(values[name])}"
            ranked.append((direction_of(name) is None, at, _order_of(metrics_type), shown))
    return [shown for *_, shown in sorted(sorted(ranked)[:_MAX_METRICS], key=lambda entry: (entry[2], entry[1]))]


def _order_of(metrics_type: str) -> tuple[int, str]:
    return _TYPES.index(metrics_type) if metrics_type in _TYPES else len(_TYPES), metrics_type


def _speed(steps: int, seconds: float) -> list[str]:
    if steps <= 0 or seconds <= 0:
        return []
    rate = steps / seconds
    if rate >= 1:
        return [translated(said("{rate} steps/s", rate=f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"))]
    return [translated(said("{duration} per step", duration=duration_text(1 / rate)))]
