"""A drop-in for TensorBoard's `SummaryWriter` that records a trial. Needs no TensorBoard.

    from t9k.aimd.tensorboard import SummaryWriter     # instead of torch.utils.tensorboard or tensorboardX

    with SummaryWriter("runs/cnn") as writer:
        writer.add_scalar("Loss/train", loss, step)

Everything is recorded. Scalars, hyperparameters, texts, images, sounds and histograms are also written to an event file
in the log directory, so that TensorBoard shows them as before. To leave a script as it is, see
`aimd.patch_tensorboard`.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from functools import partial, wraps

from aimd_core.format.event_files import session_start_value
from aimd_core.format.model import flatten
from aimd_core.language import said
from t9k.aimd.endings import finish_at_exit
from t9k.aimd.event_file import EventFileWriter, FileWriter
from t9k.aimd.loading import go_back
from t9k.aimd.scalar_recorder import DEFAULT_FOLDER, ScalarRecorder, as_number, trial_of_log_dir
from t9k.aimd.settings import plain_settings
from t9k.aimd.silent import SilentTrial
from t9k.aimd.tensorboard_media import MEDIA

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Any

    from t9k.aimd.media.encoded import Encoded
    from t9k.aimd.trial import Trial

__all__ = ["GlobalSummaryWriter", "SummaryWriter"]

_DROPPED = (
    "add_custom_scalars",
    "add_custom_scalars_marginchart",
    "add_custom_scalars_multilinechart",
    "add_onnx_graph",
    "add_openvino_graph",
    "add_tensor",
)


class SummaryWriter:
    """Records into a trial what TensorBoard's writer takes; see `ScalarRecorder` for how tags become metrics.

    Attributes:
        log_dir: The log directory, as given. It exists.
        logdir: The same.
        file_writer: The event file; None after `close`.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        logdir: str | os.PathLike[str] | None = None,
        *,
        trial: Trial | None = None,
        **_: Any,
    ) -> None:
        """Create a trial, or record into one.

        Args:
            log_dir: Its last part is the trial's name, the parts before it are the folder to upload to; by default
                `runs/` with time and host, and a trial named `run`. It gets an event file.
            comment: Added to the name if there is no `log_dir`.
            purge_step: Go on with the newest trial of this name in `AIMD_DIR` or the working directory, if any: points
                from this step on are superseded, as `load_trial(..., from_step=...)` does.
            max_queue: How many events may gather before they are written to the event file. The trial gets every point
                immediately.
            flush_secs: How many seconds they may.
            filename_suffix: The end of the event file's name.
            write_to_disk: If False, nothing is recorded or written.
            logdir: Another name of `log_dir`.
            trial: A trial to record into; `close` leaves it open.
            **_: Ignored, such as tensorboardX's `comet_config`.
        """
        given = logdir if log_dir is None else log_dir
        self._owns_trial = trial is None
        if not write_to_disk:
            trial = SilentTrial("run", {})
        elif trial is None:
            trial = trial_of_log_dir(given, comment, purge_step)
            finish_at_exit(trial)  # because many scripts never close a writer
        elif purge_step is not None:
            go_back(trial.path, purge_step)
        self._recorder = ScalarRecorder(trial, self._owns_trial)
        self.log_dir = self.logdir = os.fspath(given) if given else _default_log_dir(comment)
        self._file_settings = (max_queue, flush_secs, filename_suffix, purge_step)
        self._default_time_s: float | None = None  # in `use_metadata`
        self.file_writer: FileWriter | None = None
        self._get_file_writer()

    @property
    def trial(self) -> Trial:
        """The trial that is recorded."""
        return self._recorder.trial

    def get_logdir(self) -> str:
        """Return the log directory."""
        return self.log_dir

    def _get_file_writer(self) -> FileWriter | None:
        """Return the event file, a new one after `close`; None if nothing is written."""
        if self.file_writer is None and not isinstance(self.trial, SilentTrial) and "://" not in self.log_dir:
            self.file_writer = FileWriter(EventFileWriter(self.log_dir, *self._file_settings), self._recorder)
            self._file_settings = (*self._file_settings[:3], None)
        return self.file_writer

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
        **_: Any,
    ) -> None:
        """Record a number.

        Args:
            tag: Such as `Loss/train`.
            scalar_value: A number, or an array or tensor of one element.
            global_step: The step, of which only the whole part counts; by default, one more than in the last call with
                this tag.
            walltime: When it was measured, in seconds since the epoch; by default now.
            new_style: Ignored, like the next.
            double_precision: See there; trials have numbers in full, event files in 32 bits.
            **_: Ignored, such as tensorboardX's `display_name`.

        Raises:
            TypeError: It is not a number.
        """
        number = as_number(tag, scalar_value)
        step, time_s = self._position(tag, global_step, walltime)
        self._recorder.scalar(tag, number, step, time_s)
        writer = self.file_writer or self._get_file_writer()
        if writer is not None:
            writer.add_scalar(tag, number, step, time_s)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Record several numbers of one kind: `("loss", {"train": 0.3, "val": 0.4})` is the loss of both types.

        Args:
            main_tag: The metric, or the type if a tag below is not a type.
            tag_scalar_dict: Numbers by tag.
            global_step: As in `add_scalar`.
            walltime: See there.
        """
        numbers = {tag: as_number(tag, value) for tag, value in tag_scalar_dict.items()}
        step, time_s = self._position(main_tag, global_step, walltime)
        self._recorder.scalars(main_tag, numbers, step, time_s)
        writer = self._get_file_writer()
        if writer is not None:
            for tag, number in numbers.items():
                writer.add_scalar(f"{main_tag}/{tag}", number, step, time_s)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Any] | str | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
        name: str | None = None,
    ) -> None:
        """Set parameters, and record the resulting metrics.

        The first parameters are the trial's. A call with other ones creates a trial of its own in the same folder, as
        TensorBoard does with a run.

        Args:
            hparam_dict: Parameters by name.
            metric_dict: Numbers by tag.
            hparam_domain_discrete: Ignored; tensorboardX has `name` here.
            run_name: The end of the name of such a trial; by default a number.
            global_step: As in `add_scalar`.
            name: The same as `run_name`.
        """
        if isinstance(hparam_domain_discrete, str):
            name = hparam_domain_discrete
        if self._recorder.hparams(hparam_dict):
            writer = self._get_file_writer()
            if writer is not None:
                writer.add_value(session_start_value(flatten(plain_settings(hparam_dict)), time.time()), 0)
            for tag, value in metric_dict.items():
                self.add_scalar(tag, value, global_step)
            return
        trial = self._recorder.trial_of_more_hparams(run_name or name)
        with trial, SummaryWriter(os.path.join(self.log_dir, trial.name), trial=trial) as writer_of_trial:
            writer_of_trial.add_hparams(hparam_dict, metric_dict, global_step=global_step)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Record a text: a table of names and values or a JSON object as parameters, anything else as Markdown.

        Args:
            tag: Such as `hyperparameters`.
            text_string: The text.
            global_step: As in `add_scalar`.
            walltime: When, for the event file.
        """
        step, time_s = self._position(f"text/{tag}", global_step, walltime)
        self._recorder.text(tag, text_string, step)
        writer = self._get_file_writer()
        if writer is not None:
            writer.add_text(tag, text_string, step, time_s)

    @contextmanager
    def use_metadata(self, *, global_step: int | None = None, walltime: float | None = None) -> Iterator[SummaryWriter]:
        """Give step and time, within a block, to calls that have none."""
        before = self._recorder.default_step, self._default_time_s
        self._recorder.default_step, self._default_time_s = global_step, walltime
        try:
            yield self
        finally:
            self._recorder.default_step, self._default_time_s = before

    def export_scalars_to_json(self, path: str | os.PathLike[str]) -> None:
        """Write all numbers of the trial to a file: `{"type/name": [[time, step, value], …]}`."""
        import json
        from datetime import datetime

        series: dict[str, list[list[float]]] = {}
        for metrics_type, points in self.trial.metrics.items():
            for point in points:
                time_s = datetime.fromisoformat(point["sequence"]["timestamp"]).timestamp()
                for name, value in point["value"].items():
                    key = f"{metrics_type}/{name}"
                    series.setdefault(key, []).append([time_s, point["sequence"]["step"], value])
        with open(path, "w", encoding="utf-8") as file:
            json.dump(series, file)

    def flush(self) -> None:
        """Write what has gathered for the event file. The trial has everything already."""
        if self.file_writer is not None:
            self.file_writer.flush()

    def close(self) -> None:
        """Finish the trial, if it was made here, as a clean end of the process does. Later values still reach it."""
        self._close_file()
        if self._owns_trial:
            self.trial.finish()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_file()
        if self._owns_trial:
            self.trial.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name in _DROPPED:
            return partial(self._drop, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _drop(self, method: str, *_: Any, **__: Any) -> None:
        message = said("{method}: a trial has no such thing, so this was not recorded", method=method)
        self._recorder.tell_once(method, message)

    def _close_file(self) -> None:
        if self.file_writer is not None:
            self.file_writer.close()
            self.file_writer = None

    def _position(self, tag: str, global_step: Any, walltime: float | None) -> tuple[int, float | None]:
        return self._recorder.step_of(tag, global_step), self._default_time_s if walltime is None else walltime


def _media_method(name: str, record: Callable[..., list[Encoded]]) -> Callable[..., None]:
    @wraps(record)
    def method(self: SummaryWriter, *arguments: Any, **settings: Any) -> None:
        try:
            made = record(self._recorder, *arguments, **settings)
        except Exception as error:  # an array of whatever library may raise anything
            self._recorder.tell_once(name, said("{method}: not recorded: {error}", method=name, error=error))
            return
        writer = self._get_file_writer()
        if writer is not None and made:
            tag = str(settings.get("tag", arguments[0] if arguments else name))
            writer.add_media(tag, made, self._recorder.last_media_step)

    method.__name__ = name
    return method


for _name, _record in MEDIA.items():
    setattr(SummaryWriter, _name, _media_method(_name, _record))


class GlobalSummaryWriter:
    """A drop-in for tensorboardX's writer that counts steps itself, also over the processes that it is sent to.

    Attributes:
        smw: The writer.
    """

    _instance: GlobalSummaryWriter | None = None

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Create a trial. Arguments as `SummaryWriter`."""
        import multiprocessing

        settings.pop("coalesce_process", None)
        self.smw = SummaryWriter(*arguments, **settings)
        self._lock = multiprocessing.Lock()
        self._steps = multiprocessing.Manager().dict()

    @classmethod
    def getSummaryWriter(cls) -> GlobalSummaryWriter:  # noqa: N802, the name in tensorboardX
        """Return the writer of this program, made by the first call."""
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    @property
    def file_writer(self) -> FileWriter | None:
        """The event file."""
        return self.smw._get_file_writer()

    def add_scalar(self, tag: str, scalar_value: Any, walltime: float | None = None) -> None:
        """Record a number at the next step of its tag."""
        with self._lock:
            self.smw.add_scalar(tag, scalar_value, self._next_step(tag), walltime)

    def add_text(self, tag: str, text_string: str, walltime: float | None = None) -> None:
        """Record a text; see `SummaryWriter.add_text`."""
        with self._lock:
            self.smw.add_text(tag, text_string, self._next_step(f"text/{tag}"), walltime)

    def add_image(self, tag: str, img_tensor: Any, walltime: float | None = None, dataformats: str = "CHW") -> None:
        """Record a picture at the next step of its tag."""
        with self._lock:
            self.smw.add_image(tag, img_tensor, self._next_step(f"image/{tag}"), walltime, dataformats)

    def close(self) -> None:
        """Finish the trial."""
        self.smw.close()

    def _next_step(self, tag: str) -> int:
        step = self._steps[tag] = self._steps.get(tag, -1) + 1
        return int(step)


def _default_log_dir(comment: str) -> str:
    import socket

    return os.path.join(DEFAULT_FOLDER, f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}")
