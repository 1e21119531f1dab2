"""What W&B shows and a trial does not hold: pictures, sounds, tables. Each may be made and used; `log` reports it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any


class Media:
    """Takes any arguments and calls."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Take anything."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copy, pickle and debuggers look up such names
            raise AttributeError(name)
        return self._take

    def _take(self, *_: Any, **__: Any) -> Media:
        return self

    def __enter__(self) -> Media:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


def _kind(name: str) -> type[Media]:
    return type(name, (Media,), {"__doc__": f"W&B's `{name}`.", "__module__": __name__})


Audio, Bokeh, Box3D, Classes, Graph = map(_kind, ("Audio", "Bokeh", "Box3D", "Classes", "Graph"))
Histogram, Html, Image, JoinedTable = map(_kind, ("Histogram", "Html", "Image", "JoinedTable"))
Molecule, Object3D, PartitionedTable, Plotly = map(_kind, ("Molecule", "Object3D", "PartitionedTable", "Plotly"))
Table, Video, Plot = map(_kind, ("Table", "Video", "Plot"))

plot = plots = Plot()  # `wandb.plot.line(...)` returns something that `log` takes
data_types = sys.modules[__name__]  # `wandb.data_types.Image`


class AlertLevel:
    """Levels of `wandb.alert`."""

    INFO, WARN, ERROR = "INFO", "WARN", "ERROR"
