"""The normal form of server addresses, so that one server is never taken for two."""

from __future__ import annotations

import contextlib
import re
from urllib.parse import urlsplit

from aimd_core.errors import UsageError
from aimd_core.language import said

_HOST_NAME = re.compile(r"[\w.:%-]+")
_USER = re.compile(r"(?<![^/'\"\s(])[^/'\"\s(]*@")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LABEL_CHARS, _MAX_HOST_CHARS = 63, 253
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST_HINT = "For example: aimd login -H https://HOST/t9k/experiment/server"


def normal_host(host: str) -> str:
    """Return a server's address in its normal form, in which all spellings of one server are equal.

    Scheme and host are in lower case, international names in ASCII (`xn--...`), IP addresses in their short form; no
    dot or slash at the end.

    Raises:
        UsageError: It is not an http or https address, or it has a user name, query or fragment.
    """
    text, host = host.strip().rstrip("/"), without_password(host)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        problem = without_password(str(error))
        raise UsageError(
            message=said("host {host!r} is not an address ({error})", host=host, error=problem), hint=_HOST_HINT
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            message=said("host {host!r} does not begin with http:// or https://", host=host), hint=_HOST_HINT
        )
    if parts.username is not None or parts.query or parts.fragment or any(c.isspace() or c < " " for c in text):
        raise UsageError(
            message="the host must not contain a user name, a query, a fragment or spaces", hint=_HOST_HINT
        )
    try:
        name = _in_ascii(parts.hostname)
    except ValueError as error:
        raise UsageError(
            message=said("host {host!r} is not an address ({error})", host=host, error=error), hint=_HOST_HINT
        ) from None
    if not _HOST_NAME.fullmatch(name):
        raise UsageError(
            message=said("host {host!r} contains a character that host names cannot have", host=host), hint=_HOST_HINT
        )
    if ":" not in name and not _has_labels(name):
        raise UsageError(
            message=said("host {host!r} has a part between dots that is empty or too long", host=host), hint=_HOST_HINT
        )
    shown_port = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{_short(name)}{shown_port}{parts.path}"


def without_password(text: str, shown: str = "") -> str:
    """Return an address, or a text with one, without what stands before an @, which may be a password."""
    return _USER.sub(shown, text)


def normal_name(name: str) -> str:
    """Return a host name as DNS has it: ASCII, lower case, no dot at its end; an IP address in its short form.

    Raises:
        ValueError: It has a character that no host name can have.
    """
    return _short(_in_ascii(name)).strip("[]").lower()


def _in_ascii(name: str) -> str:
    if name.isascii():
        return name
    import idna  # which httpx brings along

    return idna.encode(name, uts46=True).decode("ascii")  # its errors are ValueErrors


def _short(name: str) -> str:
    import ipaddress
    import socket

    if ":" in name:
        # Within a URL, the % of an IPv6 zone is written %25; a socket takes the plain one.
        address, percent, zone = name.replace("%25", "%").partition("%")
        with contextlib.suppress(ValueError):
            address = str(ipaddress.IPv6Address(address))
        return f"[{address}{percent}{zone}]"
    name = name.removesuffix(".")
    if name.rpartition(".")[2].isdigit():  # 127.1 is 127.0.0.1
        with contextlib.suppress(OSError):
            return socket.inet_ntoa(socket.inet_aton(name))
    return name


def _has_labels(name: str) -> bool:
    """Tell whether each part of a host name has 1 to 63 characters; one dot may follow the last."""
    labels = name.removesuffix(".").split(".")
    return len(name) <= _MAX_HOST_CHARS and all(1 <= len(label) <= _MAX_LABEL_CHARS for label in labels)


def is_plain_remote(host: str) -> bool:
    """Tell whether a key for that host would cross a network unencrypted."""
    parts = urlsplit(host)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK
