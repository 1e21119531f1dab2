"""`aimd trial media`: what was recorded besides numbers, listed, shown, saved and completed; the same from a server."""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from pathlib import Path

import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


HEADER = _chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
PIXELS = _chunk(b"IDAT", zlib.compress(b"\0" + bytes([255, 0, 0] * 2) + b"\0" + bytes([0, 0, 255] * 2)))
PNG = b"\x89PNG\r\n\x1a\n" + HEADER + PIXELS + _chunk(b"IEND", b"")


@pytest.fixture
def trial(home: Home) -> aimd.Trial:
    """A trial with pictures, tables, texts, histograms and HTML at three steps."""
    trial = aimd.create_trial(trial_name="cnn", capture_output=False)
    for step in (0, 10, 20):
        trial.log_image("val/samples", [PNG, PNG], step, caption=[f"at {step} \x1b[31mred"] * 2)
        rows = [{"class": name, "wrong": number * step} for number, name in enumerate("abc")]
        trial.log_table("confusion", [*rows, {"class": "none", "wrong": None}], step)
        trial.log_histogram("weights", [0.0, 1.0, 1.0, 2.0], step)
        trial.log_text("notes", f"one\n\x1b[2Jtwo {step}", step)
        trial.log_html("report", "<script>alert(1)</script>", step)
    trial.finish()
    return trial


def test_the_keys_are_listed_with_kinds_counts_steps_and_sizes(trial: aimd.Trial, home: Home) -> None:
    rows = {row["key"]: row for row in home.aimd("trial", "media", "cnn").table}
    assert set(rows) == {"val/samples", "confusion", "weights", "notes", "report"}
    pictures = rows["val/samples"]
    assert (pictures["kinds"], pictures["records"], pictures["steps"], pictures["size_bytes"]) == (
        *("image", "6", "3"),
        str(6 * len(PNG)),
    )
    lines = sum(len(f"one\n\x1b[2Jtwo {step}") for step in (0, 10, 20))
    assert int(rows["notes"]["size_bytes"]) == lines  # which their records have themselves
    assert int(rows["weights"]["size_bytes"]) > 3 * 64
    (keys,) = home.aimd("trial", "media", "cnn", "--json").json["keys"][:1]
    assert (keys["key"], keys["first_step"], keys["last_step"]) == ("confusion", 0, 20)
    described = home.aimd("trial", "describe", "cnn", "--json").json["trials"][0]["media"]
    assert {row["key"] for row in described} == set(rows)


def test_a_pipe_gets_rows_of_a_table_lines_of_a_text_and_bins(trial: aimd.Trial, home: Home) -> None:
    table = home.aimd("trial", "media", "cnn", "conf", "--sort", "-wrong").out
    assert table == "class\twrong\nc\t40\nb\t20\na\t0\nnone\t\n"
    assert home.aimd("trial", "media", "cnn", "notes", "--step", "10").out == "one\n\\x1b[2Jtwo 10\n"
    assert sum(int(row["count"]) for row in home.aimd("trial", "media", "cnn", "weights").table) == 4
    pictures = home.aimd("trial", "media", "cnn", "val/samples").table
    assert [(row["index"], row["step"], row["caption"]) for row in pictures] == [
        ("0", "20", "at 20 \\x1b[31mred"),
        ("1", "20", "at 20 \\x1b[31mred"),
    ]
    (only,) = home.aimd("trial", "media", "cnn", "val", "--index", "1", "--json").json["media"]
    assert (only["index"], only["type"], only["size"]) == (1, "image/png", len(PNG))


def test_a_terminal_shows_pictures_tables_and_bars_and_no_control_byte(trial: aimd.Trial, home: Home) -> None:
    shown = home.aimd_terminal("trial", "media", "cnn", "val", columns=80)
    assert "▀" in shown
    assert "at 20 \\x1b[31mred" in shown
    for key, parts in {
        "confusion": ("class", "wrong", "none"),
        "weights": ("COUNT", "█", "3 steps"),
        "notes": ("\\x1b[2Jtwo 20",),
        "report": ("-o DIR", "--open"),
    }.items():
        shown = home.aimd_terminal("trial", "media", "cnn", key, columns=80, NO_COLOR="1")
        assert all(part in shown for part in parts), shown
    assert "1 more row" in home.aimd_terminal("trial", "media", "cnn", "conf", "--limit", "3", columns=80, NO_COLOR="1")


