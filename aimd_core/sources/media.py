"""The media of a trial, wherever it is."""

from __future__ import annotations

from aimd_core.errors import DamagedError
from aimd_core.format.layout import MEDIA_FILE
from aimd_core.sources.handles import TrialHandle

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from aimd_core.reading.media import Media, MediaKey


def media_of(trial: TrialHandle) -> Media:
    """Return the pictures, tables and the like that a trial recorded; a server needs the feature `media`."""
    if not trial.is_remote:
        from aimd_core.reading.media import LocalMedia
        from aimd_core.sources.local import LocalTrial

        assert isinstance(trial, LocalTrial)
        return LocalMedia(trial.trial.path)
    from aimd_core.client.media import RemoteMedia
    from aimd_core.sources.remote import RemoteTrial

    assert isinstance(trial, RemoteTrial)
    return RemoteMedia(trial.source.server, trial.id)


def media_keys_of(trial: TrialHandle) -> list[MediaKey]:
    """Return what a trial recorded besides numbers, by key. A server is asked only if it has a journal of that.

    Raises:
        RemoteNotFoundError, NetworkError: From the server.
    """
    if not trial.is_remote:
        try:
            return media_of(trial).keys()
        except DamagedError:
            return []  # which `verify` tells
    from aimd_core.sources.remote import RemoteTrial

    assert isinstance(trial, RemoteTrial)
    trial.source.fill([trial])
    return media_of(trial).keys() if MEDIA_FILE in trial.document["files"] else []
