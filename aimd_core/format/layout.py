"""The names of a trial's directory and files, and what tells whether they have changed.

Nothing here reads a file: only names, and the results of `stat`. Format: docs/reference/trial-format.md.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
from pathlib import Path

from aimd_core.errors import InvalidNameError
from aimd_core.format.journal import SEGMENTS_FILE
from aimd_core.format.model import is_alternative_name
from aimd_core.format.portable import DIRECTORY
from aimd_core.format.values import directory_name_fault

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOME = ".aimd"  # of a working directory: what is recorded there
TRIALS_DIRECTORY = Path(HOME, "trials")
DIRECTORY_VARIABLE = "AIMD_DIR"
METADATA_FILE, PARAMETERS_FILE, METRICS_FILE = "metadata.yaml", "parameters.yaml", "metrics"
PROCESS_FILE, OUTPUT_FILE, DIFF_FILE, LABELS_FILE = "process.json", "stdout.log", "git.diff", "labels.yaml"
FILES_DIRECTORY = "files"  # what is kept with a trial
MEDIA_FILE = "media"  # pictures and the like, see aimd_core.format.media
TREE = f"{FILES_DIRECTORY}/"  # what they are together, among a trial's files on a server
DOCUMENT_FILES = (METADATA_FILE, PARAMETERS_FILE, PROCESS_FILE, LABELS_FILE, DIFF_FILE)  # replaced whole
JOURNAL_FILES = (SEGMENTS_FILE, METRICS_FILE, MEDIA_FILE, OUTPUT_FILE)  # these only grow; `segments` says what counts
# A signature begins with the files that facts are read from; those that are only uploaded come last.
_SIGNED_DOCUMENTS = (METADATA_FILE, PARAMETERS_FILE, PROCESS_FILE, LABELS_FILE)
READ_FILES = (*_SIGNED_DOCUMENTS, SEGMENTS_FILE, METRICS_FILE)
ALL_FILES = (*READ_FILES, OUTPUT_FILE, DIFF_FILE, FILES_DIRECTORY, MEDIA_FILE)
# Those that the recording process writes while it runs.
_WRITTEN = [ALL_FILES.index(file) for file in ALL_FILES if file not in (LABELS_FILE, DIFF_FILE, FILES_DIRECTORY)]
_NUMBERS, _NUMBER_BYTES = 3, 8  # of a file: time of change, size, inode
INODE_BITS = (1 << 63) - 1  # databases and `struct` take no larger number
_LOOKED_AT = [(f"{os.sep}{file}", file == PROCESS_FILE) for file in READ_FILES]
_SEES_LINKS = os.access in os.supports_follow_symlinks  # also those that lead nowhere
_METRICS_AT = _NUMBERS * ALL_FILES.index(METRICS_FILE)
_FILE_BYTES = _NUMBERS * _NUMBER_BYTES
DOCUMENTS_PART = slice(0, _FILE_BYTES * len(_SIGNED_DOCUMENTS))  # the part of a signature
JOURNAL_PART = slice(_FILE_BYTES * len(_SIGNED_DOCUMENTS), _FILE_BYTES * len(READ_FILES))
UNSURE_NS = 2_000_000_000  # a document changed this shortly before it was read may change again with the same time
_SUFFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_CREATE_TRIES = 100
_CREATED_LENGTH = len("261123_150327_f9by70")  # the end of an alternative name: date, time, suffix
_MOMENT_LENGTH = len("261123_150327")


def default_directory() -> Path:
    """Return the directory that holds `.aimd`, by default that of AIMD_DIR, or the working directory."""
    return expanded(os.environ.get(DIRECTORY_VARIABLE) or ".")


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path that a person wrote, with `~` and `~user` at its beginning as the shell reads them."""
    return Path(os.path.expanduser(path))


def absolute(path: Path) -> Path:
    """Return an absolute path for people, without `..`, which means something else behind a link than in a text."""
    return path.resolve() if os.pardir in path.parts else path.absolute()


def home_of(path: Path) -> Path | None:
    """Return the `.aimd` that a path is below, or None."""
    return next((parent for parent in path.absolute().parents if parent.name == HOME), None)


def working_directory_of(path: Path) -> Path:
    """Return the directory whose `.aimd` a path is below, such as a trial's; of one copied out of it, the parent."""
    home = home_of(path)
    return path.absolute().parent if home is None else home.parent


