"""The watch over the browser, on pages that do what ours must not: each fault has to be seen.

First on small pages; then on our own console, built anew with a component that takes text as markup, with the server's
policy and without it.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.browser import Watched
from tests.console.conftest import ROOT
from tests.console.pages import WEB, Console
from tests.console.world import record_trial
from tests.server.api import User
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

PLANTED = {
    "/dialog": ("<script src=/dialog.js></script>", "dialog: planted"),
    "/inline": ("<script>window.planted = 1</script>", "CSP report: script-src"),
    "/style": ("<p style='color: red'>planted</p>", "CSP report: style-src"),
    "/foreign": ("<img src='http://127.0.0.2:9/planted.png'>", "request to http://127.0.0.2:9/planted.png"),
    "/error": ("<script src=/error.js></script>", "uncaught: planted"),
    "/markup": ("<script src=/markup.js></script>", "CSP report: require-trusted-types-for"),
}
SCRIPTS = {
    "/dialog.js": "alert('planted')",
    "/error.js": "setTimeout(() => { throw new Error('planted') })",
    "/markup.js": "document.body.innerHTML = '<b>planted</b>'",
}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src *; require-trusted-types-for 'script'"


class Planted(BaseHTTPRequestHandler):
    """Serves the pages."""

    def do_GET(self) -> None:
        script = SCRIPTS.get(self.path)
        content = f"<!doctype html><body>{PLANTED.get(self.path, ('',))[0]}" if script is None else script
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if script is None else "text/javascript")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def planted() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Planted) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("path", PLANTED)
def test_a_planted_fault_is_seen(browser: Browser, planted: str, path: str) -> None:
    window = Watched(browser, planted)
    try:
        window.page.goto(planted + path)
        window.page.wait_for_timeout(200)
        assert any(fault.startswith(PLANTED[path][1]) for fault in window.faults), window.faults
    finally:
        window.close()


TITLE, AS_MARKUP = "<h1>{title}</h1>", "<h1 dangerouslySetInnerHTML={{ __html: String(title) }} />"


@pytest.fixture(scope="module")
def faulty_console(built_console: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console, built with the title of each page taken as markup."""
    place = tmp_path_factory.mktemp("faulty")
    source = place / "console"
    shutil.copytree(ROOT / "console", source, ignore=shutil.ignore_patterns("node_modules", ".lock", ".built"))
    (source / "node_modules").symlink_to(ROOT / "console" / "node_modules")
    shell = source / "src" / "parts" / "shell.tsx"
    text = shell.read_text(encoding="utf-8")
    assert TITLE in text
    shell.write_text(text.replace(TITLE, AS_MARKUP), encoding="utf-8")
    vite = ["node_modules/.bin/vite", "build", "--outDir", str(place / "built"), "--logLevel", "error"]
    done = subprocess.run(vite, cwd=source, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return place / "built"


@pytest.mark.parametrize("has_policy", [True, False])
def test_a_component_that_takes_text_as_markup_is_seen(
    browser: Browser, server: RunningServer, person: User, faulty_console: Path, has_policy: bool
) -> None:
    # Backslashes, because a name holds no slash, and a browser takes both.
    trial = record_trial(person, r"<img src=x onerror=alert('planted')><img src='http:\\127.0.0.2:9\planted'>")

    def serve(route: Route) -> None:
        """Answer with a file of the faulty console, under the policy of the real one or under none."""
        path = faulty_console / (route.request.url.partition(WEB)[2].partition("#")[0] or "index.html")
        if not path.is_file():
            route.abort()
            return
        real = route.fetch(url=f"{server.origin}{WEB}")
        kept = {"content-security-policy": real.headers["content-security-policy"]} if has_policy else {}
        route.fulfill(path=path, headers=kept)

    kinds = (
        ["CSP report: require-trusted-types-for"] if has_policy else ["no policy", "dialog: ", "request to http://127"]
    )
    window = Watched(browser, server.origin)

    def has_seen_all() -> bool:
        window.page.wait_for_timeout(20)  # in which events arrive
        return all(any(fault.startswith(kind) for fault in window.faults) for kind in kinds)

    try:
        window.sign_in(person.key)
        window.context.route(f"**{WEB}**", serve)
        Console(window).trial(trial.id)
        wait_until(has_seen_all, lambda: str(window.faults))
    finally:
        window.close()
