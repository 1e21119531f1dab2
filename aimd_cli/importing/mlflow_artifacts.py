"""The artifacts of an MLflow run: logged images and tables become media, everything else files of the trial.

Source: `log_image` and `log_table` of mlflow/tracking/client.py, and how its stores name artifact directories. A store
may be hostile: artifacts are read only below its own directory, and nothing is fetched from elsewhere.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from aimd_cli.importing.contents import read_json
from aimd_cli.importing.files import FileList
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.run import Store
from aimd_core.errors import DamagedError
from aimd_core.format.media import IMAGE, MAX_AT_ONCE
from aimd_core.format.names import safe_name
from aimd_core.format.values import is_step

_SERVED = "mlflow-artifacts"  # of a tracking server, which keeps them in a directory of this name by default
_PARENTS = ("", "mlruns", "mlartifacts")  # where artifacts are, below the directory of a store
_TAG = "mlflow.loggedArtifacts"
_MOST_TABLES = 1_000
# `images/val~samples+step+3+timestamp+1700000000000+UUID.png`, with a smaller copy; older releases have % and #.
_LOGGED = re.compile(
    r"images/(?P<key>[^+%/]+)(?P<mark>[+%])step(?P=mark)(?P<step>\d{1,19})(?P=mark)timestamp(?P=mark)(?P<ms>\d{1,16})"
    r"(?P=mark)[0-9a-f-]{36}(?P<small>(?P=mark)compressed)?\.(png|webp)"
)
_TABLE_IMAGES = "table_images/"


class LoggedModel(NamedTuple):
    """A model of a run, which MLflow 3 keeps beside it: its name, its id, and where its artifacts are."""

    name: str
    id: str
    uri: str


class Artifacts(NamedTuple):
    """What a run has kept.

    Attributes:
        media: What becomes media.
        files: What becomes files.
        left_out: How many things of each kind are not imported.
    """

    media: MediaList
    files: FileList
    left_out: Counter[str]


def artifacts_of(
    root: Path, run_id: str, uri: str, tags: Mapping[str, str], models: Iterable[LoggedModel], store: Store
) -> Artifacts:
    """Return the artifacts of a run.

    Args:
        root: The directory of the store.
        run_id: The run's id.
        uri: Where its artifacts are, as the store says.
        tags: Its tags, which name the tables.
        models: Its models.
        store: Takes what cannot be read.
    """
    artifacts = Artifacts(MediaList(), FileList(store.note), Counter())
    directory = _directory_of(root, uri, run_id)
    if directory is not None:
        _gather(directory, tags, artifacts, store)
    elif elsewhere := _elsewhere(uri):
        artifacts.left_out[elsewhere] += 1
    for model in models:
        directory = _directory_of(root, model.uri, model.id)
        if directory is None:
            artifacts.left_out[_elsewhere(model.uri) or "model"] += 1
            continue
        for name, path in _files(directory, store):
            artifacts.files.add(f"models/{safe_name(model.name, 'model')}/{safe_name(model.id, 'model')}/{name}", path)
    return artifacts


def _directory_of(root: Path, uri: str, owner: str) -> Path | None:
    """Return a directory of artifacts below that of the store, where it may have been moved to; or None."""
    parts = _split(uri)
    if parts is None or parts[0] not in ("", "file", _SERVED):
        return None
    named = PurePosixPath(parts[1])
    if named.name != "artifacts" or named.parent.name != owner or "\0" in parts[1]:
        return None  # MLflow names them like this; any other directory is none of its artifacts
    tails = [PurePosixPath(*named.parts[-count:]) for count in (4, 3) if len(named.parts) > count]
    for path in (root / named, *(root / parent / tail for tail in tails for parent in _PARENTS)):
        try:
            real = path.resolve()
            if real.is_relative_to(root) and real != root and real.is_dir():
                return real
        except (OSError, RuntimeError):
            continue
    return None


def _split(uri: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    return parts.scheme, unquote(parts.path) if parts.scheme else uri


def _elsewhere(uri: str) -> str | None:
    """Return what to say of artifacts that are not in the store, without secrets; None if there are none."""
    parts = _split(uri)
    if parts is None or parts[0] == _SERVED or "\0" in uri:
        return None
    if parts[0] in ("", "file"):
        return f"artifacts at {parts[1]}" if parts[1] and Path(parts[1]).is_dir() else None
    address = urlsplit(uri)
    return f"artifacts at {address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"


def _files(directory: Path, store: Store) -> Iterator[tuple[str, Path]]:
    for path in store.walk(directory, lambda _: True):
        yield path.relative_to(directory).as_posix(), path


def _gather(directory: Path, tags: Mapping[str, str], artifacts: Artifacts, store: Store) -> None:
    paths = dict(_files(directory, store))
    taken = _add_images(paths, artifacts.media)
    artifacts.media.note_changing()  # a table may be logged again, with more rows
    for name in _tables_in(tags):
        if name in paths and name not in taken:
            taken |= _add_table(directory, name, paths, artifacts.media)
    for name, path in paths.items():
        if name not in taken:
            artifacts.files.add(name, path)


def _add_images(paths: Mapping[str, Path], media: MediaList) -> set[str]:
    """Take the logged images in the order in which they were logged, and return the names of their files."""
    logged = []
    for name in paths:
        match = _LOGGED.fullmatch(name)
        if match and is_step(int(match["step"])):
            logged.append((int(match["ms"]), name, match))
    taken: set[str] = set()
    for time_ms, name, match in sorted(logged, key=lambda item: item[:2]):
        if match["small"]:
            continue
        key = re.sub("[~#]", "/", match["key"])
        if media.add_file(key, int(match["step"]), time_ms / 1000, IMAGE, paths[name]):
            stem = name.rpartition(".")[0]
            taken |= {name, f"{stem}{match['mark']}compressed.webp"}
    return taken


def _tables_in(tags: Mapping[str, str]) -> list[str]:
    """Return the paths of logged tables, which a tag has."""
    try:
        entries = json.loads(tags.get(_TAG, "[]"))
    except (ValueError, RecursionError):
        return []
    tables = [entry.get("path") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [path for path in tables[:_MOST_TABLES] if isinstance(path, str) and path.endswith(".json")]


def _add_table(directory: Path, name: str, paths: Mapping[str, Path], media: MediaList) -> set[str]:
    """Take a table, whose pictures are a gallery of their column; return the names of the files that it was in."""
    try:
        document = read_json(directory / name)
    except (OSError, DamagedError):
        return set()
    columns, rows = document.get("columns"), document.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return set()
    key = name.removesuffix(".json")
    if not media.add_table(key, 0, None, list(map(str, columns)), [list(map(_cell, row)) for row in rows]):
        return set()
    taken = {name}
    for at, column in enumerate(columns):
        pictures = (row[at]["filepath"] for row in rows if at < len(row) and _is_picture(row[at]))
        for picture in islice(pictures, MAX_AT_ONCE):
            path = paths.get(picture) if picture.startswith(_TABLE_IMAGES) else None
            if path is not None and media.add_file(f"{key}/{column}", 0, None, IMAGE, path):
                taken |= {picture, f"{picture.removesuffix('.png')}.webp"}
    return taken


def _is_picture(cell: object) -> bool:
    return isinstance(cell, dict) and cell.get("type") == "image" and isinstance(cell.get("filepath"), str)


def _cell(cell: object) -> object:
    if isinstance(cell, dict) and _is_picture(cell):
        return cell["filepath"].rpartition("/")[2]
    return cell if isinstance(cell, (str, int, float, bool, type(None))) else json.dumps(cell)
