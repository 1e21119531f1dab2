"""What answers of a server look like, and the only place that checks them.

A server, or a proxy before it, may answer anything. Each answer is read here with its shape, so that the rest of the
program can rely on names and types; a value of another type is a NotAServerError that names it. Members that a shape
does not name are let through unread, so that a newer server may say more.

A shape is a function that takes a value and raises `_MisfitError`, or lets it pass.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from aimd_core.client.connection import Response
from aimd_core.errors import NotAServerError
from aimd_core.format.values import float_of, is_step, is_uuid
from aimd_core.language import said

Shape = Callable[[Any], None]

MAX_DEPTH = 100  # of nested values; readers descend into them by recursion
MAX_CURSOR_CHARS = 4096
_MAX_SIZE = 1 << 62
_DIGEST = re.compile("[0-9a-f]{64}")
_NON_FINITE = ("NaN", "Infinity", "-Infinity")
_HINT = "Ask whoever runs the server; if a proxy or a login page is in the way, sign in there"


class _MisfitError(Exception):
    """A value of another type than its shape says. Holds what it should be, and the names that lead to it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.names: list[str] = []


def read(answer: Response, host: str, shape: Shape) -> Any:
    """Return the JSON in an answer.

    Raises:
        NotAServerError: It is not JSON, or does not have that shape.
    """
    return checked(answer.json(), host, shape)


def checked(value: Any, host: str, shape: Shape) -> Any:
    """Return a value that has a shape.

    Raises:
        NotAServerError: It has not.
    """
    try:
        shape(value)
    except _MisfitError as misfit:
        where = ".".join(reversed(misfit.names))
        raise misfitting(host, where, misfit.reason) from None
    return value


def misfitting(host: str, where: str, reason: str) -> NotAServerError:
    """Return the error for a part of an answer that is something else; `where` is empty for the whole."""
    if not where:
        return NotAServerError(host=host, reason=said("its answer is not {reason}", reason=said(reason)), hint=_HINT)
    told = said("{where} in its answer is not {reason}", where=where[:100], reason=said(reason))
    return NotAServerError(host=host, reason=told, hint=_HINT)


def _is(kind: type, reason: str) -> Shape:
    def check(value: Any) -> None:
        if type(value) is not kind:
            raise _MisfitError(reason)

    return check


flag = _is(bool, "true or false")


