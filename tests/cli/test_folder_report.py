"""`aimd folder report` and `note` of a directory, and a report as it is read in a terminal."""

from __future__ import annotations

import math
import re

import numpy as np

from aimd_core.format.saved_views import SavedView, save_view
from aimd_core.format.smoothing import smoothed_with_gaps
from t9k import aimd
from tests.support.home import Home
from tests.support.server import RunningServer

NOTE = """# Night runs

The *best* is **fast**, see [the paper](https://example.org/paper) and `train.py`. \x1b[31mno red[/]

- one
- two
  1. inner

> quoted

| long head | b |
|---:|:-:|
| 1 | 2 |

```python
print("[bold]")
```

---

```view night
show: best, charts
limit: 2
```

```view
media: val/samples
```

```view
query: params.lr >
```
"""


def _record(home: Home) -> None:
    for name, rate in (("fast", 0.1), ("slow", 0.01)):
        trial = aimd.create_trial(trial_name=name)
        trial.params.update({"lr": rate})
        for step in range(1, 1003):
            trial.log("train", {"loss": rate * step}, step=step)
        trial.log_image("val/samples", np.zeros((2, 2, 3), np.uint8), step=5, caption=f"shot of {name}")
        trial.finish()
    assert home.aimd("trial", "views", "save", "night", "params.lr > 0", "--sort=-train.loss").code == 0
    (home.work / ".aimd" / "note.md").write_text(NOTE)


def test_the_report_of_a_directory_is_written_without_a_server(home: Home) -> None:
    _record(home)
    written = home.aimd("folder", "report", "--html", "report.html", "--json")
    assert (written.code, written.json["file"]) == (0, "report.html")
    page = (home.work / "report.html").read_text()
    assert written.json["bytes"] == len(page.encode())
    rows = re.findall(r"<tr>(<td.*?)</tr>", page)
    assert [re.sub("<[^>]*>", " ", row).split()[:2] for row in rows[1:]] == [["1", "fast"], ["2", "slow"]]
    assert (page.count("<svg"), page.count("<path"), page.count('<img src="data:image/png;base64,')) == (1, 2, 2)
    assert re.findall(r"</span>(\w+ [^<]*)</li>", page) == [
        "fast 100.2",
        "slow 10.02",
    ]  # exactly, however many points a line has
    assert '<td class="right">1</td><td class="center">2</td>' in page
    assert "shot of fast · fast · val/samples · 5" in page
    assert page.count('class="bad"') == 1
    assert "<script" not in page
    assert (
        home.aimd("folder", "report", "--html", "report.html").code == 7
        or "exists" in home.aimd("folder", "report", "--html", "report.html").err
    )
    assert home.aimd("folder", "report", "-d", home.work, "--html", "-").out.startswith("<!doctype html>")
    chinese = home.aimd_process("folder", "report", "--html", "zh.html", AIMD_LANG="zh")
    assert chinese.code == 0
    assert "生成于" in (home.work / "zh.html").read_text()


def test_a_report_is_read_in_the_terminal_and_piped_as_it_is_written(home: Home) -> None:
    _record(home)
    assert home.aimd("folder", "report").out == home.aimd("folder", "note").out
    assert home.aimd("folder", "report", "--json").json["note"] == NOTE
    shown = home.aimd_terminal("folder", "report", columns=100)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    for words in (
        *("Night runs", "The best is fast, see the paper (https://example.org/paper) and train.py.", "[/]", "• one"),
        *("│ quoted", 'print("[bold]")', "train.loss", "(2 trials)", "shot of slow · slow · val/samples · 5"),
    ):
        assert words in plain
    assert re.search(r"fast +[^ \d]+ +100\.2\b", plain)
    assert re.search(r"^ {8}1  2 *$", plain, re.MULTILINE)  # to the right, as its colon says
    assert "\\x1b[31mno red" in plain
    assert plain.index("1  fast") < plain.index("2  slow")
    assert "**" not in plain


def test_curves_of_a_report_are_smoothed_as_its_view_says(home: Home) -> None:
    trial = aimd.create_trial(trial_name="rough")
    for step in range(1, 5):
        trial.log("train", {"loss": [0.0, 1.0, float("nan"), 0.0][step - 1]}, step=step)
    trial.finish()
    save_view(home.work, "soft", SavedView(smoothing=0.5))
    paths = {}
    for called, lines in (("plain", "charts: train.loss"), ("said", "charts: train.loss\nsmoothing: 0.5")):
        (home.work / ".aimd" / "note.md").write_text(f"```view\n{lines}\n```\n")
        page = home.aimd("folder", "report", "--html", "-").out
        paths[called] = re.findall(r'<path class="c0" d="([^"]*)"', page)
        assert ("(curves smoothed 0.5)" in page) == (called == "said")
        assert "rough 0</li>" in re.sub(r"</?(?:a|span)[^>]*>", "", page)  # the last value is the recorded one
    (home.work / ".aimd" / "note.md").write_text("```view soft\ncharts: train.loss\n```\n")
    saved = re.findall(r'<path class="c0" d="([^"]*)"', home.aimd("folder", "report", "--html", "-").out)
    assert saved == paths["said"] != paths["plain"]
    assert smoothed_with_gaps([0.0, 1.0, math.nan, 0.0], 0.5)[:2] == [0.0, 2 / 3]


def test_a_directory_without_a_report_is_told_and_two_sources_are_refused(home: Home) -> None:
    assert "has no note" in home.aimd("folder", "report").err
    missing = home.aimd("folder", "report", "--html", "report.html")
    assert (missing.code, "note.md" in missing.err) == (3, True)
    assert not (home.work / "report.html").exists()
    assert home.aimd("folder", "report", "vision", "-d", ".").code == 2
    assert home.aimd("folder", "note", "-d", "nowhere").code == 3
    (home.work / ".aimd").mkdir(exist_ok=True)
    (home.work / ".aimd" / "note.md").write_text("```view #/folders/x/\n```\n\n```view #/v/y/\n```\n\n```view\n```\n")
    page = home.aimd("folder", "report", "--html", "-").out
    for address in ("#/folders/x/", "#/v/y/"):
        assert f"{address}: this address is of a server" in page
    assert "(no trials)" in page


def test_the_report_of_a_folder_is_read_in_the_terminal(
    home: Home, running_server: RunningServer, signed_in: object
) -> None:
    _record(home)
    assert home.aimd("trial", "upload", "-d", ".", "-P", "vision", "-m").code == 0
    assert home.aimd_process("folder", "note", "vision", "-", stdin="# Night\n\n```view\nshow: best\n```\n").code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", home.aimd_terminal("folder", "report", "vision", columns=100))
    assert "Night" in plain
    assert "(2 trials)" in plain
    assert "fast" in plain


def test_a_report_in_the_terminal_shows_what_addresses_of_the_console_lead_to(
    home: Home, running_server: RunningServer, signed_in: object
) -> None:
    _record(home)
    assert home.aimd("trial", "upload", "-d", ".", "-P", "vision/deep", "-m").code == 0
    assert home.aimd("folder", "mk", "notes").code == 0
    folder = home.aimd("folder", "id", "vision").out.strip()
    note = f"```view #/folders/{folder}/?where=params.lr+%3C+0.05\nshow: list\n```\n\n```view #/v/absent0/\n```\n"
    assert home.aimd_process("folder", "note", "notes", "-", stdin=note).code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", home.aimd_terminal("folder", "report", "notes", columns=100))
    assert "slow" in plain
    assert "fast" not in plain
    assert "this address is of a server" not in plain
    assert "absent0" in plain
