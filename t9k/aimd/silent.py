"""The trial of a process that records nothing, such as every rank but the first in distributed training."""

from __future__ import annotations

from pathlib import Path

from aimd_core.format.layout import HOME
from aimd_core.format.model import FAILED, INITIALIZING, INPUT_ARTIFACTS, OUTPUT_ARTIFACTS, SUCCEEDED
from aimd_core.format.shared_document import SharedDocument
from aimd_core.language import said
from t9k.aimd.params import Params
from t9k.aimd.telling import tell
from t9k.aimd.trial import Trial

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from typing import Any

    from aimd_core.reading.media import Media
    from aimd_core.upload import Uploaded
    from t9k.aimd.checkpoints import Checkpoint
    from t9k.aimd.media.encoded import Encoded
    from t9k.aimd.media_calls import Caption
    from t9k.aimd.ranks import Rank

_NO_ID = "00000000-0000-0000-0000-000000000000"
_told = False


class SilentTrial(Trial):
    """Accepts all calls of a trial and writes nothing. `upload` returns None."""

    def __init__(
        self, name: str, params: Mapping[str, object], rank: Rank | None = None, trial_id: str = _NO_ID
    ) -> None:
        """Be silent.

        Args:
            name: The trial's name.
            params: The first parameters, as plain data.
            rank: This process's rank, which is said once, if that is the reason.
            trial_id: A UUID.
        """
        global _told
        metadata: dict[str, Any] = {
            "metadata": {"name": name, "id": trial_id, "folder": None},
            "status": INITIALIZING,
            "platform": {},
            INPUT_ARTIFACTS: [],
            OUTPUT_ARTIFACTS: [],
        }
        super().__init__(Path(name), metadata, params, loaded=True)
        self._metadata = SharedDocument(None, metadata)
        self._params = Params(SharedDocument(None, params))
        if rank is not None and not _told:
            _told = True
            tell(
                said(
                    "rank {number} of {count} records nothing; rank 0 does (all_ranks=True records every one)",
                    number=rank.number,
                    count=rank.count,
                )
            )

    @property
    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """Empty: nothing is recorded."""
        return {}

    def log(
        self,
        metrics_type: str,
        metrics: Mapping[str, Any],
        step: int,
        epoch: int | None = None,
        check_status: bool = True,
        *,
        timestamp: float | None = None,
    ) -> None:
        """Do nothing."""

    def _log_media(
        self,
        key: str,
        step: int,
        caption: Caption,
        group: str | None,
        encode: Callable[..., list[Encoded]],
        *arguments: Any,
        check_status: bool = True,
    ) -> None:
        """Do nothing."""

    @property
    def media(self) -> Media:
        """Empty: nothing is recorded."""
        from aimd_core.reading.media import LocalMedia

        return LocalMedia(Path(HOME, _NO_ID))  # which is never there

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> list[str]:
        """Do nothing."""
        return []

    def checkpoint(
        self,
        path: str | os.PathLike[str],
        step: int,
        metrics: Mapping[str, float] | None = None,
        keep: str = "",
    ) -> Checkpoint | None:
        """Do nothing."""
        return None

    def finish(self) -> None:
        """Do nothing."""
        self._metadata.change(lambda metadata: {**metadata, "status": SUCCEEDED})

    def fail(self, reason: str | BaseException | None = None) -> None:
        """Do nothing."""
        self._metadata.change(lambda metadata: {**metadata, "status": FAILED})

    def upload(
        self,
        folder_id: str | None = None,
        folder_path: str | None = None,
        make_folder: bool | None = None,
        conflict_strategy: str | None = None,
    ) -> Uploaded | None:
        """Do nothing."""
        return None
