"""How a recording process ends, and what its open trials record about it.

The process's exit status and handlers do not change: an exception is still printed, a signal still kills. Only trials
of this process are marked, never those that a forked child has inherited.

Python does not reveal the status with which it exits. So `sys.exit`, `exit()` and `quit()` put a mark on the
`SystemExit` that they raise, and the mark notices when the exception is dropped: with no Python code running, the
process is exiting with it; otherwise somebody caught it. A bare `raise SystemExit(3)` has no mark, but the frame that
it left shows where it stopped, other than at a return: so the script exited, with a status that is known only if it is
written there.
"""

from __future__ import annotations

import atexit
import builtins
import os
import signal
import sys
import threading
import weakref

from aimd_core.language import joined, said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType, TracebackType
    from typing import Any, Protocol

    class OpenTrial(Protocol):
        """What an ending asks of a trial."""

        @property
        def alternative_name(self) -> str:
            """Return the name of its directory."""

        @property
        def receipt(self) -> str:
            """Return what of it is on disk, in one sentence."""

        def finish(self) -> None:
            """End it as succeeded."""

        def fail(self, reason: str | BaseException | None = None) -> None:
            """End it as failed."""

        def _end_interrupted(self, ending: dict[str, object]) -> bool:
            """Note that its process ends before it does, and tell whether that is the case."""


EXCEPTION, SIGNAL, EXIT, UNFINISHED = "exception", "signal", "exit", "unfinished"
_SIGNALS = ("SIGTERM", "SIGHUP", "SIGXCPU")  # the last one is the limit of CPU time, which clusters set
_MAX_MESSAGE = 1000
_NAMES_TOLD = 3
_UNKNOWN = object()  # an exit code that only Python knows
_NOT_ASKED = object()  # instead of an exit code, when no `sys.exit` has asked for one

_open_trials: dict[int, OpenTrial] = {}  # by id(), in the order of opening
_finished_at_exit: set[int] = set()  # ids of those that a clean exit finishes
_installed_in: int | None = None
has_exited = False  # whether the open trials were marked because the process exits
_handled_in: int | None = None  # the process whose signal handlers are ours
_previous_hook = sys.excepthook
_previous_thread_hook = threading.excepthook
_exit_code: object = _NOT_ASKED  # the exit code, if one was requested
_main_frame: FrameType | None = None  # the outermost frame of the main thread, such as that of the script
_threads: dict[int, int] = {}  # by id() of a trial, the thread that it was opened in, if not the main thread
_exit_request: tuple[FrameType, int, weakref.ref[_Mark]] | None = None  # where the script was in the last `sys.exit`


def watch(trial: OpenTrial) -> None:
    """Make a trial record how its process ended, if that happens before `finish`."""
    _install()
    _handle_signals()
    _open_trials[id(trial)] = trial
    if threading.current_thread() is threading.main_thread():
        _note_main_frame()
        _threads.pop(id(trial), None)
    else:
        _threads[id(trial)] = threading.get_ident()


def forget(trial: OpenTrial) -> None:
    """Stop watching a trial that has ended normally."""
    _open_trials.pop(id(trial), None)
    _threads.pop(id(trial), None)
    _finished_at_exit.discard(id(trial))


def finish_at_exit(trial: OpenTrial, does: bool = True) -> None:
    """Finish a trial when the process exits cleanly, for writers without an explicit end."""
    if does and id(trial) in _open_trials:
        _finished_at_exit.add(id(trial))
    else:
        _finished_at_exit.discard(id(trial))


def is_open(trial: OpenTrial) -> bool:
    """Tell whether a trial has not ended in this process yet."""
    return id(trial) in _open_trials


def leave(trial: OpenTrial) -> bool:
    """End an open trial as a clean exit of the process does, and tell whether it was open."""
    if not is_open(trial):
        return False
    if id(trial) in _finished_at_exit:
        trial.finish()
        return True
    return trial._end_interrupted({"kind": UNFINISHED})


def of_exception(error: BaseException) -> dict[str, object]:
    """Return the record of an exception: the name of its type, and its message."""
    return {"kind": EXCEPTION, "exception": type(error).__name__, **_message(error)}


def of_reason(reason: str | BaseException | None) -> dict[str, object]:
    """Return the record of a failure that the script reported."""
    return of_exception(reason) if isinstance(reason, BaseException) else {"kind": EXCEPTION, **_message(reason)}


