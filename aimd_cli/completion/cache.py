"""Names for completion that a directory listing does not reveal: ids, parameters, metrics, the server's folders.

There is one small text file per directory or server, in the user's cache directory. It is used only for offering names,
so it may be deleted, and failing to write it does not matter.
"""

from __future__ import annotations

import os
from itertools import islice

from aimd_core.caches import user_cache_directory

TYPE_CHECKING = False  # a constant, because importing `typing` costs as much as the interpreter itself
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from aimd_core.reading.facts import Facts

MAX_FOLDERS = 20_000
MAX_TRIALS = 2_000  # of a server, the last ones seen
MAX_NAMES = 20_000  # of parameters and of metrics each
MAX_MEDIA = 5_000  # keys of trials on servers, the last ones listed
ID, PARAM, METRIC, FOLDER, TRIAL = "id", "param", "metric", "folder", "trial"
MEDIA = "media"  # the owner of these; their kind is the trial, as it was typed


def cache_directory() -> str:
    """Return where the files are."""
    return os.path.join(user_cache_directory(), "completion")


def remember(
    directory: str | os.PathLike[str],
    trials: Iterable[tuple[str, str]],
    params: Iterable[str],
    metrics: Iterable[str],
    whole: bool = True,
) -> None:
    """Store the names that a listing of a directory has shown.

    Args:
        directory: The listed directory, as for find_trials.
        trials: `(alternative name, id)` of each trial.
        params: Names of parameters, without `params.`.
        metrics: Names of metrics, `type.name`.
        whole: Whether these are all names; otherwise they are added to the stored ones.
    """
    owner = os.path.abspath(directory)
    rows = [(ID, trial_id) for _, trial_id in trials if trial_id]
    rows += [(PARAM, name) for name in islice(params, MAX_NAMES)] + [
        (METRIC, name) for name in islice(metrics, MAX_NAMES)
    ]
    if not whole:
        rows += [(kind, name) for kind in (ID, PARAM, METRIC) for name in recall(owner, kind)]
    _write(owner, rows)


def remember_folders(host: str, paths: Iterable[str], trials: Iterable[str] = ()) -> None:
    """Add the paths of folders and trials to those stored for a server.

    Args:
        host: The server's address in normal form.
        paths: Folders, from the root, such as `/vision/mnist`.
        trials: Trials, such as `/vision/mnist/cnn_keras`.
    """
    folders = dict.fromkeys([*paths, *recall(host, FOLDER)])
    listed = dict.fromkeys([*trials, *recall(host, TRIAL)])
    rows = [(FOLDER, path) for path in folders if path][:MAX_FOLDERS]
    _write(host, rows + [(TRIAL, path) for path in listed][:MAX_TRIALS])


def remember_media(trials: Iterable[str], keys: Iterable[str]) -> None:
    """Store the media keys of a trial on a server.

    Args:
        trials: What the trial is called on a command line.
        keys: The keys.
    """
    kinds = list(dict.fromkeys(trials))
    listed = list(keys)
    others = [row for row in _rows(MEDIA) if row[0] not in kinds]
    _write(MEDIA, [*((kind, key) for kind in kinds for key in listed), *others][:MAX_MEDIA])


def _rows(owner: str) -> list[tuple[str, str]]:
    try:
        with open(_file_of(owner), encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except OSError:
        return []
    return [(kind, name) for kind, tab, name in (line.partition("\t") for line in lines[1:]) if tab]


def recall(source: str | os.PathLike[str], kind: str, prefix: str = "") -> list[str]:
    """Return the stored names of a kind with a prefix, for a directory or server."""
    owner = os.fspath(source)
    try:
        with open(_file_of(owner), encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError:
        return []
    if not text.startswith(f"{owner}\n"):
        return []
    head = f"\n{kind}\t"
    names = []
    position = text.find(head + prefix)
    while position >= 0:
        end = text.find("\n", position + 1)
        names.append(text[position + len(head) : end if end >= 0 else len(text)])
        position = text.find(head + prefix, position + 1)
    return names


def _file_of(owner: str) -> str:
    from zlib import crc32

    return os.path.join(cache_directory(), f"{crc32(os.fsencode(owner)):08x}.tsv")


def _write(owner: str, rows: list[tuple[str, str]]) -> None:
    lines = map("\t".join, rows)
    whole = [line for line in dict.fromkeys(lines) if line.count("\t") == 1 and "\n" not in line and "\r" not in line]
    text = "\n".join([owner, *whole, ""])
    path = _file_of(owner)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        return


def remember_local(directory: Path, rows: Sequence[Facts], whole: bool) -> None:
    """Store the names that a listing of a directory has shown.

    Args:
        directory: The listed directory.
        rows: The trials.
        whole: Whether these are all trials of the directory.
    """
    names = [(row.alternative_name, row.id) for row in rows]
    params = sorted({name for row in rows for name in row.params})
    metrics = sorted({name for row in rows for name in row.metrics})
    remember(directory, names, params, metrics, whole)


def remember_remote(host: str, rows: Sequence[Facts]) -> None:
    """Store the trials, their folders, and those above them, that a listing of a server has shown."""
    paths = {row.folder for row in rows if row.folder}
    above = {path[:end] for path in paths for end in range(1, len(path)) if path[end] == "/"}
    trials = [f"{row.folder.rstrip('/')}/{row.name}" for row in rows if row.folder]
    remember_folders(host, sorted(paths | above), trials)
