"""Reads large contents from the object store behind a server, if the server says that clients reach it.

The server lists signed addresses, and anything may be in them. So they get neither a key nor a cookie, no redirect is
followed, and no host in a network that only this machine reaches is asked, unless the server itself is in such a one.
What arrives is compared with the size, and by the caller with the digest, as if the server had sent it. After any
failure the server sends the rest, and everything else of the same command.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from aimd_core.client import answers
from aimd_core.client.connection import NO_RETRY, Connection
from aimd_core.client.lean_httpx import httpx
from aimd_core.client.network_settings import proxy_of
from aimd_core.client.v2 import Server, offers, read_at
from aimd_core.errors import AimdError, NetworkError, NotAServerError, UnreachableError
from aimd_core.format.protocol import PRESIGNED
from aimd_core.language import said, warn_once

LARGE_BYTES = 8 << 20  # from here on the second request pays
_MAX_URL_CHARS = 8192
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_SHARED_NETWORKS = ("100.64.0.0/10", "fec0::/10", "64:ff9b:1::/48")  # private too, though Python has other names
_IN_ADDRESSES = ("64:ff9b::/96", "2002::/16", "2001::/32")  # of IPv6, which have one of IPv4 inside


class ContentAddress(NamedTuple):
    """Where a server has a content: a path, and what its query names it by; and its size in bytes, 0 if unknown."""

    path: str
    name: str
    value: str
    size_bytes: int


class _SignedPart(NamedTuple):
    offset: int
    size_bytes: int
    url: str


class Reach(IntEnum):
    """Who reaches an address: everybody, a network, this machine; nobody is asked at those of the last kind."""

    EVERYBODY = 0
    NETWORK = 1
    MACHINE = 2
    SPECIAL = 3


def receive(server: Server, content: ContentAddress, start: int, take: Callable[[bytes], bool]) -> None:
    """Pass the bytes of a content from `start` on to `take`, as long as it returns True.

    Raises:
        UnreachableError: They are incomplete; what arrived was passed on.
    """
    if content.size_bytes - start > LARGE_BYTES and _is_on(server):
        reading = _Reading(server, content, start, take)
        try:
            reading.run()
        except AimdError as error:  # what else it is, such as a refusal, the server says again below
            if server.is_aborted:
                raise
            if isinstance(error, NetworkError):
                _give_up(server, error)
        if reading.is_done:
            return
        start = reading.reached
    read_at(server, f"{content.path}?{content.name}={quote(content.value, safe='')}", start, take)


def distrust(server: Server) -> bool:
    """Read nothing more from the object store, because other bytes came; return whether it was in use."""
    if server.direct.is_offered:
        _give_up(server, NotAServerError(host=server.host, reason=said("it sends other bytes")))
    return bool(server.direct.is_offered)


def _is_on(server: Server) -> bool:
    if server.direct.is_offered is None:
        server.direct.is_offered = offers(server, PRESIGNED)
    return server.direct.is_offered and not server.direct.has_failed


def _give_up(server: Server, error: AimdError) -> None:
    """Let the server send everything from now on, and say so."""
    if server.direct.has_failed:
        return
    server.direct.has_failed = True
    reason = error.facts.get("reason") or error
    warn_once(
        said("note: downloading through the server, because its object store cannot be used: {reason}", reason=reason)
    )


class _Reading:
    """One content that is being read from the object store.

    Attributes:
        reached: How far, in bytes.
        is_done: Whether there is no more to read, or `take` wants no more.
    """

    def __init__(self, server: Server, content: ContentAddress, start: int, take: Callable[[bytes], bool]) -> None:
        self._server = server
        self._content = content
        self._take = take
        self._start = self.reached = start
        self.is_done = False

    def run(self) -> None:
        """Read all of it, or as much as the server lists addresses for."""
        while self._read_listed():
            continue

    def _read_listed(self) -> bool:
        """Ask for addresses and read what is there, and return whether there is more to read."""
        asked_s = time.monotonic()
        parts, expires_s = self._parts()
        for number, part in enumerate(parts):
            if number and time.monotonic() - asked_s > expires_s / 2:
                return True
            self._read(part)
            if self.is_done:
                return False
        self.is_done = not parts and self.reached > self._start  # there is no more of it than this
        return bool(parts)

    def _parts(self) -> tuple[list[_SignedPart], int]:
        """Ask where the next parts are.

        Raises:
            NotAServerError: What it answers does not continue what was read.
        """
        query = {self._content.name: self._content.value, "from": str(self.reached)}
        answer = self._server.call(answers.PARTS, "GET", f"{self._content.path}/parts", query=query)
        parts = [_SignedPart(row["offset"], row["size"], row["url"]) for row in answer["parts"]]
        end = self.reached
        for number, part in enumerate(parts):
            follows = part.offset == end if number else part.offset <= end < part.offset + part.size_bytes
            end = part.offset + part.size_bytes
            if not follows or not part.size_bytes:
                raise answers.misfitting(self._server.host, "parts", "the parts of the content")
        if end > self._content.size_bytes:  # the record of a medium may lie about its size
            parts = []
        return parts, answer["expires_s"]

    def _read(self, part: _SignedPart) -> None:
        """Read what is left of a part.

        Raises:
            UnreachableError, NotAServerError: It is not there, or incomplete.
        """
        address = checked_url(part.url, self._server.host)
        store = _store_of(self._server, address.host)
        end, skipped = part.offset + part.size_bytes, self.reached - part.offset

        def pass_on(piece: bytes) -> bool:
            piece = piece[: end - self.reached]
            self.reached += len(piece)
            self.is_done = not self._take(piece) or self.reached == self._content.size_bytes
            return not self.is_done and self.reached < end

        headers = {"Range": f"bytes={skipped}-"} if skipped else {}
        answer = store.stream("GET", address.path, headers, pass_on, 206 if skipped else 200)
        if answer is not None:
            raise UnreachableError(host=store.host, reason=said("HTTP {status_code}", status_code=answer.status))
        if self.reached < end and not self.is_done:
            raise UnreachableError(host=store.host, reason=said("its objects are too short"))


class _Address(NamedTuple):
    host: str
    path: str


def checked_url(url: str, server_host: str) -> _Address:
    """Return scheme, host and port of a signed address, and the rest of it.

    Raises:
        NotAServerError: It is not one that this machine should ask: not http(s), http where the server has https, with
            a user name, on a host that only this machine or its network reaches, or behind a proxy.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused(server_host) from None
    server = urlsplit(server_host)
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _MAX_URL_CHARS
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and server.scheme == "http")
    name = parts.hostname or ""
    if not is_plain or not is_safe or "@" in parts.netloc or parts.fragment or not _HOST.fullmatch(name):
        raise _refused(server_host)
    host = f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{f':{port}' if port is not None else ''}"
    if proxy_of(host):  # which would ask on our behalf, and nobody knows where
        raise NotAServerError(host=host, reason=said("it is behind a proxy"))
    return _Address(host, f"{parts.path or '/'}?{parts.query}")


