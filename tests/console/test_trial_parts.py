"""The tabs of a trial beside its charts, and the pages of artifacts: what is searched, looked at and followed there."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_endings import record_failed
from tests.console.test_journeys import expect
from tests.console.world import folder_id, record_trial
from tests.server.api import User, new_id, wish

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


def keep(person: User, trial: str, files: dict[str, bytes]) -> None:
    """Save files with a trial."""
    sizes = json.dumps([len(content) for content in files.values()]).encode()
    answer = person.v2("POST", "/contents", content=sizes + b"\n" + b"".join(files.values()))
    assert answer.status_code == 200, answer.text
    rows = [{"path": name, "digest": hashlib.sha256(content).hexdigest()} for name, content in files.items()]
    answer = person.v2("POST", f"/trials/{trial}/files", json={"files": rows})
    assert answer.status_code == 200, answer.text


def make_artifact(person: User, name: str, objects: dict[str, bytes]) -> str:
    """Upload an artifact and return its id."""
    artifact = new_id()
    document = {
        "kind": "Artifact",
        "metadata": {"folder": None, "name": name, "editor": None, "id": artifact, "timestamp": None},
        "description": "all of it",
        "commit": None,
        "version": None,
        "aliases": ["best"],
        "creatingTimestamp": "2026-11-23T15:03:27+00:00",
    }
    body = {"repo": name, "type": "model", "folder": {"path": "/vision", "make": True}, "metadata": document}
    assert person.v2("PUT", f"/artifacts/{artifact}", json=body).status_code in (200, 201)
    sizes = json.dumps([len(content) for content in objects.values()]).encode()
    assert person.v2("POST", "/contents", content=sizes + b"\n" + b"".join(objects.values())).status_code == 200
    rows = [{"key": key, "digest": hashlib.sha256(content).hexdigest()} for key, content in objects.items()]
    assert person.v2("POST", f"/artifacts/{artifact}/objects", json={"objects": rows}).status_code == 204
    assert person.v2("POST", f"/artifacts/{artifact}/finalize").status_code == 200
    return artifact


def trial_with(person: User, name: str, output: str = "", **metadata: Any) -> str:
    """Record a trial with an output and more in its document."""
    trial = new_id()
    body = wish(name, folder={"path": "vision", "make": True}, state="Succeeded")
    body["metadata"].update(metadata)
    answer = person.put(trial, body)
    assert answer.status_code in (200, 201), answer.text
    if output:
        assert person.patch(trial, 0, output.encode(), "stdout.log").status_code == 204
    return trial


def test_an_output_is_searched_and_its_errors_are_gone_through(window: Window, person: User) -> None:
    bar = "".join(f"{at}0%|██      | {at}/10 [00:01<00:09, 1.0it/s]\n" for at in range(5))
    lines = "".join(f"line {number} of it\n" for number in range(300))
    output = f"{lines}{bar}ValueError: odd\n{lines}RuntimeError: even\nlast\n"
    trial = trial_with(person, "talkative", output)
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=output")
    terminal = console.page.get_by_role("region", name="Output")
    expect(terminal.get_by_text("last")).to_be_visible()
    console.button("Next error (2)").click()
    expect(terminal.locator(".current")).to_have_text("ValueError: odd\n")
    expect(terminal.locator(".current")).to_be_in_viewport()
    expect(terminal.locator(".current")).to_have_attribute("data-number", "306")
    console.button("Next error (2)").click()
    expect(terminal.locator(".current")).to_have_text("RuntimeError: even\n")
    field = console.page.get_by_role("searchbox", name="Search in the output")
    field.fill("LINE 7 OF")
    expect(console.page.get_by_role("status").filter(has_text="– of 2")).to_be_visible()
    field.press("Enter")
    field.press("Enter")
    expect(terminal.locator(".current mark")).to_have_text("line 7 of")
    assert terminal.locator(".output-line").count() == 604  # of the bar only the last state
    console.button("Show 4 earlier states of this progress bar").click()
    assert terminal.locator(".output-line").count() == 608


def test_a_long_output_keeps_its_line_numbers_while_more_of_it_comes(window: Window, person: User) -> None:
    lines = [f"line {number} of the output\n" for number in range(1, 20_001)]
    lines[19_899] = "\x1b[31mValueError: odd\x1b[0m\n"
    trial = trial_with(person, "long", "".join(lines))
    console = Console(window(person, permissions=["clipboard-read", "clipboard-write"])).go(
        f"#/trials/{trial}/?tab=output"
    )
    terminal = console.page.get_by_role("region", name="Output")
    current = terminal.locator(".current")
    expect(terminal.locator(".output-line").last).to_have_attribute("data-number", "20000")
    expect(terminal).to_have_class(re.compile(r"\bnumbered\b"))
    console.page.keyboard.press("n")
    expect(current).to_have_attribute("data-number", "19900")
    expect(console.page.get_by_role("status").filter(has_text="1 of 1")).to_be_visible()
    assert (terminal.locator(".output-line").first.text_content() or "").startswith("line ")  # no line is shown in part
    terminal.get_by_role("button", name="Show earlier output").click()
    expect(terminal.get_by_text("line 1 of the output", exact=True)).to_be_attached()
    expect(current).to_have_text("ValueError: odd\n")
    expect(terminal.locator(".output-line").first).to_have_attribute("data-number", "1")
    assert person.patch(trial, len("".join(lines)), b"the newest\n", "stdout.log").status_code == 204
    expect(terminal.locator(".output-line").last).to_have_text("the newest\n")
    expect(terminal.locator(".output-line").last).to_have_attribute("data-number", "20001")
    console.button("Copy what is loaded").click()
    copied = console.page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("line 20000 of the output\nthe newest\n")
    assert "\nValueError: odd\n" in copied  # as it is seen, without what colours it


LARGE_LINES = 900_000
LARGE = b"".join(b"%07d of the large output\n" % number for number in range(1, LARGE_LINES + 1))  # 24 MiB


def test_any_line_of_a_large_output_is_gone_to_and_has_its_number(window: Window, person: User) -> None:
    trial = trial_with(person, "large")
    for start in range(0, len(LARGE), 8 << 20):
        answer = person.patch(trial, start, LARGE[start : start + (8 << 20)], "stdout.log", packed=True)
        assert answer.status_code == 204
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=output")
    check_large_output(console)
    terminal = console.page.get_by_role("region", name="Output")
    follow = console.page.get_by_role("checkbox", name="Follow the end")
    go_to_line(console, "450000")
    expect(follow).not_to_be_checked()
    assert person.patch(trial, len(LARGE), b"the newest\n", "stdout.log").status_code == 204
    expect(console.page.get_by_text("450000")).to_be_in_viewport()
    follow.check()
    newest = terminal.locator(".output-line").last
    expect(newest).to_have_text("the newest\n")
    expect(newest).to_have_attribute("data-number", f"{LARGE_LINES + 1}")
    expect(newest).to_be_in_viewport()
    assert person.patch(trial, len(LARGE) + 11, b"and another\n", "stdout.log").status_code == 204
    expect(newest).to_have_text("and another\n")  # it grows again


def go_to_line(console: Console, line: str) -> None:
    field = console.page.get_by_role("textbox", name="Go to line")
    field.fill(line)
    field.press("Enter")


def check_large_output(console: Console) -> None:
    """Go to lines of the large output, whose lines say their numbers, and to what is around them."""
    terminal = console.page.get_by_role("region", name="Output")
    lines, current = terminal.locator(".output-line"), terminal.locator(".output-line.current")

    def number_of(line: Locator) -> int:
        number = line.get_attribute("data-number") or ""
        assert (line.text_content() or "") == f"{int(number):07d} of the large output\n"
        return int(number)

    expect(lines.last).to_have_attribute("data-number", f"{LARGE_LINES}")
    for line in (450_000, 1, LARGE_LINES, 450_123):
        go_to_line(console, f"{line}")
        expect(current).to_have_attribute("data-number", f"{line}")
        expect(current).to_be_in_viewport()
        assert number_of(current) == line
    first, last = number_of(lines.first), number_of(lines.last)
    assert first < 450_123 < last < LARGE_LINES
    terminal.get_by_role("button", name="Show later output").click()
    expect(lines.last).not_to_have_attribute("data-number", f"{last}")
    assert number_of(lines.last) > last
    terminal.get_by_role("button", name="Show earlier output").click()
    expect(lines.first).not_to_have_attribute("data-number", f"{first}")
    assert number_of(lines.first) < first
    assert number_of(current) == 450_123
    go_to_line(console, "12345678")  # more than there are
    expect(current).to_have_attribute("data-number", f"{LARGE_LINES}")


def test_the_traceback_is_shown_again_where_it_is_already(window: Window, person: User) -> None:
    output = "".join(f"line {number}\n" for number in range(200))
    trial = record_failed(person, "broken", f"Traceback (most recent call last):\nValueError: odd\n{output}".encode())
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=output")
    first = console.page.locator(".output-line").first
    expect(first).not_to_be_in_viewport()
    link = console.link("Show the traceback")
    for _ in range(2):
        link.click()
        expect(first).to_be_in_viewport()
        console.page.get_by_role("checkbox", name="Follow the end").check()
        expect(first).not_to_be_in_viewport()


def test_files_that_are_empty_damaged_or_large_say_so(window: Window, person: User) -> None:
    trial = record_trial(person, "odd_files").id
    picture = "x" * (1 << 20)
    cells = [
        {
            "cell_type": "code",
            "source": "plot()",
            "outputs": [{"data": {"image/png": picture, "text/plain": "<Figure>"}}],
        },
        {"cell_type": "markdown", "source": ["# The end"]},
    ]
    keep(
        person,
        trial,
        {
            "empty.txt": b"",
            "broken.png": PICTURE[:40],
            "large.ipynb": json.dumps({"cells": cells}).encode(),
            "large.log": b"a line\n" * 200_000,
            "chinese.csv": "名称,值\n".encode("gb18030"),
            "nan.json": b'{"lr":1e-05,"loss":NaN}',
        },
    )
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=files")
    says = {
        "empty.txt": "This file is empty.",
        "broken.png": "This picture is damaged",
        "large.ipynb": "# The end",
        "large.log": "Only the beginning is shown",
        "chinese.csv": "名称",
        "nan.json": '"loss": NaN',
    }
    for name, text in says.items():
        console.button(f"Look at {name}").press("Enter")
        expect(console.dialog.get_by_text(text)).to_be_visible()
        assert "wide" in (console.dialog.get_attribute("class") or "")
        assert console.dialog.evaluate("dialog => dialog.clientWidth") > 700
        console.page.keyboard.press("Escape")
        expect(console.button(f"Look at {name}")).to_be_focused()


def test_a_file_that_is_looked_at_right_after_another_is_shown(window: Window, person: User) -> None:
    trial = record_trial(person, "two_files").id
    keep(person, trial, {"first.txt": b"the first file", "second.txt": b"the second file"})
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=files")
    console.button("Look at first.txt").click()
    expect(console.dialog.get_by_text("the first file")).to_be_visible()
    console.dialog.evaluate(  # the browser tells of the closing only after this
        """dialog => {
          dialog.close();
          document.querySelector("[aria-label='Look at second.txt']").click();
        }"""
    )
    expect(console.dialog.get_by_text("the second file")).to_be_visible()


def test_files_are_looked_at_without_being_run(window: Window, person: User) -> None:
    trial = record_trial(person, "keeper").id
    script = b"<script>alert(1)</script><img src=x onerror=alert(1)>"
    keep(
        person,
        trial,
        {
            "plots/confusion.png": PICTURE,
            "rows.csv": b'name,score\n"a, b",0.5\n',
            "page.html": script,
            "evil.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "model.bin": b"\x00\x01\x02",
        },
    )
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=files")

    def look(name: str) -> None:
        console.button(f"Look at {name}").click()
        expect(console.dialog).to_be_visible()

    look("plots/confusion.png")
    expect(console.dialog.get_by_role("img")).to_have_js_property("naturalWidth", 1)
    console.page.keyboard.press("Escape")
    look("rows.csv")
    expect(console.dialog.get_by_role("cell", name="a, b")).to_be_visible()
    console.page.keyboard.press("Escape")
    look("page.html")
    expect(console.dialog.get_by_text("<script>alert(1)</script>")).to_be_visible()
    console.page.keyboard.press("Escape")
    look("evil.svg")
    expect(console.dialog.get_by_text("onload")).to_be_visible()
    console.page.keyboard.press("Escape")
    look("model.bin")
    expect(console.dialog.get_by_text("no preview")).to_be_visible()
    console.page.go_back()
    expect(console.dialog).to_have_count(0)  # a dialog belongs to the page that opened it


def test_artifacts_and_their_lineage_are_a_few_clicks_from_a_trial(window: Window, person: User) -> None:
    data = make_artifact(person, "digits", {"train.csv": b"a,b\n1,2\n"})
    model = make_artifact(person, "digits_model", {"model.txt": b"weights", "sub/notes.md": b"# hi"})
    trial_with(person, "trainer", inputArtifacts=[data], outputArtifacts=[model])
    later = trial_with(person, "user", inputArtifacts=[model])
    console = Console(window(person)).go(f"#/trials/{later}/?tab=artifacts")
    picture = console.page.get_by_role("group", name="Lineage")
    for label in ("Artifact digits", "Trial trainer", "Trial user"):
        expect(picture.get_by_role("link", name=re.compile(rf"^{label}\b(?!_)"))).to_be_visible()
    picture.get_by_role("link", name=re.compile("^Artifact digits_model\\b")).click()
    expect(console.heading("digits_model v1")).to_be_visible()
    expect(console.page.get_by_text("all of it")).to_be_visible()
    console.button("Look at sub/notes.md").click()
    expect(console.dialog.get_by_text("# hi")).to_be_visible()
    console.page.keyboard.press("Escape")
    console.page.get_by_role("navigation", name="Where you are").get_by_role("link", name="digits_model").click()
    expect(console.heading("digits_model")).to_be_visible()
    expect(console.page.get_by_role("row").filter(has_text="v1")).to_contain_text("best")


def test_the_command_line_can_be_copied_and_a_diff_has_a_list_of_files(window: Window, person: User) -> None:
    trial = record_trial(person, "changed").id
    diff = "".join(
        f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-old\n+new\n"
        for name in ("a.py", "b.py")
    )
    diff += 'diff --git "a/\\346\\225\\260 \\"x\\".py" "b/\\346\\225\\260 \\"x\\".py"\n@@ -0,0 +1 @@\n+new\n'
    process = json.dumps({"host": "node1", "command": ["python", "train.py", "--note", "two words"]})
    body = wish("changed", folder={"path": "vision/mnist"}, state="Succeeded")
    documents = {
        name: b64encode(text.encode()).decode() for name, text in (("git.diff", diff), ("process.json", process))
    }
    answer = person.put(trial, {**body, "documents": documents})
    assert answer.status_code == 200, answer.text
    console = Console(window(person)).go(f"#/trials/{trial}/?tab=platform")
    expect(console.page.get_by_text("python train.py --note 'two words'")).to_be_visible()
    expect(console.page.get_by_role("cell", name="node1")).to_be_visible()
    files = console.page.get_by_role("list", name="Files that changed")
    files.get_by_role("button", name="b.py").click()
    expect(console.page.locator("#diff-1")).to_be_focused()
    expect(files.get_by_role("button", name='数 "x".py')).to_be_visible()
    expect(console.button("Copy the command line")).to_be_visible()
    expect(console.button("Copy: Process")).to_be_visible()


def test_a_note_is_markdown_whose_links_lead_to_other_pages(window: Window, person: User) -> None:
    other = record_trial(person, "other").id
    trial = record_trial(person, "noted").id
    note = f"# Plan\n\n- beats [the other](#/trials/{other}/)\n- **not** <b>this</b> [x](javascript:alert(1))\n"
    person.v2("PATCH", f"/trials/{trial}", json={"note": note})
    console = Console(window(person)).trial(trial)
    expect(console.page.get_by_role("heading", name="Plan")).to_be_visible()
    expect(console.page.get_by_text("<b>this</b> [x](javascript:alert(1))")).to_be_visible()
    console.link("the other").click()
    expect(console.heading("other")).to_be_visible()


def test_a_long_note_shows_its_beginning_until_one_asks_for_all(window: Window, person: User) -> None:
    trial = record_trial(person, "noted").id
    note = "\n\n".join(f"Paragraph {number}" for number in range(30)) + f"\n\n[the end](#/trials/{trial}/?tab=files)"
    person.v2("PATCH", f"/trials/{trial}", json={"note": note})
    console = Console(window(person)).trial(trial)
    end = console.link("the end")
    expect(console.button("Show all of the note")).to_be_visible()
    expect(end).not_to_be_in_viewport()
    console.button("Show all of the note").press("Enter")
    expect(end).to_be_visible()
    console.button("Show less of the note").press("Enter")
    expect(console.button("Show all of the note")).to_be_focused()
    end.focus()  # as Tab does
    expect(console.button("Show less of the note")).to_be_visible()
    expect(end).to_be_in_viewport()


def shared_by_link(person: User, kind: str, thing: str) -> str:
    """Share something with whoever has a link, and return the link's key."""
    answer = person.v2("POST", f"/{kind}/{thing}/shares", json={"link": True, "expires_days": 1})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


