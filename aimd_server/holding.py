"""One server on a data directory at a time: a lock on a file in it, which ends with its process, also by `kill -9`.

Containers that share the directory of one machine see each other's lock, and so do machines that share it over a file
system with locks (NFS from version 4 on, CephFS). A file system without locks cannot tell, and nothing is refused.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aimd_core.errors import DiskError
from aimd_core.language import said
from aimd_server.errors import DataInUseError

LOCK_FILE = "server.lock"
_SHORT_S = 1.0  # a server that ends has released its port before its lock


@contextmanager
def held(data_dir: Path, is_shared: bool = False) -> Iterator[None]:
    """Hold a data directory, created if missing, as long as the context lasts.

    Args:
        data_dir: The directory.
        is_shared: Whether others that share may hold it at the same time.

    Raises:
        DataInUseError: Another process holds it; the error says which.
        DiskError: The directory cannot be created or written.
    """
    if sys.platform == "win32":
        yield
        return
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DiskError(path=error.filename or data_dir, reason=error.strerror or str(error)) from error
    try:
        _take(descriptor, data_dir, is_shared)
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, data_dir: Path, is_shared: bool) -> None:
    import fcntl

    deadline_s = time.monotonic() + _SHORT_S
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                raise DataInUseError(directory=data_dir, holder=_holder(descriptor)) from None
            time.sleep(0.02)
        except OSError:  # no locks here
            return
        else:
            return


def _sign(descriptor: int) -> None:
    """Write down who holds the lock; on a full disk nobody is told."""
    text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text, 0)
    except OSError:
        return


def _holder(descriptor: int) -> str:
    try:
        signed = json.loads(os.pread(descriptor, 4096, 0))
        return said("process {pid} on {host}", pid=int(signed["pid"]), host=str(signed["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return said("another process")
