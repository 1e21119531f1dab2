"""120 hostile texts wherever people type and in all that a trial carries: they are shown as texts and do nothing.

No dialog, no foreign request, no report of the policy, no error: the fixture `window` fails the test for any of these
(tests/console/browser.py; planted ones, in a console of their own: test_planted.py).
"""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.conftest import ROOT, Window
from tests.console.hostile import STRINGS, names
from tests.console.pages import Console
from tests.console.world import folder_id, point, record_trial
from tests.server.api import User, new_id, wish

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route

SOURCE = ROOT / "console" / "src"
TABS = ("Metrics", "Parameters", "Platform & git", "Output", "Files")


def _put(user: User, folder: str, name: str, **more: Any) -> str:
    trial_id = new_id()
    answer = user.put(trial_id, wish(name, folder={"path": folder, "make": True}, **more))
    assert answer.status_code == 201, answer.text
    return trial_id


def _hostile_trial(user: User, number: int) -> str:
    """Record a trial that holds every text in its parameters, metrics, platform, git, note, tags, output and diff."""
    metadata = wish()["metadata"] | {"status": STRINGS[number]}
    same = {text: text for text in STRINGS}
    metadata["platform"] = {**same, "pypkgs": same}
    metadata["_git"] = {**same, "branch": STRINGS[0], "message": "\n".join(STRINGS), "remote": "javascript:alert(1)"}
    parameters = {text: {"nested": f"{text} {number}", "list": [text], text: number} for text in STRINGS}
    trial_id = _put(user, "h", names()[number], metadata=metadata, parameters=parameters, state="Succeeded")
    journal = b"".join(point(step, text[:60], **{text: float(step)}) for step, text in enumerate(STRINGS, 1))
    output = "\n".join(f"{text}\x1b]8;;http://127.0.0.2:9/\x07link\x1b]8;;\x07\x1b[31m{text}" for text in STRINGS)
    diff = "diff --git a/x b/x\n" + "".join(f"+{text}\n-{text}\n {text}\n@@ {text}\n" for text in STRINGS)
    tags = [text for text in STRINGS if "," not in text and len(text) <= 64][:64]
    assert user.patch(trial_id, 0, journal).status_code == 204
    assert user.patch(trial_id, 0, output.encode(), "stdout.log").status_code == 204
    for answer in (
        user.v2("PATCH", f"/trials/{trial_id}", json={"note": "\n".join(STRINGS), "tags": tags}),
        user.v2("PUT", f"/trials/{trial_id}/files/git.diff", content=diff.encode()),
    ):
        assert answer.is_success, answer.text
    return trial_id


def _hostile_names(user: User) -> list[str]:
    """Make a trial and a folder of each name, and keys of some, and return the ids of the trials."""

    def make(name: str) -> str:
        trial_id = _put(user, "names", name, alternative_name=None)
        assert user.v2("PATCH", f"/trials/{trial_id}", json={"note": name}).status_code == 200
        assert user.v2("POST", "/folders", json={"path": f"names/{name}"}).status_code == 201, name
        return trial_id

    user.v2("POST", "/folders", json={"path": "names"})
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(make, names()))
    for name in names():
        user.v2("POST", "/me/keys", json={"name": name[:100]})
    return made


def test_what_a_trial_carries_is_shown_as_text_on_every_page(window: Window, person: User) -> None:
    trials = [_hostile_trial(person, number) for number in (0, 2)]
    named = _hostile_names(person)
    assert len(named) >= 110
    console = Console(window(person))
    console.trial(trials[0])
    console.heading(names()[0]).first.wait_for()
    for tab in TABS:
        console.tab(tab).click()
        console.page.get_by_role("tabpanel").locator("table, pre, .output-line").first.wait_for()
    console.tab("Platform & git").click()
    console.page.locator("pre.diff").first.wait_for()
    assert "+<script>alert(1)</script>" in console.page.locator("pre.diff").inner_text()
    columns = ["name", "tags", "note", "owner", *(f"params.{text}.nested" for text in STRINGS if "," not in text)]
    console.folder(folder_id(person, "/h"), columns=",".join(columns[:40]))
    console.link(names()[0]).wait_for()
    console.button("Columns").click()
    console.page.get_by_role("group", name="Metrics").get_by_role("checkbox").first.wait_for()
    console.button("Fields and examples").click()
    console.folder(folder_id(person, "/h"), show="sweep")
    parallel = console.page.get_by_role("region", name="Parallel coordinates")
    parallel.get_by_role("button", name="Table").click()
    parallel.get_by_role("table").wait_for()
    console.folder(folder_id(person, "/names"), columns="name,note")
    console.page.get_by_role("main").get_by_role("row").nth(1).wait_for()
    console.button(re.compile("^Show all ")).first.click()
    assert console.page.get_by_role("main").locator(".folder-chip").count() == len(names())
    console.compare(*trials, *named[:4])
    console.heading("Compare 6 trials").wait_for()
    console.page.get_by_role("complementary", name="Trials").get_by_role("combobox", name="Group").select_option(
        index=3
    )
    console.page.locator(".chart-place canvas").first.wait_for()


