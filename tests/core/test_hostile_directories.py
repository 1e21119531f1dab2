"""What lies in a working directory that somebody else has made: a link is not followed, and a pipe stops nobody."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aimd_core.errors import DamagedError
from aimd_core.format.layout import HOME
from aimd_core.format.media import StoredBytes
from aimd_core.format.reports import note_path, read_note
from aimd_core.objects.ignoring import IGNORE_FILE, Ignoring
from aimd_core.objects.memory import MEMORY_FILE, DigestMemory
from aimd_core.objects.packs import INDEX, PACK
from aimd_core.objects.store import PACKS_DIRECTORY, ObjectStore, store_of
from aimd_core.reading.media import LocalMedia

SECRET = b'["secret", 1, 1, 1, "x"]\n*.secret\n'
_DIGEST = hashlib.sha256(SECRET).hexdigest()
_ENDLESS_S = 20  # a pipe that nobody writes to lets a reader wait for ever


def _trial(work: Path) -> Path:
    return work / HOME / "trials" / "t"


def _note(work: Path) -> bool:
    return b"secret" in read_note(work).encode()


def _memory(work: Path) -> bool:
    return "secret" in DigestMemory(work)._remembered


def _ignoring(work: Path) -> bool:
    return Ignoring.in_directory(work).ignores("a.secret")


def _object(work: Path) -> bool:
    return store_of(_trial(work)).read(_DIGEST) == SECRET


def _medium(work: Path) -> bool:
    return LocalMedia(_trial(work)).read(StoredBytes(_DIGEST, os.stat(_path(work)).st_size, "text/plain")) == SECRET


def _path(work: Path) -> Path:
    return store_of(_trial(work)).path_of(_DIGEST)


def _pack(work: Path) -> Path:
    return store_of(_trial(work)).directory / PACKS_DIRECTORY / f"{'0' * 16}{PACK}"


def _packed(work: Path) -> bool:
    return ObjectStore(_pack(work).parent.parent).has("0" * 64)


READERS: dict[str, tuple[Callable[[Path], bool], Callable[[Path], Path]]] = {
    "note": (_note, note_path),
    "memory": (_memory, lambda work: work / MEMORY_FILE),
    "ignoring": (_ignoring, lambda work: work / IGNORE_FILE),
    "object": (_object, _path),
    "medium": (_medium, _path),
    "pack": (_packed, _pack),
    "index": (_packed, lambda work: _pack(work).with_suffix(INDEX)),
}


def read(name: str, work: Path) -> str:
    """Return what comes of reading: `secret`, `nothing` or `damaged`."""
    try:
        return "secret" if READERS[name][0](work) else "nothing"
    except DamagedError:
        return "damaged"


@pytest.mark.parametrize("name", READERS)
def test_a_link_is_not_followed(name: str, tmp_path: Path) -> None:
    path = READERS[name][1](tmp_path / "work")
    path.parent.mkdir(parents=True)
    (tmp_path / "secret").write_bytes(SECRET)
    path.symlink_to(tmp_path / "secret")
    assert read(name, tmp_path / "work") != "secret"
    if name not in ("pack", "index"):
        path.unlink()
        path.write_bytes(SECRET)
        assert read(name, tmp_path / "work") == "secret"


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_stops_nobody(name: str, tmp_path: Path) -> None:
    path = READERS[name][1](tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "index":
        path.with_suffix(PACK).write_bytes(b"x" * 100)
    os.mkfifo(path)
    words = f"from {__name__} import read; from pathlib import Path; print(read({name!r}, Path({str(tmp_path)!r})))"
    ran = subprocess.run([sys.executable, "-c", words], capture_output=True, timeout=_ENDLESS_S, check=True, text=True)
    assert ran.stdout.strip() in ("nothing", "damaged")
