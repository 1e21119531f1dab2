"""What a value may be, by its kind: each kind is a function of what is typed so far to the candidates.

Kinds: `trial`, `folder`, `metric`, `param`, `name` (a metric or a parameter), `names` (several, with commas and a
minus before a sort key), `query`, `host`, `setting`, `topic`, `shell`, `file`, `dir`, `choice:a|b`, and `text`, which
offers nothing.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from aimd_cli.completion.cache import FOLDER, METRIC, PARAM, TRIAL, recall

FILES, DIRECTORIES = "file", "dir"
_AGGREGATES = ("last", "min", "max", "mean", "count")
_FIELDS = ("name", "id", "state", "status", "started", "ended", "folder", "duration")
_SETTINGS = ("aimd_host", "api_key", "asset_hub_host")
_SHELLS = ("bash", "zsh", "fish", "powershell")


class Typed(NamedTuple):
    """What stands on the command line.

    Attributes:
        word: The word to complete, or the value's part of it.
        values: The values of the options typed so far, by kind of option name.
        arguments: The arguments typed so far.
    """

    word: str
    values: dict[str, str]
    arguments: list[str]


def candidates(kind: str, typed: Typed) -> list[str]:
    """Return what fits the typed word, sorted."""
    name, _, choices = kind.partition(":")
    if name == "choice":
        return [choice for choice in choices.split("|") if choice.startswith(typed.word)]
    if name in _LISTED:
        head, last = _head(name, typed.word)
        return sorted({head + found for found in _LISTED[name](typed) if found.startswith(last)})
    make = _SOURCES.get(name)
    return sorted({found for found in make(typed) if found.startswith(typed.word)}) if make else []


def _place(typed: Typed) -> str:
    """Return the directory whose trials are meant."""
    named = typed.values.get("--dir") or next((word for word in typed.arguments if os.path.isdir(word)), ".")
    return os.path.expanduser(named)


def _trials(typed: Typed) -> list[str]:
    place = _place(typed)
    nested = os.path.join(place, ".aimd", "trials")
    word = typed.word
    try:
        with os.scandir(nested if os.path.isdir(nested) else place) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(word) and _is_name(entry.name)]
    except OSError:
        names = []
    if not names and word:
        rows = recall(os.path.abspath(place))
        names = [trial_id for kind, _, trial_id in rows if kind == TRIAL and trial_id.startswith(word)]
    return names


def _is_name(name: str) -> bool:
    """Tell whether it ends as alternative names do: `_yymmdd_hhmmss_xxxxxx`."""
    parts = name.rsplit("_", 3)
    return len(parts) == 4 and len(parts[1]) == 6 and len(parts[2]) == 6 and (parts[1] + parts[2]).isdigit()


def _recalled(kind: str, typed: Typed) -> list[str]:
    return [name for found, name, _ in recall(os.path.abspath(_place(typed))) if found == kind]


def _metrics(typed: Typed) -> list[str]:
    return _recalled(METRIC, typed)


def _params(typed: Typed) -> list[str]:
    return _recalled(PARAM, typed)


def _names(typed: Typed) -> list[str]:
    metrics = _metrics(typed)
    with_aggregates = [f"{name}.{aggregate}" for name in metrics for aggregate in _AGGREGATES]
    return [*_FIELDS, *metrics, *(f"params.{name}" for name in _params(typed)), *with_aggregates]


def _folders(typed: Typed) -> list[str]:
    from aimd_cli.completion.config_scan import host_in_use

    rows = recall(host_in_use(typed.values.get("--host")))
    paths = [name for kind, name, _ in rows if kind == FOLDER]
    return paths if typed.word.startswith("/") else [path.lstrip("/") for path in paths]


def _hosts(typed: Typed) -> list[str]:
    """Return the addresses; when none begins so, those that hold the word (a part is enough to name a server)."""
    from aimd_cli.completion.config_scan import scan_hosts

    return scan_hosts()


def _head(kind: str, word: str) -> tuple[str, str]:
    """Return what comes before the last name in a list or a query, and the part of it that is typed."""
    end = len(word)
    while end and (word[end - 1].isalnum() or word[end - 1] in "._-/" or ord(word[end - 1]) > 127):
        end -= 1
    if kind == "names" and word[end : end + 1] == "-":
        end += 1
    return word[:end], word[end:]


def _settings(typed: Typed) -> tuple[str, ...]:
    return _SETTINGS


def _shells(typed: Typed) -> tuple[str, ...]:
    return _SHELLS


_LISTED = {"names": _names, "query": _names}
_SOURCES = {
    "trial": _trials,
    "folder": _folders,
    "metric": _metrics,
    "param": _params,
    "name": _names,
    "host": _hosts,
    "setting": _settings,
    "shell": _shells,
}
