"""`aimd console`: local trials in the browser, without an account or any setup."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from aimd_cli import output
from aimd_cli.commands.server.door import server
from aimd_cli.options import JsonOpt, working_directory
from aimd_core.errors import unlisted
from aimd_core.format.portable import host_name
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_server.local import Ready
    from aimd_server.stopping import Stopping

_STOP_TIMEOUT_S = 5
_RESTART_S = 2.0
_SHOWN_TIMEOUT_S, _SHOWN_INTERVAL_S = 10, 0.1
_UNUSED_S = 90 * 86400


def console(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="The directory that holds .aimd, or a directory of trials.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="The port to listen on; 0 picks a free one.")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Do not open the browser; only print the address.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """Show local trials in the browser, live, until stopped (Ctrl-C or SIGTERM).

    Runs a private server on this machine, for you alone, and prints an address that opens the console once. The console
    is read-only: change trials with `aimd trial tag`, `note`, `rename` or `rm`, and it follows within a second.

    Examples:

        aimd console

        aimd console ~/project --port 8000 --no-open
    """
    stopping = server("stopping").Stopping()
    with stopping:  # before the server is loaded, so that no signal meets it half made
        _show(stopping, directory, port, no_open, as_json)


def show_view(directory: Path, view: str, trial_ids: Sequence[str]) -> None:
    """Show a view of local trials in the browser, until stopped.

    Args:
        directory: The directory that holds `.aimd`, or a directory of trials.
        view: What an address of the console has after `#/`.
        trial_ids: The trials that are shown.
    """
    stopping = server("stopping").Stopping()
    with stopping:
        _show(stopping, directory, 0, False, False, ConsolePage(view, tuple(trial_ids)))


class ConsolePage(NamedTuple):
    """A page of the console: what its address has after `#/`, and the ids of the trials on it."""

    address: str = ""
    trial_ids: tuple[str, ...] = ()

    def page(self, root: str) -> str:
        """Return the address that opens it once, from the one that opens the console."""
        start, _, token = root.partition("#/?")
        return f"{start}#/{self.address}{'&' if '?' in self.address else '?'}{token}"


def _show(
    stopping: Stopping, directory: Path | None, port: int, no_open: bool, as_json: bool, view: ConsolePage | None = None
) -> None:
    from aimd_core.format.layout import HOME
    from aimd_core.objects.store import store_of

    local = server("local")
    directory = working_directory(directory).absolute()
    if not directory.is_dir():
        raise unlisted(directory)
    cache = cache_directory(directory)
    _remove_unused(cache.parent)
    keeping = _Keeping(directory, cache, stopping)
    door = cache / f"open-{os.getpid()}.html"

    def ready(listening: Ready) -> None:
        made = listening._replace(page=(view or ConsolePage()).page(listening.page))
        _announce(directory, cache, made, as_json)
        keeping.start(made)
        if not no_open and has_display():
            threading.Thread(target=_open, args=(made, door, (view or ConsolePage()).trial_ids), daemon=True).start()

    try:
        local.run(cache, store_of(directory / HOME).directory, port, ready, stopping)
    finally:
        keeping.stop()
        with contextlib.suppress(OSError):
            door.unlink(missing_ok=True)
    output.say("Stopped. The trials are unchanged.")


def cache_directory(directory: Path) -> Path:
    """Return where a directory's private server stores its data."""
    import hashlib

    from platformdirs import user_cache_path

    name = hashlib.sha256(os.fsencode(os.path.realpath(directory))).hexdigest()[:16]
    return user_cache_path("aimd", appauthor=False) / "console" / name


def _remove_unused(caches: Path) -> None:
    """Remove the data of directories that nobody has viewed for long."""
    import shutil
    import time

    with contextlib.suppress(OSError):
        for cache in caches.iterdir():
            if time.time() - max(entry.stat().st_mtime for entry in (cache, *cache.iterdir())) > _UNUSED_S:
                shutil.rmtree(cache, ignore_errors=True)


def _announce(directory: Path, cache: Path, made: Ready, as_json: bool) -> None:
    """Print the address, which is for one browser, on stdout, and the rest on stderr."""
    from aimd_core.format.layout import list_names

    try:
        count = len(list_names(directory)[1])
    except OSError:
        count = 0
    if count:
        output.say(
            said(
                "Showing {count:,} trial{s} in {place}. Press Ctrl-C to stop.",
                count=count,
                s="s"[: count != 1],
                place=directory,
            )
        )
    else:
        output.say(said("No trials in {place} yet; they appear here once a script there records one:", place=directory))
        output.say(
            "  from t9k import aimd; trial = aimd.create_trial(trial_name='first'); trial.log('train', {'loss': 1}, 1)"
        )
    if as_json:
        facts = {"address": made.page, "directory": str(directory), "data": str(cache), "pid": os.getpid()}
        output.print_line(json.dumps({"schema": output.SCHEMA, **facts}))
    else:
        output.print_line(made.page)
    output.flush()
    if os.environ.get("SSH_CONNECTION"):
        number = made.page.split("/")[2].rpartition(":")[2]
        output.say(
            said(
                "From your own machine: ssh -L {number}:127.0.0.1:{number} {host}",
                number=number,
                host=host_name(),
            )
        )


