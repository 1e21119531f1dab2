"""Makes the TensorBoard writers of torch and tensorboardX record trials, in scripts that stay as they are.

The writers go on writing their event files. What their own methods take is recorded beside that, whether their module
is imported already or later. Nothing is imported here.
"""

from __future__ import annotations

from functools import wraps
from threading import local

from aimd_core.language import said
from t9k.aimd.endings import finish_at_exit
from t9k.aimd.import_hooks import when_imported
from t9k.aimd.scalar_recorder import ScalarRecorder, as_number, trial_of_log_dir
from t9k.aimd.telling import tell
from t9k.aimd.tensorboard_media import MEDIA

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from t9k.aimd.trial import Trial

_MODULES = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
_RECORDER = "_aimd_recorder"
_state = local()  # `inside`: whether a method of a writer runs, whose inner calls are not recorded again
_lent_trial: Trial | None = None
_told = False


def patch_tensorboard(trial: Trial | None = None) -> None:
    """Make every `SummaryWriter` of `torch.utils.tensorboard` and tensorboardX record a trial as well.

    Libraries that log through them are recorded, too: stable-baselines3, skorch, Ignite, Ultralytics and others. The
    trial of a writer is named for its log directory, as with `t9k.aimd.tensorboard.SummaryWriter`, and finished when
    the writer is closed. A second call changes only the trial.

    Args:
        trial: Record all writers into this trial, and leave it open.
    """
    global _lent_trial
    _lent_trial = trial
    for name in _MODULES:
        when_imported(name, _patch)


def _patch(module: ModuleType) -> None:
    writer, file_writer = module.SummaryWriter, module.FileWriter
    if hasattr(writer, _RECORDER):
        return
    setattr(writer, _RECORDER, None)
    writer.__init__ = _opening(writer.__init__)
    for name, record in _RECORDED.items():
        if not hasattr(writer, name):  # of the other library
            continue
        setattr(writer, name, _recording(getattr(writer, name), record))
    writer.close, writer.__exit__ = _closing(writer.close), _leaving(writer.__exit__)
    file_writer.add_summary = _recording_summary(file_writer.add_summary)


def _opening(open_writer: Callable[..., None]) -> Callable[..., None]:
    @wraps(open_writer)
    def opened(self: Any, *arguments: Any, **settings: Any) -> None:
        open_writer(self, *arguments, **settings)
        if getattr(_state, "inside", False) or settings.get("write_to_disk") is False:
            return
        trial = _lent_trial
        if trial is None:
            given = settings.get("log_dir") or settings.get("logdir") or (arguments[0] if arguments else None)
            comment = settings.get("comment") or (arguments[1] if len(arguments) > 1 else "")
            purge_step = settings.get("purge_step", arguments[2] if len(arguments) > 2 else None)
            trial = trial_of_log_dir(given, comment, purge_step)
            finish_at_exit(trial)
        recorder = ScalarRecorder(trial, _lent_trial is None)
        setattr(self, _RECORDER, recorder)
        self.file_writer._aimd_recorder = recorder  # for code that writes summaries itself

    return opened


def _recording(method: Callable[..., None], record: Callable[..., Any]) -> Callable[..., None]:
    @wraps(method)
    def recorded(self: Any, *arguments: Any, **settings: Any) -> None:
        was_inside, _state.inside = getattr(_state, "inside", False), True
        try:
            method(self, *arguments, **settings)
            recorder = getattr(self, _RECORDER)
            if recorder is not None and not was_inside:
                _attempt(record, recorder, *arguments, **settings)
        finally:
            _state.inside = was_inside

    return recorded


def _recording_summary(method: Callable[..., None]) -> Callable[..., None]:
    @wraps(method)
    def recorded(self: Any, summary: Any, global_step: int | None = None, walltime: float | None = None) -> None:
        method(self, summary, global_step, walltime)
        recorder = getattr(self, _RECORDER, None)
        if recorder is not None and not getattr(_state, "inside", False):
            _attempt(ScalarRecorder.summary, recorder, summary, int(global_step or 0), walltime)

    return recorded


def _closing(close: Callable[..., None]) -> Callable[..., None]:
    @wraps(close)
    def closed(self: Any) -> None:
        close(self)
        recorder = getattr(self, _RECORDER)
        if recorder is not None and recorder.owns_trial:
            recorder.trial.finish()

    return closed


def _leaving(leave: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(leave)
    def left(self: Any, kind: Any, error: Any, trace: Any) -> Any:
        recorder = getattr(self, _RECORDER)
        if recorder is not None and recorder.owns_trial:
            recorder.trial.__exit__(kind, error, trace)
        return leave(self, kind, error, trace)

    return left


def _attempt(record: Callable[..., Any], *arguments: Any, **settings: Any) -> None:
    """Record what the writer has taken; what a trial cannot hold is reported once, and training goes on."""
    global _told
    try:
        record(*arguments, **settings)
    except Exception as error:  # an array of whatever library may raise anything
        if not _told:
            _told = True
            tell(said("WARNING: TensorBoard took a value that no trial can hold: {error}", error=error))


def _scalar(
    recorder: ScalarRecorder,
    tag: str,
    scalar_value: Any,
    global_step: Any = None,
    walltime: Any = None,
    *_: Any,
    **__: Any,
) -> None:
    recorder.scalar(tag, as_number(tag, scalar_value), recorder.step_of(tag, global_step), walltime)


def _scalars(
    recorder: ScalarRecorder, main_tag: str, tag_scalar_dict: Any, global_step: Any = None, walltime: Any = None
) -> None:
    numbers = {tag: as_number(tag, value) for tag, value in tag_scalar_dict.items()}
    recorder.scalars(main_tag, numbers, recorder.step_of(main_tag, global_step), walltime)


def _text(recorder: ScalarRecorder, tag: str, text_string: str, global_step: Any = None, *_: Any, **__: Any) -> None:
    recorder.text(tag, text_string, recorder.step_of(f"text/{tag}", global_step))


def _hparams(recorder: ScalarRecorder, hparam_dict: Any, metric_dict: Any, *others: Any, **settings: Any) -> None:
    given = [settings.get("run_name"), settings.get("name"), *others]  # the two libraries order them differently
    name = next((text for text in given if isinstance(text, str)), None)
    steps = [settings.get("global_step"), *others]
    step = next((number for number in steps if isinstance(number, int)), 0)
    recorder.hparams_and_metrics(hparam_dict, metric_dict, name, step)


_RECORDED: dict[str, Callable[..., Any]] = {
    "add_hparams": _hparams,
    "add_scalar": _scalar,
    "add_scalars": _scalars,
    "add_text": _text,
    **MEDIA,
}
