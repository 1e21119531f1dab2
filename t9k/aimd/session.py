"""Signing in and uploading from a script: the only part of the SDK that uses the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aimd_core.client.signing_in import verified
from aimd_core.config import API_KEY_KEY, HOST_KEY, Credentials, resolve_credentials
from aimd_core.errors import NetworkError, NotSignedInError, UsageError
from aimd_core.format.model import console_address
from aimd_core.language import joined, said
from aimd_core.reading.documents import Trial as StoredTrial
from aimd_core.reading.selection import select_trials
from aimd_core.upload import Companions, Destination, Uploaded, connect
from aimd_core.upload.along import conclude
from aimd_core.upload.contents import left_behind, sentence_of
from aimd_core.upload.refusals import sentences
from aimd_core.upload.sending import no_progress
from t9k.aimd.configuration import CONFIG, signed_out
from t9k.aimd.telling import tell


def credentials() -> Credentials:
    """Return what `login` or the script set, else what environment and file say, but nothing after `logout`."""
    if signed_out():
        raise NotSignedInError
    host, api_key = CONFIG._changed.get(HOST_KEY), CONFIG._changed.get(API_KEY_KEY)
    return resolve_credentials(str(host) if host else None, str(api_key) if api_key else None)


def login(
    host: str | None = None,
    api_key: str | None = None,
    timeout: float | None = None,
    unable_to_connect_ok: bool = False,
) -> None:
    """Sign in to an AIMD server for this process, checking that it accepts the key.

    Args:
        host: The server's address; by default from the environment or the config file.
        api_key: The key; likewise.
        timeout: Seconds to wait for the server; by default ten.
        unable_to_connect_ok: Ignore a server that cannot be reached.

    Raises:
        NotSignedInError: No host or no key is set anywhere.
        KeyRefusedError: The server does not accept the key.
        NetworkError: The server cannot be reached, unless that is ignored.
        UsageError: The host or the key has the wrong form.
    """
    given = resolve_credentials(host, api_key)
    CONFIG[HOST_KEY], CONFIG[API_KEY_KEY] = given.host, given.api_key
    try:
        given, _, _ = verified(given, timeout)
        CONFIG[HOST_KEY] = given.host
    except NetworkError:
        if not unable_to_connect_ok:
            raise


def logout() -> None:
    """Forget the key in this process. The config file is unchanged; use `aimd logout` for that."""
    CONFIG[API_KEY_KEY] = None


def upload_directory(
    path: Path,
    folder_id: str | None = None,
    folder_path: str | None = None,
    make_folder: bool | None = None,
    conflict_strategy: str | None = None,
    companions: Companions | None = None,
) -> Uploaded:
    """Upload the trial in one directory. Arguments and errors as `Trial.upload`; companions as in `Destination`."""
    destination = Destination(folder_id, folder_path, make_folder, conflict_strategy, companions)
    signed_in = credentials()
    with connect(signed_in) as remote:
        trial = StoredTrial(path)
        uploaded = remote.upload(trial, destination)
        conclude(remote, trial, uploaded, no_progress)
    uploaded.address = console_address(signed_in.host, uploaded.trial_id)
    if uploaded.folder_fallback:
        tell(
            said(
                "WARNING: {name} goes to {folder}: the folder it asks for does not exist (make_folder=True creates it)",
                name=uploaded.name,
                folder=uploaded.folder,
            )
        )
    unmet = destination.unmet_by(uploaded)
    if unmet:
        tell(
            said(
                "WARNING: {name} was on the server before and stays in {folder}: an upload does not move it to {unmet}",
                name=uploaded.name,
                folder=uploaded.folder,
                unmet=unmet,
            )
        )
    for refusals in sentences(uploaded.refusals):
        tell(said("WARNING: {name}: {refusals}", name=uploaded.name, refusals=refusals))
    for note in filter(None, (*uploaded.notes, sentence_of(left_behind(path)))):
        tell(joined("", [f"{uploaded.name}: ", note]))
    tell(said("{name} is on the server: {address}", name=uploaded.name, address=uploaded.address))
    return uploaded


def upload_trial(
    trial_path: str | Path | Sequence[str | Path] | None = None,
    trial_dir: str | Path | None = None,
    trial_name: str | Sequence[str] | None = None,
    folder_id: str | None = None,
    folder_path: str | None = None,
    make_folder: bool = False,
    conflict_strategy: str | None = None,
) -> list[Uploaded]:
    """Upload trials on disk, or what is new in them.

    Args:
        trial_path: One or several trial directories.
        trial_dir: Where names are looked up; alone, it means all trials in it.
        trial_name: One or several alternative names, or unique prefixes.
        folder_id: As in `Trial.upload`, like the next three.
        folder_path: See there.
        make_folder: See there; False leaves it to each trial.
        conflict_strategy: See there.

    Raises:
        UsageError: Nothing was named.
        AimdError: From the first trial that fails; those before it are uploaded.
    """
    paths = [Path(path) for path in _listed(trial_path)]
    names = [str(name) for name in _listed(trial_name)]
    if not paths and not names and trial_dir is None:
        raise UsageError(message="no trial was named", hint="Give trial_path, trial_name or trial_dir")
    trials = select_trials(paths, names, Path(trial_dir) if trial_dir is not None else None)
    companions = Companions(trial.path for trial in trials)
    return [
        upload_directory(trial.path, folder_id, folder_path, make_folder or None, conflict_strategy, companions)
        for trial in trials
    ]


def _listed(value: str | Path | Sequence[str | Path] | None) -> list[str | Path]:
    if value is None:
        return []
    return [value] if isinstance(value, (str, Path)) else list(value)
