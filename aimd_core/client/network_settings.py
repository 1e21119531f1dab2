"""What the environment says about the network: proxies and certificates.

A setting that cannot be used is one error that names its variable, never an error of the HTTP library. A proxy's
address may hold a password, so no message repeats it whole.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aimd_core.client.lean_httpx import httpx, lean
from aimd_core.errors import NetworkSettingError
from aimd_core.language import said

if TYPE_CHECKING:
    import ssl

# The first that is set names the certificates to trust, a file or a directory.
CERTIFICATES = ("AIMD_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_SOCKS = ("socks5", "socks5h")
_MAX_PORT = 65_535


class _NoCookies:
    """A jar that keeps none. The key says who calls, and nothing else does."""

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def extract_cookies(self, response: object) -> None:
        """Take none from an answer."""


_NO_COOKIES: Any = _NoCookies()


class _Client(httpx.Client):
    """A client without cookies, for which httpx need not load what reads them."""

    @property  # type: ignore[misc]  # nobody sets them
    def cookies(self) -> Any:
        """None."""
        return _NO_COOKIES


def _may_have_proxies() -> bool:
    """Tell whether the environment names a proxy, or the system may; only then httpx need load what asks it."""
    return sys.platform in ("darwin", "win32") or any(name.lower().endswith("_proxy") for name in os.environ)


def open_client(host: str, headers: dict[str, str], timeout: httpx.Timeout) -> httpx.Client:
    """Return an HTTP client for a host that follows no redirect.

    Raises:
        NetworkSettingError: The environment names a proxy or certificates that cannot be used.
    """
    options: dict[str, Any] = {"headers": headers, "timeout": timeout, "follow_redirects": False}
    verify: Any = certificates() if host.startswith("https:") else None  # made when it is needed, which is never
    try:
        with lean():
            client = _Client(verify=verify, trust_env=_may_have_proxies(), cookies=_NO_COOKIES, **options)
        if any(_has_bad_address(os.environ.get(v, "")) for name in _PROXIES for v in (name, name.upper())):
            raise ValueError(_PROXIES)  # found only when it is used
        return client
    except (ImportError, ValueError, TypeError, httpx.InvalidURL) as error:
        raise _proxy_error(error) from None


def certificates() -> ssl.SSLContext:
    """Return what certificates to trust: those that the first variable of `CERTIFICATES` names, else the usual ones.

    Raises:
        NetworkSettingError: They are missing or cannot be read.
    """
    for variable in CERTIFICATES:
        path = os.environ.get(variable)
        if path:
            return _certificates(variable, path)
    return _usual_certificates()


@functools.cache
def _usual_certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@functools.cache
def _certificates(variable: str, path: str) -> ssl.SSLContext:
    import ssl

    if not Path(path).exists():
        raise NetworkSettingError(variable=variable, reason=said("{path} does not exist", path=path))
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        reason = said("{path} holds no certificates that can be read ({error})", path=path, error=error)
        raise NetworkSettingError(variable=variable, reason=reason) from None


def _proxy_error(error: Exception) -> NetworkSettingError:
    """Return the error for a proxy setting, with the variable that is at fault."""
    for name in _PROXIES:
        for variable in (name, name.upper()):
            value = os.environ.get(variable, "")
            scheme = value.partition("://")[0].lower() if "://" in value else "http"
            if scheme in _SOCKS and isinstance(error, ImportError):
                reason = said("SOCKS proxies need a library: pip install 'httpx[socks]'")
                return NetworkSettingError(variable=variable, reason=reason)
            if value and scheme not in ("http", "https", *_SOCKS):
                reason = said(
                    "a proxy's address begins with http://, https:// or socks5://, not {scheme}", scheme=scheme
                )
                return NetworkSettingError(variable=variable, reason=reason)
            if _has_bad_address(value):
                return NetworkSettingError(variable=variable, reason=said("it is not the address of a proxy"))
    variable = "no_proxy" if os.environ.get("no_proxy") else "NO_PROXY"
    reason = said("it has an entry that is not a host name or an address; write ::1 without brackets")
    return NetworkSettingError(variable=variable, reason=reason)


def _has_bad_address(value: str) -> bool:
    if not value:
        return False
    try:
        port = httpx.Proxy(value if "://" in value else f"http://{value}").url.port
        return port is not None and port > _MAX_PORT
    except (ValueError, httpx.InvalidURL):
        return True


def proxy_of(host: str) -> str:
    """Return host and port of the proxy that requests to a host go through, or an empty string."""
    from urllib.request import getproxies, proxy_bypass

    target = urlsplit(host)
    proxies = getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(target.netloc):
        return ""
    return (proxy if "://" in proxy else f"http://{proxy}").partition("://")[2].rpartition("@")[2].rstrip("/")
