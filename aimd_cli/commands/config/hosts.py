"""`aimd config hosts|use`: the known servers, and which of them is active."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import JsonOpt
from aimd_core.language import said


def hosts(as_json: JsonOpt = False) -> None:
    """List the servers you have signed in to; '*' marks the active one. Keys are never shown.

    Examples:

        aimd config hosts
    """
    from aimd_cli.views.settings import HostList, HostRow
    from aimd_core.config import read_config
    from aimd_core.hosts import active_host, known_hosts, short_names

    config = read_config()
    active = active_host(config)
    names = {address: name for name, address in short_names(config).items()}
    rows = [
        HostRow(host, host == active, key is not None, names.get(host, "")) for host, key in known_hosts(config).items()
    ]
    output.show(HostList(rows), as_json)
    if not rows:
        output.hint("None yet. Run: aimd login -H https://HOST/t9k/experiment/server")


def use(
    server: Annotated[
        str, typer.Argument(metavar="SERVER", help="A known server, or a part of its address that fits only one.")
    ],
) -> None:
    """Make a known server the active one, which every command uses unless told otherwise.

    Examples:

        aimd config use staging
    """
    import os

    from aimd_core.config import read_config, replace_config
    from aimd_core.errors import NotFoundError
    from aimd_core.hosts import activate, find_host, known_hosts

    config = read_config()
    servers = known_hosts(config)
    address = find_host(config, server) if servers else ""
    if address not in servers:
        raise NotFoundError(
            message=said("{server!r} is not a known server", server=server), hint="Sign in to it: aimd login -H URL"
        )
    path = replace_config(activate(config, address))
    output.say(said("Now using {address} ({path})", address=address, path=path))
    if servers[address] is None:
        output.say(said("No key is saved for it. Run: aimd login -H {address}", address=address))
    if os.environ.get("AIMD_HOST"):
        output.say("note: AIMD_HOST is set and wins over the file")
