"""`aimd server status`, `check`, `backup` and `restore`: maintaining a server's data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aimd_cli import output
from aimd_cli.commands.server.door import DataOptions, on_data, server
from aimd_cli.options import JsonOpt
from aimd_core.errors import DamagedError
from aimd_core.language import said


@on_data
def status(*, as_json: JsonOpt = False, data: DataOptions) -> None:
    """Show whether a server runs on a data directory, and what is in it.

    Examples:

        aimd server status

        aimd server status --data-dir /srv/aimd --json
    """
    from aimd_cli.views.outcomes import PeopleList

    facts = {"data": str(data.directory), **server("operations").status(data.directory, data.settings())}
    facts["ready"] = _is_ready(facts["address"])
    rows = [{"fact": name, "value": value} for name, value in facts.items()]
    view = PeopleList("facts", ("fact", "value"), rows)
    output.show(_StatusFacts(view, facts) if as_json else view, as_json)


class _StatusFacts:
    """The facts of a server; as plain data, by name."""

    def __init__(self, view: output.View, facts: dict[str, object]) -> None:
        self.rich, self.lines = view.rich, view.lines
        self.facts = facts

    def document(self) -> dict[str, object]:
        """Return the facts by name."""
        return self.facts


def _is_ready(address: object) -> bool:
    """Ask the last started server whether it is ready."""
    if not address:
        return False
    from aimd_core.client.connection import NO_RETRY, Connection
    from aimd_core.errors import NetworkError

    try:
        with Connection(str(address), retry=NO_RETRY, connect_timeout_s=5.0) as connection:
            return connection.request("GET", "/readyz").status == 200
    except NetworkError:
        return False


@on_data
def check(*, as_json: JsonOpt = False, data: DataOptions) -> None:
    """Check everything: the database, its references, every byte against its digest. Changes nothing.

    Works while the server runs. Exits with 6 if something is damaged.

    Examples:

        aimd server check
    """
    from aimd_cli.views.outcomes import PeopleList

    checked = server("operations").check(data.directory, data.settings())
    rows = [{"where": fault.where, "what": fault.what} for fault in checked.faults]
    if rows or as_json:
        output.show(PeopleList("faults", ("where", "what"), rows), as_json)
    if rows:
        raise DamagedError(
            path=data.directory,
            reason=said("{count} faults", count=len(rows)),
            hint=said("Restore a backup: {command}", command=data.command("restore", "FILE")),
        )
    output.say(
        said(
            "Intact: {journals} trial files, {size_bytes} bytes compared.",
            journals=checked.journals + checked.documents + checked.contents,
            size_bytes=checked.size_bytes,
        )
    )


@on_data
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup file to write; it must not exist yet.")],
    *,
    data: DataOptions,
) -> None:
    """Write all data, as of one moment, to one file. Works while the server runs.

    Examples:

        aimd server backup aimd-backup.db
    """
    size_bytes = server("backups").backup(data.directory, file.absolute(), data.settings())
    output.say(said("Wrote {file}: {size_bytes} bytes, and read it back.", file=file, size_bytes=size_bytes))


@on_data
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `aimd server backup` wrote.")],
    restore_access: Annotated[
        bool,
        typer.Option("--restore-access", help="Bring back access that was taken away since the backup, too."),
    ] = False,
    *,
    data: DataOptions,
) -> None:
    """Restore a data directory from a backup. What is there already is kept under another name.

    Nothing changes unless the backup is intact, byte for byte. Keys revoked, users disabled or removed, and shares
    withdrawn since the backup stay so, and are listed.

    Examples:

        aimd server restore aimd-backup.db --data-dir /srv/aimd
    """
    restored = server("backups").restore(data.directory, file.absolute(), data.settings(), restore_access)
    output.say(said("Restored {place} from {file}.", place=data.directory, file=file))
    _say_access(restored, restore_access)
    if restored.kept:
        output.say(said("The previous data are kept in {kept}", kept=restored.kept))


_ACCESS = {
    "key": "key {what} of {who}",
    "user": "user {who}",
    "admin": "admin rights of {who}",
    "member": "{who} in group {what}",
    "share": "{what} shared with {who}",
    "link": "public link to {what}",
}


def _say_access(restored: Any, is_access_restored: bool) -> None:
    """Say what was taken away since the backup: it stays away, or is back."""
    if not restored.is_compared:
        output.say(
            "Warning: keys revoked since the backup are valid again: there was no previous data to compare with."
        )
        return
    for each in restored.access:
        what = said(_ACCESS[each.kind], who=each.who, what=each.what)
        if is_access_restored:
            output.say(said("Back as in the backup: {what}", what=what))
        else:
            output.say(said("Taken away since the backup, and still: {what}", what=what))
    if restored.access and not is_access_restored:
        output.hint("To bring access back, too, restore again with --restore-access")


@on_data
def migrate(
    to: Annotated[
        str,
        typer.Option("--to", metavar="URL|DIR", help="postgresql://USER@HOST/NAME without a password, or a directory."),
    ],
    to_blobs: Annotated[
        str | None,
        typer.Option(
            "--to-blobs", metavar="URL", help="s3://BUCKET/PREFIX?endpoint=URL to copy large objects to, too."
        ),
    ] = None,
    *,
    as_json: JsonOpt = False,
    data: DataOptions,
) -> None:
    """Copy the data of a stopped server to an empty database, and verify all of it.

    All or nothing: if it is killed, the target stays empty and the same command starts over. The source is only read.
    To move back to SQLite, give a directory as the target.

    Examples:

        aimd server migrate --to postgresql://aimd@db.example.org/aimd --to-blobs s3://aimd/prod
    """
    from aimd_cli.views.outcomes import PeopleList

    moved = server("moving").migrate(data.directory, to, to_blobs, data.settings())
    rows = [{"table": table.table, "rows": table.rows, "sha256": table.digest} for table in moved.tables]
    output.show(PeopleList("tables", ("table", "rows", "sha256"), rows), as_json)
    size = {"objects": moved.objects, "bytes": moved.object_bytes}
    output.say(
        said(
            "Moved {source} to {target}, and {objects} objects of {bytes} bytes.",
            source=moved.source,
            target=moved.target,
            **size,
        )
    )
    if "://" in to:
        line = f"database: {moved.target}"
        output.hint(
            said(
                "Next: put `{line}` into {file}, then: {command}",
                line=line,
                file=data.directory / "server.yaml",
                command=server("settings").command("start", data.directory),
            )
        )
    else:
        output.hint(said("Next: {command}", command=server("settings").command("start", Path(to))))
