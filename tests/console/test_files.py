"""What the browser loads: little, once, and only from the server."""

from __future__ import annotations

import re
from pathlib import Path

from tests.console.conftest import ROOT, Window
from tests.console.pages import Console
from tests.console.world import record_trial
from tests.server.api import User

STATIC = ROOT / "aimd_server" / "static"


def _scripts() -> list[Path]:
    return sorted(STATIC.rglob("*.js"))


def test_the_scripts_make_no_markup_of_text(built_console: None) -> None:
    for path in (*_scripts(), *STATIC.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        for sink in ("insertAdjacentHTML", "document.write", "eval(", "new Function("):
            assert sink not in text, path
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|style=|<style|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"(?:src|href)=\"(?!\./)", page)  # relative, so that it works below any path of a proxy


def test_a_second_visit_loads_no_script_again(window: Window, person: User) -> None:
    record_trial(person, "one")
    console = Console(window(person)).go()
    console.link("one").wait_for()
    answers = []
    console.window.context.on("response", lambda answer: answers.append(answer))
    console.page.reload()
    console.link("one").wait_for()
    assets = [answer for answer in answers if "/web/assets/" in answer.url]
    assert all(answer.from_service_worker or _is_cached(console, answer.url) for answer in assets)


def _is_cached(console: Console, url: str) -> bool:
    """Tell whether the page had a file without asking for its bytes."""
    size = console.page.evaluate("url => performance.getEntriesByName(url).at(-1)?.transferSize ?? 0", url)
    return int(size) == 0
