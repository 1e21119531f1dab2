"""W&B's pictures, sounds, tables and plots: what each is made of is kept until `log` records it as media of the trial.

What `trial.log_image` and its like do with them is in `t9k.aimd.media`, which is loaded by the first `log` that has
something for it.
"""

from __future__ import annotations

import os
import sys

from aimd_core.language import spoken

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from t9k.aimd.media.encoded import Encoded

_POINTS = (3, 6)  # columns of points that can be shown, without and with colours


class Media:
    """Something that `log` takes besides numbers. Takes any arguments and calls.

    Attributes:
        caption: What people read below it, or None.
    """

    caption: str | None = None
    _data: Any = None

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Take anything."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy, pickle and debuggers look up such names
            raise AttributeError(name)
        return self._take

    def _take(self, *_: Any, **__: Any) -> Media:
        return self

    def __enter__(self) -> Media:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def encode(self) -> list[Encoded]:
        """Return it as it is recorded.

        Raises:
            TypeError: A trial has no such thing.
        """
        raise TypeError(type(self).__name__)


def _kind(name: str) -> type[Media]:
    return type(name, (Media,), {"__doc__": f"W&B's `{name}`, which is not recorded.", "__module__": __name__})


Bokeh, Box3D, Classes, Graph = map(_kind, ("Bokeh", "Box3D", "Classes", "Graph"))
JoinedTable, Molecule, PartitionedTable = map(_kind, ("JoinedTable", "Molecule", "PartitionedTable"))


class Image(Media):
    """A picture; boxes and masks are left out."""

    def __init__(self, data_or_path: Any, mode: str | None = None, caption: str | None = None, **_: Any) -> None:
        """Take an array, a tensor, an image of PIL, a figure, a path or another picture."""
        self._data = data_or_path._data if isinstance(data_or_path, Image) else data_or_path
        self.caption = caption

    def encode(self) -> list[Encoded]:
        """Return the picture."""
        from t9k.aimd.media.figures import figure
        from t9k.aimd.media.pictures import images

        return figure(_figure_of(self._data)) if _is_figure(self._data) else images(self._data, None)


class Audio(Media):
    """A sound."""

    def __init__(self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None, **_: Any) -> None:
        """Take samples or a path."""
        self._data, self._rate, self.caption = data_or_path, sample_rate, caption

    def encode(self) -> list[Encoded]:
        """Return the sound."""
        from t9k.aimd.media.moving import audio

        return audio(self._data, int(self._rate or 44_100))


class Video(Media):
    """A video, or a batch of them."""

    def __init__(self, data_or_path: Any, caption: str | None = None, fps: float | None = None, **_: Any) -> None:
        """Take an array of frames x channels x height x width, of a batch of such, or a path."""
        self._data, self._rate, self.caption = data_or_path, fps, caption

    def encode(self) -> list[Encoded]:
        """Return the video, or each of the batch."""
        from t9k.aimd.media.encoded import is_file_or_bytes, shape_of
        from t9k.aimd.media.moving import video

        rate = float(self._rate or 4)
        if is_file_or_bytes(self._data):
            return video(self._data, rate, None)
        batch = self._data if len(shape_of(self._data)) == 5 else [self._data]
        return [item for each in batch for item in video(each, rate, "CHW")]


class Html(Media):
    """A page."""

    def __init__(self, data: Any, inject: bool = True, data_is_not_path: bool = False) -> None:
        """Take HTML, the path of a file, or an open one."""
        if hasattr(data, "read"):
            data = data.read()
        is_path = isinstance(data, str) and not data_is_not_path and data.endswith(".html") and os.path.isfile(data)
        self._data, self._is_path = data, is_path or isinstance(data, os.PathLike)

    def encode(self) -> list[Encoded]:
        """Return the page."""
        from pathlib import Path

        from t9k.aimd.media.plain import html

        return html(Path(self._data) if self._is_path else self._data)