def test_names_in_dialogs_and_lists_are_shown_as_text(window: Window, person: User) -> None:
    named = _hostile_names(person)
    console = Console(window(person))
    for number in (0, 2, 40, 45):  # what becomes a title, a question, a notice, a link
        console.trial(named[number])
        console.heading(names()[number]).first.wait_for()
        console.choose("More actions", "Delete")
        console.dialog.get_by_role("button", name="Delete", exact=True).click()
        console.dialog.wait_for(state="detached")
        console.go("#/trash")
        console.page.get_by_role("button", name=f"Restore {names()[number]}", exact=True).click()
        console.page.get_by_text(f"{names()[number]} is back.").first.wait_for()
    console.go("#/keys")
    console.button(f"Revoke {names()[0]}").click()
    console.dialog.get_by_role("button", name="Revoke", exact=True).click()
    console.dialog.wait_for(state="detached")


FREE = {"user", "group", "owner", "name", "alternative_name", "path", "note", "by", "message", "version", "key_name"}


def test_whatever_the_server_answers_is_shown_as_text(window: Window, person: User) -> None:
    """Names of users and groups are harmless on our server; the console does not rely on it."""
    record_trial(person, "one", "shared_work")
    place = folder_id(person, "/shared_work")
    person.v2("POST", "/me/keys", json={"name": "laptop"})
    opened = window(person)
    served = Counter[str]()

    def poisoned(value: Any, at: list[int]) -> Any:
        if isinstance(value, dict):
            return {name: _text(name, one, at) if name in FREE else poisoned(one, at) for name, one in value.items()}
        return [poisoned(one, at) for one in value] if isinstance(value, list) else value

    def _text(name: str, value: object, at: list[int]) -> object:
        if value is None and name not in ("user", "group"):
            return None
        at[0] += 1
        served[name] += 1
        return STRINGS[(at[0] + sum(served.values())) % len(STRINGS)]

    def answer(route: Route) -> None:
        got = route.fetch()
        if "json" not in got.headers.get("content-type", ""):
            route.fulfill(response=got)
            return
        body = poisoned(got.json(), [0])
        if "shares" in body:
            share = {"id": 1, "link": False, "role": "viewer", "created": "2026-01-01T00:00:00Z", "expires": None}
            body["shares"] = [{**share, "id": at, "user": text, "group": None} for at, text in enumerate(STRINGS)]
            body["shares"] += [{**share, "id": -at, "user": None, "group": text} for at, text in enumerate(STRINGS, 1)]
        if "items" in body and "days" not in body:
            item = {"kind": "folder", "id": place, "role": "viewer"}
            body["items"] = [{**item, "name": text, "path": text, "owner": text} for text in STRINGS]
        route.fulfill(response=got, json=body)

    opened.context.route(re.compile(r"/apis/v2/(?!events)"), answer)
    console = Console(opened)
    for _ in range(3):
        console.folder(place)
        console.table.get_by_role("row").nth(1).wait_for()
        console.button("Share").click()
        console.dialog.get_by_role("listitem").nth(2 * len(STRINGS) - 1).wait_for()
        console.page.keyboard.press("Escape")
        console.go("#/shared")
        console.page.get_by_role("row").nth(len(STRINGS)).wait_for()
        console.go("#/keys")
        console.page.get_by_role("row").nth(1).wait_for()
    assert served["user"] >= 6
    assert served["owner"] >= 6


# How each field is reached: TYPING fills it with every text, as fast as the page renders.
TYPING = """async (field, [texts, isSubmitted, waitMs]) => {
  const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value').set;
  // Half a letter reaches no page in a message; typed as two halves, it does.
  for (const text of [...texts, 'half \\ud800 a letter', 'nul \\0 escape \\x1b[31m']) {
    set.call(field, text);
    field.dispatchEvent(new Event('input', { bubbles: true }));
    if (isSubmitted) field.form.requestSubmit();
    await new Promise((resume) => setTimeout(resume, waitMs));
  }
}"""
# Which source has how many fields for text; one that is new here is to be typed into below.
FIELDS = {
    "pages/login.tsx": 1,
    "pages/report.tsx": 1,
    "charts/metric_search.tsx": 1,
    "pages/trial_media.tsx": 1,
    "pages/trial_output.tsx": 2,
    "parts/media_items.tsx": 1,
    "pages/trial_parameters.tsx": 1,
    "pages/trial_platform.tsx": 1,
    "pages/keys.tsx": 2,
    "parts/query.tsx": 1,
    "parts/dialog.tsx": 1,
    "parts/column_chooser.tsx": 1,
    "parts/share.tsx": 2,
    "parts/labels.tsx": 2,
    "parts/views_menu.tsx": 1,
    "sweep/range_dialog.tsx": 1,
}


