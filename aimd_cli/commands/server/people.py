"""`aimd server user …`, `key …` and `group …`: who may use a server, whether it is running or not."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import typer

from aimd_cli import output
from aimd_cli.commands.server.door import DataOptions, on_data, server
from aimd_cli.options import JsonOpt
from aimd_core.errors import NotFoundError, UsageError
from aimd_core.language import said

NameArg = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
GroupArg = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name.")]
_EXPIRES = re.compile(r"(\d{1,5}(?:\.\d+)?)([dhw])")
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


@on_data
def user_add(
    name: NameArg,
    admin: Annotated[
        bool, typer.Option("--admin", help="Allow reading the audit log and the server's metrics over HTTP.")
    ] = False,
    *,
    data: DataOptions,
) -> None:
    """Add a user.

    Examples:

        aimd server user add lin
    """
    server("accounts").add_user(data.directory, name, admin, settings=data.settings())
    output.say(said("Added user {name}.", name=name))
    output.hint(said("Next: {command}", command=data.command("key", "create", "--user", name)))


@on_data
def user_ls(*, as_json: JsonOpt = False, data: DataOptions) -> None:
    """List the users.

    Examples:

        aimd server user ls
    """
    from aimd_cli.views.outcomes import PeopleList

    rows = server("accounts").users(data.directory, settings=data.settings())
    output.show(PeopleList("users", ("name", "state", "admin", "keys", "trials", "created"), rows), as_json)


def _set(name: str, action: str, done: str, data: DataOptions) -> None:
    server("accounts").set_user(data.directory, name, action, settings=data.settings())
    output.say(said("{done} user {name}.", done=said(done), name=name))


@on_data
def user_disable(name: NameArg, *, data: DataOptions) -> None:
    """Disable a user, effective with the next request. Data and keys stay.

    Examples:

        aimd server user disable lin
    """
    _set(name, "disable", "Disabled", data)


@on_data
def user_enable(name: NameArg, *, data: DataOptions) -> None:
    """Undo `disable`.

    Examples:

        aimd server user enable lin
    """
    _set(name, "enable", "Enabled", data)


@on_data
def user_promote(name: NameArg, *, data: DataOptions) -> None:
    """Allow a user to read the audit log and the server's metrics.

    Examples:

        aimd server user promote lin
    """
    _set(name, "promote", "Promoted", data)


@on_data
def user_demote(name: NameArg, *, data: DataOptions) -> None:
    """Undo `promote`.

    Examples:

        aimd server user demote lin
    """
    _set(name, "demote", "Demoted", data)


@on_data
def user_rm(
    name: NameArg,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation.")] = False,
    *,
    data: DataOptions,
) -> None:
    """Permanently delete a user with all their folders, trials and keys. Asks first; needs --yes without a terminal.

    Examples:

        aimd server user rm lin --yes
    """
    if not yes:
        output.confirm(said("Permanently delete user {name} with all their trials?", name=name))
    _set(name, "rm", "Deleted", data)


@on_data
def key_create(
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="The user the key belongs to.")],
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="How long it is valid: 12h, 90d, 8w. [default: forever]"),
    ] = None,
    scope: Annotated[Literal["read", "write", "upload"], typer.Option("--scope", help="What it allows.")] = "write",
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="A name to recognise it by.")] = None,
    *,
    data: DataOptions,
) -> None:
    """Create an API key and print only the key on stdout. It is shown just once; the server keeps only its hash.

    Examples:

        aimd server key create --user lin

        aimd server key create --user lin --scope upload --expires 90d --name cluster
    """
    made = server("accounts").create_key(data.directory, user, name, scope, _days(expires), settings=data.settings())
    output.print_line(made)
    output.hint("Next: aimd login -H URL -k KEY")


def _days(expires: str | None) -> float | None:
    if expires is None:
        return None
    match = _EXPIRES.fullmatch(expires.strip())
    if match is None or float(match[1]) == 0:
        raise UsageError(
            message=said("{expires!r} is not a duration", expires=expires),
            hint="For example: --expires 12h, 90d or 8w",
        )
    return float(match[1]) * _DAYS[match[2]]


@on_data
def key_ls(
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Only this user's keys.")] = None,
    *,
    as_json: JsonOpt = False,
    data: DataOptions,
) -> None:
    """List keys by number; only their owners know the keys themselves.

    Examples:

        aimd server key ls --user lin
    """
    from aimd_cli.views.outcomes import PeopleList

    rows = server("accounts").keys(data.directory, user, settings=data.settings())
    output.show(PeopleList("keys", ("id", "user", "name", "scope", "state", "created", "expires"), rows), as_json)


@on_data
def key_revoke(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The key's number in `aimd server key ls`.")],
    *,
    data: DataOptions,
) -> None:
    """Revoke a key, effective with the next request.

    Examples:

        aimd server key revoke 3
    """
    if not server("accounts").revoke_key(data.directory, number, settings=data.settings()):
        raise NotFoundError(
            message=said("there is no valid key {number}", number=number),
            hint=said("Run: {command}", command=data.command("key", "ls")),
        )
    output.say(said("Revoked key {number}.", number=number))


@on_data
def group_add(group: GroupArg, *, data: DataOptions) -> None:
    """Add a group.

    Examples:

        aimd server group add vision
    """
    server("accounts").set_group(data.directory, group, "add", settings=data.settings())
    output.say(said("Added group {group}.", group=group))


@on_data
def group_ls(*, as_json: JsonOpt = False, data: DataOptions) -> None:
    """List the groups and their members.

    Examples:

        aimd server group ls
    """
    from aimd_cli.views.outcomes import PeopleList

    rows = server("accounts").groups(data.directory, settings=data.settings())
    output.show(PeopleList("groups", ("name", "members"), rows), as_json)


@on_data
def group_join(group: GroupArg, name: NameArg, *, data: DataOptions) -> None:
    """Add a user to a group.

    Examples:

        aimd server group join vision lin
    """
    server("accounts").set_group(data.directory, group, "join", name, settings=data.settings())
    output.say(said("{name} is now in group {group}.", name=name, group=group))


@on_data
def group_leave(group: GroupArg, name: NameArg, *, data: DataOptions) -> None:
    """Remove a user from a group, effective with the next request.

    Examples:

        aimd server group leave vision lin
    """
    server("accounts").set_group(data.directory, group, "leave", name, settings=data.settings())
    output.say(said("{name} is no longer in group {group}.", name=name, group=group))


@on_data
def group_rm(group: GroupArg, *, data: DataOptions) -> None:
    """Delete a group, and with it what was shared with it.

    Examples:

        aimd server group rm vision
    """
    server("accounts").set_group(data.directory, group, "rm", settings=data.settings())
    output.say(said("Deleted group {group}.", group=group))
