"""The watch over the browser, on pages that do what ours must not: each fault has to be seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.console.browser import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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
