"""Views that a report embeds: a block of code whose first word is `view`, which names what it shows.

    ```view night
    show: charts, best
    limit: 5
    ```

    ```view
    media: val/samples
    ```

After `view` stands the name of a saved view or an address of the console; the lines below say more, or all of it, in
the words of saved views. The console reads them by the same rules (`console/src/model/embedded.ts`):
tests/fixtures/markdown.json is for both.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from aimd_core.language import said

WORD = "view"
SHOWS = ("charts", "list", "best", "media")
MAX_ROWS = 100
MAX_CHARTS = 24
MAX_MEDIA = 6
_TEXTS = ("query", "sort", "columns", "title", "x")
_WEIGHT = re.compile(r"0|0?\.[0-9]{1,9}")


class EmbeddedView(NamedTuple):
    """What a report shows of trials.

    Attributes:
        target: The name of a saved view, or an address of the console from its `#` on; empty for neither.
        title: What stands above it.
        query: Which trials; empty for what the target says.
        sort: Their order, likewise.
        columns: The columns, likewise.
        charts: The metrics, likewise.
        media: The keys of pictures and other media to show, at their last step.
        x: The axis of charts.
        smoothing: How much the curves of charts are smoothed, from 0 to less than 1, likewise.
        show: Some of `SHOWS`; empty for charts and media if some are named, else the list.
        limit: How many trials, 0 for as many as fit what is shown.
        fault: Why it cannot be shown; empty if it can.
    """

    target: str = ""
    title: str = ""
    query: str = ""
    sort: str = ""
    columns: str = ""
    charts: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    x: str = ""
    smoothing: float = 0.0
    show: tuple[str, ...] = ()
    limit: int = 0
    fault: str = ""


def is_view(info: str) -> bool:
    """Tell whether a block of code is an embedded view, by what follows its fence."""
    return info.split(maxsplit=1)[:1] == [WORD]


def view_in(info: str, text: str) -> EmbeddedView:
    """Return the embedded view of a block of code."""
    view = EmbeddedView(target=info.strip()[len(WORD) :].strip().removeprefix("@"))
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not name:
            return EmbeddedView(fault=said("{line}: 'name: value' is expected", line=line.strip()))
        view = _with(view, name, value)
        if view.fault:
            return EmbeddedView(fault=view.fault)
    return view


def _with(view: EmbeddedView, name: str, value: str) -> EmbeddedView:
    if name in _TEXTS:
        changed: dict[str, Any] = {name: value}
        return view._replace(**changed)
    if name == "charts":
        return view._replace(charts=_words(value)[:MAX_CHARTS])
    if name == "media":
        return view._replace(media=_words(value)[:MAX_MEDIA])
    if name == "show":
        shows = _words(value)
        if all(show in SHOWS for show in shows):
            return view._replace(show=shows)
        return view._replace(fault=said("show: {names} are possible", names=", ".join(SHOWS)))
    if name == "smoothing":
        if _WEIGHT.fullmatch(value):
            return view._replace(smoothing=float(value))
        return view._replace(fault=said("smoothing: a number from 0 to less than 1 is expected"))
    if name == "limit":
        if value.isascii() and value.isdigit() and 1 <= len(value) <= 9 and int(value):
            return view._replace(limit=min(int(value), MAX_ROWS))
        return view._replace(fault=said("limit: a whole number from 1 is expected"))
    possible = ", ".join((*_TEXTS, "smoothing", "charts", "media", "show", "limit"))
    return view._replace(fault=said("{name}: there is {names}", name=name, names=possible))


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())
