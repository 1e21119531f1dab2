"""Version 2: the media of a trial, and their bytes. What people recorded never runs in the origin of the console.

Only pictures, sounds, videos and plain text are sent to be shown; everything else is an attachment. A page of HTML is
shown by one route, whose answer browsers put into an origin of its own without access to anything, and only in a frame:
in a window of its own, below the address of this server, it could pass for the console and ask for a key.
"""

from __future__ import annotations

from starlette.responses import Response

from aimd_core.format.headers import picture_in
from aimd_core.format.media import MAX_PIXELS, UNKNOWN_TYPE
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.content_streams import batch_answer, content_answer, parts_answer
from aimd_server.routes.v2_bodies import number_in, read_document
from aimd_server.services import content_batches, contents, media
from aimd_server.services.content_batches import BatchWish
from aimd_server.services.media import MediaWish, OpenMedia
from aimd_server.services.request_errors import invalid
from aimd_server.storage import Storage
from aimd_server.stores.accounts import Account

_MEDIA = "/trials/{id}/media"
_HEAD_BYTES = 64 << 10  # in which a picture says how large it is
_SMALL_BYTES = 1 << 20  # of which any number may be read at once, such as those of a gallery
SHOWN_TYPES = frozenset(
    {
        *(f"image/{name}" for name in ("png", "apng", "jpeg", "gif", "webp", "avif", "bmp")),
        *(f"audio/{name}" for name in ("wav", "mpeg", "ogg", "flac", "mp4", "webm")),
        *(f"video/{name}" for name in ("mp4", "webm", "ogg", "quicktime")),
        "text/plain",
    }
)
# What is told as what it is, so that a picture or a reader of the console gets it, but never shown by itself.
_TOLD_TYPES = frozenset({"image/svg+xml", "text/markdown", "application/vnd.aimd.table+json"})
_TOLD_TYPES |= frozenset({"application/vnd.plotly.v1+json", "application/json"})
_BYTES_POLICY = "sandbox; default-src 'none'"
PAGE_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src data: blob:; font-src data:; frame-ancestors 'self'; form-action 'none'; "
    "base-uri 'none'"
)


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("GET", _MEDIA, get_media, access=Access.ANY_USER)
    table.add("POST", _MEDIA, post_media, access=Access.ANY_USER)
    table.add("POST", f"{_MEDIA}/missing", post_missing, access=Access.READER)
    table.add("GET", f"{_MEDIA}/keys", get_keys, access=Access.ANY_USER)
    table.add("GET", f"{_MEDIA}/steps", get_steps, access=Access.ANY_USER)
    table.add("GET", f"{_MEDIA}/content", get_content, access=Access.ANY_USER)
    table.add("GET", f"{_MEDIA}/content/parts", get_parts, access=Access.ANY_USER)
    table.add("POST", f"{_MEDIA}/contents", post_batch, access=Access.READER)
    table.add("GET", f"{_MEDIA}/page", get_page, access=Access.ANY_USER)
    table.open_to_uploads(("POST", _MEDIA), ("POST", f"{_MEDIA}/missing"))


async def get_media(call: Call) -> Response:
    """Answer with a page of the records of a trial, by key and step."""
    query = call.request.query_params
    chosen = media.chosen(query.get("key"), query.get("from"), query.get("to"))
    limit = number_in(call, "limit", media.PAGE)
    return json_answer(await call.run(media.listed, call.part("id"), chosen, limit, query.get("cursor", "")))


async def post_media(call: Call) -> Response:
    """Let the media of a trial have contents."""
    return json_answer(await call.run(media.put, call.part("id"), await read_document(call, MediaWish)))


async def post_missing(call: Call) -> Response:
    """Answer which contents the media of a trial do not have."""
    return json_answer(await call.run(media.missing, call.part("id"), await read_document(call, MediaWish)))


async def get_keys(call: Call) -> Response:
    """Answer with what was recorded in a trial, by key."""
    return json_answer(await call.run(media.keys, call.part("id")))


async def get_steps(call: Call) -> Response:
    """Answer with the steps at which a key has records."""
    query = call.request.query_params
    if "key" not in query:
        raise invalid("name the key: key=...", field="key")
    return json_answer(await call.run(media.steps, call.part("id"), query["key"], query.get("cursor", "")))


async def get_content(call: Call) -> Response:
    """Answer with bytes that the media of a trial have."""
    opened = await _opened(call, as_page=False)
    kind = opened.type.partition(";")[0]
    is_shown = kind in SHOWN_TYPES
    if is_shown and kind.startswith("image/") and not await call.run_stored(_is_picture, opened):
        kind, is_shown = "", False
    media_type = opened.type if is_shown or kind in _TOLD_TYPES else UNKNOWN_TYPE
    return await _answer(call, opened, media_type, is_shown, {"Content-Security-Policy": _BYTES_POLICY})


def _is_picture(storage: Storage, _: Account, opened: OpenMedia) -> bool:
    """Tell whether bytes begin as a picture of a size that a browser can show, whatever its record says."""
    head = contents.read(storage, opened.content_id, opened.digest, 0, min(_HEAD_BYTES, opened.size))
    picture = picture_in(head)
    return picture is not None and picture.width * picture.height <= MAX_PIXELS


async def post_batch(call: Call) -> Response:
    """Answer with several small bytes that the media of a trial have at once."""
    call.take_slot()
    wish = await read_document(call, BatchWish)
    return await batch_answer(call, await call.run(content_batches.of_media, call.part("id"), wish))


async def get_parts(call: Call) -> Response:
    """Answer with where the object store gives bytes that the media of a trial have; it says no type of them."""
    opened = await _opened(call, as_page=False)
    return await parts_answer(call, opened.content_id, opened.digest)


async def get_page(call: Call) -> Response:
    """Answer with a page of HTML for a frame, in an origin of its own; for a window, with an attachment."""
    opened = await _opened(call, as_page=True)
    headers = {"Content-Security-Policy": PAGE_POLICY, "X-Frame-Options": "SAMEORIGIN", "Vary": "Sec-Fetch-Dest"}
    # Browsers say what for, but not to a server that they reach by plain HTTP on another machine.
    is_framed = call.request.headers.get("sec-fetch-dest", "iframe") in ("iframe", "frame", "empty")
    if is_framed:
        return await _answer(call, opened, "text/html; charset=utf-8", True, headers)
    return await _answer(call, opened, UNKNOWN_TYPE, False, headers, "-attached")  # never one for the other


async def _opened(call: Call, as_page: bool) -> OpenMedia:
    digest = call.request.query_params.get("digest", "")
    if not digest:
        raise invalid("name the bytes: digest=...", field="digest")
    return await call.run(media.open_media, call.part("id"), digest, as_page)


async def _answer(
    call: Call, opened: OpenMedia, media_type: str, is_shown: bool, headers: dict[str, str], mark: str = ""
) -> Response:
    """Return the bytes; the browser may keep them by their digest and `mark`, and asks each time whether it may."""
    etag = f'"{opened.digest}{mark}"'
    headers |= {"Cache-Control": "private, no-cache"}
    if call.request.headers.get("if-none-match", "") == etag:
        return empty_answer(304, {**headers, "ETag": etag})
    if opened.size > _SMALL_BYTES:
        call.take_slot()
    name = opened.digest[:12]
    return await content_answer(
        call, opened.content_id, opened.digest, opened.size, name, etag, headers, media_type, is_shown
    )