# Each field is typed into, each text typed and each kind of address visited in every check, all with all in the soak.
PART = pytest.mark.parametrize("part", [4, pytest.param(1, marks=pytest.mark.soak)], ids=["in turn", "all"])


class Typist:
    """Types hostile texts: all of them into each field, or by turns a part of them."""

    def __init__(self, part: int) -> None:
        self._part, self._fields = part, 0

    def type_into(self, field: Locator, is_submitted: bool = False, wait_ms: int = 4) -> None:
        texts = STRINGS[self._fields % self._part :: self._part]
        field.evaluate(TYPING, [texts, is_submitted, wait_ms])
        self._fields += 1


def test_every_field_for_text_is_typed_into_here() -> None:
    found = Counter[str]()
    for path in SOURCE.rglob("*.tsx"):
        for field in re.findall(r"<(?:input|textarea)\b.*?/>", path.read_text(encoding="utf-8"), re.DOTALL):
            if not re.search(r'type="(checkbox|radio|range)"|readOnly', field):
                found[path.relative_to(SOURCE).as_posix()] += 1
    assert found == FIELDS


@PART
def test_hostile_texts_typed_on_the_pages(window: Window, person: User, part: int) -> None:
    typist = Typist(part)
    trial = record_trial(person, "target")
    packages = wish()["metadata"] | {"platform": {"pypkgs": {"numpy": "2.0"}}}
    packed = _put(person, "vision/mnist", "packed", metadata=packages, state="Succeeded")
    console = Console(window()).go()
    typist.type_into(console.page.get_by_label("API key"))
    console.page.get_by_label("API key").fill("<img src=x onerror=alert(1)>")
    console.page.keyboard.press("Enter")
    console.alert.wait_for()
    console = Console(window(person)).folder(folder_id(person, "/vision/mnist"))
    console.link("target").wait_for()
    typist.type_into(
        console.page.get_by_role("combobox", name="Filter in the query language"), is_submitted=True, wait_ms=12
    )
    console.filter("name ~ '<img src=x onerror=alert(1)>' and <img src=x onerror=alert(1)>")
    console.alert.wait_for()  # what is wrong, with the text itself
    console.button("Clear the filter").first.click()
    console.button("Columns").click()
    typist.type_into(console.page.get_by_role("searchbox", name="Search"))
    console.trial(trial.id)
    for tab in ("Metrics", "Parameters"):
        console.tab(tab).click()
        typist.type_into(console.page.get_by_label("Filter by name"))
    assert person.patch(packed, 0, "\n".join(STRINGS).encode(), "stdout.log").status_code == 204
    console.trial(packed).tab("Output").click()
    typist.type_into(console.page.get_by_role("searchbox", name="Search in the output"))
    typist.type_into(console.page.get_by_label("Go to line"))
    console.trial(packed).tab("Platform & git").click()
    typist.type_into(console.page.get_by_label("Packages: Filter by name"))
    console.go(f"#/reports/{folder_id(person, '/vision/mnist')}/").button("Write one").click()
    typist.type_into(console.page.get_by_label("Text in Markdown"))
    console.page.get_by_label("Text in Markdown").fill("![x](x) <img src=x onerror=alert(1)> [x](javascript:alert(1))")
    console.button("Save").click()
    console.page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    console.compare(trial.id, packed)
    console.heading("Compare 2 trials").wait_for()
    typist.type_into(console.page.get_by_label("Filter by name"))
    console.trial(trial.id)
    console.button("Add tag").click()
    tag = console.page.get_by_role("textbox", name="Add tag")
    typist.type_into(tag)
    tag.fill("<img src=x onerror=alert(1)>")
    tag.press("Enter")
    console.button("Remove tag <img src=x onerror=alert(1)>").wait_for()


