"""The settings of this process: the SDK config file, and what a script has changed. Never uses the network."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from aimd_core.config import API_KEY_KEY, HOST_KEY, config_path, read_config, write_config


class Config(MutableMapping[str, object]):
    """The SDK config file as a mapping, read when first used. Changes apply to this process until `save()`."""

    def __init__(self) -> None:
        self._loaded: dict[str, object] | None = None
        self._changed: dict[str, object] = {}

    def _values(self) -> dict[str, object]:
        if self._loaded is None:
            self._loaded = read_config()
        return {key: value for key, value in {**self._loaded, **self._changed}.items() if value is not None}

    def __getitem__(self, key: str) -> object:
        return self._values()[key]

    def __setitem__(self, key: str, value: object) -> None:
        self._changed[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self._values():
            raise KeyError(key)
        self._changed[key] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __repr__(self) -> str:
        return f"<Config {config_path()}: {', '.join(self)}>"  # names only, because one of the values is a key

    def save(self) -> None:
        """Write the changes to the file, keeping its other keys and comments. Errors as `write_config`."""
        write_config({key: None if value is None else str(value) for key, value in self._changed.items()})
        self._loaded, self._changed = None, {}


CONFIG = Config()


def signed_out() -> bool:
    """Tell whether the script has removed the key, so that the one in the file must not be used either."""
    return CONFIG._changed.get(API_KEY_KEY, "") is None


def companion_environment() -> dict[str, str]:
    """Return the variables that pass this process's server and key to another."""
    chosen = {"AIMD_HOST": CONFIG._changed.get(HOST_KEY), "AIMD_API_KEY": CONFIG._changed.get(API_KEY_KEY)}
    return {name: str(value) for name, value in chosen.items() if value}
