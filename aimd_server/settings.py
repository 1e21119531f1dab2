"""The server's settings: from a flag, else the environment (AIMD_SERVER_*), else a file, else the default.

Every setting is declared once, here; docs/reference/server.md has the same table.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aimd_core.config import warn_if_exposed
from aimd_core.errors import UsageError
from aimd_core.language import joined, said
from aimd_server.blobs.opening import check_address, is_endpoint
from aimd_server.errors import SettingsFileError
from aimd_server.stores.location import (
    SETTINGS_FILE,
    Location,
    SqliteLocation,
    check_without_password,
    has_password,
    location_of,
    parsed,
    read_settings,
    shown,
)

PREFIX = "AIMD_SERVER_"
DATA_DIR_VARIABLE = f"{PREFIX}DATA_DIR"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")


class Setting:
    """A setting.

    Attributes:
        kind: `text`, `path`, `endpoint`, `number` or `list` (comma-separated in the environment).
        default: Its value if nothing sets it.
        meaning: What it does, for the documentation.
    """

    __slots__ = ("default", "kind", "meaning")

    def __init__(self, kind: str, default: Any, meaning: str) -> None:
        self.kind = kind
        self.default = default
        self.meaning = meaning


SETTINGS: dict[str, Setting] = {
    "host": Setting("text", "127.0.0.1", "the address to listen on"),
    "port": Setting("number", 2463, "the port; 0 picks a free one"),
    "allowed_hosts": Setting("list", (), "host names that requests may be addressed to, besides loopback"),
    "trusted_proxies": Setting("list", (), "addresses or networks of proxies whose X-Forwarded-* headers are believed"),
    "database": Setting("text", None, "postgresql://USER@HOST/NAME instead of the file in the data directory"),
    "blobs": Setting("text", None, "where to store large objects: s3://BUCKET/PREFIX?endpoint=URL&region=NAME"),
    "blobs_public_endpoint": Setting(
        "endpoint", None, "where clients reach the object store, to download large contents from it: https://HOST"
    ),
    "base_path": Setting("path", "", "the path below which a proxy serves everything, such as /tools/aimd"),
    "trash_days": Setting("number", 30, "how many days deleted things stay in the trash"),
    "log_format": Setting("text", "text", "text or json, one object per line"),
    "log_level": Setting("text", "warning", "debug, info (one line per request), warning or error"),
}
_CHOICES = {"log_format": ("text", "json"), "log_level": ("debug", "info", "warning", "error")}
_ADDRESSES: Mapping[str, Callable[[str], object]] = {"database": parsed, "blobs": check_address}
_RANGES = {"port": (0, 65535), "trash_days": (1, 36_500)}


class Settings:
    """The settings of one server; see SETTINGS for each.

    Attributes:
        file: The file that they were read from, or None.
        is_database_named: Whether an option or the environment names the database, so that the file does not.
    """

    def __init__(self, **values: Any) -> None:
        merged = {name: setting.default for name, setting in SETTINGS.items()} | values
        self.host: str = merged["host"]
        self.port: int = merged["port"]
        self.allowed_hosts: tuple[str, ...] = tuple(merged["allowed_hosts"])
        self.trusted_proxies: tuple[str, ...] = tuple(merged["trusted_proxies"])
        self.database: str | None = merged["database"]
        self.blobs: str | None = merged["blobs"]
        self.blobs_public_endpoint: str | None = merged["blobs_public_endpoint"]
        self.base_path: str = merged["base_path"]
        self.trash_days: int = merged["trash_days"]
        self.log_format: str = merged["log_format"]
        self.log_level: str = merged["log_level"]
        self.file: Path | None = merged.get("file")
        self.is_database_named: bool = merged.get("is_database_named", False)


def resolve(
    flags: Mapping[str, object], file: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings: flags override the environment, which overrides the file.

    Args:
        flags: Those of the command line; None means not given.
        file: A YAML mapping, or None.
        environment: By default the process's own.

    Raises:
        SettingsFileError: The file cannot be used.
        UsageError: A value is not allowed for its setting.
    """
    values: dict[str, Any] = {"file": file}
    if flags.get("database"):
        check_without_password(str(flags["database"]))
    if file is not None:
        values |= {name: _checked(name, value, str(file)) for name, value in _read(file).items()}
        if values.get("database") and has_password(str(values["database"])):
            warn_if_exposed(file)
    for name, text in (os.environ if environment is None else environment).items():
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() in SETTINGS:
            setting = name.removeprefix(PREFIX).lower()
            values[setting] = _checked(setting, text, name)
            values["is_database_named"] = values.get("is_database_named", False) or setting == "database"
    given = {name: value for name, value in flags.items() if value is not None}
    values |= {name: _checked(name, value, "the command line") for name, value in given.items()}
    if "database" in given:
        values["is_database_named"] = True
    return Settings(**values)


