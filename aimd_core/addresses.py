"""The normal form of server addresses, so that one server is never taken for two."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aimd_core.errors import UsageError
from aimd_core.language import said

_HOST_NAME = re.compile(r"[\w.:%-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LABEL_CHARS, _MAX_HOST_CHARS = 63, 253
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST_HINT = "For example: aimd login -H https://HOST/t9k/experiment/server"


def normal_host(host: str) -> str:
    """Return a server's address in its normal form: scheme and host in lower case, no trailing slash.

    Raises:
        UsageError: It is not an http or https address, or it has a user name, query or fragment.
    """
    text = host.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(
            message=said("host {host!r} is not an address ({error})", host=host, error=error), hint=_HOST_HINT
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            message=said("host {host!r} does not begin with http:// or https://", host=host), hint=_HOST_HINT
        )
    if parts.username is not None or parts.query or parts.fragment or any(c.isspace() or c < " " for c in text):
        raise UsageError(
            message="the host must not contain a user name, a query, a fragment or spaces", hint=_HOST_HINT
        )
    if not _HOST_NAME.fullmatch(parts.hostname):
        raise UsageError(
            message=said("host {host!r} contains a character that host names cannot have", host=host), hint=_HOST_HINT
        )
    if ":" not in parts.hostname and not _has_labels(parts.hostname):
        raise UsageError(
            message=said("host {host!r} has a part between dots that is empty or too long", host=host), hint=_HOST_HINT
        )
    # Within a URL, the % of an IPv6 zone is written %25; a socket takes the plain one.
    name = f"[{parts.hostname.replace('%25', '%')}]" if ":" in parts.hostname else parts.hostname
    shown_port = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{name}{shown_port}{parts.path}"


def _has_labels(name: str) -> bool:
    """Tell whether each part of a host name has 1 to 63 characters; one dot may follow the last."""
    labels = name.removesuffix(".").split(".")
    return len(name) <= _MAX_HOST_CHARS and all(1 <= len(label) <= _MAX_LABEL_CHARS for label in labels)


def is_plain_remote(host: str) -> bool:
    """Tell whether a key for that host would cross a network unencrypted."""
    parts = urlsplit(host)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK
