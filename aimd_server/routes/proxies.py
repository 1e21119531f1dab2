"""What a request was before a proxy: its scheme, host, path prefix and client.

Only peers with a trusted address are believed (setting `trusted_proxies`); anybody else's headers have no effect.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import Scope

from aimd_server.settings import is_path

_MAX_PROXIES = 16  # in front of each other
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Proxies:
    """The trusted proxies: addresses or networks, such as `127.0.0.1` and `10.0.0.0/8`."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks = []
        self._names = set()
        for text in trusted:
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                self._names.add(text)

    @property
    def is_any(self) -> bool:
        """Whether there is one."""
        return bool(self._names or self._networks)

    def trusts(self, peer: str) -> bool:
        """Tell whether a peer is one of them."""
        if peer in self._names:
            return True
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def client_of(self, scope: Scope) -> str:
        """Return the caller's address; claims of untrusted peers are ignored."""
        peer = _peer(scope)
        chain = [part.strip() for part in ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")]
        chain = chain[-_MAX_PROXIES:]
        while self.trusts(peer) and chain and chain[-1]:
            peer = chain.pop()
        return peer

    def unfolded(self, scope: Scope) -> Scope:
        """Return a request as it was before a trusted proxy, or unchanged if it came from elsewhere."""
        if not self.is_any or not self.trusts(_peer(scope)):
            return scope
        headers = Headers(scope=scope)
        changed = dict(scope)
        scheme = _last(headers, "x-forwarded-proto").lower()
        if scheme in _DEFAULT_PORTS:
            changed["scheme"] = scheme
        host = _last(headers, "x-forwarded-host")
        if host:
            kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
            changed["headers"] = [*kept, (b"host", host.encode("latin-1"))]
        prefix = _last(headers, "x-forwarded-prefix").rstrip("/")
        if is_path(prefix):
            changed["aimd.prefix"] = prefix
        return changed


def _peer(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _last(headers: Headers, name: str) -> str:
    """Return what the nearest proxy wrote into a header."""
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()


def prefix_of(scope: Scope) -> str:
    """Return the path below which browsers see the server, empty or such as `/tools/aimd`."""
    return str(scope.get("aimd.prefix", ""))


def based(scope: Scope, base_path: str) -> Scope:
    """Return a request without the base path, if it has that."""
    path = str(scope["path"])
    if not base_path or not path.startswith(f"{base_path}/"):
        return scope
    raw = bytes(scope.get("raw_path") or path.encode())
    shorter = {"path": path[len(base_path) :], "raw_path": raw[len(base_path) :]}
    return {**scope, **shorter, "aimd.prefix": prefix_of(scope) or base_path}


def own_origin(scope: Scope) -> str:
    """Return the origin of this server's pages in the browser that sent a request."""
    scheme = str(scope.get("scheme", "http"))
    return f"{scheme}://{_without_default_port(Headers(scope=scope).get('host', ''), scheme)}"


def is_own_origin(scope: Scope, origin: str) -> bool:
    """Tell whether an Origin header is this server's own."""
    scheme, separator, host = origin.partition("://")
    return bool(separator) and f"{scheme}://{_without_default_port(host, scheme)}".lower() == own_origin(scope).lower()


def _without_default_port(host: str, scheme: str) -> str:
    return host.removesuffix(_DEFAULT_PORTS.get(scheme, ""))
