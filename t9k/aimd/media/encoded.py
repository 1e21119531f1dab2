"""Media as bytes: what each kind becomes before it is recorded, and how files and bytes are read within limits."""

from __future__ import annotations

import os

from aimd_core.format.media import MAX_MEDIA_BYTES, Histogram
from aimd_core.language import said, spoken

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any


BYTES, CELLS, FRAMES, NUMBERS, PICTURES, PIXELS = "bytes", "cells", "frames", "numbers", "pictures", "pixels"
NUMERIC = "buif"


class Encoded:
    """One picture, sound, table or the like, ready to be recorded.

    Attributes:
        kind: One of `aimd_core.format.media.KINDS`.
        content: Its bytes, or None if all of it is in the record.
        type: Their MIME type.
        facts: What is known of it, such as `width`.
        text: A short text.
        histogram: A histogram.
        preview: A picture of it and its MIME type.
    """

    __slots__ = ("content", "facts", "histogram", "kind", "preview", "text", "type")

    def __init__(
        self,
        kind: str,
        content: bytes | None = None,
        type: str = "",
        facts: dict[str, float] | None = None,
        text: str | None = None,
        histogram: Histogram | None = None,
        preview: tuple[bytes, str] | None = None,
    ) -> None:
        self.kind, self.content, self.type, self.facts = kind, content, type, facts or {}
        self.text, self.histogram, self.preview = text, histogram, preview


class UnusableMediaError(Exception):
    """Something cannot be recorded because of what it is, such as its size. The text is a sentence's part."""


def too_large(size: int, limit: int, unit: str) -> UnusableMediaError:
    """Return the error for what is larger than a limit."""
    return UnusableMediaError(
        said("it has {size:,} {unit}, the limit is {limit:,}", size=size, unit=said(unit), limit=limit)
    )


def content_of(value: bytes | bytearray | memoryview | str | os.PathLike[str], limit: int = MAX_MEDIA_BYTES) -> bytes:
    """Return bytes, or those of the file with a path.

    Raises:
        UnusableMediaError: There are more than `limit`, or it is not a regular file.
        OSError: The file cannot be read.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        size_bytes = value.nbytes if isinstance(value, memoryview) else len(value)
        if size_bytes > limit:
            raise too_large(size_bytes, limit, BYTES)
        return bytes(value)
    from aimd_core.errors import DamagedError
    from aimd_core.objects.copying import open_source

    try:
        opened = open_source(os.path.expanduser(os.fspath(value)), follows=True)
    except DamagedError as error:
        raise UnusableMediaError(error.facts["reason"]) from None
    with opened:
        size_bytes = os.fstat(opened.fileno()).st_size
        if size_bytes > limit:
            raise too_large(size_bytes, limit, BYTES)
        content = opened.read(limit + 1)
    if len(content) > limit:
        raise too_large(len(content), limit, BYTES)
    return content


def empty() -> UnusableMediaError:
    """Return the error for what has nothing in it, such as what was cut from a picture at its border."""
    return UnusableMediaError(said("it is empty"))


def is_file_or_bytes(value: object) -> bool:
    """Tell whether a value is bytes, or the path of a file."""
    return isinstance(value, (bytes, bytearray, memoryview, str, os.PathLike))


def module_of(value: object) -> str:
    """Return the name of the library that a value's class is from."""
    return type(value).__module__.partition(".")[0]


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of an array or a tensor without touching its numbers; empty for anything else."""
    try:
        return tuple(int(length) for length in value.shape)
    except (AttributeError, TypeError, ValueError):
        return ()


def array_of(value: Any, what: str, limit: int, kinds: str = NUMERIC) -> Any:
    """Return an array or tensor of whatever library as a NumPy array in memory.

    Args:
        value: The array.
        what: What it is, for the error.
        limit: How many numbers it may have.
        kinds: What they may be, as NumPy has it: by default numbers.

    Raises:
        TypeError: It is not one.
        UnusableMediaError: It has more numbers.
    """
    count = 1
    for length in shape_of(value):
        count *= length
    if count > limit:
        raise too_large(count, limit, NUMBERS)
    try:
        import numpy

        if module_of(value) == "torch":
            value = value.detach().cpu()
            value = value.float() if str(value.dtype) in ("torch.bfloat16", "torch.float16") else value
        if module_of(value) == "cupy":
            value = value.get()
        if callable(getattr(value, "numpy", None)):  # PyTorch and TensorFlow
            value = value.numpy()
        if isinstance(value, numpy.ma.MaskedArray):
            value = value.filled(0)
        array = numpy.asarray(value)
    except Exception as error:  # a foreign `__array__` may raise anything
        raise unusable(what, value) from error
    if array.dtype.kind not in kinds:
        raise unusable(what, value)
    if array.size > limit:
        raise too_large(array.size, limit, NUMBERS)
    return array


def unusable(what: str, value: object) -> TypeError:
    """Return the error for a value of a type that is not taken."""
    kind, shape = type(value).__name__, shape_of(value)
    if shape:
        message = spoken("{kind} of shape {shape} is not {what}", kind=kind, shape=shape, what=said(what))
    else:
        message = spoken("{kind} is not {what}", kind=kind, what=said(what))
    return TypeError(message)
