"""What a web server says of content that an artifact only refers to: its size and ETag, by HEAD. Asked on request only.

No key and no cookie goes along. A redirect is followed, but never from https to http.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from aimd_core.client.lean_httpx import httpx
from aimd_core.client.network_settings import open_client
from aimd_core.errors import UnreachableError, UsageError
from aimd_core.format.artifacts import MAX_ETAG_CHARS
from aimd_core.format.model import ReferenceFacts
from aimd_core.language import said

_REDIRECTS = 5
_TIMEOUT_S = 15.0
_SCHEMES = ("http", "https")


def ask(uri: str) -> ReferenceFacts:
    """Return size and ETag of what a URI leads to, as far as its server tells them.

    Raises:
        UsageError: It is not an http or https URI.
        UnreachableError: There was no answer, or it is an error.
        NetworkSettingError: The environment names a proxy or certificates that cannot be used.
    """
    if urlsplit(uri).scheme not in _SCHEMES:
        raise UsageError(
            message=said("only what https:// or http:// leads to can be checked, not {uri}", uri=uri),
            hint="Give size= and digest= if you know them",
        )
    location = uri
    with open_client(uri, {}, httpx.Timeout(_TIMEOUT_S)) as client:
        for _ in range(_REDIRECTS + 1):
            answer = _head(client, location)
            if not answer.is_redirect:
                return _facts_in(answer, uri)
            following = urljoin(location, answer.headers["location"])
            schemes = urlsplit(location).scheme, urlsplit(following).scheme
            if schemes[1] not in _SCHEMES or schemes == ("https", "http"):
                break
            location = following
    raise UnreachableError(host=uri, reason="it redirects elsewhere")


def _head(client: httpx.Client, uri: str) -> httpx.Response:
    try:
        return client.head(uri)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(host=uri, reason=str(error) or type(error).__name__) from None


def _facts_in(answer: httpx.Response, uri: str) -> ReferenceFacts:
    if not answer.is_success:
        raise UnreachableError(host=uri, reason=said("HTTP {status}", status=answer.status_code))
    length, etag = answer.headers.get("content-length", ""), answer.headers.get("etag", "")
    is_plain = "content-encoding" not in answer.headers and length.isascii() and length.isdecimal()
    has_etag = 0 < len(etag) <= MAX_ETAG_CHARS and etag.isprintable()
    return ReferenceFacts(int(length) if is_plain and len(length) < 19 else None, etag=etag if has_etag else None)


def has_changed(recorded: ReferenceFacts, answered: ReferenceFacts) -> bool:
    """Tell whether a server says something else than was recorded, as far as both say something."""
    pairs = [(recorded.size_bytes, answered.size_bytes), (recorded.etag, answered.etag)]
    return any(before is not None and after is not None and before != after for before, after in pairs)
