"""Every error that this project raises on purpose, with its text.

An error has a stable `code`, its facts in `facts`, a `text` that says what happened and where, and a `hint` that says
what to do next. Callers choose how much to catch::

    AimdError
    ├── UsageError        the call itself is wrong
    │   ├── ConfigError
    │   ├── InvalidNameError
    │   │   └── InvalidRepoNameError
    │   ├── QueryError
    │   └── AmbiguousTrialError
    ├── NotFoundError     nothing there by that name
    │   ├── TrialNotFoundError
    │   ├── NoTrialsError
    │   │   └── NoDirectoryError
    │   ├── ArtifactNotFoundError
    │   ├── NoArtifactsError
    │   ├── MetricNotFoundError
    │   ├── FileNotRecordedError
    │   ├── MediaNotFoundError
    │   ├── SelectorFitsNoneError
    │   └── RemoteNotFoundError
    ├── AccessError       not signed in, or not allowed
    │   ├── NotSignedInError
    │   └── KeyRefusedError
    ├── NetworkError      no answer, or none to rely on: try again
    │   ├── UnreachableError
    │   ├── BusyError
    │   │   ├── StorageFullError
    │   │   └── StorageAwayError
    │   └── NotAServerError
    ├── DamagedError      a file is not what it should be
    │   └── DamageFoundError
    ├── DiskError         the local disk refused
    ├── ConflictError     local and server disagree; nothing was changed
    │   ├── NameTakenError
    │   │   └── NameInUseError
    │   ├── ExistsError
    │   ├── NotTheSameError
    │   ├── ViewChangedError
    │   └── ContentDiffersError
    ├── QuotaError        the server has no room left for that user or folder
    ├── OldServerError    the server's protocol has no word for it
    ├── StoppedError      Ctrl-C in the middle of an upload or a download
    ├── PartlyDoneError   some of several things failed
    │   ├── LeftOutError
    │   └── ArtifactsDamagedError
    ├── TrialStateError   the trial has ended
    ├── ArtifactStateError an artifact was uploaded; also a RuntimeError
    ├── TrialRunningError the trial still runs
    ├── MissingExtraError a library is missing that an extra brings; also an ImportError
    ├── MissingPackageError  a library is missing that every command needs; also an ImportError
    ├── WaitEndedError    what was waited for has not come
    ├── PictureError      a picture cannot be shown
    └── InTheWayError     something is there already; nothing was overwritten
"""

from __future__ import annotations

from aimd_core.language import Said, said, translated

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path


class AimdError(Exception):
    """The root of all errors of this project.

    Attributes:
        code: A stable slug for programs.
        facts: The facts in the texts, by name.
    """

    code = "error"
    text = "{message}"
    hint = ""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.text.format(**facts))

    def __str__(self) -> str:
        """Return the sentence in the user's language; programs use `code` and `facts`."""
        return translated(self.sentence)

    def __reduce__(self) -> tuple[object, ...]:
        """Say how it is made again: worker processes send their errors, and a pool hangs on one that cannot be read."""
        return _made_again, (type(self), self.args, self.__dict__)

    @property
    def sentence(self) -> Said:
        """What happened and where."""
        return Said(self.text, _with_words(self.facts))

    @property
    def reason(self) -> str:
        """Why, without the place; the whole sentence if it has no reason of its own. It can still be translated."""
        given = self.facts.get("reason")
        return given if isinstance(given, str) and given else self.sentence

    @property
    def advice(self) -> str:
        """What to do next, or an empty string."""
        given = self.facts.get("hint")
        return given if isinstance(given, str) and given else Said(self.hint, _with_words(self.facts))

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # made when it is asked for
        """The advice, which a traceback shows below the error from Python 3.11 on, and notes that others add."""
        notes: list[str] | None = self.__dict__.get("_notes")
        if notes is None:
            notes = self.__dict__["_notes"] = [f"  {line}" for line in translated(self.advice).splitlines()]
        return notes


def _made_again(kind: type[AimdError], arguments: tuple[object, ...], attributes: dict[str, object]) -> AimdError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error


