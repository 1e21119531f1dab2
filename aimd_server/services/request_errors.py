"""Every refusal of a request, with its stable code. Version 2's codes are in docs/reference/http-api.md."""

from __future__ import annotations

from aimd_core.language import said


class RefusalError(Exception):
    """A refused request; nothing was changed.

    Attributes:
        code: The stable code.
        message: What is wrong, for a person. It never contains a path, SQL or a key.
        words: The same; it can be translated if it was made by `said`.
        facts: More members of the error, such as `limit`.
    """

    def __init__(self, code: str, message: str, **facts: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = str(message)
        self.words = message
        self.facts = facts


def no_trial(uid: str) -> RefusalError:
    """Refuse a trial that does not exist or that the user may not see, with the same answer."""
    return RefusalError("not_found", said("no trial {name}", name=uid))


def no_artifact(what: str) -> RefusalError:
    """Refuse an artifact that does not exist or that the user may not see, with the same answer."""
    return RefusalError("not_found", said("no artifact {name}", name=what))


def no_folder(what: str) -> RefusalError:
    """Refuse a folder that does not exist or that the user may not see, with the same answer."""
    return RefusalError("folder_not_found", said("no folder {name}", name=what))


def name_taken(name: str, folder: str) -> RefusalError:
    """Refuse because the folder has a trial of that name."""
    words = said("a trial named {name!r} is already in {folder}", name=name, folder=folder)
    return RefusalError("name_taken", words, name=name, folder=folder)


def id_taken() -> RefusalError:
    """Refuse because a trial with that id exists (version 1 only)."""
    return RefusalError("id_taken", "uuid already exists")


def invalid(message: str, **facts: object) -> RefusalError:
    """Refuse a value that was understood but is not allowed."""
    return RefusalError("invalid", message, **facts)


def foreign_cursor() -> RefusalError:
    """Refuse a cursor that this server did not issue for this list."""
    message = "the cursor is not from this server, or from another list; start from the first page"
    return invalid(message, field="cursor")


def too_large(what: str, limit: int) -> RefusalError:
    """Refuse for size; `limit` is in bytes."""
    return RefusalError(
        "too_large", said("{what} may hold {limit} bytes at most", what=said(what), limit=limit), limit=limit
    )


def forbidden(message: str) -> RefusalError:
    """Refuse a caller who may see the object."""
    return RefusalError("forbidden", message)


def folder_taken(name: str, folder: str) -> RefusalError:
    """Refuse because a folder with that name exists (version 2)."""
    words = said("a folder named {name!r} is already in {folder}", name=name, folder=folder)
    return RefusalError("name_taken", words, name=name, folder=folder)
