"""Version 2 of the API: authentication, the form of errors, and the server's own routes.

See docs/reference/http-api.md.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from aimd_core.format.limits import MAX_CHANGES, MAX_SMALL, PART_BYTES
from aimd_core.format.protocol import CONTENT_BATCHES, CONTENTS, LONG_BODIES, MEDIA, PRESIGNED, QUERY, V2_PATH
from aimd_core.format.reports import MAX_NOTE_CHARS
from aimd_core.language import translated
from aimd_core.query.lexer import MAX_LENGTH
from aimd_core.version import __version__
from aimd_server.errors import StoreUnavailableError
from aimd_server.routes import (
    openapi,
    v2_artifacts,
    v2_contents,
    v2_events,
    v2_export,
    v2_files,
    v2_folders,
    v2_media,
    v2_metrics,
    v2_people,
    v2_reports,
    v2_session,
    v2_trials,
    v2_views,
)
from aimd_server.routes.access import Access, Backend, Call, Handler, RouteTable
from aimd_server.routes.answers import json_answer
from aimd_server.routes.bodies import DOCUMENT_BYTES
from aimd_server.routes.v2_bodies import language_of
from aimd_server.services import (
    contents,
    monitoring,
    quotas,
    saved_views,
    sessions,
    short_addresses,
    shortcuts,
    trial_lists,
    watching,
)
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import plotting
from aimd_server.services.trials import MAX_PAGE
from aimd_server.stores.accounts import Account
from aimd_server.stores.list_plans import LIMITS as LIST_LIMITS

FEATURES = (
    QUERY,
    "sessions",
    "events",
    "ranges",
    "shortcuts",
    "export",
    "metrics",
    CONTENTS,
    CONTENT_BATCHES,
    "artifacts",
    MEDIA,
    "views",
    "reports",
    LONG_BODIES,
)  # what older servers lack
LIMITS = {
    "part_bytes": PART_BYTES,
    "document_bytes": DOCUMENT_BYTES,
    "file_bytes": contents.MAX_BYTES,
    "small_contents": MAX_SMALL,
    "changed_files": MAX_CHANGES,
    "page": MAX_PAGE,
    "plotted_trials": plotting.MAX_TRIALS,
    "plotted_points": plotting.MAX_POINTS,
    "series_points": plotting.SERIES_POINTS,
    "streams": v2_events.MAX_STREAMS,
    "watched_trials": watching.MAX_NAMED,
    "shortcuts": shortcuts.MAX_IN_FOLDER,
    "views": saved_views.MAX_IN_FOLDER,
    "view_chars": saved_views.MAX_CHARS,
    "note_chars": MAX_NOTE_CHARS,
    "addresses": short_addresses.MAX_OF_USER,
    "address_chars": short_addresses.MAX_CHARS,
    "sessions": sessions.MAX_SESSIONS,
    "query_chars": MAX_LENGTH,
    "sort_keys": trial_lists.MAX_KEYS,
    "columns": trial_lists.MAX_COLUMNS,
    "count": LIST_LIMITS.counted,
    "examined_trials": LIST_LIMITS.examined,
    "sorted_trials": LIST_LIMITS.sorted,
}
RETRY_AFTER_S = 2
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="aimd"'}
_STATUS = {
    "bad_request": 400,
    "bad_encoding": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "bad_origin": 403,
    "not_found": 404,
    "folder_not_found": 404,
    "method_not_allowed": 405,
    "offset_mismatch": 409,
    "content_differs": 409,
    "content_missing": 409,
    "name_taken": 409,
    "view_changed": 412,
    "note_changed": 412,
    "quota_exceeded": 413,
    "too_large": 413,
    "unsupported_encoding": 415,
    "bad_host": 421,
    "invalid": 422,
    "too_slow": 422,
    "internal": 500,
    "busy": 503,
    "storage_away": 503,
    "storage_full": 503,
}


def error_answer(
    scope: Scope, code: str, message: str, headers: dict[str, str] | None = None, **facts: object
) -> Response:
    """Return an error in the form that all have, its sentences in the language of the caller."""
    reads, hint = language_of(Request(scope)), facts.get("hint")
    if isinstance(hint, str):
        facts["hint"] = translated(hint, reads)
    return json_answer(
        {"error": {"code": code, "message": translated(message, reads), **facts}}, _STATUS[code], headers
    )


class Version2:
    """The dialect of version 2: a bearer key or the cookie of a session, JSON errors."""

    def remembered(self, request: Request, backend: Backend) -> Account | None:
        """Return the caller if it is one with a key that was valid before."""
        scheme, key, _ = _authorization(request)
        return backend.key_lookups.remembered(key.strip()) if scheme.lower() == "bearer" and key else None

    async def authenticate(self, request: Request, backend: Backend) -> Account | Response:
        """Return the caller, or the one answer for everybody without a valid key."""
        scheme, key, given = _authorization(request)
        if scheme.lower() == "bearer" and key:
            account = await backend.key_lookups.account_of(key.strip())
            if account is not None:
                return account
        elif not given and (secret := v2_session.secret_in(request)):
            account = await backend.run(sessions.account_of, backend.database, secret)
            if account is not None:
                v2_session.check_origin(request, is_needed=request.method not in ("GET", "HEAD"))
                return account
        if backend.tokens.is_local:
            words = "this shows somebody's local trials: open the address that `aimd console` printed"
            return error_answer(request.scope, "unauthenticated", words, dict(_CHALLENGE), kind="local")
        words = "a valid API key is needed: Authorization: Bearer KEY"
        return error_answer(request.scope, "unauthenticated", words, dict(_CHALLENGE))

    def refused(self, error: RefusalError, request: Request) -> Response:
        """Return a refusal in the language of the caller, with the true offset if there is one."""
        offset = error.facts.get("offset")
        if error.code == "unauthenticated":
            return error_answer(request.scope, error.code, error.words, dict(_CHALLENGE))
        headers = {} if offset is None else {"Upload-Offset": str(offset)}
        if error.code == "busy":
            headers["Retry-After"] = str(RETRY_AFTER_S)
        return error_answer(request.scope, error.code, error.words, headers, **error.facts)

    def unavailable(self, error: StoreUnavailableError, request: Request) -> Response:
        """Return a 503 that says what of the server refuses."""
        code, message = error.told
        return error_answer(request.scope, code, message, {"Retry-After": str(RETRY_AFTER_S)})

    def wrong_method(self, allowed: list[str], request: Request) -> Response:
        """Return the methods that the path supports."""
        words = "this path does not take that method"
        return error_answer(request.scope, "method_not_allowed", words, {"Allow": ", ".join(allowed)})

    def not_found(self, request: Request) -> Response:
        """Return the answer to a user for an unknown path."""
        return error_answer(request.scope, "not_found", "there is no such path")


def _authorization(request: Request) -> tuple[str, str, list[str]]:
    """Return the scheme and the key of a request, both empty if there is not exactly one, and the headers."""
    given = request.headers.getlist("authorization")
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return scheme, key, given


async def get_info(call: Call) -> Response:
    """Answer with the product, the epoch of its data, the user and their quota, and the limits."""
    epoch = await call.backend.run(monitoring.epoch, call.database)
    is_reached = call.backend.settings.blobs_public_endpoint is not None
    features = (*FEATURES, PRESIGNED) if is_reached else FEATURES
    document = {"product": "aimd", "version": __version__, "epoch": epoch, "features": features, "user": call.user.name}
    return json_answer({**document, "limits": LIMITS, "quota": await call.run(quotas.of_user)})


def _description(table: RouteTable) -> Handler:
    made: list[Response] = []

    async def get_openapi(call: Call) -> Response:
        """Answer with this description."""
        if not made:
            made.append(json_answer(openapi.document(table)))
        return made[0]

    return get_openapi


def routes(base: str) -> RouteTable:
    """Return the routes of version 2 below the server's path."""
    dialect = Version2()
    table = RouteTable(base + V2_PATH, dialect)
    v2_files.register(table)  # first, because training calls them all day
    table.add("GET", "/info", get_info, access=Access.ANY_USER)
    v2_folders.register(table)
    v2_views.register(table)
    v2_reports.register(table)
    v2_trials.register(table)
    v2_contents.register(table)
    v2_media.register(table)
    v2_artifacts.register(table)
    v2_metrics.register(table)
    v2_events.register(table)
    v2_export.register(table)
    v2_people.register(table)
    v2_session.register(table)
    table.add("GET", "/openapi.json", _description(table), access=Access.ANY_USER)
    table.remember_callers(dialect.remembered, ("PATCH", "/trials/{id}/files/{file}"))
    table.open_to_uploads(("GET", "/info"), ("PUT", "/trials/{id}"))
    table.open_to_uploads(("POST", "/trials/known"), ("PUT", "/trials/{id}/files/{file}"))
    table.open_to_uploads(("HEAD", "/trials/{id}/files/{file}"), ("PATCH", "/trials/{id}/files/{file}"))
    return table
