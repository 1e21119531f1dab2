"""`aimd server start`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimd_cli.commands.server.door import DataDirOpt, data_dir, server


def start(
    directory: DataDirOpt = None,
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="ADDRESS", help="The address to listen on. [default: 127.0.0.1]", show_default=False
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="PORT", min=0, max=65535, help="The port; 0 picks a free one. [default: 2463]"),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option("--allowed-host", metavar="NAME", help="A host name that requests may use; repeatable."),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy", metavar="IP", help="A proxy (or network) whose X-Forwarded-* is trusted; repeatable."
        ),
    ] = None,
    base_path: Annotated[
        str | None,
        typer.Option("--base-path", metavar="PATH", help="The path prefix under which a proxy forwards requests."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="postgresql://USER@HOST/NAME, without a password."),
    ] = None,
    blobs: Annotated[
        str | None,
        typer.Option("--blobs", metavar="URL", help="s3://BUCKET/PREFIX?endpoint=URL for large objects."),
    ] = None,
    trash_days: Annotated[
        int | None,
        typer.Option(
            "--trash-days", metavar="DAYS", min=1, help="Days until what was deleted is gone for good. [default: 30]"
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", metavar="text|json", help="The log format. [default: text]")
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option("--log-level", metavar="debug|info|warning|error", help="The log level. [default: warning]"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Settings in YAML; options and environment win. [default: DIR/server.yaml]"
        ),
    ] = None,
) -> None:
    """Run the server in this process until stopped (Ctrl-C or SIGTERM).

    Prints its address on stdout once it is ready. Nothing is open by default: create a user and a key first. Every
    setting can also come from the environment: AIMD_SERVER_PORT=8000.

    Examples:

        aimd server start

        aimd server start --data-dir /srv/aimd --host 0.0.0.0 --port 2463
    """
    launch = server("launch")
    flags = {
        "host": host,
        "port": port,
        "allowed_hosts": allowed_host or None,
        "trusted_proxies": trusted_proxy or None,
        "base_path": base_path,
        "database": database,
        "blobs": blobs,
        "trash_days": trash_days,
        "log_format": log_format,
        "log_level": log_level,
    }
    data, settings = data_dir(directory), server("settings")
    launch.run(data, settings.resolve(flags, config or settings.beside(data)))
