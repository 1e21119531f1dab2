"""The SDK config file and where each setting comes from: argument, environment, file, in that order.

The file is `~/.t9k/t9k-sdk-config.yaml`, or what the environment variable `T9K_CONFIG` names. It is shared with
TensorStack's other tools: keys and comments that are not ours stay as they are. It is written with mode
0600, whole or not at all, and never when it cannot be read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from aimd_core.documents import parse_mapping, read_mapping, render_mapping, replace_file
from aimd_core.errors import ConfigError, DamagedError, DiskError, NotSignedInError, UsageError

HOST_KEY, HOST_KEY_OF_TUTORIAL, API_KEY_KEY = "aimd_host", "host", "api_key"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOST_NAME = re.compile(r"[\w.:%-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def config_path() -> Path:
    """Return where the SDK config file is or would be."""
    named = os.environ.get("T9K_CONFIG")
    return Path(named).expanduser() if named else Path.home() / ".t9k" / "t9k-sdk-config.yaml"


def read_config(path: Path | None = None) -> dict[str, object]:
    """Return what the config file says; a file that is not there says nothing.

    Raises:
        ConfigError: It is there but cannot be used.
    """
    path = path or config_path()
    try:
        return read_mapping(path.resolve())
    except FileNotFoundError:
        return {}
    except DamagedError as error:
        raise ConfigError(path=path, reason=error.facts["reason"]) from error


def write_config(changes: dict[str, str | None], path: Path | None = None) -> Path:
    """Change top-level keys of the config file and return its path; a value of None removes the key.

    Raises:
        ConfigError: The file is there but cannot be used; it stays as it is.
        DiskError: The disk refused; the file is as it was.
    """
    path = path or config_path()
    current = read_config(path)
    wanted = {key: value for key, value in {**current, **changes}.items() if value is not None}
    try:
        text = path.read_bytes() if path.exists() else b""
        edited = _edited(text, changes, wanted)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, edited, mode=0o600)
    except OSError as error:
        raise DiskError(path=path, reason=f"cannot be written ({error.strerror})") from error
    return path


def _edited(text: bytes, changes: dict[str, str | None], wanted: dict[str, object]) -> bytes:
    """Return the file's new content; where its layout is unusual, the comments go, never the content."""
    try:
        edited = _edit_lines(text.decode("utf-8"), changes).encode()
        if parse_mapping(edited, "") == wanted:
            return edited
    except (DamagedError, UnicodeDecodeError):
        pass
    return render_mapping(wanted)


def _edit_lines(text: str, changes: dict[str, str | None]) -> str:
    """Set or remove `key: value` lines, leaving all other lines as they are."""
    lines = text.splitlines()
    for key, value in changes.items():
        pattern = re.compile(rf"(?:{re.escape(key)}|'{re.escape(key)}'|\"{re.escape(key)}\")\s*:")
        kept = [line for line in lines if not pattern.match(line)]
        if value is None:
            lines = kept
            continue
        position = next((number for number, line in enumerate(lines) if pattern.match(line)), len(lines))
        kept.insert(position, render_mapping({key: value}).decode().rstrip("\n"))
        lines = kept
    return "".join(f"{line}\n" for line in lines)


def normal_host(host: str) -> str:
    """Return a server's address in its normal form: scheme and host in lower case, no trailing slash.

    Raises:
        UsageError: It is no http or https address, or it carries a user name, query or fragment.
    """
    text = host.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(message=f"host {host!r} is not an address ({error})", hint=_HOST_HINT) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(message=f"host {host!r} does not begin with http:// or https://", hint=_HOST_HINT)
    if parts.username is not None or parts.query or parts.fragment or any(c.isspace() or c < " " for c in text):
        raise UsageError(message="the host must not hold a user name, a query, a fragment or spaces", hint=_HOST_HINT)
    if not _HOST_NAME.fullmatch(parts.hostname):
        raise UsageError(message=f"host {host!r} holds a character that no host name has", hint=_HOST_HINT)
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown_port = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{name}{shown_port}{parts.path}"


_HOST_HINT = "For example: aimd login -H https://HOST/t9k/experiment/server"


def is_plain_remote(host: str) -> bool:
    """Tell whether a key for that host would cross a network unencrypted."""
    parts = urlsplit(host)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK


def normal_key(api_key: str) -> str:
    """Return an API key without the white space around it.

    Raises:
        UsageError: It is not a UUID in lower case. The key is not in the message.
    """
    text = api_key.strip()
    if not _UUID.fullmatch(text):
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
    """Return a setting and where it came from, or None when nothing sets it."""
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
    """Return the server to talk to and the key for it.

    Args:
        host: Wins over `AIMD_HOST`, which wins over the config file.
        api_key: Wins over `AIMD_API_KEY`, which wins over the config file.

    Raises:
        NotSignedInError: One of the two is not set anywhere.
        ConfigError: The config file cannot be used.
        UsageError: A value has not the right form.
    """
    config = read_config()
    found_host = find_setting(host, "AIMD_HOST", config, HOST_KEY, HOST_KEY_OF_TUTORIAL)
    found_key = find_setting(api_key, "AIMD_API_KEY", config, API_KEY_KEY)
    if found_host is None or found_key is None:
        raise NotSignedInError
    chosen_host = normal_host(found_host[0])
    file_host = find_setting(None, "", config, HOST_KEY, HOST_KEY_OF_TUTORIAL)
    if found_key[1] not in ("argument", "environment") and file_host and normal_host(file_host[0]) != chosen_host:
        raise NotSignedInError  # the key in the file was made for another host, and goes to no other
    origins = {"host": found_host[1], "api_key": found_key[1]}
    return Credentials(chosen_host, normal_key(found_key[0]), origins)
