"""The known settings of the SDK config file: their meaning, their values, and which source wins.

Secrets are masked in everything made for display.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import NamedTuple

from aimd_core.addresses import normal_host, without_password
from aimd_core.config import config_path, find_key, normal_key, read_config
from aimd_core.errors import UsageError
from aimd_core.hosts import (
    API_KEY_KEY,
    HOST_KEY,
    HOST_KEY_OF_TUTORIAL,
    HOSTS_KEY,
    activate,
    active_host,
    find_host,
    known_hosts,
)
from aimd_core.language import said

ASSET_HUB_KEY = "asset_hub_host"
PICTURES_KEY = "pictures"
PICTURES_VARIABLE = "AIMD_PICTURES"
PICTURE_WAYS = ("auto", "kitty", "sixel", "blocks", "off")
_SECRET = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)


class Setting(NamedTuple):
    """A known setting.

    Attributes:
        key: Its name in the file.
        variable: The environment variable that wins over the file, or empty.
        meaning: One sentence.
        normal: Returns a value in its normal form, or raises UsageError.
    """

    key: str
    variable: str
    meaning: str
    normal: Callable[[str], str]


def _picture_way(value: str) -> str:
    """Return how pictures are shown.

    Raises:
        UsageError: There is no such way.
    """
    way = value.strip().lower()
    if way not in PICTURE_WAYS:
        raise UsageError(
            message=said("pictures cannot be shown as {value!r}", value=value),
            hint=said("Known: {settings}", settings=", ".join(PICTURE_WAYS)),
        )
    return way


SETTINGS = {
    setting.key: setting
    for setting in (
        Setting(HOST_KEY, "AIMD_HOST", "The address of the active server.", normal_host),
        Setting(API_KEY_KEY, "AIMD_API_KEY", "The API key of the active server.", normal_key),
        Setting(ASSET_HUB_KEY, "", "The address of the Asset Hub, for other TensorStack tools.", normal_host),
        Setting(
            PICTURES_KEY,
            PICTURES_VARIABLE,
            "How pictures are shown in the terminal: auto, kitty, sixel, blocks or off.",
            _picture_way,
        ),
    )
}


class InForce(NamedTuple):
    """The effective value of a setting, masked if it is secret.

    Attributes:
        key: The setting.
        value: Its value, empty if nothing sets it.
        source: `environment`, `file`, or empty.
        origin: The variable's name or the file's path, or empty.
        overrides: The file's path if its value is overridden, or empty.
    """

    key: str
    value: str
    source: str
    origin: str
    overrides: str


def known_setting(key: str) -> Setting:
    """Return a setting by its name, or by the tutorial's name for the host.

    Raises:
        UsageError: There is no setting of that name.
    """
    setting = SETTINGS.get(HOST_KEY if key == HOST_KEY_OF_TUTORIAL else key)
    if setting is None:
        from difflib import get_close_matches  # which only an error needs

        near = get_close_matches(key, SETTINGS, n=1)
        hint = (
            said("Did you mean: {near}", near=near[0])
            if near
            else said("Known: {settings}", settings=", ".join(SETTINGS))
        )
        raise UsageError(message=said("no setting is named {key!r}", key=key), hint=hint)
    return setting


def masked(key: str, value: object) -> str:
    """Return a value for display: at most the last four characters of a secret, and no user name in an address."""
    if isinstance(value, dict) and key == HOSTS_KEY:
        return ", ".join(without_password(str(host)) for host in value)
    if isinstance(value, (dict, list)):
        import json

        return json.dumps(_masked_deep(key, value), ensure_ascii=False)
    text = str(value)
    if _SECRET.search(key):
        return f"...{text[-4:]}" if len(text) >= 16 else "..."
    return without_password(text, "...@")


def _masked_deep(key: str, value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _masked_deep(f"{key}.{name}", item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked_deep(key, item) for item in value]
    return masked(key, value)


def in_force(config: dict[str, object]) -> list[InForce]:
    """Return the effective value of every known setting and every other key of the file.

    Raises:
        UsageError: An address has the wrong form.
    """
    rows = [_host_in_force(config), _key_in_force(config), _pictures_in_force(config)]
    shown = {HOST_KEY, HOST_KEY_OF_TUTORIAL, API_KEY_KEY, PICTURES_KEY}
    others = [ASSET_HUB_KEY, *(key for key in config if key not in shown and key != ASSET_HUB_KEY)]
    path = str(config_path())
    for key in others:
        value = config.get(key)
        there = value is not None and value != ""
        rows.append(InForce(key, masked(key, value), "file", path, "") if there else InForce(key, "", "", "", ""))
    return rows


def _host_in_force(config: dict[str, object]) -> InForce:
    in_file, path = active_host(config), str(config_path())
    named = os.environ.get("AIMD_HOST")
    if named:
        return InForce(HOST_KEY, find_host(config, named), "environment", "AIMD_HOST", path if in_file else "")
    return InForce(HOST_KEY, in_file, "file", path, "") if in_file else InForce(HOST_KEY, "", "", "", "")


def _pictures_in_force(config: dict[str, object]) -> InForce:
    in_file, path = str(config.get(PICTURES_KEY) or ""), str(config_path())
    value = os.environ.get(PICTURES_VARIABLE)
    if value:
        return InForce(PICTURES_KEY, _picture_way(value), "environment", PICTURES_VARIABLE, path if in_file else "")
    return InForce(PICTURES_KEY, in_file, "file", path, "") if in_file else InForce(PICTURES_KEY, "", "", "", "")


def pictures_setting() -> str:
    """Return how pictures are shown: by the environment, else the file, else `auto`.

    Raises:
        ConfigError, UsageError: It has another value.
    """
    value = os.environ.get(PICTURES_VARIABLE) or str(read_config().get(PICTURES_KEY) or PICTURE_WAYS[0])
    return _picture_way(value)


def _key_in_force(config: dict[str, object]) -> InForce:
    """Return the key for the effective server; a key made for another server does not count."""
    host = _host_in_force(config).value
    setting = find_key(config, host) if host else None
    if setting is None:
        return InForce(API_KEY_KEY, "", "", "", "")
    value, origin = masked(API_KEY_KEY, setting[0]), setting[1]
    if origin != "environment":
        return InForce(API_KEY_KEY, value, "file", origin, "")
    lost = origin if known_hosts(config).get(host) is None else str(config_path())
    return InForce(API_KEY_KEY, value, "environment", "AIMD_API_KEY", lost if lost != origin else "")


def with_setting(config: dict[str, object], setting: Setting, value: str | None) -> dict[str, object]:
    """Return a config with a setting changed, or removed. A new host gets its own key, never the old one's.

    Raises:
        UsageError: The value has the wrong form.
    """
    if setting.key == HOST_KEY:
        return activate(config, None if value is None else find_host(config, value))
    if value is None:
        return {key: held for key, held in config.items() if key != setting.key}
    return {**config, setting.key: setting.normal(value)}


def check(config: dict[str, object]) -> None:
    """Raise UsageError if a known setting has the wrong form."""
    for key in (*SETTINGS, HOST_KEY_OF_TUTORIAL):
        if config.get(key):
            known_setting(key).normal(str(config[key]))
    for api_key in known_hosts(config).values():
        if api_key is not None:
            normal_key(api_key)
