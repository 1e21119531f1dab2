"""The metrics and parameters of trials that a command line names, read from the trials' own files for a completion.

A completion loads neither JSON nor YAML, so only plain lines are understood, as this program writes them. A name in any
other line is not offered; nothing is ever an error.
"""

import os

_HEAD_BYTES, _TAIL_BYTES = 1 << 16, 1 << 14
_MAX_TRIALS = 20
_BEFORE_VALUES = '": {"value": {'


def directories_of(words: list[str], directory: str) -> list[str]:
    """Return the directories of the trials in a directory whose names begin with one of some words, or are their path.

    Args:
        words: Words of a command line, of which some name trials.
        directory: Where they are looked up.
    """
    nested = os.path.join(directory, ".aimd", "trials")
    parent = nested if os.path.isdir(nested) else directory
    names: list[str] = []
    paths = [word for word in words if "/" in word and os.path.isfile(os.path.join(word, "metadata.yaml"))]
    words = [word for word in words if word and "/" not in word]
    if words:
        try:
            names = [name for name in os.listdir(parent) if name[-21::7] == "___"]
        except OSError:
            return paths
    for word in words:
        fitting = [name for name in names if name.startswith(word)]
        if word == "@latest" and names:
            fitting = [max(names, key=lambda name: name[-20:-7])]
        paths += [os.path.join(parent, name) for name in fitting]
    return list(dict.fromkeys(paths))[:_MAX_TRIALS]


def metrics_of(directories: list[str]) -> list[str]:
    """Return the metrics of trials, `type.name`, as far as the beginnings and ends of their journals show them."""
    names: dict[str, None] = {}
    for directory in directories:
        for line in _lines(os.path.join(directory, "metrics")):
            names |= dict.fromkeys(_metrics_in(line))
    return list(names)


def params_of(directories: list[str]) -> list[str]:
    """Return the parameters of trials, with dots between the levels, without those in lists."""
    names: dict[str, None] = {}
    for directory in directories:
        names |= dict.fromkeys(_params_in(_lines(os.path.join(directory, "parameters.yaml"))))
    return list(names)


def views_of(directory: str) -> list[str]:
    """Return the names of the saved views of a directory."""
    lines = _lines(os.path.join(directory, ".aimd", "views.yaml"))
    start = lines.index("views:") + 1 if "views:" in lines else len(lines)
    names: list[str] = []
    for line in lines[start:]:
        if line[:1] != " ":
            break
        if line[:2] == "  " and line[2:3] not in (" ", "-", "#"):
            names.append(line.strip().partition(":")[0].strip("'\""))
    return names


def _lines(path: str) -> list[str]:
    """Return the whole lines at the beginning and at the end of a file."""
    try:
        with open(path, "rb") as file:
            text = file.read(_HEAD_BYTES)
            file.seek(0, os.SEEK_END)
            if file.tell() > _HEAD_BYTES + _TAIL_BYTES:
                file.seek(-_TAIL_BYTES, os.SEEK_END)
                text = text.rpartition(b"\n")[0] + b"\n" + file.read().partition(b"\n")[2]
            elif file.tell() > _HEAD_BYTES:
                file.seek(_HEAD_BYTES)
                text += file.read(_TAIL_BYTES)
    except OSError:
        return []
    return text.decode("utf-8", "replace").split("\n")


def _metrics_in(line: str) -> list[str]:
    """Return the metrics of a record such as `{"train": {"value": {"loss": 0.5, "acc": 0.9}, "sequence": …}}`."""
    start = line.find(_BEFORE_VALUES)
    if start < 3 or not line.startswith('{"') or "\\" in line:
        return []
    values = line[start + len(_BEFORE_VALUES) : line.find('}, "sequence"', start)]
    kind = line[2:start]
    return [f"{kind}.{name}" for name in values.split('"')[1::2] if name not in ("NaN", "Infinity", "-Infinity")]


def _params_in(lines: list[str]) -> list[str]:
    names: list[str] = []
    above: list[tuple[int, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        key = name.strip().strip("'\"")
        if not colon or not key or line.lstrip()[:1] in ("-", "#", "{", "["):
            continue
        depth = len(name) - len(name.lstrip())
        while above and above[-1][0] >= depth:
            above.pop()
        if value.strip():
            names.append(".".join([*(upper for _, upper in above), key]))
        else:
            above.append((depth, key))
    return names
