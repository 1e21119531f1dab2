"""`aimd login` and `aimd logout`: the key is checked before anything is saved."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import UsageError
from aimd_core.language import said

KeyOpt = Annotated[
    str | None,
    typer.Option("-k", "--api-key", metavar="KEY", help="The API key; '-' reads it from stdin, '@FILE' from a file."),
]


def login(
    host: HostOpt = None,
    api_key: KeyOpt = None,
    short_name: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="NAME", help="A short name for the server: its trials are then NAME:/FOLDER/TRIAL."
        ),
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Only show who is signed in, according to the server.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """Sign in to a server: check the API key, then save it with the address in the SDK config file.

    Without -k, asks for the key and does not echo it. Earlier servers are kept: see `aimd config hosts`.

    Examples:

        aimd login -H https://HOST/t9k/experiment/server

        printf %s "$KEY" | aimd login -H https://HOST/t9k/experiment/server -k -

        aimd login -H https://HOST/t9k/experiment/server --as team

        aimd login --status
    """
    if status:
        if api_key is not None or short_name is not None:
            raise UsageError(message="--status takes no key and no name", hint="Run: aimd login --status")
        _show_status(host, as_json)
        return
    from aimd_core.client.signing_in import verified
    from aimd_core.config import Credentials, is_plain_remote, normal_key, read_config, replace_config
    from aimd_core.hosts import activate, checked_short_name, with_short_name

    if short_name is not None:
        checked_short_name(short_name)
    address = _address(host)
    credentials = Credentials(address, normal_key(_key(api_key, address)), {})
    if is_plain_remote(address):
        output.say(said("warning: {address} is not https, so the key crosses the network unencrypted", address=address))
    credentials, user, protocol = verified(credentials)
    address = credentials.host
    config = activate(read_config(), address, credentials.api_key)
    path = replace_config(with_short_name(config, short_name, address) if short_name else config)
    if as_json:
        from aimd_cli.views.settings import SignIn

        facts = {"host": address, "user": user, "protocol": str(protocol), "config": str(path)}
        output.show(SignIn({**facts, "name": short_name} if short_name else facts), True)
    output.say(said("Signed in to {address} as {user}.", address=address, user=user))
    output.detail(said("The server speaks protocol version {protocol}.", protocol=protocol))
    output.say(said("Saved for this user only in {path}", path=path))
    if short_name:
        output.hint(said("Its trials are {name}:NAME and {name}:/FOLDER/NAME in every command.", name=short_name))
    _warn_of_environment(address)


def _address(host: str | None) -> str:
    from aimd_core.config import HOST_KEY, HOST_KEY_OF_TUTORIAL, find_setting, read_config
    from aimd_core.hosts import find_host

    config = read_config()
    setting = find_setting(host, "AIMD_HOST", config, HOST_KEY, HOST_KEY_OF_TUTORIAL)
    if setting is None:
        raise UsageError(message="which server?", hint="Run: aimd login -H https://HOST/t9k/experiment/server")
    return find_host(config, setting[0])


def _key(api_key: str | None, address: str) -> str:
    """Return the key from the option, else the environment, else from a prompt."""
    from aimd_cli.commands.secrets import given_key
    from aimd_core.config import find_key, read_config

    setting = find_key(read_config(), address) if api_key is None else None
    if setting and setting[1] == "environment":
        output.say("Using the key from AIMD_API_KEY.")
        return setting[0]
    return given_key(api_key, said("API key for {address}", address=address))


def _warn_of_environment(address: str) -> None:
    """Warn if the environment overrides what was just saved."""
    from aimd_core.config import read_config
    from aimd_core.settings import in_force

    host, key, *_ = in_force(read_config())
    if host.source == "environment" and host.value != address:
        output.say(said("note: AIMD_HOST is set and wins over the file: commands go to {host}", host=host.value))
    elif key.source == "environment":
        output.say("note: AIMD_API_KEY is set and wins over the file")


def _show_status(host: str | None, as_json: bool) -> None:
    from aimd_cli.views.settings import SignIn
    from aimd_core.client.signing_in import verify
    from aimd_core.config import resolve_credentials
    from aimd_core.settings import masked

    credentials = resolve_credentials(host)
    user, protocol = verify(credentials)
    names = {"environment": ("AIMD_HOST", "AIMD_API_KEY"), "argument": ("-H", "-k")}
    origins = {
        key: names.get(origin, (origin, origin))[key == "api_key"] for key, origin in credentials.origins.items()
    }
    facts = {
        "host": credentials.host,
        "user": user,
        "protocol": str(protocol),
        "key": masked("api_key", credentials.api_key),
        "host_from": origins["host"],
        "key_from": origins["api_key"],
    }
    output.show(SignIn(facts), as_json)


def logout(
    server: Annotated[
        str | None,
        typer.Argument(
            metavar="[SERVER]", help="The server to sign out of, or part of its address. [default: the active one]"
        ),
    ] = None,
    host: Annotated[bool, typer.Option("-H", "--host", help="Forget the server's address too.")] = False,
) -> None:
    """Remove the API key from the SDK config file. Other servers' keys stay.

    Examples:

        aimd logout

        aimd logout -H staging
    """
    from aimd_core.config import config_path, read_config, replace_config
    from aimd_core.hosts import API_KEY_KEY, active_host, find_host, forget, known_hosts, without_key

    config = read_config()
    address = find_host(config, server) if server else active_host(config)
    if address is None or address not in known_hosts(config):
        content = {key: value for key, value in config.items() if server or key != API_KEY_KEY}
    else:
        content = forget(config, address) if host else without_key(config, address)
    if content == config:
        output.say(said("Nothing to remove from {config_path}", config_path=config_path()))
    else:
        path = replace_config(content)
        what = (
            said("{address} and its key", address=address)
            if host
            else said("the key for {address}", address=address)
            if address
            else API_KEY_KEY
        )
        output.say(said("Removed {what} from {path}", what=what, path=path))
    if os.environ.get("AIMD_API_KEY"):
        output.say("note: AIMD_API_KEY is still set in the environment")
