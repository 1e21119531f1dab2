"""Paths as nobody in good faith writes them, and the raw requests that carry them to every route."""

from __future__ import annotations

import re
from collections.abc import Iterator

UP = "../../../../../../../.."
TARGETS = ("etc/passwd", "proc/self/environ", "canary.txt")
_UPS = (
    "..",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "%25252e%25252e",
    "..;",
    "..%00",
    "..%0d%0a",
    "%c0%ae%c0%ae",  # overlong UTF-8
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%u002e%u002e",
    "%uff0e%uff0e",
    "\uff0e\uff0e",
    "%c0%2e%c0%2e",
    "%e0%40%ae%e0%40%ae",
    "..%20",
    "..%3b",
    "....",
    ".",
)
_SLASHES = ("/", "%2f", "%5c", "\\", "%252f", "%c0%af", "//", "/./", "%2f%2f", "\u2215", "%u2215")
_WHOLE = (
    "/etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "\\\\127.0.0.1\\c$\\x",
    "%5c%5c127.0.0.1%5cc$%5cx",
    "//127.0.0.1/share/x",
    "C:\\windows\\win.ini",
    "C:%5cwindows%5cwin.ini",
    "c:/windows/win.ini",
    "/proc/self/environ",
    "/proc/self/fd/3",
    "/dev/zero",
    "%00",
    "a%00.html",
    "..%00/etc/passwd",
    "index.html%00.css",
    "index.html/",
    "index.html/..",
    "index.html;/../../app.py",
    "~root",
    "~/.t9k/t9k-sdk-config.yaml",
    "aimd.db",
    "aimd.db-wal",
    "server.json",
    "..%2faimd.db",
    ".git/config",
    ".env",
    "CON",
    "NUL.txt",
    "aux:",
    "a:$DATA",
    "x" * 300,
    "x/" * 500,
    "%2e/" * 300,
    "../" * 2000,
    "%",
    "%2",
    "%zz",
    "%ff%fe",
    "%80",
    "%ed%a0%80",  # half a surrogate pair
    "{id}",
    "${HOME}",
    "$(id)",
    "`id`",
    "|id",
    "' OR 1=1 --",
    "%27%20OR%201=1",
    "*",
    "?",
    "#",
    "%3f",
    "%23",
    "root",
    "by-path",
    "-1",
    "0",
    "9" * 400,
    "1e999",
    "null",
    "\u202e",
    "%e2%80%ae",
    "\r\nX-Evil: 1",
    "%0d%0aX-Evil:%201",
    "\x1b[31m",
    "%1b%5b31m",
)


def payloads() -> list[str]:
    """Return all of them, each once."""
    found = [up + slash + slash.join([up] * 7) + slash + "etc/passwd" for up in _UPS for slash in _SLASHES]
    found += [f"{UP}/{target}" for target in TARGETS]
    found += [f"{UP}/{target}".replace("/", "%2f") for target in TARGETS]
    return list(dict.fromkeys([*found, *_WHOLE]))


def targets(routes: list[tuple[str, str]], payload: str) -> Iterator[tuple[str, str]]:
    """Yield (method, request target) that carry a payload to each route, in its path and in its query."""
    for method, path in routes:
        if "{" in path:
            yield method, re.sub(r"\{\w+(:path)?\}", lambda _: payload, path)
            yield method, re.sub(r"\{id\}", "00000000-0000-4000-8000-000000000000", path, count=1) + "/" + payload
        else:
            yield method, f"{path.rstrip('/')}/{payload}"
            names = ("path", "folder", "name", "cursor", "under", "folder_id", "where", "sort", "columns", "file")
            yield method, path + "?" + "&".join(f"{name}={payload}" for name in names)
    yield "GET", payload
    yield "GET", f"/{payload}"
    yield "GET", f"http://localhost/{payload}"
    yield "GET", f"http://evil.example{payload}"
    yield "OPTIONS", "*"
    yield "CONNECT", "localhost:80"
    yield "TRACE", f"/{payload}"
