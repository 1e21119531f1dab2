"""The web console's files, listed and read once at start, so that a path from a request never reaches the disk.

A file whose name contains a digest never changes, and browsers are told so; they ask for the others each time and get
304 if they are unchanged. POLICY limits what a browser may load and do: this server only, no inline scripts or styles,
nothing embedded, no text turned into markup.

The pages below frames/ draw what people recorded, so browsers put them into an origin of their own, from which nothing
can be reached; FRAME_POLICY allows them the libraries there and no network. These libraries are large: they are on the
disk compressed, and are read when somebody asks for them.
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
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; "
    "font-src 'self'; frame-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
FRAMES = "frames/"
FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src data: blob:; connect-src data: blob:; font-src data:; frame-ancestors 'self'; form-action 'none'; "
    "base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Vary": "Accept-Encoding",
}
# A page of another origin, such as a frame's own, may load its scripts and styles; they are the same for everybody.
_FRAME_HEADERS = {
    **_HEADERS,
    "Content-Security-Policy": FRAME_POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}
_COMPRESSED = ".gz"
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
_HASHED = re.compile(r"(?:frames/)?assets/.+-[\w-]{8}\.\w+")
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
        self.headers = _headers_of(name)
        self.content = content
        self.packed = (
            gzip.compress(content, 9, mtime=0) if self.headers["Content-Type"].startswith(_PACKED_WELL) else None
        )
        self.tag = hashlib.sha256(content).hexdigest()[:32]

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


class CompressedFile:
    """A file that is on the disk compressed and never in memory; its name says what is in it, so it never changes."""

    __slots__ = ("headers", "path")

    def __init__(self, name: str, path: Path) -> None:
        self.headers = _headers_of(name)
        self.path = path

    def answer(self, request: Request) -> Response:
        """Return the file, compressed if accepted; 404 if it was deleted."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return empty_answer(404)
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            return Response(content, headers={**self.headers, "Content-Encoding": "gzip"})
        return Response(gzip.decompress(content), headers=self.headers)


def _headers_of(name: str) -> dict[str, str]:
    """Return what is sent with a file of a name."""
    lasting = "public, max-age=31536000, immutable" if _HASHED.fullmatch(name) else "no-cache"
    headers = _FRAME_HEADERS if name.startswith(FRAMES) else _HEADERS
    return {**headers, "Content-Type": _TYPES[Path(name).suffix], "Cache-Control": lasting}


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


def _read(folder: Path, prefix: str) -> list[tuple[str, ConsoleFile | CompressedFile]]:
    if not folder.is_dir():
        return []
    files: list[tuple[str, ConsoleFile | CompressedFile]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            files += _read(entry, f"{prefix}{entry.name}/")
        elif entry.suffix == _COMPRESSED and entry.with_suffix("").suffix in _TYPES:
            name = prefix + entry.stem
            files.append((name, CompressedFile(name, entry)))
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
