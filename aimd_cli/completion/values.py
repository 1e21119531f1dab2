"""Candidates for a value, by its kind: each kind is a function from the typed text to candidates.

Kinds: `trial`, `folder`, `metric`, `media` (a key of the trial typed before), `param`, `name` (a metric or a
parameter), `names` (several, with commas and a minus before a sort key), `query`, `condition` (trials, then a query),
`host`, `setting`, `command`, `file`, `dir`, `choice:a|b`, and `text`, which offers nothing.
"""

import os

# As in the query language, whose modules are too slow to load for a completion; a test keeps both equal.
AGGREGATES = ("last", "min", "max", "mean", "count", "min_step", "max_step", "last_step", "nan_since")
TRIAL_FIELDS = (
    "name",
    "alternative_name",
    "id",
    "state",
    "reason",
    "folder",
    "started",
    "ended",
    "age",
    "duration",
    "tags",
    "note",
    "parent",
    "nan_since",
)
TRIAL_KIND, FOLDER_KIND = "trial", "folder"  # as in `cache`
_MEDIA_BYTES = 1 << 20  # of a journal that are read
_BETWEEN_NAMES = frozenset(" \t\"'=<>~!()[],&|")
_SETTINGS = ("aimd_host", "api_key", "asset_hub_host", "pictures")


class Typed:
    """The command line so far.

    Attributes:
        word: The word to complete, or the value's part of it.
        values: The values of the options typed so far, by kind of option name.
        arguments: The arguments typed so far.
    """

    __slots__ = ("arguments", "values", "word")

    def __init__(self, word: str, values: dict[str, str], arguments: list[str]) -> None:
        self.word = word
        self.values = values
        self.arguments = arguments


def candidates(kind: str, typed: Typed) -> list[str]:
    """Return the candidates for the typed word, sorted."""
    name, _, choices = kind.partition(":")
    if name == "choice":
        return [choice for choice in choices.split("|") if choice.startswith(typed.word)]
    if name in _LISTED:
        head, last = _head(name, typed.word)
        return sorted({head + value for value in _LISTED[name](typed) if value.startswith(last)})
    make = _SOURCES.get(name)
    return sorted(make(typed)) if make else []


def _place(typed: Typed) -> str:
    """Return the directory of the trials."""
    default = os.environ.get("AIMD_DIR") or "."
    named = typed.values.get("--dir") or next((word for word in typed.arguments if os.path.isdir(word)), default)
    return os.path.expanduser(named)


def _trials(typed: Typed) -> list[str]:
    word = typed.word
    if word.startswith("@"):
        return _ways_to_choose(typed)
    if ":" in word or "--remote" in typed.values:
        return _on_server(typed, [TRIAL_KIND, FOLDER_KIND])
    directory = _place(typed)
    nested = os.path.join(directory, ".aimd", "trials")
    try:
        there = os.listdir(nested if os.path.isdir(nested) else directory)
    except OSError:
        there = []
    fitting = [name for name in there if name.startswith(word)] if word else there
    # Alternative names end in _yymmdd_hhmmss_xxxxxx, with a `_` at every seventh place. No file is opened to check.
    names = [name for name in fitting if name[-21::7] == "___"]
    if names or not word:
        return names
    servers = [f"{name}:" for name in ("remote", *scan_names()) if name.startswith(word)]
    return servers + _recalled("id", typed)


def _ways_to_choose(typed: Typed) -> list[str]:
    """Return `@latest` and the like, with the directory's metrics for `@best`, in the form that needs no quotes."""
    everything = Typed("", typed.values, typed.arguments)
    from aimd_cli.completion.own_names import views_of

    views = [f"@{name}" for name in views_of(_place(typed))]
    ways = ["@latest", "@running", "@failed", *views, *(f"@best:{metric}" for metric in _metrics(everything))]
    return [way for way in ways if way.startswith(typed.word)]


def _places(typed: Typed) -> list[str]:
    return _on_server(typed, [FOLDER_KIND])


def _views(typed: Typed) -> list[str]:
    from aimd_cli.completion.own_names import views_of

    return [view for name in views_of(_place(typed)) if (view := f"@{name}").startswith(typed.word)]


def _on_server(typed: Typed, kinds: list[str]) -> list[str]:
    """Return what is known of a server below the typed path, one level deep; folders end in a slash."""
    from aimd_cli.completion.cache import recall

    name, colon, path = typed.word.rpartition(":")
    host = scan_names().get(name) or (host_in_use(None) if name in ("", "remote") else "")
    head = path.rpartition("/")[0]
    below: set[str] = set()
    for kind in kinds if host else ():
        for whole in recall(host, kind, "/" + path.lstrip("/")):
            shown = whole if path.startswith("/") else whole.lstrip("/")
            level, slash, _ = shown[len(head) + bool(head or path[:1] == "/") :].partition("/")
            start = f"{head}/" if head or path[:1] == "/" else ""
            below.add(start + level + ("/" if slash or kind == FOLDER_KIND else ""))
    return [f"{name}{colon}{shown}" for shown in below]


def _recalled(kind: str, typed: Typed) -> list[str]:
    from aimd_cli.completion.cache import recall

    return recall(os.path.abspath(_place(typed)), kind, typed.word)


def _metrics(typed: Typed) -> list[str]:
    """Return the metrics of the trials that the line names, else those of the directory."""
    from aimd_cli.completion.own_names import metrics_of

    own = metrics_of(_named(typed))
    return [name for name in own if name.startswith(typed.word)] if own else _recalled("metric", typed)


