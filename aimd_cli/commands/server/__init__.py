"""`aimd server …`: run a server, look after its data, and say who may use it."""

from __future__ import annotations

import typer

from aimd_cli.commands.server import people, running, upkeep
from aimd_cli.options import HELP

app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="Run your own AIMD server, and its accounts.")
app.command("start")(running.start)
app.command("status")(upkeep.status)
app.command("check")(upkeep.check)
app.command("backup")(upkeep.backup)
app.command("restore")(upkeep.restore)
app.add_typer(people.user_app, name="user")
app.add_typer(people.key_app, name="key")
app.add_typer(people.group_app, name="group")
