"""Errors that keep the server from starting or answering."""

from __future__ import annotations

import errno

from aimd_core.errors import AimdError, ConfigError, DamagedError, NetworkError, UsageError
from aimd_core.language import said


class PortInUseError(AimdError):
    """Something listens there already. Facts: host, port."""

    code = "port_in_use"
    text = "port {port} on {host} is in use"
    hint = "Stop what listens there, or choose another port: --port 0 takes a free one"


class DataInUseError(UsageError):
    """Another server, or a command that must be alone, uses the data. Facts: directory, holder."""

    code = "data_in_use"
    text = "a server is using {directory}: {holder}"
    hint = "Stop it first, or name another data directory: --data-dir DIR"


class SettingsFileError(ConfigError):
    """The server's settings file cannot be used. Facts: path, reason."""

    hint = "Fix the file, or name another one: --config FILE"


class DamagedDatabaseError(DamagedError):
    """The database is damaged, or is none. Facts: path, reason."""

    hint = "Nothing was changed. Restore a backup: aimd server restore FILE --data-dir DIR"


class NewerDatabaseError(AimdError):
    """The database was written by a newer version of this program. Facts: path, revision."""

    code = "newer_database"
    text = "{path} was written by a newer version of aimd (schema {revision})"
    hint = "Install that version, or name another data directory: --data-dir DIR"


class ObjectStoreError(NetworkError):
    """The object store cannot be used. Facts: reason."""

    code = "object_store"
    text = "{reason}"
    hint = "Check the address of --blobs, the bucket, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


class DatabaseUnreachableError(NetworkError):
    """PostgreSQL does not accept the connection. Facts: place, reason."""

    code = "database_unreachable"
    text = "cannot use the database {place}: {reason}"
    hint = "Check its address, that it runs, the user, and the password (PGPASSWORD, ~/.pgpass)"


class StoreUnavailableError(Exception):
    """The database or the object store cannot be used now: locked for long, full, gone. Nothing was changed.

    Attributes:
        is_full: Whether that is because it has no room left.
    """

    def __init__(self, reason: str, is_full: bool = False) -> None:
        super().__init__(reason)
        self.is_full = is_full

    @property
    def told(self) -> tuple[str, str]:
        """The code and the sentence for clients; the reason, which may name hosts and paths, is for the log."""
        if self.is_full:
            return "storage_full", said("the server has no room left: its disk or its object store is full")
        return "busy", said("the server cannot use its database now; try again")


class ObjectsUnavailableError(StoreUnavailableError):
    """It is the object store."""

    @property
    def told(self) -> tuple[str, str]:
        """The code and the sentence for clients."""
        if self.is_full:
            return super().told
        return "storage_away", said("the server cannot use its object store now; try again")


_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_DATABASES = (("sqlite_errorname", "SQLITE_FULL"), ("sqlstate", "53100"))


def is_full(error: BaseException | None) -> bool:
    """Tell whether an error of a disk, or of a driver of a database, says that there is no room left."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return any(getattr(error, name, None) == value for name, value in _FULL_DATABASES)
