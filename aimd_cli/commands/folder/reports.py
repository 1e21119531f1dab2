"""`aimd folder note` and `report`: what is said of a folder or of a directory, and the file that it becomes."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.folder.folders import folders, place_of, tell
from aimd_cli.options import HostOpt, JsonOpt, NoteTextArg, given_text, working_directory
from aimd_core.errors import DiskError, InTheWayError, NoDirectoryError, NotFoundError, UsageError
from aimd_core.language import language, said

if TYPE_CHECKING:
    from aimd_core.reports.embedded import EmbeddedView
    from aimd_core.reports.page import ViewContent
    from aimd_core.sources.naming import TrialFinder

_STDOUT = "-"
PlaceArg = Annotated[
    str | None,
    typer.Argument(
        metavar="[PATH]", help="A folder's path, such as vision or team:/vision, or its id; by default this directory."
    ),
]
WorkingOpt = Annotated[
    Path | None,
    typer.Option("-d", "--dir", metavar="DIR", help="The directory whose report it is, kept in .aimd there."),
]


def note(
    path: PlaceArg = None,
    text: NoteTextArg = None,
    directory: WorkingOpt = None,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Set or print the note of a folder, its report in Markdown; without PATH, print that of the directory.

    Examples:

        aimd folder note image_classification

        aimd folder note image_classification - < report.md

        aimd folder note
    """
    if path is None or directory is not None:
        location, written = _local(path, directory, host)
        _tell_note(location, {"note": written}, as_json, is_set=False)
        return
    path, host = place_of(path, host)
    with folders(host) as server:
        if text is None:
            kept = server.note(path)
        else:
            kept = server.set_note(path, given_text(text))
    _tell_note(path, kept, as_json, is_set=text is not None)


def _tell_note(path: str, kept: dict[str, object], as_json: bool, is_set: bool) -> None:
    if as_json:
        tell("noted" if is_set else "note", "", {"path": path, **kept}, as_json)
    elif is_set:
        output.say(said("Saved the note of {path}.", path=path))
    elif kept["note"]:
        output.print_text(str(kept["note"]).rstrip("\n"))
    else:
        output.say(said("{path} has no note", path=path))


def _local(path: str | None, directory: Path | None, host: str | None) -> tuple[str, str]:
    """Return the directory that is meant, and its note.

    Raises:
        UsageError: A folder on a server is named as well.
        DiskError: The note cannot be read.
    """
    from aimd_core.format.reports import read_note

    if path is not None or host is not None:
        raise UsageError(message="a report is that of PATH on a server, or that of a directory", hint="Leave one out")
    location = working_directory(directory).absolute()
    if not location.is_dir():
        raise NoDirectoryError(where=location)
    return str(location), read_note(location)


def report(
    path: PlaceArg = None,
    directory: WorkingOpt = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML file; '-' for stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Show the report of a folder or of this directory, or write it as one HTML file, which opens without a server.

    Examples:

        aimd folder report

        aimd folder report --html report.html

        aimd folder report image_classification --html report.html
    """
    is_file = html is not None and str(html) != _STDOUT
    if html is not None and is_file and html.exists() and not force:
        raise InTheWayError(path=html, hint="Overwrite it with --force, or name another file")
    if path is None or directory is not None:
        _of_directory(*_local(path, directory, host), html, as_json)
        return
    path, host = place_of(path, host)
    with folders(host) as server:
        if html is not None:
            _write(html, server.report(path, language()), path, as_json)
            return
        folder, kept = server.find(path), server.note(path)
    from aimd_core.sources.naming import TrialFinder

    with TrialFinder(str(folder["path"]), remote=True, host=host) as finder:
        _preview(str(folder["path"]), str(kept["note"]), finder, as_json, is_remote=True)


def _of_directory(location: str, written: str, html: Path | None, as_json: bool) -> None:
    """Show or write the report of a directory."""
    from aimd_core.sources.naming import TrialFinder

    with TrialFinder(location) as finder:
        if html is None:
            _preview(location, written, finder, as_json)
            return
        if not written.strip():
            from aimd_core.format.reports import note_path

            hint = said("Write it in Markdown: {file}", file=note_path(Path(location)))
            raise NotFoundError(message=said("{path} has no report", path=location), hint=hint)
        from aimd_core.reports.page import ReportHead, byline_of, page_of
        from aimd_core.reports.showing import Showing
        from aimd_core.sources.reports import ReportSource

        head = ReportHead(Path(location).name or location, language(), byline_of(location, language()))
        page = page_of(head, written, Showing(ReportSource(finder.source), language()).shown)
    _write(html, page.encode("utf-8", "replace"), location, as_json)


def _preview(path: str, written: str, finder: TrialFinder, as_json: bool, is_remote: bool = False) -> None:
    """Show a report as text: for people with what its views show now, else the Markdown as it is."""
    from aimd_cli.views.report import ReportPreview
    from aimd_core.reports.showing import Showing
    from aimd_core.sources.reports import ReportSource, ServerAddresses

    if not written.strip() and not as_json:
        output.say(said("{path} has no note", path=path))
        return
    if not as_json and not output.is_terminal():
        output.print_text(written.rstrip("\n"))
        return

    def show(view: EmbeddedView) -> ViewContent:
        return showing().shown(view)

    @cache
    def showing() -> Showing:  # trials are asked for once a view is shown
        elsewhere = ServerAddresses(finder.active_server()) if is_remote else None
        return Showing(ReportSource(finder.source, elsewhere), language())

    output.show(ReportPreview(path, written, show, output.glyphs_fit()), as_json)


def _write(html: Path, content: bytes, path: str, as_json: bool) -> None:
    """Write a report to a file, or to stdout."""
    from aimd_core.format.files import replace_file

    if str(html) == _STDOUT and output.is_terminal():
        output.print_text(content.decode().rstrip("\n"))
        return
    if str(html) == _STDOUT:
        sys.stdout.buffer.write(content)
        return
    try:
        replace_file(html, content)
    except OSError as error:
        raise DiskError(path=html, reason=said("cannot be written ({strerror})", strerror=error.strerror)) from error
    tell("written", said("Wrote {path}.", path=html), {"path": path, "file": str(html), "bytes": len(content)}, as_json)
