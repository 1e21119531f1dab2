"""What may be a name or an id. Names are only in the database: no name is ever part of a path on the disk."""

from __future__ import annotations

from aimd_core.format.values import MAX_NAME_BYTES, name_fault
from aimd_core.format.values import is_uuid as is_uuid
from aimd_core.language import said
from aimd_server.services.request_errors import RefusalError, invalid

MAX_DEPTH = 32


def checked(name: str, field: str) -> str:
    """Return a name if it may be used.

    Raises:
        RefusalError: `invalid`.
    """
    fault = name_fault(name)
    if fault is None:
        return name
    limits: dict[str, object] = {"limit": MAX_NAME_BYTES} if "long" in fault else {}
    raise invalid(said("{field}: {fault}", field=field, fault=said(fault)), field=field, **limits)


def path_parts(path: str) -> list[str]:
    """Return the names in a folder path; the root has none.

    Raises:
        RefusalError: `invalid`.
    """
    parts = [part for part in path.split("/") if part]
    if len(parts) > MAX_DEPTH:
        words = said("a folder path has {limit} parts at most", limit=MAX_DEPTH)
        raise invalid(words, field="folder.path", limit=MAX_DEPTH)
    for part in parts:
        checked(part, "folder.path")
    return parts


def joined(parts: list[str]) -> str:
    """Return the normal form of a path."""
    return "/" + "/".join(parts)


def conflict_error(name: str) -> RefusalError:
    """Refuse because the parent has a folder of that name (version 1)."""
    return RefusalError("folder_taken", said("Folder {name} already exists", name=name))
