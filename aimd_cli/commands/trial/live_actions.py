"""What the live screen changes and asks besides points and output, the same for a directory and for a server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from aimd_cli.screen.panes import MediaDrawn, MediaRequest, ShownView
from aimd_core.format.saved_views import Baseline, SavedView
from aimd_core.reading.facts import Facts

if TYPE_CHECKING:
    from aimd_cli.commands.trial.live_media import MediaDrawer
    from aimd_cli.views.comparison import Comparison
    from aimd_core.sources.handles import TrialHandle
    from aimd_core.sources.views import Views


class LiveActions(ABC):
    """Views, baseline, tags, trash and comparison of the trials of a screen. Calls may come from different threads."""

    @abstractmethod
    def _handle(self, row: Facts) -> TrialHandle:
        """Return a trial."""

    @property
    @abstractmethod
    def _views(self) -> Views:
        """The views and the baseline of the place that is shown."""

    @property
    @abstractmethod
    def _turn(self) -> AbstractContextManager[object]:
        """What to hold while the trials are asked."""

    @cached_property
    def _media_drawer(self) -> MediaDrawer:
        from aimd_cli.commands.trial.live_media import MediaDrawer

        return MediaDrawer()

    def media(self, row: Facts, request: MediaRequest) -> MediaDrawn:
        """Return one picture, text or histogram of a trial."""
        from aimd_core.sources.media import media_of

        with self._turn:
            return self._media_drawer.draw(media_of(self._handle(row)), request)

    def baseline_id(self) -> str:
        """Return the id of the trial that the others are measured against, or empty."""
        with self._turn:
            kept = self._views.baseline()
        return "" if kept is None else kept.id

    def set_baseline(self, row: Facts | None) -> None:
        """Choose the trial that the others are measured against, or none."""
        with self._turn:
            self._views.set_baseline(None if row is None else Baseline(row.id or "", row.alternative_name))

    def views(self) -> dict[str, ShownView]:
        """Return the saved views by name."""
        with self._turn:
            return {kept.name: shown_view(kept.view) for kept in self._views.all()}

    def view(self, name: str) -> ShownView:
        """Return a saved view.

        Raises:
            NotFoundError, UsageError, DamagedError, NetworkError: There is none of that name, or it cannot be read.
        """
        from aimd_core.sources.views import view_in

        with self._turn:
            return shown_view(view_in(self._views, name))

    def save_view(self, name: str, view: ShownView) -> None:
        """Save a view; what the screen does not have of the one in its place stays."""
        with self._turn:
            before = {kept.name: kept.view for kept in self._views.all()}.get(name, SavedView())
            self._views.save(name, before._replace(**view._asdict()))

    def tag(self, row: Facts, tags: Sequence[str], remove: bool) -> None:
        """Add tags to a trial, or remove them."""
        with self._turn:
            self._handle(row).set_tags(list(tags), remove)

    def remove(self, row: Facts) -> None:
        """Move a trial to the trash."""
        with self._turn:
            self._handle(row).remove()

    def comparison(self, rows: Sequence[Facts], baseline: Facts | None, glyphs: bool) -> Comparison:
        """Return what differs between trials."""
        from aimd_cli.commands.trial.describe import compared
        from aimd_cli.views.comparison import Comparison, ComparisonOptions

        with self._turn:
            return Comparison(
                compared([self._handle(row) for row in rows]), ComparisonOptions(glyphs=glyphs, baseline=baseline)
            )

    def directory(self, row: Facts) -> Path:
        """Return a directory with the files of a trial; of one on a server a copy."""
        with self._turn:
            return self._handle(row).directory().absolute()

    def run(self, words: Sequence[str]) -> int:
        """Run a person's own command in the terminal, and return its exit status."""
        from aimd_cli.commands.trial.own_commands import run_command

        return run_command(words)


def shown_view(view: SavedView) -> ShownView:
    """Return what the screen has of a saved view."""
    return ShownView(view.query, view.sort, view.charts, view.x, view.pins)
