"""`aimd console` in a real browser: the printed address is all that is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.test_console import new_trial
from tests.console.browser import Watched
from tests.console.pages import Console
from tests.console.test_trial_parts import LARGE, check_large_output
from tests.support.local_console import LocalConsole
from tests.support.trials import record

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_the_printed_address_shows_local_trials_live(
    built_console: None, browser: Browser, tmp_path: Path, cache_home: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    path, trial_id = new_trial(work, 1, status="Running")
    with LocalConsole(work, cache_home) as local:
        window = Watched(browser, local.origin)
        console = Console(window)
        console.page.goto(local.address.partition("#")[0])
        console.page.get_by_text("is not open to this browser").wait_for()
        console.page.goto(local.address)
        console.link("cnn").wait_for()
        assert "token" not in console.page.url
        assert console.button("New folder").count() == 0  # it only shows
        console.link("cnn").click()
        console.chart("loss")
        with (path / "metrics").open("ab") as journal:
            journal.write(record(2, 777.0))
        console.page.get_by_text("777", exact=True).first.wait_for()
        console.trial(trial_id)
        console.heading("cnn").wait_for()  # the session stays where the token is used up
        assert local.stop() == 0
        window.close()
        assert window.faults == []


def test_lines_of_a_large_output_have_their_numbers_here_too(
    built_console: None, browser: Browser, tmp_path: Path, cache_home: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    path, trial_id = new_trial(work, 1)
    (path / "stdout.log").write_bytes(LARGE)
    with LocalConsole(work, cache_home) as local:
        window = Watched(browser, local.origin)
        console = Console(window)
        console.page.goto(local.address)
        console.link("cnn").wait_for()
        console.go(f"#/trials/{trial_id}/?tab=output")
        check_large_output(console)
        assert local.stop() == 0
        window.close()
        assert window.faults == []


def test_charts_of_the_terminal_open_as_the_same_page(
    built_console: None, browser: Browser, tmp_path: Path, cache_home: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    _, first = new_trial(work, 1)
    _, second = new_trial(work, 2)
    local = LocalConsole(work, cache_home)
    local.words = ["trial", "plot", "-d", str(work), "--open", "--log-y", "--smooth", "0.5"]
    with local:
        window = Watched(browser, local.origin)
        console = Console(window)
        console.page.goto(local.address)
        console.chart("loss")
        address = console.page.url.partition("#/")[2]
        assert "token" not in address
        assert address.startswith("compare?")
        assert {first, second} <= set(re.split("[=,&]", address))
        assert "smooth=0.5&logy=1" in address
        assert local.stop() == 0
        window.close()
        assert window.faults == []


def test_a_used_address_says_what_to_do_and_two_consoles_live_side_by_side(
    built_console: None, browser: Browser, tmp_path: Path, cache_home: Path
) -> None:
    works = [tmp_path / name for name in ("one", "two")]
    for number, work in enumerate(works):
        work.mkdir()
        new_trial(work, number + 1)
    with LocalConsole(works[0], cache_home) as one, LocalConsole(works[1], cache_home) as two:
        window, other = Watched(browser, one.origin), Watched(browser, one.origin)
        console = Console(window)
        door = tmp_path / "door.html"
        door.write_text(f'<meta http-equiv="refresh" content="0; url={one.address}">')
        console.page.goto(door.as_uri())  # as `aimd console` opens the browser
        console.link("cnn").wait_for()
        second = window.context.new_page()
        second.goto(two.address)
        second.get_by_role("link", name="cnn", exact=True).wait_for()
        for page, local in ((console.page, one), (second, two)):
            page.goto("about:blank")
            page.goto(local.address)  # used, and of this browser: the session goes on
            page.get_by_role("link", name="cnn", exact=True).wait_for()
        stranger = Console(other)
        stranger.page.goto(one.address.partition("#")[0])
        stranger.page.get_by_text("is not open to this browser").wait_for()
        stranger.page.goto(one.address)  # in the same page, which does not load again
        stranger.page.get_by_text("This address was used already").wait_for()
        for address in (one.address, one.address.partition("#")[0]):
            stranger.page.goto("about:blank")
            stranger.page.goto(address)
            stranger.page.get_by_text("end the console with Ctrl-C and start it again").wait_for()
            assert stranger.page.get_by_label("API key").count() == 0
        window.close()
        other.close()
        allowed = f"request to {two.origin}/", f"request to {door.as_uri()}", f"no policy: {door.as_uri()}"
        assert [fault for fault in window.faults if not fault.startswith(allowed)] == []
        assert other.faults == []
