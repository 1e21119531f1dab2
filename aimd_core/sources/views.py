"""The saved views and the baseline of a source: of a directory in its `.aimd/views.yaml`, of a server by folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aimd_core.errors import NotFoundError, OldServerError
from aimd_core.format import saved_views
from aimd_core.format.saved_views import Baseline, SavedView, check_name, view_of
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.client.views import FolderViews


class KeptView(NamedTuple):
    """A saved view where it is.

    Attributes:
        name: Its name.
        view: What it says.
        origin: On a server, whose it is and of which folder; empty in a directory.
    """

    name: str
    view: SavedView
    origin: str = ""


class Views(ABC):
    """The saved views of a directory or of a folder on a server."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where they are, for messages."""

    @abstractmethod
    def all(self) -> list[KeptView]:
        """Return what names mean there."""

    @abstractmethod
    def save(self, name: str, view: SavedView, is_shared: bool = False) -> None:
        """Save a view in the place of the one that had its name; fields that are not known here stay.

        Raises:
            UsageError: The name cannot be used.
            ViewChangedError: Somebody else has changed it at the same time.
            DamagedError, DiskError, AccessError, NetworkError: It could not be saved.
        """

    @abstractmethod
    def put(self, name: str, view: SavedView, is_shared: bool, replace: bool) -> str:
        """Save a view exactly as it is, and return `saved`, `replaced`, `unchanged` or `differs`.

        Args:
            name: Its name.
            view: The view.
            is_shared: On a server, whether everybody who sees the folder sees it.
            replace: Whether to replace another one of that name; else it `differs`.
        """

    @abstractmethod
    def remove(self, name: str, is_shared: bool = False) -> None:
        """Remove a view.

        Raises:
            NotFoundError: There is none of that name.
        """

    @abstractmethod
    def baseline(self) -> Baseline | None:
        """Return the trial that others are measured against, None if there is none."""

    @abstractmethod
    def set_baseline(self, baseline: Baseline | None) -> None:
        """Choose the trial that others are measured against, or none."""


class DirectoryViews(Views):
    """Those of a directory, in its `.aimd/views.yaml`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def location(self) -> str:
        """The path of the file."""
        return str(saved_views.views_path(self._directory))

    def all(self) -> list[KeptView]:
        """Return all views of the file."""
        return [KeptView(name, view) for name, view in saved_views.read_views(self._directory).items()]

    def save(self, name: str, view: SavedView, is_shared: bool = False) -> None:
        """Save a view in the file."""
        saved_views.save_view(self._directory, name, view)

    def put(self, name: str, view: SavedView, is_shared: bool, replace: bool) -> str:
        """Save a view in the file exactly as it is."""
        before = saved_views.read_views(self._directory).get(name)
        outcome = _outcome(None if before is None else before.document(), view.document(), replace)
        if outcome in ("saved", "replaced"):
            saved_views.put_views(self._directory, {name: view})
        return outcome

    def remove(self, name: str, is_shared: bool = False) -> None:
        """Remove a view from the file."""
        saved_views.remove_view(self._directory, name)

    def baseline(self) -> Baseline | None:
        """Return the baseline in the file."""
        return saved_views.read_baseline(self._directory)

    def set_baseline(self, baseline: Baseline | None) -> None:
        """Choose the baseline in the file."""
        saved_views.set_baseline(self._directory, baseline)


class ServerViews(Views):
    """Those of a folder on a server."""

    def __init__(self, folder: FolderViews) -> None:
        self._folder = folder

    @property
    def location(self) -> str:
        """The folder and the server."""
        return said("{folder} on {host}", folder=self._folder.path, host=self._folder.server.host)

    def all(self) -> list[KeptView]:
        """Return what names mean in the folder, including views of the folders above."""
        return [KeptView(row["name"], view_of(row["view"]), _origin(row)) for row in self._folder.all()]

    def save(self, name: str, view: SavedView, is_shared: bool = False) -> None:
        """Save a view in the folder; anyone who changes it at the same time is told, and so is the caller."""
        check_name(name)
        before = self._folder.own(name, is_shared)
        kept = {} if before is None else view_of(before["view"]).more
        merged = view._replace(more={**kept, **view.more})
        self._folder.put(name, is_shared, merged.document(), None if before is None else before["etag"])

    def put(self, name: str, view: SavedView, is_shared: bool, replace: bool) -> str:
        """Save a view in the folder exactly as it is."""
        check_name(name)
        before = self._folder.own(name, is_shared)
        outcome = _outcome(None if before is None else before["view"], view.document(), replace)
        if outcome in ("saved", "replaced"):
            self._folder.put(name, is_shared, view.document(), None if before is None else before["etag"])
        return outcome

    def remove(self, name: str, is_shared: bool = False) -> None:
        """Remove a view of the folder itself."""
        if self._folder.own(name, is_shared) is None:
            raise NotFoundError(
                message=said("no view {name!r} in {path}", name=name, path=self.location),
                hint="Run: aimd trial views ls; --shared names the one that all see",
            )
        self._folder.remove(name, is_shared)

    def baseline(self) -> Baseline | None:
        """Return the baseline of the folder, or of the nearest one above that has one."""
        kept = self._folder.baseline()
        return None if kept is None else Baseline(kept["trial"], kept.get("alternative_name") or kept["name"])

    def set_baseline(self, baseline: Baseline | None) -> None:
        """Choose the baseline of the folder."""
        self._folder.set_baseline(None if baseline is None else baseline.id)


def view_in(views: Views, name: str) -> SavedView:
    """Return the view that a name means.

    Raises:
        NotFoundError: There is none of that name.
        UsageError: No view can have that name, since it chooses trials: `latest`, `best(val.acc)`.
        DamagedError, NetworkError: They cannot be read.
    """
    saved_views.refuse_selector(name)
    try:
        views_by_name = {kept.name: kept.view for kept in views.all()}
    except OldServerError:
        views_by_name = {}
    return saved_views.named_in(views_by_name, name, views.location)


def _outcome(before: dict[str, Any] | None, after: dict[str, Any], replace: bool) -> str:
    if before is None:
        return "saved"
    if before == after:
        return "unchanged"
    return "replaced" if replace else "differs"


def _origin(row: dict[str, Any]) -> str:
    whose = "shared" if row["shared"] else "yours"
    return said("{whose}, {folder}", whose=said(whose), folder=row["folder"]["path"])