def of_data(data_dir: Path, flags: Mapping[str, object] | None = None, config: Path | None = None) -> Settings:
    """Return the settings of a data directory; `config` or AIMD_SERVER_CONFIG names another file than its own.

    Raises:
        SettingsFileError: The file cannot be used.
        UsageError: A value is not allowed for its setting.
    """
    if config is None and os.environ.get(CONFIG_VARIABLE):
        config = Path(os.environ[CONFIG_VARIABLE])
    return resolve(flags or {}, beside(data_dir) if config is None else config.absolute())


def data_directory(given: Path | None) -> Path:
    """Return the data directory: the given one, else that of AIMD_SERVER_DATA_DIR, else the user's own."""
    if given is None and os.environ.get(DATA_DIR_VARIABLE):
        given = Path(os.environ[DATA_DIR_VARIABLE])
    return _own_directory() if given is None else given.absolute()


def _own_directory() -> Path:
    from platformdirs import user_data_path

    return user_data_path("aimd") / "server"


def location_for(data_dir: Path, settings: Settings | None) -> Location:
    """Return where the database is: as the settings say, or without them the environment and the data directory."""
    if settings is None:
        return location_of(data_dir, None)
    if settings.database is None and settings.file is not None and settings.file != beside(data_dir):
        return SqliteLocation(data_dir)  # the data directory's own file does not count
    return location_of(data_dir, settings.database)


def command(words: str, data_dir: Path, settings: Settings | None = None) -> str:
    """Return a command of `aimd server` that finds the same data, quoted for a shell and without a password."""
    parts = [f"aimd server {words}"]
    if data_dir != _own_directory():
        parts += ["--data-dir", shlex.quote(str(data_dir))]
    if settings is not None and settings.file is not None and settings.file != beside(data_dir):
        parts += ["--config", shlex.quote(str(settings.file))]
    if settings is not None and settings.is_database_named and settings.database:
        parts += ["--database", shlex.quote(shown(settings.database))]
    return " ".join(parts)


def is_path(text: str) -> bool:
    """Tell whether a text can be a server's base path: plain parts, none of them `.` or `..`."""
    return _PATH.fullmatch(text) is not None and not {".", ".."} & set(text.split("/"))


# What fits each kind that is an address or a path, and what to say of anything else.
_FORMS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "path": (lambda text: not text or is_path(text), "a path such as /tools/aimd"),
    "endpoint": (is_endpoint, "an address such as https://s3.example.org"),
}


def beside(data_dir: Path) -> Path | None:
    """Return the settings file of a data directory, or None."""
    file = data_dir / SETTINGS_FILE
    return file if file.exists() else None


def _read(file: Path) -> dict[str, object]:
    document = read_settings(file)
    unknown = sorted(str(name) for name in document if name not in SETTINGS)
    if unknown:
        raise SettingsFileError(
            path=file,
            reason=said("has no setting {name!r}; there are {names}", name=unknown[0], names=", ".join(SETTINGS)),
        )
    return document


def _checked(name: str, value: object, origin: str) -> object:
    """Return a checked value in its setting's form."""
    kind = SETTINGS[name].kind
    if kind == "list":
        items = value.split(",") if isinstance(value, str) else value
        if isinstance(items, (list, tuple)) and all(isinstance(item, str) for item in items):
            return tuple(item.strip() for item in items if item.strip())
        raise _refused(name, origin, said("names separated by commas"))
    if kind == "number":
        lowest, highest = _RANGES[name]
        text = str(value)
        if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
            return int(text)
        raise _refused(name, origin, said("a number from {lowest} to {highest}", lowest=lowest, highest=highest))
    if kind in _FORMS:
        fits, form = _FORMS[kind]
        text = str(value).rstrip("/")
        if isinstance(value, str) and fits(text):
            return text
        raise _refused(name, origin, said(form))
    if isinstance(value, str) and name in _ADDRESSES:
        _ADDRESSES[name](value)
    if not isinstance(value, str) or not value or (name in _CHOICES and value not in _CHOICES[name]):
        raise _refused(name, origin, joined(" / ", _CHOICES[name]) if name in _CHOICES else said("a text"))
    return value


def _refused(name: str, origin: str, form: str) -> UsageError:
    message = said("{name} (from {origin}) is not {form}", name=name, origin=origin, form=form)
    return UsageError(message=message, hint="Run: aimd server start --help")
