"""Figures: of matplotlib as a picture, of plotly as its JSON, with a picture if kaleido can make one."""

from __future__ import annotations

from aimd_core.format.media import FIGURE, MAX_PIXELS, MAX_TEXT_BYTES, PLOTLY_TYPE
from t9k.aimd.media.encoded import BYTES, PIXELS, Encoded, is_file_or_bytes, module_of, too_large, unusable

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_WHAT = "a figure of matplotlib or plotly, or a picture"


def figure(value: Any) -> list[Encoded]:
    """Return a figure.

    Raises:
        TypeError: It is not a figure.
        UnusableMediaError: It is too large.
        OSError: A file cannot be read.
    """
    if module_of(value) == "plotly" or hasattr(value, "to_plotly_json"):
        return [_plotly(value)]
    if is_file_or_bytes(value) or module_of(value) == "PIL":
        from t9k.aimd.media.pictures import image

        picture = image(value)
        return [Encoded(FIGURE, picture.content, picture.type, picture.facts)]
    drawn = value if hasattr(value, "savefig") else getattr(value, "figure", None)  # axes, and what seaborn returns
    if not hasattr(drawn, "savefig"):
        raise unusable(_WHAT, value)
    return [_matplotlib(drawn)]


def _matplotlib(drawn: Any) -> Encoded:
    from io import BytesIO

    from aimd_core.format.headers import picture_in

    try:
        width, height = (float(length) * float(drawn.dpi) for length in drawn.get_size_inches())
    except (AttributeError, TypeError, ValueError):  # it has savefig, but is no figure of matplotlib itself
        width = height = 0.0
    if width * height > MAX_PIXELS:
        raise too_large(round(width * height), MAX_PIXELS, PIXELS)
    file = BytesIO()
    drawn.savefig(file, format="png")
    content = file.getvalue()
    picture = picture_in(content)
    return Encoded(FIGURE, content, "image/png", picture.facts if picture else {})


def _plotly(value: Any) -> Encoded:
    content = value.to_json().encode("utf-8", "replace")
    if len(content) > MAX_TEXT_BYTES:
        raise too_large(len(content), MAX_TEXT_BYTES, BYTES)
    return Encoded(FIGURE, content, PLOTLY_TYPE, preview=_drawn(value))


def _drawn(value: Any) -> tuple[bytes, str] | None:
    """Return a picture of a plotly figure, if kaleido is installed, which starts a browser for it."""
    from importlib.util import find_spec

    if find_spec("kaleido") is None:
        return None
    try:
        return value.to_image(format="png"), "image/png"
    except Exception:  # there is no browser, or it does not answer
        return None