def of_exit(code: object) -> dict[str, object]:
    """Return the record of an exit: its status, and the text that `sys.exit` printed."""
    if code is _UNKNOWN:
        return {"kind": EXIT}
    status = _status(code)
    if not status:
        return {"kind": UNFINISHED}
    return {"kind": EXIT, "status": status, **({} if isinstance(code, int) else _message(code))}


def is_clean(error: BaseException | None) -> bool:
    """Tell whether a block that ends this way has done its work."""
    return error is None or (isinstance(error, SystemExit) and not _status(error.code))


def of_leaving(error: BaseException) -> tuple[bool, dict[str, object]]:
    """Return whether an exception means failure rather than an interrupt, and its record."""
    if isinstance(error, KeyboardInterrupt):
        return False, {"kind": SIGNAL, "signal": "SIGINT"}
    if isinstance(error, SystemExit):
        return False, of_exit(error.code)
    return True, of_exception(error)


def _status(code: object) -> int:
    """Return Python's exit status for an argument of `sys.exit`."""
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


def _message(source: object) -> dict[str, object]:
    try:
        text = "" if source is None else str(source)
    except Exception:  # a foreign exception's method may fail
        return {}
    text = text[:_MAX_MESSAGE].encode("utf-8", "backslashreplace").decode()
    return {"message": text} if text else {}


def _install() -> None:
    global _exit_request, _installed_in, _previous_hook, _previous_thread_hook
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
        _previous_thread_hook = threading.excepthook
        threading.excepthook = _on_thread_exception
        sys.exit = _marking(sys.exit)
        quitter = type(getattr(builtins, "exit", None))
        if quitter.__name__ == "Quitter":
            quitter.__call__ = _marking(quitter.__call__)  # type: ignore[method-assign]
    else:
        _exit_request = None
        _threads.clear()
        _open_trials.clear()  # inherited through a fork, so they are the parent's
        _finished_at_exit.clear()
    _installed_in = pid
    _watch_worker()


def _handle_signals() -> None:
    """Handle signals, if that was not done before: Python allows it in the main thread only."""
    global _handled_in
    if _handled_in == os.getpid() or threading.current_thread() is not threading.main_thread():
        return
    _handled_in = os.getpid()
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _on_signal)


def _watch_worker() -> None:
    """Notice how a worker of `multiprocessing` ends, which prints its exception itself and may skip `atexit`."""
    process = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None:
        return
    from multiprocessing import util

    util.Finalize(None, _at_end_of_worker, exitpriority=-100)  # the lowest priority comes last


def _at_end_of_worker() -> None:
    error = sys.exc_info()[1]
    if error is not None and not is_clean(error):
        _end_all(error)
    else:
        _at_exit()


class _Mark:
    """Notices when its exception is dropped because the process is exiting with it."""

    __slots__ = ("__weakref__", "code")

    def __init__(self, code: object) -> None:
        self.code = code

    def __del__(self) -> None:
        global _exit_code
        try:
            sys._getframe(1)
        except ValueError:  # no Python code is running
            if threading.current_thread() is threading.main_thread():
                _exit_code = self.code


def _marking(leave: Callable[..., Any]) -> Any:
    def exit(*arguments: Any, **named: Any) -> None:
        try:
            leave(*arguments, **named)
        except SystemExit as error:
            mark = error._aimd_mark = _Mark(error.code)  # type: ignore[attr-defined]
            _note_request(mark)
            raise

    exit.__doc__ = leave.__doc__
    return exit


def _note_request(mark: _Mark) -> None:
    """Note where the script is: if it goes no further, nobody has caught the exception."""
    global _exit_request
    if threading.current_thread() is threading.main_thread():
        frame = _outermost()
        _exit_request = frame, frame.f_lasti, weakref.ref(mark)


def _outermost() -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
    return frame


def _note_main_frame() -> None:
    global _main_frame
    _main_frame = _outermost()


