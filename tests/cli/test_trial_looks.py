"""How lists and descriptions look: snapshots of the views, and what must hold on every real terminal."""

from __future__ import annotations

import io
import json
import re
import time
from datetime import datetime
from pathlib import Path

import pytest

from aimd_cli.output import View
from aimd_core.sources.handles import TrialHandle
from tests.support.home import Home
from tests.support.snapshots import assert_looks_like
from tests.support.trials import record, write_trial

NOW = datetime.fromisoformat("2026-11-24T00:00:00+00:00")
FAMILY, JOINED = "训练-学习率", "👩‍👩‍👧-run"
NAMES = ["resnet50-base", FAMILY, JOINED, "x[link=evil]y", "esc\x1b[31m"]
METADATA = """\
kind: Trial
metadata: {{folder: null, name: {name}, editor: null, id: {number:08x}-0000-4000-8000-000000000000, timestamp: null}}
platform: {{hostname: node-3, python: 3.11.7}}
startTime: '2026-11-23T15:03:27+00:00'
endTime: {end}
status: {status}
_exit: {ending}
_upload: {{folder_path: image/mnist}}
_git: {{branch: main, commit: 8c1f2e08c1f2e08c, is_dirty: true}}
"""


@pytest.fixture
def place(home: Home) -> Path:
    trials = home.work / ".aimd" / "trials"
    for number, name in enumerate(NAMES):
        running = number == 1
        metadata = METADATA.format(
            name=json.dumps(name, ensure_ascii=False),
            number=0x41D07BE2 + number,
            status="Running" if running else ("Succeeded", "Failed")[number % 2],
            ending="{kind: signal, signal: SIGTERM, at: '2026-11-23T15:59:27+00:00'}" if running else "null",
            end="null" if running else f"'2026-11-23T16:0{number}:27+00:00'",
        )
        losses = [record(step, 2 / (step + number), "train", "loss") for step in range(1, 40)]
        accuracies = [record(step, 1 - 1 / (step + number), "val", "acc") for step in range(1, 40, 3)]
        path = write_trial(
            trials,
            f"run_261123_15032{number}_abcde{number}",
            metadata=metadata,
            parameters=f"lr: {10.0**-number}\nbatch_size: {16 << number}\nepochs: 3\noptim: {{name: sgd}}\n",
            metrics=b"".join(losses + accuracies),
        )
        if number == 0:
            (path / "labels.yaml").write_text("tags: [baseline, 论文]\nnote: the one to beat\n")
    return home.work


