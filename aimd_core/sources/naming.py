"""Which trials a person means, wherever they are: the one place that reads names of trials.

- `cnn_keras`, `cnn`, `0f2c`: a name, or the unique beginning of a name or an id, in the directory that names are looked
  up in, or on the server with `--remote`;
- `@latest`, `@latest(3)`, `@running`, `@best(val.acc)`, `@best(val.loss:min)`: chosen by what is known of the trials;
- `runs/.aimd/trials/cnn_keras_261123_150327_f9by70`: with a slash, the path of a directory;
- `team:cnn_keras`, `team:/vision/resnet/run7`, `team:/vision/@latest`: on the server with this short name, `remote:`
  being the active one; with a slash at the end, all in the folder and below.

Rules: docs/guides/terminal.md, "Naming trials".
"""

from __future__ import annotations

import re
from pathlib import Path

from aimd_core.direction import HIGHER, LOWER, direction_of
from aimd_core.errors import MetricNotFoundError, NotFoundError, UsageError
from aimd_core.format.layout import default_directory, expanded
from aimd_core.format.model import INITIALIZING, RUNNING
from aimd_core.format.values import is_uuid
from aimd_core.hosts import REMOTE, short_names
from aimd_core.language import said
from aimd_core.sources.handles import TrashEntry, TrialHandle, TrialSource, trashed_named

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_core.sources.local import DirectorySource
    from aimd_core.sources.remote import ServerSource

_ADDRESS = re.compile(r"(?P<server>[A-Za-z0-9][A-Za-z0-9_-]{0,31}):(?P<rest>.*)", re.DOTALL)
_SELECTOR = re.compile(r"@(?P<word>[A-Za-z]*)(?:\((?P<inside>.*)\)|:(?P<after>.+))?", re.DOTALL)
_RUNNING = f"state in [{INITIALIZING}, {RUNNING}]"
_SEVERAL = 2
_SELECTORS = "@latest, @latest(3), @running, @best(val.acc), @best(val.loss:min)"


class ServerNames:
    """The short names of servers, from the config file, which is read when a text has a colon."""

    def __init__(self) -> None:
        self._names: dict[str, str] | None = None

    def _read(self) -> dict[str, str]:
        if self._names is None:
            from aimd_core.config import read_config  # which loads YAML; most names have no colon

            self._names = short_names(read_config())
        return self._names

    def split(self, text: str) -> tuple[str, str] | None:
        """Return the server's short name in a text such as `team:/vision`, and what follows; None if it names none.

        Raises:
            NotFoundError: It can only be meant for one, and none has that name.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None:
            return None
        server, rest = match["server"], match["rest"]
        if server != REMOTE and server not in self._read():
            if not rest.startswith(("/", "@")) or rest.startswith("//"):
                return None
            listed = ", ".join(f"{name}:" for name in (REMOTE, *self._read()))
            raise NotFoundError(
                message=said("no server has the short name {server!r}", server=server),
                hint=said("There are: {names}; to name a server: aimd login -H URL --as NAME", names=listed),
            )
        return server, rest

    def host(self, name: str) -> str | None:
        """Return the address of a server, None for the active one."""
        return None if name == REMOTE else self._read()[name]


class TrialFinder:
    """Finds trials by what a person writes. Use it as a context manager, or close it: sources stay open until then."""

    def __init__(self, directory: str | Path | None = None, remote: bool = False, host: str | None = None) -> None:
        """Choose where names without a place are looked up.

        Args:
            directory: A directory, or `team:/folder`; with `remote`, a folder of the active server. By default the
                directory of `AIMD_DIR`, or the working directory.
            remote: Whether that is the active server.
            host: A server to take for the active one: its address, or a part of it.
        """
        self._directory = None if directory is None else str(directory)
        self._remote, self._host = remote, host
        self._servers: dict[str, ServerSource] = {}
        self._base: TrialSource | None = None
        self._names = ServerNames()

    def __enter__(self) -> TrialFinder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all sources."""
        for server in self._servers.values():
            server.close()

    @property
    def source(self) -> TrialSource:
        """Where names without a place are looked up.

        Raises:
            NotFoundError: No server has the short name.
            NotSignedInError, OldServerError, NetworkError: It is a server that cannot be asked.
        """
        if self._base is None:
            self._base = self._opened(self._directory)
        return self._base

    def _opened(self, directory: str | None) -> TrialSource:
        if self._remote:
            return self._server(REMOTE).within(directory or "")
        address = None if directory is None or Path(directory).is_dir() else self._names.split(directory)
        if address is not None:
            return self._server(address[0]).within(address[1])
        return _directory(default_directory() if directory is None else expanded(directory))

    def _server(self, name: str) -> ServerSource:
        if name not in self._servers:
            from aimd_core.config import resolve_credentials
            from aimd_core.sources.remote import ServerSource

            host = self._host if name == REMOTE else self._names.host(name)
            self._servers[name] = ServerSource(resolve_credentials(host), name)
        return self._servers[name]

    def everything(self) -> list[TrialHandle]:
        """Return all trials of the source, newest first.

        Raises:
            NoTrialsError: There are none.
        """
        return self.source.trials()

    def at(self, path: Path) -> TrialHandle:
        """Return the trial with a directory.

        Raises:
            TrialNotFoundError: It is not a trial's directory.
        """
        return _directory(path.parent).at(path)

    def named(self, text: str) -> list[TrialHandle]:
        """Return the trials that a text means: one, unless it chooses or is a folder.

        Raises:
            NotFoundError: There is none, or no such server; the error lists similar names.
            AmbiguousTrialError: A name matches several.
            UsageError: It begins with `@`, but is no way to choose trials.
            NotSignedInError, OldServerError, NetworkError: It is on a server that cannot be asked.
        """
        source, rest = self._placed(text)
        source, rest = source.part(rest)
        if not rest:
            return source.trials()
        return select(source, rest) if rest.startswith("@") else [source.named(rest)]

    def expect(self, texts: Sequence[str]) -> None:
        """Prepare for names to come: ids on the server where names are looked up are asked for together."""
        if not self._remote or len(texts) < _SEVERAL:
            return
        from aimd_core.client.lists import batch

        source = self._server(REMOTE)
        source.expected |= batch(source.server, [text for text in texts if is_uuid(text)], detail=True)

    def trashed(self, text: str) -> TrashEntry:
        """Return the trial in a trash that a text means. Errors as `named`."""
        source, rest = self._placed(text)
        return trashed_named(rest, source.trash(), said("the trash of {where}", where=source.location))

    def _placed(self, text: str) -> tuple[TrialSource, str]:
        """Return in which source a text looks, and what follows its name."""
        is_path = not self._remote and text.startswith((".", "/", "~"))
        address = None if is_path else self._names.split(text)
        return (self.source, text) if address is None else (self._server(address[0]), address[1])


