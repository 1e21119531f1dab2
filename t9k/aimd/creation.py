"""Creates a new trial on disk, before the first `log`: its directory, documents and `process.json`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from aimd_core.errors import DamagedError, DiskError, UsageError
from aimd_core.format import process
from aimd_core.format.documents import read_mapping, write_mapping
from aimd_core.format.files import Unsynced
from aimd_core.format.layout import (
    METADATA_FILE,
    PARAMETERS_FILE,
    TRIALS_DIRECTORY,
    default_directory,
    expanded,
    is_trial_directory,
    new_trial_directory,
)
from aimd_core.format.model import CONFLICT_STRATEGIES, INITIALIZING, INPUT_ARTIFACTS, OUTPUT_ARTIFACTS
from aimd_core.format.names import safe_name
from aimd_core.language import joined, said
from t9k.aimd.captures import Captures, start_captures
from t9k.aimd.environment import capture_platform
from t9k.aimd.params import plain_params, require_small
from t9k.aimd.ranks import Rank, current_rank
from t9k.aimd.secrets import mask_command
from t9k.aimd.silent import SilentTrial
from t9k.aimd.stamps import new_id, timestamp
from t9k.aimd.trial import Trial
from t9k.aimd.values import as_mapping

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from t9k.aimd.git import GitCapture

_ELSEWHERE = "Choose a directory that can be written to: create_trial(dir=...), or AIMD_DIR=DIR for every script"
_RESTARTS = ("SLURM_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT")
_SETTINGS = ("trial_name", "trial_params", "folder_id", "folder_path", "make_folder", "conflict_strategy")


def create_trial(
    trial_path: str | os.PathLike[str] | None = None,
    trial_name: str | None = None,
    trial_params: object = None,
    folder_id: str | None = None,
    folder_path: str | None = None,
    make_folder: bool | None = None,
    conflict_strategy: str | None = None,
    *,
    dir: str | os.PathLike[str] | None = None,
    auto_upload: bool = False,
    all_ranks: bool = False,
    capture_git: bool = True,
    capture_output: bool = True,
    capture_system: bool = True,
) -> Trial:
    """Create a trial in the working directory, with status `Initializing`.

    Args:
        trial_path: A trial directory, or a YAML file with these arguments as keys, to take settings from. Other
            arguments override it. A new trial is created either way.
        trial_name: The trial's name.
        trial_params: The first parameters, as `trial.params.update` takes them.
        folder_id: The folder to upload to; wins over `folder_path`.
        folder_path: The folder to upload to, such as `image_classification/mnist`; by default `/default`, in a SLURM
            array a folder named for its job, which is created.
        make_folder: Create that folder with its parents if it is missing; by default False.
        conflict_strategy: What an upload does if the name is taken: `skip`, `error`, `new` (default) or `replace`.
        dir: The directory that holds `.aimd`, created if missing; that of `AIMD_DIR`, or the working directory, by
            default.
        auto_upload: Upload while training runs, in a separate process that training never waits for.
        all_ranks: In distributed training, record every rank as a trial of its own. By default only rank 0 records, and
            the others get a trial that accepts all calls and writes nothing.
        capture_git: Record commit, branch and remote, and the uncommitted changes as `git.diff`.
        capture_output: Record what the process prints in `stdout.log`.
        capture_system: Record CPU, memory, disk, network and GPU use as metrics of type `system`, if the extra `system`
            is installed.

    Raises:
        TypeError: JSON cannot represent a parameter.
        UsageError: There is no name, a setting is not one of its values, or `dir` is an address.
        InvalidNameError: The name cannot be a directory name.
        DamagedError: `trial_path` cannot be read.
        DiskError: The disk refused.
    """
    values = (trial_name, trial_params, folder_id, folder_path, make_folder, conflict_strategy)
    settings = _settings_at(expanded(trial_path)) if trial_path is not None else {}
    if folder_path is not None:
        settings.pop("folder_id", None)  # an id from there would override the path given here
    settings.update({key: value for key, value in zip(_SETTINGS, values, strict=True) if value is not None})
    name, params, upload = _checked(settings)
    rank = current_rank()
    if rank is not None and rank.number > 0:
        if not all_ranks:
            return SilentTrial(name, params, rank, new_id())
        name = f"{name}-rank{rank.number}"
    captures = Captures(capture_git, capture_output, capture_system, auto_upload)
    directory = _working_directory(dir)
    if any(os.environ.get(name, "0") not in ("", "0") for name in _RESTARTS):
        from t9k.aimd.requeue import earlier_trial  # most jobs are started once

        earlier = earlier_trial(directory, name, params)
        if earlier is not None:
            start_captures(earlier, captures, None)
            return earlier
    git = _ask_git() if captures.git and _has_working_directory() else None
    try:
        trial = _write_trial(directory, name, params, upload, git, rank if all_ranks else None)
        if "IPython" in sys.modules or "marimo" in sys.modules:
            from t9k.aimd.cells import replace_earlier  # scripts have no cells

            replace_earlier(trial)
        start_captures(trial, captures, git)
    finally:
        if git is not None:
            git.close()
    return trial


def _checked(settings: dict[str, object]) -> tuple[str, dict[str, object], dict[str, object]]:
    """Return the name, the parameters as plain data, and the upload settings."""
    name = settings.get("trial_name")
    if name is None:
        raise UsageError(message="a trial needs a name", hint="Call create_trial(trial_name='...')")
    if not isinstance(name, str):
        raise UsageError(
            message=said("trial_name must be a string, not {kind}: {name!r}", kind=type(name).__name__, name=name),
            hint="Put it in quotes",
        )
    strategy = settings.get("conflict_strategy") or "new"
    if strategy not in CONFLICT_STRATEGIES:
        raise UsageError(
            message=said(
                "conflict_strategy {strategy!r} is not one of {conflict_strategies}",
                strategy=strategy,
                conflict_strategies=", ".join(CONFLICT_STRATEGIES),
            ),
            hint="",
        )
    params = settings.get("trial_params")
    if params is not None and as_mapping(params) is None:
        raise UsageError(
            message=said("trial_params must be a mapping, not {kind}", kind=type(params).__name__), hint=""
        )
    plain = plain_params(params)
    require_small(plain, plain)
    array = None if settings.get("folder_id") or settings.get("folder_path") else _array_folder()
    upload = {
        "folder_id": settings.get("folder_id"),
        "folder_path": settings.get("folder_path") or array,
        "make_folder": bool(settings.get("make_folder") or array),
        "conflict_strategy": strategy,
    }
    return name, plain, upload


def _array_folder() -> str | None:
    """Return the folder for the trials of a SLURM array, or None outside of one."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    return safe_name(f"{os.environ.get('SLURM_JOB_NAME') or 'array'}_{array}", "array") if array else None