def rendered(view: View, width: int) -> str:
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        width=width,
        color_system=None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(view.rich(width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def listed(place: Path, glyphs: bool, **choice: bool) -> View:
    from aimd_cli.views.rows import Choice
    from aimd_cli.views.trial_list import TrialList
    from aimd_core.reading.directory import TrialIndex

    rows = TrialIndex(place).rows(with_trends=True)
    return TrialList(rows, "~/runs", glyphs, Choice(len(rows), **choice), NOW)


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_list_looks_the_same_as_ever(place: Path, columns: int) -> None:
    assert_looks_like(f"ls-{columns}", rendered(listed(place, glyphs=True), columns))


def test_a_list_in_plain_signs_looks_the_same_as_ever(place: Path) -> None:
    assert_looks_like("ls-ascii-120", rendered(listed(place, glyphs=False, only_changed=True), 120))


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_description_looks_the_same_as_ever(place: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimd_cli.commands.trial.describe import details_of
    from aimd_cli.views.trial_detail import Parts, TrialDetails

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    (detail,) = details_of([handle(place / ".aimd" / "trials" / "run_261123_150320_abcde0")])
    view = TrialDetails([detail._replace(location="~/runs/run_261123_150320_abcde0")], Parts(True, True, True))
    assert_looks_like(f"describe-{columns}", rendered(view, columns))


@pytest.mark.parametrize("columns", [80, 120])
def test_a_list_and_a_description_in_chinese_look_the_same_as_ever(
    place: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimd_cli.commands.trial.describe import details_of
    from aimd_cli.views.trial_detail import Parts, TrialDetails

    monkeypatch.setenv("AIMD_LANG", "zh")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert_looks_like(f"zh-ls-{columns}", rendered(listed(place, glyphs=True), columns))
    (detail,) = details_of([handle(place / ".aimd" / "trials" / "run_261123_150320_abcde0")])
    view = TrialDetails([detail._replace(location="~/runs/run_261123_150320_abcde0")], Parts(True, True, True))
    assert_looks_like(f"zh-describe-{columns}", rendered(view, columns))


def test_columns_under_chinese_headings_stay_aligned(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.cells import cell_len

    monkeypatch.setenv("AIMD_LANG", "zh")
    heading, *rows = rendered(listed(place, glyphs=True), 120).splitlines()
    at = cell_len(heading.partition("ID")[0])
    for row in rows[: len(NAMES)]:
        before = ""
        while cell_len(before) < at:
            before = row[: len(before) + 1]
        assert cell_len(before) == at
        assert row[len(before) :][:8].strip().isalnum()


def handle(path: Path) -> TrialHandle:
    from aimd_core.sources.naming import TrialFinder

    return TrialFinder().at(path)


def chosen(place: Path) -> list[TrialHandle]:
    from aimd_core.sources.naming import TrialFinder

    return TrialFinder(place).everything()


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_comparison_looks_the_same_as_ever(place: Path, columns: int) -> None:
    from aimd_cli.commands.trial.describe import compared
    from aimd_cli.views.comparison import Comparison, ComparisonOptions

    view = Comparison(compared(chosen(place)[:3]), ComparisonOptions())
    assert_looks_like(f"compare-{columns}", rendered(view, columns))


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_chart_looks_the_same_as_ever(place: Path, columns: int) -> None:
    from aimd_cli.commands.trial.curves import read_curves
    from aimd_cli.views.chart import Chart, Look

    curves, _ = read_curves(chosen(place)[:3], ["val.acc"], "step")
    assert_looks_like(f"plot-{columns}", rendered(Chart(curves, Look(rows=8)), columns))


def test_a_chart_in_plain_signs_looks_the_same_as_ever(place: Path) -> None:
    from aimd_cli.commands.trial.curves import read_curves
    from aimd_cli.views.chart import Chart, Look

    curves, _ = read_curves(chosen(place)[:3], ["val.acc"], "step")
    assert_looks_like("plot-ascii-80", rendered(Chart(curves, Look(rows=8, glyphs=False)), 80))


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_live_table_looks_the_same_as_ever(place: Path, columns: int) -> None:
    from aimd_cli.screen.board import NEWEST
    from aimd_cli.views.live_table import LiveTable, Shown

    rows = listed(place, glyphs=True).rows  # type: ignore[attr-defined]
    shown = Shown(NEWEST, {rows[1].alternative_name: 0, rows[3].alternative_name: 1}, NOW)
    table = LiveTable(rows, shown, columns)
    lines = table.lines(0, 10, 2)
    assert_looks_like(f"top-{columns}", "\n".join(line.plain for line in [table.header(), *lines]) + "\n")


OTHER_COMMANDS = {
    "trash": ("trial", "trash", "ls"),
    "config": ("config", "list"),
    "status": ("login", "--status"),
    "verify": ("trial", "verify"),
    "compare": ("trial", "compare", "-d", "."),
    "plot": ("trial", "plot", "-d", ".", "-m", "train.loss"),
    "describe": ("trial", "describe", "-d", ".", "-a"),
}


@pytest.mark.parametrize("columns", [40, 120])
@pytest.mark.parametrize("command", OTHER_COMMANDS)
def test_no_command_lets_a_name_out_of_its_line(place: Path, home: Home, command: str, columns: int) -> None:
    from rich.cells import cell_len

    if command == "trash":
        home.aimd("trial", "rm", "-d", ".", "--yes")
    for setting in SETTINGS.values():
        shown = home.aimd_terminal(*OTHER_COMMANDS[command], columns=columns, **setting)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        assert "\x1b" not in plain
        assert "Traceback" not in plain
        assert "…" not in plain
        if not setting or "NO_COLOR" in setting:
            tables = [line for line in plain.splitlines() if not line.startswith(("aimd:", "  Run:"))]
            assert all(cell_len(line) <= columns for line in tables if " " in line.strip())
        if setting.get("LC_ALL") == "C":
            assert plain.isascii()


SETTINGS: dict[str, dict[str, str]] = {
    "colour": {},
    "no colour": {"NO_COLOR": "1"},
    "dumb": {"TERM": "dumb"},
    "C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_on_every_terminal_nothing_is_cut_and_nothing_strays(
    place: Path, home: Home, columns: int, setting: str
) -> None:
    from rich.cells import cell_len

    shown = home.aimd_terminal("trial", "ls", columns=columns, **SETTINGS[setting])
    if setting in ("no colour", "dumb"):
        assert "\x1b" not in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "\x1b" not in plain
    assert "Traceback" not in plain
    for number in range(len(NAMES)):
        assert f"{0x41D07BE2 + number:08x}" in plain
        assert f" {16 << number} " in f" {plain} ".replace("\n", " ")  # names are shortened, numbers never cut
    if setting == "C locale":
        assert plain.isascii()  # letters of other scripts are escaped, which makes a line longer
    else:
        assert [line for line in plain.splitlines() if cell_len(line) > columns] == []


def test_the_real_thing_piped_parses_whatever_the_names(place: Path, home: Home) -> None:
    rows = home.aimd("trial", "ls").table
    assert len(rows) == len(NAMES)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert "\x1b" not in home.aimd("trial", "ls", "--columns", "name").out
    names = [row["name"] for row in home.aimd("trial", "ls", "--columns", "name").table]
    assert names == ["esc\\x1b[31m", *NAMES[3::-1]]
