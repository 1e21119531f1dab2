"""`aimd folder share`, `unshare` and `ls-shares`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from aimd_cli import output
from aimd_cli.commands.folder.folders import FolderArg, folders, place_of, tell
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import NotFoundError, UsageError
from aimd_core.format.model import link_address
from aimd_core.language import said

Role = Literal["viewer", "editor", "owner"]
WithArg = Annotated[str | None, typer.Argument(metavar="[USER]", help="The user to share with.")]
GroupOpt = Annotated[str | None, typer.Option("--group", metavar="GROUP", help="A group instead of a user.")]


def share(
    path: FolderArg,
    user: WithArg = None,
    role: Annotated[Role, typer.Argument(help="What they may do with it and everything in it.")] = "viewer",
    group: GroupOpt = None,
    link: Annotated[
        bool, typer.Option("--link", help="Create and print a key that lets anyone you give it to view the folder.")
    ] = False,
    expires_days: Annotated[
        float | None,
        typer.Option("--expires-days", metavar="DAYS", min=0.01, help="With --link: how many days it is valid."),
    ] = None,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Share a folder with a user, a group, or anyone who has a link's key. Sharing again replaces the role.

    Examples:

        aimd folder share image_classification mei editor

        aimd folder share image_classification --group vision

        aimd folder share image_classification --link --expires-days 7
    """
    if sum([user is not None, group is not None, link]) != 1:
        raise UsageError(message="give one of USER, --group and --link", hint="See: aimd folder share -h")
    wish: dict[str, Any] = {"user": user, "group": group, "link": link, "role": role, "expires_days": expires_days}
    path, host = place_of(path, host)
    with folders(host) as server:
        made = server.share(path, wish)
    if link and not as_json:
        key = str(made["key"])
        output.print_line(key)
        output.say(said("It is shown just once. Anyone can open {address}", address=link_address(server.host, key)))
    else:
        told = said("Shared {path} with {whom} as {role}.", path=path, whom=user or group, role=role)
        tell("shared", told, {"path": path, "share": made}, as_json)


def unshare(
    path: FolderArg,
    user: WithArg = None,
    group: GroupOpt = None,
    number: Annotated[
        int | None, typer.Option("--number", metavar="N", help="The number of a share, such as a link's.")
    ] = None,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Stop sharing, effective with the next request.

    Examples:

        aimd folder unshare image_classification mei

        aimd folder unshare image_classification --number 3
    """
    if sum([user is not None, group is not None, number is not None]) != 1:
        raise UsageError(message="give one of USER, --group and --number", hint="See: aimd folder ls-shares PATH")
    path, host = place_of(path, host)
    with folders(host) as server:
        if number is None:
            number = _number(server.shares(path), user, group)
        server.unshare(path, number)
    whom = user or group or said("share {number}", number=number)
    told = said("{path} is no longer shared with {whom}.", path=path, whom=whom)
    tell("unshared", told, {"path": path, "share": number}, as_json)


def _number(shares: list[dict[str, Any]], user: str | None, group: str | None) -> int:
    for row in shares:
        if (user and row["user"] == user) or (group and row["group"] == group):
            return int(row["id"])
    raise NotFoundError(
        message=said("that folder is not shared with {whom}", whom=user or group),
        hint="See: aimd folder ls-shares PATH",
    )


def ls_shares(
    path: FolderArg,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """List who a folder is shared with. Shares of a parent folder are listed there.

    Examples:

        aimd folder ls-shares image_classification
    """
    from aimd_cli.views.folder import ShareList

    path, host = place_of(path, host)
    with folders(host) as server:
        view = ShareList(server.shares(path))
    output.show(view, as_json)
