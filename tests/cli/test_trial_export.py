import csv
import errno
import hashlib
import io
import json
import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import pytest

from aimd_cli.exporting import write_file
from aimd_core.errors import DiskError
from t9k import aimd
from tests.support.home import Home
from tests.support.parts import can_mount, require_part

EXACT = (0.1 + 0.2, math.nan, math.inf, 1e-300, -0.0)


def record(name: str = "cnn") -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name)
    for step, value in enumerate(EXACT, start=1):
        trial.log("train", {"loss": value, "acc": 0.5}, step=step, epoch=1)
    trial.log("val", {"loss": 2.0}, step=5, epoch=1)
    trial.finish()
    return trial


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_long_csv_has_a_row_for_each_value_in_full(home: Home) -> None:
    trial = record()
    rows = rows_of(home.aimd("trial", "export", "cnn").out)
    assert len(rows) == 11
    losses = [row["value"] for row in rows if row["metric"] == "train.loss"]
    assert losses == ["0.30000000000000004", "NaN", "Infinity", "1e-300", "-0.0"]
    assert {row["trial"] for row in rows} == {trial.alternative_name}
    last = rows[-1]
    assert (last["metric"], last["step"], last["epoch"], last["value"]) == ("val.loss", "5", "1", "2.0")


def test_wide_rows_put_one_step_together_and_lose_nothing(home: Home) -> None:
    trial = record()
    rows = rows_of(home.aimd("trial", "export", "cnn", "--wide").out)
    assert len(rows) == 5
    assert (rows[4]["train.loss"], rows[4]["val.loss"], rows[3]["val.loss"]) == ("-0.0", "2.0", "")
    with (trial.path / "metrics").open("ab") as journal:  # the same metric of the same step again
        journal.write((trial.path / "metrics").read_bytes().splitlines(keepends=True)[-1])
    assert len(rows_of(home.aimd("trial", "export", "cnn", "--wide").out)) == 6


def test_media_are_rows_that_name_their_bytes(home: Home) -> None:
    trial = record()
    again = aimd.load_trial(trial.path)
    again.log_html("page, one", b"<b>", 1, "=caption")
    again.log_html("page, one", b"<i>", 1)
    again.log_text("text", "hello", 2)
    again.log_histogram("h", [1.0, 2.0], 3, bins=1)
    again.finish()
    rows = rows_of(home.aimd("trial", "export", "cnn", "--media", "--escape-formulas").out)
    assert [(row["key"], row["step"], row["index"], row["kind"]) for row in rows] == [
        ("h", "3", "0", "histogram"),
        ("page, one", "1", "0", "html"),
        ("page, one", "1", "1", "html"),
        ("text", "2", "0", "text"),
    ]
    assert (rows[1]["digest"], rows[1]["size"]) == (hashlib.sha256(b"<b>").hexdigest(), "3")
    assert rows[1]["caption"] == "'=caption"
    assert (rows[3]["text"], json.loads(rows[0]["histogram"])["counts"]) == ("hello", [2])
    lines = home.aimd("trial", "export", "cnn", "--media", "--format", "jsonl").out.splitlines()
    assert json.loads(lines[3])["text"] == "hello"
    for words in (("--wide",), ("-m", "train.loss"), ("--all-segments",), ("--to", "mlflow", "-o", "x")):
        assert home.aimd("trial", "export", "cnn", "--media", *words).code == 2


def test_media_go_into_parquet_too(home: Home) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    trial = record()
    again = aimd.load_trial(trial.path)
    again.log_text("text", "hello", 2)
    again.finish()
    assert home.aimd("trial", "export", "cnn", "--media", "-o", "media.parquet").code == 0
    (row,) = pyarrow.read_table("media.parquet").to_pylist()
    assert (row["key"], row["step"], row["index"], row["text"], row["digest"]) == ("text", 2, 0, "hello", None)


def test_json_lines_are_strict(home: Home) -> None:
    record()

    def refuse(token: str) -> float:
        raise AssertionError(f"{token} is not JSON")

    out = home.aimd("trial", "export", "cnn", "--format", "jsonl", "-m", "train.loss").out
    points = [json.loads(line, parse_constant=refuse) for line in out.splitlines()]
    assert [point["value"] for point in points] == [EXACT[0], "NaN", "Infinity", 1e-300, -0.0]


@pytest.mark.parametrize("wide", [False, True])
def test_parquet_holds_the_same_numbers(home: Home, wide: bool) -> None:
    require_part("pyarrow", find_spec("pyarrow") is not None)
    from pyarrow import parquet

    record()
    ran = home.aimd("trial", "export", "cnn", "-o", "p.parquet", *(["--wide"] if wide else []))
    assert ran.code == 0
    table = parquet.read_table("p.parquet").to_pydict()
    values = table["train.loss"] if wide else [
        value for value, metric in zip(table["value"], table["metric"], strict=True) if metric == "train.loss"
    ]  # fmt: skip
    assert repr(tuple(values)) == repr(EXACT)
    assert table["step"][0] == 1