class Histogram(Media):
    """How numbers are distributed."""

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        """Take numbers, or counts and edges."""
        self._data = sequence if np_histogram is None else tuple(np_histogram)
        self._bins = num_bins

    def encode(self) -> list[Encoded]:
        """Return the histogram."""
        from t9k.aimd.media.plain import histogram

        return histogram(self._data, self._bins)


class Text(Media):
    """A text, which W&B takes as it is."""

    def __init__(self, text: str) -> None:
        """Take a text."""
        self._data = text

    def encode(self) -> list[Encoded]:
        """Return the text."""
        from t9k.aimd.media.plain import text

        return text(self._data, False)


class Plotly(Media):
    """A figure, of plotly or matplotlib."""

    def __init__(self, val: Any) -> None:
        """Take the figure."""
        self._data = val

    def encode(self) -> list[Encoded]:
        """Return the figure."""
        from t9k.aimd.media.figures import figure

        return figure(_figure_of(self._data))


class Object3D(Media):
    """An object in space."""

    def __init__(self, data_or_path: Any, caption: str | None = None, file_type: str | None = None, **_: Any) -> None:
        """Take points, a mapping with `points`, a path or an open file."""
        data: Any = data_or_path.get("points") if isinstance(data_or_path, dict) else data_or_path
        self._suffix = f".{file_type}" if file_type else None
        if hasattr(data, "read"):
            data = data.read()
            data = data.encode() if isinstance(data, str) else data
        self._data, self.caption = data, caption

    def encode(self) -> list[Encoded]:
        """Return the object; of points of another number of columns, their coordinates."""
        from t9k.aimd.media.encoded import array_of, is_file_or_bytes
        from t9k.aimd.media.moving import object3d

        if is_file_or_bytes(self._data):
            return object3d(self._data, self._suffix)
        points = array_of(self._data, "points", 1 << 28)
        return object3d(points if points.shape[-1] in _POINTS else points[:, :3], None)


