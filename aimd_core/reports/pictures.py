"""The pictures that a report takes with it: what they are is told by their first bytes, whatever their record says.

A vector graphic is none of them: it is a document, with links and scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from aimd_core.format.headers import picture_in
from aimd_core.format.media import MAX_PIXELS, MediaRecord, StoredBytes

_TYPES = frozenset(f"image/{name}" for name in ("png", "apng", "jpeg", "gif", "webp", "avif", "bmp"))


class EmbeddedPicture(NamedTuple):
    """A picture that a trial has recorded: its bytes and type, what stands below it, and its trial's address."""

    content: bytes
    type: str
    label: str
    address: str = ""


def is_embeddable(media_type: str) -> bool:
    """Tell whether pictures of a MIME type are taken into a report."""
    return media_type in _TYPES


def type_in(content: bytes) -> str:
    """Return the MIME type of a picture that a report may take, empty for anything else."""
    header = picture_in(content)
    if header is None or not is_embeddable(header.type) or header.width * header.height > MAX_PIXELS:
        return ""
    return header.type


def gathered(
    records: Iterable[MediaRecord],
    read: Callable[[StoredBytes], bytes | None],
    most_bytes: int,
    name: str,
    address: str,
) -> tuple[list[EmbeddedPicture], int]:
    """Return the pictures of records up to a size in bytes, and how many are left out for it.

    Args:
        records: What was recorded at a key and a step; what is no picture is shown by its preview, if it has one.
        read: Returns bytes, or None if they are not there.
        most_bytes: The size of all together.
        name: The trial's name.
        address: The trial's address.
    """
    pictures: list[EmbeddedPicture] = []
    left_out = 0
    for record in records:
        shown = record.stored if record.stored and record.stored.type.startswith("image/") else record.preview
        if shown is None or not is_embeddable(shown.type):
            continue
        if shown.size_bytes > most_bytes:
            left_out += 1
            continue
        content = read(shown)
        if content and (media_type := type_in(content)):
            most_bytes -= len(content)
            label = " · ".join(filter(None, (record.caption, name, record.key, str(record.step))))
            pictures.append(EmbeddedPicture(content, media_type, label, address))
    return pictures, left_out