def test_parquet_without_its_library_says_how_to_get_it(home: Home) -> None:
    record()
    code = (
        "import sys; sys.modules['pyarrow'] = None; sys.argv = ['aimd', 'trial', 'export', 'cnn', '-o', 'p.parquet']\n"
        "from aimd_cli.__main__ import main; main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "pip install 'aimd-cli[parquet]'" in ran.stderr
    assert [path.name for path in home.work.iterdir()] == [".aimd"]


def test_a_file_that_is_there_is_replaced_only_when_told(home: Home) -> None:
    record()
    Path("p.csv").write_text("kept")
    ran = home.aimd("trial", "export", "cnn", "-o", "p.csv")
    assert ran.code == 1
    assert Path("p.csv").read_text() == "kept"
    ran = home.aimd("trial", "export", "cnn", "-o", "p.csv", "--force")
    assert ran.table[0]["detail"] == "11 rows"
    assert len(rows_of(Path("p.csv").read_text())) == 11


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    def fill(file: IO[bytes]) -> int:
        file.write(b"x" * 100)
        file.flush()
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskError):
        write_file(tmp_path / "p.csv", fill, force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_really_full_is_exit_7_and_leaves_nothing_behind(home: Home) -> None:
    require_part("mounting in a name space", can_mount())
    trial = record()
    with (trial.path / "metrics").open("ab") as journal:
        journal.write((trial.path / "metrics").read_bytes() * 2000)
    (home.path / "full").mkdir()
    script = (
        f"mount -t tmpfs -o size=64k tmpfs {home.path}/full && "
        f"{sys.executable} -m aimd_cli trial export cnn -o {home.path}/full/p.csv; echo $?; ls {home.path}/full | wc -l"
    )
    ran = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True)
    assert ran.stdout.split() == ["7", "0"], ran.stderr


def test_damage_is_left_out_and_told(home: Home) -> None:
    trial = record()
    with (trial.path / "metrics").open("ab") as journal:
        journal.write(b"garbage\n")
    ran = home.aimd("trial", "export", "cnn")
    assert len(rows_of(ran.out)) == 11
    assert "1 damaged line" in ran.err


@pytest.mark.parametrize("words", [("--format", "parquet"), ("--json",), ("--format", "xls")])
def test_what_needs_a_file_is_a_usage_error_without_one(home: Home, words: tuple[str, ...]) -> None:
    record()
    assert home.aimd("trial", "export", "cnn", *words).code == 2


def test_a_reader_that_goes_away_ends_the_export_quietly(home: Home) -> None:
    trial = record()
    with (trial.path / "metrics").open("ab") as journal:
        journal.write((trial.path / "metrics").read_bytes() * 2000)
    command = f"{sys.executable} -m aimd_cli trial export cnn | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (141, "")


SIGNS = ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "＝1"]
ODD_NAMES = ["a\nb", "a\r\nb", "a\rb", 'quote"d', "comma,d", "\x1b]0;x\x07", *SIGNS]


@pytest.mark.parametrize("wide", [False, True])
def test_odd_names_come_back_from_csv_as_they_are(home: Home, wide: bool) -> None:
    trial = aimd.create_trial(trial_name="odd")
    trial.log("train", dict.fromkeys(ODD_NAMES, 1.0), step=1)
    trial.finish()
    words = ["--wide"] if wide else []
    assert home.aimd("trial", "export", "odd", "-o", "p.csv", *words).code == 0
    with Path("p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])[4:] if wide else [row["metric"] for row in rows]
    assert names == [f"train.{name}" for name in ODD_NAMES]
    assert len(rows) == (1 if wide else len(ODD_NAMES))


def test_formulas_are_made_harmless_on_request(home: Home) -> None:
    for name in ("=cmd", "safe"):
        trial = aimd.create_trial(trial_name=name)
        trial.log("=1+1", {"x": -math.inf, "y": -1.0}, step=1)
        trial.finish()
    plain = rows_of(home.aimd("trial", "export", "-d", ".").out)
    assert {row["trial"][0] for row in plain} == {"=", "s"}
    rows = rows_of(home.aimd("trial", "export", "-d", ".", "--escape-formulas").out)
    assert {row["trial"][:2] for row in rows} == {"'=", "sa"}
    assert {row["metric"] for row in rows} == {"'=1+1.x", "'=1+1.y"}
    assert {row["value"] for row in rows} == {"-Infinity", "-1.0"}  # numbers stay numbers


@pytest.mark.parametrize("name", ["p.xlsx", "p.json", "p.CSV.gz", "p.xls"])
def test_a_file_name_that_asks_for_another_format_is_refused(home: Home, name: str) -> None:
    record()
    ran = home.aimd("trial", "export", "cnn", "-o", name)
    assert (ran.code, Path(name).exists()) == (2, False)
    assert "--format" in ran.err
    assert home.aimd("trial", "export", "cnn", "-o", name, "--format", "csv").code == 0


def test_a_file_that_exists_is_kept_and_the_way_to_replace_it_is_named(home: Home) -> None:
    record()
    shown = home.aimd_terminal("trial", "export", "-d", ".", "-o", "points.csv", NO_COLOR="1")
    assert shown.split()[:3] == ["OUTCOME", "FILE", "DETAIL"]
    ran = home.aimd("trial", "export", "-d", ".", "-o", "points.csv")
    assert ran.code != 0
    assert "--force" in ran.err
    assert home.aimd("trial", "export", "-d", ".", "-o", "points.csv", "--force").code == 0
