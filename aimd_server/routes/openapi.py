"""The OpenAPI 3.1 document of version 2, made from the registered routes and the types of their bodies.

A route that is not described here is an error, so the two cannot drift apart.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from aimd_core.format.protocol import COLUMNS_TYPE
from aimd_core.format.values import UUID_PATTERN
from aimd_core.version import __version__
from aimd_server.routes.access import Access, Door, RouteTable, UndeclaredAccessError
from aimd_server.routes.openapi_answers import ANSWERS, SHARED
from aimd_server.routes.v2_files import MOST_OFFSET
from aimd_server.services.artifact_changes import AliasChange, ArtifactWish
from aimd_server.services.artifact_lists import ArtifactBatch
from aimd_server.services.artifacts import ObjectsWish
from aimd_server.services.bulk_changes import BulkChange
from aimd_server.services.content_batches import BatchWish
from aimd_server.services.contents import MAX_BYTES, Missing
from aimd_server.services.files import DOCUMENTS, FILES, JOURNALS
from aimd_server.services.folder_notes import NoteWish
from aimd_server.services.folder_tree import FolderChange, NewFolder
from aimd_server.services.identity import KeyWish
from aimd_server.services.media import PAGE as MEDIA_PAGE
from aimd_server.services.media import MediaWish
from aimd_server.services.saved_views import BaselineWish, ViewWish
from aimd_server.services.series.plotting import PlotWish
from aimd_server.services.sessions import SignIn
from aimd_server.services.sharing import ShareWish
from aimd_server.services.short_addresses import AddressWish
from aimd_server.services.shortcuts import ShortcutWish
from aimd_server.services.trash import Restoring
from aimd_server.services.trial_changes import BatchRequest, TrialChange
from aimd_server.services.trial_files import PAGE as FILES_PAGE
from aimd_server.services.trial_files import FilesWish
from aimd_server.services.trials import MAX_PAGE, KnownRequest, TrialWish

Document = dict[str, Any]
_PART = re.compile(r"\{(\w+)\}")
_PAGED = ("limit", "cursor")
_SWITCHES = ("below", "count", "above", "shared")
_GOAL = ("trial", "artifact")
_NUMBERS = {"limit": MAX_PAGE, "depth": 999_999_999}  # their greatest values
_FILE = "/trials/{id}/files/{file}"
_CONTENT = "/contents/{digest}"
_MEDIA = "/trials/{id}/media"
_DIGEST: Document = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_STEP: Document = {"type": "string", "pattern": "^-?[0-9]{1,18}$"}
_OFFSET: Document = {"type": "string", "pattern": "^[0-9]{1,18}$"}
_VIEW = "/folders/{id}/views/{name}"
_ETAG: Document = {"type": "string", "pattern": r'^(\*|"[^"]*")$'}
# Parts of paths and queries that do not accept every text.
_SCHEMAS: dict[tuple[str, str, str], Document] = {
    ("PUT", "/trials/{id}", "id"): {"type": "string", "pattern": f"^{UUID_PATTERN}$"},
    ("GET", _FILE, "file"): {"enum": list(FILES)},
    ("HEAD", _FILE, "file"): {"enum": list(FILES)},
    ("GET", f"{_FILE}/lines", "file"): {"enum": list(JOURNALS)},
    ("GET", f"{_FILE}/lines", "offset"): _OFFSET,
    ("GET", f"{_FILE}/lines", "line"): {"type": "string", "pattern": "^0*[1-9][0-9]{0,17}$"},
    ("PATCH", _FILE, "file"): {"enum": list(JOURNALS)},
    ("PUT", _FILE, "file"): {"enum": list(DOCUMENTS)},
    ("GET", "/folders/{id}/report", "lang"): {"enum": ["en", "zh"]},
    ("HEAD", _CONTENT, "digest"): {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    ("PATCH", _CONTENT, "digest"): {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    ("GET", "/trials/{id}/files", "limit"): {"type": "integer", "minimum": 1, "maximum": FILES_PAGE},
    ("GET", "/trials/{id}/content", "path"): {"type": "string", "minLength": 1},
    ("GET", "/artifacts/{id}/content", "key"): {"type": "string", "minLength": 1},
    ("GET", "/trials/{id}/content/parts", "path"): {"type": "string", "minLength": 1},
    ("GET", "/trials/{id}/content/parts", "from"): _OFFSET,
    ("GET", "/artifacts/{id}/content/parts", "key"): {"type": "string", "minLength": 1},
    ("GET", "/artifacts/{id}/content/parts", "from"): _OFFSET,
    ("GET", f"{_MEDIA}/content/parts", "digest"): _DIGEST,
    ("GET", f"{_MEDIA}/content/parts", "from"): _OFFSET,
    ("GET", _MEDIA, "limit"): {"type": "integer", "minimum": 1, "maximum": MEDIA_PAGE},
    ("GET", _MEDIA, "from"): _STEP,
    ("GET", _MEDIA, "to"): _STEP,
    ("GET", f"{_MEDIA}/steps", "cursor"): {"type": "string", "pattern": "^(-?[0-9]{1,18})?$"},
    ("GET", f"{_MEDIA}/content", "digest"): _DIGEST,
    ("GET", f"{_MEDIA}/page", "digest"): _DIGEST,
    ("PUT", "/artifacts/{id}", "id"): {"type": "string", "pattern": f"^{UUID_PATTERN}$"},
}


class Described:
    """What the document says about a route that the route itself does not.

    Attributes:
        status: The status of a successful answer.
        body: The type of a JSON body, `bytes` for any other body, None for no body.
        query: The names in its query.
        has_answer: Whether the answer has a JSON body.
        needs_body: Whether the body is required.
        needs: The required names in its query.
    """

    __slots__ = ("body", "has_answer", "needs", "needs_body", "query", "status")

    def __init__(
        self,
        status: int = 200,
        body: type | None = None,
        query: tuple[str, ...] = (),
        needs_body: bool = True,
        needs: tuple[str, ...] = (),
    ) -> None:
        self.needs = needs
        self.status = status
        self.body = body
        self.query = query
        self.has_answer = status in (200, 201)
        self.needs_body = needs_body


ROUTES: dict[tuple[str, str], Described] = {
    ("GET", "/info"): Described(),
    ("GET", "/openapi.json"): Described(),
    ("GET", "/folders"): Described(query=("path", "under", "depth", *_PAGED)),
    ("POST", "/folders"): Described(201, NewFolder),
    ("GET", "/folders/by-path"): Described(query=("path",), needs=("path",)),
    ("GET", "/folders/{id}"): Described(),
    ("PATCH", "/folders/{id}"): Described(200, FolderChange),
    ("DELETE", "/folders/{id}"): Described(204),
    ("POST", "/folders/{id}/restore"): Described(200, Restoring, needs_body=False),
    ("GET", "/folders/{id}/export"): Described(),
    ("POST", "/folders/{id}/shortcuts"): Described(201, ShortcutWish),
    ("DELETE", "/shortcuts/{id}"): Described(204),
    ("GET", "/folders/{id}/views"): Described(query=("above",)),
    ("GET", _VIEW): Described(query=("shared",)),
    ("PUT", _VIEW): Described(201, ViewWish, ("shared",)),
    ("DELETE", _VIEW): Described(204, query=("shared",)),
    ("GET", "/folders/{id}/baseline"): Described(),
    ("PUT", "/folders/{id}/baseline"): Described(200, BaselineWish),
    ("DELETE", "/folders/{id}/baseline"): Described(204),
    ("GET", "/folders/{id}/note"): Described(),
    ("PUT", "/folders/{id}/note"): Described(200, NoteWish),
    ("GET", "/folders/{id}/report"): Described(query=("lang",)),
    ("POST", "/folders/{id}/addresses"): Described(201, AddressWish),
    ("GET", "/addresses/{id}"): Described(),
    ("POST", "/trials/changes"): Described(200, BulkChange),
    ("GET", "/trials"): Described(query=("folder", "folder_id", "below", "where", "sort", "columns", "count", *_PAGED)),
    ("GET", "/trials/columns"): Described(query=("folder", "folder_id", "below")),
    ("GET", "/trials/values"): Described(query=("folder", "folder_id", "below", "fields")),
    ("GET", "/events"): Described(query=("folder_id", "below", "trials")),
    ("POST", "/trials/batch"): Described(200, BatchRequest),
    ("POST", "/trials/known"): Described(200, KnownRequest),
    ("PUT", "/trials/{id}/files/{file}"): Described(204, bytes, needs_body=False),
    ("GET", "/trials/{id}"): Described(),
    ("PUT", "/trials/{id}"): Described(201, TrialWish, ("dry_run",)),
    ("PATCH", "/trials/{id}"): Described(200, TrialChange),
    ("DELETE", "/trials/{id}"): Described(204),
    ("POST", "/trials/{id}/restore"): Described(200, Restoring, needs_body=False),
    ("GET", "/trash"): Described(query=_PAGED),
    ("HEAD", "/trials/{id}/files/{file}"): Described(204),
    ("GET", "/trials/{id}/files/{file}"): Described(),
    ("GET", f"{_FILE}/lines"): Described(query=("offset", "line")),
    ("PATCH", "/trials/{id}/files/{file}"): Described(204, bytes, needs_body=False),
    ("POST", "/contents/missing"): Described(200, Missing),
    ("POST", "/contents"): Described(200, bytes, _GOAL),
    ("HEAD", "/contents/{digest}"): Described(204),
    ("PATCH", "/contents/{digest}"): Described(204, bytes, _GOAL, needs_body=False),
    ("GET", "/trials/{id}/files"): Described(query=("limit", "cursor")),
    ("POST", "/trials/{id}/files"): Described(200, FilesWish),
    ("GET", "/trials/{id}/content"): Described(query=("path",), needs=("path",)),
    ("GET", "/trials/{id}/content/parts"): Described(query=("path", "from"), needs=("path",)),
    ("POST", "/trials/{id}/contents"): Described(200, BatchWish),
    ("POST", f"{_MEDIA}/contents"): Described(200, BatchWish),
    ("POST", "/artifacts/{id}/contents"): Described(200, BatchWish),
    ("GET", f"{_MEDIA}/content/parts"): Described(query=("digest", "from"), needs=("digest",)),
    ("GET", "/artifacts/{id}/content/parts"): Described(query=("key", "from"), needs=("key",)),
    ("GET", _MEDIA): Described(query=("key", "from", "to", *_PAGED)),
    ("POST", _MEDIA): Described(200, MediaWish),
    ("POST", f"{_MEDIA}/missing"): Described(200, MediaWish),
    ("GET", f"{_MEDIA}/keys"): Described(),
    ("GET", f"{_MEDIA}/steps"): Described(query=("key", "cursor"), needs=("key",)),
    ("GET", f"{_MEDIA}/content"): Described(query=("digest",), needs=("digest",)),
    ("GET", f"{_MEDIA}/page"): Described(query=("digest",), needs=("digest",)),
    ("GET", "/artifacts"): Described(query=("folder", "folder_id", *_PAGED)),
    ("POST", "/artifacts/batch"): Described(200, ArtifactBatch),
    ("GET", "/artifacts/by-tag"): Described(query=("folder", "repo", "tag"), needs=("folder", "repo")),
    ("GET", "/artifacts/{id}"): Described(),
    ("PUT", "/artifacts/{id}"): Described(200, ArtifactWish),
    ("DELETE", "/artifacts/{id}"): Described(204),
    ("POST", "/artifacts/{id}/restore"): Described(),
    ("GET", "/artifacts/{id}/objects"): Described(query=("cursor",)),
    ("POST", "/artifacts/{id}/objects"): Described(204, ObjectsWish),
    ("GET", "/artifacts/{id}/content"): Described(query=("key",), needs=("key",)),
    ("GET", "/artifacts/{id}/lineage"): Described(query=("depth",)),
    ("POST", "/artifacts/{id}/finalize"): Described(),
    ("POST", "/artifacts/{id}/aliases"): Described(200, AliasChange),
    ("POST", "/metrics"): Described(200, PlotWish),
    ("GET", "/me/keys"): Described(),
    ("POST", "/me/keys"): Described(201, KeyWish, needs_body=False),
    ("DELETE", "/me/keys/{number}"): Described(204),
    ("POST", "/session"): Described(200, SignIn),
    ("GET", "/session"): Described(),
    ("DELETE", "/session"): Described(204),
    ("GET", "/me/sessions"): Described(),
    ("DELETE", "/me/sessions/{number}"): Described(204),
    ("GET", "/shared"): Described(),
    ("GET", "/audit"): Described(query=_PAGED),
    **{
        (method, f"/{kind}s/{{id}}/shares{rest}"): Described(status, body)
        for kind in ("folder", "trial")
        for method, rest, status, body in [
            ("GET", "", 200, None),
            ("POST", "", 201, ShareWish),
            ("DELETE", "/{number}", 204, None),
        ]
    },
}
# Operations whose answer names an object: the member with its id, and the object's paths.
_MAKERS = {
    ("POST", "/folders"): ("id", "/folders/{id}"),
    ("PUT", "/trials/{id}"): ("id", "/trials/{id}"),
    ("POST", "/me/keys"): ("number", "/me/keys/{number}"),
}
_BINARY = {
    ("GET", "/folders/{id}/export"): "application/x-tar",
    ("GET", "/folders/{id}/report"): "text/html",
    ("GET", "/trials/{id}/files/{file}"): "application/octet-stream",
    ("GET", "/trials/{id}/content"): "application/octet-stream",
    ("GET", f"{_MEDIA}/content"): "*/*",
    ("GET", f"{_MEDIA}/page"): "text/html",
    ("GET", "/artifacts/{id}/content"): "application/octet-stream",
    ("POST", "/trials/{id}/contents"): "application/octet-stream",
    ("POST", f"{_MEDIA}/contents"): "application/octet-stream",
    ("POST", "/artifacts/{id}/contents"): "application/octet-stream",
}
_BOTH = {("POST", "/metrics")}
_ERRORS = {
    "400": "bad_request, bad_encoding",
    "401": "unauthenticated",
    "403": "forbidden, bad_origin",
    "404": "not_found, folder_not_found",
    "409": "offset_mismatch, content_differs, content_missing, name_taken",
    "412": "view_changed, note_changed",
    "413": "too_large, quota_exceeded",
    "416": "a range beyond the end, without a body",
    "415": "unsupported_encoding",
    "421": "bad_host",
    "422": "invalid, too_slow",
    "503": "busy, storage_full, storage_away, with Retry-After",
}
_ERROR_SCHEMA: Document = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "limit": {"type": "number"},
                "offset": {"type": "integer"},
                "field": {"type": "string"},
                "etag": {"type": "string"},
                "position": {"type": "integer"},
                "used": {"type": "integer"},
                "more": {"type": "integer"},
                "holder": {"type": "string"},
            },
        }
    },
}


def document(table: RouteTable) -> Document:
    """Return the OpenAPI document of the routes of a table.

    Raises:
        UndeclaredAccessError: A route is not described, or a described route does not exist.
    """
    doors = {path.removeprefix(table.prefix): door for path, door in table.doors.items()}
    there = {(method, path) for path, door in doors.items() for method in door.rules}
    if there != set(ROUTES):
        odd = ", ".join(f"{method} {path}" for method, path in sorted(there ^ set(ROUTES)))
        raise UndeclaredAccessError(f"described and registered routes differ: {odd}")
    bodies = [route.body for route in ROUTES.values() if route.body not in (None, bytes)]
    _, components = msgspec.json.schema_components(dict.fromkeys(bodies), ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AIMD server, version 2",
            "version": __version__,
            "description": "Explained in docs/reference/http-api.md. An answer is a JSON object as described there.",
        },
        "servers": [{"url": table.prefix}],
        "security": [{"key": []}, {"session": []}],
        "paths": {path: _path(path, door) for path, door in doors.items()},
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "aimd_session",
                    "description": "With the port behind it, such as aimd_session_8080, where that is no default port.",
                },
            },
            "schemas": {**components, **SHARED, "Error": _ERROR_SCHEMA},
            "responses": {
                status: {"description": codes, "content": _json({"$ref": "#/components/schemas/Error"})}
                for status, codes in _ERRORS.items()
            },
        },
    }


def _json(schema: Document) -> Document:
    return {"application/json": {"schema": schema}}


def _path(path: str, door: Door) -> Document:
    return {method.lower(): _operation(method, path, door) for method in sorted(door.rules)}


def _operation(method: str, path: str, door: Door) -> Document:
    access, handler = door.rules[method]
    described = ROUTES[method, path]
    # In place of an id any text is accepted; what is not an id does not exist.
    parameters = [_parameter(name, "path") for name in _PART.findall(path)]
    parameters += [_parameter(name, "query", name in described.needs) for name in described.query]
    for parameter in parameters:
        parameter["schema"] = _SCHEMAS.get((method, path, parameter["name"]), parameter["schema"])
    if described.body is bytes and method == "PATCH":
        most = {"Upload-Offset": MOST_OFFSET, "Upload-Length": MAX_BYTES}
        names = ("Upload-Offset", "Upload-Length") if path == _CONTENT else ("Upload-Offset",)
        parameters += [
            {"name": name, "in": "header", "required": True, "schema": _number(0, most[name])} for name in names
        ]
    if (method, path) in (("PUT", _VIEW), ("DELETE", _VIEW), ("PUT", "/folders/{id}/note")):
        parameters.append({"name": "If-Match", "in": "header", "required": False, "schema": _ETAG})
    operation: Document = {
        "operationId": _operation_id(method, path),
        "summary": (handler.__doc__ or "").strip().splitlines()[0],
        "x-access": access.value if access is not Access.ANY_USER else "any_user",
        "parameters": parameters,
        "responses": {**_well(method, path, described), **_refusals()},
    }
    if access is Access.SIGN_IN:
        operation["security"] = []
    if described.body is not None:
        operation["requestBody"] = {"required": described.needs_body, "content": _content(described.body)}
    return operation


def _parameter(name: str, within: str, is_needed: bool = False) -> Document:
    schema: Document = {"type": "string"}
    if name in _SWITCHES:
        schema = {"type": "string", "enum": ["0", "1"]}
    if name in _NUMBERS:
        schema = {"type": "integer", "minimum": 1, "maximum": _NUMBERS[name]}
    return {"name": name, "in": within, "required": is_needed or within == "path", "schema": schema}


def _number(least: int, most: int) -> Document:
    return {"type": "integer", "minimum": least, "maximum": most}


def _content(body: type) -> Document:
    if body is bytes:
        return {"application/octet-stream": {}}
    return _json({"$ref": f"#/components/schemas/{body.__name__}"})


def _well(method: str, path: str, described: Described) -> Document:
    if path == "/events":
        answer: Document = {"description": "a stream of events", "content": {"text/event-stream": {}}}
    elif (method, path) in _BINARY:
        answer = {"description": "the bytes", "content": {_BINARY[method, path]: {}}}
    elif (method, path) in _BOTH:
        content = {**_json(ANSWERS[method, path]), COLUMNS_TYPE: {}}
        answer = {"description": "as JSON or columns, as asked for by Accept", "content": content}
    elif described.has_answer:
        answer = {"description": "done", "content": _json(ANSWERS.get((method, path), {"type": "object"}))}
    else:
        answer = {"description": "done, without a body"}
    if (method, path) in _MAKERS:
        answer = {**answer, "links": _links(*_MAKERS[method, path])}
    statuses = ("200", "201") if described.status == 201 else (str(described.status),)
    return dict.fromkeys(statuses, answer)


def _links(part: str, prefix: str) -> Document:
    """Return the operations on a newly created object, each with the position of its id in the answer."""
    there = [(method, path) for method, path in ROUTES if path.startswith(prefix) and path.count("{") == 1]
    return {
        _operation_id(method, path): {
            "operationId": _operation_id(method, path),
            "parameters": {part: "$response.body#/id"},
        }
        for method, path in there
    }


def _operation_id(method: str, path: str) -> str:
    words = re.sub(r"\W+", "_", path).strip("_")
    return f"{method.lower()}_{words}"


def _refusals() -> Document:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS}