def new_trial_directory(working_directory: Path, name: str) -> Path:
    """Create the directory of a new trial exclusively and return its path.

    Raises:
        InvalidNameError: `name` cannot be a directory name.
        OSError: The disk refused.
    """
    fault = directory_name_fault(name)
    if fault:
        raise InvalidNameError(name=name, reason=fault)
    trials = working_directory / TRIALS_DIRECTORY
    trials.mkdir(parents=True, exist_ok=True)
    for attempt in range(_CREATE_TRIES):
        suffix = "".join(_SUFFIX_ALPHABET[byte % len(_SUFFIX_ALPHABET)] for byte in os.urandom(6))
        path = trials / f"{name}_{time.strftime('%y%m%d_%H%M%S')}_{suffix}"
        try:
            path.mkdir()
        except FileExistsError:
            if attempt == _CREATE_TRIES - 1:
                raise
            continue
        return path
    raise AssertionError("unreachable")


def parent_of_trials(directory: Path) -> Path:
    """Return where the trials of a directory are: a working directory has them in `.aimd/trials`."""
    nested = directory / TRIALS_DIRECTORY
    return nested if nested.is_dir() else directory


def list_names(directory: Path) -> tuple[Path, list[str]]:
    """Return where the trials of a directory are, and their alternative names, without reading them.

    They are newest first, as far as names tell; of the same moment, by name, whatever order the file system has.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError: It cannot be listed.
    """
    parent = parent_of_trials(directory)
    with os.scandir(parent) as entries:
        names = [entry.name for entry in entries if is_alternative_name(entry.name) and entry.is_dir()]
    names.sort()  # of those that began in the same moment, by name
    names.sort(key=lambda name: name[-_CREATED_LENGTH:][:_MOMENT_LENGTH], reverse=True)
    return parent, names


def holds_trials(path: Path) -> bool:
    """Tell whether a path is a directory of trials, perhaps an empty one, or the working directory of one."""
    if not path.is_dir():
        return False
    if path.name == HOME or (path / HOME).is_dir() or home_of(path) is not None:
        return True
    with os.scandir(path) as entries:  # others name theirs alike
        return any(is_alternative_name(entry.name) and has_metadata(entry.path) for entry in entries)


def has_metadata(path: str | Path) -> bool:
    """Tell whether a directory has the file that each trial has."""
    return os.path.exists(f"{path}{os.sep}{METADATA_FILE}")


def is_trial_directory(path: Path) -> bool:
    """Tell whether a path is a trial's directory."""
    return path.is_dir() and (is_alternative_name(path.name) or (path / METADATA_FILE).exists())


def signature_of(path: str | Path, files: Sequence[str] = READ_FILES) -> bytes:
    """Return the signature of a trial, which changes with it: time of change, size and inode of each of its files.

    Args:
        path: The trial's directory.
        files: `READ_FILES` for what readers show of it, `ALL_FILES` for what is uploaded, too.
    """
    numbers: list[int] = []
    for file in files:
        if file == FILES_DIRECTORY:
            numbers += _numbers_of_tree(f"{path}{os.sep}{file}")
            continue
        try:
            status = os.lstat(f"{path}{os.sep}{file}")
            numbers += (status.st_mtime_ns, status.st_size, status.st_ino & INODE_BITS)
        except OSError:
            numbers += (0, 0, 0)
    return _packed(numbers)


def is_unchanged(path: str, before: bytes, is_over: bool = False, descriptor: int | None = None) -> bool:
    """Tell whether a trial still has a signature, at the cost of fewer looks at the disk than `signature_of`.

    Args:
        path: The trial's directory.
        before: A signature of `READ_FILES`.
        is_over: Whether its metadata said then that it had ended. If they are unchanged, nothing depends on the process
            that recorded it, and its file is not looked at.
        descriptor: The open directory that `path` starts from, which is quicker than a long path.
    """
    numbers = _unpacked(before)
    if len(numbers) != _NUMBERS * len(READ_FILES):
        return False
    at = 0
    for name, is_of_process in _LOOKED_AT:
        if is_over and is_of_process:
            pass
        elif not (numbers[at] or numbers[at + 1] or numbers[at + 2]):  # two of most trials, so no exception for each
            if os.access(path + name, os.F_OK, dir_fd=descriptor, follow_symlinks=not _SEES_LINKS):
                return False
        else:
            try:
                status = os.lstat(path + name, dir_fd=descriptor)
            except OSError:
                return False
            if (
                status.st_mtime_ns != numbers[at]
                or status.st_size != numbers[at + 1]
                or status.st_ino & INODE_BITS != numbers[at + 2]
            ):
                return False
        at += _NUMBERS
    return True