_WORDS = frozenset({"message", "metric", "problem", "reason", "server", "verb", "what", "where", "why"})


def _with_words(facts: dict[str, object]) -> dict[str, object]:
    """Return facts, of which those that may be our words rather than data can be translated."""
    return {
        name: Said(fact, {}) if name in _WORDS and isinstance(fact, str) and not isinstance(fact, Said) else fact
        for name, fact in facts.items()
    }


class UsageError(AimdError):
    """The call itself is wrong: an argument, an option, a setting."""

    code = "usage"


class ReadOnlyStoreError(UsageError):
    """A change of a run that is in another tracker's store, which is only read. Facts: store."""

    code = "read_only_store"
    text = "{store} is the store of another tracker, and it is only read"
    hint = "To make trials of its runs: aimd trial import {store}"


class ConfigError(UsageError):
    """The SDK config file cannot be used. Facts: path, reason."""

    code = "config"
    text = "{path}: {reason}"
    hint = "Fix the file, or move it away and run: aimd login"


class NetworkSettingError(UsageError):
    """The environment names a proxy or certificates that cannot be used. Facts: variable, reason."""

    code = "network_setting"
    text = "{variable} cannot be used: {reason}"
    hint = "Change or unset it; aimd help environment explains it"


class InvalidNameError(UsageError):
    """A name that cannot be a directory name. Facts: name, reason."""

    code = "invalid_name"
    text = "trial name {name!r} cannot be used: {reason}"
    hint = "Choose a name without '/', NUL or '..'"


class InvalidRepoNameError(InvalidNameError):
    """A name that an artifact cannot have. Facts: name, reason."""

    text = "artifact name {name!r} cannot be used: {reason}"


class QueryError(UsageError):
    """A query that cannot be parsed. Facts: query, start, end (of the fault, in characters), problem, hint."""

    code = "query"
    text = "query: {problem}"

    @property
    def problem(self) -> Said:
        """What is wrong, alone."""
        return Said("{problem}", _with_words({"problem": self.facts["problem"]}))

    @property
    def fault(self) -> tuple[str, int, int]:
        """The query, and where in it the fault begins and ends, in characters; to put a mark under it."""
        start, end = self.facts["start"], self.facts["end"]
        assert isinstance(start, int)
        assert isinstance(end, int)
        return str(self.facts["query"]), start, end


class AmbiguousTrialError(UsageError):
    """A prefix that matches several trials. Facts: name, candidates (a list of names)."""

    code = "ambiguous"
    text = "{name!r} matches several trials: {listed}"
    hint = "Type more of the name, or the beginning of an id, as aimd trial ls shows it"

    def __init__(self, name: str, candidates: list[str]) -> None:
        more = said(" and {count} more", count=len(candidates) - 8) if len(candidates) > 8 else ""
        shown = said("{names}{more}", names=", ".join(candidates[:8]), more=more)
        super().__init__(name=name, candidates=candidates, listed=shown)


class MissingExtraError(AimdError, ImportError):
    """A library that only one extra needs is not installed. Facts: library, extra."""

    code = "missing_extra"
    text = "{library} is not installed: pip install 'aimd-cli[{extra}]'"


class MissingPackageError(AimdError, ImportError):
    """A package that every command needs is not installed, as after `pip install --no-deps`. Facts: library."""

    code = "missing_package"
    text = "{library} is not installed, which commands need and recording does not: pip install aimd-cli"


class NotFoundError(AimdError):
    """There is nothing by that name."""

    code = "not_found"


class UserNotFoundError(NotFoundError):
    """The server has no user of that name. Facts: user."""

    code = "user_not_found"
    text = "there is no user {user!r}"
    hint = "Run: aimd server user add {user}"


