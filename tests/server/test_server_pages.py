"""What a browser loads without a key: the console's files and the ways there."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from aimd_server.app import create_app
from aimd_server.routes import pages
from aimd_server.routes.console_files import ConsoleFiles
from aimd_server.stores.database import Database
from tests.support.server import RunningServer

WEB = "/t9k/experiment/web"
SCRIPT = b"console.log('the console');\n" * 100
HASHED = "assets/index-D3adBe_f.js"


class Browser:
    """Asks an application, without a server around it."""

    def __init__(self, application: ASGIApp) -> None:
        self.application = application

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._ask(method, path, headers or {}))

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", path, headers)

    async def _ask(self, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=headers)


@contextmanager
def serving(data_dir: Path, folder: Path) -> Iterator[Browser]:
    with Database(data_dir) as database, ThreadPoolExecutor(2) as threads:
        yield Browser(create_app(database, threads, console=ConsoleFiles(folder)))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build leaves, and things beside it that are nobody's business."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(b"<!doctype html><title>AIMD</title>")
    (folder / "icon.svg").write_bytes(b"<svg/>")
    (folder / HASHED).write_bytes(SCRIPT)
    (folder / "assets" / "secret.py").write_bytes(b"KEY = 1")
    (tmp_path / "outside.js").write_bytes(b"outside")
    return folder


@pytest.fixture
def browser(tmp_path: Path, built: Path) -> Iterator[Browser]:
    with serving(tmp_path / "data", built) as made:
        yield made


def test_the_index_and_its_files_come_with_a_strict_policy(browser: Browser) -> None:
    for path, media_type in [("/", "text/html"), (f"/{HASHED}", "text/javascript"), ("/icon.svg", "image/svg+xml")]:
        answer = browser.get(WEB + path)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, media_type)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert browser.ask("HEAD", WEB + path).status_code == 200
    assert browser.ask("POST", f"{WEB}/").status_code == 405


ELSEWHERE = """
    /nothing /../outside.js /%2e%2e/outside.js /index.html/ //etc/passwd /..%2foutside.js /assets/ /assets
    /assets/secret.py /assets/..%2findex.html /assets/%00 /static/index.html
"""


@pytest.mark.parametrize("path", ELSEWHERE.split())
def test_a_path_that_is_not_in_the_list_is_not_there(browser: Browser, path: str) -> None:
    answer = browser.get(WEB + path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_hashed_files_are_kept_for_ever_and_the_index_is_asked_for_again(browser: Browser) -> None:
    assert browser.get(f"{WEB}/{HASHED}").headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/", "/icon.svg"):
        first = browser.get(WEB + path)
        assert first.headers["cache-control"] == "no-cache"
        again = browser.get(WEB + path, headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert browser.get(WEB + path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_files_go_packed_to_who_takes_that_with_a_tag_of_their_own(browser: Browser) -> None:
    plain = browser.get(f"{WEB}/{HASHED}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == SCRIPT
    packed = browser.get(f"{WEB}/{HASHED}", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == SCRIPT
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 10
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["etag"] != plain.headers["etag"]
    refused = browser.get(f"{WEB}/{HASHED}", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_what_is_packed_unpacks_to_the_file(built: Path) -> None:
    file = ConsoleFiles(built)._files[HASHED]
    assert file.packed is not None
    assert gzip.decompress(file.packed) == file.content == SCRIPT


def test_a_console_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    files = ConsoleFiles(tmp_path / "nothing")
    assert not files.is_built
    assert list(files) == []
    tables = pages.routes(WEB, files)
    assert {path for table in tables for path in table.doors} >= {f"{WEB}/", f"{WEB}/assets/{{file}}"}
    with serving(tmp_path / "data", tmp_path / "nothing") as browser:
        answer = browser.get(f"{WEB}/")
    assert "make console" in answer.text
    assert "content-security-policy" in answer.headers


def test_the_ways_to_the_console_are_relative_so_that_a_proxy_may_serve_it_below_a_path(
    running_server: RunningServer,
) -> None:
    assert httpx.get(f"{running_server.origin}/", verify=False).headers["location"] == "t9k/experiment/web/"
    assert httpx.get(f"{running_server.origin}{WEB}", verify=False).headers["location"] == "web/"
    followed = httpx.get(f"{running_server.origin}/", follow_redirects=True, verify=False)
    assert str(followed.url) == f"{running_server.origin}{WEB}/"
    assert followed.headers["content-type"].startswith("text/html")
    assert httpx.get(f"{running_server.origin}/healthz", verify=False).text == "ok"
    assert httpx.post(f"{running_server.origin}/healthz", verify=False).status_code == 405


def test_the_pages_of_frames_are_in_an_origin_of_their_own_with_libraries_that_are_sent_as_they_are_on_the_disk(
    tmp_path: Path, built: Path
) -> None:
    (built / "frames" / "assets").mkdir(parents=True)
    (built / "frames" / "figure.html").write_bytes(b"<!doctype html>")
    library = built / "frames" / "assets" / "drawing-D3adBe_f.js.gz"
    library.write_bytes(gzip.compress(SCRIPT))
    path = f"{WEB}/frames/assets/drawing-D3adBe_f.js"
    with serving(tmp_path / "data", built) as browser:
        page = browser.get(f"{WEB}/frames/figure.html")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-scripts; default-src 'none'; script-src 'self';")
        assert "http" not in policy
        assert "allow-same-origin" not in policy
        assert page.headers["x-frame-options"] == "SAMEORIGIN"
        packed = browser.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) == library.stat().st_size
        assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert packed.headers["access-control-allow-origin"] == "*"
        assert browser.get(path, headers={"Accept-Encoding": "identity"}).content == packed.content == SCRIPT
        assert "access-control-allow-origin" not in browser.get(f"{WEB}/{HASHED}").headers
        library.unlink()
        assert browser.get(path).status_code == 404
