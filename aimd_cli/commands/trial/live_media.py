"""Pictures, texts and histograms of a trial for the live screen, drawn in characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimd_cli.screen.panes import MediaDrawn, MediaRequest, reason_of
from aimd_cli.text import clean, printed_line
from aimd_cli.text import number as in_digits
from aimd_cli.views.words import note
from aimd_core.errors import AimdError
from aimd_core.language import said

if TYPE_CHECKING:
    from rich.text import Text

    from aimd_cli.pictures.reading import Raster
    from aimd_core.format.media import Histogram, MediaRecord, StoredBytes
    from aimd_core.reading.media import Media, MediaItem

_KEPT_PICTURES = 16
_MOST_BYTES = 1 << 25  # of a picture that is drawn


class MediaDrawer:
    """Draws what trials recorded besides numbers, and keeps the last pictures by their digests."""

    def __init__(self) -> None:
        """Start without any picture."""
        self._pictures: dict[str, Raster] = {}

    def draw(self, media: Media, request: MediaRequest) -> MediaDrawn:
        """Return what is at a key and a step, by default the last step of the first key.

        Raises:
            AimdError, OSError: The media cannot be listed.
        """
        keys = tuple(key.key for key in media.keys())  # noqa: SIM118 - not a mapping
        if not keys:
            return MediaDrawn()
        key = request.key if request.key in keys else keys[0]
        steps = tuple(media.steps(key))
        asked = steps[-1] if request.step is None else request.step
        step = min(steps, key=lambda at: abs(at - asked))
        items = list(media.items(key, step, step))
        number = min(request.number, len(items) - 1)
        lines = self._lines(media, items[number], request)
        return MediaDrawn(keys, key, steps, step, number, len(items), lines)

    def _lines(self, media: Media, item: MediaItem, request: MediaRequest) -> list[Text]:
        from rich.text import Text

        record, (columns, rows) = item.record, request.size
        caption = [Text(clean(record.caption), style="italic")] if record.caption else []
        room = max(1, rows - len(caption))
        if record.histogram is not None:
            return [*_bars(record.histogram, columns, room, request.glyphs), *caption]
        if record.text is not None:
            return [Text(printed_line(line)) for line in record.text.splitlines()[:room]] + caption
        picture = _picture_in(record)
        if picture is None:
            return [note(_told(record)), *caption]
        try:
            return [*self._picture(media, picture, columns, room, request), *caption]
        except (AimdError, OSError) as error:
            return [note(reason_of(error), style="yellow"), note(_told(record)), *caption]

    def _picture(self, media: Media, stored: StoredBytes, columns: int, rows: int, request: MediaRequest) -> list[Text]:
        from aimd_cli.pictures.drawing import BLOCKS, Ability, Drawing
        from aimd_cli.pictures.reading import picture_of

        raster = self._pictures.pop(stored.digest, None)
        if raster is None:
            raster = picture_of(media.read(stored, _MOST_BYTES))
        self._pictures[stored.digest] = raster  # the most recently used is last
        if len(self._pictures) > _KEPT_PICTURES:
            del self._pictures[next(iter(self._pictures))]
        ability = Ability(BLOCKS, color=request.color, glyphs=request.glyphs)
        return Drawing(raster, ability, columns, rows).lines()


def _picture_in(record: MediaRecord) -> StoredBytes | None:
    """Return the bytes of the picture of a record, None if it has none."""
    return next(
        (stored for stored in record.bytes if stored.type.startswith("image/") and "svg" not in stored.type), None
    )


def _told(record: MediaRecord) -> str:
    """Return what a record is, if it cannot be drawn."""
    size_bytes = sum(stored.size_bytes for stored in record.bytes)
    return said("{kind}, {size_bytes:,} bytes", kind=record.kind, size_bytes=size_bytes)


def _bars(histogram: Histogram, columns: int, rows: int, glyphs: bool) -> list[Text]:
    """Return a bar for each bin, or for several beside each other if there are too many."""
    from rich.text import Text

    together = -(-len(histogram.counts) // max(1, rows))
    counts = [sum(histogram.counts[at : at + together]) for at in range(0, len(histogram.counts), together)]
    edges = [in_digits(histogram.edges[at]) for at in range(0, len(histogram.counts), together)]
    width, most = max(map(len, edges), default=0), max([1, *counts])
    room = max(1, columns - width - 2 - len(f"{most:,}") - 1)
    lines = []
    for edge, count in zip(edges, counts, strict=True):
        bar = ("█" if glyphs else "#") * round(count / most * room)
        lines.append(Text.assemble(f"{edge:>{width}} ", ("│" if glyphs else "|", "dim"), (bar, "cyan"), f" {count:,}"))
    return lines
