"""The servers in the config file and their keys. Pure: it reads and changes mappings, not files.

The active server is where every deployed tool looks for it: `aimd_host` (the tutorial's `host` means the same) and
`api_key`. The others are in `aimd_hosts`, a mapping of address to `{api_key: KEY}`. A server is in only one of the two,
so no key is stored twice; if it is in both, the active one counts.

`aimd_names` has short names, a mapping of name to address, so that `team:/vision/run7` names a trial on that server.
`remote` is always the active one.
"""

from __future__ import annotations

import contextlib
import re
from urllib.parse import urlsplit

from aimd_core.addresses import normal_host, normal_name, without_password
from aimd_core.errors import ConfigError, NotFoundError, UsageError
from aimd_core.language import said

HOST_KEY, HOST_KEY_OF_TUTORIAL, API_KEY_KEY, HOSTS_KEY = "aimd_host", "host", "api_key", "aimd_hosts"
NAMES_KEY = "aimd_names"
REMOTE = "remote"  # the name of the active server
_SHORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_TAKEN_NAMES = (REMOTE, "http", "https", "file")


def active_host(config: dict[str, object]) -> str | None:
    """Return the active server's address in normal form, or None.

    Raises:
        UsageError: The value is not an address.
    """
    value = config.get(HOST_KEY) or config.get(HOST_KEY_OF_TUTORIAL)
    return normal_host(str(value)) if value else None


def known_hosts(config: dict[str, object]) -> dict[str, str | None]:
    """Return the address and key (or None) of every server, the active one first.

    Raises:
        ConfigError: `aimd_hosts` has another form.
        UsageError: An address is malformed.
    """
    hosts: dict[str, str | None] = {}
    active = active_host(config)
    if active:
        hosts[active] = _text(config.get(API_KEY_KEY))
    for host, entry in _entries(config).items():
        if hosts.get(normal_host(host)) is None:
            hosts[normal_host(host)] = _text(entry.get(API_KEY_KEY))
    return hosts


def key_for(config: dict[str, object], host: str) -> str | None:
    """Return the key that was made for a server, or None. Errors as `known_hosts`."""
    active = active_host(config)
    if active == host and config.get(API_KEY_KEY):
        return str(config[API_KEY_KEY])
    saved = known_hosts(config).get(host)
    if saved is None and active is None:  # a key without an address: the user names the server
        return _text(config.get(API_KEY_KEY))
    return saved


def find_host(config: dict[str, object], text: str) -> str:
    """Return the address that a user means: a full one, or a part that matches one known server.

    Raises:
        NotFoundError: It is not an address and matches no server.
        UsageError: It is malformed, or matches several servers.
    """
    if "://" in text:
        return normal_host(text)
    named = short_names(config).get(text)
    if named is not None or not known_hosts(config):
        return named or normal_host(text)
    hosts, text = list(known_hosts(config)), without_password(text)
    part = _as_known(text)
    fitting = [host for host in hosts if urlsplit(host).netloc == part] or [host for host in hosts if part in host]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            message=said("{text!r} matches several servers: {fitting}", text=text, fitting=", ".join(fitting)),
            hint="Type more of the address",
        )
    raise NotFoundError(
        message=said("no known server matches {text!r}", text=text), hint=said("Known: {known}", known=", ".join(hosts))
    )


def short_names(config: dict[str, object]) -> dict[str, str]:
    """Return the address of each server that has a short name.

    Raises:
        ConfigError: `aimd_names` has another form.
        UsageError: An address is malformed.
    """
    names = config.get(NAMES_KEY) or {}
    if not isinstance(names, dict):
        raise ConfigError(
            path="SDK config file",
            reason=said("{names_key} is not a mapping of short name to address", names_key=NAMES_KEY),
        )
    return {str(name): normal_host(str(host)) for name, host in names.items()}


def checked_short_name(name: str) -> str:
    """Return a short name that a server can have.

    Raises:
        UsageError: It cannot.
    """
    if not _SHORT_NAME.fullmatch(name) or name.lower() in _TAKEN_NAMES:
        raise UsageError(
            message=said("{name!r} cannot be the short name of a server", name=name),
            hint=said("Use 1 to 32 letters, digits, - and _, but not {taken}", taken=", ".join(_TAKEN_NAMES)),
        )
    return name


