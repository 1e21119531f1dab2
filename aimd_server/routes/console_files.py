"""The web console's files, listed and read once at start, so that a path from a request never reaches the disk.

A file whose name contains a digest never changes, and browsers are told so; they ask for the others each time and get
304 if they are unchanged. POLICY limits what a browser may load and do: this server only, no inline scripts or styles,
nothing embedded, no text turned into markup.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from aimd_server.routes.answers import empty_answer

FOLDER = Path(__file__).parent.parent / "static"  # made by `make console` and by building a wheel
INDEX = "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Vary": "Accept-Encoding",
}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PACKED_WELL = ("text/", "image/svg", "application/")
_HASHED = re.compile(r"assets/.+-[\w-]{8}\.\w+")
_NOT_BUILT = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>AIMD</title>
<h1>The console is not built</h1>
<p>This server runs from a source checkout in which the web console was not built yet. In the checkout, run</p>
<pre>make console</pre>
<p>and start the server again. All else works: the API, uploads, the command line.</p>
</html>
"""


class ConsoleFile:
    """A file as it is sent."""

    __slots__ = ("content", "headers", "packed", "tag")

    def __init__(self, name: str, content: bytes) -> None:
        media_type = _TYPES[Path(name).suffix]
        self.content = content
        self.packed = gzip.compress(content, 9, mtime=0) if media_type.startswith(_PACKED_WELL) else None
        self.tag = hashlib.sha256(content).hexdigest()[:32]
        lasting = "public, max-age=31536000, immutable" if _HASHED.fullmatch(name) else "no-cache"
        self.headers = {**_HEADERS, "Content-Type": media_type, "Cache-Control": lasting}

    def answer(self, request: Request) -> Response:
        """Return the file, compressed if accepted, or 304."""
        if self.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
            headers = {**self.headers, "ETag": f'"{self.tag}-gzip"', "Content-Encoding": "gzip"}
            content = self.packed
        else:
            headers, content = {**self.headers, "ETag": f'"{self.tag}"'}, self.content
        if _has(request.headers.get("if-none-match", ""), headers["ETag"]):
            del headers["Content-Type"]
            headers.pop("Content-Encoding", None)
            return Response(b"", 304, headers)
        return Response(content, headers=headers)


class ConsoleFiles:
    """All files of the console by path; if it was not built, only a page that says so."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the files.

        Args:
            folder: Where they are; by default in the installed package.
        """
        self._files = dict(_read(folder or FOLDER, ""))
        self.is_built = INDEX in self._files

    def __iter__(self) -> Iterator[str]:
        """Yield the paths of all files."""
        return iter(self._files)

    def answer(self, name: str, request: Request) -> Response:
        """Return a file, or 404."""
        if name == INDEX and not self.is_built:
            headers = {**_HEADERS, "Content-Type": _TYPES[".html"]}
            return Response(_NOT_BUILT, headers=headers)
        file = self._files.get(name)
        return empty_answer(404) if file is None else file.answer(request)


def _read(folder: Path, prefix: str) -> list[tuple[str, ConsoleFile]]:
    if not folder.is_dir():
        return []
    files: list[tuple[str, ConsoleFile]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            files += _read(entry, f"{prefix}{entry.name}/")
        elif entry.suffix in _TYPES:
            files.append((prefix + entry.name, ConsoleFile(prefix + entry.name, entry.read_bytes())))
    return files


def _takes_gzip(header: str) -> bool:
    """Tell whether an Accept-Encoding accepts gzip, minding `gzip;q=0`."""
    for part in header.lower().split(","):
        coding, _, quality = part.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return re.fullmatch(r"q=0(\.0*)?", quality.replace(" ", "")) is None
    return False


def _has(header: str, tag: str) -> bool:
    return tag in [part.strip().removeprefix("W/") for part in header.split(",")]
