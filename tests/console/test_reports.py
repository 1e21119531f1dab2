"""Reports in the browser: live views in a note, an editor that loses no text, and the file to hand on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.console.conftest import Window
from tests.console.hostile import STRINGS
from tests.console.pages import Console
from tests.console.world import folder_id, record_trial
from tests.server.api import User, new_id, wish
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

NOTE = """# Night runs

The best is [fast](#/trials/{fast}/).

| optimizer | accuracy |
|---|---:|
| adam | 0.9 |

```view
title: Best of all
sort: -val.acc
show: best, charts
charts: train.loss
smoothing: 0.6
limit: 2
```

```view #/folders/{folder}/?where=params.lr+%3C+0.05
```
"""


def expect(locator: Locator):  # type: ignore[no-untyped-def]
    from playwright.sync_api import expect as wanted

    wanted.set_options(timeout=PATIENCE_S * 1000)
    return wanted(locator)


def _folder(person: User, name: str) -> tuple[str, str]:
    fast = record_trial(person, "fast", name, lr=0.1)
    record_trial(person, "slow", name, lr=0.01)
    return folder_id(person, f"/{name}"), fast.id


def _put(person: User, folder: str, note: str) -> None:
    body, headers = {"note": note}, {"If-Match": "*"}
    assert person.v2("PUT", f"/folders/{folder}/note", json=body, headers=headers).status_code == 200


def test_a_report_is_written_with_a_preview_and_shows_live_views(
    window: Window, person: User, browser: Browser, tmp_path: Path
) -> None:
    folder, fast = _folder(person, "night")
    console = Console(window(person)).folder(folder)
    console.link("Report").click()
    expect(console.heading("This folder has no report yet")).to_be_visible()
    console.button("Write one").click()
    console.page.get_by_label("Text in Markdown").fill(NOTE.format(fast=fast, folder=folder))
    preview = console.page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("heading", name="Night runs")).to_be_visible()
    console.page.reload()  # what was typed is still there
    console.button("Save").click()
    expect(console.button("Edit")).to_be_visible()
    expect(console.page.get_by_role("cell", name="0.9", exact=True)).to_have_css("text-align", "end")
    expect(console.chart("loss")).to_be_visible()
    expect(console.page.get_by_text("curves smoothed 0.6")).to_be_visible()
    console.chart("loss").hover()
    expect(console.page.get_by_text(re.compile(r"(?<!curves )smoothed [0-9.]+")).first).to_be_visible()
    best = console.page.get_by_role("region", name="Best of all")
    expect(best.get_by_role("row")).to_have_count(3)
    expect(console.page.get_by_role("link", name="slow").last).to_be_visible()
    record_trial(person, "third", "night", lr=0.02)
    with console.page.expect_download() as started:
        console.choose("More actions", "Download as one HTML file")
    file = tmp_path / "report.html"
    started.value.save_as(file)
    assert "Best of all" in file.read_text()
    page = browser.new_context(java_script_enabled=False, offline=True).new_page()
    page.goto(file.as_uri())
    expect(page.get_by_role("img")).to_have_count(1)
    expect(page.get_by_role("link", name="third").first).to_be_visible()
    page.context.close()


def test_two_who_edit_at_once_both_keep_their_text(window: Window, person: User) -> None:
    folder, _ = _folder(person, "both")
    _put(person, folder, "first")
    console = Console(window(person)).go(f"#/reports/{folder}/")
    console.button("Edit").click()
    text = console.page.get_by_label("Text in Markdown")
    expect(text).to_have_value("first")
    text.fill("mine")
    _put(person, folder, "theirs")
    console.button("Save").click()
    expect(console.alert).to_contain_text("Somebody else changed the report meanwhile")
    expect(console.page.get_by_label("The text that was saved meanwhile")).to_have_value("theirs")
    expect(text).to_have_value("mine")
    console.button("Replace it with mine").click()
    expect(console.page.get_by_text("mine", exact=True)).to_be_visible()
    assert person.v2("GET", f"/folders/{folder}/note").json()["note"] == "mine"
    console.button("Edit").click()
    text.fill("for nobody else")
    assert "for nobody else" in str(console.page.evaluate("({...sessionStorage})"))
    console.choose("Account and settings", "Sign out")
    expect(console.button("Sign in")).to_be_visible()
    assert "for nobody else" not in str(console.page.evaluate("({...sessionStorage})"))


def test_nothing_in_a_report_runs_whatever_people_wrote(window: Window, person: User) -> None:
    folder, _ = _folder(person, "hostile")
    views = "".join(f"\n```view {text}\ntitle: {text}\ncolumns: {text}\n```\n" for text in STRINGS[:40])
    _put(person, folder, "\n\n".join(STRINGS) + views)
    console = Console(window(person)).go(f"#/reports/{folder}/")
    expect(console.page.get_by_text("<script>alert(1)</script>", exact=True).first).to_be_visible()
    expect(console.page.locator(".skeleton")).to_have_count(0)
    assert console.page.locator("main script, main iframe, main object, main embed, main img").count() == 0


def test_a_report_that_was_written_to_do_harm_does_none_in_a_browser(
    person: User, browser: Browser, tmp_path: Path
) -> None:
    folder, _ = _folder(person, "harm")
    addresses = (
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "//evil.example/"),
        *("vbscript:x", "java\tscript:alert(1)", "\u202ehttps://evil.example", "https:evil.example", "/\\evil.example"),
        *(
            "file:///etc/passwd",
            "blob:https://evil.example/x",
            "https\u200b://evil.example",
            "&#106;avascript:alert(1)",
        ),
    )
    links = "\n\n".join(f"[a{number}]({address}) <{address}>" for number, address in enumerate(addresses))
    html = "<img src=https://evil.example/a.png onerror=alert(1)><svg onload=alert(1)>"
    html += "<style>@import '//evil.example'</style>"
    views = "".join(f"\n```view {text}\ntitle: {text}\ncolumns: name,note,tags\n```\n" for text in (html, "#/folders/"))
    _put(person, folder, f"{links}\n\n{html}\n\n![p](https://evil.example/p.png)\n\n`{html}`\n{views}")
    answer = person.v2("GET", f"/folders/{folder}/report")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    file = tmp_path / "report.html"
    file.write_bytes(answer.content)
    page = browser.new_context().new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", name="harm").first).to_be_visible()
    hrefs = page.eval_on_selector_all("[href]", "all => all.map(one => one.href)")
    assert all(href.startswith(("https://evil.example/", f"{person.server.origin}/")) for href in hrefs)
    assert page.locator("script, iframe, object, embed, link, img, form, [onerror], [onload]").count() == 0
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    page.context.close()


def test_a_table_has_the_columns_that_lists_leave_out(window: Window, person: User) -> None:
    columns = "name, duration, git.branch, platform.hostname, parent, val.acc"
    uid = new_id()
    body = wish("told", folder={"path": "fields", "make": True})
    body["metadata"]["_git"] = {"branch": "main"}
    assert person.put(uid, body).status_code == 201
    folder = folder_id(person, "/fields")
    _put(person, folder, f"```view\ntitle: Told\ncolumns: {columns}\n```\n")
    console = Console(window(person)).go(f"#/reports/{folder}/")
    table = console.page.get_by_role("region", name="Told")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["Name", "Duration", "git.branch", "platform.hostname", "Parent", "val.acc"]
    )
    expect(table.get_by_role("cell", name="main", exact=True)).to_be_visible()
    expect(table.get_by_role("cell", name="node-3", exact=True)).to_be_visible()


def test_the_heads_of_a_report_are_in_the_language_of_the_page_and_of_the_file(window: Window, person: User) -> None:
    folder, _ = _folder(person, "zh")
    _put(person, folder, "```view\ncolumns: age,ended,params.lr,alternative_name,nan_since\n```\n")
    console = Console(window(person, locale="zh-CN")).go(f"#/reports/{folder}/")
    heads = ["名称", "距今", "结束时间", "params.lr", "替代名称", "出现 NaN 的指标"]
    shown = [head.replace("params.", "") for head in heads]
    expect(console.page.locator(".report-view thead th")).to_have_text(shown)
    file = person.v2("GET", f"/folders/{folder}/report", params={"lang": "zh"}).text
    assert [head for head in heads if f">{head}</th>" not in file] == []