def with_short_name(config: dict[str, object], name: str, host: str) -> dict[str, object]:
    """Return a config in which a server has a short name, and no other one."""
    others = {known_name: address for known_name, address in short_names(config).items() if address != host}
    return {**config, NAMES_KEY: {**others, name: host}}


def _as_known(text: str) -> str:
    """Return a part of an address as addresses in their normal form have it."""
    name, colon, rest = text.partition(":")
    with contextlib.suppress(ValueError):
        return f"{normal_name(name)}{colon}{rest}" if name and "/" not in text else text.lower()
    return text


def activate(config: dict[str, object], host: str | None, api_key: str | None = None) -> dict[str, object]:
    """Return a config in which `host` is active, and the previously active server is kept with its key.

    Args:
        config: The old one; it is not changed.
        host: In normal form; None makes no server active.
        api_key: Its key, if it is new.
    """
    changed = dict(config)
    entries = _entries(config)
    active = active_host(config)
    if active is not None and active != host:
        _put(entries, active, _text(config.get(API_KEY_KEY)))
    key = api_key or (key_for(config, host) if host and host != active else _text(config.get(API_KEY_KEY)))
    if host is None:
        for name in (HOST_KEY, HOST_KEY_OF_TUTORIAL, API_KEY_KEY):
            changed.pop(name, None)
        return _with_entries(changed, entries)
    changed[HOST_KEY] = host
    if HOST_KEY_OF_TUTORIAL in changed:
        changed[HOST_KEY_OF_TUTORIAL] = host
    changed.pop(API_KEY_KEY, None) if key is None else changed.update({API_KEY_KEY: key})
    return _with_entries(changed, _without(entries, host))


def forget(config: dict[str, object], host: str) -> dict[str, object]:
    """Return a config without a server and its key."""
    changed = dict(config)
    if active_host(config) == host:
        for name in (HOST_KEY, HOST_KEY_OF_TUTORIAL, API_KEY_KEY):
            changed.pop(name, None)
    names = {name: address for name, address in short_names(config).items() if address != host}
    changed.pop(NAMES_KEY, None)
    if names:
        changed[NAMES_KEY] = names
    return _with_entries(changed, _without(_entries(config), host))


def without_key(config: dict[str, object], host: str) -> dict[str, object]:
    """Return a config with the server but without its key."""
    changed = dict(config)
    if active_host(config) == host:
        changed.pop(API_KEY_KEY, None)
    entries = _entries(config)
    for name, entry in entries.items():
        if normal_host(name) == host:
            entry.pop(API_KEY_KEY, None)
    return _with_entries(changed, entries)


def _entries(config: dict[str, object]) -> dict[str, dict[str, object]]:
    """Return a copy of `aimd_hosts` as written; only the addresses are checked."""
    entries = config.get(HOSTS_KEY) or {}
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) or entry is None for entry in entries.values()):
        raise ConfigError(
            path="SDK config file",
            reason=said("{hosts_key} is not a mapping of address to {{api_key: KEY}}", hosts_key=HOSTS_KEY),
        )
    return {str(host): dict(entry or {}) for host, entry in entries.items()}


def _put(entries: dict[str, dict[str, object]], host: str, api_key: str | None) -> None:
    """Put a server into `aimd_hosts`, with everything else written next to its key."""
    name = next((name for name in entries if normal_host(name) == host), host)
    kept = entries.setdefault(name, {})
    if api_key is not None:
        kept[API_KEY_KEY] = api_key


def _without(entries: dict[str, dict[str, object]], host: str) -> dict[str, dict[str, object]]:
    return {name: entry for name, entry in entries.items() if normal_host(name) != host}


def _with_entries(config: dict[str, object], entries: dict[str, dict[str, object]]) -> dict[str, object]:
    changed = {name: value for name, value in config.items() if name != HOSTS_KEY or entries}
    return {**changed, HOSTS_KEY: entries} if entries else changed


def _text(value: object) -> str | None:
    return str(value) if value else None
