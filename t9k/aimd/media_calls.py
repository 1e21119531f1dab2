"""The calls of a trial that record pictures, sounds, texts, tables and the like. Nothing of them is loaded before."""

from __future__ import annotations

from abc import abstractmethod

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from aimd_core.reading.media import Media
    from t9k.aimd.media.encoded import Encoded

    Caption = str | Sequence[str] | None


_MOST = 1 << 31


class MediaCalls:
    """What every trial can record besides numbers.

    Each call takes a key, such as `val/samples`, a thing, and a step. Like `log`, it returns once a killed process
    would lose nothing, never uses the network, and never breaks training because of the disk or of a thing that is too
    large: that is said once, and counted in the receipt. Several things at one key and step are numbered from 0, in the
    order of the calls.

    All raise TypeError for a thing, a key or a step of another type, ValueError for a key that is no visible line of up
    to 255 bytes or a step of more than 64 bits, and TrialStateError if the trial has ended.
    """

    _path: Path

    @abstractmethod
    def _log_media(
        self,
        key: str,
        step: int,
        caption: Caption,
        group: str | None,
        encode: Callable[..., list[Encoded]],
        *arguments: Any,
        check_status: bool = True,
    ) -> None:
        """Record what `encode` makes of the arguments, and say once what cannot be recorded."""

    def log_image(
        self,
        key: str,
        image: Any,
        step: int,
        caption: Caption = None,
        *,
        group: str | None = None,
        layout: str | None = None,
    ) -> None:
        """Record a picture, or several as a gallery.

        Args:
            key: What it is of.
            image: A NumPy array or a tensor of height x width, or with 1, 3 or 4 channels last or first; a PIL image;
                the path or the bytes of a file; or a list of these, or an array with a dimension more. Whole numbers
                are from 0 to 255, others from 0 to 1.
            step: The training step.
            caption: A text, or a list of them for a gallery.
            group: Which of several series at this key it belongs to, such as `predictions`.
            layout: `HW`, `HWC` or `CHW`, if the shape alone does not tell. By default channels are last, and first for
                PyTorch.
        """
        from t9k.aimd.media.pictures import images

        self._log_media(key, step, caption, group, images, image, layout)

    def log_audio(self, key: str, audio: Any, step: int, caption: Caption = None, *, sample_rate: int = 44_100) -> None:
        """Record a sound.

        Args:
            key: What it is of.
            audio: Samples, or samples x channels, from -1 to 1 or 16-bit ones; or the path or the bytes of a file.
            step: The training step.
            caption: A text.
            sample_rate: Samples per second of an array.
        """
        from t9k.aimd.media.moving import audio as encode

        self._log_media(key, step, caption, None, encode, audio, _positive("sample_rate", sample_rate, int))

    def log_video(
        self,
        key: str,
        video: Any,
        step: int,
        caption: Caption = None,
        *,
        frames_per_s: float = 10.0,
        layout: str | None = None,
    ) -> None:
        """Record a video.

        Args:
            key: What it is of.
            video: Frames x height x width x channels, each frame as a picture of `log_image`, which become an animated
                PNG; or the path or the bytes of a file.
            step: The training step.
            caption: A text.
            frames_per_s: How many frames of an array are shown in a second.
            layout: Of each frame.
        """
        from t9k.aimd.media.moving import video as encode

        rate = _positive("frames_per_s", frames_per_s, float)
        self._log_media(key, step, caption, None, encode, video, rate, layout)

    def log_figure(self, key: str, figure: Any, step: int, caption: Caption = None) -> None:
        """Record a figure of matplotlib as a picture, or one of plotly as its JSON.

        Args:
            key: What it shows.
            figure: The figure, or what has one, such as axes. A figure of plotly also becomes a picture if kaleido is
                installed.
            step: The training step.
            caption: A text.
        """
        from t9k.aimd.media.figures import figure as encode

        self._log_media(key, step, caption, None, encode, figure)

    def log_text(self, key: str, text: str, step: int, caption: Caption = None, *, markdown: bool = False) -> None:
        """Record a text.

        Args:
            key: What it is.
            text: The text.
            step: The training step.
            caption: A text below it.
            markdown: Whether it is Markdown.
        """
        from t9k.aimd.media.plain import text as encode

        self._log_media(key, step, caption, None, encode, text, markdown)

    def log_table(
        self, key: str, table: Any, step: int, caption: Caption = None, *, columns: Sequence[str] | None = None
    ) -> None:
        """Record a table.

        Args:
            key: What it is of.
            table: A data frame of pandas or polars, a mapping of columns, a list of rows, or an array.
            step: The training step.
            caption: A text.
            columns: The names of the columns, for rows that are lists.
        """
        from t9k.aimd.media.plain import table as encode

        self._log_media(key, step, caption, None, encode, table, columns)

    def log_histogram(self, key: str, values: Any, step: int, caption: Caption = None, *, bins: int = 64) -> None:
        """Record how numbers are distributed. Those that are not finite are counted apart.

        Args:
            key: What they are of.
            values: Numbers, an array or a tensor; or counts and edges, as `numpy.histogram` returns them.
            step: The training step.
            caption: A text.
            bins: How many intervals, up to 64.
        """
        from t9k.aimd.media.plain import histogram as encode

        self._log_media(key, step, caption, None, encode, values, _positive("bins", bins, int))

    def log_html(self, key: str, html: str | bytes | os.PathLike[str], step: int, caption: Caption = None) -> None:
        """Record a page of HTML, which the console shows without access to anything else.

        Args:
            key: What it is.
            html: The page, or the path object of a file.
            step: The training step.
            caption: A text.
        """
        from t9k.aimd.media.plain import html as encode

        self._log_media(key, step, caption, None, encode, html)

    def log_object3d(
        self, key: str, object3d: Any, step: int, caption: Caption = None, *, suffix: str | None = None
    ) -> None:
        """Record an object in space.

        Args:
            key: What it is.
            object3d: Points, n x 3, or n x 6 with colours from 0 to 255; or the path or the bytes of a GLB, glTF, OBJ,
                PLY or STL file.
            step: The training step.
            caption: A text.
            suffix: Which of these bytes are, such as `.obj`.
        """
        from t9k.aimd.media.moving import object3d as encode

        self._log_media(key, step, caption, None, encode, object3d, suffix)

    @property
    def media(self) -> Media:
        """What was recorded by these calls, read from the disk."""
        from aimd_core.reading.media import LocalMedia

        return LocalMedia(self._path)


def _positive(name: str, value: Any, kind: type) -> Any:
    """Return a number of the caller.

    Raises:
        TypeError, ValueError: It is not one, or not above 0 or too large.
    """
    from aimd_core.format.values import float_of
    from aimd_core.language import spoken

    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):  # also numbers of NumPy
        raise TypeError(spoken("{name} must be a number, not {kind}", name=name, kind=type(value).__name__))
    number = kind(min(float_of(value), _MOST) if value == value else 0)
    if not 0 < number < _MOST:
        raise ValueError(
            spoken("{name} must be above 0 and below {limit:,}, not {value}", name=name, limit=_MOST, value=value)
        )
    return number