def _settings_at(path: Path) -> dict[str, object]:
    """Return the settings in a trial directory or a YAML file."""
    if is_trial_directory(path):
        from aimd_core.reading.documents import Trial as StoredTrial  # most scripts copy no trial

        stored = StoredTrial(path)
        settings = {"trial_name": stored.name, "trial_params": stored.parameters, **stored.upload_settings}
        if stored.damage:
            raise DamagedError(path=path, reason=joined("; ", stored.damage))
        return settings
    try:
        settings = read_mapping(path)
    except FileNotFoundError:
        raise UsageError(
            message=said(
                "trial_path {path} is neither a trial directory nor a file; to name the trial: trial_name={name!r}",
                path=path,
                name=path.name,
            ),
            hint="Check the path",
        ) from None
    unknown = [key for key in settings if key not in _SETTINGS]
    if unknown:
        raise UsageError(
            message=said("{path}: unknown setting {unknown!r}", path=path, unknown=unknown[0]),
            hint=said("Known settings: {settings}", settings=", ".join(_SETTINGS)),
        )
    return settings


def _working_directory(given: str | os.PathLike[str] | None) -> Path:
    """Return the absolute path of the directory that holds `.aimd`."""
    if given is not None and "://" in os.fspath(given):
        raise UsageError(
            message=said("{directory} is an address; trials are recorded in directories", directory=os.fspath(given)),
            hint="Give a directory of this machine; with auto_upload=True, a server gets the trial meanwhile",
        )
    directory = default_directory() if given is None else expanded(given)
    try:
        return Path(os.path.abspath(directory))
    except FileNotFoundError as error:
        raise DiskError(path=directory, reason="the working directory is gone", hint=_ELSEWHERE) from error


def _ask_git() -> GitCapture:
    from t9k.aimd.git import GitCapture

    return GitCapture(Path.cwd())


def _has_working_directory() -> bool:
    try:
        return bool(Path.cwd())
    except FileNotFoundError:
        return False


def _write_trial(
    directory: Path,
    name: str,
    params: dict[str, object],
    upload: dict[str, object],
    git: GitCapture | None,
    rank: Rank | None,
) -> Trial:
    metadata: dict[str, object] = {
        "kind": "Trial",
        "metadata": {"folder": None, "name": name, "editor": None, "id": new_id(), "timestamp": None},
        "platform": capture_platform(),
        "startTime": timestamp(),
        "endTime": None,
        "status": INITIALIZING,
        INPUT_ARTIFACTS: [],
        OUTPUT_ARTIFACTS: [],
        "_upload": upload,
        "_git": {},
    }
    if rank is not None:
        metadata["_rank"] = rank.as_dict()
    path = None
    was_there = (directory / TRIALS_DIRECTORY).is_dir()
    try:
        path = new_trial_directory(directory, name)
        unsynced = Unsynced(path, above=1 if was_there else len(TRIALS_DIRECTORY.parts) + 1)
        process.write(path, mask_command(list(sys.orig_argv)), unsynced)
        write_mapping(path / PARAMETERS_FILE, params, unsynced=unsynced)
        if git is not None:
            metadata["_git"] = git.state()  # as late as possible, because git works in the meantime
        write_mapping(path / METADATA_FILE, metadata, unsynced=unsynced)
        return Trial(path, metadata, params, unsynced=unsynced)
    except OSError as error:
        if path is not None:
            _remove_new(path)
        reason = said("cannot make a trial here ({strerror})", strerror=error.strerror)
        raise DiskError(path=error.filename or directory, reason=reason, hint=_ELSEWHERE) from error


def _remove_new(path: Path) -> None:
    """Remove the directory of a trial that could not be created, as far as the disk allows."""
    try:
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    except OSError:
        pass
