"""The vocabulary: statuses, states, metric types and trial names.

Nothing here uses the disk or the network. Source: docs/reference/trial-format.md.
"""

from __future__ import annotations

import re

from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping

INITIALIZING, RUNNING, SUCCEEDED, FAILED = "Initializing", "Running", "Succeeded", "Failed"
KILLED, LOST, INTERRUPTED = "Killed", "Lost", "Interrupted"
STATUSES = (INITIALIZING, RUNNING, SUCCEEDED, FAILED)  # written in metadata.yaml
STATES = (*STATUSES, KILLED, LOST, INTERRUPTED)  # derived by a reader
UNFINISHED = (INITIALIZING, RUNNING)

CONFLICT_STRATEGIES = ("skip", "error", "new", "replace")
DEFAULT_FOLDER = "/default"
INPUT_ARTIFACTS, OUTPUT_ARTIFACTS = "inputArtifacts", "outputArtifacts"  # ids, in the document of a trial

_TYPE_ALIASES = {
    "training": "train",
    "validate": "val",
    "validation": "val",
    "testing": "test",
    "eval": "test",
    "evaluate": "test",
    "evaluation": "test",
}

_MAX_PREFIX_CHARS = 200
_ALTERNATIVE_NAME = re.compile(r"(?P<name>.*)_(?P<created>[0-9]{6}_[0-9]{6})_(?P<suffix>[a-z0-9]{6})", re.DOTALL)


class StoredObject:
    """An object of an artifact: its key, its size in bytes, and its SHA-256 in hexadecimal, None if unknown."""

    __slots__ = ("digest", "key", "size_bytes")

    def __init__(self, key: str, size_bytes: int, digest: str | None = None) -> None:
        self.key = key
        self.size_bytes = size_bytes
        self.digest = digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredObject) and self._members() == other._members()

    def __hash__(self) -> int:
        return hash(self._members())

    def __repr__(self) -> str:
        return f"<StoredObject {self.key} {self.size_bytes} {self.digest}>"

    def _members(self) -> tuple[str, int, str | None]:
        return self.key, self.size_bytes, self.digest


class ReferenceFacts:
    """What is known of what a reference of an artifact leads to.

    Attributes:
        size_bytes: How many bytes, or None.
        digest: Its SHA-256 in hexadecimal, or None.
        etag: What its web server calls that content, or None.
    """

    __slots__ = ("digest", "etag", "size_bytes")

    def __init__(self, size_bytes: int | None = None, digest: str | None = None, etag: str | None = None) -> None:
        self.size_bytes = size_bytes
        self.digest = digest
        self.etag = etag

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReferenceFacts) and self.document() == other.document()

    def __hash__(self) -> int:
        return hash((self.size_bytes, self.digest, self.etag))

    def document(self) -> dict[str, object]:
        """Return what is known, as it is written."""
        named = {"size": self.size_bytes, "digest": self.digest, "etag": self.etag}
        return {name: value for name, value in named.items() if value is not None}


def folder_path_of(text: str) -> str:
    """Return the path of a folder as servers spell it, with a slash in front and none at the end."""
    return "/" + "/".join(part for part in text.split("/") if part)


def standard_type(metrics_type: str) -> str:
    """Return the standard name of a metrics type: `training` is `train`, `evaluate` is `test`."""
    return _TYPE_ALIASES.get(metrics_type, metrics_type)


def is_alternative_name(directory_name: str) -> bool:
    """Tell whether a directory with that name is taken for a trial."""
    return _ALTERNATIVE_NAME.fullmatch(directory_name) is not None


def split_alternative_name(directory_name: str) -> tuple[str, str, str]:
    """Split an alternative name into the trial's name, `YYMMDD_HHMMSS` and the suffix.

    Raises:
        ValueError: It is not an alternative name.
    """
    match = _ALTERNATIVE_NAME.fullmatch(directory_name)
    if match is None:
        raise ValueError(said("not an alternative name: {directory_name!r}", directory_name=directory_name))
    return match["name"], match["created"], match["suffix"]


def strict_json(value: object) -> object:
    """Return a JSON value in which each non-finite number is the string NaN, Infinity or -Infinity."""
    if isinstance(value, float) and value - value != 0.0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict_json(item) for item in value]
    return value


def flatten(parameters: Mapping[str, object]) -> dict[str, object]:
    """Return nested parameters as one level with dotted names: `{"optim": {"lr": 1}}` is `{"optim.lr": 1}`.

    A mapping below a name of more than 200 characters stays as it is: with each of its keys the name would be
    written again.
    """
    flat: dict[str, object] = {}
    _flatten(parameters, "", flat)
    return flat


def _flatten(parameters: Mapping[str, object], prefix: str, flat: dict[str, object]) -> None:
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and len(name) <= _MAX_PREFIX_CHARS:
            _flatten(value, f"{name}.", flat)
        else:
            flat[name] = value


def console_address(host: str, trial_id: str = "") -> str:
    """Return the address of the console that belongs to the API at `host`, or of a trial in it."""
    console = f"{host.rstrip('/').rpartition('/')[0]}/web/"
    return f"{console}{trial_anchor(trial_id)}" if trial_id else console


def link_address(host: str, key: str) -> str:
    """Return the address that opens, without an account, what the public link with a key shows."""
    return f"{console_address(host)}#/s/{key}/"


def artifact_address(host: str, folder_id: str, version: str) -> str:
    """Return the address of a version of an artifact in the console that belongs to the API at `host`."""
    return f"{console_address(host)}#/folders/{folder_id}/?artifactVersion={version}"


def trial_anchor(trial_id: str) -> str:
    """Return where the console shows a trial, relative to the console itself."""
    return f"#/trials/{trial_id}/"