def _bare_code() -> object:
    """Return the code of an exit that no `sys.exit` asked for: None if the script came to its end.

    Where the script stopped is still known after it has left its outermost frame.
    """
    frame = _main_frame
    if frame is None or frame is _outermost():  # it still runs
        return None
    import dis

    before: list[dis.Instruction] = []
    for instruction in dis.get_instructions(frame.f_code):
        if instruction.offset >= frame.f_lasti:
            break
        before.append(instruction)
    if instruction.opname.startswith(("RETURN_", "INSTRUMENTED_RETURN_")):
        return None
    if instruction.opname != "RAISE_VARARGS":
        return _UNKNOWN
    # Of `raise SystemExit(3)`: the class, the code and the call, which versions of Python write in different ways.
    steps = [step for step in before if step.opname not in ("PUSH_NULL", "PRECALL", "CACHE", "EXTENDED_ARG", "RESUME")]
    if steps and steps[-1].argval == "SystemExit":
        return None
    is_call = bool(steps) and steps[-1].opname in ("CALL", "CALL_FUNCTION") and steps[-1].arg in (0, 1)
    if is_call and steps[-2].argval == "SystemExit" and steps[-1].arg == 0:
        return None
    if is_call and len(steps) > 2 and steps[-3].argval == "SystemExit" and steps[-2].opname.startswith("LOAD_"):
        return steps[-2].argval if steps[-2].opname in ("LOAD_CONST", "LOAD_SMALL_INT") else _UNKNOWN
    return _UNKNOWN


def _requested_code() -> object:
    """Return the code with which the process exits, as far as it is known.

    An exception that something still holds, as asyncio holds that of its main task, has not dropped its mark yet.
    """
    if _exit_code is _NOT_ASKED and _exit_request is not None:
        frame, instruction, mark = _exit_request[0], _exit_request[1], _exit_request[2]()
        if mark is not None and frame.f_lasti == instruction:
            return mark.code
    return _bare_code() if _exit_code is _NOT_ASKED else _exit_code


_held: dict[int, set[signal.Signals | int]] = {}  # by thread: what was blocked before


def _our_signals() -> list[int]:
    numbers = [int(getattr(signal, name)) for name in _SIGNALS if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is _on_signal]


def _hold_signals() -> None:
    """Hold back signals while a child is created.

    Python drops signals that a new child gets before it runs Python code, which would kill a child without our handler.
    So `Pool.terminate` would wait forever.
    """
    _held[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _our_signals())


def _let_signals_go() -> None:
    before = _held.pop(threading.get_ident(), None)
    if before is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hand_signals_back() -> None:
    """Restore signals in a child, which has no trial to mark."""
    for number in _our_signals():
        signal.signal(number, signal.SIG_DFL)
    _let_signals_go()


def _mine() -> list[OpenTrial]:
    return list(_open_trials.values()) if os.getpid() == _installed_in else []


def _on_exception(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    try:
        _previous_hook(kind, error, at)  # first, so that its output is in stdout.log
    finally:
        _end_all(error)


def _on_thread_exception(arguments: threading.ExceptHookArgs) -> None:
    """End the trials that a thread opened and left open, like those of a script; those of others continue."""
    try:
        _previous_thread_hook(arguments)
    finally:
        if arguments.exc_value is not None:
            thread = threading.get_ident()
            _end_all(arguments.exc_value, [trial for trial in _mine() if _threads.get(id(trial)) == thread])


def _end_all(error: BaseException, trials: Sequence[OpenTrial] | None = None) -> None:
    has_failed, ending = of_leaving(error)
    for trial in _mine() if trials is None else trials:
        if has_failed:
            trial.fail(error)
        else:
            trial._end_interrupted(ending)


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Mark the open trials, then die of the signal as the process would otherwise."""
    try:
        for trial in _mine():
            trial._end_interrupted({"kind": SIGNAL, "signal": signal.Signals(number).name})
    finally:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _at_exit() -> None:
    global has_exited
    has_exited = True
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    if isinstance(error, BaseException) and not hasattr(sys, "ps1"):
        _end_all(error)  # another hook replaced ours, such as that of rich.traceback
        return
    ending = of_exit(_requested_code())
    if not ending.get("status"):
        for trial in _mine():
            if id(trial) in _finished_at_exit:
                trial.finish()
    unfinished = [trial for trial in _mine() if trial._end_interrupted(ending)]
    if unfinished:
        from t9k.aimd.telling import tell

        tell(_unfinished(unfinished, ending))


def _unfinished(trials: list[OpenTrial], ending: Mapping[str, object]) -> str:
    """Report once that a script has left its trials open."""
    receipt = said(" ({receipt})", receipt=trials[0].receipt) if len(trials) == 1 else ""
    names = ", ".join(trial.alternative_name for trial in trials[:_NAMES_TOLD])
    more = said(" and {count} more", count=len(trials) - _NAMES_TOLD) if len(trials) > _NAMES_TOLD else ""
    if "status" in ending:
        what = said("the script exited with status {status} before finish()", status=ending["status"])
    else:
        what = said("the script ended without finish()")
    return joined("", [what, said(", so this is Interrupted: {names}", names=names), more, receipt])
