"""What went wrong is said first, on a trial's page, in the list and on the folder; what is not seen stays as it is."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.world import folder_id, point, record_trial
from tests.server.api import User, new_id, wish

if TYPE_CHECKING:
    from playwright.sync_api import Locator

OUTPUT = b"".join(b"epoch %d\n" % number for number in range(300))
TRACEBACK = b'Traceback (most recent call last):\n  File "train.py", line 7\nValueError: shapes differ\n'


def record_failed(user: User, name: str, output: bytes = b"") -> str:
    trial_id = new_id()
    body = wish(name, folder={"path": "vision/mnist", "make": True}, state="Failed")
    ending = {"kind": "exception", "exception": "ValueError", "message": "shapes differ"}
    body["metadata"].update(status="Failed", endTime="2026-11-23T15:25:12+00:00", _exit=ending)
    assert user.put(trial_id, body).status_code == 201
    assert user.patch(trial_id, 0, b"".join(point(step, loss=1.0) for step in range(1, 121))).status_code == 204
    if output:
        assert user.patch(trial_id, 0, output, file="stdout.log").status_code == 204
    return trial_id


def test_a_trial_says_why_it_failed_and_leads_to_the_traceback(window: Window, person: User) -> None:
    trial_id = record_failed(person, "broken", OUTPUT + TRACEBACK + OUTPUT)
    console = Console(window(person)).trial(trial_id)
    strip = console.page.locator(".ending")
    expect(strip).to_contain_text("ValueError: shapes differ")
    expect(strip).to_contain_text("at step 120")
    strip.get_by_role("link", name="Show the traceback").click()
    current = console.page.locator(".output-line.current")
    expect(current).to_contain_text("Traceback (most recent call last)")
    expect(current).to_be_in_viewport()


def test_a_folder_counts_what_went_wrong_and_leads_there(window: Window, person: User) -> None:
    record_failed(person, "broken")
    record_trial(person, "good")
    record_trial(person, "diverged", journal=b"".join(point(step, loss=math.nan) for step in (5, 6)))
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"))
    expect(console.row("diverged").get_by_text("NaN", exact=True).first).to_have_attribute(
        "title", "not finite since step 5"
    )
    console.button("1 NaN").click()
    expect(console.table.locator("td.name a")).to_have_text(["diverged"])
    expect(console.page.get_by_role("region", name="Trials")).to_be_focused()
    record_failed(person, "torn")
    console.folder(folder_id(person, "/vision/mnist"))
    expect(console.page.get_by_role("button", name=re.compile("^Failed 2$"))).to_be_visible()
    expect(console.button("1 NaN")).to_be_visible()
    expect(console.page.get_by_role("button", name=re.compile("2.failed"))).to_have_count(0)  # the chip says it
    console.folder(folder_id(person, "/vision/mnist"), where="name = broken")
    console.button("1 failed").click()
    expect(console.table.locator("td.name a")).to_have_text(["broken"])
    assert "name" in console.hash


def select_all(console: Console) -> Locator:
    return console.page.get_by_role("checkbox", name="Select all that match")


def test_all_that_match_are_selected_and_what_the_filter_hides_is_not_deleted(window: Window, person: User) -> None:
    for number in range(130):  # more than the first page
        person.put(new_id(), wish(f"run{number:03}", folder={"path": "many", "make": True}, parameters={"n": number}))
    console = Console(window(person)).folder(folder_id(person, "/many"))
    select_all(console).check()
    expect(console.page.get_by_text("130 selected")).to_be_visible()
    console.filter("params.n < 3")
    expect(console.table.locator("td.name a")).to_have_count(3)
    expect(console.page.get_by_text(re.compile("127 of them hidden"))).to_be_visible()
    console.button("Delete 3").click()
    expect(console.dialog).to_contain_text("3 trials go to the trash")
    console.dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(console.page.get_by_text("127 selected")).to_be_visible()
    left = person.v2("GET", "/trials", params={"folder": "/many", "count": 1, "limit": 1}).json()["count"]
    assert left["value"] == 127


def test_a_number_in_the_list_is_never_cut_and_is_below_its_head(window: Window, person: User) -> None:
    for number, rate in enumerate((1.8923e-05, 0.5, -1.2346e-300)):
        record_trial(person, f"run{number}", journal=point(1, a_metric_with_a_long_name=rate, b=rate), lr=rate / 3)
    for width in (1280, 3840):
        opened = window(person, viewport={"width": width, "height": 800})
        console = Console(opened).folder(folder_id(person, "/vision/mnist"))
        console.table.get_by_role("link", name="run0", exact=True).wait_for()
        faults = console.page.evaluate(CUT)
        assert faults == [], json.dumps(faults)


# Cells with numbers whose text is wider than they are, and heads whose text does not end above that of their numbers.
CUT = """() => [...document.querySelectorAll('table.trials td.number')].flatMap((cell) => {
  const head = cell.closest('table').querySelectorAll('th')[cell.cellIndex];
  const end = (box) => { const range = document.createRange(); range.selectNodeContents(box);
    return range.getBoundingClientRect().right; };
  const faults = cell.scrollWidth > cell.clientWidth ? [['cut', cell.textContent]] : [];
  if (!cell.classList.contains('fact') && Math.abs(end(cell) - end(head.querySelector('.clip'))) > 6)
    faults.push(['head', head.textContent, end(cell), end(head)]);
  return faults;
})"""


@pytest.mark.parametrize("ahead_s", [0, 86_400, -7_200], ids=["right", "a day ahead", "two hours behind"])
def test_a_running_trial_tells_its_time_as_it_passes(window: Window, person: User, ahead_s: int) -> None:
    """Also where the clock of the browser's machine is wrong."""
    from datetime import datetime, timedelta, timezone

    begun = datetime.now(timezone.utc) - timedelta(seconds=75)
    body = wish("live", folder={"path": "vision/mnist", "make": True})
    body["metadata"]["startTime"] = begun.isoformat()
    trial_id = new_id()
    person.put(trial_id, body)
    opened = window(person)
    opened.context.add_init_script(f"const right = Date.now; Date.now = () => right() + {ahead_s * 1000};")
    console = Console(opened).trial(trial_id)
    told = console.page.get_by_text(re.compile(r"^running for 1m \d\ds$"))
    before = told.inner_text()
    console.page.wait_for_function("(text) => !document.body.innerText.includes(text)", arg=before)