def _directory(path: Path) -> DirectorySource:
    from aimd_core.sources.local import DirectorySource  # a name on a server needs no index of directories

    return DirectorySource(path)


def only_one(trials: Sequence[TrialHandle]) -> TrialHandle:
    """Return the only one of several trials.

    Raises:
        UsageError: There are more.
    """
    if len(trials) != 1:
        raise UsageError(message=said("this takes one trial, not {count}", count=len(trials)), hint="Name one of them")
    return trials[0]


def select(source: TrialSource, text: str) -> list[TrialHandle]:
    """Return the trials that a text such as `@latest` chooses.

    Raises:
        UsageError: It is none of these, or does not say which direction is better.
        NotFoundError: It chooses none.
    """
    match = _SELECTOR.fullmatch(text)
    word, inside = (match["word"], match["inside"] or match["after"] or "") if match else ("", "")
    if word == "latest" and (not inside or inside.isdecimal()):
        trials = source.chosen("", "", int(inside or 1))
    elif word == "running" and not inside:
        trials = source.chosen(_RUNNING, "", None)
    elif word == "best" and inside:
        return _best(source, inside.strip())
    else:
        raise UsageError(
            message=said("{text!r} is not a way to choose trials", text=text),
            hint=said("There are: {known}", known=_SELECTORS),
        )
    if not trials and word == "running":
        raise NotFoundError(message=said("no trial is running in {where}", where=source.location))
    return trials or source.trials()[:1]  # without any, the source says so


def _best(source: TrialSource, text: str) -> list[TrialHandle]:
    """Return the trial with the best value of a metric, such as `val.acc`, `val.acc.max`, `val.x:max` or `-val.x`."""
    from aimd_core.query import field_text, parse_field

    name, _, told = text.rpartition(":")
    if told not in (LOWER, HIGHER):
        name, told = (text[1:], LOWER) if text.startswith("-") else (text, "")
    field = parse_field(name)
    direction = told or direction_of(field.name)
    if field.kind != "metric" or direction is None:
        raise UsageError(
            message=said("whether less or more of {name} is better is unknown", name=name)
            if field.kind == "metric"
            else said("{name} is not a metric", name=name),
            hint=said("Say it: '@best({name}:max)' or '@best({name}:min)'", name=name)
            if field.kind == "metric"
            else "For example: '@best(val.acc)'",
        )
    shown = field_text(field)
    trials = source.chosen(f"{shown} is not missing", "-" * (direction == HIGHER) + shown, 1)
    if not trials:
        raise MetricNotFoundError(shown, source.location, source.metric_names())
    return trials
