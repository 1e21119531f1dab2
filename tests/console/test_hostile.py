"""120 hostile texts in every place where people type: no dialog, no foreign request, no report of the policy.

The fixture `window` fails the test for any of these (tests/console/browser.py; planted ones: test_planted.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Window
from tests.console.hostile import STRINGS
from tests.console.pages import Console
from tests.console.world import folder_id, point, record_trial
from tests.server.api import User, new_id, wish

if TYPE_CHECKING:
    from playwright.sync_api import Locator

_KEPT = 60  # how many of the texts a trial or folder of its own is made of, for the pages that list them


def _hostile_trial(user: User) -> str:
    """Record a trial that holds every text in its parameters, metrics, platform, git, note and output."""
    trial_id = new_id()
    metadata = wish()["metadata"]
    metadata["platform"] = {f"key {text}": text for text in STRINGS}
    metadata["_git"] = {"branch": STRINGS[0], "message": "\n".join(STRINGS), "remote": "javascript:alert(1)"}
    parameters = {text: {"nested": text, "list": [text]} for text in STRINGS}
    body = wish(
        STRINGS[0].replace("/", "-"), metadata=metadata, parameters=parameters, folder={"path": "h", "make": True}
    )
    answer = user.put(trial_id, body)
    assert answer.status_code == 201, answer.text
    lines = [point(step, text[:60] or "train", **{text: float(step)}) for step, text in enumerate(STRINGS[:40], 1)]
    assert user.patch(trial_id, 0, b"".join(lines)).status_code == 204
    output = "\n".join(f"{text}\x1b]8;;http://127.0.0.2:9/\x07link\x1b]8;;\x07" for text in STRINGS).encode()
    assert user.patch(trial_id, 0, output, "stdout.log").status_code == 204
    user.v2("PATCH", f"/trials/{trial_id}", json={"note": "\n".join(STRINGS)})
    diff = "".join(f"+{text}\n" for text in STRINGS).encode()
    user.v2("PUT", f"/trials/{trial_id}/files/git.diff", content=b"diff --git a/x b/x\n" + diff)
    return trial_id


def _hostile_folder(user: User) -> int:
    """Make trials and folders with such names and tags, as far as the server takes them, and return how many."""
    made = 0
    for text in STRINGS[:: len(STRINGS) // _KEPT]:
        trial_id = new_id()
        answer = user.put(trial_id, wish(text, alternative_name=None, folder={"path": "names", "make": True}))
        if answer.status_code == 201:
            made += 1
            user.v2("PATCH", f"/trials/{trial_id}", json={"tags": [text], "note": text})
        user.v2("POST", "/folders", json={"path": f"names/{text}"})
        user.v2("POST", "/me/keys", json={"name": text})
    return made


def test_hostile_texts_are_shown_as_texts_on_every_page(window: Window, person: User) -> None:
    trial_id = _hostile_trial(person)
    assert _hostile_folder(person) > _KEPT // 2
    console = Console(window(person))
    console.trial(trial_id)
    console.heading(STRINGS[0].replace("/", "-")).wait_for()
    for tab in ("Parameters", "Platform & git", "Output", "Files", "Metrics"):
        console.tab(tab).click()
        console.page.wait_for_timeout(150)
    assert "<script>alert(1)</script>" not in console.page.content().replace("&lt;", "<lt;")
    names = folder_id(person, "/names")
    console.folder(names, columns="name,state,tags,note,folder,owner")
    console.table.wait_for()
    assert any("<img src=x onerror=alert(1)>" in name or "<" in name for name in console.names())
    listed = person.v2("GET", "/trials", params={"folder_id": names}).json()["trials"]
    for trial in listed[:6]:
        console.trial(trial["id"])
        console.heading(trial["name"]).first.wait_for()
    console.compare(trial_id, *[trial["id"] for trial in listed[:5]])
    console.heading("Compare 6 trials").wait_for()
    for trial in listed[:10]:
        person.v2("DELETE", f"/trials/{trial['id']}")
    for address, title in (("#/trash", "Trash"), ("#/keys", "API keys"), ("#/shared", "Shared with me")):
        console.go(address)
        console.heading(title).first.wait_for()
        console.page.wait_for_timeout(100)


def _type_all(field: Locator, enter_every: int = 0) -> None:
    for number, text in enumerate(STRINGS):
        field.fill(text)
        if enter_every and number % enter_every == 0:
            field.press("Enter")


@pytest.mark.timeout(180)
def test_hostile_texts_in_every_field(window: Window, person: User) -> None:
    trial = record_trial(person, "target")
    signed_out = Console(window()).go()
    _type_all(signed_out.page.get_by_label("API key"))
    console = Console(window(person)).go()
    console.link("target").wait_for()
    _type_all(console.page.get_by_role("textbox", name="Filter in the query language"), enter_every=1)
    console.button("New folder").click()
    _type_all(console.dialog.get_by_label("Name of the folder"))
    console.page.keyboard.press("Escape")
    console.folder(folder_id(person, "/vision/mnist"))
    console.button("Share").click()
    _type_all(console.dialog.get_by_label("Name of the user or group"), enter_every=4)
    console.page.keyboard.press("Escape")
    console.choose("More actions", "Rename")
    _type_all(console.dialog.get_by_role("textbox"))
    console.page.keyboard.press("Escape")
    console.trial(trial.id)
    console.heading("target").wait_for()
    filters = console.page.get_by_label("Filter by name")
    for tab in ("Metrics", "Parameters"):
        console.tab(tab).click()
        if filters.count():
            _type_all(filters.first)
    console.go("#/keys")
    console.button("New key").click()
    _type_all(console.dialog.get_by_label("Name"))


FORMS = (
    "`#/folders/${x}/`",
    "`#/trials/${x}/?a=${x}`",
    "`#/compare?trials=${x}`",
    "`#/?where=${x}&sort=${x}`",
    "`#/?columns=${encodeURIComponent(x)}`",
)


def test_hostile_texts_in_the_address(window: Window, person: User) -> None:
    console = Console(window(person))
    console.go()
    for number, text in enumerate(STRINGS):
        quoted = json.dumps(text)
        form = FORMS[number % len(FORMS)]
        console.page.evaluate(f"(() => {{ const x = {quoted}; location.hash = {form}; }})()")
    console.go("#/")
    console.heading("My folders").wait_for()
