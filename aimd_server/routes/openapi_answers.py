"""The answers of version 2 as JSON Schema. Members may be added to an answer, never removed."""

from __future__ import annotations

from typing import Any

from aimd_core.query.tree import SHAPES

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
ID: Schema = {"type": "string", "format": "uuid"}
MAPPING: Schema = {"type": "object"}


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _all(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _named(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _object(**members: Schema) -> Schema:
    return {"type": "object", "required": list(members), "properties": members}


def _sometimes(schema: Schema, **members: Schema) -> Schema:
    """Return the schema of an object with optional members."""
    return {**schema, "properties": {**schema["properties"], **members}}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _page(**members: Schema) -> Schema:
    return _object(**members, next=_maybe(TEXT))


_ROLE: Schema = {"enum": ["viewer", "editor", "owner"]}
_SCOPE: Schema = {"enum": ["read", "write", "upload"]}
_PLACE = _object(id=ID, path=TEXT)
_QUOTA = _object(limit=COUNT, used=COUNT)
_PARTS = _object(parts=_all(_object(offset=COUNT, size=COUNT, url=TEXT)), expires_s=COUNT)
_SEGMENT = _sometimes(
    _object(kind={"enum": ["fork", "resume"]}, from_step={"type": "integer"}, offset=COUNT, timestamp=TEXT),
    parent=TEXT,
    parent_name=TEXT,
)  # a fork has a parent
_NOTE = _object(note=TEXT, editor=_maybe(TEXT), updated=_maybe(TIME), etag=TEXT)
_ADDRESS = _object(id=TEXT, address=TEXT, folder=ID, created=TIME)
_TRIAL: dict[str, Schema] = {
    "id": ID,
    "name": TEXT,
    "alternative_name": _maybe(TEXT),
    "folder": _PLACE,
    "owner": TEXT,
    "status": _maybe(TEXT),
    "state": _maybe(TEXT),
    "reason": _maybe(TEXT),
    "ending": _maybe(MAPPING),
    "last_write": _maybe(TIME),
    "started": _maybe(TEXT),
    "ended": _maybe(TEXT),
    "updated": TIME,
    "parameters": MAPPING,
    "metrics": _named(MAPPING),
    "nan_since": _named({"type": "integer"}),
    "tags": _all(TEXT),
    "note": TEXT,
    "segments": _all(_SEGMENT),
    "role": _ROLE,
}


def _trial_with(**members: Schema) -> Schema:
    """Return the schema of a trial with more members; callers in another language also get the reason in theirs."""
    return _sometimes(_object(**_TRIAL, **members), reason_words=TEXT)


_FILES = _named(_sometimes(_object(offset=COUNT, digest=TEXT), count=COUNT))  # only `files/` and `media` have a count
_BYTES = {"type": TEXT, "digest": TEXT, "size": COUNT}
_MEDIA = _sometimes(
    _object(key=TEXT, step={"type": "integer"}, kind=TEXT, index=COUNT),
    **{**_BYTES, "present": FLAG, "text": TEXT, "preview": _object(**_BYTES), "caption": TEXT, "group": TEXT},
    timestamp=TEXT,
    histogram=_object(edges=_all({"type": "number"}), counts=_all(COUNT)),
)
_MEDIA_KEY = _object(
    key=TEXT,
    kinds=_all(TEXT),
    records=COUNT,
    steps=COUNT,
    first_step={"type": "integer"},
    last_step={"type": "integer"},
)
_KIND: Schema = {"enum": ["folder", "trial"]}
_TRASHED: Schema = {"enum": ["folder", "trial", "artifact"]}
_NUMBERS = _all(_maybe({"type": "number"}))
_SERIES = _object(trial=ID, metric=TEXT, count=COUNT, exact=FLAG, nan=COUNT, x=_NUMBERS, lo=_NUMBERS)
_BUCKETS = {"hi": _NUMBERS, "mean": _NUMBERS, "finite": _NUMBERS}  # absent if there is one entry per point
_KEY: dict[str, Schema] = {
    "id": COUNT,
    "user": TEXT,
    "name": _maybe(TEXT),
    "scope": _SCOPE,
    "created": TIME,
    "expires": _maybe(TIME),
    "state": {"enum": ["valid", "revoked", "expired"]},
}
_SHARE: dict[str, Schema] = {
    "id": COUNT,
    "user": _maybe(TEXT),
    "group": _maybe(TEXT),
    "link": FLAG,
    "role": _ROLE,
    "created": TIME,
    "expires": _maybe(TIME),
}
_FOLDER: dict[str, Schema] = {
    "id": ID,
    "name": TEXT,
    "path": TEXT,
    "parent": _maybe(ID),
    "owner": TEXT,
    "role": _ROLE,
    "type": TEXT,
    "trials": COUNT,
    "updated": TIME,
}

# By name, as in the components.
_ARTIFACT: dict[str, Schema] = {
    "id": ID,
    "name": TEXT,
    "type": TEXT,
    "folder": _PLACE,
    "description": TEXT,
    "commit": _maybe(TEXT),
    "version": _maybe(TEXT),
    "aliases": _all(TEXT),
    "created": _maybe(TEXT),
    "updated": TIME,
    "owner": TEXT,
    "editor": TEXT,
    "role": _ROLE,
    "objects": COUNT,
    "size": COUNT,
}
_BASELINE = _object(
    **{"trial": ID, "name": TEXT, "alternative_name": _maybe(TEXT), "folder": _PLACE, "editor": TEXT, "updated": TIME}
)
SHARED: dict[str, Schema] = {
    "View": _object(name=TEXT, shared=FLAG, folder=_PLACE, editor=TEXT, updated=TIME, etag=TEXT, view=MAPPING),
    "Folder": _sometimes(
        _object(**_FOLDER), trials_below=COUNT, folders=COUNT, shared=FLAG, target=ID, quota=_maybe(_QUOTA)
    ),
    "Trial": _trial_with(),
    "Artifact": _sometimes(_object(**_ARTIFACT), references=MAPPING),
    "Share": _sometimes(_object(**_SHARE), key=ID),
    "Key": _object(**_KEY),
    "Session": _object(
        user=TEXT, kind={"enum": ["user", "link", "local"]}, scope=_SCOPE, expires=_maybe(TIME), admin=FLAG
    ),
}
_folder, _trial, _share = _reference("Folder"), _reference("Trial"), _reference("Share")
_artifact = _reference("Artifact")

ANSWERS: dict[tuple[str, str], Schema] = {
    ("GET", "/artifacts"): _page(artifacts=_all(_artifact)),
    ("POST", "/artifacts/batch"): _object(artifacts=_all(_artifact), missing=_all(TEXT)),
    ("GET", "/artifacts/by-tag"): _artifact,
    ("GET", "/artifacts/{id}"): _artifact,
    ("PUT", "/artifacts/{id}"): _sometimes(_object(**_ARTIFACT, fallback=FLAG), references=MAPPING),
    ("POST", "/artifacts/{id}/restore"): _artifact,
    ("GET", "/artifacts/{id}/objects"): _page(objects=_all(_object(key=TEXT, size=COUNT, digest=TEXT))),
    ("GET", "/artifacts/{id}/lineage"): _object(
        start=ID,
        nodes=_all(_object(kind={"enum": ["artifact", "trial"]}, id=ID, name=TEXT, detail=TEXT, folder=TEXT)),
        edges=_all(_object(source=ID, target=ID)),
    ),
    ("POST", "/artifacts/{id}/finalize"): _artifact,
    ("POST", "/artifacts/{id}/aliases"): _artifact,
    ("GET", "/info"): _object(
        product={"const": "aimd"},
        version=TEXT,
        epoch=_maybe(TEXT),
        user=TEXT,
        limits=_named(COUNT),
        quota=_maybe(_QUOTA),
    ),
    ("GET", "/folders"): _page(folders=_all(_folder)),
    ("POST", "/folders"): _folder,
    ("GET", "/folders/by-path"): _folder,
    ("GET", "/folders/{id}"): _folder,
    ("PATCH", "/folders/{id}"): _folder,
    ("POST", "/folders/{id}/restore"): _folder,
    ("GET", "/folders/{id}/views"): _object(views=_all(_reference("View"))),
    ("GET", "/folders/{id}/views/{name}"): _reference("View"),
    ("PUT", "/folders/{id}/views/{name}"): _reference("View"),
    **{(method, "/folders/{id}/baseline"): _object(baseline=_maybe(_BASELINE)) for method in ("GET", "PUT")},
    **{(method, "/folders/{id}/note"): _NOTE for method in ("GET", "PUT")},
    ("POST", "/folders/{id}/addresses"): _ADDRESS,
    ("GET", "/addresses/{id}"): _ADDRESS,
    ("POST", "/trials/changes"): _object(done=_all(ID), refused=_all(_object(id=TEXT, code=TEXT, message=TEXT))),
    ("GET", "/trials"): _sometimes(_page(trials=_all(_trial)), behind=COUNT, count=_object(value=COUNT, capped=FLAG)),
    ("GET", "/trials/columns"): _object(
        parameters=_all(_object(name=TEXT, count=COUNT, varies=FLAG)),
        metrics=_all(_object(name=TEXT, count=COUNT)),
        fields=_named(TEXT),
        operators=_named(_all(TEXT)),
        aggregates=_all(TEXT),
        trials=COUNT,
        more=FLAG,
    ),
    ("GET", "/trials/values"): _object(
        fields=_all(
            _object(
                field=TEXT,
                shape={"enum": list(SHAPES)},
                values=_all(_object(value=TEXT, count=COUNT)),
                more=FLAG,
                low=_maybe(NUMBER),
                high=_maybe(NUMBER),
            )
        ),
        trials=COUNT,
    ),
    ("POST", "/trials/batch"): _object(
        trials=_all(_sometimes(_trial_with(), metadata=MAPPING, files=_FILES)), missing=_all(TEXT)
    ),
    ("POST", "/metrics"): _object(series=_all(_sometimes(_SERIES, **_BUCKETS)), missing=_all(TEXT)),
    ("POST", "/trials/known"): _object(
        trials=_named(_object(id=ID, name=TEXT, folder=_PLACE, state=_maybe(TEXT), files=_FILES))
    ),
    ("GET", "/trials/{id}"): _trial_with(metadata=MAPPING, files=_FILES),
    ("PUT", "/trials/{id}"): _object(
        id=ID,
        name=TEXT,
        outcome={"enum": ["created", "updated", "unchanged", "skipped"]},
        folder=_object(id=ID, path=TEXT, fallback=FLAG),
        files=_FILES,
    ),
    ("POST", "/contents/missing"): _object(missing=_all(TEXT), offsets=_named(COUNT)),
    ("POST", "/contents"): _object(digests=_all(TEXT)),
    ("GET", "/trials/{id}/files"): _page(files=_all(_object(path=TEXT, size=COUNT, digest=TEXT, updated=TIME))),
    ("POST", "/trials/{id}/files"): _object(count=COUNT, size=COUNT, digest=TEXT),
    ("GET", "/trials/{id}/files/{file}/lines"): _object(offset=COUNT, lines=COUNT, more=FLAG),
    ("GET", "/trials/{id}/content/parts"): _PARTS,
    ("GET", "/trials/{id}/media/content/parts"): _PARTS,
    ("GET", "/artifacts/{id}/content/parts"): _PARTS,
    ("GET", "/trials/{id}/media"): _sometimes(_page(media=_all(_MEDIA)), behind=FLAG),
    ("POST", "/trials/{id}/media"): _object(count=COUNT),
    ("POST", "/trials/{id}/media/missing"): _object(missing=_all(TEXT)),
    ("GET", "/trials/{id}/media/keys"): _object(keys=_all(_MEDIA_KEY), behind=FLAG),
    ("GET", "/trials/{id}/media/steps"): _page(steps=_all({"type": "integer"})),
    ("PATCH", "/trials/{id}"): _trial,
    ("POST", "/trials/{id}/restore"): _trial,
    ("GET", "/trash"): _page(
        items=_all(
            _object(
                **{"kind": _TRASHED, "id": ID, "name": TEXT, "alternative_name": _maybe(TEXT), "folder": _maybe(TEXT)},
                **{"by": TEXT, "deleted": TIME, "until": TIME},
            )
        ),
        days=COUNT,
    ),
    ("GET", "/me/keys"): _object(keys=_all(_reference("Key"))),
    ("POST", "/me/keys"): _object(**_KEY, key=ID),
    ("POST", "/session"): _reference("Session"),
    ("GET", "/session"): _reference("Session"),
    ("GET", "/me/sessions"): _object(
        sessions=_all(_object(id=COUNT, key=COUNT, key_name=_maybe(TEXT), created=TIME, expires=TIME, current=FLAG))
    ),
    ("GET", "/shared"): _object(items=_all(_object(kind=_KIND, id=ID, name=TEXT, path=TEXT, owner=TEXT, role=_ROLE))),
    ("GET", "/audit"): _page(entries=_all(_object(time=TIME, actor=TEXT, action=TEXT, object=TEXT, detail=MAPPING))),
    **{("GET", f"/{kind}s/{{id}}/shares"): _object(shares=_all(_share)) for kind in ("folder", "trial")},
    **{("POST", f"/{kind}s/{{id}}/shares"): _share for kind in ("folder", "trial")},
}
