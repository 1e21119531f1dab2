"""The SDK config file, and which source of a setting wins: argument, then environment, then file.

The file is `~/.t9k/t9k-sdk-config.yaml`, or what the environment variable `T9K_CONFIG` names. It is shared with
TensorStack's other tools, so unknown keys and comments are kept. It is replaced atomically, with mode 0600, and never
if it cannot be read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from aimd_core.addresses import is_plain_remote as is_plain_remote
from aimd_core.addresses import normal_host as normal_host
from aimd_core.errors import ConfigError, DamagedError, DiskError, NotSignedInError, UsageError
from aimd_core.format.files import replace_file
from aimd_core.hosts import API_KEY_KEY as API_KEY_KEY
from aimd_core.hosts import HOST_KEY as HOST_KEY
from aimd_core.hosts import HOST_KEY_OF_TUTORIAL as HOST_KEY_OF_TUTORIAL
from aimd_core.hosts import HOSTS_KEY as HOSTS_KEY
from aimd_core.hosts import active_host, find_host, key_for
from aimd_core.language import said, warn_once

_OTHERS = 0o066  # may read or write


def config_path() -> Path:
    """Return where the SDK config file is or would be."""
    named = os.environ.get("T9K_CONFIG")
    return Path(named).expanduser() if named else Path.home() / ".t9k" / "t9k-sdk-config.yaml"


def read_config(path: Path | None = None) -> dict[str, object]:
    """Return the content of the config file, empty if there is none.

    Raises:
        ConfigError: The file exists but cannot be used.
    """
    path = path or config_path()
    try:
        os.stat(path)
        from aimd_core.format.documents import read_mapping  # which loads YAML; without a file nobody needs it

        content = read_mapping(path.resolve())
    except (FileNotFoundError, NotADirectoryError):  # the latter where HOME is /dev/null, as for daemons
        return {}
    except DamagedError as error:
        raise ConfigError(path=path, reason=error.facts["reason"]) from error
    if content.get(API_KEY_KEY) or content.get(HOSTS_KEY):
        warn_if_exposed(path)
    return content


def warn_if_exposed(path: Path) -> None:
    """Warn, as ssh does, of a file with keys that other users may read or change, once in a process.

    A file that its owner cannot mend, such as a secret mounted into a container, is left alone.
    """
    import shlex
    import stat

    try:
        status = path.stat()
        is_mendable = status.st_uid == os.geteuid() and not os.statvfs(path).f_flag & os.ST_RDONLY
    except (OSError, AttributeError):  # the latter on Windows, which has other rights
        return
    if stat.S_ISREG(status.st_mode) and status.st_mode & _OTHERS and is_mendable:
        command = shlex.join(["chmod", "600", str(path)])
        warn_once(
            said(
                "WARNING: other users can read or change {path}, which holds secrets: {command}",
                path=path,
                command=command,
            )
        )


def write_config(changes: Mapping[str, object | None], path: Path | None = None) -> Path:
    """Change top-level keys of the config file and return its path; a value of None removes the key.

    Raises:
        ConfigError: The file exists but cannot be used; it is unchanged.
        DiskError: The disk refused; the file is unchanged.
    """
    path = path or config_path()
    content = {key: value for key, value in {**read_config(path), **changes}.items() if value is not None}
    return replace_config(content, path)


def replace_config(content: dict[str, object], path: Path | None = None) -> Path:
    """Make `content` the whole content of the config file, keeping comments, and return its path."""
    from aimd_core.yaml_edit import edit_mapping

    path = path or config_path()
    try:
        text = path.read_bytes() if path.exists() else b""
        write_config_text(edit_mapping(text, content), path)
    except OSError as error:
        raise DiskError(path=path, reason=said("cannot be written ({strerror})", strerror=error.strerror)) from error
    return path


def write_config_text(text: bytes, path: Path) -> None:
    """Replace the config file, readable only by its owner; a symbolic link to it is kept.

    Raises:
        OSError: The disk refused; the file is unchanged.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(target, text, mode=0o600)


def normal_key(api_key: str) -> str:
    """Return an API key without surrounding white space.

    Raises:
        UsageError: It is not a lower-case UUID. The message does not contain the key.
    """
    text = api_key.strip()
    from aimd_core.format.values import is_uuid  # `aimd --version` reads no key

    if not is_uuid(text):
        raise UsageError(
            message="that does not look like an API key (expected a UUID such as 123e4567-e89b-12d3-a456-426614174000)",
            hint="Copy the key again; on your own server: aimd server key create --user NAME",
        )
    return text


class Credentials:
    """A server and the key for it, and where each came from.

    Attributes:
        host: The server's address, normal form.
        api_key: The key.
        origins: `argument`, `environment` or the config file's path, by `host` and `api_key`.
    """

    __slots__ = ("api_key", "host", "origins")

    def __init__(self, host: str, api_key: str, origins: dict[str, str]) -> None:
        self.host = host
        self.api_key = api_key
        self.origins = origins

    def __repr__(self) -> str:
        return f"Credentials(host={self.host!r}, api_key='...{self.api_key[-4:]}')"


def find_setting(argument: str | None, variable: str, config: dict[str, object], *keys: str) -> tuple[str, str] | None:
    """Return a setting and its source, or None if nothing sets it."""
    if argument:
        return argument, "argument"
    if variable and os.environ.get(variable):
        return os.environ[variable], "environment"
    for key in keys:
        value = config.get(key)
        if value:
            return str(value), str(config_path())
    return None


def resolve_credentials(host: str | None = None, api_key: str | None = None) -> Credentials:
    """Return the server and its key. A key is used only for the server that it was made for.

    Args:
        host: Wins over `AIMD_HOST`, which wins over the config file. Part of a known address is enough.
        api_key: Wins over `AIMD_API_KEY`, which wins over the config file.

    Raises:
        NotSignedInError: One of the two is not set anywhere.
        ConfigError: The config file cannot be used.
        NotFoundError: The host is neither an address nor part of a known one.
        UsageError: A value has the wrong form.
    """
    config = read_config()
    found_host = find_setting(host, "AIMD_HOST", config, HOST_KEY, HOST_KEY_OF_TUTORIAL)
    if found_host is None:
        raise NotSignedInError
    chosen_host = find_host(config, found_host[0])
    found_key = find_key(config, chosen_host, api_key)
    if found_key is None:
        raise NotSignedInError(chosen_host)
    return Credentials(chosen_host, normal_key(found_key[0]), {"host": found_host[1], "api_key": found_key[1]})


def find_key(config: dict[str, object], host: str, argument: str | None = None) -> tuple[str, str] | None:
    """Return the key for a server and its source, or None.

    Args:
        config: The content of the config file.
        host: The server's address, normal form.
        argument: A key given by the caller; it wins.
    """
    if argument:
        return argument, "argument"
    if os.environ.get("AIMD_API_KEY") and _host_of_environment_key(config) in (host, None):
        return os.environ["AIMD_API_KEY"], "environment"
    saved = key_for(config, host)
    return (saved, str(config_path())) if saved else None


def _host_of_environment_key(config: dict[str, object]) -> str | None:
    """Return the server of `AIMD_API_KEY`: `AIMD_HOST`, else the active server, else any (None)."""
    named = os.environ.get("AIMD_HOST")
    return find_host(config, named) if named else active_host(config)
