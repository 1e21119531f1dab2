"""A report as a file: it shows what its reader may see, nothing in it runs, and it asks for nothing."""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from datetime import datetime, timezone
from html.parser import HTMLParser

import httpx
import numpy as np
import pytest

from aimd_cli.views.list_columns import ListColumns
from aimd_cli.views.rows import Choice
from aimd_core.query import parse_fields
from aimd_core.reading.answered import facts_of
from aimd_core.reports import showing
from aimd_core.reports.embedded import EmbeddedView
from aimd_core.reports.page import Cell, ReportHead, ViewContent, page_of
from aimd_core.reports.pictures import EmbeddedPicture
from t9k.aimd.media.pictures import encode_png
from tests.console.hostile import STRINGS
from tests.server.api import User, line, new_id, wish
from tests.server.test_server_contents import send_small
from tests.server.test_server_media import append, refer
from tests.server.test_server_media import line as media_line

_EMPTY = {"meta", "hr", "img"}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "h4", "h5", "h6", "p", "a", "code"),
    *("pre", "em", "strong", "s", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "div", "figure"),
    *("figcaption", "blockquote", "hr", "span", "svg", "line", "text", "path", "img"),
}


class Reader(HTMLParser):
    """Reads a file as a browser does, as far as its elements and texts go."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: dict[str, int] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] = self.elements.get(tag, 0) + 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def _folder(user: User, path: str, note: str) -> str:
    folder = str(user.v2("POST", "/folders", json={"path": path, "parents": True}).json()["id"])
    answer = user.v2("PUT", f"/folders/{folder}/note", json={"note": note}, headers={"If-Match": "*"})
    assert answer.status_code == 200
    return folder


def _trial(user: User, name: str, folder: str, rate: float) -> str:
    uid = new_id()
    body = wish(name=name, folder={"id": folder}, parameters={"optim": {"lr": rate}}, state="Succeeded")
    assert user.v2("PUT", f"/trials/{uid}", json=body).status_code == 201
    user.patch(uid, 0, b"".join(line(step, rate * step) for step in range(1, 40)))
    return uid


def _report(user: User, folder: str, language: str = "en") -> httpx.Response:
    return user.v2("GET", f"/folders/{folder}/report", params={"lang": language})


_NOTE = """# Night