class Table(Media):
    """A table. Pictures and the like in it become a gallery of their column, and the cell says which of it.

    Attributes:
        columns: The names of the columns.
        data: The rows.
    """

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        **_: Any,
    ) -> None:
        """Take rows, an array or a data frame."""
        rows = data if rows is None else rows
        frame = rows if dataframe is None else dataframe
        if hasattr(frame, "columns") and hasattr(frame, "values"):
            columns, rows = list(frame.columns), frame.values
        self.data: list[list[Any]] = [] if rows is None else [list(row) for row in rows]
        width = len(self.data[0]) if self.data else 3
        default = ("Input", "Output", "Expected") if width == 3 else range(width)
        self.columns = [str(name) for name in (default if columns is None else columns)]

    def add_data(self, *values: Any) -> None:
        """Add a row."""
        if len(values) != len(self.columns):
            raise ValueError(
                spoken(
                    "a row of this table has {count} values, not {given}", count=len(self.columns), given=len(values)
                )
            )
        self.data.append(list(values))

    def add_row(self, *row: Any) -> None:
        """Add a row."""
        self.add_data(*row)

    def add_column(self, name: str, data: Iterable[Any], optional: bool = False) -> None:
        """Add a column."""
        values = list(data)
        self.columns = [*self.columns, name] if self.data else [name]
        self.data = self.data or [[] for _ in values]
        for row, value in zip(self.data, values, strict=True):
            row.append(value)

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        """Return the values of a column, as an array for `convert_to="numpy"`."""
        values = [row[self.columns.index(name)] for row in self.data]
        if convert_to != "numpy":
            return values
        import numpy

        return numpy.array(values)

    def get_dataframe(self) -> Any:
        """Return it as a data frame of pandas."""
        import pandas

        return pandas.DataFrame(self.data, columns=self.columns)

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield rows with their numbers."""
        yield from enumerate(self.data)

    def galleries(self) -> dict[str, list[Media]]:
        """Return the pictures and the like in the cells, by column."""
        by_column: dict[str, list[Media]] = {}
        for row in self.data:
            for name, cell in zip(self.columns, row, strict=True):
                if isinstance(cell, Media):
                    by_column.setdefault(name, []).append(cell)
        return by_column

    def encode(self) -> list[Encoded]:
        """Return the table."""
        from t9k.aimd.media.plain import table

        counts: dict[str, int] = {}
        rows = []
        for row in self.data:
            rows.append(list(row))
            for at, cell in enumerate(row):
                if isinstance(cell, Media):
                    number = counts[self.columns[at]] = counts.get(self.columns[at], -1) + 1
                    rows[-1][at] = f"{type(cell).__name__} {number}"
        return table(rows, self.columns)


class _Plots:
    """`wandb.plot`: what each plot shows is recorded as a table."""

    def line_series(self, xs: Any, ys: Any, keys: Any = None, title: str = "", xname: str = "x", **_: Any) -> Table:
        """Several lines."""
        many = [xs] * len(ys) if not hasattr(xs[0], "__iter__") else xs
        names = list(keys) if keys is not None else [f"key_{number}" for number in range(len(ys))]
        rows = [[x, name, y] for name, line, places in zip(names, ys, many, strict=True) for x, y in zip(places, line)]  # noqa: B905
        return Table([xname, "key", "y"], rows)

    def confusion_matrix(
        self, probs: Any = None, y_true: Any = None, preds: Any = None, class_names: Any = None, **_: Any
    ) -> Table:
        """How often each class was taken for each."""
        guesses = preds if preds is not None else [max(range(len(row)), key=row.__getitem__) for row in probs]
        pairs = [(int(actual), int(guess)) for actual, guess in zip(y_true, guesses, strict=True)]
        named = [] if class_names is None else list(class_names)  # perhaps an array
        count = max([len(named), *(1 + max(pair) for pair in pairs)])
        names = [*named, *(f"Class_{number + 1}" for number in range(len(named), count))]
        rows = [[names[a], names[g], pairs.count((a, g))] for a in range(count) for g in range(count)]
        return Table(["Actual", "Predicted", "nPredictions"], rows)

    def pr_curve(self, y_true: Any, y_probas: Any, labels: Any = None, *_: Any, **__: Any) -> Table:
        """The class and the probabilities of each example, from which the curve follows."""
        names = list(labels) if labels is not None else [f"class {number}" for number in range(len(y_probas[0]))]
        rows = [[actual, *row] for actual, row in zip(y_true, y_probas, strict=True)]
        return Table(["actual", *names], rows)

    roc_curve = pr_curve

    def plot_table(self, vega_spec_name: Any, data_table: Any, *_: Any, **__: Any) -> Any:
        """A plot of one's own: its table."""
        return data_table

    def line(self, table: Any, *_: Any, **__: Any) -> Any:
        """A plot of a table: the table."""
        return table

    bar = scatter = histogram = line


plot = plots = _Plots()  # `wandb.plot.line(...)` returns something that `log` takes
plot_table = plot.plot_table
data_types = sys.modules[__name__]  # `wandb.data_types.Image`


def media_of(value: Any) -> list[Media] | None:
    """Return what a value of `log` shows; None for what is not shown, such as a list of numbers."""
    if isinstance(value, Media):
        return [value]
    if isinstance(value, str):
        return [Text(value)]
    if isinstance(value, (list, tuple)):
        return list(value) if value and all(isinstance(item, Media) for item in value) else None
    if _is_figure(value):
        return [Plotly(value)]
    if type(value).__module__.partition(".")[0] == "PIL":
        return [Image(value)]
    return [Histogram(value)] if getattr(value, "shape", None) else None


def _is_figure(value: Any) -> bool:
    return hasattr(value, "savefig") or hasattr(value, "to_plotly_json")  # `matplotlib.pyplot` has it, too


def _figure_of(value: Any) -> Any:
    return value.gcf() if hasattr(value, "gcf") else value


class AlertLevel:
    """Levels of `wandb.alert`."""

    INFO, WARN, ERROR = "INFO", "WARN", "ERROR"
