"""`aimd login` and `aimd logout`: the key is checked before anything is saved."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aimd_cli import output
from aimd_core.errors import UsageError

HostOpt = Annotated[str | None, typer.Option("-H", "--host", metavar="URL", help="The server's address.")]
KeyOpt = Annotated[
    str | None,
    typer.Option("-k", "--api-key", metavar="KEY", help="The API key; '-' reads it from stdin, '@FILE' from a file."),
]


def login(host: HostOpt = None, api_key: KeyOpt = None) -> None:
    """Sign in to a server: check the key, then save both to the SDK config file.

    Examples:

        aimd login -H https://HOST/t9k/experiment/server

        printf %s "$KEY" | aimd login -H https://HOST/t9k/experiment/server -k -
    """
    from aimd_core.client.signing_in import verify
    from aimd_core.config import (
        API_KEY_KEY,
        HOST_KEY,
        HOST_KEY_OF_TUTORIAL,
        Credentials,
        find_setting,
        is_plain_remote,
        normal_host,
        normal_key,
        read_config,
        write_config,
    )

    config = read_config()
    found = find_setting(host, "AIMD_HOST", config, HOST_KEY, HOST_KEY_OF_TUTORIAL)
    if found is None:
        raise UsageError(message="which server?", hint="Run: aimd login -H https://HOST/t9k/experiment/server")
    address = normal_host(found[0])
    credentials = Credentials(address, normal_key(_given_key(api_key, address)), {})
    if is_plain_remote(address):
        output.say(f"warning: {address} is not https, so the key crosses the network unencrypted")
    user, protocol = verify(credentials)
    changes: dict[str, str | None] = {HOST_KEY: address, API_KEY_KEY: credentials.api_key}
    if HOST_KEY_OF_TUTORIAL in config:
        changes[HOST_KEY_OF_TUTORIAL] = address
    path = write_config(changes)
    output.say(f"Signed in to {address} as {user}.")
    output.detail(f"The server speaks protocol version {protocol}.")
    output.say(f"Saved for this user only in {path}")


def _given_key(api_key: str | None, address: str) -> str:
    """Return the key from the option, a file, stdin, or a prompt that shows nothing."""
    if api_key is None:
        if not sys.stdin.isatty():
            raise UsageError(message="no API key was given", hint="Pass it on stdin: aimd login -H URL -k -")
        import getpass

        return getpass.getpass(f"API key for {address}: ")
    if api_key == "-":
        return sys.stdin.readline()
    if api_key.startswith("@"):
        try:
            return Path(api_key[1:]).expanduser().read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(message=f"cannot read the key from {api_key[1:]}: {error}", hint="") from None
    return api_key


def logout(
    host: Annotated[bool, typer.Option("-H", "--host", help="Forget the server's address too.")] = False,
) -> None:
    """Remove the API key from the SDK config file.

    Examples:

        aimd logout
    """
    from aimd_core.config import API_KEY_KEY, HOST_KEY, HOST_KEY_OF_TUTORIAL, config_path, read_config, write_config

    config = read_config()
    keys = [API_KEY_KEY, *([HOST_KEY, HOST_KEY_OF_TUTORIAL] if host else [])]
    present = [key for key in keys if key in config]
    if not present:
        output.say(f"Nothing to remove from {config_path()}")
        return
    path = write_config(dict.fromkeys(present))
    output.say(f"Removed {' and '.join(present)} from {path}")