class TrialNotFoundError(NotFoundError):
    """No trial by that name or path. Facts: name, where, near (a list of names), hint."""

    code = "trial_not_found"
    text = "no trial {name!r} in {where}"
    hint = "Run: aimd trial ls"

    def __init__(self, name: str, where: str, near: list[str] | None = None, hint: str = "") -> None:
        super().__init__(name=name, where=where, near=near or [], hint=hint)

    @property
    def advice(self) -> str:
        """What the caller gave, else the most similar names, if any."""
        near = self.facts["near"]
        assert isinstance(near, list)
        if near and not self.facts["hint"]:
            return said("Did you mean: {near}", near=", ".join(near))
        return super().advice


class NoTrialsError(NotFoundError):
    """A directory without trials. Facts: where."""

    code = "no_trials"
    text = "{where} holds no trials"
    hint = "Go to the directory that holds .aimd, or name it"


class NoDirectoryError(NoTrialsError):
    """A directory that was to hold trials is not there. Facts: where."""

    text = "there is no directory {where}"


def unlisted(directory: Path, error: OSError | None = None) -> NoTrialsError:
    """Return the error for a directory of trials that is not there, or that could not be listed because of `error`."""
    if error is None or isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return NoDirectoryError(where=directory.absolute())
    return NoTrialsError(where=f"{directory.absolute()} ({error.strerror})")


class ArtifactNotFoundError(NotFoundError):
    """No artifact by that path, id or name. Facts: name, where."""

    code = "artifact_not_found"
    text = "no artifact {name!r} in {where}"
    hint = "Run: aimd artifact ls"


class NoArtifactsError(NotFoundError):
    """A directory without artifacts. Facts: where."""

    code = "no_artifacts"
    text = "{where} holds no artifacts"
    hint = "Go to the directory that holds .aimd, or name it"


class MetricNotFoundError(NotFoundError):
    """No metric by that name. Facts: metric, where, known (a list of names)."""

    code = "metric_not_found"
    text = "no metric {metric} in {where}"

    def __init__(self, metric: str, where: str, names: list[str]) -> None:
        self.names = names
        self._several = [name.strip() for name in metric.split(",")]
        super().__init__(metric=repr(metric) if metric else "at all", where=where, known=names)

    @property
    def advice(self) -> str:
        """The existing names."""
        if not self.names:
            return "Nothing was logged there yet"
        if len(self._several) > 1 and not set(self._several).isdisjoint(self.names):
            return said("Name each on its own: {options}", options=" ".join(f"-m {name}" for name in self._several))
        more = said(" and {count} more", count=len(self.names) - 12) if len(self.names) > 12 else ""
        return said("There are: {known}{more}", known=", ".join(self.names[:12]), more=more)


class SelectorFitsNoneError(NotFoundError):
    """A selector of a gate that matches no trial. Facts: selector."""

    code = "selector_fits_none"
    text = "no trial matches the selector {selector!r}"
    hint = "A selector is tag:NAME, name:NAME, all, or a query; trials are looked up in the same directory (-d DIR)"


class FileNotRecordedError(NotFoundError):
    """A trial without an optional file. Facts: name, what."""

    code = "not_recorded"
    text = "{name} has no recorded {what}"


class MediaNotFoundError(NotFoundError):
    """A trial without such a picture, table or the like. Facts: key, step (or None), index."""

    code = "media_not_found"
    text = "nothing was recorded at {key!r}, step {step}, number {index}"


class RemoteNotFoundError(NotFoundError):
    """The server has no such object, or this key may not see it. Facts: what."""

    code = "remote_not_found"
    text = "{what} is not on the server, or you may not see it"
    hint = "Run: aimd trial ls --remote"


class RemoteArtifactNotFoundError(RemoteNotFoundError):
    """The server has no such artifact, or this key may not see it. Facts: what."""

    hint = "Run: aimd artifact ls --remote"


class RemoteFolderNotFoundError(RemoteNotFoundError):
    """The server has no such folder, or this key may not see it. Facts: what."""

    hint = "Run: aimd folder tree"


class AccessError(AimdError):
    """Not signed in, or not allowed."""

    code = "access"


