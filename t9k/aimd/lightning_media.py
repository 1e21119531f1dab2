"""Pictures, sounds, videos and tables of Lightning's logger, with the arguments of Lightning's `WandbLogger`."""

from __future__ import annotations

from abc import abstractmethod

from aimd_core.language import spoken

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from t9k.aimd.trial import Trial
    from t9k.aimd.wandb.media import Media

__all__ = ["LoggerMedia"]


class LoggerMedia:
    """What a logger records besides numbers. Each call is recorded at its step, by default that of the last metrics.

    Things are a list, or a single one. What else W&B takes with each of them, such as masks, is left out.
    All raise TypeError for a thing of another type, and ValueError if there are more captions than things, or fewer.
    """

    _prefix: str
    _last_step: int
    _owns_trial: bool

    @property
    @abstractmethod
    def experiment(self) -> Trial:
        """The trial."""

    def log_image(self, key: str, images: Any, step: int | None = None, **settings: Any) -> None:
        """Record pictures.

        Args:
            key: What they are of.
            images: Arrays, tensors, PIL images, figures or paths.
            step: The training step.
            **settings: A list each, with an entry for each picture, or one for all: `caption`.
        """
        from t9k.aimd.wandb.media import Image

        self._show(key, _each(Image, images, settings), step)

    def log_audio(self, key: str, audios: Any, step: int | None = None, **settings: Any) -> None:
        """Record sounds.

        Args:
            key: What they are of.
            audios: Samples, or paths.
            step: The training step.
            **settings: As for `log_image`: `caption`, `sample_rate`.
        """
        from t9k.aimd.wandb.media import Audio

        self._show(key, _each(Audio, audios, settings), step)

    def log_video(self, key: str, videos: Any, step: int | None = None, **settings: Any) -> None:
        """Record videos.

        Args:
            key: What they are of.
            videos: Arrays of frames x channels x height x width, or paths.
            step: The training step.
            **settings: As for `log_image`: `caption`, `fps`.
        """
        from t9k.aimd.wandb.media import Video

        self._show(key, _each(Video, videos, settings), step)

    def log_table(
        self,
        key: str,
        columns: Sequence[str] | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Record a table. Pictures and the like of `t9k.aimd.wandb` in it become a gallery of their column.

        Args:
            key: What it is of.
            columns: The names of the columns of `data`.
            data: Rows.
            dataframe: A data frame of pandas, instead of both.
            step: The training step.
        """
        from t9k.aimd.wandb.media import Table

        table = Table(columns, data, dataframe=dataframe)
        for column, cells in table.galleries().items():
            self._show(f"{key}/{column}", cells, step)
        self._show(key, [table], step)

    def log_text(
        self,
        key: str,
        columns: Sequence[str] | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Record texts as a table. Arguments as for `log_table`."""
        self.log_table(key, columns, data, dataframe, step)

    def _show(self, key: str, items: Sequence[Media], step: int | None) -> None:
        self.experiment._log_media(
            f"{self._prefix}{key}",
            self._last_step if step is None else step,
            [item.caption or "" for item in items],
            None,
            lambda: [encoded for item in items for encoded in item.encode()],
            check_status=not self._owns_trial,
        )


def _each(kind: Callable[..., Media], things: Any, settings: dict[str, Any]) -> list[Media]:
    """Return things with what is said of each.

    Raises:
        ValueError: Something is said of more or fewer things.
    """
    items = list(things) if isinstance(things, (list, tuple)) else [things]
    columns = {
        name: value if isinstance(value, (list, tuple)) else [value] * len(items) for name, value in settings.items()
    }
    for name, values in columns.items():
        if len(values) != len(items):
            raise ValueError(
                spoken("{name} has {given} entries for {count} things", name=name, given=len(values), count=len(items))
            )
    return [kind(item, **{name: values[at] for name, values in columns.items()}) for at, item in enumerate(items)]
