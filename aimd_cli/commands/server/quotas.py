"""`aimd server quota …`: how many bytes of files and artifacts users and their folders may hold."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from aimd_cli import output, text
from aimd_cli.commands.server.door import DataOptions, on_data, server
from aimd_cli.commands.server.people import NameArg
from aimd_cli.options import JsonOpt
from aimd_core.errors import UsageError
from aimd_core.language import said

QuotaFolderOpt = Annotated[
    str, typer.Option("--folder", metavar="PATH", help="A folder of the user's; by default everything of theirs.")
]
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_LARGEST = 1 << 60


@on_data
def quota_set(
    name: NameArg,
    size: Annotated[str, typer.Argument(metavar="SIZE", help="Such as 500GB (10^9 bytes each) or 1.5TiB (2^40).")],
    folder: QuotaFolderOpt = "/",
    *,
    data: DataOptions,
) -> None:
    """Set how many bytes of files and artifacts a user, or a folder of theirs and everything below, may hold.

    Takes effect with the next request. What is there stays, even if it is more. Metrics and output do not count.

    Examples:

        aimd server quota set lin 500GB

        aimd server quota set lin 50GB --folder image_classification
    """
    size_bytes = _bytes_in(size)
    server("accounts").set_quota(data.directory, name, folder, size_bytes, settings=data.settings())
    holder = {"name": name, "place": folder, "size": text.size(size_bytes)}
    if folder.strip("/"):
        output.say(said("{place} of {name} may hold {size}.", **holder))
    else:
        output.say(said("{name} may hold {size}.", **holder))


def _bytes_in(size: str) -> int:
    match = _SIZE.fullmatch(size.strip())
    size_bytes = 0
    if match is not None:
        size_bytes = round(float(match[1]) * (1024 if match[3] else 1000) ** _POWERS[match[2].upper()])
    if match is None or not 0 < size_bytes <= _LARGEST:
        raise UsageError(message=said("{size!r} is not a size", size=size), hint="For example: 500GB or 1.5TiB")
    return size_bytes


@on_data
def quota_ls(*, as_json: JsonOpt = False, data: DataOptions) -> None:
    """List the quotas, and how many bytes are used of each.

    Examples:

        aimd server quota ls
    """
    from aimd_cli.views.folder import QuotaList

    output.show(QuotaList(server("accounts").quotas(data.directory, settings=data.settings())), as_json)


@on_data
def quota_rm(name: NameArg, folder: QuotaFolderOpt = "/", *, data: DataOptions) -> None:
    """Remove the quota of a user, or of a folder of theirs.

    Examples:

        aimd server quota rm lin
    """
    server("accounts").set_quota(data.directory, name, folder, None, settings=data.settings())
    output.say("Removed the quota.")
