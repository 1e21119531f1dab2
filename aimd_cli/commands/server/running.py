"""`aimd server start`."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli.commands.server.door import DataOptions, on_data, server


@on_data
def start(
    *,
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
    blobs_public_endpoint: Annotated[
        str | None,
        typer.Option(
            "--blobs-public-endpoint",
            metavar="URL",
            help="Where clients reach the object store, to download large contents from it.",
        ),
    ] = None,
    base_path: Annotated[
        str | None,
        typer.Option("--base-path", metavar="PATH", help="The path prefix under which a proxy forwards requests."),
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
    data: DataOptions,
) -> None:
    """Run the server in this process until stopped (Ctrl-C or SIGTERM).

    Prints its address on stdout once it is ready. Nothing is open by default: create a user and a key first. Every
    setting can also come from the environment: AIMD_SERVER_PORT=8000.

    Examples:

        aimd server start

        aimd server start --data-dir /srv/aimd --host 0.0.0.0 --port 2463
    """
    settings = data.settings(
        host=host,
        port=port,
        allowed_hosts=allowed_host or None,
        trusted_proxies=trusted_proxy or None,
        blobs_public_endpoint=blobs_public_endpoint,
        base_path=base_path,
        trash_days=trash_days,
        log_format=log_format,
        log_level=log_level,
    )
    server("launch").run(data.directory, settings)