class Figure:
    """As `trial.log_figure` knows a figure of plotly."""

    def to_plotly_json(self) -> dict[str, object]:
        return {}

    def to_json(self) -> str:
        traces = [{"name": "\x1b[31mloss", "y": [3, 2, 1]}, *({"type": "bar", "y": [number]} for number in range(30))]
        return json.dumps({"data": traces, "layout": {"title": {"text": "Training"}}})


def test_a_figure_of_plotly_is_said_in_its_title_and_traces(home: Home) -> None:
    trial = aimd.create_trial(trial_name="drawn", capture_output=False)
    trial.log_figure("curves", Figure(), 1)
    trial.finish()
    rows = home.aimd("trial", "media", "drawn", "curves").table
    assert (len(rows), rows[0]["type"], rows[0]["points"]) == (31, "scatter", "3")
    (shown,) = home.aimd("trial", "media", "drawn", "curves", "--json").json["media"]
    assert shown["figure"]["title"] == "Training"
    assert shown["figure"]["traces"][1] == {"type": "bar", "name": "", "points": 1}
    seen = home.aimd_terminal("trial", "media", "drawn", "curves", columns=80, NO_COLOR="1")
    assert "Training" in seen
    assert "... 11 more" in seen
    assert "\x1b[31mloss" not in seen


def test_files_are_saved_under_names_that_lead_nowhere_else(home: Home) -> None:
    trial = aimd.create_trial(trial_name="cnn", capture_output=False)
    for key in ("../../up", "a/b", "a-b", "/etc/passwd", "A-b"):
        trial.log_image(key, PNG, 1)
    trial.finish()
    saved = home.aimd("trial", "media", "cnn", "-o", "out")
    assert saved.code == 0
    names = sorted(path.name for path in Path("out").iterdir())
    assert len(names) == 5
    assert {Path("out", name).read_bytes() for name in names} == {PNG}
    assert {Path(row["path"]).parent.name for row in saved.table} == {"out"}
    assert sorted(os.listdir(home.work)) == [".aimd", "out"]


def test_what_is_damaged_is_named_and_the_rest_is_saved(trial: aimd.Trial, home: Home) -> None:
    with (Path(trial.path) / "media").open("a") as journal:
        lost = {"key": "lost", "step": 1, "kind": "image", "type": "image/png", "digest": "0" * 64, "size": 5}
        journal.write(json.dumps(lost) + "\n")
    saved = home.aimd("trial", "media", "cnn", "-o", "out")
    assert saved.code == 8
    assert [row["fault"] for row in saved.table if "lost" in row["path"]] == ["is missing"]
    assert len(list(Path("out").iterdir())) == 18
    assert home.aimd("trial", "media", "cnn", "lost").code == 0
    assert "is missing" in home.aimd_terminal("trial", "media", "cnn", "lost", columns=80)


def test_what_is_not_there_is_said(trial: aimd.Trial, home: Home) -> None:
    aimd.create_trial(trial_name="plain", capture_output=False).finish()
    for words, code in (
        (["plain"], 3),
        (["cnn", "nothing"], 3),
        (["cnn", "val/samples", "--step", "7"], 3),
        (["cnn", "val/samples", "--index", "7"], 3),
        (["cnn", "confusion", "--sort", "nothing"], 2),
        (["cnn", "--step", "7"], 3),
        (["cnn", "--index", "0"], 2),
        (["cnn", "--open"], 2),
    ):
        ran = home.aimd("trial", "media", *words)
        assert ran.code == code, (words, ran.err)
    assert "confusion, notes, report" in home.aimd("trial", "media", "cnn", "nothing").err


@pytest.mark.parametrize("place", ["cnn", "remote:cnn"])
def test_what_is_there_instead_is_said(trial: aimd.Trial, home: Home, signed_in: Account, place: str) -> None:
    assert home.aimd("trial", "upload", "cnn").code == 0
    for words, expected in (
        (["val/samples", "--step", "7"], "nothing was recorded at 'val/samples', step 7\n  Nearest steps: 0, 10, 20"),
        (["--step", "7"], "nothing was recorded at step 7\n  Nearest steps: 0, 10, 20"),
        (["notes", "--step", "10", "--index", "7"], "'notes', step 10, number 7\n  Numbers there: 0 to 0"),
        (["val/samples", "--index", "2"], "'val/samples', step 20, number 2\n  Numbers there: 0 to 1"),
    ):
        assert expected in home.aimd("trial", "media", place, *words).err