The *best* is below. [All](#/folders/x/), [web](https://example.org/a).

```view best-ones
show: best, charts
limit: 2
```

```view #/folders/{folder}/?where=name+%3D+slow
```

```view
query: params.optim.lr > 0.05
columns: params.optim.lr, train.loss.max
title: Fast ones
```

```view nothing
```

```view
query: params.lr >
```

```view
colour: red
```
"""


def test_a_report_is_no_larger_than_a_report_may_be(user: User) -> None:
    folder = _folder(user, "long", "")
    for number in range(3):
        uid = _trial(user, f"long{number}", folder, 0.1)
        assert user.v2("PATCH", f"/trials/{uid}", json={"note": "<" * 65_536}).status_code == 200
    columns = ", ".join(["note"] * 1_000)
    views = [f"```view\ntitle: v{number}\ncolumns: {columns}\n```\n" for number in range(4)]
    whole = _report(user, _folder(user, "long", "".join(views)))
    page = Reader(whole.text)
    assert (page.elements["td"], page.elements["th"]) == (4 * 3 * 2, 4 * 2)
    assert len(whole.content) < 4 * 3 * 1_000 * len("&lt;") + 20_000


def test_tables_and_charts_beyond_what_a_report_may_have_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aimd_core.reports.page.MAX_VIEWS_CHARS", 1 << 20)
    shown = ViewContent(title="list", heads=["name"], rows=[[Cell("x" * 1_000)]] * 700)
    note = "```view\n```\n\n" * 3
    made = page_of(ReportHead("t", "en", ""), note, lambda _: shown)
    assert len(made) < 1_100_000
    page = Reader(made)
    assert page.elements["table"] == 1
    assert page.text.count("a report shows 1 MiB of charts and tables at most") == 2


def test_a_report_has_what_its_views_show_now(user: User) -> None:
    folder = _folder(user, "vision", "")
    fast, slow = _trial(user, "fast", folder, 0.1), _trial(user, "slow", folder, 0.01)
    view = {"query": "", "sort": "-train.loss", "charts": ["train.loss"]}
    user.v2("PUT", f"/folders/{folder}/views/best-ones", json={"view": view})
    folder = _folder(user, "vision", _NOTE.replace("{folder}", folder))
    answer = _report(user, folder)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.html"'
    page = Reader(answer.text)
    assert "vision /vision" in page.text
    assert "best-ones (2 trials)" in page.text
    assert re.search(
        r"# name state started params.optim.lr train.loss 1 fast Succeeded [-0-9 :]+ 0.1 3.9 2 slow Succeeded",
        page.text,
    )
    assert page.attributes.count(("td", "class", "whole")) == 3 * 3 + 1  # names, states and dates are not broken
    assert "Fast ones (1 trial) name params.optim.lr train.loss.max fast 0.1 3.9" in page.text
    assert "no view nothing" in page.text
    assert "colour: there is query, sort" in page.text
    assert "params.lr >" not in page.text
    assert (page.elements["svg"], page.elements["path"]) == (1, 2)
    links = {value for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    console = f"{user.server.origin}/t9k/experiment/web/#/"
    assert {f"{console}trials/{fast}/", f"{console}trials/{slow}/", "https://example.org/a"} <= links
    assert all(link.startswith((console, "https://example.org/")) for link in links)
    assert "（2 个试验）" in _report(user, folder, "zh").text
    assert _report(user, folder, "fr").status_code == 422


def test_a_legend_has_the_last_value_of_a_long_series(user: User) -> None:
    folder = _folder(user, "long-series", "```view\ncharts: train.loss\n```\n")
    for name, last in (("long", 7.0), ("diverged", math.nan)):
        body = wish(name=name, folder={"id": folder}, state="Succeeded")
        uid = new_id()
        assert user.v2("PUT", f"/trials/{uid}", json=body).status_code == 201
        user.patch(uid, 0, b"".join(line(step, last if step == 2_000 else 1.0) for step in range(1, 2_001)))
    page = Reader(_report(user, folder).text)
    assert "diverged NaN long 7" in page.text or "long 7 diverged NaN" in page.text


def test_nothing_in_a_report_runs_or_is_asked_for_whatever_people_wrote(user: User) -> None:
    views = "".join(f"\n```view {text}\ntitle: {text}\n```\n" for text in STRINGS)
    folder = _folder(user, "hostile", "\n\n".join([*STRINGS, *(f"[{text}]({text})" for text in STRINGS)]) + views)
    uid = new_id()
    hostile = next(text for text in STRINGS if text.startswith("<img")).replace("/", "")
    assert user.v2("PUT", f"/trials/{uid}", json=wish(name=hostile, folder={"id": folder})).status_code == 201
    user.v2("PATCH", f"/trials/{uid}", json={"tags": ["<b>"], "note": "<script>x</script>"})
    note = "\n```view\ncolumns: name,tags,note\n```\n"
    whole = user.v2("GET", f"/folders/{folder}/note").json()["note"] + note
    user.v2("PUT", f"/folders/{folder}/note", json={"note": whole}, headers={"If-Match": "*"})
    page = Reader(_report(user, folder).text)
    assert set(page.elements) <= ALLOWED
    assert hostile in page.text
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("style", "srcdoc")
        assert name != "src" or (tag == "img" and value.startswith("data:image/png;base64,"))
        if name == "href":
            assert tag == "a"
            assert value.startswith(("http://", "https://"))


def test_a_report_shows_no_more_than_its_reader_sees(user: User, stranger: User) -> None:
    hidden = _folder(user, "hidden", "")
    secret = _trial(user, "secret-trial", hidden, 0.1)
    short = user.v2("POST", f"/folders/{hidden}/addresses", json={"address": f"#/folders/{hidden}/"}).json()["id"]
    targets = [f"#/trials/{secret}/", f"#/folders/{hidden}/", f"#/compare?trials={secret}", f"#/v/{short}/", "#/keys"]
    note = "".join(f"```view {target}\nshow: list, charts\n```\n" for target in targets)
    folder = _folder(user, "shown", note)
    assert _report(user, folder).text.count("secret-trial") >= 4
    user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name})
    theirs = _report(stranger, folder)
    assert theirs.status_code == 200
    assert "secret-trial" not in theirs.text
    link = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    with User(user.server, "link", link) as guest:
        seen = _report(guest, folder)
        assert seen.status_code == 200
        assert "secret-trial" not in seen.text
        assert user.name not in seen.text


def test_a_view_that_nobody_could_have_meant_is_refused_in_its_place(user: User) -> None:
    targets = ["#/folders/root/?" + "&".join(["a=1"] * 120), "#/v/%00", "#/trials/%F0/", "#/%ud800/"]
    folder = _folder(user, "odd", "\n\n".join(f"```view {target}\n```" for target in targets) + "\n\nThe end")
    page = Reader(_report(user, folder).text)
    assert "an address has 100 fields at most" in page.text
    assert page.text.endswith("The end")


def test_a_cell_has_words_as_a_list_has_them(user: User) -> None:
    folder = _folder(user, "cells/deep", "```view\ncolumns: name,folder,nan_since,platform.name,tags\n```")
    uid = _trial(user, "cell", folder, 0.1)
    user.v2("PATCH", f"/trials/{uid}", json={"tags": ["a", "b"]})
    assert "name folder nan_since platform.name tags cell /cells/deep a, b" in Reader(_report(user, folder).text).text


def test_each_column_says_what_the_list_of_the_terminal_says(user: User) -> None:
    columns = (
        "id,duration,age,parent,reason,note,alternative_name,tags,git.commit,git.branch,git.dirty,platform.hostname,"
        "platform.gpu.name,params.lr,params.deep,params.none,params.flag,train.loss,train.loss.min,train.loss.count"
    )
    note = f"```view\ncolumns: {columns}\n```\n"
    folder = _folder(user, "equal", note)
    body = wish(name="cell", folder={"id": folder}, state="Succeeded")
    body["metadata"] |= {
        "status": "Succeeded",
        "startTime": "2026-11-23T15:03:27+00:00",
        "endTime": "2026-11-23T16:52:05+00:00",
        "_git": {"commit": "0f2c" * 10, "branch": "main", "is_dirty": True},
        "platform": {"hostname": "node-3", "gpu": {"name": "H\u202e100"}},
    }
    body["parameters"] = {"lr": 1e-05, "deep": {"list": [1, "a"]}, "none": None, "flag": True}
    uid = new_id()
    assert user.v2("PUT", f"/trials/{uid}", json=body).status_code == 201
    user.patch(uid, 0, line(1, 0.123456789) + line(2, 3.0))
    segment = {
        "kind": "fork",
        "parent": new_id(),
        "parent_name": "old_261120_150327_f9by70",
        "from_step": 1,
        "offset": 0,
    }
    user.patch(uid, 0, json.dumps(segment).encode() + b"\n", file="segments")
    user.v2("PATCH", f"/trials/{uid}", json={"tags": ["a", "b"], "note": "two\nlines"})
    facts = facts_of(user.v2("GET", f"/trials/{uid}").json())
    fields = parse_fields(columns)
    now = datetime.now(timezone.utc)
    (terminal,) = ListColumns([facts], Choice(1, columns=fields), True, now).table().rows
    said = {name: cell for name, (cell, _) in zip(columns.split(","), terminal, strict=True)}
    assert (said["duration"], said["git.dirty"], said["platform.hostname"]) == ("1h 48m", "true", "node-3")
    assert "old_261120_150327_f9by70" in said["parent"]
    page = _report(user, folder).text
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL)
    assert [re.sub("<[^>]*>", "", cell) for cell in cells] == ["cell", *(said[name] for name in columns.split(","))]
    link = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    with User(user.server, "link", link) as guest:
        seen = _report(guest, folder).text
        assert said["git.commit"] in seen
        assert said["duration"] in seen
        assert "node-3" not in seen
        assert "main" not in Reader(seen).texts


def test_what_cannot_be_shown_is_said_in_the_language_of_who_exports(user: User) -> None:
    views = {
        "```view gone\n```": "没有视图 gone",
        "```view #/v/abcdefgh/\n```": "没有短地址 abcdefgh",
        "```view #/folders/x/\n```": "没有文件夹 x",
        "```view #/keys\n```": "不是试验页面",
        "```view\ncolumns: nonsense\n```": "没有字段 'nonsense'",
        "```view\nsort: nonsense\n```": "没有字段 'nonsense'",
        "```view\nquery: params.lr >\n```": "query",
        "```view\ncolour: red\n```": "colour：没有此项",
        "```view\nlimit: 0\n```": "limit：应为不小于 1 的整数",
        "```view\nno colon\n```": "no colon：应写作",
        "```view\nquery: " + " or ".join(["name = a"] * 201) + "\n```": "一个查询最多可有 200 个条件",
        "```view\nsort: " + ",".join(["name"] * 9) + "\n```": "一个列表最多可有 8 个排序键",
    }
    folder = _folder(user, "faulty", "\n\n".join(views) + "\n\n```view\n```\n" * 40)
    page = _report(user, folder, "zh").text
    faults = re.findall('<p class="bad">(.*?)</p>', page)
    assert len(faults) == len(views) + 2
    for fault, words in zip(Reader("".join(f"<p>{fault}</p>" for fault in faults)).texts, views.values(), strict=False):
        assert words in fault or words == "query"
        assert re.search("[\u4e00-\u9fff]", fault), fault
    assert "一份报告最多显示 50 个视图" in faults[-1]
    english = re.findall('<p class="bad">(.*?)</p>', _report(user, folder).text)
    assert not re.search("[\u4e00-\u9fff]", "".join(english))
    assert english[0] == "gone: no view gone"


def test_pictures_that_trials_recorded_are_in_the_file(user: User) -> None:
    shots = [encode_png(np.full((4, 4, 1), shade, np.uint8)) for shade in (0, 100, 200)]
    note = "```view\nmedia: val/samples, val/none\n```\n\n```view\nmedia: val/samples\nshow: list, media\n```\n"
    folder = _folder(user, "pictures", note)
    uid = _trial(user, "seen", folder, 0.1)
    send_small(user, *shots)
    send_small(user, SVG, b"no picture")
    refer(user, uid, *shots, SVG, b"no picture")
    lines = [
        media_line("val/samples", 1, shots[0]),
        media_line("val/samples", 2, shots[1], caption="<b>cat</b>"),
        media_line("val/samples", 2, shots[2]),
        media_line("val/samples", 2, SVG, kind="image/svg+xml"),
        media_line("val/samples", 2, b"no picture", kind="image/png"),
        media_line("val/samples", 2, b"never sent", kind="image/png"),
        media_line("val/samples", 2, text="words", kind="text"),
    ]
    assert append(user, uid, b"".join(lines)).status_code == 204
    text = _report(user, folder).text
    page = Reader(text)
    sources = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert [b64decode(source.removeprefix("data:image/png;base64,")) for source in sources] == shots[1:] * 2
    assert "<b>cat</b> · seen · val/samples · 2" in page.text
    assert "(without" not in text
    assert "script" not in page.elements
    link = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    with User(user.server, "link", link) as guest:  # which sees no media
        assert "<img" not in _report(guest, folder).text
    assert "略去" not in _report(user, folder, "zh").text


class _Many:
    """A source whose one trial has more pictures than a report takes."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def trials(self, *_: object) -> tuple[list[object], bool]:
        return [object()], False

    def pictures(self, _row: object, _key: str, most_bytes: int) -> tuple[list[EmbeddedPicture], int]:
        self.asked.append(most_bytes)
        return [EmbeddedPicture(b"x" * 100_000, "image/png", "")] * 80, 3


def test_a_report_takes_so_many_pictures_and_says_how_many_it_leaves_out() -> None:
    source = _Many()
    shown = showing.Showing(source, "en").shown(EmbeddedView(media=("a", "b")))  # type: ignore[arg-type]
    assert len(shown.pictures) == showing.MAX_PICTURES
    assert source.asked == [showing.MAX_PICTURES_BYTES, showing.MAX_PICTURES_BYTES - 8_000_000]
    assert "without 66 pictures: a report has 100 pictures and 8 MiB of them at most" in shown.note
