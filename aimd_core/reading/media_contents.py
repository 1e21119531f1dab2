"""What the bytes of media mean: tables as rows, texts as text, and names of files to save them in."""

from __future__ import annotations

import json

from aimd_core.errors import DamagedError
from aimd_core.format.figures import PlotlyFigure, parse_figure
from aimd_core.format.media import MAX_TABLE_BYTES, MAX_TEXT_BYTES, TABLE, TEXT, MediaRecord
from aimd_core.format.names import safe_name
from aimd_core.format.tables import Table, parse_table
from aimd_core.reading.media import Media, MediaItem

_ENDINGS = {
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/svg+xml": "svg",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
    "model/obj": "obj",
    "model/ply": "ply",
    "model/stl": "stl",
}
_UNKNOWN_ENDING = "bin"


def table_of(media: Media, record: MediaRecord) -> Table:
    """Return the table of a record.

    Raises:
        DamagedError: It is something else.
        NetworkError, AccessError: From the server.
    """
    content = b"" if record.stored is None else media.read(record.stored, MAX_TABLE_BYTES)
    table = parse_table(content)
    if table is None:
        raise DamagedError(path=record.key, reason="is not a table")
    return table


def figure_of(media: Media, record: MediaRecord) -> PlotlyFigure:
    """Return what a figure of plotly has. Errors as `table_of`."""
    content = b"" if record.stored is None else media.read(record.stored, MAX_TEXT_BYTES)
    figure = parse_figure(content)
    if figure is None:
        raise DamagedError(path=record.key, reason="is not a figure of plotly")
    return figure


def text_of(media: Media, record: MediaRecord) -> str:
    """Return the text of a record. Errors as `table_of`."""
    if record.text is not None:
        return record.text
    content = b"" if record.stored is None else media.read(record.stored, MAX_TEXT_BYTES)
    return content.decode("utf-8", "replace")


def content_of(media: Media, record: MediaRecord) -> bytes:
    """Return what is saved of a record: its bytes, or what its line has, as text or JSON. Errors as `table_of`."""
    if record.stored is not None:
        return media.read(record.stored)
    if record.text is not None:
        return record.text.encode()
    histogram = record.histogram
    assert histogram is not None
    return json.dumps({"edges": list(histogram.edges), "counts": list(histogram.counts)}).encode() + b"\n"


def file_name_of(item: MediaItem) -> str:
    """Return the name of a file for a record: its key with other signs replaced, its step, and its number."""
    record = item.record
    kind = (record.stored.type if record.stored is not None else "").partition(";")[0]
    ending = _ENDINGS.get(kind) or ("json" if kind.endswith("json") or record.kind == TABLE else _UNKNOWN_ENDING)
    if record.stored is None:
        ending = "txt" if record.kind == TEXT or record.text is not None else "json"
    return f"{safe_name(record.key, 'media')}-{record.step}-{item.number}.{ending}"