@contextlib.contextmanager
def start_of_paths(directory: Path) -> Iterator[tuple[str, int | None]]:
    """Yield what paths in a directory begin with, and its descriptor for `is_unchanged`, if the system has such."""
    descriptor = None
    if {os.stat, os.access} <= os.supports_dir_fd:
        with contextlib.suppress(OSError):
            descriptor = os.open(directory, os.O_RDONLY | DIRECTORY)
    try:
        yield "" if descriptor is not None else f"{directory}{os.sep}", descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _numbers_of_tree(directory: str) -> tuple[int, int, int]:
    """Return a checksum of what tells files below a directory apart, their bytes and their number."""
    from zlib import crc32

    checksum = size_bytes = count = 0
    pending = [directory]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                        continue
                    status = entry.stat(follow_symlinks=False)
                    told = f"{status.st_mtime_ns} {status.st_size} {status.st_ino} "
                    checksum ^= crc32(told.encode() + os.fsencode(entry.path))  # in any order
                    size_bytes, count = size_bytes + status.st_size, count + 1
        except OSError:
            continue
    return checksum, size_bytes, count


def _packed(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}q", *numbers)


def _unpacked(signature: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(signature) // _NUMBER_BYTES}q", signature)


def sure_signature(signature: bytes) -> bytes:
    """Return the signature to keep, which never matches again if a document is too new to trust its time."""
    numbers = list(_unpacked(signature))
    newest = time.time_ns() - UNSURE_NS
    for position in range(0, _NUMBERS * len(_SIGNED_DOCUMENTS), _NUMBERS):
        if numbers[position] > newest:
            numbers[position + 1] = -1
    return _packed(numbers)


def has_grown(before: bytes, now: bytes) -> bool:
    """Tell from two signatures whether the metrics journal is the same file, but longer."""
    old, new = (_unpacked(signature)[_METRICS_AT : _METRICS_AT + _NUMBERS] for signature in (before, now))
    return new[1] > old[1] and new[2] == old[2]


def is_metadata_as_in(signature: bytes, path: str) -> bool:
    """Tell whether a trial's `metadata.yaml` is the one of a signature."""
    try:
        status = os.lstat(f"{path}{os.sep}{METADATA_FILE}")
    except OSError:
        return False
    numbers = (status.st_mtime_ns, status.st_size, status.st_ino & INODE_BITS)
    return signature[:_FILE_BYTES] == _packed(numbers)


def made_s(alternative_name: str) -> float:
    """Return when a directory was created, according to its name as local time, in seconds since the epoch."""
    try:
        return time.mktime(time.strptime(alternative_name[-_CREATED_LENGTH:][:_MOMENT_LENGTH], "%y%m%d_%H%M%S"))
    except (ValueError, OverflowError):
        return 0.0


def has_file(signature: bytes, file: str) -> bool:
    """Tell whether a trial had a file, one of those that its signature covers, when the signature was taken."""
    start = _FILE_BYTES * ALL_FILES.index(file)
    return any(signature[start : start + _FILE_BYTES])


def last_write_s(path: str | Path, signature: bytes) -> float:
    """Return when a trial's process last wrote, in seconds since the epoch, from the times of its files.

    The directory's own time, which a tag also changes, counts only while there are no files.
    """
    numbers = _unpacked(signature)
    newest_ns = max(numbers[_NUMBERS * at] for at in _WRITTEN if _NUMBERS * at < len(numbers))
    if len(numbers) == _NUMBERS * len(READ_FILES):  # printing without logging is a sign of life, too
        for file in (OUTPUT_FILE, MEDIA_FILE):
            try:
                newest_ns = max(newest_ns, os.lstat(f"{path}{os.sep}{file}").st_mtime_ns)
            except OSError:
                continue
    if newest_ns:
        return float(newest_ns) / 1e9
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0
