"""How a recording process ends, and what its open trials say about it afterwards.

The process's own exit status and its own handlers stay as they are: an exception is still printed, a signal still
kills. Only a trial of this very process is marked, never one that a forked child has inherited.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from t9k.aimd.trial import Trial

EXCEPTION, INTERRUPTED, UNFINISHED = "exception", "interrupted", "unfinished"
_SIGNALS = ("SIGTERM", "SIGHUP")

_open_trials: dict[int, Trial] = {}  # by id(), in the order of opening
_installed_in: int | None = None
_previous_hook = sys.excepthook


def watch(trial: Trial) -> None:
    """See to it that a trial says how its process ended, should it end before `finish`."""
    _install()
    _open_trials[id(trial)] = trial


def forget(trial: Trial) -> None:
    """A trial has ended in the ordinary way."""
    _open_trials.pop(id(trial), None)


def _install() -> None:
    global _installed_in, _previous_hook
    pid = os.getpid()
    if _installed_in == pid:
        return
    if _installed_in is None:
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=_hold_signals, after_in_parent=_let_signals_go, after_in_child=_hand_signals_back
            )
        atexit.register(_at_exit)
        _previous_hook = sys.excepthook
        sys.excepthook = _on_exception
    else:
        _open_trials.clear()  # inherited through a fork: they are the parent's
    _installed_in = pid
    if threading.current_thread() is threading.main_thread():
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _on_signal)


_held: dict[int, set[signal.Signals | int]] = {}  # by thread: what was blocked before


def _our_signals() -> list[int]:
    numbers = [int(getattr(signal, name)) for name in _SIGNALS if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is _on_signal]


def _hold_signals() -> None:
    """Keep a signal waiting while a child is made.

    Python forgets what a new child was sent before it first ran Python code, where a child without our handler would
    have died of it. So `Pool.terminate` would wait for ever.
    """
    _held[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _our_signals())


def _let_signals_go() -> None:
    before = _held.pop(threading.get_ident(), None)
    if before is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hand_signals_back() -> None:
    """A child has no trial to mark, so signals do with it what they do with any process."""
    for number in _our_signals():
        signal.signal(number, signal.SIG_DFL)
    _let_signals_go()


def _mine() -> list[Trial]:
    return list(_open_trials.values()) if os.getpid() == _installed_in else []


def _on_exception(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    try:
        _previous_hook(kind, error, at)  # first, so that what it prints is kept in stdout.log
    finally:
        for trial in _mine():
            if issubclass(kind, KeyboardInterrupt):
                trial._end_interrupted(INTERRUPTED, signal="SIGINT")
            else:
                trial.fail(kind.__name__)


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Mark the open trials, then die of the signal as a process without us would."""
    try:
        for trial in _mine():
            trial._end_interrupted(INTERRUPTED, signal=signal.Signals(number).name)
    finally:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _at_exit() -> None:
    for trial in _mine():
        trial._end_interrupted(UNFINISHED)
