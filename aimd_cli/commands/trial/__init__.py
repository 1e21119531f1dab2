"""`aimd trial …`: list, describe and upload trials."""

from __future__ import annotations

import typer

from aimd_cli.commands.trial import describe, download, ls, upload
from aimd_cli.options import HELP

app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="List, describe and upload trials.")
app.command("ls")(ls.ls)
app.command("describe")(describe.describe)
app.command("upload")(upload.upload)
app.command("download")(download.download)
