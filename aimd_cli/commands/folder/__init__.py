"""`aimd folder …`: the folders of the server, and who may see them."""

from __future__ import annotations

import typer

from aimd_cli.commands.folder import editing, listing, sharing
from aimd_cli.options import HELP

app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="The server's folders: list, make, move, share.")
app.command("ls")(listing.ls)
app.command("tree")(listing.tree)
app.command("id")(listing.id_of)
app.command("mk")(editing.mk)
app.command("mv")(editing.mv)
app.command("rm")(editing.rm)
app.command("restore")(editing.restore)
app.command("share")(sharing.share)
app.command("unshare")(sharing.unshare)
app.command("ls-shares")(sharing.ls_shares)
