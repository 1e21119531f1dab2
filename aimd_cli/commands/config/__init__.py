"""`aimd config …`: the SDK config file, its settings and the servers that it knows."""

from __future__ import annotations

import typer

from aimd_cli.commands.config import edit, hosts, settings
from aimd_cli.options import HELP

app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="Look at and change settings and servers.")
app.command("list")(settings.list_settings)
app.command("get")(settings.get)
app.command("set")(settings.set_setting)
app.command("unset")(settings.unset)
app.command("hosts")(hosts.hosts)
app.command("use")(hosts.use)
app.command("edit")(edit.edit)
app.command("path")(settings.path)
