"""A real Chromium, headless, and what it must never do while it shows the console."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
WIDTH, HEIGHT = 1280, 800
FRAMES = "/t9k/experiment/web/frames/"
POLICY_WORD = "require-trusted-types-for 'script'"  # a policy without it lets text become markup
FRAME_WORD = "sandbox allow-scripts; default-src 'none'; script-src 'self'"  # what draws figures has a page of its own
_LISTEN = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`CSP report: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


def chromium() -> str | None:
    """Return the machine's Chromium, None when it has none."""
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


@contextmanager
def running_browser(address: str | None = None) -> Iterator[Browser]:
    """Run the machine's Chromium, or connect to one that runs at an address of `start_chromium`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        kind = playwright.chromium
        browser = (
            kind.connect(address) if address else kind.launch(executable_path=chromium(), headless=True, args=ARGUMENTS)
        )
        try:
            yield browser
        finally:
            browser.close()


def start_chromium(place: Path) -> tuple[str, subprocess.Popen[str]]:
    """Start a Chromium for several clients, and return its address and the process group that it is in."""
    settings = place / "chromium.json"
    settings.write_text(json.dumps({"executablePath": chromium(), "headless": True, "args": ARGUMENTS}))
    process = subprocess.Popen(
        [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium", "--config", str(settings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout as said:
        address = said.readline().strip()
    assert address.startswith("ws://"), address
    return address, process


class Watched:
    """A window of its own, with its own cookies, and a record of what it did that no page of ours may do.

    Attributes:
        page: Its one page.
        faults: Dialogs, requests to other hosts, reports of the content security policy, pages that came without a
            policy, uncaught errors.
    """

    def __init__(self, browser: Browser, origin: str, **settings: Any) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self.requests: list[str] = []
        wanted: dict[str, Any] = {
            "viewport": {"width": WIDTH, "height": HEIGHT},
            "locale": "en-US",
            "timezone_id": "UTC",
        }
        self.context: BrowserContext = browser.new_context(**(wanted | settings))
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.context.add_init_script(_LISTEN)
        self.context.on("request", self._on_request)
        self.context.on("response", self._on_response)
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        self.context.on("dialog", self._on_dialog)
        self.page: Page = self.context.new_page()

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((f"{self.origin}/", "blob:", "data:", "about:")):
            self.faults.append(f"request to {request.url}")

    def _on_response(self, response: Response) -> None:
        is_page = response.request.resource_type == "document" and response.status == 200
        word = FRAME_WORD if response.url.startswith(f"{self.origin}{FRAMES}") else POLICY_WORD
        if is_page and word not in response.headers.get("content-security-policy", ""):
            self.faults.append(f"no policy: {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if "CSP report" in message.text or "Content Security Policy" in message.text or "Trusted" in message.text:
            self.faults.append(message.text)

    def _on_dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def sign_in(self, key: str) -> None:
        """Sign in without the page, as one who did so before."""
        url = f"{self.origin}/t9k/experiment/server/apis/v2/session"
        answer = self.context.request.post(url, data={"key": key}, headers={"Origin": self.origin})
        assert answer.status == 200, answer.text()

    def close(self) -> None:
        self.context.close()