def _media(typed: Typed) -> list[str]:
    """Return the media keys of the trial that was typed before, from the beginning of its journal.

    Of a trial on a server they are those that were listed last.
    """
    import json
    import re

    trial = typed.arguments[0] if typed.arguments else ""
    if ":" in trial or "--remote" in typed.values:
        from aimd_cli.completion.cache import MEDIA, recall

        return recall(MEDIA, trial if ":" in trial else f"remote:{trial}", typed.word)
    named = [trial] if "/" in trial else _trials(Typed(trial, typed.values, [])) if trial else []
    if len(named) != 1:
        return []
    directory = "" if "/" in trial else os.path.join(_place(typed), ".aimd", "trials")
    try:
        with open(os.path.join(directory, named[0], "media"), "rb") as journal:
            lines = journal.read(_MEDIA_BYTES)
    except OSError:
        return []
    written = set(re.findall(rb'^\{"key": ("(?:[^"\\\n]|\\.)*")', lines, re.MULTILINE))
    keys = map(json.loads, written)
    return [key for key in keys if key.startswith(typed.word) and key.isprintable()]


def _params(typed: Typed) -> list[str]:
    """Return the parameters of the trials that the line names, else those of the directory."""
    from aimd_cli.completion.own_names import params_of

    own = params_of(_named(typed))
    return [name for name in own if name.startswith(typed.word)] if own else _recalled("param", typed)


def _named(typed: Typed) -> list[str]:
    """Return the directories of the trials that the line names."""
    from aimd_cli.completion.own_names import directories_of

    words = [*typed.arguments, *(typed.values[option] for option in ("--name", "--path") if option in typed.values)]
    return directories_of(words, _place(typed)) if words else []


def _names(typed: Typed) -> list[str]:
    everything = Typed("", typed.values, typed.arguments)
    metrics = _metrics(everything)
    with_aggregates = [f"{name}.{aggregate}" for name in metrics for aggregate in AGGREGATES]
    return [*TRIAL_FIELDS, *metrics, *(f"params.{name}" for name in _params(everything)), *with_aggregates]


def _conditions(typed: Typed) -> list[str]:
    """Return trials, and once one is named, what a condition on it may be about."""
    is_named = bool(typed.arguments) or not {"--name", "--path", "--dir"}.isdisjoint(typed.values)
    head, last = _head("query", typed.word)
    fields = [head + name for name in _names(typed) if name.startswith(last)] if is_named else []
    return [*_trials(typed), *fields]


def _name(typed: Typed) -> list[str]:
    return [name for name in _names(typed) if name.startswith(typed.word)]


def _folders(typed: Typed) -> list[str]:
    from aimd_cli.completion.cache import recall
    from aimd_cli.completion.values import host_in_use

    paths = recall(host_in_use(typed.values.get("--host")), "folder", "/" + typed.word.lstrip("/"))
    return paths if typed.word.startswith("/") else [path.lstrip("/") for path in paths]


def _hosts(typed: Typed) -> list[str]:
    from aimd_cli.completion.values import scan_hosts

    return [host for host in scan_hosts() if host.startswith(typed.word)]


def _head(kind: str, word: str) -> tuple[str, str]:
    """Return the text before the last name in a list or a query, and the typed part of that name."""
    end = len(word)
    while end and word[end - 1] not in _BETWEEN_NAMES:
        end -= 1
    if kind == "names" and word[end : end + 1] in ("-", "+"):
        end += 1
    return word[:end], word[end:]


def _settings(typed: Typed) -> list[str]:
    return [name for name in _SETTINGS if name.startswith(typed.word)]


_LISTED = {"names": _names, "query": _names}
_SOURCES = {
    "trial": _trials,
    "dir": _places,
    "view": _views,
    "condition": _conditions,
    "folder": _folders,
    "metric": _metrics,
    "media": _media,
    "param": _params,
    "name": _name,
    "host": _hosts,
    "setting": _settings,
}


def scan_hosts() -> list[str]:
    """Return the addresses of the known servers, the active one first."""
    active, waiting, inside = {}, [], False
    for line in _config_lines():
        key, _, value = line.partition(": ") if ": " in line else line.rpartition(":")
        if line[:1] not in ("", " ", "#"):
            inside = _plain(line) == "aimd_hosts:"
            if key in ("aimd_host", "host"):
                active[key] = _plain(value)
        elif inside and "://" in line and line.strip()[:1] != "#":
            waiting.append(_plain(line).removesuffix(":").strip("'\""))
    first = active.get("aimd_host") or active.get("host")
    return list(dict.fromkeys(filter(None, [first, *waiting])))


def scan_names() -> dict[str, str]:
    """Return the short names of servers, with their addresses."""
    names, inside = {}, False
    for line in _config_lines():
        if line[:1] not in ("", " ", "#"):
            inside = _plain(line) == "aimd_names:"
        elif inside:
            name, colon, host = line.partition(": ")
            if colon and "://" in host:
                names[_plain(name)] = _plain(host).rstrip("/")
    return names


def _config_lines() -> list[str]:
    named = os.environ.get("T9K_CONFIG")
    path = os.path.expanduser(named or os.path.join("~", ".t9k", "t9k-sdk-config.yaml"))
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(1 << 20).splitlines()
    except (OSError, ValueError):
        return []


def _plain(text: str) -> str:
    return text.partition(" #")[0].strip().strip("'\"")


def host_in_use(given: str | None) -> str:
    """Return the server that a command line would use, or an empty text."""
    address = given or os.environ.get("AIMD_HOST") or ""
    hosts = scan_hosts()
    if "://" in address:
        return address.rstrip("/")
    fitting = [host for host in hosts if address in host]
    return fitting[0] if fitting else ""