def text(value: Any) -> None:
    """Let a text pass that can be encoded."""
    if type(value) is not str:
        raise _MisfitError("a text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _MisfitError("a text in Unicode") from None


def uuid(value: Any) -> None:
    """Let an id pass."""
    if not is_uuid(value):
        raise _MisfitError("an id")


def cursor(value: Any) -> None:
    """Let the cursor of a next page pass."""
    if type(value) is not str or len(value) > MAX_CURSOR_CHARS or not value.isprintable():
        raise _MisfitError("a cursor")


def digest(value: Any) -> None:
    """Let a digest pass."""
    if type(value) is not str or not _DIGEST.fullmatch(value):
        raise _MisfitError("a digest")


def size(value: Any) -> None:
    """Let a number of bytes, points or trials pass."""
    if type(value) is not int or not 0 <= value < _MAX_SIZE:
        raise _MisfitError("a number from 0 on")


def integer(value: Any) -> None:
    """Let a whole number of 64 bits pass."""
    if type(value) is not int or not is_step(value):
        raise _MisfitError("a whole number")


def number(value: Any) -> None:
    """Let a number pass, or the text of one that is not finite."""
    if type(value) in (int, float):
        if value == value and not math.isinf(float_of(value)):
            return
    elif type(value) is str and value in _NON_FINITE:
        return
    raise _MisfitError("a number")


def choice(*words: str) -> Shape:
    """Return the shape of one of several words."""

    def check(value: Any) -> None:
        if type(value) is not str or value not in words:
            raise _MisfitError("one of the words of this protocol")

    return check


def plain(value: Any) -> None:
    """Let any value of JSON pass that is not nested too deeply and can be encoded."""
    level, depth = [value], 0
    while level:
        if depth > MAX_DEPTH:
            raise _MisfitError("shallow enough to be read")
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                for name in item:
                    text(name)
                below += item.values()
            elif type(item) is list:
                below += item
            elif type(item) is str:
                text(item)
        level, depth = below, depth + 1


def mapping(value: Any) -> None:
    """Let an object pass, whatever its members."""
    if type(value) is not dict:
        raise _MisfitError("an object")
    plain(value)


def maybe(shape: Shape) -> Shape:
    """Return the shape of a value that may be null."""

    def check(value: Any) -> None:
        if value is not None:
            shape(value)

    return check


def listed(shape: Shape) -> Shape:
    """Return the shape of a list."""

    def check(value: Any) -> None:
        if type(value) is not list:
            raise _MisfitError("a list")
        for position, item in enumerate(value):
            try:
                shape(item)
            except _MisfitError as misfit:
                misfit.names.append(str(position))
                raise

    return check


def named(shape: Shape, names: Shape = text) -> Shape:
    """Return the shape of an object whose members are all alike."""

    def check(value: Any) -> None:
        if type(value) is not dict:
            raise _MisfitError("an object")
        for name, item in value.items():
            names(name)
            try:
                shape(item)
            except _MisfitError as misfit:
                misfit.names.append(name)
                raise

    return check


def members(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """Return the shape of an object with these members; an optional one may be absent or null."""
    both = (*required.items(), *((name, maybe(shape)) for name, shape in (optional or {}).items()))

    def check(value: Any) -> None:
        if type(value) is not dict:
            raise _MisfitError("an object")
        for name, shape in both:
            try:
                if name in value:
                    shape(value[name])
                elif name in required:
                    raise _MisfitError("there")
            except _MisfitError as misfit:
                misfit.names.append(name)
                raise

    return check


# Version 2, as in docs/reference/http-api.md.

_FILES = named(members({"offset": size, "digest": digest}, {"count": size}))
_LOCATION = members({"path": text}, {"id": text, "fallback": flag})
_AGGREGATES = members(
    {},
    {
        **dict.fromkeys(("last", "min", "max", "mean"), number),
        "count": size,
        **dict.fromkeys(("last_step", "min_step", "max_step", "nan_since"), integer),
    },
)
_SEGMENT = members(
    {"kind": text}, {"from_step": integer, "offset": size, "timestamp": text, "parent": text, "parent_name": text}
)
_ENDING = members({}, {**dict.fromkeys(("kind", "exception", "message", "signal", "at"), text), "status": integer})
_TRIAL: dict[str, Shape] = {"id": uuid, "name": text}
_TRIAL_EXTRAS: dict[str, Shape] = {
    "alternative_name": text,
    "folder": _LOCATION,
    "owner": text,
    "status": text,
    "state": text,
    "reason": text,
    "ending": _ENDING,
    "last_write": text,
    "started": text,
    "ended": text,
    "updated": text,
    "parameters": mapping,
    "metrics": named(_AGGREGATES),
    "tags": listed(text),
    "note": text,
    "segments": listed(_SEGMENT),
    "role": text,
    "files": _FILES,
    "metadata": mapping,
}
_QUOTA = maybe(members({"limit": size, "used": size}))
_FOLDER = members(
    {"id": text, "name": text, "path": text},
    {
        "parent": text,
        "owner": text,
        "role": text,
        "type": text,
        "trials": size,
        "trials_below": size,
        "updated": text,
        "quota": _QUOTA,
    },
)
_SHARE = members(
    {"id": size, "role": text, "user": maybe(text), "group": maybe(text)},  # without either: anyone who has the key
    {"link": flag, "created": text, "expires": text, "key": uuid},
)

INFO = members(
    {"product": choice("aimd"), "user": text},
    {"version": text, "epoch": text, "features": listed(text), "quota": _QUOTA},
)
TRIAL = members(_TRIAL, _TRIAL_EXTRAS)
TRIALS = members({"trials": listed(TRIAL)}, {"next": cursor, "behind": size, "count": members({"value": size})})
KNOWN = members({"trials": named(members(_TRIAL, {"folder": _LOCATION, "state": text, "files": _FILES}), names=uuid)})
UPLOADED = members(
    {
        "id": uuid,
        "name": text,
        "outcome": choice("created", "updated", "unchanged", "skipped"),
        "folder": _LOCATION,
        "files": _FILES,
    }
)
MISSING = members({"missing": listed(digest), "offsets": named(size)})
SMALL = members({"digests": listed(digest)})
TREE = members({"count": size, "size": size, "digest": digest})
PARTS = members({"parts": listed(members({"offset": size, "size": size, "url": text})), "expires_s": size})
FILES = members({"files": listed(members({"path": text, "size": size, "digest": digest}))}, {"next": cursor})
_MEDIA_BYTES: dict[str, Shape] = {"type": text, "digest": digest, "size": size}
_MEDIA_KEY: dict[str, Shape] = {
    **{"key": text, "kinds": listed(text), "records": size, "steps": size},
    **{"first_step": integer, "last_step": integer},
}
MEDIA_KEYS = members({"keys": listed(members(_MEDIA_KEY))}, {"behind": flag})
MEDIA_STEPS = members({"steps": listed(integer)}, {"next": cursor})
MEDIA = members(
    {"media": listed(members({"key": text, "step": integer, "kind": text, "index": size}, _MEDIA_BYTES))},
    {"next": cursor, "behind": flag},
)
MEDIA_MISSING = members({"missing": listed(digest)})
MEDIA_COUNT = members({"count": size})
_COLUMN = members({"name": text})
COLUMNS = members({"parameters": listed(_COLUMN), "metrics": listed(_COLUMN)})
BATCH = members({"trials": listed(TRIAL), "missing": listed(text)})
_DETAILS = {"files": _FILES, "metadata": mapping}
BATCH_DETAILED = members({"trials": listed(members({**_TRIAL, **_DETAILS}, _TRIAL_EXTRAS)), "missing": listed(text)})
_PART = members({"offset": size, "length": size})
PLOTS = members(
    {
        "series": listed(
            members(
                {"trial": uuid, "metric": text, "count": size, "exact": flag, "x": _PART, "lo": _PART},
                {"hi": _PART, "mean": _PART},
            )
        )
    }
)
TRASH = members(
    {
        "items": listed(
            members(
                {"kind": text, "id": uuid, "name": text, "deleted": text}, {"folder": text, "alternative_name": text}
            )
        )
    },
    {"next": cursor},
)
EVENT = members({"id": text})
FOLDER = _FOLDER
FOLDERS = members({"folders": listed(_FOLDER)}, {"next": cursor})
VIEW = members(
    {"name": text, "shared": flag, "folder": _LOCATION, "etag": text, "view": mapping},
    {"editor": text, "updated": text},
)
NOTE = members({"note": text, "etag": text}, {"editor": text, "updated": text})
ADDRESS = members({"address": text})
VIEWS = members({"views": listed(VIEW)})
BASELINE = members({}, {"baseline": members({"trial": uuid, "name": text}, {"alternative_name": text})})
SHARE = _SHARE
LINK = members({"id": size, "role": text, "key": uuid}, {"link": flag, "created": text, "expires": text})
SHARES = members({"shares": listed(_SHARE)})
_SHARED = members({"kind": text, "id": text, "name": text}, {"path": text, "owner": text, "role": text})
SHARED = members({"items": listed(_SHARED)})
_ARTIFACT_EXTRAS: dict[str, Shape] = {
    **dict.fromkeys(("description", "commit", "version", "created", "updated", "owner", "editor", "role"), text),
    "aliases": listed(text),
    "objects": size,
    "size": size,
    "fallback": flag,
    "references": mapping,
}
ARTIFACT = members(
    {"id": uuid, "name": text, "type": text, "folder": members({"id": uuid, "path": text}), "version": maybe(text)},
    _ARTIFACT_EXTRAS,
)
LINEAGE = members(
    {
        "start": uuid,
        "nodes": listed(members({"kind": choice("trial", "artifact"), "id": uuid, "name": text, "detail": text})),
        "edges": listed(members({"source": uuid, "target": uuid})),
    }
)
ARTIFACTS = members({"artifacts": listed(ARTIFACT)}, {"next": cursor})
ARTIFACT_BATCH = members({"artifacts": listed(ARTIFACT), "missing": listed(text)})
OBJECTS = members({"objects": listed(members({"key": text, "size": size, "digest": digest}))}, {"next": cursor})
_ERROR = members(
    {"code": text, "message": text},
    {"name": text, "folder": text, "holder": text, **dict.fromkeys(("used", "more"), size)},
)


def error_in(answer: Response) -> dict[str, Any] | None:
    """Return the error that an answer of version 2 tells, or None if it has another form."""
    document = answer.json()
    error = document.get("error") if isinstance(document, dict) else None
    try:
        _ERROR(error)
    except _MisfitError:
        return None
    assert isinstance(error, dict)
    return error


# Version 1, as in the deployed protocol.


def _old_id(value: Any) -> None:
    if type(value) is not str or not 0 < len(value) <= 100 or not value.isprintable():
        raise _MisfitError("an id")


_OLD_INNER = members({}, {"id": _old_id, "name": text, "folder": text})
OLD_FOLDER = members({"metadata": members({"id": _old_id, "name": text}, {"folder": text, "timestamp": plain})})
OLD_FOLDERS = members({"folders": listed(plain)})
OLD_DOCUMENT = members({"doc": mapping})
OLD_TRIAL = members({"doc": members({"metadata": _OLD_INNER})})
OLD_POINTS = maybe(named(listed(mapping)))  # points of other clients may have another form
OLD_PARAMETERS = maybe(mapping)
OLD_ID: Shape = _old_id
OLD_ARTIFACT = members({}, {"metadata": _OLD_INNER, "description": text})  # commit and version are of any type
OLD_OBJECTS = members({"results": listed(members({"path": text, "size_bytes": size}, {"checksum": text}))})
OLD_CREATED = members({"id": _old_id})
OLD_PARTS = members({"uploadId": _old_id})
OLD_PART = members({"etag": text})
OLD_USER = members({"preferred_username": text})


def fits(value: Any, shape: Shape) -> bool:
    """Tell whether a value has a shape, for a list of which the rest may still be used."""
    try:
        shape(value)
    except _MisfitError:
        return False
    return True
