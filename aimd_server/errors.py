"""Errors that keep the server from starting or answering."""

from __future__ import annotations

from aimd_core.errors import AimdError, ConfigError, DamagedError, NetworkError, UsageError


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
    """The database or the object store cannot be used now: locked for long, full, gone. Nothing was changed."""


class ObjectsUnavailableError(StoreUnavailableError):
    """It is the object store."""
