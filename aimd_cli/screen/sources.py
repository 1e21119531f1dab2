"""What the live screen asks for. Whoever opens it says where that comes from, so the screen knows no disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aimd_cli.views.curve import Curve
from aimd_cli.views.trial_detail import TrialDetail
from aimd_core.reading.facts import Facts


class Looked(NamedTuple):
    """All trials at one time.

    Attributes:
        rows: The trials, newest first.
        unread_count: How many are there beside them that were not read yet.
    """

    rows: list[Facts]
    unread_count: int


class Sources(Protocol):
    """Where the screen's data come from. Every call may come from a thread of its own.

    Attributes:
        location: Where the trials are, in words.
    """

    location: str

    def look(self, with_facts: bool) -> Looked:
        """Return the trials that there are now; `with_facts` asks for git and platform.

        Raises:
            AimdError, OSError: They cannot be listed.
        """

    def curve(self, row: Facts, metric: str, axis: str) -> Curve:
        """Return one metric of one trial, without any point when it has none.

        Raises:
            AimdError, OSError: It cannot be read.
        """

    def detail(self, row: Facts) -> TrialDetail:
        """Return all that is known of a trial."""

    def output(self, row: Facts, lines: int) -> Sequence[str]:
        """Return the last lines that a trial printed, safe for a terminal; none when nothing was recorded."""


class Settings(NamedTuple):
    """How the screen begins.

    Attributes:
        where: The filter.
        sort: A key to sort by; empty: the running ones, then the newest.
        metric: The metric of the chart; empty: the main one.
        interval_s: How often to look.
        glyphs: Whether signs beyond ASCII can be shown.
        braille: Whether the chart can be drawn in braille.
        color: Whether there is colour.
    """

    where: str = ""
    sort: str = ""
    metric: str = ""
    interval_s: float = 2.0
    glyphs: bool = True
    braille: bool = True
    color: bool = True
