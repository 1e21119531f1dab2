"""`aimd trial plot --open`: the same charts in the browser, in the local console or in that of a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from aimd_cli import output
from aimd_cli.views.chart import Look
from aimd_cli.views.curve import AXIS_WORDS
from aimd_core.errors import UsageError
from aimd_core.language import said
from aimd_core.sources.handles import TrialHandle
from aimd_core.sources.local import LocalTrial


def open_charts(trials: Sequence[TrialHandle], look: Look) -> None:
    """Open the charts of trials in the browser, and print their address, which is all where there is no browser.

    Raises:
        UsageError: The trials are not all in one directory, or on one server.
    """
    local = [trial for trial in trials if isinstance(trial, LocalTrial)]
    if len(local) == len(trials):
        _open_here(local, look)
    elif local or len({id(trial.source) for trial in trials}) > 1:
        raise _apart()
    else:
        _open_there(trials, look)


def _open_here(trials: Sequence[LocalTrial], look: Look) -> None:
    from aimd_cli.commands.console import show_view

    directories = {trial.trial.path.absolute().parent for trial in trials}
    if len(directories) > 1:
        raise _apart()
    ids = [trial.trial.id for trial in trials if trial.trial.id]
    show_view(_working_directory(directories.pop()), view_of(ids, look), ids)


def _open_there(trials: Sequence[TrialHandle], look: Look) -> None:
    import webbrowser

    from aimd_cli.commands.console import has_display
    from aimd_core.format.model import console_address
    from aimd_core.sources.remote import RemoteTrial

    remote = [trial for trial in trials if isinstance(trial, RemoteTrial)]
    address = f"{console_address(remote[0].source.host)}#/{view_of([trial.id for trial in remote], look)}"
    output.print_line(address)
    if has_display():
        webbrowser.open(address)


def view_of(ids: Sequence[str], look: Look) -> str:
    """Return the part of an address of the console, after `#/`, that shows the charts of trials in the same way."""
    axis = "relative" if look.axis == "time" else look.axis if look.axis in AXIS_WORDS else f"metric:{look.axis}"
    wishes = {
        "trials": ",".join(ids) if len(ids) != 1 else "",
        "x": axis if axis != "step" else "",
        "smooth": f"{look.smooth:g}" if look.smooth else "",
        "logy": "1" if look.log_y else "",
    }
    query = "&".join(f"{name}={quote(value, safe=',')}" for name, value in wishes.items() if value)
    page = f"trials/{quote(ids[0], safe='')}/" if len(ids) == 1 else "compare"
    return f"{page}?{query}" if query else page


def _working_directory(trials: Path) -> Path:
    """Return the directory that holds `.aimd`, or the directory of trials itself if it is elsewhere."""
    return trials.parent.parent if trials.name == "trials" and trials.parent.name == ".aimd" else trials


def _apart() -> UsageError:
    return UsageError(
        message="the browser shows trials of one directory, or of one server",
        hint=said("Without --open, the terminal shows them side by side"),
    )