def test_the_address_of_a_public_link_opens_what_it_shows_without_an_account(window: Window, person: User) -> None:
    trial = record_trial(person, "paper_run").id
    owner = Console(window(person)).trial(trial)
    owner.button("Share").click()
    owner.dialog.get_by_label("With whom").select_option("link")
    owner.dialog.get_by_role("button", name="Share", exact=True).click()
    address = owner.dialog.locator(".once code").inner_text()
    guest = Console(window())
    guest.page.goto(address)
    expect(guest.heading("paper_run")).to_be_visible()
    expect(guest.page.locator(".facts")).to_be_visible()
    expect(guest.page.get_by_text(re.compile(r"^by\b"))).to_have_count(0)  # nobody is named, not even as nobody
    assert address.rstrip("/").rpartition("/")[2] not in guest.page.url  # neither in the bar, nor in the history
    guest.button("More actions").click()
    offered = guest.page.get_by_role("menuitem").or_(guest.page.get_by_role("menuitemcheckbox"))
    expect(offered).to_have_text(["Copy link", "Notify me when it ends"])  # nothing that changes the trial
    reader = Console(window(person)).go(address.partition("#")[1] + address.partition("#")[2])
    expect(reader.dialog.get_by_text("signed in as")).to_be_visible()
    reader.dialog.get_by_role("button", name="Cancel").click()
    expect(reader.heading("My folders")).to_be_visible()