@PART
def test_hostile_texts_typed_into_dialogs(window: Window, person: User, part: int) -> None:
    typist = Typist(part)
    trial, place = record_trial(person, "target"), folder_id(person, "/vision/mnist")
    console = Console(window(person)).folder(place)

    def typed(field: Locator, *texts: str) -> None:
        """Type all, then let the server have some, until the dialog closes or says why not."""
        typist.type_into(field)
        for text in texts:
            field.fill(text)
            field.press("Enter")
            console.dialog.locator("[role=alert]").or_(console.page.locator(".toast")).first.wait_for()
        console.page.keyboard.press("Escape")
        console.dialog.wait_for(state="detached")

    markup, slashed = "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>"
    console.button("New folder").click()
    typed(console.dialog.get_by_label("Name of the folder"), slashed)
    console.button("Share").click()
    typed(console.dialog.get_by_label("Name of the user or group"), markup, "'; DROP TABLE trials; --")
    console.button("Share").click()
    console.dialog.get_by_label("With whom").select_option("link")
    typed(console.dialog.get_by_label("Days until it expires"))
    console.choose("More actions", "Rename")
    typed(console.dialog.get_by_role("textbox"), slashed)
    record_trial(person, "other", lr=0.5)
    console.folder(place, show="sweep")
    console.choose("Axis lr", "Enter a range")
    typist.type_into(console.dialog.get_by_label("From"))
    console.page.keyboard.press("Escape")
    console.dialog.wait_for(state="detached")
    console.trial(trial.id)
    console.choose("More actions", "Rename")
    typed(console.dialog.get_by_role("textbox"), slashed)
    console.choose("More actions", "Rename")
    console.dialog.get_by_role("textbox").fill(markup)
    console.page.keyboard.press("Enter")
    console.heading(markup).wait_for()
    console.button("Add a note").click()
    typist.type_into(console.dialog.get_by_role("textbox"))
    console.dialog.get_by_role("textbox").fill("\n".join(STRINGS))
    console.dialog.get_by_role("button", name="Save").click()
    console.page.locator(".note").wait_for()
    console.go("#/keys")
    console.button("New key").click()
    typist.type_into(console.dialog.get_by_label("Days until it expires"))
    typed(console.dialog.get_by_label("Name"))
    person.v2("DELETE", f"/trials/{trial.id}")
    _put(person, "vision/mnist", markup)
    console.go("#/trash")
    console.button(f"Restore {markup}").click()
    typed(console.dialog.get_by_role("textbox"), slashed)


# All that an address may hold, by page; each text is put everywhere at once, and by itself where it decides.
SECTIONS = ("metrics", "pin", "sections", "fold", "unfold", "overlay", "heat", "of")
CHARTS = ("x", "smooth", "logx", "logy", "zoom", "large", "full", "outliers", "dashes", *SECTIONS)
SWEEP = ("target", "better", "axes", "across", "up", "tint", "shade", "bars", "brush")
PARAMETERS = {
    "folders": ("below", "where", "sort", "columns", "widths", "selected", "artifactVersion", "show", *SWEEP),
    "trials": ("tab", "at", *CHARTS),
    "compare": ("trials", "group", "hidden", "colour", "order", "tab", "all", *CHARTS),
    "": ("token",),
}
PLAIN_LIST = {"where": "", "sort": "", "show": "sweep"}  # in which the rest of the address decides
VISITING = """async ([addresses, waitMs]) => {
  for (const address of addresses) {
    location.hash = address;
    await new Promise((resume) => setTimeout(resume, waitMs));
  }
}"""


def test_every_parameter_of_an_address_is_tried_here() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.ts*"))
    known = {name for names_of_page in PARAMETERS.values() for name in names_of_page}
    assert set(re.findall(r'query\.get\("(\w+)"\)', text)) == known


@PART
def test_hostile_texts_in_the_address(window: Window, person: User, part: int) -> None:
    from urllib.parse import quote

    trials = [record_trial(person, name).id for name in ("one", "two")]
    place = folder_id(person, "/vision/mnist")

    def query(page: str, text: str, **fixed: str) -> str:
        pairs = {**dict.fromkeys(PARAMETERS[page], text), **fixed}
        return "&".join(f"{name}={quote(value)}" for name, value in pairs.items())

    addresses = []
    for number, text in enumerate(STRINGS):
        of_text = [
            f"#/folders/{place}/?{query('folders', text, **PLAIN_LIST if number % 2 else {})}",
            f"#/trials/{trials[0]}/?{query('trials', text, tab='')}",
            f"#/compare?{query('compare', text, trials=','.join(trials), tab='')}",
            # What names nothing, and the text as somebody might write it.
            (f"#/compare?trials={quote(text)}", f"#/folders/{quote(text, safe='')}/", f"#/trials/{text}/?{text}")[
                number % 3
            ],
        ]
        addresses += of_text[number % part :: part]
    console = Console(window(person)).go()
    console.heading("My folders").wait_for()
    console.page.evaluate(VISITING, [addresses, 12])
    console.go("#/nowhere").page.get_by_text("There is no such page.").wait_for()
    signed_out = Console(window())
    for text in STRINGS[::30]:
        signed_out.page.goto("about:blank")
        signed_out.go(f"#/?token={quote(text)}")
        signed_out.page.get_by_text("This address was used already").wait_for()
        signed_out.page.goto("about:blank")
        signed_out.go(f"#/s/{quote(text, safe='')}/")
        signed_out.page.get_by_text("This link has expired or was ended").wait_for()
