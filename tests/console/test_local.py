"""`aimd console` in a real browser: the printed address is all that is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.test_console import new_trial
from tests.console.browser import Watched
from tests.console.pages import Console
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
