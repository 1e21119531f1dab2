"""The data sources of the live screen, which the command provides, so that the screen does not access the disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aimd_cli.views.curve import Curve
from aimd_cli.views.trial_detail import TrialDetail
from aimd_core.reading.facts import Facts


class Looked(NamedTuple):
    """All trials at one moment.

    Attributes:
        rows: The trials, newest first.
        unread_count: How many more trials have not been read yet.
    """

    rows: list[Facts]
    unread_count: int


class Sources(Protocol):
    """Where the screen's data comes from. Calls may come from different threads.

    Attributes:
        location: Where the trials are, in words.
    """

    location: str

    def look(self, with_facts: bool) -> Looked:
        """Return the current trials; `with_facts` includes git and platform.

        Raises:
            AimdError, OSError: They cannot be listed.
        """

    def curve(self, row: Facts, metric: str, axis: str) -> Curve:
        """Return a metric of a trial, which may have no points.

        Raises:
            AimdError, OSError: It cannot be read.
        """

    def detail(self, row: Facts) -> TrialDetail:
        """Return everything known about a trial."""

    def output(self, row: Facts, lines: int) -> Sequence[str]:
        """Return the last lines that a trial printed, safe for a terminal."""


class Settings(NamedTuple):
    """The initial settings of the screen.

    Attributes:
        where: The filter.
        sort: A key to sort by; if empty, running trials come first, then the newest.
        metric: The metric of the chart; if empty, the main one.
        interval_s: How often to scan.
        glyphs: Whether non-ASCII characters can be shown.
        braille: Whether the chart can be drawn in braille.
        color: Whether to use colour.
    """

    where: str = ""
    sort: str = ""
    metric: str = ""
    interval_s: float = 2.0
    glyphs: bool = True
    braille: bool = True
    color: bool = True
