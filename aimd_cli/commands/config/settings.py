"""`aimd config list|get|set|unset|path`: single settings."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import JsonOpt
from aimd_core.errors import NotFoundError
from aimd_core.language import said

SettingArg = Annotated[str, typer.Argument(metavar="SETTING", help="aimd_host, api_key, asset_hub_host or pictures.")]


def list_settings(
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help="Show the variable or file of each value, and what it overrides.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """List each setting, its value and where it comes from; the environment wins over the file. Secrets are masked.

    Examples:

        aimd config list

        aimd config list --show-origin
    """
    from aimd_cli.views.settings import SettingList, SettingRow
    from aimd_core.config import read_config
    from aimd_core.settings import in_force

    rows = [SettingRow(*row) for row in in_force(read_config())]
    output.show(SettingList(rows, show_origin), as_json)


def get(setting: SettingArg, as_json: JsonOpt = False) -> None:
    """Print the effective value of a setting; a key is masked.

    Examples:

        aimd config get aimd_host
    """
    from aimd_cli.views.settings import Entry
    from aimd_core.config import read_config
    from aimd_core.settings import in_force, known_setting

    held = {row.key: row.value for row in in_force(read_config())}
    key = setting if setting in held else known_setting(setting).key
    if not held.get(key):
        raise NotFoundError(message=said("{key} is not set", key=key), hint="Run: aimd config list")
    output.show(Entry(key, held[key]), as_json)


def set_setting(
    setting: SettingArg,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value; for api_key also '-' (stdin) or '@FILE'.")],
) -> None:
    """Change a setting in the file. A new aimd_host brings its own key, never the old server's.

    Examples:

        aimd config set aimd_host https://HOST/t9k/experiment/server

        aimd config set asset_hub_host https://HOST/t9k/asset-hub/server
    """
    from aimd_core.config import read_config, replace_config
    from aimd_core.settings import known_setting, with_setting

    entry = known_setting(setting)
    if entry.key == "api_key":
        from aimd_cli.commands.secrets import given_key

        value = given_key(value, "API key")
    content = with_setting(read_config(), entry, value)
    path = replace_config(content)
    output.say(said("Set {key} in {path}", key=entry.key, path=path))
    if entry.key == "aimd_host" and not content.get("api_key"):
        output.hint(said("Next: aimd login -H {aimd_host}", aimd_host=content["aimd_host"]))
    _warn(entry.variable)


def unset(setting: SettingArg) -> None:
    """Remove a setting from the file. Its server stays known: see `aimd config hosts`.

    Examples:

        aimd config unset asset_hub_host
    """
    from aimd_core.config import config_path, read_config, replace_config
    from aimd_core.settings import Setting, known_setting, with_setting

    config = read_config()
    entry = Setting(setting, "", "", str) if setting in config and setting != "host" else known_setting(setting)
    content = with_setting(config, entry, None)
    if content == config:
        output.say(said("{key} is not set in {config_path}", key=entry.key, config_path=config_path()))
    else:
        output.say(said("Removed {key} from {wanted}", key=entry.key, wanted=replace_config(content)))
    _warn(entry.variable)


def _warn(variable: str) -> None:
    import os

    if variable and os.environ.get(variable):
        output.say(said("note: {variable} is set and wins over the file", variable=variable))


def path(as_json: JsonOpt = False) -> None:
    """Print where the SDK config file is, or would be.

    Examples:

        aimd config path
    """
    from aimd_cli.views.settings import Entry
    from aimd_core.config import config_path

    output.show(Entry("path", str(config_path())), as_json)