class NotSignedInError(AccessError):
    """No host or no key is set. Facts: host, the server whose key is missing, or empty."""

    code = "not_signed_in"
    text = "not signed in to {server}"
    hint = "Run: aimd login -H {address} -k KEY"

    def __init__(self, host: str = "") -> None:
        address = host or "https://HOST/t9k/experiment/server"
        super().__init__(host=host, server=host or "an AIMD server", address=address)


class KeyRefusedError(AccessError):
    """The server refused the API key. Facts: host, reason. The key itself is never a fact."""

    code = "key_refused"
    text = "{host} refused this API key ({reason})"
    hint = "Get a new key, then run: aimd login -H {host} -k KEY"


class NetworkError(AimdError):
    """No answer, or none to rely on: trying again may help."""

    code = "network"


class UnreachableError(NetworkError):
    """The server could not be reached. Facts: host, reason."""

    code = "unreachable"
    text = "cannot reach {host}: {reason}"
    hint = "Check the address and the network, then run the same command again"


class BusyError(NetworkError):
    """The server is busy or failing. Facts: host, reason."""

    code = "busy"
    text = "{host} is busy or failing ({reason})"
    hint = "Run the same command again later; it resumes where it stopped"


class StorageFullError(BusyError):
    """The server has no room left on its disk or in its object store. Facts: host, reason."""

    code = "storage_full"
    text = "{host} has no room left: its disk or its object store is full"
    hint = (
        "What it took before is kept. Ask whoever runs the server to make room, then run the same command again; it "
        "resumes where it stopped"
    )


class StorageAwayError(BusyError):
    """The server cannot use its object store. Facts: host, reason."""

    code = "storage_away"
    text = "{host} cannot use its object store now"
    hint = (
        "What it took before is kept. Run the same command again later; it resumes where it stopped. If that does not "
        "help, ask whoever runs the server: its log has the reason"
    )


class NotAServerError(NetworkError):
    """Something answered, but not as an AIMD server. Facts: host, reason."""

    code = "not_a_server"
    text = "{host} answered, but not as an AIMD server ({reason})"
    hint = "The address usually ends in /t9k/experiment/server"


class DamagedError(AimdError):
    """A file is damaged. Facts: path, reason."""

    code = "damaged"
    text = "{path}: {reason}"
    hint = "Other trials are not affected; nothing was changed"


class DamageFoundError(DamagedError):
    """A check found damage. Facts: damaged, total, what."""

    code = "damage_found"
    text = "{damaged} of {total} {what} are damaged"
    hint = "Nothing was changed; intact records stay readable, and a copy can be uploaded or restored"

    def __init__(self, damaged: int, total: int, what: str = "trials") -> None:
        super().__init__(damaged=damaged, total=total, what=what)


class DiskError(AimdError):
    """The local disk refused. Facts: path, reason."""

    code = "disk"
    text = "{path}: {reason}"
    hint = "Check free space and permissions there"


class ConflictError(AimdError):
    """Local and server disagree; nothing was changed."""

    code = "conflict"


class NameTakenError(ConflictError):
    """The folder already has a trial of that name. Facts: name, folder."""

    code = "name_taken"
    text = "a trial named {name!r} already exists in {folder}"
    hint = "Choose what to do with: --conflict-strategy skip|new|replace"


class NameInUseError(NameTakenError):
    """A trial or a folder has the name that another was to get. Facts: name, folder."""

    text = "a trial or a folder named {name!r} already exists in {folder}"
    hint = "Choose another name. To see what is there: aimd folder tree --trials"


class ViewChangedError(ConflictError):
    """Somebody else has changed a saved view on the server. Facts: host, reason."""

    code = "view_changed"
    text = "{host}: {reason}"
    hint = "Look at it with aimd trial views ls, then save yours again"


class ContentDiffersError(ConflictError):
    """Local and server bytes differ where they should be equal. Facts: path, reason."""

    code = "content_differs"
    text = "{path}: {reason}; nothing was overwritten"
    hint = "If the files here are right, replace the server's: aimd trial upload -p {trial} --overwrite"

    @property
    def advice(self) -> str:
        """The command that replaces what the server has."""
        from os.path import dirname
        from shlex import quote

        return said(self.hint, trial=quote(dirname(str(self.facts["path"]))))


