"""The files kept with a trial: what is below `files/` of its directory, with the digest of each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.layout import FILES_DIRECTORY, working_directory_of
from aimd_core.format.layout import TREE as TREE
from aimd_core.objects.ignoring import Ignoring
from aimd_core.objects.memory import DigestMemory, digest_entry
from aimd_core.objects.tree import LeftOut, Tree, digest_of_tree, read_tree
from aimd_core.reading.documents import reason_of


class KeptFile(NamedTuple):
    """A file kept with a trial, here or on a server: its path below `files/`, size in bytes, and SHA-256."""

    path: str
    size_bytes: int
    digest: str


class LocalFiles(NamedTuple):
    """The files of a trial here.

    Attributes:
        files: Those that can be sent, by path.
        left_out: What cannot be sent, and why.
        ignored: How many files `.aimdignore` leaves out.
        tree: What is in the directory.
    """

    files: dict[str, KeptFile]
    left_out: list[LeftOut]
    ignored: int
    tree: Tree = Tree({}, [], 0)

    @property
    def digest(self) -> str:
        """The digest of all of them together."""
        return digest_of_tree((file.path, file.digest) for file in self.files.values())

    @property
    def size_bytes(self) -> int:
        """The bytes of all of them together."""
        return sum(file.size_bytes for file in self.files.values())


def ignoring_of(trial: Path) -> Ignoring:
    """Return what the `.aimdignore` of a trial's working directory leaves out."""
    return Ignoring.in_directory(working_directory_of(trial))


def tree_of(trial: Path) -> Tree:
    """Return the files of a trial, without reading them."""
    return read_tree(trial / FILES_DIRECTORY, ignoring_of(trial))


def local_files(trial: Path, reads_all: bool = False) -> LocalFiles:
    """Return the files of a trial with their digests.

    Args:
        trial: Its directory.
        reads_all: Whether every file is read; by default only those whose digest is not remembered.
    """
    tree = tree_of(trial)
    if not tree.entries:
        return LocalFiles({}, tree.left_out, tree.ignored, tree)
    memory, directory = DigestMemory(trial), trial / FILES_DIRECTORY
    files: dict[str, KeptFile] = {}
    left_out = list(tree.left_out)
    for entry in tree.entries.values():
        try:
            digest = digest_entry(directory, entry, memory, reads_all)
            files[entry.path] = KeptFile(entry.path, entry.stat.size_bytes, digest)
        except (DamagedError, OSError) as error:
            left_out.append(LeftOut(entry.path, unread_reason(error)))
    memory.save(tree.entries)
    return LocalFiles(files, left_out, tree.ignored, tree)


def unread_reason(error: DamagedError | OSError) -> str:
    """Return why a file could not be read."""
    return "is gone" if isinstance(error, FileNotFoundError) else reason_of(error)
