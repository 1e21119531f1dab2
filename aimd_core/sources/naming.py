"""Which trials a person means, wherever they are: the one place that reads names of trials.

- `cnn_keras`, `cnn`, `0f2c`: a name, or the unique beginning of a name or an id, in the directory that names are looked
  up in, or on the server with `--remote`;
- `@latest`, `@latest(3)`, `@running`, `@failed` and other states, `@best(val.acc)`, `@best(val.loss:min)`: chosen by
  what is known of the trials;
- `@night`: what the saved view of that name chooses, in its order; without one, a trial that is named so;
- `runs/.aimd/trials/cnn_keras_261123_150327_f9by70`: with a slash, the path of a directory;
- `team:cnn_keras`, `team:/vision/resnet/run7`, `team:/vision/@latest`: on the server with this short name, `remote:`
  being the active one; with a slash at the end, all in the folder and below.

Rules: docs/guides/terminal.md, "Naming trials".
"""

from __future__ import annotations

import re
from pathlib import Path

from aimd_core.direction import HIGHER, LOWER, direction_of
from aimd_core.errors import (
    MetricNotFoundError,
    NoDirectoryError,
    NotFoundError,
    NoTrialsError,
    OldServerError,
    TrialNotFoundError,
    UsageError,
)
from aimd_core.format.layout import absolute, default_directory, expanded, holds_trials, is_trial_directory
from aimd_core.format.model import INITIALIZING, RUNNING, STATES
from aimd_core.format.values import is_uuid
from aimd_core.hosts import REMOTE, short_names
from aimd_core.language import said
from aimd_core.sources.handles import TrashEntry, TrialHandle, TrialSource, trashed_named

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_core.format.saved_views import SavedView
    from aimd_core.sources.local import DirectorySource
    from aimd_core.sources.remote import ServerSource
    from aimd_core.sources.stores import StoreReader, StoreSource

_ADDRESS = re.compile(r"(?P<server>[A-Za-z0-9][A-Za-z0-9_-]{0,31}):(?P<rest>.*)", re.DOTALL)
_SELECTOR = re.compile(r"@(?P<word>[A-Za-z]*)(?:\((?P<inside>.*)\)|:(?P<after>.+))?", re.DOTALL)
_BY_STATE = {state.lower(): f"state = {state}" for state in STATES} | {
    RUNNING.lower(): f"state in [{INITIALIZING}, {RUNNING}]"
}
_SEVERAL = 2
_SELECTORS = "@latest, @latest(3), @running, @failed, @best(val.acc), @best(val.loss:min)"


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

    def __init__(
        self,
        directory: str | Path | None = None,
        remote: bool = False,
        host: str | None = None,
        stores: StoreReader | None = None,
    ) -> None:
        """Choose where names without a place are looked up.

        Args:
            directory: A directory, or `team:/folder`; with `remote`, a folder of the active server. By default the
                directory of `AIMD_DIR`, or the working directory.
            remote: Whether that is the active server.
            host: A server to take for the active one: its address, or a part of it.
            stores: Reads the stores of other trackers in place; by default none is.
        """
        self._stores = stores
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

    def active_server(self) -> ServerSource:
        """Return all trials of the active server."""
        return self._server(REMOTE)

    def _opened(self, directory: str | None) -> TrialSource:
        if self._remote:
            return self._server(REMOTE).within(directory or "")
        address = None if directory is None or Path(directory).is_dir() else self._names.split(directory)
        if address is not None:
            return self._server(address[0]).within(address[1])
        if directory is None:
            return _directory(default_directory())
        path = expanded(directory)
        return self._store(path) or _directory(path)

    def _store(self, path: Path) -> StoreSource | None:
        """Return the store of another tracker at a path, None if there is none."""
        trials = self._stores(path) if self._stores is not None else None
        if trials is None:
            return None
        from aimd_core.sources.stores import StoreSource

        return StoreSource(path, trials)

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
        origin, rest = self._placed(text)
        source, rest = origin.part(rest)
        if not rest:
            return source.trials()
        if "/" in rest and (in_store := self._in_store(origin, Path(rest))) is not None:
            return in_store
        if source.is_on_disk and rest.endswith("/"):
            path = expanded(rest)
            if not path.is_dir():
                raise NoDirectoryError(where=absolute(path))
            if holds_trials(path) and not is_trial_directory(path):
                return _directory(path).trials()  # as the folder of a server
        try:
            return select(source, rest) if rest.startswith("@") else [source.named(rest)]
        except (NoTrialsError, TrialNotFoundError):
            if "/" not in rest and (in_store := self._in_store(origin, Path(rest))) is not None:
                return in_store  # names come before what is next to them
            raise

    def _in_store(self, origin: TrialSource, path: Path) -> list[TrialHandle] | None:
        """Return all runs of the store at a path, or the one that the path names in it; None if it is not in one.

        What follows a server's name is a folder there, never a path on this disk.
        """
        if self._stores is None or not origin.is_on_disk or is_trial_directory(path):
            return None
        store = self._store(path) if path.exists() else None
        if store is not None:
            return store.trials()
        store = self._store(path.parent) if not path.exists() and path.parent.exists() else None
        return None if store is None else [store.named(path.name)]

    def view(self, text: str) -> SavedView | None:
        """Return the saved view that a text names, None if it names trials in another way. Errors as `named`."""
        source, rest = self._placed(text)
        source, rest = source.part(rest)
        return _view(source, rest) if rest.startswith("@") else None

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
        trash = source.trash()
        if not source.is_on_disk and "/" in rest:  # folders before a name, as the trash lists them
            folder, _, rest = rest.rpartition("/")
            trash = [entry for entry in trash if f":/{folder.strip('/')}/".replace("//", "/") in entry.origin]
        address = "" if source.is_on_disk and self._directory is None else source.address
        return trashed_named(rest, trash, said("the trash of {where}", where=source.location), address)

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
    view = _view(source, text)
    if view is not None:
        return source.chosen(view.query, view.sort, None)
    match = _SELECTOR.fullmatch(text)
    word, inside = (match["word"], match["inside"] or match["after"] or "") if match else ("", "")
    if word == "latest" and (not inside or inside.isdecimal()):
        trials = source.chosen("", "", int(inside or 1))
    elif word in _BY_STATE and not inside:
        trials = source.chosen(_BY_STATE[word], "", None)
    elif word == "best" and inside:
        return _best(source, inside.strip())
    else:
        return [_called_so(source, text)]
    if not trials and word in _BY_STATE:
        raise NotFoundError(message=said("no trial in {where} is {state}", where=source.location, state=word.title()))
    return trials or source.trials()[:1]  # without any, the source says so


def _called_so(source: TrialSource, text: str) -> TrialHandle:
    """Return the trial whose name is a text that begins with `@` and chooses nothing.

    Raises:
        UsageError: There is none.
        AmbiguousTrialError: There are several.
    """
    try:
        return source.named(text)
    except (NoTrialsError, TrialNotFoundError):
        raise UsageError(
            message=said("{text!r} is not a way to choose trials", text=text),
            hint=said("There are: {known}", known=_SELECTORS),
        ) from None


def _view(source: TrialSource, text: str) -> SavedView | None:
    """Return the saved view that a text such as `@night` names, None if there is none."""
    from aimd_core.format.saved_views import may_be_name

    if not may_be_name(text[1:]):
        return None
    try:
        return next((kept.view for kept in source.views.all() if kept.name == text[1:]), None)
    except OldServerError:
        return None


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