@pytest.mark.parametrize("place", ["cnn", "remote:cnn"])
def test_what_there_is_at_a_step_is_listed(trial: aimd.Trial, home: Home, signed_in: Account, place: str) -> None:
    assert home.aimd("trial", "upload", "cnn").code == 0
    rows = home.aimd("trial", "media", place, "--step", "10").table
    assert [(row["key"], row["step"], row["index"]) for row in rows] == [
        *[("confusion", "10", "0"), ("notes", "10", "0"), ("report", "10", "0")],
        *[("val/samples", "10", "0"), ("val/samples", "10", "1"), ("weights", "10", "0")],
    ]
    assert len(home.aimd("trial", "media", place, "--step", "10", "--json").json["media"]) == 6
    shown = home.aimd_terminal("trial", "media", place, "--step", "10", columns=80, NO_COLOR="1")
    assert "at 10" in shown
    assert "\x1b" not in shown


def test_nothing_is_cut_off_without_a_word(home: Home) -> None:
    trial = aimd.create_trial(trial_name="cnn", capture_output=False)
    trial.log_table("wide", [list(range(200))], step=1)
    trial.log_text("many", "x", step=1)
    for number in range(104):
        trial.log_text("many", str(number), step=1)
    trial.finish()
    assert "columns hidden" in home.aimd_terminal("trial", "media", "cnn", "wide", columns=80, NO_COLOR="1")
    assert "5 more at this step" in home.aimd_terminal("trial", "media", "cnn", "many", columns=80, NO_COLOR="1")
    assert len(home.aimd("trial", "media", "cnn", "many", "--json").json["media"]) == 105
    with (Path(trial.path) / "media").open("a") as journal:
        journal.write("garbage\n")
    assert "WARNING: media: 1 damaged line skipped (107)" in home.aimd("trial", "media", "cnn").err


def test_tab_offers_the_keys_of_the_trial(trial: aimd.Trial, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "_exit", sys.exit)
    for name in (trial.alternative_name, "cnn"):
        offered = home.aimd("__complete", "fish", "trial", "media", name, "").out.splitlines()[1:]
        assert [line.split("\t")[0] for line in offered] == ["confusion", "notes", "report", "val/samples", "weights"]


def test_what_no_program_opens_is_an_error(
    trial: aimd.Trial, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = tmp_path / "xdg-open"
    opener.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for status, code in ((3, 1), (0, 0)):
        opener.write_text(f"#!/bin/sh\nexit {status}\n")
        ran = home.aimd("trial", "media", "cnn", "report", "--open")
        assert (ran.code, "-o DIR" in ran.err) == (code, bool(code)), ran.err


def test_a_server_shows_the_same(
    trial: aimd.Trial, signed_in: Account, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.aimd("trial", "upload", "cnn").code == 0
    for words in ([], ["conf"], ["notes"], ["weights"], ["val"], ["val", "--json"], ["notes", "--json"], ["--json"]):
        here, there = (home.aimd("trial", "media", name, *words) for name in ("cnn", "remote:cnn"))
        assert (there.code, there.out) == (0, here.out), words
    monkeypatch.setattr(os, "_exit", sys.exit)
    for line in (["remote:cnn"], ["--remote", "cnn"]):  # the keys that were listed
        offered = home.aimd("__complete", "fish", "trial", "media", *line, "val").out.splitlines()
        assert offered[1:] == ["val/samples"], line
    for name in ("cnn", "remote:cnn"):
        assert home.aimd("trial", "media", name, "-o", name[:3]).code == 0
    here, there = ({path.name: path.read_bytes() for path in Path(name).iterdir()} for name in ("cnn", "rem"))
    assert here == there
    shown = home.aimd("trial", "describe", "remote:cnn", "--json").json["trials"][0]["media"]
    assert shown == home.aimd("trial", "describe", "cnn", "--json").json["trials"][0]["media"]
