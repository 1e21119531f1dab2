"""A private server for one person on this machine, with which `aimd console` shows local trials.

It listens on loopback only and keeps its data in a cache directory, which may be deleted. It has two keys for as long
as it runs: one that reads, for the browser, behind a token that works once; and one that writes, for the process that
keeps the server up to date with the files. Several may run on the same data.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import AimdError, DamagedError, DiskError
from aimd_core.format.protocol import SERVER_PATH
from aimd_server import launch
from aimd_server.app import WEB
from aimd_server.blobs.local import LocalBlobs
from aimd_server.blobs.opening import FOLDER
from aimd_server.errors import NewerDatabaseError, StoreUnavailableError
from aimd_server.services import identity
from aimd_server.services.identity import KeyWish
from aimd_server.settings import Settings
from aimd_server.stopping import Stopping
from aimd_server.stores.database import Database

USER = "local"
STOP_TIMEOUT_S = 1
_DOOR = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={page}">
<title>AIMD</title>
<p><a href="{page}">AIMD</a></p>
"""
_KEY_NAME = "console of process "


class _Once(logging.Filter):
    """Suppresses a log line that equals the previous one: a full disk is reported once, not at each try."""

    def __init__(self) -> None:
        super().__init__()
        self._before = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line is new."""
        message, self._before = self._before, record.getMessage()
        return message != self._before


class Ready(NamedTuple):
    """A private server that is listening.

    Attributes:
        host: Its address, as in `Credentials`.
        api_key: The key that writes.
        page: The address that opens the console once.
    """

    host: str
    api_key: str
    page: str

    @property
    def door(self) -> str:
        """An HTML file that redirects to the page, so that the browser's command line does not contain the address."""
        return _DOOR.format(page=self.page)


def run(data_dir: Path, objects: Path, port: int, ready: Callable[[Ready], None], stopping: Stopping) -> None:
    """Run a private server until it is stopped.

    Args:
        data_dir: Its cache directory; created if missing, recreated if unusable.
        objects: The store of the working directory, whose objects it shows without a copy.
        port: The port to listen on; 0 picks a free one.
        ready: Called once it is listening.
        stopping: Listens for signals.

    Raises:
        PortInUseError: Something listens there already.
        DiskError: The disk refused.
    """
    try:
        try:
            reading, writing = _make_keys(data_dir)
        except (DamagedError, NewerDatabaseError):
            shutil.rmtree(data_dir, ignore_errors=True)
            reading, writing = _make_keys(data_dir)
    except StoreUnavailableError as error:
        raise DiskError(path=data_dir, reason=str(error)) from error
    token = secrets.token_urlsafe(32)

    def announce(address: str) -> None:
        page = f"{address.removesuffix(SERVER_PATH)}{WEB}/#/?token={token}"
        ready(Ready(address, writing, page))

    logging.getLogger("aimd_server").addFilter(_Once())
    blobs = LocalBlobs(data_dir / FOLDER, objects)
    settings = Settings(host="127.0.0.1", port=port, log_level="error")
    try:
        tokens = {token: reading}
        launch.run(data_dir, settings, tokens, announce, STOP_TIMEOUT_S, is_shared=True, stopping=stopping, blobs=blobs)
    finally:
        # On a full disk the keys stay, known to nobody, until the next start revokes them.
        with contextlib.suppress(AimdError, StoreUnavailableError):
            if data_dir.exists():
                with Database(data_dir) as database:
                    _revoke(database, [os.getpid()])


def _make_keys(data_dir: Path) -> tuple[str, str]:
    """Return a key that reads and one that writes, and revoke those whose process is gone."""
    with Database(data_dir) as database:
        if not any(row.name == USER for row in identity.list_users(database)):
            identity.add_user(database, USER)
        pids = [_pid_of(row.name) for row in identity.list_keys(database, USER)]
        _revoke(database, [pid for pid in pids if pid is not None and not _is_alive(pid)])
        name = f"{_KEY_NAME}{os.getpid()}"
        reading = identity.create_key(database, USER, KeyWish(name, "read"))
        return reading, identity.create_key(database, USER, KeyWish(name, "write"))


def _revoke(database: Database, pids: list[int]) -> None:
    for row in identity.list_keys(database, USER):
        if _pid_of(row.name) in pids:
            identity.revoke_key(database, row.id)


def _pid_of(name: str | None) -> int | None:
    number = (name or "").removeprefix(_KEY_NAME)
    return int(number) if name and name.startswith(_KEY_NAME) and number.isascii() and number.isdigit() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid != os.getpid()
