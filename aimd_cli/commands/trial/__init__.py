"""`aimd trial …`: see, compare, mark, keep and upload trials."""

from __future__ import annotations

import typer

from aimd_cli.commands.trial import (
    compare,
    describe,
    download,
    export,
    gate,
    importing,
    label,
    logs,
    ls,
    plot,
    rename,
    top,
    trash,
    upload,
    verify,
)
from aimd_cli.options import HELP

app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="See, compare, mark, keep and upload trials.")
app.command("ls")(ls.ls)
app.command("describe")(describe.describe)
app.command("plot")(plot.plot)
app.command("compare")(compare.compare)
app.command("top")(top.top)
app.command("logs")(logs.logs)
app.command("tag")(label.tag)
app.command("note")(label.note)
app.command("rename")(rename.rename)
app.command("rm")(trash.rm)
app.command("restore")(trash.restore)
app.add_typer(trash.app, name="trash")
app.command("export")(export.export)
app.command("import")(importing.import_runs)
app.command("check")(gate.check)
app.command("wait")(gate.wait)
app.command("verify")(verify.verify)
app.command("show", help="The same as describe.")(describe.describe)
app.command("upload")(upload.upload)
app.command("download")(download.download)