def has_display() -> bool:
    """Tell whether a graphical browser can be shown here."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(made: Ready, door: Path, trial_ids: Sequence[str]) -> None:
    """Open the browser on a private file that redirects to the page, when these trials are there.

    Every user of the machine can read a program's arguments, and the address grants access.
    """
    import webbrowser

    _wait_for(made, trial_ids)
    with contextlib.suppress(webbrowser.Error, OSError):
        for old in door.parent.glob("open-*.html"):
            old.unlink(missing_ok=True)  # of a console that was killed, or whose browser has already read it
        opened = os.open(door, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(made.door)
        webbrowser.open(door.as_uri())


def _wait_for(made: Ready, trial_ids: Sequence[str]) -> None:
    """Wait until the private server has trials, but not for long: a page without them says so."""
    if not trial_ids:
        return
    import time

    from aimd_core.client.lists import batch
    from aimd_core.client.v2 import Server
    from aimd_core.config import Credentials
    from aimd_core.errors import AimdError

    end_s = time.monotonic() + _SHOWN_TIMEOUT_S
    with contextlib.suppress(AimdError), Server(Credentials(made.host, made.api_key, {})) as asked:
        while len(batch(asked, list(trial_ids))) < len(trial_ids) and time.monotonic() < end_s:
            time.sleep(_SHOWN_INTERVAL_S)


class _Keeping:
    """The process that keeps the private server up to date, restarted if it ends unexpectedly."""

    def __init__(self, directory: Path, cache: Path, wish: Stopping) -> None:
        self._wish = wish
        self._directory = directory
        self._cache = cache
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, made: Ready) -> None:
        wish = {"host": made.host, "api_key": made.api_key}
        wish |= {"directory": str(self._directory), "memory": str(self._cache)}
        self._thread = threading.Thread(target=self._run, args=(json.dumps(wish),), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the process cleanly, or by force if it takes too long."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            _close(process)
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT_S)

    def _run(self, wish: str) -> None:
        while not self._stopping.is_set():
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = process = _start()
            with contextlib.suppress(OSError):
                assert process.stdin is not None
                process.stdin.write(wish + "\n")
                process.stdin.flush()
            _listen(process, self._cache, lambda: self._wish.is_wished)
            _close(process)
            if process.wait() and not self._stopping.wait(_RESTART_S):
                output.say(
                    said(
                        "the process that keeps the console up to date ended ({returncode}); restarting it",
                        returncode=process.returncode,
                    )
                )


def _start() -> subprocess.Popen[str]:
    # A separate process, because pages would wait for it otherwise, in its own session, so that Ctrl-C ends the server
    # first. Nothing in the environment may point it to another host.
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.Popen(
        [sys.executable, "-m", "aimd_core.upload.mirror_process"],
        env=kept,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _close(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        assert process.stdin is not None
        process.stdin.close()


def _listen(process: subprocess.Popen[str], cache: Path, is_over: Callable[[], bool]) -> None:
    """Report what the process says, until it ends; that the server is gone is no news when all of it ends."""
    is_filling = False
    assert process.stdout is not None
    for line in process.stdout:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if is_over():
            continue
        if told.get("event") == "progress":
            is_filling = _say_progress(told, is_filling)
        else:
            say = _SAYINGS.get(str(told.get("event")))
            output.say(say({**told, "cache": cache}) if say else line.strip())


def _say_progress(told: dict[str, object], was_filling: bool) -> bool:
    """Report the progress of the first scan, if it takes long enough to watch; return whether it is still running."""
    total, waiting = int(str(told["total"])), int(str(told["waiting"]))
    if waiting > 1:
        output.say(said("{count:,} of {total:,} trials are shown", count=total - waiting, total=total))
        return True
    if was_filling and not waiting:
        output.say(said("All {total:,} trials are shown", total=total))
    return was_filling and bool(waiting)


_SAYINGS: dict[str, Callable[[dict[str, object]], str]] = {
    "problem": lambda told: said("{name} is not shown: {reason}", name=told["name"], reason=told["reason"]),
    "away": lambda told: said(
        ("cannot show anything new right now ({reason}); trying again. Is there space in {cache}?"),
        cache=told["cache"],
        reason=told["reason"],
    ),
    "back": lambda told: "showing new data again",
    "waiting": lambda told: "another `aimd console` shows this directory and keeps both up to date",
    "failed": lambda told: said("cannot show anything new: {reason}", reason=told["reason"]),
}