class RefusedError(ConflictError):
    """The server refused a request for a reason of its own. Facts: host, reason."""

    code = "refused"
    text = "{host} refused: {reason}"


class QuotaError(AimdError):
    """What is sent does not fit into a quota of the server. Facts: host, holder, limit, used, more (as texts)."""

    code = "quota"
    text = "{host} has no room for {more} more: {holder} may hold {limit} and holds {used}"
    hint = "Delete there what nobody needs, or ask whoever runs the server for more: aimd server quota set"


class OldServerError(AimdError):
    """The server speaks only the deployed protocol, which cannot do this. Facts: host, what."""

    code = "old_server"
    text = "{host} speaks version 1 of the protocol and cannot {what}"
    hint = "Do it in the server's console, or run an AIMD server of version 2"


class ExistsError(ConflictError):
    """The directory of a trial already exists. Facts: path."""

    code = "exists"
    text = "{path} already exists; nothing was overwritten"
    hint = "Download it elsewhere: --to DIR"


class NotTheSameError(ConflictError):
    """Local and server were compared and differ. Facts: failed, total, what."""

    code = "not_the_same"
    text = "{failed} of {total} {what} are not the same on the server"
    hint = "Bring the server up to date with: aimd trial upload"

    def __init__(self, failed: int, total: int, what: str = "trials", **facts: object) -> None:
        super().__init__(failed=failed, total=total, what=what, **facts)


class StoppedError(AimdError):
    """The user stopped it. Facts: done, total, what."""

    code = "stopped"
    text = "Stopped. {done} of {total} {what}; run again to continue."


class PartlyDoneError(AimdError):
    """Some of several things failed; each was reported. Facts: failed, total, what."""

    code = "partly_done"
    text = "{failed} of {total} {what} failed"
    hint = "Run the same command again; finished parts are not repeated"


class LeftOutError(PartlyDoneError):
    """Trials were sent but for what is damaged here, or refused by the server. Facts: failed, total."""

    code = "left_out"
    text = "parts of {failed} of {total} trials were left out; all the rest is on the server"
    hint = "Fix, shorten or rename what is named above, and run the same command again"


class ArtifactsDamagedError(PartlyDoneError):
    """Some of several artifacts are damaged; each was named. Facts: failed, total."""

    code = "artifacts_damaged"
    text = "{failed} of {total} artifacts are damaged"
    hint = "The others are not affected; nothing was changed"


class TrialStateError(AimdError):
    """The trial has ended and accepts no more data. Facts: name, status."""

    code = "trial_ended"
    text = "trial {name!r} has ended ({status})"
    hint = "To continue it, load it: aimd.load_trial(trial_name=...)"


class ArtifactStateError(AimdError, RuntimeError):
    """The artifact was uploaded and cannot change. Facts: name, artifact_id."""

    code = "artifact_uploaded"
    text = "artifact {name!r} has been uploaded, so it cannot change"
    hint = "For new content, create a new version: aimd.create_artifact({name!r}, ...)"


class TrialRunningError(AimdError):
    """The trial is still running, so it cannot be moved. Facts: name, state, verb."""

    code = "trial_running"
    text = "{name} is {state}, so it was not {verb}"
    hint = "Wait until it ends: aimd trial wait {name}"


class PictureError(AimdError):
    """A picture cannot be shown. Facts: reason."""

    code = "picture"
    text = "the picture cannot be shown: {reason}"


class InTheWayError(AimdError):
    """Something exists already; nothing was overwritten. Facts: path."""

    code = "in_the_way"
    text = "{path} already exists; nothing was overwritten"
    hint = "Rename or move it away first"


class WaitEndedError(AimdError):
    """The awaited condition has not come true. Facts: why."""

    code = "wait_ended"
    text = "stopped waiting: {why}"


class EndedBadlyError(WaitEndedError):
    """A trial that was waited for has failed, or its process is gone. Facts: why."""

    code = "ended_badly"