def _refused(server_host: str) -> NotAServerError:
    return NotAServerError(host=server_host, reason=said("it names an address that is not asked"))


def _store_of(server: Server, host: str) -> Connection:
    """Return this connection's own to the object store."""
    if server.store is None or server.store.host != host:
        require_reach(host, server.host)
        if server.store is not None:
            server.store.__exit__(None, None, None)
        server.store = _StoreConnection(host, server.host)
    return server.store


class _StoreConnection(Connection):
    """A connection to an object store, which sends nothing to a host that was not asked for."""

    def __init__(self, host: str, server_host: str) -> None:
        super().__init__(host, retry=NO_RETRY)
        self._most = reach_of_server(server_host)

    def _note(self, event: str, facts: Mapping[str, Any]) -> None:
        """Close a new connection if its other end is not where the name led before."""
        super()._note(event, facts)
        if event == "connection.connect_tcp.complete":
            connected = facts["return_value"].get_extra_info("socket")
            if connected is None or reach_of(connected.getpeername()[0]) > self._most:
                facts["return_value"].close()
                raise httpx.ConnectError("its address is not asked")


def require_reach(host: str, server_host: str) -> None:
    """Refuse a host that fewer reach than the server: a server must not make this machine ask its network.

    Raises:
        NotAServerError: It is one, or has no address.
    """
    reaches = [reach_of(address) for address in addresses_of(host)]
    if not reaches or max(reaches) > reach_of_server(server_host):
        raise _refused(server_host)


def reach_of_server(server_host: str) -> Reach:
    """Return who reaches a server, by the address of it that most do."""
    return min((reach_of(address) for address in addresses_of(server_host)), default=Reach.EVERYBODY)


def addresses_of(host: str) -> list[str]:
    """Return the IP addresses of a host, without a port."""
    parts = urlsplit(host)
    try:
        rows = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(row[4][0]) for row in rows]


def reach_of(text: str) -> Reach:
    """Return who reaches an IP address."""
    import ipaddress  # only large contents need it

    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return Reach.SPECIAL
    address = getattr(address, "ipv4_mapped", None) or address
    networks = [ipaddress.ip_network(network) for network in (*_SHARED_NETWORKS, *_IN_ADDRESSES)]
    inside = [address.version == network.version and address in network for network in networks]
    if address.is_loopback:
        return Reach.MACHINE
    if address.is_link_local or address.is_multicast or address.is_unspecified or any(inside[len(_SHARED_NETWORKS) :]):
        return Reach.SPECIAL  # among them where clouds tell a machine its secrets
    if any(inside) or address.is_private:
        return Reach.NETWORK
    return Reach.EVERYBODY if address.is_global else Reach.SPECIAL