def test_a_link_that_was_ended_says_so(window: Window, person: User) -> None:
    trial = record_trial(person, "private").id
    key = shared_by_link(person, "trials", trial)
    shares = person.v2("GET", f"/trials/{trial}/shares").json()["shares"]
    assert person.v2("DELETE", f"/trials/{trial}/shares/{shares[0]['id']}").status_code == 204
    guest = Console(window()).go(f"#/s/{key}/")
    expect(guest.page.get_by_text("has expired or was ended")).to_be_visible()


def test_a_seed_of_64_bits_is_shown_and_filtered_by_as_it_was_recorded(window: Window, person: User) -> None:
    seeds = (6371562874136734421, 6371562874136734422)
    first, _ = (record_trial(person, f"seed{number}", seed=seed) for number, seed in enumerate(seeds))
    console = Console(window(person)).trial(first.id)
    console.tab("Parameters").click()
    expect(console.page.get_by_text(str(seeds[0]), exact=True)).to_be_visible()
    console.folder(folder_id(person, "/vision/mnist"), columns="name,params.seed")
    expect(console.page.get_by_title(str(seeds[0]))).to_be_visible()
    console.filter(f"params.seed = {seeds[0]}")
    expect(console.link("seed1")).to_have_count(0)
    assert console.names() == ["seed0"]
